"""The line of a quiet week: when it is due, what it says, and that it is sent once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.clock import Moment
from bot.delivery.quiet_weeks import EditionDay, is_line_due
from bot.papers.model import SourceState
from bot.profiles.model import Profile
from tests.support.builders import NOW, World, entry, make_profile, morning

DAY = timedelta(days=1)
ON = date(2026, 5, 20)


def days(text: str) -> list[EditionDay]:
    """The editions before ON, newest first: `m` with a message, `q` quiet, `.` none, from yesterday backwards."""
    return [EditionDay(ON - n * DAY, c == "m") for n, c in enumerate(text, start=1) if c != "."]


@pytest.mark.parametrize(
    ("before", "due"),
    [
        ("qqqqqqm", True),  # a message a week ago
        ("qqqqqm", False),
        ("qqqqqqq", True),  # never a message, served for a week
        ("qqqqqq", False),
        ("", False),  # the first edition
        ("mqqqqqqq", False),
        ("......m", True),  # once a week
        ("......q......m", True),
        (".......m", False),  # a gap of eight days is a pause
        ("qq.......qqm", False),  # and a week begins after it
        ("qqqqqqq.......qm", True),
        ("..q...m", True),
    ],
)
def test_when_it_is_due(before: str, due: bool) -> None:
    """After a week in which the subscription was served and got nothing."""
    assert is_line_due(ON, 7 * DAY, days(before)) is due


def test_after_the_profiles_pause() -> None:
    """The week begins with the day on which it ended."""
    assert not is_line_due(ON, 7 * DAY, days("qqqqqqm"), ON - 3 * DAY)
    assert is_line_due(ON, 7 * DAY, days("qqqqqqm"), ON - 7 * DAY)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.add(entry(1, "Robots stack cups"), entry(2, "Bread"), now=NOW - DAY)
    yield made
    made.close()


def reader(*phrases: str, **changes: object) -> Profile:
    to = morning(weekly_line=True, **changes)
    return make_profile(*(phrases or ("robots",)), deliver=(to,))


def states(world: World, profile: Profile, *days_later: int) -> list[str]:
    """The states of the editions of some days after NOW."""
    rows = [world.send(profile, now=NOW + n * DAY, due=True)[0] for n in days_later]
    return [f"{row.on.day} {row.state} {row.papers}" for row in rows]


def test_one_line_a_week(world: World) -> None:
    """It has no paper, and the days between have nothing."""
    assert states(world, reader(), *range(17)) == [
        "5 sent 1",
        *(f"{day} quiet 0" for day in range(6, 12)),
        "12 sent 0",
        *(f"{day} quiet 0" for day in range(13, 19)),
        "19 sent 0",
        "20 quiet 0",
        "21 quiet 0",
    ]
    assert len(world.channel.sent) == 3
    row = world.send(reader(), now=NOW + 14 * DAY)[0]  # on request, and not due: not again
    assert (row.state, row.why) == ("skipped", "the digest of 2026-05-19 exists already")
    assert world.outbox.given(["maildir:inbox"]) == {"arxiv:2605.00001"}


def test_what_it_says(world: World) -> None:
    """How many papers were checked, and the best of them."""
    profile = replace(reader("robots that bake"), threshold=99.9)
    states(world, profile, *range(7))
    world.add(entry(3, "Robots fold laundry"), entry(4, "Tea"), now=NOW + 6 * DAY)
    (row,) = world.send(profile, now=NOW + 7 * DAY, due=True)
    assert (row.state, row.papers) == ("sent", 0)
    assert row.why == (
        "all is well: 2 papers were checked since Tuesday 5 May, and none was good enough; "
        'closest: "Robots fold laundry"'
    )
    profile = reader("zebras", target="other")
    states(world, profile, *range(7))
    world.add(entry(5, "Rice"), now=NOW + 6 * DAY)
    (row,) = world.send(profile, now=NOW + 7 * DAY, due=True)
    assert row.why == (
        "all is well: 3 papers were checked since Tuesday 5 May, and nothing new matches your profile"
    )


def test_only_when_asked_for(world: World) -> None:
    """The default is nothing."""
    profile = make_profile("robots", deliver=(morning(),))
    assert states(world, profile, 0, *range(5, 9)) == [
        "5 sent 1",
        *(f"{day} quiet 0" for day in range(10, 14)),
    ]


def test_while_a_source_is_in_trouble(world: World) -> None:
    """The line waits for it, and is sent on the same day; in the second week it says what is the matter."""
    states(world, reader(), *range(7))
    last = NOW + 6 * DAY

    def failed(n: int) -> SourceState:
        return SourceState("arxiv-rss", "failed", "no connection", NOW + n * DAY, last)

    world.sources = [failed(7)]
    assert states(world, reader(), 7) == ["12 waiting 0"]
    world.sources = [SourceState("arxiv-rss", "ok", "", NOW + 7 * DAY, NOW + 7 * DAY)]
    (row,) = world.send(reader(), now=NOW + 7 * DAY + DAY / 24, due=True)
    assert (row.state, row.papers) == ("sent", 0)
    for n in range(8, 22):
        world.sources = [failed(n)]
        (row,) = world.send(reader(), now=NOW + n * DAY, due=True)
        assert (row.state == "sent") is (n == 21)
    assert row.why.startswith(
        "no digest this week: no new papers in the last 7 days; arXiv has not answered since"
    )


def test_two_senders(world: World) -> None:
    """Whoever stores the edition first sends the line; the other one finds it."""
    states(world, reader(), *range(7))
    now, service = NOW + 7 * DAY, world.service()
    make = service.make_composer

    def race(profiles, moment):  # type: ignore[no-untyped-def]
        composer = make(profiles, moment)
        world.send(reader(), now=now, due=True)
        return composer

    rows = replace(service, make_composer=race).send([reader()], Moment(now), due=True)
    assert [(row.state, row.papers) for row in rows] == [("sent", 0)]
    assert len(world.channel.sent) == 2
