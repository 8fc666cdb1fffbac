"""`pause` of a profile: no digest during it, and one after it that chooses from all of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.model import Deferred
from bot.profiles.model import ChannelName, Profile
from tests.support.builders import NOW, FakeChannel, World, at, entry, make_profile, subscription

DAY = timedelta(days=1)
UNTIL = date(2026, 6, 5)  #: 31 days after NOW
BACK = at("2026-06-05 08:30")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.add(entry(1, "Robots that stack cups"), now=NOW - DAY)
    yield made
    made.close()


def reader(until: date | None = None, **fields: Any) -> Profile:
    """A profile with a Maildir, due at 08:00 UTC, that wants robots."""
    return make_profile("robots", **{"deliver": (subscription(),), "paused_until": until, **fields})


def days_off(world: World) -> None:
    """A digest, then a pause with a paper on its second day, in its middle, and on its last day."""
    world.send(reader())
    for number, days, title in ((2, 1, "fold laundry"), (3, 15, "pour tea"), (4, 30, "paint walls")):
        world.add(entry(number, f"Robots that {title}"), now=NOW + days * DAY)


def test_no_digest_during_the_pause(world: World) -> None:
    """With and without `--due`; the pause is no problem that somebody must correct."""
    days_off(world)
    for now in (NOW + DAY, BACK - DAY, at("2026-06-04 23:59")):
        for due in (True, False):
            (row,) = world.send(reader(UNTIL), now=now, due=due)
            assert (row.state, row.blocked) == ("skipped", False)
            assert row.why == "paused by its profile until 2026-06-05"


def test_days_of_the_pause_are_not_made_up_for(world: World) -> None:
    """On the day of return nothing is due before its time."""
    days_off(world)
    (row,) = world.send(reader(UNTIL), now=at("2026-06-05 07:59"), due=True)
    assert (row.state, row.why) == ("skipped", "not due before 08:00")
    rows = world.send(reader(UNTIL), now=BACK, due=True)
    assert [(row.on, row.state, row.papers) for row in rows] == [(UNTIL, "sent", 3)]


@pytest.mark.parametrize(
    ("zone", "returns"), [("Asia/Tokyo", "2026-06-04 15:00"), ("UTC", "2026-06-05 00:00")]
)
def test_the_day_of_return_is_local(world: World, zone: str, returns: str) -> None:
    """And its first second is enough for `send`."""
    profile = reader(UNTIL, timezone=zone)
    for now, state in ((at(returns) - timedelta(seconds=1), "skipped"), (at(returns), "quiet")):
        assert [row.state for row in world.send(profile, now=now)] == [state]


def test_catch_up_comes_from_the_whole_pause(world: World) -> None:
    """Best first, within the limit; `window` counts again from the next digest on, although `pause` stays there."""
    days_off(world)
    (row,) = world.send(reader(UNTIL, limit=2), now=BACK)
    assert (row.state, row.papers) == ("sent", 2)
    assert set(world.channel.papers[1:]) < {"arxiv:2605.00002", "arxiv:2605.00003", "arxiv:2605.00004"}
    # Both were first seen before that digest; neither comes later.
    assert [row.state for row in world.send(reader(UNTIL, limit=2), now=BACK + DAY)] == ["quiet"]
    world.add(entry(5, "Robots that are late"), now=BACK + DAY)
    (row,) = world.send(reader(UNTIL), now=BACK + 9 * DAY)  # the window is seven days
    assert (row.state, row.papers) == ("quiet", 0)


def test_a_quiet_day_does_not_end_the_catch_up(world: World) -> None:
    """The first digest with papers chooses from the whole pause, whatever day it comes."""
    days_off(world)
    cups = {"interests": make_profile("cups").interests}
    assert [row.state for row in world.send(reader(UNTIL, **cups), now=BACK)] == ["quiet"]
    (row,) = world.send(reader(UNTIL), now=BACK + 3 * DAY)
    assert (row.state, row.papers) == ("sent", 3)


@pytest.mark.parametrize(
    ("served", "age", "papers"),
    [
        (True, 89, 1),
        (True, 91, 0),  # the longest window
        (False, 6, 1),  # never served: it has missed nothing
        (False, 8, 0),
    ],
)
def test_how_far_back_a_catch_up_goes(world: World, served: bool, age: int, papers: int) -> None:
    """At most 90 days, and only to the last digest that the subscription had."""
    if served:
        world.send(reader())
    now = NOW + 200 * DAY
    world.add(entry(2, "Robots that rest"), now=now - age * DAY)
    assert [row.papers for row in world.send(reader(now.date()), now=now)] == [papers]


def test_each_subscription_catches_up(world: World) -> None:
    """The weekly one has its own last digest, and its own first one after the pause."""
    both = (subscription(), subscription(target="weekly", days=(0,)))  # 8 June is a Monday
    world.send(reader(deliver=both))
    world.add(entry(2, "Robots that rest"), now=NOW + 9 * DAY)
    daily, weekly = world.send(reader(UNTIL, deliver=both), now=BACK, due=True)
    assert (daily.state, weekly.state) == ("sent", "skipped")
    _, weekly = world.send(reader(UNTIL, deliver=both), now=BACK + 3 * DAY, due=True)
    assert (weekly.on, weekly.state, weekly.papers) == (date(2026, 6, 8), "sent", 1)


def test_unfinished_deliveries_go_on(world: World) -> None:
    """What was composed before the pause is delivered during it."""
    world.channel.outcomes = [Deferred("busy", 60.0)]
    world.send(reader())
    rows = world.send(reader(UNTIL), now=NOW + DAY, due=True)
    assert [(row.on, row.state) for row in rows] == [
        (date(2026, 5, 6), "skipped"),
        (date(2026, 5, 5), "sent"),
    ]
    assert world.channel.papers == ["arxiv:2605.00001"]


def test_an_unconfigured_channel_is_reported_during_the_pause(world: World) -> None:
    """It has to be corrected before the pause ends."""
    world.channels[ChannelName.SLACK] = FakeChannel(blocked="set SLACK_BOT_TOKEN")
    chat = subscription(target="C0PAPERS", channel=ChannelName.SLACK)
    (row,) = world.send(reader(UNTIL, deliver=(chat,)))
    assert (row.why, row.blocked) == ("set SLACK_BOT_TOKEN", True)


def test_two_years(world: World) -> None:
    """Pauses and sends at random times: no paper twice, no digest in a pause, and the first one after it has what
    only the whole pause holds, 90 days at most.
    """
    chance = random.Random(14)
    now = at("2026-01-01 09:00")
    end, until, last = now + 730 * DAY, now.date(), now
    profile = reader(limit=3)
    seen: dict[str, datetime] = {}
    digests = catch_ups = 0
    while now < end:
        now += chance.randint(1, 25) * DAY
        words = " ".join("".join(chance.choices("abcdefgh", k=6)) for _ in range(5))
        number = len(seen) + 1
        world.add(entry(number, f"Robots {words}"), now=now)
        seen[f"arxiv:2605.{number:05d}"] = now
        if now.date() > until + 30 * DAY and chance.random() < 0.2:
            until = now.date() + chance.randint(1, 120) * DAY
            profile = reader(until, limit=3)
        before = len(world.channel.papers)
        (row, *_) = world.send(profile, now=now, due=True)
        given = world.channel.papers[before:]
        if profile.is_paused(now.date()):
            assert (row.state, given) == ("skipped", [])
            continue
        is_catch_up = last.date() < until
        oldest = max(last, now - (90 if is_catch_up else 7) * DAY)
        waiting = {id_ for id_, moment in seen.items() if oldest < moment}
        assert set(given) <= waiting
        assert len(given) == min(3, len(waiting))
        digests += 1
        catch_ups += is_catch_up and any(seen[id_] < now - 7 * DAY for id_ in given)
        last = now
    assert len(world.channel.papers) == len(set(world.channel.papers))
    assert digests > 20
    assert catch_ups >= 3
