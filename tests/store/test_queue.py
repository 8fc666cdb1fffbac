"""Deliveries as senders see them: one sender at a time, every stage stored, turns and pauses kept, nothing twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from bot.delivery.model import ALERTS, Claim, DeliveryState, EditionState, Part, Pause, SendSlot, Stage
from bot.errors import InvariantViolation, LeaseLost
from bot.profiles.model import ChannelName
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.queue import Queue
from bot.store.receivers import Receivers
from bot.store.tables import AttemptRow, DeliveryRow, EditionRow, LedgerRow
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
    first,
    parts,
    stages,
    step,
    stored,
)


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


@pytest.fixture
def receivers(database: Database) -> Receivers:
    return Receivers(database)


def opened(queue: Queue, now: datetime, *subscriptions: str) -> tuple[str, ...]:
    """Ids of what is to be tried; Ada's, unless said otherwise."""
    return tuple(one.id for one in queue.open(subscriptions or (ADA.key,), now))


def taken(queue: Queue, id_: str = "ed1-1", owner: str = "one", now: datetime = NOW) -> None:
    assert queue.claim(id_, owner, now, LEASE) is not None


def sent(queue: Queue, id_: str = "ed1-1", owner: str = "one", now: datetime = NOW) -> None:
    """Claimed and sent."""
    taken(queue, id_, owner, now)
    assert queue.record(id_, owner, step(S.SENT, receipt=f"receipt of {id_}"), now)


def change(database: Database, id_: str, **values: Any) -> None:
    """What no sender does."""
    with database.session() as session:
        session.execute(update(DeliveryRow).where(col(DeliveryRow.id) == id_).values(**values))


# --- One attempt at a time --------------------------------------------------------------------------------


def test_a_claim_is_exclusive_while_its_lease_lasts(outbox: Outbox, queue: Queue) -> None:
    """The second owner gets nothing, until the first one's lease has run out."""
    add(outbox, edition())
    claim = queue.claim("ed1-1", "one", NOW, LEASE)
    assert claim is not None
    assert (claim.delivery.state, claim.delivery.attempts, claim.delivery.started) == (S.PENDING, 0, None)
    for moment in (NOW, NOW + LEASE - timedelta(seconds=1)):
        assert queue.claim("ed1-1", "two", moment, LEASE) is None
        assert queue.claim("ed1-1", "one", moment, LEASE) is None
        assert opened(queue, moment) == ()
    assert opened(queue, NOW + LEASE) == ("ed1-1",)
    claim = queue.claim("ed1-1", "two", NOW + LEASE, LEASE)
    assert claim is not None
    assert (claim.delivery.state, claim.delivery.attempts, claim.delivery.started) == (S.SENDING, 1, NOW)


def test_what_is_not_there_cannot_be_claimed(queue: Queue) -> None:
    """Nor recorded, renewed, handed over."""
    assert queue.claim("nothing", "one", NOW, LEASE) is None
    assert not queue.record("nothing", "one", step(S.SENT), NOW)
    assert not queue.renew("nothing", "one", NOW + LEASE)
    with pytest.raises(LeaseLost):
        queue.hand_over("nothing", "one", Stage.POST, NOW + LEASE)


def test_who_lost_the_lease_records_nothing_over_the_other(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """A late outcome neither changes the delivery nor the attempt that is under way; its own attempt has it."""
    add(outbox, edition())
    taken(queue)
    taken(queue, owner="two", now=NOW + LEASE)
    late = NOW + LEASE + MINUTE
    assert not queue.record("ed1-1", "one", step(S.FAILED, why="refused"), late)
    assert (first(outbox).state, first(outbox).why) == (S.SENDING, "")
    assert attempts(database) == [
        ("ed1-1", NOW, late, "failed", "refused"),
        ("ed1-1", NOW + LEASE, None, None, ""),
    ]
    assert queue.record("ed1-1", "two", step(S.SENT, receipt="C0 1.2"), late + MINUTE)
    assert attempts(database)[1] == ("ed1-1", NOW + LEASE, late + MINUTE, "sent", "")
    assert first(outbox).receipt == "C0 1.2"


def test_who_lost_the_lease_neither_pauses_nor_postpones(
    outbox: Outbox, queue: Queue, receivers: Receivers
) -> None:
    """What a late outcome says of the target is the successor's to find out."""
    add(outbox, edition())
    add(outbox, edition("ed2", on=TOMORROW))
    taken(queue)
    taken(queue, owner="two", now=NOW + LEASE)
    late = step(S.FAILED, why="archived", pauses="slack:C0PAPERS")
    assert not queue.record("ed1-1", "one", late, NOW + LEASE)
    late = step(S.WAITING, until=NOW + 9 * MINUTE, postpones=f"slack:{ADA.target}")
    assert not queue.record("ed1-1", "one", late, NOW + LEASE)
    assert receivers.pauses() == ()
    assert stored(outbox, "ed2-1").state is S.PENDING


def test_an_owner_without_rival_records_after_its_lease(outbox: Outbox, queue: Queue) -> None:
    """A lease that ran out takes nothing away as long as nobody took over."""
    add(outbox, edition())
    taken(queue)
    assert queue.record("ed1-1", "one", step(S.SENT), NOW + 3 * LEASE)


def test_an_outcome_is_recorded_once(outbox: Outbox, queue: Queue) -> None:
    """What was sent stays sent; who never claimed cannot record."""
    add(outbox, edition())
    assert not queue.record("ed1-1", "one", step(S.SENT), NOW)
    taken(queue)
    assert queue.record("ed1-1", "one", step(S.SENT, receipt="r"), NOW)
    assert not queue.record("ed1-1", "one", step(S.FAILED), NOW)
    assert (first(outbox).state, first(outbox).until) == (S.SENT, None)
    assert queue.claim("ed1-1", "two", NOW + 9 * LEASE, LEASE) is None
    assert opened(queue, NOW + 9 * LEASE) == ()


def test_attempts_are_recorded_before_and_after(database: Database, outbox: Outbox, queue: Queue) -> None:
    """Each try has its row before it is made; outcomes come after, each to its own."""
    add(outbox, edition())
    taken(queue)
    assert attempts(database) == [("ed1-1", NOW, None, None, "")]
    queue.record("ed1-1", "one", step(S.WAITING, until=NOW + 2 * MINUTE, why="429"), NOW + MINUTE)
    again = NOW + 2 * MINUTE
    claim = queue.claim("ed1-1", "one", again, LEASE)
    assert claim is not None
    stood = claim.delivery
    assert (stood.state, stood.attempts, stood.started, stood.why) == (S.WAITING, 1, NOW, "429")
    queue.record("ed1-1", "one", step(S.SENT, receipt="r"), again)
    assert attempts(database) == [
        ("ed1-1", NOW, NOW + MINUTE, "waiting", "429"),
        ("ed1-1", again, again, "sent", ""),
    ]
    assert (first(outbox).attempts, first(outbox).why) == (2, "")


def test_what_waits_is_tried_when_its_time_has_come(outbox: Outbox, queue: Queue) -> None:
    """Not before, by nobody."""
    add(outbox, edition())
    taken(queue)
    until = NOW + 10 * MINUTE
    queue.record("ed1-1", "one", step(S.WAITING, until=until), NOW)
    assert first(outbox).until == until
    assert opened(queue, until - MINUTE) == ()
    assert queue.claim("ed1-1", "one", until - MINUTE, LEASE) is None
    assert opened(queue, until) == ("ed1-1",)
    assert queue.claim("ed1-1", "one", until, LEASE) is not None


def test_uncertain_is_tried_again_or_held(outbox: Outbox, queue: Queue) -> None:
    """With a time it is due then; without one it is held for good, and only `release` brings it back."""
    add(outbox, edition())
    taken(queue)
    queue.record("ed1-1", "one", step(S.UNCERTAIN, until=NOW + MINUTE, why="broke off"), NOW)
    assert opened(queue, NOW + MINUTE) == ("ed1-1",)
    claim = queue.claim("ed1-1", "one", NOW + MINUTE, LEASE)
    assert claim is not None
    assert claim.delivery.state is S.UNCERTAIN
    queue.record("ed1-1", "one", step(S.UNCERTAIN, why="broke off again"), NOW)
    for moment in (NOW, NOW + timedelta(days=400)):
        assert opened(queue, moment) == ()
        assert queue.claim("ed1-1", "one", moment, LEASE) is None
    assert stored(outbox).has_stopped
    assert outbox.failed() == ()
    assert queue.release("ed1-1", NOW, settling=True)
    assert opened(queue, NOW) == ("ed1-1",)


@pytest.mark.parametrize(
    ("state", "released"),
    [*((state, False) for state in (S.PENDING, S.SENDING, S.SENT, S.WAITING)), (S.FAILED, True)],
)
def test_only_what_stopped_is_released(
    outbox: Outbox, queue: Queue, state: DeliveryState, released: bool
) -> None:
    """A released delivery begins anew, with all its attempts and its time ahead of it."""
    add(outbox, edition())
    if state is not S.PENDING:
        taken(queue)
    if state not in (S.PENDING, S.SENDING):
        queue.record("ed1-1", "one", step(state, why="because", until=NOW + MINUTE), NOW)
    before = first(outbox)
    assert queue.release("ed1-1", NOW, settling=True) is released
    assert not queue.release("nothing", NOW, settling=True)
    found = first(outbox)
    if not released:
        assert found == before
        return
    assert (found.state, found.attempts, found.since, found.until, found.why) == (
        S.PENDING,
        0,
        None,
        None,
        "",
    )
    days_later = NOW + timedelta(days=3)
    assert queue.claim("ed1-1", "two", days_later, LEASE) is not None
    assert first(outbox).since == days_later


@pytest.mark.parametrize(
    ("to", "until", "now", "looked_up"),
    [
        (ADA, None, NOW, NOW),  # held: at once
        (ADA, NOW + MINUTE, NOW, NOW + MINUTE),  # a message shows up in Slack's history only after a while
        (ADA, NOW + MINUTE, NOW + 2 * MINUTE, NOW + 2 * MINUTE),
        (BOB, NOW + MINUTE, NOW, NOW),  # there is no looking up a mail
        (BOB, None, NOW, NOW),
    ],
)
def test_released_doubt_stays_a_doubt(
    outbox: Outbox, queue: Queue, to: Any, until: datetime | None, now: datetime, looked_up: datetime
) -> None:
    """It is looked up, and may go out once more if nobody can tell; its attempts are all ahead of it."""
    add(outbox, edition(to=to))
    taken(queue)
    queue.record("ed1-1", "one", step(S.UNCERTAIN, until=until, why="broke off", unverified_retries=0), NOW)
    assert queue.release("ed1-1", now, settling=to is ADA)
    found = stored(outbox)
    assert (found.state, found.until, found.attempts, found.unverified_retries) == (
        S.UNCERTAIN,
        looked_up,
        0,
        1,
    )
    assert (found.started, found.why, found.may_have_arrived) == (NOW, "", True)
    assert opened(queue, looked_up - SECOND, to.key) == ()
    assert opened(queue, looked_up, to.key) == ("ed1-1",)


# --- How far an attempt came ------------------------------------------------------------------------------


def test_the_stage_is_stored_before_the_content_goes_out(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """Of the delivery, and handing over takes the lease anew; its attempt has it with its outcome."""
    add(outbox, edition())
    taken(queue)
    assert (first(outbox).stage, stages(database)) == (Stage.CLAIMED, ["claimed"])
    queue.hand_over("ed1-1", "one", Stage.POST, NOW + 2 * LEASE)
    assert (first(outbox).stage, first(outbox).until) == (Stage.POST, NOW + 2 * LEASE)
    assert queue.claim("ed1-1", "two", NOW + LEASE, LEASE) is None


def test_doubt_stays_while_a_new_attempt_begins(database: Database, outbox: Outbox, queue: Queue) -> None:
    """How far the one before came is written to its own; the delivery is in doubt until the outcome is recorded."""
    add(outbox, edition())
    taken(queue)
    queue.hand_over("ed1-1", "one", Stage.DATA, NOW + LEASE)
    claim = queue.claim("ed1-1", "two", NOW + LEASE, LEASE)
    assert claim is not None
    assert claim.delivery.stage is Stage.DATA
    assert (first(outbox).stage, stages(database)) == (Stage.DOUBTED, ["data", "claimed"])
    queue.record("ed1-1", "two", step(S.WAITING, until=NOW), NOW, Stage.RCPT)
    assert (first(outbox).stage, stages(database)) == (Stage.RCPT, ["data", "rcpt"])


@pytest.mark.parametrize(
    ("stage", "may_have_arrived"),
    [(None, False), (Stage.DATA, True), (Stage.POST, True), (Stage.WRITE, True)],
)
def test_a_crash_is_in_doubt_only_after_handing_over(
    outbox: Outbox, queue: Queue, stage: Stage | None, may_have_arrived: bool
) -> None:
    """What had not been handed over has certainly not arrived: nobody needs to look."""
    add(outbox, edition())
    taken(queue)
    if stage:
        queue.hand_over("ed1-1", "one", stage, NOW + LEASE)
    claim = queue.claim("ed1-1", "two", NOW + LEASE, LEASE)
    assert claim is not None
    assert claim.delivery.may_have_arrived is may_have_arrived


def test_who_was_taken_over_hands_nothing_over(database: Database, outbox: Outbox, queue: Queue) -> None:
    """It hears so in time, and changes nothing: neither stage nor lease, nor a place in the queue."""
    add(outbox, edition())
    taken(queue)
    taken(queue, owner="two", now=NOW + LEASE)
    turn = SendSlot("slack:C0PAPERS", SECOND, NOW)
    with pytest.raises(LeaseLost, match="ed1-1 was taken over"):
        queue.hand_over("ed1-1", "one", Stage.POST, NOW + 9 * LEASE, turn, 0)
    assert (first(outbox).stage, first(outbox).until) == (Stage.CLAIMED, NOW + 2 * LEASE)
    assert stages(database) == ["claimed", "claimed"]
    assert queue.hand_over("ed1-1", "two", Stage.POST, NOW + 2 * LEASE, turn) == timedelta(0)


def test_a_live_sender_keeps_its_delivery(outbox: Outbox, queue: Queue) -> None:
    """A lease that is renewed does not run out; another's, or one that is through, is not renewed."""
    add(outbox, edition())
    taken(queue)
    assert queue.renew("ed1-1", "one", NOW + 2 * LEASE)
    assert queue.claim("ed1-1", "two", NOW + LEASE, LEASE) is None
    taken(queue, owner="two", now=NOW + 2 * LEASE)
    assert not queue.renew("ed1-1", "one", NOW + 9 * LEASE)
    assert first(outbox).until == NOW + 3 * LEASE
    queue.record("ed1-1", "two", step(S.SENT), NOW)
    assert not queue.renew("ed1-1", "two", NOW + 9 * LEASE)
    assert first(outbox).until is None


def test_blind_tries_are_counted(outbox: Outbox, queue: Queue) -> None:
    """One is used up when it is handed over, and not before; a step may give it back."""
    add(outbox, edition(), blind=1)
    taken(queue)
    assert first(outbox).unverified_retries == 1
    queue.hand_over("ed1-1", "one", Stage.DATA, NOW + LEASE)
    assert first(outbox).unverified_retries == 1
    queue.hand_over("ed1-1", "one", Stage.DATA, NOW + LEASE, None, 0)
    assert first(outbox).unverified_retries == 0
    queue.record("ed1-1", "one", step(S.UNCERTAIN, until=NOW), NOW)
    assert first(outbox).unverified_retries == 0
    taken(queue)
    queue.record("ed1-1", "one", step(S.UNCERTAIN, until=NOW, unverified_retries=1), NOW)
    assert first(outbox).unverified_retries == 1


# --- Parts ------------------------------------------------------------------------------------------------


def test_parts_go_out_in_order(outbox: Outbox, queue: Queue) -> None:
    """A part can be claimed only once all before it are sent."""
    add(outbox, edition(), count=3)
    assert opened(queue, NOW) == ("ed1-1", "ed1-2", "ed1-3")
    assert queue.claim("ed1-2", "one", NOW, LEASE) is None
    for number in (1, 2):
        assert queue.claim(f"ed1-{number}", "one", NOW, LEASE) is not None
        assert queue.claim(f"ed1-{number + 1}", "one", NOW, LEASE) is None
        queue.record(f"ed1-{number}", "one", step(S.SENT, receipt=f"r{number}"), NOW)
    assert queue.claim("ed1-3", "two", NOW, LEASE) is not None


def test_a_failed_part_holds_back_those_after_it(outbox: Outbox, queue: Queue) -> None:
    """A reader does not get the second half of a digest first."""
    add(outbox, edition(), count=2)
    taken(queue)
    queue.record("ed1-1", "one", step(S.FAILED), NOW)
    assert queue.claim("ed1-2", "one", NOW, LEASE) is None
    found = outbox.edition("ed1")
    assert found is not None
    assert found.state is EditionState.FAILED


def test_an_envelope_has_the_stored_bytes_and_the_first_receipt(outbox: Outbox, queue: Queue) -> None:
    """Every attempt sends the very bytes; later parts know the thread."""
    add(outbox, edition(), count=2)
    claim = queue.claim("ed1-1", "one", NOW, LEASE)
    assert claim is not None
    envelope = claim.envelope
    assert (envelope.payload, envelope.target, envelope.started) == (parts()[0].payload, "C0PAPERS", NOW)
    assert envelope.thread is None
    queue.record("ed1-1", "one", step(S.SENT, receipt="C0 1.2"), NOW)
    claim = queue.claim("ed1-2", "one", NOW + MINUTE, LEASE)
    assert claim is not None
    envelope = claim.envelope
    assert (envelope.delivery, envelope.thread, envelope.started) == ("ed1-2", "C0 1.2", NOW + MINUTE)
    queue.record("ed1-2", "one", step(S.WAITING, until=NOW + 2 * MINUTE), NOW + MINUTE)
    claim = queue.claim("ed1-2", "one", NOW + 2 * MINUTE, LEASE)
    assert claim is not None
    assert claim.envelope == envelope


def test_open_deliveries_of_some_subscriptions_oldest_first(outbox: Outbox, queue: Queue) -> None:
    """Only those asked for; by date, then subscription, then part; with where they go."""
    add(outbox, edition("late", on=TOMORROW), count=2)
    add(outbox, edition("early"))
    add(outbox, edition("bobs", to=BOB))
    assert opened(queue, NOW, BOB.key, ADA.key) == ("early-1", "bobs-1", "late-1", "late-2")
    assert queue.open([BOB.key], NOW) == (("bobs-1", ChannelName.EMAIL, "bob@example.org"),)
    assert queue.open([], NOW) == ()


# --- Pauses -----------------------------------------------------------------------------------------------

OTHER = replace(ADA, target="C0OTHER")
SCOPES = {
    "slack": {"bobs-1"},
    "slack:C0PAPERS": {"others-1", "bobs-1"},
    ADA.key: {"others-1", "bobs-1"},
    "email:bob@example.org": {"adas-1", "others-1"},
    "C0PAPERS": {"adas-1", "others-1", "bobs-1"},  # no scope
    "slack:C0": {"adas-1", "others-1", "bobs-1"},
}


@pytest.mark.parametrize(("scope", "left"), SCOPES.items())
def test_a_pause_stops_what_goes_there(
    outbox: Outbox, queue: Queue, receivers: Receivers, scope: str, left: set[str]
) -> None:
    """A whole channel, one target of it, or one subscription: it is neither open nor can it be claimed, until it is
    resumed.
    """
    for token, to in (("adas", ADA), ("others", OTHER), ("bobs", BOB)):
        add(outbox, edition(token, to=to))
    keys, ids = (ADA.key, OTHER.key, BOB.key), {"adas-1", "others-1", "bobs-1"}
    receivers.pause(scope, "because", NOW)
    assert set(opened(queue, NOW, *keys)) == left
    for id_ in ids - left:
        assert queue.claim(id_, "one", NOW, LEASE) is None
    receivers.resume(scope)
    assert set(opened(queue, NOW, *keys)) == ids
    for id_ in ids:
        assert queue.claim(id_, "one", NOW, LEASE) is not None


def test_an_outcome_may_pause_a_scope(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """With the reason and the time; what waits for the same target waits, and a pause that is there stays."""
    add(outbox, edition())
    add(outbox, edition("ed2", on=TOMORROW))
    taken(queue)
    queue.record("ed1-1", "one", step(S.FAILED, why="archived", pauses="slack:C0PAPERS"), NOW)
    assert receivers.pauses() == (Pause("slack:C0PAPERS", "archived", NOW),)
    assert opened(queue, NOW) == ()


def test_a_pause_by_several_at_once_is_one(database: Database, outbox: Outbox, receivers: Receivers) -> None:
    """A token that is revoked under several senders: all record what they heard, and the first reason stays."""
    for n in range(4):
        add(outbox, edition(f"ed{n}", to=replace(ADA, target=f"C{n}")))
        taken(Queue(database), f"ed{n}-1", f"owner{n}")

    def fail(mine: Database, number: int) -> bool:
        stopped = step(S.FAILED, why=f"revoked, says {number}", incident="slack", pauses="slack")
        return Queue(mine).record(f"ed{number}-1", f"owner{number}", stopped, NOW + number * MINUTE)

    for _ in range(3):
        assert at_once(database, fail, 4) == [True] * 4
        (pause,) = receivers.pauses()
        assert pause.scope == "slack"
        receivers.resume("slack")
        for n in range(4):
            change(database, f"ed{n}-1", state=S.SENDING, owner=f"owner{n}")


def test_a_pause_that_is_there_stays_as_it_is(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """Since when and why is what came first."""
    add(outbox, edition())
    taken(queue)
    receivers.pause("slack", "first", NOW - MINUTE)
    queue.record("ed1-1", "one", step(S.FAILED, why="second", pauses="slack"), NOW)
    receivers.pause("slack", "third", NOW + MINUTE)
    assert receivers.pauses() == (Pause("slack", "first", NOW - MINUTE),)


def test_release_lifts_the_pauses_of_the_target(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """Who says `resend` has mended the target: those of others, and of a subscription, stay."""
    add(outbox, edition())
    taken(queue)
    queue.record("ed1-1", "one", step(S.FAILED, why="gone", pauses="slack:C0PAPERS"), NOW)
    for scope in ("slack", "email", "slack:C0OTHER", BOB.key):
        receivers.pause(scope, "because", NOW)
    assert queue.release("ed1-1", NOW, settling=True)
    assert {pause.scope for pause in receivers.pauses()} == {"email", "slack:C0OTHER", BOB.key}
    assert opened(queue, NOW) == ("ed1-1",)


def test_what_has_not_stopped_lifts_no_pause(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """A release that does nothing does nothing."""
    add(outbox, edition())
    receivers.pause("slack:C0PAPERS", "because", NOW)
    assert not queue.release("ed1-1", NOW, settling=True)
    assert len(receivers.pauses()) == 1


# --- A receiver that asks for time ------------------------------------------------------------------------


def test_a_receiver_that_asks_for_time_means_all_that_goes_there(outbox: Outbox, queue: Queue) -> None:
    """What is pending or waits for less waits as long; what waits longer, is in doubt, under way or through, and
    what goes elsewhere, stays as it is.
    """
    until = NOW + 10 * MINUTE
    for n, token in enumerate(("ed1", "pending", "sooner", "later", "doubt", "going", "failed", "through")):
        add(outbox, edition(token, on=date(2026, 5, 1 + n)))
    add(outbox, edition("other", to=OTHER))
    add(outbox, edition("mail", to=replace(BOB, target="C0PAPERS")))
    states = {
        "sooner-1": step(S.WAITING, until=NOW + MINUTE),
        "later-1": step(S.WAITING, until=NOW + 60 * MINUTE),
        "doubt-1": step(S.UNCERTAIN, until=NOW + MINUTE),
        "failed-1": step(S.FAILED),
        "through-1": step(S.SENT, receipt="r"),
    }
    for id_ in (*states, "going-1"):
        taken(queue, id_)
    for id_, one in states.items():
        queue.record(id_, "one", one, NOW)
    ids = ("later-1", "doubt-1", "going-1", "failed-1", "through-1", "other-1", "mail-1")
    before = [stored(outbox, id_) for id_ in ids]
    taken(queue)
    queue.record(
        "ed1-1", "one", step(S.WAITING, until=until, why="429", postpones=f"slack:{ADA.target}"), NOW
    )
    assert [stored(outbox, id_) for id_ in ids] == before
    for id_ in ("ed1-1", "pending-1", "sooner-1"):
        found = stored(outbox, id_)
        assert (found.state, found.until, found.why) == (S.WAITING, until, "429")
    assert stored(outbox, "pending-1").attempts == 0


def test_who_must_wait_alone_postpones_nobody(outbox: Outbox, queue: Queue) -> None:
    """A connection that failed says nothing of the others."""
    add(outbox, edition())
    add(outbox, edition("ed2", on=TOMORROW))
    taken(queue)
    queue.record("ed1-1", "one", step(S.WAITING, until=NOW + MINUTE), NOW)
    assert opened(queue, NOW) == ("ed2-1",)


# --- Lanes ------------------------------------------------------------------------------------------------


def turns(queue: Queue, lane: str, moments: Iterable[datetime], spacing: timedelta = SECOND) -> list[float]:
    """The seconds to wait of a delivery that is handed over again and again at these moments."""
    return [
        queue.hand_over("ed1-1", "one", Stage.POST, NOW + LEASE, SendSlot(lane, spacing, at)).total_seconds()
        for at in moments
    ]


def test_turns_of_a_lane_lie_apart(outbox: Outbox, queue: Queue) -> None:
    """The first goes at once, each further one after the one before; a lane that was left rests; lanes differ."""
    add(outbox, edition())
    taken(queue)
    times = [NOW, NOW, NOW + 0.5 * SECOND, NOW + 2.9 * SECOND, NOW + 60 * SECOND]
    assert turns(queue, "slack:C0PAPERS", times) == pytest.approx([0, 1, 1.5, 0.1, 0])
    assert turns(queue, "slack:C0OTHER", [NOW]) == [0]


@pytest.mark.parametrize(("ahead", "waits"), [(timedelta(minutes=4), 241.0), (timedelta(days=1), 0.0)])
def test_a_lane_that_a_wrong_clock_left_in_the_future_is_ignored(
    outbox: Outbox, queue: Queue, ahead: timedelta, waits: float
) -> None:
    """A clock that was set back does not stop a conversation for a day; a queue of minutes is a queue."""
    add(outbox, edition())
    taken(queue)
    assert turns(queue, "slack:C0PAPERS", [NOW + ahead, NOW]) == [0, waits]
    assert turns(queue, "slack:C0PAPERS", [NOW]) == [waits + 1]


def test_senders_of_several_processes_queue_up(database: Database, outbox: Outbox) -> None:
    """Four of them at one conversation, ten messages each: no two at the same moment, none is left free."""
    for n in range(4):
        add(outbox, edition(f"ed{n}", to=replace(ADA, profile=f"p{n}")))
        taken(Queue(database), f"ed{n}-1", f"owner{n}")
    turn = SendSlot("slack:C0PAPERS", SECOND, NOW)

    def queue_up(mine: Database, number: int) -> list[float]:
        queue, id_, owner = Queue(mine), f"ed{number}-1", f"owner{number}"
        waits = (queue.hand_over(id_, owner, Stage.POST, NOW + LEASE, turn) for _ in range(10))
        return [wait.total_seconds() for wait in waits]

    waits = at_once(database, queue_up, 4)
    assert sorted(wait for each in waits for wait in each) == [float(n) for n in range(40)]
    assert all(each == sorted(each) for each in waits)


# --- Settled by a person --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.FAILED, S.UNCERTAIN])
def test_what_is_settled_counts_as_sent(outbox: Outbox, queue: Queue, state: DeliveryState) -> None:
    """It is no incident any more, and the parts after it go out, without a thread that was never begun."""
    add(outbox, edition(papers=2), papers=("arxiv:1", "arxiv:2"), count=2)
    taken(queue)
    queue.record("ed1-1", "one", step(state, why="broke off"), NOW)
    assert queue.settle("ed1-1")
    found = stored(outbox)
    assert (found.state, found.until, found.incident, found.receipt) == (S.SENT, None, None, None)
    claim = queue.claim("ed1-2", "one", NOW, LEASE)
    assert isinstance(claim, Claim)
    assert claim.envelope.thread is None


@pytest.mark.parametrize("state", [S.PENDING, S.SENDING, S.SENT, S.WAITING])
def test_what_goes_on_is_not_settled(outbox: Outbox, queue: Queue, state: DeliveryState) -> None:
    """Nor what is not there."""
    add(outbox, edition())
    if state is not S.PENDING:
        taken(queue)
    if state not in (S.PENDING, S.SENDING):
        queue.record("ed1-1", "one", step(state, until=NOW + MINUTE), NOW)
    assert not queue.settle("ed1-1")
    assert not queue.settle("nothing")
    assert stored(outbox).state is state


# --- What must never be -----------------------------------------------------------------------------------


def stops_loudly(outbox: Outbox, queue: Queue, id_: str, why: str, **told: Any) -> None:
    """Claiming says so, with the reason; the delivery has failed for it, and there was no attempt."""
    before = stored(outbox, id_)
    violation = queue.claim(id_, "one", NOW, LEASE)
    assert isinstance(violation, InvariantViolation)
    assert id_ in str(violation)
    assert why in str(violation)
    found = stored(outbox, id_)
    assert (found.state, found.until, found.attempts) == (S.FAILED, None, before.attempts)
    assert found.why in str(violation)
    assert queue.claim(id_, "one", NOW + 9 * LEASE, LEASE) is None
    assert found.is_forbidden
    assert id_ in [one.id for one in outbox.unreported()]
    assert found not in outbox.failed()


@pytest.mark.parametrize("receipt", [None, "receipt of ed1-1"])
def test_what_was_sent_is_never_sent_again(
    database: Database, outbox: Outbox, queue: Queue, receipt: str | None
) -> None:
    """Whatever puts it back to pending, with its receipt or without: the attempts remember."""
    add(outbox, edition())
    sent(queue)
    told = attempts(database)
    change(database, "ed1-1", state=S.PENDING, receipt=receipt)
    stops_loudly(outbox, queue, "ed1-1", "it was sent before")
    assert attempts(database) == told
    assert queue.release("ed1-1", NOW, settling=True)  # `resend` does not help it either
    stops_loudly(outbox, queue, "ed1-1", "it was sent before")


def copied_edition(database: Database, outbox: Outbox, token: str = "ed2") -> None:
    """The rows of the edition ed1 once more under another id and date, as a restored backup or a hand might."""
    with database.session() as session:
        row = session.get_one(EditionRow, "ed1")
        session.add(EditionRow(**row.model_dump() | {"id": token, "on": TOMORROW}))
        session.flush()
        one = session.get_one(DeliveryRow, "ed1-1")
        anew = {"id": f"{token}-1", "edition": token, "state": S.PENDING, "receipt": None, "owner": None}
        session.add(DeliveryRow(**one.model_dump() | anew))


def test_a_paper_is_never_sent_twice_to_a_subscription(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """A second edition with a paper of one that was sent: it stops, with the paper's name."""
    add(outbox, edition(), papers=("arxiv:1", "arxiv:2"))
    sent(queue)
    copied_edition(database, outbox)
    stops_loudly(outbox, queue, "ed2-1", f"{ADA.key} was sent arxiv:1 before")


def test_works_that_turned_out_to_be_one_are_no_fault(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """They were shown as two; since then the ledger's row of the second has become the first one's."""
    add(outbox, edition(), papers=("title:x",))
    sent(queue)
    add(outbox, edition("ed2", on=TOMORROW), papers=("arxiv:1",))
    with database.session() as session:
        session.delete(session.get_one(LedgerRow, (ADA.key, "arxiv:1")))
        session.flush()
        row = session.get_one(LedgerRow, (ADA.key, "title:x"))
        session.add(LedgerRow(subscription=ADA.key, paper="arxiv:1", edition=row.edition))
        session.delete(row)
    assert isinstance(queue.claim("ed2-1", "one", NOW, LEASE), Claim)


def test_a_paper_of_a_digest_that_was_not_sent_may_go_out(
    database: Database, outbox: Outbox, queue: Queue
) -> None:
    """Only what was sent counts, and only to the same subscription."""
    add(outbox, edition(), papers=("arxiv:1",))
    copied_edition(database, outbox)
    assert queue.claim("ed2-1", "one", NOW, LEASE) is not None
    add(outbox, edition("bobs", to=BOB), papers=("arxiv:1",))
    sent(queue)
    assert queue.claim("bobs-1", "one", NOW, LEASE) is not None


def test_no_more_is_sent_than_was_composed(database: Database, outbox: Outbox, queue: Queue) -> None:
    """A message more than the digest has papers for: it stops, with the numbers."""
    add(outbox, edition(papers=2), papers=("arxiv:1", "arxiv:2"), count=2)
    with database.session() as session:
        row = session.get_one(DeliveryRow, "ed1-2")
        session.add(DeliveryRow(**row.model_dump() | {"id": "ed1-3", "part": 3, "shows": []}))
    sent(queue)
    sent(queue, "ed1-2")
    stops_loudly(outbox, queue, "ed1-3", "the digest has 2 papers, and with it 3 would be sent")


def test_alerts_are_not_measured_by_digests(outbox: Outbox, queue: Queue) -> None:
    """They have no edition; what was sent is not sent again all the same."""
    add(outbox, edition())
    taken(queue)
    queue.record("ed1-1", "one", step(S.FAILED), NOW)
    for token in ("alert1", "alert2"):
        alert = Part(b"something stopped", 0)
        assert outbox.tell(["ed1-1"] if token == "alert1" else [], alert, token, "slack", "C0OPS", 0)
    assert opened(queue, NOW, ALERTS) == ("alert1-1", "alert2-1")
    sent(queue, "alert1-1")
    sent(queue, "alert2-1")
    assert outbox.alerts() == ()


def test_an_alert_that_was_sent_is_never_sent_again(database: Database, outbox: Outbox, queue: Queue) -> None:
    """As everything else."""
    assert outbox.tell([], Part(b"something stopped", 0), "alert", "slack", "C0OPS", 0)
    sent(queue, "alert-1")
    change(database, "alert-1", state=S.PENDING, receipt=None)
    violation = queue.claim("alert-1", "one", NOW, LEASE)
    assert isinstance(violation, InvariantViolation)
    assert "it was sent before" in str(violation)
    assert stored(outbox, "alert-1").state is S.FAILED


# --- Several at once --------------------------------------------------------------------------------------


def test_two_senders_claim_each_delivery_once(database: Database, outbox: Outbox) -> None:
    """Fifty deliveries, two senders that want them all: each is claimed by exactly one."""
    for n in range(50):
        add(outbox, edition(f"ed{n:02}", to=replace(ADA, target=f"C{n}")))
    wanted = [f"ed{n:02}-1" for n in range(50)]

    def claim(mine: Database, number: int) -> list[str]:
        order = wanted if number == 0 else wanted[::-1]
        return [id_ for id_ in order if Queue(mine).claim(id_, f"owner{number}", NOW, LEASE)]

    claimed = at_once(database, claim, 2)
    assert sorted(claimed[0] + claimed[1]) == wanted
    assert len(attempts(database)) == 50


def test_a_takeover_and_a_handing_over_at_once(database: Database, outbox: Outbox, queue: Queue) -> None:
    """When a lease runs out, either the old owner hands over or the new one takes the delivery, never both."""
    for n in range(20):
        add(outbox, edition(f"ed{n:02}", to=replace(ADA, target=f"C{n}")))
        taken(queue, f"ed{n:02}-1", "slow")

    def race(mine: Database, number: int) -> list[bool]:
        theirs = Queue(mine)
        return [
            _handed_over(theirs, f"ed{n:02}-1")
            if number == 0
            else bool(theirs.claim(f"ed{n:02}-1", "new", NOW + LEASE, LEASE))
            for n in range(20)
        ]

    handed, claimed = at_once(database, race, 2)
    assert all(old != new for old, new in zip(handed, claimed, strict=True))
    with database.reading() as session:
        per_delivery = session.exec(select(AttemptRow.delivery)).all()
    assert len(per_delivery) == 20 + sum(claimed)


def _handed_over(queue: Queue, id_: str) -> bool:
    try:
        queue.hand_over(id_, "slow", Stage.POST, NOW + 2 * LEASE)
    except LeaseLost:
        return False
    return True
