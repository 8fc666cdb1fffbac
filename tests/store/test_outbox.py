"""Editions and deliveries: at most one edition a date, at most one sender a delivery, nothing half done."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.errors import DatabaseError
from bot.model import ChannelName, Delivery, DeliveryState, Edition, EditionState, Part, Subscription
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.tables import AttemptRow, EditionRow, LedgerRow

NOW = datetime(2026, 5, 29, 6, 30, tzinfo=UTC)
MINUTE, LEASE = timedelta(minutes=1), timedelta(minutes=5)
TODAY, TOMORROW = date(2026, 5, 29), date(2026, 5, 30)
ADA = Subscription("ada", ChannelName.SLACK, "C0PAPERS")
BOB = Subscription("bob", ChannelName.EMAIL, "bob@example.org")
S = DeliveryState


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


def edition(token: str = "ed1", to: Subscription = ADA, on: date = TODAY, **changes: Any) -> Edition:
    made = Edition(token, to.key, to.profile, to.channel, to.target, on, papers=2, candidates=40)
    return replace(made, **changes)


def parts(count: int = 1) -> list[Part]:
    return [Part(f"part {n}\x00\xff".encode("latin-1"), papers=1) for n in range(1, count + 1)]


def add(outbox: Outbox, one: Edition, *, papers: tuple[str, ...] = (), count: int = 1) -> bool:
    return outbox.add(one, NOW, {"papers": ["…"]}, papers or (f"arxiv:{one.id}",), parts(count))


def attempts(database: Database) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        rows = session.exec(select(AttemptRow).order_by(AttemptRow.id)).all()
    return [(row.delivery, row.started, row.finished, row.outcome, row.why) for row in rows]


def rows(database: Database) -> Counter[str]:
    with database.reading() as session:
        return Counter(
            type(row).__name__ for table in (EditionRow, LedgerRow) for row in session.exec(select(table))
        )


def first(outbox: Outbox, to: Subscription = ADA, on: date = TODAY) -> Delivery:
    found = outbox.find(to, on)
    assert found is not None
    return found.deliveries[0]


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


# --- One attempt at a time --------------------------------------------------------------------------------


def test_a_claim_is_exclusive_while_its_lease_lasts(outbox: Outbox) -> None:
    """The second owner gets nothing, until the first one's lease has run out."""
    add(outbox, edition())
    stood = outbox.claim("ed1-1", "one", NOW, LEASE)
    assert stood is not None
    assert (stood.state, stood.attempts, stood.started) == (S.PENDING, 0, None)
    for moment in (NOW, NOW + LEASE - timedelta(seconds=1)):
        assert outbox.claim("ed1-1", "two", moment, LEASE) is None
        assert outbox.claim("ed1-1", "one", moment, LEASE) is None
        assert outbox.open_deliveries([ADA.key], moment) == ()
    assert outbox.open_deliveries([ADA.key], NOW + LEASE) == ("ed1-1",)
    taken = outbox.claim("ed1-1", "two", NOW + LEASE, LEASE)
    assert taken is not None
    assert (taken.state, taken.attempts, taken.started) == (S.SENDING, 1, NOW)


def test_who_lost_the_lease_records_nothing_over_the_other(database: Database, outbox: Outbox) -> None:
    """A late outcome neither changes the delivery nor the attempt that is under way; its own attempt has it."""
    add(outbox, edition())
    outbox.claim("ed1-1", "one", NOW, LEASE)
    outbox.claim("ed1-1", "two", NOW + LEASE, LEASE)
    late = NOW + LEASE + MINUTE
    assert not outbox.record("ed1-1", "one", S.FAILED, late, why="refused")
    assert (first(outbox).state, first(outbox).why) == (S.SENDING, "")
    assert attempts(database) == [
        ("ed1-1", NOW, late, "failed", "refused"),
        ("ed1-1", NOW + LEASE, None, None, ""),
    ]
    assert outbox.record("ed1-1", "two", S.SENT, late + MINUTE, receipt="C0 1.2")
    assert attempts(database)[1] == ("ed1-1", NOW + LEASE, late + MINUTE, "sent", "")
    assert first(outbox).receipt == "C0 1.2"


def test_an_owner_without_rival_records_after_its_lease(outbox: Outbox) -> None:
    """A lease that ran out takes nothing away as long as nobody took over."""
    add(outbox, edition())
    outbox.claim("ed1-1", "one", NOW, LEASE)
    assert outbox.record("ed1-1", "one", S.SENT, NOW + 3 * LEASE)


def test_an_outcome_is_recorded_once(outbox: Outbox) -> None:
    """What was sent stays sent; who never claimed cannot record."""
    add(outbox, edition())
    assert not outbox.record("ed1-1", "one", S.SENT, NOW)
    outbox.claim("ed1-1", "one", NOW, LEASE)
    assert outbox.record("ed1-1", "one", S.SENT, NOW, receipt="r")
    assert not outbox.record("ed1-1", "one", S.FAILED, NOW)
    assert (first(outbox).state, first(outbox).until) == (S.SENT, None)
    assert outbox.claim("ed1-1", "two", NOW + 9 * LEASE, LEASE) is None
    assert outbox.open_deliveries([ADA.key], NOW + 9 * LEASE) == ()


def test_attempts_are_recorded_before_and_after(database: Database, outbox: Outbox) -> None:
    """Each try has its row before it is made; outcomes come after, each to its own."""
    add(outbox, edition())
    outbox.claim("ed1-1", "one", NOW, LEASE)
    assert attempts(database) == [("ed1-1", NOW, None, None, "")]
    outbox.record("ed1-1", "one", S.WAITING, NOW + MINUTE, until=NOW + 2 * MINUTE, why="429")
    again = NOW + 2 * MINUTE
    stood = outbox.claim("ed1-1", "one", again, LEASE)
    assert stood is not None
    assert (stood.state, stood.attempts, stood.started, stood.why) == (S.WAITING, 1, NOW, "429")
    outbox.record("ed1-1", "one", S.SENT, again, receipt="r")
    assert attempts(database) == [
        ("ed1-1", NOW, NOW + MINUTE, "waiting", "429"),
        ("ed1-1", again, again, "sent", ""),
    ]
    assert (first(outbox).attempts, first(outbox).why) == (2, "")


def test_what_waits_is_tried_when_its_time_has_come(outbox: Outbox) -> None:
    """Not before, by nobody."""
    add(outbox, edition())
    outbox.claim("ed1-1", "one", NOW, LEASE)
    until = NOW + 10 * MINUTE
    outbox.record("ed1-1", "one", S.WAITING, NOW, until=until)
    assert first(outbox).until == until
    assert outbox.open_deliveries([ADA.key], until - MINUTE) == ()
    assert outbox.claim("ed1-1", "one", until - MINUTE, LEASE) is None
    assert outbox.open_deliveries([ADA.key], until) == ("ed1-1",)
    assert outbox.claim("ed1-1", "one", until, LEASE) is not None


def test_uncertain_is_tried_again_or_held(outbox: Outbox) -> None:
    """With a time it is due then; without one it is held for good, and only `release` brings it back."""
    add(outbox, edition())
    outbox.claim("ed1-1", "one", NOW, LEASE)
    outbox.record("ed1-1", "one", S.UNCERTAIN, NOW, until=NOW + MINUTE, why="broke off")
    assert outbox.open_deliveries([ADA.key], NOW + MINUTE) == ("ed1-1",)
    stood = outbox.claim("ed1-1", "one", NOW + MINUTE, LEASE)
    assert stood is not None
    assert stood.state is S.UNCERTAIN
    outbox.record("ed1-1", "one", S.UNCERTAIN, NOW, why="broke off again")
    for moment in (NOW, NOW + timedelta(days=400)):
        assert outbox.open_deliveries([ADA.key], moment) == ()
        assert outbox.claim("ed1-1", "one", moment, LEASE) is None
    assert outbox.release("ed1-1")
    assert outbox.open_deliveries([ADA.key], NOW) == ("ed1-1",)


@pytest.mark.parametrize(
    ("state", "released"),
    [*((state, False) for state in (S.PENDING, S.SENDING, S.SENT, S.WAITING)), (S.FAILED, True), (S.UNCERTAIN, True)],
)  # fmt: skip
def test_only_what_stopped_is_released(outbox: Outbox, state: DeliveryState, released: bool) -> None:
    """A released delivery begins anew, with all its attempts and its time ahead of it."""
    add(outbox, edition())
    if state is not S.PENDING:
        outbox.claim("ed1-1", "one", NOW, LEASE)
    if state not in (S.PENDING, S.SENDING):
        outbox.record("ed1-1", "one", state, NOW, why="because", until=NOW + MINUTE)
    assert outbox.release("ed1-1") is released
    assert not outbox.release("nothing")
    found = first(outbox)
    if not released:
        assert found.state is state
        return
    assert (found.state, found.attempts, found.started, found.until, found.why) == (
        S.PENDING,
        0,
        None,
        None,
        "",
    )
    days_later = NOW + timedelta(days=3)
    assert outbox.claim("ed1-1", "two", days_later, LEASE) is not None
    assert first(outbox).started == days_later


# --- Parts ------------------------------------------------------------------------------------------------


def test_parts_go_out_in_order(outbox: Outbox) -> None:
    """A part can be claimed only once all before it are sent."""
    add(outbox, edition(), count=3)
    assert outbox.open_deliveries([ADA.key], NOW) == ("ed1-1", "ed1-2", "ed1-3")
    assert outbox.claim("ed1-2", "one", NOW, LEASE) is None
    for number in (1, 2):
        assert outbox.claim(f"ed1-{number}", "one", NOW, LEASE) is not None
        assert outbox.claim(f"ed1-{number + 1}", "one", NOW, LEASE) is None
        outbox.record(f"ed1-{number}", "one", S.SENT, NOW, receipt=f"r{number}")
    assert outbox.claim("ed1-3", "two", NOW, LEASE) is not None


def test_a_failed_part_holds_back_those_after_it(outbox: Outbox) -> None:
    """A reader does not get the second half of a digest first."""
    add(outbox, edition(), count=2)
    outbox.claim("ed1-1", "one", NOW, LEASE)
    outbox.record("ed1-1", "one", S.FAILED, NOW)
    assert outbox.claim("ed1-2", "one", NOW, LEASE) is None
    found = outbox.edition("ed1")
    assert found is not None
    assert found.state is EditionState.FAILED


def test_an_envelope_has_the_stored_bytes_and_the_first_receipt(outbox: Outbox) -> None:
    """Every attempt sends the very bytes; later parts know the thread."""
    add(outbox, edition(), count=2)
    outbox.claim("ed1-1", "one", NOW, LEASE)
    envelope = outbox.envelope("ed1-1")
    assert (envelope.payload, envelope.target, envelope.started) == (parts()[0].payload, "C0PAPERS", NOW)
    assert envelope.thread is None
    outbox.record("ed1-1", "one", S.SENT, NOW, receipt="C0 1.2")
    outbox.claim("ed1-2", "one", NOW + MINUTE, LEASE)
    envelope = outbox.envelope("ed1-2")
    assert (envelope.delivery, envelope.thread, envelope.started) == ("ed1-2", "C0 1.2", NOW + MINUTE)


def test_open_deliveries_of_some_subscriptions_oldest_first(outbox: Outbox) -> None:
    """Only those asked for; by date, then subscription, then part."""
    add(outbox, edition("late", on=TOMORROW), count=2)
    add(outbox, edition("early"))
    add(outbox, edition("bobs", to=BOB))
    both = outbox.open_deliveries([BOB.key, ADA.key], NOW)
    assert both == ("early-1", "bobs-1", "late-1", "late-2")
    assert outbox.open_deliveries([BOB.key], NOW) == ("bobs-1",)
    assert outbox.open_deliveries([], NOW) == ()


# --- Looking ----------------------------------------------------------------------------------------------


def test_the_newest_editions_and_the_unfinished(outbox: Outbox) -> None:
    """Of each subscription the newest, and every older one that is not through."""
    for n, day in enumerate((27, 28, 29), start=1):
        add(outbox, edition(f"ada{n}", on=date(2026, 5, day)))
        if n != 2:
            outbox.claim(f"ada{n}-1", "one", NOW, LEASE)
            outbox.record(f"ada{n}-1", "one", S.SENT, NOW)
    outbox.add(edition("bob1", to=BOB, papers=0), NOW, {}, (), ())
    assert [found.id for found in outbox.newest()] == ["ada2", "ada3", "bob1"]


def test_an_edition_by_a_shortened_delivery(outbox: Outbox) -> None:
    """As much of the id as is unique; nothing when it is not, or is a pattern."""
    add(outbox, edition("abc1"), count=2)
    add(outbox, edition("abd2", on=TOMORROW))
    for written, found in {"abc1-2": "abc1", "abc": "abc1", "abd2-1": "abd2"}.items():
        edition_of = outbox.edition_of(written)
        assert edition_of is not None
        assert edition_of.id == found
    for written in ("ab", "xyz", "%", "a_c", "abc1-3"):
        assert outbox.edition_of(written) is None


# --- Several at once --------------------------------------------------------------------------------------


def _at_once(database: Database, work: Any, count: int) -> list[Any]:
    """Results of `work`, run by as many threads, each with a database of its own as a process would have."""
    barrier, url = threading.Barrier(count), database.url.render_as_string(hide_password=False)

    def run(number: int) -> Any:
        mine = Database(url)
        try:
            barrier.wait(timeout=30)
            return work(Outbox(mine), number)
        finally:
            mine.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_two_senders_claim_each_delivery_once(database: Database, outbox: Outbox) -> None:
    """Fifty deliveries, two senders that want them all: each is claimed by exactly one."""
    for n in range(50):
        add(outbox, edition(f"ed{n:02}", to=replace(ADA, target=f"C{n}")))
    wanted = [f"ed{n:02}-1" for n in range(50)]

    def claim(mine: Outbox, number: int) -> list[str]:
        order = wanted if number == 0 else wanted[::-1]
        return [id_ for id_ in order if mine.claim(id_, f"owner{number}", NOW, LEASE)]

    claimed = _at_once(database, claim, 2)
    assert sorted(claimed[0] + claimed[1]) == wanted
    assert len(attempts(database)) == 50


def test_schedulers_that_compose_at_once_make_one_edition(database: Database, outbox: Outbox) -> None:
    """One of them stores its edition; the others leave nothing, whether a quiet one stood there or not."""
    outbox.add(edition("quiet", papers=0), NOW, {}, (), ())
    stored = _at_once(database, lambda mine, n: add(mine, edition(f"ed{n}"), papers=(f"p{n}",)), 4)
    assert sorted(stored) == [False, False, False, True]
    winner = stored.index(True)
    assert outbox.given(ADA.key) == {f"p{winner}"}
    assert outbox.find(ADA, TODAY) == outbox.edition(f"ed{winner}")
    assert rows(database) == {"EditionRow": 1, "LedgerRow": 1}
