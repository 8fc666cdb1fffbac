"""Deliveries as senders see them: claims and leases, stages, parts, pauses, turns, and what must never be sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlmodel import col

from bot.delivery.model import ALERTS, Claim, DeliveryState, Finished, Pause, SendSlot, Stage
from bot.errors import InvariantViolation, LeaseLost
from bot.profiles.model import ChannelName
from bot.store.database import Database
from bot.store.database_clock import DATABASE_NOW
from bot.store.outbox import Outbox
from bot.store.queue import Queue
from bot.store.receivers import Receivers
from bot.store.tables import DeliveryRow, EditionRow, LedgerRow
from tests.support.editions import (
    ADA,
    BOB,
    LEASE,
    MINUTE,
    NOW,
    SECOND,
    TOMORROW,
    S,
    add,
    at_once,
    attempts,
    edition,
    parts,
    receiver,
    stages,
    step,
    stored,
)

OTHER = replace(ADA, target="C0OTHER")


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


@pytest.fixture
def receivers(database: Database) -> Receivers:
    return Receivers(database)


def open_ids(queue: Queue, now: datetime, *subscriptions: str) -> tuple[str, ...]:
    """Ids of the open deliveries; of ADA unless said otherwise."""
    return tuple(one.id for one in queue.open(subscriptions or (ADA.key,), now))


def claim(queue: Queue, id_: str = "ed1-1", owner: str = "one", now: datetime = NOW) -> Claim:
    found = queue.claim(id_, owner, now, LEASE)
    assert found is not None
    return found


def send(queue: Queue, id_: str = "ed1-1") -> None:
    """Claim a delivery, and record that it was sent."""
    claim(queue, id_)
    assert queue.record(id_, "one", step(S.SENT, receipt=f"receipt of {id_}"), NOW)


def put_into(queue: Queue, state: DeliveryState, **values: Any) -> None:
    """Bring the pending delivery ed1-1 into a state as a sender does."""
    if state is not S.PENDING:
        claim(queue)
    if state not in (S.PENDING, S.SENDING):
        queue.record("ed1-1", "one", step(state, **values), NOW)


def change(database: Database, id_: str, **values: Any) -> None:
    """A change that no sender makes."""
    with database.session() as session:
        session.execute(update(DeliveryRow).where(col(DeliveryRow.id) == id_).values(**values))


def expire(database: Database, id_: str = "ed1-1") -> None:
    """End a lease, as time does."""
    change(database, id_, lease=NOW - timedelta(days=9999))


def lease_left(database: Database, id_: str = "ed1-1") -> timedelta:
    """How long the lease lasts by the database's clock."""
    query = select(col(DeliveryRow.lease), DATABASE_NOW).where(col(DeliveryRow.id) == id_)
    with database.reading() as session:
        lease, now = session.execute(query).one()
    assert isinstance(lease, datetime)
    return lease - now


# --- One attempt at a time --------------------------------------------------------------------------------


def test_a_claim_is_exclusive_while_its_lease_lasts(database: Database, outbox: Outbox, queue: Queue) -> None:
    """Nobody else gets the delivery until the lease has run out by the database's clock, whatever theirs says."""
    add(outbox, edition())
    before = claim(queue).delivery
    assert (before.state, before.attempts, before.started) == (S.PENDING, 0, None)
    assert LEASE - 9 * SECOND < lease_left(database) <= LEASE
    for moment in (NOW, NOW - timedelta(days=400), NOW + timedelta(days=400)):
        assert queue.claim("ed1-1", "two", moment, LEASE) is None
        assert queue.claim("ed1-1", "one", moment, LEASE) is None
        assert open_ids(queue, moment) == ()
    expire(database)
    assert open_ids(queue, NOW) == ("ed1-1",)
    before = claim(queue, owner="two").delivery
    assert (before.state, before.attempts, before.started) == (S.SENDING, 1, NOW)


def test_a_lease_runs_out_by_itself(database: Database, outbox: Outbox, queue: Queue) -> None:
    """Its end is compared to the fraction of a second."""
    add(outbox, edition())
    assert queue.claim("ed1-1", "one", NOW, timedelta(seconds=0.2))
    left = lease_left(database)
    assert timedelta(0) < left <= timedelta(seconds=0.2)
    assert open_ids(queue, NOW) == ()
    time.sleep(left.total_seconds())
    assert open_ids(queue, NOW) == ("ed1-1",)


def test_an_unknown_delivery(queue: Queue) -> None:
    assert queue.claim("nothing", "one", NOW, LEASE) is None
    assert not queue.record("nothing", "one", step(S.SENT), NOW)
    assert not queue.renew("nothing", "one", LEASE)
    assert not queue.release("nothing", NOW, settling=True)
    assert not queue.settle("nothing")
    with pytest.raises(LeaseLost):
        queue.hand_over("nothing", "one", Stage.POST, LEASE)


def test_a_late_outcome_goes_to_its_own_attempt_only(
    database: Database, outbox: Outbox, queue: Queue, receivers: Receivers
) -> None:
    """Neither the delivery that another sender has taken over nor others of the target change."""
    add(outbox, edition())
    add(outbox, edition("ed2", on=TOMORROW))
    claim(queue)
    expire(database)
    claim(queue, owner="two", now=NOW + LEASE)
    late = NOW + LEASE + MINUTE
    assert not queue.record("ed1-1", "one", step(S.FAILED, why="archived", pauses="slack:C0PAPERS"), late)
    postponing = step(S.WAITING, until=NOW + 9 * MINUTE, postpones="slack:C0PAPERS")
    assert not queue.record("ed1-1", "one", postponing, late)
    assert receivers.pauses() == ()
    assert stored(outbox, "ed2-1").state is S.PENDING
    assert (stored(outbox).state, stored(outbox).why) == (S.SENDING, "")
    assert attempts(database) == [
        ("ed1-1", NOW, late, "failed", "archived"),
        ("ed1-1", NOW + LEASE, None, None, ""),
    ]
    assert queue.record("ed1-1", "two", step(S.SENT, receipt="C0 1.2"), late + MINUTE)
    assert attempts(database)[1] == ("ed1-1", NOW + LEASE, late + MINUTE, "sent", "")
    assert stored(outbox).receipt == "C0 1.2"


@pytest.mark.parametrize("other", [None, S.WAITING, S.UNCERTAIN, S.FAILED, S.SENT])
def test_a_late_success_counts(
    database: Database, outbox: Outbox, queue: Queue, other: DeliveryState | None
) -> None:
    """Whatever another sender has recorded since, and if it has not yet: it hands nothing over then."""
    add(outbox, edition())
    claim(queue)
    queue.hand_over("ed1-1", "one", Stage.POST, LEASE)
    expire(database)
    claim(queue, owner="two")
    if other:
        assert queue.record("ed1-1", "two", step(other, until=NOW if other is S.WAITING else None), NOW)
    assert not queue.record("ed1-1", "one", step(S.SENT, receipt="r"), NOW)
    found = stored(outbox)
    assert (found.state, found.until, found.lease, found.incident) == (S.SENT, None, None, None)
    assert found.receipt == (None if other is S.SENT else "r")
    with pytest.raises(LeaseLost):
        queue.hand_over("ed1-1", "two", Stage.POST, LEASE)
    assert queue.claim("ed1-1", "two", NOW + 9 * LEASE, LEASE) is None


def test_an_outcome_is_recorded_once(outbox: Outbox, queue: Queue) -> None:
    """By who claimed, also after its lease as long as nobody took over; what was sent stays sent."""
    add(outbox, edition())
    assert not queue.record("ed1-1", "one", step(S.SENT), NOW)
    claim(queue)
    assert queue.record("ed1-1", "one", step(S.SENT, receipt="r"), NOW + 3 * LEASE)
    assert not queue.record("ed1-1", "one", step(S.FAILED), NOW)
    assert (stored(outbox).state, stored(outbox).until, stored(outbox).lease) == (S.SENT, None, None)
    assert queue.claim("ed1-1", "two", NOW + 9 * LEASE, LEASE) is None
    assert open_ids(queue, NOW + 9 * LEASE) == ()


def test_attempts_are_recorded_before_and_after(database: Database, outbox: Outbox, queue: Queue) -> None:
    """What waits is tried again when its time has come, by nobody before; each outcome goes to its attempt."""
    add(outbox, edition())
    claim(queue)
    assert attempts(database) == [("ed1-1", NOW, None, None, "")]
    again = NOW + 10 * MINUTE
    queue.record("ed1-1", "one", step(S.WAITING, until=again, waited=600.0, why="429"), NOW + MINUTE)
    assert (stored(outbox).until, stored(outbox).waited) == (again, 600.0)
    assert open_ids(queue, again - SECOND) == ()
    assert queue.claim("ed1-1", "one", again - SECOND, LEASE) is None
    assert open_ids(queue, again) == ("ed1-1",)
    before = claim(queue, now=again).delivery
    assert (before.state, before.attempts, before.started, before.why) == (S.WAITING, 1, NOW, "429")
    queue.record("ed1-1", "one", step(S.SENT, receipt="r"), again)
    assert attempts(database) == [
        ("ed1-1", NOW, NOW + MINUTE, "waiting", "429"),
        ("ed1-1", again, again, "sent", ""),
    ]
    assert (stored(outbox).attempts, stored(outbox).waited, stored(outbox).why) == (2, 600.0, "")


@pytest.mark.parametrize("end", ["sent", "failed", "waiting", "by another", "settled", "released"])
def test_a_service_out_of_reach_is_recorded(
    database: Database, outbox: Outbox, queue: Queue, end: str
) -> None:
    """Since when it is, until the next outcome, or a person ends the wait."""
    add(outbox, edition())
    put_into(queue, S.UNCERTAIN, until=NOW, waited=0.0, service_out_since=NOW)
    assert (stored(outbox).service_out_since, stored(outbox).waited) == (NOW, 0.0)
    match end:
        case "settled":
            assert queue.settle("ed1-1")
        case "released":
            assert queue.release("ed1-1", NOW, settling=True)
        case "by another":
            claim(queue)
            expire(database)
            claim(queue, owner="two")
            queue.record("ed1-1", "one", step(S.SENT, receipt="r"), NOW)
        case _:
            claim(queue)
            assert stored(outbox).service_out_since == NOW
            queue.record("ed1-1", "one", step(DeliveryState(end), until=NOW), NOW)
    assert stored(outbox).service_out_since is None


def test_an_uncertain_delivery_is_tried_again_or_held(outbox: Outbox, queue: Queue) -> None:
    """With a time it is due then; without one only `release` brings it back."""
    add(outbox, edition())
    put_into(queue, S.UNCERTAIN, until=NOW + MINUTE, why="broke off")
    assert open_ids(queue, NOW + MINUTE) == ("ed1-1",)
    assert claim(queue, now=NOW + MINUTE).delivery.state is S.UNCERTAIN
    queue.record("ed1-1", "one", step(S.UNCERTAIN, why="broke off again"), NOW)
    for moment in (NOW, NOW + timedelta(days=400)):
        assert open_ids(queue, moment) == ()
        assert queue.claim("ed1-1", "one", moment, LEASE) is None
    assert stored(outbox).has_stopped
    assert queue.release("ed1-1", NOW, settling=True)
    assert open_ids(queue, NOW) == ("ed1-1",)


# --- Released or settled by a person ----------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.PENDING, S.SENDING, S.SENT, S.WAITING])
def test_what_has_not_stopped_is_neither_released_nor_settled(
    outbox: Outbox, queue: Queue, receivers: Receivers, state: DeliveryState
) -> None:
    """The pauses of its target stay, too."""
    add(outbox, edition())
    put_into(queue, state, until=NOW + MINUTE)
    receivers.pause("slack:C0PAPERS", "because", NOW)
    before = stored(outbox)
    assert not queue.release("ed1-1", NOW, settling=True)
    assert not queue.settle("ed1-1")
    assert stored(outbox) == before
    assert len(receivers.pauses()) == 1


def test_a_failed_delivery_is_released(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """It begins again with a whole day of tries; pauses of its channel and target end, others stay."""
    add(outbox, edition())
    put_into(queue, S.FAILED, why="gone", waited=86400.0, pauses="slack:C0PAPERS")
    for scope in ("slack", "email", "slack:C0OTHER", BOB.key):
        receivers.pause(scope, "because", NOW)
    assert queue.release("ed1-1", NOW, settling=True)
    found = stored(outbox)
    assert (found.state, found.attempts, found.waited, found.until, found.why) == (
        S.PENDING,
        0,
        0.0,
        None,
        "",
    )
    assert {pause.scope for pause in receivers.pauses()} == {"email", "slack:C0OTHER", BOB.key}


@pytest.mark.parametrize(
    ("to", "until", "now", "due"),
    [
        (ADA, None, NOW, NOW),  # held: at once
        (ADA, NOW + MINUTE, NOW, NOW + MINUTE),  # a message appears in Slack's history only after a while
        (ADA, NOW + MINUTE, NOW + 2 * MINUTE, NOW + 2 * MINUTE),
        (BOB, NOW + MINUTE, NOW, NOW),  # a mail cannot be looked up
        (BOB, None, NOW, NOW),
    ],
)
def test_an_uncertain_delivery_is_released(
    outbox: Outbox, queue: Queue, to: Any, until: datetime | None, now: datetime, due: datetime
) -> None:
    """It stays in doubt, and has an unverified retry unless it is to be looked up."""
    add(outbox, edition(to=to))
    put_into(queue, S.UNCERTAIN, until=until, why="broke off", unverified_retries=0)
    assert queue.release("ed1-1", now, settling=to is ADA)
    found = stored(outbox)
    retries = 0 if to is ADA else 1
    assert (found.state, found.until, found.attempts, found.unverified_retries) == (
        S.UNCERTAIN,
        due,
        0,
        retries,
    )
    assert (found.started, found.why, found.may_have_arrived) == (NOW, "", True)
    assert open_ids(queue, due - SECOND, to.key) == ()
    assert open_ids(queue, due, to.key) == ("ed1-1",)


@pytest.mark.parametrize("state", [S.FAILED, S.UNCERTAIN])
def test_a_settled_delivery_counts_as_sent(outbox: Outbox, queue: Queue, state: DeliveryState) -> None:
    """It is not an incident any more; the parts after it go out, outside a thread that never began."""
    add(outbox, edition(papers=2), papers=("arxiv:1", "arxiv:2"), count=2)
    put_into(queue, state, why="broke off")
    assert queue.settle("ed1-1")
    found = stored(outbox)
    assert (found.state, found.until, found.incident, found.receipt) == (S.SENT, None, None, None)
    assert claim(queue, "ed1-2").envelope.thread is None


# --- Stages and leases ------------------------------------------------------------------------------------


def test_handing_over_stores_the_stage_and_renews_the_lease(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """An attempt left at it is in doubt until the outcome of the next one is recorded."""
    add(outbox, edition())
    claim(queue)
    assert (stored(outbox).stage, stages(database)) == (Stage.CLAIMED, ["claimed"])
    expire(database)
    assert queue.hand_over("ed1-1", "one", Stage.DATA, 2 * LEASE) is None
    assert stored(outbox).stage is Stage.DATA
    assert LEASE < lease_left(database) <= 2 * LEASE
    assert queue.claim("ed1-1", "two", NOW, LEASE) is None
    expire(database)
    assert claim(queue, owner="two").delivery.stage is Stage.DATA
    assert (stored(outbox).stage, stages(database)) == (Stage.DOUBTED, ["data", "claimed"])
    queue.record("ed1-1", "two", step(S.WAITING, until=NOW), NOW, Stage.RCPT)
    assert (stored(outbox).stage, stages(database)) == (Stage.RCPT, ["data", "rcpt"])


@pytest.mark.parametrize(
    ("stage", "in_doubt"), [(None, False), (Stage.DATA, True), (Stage.POST, True), (Stage.WRITE, True)]
)
def test_a_crash_leaves_a_doubt_only_after_handing_over(
    database: Database, outbox: Outbox, queue: Queue, stage: Stage | None, in_doubt: bool
) -> None:
    add(outbox, edition())
    claim(queue)
    if stage:
        queue.hand_over("ed1-1", "one", stage, LEASE)
    expire(database)
    assert claim(queue, owner="two").delivery.may_have_arrived is in_doubt


def test_a_sender_that_was_taken_over_hands_nothing_over(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """It changes neither stage nor lease, and takes no turn."""
    add(outbox, edition())
    claim(queue)
    expire(database)
    claim(queue, owner="two")
    before = stored(outbox)
    slot = SendSlot("slack:C0PAPERS", SECOND)
    with pytest.raises(LeaseLost, match="ed1-1 was taken over"):
        queue.hand_over("ed1-1", "one", Stage.POST, 9 * LEASE, slot, 0)
    assert stored(outbox) == before
    assert stages(database) == ["claimed", "claimed"]
    assert queue.hand_over("ed1-1", "two", Stage.POST, LEASE, slot) == 0


def test_a_lease_is_renewed_by_its_holder_only(database: Database, outbox: Outbox, queue: Queue) -> None:
    """Also after it has run out, as long as nobody took over; and only while the delivery is being sent."""
    add(outbox, edition())
    claim(queue)
    expire(database)
    assert queue.renew("ed1-1", "one", 2 * LEASE)
    assert LEASE < lease_left(database) <= 2 * LEASE
    assert queue.claim("ed1-1", "two", NOW, LEASE) is None
    expire(database)
    claim(queue, owner="two")
    assert not queue.renew("ed1-1", "one", 9 * LEASE)
    assert lease_left(database) <= LEASE
    queue.record("ed1-1", "two", step(S.SENT), NOW)
    assert not queue.renew("ed1-1", "two", 9 * LEASE)
    assert stored(outbox).lease is None


def test_unverified_retries_are_counted(database: Database, outbox: Outbox, queue: Queue) -> None:
    """One is used up when it is handed over, not before; an outcome may give it back."""
    add(outbox, edition())
    change(database, "ed1-1", unverified_retries=1)
    claim(queue)
    left = [stored(outbox).unverified_retries]
    for retries in (None, 0):
        queue.hand_over("ed1-1", "one", Stage.DATA, LEASE, None, retries)
        left.append(stored(outbox).unverified_retries)
    for retries in (None, 1):
        queue.record("ed1-1", "one", step(S.UNCERTAIN, until=NOW, unverified_retries=retries), NOW)
        left.append(stored(outbox).unverified_retries)
        claim(queue)
    assert left == [1, 1, 0, 0, 1]


# --- Parts and subscriptions ------------------------------------------------------------------------------


def test_parts_go_out_in_order(outbox: Outbox, queue: Queue) -> None:
    """A part can be claimed when all before it are sent, and not when one has failed."""
    add(outbox, edition(), count=3)
    assert open_ids(queue, NOW) == ("ed1-1", "ed1-2", "ed1-3")
    assert queue.claim("ed1-2", "one", NOW, LEASE) is None
    send(queue, "ed1-1")
    assert queue.claim("ed1-3", "one", NOW, LEASE) is None
    claim(queue, "ed1-2")
    assert queue.claim("ed1-3", "one", NOW, LEASE) is None
    queue.record("ed1-2", "one", step(S.FAILED), NOW)
    assert queue.claim("ed1-3", "one", NOW, LEASE) is None


def test_an_envelope_has_the_stored_bytes_and_the_first_receipt(outbox: Outbox, queue: Queue) -> None:
    """Every attempt gets the same; later parts have the thread."""
    add(outbox, edition(), count=2)
    envelope = claim(queue).envelope
    assert (envelope.payload, envelope.target, envelope.started) == (parts()[0].payload, "C0PAPERS", NOW)
    assert envelope.thread is None
    queue.record("ed1-1", "one", step(S.SENT, receipt="C0 1.2"), NOW)
    envelope = claim(queue, "ed1-2", now=NOW + MINUTE).envelope
    assert (envelope.delivery, envelope.thread, envelope.started) == ("ed1-2", "C0 1.2", NOW + MINUTE)
    queue.record("ed1-2", "one", step(S.WAITING, until=NOW + 2 * MINUTE), NOW + MINUTE)
    assert claim(queue, "ed1-2", now=NOW + 2 * MINUTE).envelope == envelope


def test_a_first_part_that_is_sent_during_a_claim(database: Database, outbox: Outbox, queue: Queue) -> None:
    """The second part, claimed by another sender at that moment, belongs to its thread all the same."""
    if database.engine.dialect.name == "sqlite":
        pytest.skip("transactions that write exclude each other")
    add(outbox, edition(papers=2), papers=("arxiv:1", "arxiv:2"), count=2)
    claim(queue)

    def send_first_part(*call: Any) -> None:
        if call[2].startswith("UPDATE delivery") and stored(outbox).state is S.SENDING:
            with closing(Database(database.url.render_as_string(hide_password=False))) as own:
                assert Queue(own).record("ed1-1", "one", step(S.SENT, receipt="C0 1.2"), NOW)

    event.listen(database.engine, "before_cursor_execute", send_first_part)
    assert claim(queue, "ed1-2", owner="two").envelope.thread == "C0 1.2"


def test_open_deliveries_of_some_subscriptions(outbox: Outbox, queue: Queue) -> None:
    """By date, then subscription, then part; with where they go."""
    add(outbox, edition("late", on=TOMORROW), count=2)
    add(outbox, edition("early"))
    add(outbox, edition("bobs", to=BOB))
    assert open_ids(queue, NOW, BOB.key, ADA.key) == ("early-1", "bobs-1", "late-1", "late-2")
    assert queue.open([BOB.key], NOW) == (("bobs-1", ChannelName.EMAIL, "bob@example.org"),)
    assert queue.open([], NOW) == ()


# --- Pauses and postponement ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ("slack", {"bobs-1"}),
        ("slack:C0PAPERS", {"others-1", "bobs-1"}),
        (ADA.key, {"others-1", "bobs-1"}),
        ("email:bob@example.org", {"adas-1", "others-1"}),
        ("C0PAPERS", {"adas-1", "others-1", "bobs-1"}),  # not a scope
        ("slack:C0", {"adas-1", "others-1", "bobs-1"}),
    ],
)
def test_a_pause_stops_its_scope(
    outbox: Outbox, queue: Queue, receivers: Receivers, scope: str, left: set[str]
) -> None:
    """A channel, a target of it, or a subscription: neither open nor to be claimed, until it is resumed."""
    for token, to in (("adas", ADA), ("others", OTHER), ("bobs", BOB)):
        add(outbox, edition(token, to=to))
    keys, ids = (ADA.key, OTHER.key, BOB.key), {"adas-1", "others-1", "bobs-1"}
    receivers.pause(scope, "because", NOW)
    assert set(open_ids(queue, NOW, *keys)) == left
    for id_ in ids - left:
        assert queue.claim(id_, "one", NOW, LEASE) is None
    receivers.resume(scope)
    assert set(open_ids(queue, NOW, *keys)) == ids
    for id_ in ids:
        claim(queue, id_)


def test_an_outcome_may_pause_a_scope(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """With its reason and time; an earlier pause keeps its own."""
    add(outbox, edition())
    add(outbox, edition("ed2", on=TOMORROW))
    put_into(queue, S.FAILED, why="archived", pauses="slack:C0PAPERS")
    assert open_ids(queue, NOW) == ()
    receivers.pause("slack:C0PAPERS", "later", NOW + MINUTE)
    assert receivers.pauses() == (Pause("slack:C0PAPERS", "archived", NOW),)


def test_several_outcomes_at_once_make_one_pause(
    database: Database, outbox: Outbox, receivers: Receivers
) -> None:
    """A token that is revoked under several senders: all record their outcomes, and the first reason stays."""
    for n in range(4):
        add(outbox, edition(f"ed{n}", to=replace(ADA, target=f"C{n}")))
        claim(Queue(database), f"ed{n}-1", f"owner{n}")

    def fail(own: Database, number: int) -> bool:
        stopped = step(S.FAILED, why=f"revoked, says {number}", incident="slack", pauses="slack")
        return Queue(own).record(f"ed{number}-1", f"owner{number}", stopped, NOW + number * MINUTE)

    for _ in range(3):
        assert at_once(database, fail, 4) == [True] * 4
        (pause,) = receivers.pauses()
        assert pause.scope == "slack"
        receivers.resume("slack")
        for n in range(4):
            change(database, f"ed{n}-1", state=S.SENDING, owner=f"owner{n}")


@pytest.mark.parametrize("scope", [f"slack:{ADA.target}", None])
def test_an_outcome_may_postpone_a_scope(outbox: Outbox, queue: Queue, scope: str | None) -> None:
    """What is pending or waits for less waits as long; all else stays: what waits longer, is in doubt, under way or
    through, and what goes elsewhere.
    """
    until = NOW + 10 * MINUTE
    for n, token in enumerate(("ed1", "pending", "sooner", "later", "doubt", "going", "failed", "through")):
        add(outbox, edition(token, on=date(2026, 5, 1 + n)))
    add(outbox, edition("other", to=OTHER))
    add(outbox, edition("mail", to=replace(BOB, target="C0PAPERS")))
    outcomes = {
        "sooner-1": step(S.WAITING, until=NOW + MINUTE),
        "later-1": step(S.WAITING, until=NOW + 60 * MINUTE),
        "doubt-1": step(S.UNCERTAIN, until=NOW + MINUTE),
        "failed-1": step(S.FAILED),
        "through-1": step(S.SENT, receipt="r"),
    }
    for id_ in (*outcomes, "going-1"):
        claim(queue, id_)
    for id_, outcome in outcomes.items():
        queue.record(id_, "one", outcome, NOW)
    postponed = ("pending-1", "sooner-1") if scope else ()
    others = {"other-1", "mail-1", "going-1", "pending-1", *outcomes} - set(postponed)
    before = {id_: stored(outbox, id_) for id_ in others}
    put_into(queue, S.WAITING, until=until, why="429", postpones=scope)
    assert {id_: stored(outbox, id_) for id_ in others} == before
    for id_ in ("ed1-1", *postponed):
        found = stored(outbox, id_)
        assert (found.state, found.until, found.why) == (S.WAITING, until, "429")
    assert stored(outbox, "pending-1").attempts == 0


# --- Turns of a conversation ------------------------------------------------------------------------------


def turn(queue: Queue, conversation: str = "slack:C0PAPERS", spacing: timedelta = MINUTE) -> float:
    """The seconds to wait of a delivery that is handed over now."""
    wait = queue.hand_over("ed1-1", "one", Stage.POST, LEASE, SendSlot(conversation, spacing))
    assert wait is not None
    return wait


def test_turns_of_a_conversation_are_apart(outbox: Outbox, queue: Queue) -> None:
    """The first goes at once, each other one after the one before; conversations do not wait for each other."""
    add(outbox, edition())
    claim(queue)
    assert [turn(queue) for _ in range(3)] == pytest.approx([0, 60, 120], abs=5)
    assert turn(queue, "slack:C0OTHER") == 0
    brief = [turn(queue, "slack:C0BRIEF", timedelta(milliseconds=10)) for _ in range(2)]
    time.sleep(0.02)
    assert [*brief, turn(queue, "slack:C0BRIEF")] == pytest.approx([0, 0.01, 0], abs=0.01)


@pytest.mark.parametrize(("ahead", "wait"), [(timedelta(minutes=4), 240.0), (timedelta(days=1), 0.0)])
def test_a_turn_far_in_the_future_is_ignored(
    outbox: Outbox, queue: Queue, ahead: timedelta, wait: float
) -> None:
    """A clock that was set back does not stop a conversation for a day; a queue of minutes is waited for."""
    add(outbox, edition())
    claim(queue)
    found = [turn(queue, spacing=ahead), turn(queue), turn(queue)]
    assert found == pytest.approx([0, wait, wait + 60], abs=5)


def test_senders_of_several_processes_queue_up(database: Database, outbox: Outbox) -> None:
    """Four at one conversation, ten messages each: no turn is given twice, none is left free."""
    for n in range(4):
        add(outbox, edition(f"ed{n}", to=replace(ADA, profile=f"p{n}")))
        claim(Queue(database), f"ed{n}-1", f"owner{n}")
    slot = SendSlot("slack:C0PAPERS", 5 * SECOND)

    def hand_over(own: Database, number: int) -> Iterable[float | None]:
        queue, id_, owner = Queue(own), f"ed{number}-1", f"owner{number}"
        return [queue.hand_over(id_, owner, Stage.POST, LEASE, slot) for _ in range(10)]

    waits = [wait for each in at_once(database, hand_over, 4) for wait in each if wait is not None]
    assert sorted(waits) == pytest.approx([n * 5 for n in range(40)], abs=4)


# --- What must never be sent ------------------------------------------------------------------------------


def assert_forbidden(outbox: Outbox, queue: Queue, id_: str, why: str) -> None:
    """Claiming raises the reason; the delivery has failed for it, for good, and no attempt was made."""
    before = stored(outbox, id_)
    with pytest.raises(InvariantViolation) as violation:
        queue.claim(id_, "one", NOW, LEASE)
    assert id_ in str(violation.value)
    assert why in str(violation.value)
    found = stored(outbox, id_)
    assert (found.state, found.until, found.attempts) == (S.FAILED, None, before.attempts)
    assert found.why in str(violation.value)
    assert queue.claim(id_, "one", NOW + 9 * LEASE, LEASE) is None
    assert found.is_forbidden
    assert found not in outbox.failed()


@pytest.mark.parametrize("receipt", [None, "receipt of ed1-1"])
@pytest.mark.parametrize("is_alert", [False, True])
def test_what_was_sent_is_never_sent_again(
    database: Database, outbox: Outbox, queue: Queue, receipt: str | None, is_alert: bool
) -> None:
    """Whatever makes it pending again, with its receipt or without: its attempts show it."""
    add(outbox, edition())
    if is_alert:  # a message of no edition
        change(database, "ed1-1", subscription=ALERTS, edition=None, papers=0, shows=[])
    send(queue)
    before = attempts(database)
    change(database, "ed1-1", state=S.PENDING, receipt=receipt)
    assert_forbidden(outbox, queue, "ed1-1", "it was sent before")
    assert attempts(database) == before
    assert queue.release("ed1-1", NOW, settling=True)  # not after `resend` either
    assert_forbidden(outbox, queue, "ed1-1", "it was sent before")


def copy_edition(database: Database) -> None:
    """The rows of the edition ed1 under another id and date, as a restored backup might bring them."""
    with database.session() as session:
        row = session.get_one(EditionRow, "ed1")
        session.add(EditionRow(**row.model_dump() | {"id": "ed2", "on": TOMORROW}))
        session.flush()
        one = session.get_one(DeliveryRow, "ed1-1")
        copied = {"id": "ed2-1", "edition": "ed2", "state": S.PENDING, "receipt": None, "owner": None}
        session.add(DeliveryRow(**one.model_dump() | copied))


def test_a_paper_is_never_sent_twice_to_a_receiver(database: Database, outbox: Outbox, queue: Queue) -> None:
    """Only papers of messages that were sent count, and only to the same receiver."""
    add(outbox, edition(), papers=("arxiv:1", "arxiv:2"))
    copy_edition(database)
    add(outbox, edition("bobs", to=BOB), papers=("arxiv:1",))
    send(queue, "bobs-1")
    send(queue)
    assert_forbidden(outbox, queue, "ed2-1", f"{receiver(ADA)} was sent arxiv:1 before")


def test_a_paper_of_a_message_that_was_not_sent_may_be_sent(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    add(outbox, edition(), papers=("arxiv:1",))
    copy_edition(database)
    claim(queue, "ed2-1")


def test_works_that_were_merged_later_are_not_a_violation(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """They were shown as two; since then the ledger's row of the second has become the first one's."""
    add(outbox, edition(), papers=("title:x",))
    send(queue)
    add(outbox, edition("ed2", on=TOMORROW), papers=("arxiv:1",))
    with database.session() as session:
        session.delete(session.get_one(LedgerRow, (receiver(ADA), "arxiv:1")))
        session.flush()
        row = session.get_one(LedgerRow, (receiver(ADA), "title:x"))
        session.add(LedgerRow(receiver=receiver(ADA), paper="arxiv:1", edition=row.edition))
        session.delete(row)
    claim(queue, "ed2-1")


def test_no_more_is_sent_than_was_composed(database: Database, outbox: Outbox, queue: Queue) -> None:
    """A message with more papers than the digest has left."""
    add(outbox, edition(papers=2), papers=("arxiv:1", "arxiv:2"), count=2)
    with database.session() as session:
        row = session.get_one(DeliveryRow, "ed1-2")
        session.add(DeliveryRow(**row.model_dump() | {"id": "ed1-3", "part": 3, "shows": []}))
    send(queue)
    send(queue, "ed1-2")
    assert_forbidden(outbox, queue, "ed1-3", "the digest has 2 papers, and with it 3 would be sent")


# --- Checked together -------------------------------------------------------------------------------------


def test_a_delivery_that_has_changed_since_it_was_checked_is_not_taken(outbox: Outbox, queue: Queue) -> None:
    """Another sender had it in the meantime, and left it waiting, in doubt or handed over."""
    add(outbox, edition())
    checked = queue.check(["ed1-1", "nothing"])
    assert list(checked) == ["ed1-1"]
    claim(queue, owner="two")
    assert queue.claim("ed1-1", "one", NOW, LEASE, checked["ed1-1"]) is None
    for outcome in (step(S.WAITING, until=NOW), step(S.UNCERTAIN, until=NOW)):
        queue.record("ed1-1", "two", outcome, NOW)
        assert queue.claim("ed1-1", "one", NOW, LEASE, checked["ed1-1"]) is None
        claim(queue, owner="two")
    assert queue.check(["ed1-1"])["ed1-1"].delivery.attempts == 3


def test_a_stage_that_was_reached_after_the_check_is_not_missed(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """A sender that was taken for dead hands over, and dies then: the message may have arrived."""
    add(outbox, edition())
    claim(queue, owner="dead")
    expire(database)
    checked = queue.check(["ed1-1"])
    queue.hand_over("ed1-1", "dead", Stage.POST, LEASE)
    expire(database)
    assert queue.claim("ed1-1", "one", NOW, LEASE, checked["ed1-1"]) is None
    assert claim(queue).delivery.may_have_arrived


def test_an_outcome_is_recorded_with_the_next_hand_over(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """In one transaction: neither is stored when the next delivery was taken over by another sender."""
    for token, on in (("ed1", NOW.date()), ("ed2", TOMORROW)):
        add(outbox, edition(token, on=on))
        claim(queue, f"{token}-1")
    finished = Finished("ed1-1", "one", step(S.SENT, receipt="r"), NOW, Stage.DATA)
    with pytest.raises(LeaseLost):
        queue.hand_over("ed2-1", "other", Stage.DATA, LEASE, finished=finished)
    assert stored(outbox).state is S.SENDING
    queue.hand_over("ed2-1", "one", Stage.DATA, LEASE, finished=finished)
    assert (stored(outbox).state, stored(outbox, "ed2-1").stage) == (S.SENT, Stage.DATA)
    assert [row[3] for row in attempts(database)] == ["sent", None]


def test_new_deliveries_are_claimed_together(database: Database, outbox: Outbox, queue: Queue) -> None:
    """Those that nobody has, that were never tried, and that no pause stops."""
    tokens = ["ed1", "ed2", "ed3", "ed4"]
    for token in tokens:
        add(outbox, edition(token, to=replace(ADA, target=f"C0{token}")))
    checked = queue.check(f"{token}-1" for token in tokens)
    assert all(one.is_new for one in checked.values())
    claim(queue, "ed1-1", "other")
    claim(queue, "ed2-1", "other")
    queue.record("ed2-1", "other", step(S.WAITING, until=NOW), NOW)
    Receivers(database).pause("slack:C0ed3", "archived", NOW)
    (taken,) = queue.claim_new(checked.values(), "one", NOW, LEASE)
    assert (taken.delivery, taken.envelope.payload) == (checked["ed4-1"].delivery, checked["ed4-1"].payload)
    assert taken.envelope.started == NOW
    left = stored(outbox, "ed4-1")
    assert (left.state, left.stage, left.attempts, left.started) == (S.SENDING, Stage.CLAIMED, 1, NOW)
    assert timedelta(0) < lease_left(database, "ed4-1") <= LEASE
    assert queue.claim_new(checked.values(), "one", NOW, LEASE) == []


def test_claims_that_are_given_back_leave_no_trace(database: Database, outbox: Outbox, queue: Queue) -> None:
    """But for a delivery that is handed over already, or that another sender has taken over."""
    for token in ("ed1", "ed2", "ed3"):
        add(outbox, edition(token, to=replace(ADA, target=f"C0{token}")))
    checked = queue.check(["ed1-1", "ed2-1", "ed3-1"])
    claims = queue.claim_new(checked.values(), "one", NOW, LEASE)
    queue.hand_over("ed2-1", "one", Stage.POST, LEASE)
    expire(database, "ed3-1")
    claim(queue, "ed3-1", "other")
    queue.give_back(claims, "one")
    assert stored(outbox, "ed1-1") == checked["ed1-1"].delivery
    assert [stored(outbox, id_).state for id_ in ("ed2-1", "ed3-1")] == [S.SENDING] * 2
    assert [row[0] for row in attempts(database)] == ["ed2-1", "ed3-1", "ed3-1"]


# --- Several at once --------------------------------------------------------------------------------------


def test_two_senders_claim_each_delivery_once(database: Database, outbox: Outbox) -> None:
    """Fifty deliveries, two senders that want them all: each is claimed by exactly one."""
    for n in range(50):
        add(outbox, edition(f"ed{n:02}", to=replace(ADA, target=f"C{n}")))
    wanted = [f"ed{n:02}-1" for n in range(50)]

    def claim_all(own: Database, number: int) -> list[str]:
        order = wanted if number == 0 else wanted[::-1]
        return [id_ for id_ in order if Queue(own).claim(id_, f"owner{number}", NOW, LEASE)]

    claimed = at_once(database, claim_all, 2)
    assert sorted(claimed[0] + claimed[1]) == wanted
    assert len(attempts(database)) == 50


def test_two_senders_claim_new_deliveries_once(database: Database, outbox: Outbox) -> None:
    """As above, when each claims many together, in opposite orders: without a deadlock."""
    for n in range(60):
        add(outbox, edition(f"ed{n:02}", to=replace(ADA, target=f"C{n}")))
    wanted = [f"ed{n:02}-1" for n in range(60)]

    def claim_all(own: Database, number: int) -> list[str]:
        order, found = (wanted if number == 0 else wanted[::-1]), list[Claim]()
        for start in range(0, 60, 12):
            few = Queue(own).check(order[start : start + 12])
            new = [few[id_] for id_ in order[start : start + 12] if few[id_].is_new]
            found += Queue(own).claim_new(new, f"owner{number}", NOW, LEASE)
        return [claim.delivery.id for claim in found]

    claimed = at_once(database, claim_all, 2)
    assert len(claimed[0] + claimed[1]) == len({*claimed[0], *claimed[1]})
    assert len(attempts(database)) == len(claimed[0] + claimed[1])


def test_hand_overs_at_once(database: Database, outbox: Outbox, queue: Queue) -> None:
    """Many threads: each hands over its own delivery and records its outcome, and one that lost its lease sends
    nothing, alone.
    """
    tokens = [f"ed{n:02}" for n in range(24)]
    for token in tokens:
        add(outbox, edition(token, to=replace(ADA, target=f"C{token}")))
        claim(queue, f"{token}-1", "other" if token == "ed07" else "one")
    barrier = threading.Barrier(8)

    def work(number: int) -> list[str]:
        barrier.wait(10)
        last, handed_over = None, []
        for token in tokens[number::8]:
            try:
                queue.hand_over(f"{token}-1", "one", Stage.DATA, LEASE, finished=last)
            except LeaseLost:
                continue
            last = Finished(f"{token}-1", "one", step(S.SENT, receipt=f"r{token}"), NOW, Stage.ANSWER)
            handed_over.append(token)
        assert last
        queue.record(*last)
        return handed_over

    with ThreadPoolExecutor(8) as pool:
        handed_over = [token for tokens_ in pool.map(work, range(8)) for token in tokens_]
    assert sorted(handed_over) == [token for token in tokens if token != "ed07"]
    assert {token: stored(outbox, f"{token}-1").receipt for token in handed_over} == {
        t: f"r{t}" for t in handed_over
    }
    assert stored(outbox, "ed07-1").stage is Stage.CLAIMED
    assert sorted(row[3] for row in attempts(database) if row[3]) == ["sent"] * 23


def test_a_takeover_and_a_handing_over_at_once(database: Database, outbox: Outbox, queue: Queue) -> None:
    """When a lease runs out, either its holder hands over or another sender takes the delivery, never both."""
    ids = [f"ed{n:02}-1" for n in range(20)]
    for n, id_ in enumerate(ids):
        add(outbox, edition(id_.removesuffix("-1"), to=replace(ADA, target=f"C{n}")))
        claim(queue, id_, "slow")
        expire(database, id_)

    def hands_over(slow: Queue, id_: str) -> bool:
        try:
            slow.hand_over(id_, "slow", Stage.POST, LEASE)
        except LeaseLost:
            return False
        return True

    def race(own: Database, number: int) -> list[bool]:
        theirs = Queue(own)
        if number == 0:
            return [hands_over(theirs, id_) for id_ in ids]
        return [theirs.claim(id_, "new", NOW, LEASE) is not None for id_ in ids]

    handed_over, claimed = at_once(database, race, 2)
    assert all(old != new for old, new in zip(handed_over, claimed, strict=True))
    assert len(attempts(database)) == 20 + sum(claimed)


@pytest.mark.parametrize("stage", Stage)
def test_handing_back(outbox: Outbox, queue: Queue, stage: Stage) -> None:
    """What a sender holds when it ends is free at once, unless it may have arrived; what others hold is theirs."""
    add(outbox, edition())
    claim(queue)
    queue.hand_over("ed1-1", "one", stage, LEASE)
    queue.hand_back("another")
    assert open_ids(queue, NOW) == ()
    queue.hand_back("one")
    assert open_ids(queue, NOW) == (() if stage.hands_over else ("ed1-1",))
    if not stage.hands_over:  # it has the lease again until another one claims it
        queue.hand_over("ed1-1", "one", Stage.POST, LEASE)
        assert open_ids(queue, NOW) == ()
