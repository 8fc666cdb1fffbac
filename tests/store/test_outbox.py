"""Editions: at most one for a date, nothing half done, found again, and what the operator was told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.delivery.alerts import Operator, raise_alert
from bot.delivery.model import ALERTS, EditionState, Part
from bot.digests.model import History
from bot.errors import DatabaseError
from bot.profiles.model import ChannelName
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.queue import Queue
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
    parts,
    rows,
    step,
)


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


# --- What was before --------------------------------------------------------------------------------------


def test_before_the_first_edition_there_is_nothing(outbox: Outbox) -> None:
    """Nor is there what only other subscriptions had."""
    add(outbox, edition(to=BOB))
    assert outbox.past(ADA.key, (), TODAY) == History()


def test_the_past_is_the_last_digest_with_papers(outbox: Outbox) -> None:
    """A quiet day was none, and one of the same day or later is not before it."""
    yesterday = TODAY - timedelta(days=1)
    add(outbox, edition("ed1", on=TODAY - timedelta(days=3)), papers=("a", "b"))
    add(outbox, edition("ed2", on=yesterday, papers=0))
    add(outbox, edition("ed3"), papers=("c",))
    past = outbox.past(ADA.key, (), TODAY)
    assert past == History(frozenset({"a", "b", "c", "arxiv:ed2"}), TODAY - timedelta(days=3), NOW)
    assert outbox.past(ADA.key, (), TOMORROW).on == TODAY


def test_what_subscriptions_had_together_in_a_week(outbox: Outbox, queue: Queue) -> None:
    """What arrived, with its first day; not what failed, what is older than a week, and what others had."""
    daily = replace(ADA, target="C0DAILY")
    days = {name: TODAY - timedelta(days=n) for name, n in (("old", 7), ("mon", 6), ("tue", 5), ("wed", 4))}
    for token, day in days.items():
        add(outbox, edition(token, to=daily, on=day), papers=(token,))
    add(outbox, edition("again", on=days["wed"]), papers=("tue",))
    add(outbox, edition("bobs", to=BOB), papers=("bobs",))
    for token in ("old", "mon", "tue", "again", "bobs"):
        assert queue.claim(f"{token}-1", "one", NOW, LEASE)
        assert queue.record(f"{token}-1", "one", step(S.SENT, receipt="1.0"), NOW)
    together = (ADA.key, daily.key)
    assert outbox.past(ADA.key, together, TODAY).lately == {"mon": days["mon"], "tue": days["tue"]}
    assert outbox.past(ADA.key, (), TODAY).lately == {}


# --- At most one ------------------------------------------------------------------------------------------


def test_an_edition_comes_back(outbox: Outbox) -> None:
    """With its parts in order, each never tried."""
    told = edition(why="", candidates=412)
    assert add(outbox, told, count=3)
    stored = outbox.find(ADA, TODAY)
    assert stored == outbox.edition("ed1")
    assert stored is not None
    assert replace(stored, deliveries=()) == told
    assert [(d.id, d.part, d.papers, d.state, d.attempts) for d in stored.deliveries] == [
        ("ed1-1", 1, 1, S.PENDING, 0), ("ed1-2", 2, 1, S.PENDING, 0), ("ed1-3", 3, 1, S.PENDING, 0)
    ]  # fmt: skip
    assert stored.state is EditionState.WAITING
    assert outbox.find(BOB, TODAY) is None
    assert outbox.find(ADA, TOMORROW) is None
    assert outbox.edition("ed") is None


def test_at_most_one_edition_for_a_subscription_and_date(database: Database, outbox: Outbox) -> None:
    """The second is refused and leaves nothing; another date, and another subscription, have their own."""
    assert add(outbox, edition("one"), papers=("p1", "p2"))
    assert not add(outbox, edition("two"), papers=("p3",))
    assert outbox.given(ADA.key) == {"p1", "p2"}
    assert outbox.edition("two") is None
    assert rows(database) == {"EditionRow": 1, "LedgerRow": 2}
    assert add(outbox, edition("three", on=TOMORROW), papers=("p3",))
    assert add(outbox, edition("four", to=BOB), papers=("p1",))
    assert outbox.given(BOB.key) == {"p1"}


def test_a_paper_is_given_once(database: Database, outbox: Outbox) -> None:
    """An edition made from a view that was overtaken is refused as a whole."""
    assert add(outbox, edition("one"), papers=("p1",))
    assert not add(outbox, edition("two", on=TOMORROW), papers=("p2", "p1"))
    assert outbox.given(ADA.key) == {"p1"}
    assert rows(database) == {"EditionRow": 1, "LedgerRow": 1}


def test_a_quiet_edition_makes_room(database: Database, outbox: Outbox) -> None:
    """For one that found something, and for a later quiet one; never the other way round."""
    quiet = edition("quiet", papers=0, why="none reached the threshold")
    assert outbox.add(quiet, NOW, {}, (), ())
    stored = outbox.find(ADA, TODAY)
    assert stored is not None
    assert (stored.state, stored.why) == (EditionState.QUIET, "none reached the threshold")
    assert outbox.add(replace(quiet, id="quiet2"), NOW, {}, (), ())
    assert rows(database) == {"EditionRow": 1}
    assert add(outbox, edition("full"))
    assert not outbox.add(replace(quiet, id="quiet3"), NOW, {}, (), ())
    assert outbox.edition("quiet2") is None
    assert outbox.find(ADA, TODAY) == outbox.edition("full")


@pytest.mark.parametrize("quiet_before", [False, True])
def test_a_part_that_cannot_be_stored_leaves_no_ledger_row(
    database: Database, outbox: Outbox, quiet_before: bool
) -> None:
    """Edition, ledger and parts are one transaction: all or none, and the quiet edition before them stays."""
    if quiet_before:
        assert outbox.add(edition("quiet", papers=0), NOW, {}, (), ())
    broken: Any = object()
    with pytest.raises((DatabaseError, TypeError)):  # psycopg tells what it cannot bind as it is
        outbox.add(edition("one"), NOW, {}, ["p1"], [*parts(1), Part(broken, 1)])
    assert outbox.given(ADA.key) == frozenset()
    assert rows(database) == ({"EditionRow": 1} if quiet_before else {})
    assert add(outbox, edition("one"), papers=("p1",))


def test_whether_a_subscription_was_ever_served(outbox: Outbox) -> None:
    """A quiet edition serves too."""
    assert not outbox.served(ADA.key)
    outbox.add(edition("quiet", papers=0), NOW, {}, (), ())
    assert outbox.served(ADA.key)
    assert not outbox.served(BOB.key)


# --- Telling the operator ---------------------------------------------------------------------------------


def fail(queue: Queue, id_: str, incident: str | None = None) -> None:
    assert queue.claim(id_, "one", NOW, LEASE)
    assert queue.record(id_, "one", step(S.FAILED, why="gone", incident=incident or id_), NOW)


ALERT = Part(b"something stopped", 0)


def test_telling_is_one_step(outbox: Outbox, queue: Queue) -> None:
    """The deliveries count as told of, their incidents are known, and the alert waits to be sent."""
    for token in ("ed1", "ed2", "ed3"):
        add(outbox, edition(token, to=replace(ADA, profile=token)))
    fail(queue, "ed1-1", "slack")
    fail(queue, "ed2-1")
    assert [(one.id, one.incident) for one in outbox.unreported()] == [
        ("ed1-1", "slack"),
        ("ed2-1", "ed2-1"),
    ]
    assert outbox.known_incidents() == frozenset()
    assert outbox.tell(["ed1-1", "ed2-1"], ALERT, "alert", "email", "ops@example.org", 1)
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


def test_what_another_told_meanwhile_is_not_told_again(outbox: Outbox, queue: Queue) -> None:
    """All of it is news, or nothing is marked and no alert stored: the next look decides anew."""
    for token in ("ed1", "ed2"):
        add(outbox, edition(token, to=replace(ADA, profile=token)))
        fail(queue, f"{token}-1")
    assert outbox.tell(["ed1-1"], ALERT, "first", "slack", "C0OPS", 0)
    assert not outbox.tell(["ed1-1", "ed2-1"], ALERT, "second", "slack", "C0OPS", 0)
    assert [one.id for one in outbox.unreported()] == ["ed2-1"]
    assert [one.id for one in outbox.alerts()] == ["first-1"]
    assert outbox.tell(["ed2-1"], None, "third", "slack", "C0OPS", 0)
    assert [one.id for one in outbox.alerts()] == ["first-1"]


def test_what_goes_on_is_an_incident_no_more(outbox: Outbox, queue: Queue) -> None:
    """Released, it is forgotten; stopped anew, it is news."""
    add(outbox, edition())
    fail(queue, "ed1-1", "slack")
    outbox.tell(["ed1-1"], None, "alert", "slack", "C0OPS", 0)
    assert queue.release("ed1-1", NOW, settling=True)
    assert (outbox.known_incidents(), outbox.unreported()) == (frozenset(), ())
    fail(queue, "ed1-1", "slack")
    assert [one.incident for one in outbox.unreported()] == ["slack"]


def test_processes_that_tell_at_once_store_one_alert(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """Each sees the same stops; one tells, and the others have nothing to send."""
    for n in range(10):
        add(outbox, edition(f"ed{n}", to=replace(ADA, profile=f"p{n}")))
        fail(queue, f"ed{n}-1")
    channels = {ChannelName.SLACK: FakeChannel()}
    operator = Operator(ChannelName.SLACK, "C0OPS")
    told = at_once(database, lambda mine, n: raise_alert(Outbox(mine), channels, operator, NOW), 4)
    assert sorted(told) == [False, False, False, True]
    assert len(outbox.alerts()) == 1
    assert outbox.unreported() == ()


# --- Looking ----------------------------------------------------------------------------------------------


def test_the_newest_editions_and_the_unfinished(outbox: Outbox, queue: Queue) -> None:
    """Of each subscription the newest, and every older one that is not through."""
    for n, day in enumerate((27, 28, 29), start=1):
        add(outbox, edition(f"ada{n}", on=date(2026, 5, day)))
        if n != 2:
            queue.claim(f"ada{n}-1", "one", NOW, LEASE)
            queue.record(f"ada{n}-1", "one", step(S.SENT), NOW)
    outbox.add(edition("bob1", to=BOB, papers=0), NOW, {}, (), ())
    assert [found.id for found in outbox.newest()] == ["ada2", "ada3", "bob1"]


def test_deliveries_by_their_beginning(outbox: Outbox) -> None:
    """As much of the id as somebody types; what would be a pattern is none."""
    add(outbox, edition("abc1"), count=2)
    add(outbox, edition("abd2", on=TOMORROW))
    for written, found in {"abc1-2": ["abc1-2"], "abc": ["abc1-1", "abc1-2"], "abd2-1": ["abd2-1"]}.items():
        assert [one.id for one in outbox.deliveries(written)] == found
    assert len(outbox.deliveries("ab")) == 3
    for written in ("xyz", "%", "a_c", "abc1-3"):
        assert outbox.deliveries(written) == ()


# --- Several at once --------------------------------------------------------------------------------------


def test_schedulers_that_compose_at_once_make_one_edition(database: Database, outbox: Outbox) -> None:
    """One of them stores its edition; the others leave nothing, whether a quiet one stood there or not."""
    outbox.add(edition("quiet", papers=0), NOW, {}, (), ())
    stored = at_once(database, lambda mine, n: add(Outbox(mine), edition(f"ed{n}"), papers=(f"p{n}",)), 4)
    assert sorted(stored) == [False, False, False, True]
    winner = stored.index(True)
    assert outbox.given(ADA.key) == {f"p{winner}"}
    assert outbox.find(ADA, TODAY) == outbox.edition(f"ed{winner}")
    assert rows(database) == {"EditionRow": 1, "LedgerRow": 1}
