"""Alerts to the operator: what stopped, once for each incident, with the command for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import Moment
from bot.delivery.alerts import MOST, Operator, raise_alert, stop_notice
from bot.delivery.broken_profiles import BrokenFile, broken_files
from bot.delivery.leases import LEASE
from bot.delivery.model import (
    ALERTS,
    Cause,
    Deferred,
    Delivery,
    DeliveryState,
    Edition,
    Part,
    Refused,
    Transition,
    Unknown,
)
from bot.delivery.retry import SETTLE
from bot.errors import InvariantViolation, Problem
from bot.papers.calendar import ArxivCalendar
from bot.papers.model import SourceState
from bot.profiles.model import ChannelName, Subscription
from bot.store.tables import AttemptRow
from tests.support.builders import NOW, FakeChannel, World, at, subscription

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """With an operator in Slack, and readers with Maildirs."""
    made = World(tmp_path)
    made.operator = Operator(ChannelName.SLACK, "C0OPS")
    made.channels[ChannelName.SLACK] = FakeChannel("slack")
    yield made
    made.close()


def ops(world: World) -> FakeChannel:
    channel = world.channels[ChannelName.SLACK]
    assert isinstance(channel, FakeChannel)
    return channel


def alerts(world: World) -> list[str]:
    """The texts that reached the operator, without id and target."""
    return [one.payload.decode().split(" ", 2)[2] for one in ops(world).arrived.values()]


def put(world: World, *tokens: str, target: str = "inbox") -> None:
    """Editions of one part; each has the name of its profile."""
    for token in tokens:
        to = reader(token, target)
        edition = Edition(token, to.key, to.profile, to.channel, to.target, NOW.date(), 1)
        assert world.outbox.add(edition, edition.target, NOW, {}, [], [Part(token.encode(), 1)])


def reader(token: str, target: str = "inbox") -> Subscription:
    return subscription(token, target)


def tick(world: World, *tokens: str, later: timedelta = timedelta(0)) -> None:
    """Deliver to these readers, and send alerts."""
    world.service().redeliver([reader(token).key for token in tokens], Moment(NOW + later))


def test_failed_delivery(world: World) -> None:
    """The alert says where, why, for whom, and what to type."""
    put(world, "ada")
    world.channel.outcomes = [Refused("no such folder")]
    tick(world, "ada")
    (alert,) = alerts(world)
    assert alert.splitlines() == [
        "Paperboy: 1 delivery has stopped",
        "maildir inbox, failed: no such folder",
        "  kept for ada; when fixed: paperboy resend ada-1",
        "To see everything: paperboy status",
    ]
    (sent,) = ops(world).sent
    assert sent.target == "C0OPS"
    assert world.outbox.alerts() == ()


def test_alert_only_when_given_up(world: World) -> None:
    """Attempts that wait are not reported; giving up is reported once."""
    put(world, "ada")
    world.channel.outcomes = [Deferred("busy")] * 99
    for hours in range(24):
        tick(world, "ada", later=timedelta(hours=hours))
    assert alerts(world) == []
    for hours in range(24, 48):
        tick(world, "ada", later=timedelta(hours=hours))
    (alert,) = alerts(world)
    assert "maildir inbox, failed: given up after a day of waits: busy" in alert


def test_held_delivery_is_reported(world: World) -> None:
    """It may have arrived, and nothing more happens by itself."""
    put(world, "ada")
    world.channel.can_look_up = world.channel.can_find = False
    world.channel.outcomes = [Unknown("the connection broke")]
    tick(world, "ada")
    (alert,) = alerts(world)
    assert "maildir inbox, uncertain: the connection broke" in alert


def test_several_incidents_are_one_alert(world: World) -> None:
    """What stopped in one send is one message."""
    put(world, "ada", "bo", "cy")
    world.channel.outcomes = [Refused("no folder"), Refused("no room")]
    tick(world, "ada", "bo", "cy")
    (alert,) = alerts(world)
    assert alert.startswith("Paperboy: 2 deliveries have stopped\n")
    assert all(one in alert for one in ("no folder", "resend ada-1", "no room", "resend bo-1"))
    assert "cy" not in alert


def test_known_incident_is_not_reported_again(world: World) -> None:
    """A second delivery stopped by the same token is not reported, now or later."""
    put(world, "ada", "bo")
    for one in ("ada-1", "bo-1"):
        assert world.queue.claim(one, "test", NOW, LEASE)
    gone = Transition(DeliveryState.FAILED, why="gone", incident="maildir:inbox", pauses="maildir:inbox")
    world.queue.record("ada-1", "test", gone, NOW)
    tick(world, "ada", "bo")
    assert len(alerts(world)) == 1
    world.queue.record("bo-1", "test", gone, NOW + MINUTE)
    for minutes in (1, 2):
        tick(world, "ada", "bo", later=minutes * MINUTE)
    assert len(alerts(world)) == 1
    assert world.outbox.unreported() == ()


def test_several_deliveries_of_one_incident(world: World) -> None:
    """The reason is given once, with each delivery below it."""
    put(world, "ada", "bo")
    gone = Transition(DeliveryState.FAILED, why="gone", incident="maildir", pauses="maildir")
    for one in ("ada-1", "bo-1"):
        assert world.queue.claim(one, "test", NOW, LEASE)
    for one in ("ada-1", "bo-1"):
        world.queue.record(one, "test", gone, NOW)
    tick(world, "ada", "bo")
    (alert,) = alerts(world)
    assert alert.count("gone") == 1
    assert [line for line in alert.splitlines() if "kept for" in line] == [
        "  kept for ada; sent when that pause ends, or at once: paperboy resend ada-1",
        "  kept for bo; sent when that pause ends, or at once: paperboy resend bo-1",
    ]
    assert "  nothing more is sent to maildir; when fixed: paperboy resume maildir" in alert.splitlines()


def test_incident_after_success(world: World) -> None:
    """An incident is over when the deliveries that it stopped are sent."""
    put(world, "ada")
    world.channel.outcomes = [Refused("gone", Cause.TARGET)]
    tick(world, "ada")
    world.queue.release("ada-1", NOW, settling=True)
    tick(world, "ada", later=MINUTE)
    assert world.outbox.deliveries("ada-1")[0].state == "sent"
    put(world, "bo")
    world.channel.outcomes = [Refused("gone", Cause.TARGET)]
    tick(world, "bo", later=2 * MINUTE)
    assert len(alerts(world)) == 2


def test_without_an_operator(world: World) -> None:
    """What stopped before PAPERBOY_ALERTS was set is reported afterwards."""
    operator, world.operator = world.operator, None
    put(world, "ada")
    world.channel.outcomes = [Refused("gone")]
    tick(world, "ada")
    assert [(one.id, one.incident) for one in world.outbox.unreported()] == [
        ("ada-1", "maildir:inbox failed")
    ]
    assert (world.outbox.alerts(), ops(world).sent) == ((), [])
    world.operator = operator
    tick(world, "ada", later=DAY)
    assert len(alerts(world)) == 1


def test_violation_is_reported(world: World) -> None:
    """The error is raised, and an alert is sent."""
    put(world, "ada")
    with world.database.session() as session:
        session.add(AttemptRow(delivery="ada-1", started=NOW, finished=NOW, outcome="sent"))
    with pytest.raises(InvariantViolation):
        tick(world, "ada")
    (alert,) = alerts(world)
    assert "it was sent before" in alert


# --- As a delivery ----------------------------------------------------------------------------------------


def test_alert_is_tried_again(world: World) -> None:
    """With the same bytes, by any later send."""
    put(world, "ada")
    world.channel.outcomes = [Refused("gone")]
    ops(world).outcomes = [Deferred("busy")]
    tick(world, "ada")
    (waiting,) = world.outbox.alerts()
    assert (waiting.state, waiting.subscription, waiting.edition) == ("waiting", ALERTS, None)
    tick(world, later=MINUTE)
    assert len(alerts(world)) == 1
    assert len({one.payload for one in ops(world).sent}) == 1
    assert world.outbox.alerts() == ()


def test_uncertain_alert_is_looked_up(world: World) -> None:
    """It is not sent twice when the connection broke."""
    put(world, "ada")
    world.channel.outcomes = [Refused("gone")]
    ops(world).outcomes = [Unknown("broke")]
    ops(world).during = lambda envelope: ops(world).arrived.update({envelope.delivery: envelope})
    tick(world, "ada")
    tick(world, later=SETTLE)
    assert (len(ops(world).sent), world.outbox.alerts()) == (1, ())


def test_failed_alert_raises_no_alert(world: World) -> None:
    """`status` shows it."""
    put(world, "ada")
    world.channel.outcomes = [Refused("gone")]
    ops(world).outcomes = [Refused("no such channel", Cause.TARGET)]
    for minutes in range(3):
        tick(world, "ada", later=minutes * MINUTE)
    assert len(ops(world).sent) == 1
    (failed,) = world.outbox.alerts()
    assert failed.state == "failed"
    assert failed in world.outbox.failed()


def test_no_alert_without_a_stopped_delivery(world: World) -> None:
    """The operator's channel is not used."""
    put(world, "ada")
    assert world.operator is not None
    tick(world, "ada")
    assert not raise_alert(world.outbox, world.channels, world.operator, NOW, ())
    assert ops(world).calls == []


# --- What it says -----------------------------------------------------------------------------------------


def stopped(number: int, incident: str = "") -> Delivery:
    id_, to = f"d{number:02}-1", (ChannelName.SLACK, "C0", f"p{number}:slack:C0")
    return Delivery(id_, "e", 1, 3, DeliveryState.FAILED, *to, why=f"why {number}", incident=incident or id_)


@pytest.mark.parametrize("number", [MOST, MOST + 1, 4 * MOST])
def test_many_incidents(number: int) -> None:
    """The first ones are listed, the rest is counted."""
    made = stop_notice([stopped(n) for n in range(number)], NOW)
    assert (made.subject, made.made) == (f"Paperboy: {number} deliveries have stopped", NOW)
    lines = made.text.splitlines()
    assert len([line for line in lines if "why" in line]) == MOST
    more = [line for line in lines if line.startswith("...")]
    assert more == ([f"... and {number - MOST} more."] if number > MOST else [])
    assert lines[-1] == "To see everything: paperboy status"


def test_a_pause_that_has_ended_is_not_reported() -> None:
    """An alert on deliveries whose pause a person has ended in the meantime says nothing of a pause."""
    assert "nothing more is sent" in stop_notice([stopped(1, "slack:C0")], NOW, {"slack:C0"}).text
    assert stop_notice([stopped(1, "slack:C0")], NOW).text.splitlines()[:2] == [
        "slack C0, failed: why 1",
        "  kept for p1; when fixed: paperboy resend d01-1",
    ]


def test_many_deliveries_of_one_incident() -> None:
    """The first ones are listed, the rest is counted."""
    made = stop_notice([stopped(n, "slack") for n in range(MOST + 5)], NOW)
    lines = made.text.splitlines()
    assert lines[0] == "slack C0, failed: why 0"
    assert len([line for line in lines if "kept for" in line]) == MOST
    assert lines[-2] == "  ... and 5 more"


def test_an_outage_is_reported_once(world: World) -> None:
    """After a day without an answer, and when it is over; again only after the source has answered in between."""
    begun = NOW - DAY

    def send(state: str, last: datetime, now: datetime) -> int:
        world.sources = [SourceState("arxiv-rss", state, "no connection", now, last)]
        world.send(now=now)
        return len(alerts(world))

    assert send("failed", begun, NOW) == 0
    assert send("ok", NOW, NOW) == 0  # over, and never reported
    assert send("failed", begun, NOW + MINUTE) == 1
    assert send("failed", begun, NOW + DAY) == 1
    assert "arxiv-rss, last answer 2026-05-04 08:30 UTC: no connection" in alerts(world)[0]
    assert send("ok", NOW + DAY, NOW + DAY) == 2
    assert send("ok", NOW + DAY, NOW + DAY + MINUTE) == 2
    assert alerts(world)[1].splitlines()[:2] == [
        "Paperboy: 1 source works again",
        "arxiv-rss: last answer 2026-05-06 08:30 UTC, the one before the outage 2026-05-04 08:30 UTC",
    ]
    assert send("failed", NOW + DAY, NOW + 3 * DAY) == 3


def test_sources_that_fail_together_are_one_incident(world: World) -> None:
    """Also when their last answers differ; it is over when all of them have answered, or are not asked any more."""
    ends = dict.fromkeys(("arxiv-api", "arxiv-rss", "huggingface"), NOW - DAY)
    ends["huggingface"] += 3 * 60 * MINUTE

    def send(now: datetime, **states: str) -> int:
        named = {name.replace("_", "-"): state for name, state in states.items()}
        world.sources = [
            SourceState(name, named.get(name, "failed"), "down", now, now if named.get(name) == "ok" else end)
            for name, end in ends.items()
        ]
        world.send(now=now)
        return len(alerts(world))

    assert send(NOW + MINUTE) == 1
    assert alerts(world)[0].startswith("Paperboy: 3 sources do not answer\n")
    assert send(NOW + DAY) == 1
    assert send(NOW + DAY, arxiv_api="ok") == 1
    assert send(NOW + DAY, arxiv_api="ok", huggingface="idle") == 1
    assert send(NOW + DAY, arxiv_api="ok", huggingface="idle", arxiv_rss="ok") == 2
    assert alerts(world)[1].startswith("Paperboy: 2 sources work again\n")


def test_a_stale_feed_is_reported_once(world: World) -> None:
    """When it has lacked an announcement for a day, and when it has it; free evenings do not count."""

    def send(now: str, announced: str, state: str = "ok") -> int:
        world.sources = [SourceState("arxiv-rss", state, "", at(now), at(now), announced=at(announced))]
        world.send(now=at(now))
        return len(alerts(world))

    thursday = "2026-05-08 00:00"  # in UTC: of Thursday evening
    assert send("2026-05-10 12:00", thursday) == 0  # a weekend
    assert send("2026-05-11 12:00", thursday, "stale") == 0
    assert send("2026-05-11 23:59", thursday, "stale") == 0
    assert send("2026-05-12 00:01", thursday, "stale") == 1
    assert send("2026-05-12 12:00", thursday) == 1
    assert alerts(world)[0].splitlines()[:2] == [
        "Paperboy: 1 source lacks new papers",
        "arxiv-rss, newest papers announced 2026-05-08 00:00 UTC, last answer 2026-05-12 00:01 UTC",
    ]
    assert send("2026-05-12 13:00", "2026-05-12 00:00") == 2
    assert alerts(world)[1].startswith("Paperboy: 1 source works again\n")
    assert send("2026-11-27 12:00", "2026-11-26 01:00") == 2  # Thanksgiving
    assert send("2026-11-29 12:00", "2026-11-26 01:00") == 2


def test_answers_that_break_off_are_reported_once(world: World) -> None:
    """When no source of arXiv has brought an announcement for a day; the alert says since when, and why."""

    def send(now: str, api: str) -> int:
        last = "2026-05-08 05:00"
        rss = SourceState(
            "arxiv-rss", "partial", "it breaks off", at(now), at(last), announced=at("2026-05-08 00:00")
        )
        complete = SourceState(
            "arxiv-api", api, "", at(now), at(now), announced=ArxivCalendar().last(at(now))
        )
        world.sources = [
            rss,
            complete if api == "ok" else replace(complete, announced=None, last_success=at(last)),
        ]
        world.send(now=at(now))
        return len(alerts(world))

    assert send("2026-05-11 12:00", api="idle") == 0
    assert send("2026-05-12 00:01", api="ok") == 0
    assert send("2026-05-12 00:01", api="idle") == 1
    assert send("2026-05-12 12:00", api="idle") == 1
    assert alerts(world)[0].splitlines()[:3] == [
        "Paperboy: 1 source lacks new papers",
        "arxiv-rss, newest papers announced 2026-05-08 00:00 UTC, last complete answer 2026-05-08 05:00 UTC: "
        "it breaks off",
        "What comes later is stored then. Known problems of arXiv: https://status.arxiv.org",
    ]


@pytest.mark.parametrize("api", ["ok", "failed"])
def test_a_feed_that_waits_for_a_gap_to_be_filled_is_not_stale(world: World, api: str) -> None:
    """It has brought new papers. What it missed is reported as what it is: arxiv-oai does not answer."""
    before, last = NOW - 4 * DAY, ArxivCalendar().last(NOW)
    world.sources = [
        SourceState("arxiv-api", api, "", NOW, NOW if api == "ok" else NOW - DAY, announced=last),
        SourceState("arxiv-oai", "failed", "no connection", NOW, before),
        SourceState("arxiv-rss", "ok", "papers were missed", NOW, NOW, announced=before),
    ]
    if api == "failed":
        world.sources[0] = replace(world.sources[0], announced=before)
    world.send(now=NOW)
    (alert,) = alerts(world)
    assert " not answer\n" in alert
    assert "\narxiv-oai has what the feed has missed: until it answers, those papers are missing.\n" in alert


def test_a_mail_server_that_is_out_of_reach(world: World) -> None:
    """It is reported after an hour, with all that waits for it, and when it answers again; a short time is not."""
    away = Deferred("no connection", cause=Cause.SERVICE)
    put(world, "ada", "bo")
    world.channel.outcomes = [away]
    tick(world, "ada", "bo")
    tick(world, "ada", "bo", later=2 * MINUTE)
    assert alerts(world) == []
    put(world, "cy", "di")
    world.channel.outcomes = [away] * 40
    for minutes in (10, 70, 75, 140, 60 * 40):
        tick(world, "cy", "di", later=minutes * MINUTE)
    (alert,) = alerts(world)
    assert alert.splitlines() == [
        "Paperboy: maildir cannot be sent",
        "no answer from the Maildirs since 2026-05-05 08:40 UTC: 2 messages wait (no connection)",
        "They are sent when it answers, and none is given up. Check the settings and the server.",
        "To see everything: paperboy status",
    ]
    world.channel.outcomes = []
    tick(world, "cy", "di", later=3 * DAY)
    tick(world, "cy", "di", later=3 * DAY + MINUTE)
    assert alerts(world)[1:] == [
        "Paperboy: maildir is sent again\n"
        "There was no answer since 2026-05-05 08:40 UTC. Nothing waits for one any more."
    ]


# --- Broken profiles --------------------------------------------------------------------------------------

BROKEN = Problem("profiles/ada.yaml", 3, 1, "unknown key 'limt'")
WORSE = Problem("profiles/ada.yaml", 7, 9, "there is no such time zone")
SHARED = Problem("profiles/lab.yaml", 1, 1, "this file is empty")


def report(world: World, *files: BrokenFile, later: timedelta = timedelta(0)) -> int:
    """As each check of `run` does. The number of alerts so far."""
    world.service().report_profiles(files, Moment(NOW + later))
    world.send(now=NOW + later)
    return len(alerts(world))


def test_a_broken_profile_is_reported_once(world: World) -> None:
    """Until it has other problems, whatever becomes of other files."""
    ada, lab = BrokenFile(BROKEN.file, (BROKEN,), kept=("ada",)), BrokenFile(SHARED.file, (SHARED,))
    assert report(world) == 0
    assert report(world, ada) == 1
    assert report(world, ada, later=DAY) == 1
    assert report(world, ada, lab, later=DAY) == 2
    assert report(world, ada, later=DAY) == 2
    assert report(world, replace(ada, problems=(BROKEN, WORSE)), later=DAY) == 3
    assert alerts(world)[0].splitlines() == [
        "Paperboy: profiles/ada.yaml has problems",
        "profiles/ada.yaml:3:1: unknown key 'limt'",
        "until it is corrected, the last valid version of ada is used",
        "To see everything: paperboy check",
    ]


def test_many_broken_profiles(world: World) -> None:
    """One alert has them all, and nothing is reported again when some are mended."""
    files = [
        BrokenFile(f"{n}.yaml", (Problem(f"{n}.yaml", 1, 1, "empty"),), unserved=(str(n),))
        for n in range(MOST + 2)
    ]
    assert report(world, *files) == 1
    assert report(world, *files[3:], later=MINUTE) == 1
    (alert,) = alerts(world)
    assert alert.startswith(f"Paperboy: {MOST + 2} files of profiles have problems\n")
    assert "... and 2 more files." in alert


def test_profiles_without_an_operator(world: World) -> None:
    """Nothing is stored."""
    world.operator = None
    assert report(world, BrokenFile(BROKEN.file, (BROKEN,))) == 0
    assert world.outbox.alerts() == ()


def test_broken_files() -> None:
    """By file, with the profiles that are kept and those that are not; a second file of one name affects none."""
    again = Problem("profiles/bo.yml", 1, 1, "there is another profile 'bo'")
    broken = {"ada": (BROKEN, SHARED), "bo": (SHARED,), **{f"p{n}": (SHARED,) for n in range(6)}}
    ada, bo, lab = broken_files([SHARED, again, BROKEN], broken, {"ada", *(f"p{n}" for n in range(6))})
    assert (ada.file, ada.problems, ada.kept, ada.unserved) == (BROKEN.file, (BROKEN,), ("ada",), ())
    assert (bo.problems, bo.effect) == ((again,), "")
    assert lab.effect == (
        "until it is corrected, the last valid version of ada, p0, p1, p2, p3 and 2 more is used; "
        "until it is corrected, nothing is composed for bo"
    )
