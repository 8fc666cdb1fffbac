"""Stored editions: at most one for a date, complete or absent; histories; reports to the operator."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.delivery.alerts import Operator, raise_alert
from bot.delivery.model import ALERTS, EditionState, Part
from bot.delivery.stores import EditionSummary
from bot.digests.model import History, HistoryRequest
from bot.errors import DatabaseError
from bot.papers.model import Entry
from bot.profiles.model import ChannelName
from bot.ranking.counts import COUNTING
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.papers import Papers
from bot.store.queue import Queue
from bot.store.tables import LedgerRow
from tests.support.builders import FakeChannel
from tests.support.editions import (
    ADA,
    BOB,
    LEASE,
    NOW,
    TODAY,
    TOMORROW,
    S,
    add,
    at_once,
    edition,
    find_edition,
    parts,
    receiver,
    rows,
    step,
)


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


# --- Histories --------------------------------------------------------------------------------------------

LONG_AGO = NOW - timedelta(days=30)


def history(database: Database, outbox: Outbox, on: date = TODAY, *profile: str) -> History:
    """Ada's history; whatever she was given is a stored paper of the window."""
    with database.reading() as session:
        given = set(session.exec(select(LedgerRow.paper)))
    Papers(database, COUNTING).add([Entry("test", id_, ids=(id_,)) for id_ in sorted(given)], NOW)
    return outbox.histories([HistoryRequest(ADA.key, receiver(ADA), on, profile)], LONG_AGO)[ADA.key]


def test_before_the_first_edition_there_is_no_history(database: Database, outbox: Outbox) -> None:
    """What other subscriptions had does not count."""
    add(outbox, edition(to=BOB))
    assert history(database, outbox) == History()


def test_the_last_digest_is_the_last_one_with_papers(database: Database, outbox: Outbox) -> None:
    """Neither a quiet day nor an edition of the same date or later; but all papers count as given."""
    add(outbox, edition("ed1", on=TODAY - timedelta(days=3)), papers=("t:a", "t:b"))
    add(outbox, edition("ed2", on=TODAY - timedelta(days=1), papers=0), papers=("t:q",))
    add(outbox, edition("ed3"), papers=("t:c",))
    found = history(database, outbox)
    given, yesterday = frozenset({"t:a", "t:b", "t:c", "t:q"}), TODAY - timedelta(days=1)
    assert found == History(given, TODAY - timedelta(days=3), NOW, checked=yesterday)
    assert history(database, outbox, TOMORROW).on == TODAY


def test_each_request_has_its_own_last_digest(database: Database, outbox: Outbox) -> None:
    """The newest before its date, also when an other request is for an earlier date."""
    for number, days in enumerate((400, 40, 2, 1)):
        add(outbox, edition(f"ed{number}", on=TODAY - timedelta(days=days)))
    add(outbox, edition("bobs", to=BOB, on=TODAY - timedelta(days=3)))
    requests = [HistoryRequest(ADA.key, receiver(ADA), TODAY), HistoryRequest(BOB.key, receiver(BOB), TODAY)]
    for back, expected in ((0, 1), (1, 2), (2, 40), (40, 400)):
        requests[0] = requests[0]._replace(on=TODAY - timedelta(days=back))
        found = outbox.histories(requests, NOW)
        days = [(TODAY - history.on).days for history in found.values() if history.on]
        assert days == [expected, 3]


def test_what_is_before_the_window_is_left_out(database: Database, outbox: Outbox) -> None:
    """Papers first seen earlier; but not the last digest, however long ago it was."""
    add(outbox, edition("ed1", on=TODAY - timedelta(days=1)), papers=("t:a",))
    Papers(database, COUNTING).add([Entry("test", "A", ids=("t:a",))], NOW)
    requests = [HistoryRequest(ADA.key, receiver(ADA), TODAY)]
    yesterday = TODAY - timedelta(days=1)
    assert outbox.histories(requests, NOW) == {
        ADA.key: History(frozenset(), yesterday, NOW, checked=yesterday)
    }
    assert outbox.histories(requests, NOW - timedelta(seconds=1))[ADA.key].given == {"t:a"}


def test_papers_that_the_profile_was_sent_in_a_week(database: Database, outbox: Outbox, queue: Queue) -> None:
    """With the first date; not those that failed, are older than a week, or went to other profiles."""
    daily = replace(ADA, target="C0DAILY")
    days = {name: TODAY - timedelta(days=n) for name, n in (("old", 7), ("mon", 6), ("tue", 5), ("wed", 4))}
    for token, day in days.items():
        add(outbox, edition(token, to=daily, on=day), papers=(token,))
    add(outbox, edition("again", on=days["wed"]), papers=("tue",))
    add(outbox, edition("bobs", to=BOB), papers=("bobs",))
    for token in ("old", "mon", "tue", "again", "bobs"):
        assert queue.claim(f"{token}-1", "one", NOW, LEASE)
        assert queue.record(f"{token}-1", "one", step(S.SENT, receipt="1.0"), NOW)
    last_week = history(database, outbox, TODAY, ADA.key, daily.key).last_week
    assert last_week == {"mon": days["mon"], "tue": days["tue"]}
    assert history(database, outbox).last_week == {}


def test_any_number_of_subscriptions(database: Database, outbox: Outbox) -> None:
    """More than SQLite and PostgreSQL allow parameters."""
    add(outbox, edition())
    requests = [
        HistoryRequest(f"p{n}:slack:C0", "slack:C0", TODAY, (f"p{n}:slack:C0",)) for n in range(70_000)
    ]
    histories = outbox.histories([*requests, HistoryRequest(ADA.key, receiver(ADA), TODAY)], LONG_AGO)
    assert len(histories) == 70_001
    assert len(outbox.editions([*(request.subscription for request in requests), "ed1"])) == 1


# --- At most one ------------------------------------------------------------------------------------------


def test_edition_is_read_as_stored(outbox: Outbox) -> None:
    """With its parts in order, none of them tried."""
    added = edition(why="", candidates=412)
    assert add(outbox, added, count=3)
    stored = find_edition(outbox, ADA, TODAY)
    assert stored == outbox.edition("ed1")
    assert stored is not None
    assert replace(stored, deliveries=()) == added
    assert [(d.id, d.part, d.papers, d.state, d.attempts) for d in stored.deliveries] == [
        ("ed1-1", 1, 1, S.PENDING, 0), ("ed1-2", 2, 1, S.PENDING, 0), ("ed1-3", 3, 1, S.PENDING, 0)
    ]  # fmt: skip
    assert stored.state is EditionState.WAITING
    assert find_edition(outbox, BOB, TODAY) is None
    assert find_edition(outbox, ADA, TOMORROW) is None
    assert outbox.edition("ed") is None


def test_at_most_one_edition_for_a_subscription_and_date(database: Database, outbox: Outbox) -> None:
    """A second one is refused and stores nothing; other dates and subscriptions have their own."""
    assert add(outbox, edition("one"), papers=("p1", "p2"))
    assert not add(outbox, edition("two"), papers=("p3",))
    assert outbox.given([receiver(ADA)]) == {"p1", "p2"}
    assert outbox.edition("two") is None
    assert rows(database) == {"EditionRow": 1, "LedgerRow": 2}
    assert add(outbox, edition("three", on=TOMORROW), papers=("p3",))
    assert add(outbox, edition("four", to=BOB), papers=("p1",))
    assert outbox.given([receiver(BOB)]) == {"p1"}


def test_paper_is_given_once(database: Database, outbox: Outbox) -> None:
    """An edition with a paper that the receiver has been given, by any profile, is refused as a whole."""
    assert add(outbox, edition("one"), papers=("p1",))
    assert not add(outbox, edition("two", on=TOMORROW), papers=("p2", "p1"))
    assert not add(outbox, edition("three", subscription="bob:slack:C0PAPERS"), papers=("p1",))
    assert outbox.given([receiver(ADA)]) == {"p1"}
    assert rows(database) == {"EditionRow": 1, "LedgerRow": 1}


def test_quiet_edition_is_replaced(database: Database, outbox: Outbox) -> None:
    """By one with papers, and by a later quiet one; an edition with papers is not replaced."""
    quiet = edition("quiet", papers=0, why="none reached the threshold")
    assert outbox.add(quiet, receiver(quiet), NOW, {}, (), ())
    stored = find_edition(outbox, ADA, TODAY)
    assert stored is not None
    assert (stored.state, stored.why) == (EditionState.QUIET, "none reached the threshold")
    assert outbox.add(replace(quiet, id="quiet2"), receiver(quiet), NOW, {}, (), ())
    assert rows(database) == {"EditionRow": 1}
    assert add(outbox, edition("full"))
    assert not outbox.add(replace(quiet, id="quiet3"), receiver(quiet), NOW, {}, (), ())
    assert outbox.edition("quiet2") is None
    assert find_edition(outbox, ADA, TODAY) == outbox.edition("full")


@pytest.mark.parametrize("quiet_before", [False, True])
def test_failed_add_changes_nothing(database: Database, outbox: Outbox, quiet_before: bool) -> None:
    """Edition, ledger and parts are one transaction: the quiet edition before them stays."""
    if quiet_before:
        assert outbox.add(edition("quiet", papers=0), receiver(ADA), NOW, {}, (), ())
    broken: Any = object()
    with pytest.raises((DatabaseError, TypeError)):  # psycopg tells what it cannot bind as it is
        outbox.add(edition("one"), receiver(ADA), NOW, {}, ["p1"], [*parts(1), Part(broken, 1)])
    assert outbox.given([receiver(ADA)]) == frozenset()
    assert rows(database) == ({"EditionRow": 1} if quiet_before else {})
    assert add(outbox, edition("one"), papers=("p1",))


def test_served_subscriptions(outbox: Outbox) -> None:
    """A quiet edition counts. Of all, or among some."""
    assert outbox.served() == frozenset()
    outbox.add(edition("quiet", papers=0), receiver(ADA), NOW, {}, (), ())
    assert outbox.served() == outbox.served([ADA.key, BOB.key]) == {ADA.key}
    assert outbox.served([BOB.key]) == frozenset()


def test_summaries(outbox: Outbox, queue: Queue) -> None:
    """The editions of some dates, and whether a part of each is not sent."""
    for n, day in enumerate((27, 28, 29), start=1):
        add(outbox, edition(f"ada{n}", on=date(2026, 5, day)), count=2)
    for part in ("ada2-1", "ada3-1", "ada3-2"):
        assert queue.claim(part, "one", NOW, LEASE)
        assert queue.record(part, "one", step(S.SENT), NOW)
    outbox.add(edition("bob1", to=BOB, papers=0), receiver(BOB), NOW, {}, (), ())
    assert outbox.summaries(date(2026, 5, 28), TODAY) == {
        (ADA.key, date(2026, 5, 28)): EditionSummary("ada2", 3, is_open=True, has_message=True),
        (ADA.key, TODAY): EditionSummary("ada3", 3, is_open=False, has_message=True),
        (BOB.key, TODAY): EditionSummary("bob1", 0, is_open=False),
    }
    assert [*outbox.summaries(date(2026, 5, 28), TODAY, [BOB.key])] == [(BOB.key, TODAY)]


# --- Reports to the operator ---------------------------------------------------------------------------------


def fail(queue: Queue, id_: str, incident: str | None = None) -> None:
    assert queue.claim(id_, "one", NOW, LEASE)
    assert queue.record(id_, "one", step(S.FAILED, why="gone", incident=incident or id_), NOW)


ALERT = Part(b"something stopped", 0)


def test_record_report(outbox: Outbox, queue: Queue) -> None:
    """The deliveries count as reported, their incidents as known, and the alert is pending."""
    for token in ("ed1", "ed2", "ed3"):
        add(outbox, edition(token, to=replace(ADA, profile=token)))
    fail(queue, "ed1-1", "slack")
    fail(queue, "ed2-1")
    assert [(one.id, one.incident) for one in outbox.unreported()] == [
        ("ed1-1", "slack"),
        ("ed2-1", "ed2-1"),
    ]
    assert outbox.known_incidents() == frozenset()
    assert outbox.record_report(["ed1-1", "ed2-1"], ALERT, "alert", "email", "ops@example.org", 1)
    assert outbox.unreported() == ()
    assert outbox.known_incidents() == {"slack", "ed2-1"}
    (alert,) = outbox.alerts()
    assert (alert.id, alert.edition, alert.subscription, alert.part, alert.papers) == (
        "alert-1",
        None,
        ALERTS,
        1,
        0,
    )
    assert (alert.channel, alert.target, alert.state, alert.unverified_retries) == (
        "email",
        "ops@example.org",
        S.PENDING,
        1,
    )
    claim = queue.claim("alert-1", "one", NOW, LEASE)
    assert claim is not None
    assert (claim.envelope.payload, claim.envelope.thread) == (ALERT.payload, None)


def test_report_of_a_delivery_that_was_reported(outbox: Outbox, queue: Queue) -> None:
    """When one of the deliveries was reported by another process, nothing is stored."""
    for token in ("ed1", "ed2"):
        add(outbox, edition(token, to=replace(ADA, profile=token)))
        fail(queue, f"{token}-1")
    assert outbox.record_report(["ed1-1"], ALERT, "first", "slack", "C0OPS", 0)
    assert not outbox.record_report(["ed1-1", "ed2-1"], ALERT, "second", "slack", "C0OPS", 0)
    assert [one.id for one in outbox.unreported()] == ["ed2-1"]
    assert [one.id for one in outbox.alerts()] == ["first-1"]
    assert outbox.record_report(["ed2-1"], None, "third", "slack", "C0OPS", 0)
    assert [one.id for one in outbox.alerts()] == ["first-1"]


def test_released_delivery_is_no_incident(outbox: Outbox, queue: Queue) -> None:
    """When it stops again, it is reported again."""
    add(outbox, edition())
    fail(queue, "ed1-1", "slack")
    outbox.record_report(["ed1-1"], None, "alert", "slack", "C0OPS", 0)
    assert queue.release("ed1-1", NOW, settling=True)
    assert (outbox.known_incidents(), outbox.unreported()) == (frozenset(), ())
    fail(queue, "ed1-1", "slack")
    assert [one.incident for one in outbox.unreported()] == ["slack"]


def test_processes_that_report_at_once_store_one_alert(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """Each finds the same stopped deliveries; one stores the alert."""
    for n in range(10):
        add(outbox, edition(f"ed{n}", to=replace(ADA, profile=f"p{n}")))
        fail(queue, f"ed{n}-1")
    channels = {ChannelName.SLACK: FakeChannel()}
    operator = Operator(ChannelName.SLACK, "C0OPS")
    stored = at_once(database, lambda mine, n: raise_alert(Outbox(mine), channels, operator, NOW, ()), 4)
    assert sorted(stored) == [False, False, False, True]
    assert len(outbox.alerts()) == 1
    assert outbox.unreported() == ()


# --- Reading ----------------------------------------------------------------------------------------------


def test_newest(outbox: Outbox, queue: Queue) -> None:
    """The newest edition of each subscription, and every older one with a part that is not sent."""
    for n, day in enumerate((27, 28, 29), start=1):
        add(outbox, edition(f"ada{n}", on=date(2026, 5, day)))
        if n != 2:
            queue.claim(f"ada{n}-1", "one", NOW, LEASE)
            queue.record(f"ada{n}-1", "one", step(S.SENT), NOW)
    outbox.add(edition("bob1", to=BOB, papers=0), receiver(BOB), NOW, {}, (), ())
    assert [found.id for found in outbox.newest()] == ["ada2", "ada3", "bob1"]


def test_deliveries_by_prefix(outbox: Outbox) -> None:
    """Wildcards of LIKE have no special meaning."""
    add(outbox, edition("abc1"), count=2)
    add(outbox, edition("abd2", on=TOMORROW))
    for prefix, found in {"abc1-2": ["abc1-2"], "abc": ["abc1-1", "abc1-2"], "abd2-1": ["abd2-1"]}.items():
        assert [one.id for one in outbox.deliveries(prefix)] == found
    assert len(outbox.deliveries("ab")) == 3
    for prefix in ("xyz", "%", "a_c", "abc1-3"):
        assert outbox.deliveries(prefix) == ()


# --- Several at once --------------------------------------------------------------------------------------


def test_processes_that_compose_at_once_store_one_edition(database: Database, outbox: Outbox) -> None:
    """The others store nothing, whether there was a quiet edition or not."""
    outbox.add(edition("quiet", papers=0), receiver(ADA), NOW, {}, (), ())
    stored = at_once(database, lambda mine, n: add(Outbox(mine), edition(f"ed{n}"), papers=(f"p{n}",)), 4)
    assert sorted(stored) == [False, False, False, True]
    winner = stored.index(True)
    assert outbox.given([receiver(ADA)]) == {f"p{winner}"}
    assert find_edition(outbox, ADA, TODAY) == outbox.edition(f"ed{winner}")
    assert rows(database) == {"EditionRow": 1, "LedgerRow": 1}


def test_digests_of_some_days(outbox: Outbox) -> None:
    """Those after a date, of some profiles, by subscription and date; totals by profile, quiet ones too."""
    old, new = (TODAY - timedelta(days=n) for n in (30, 29))
    add(outbox, edition("b2", to=BOB, papers=0), papers=("t:1",))
    add(outbox, edition("b1", to=BOB, on=old), papers=("t:2",))
    add(outbox, edition("a2"), papers=("t:3",))
    add(outbox, edition("a1", on=new), papers=("t:4",))
    assert outbox.papers_by_profile(old) == {"ada": 6, "bob": 0}
    found = outbox.digests(["ada", "bob", "eve"], old)
    assert [(one.profile, one.subscription) for one in found] == [("ada", ADA.key)] * 2 + [("bob", BOB.key)]
    assert found[0].digest == {"papers": ["…"]}
    assert outbox.digests(["eve"], old) == outbox.digests([], old) == ()
