"""Attempts, what their outcomes lead to, and what a crash leaves behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.delivery import sender
from bot.delivery.model import (
    Cause,
    Claim,
    Deferred,
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Envelope,
    Outcome,
    Part,
    Refused,
    SendSlot,
    Sent,
    Stage,
    Transition,
    Unknown,
)
from bot.delivery.ports import Channel, StageCallback, ignore_stage
from bot.delivery.retry import SETTLE, SPREAD, StillUnknown, attempt, transition
from bot.delivery.sender import LEASE, Sender
from bot.errors import DatabaseError, InvariantViolation, SourceError
from bot.profiles.model import ChannelName, Subscription
from bot.store.tables import AttemptRow
from tests.support.builders import NOW, FakeChannel, World, make_profile, subscription

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEY = subscription().key


def stood(
    state: str = "pending",
    attempts: int = 0,
    age: timedelta = timedelta(0),
    why: str = "",
    **more: Any,
) -> Delivery:
    """A delivery before an attempt, first tried `age` ago; one that was being sent was so to the end."""
    to = (ChannelName.MAILDIR, "inbox", KEY)
    more = {"stage": Stage.WRITE if state == "sending" else Stage.CLAIMED, **more}
    began = NOW - age if attempts else None
    return Delivery(
        "e-1",
        "e",
        1,
        3,
        DeliveryState(state),
        *to,
        attempts=attempts,
        started=began,
        since=began,
        why=why,
        **more,
    )


# --- What an outcome leads to -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "attempts", "age", "state", "wait"),
    [
        (Sent("r"), 0, 0 * MINUTE, "sent", None),
        (Sent("r"), 40, 9 * DAY, "sent", None),  # better late
        (Refused("no"), 0, 0 * MINUTE, "failed", None),
        (Deferred("busy"), 0, 0 * MINUTE, "waiting", 1 * MINUTE),
        (Deferred("busy"), 1, 1 * MINUTE, "waiting", 2 * MINUTE),
        (Deferred("busy"), 2, 3 * MINUTE, "waiting", 4 * MINUTE),
        (Deferred("busy"), 5, 31 * MINUTE, "waiting", 32 * MINUTE),
        (Deferred("busy"), 6, 63 * MINUTE, "waiting", 60 * MINUTE),  # 64, but an hour at most
        (Deferred("busy"), 5000, 23 * HOUR, "waiting", 60 * MINUTE),
        (Deferred("busy", 30.0), 0, 0 * MINUTE, "waiting", 30 * timedelta(seconds=1)),  # as asked
        (Deferred("busy", 30.0), 6, 63 * MINUTE, "waiting", 30 * timedelta(seconds=1)),
        (Deferred("busy", 7200.0), 0, 0 * MINUTE, "waiting", 2 * HOUR),  # more than our longest, too
        (Deferred("busy", 0.0), 0, 0 * MINUTE, "waiting", timedelta(seconds=1)),
        (Deferred("busy"), 30, DAY - MINUTE, "waiting", 60 * MINUTE),
        (Deferred("busy"), 30, DAY, "failed", None),  # a day is enough
        (Deferred("busy", 60.0), 30, DAY, "failed", None),
        (Unknown("broke"), 0, 0 * MINUTE, "uncertain", SETTLE),
        (Unknown("broke"), 3, 7 * MINUTE, "uncertain", 8 * MINUTE),  # grows as well
        (Unknown("broke"), 30, DAY, "uncertain", None),  # held
        (StillUnknown("who knows"), 2, 2 * MINUTE, "uncertain", None),  # held
        (StillUnknown("who knows", Deferred("busy")), 1, MINUTE, "uncertain", 2 * MINUTE),
        (StillUnknown("who knows", Deferred("busy", 10.0)), 1, MINUTE, "uncertain", timedelta(seconds=10)),
        (StillUnknown("who knows", Deferred("busy")), 30, DAY, "uncertain", None),
    ],
)
def test_after(
    outcome: Outcome | StillUnknown, attempts: int, age: timedelta, state: str, wait: timedelta | None
) -> None:
    """Waits double from a minute to an hour, less a fifth at most, or are the receiver's, for a day; a doubt stays a
    doubt.
    """
    step = transition(outcome, stood("waiting", attempts, age), NOW)
    assert step.state == state
    if wait is None or step.until is None:
        assert step.until == wait
    else:
        assert wait * (1 if asked_for(outcome) else 1 - SPREAD) <= step.until - NOW <= wait
        assert step.until - NOW >= SETTLE or not isinstance(outcome, Unknown)
    assert step.receipt == ("r" if state == "sent" else None)
    assert state == "sent" or step.why


@pytest.mark.parametrize(
    ("outcome", "age", "incident", "pauses", "postpones"),
    [
        (Sent("r"), 0 * MINUTE, None, None, None),
        (Deferred("busy"), 0 * MINUTE, None, None, None),
        (Deferred("busy", 9.0), 0 * MINUTE, None, None, "maildir:inbox"),
        (Deferred("no connection", cause=Cause.SERVICE), 0 * MINUTE, None, None, "maildir"),
        (Deferred("busy", 9.0), DAY, "maildir:inbox failed", None, None),
        (Refused("no"), 0 * MINUTE, "maildir:inbox failed", None, None),
        (Refused("no", Cause.TARGET), 0 * MINUTE, "maildir:inbox", "maildir:inbox", None),
        (Refused("no", Cause.SERVICE), 0 * MINUTE, "maildir", "maildir", None),
        (Unknown("broke"), 0 * MINUTE, None, None, None),
        (Unknown("broke"), DAY, "maildir:inbox uncertain", None, None),
        (StillUnknown("broke"), 0 * MINUTE, "maildir:inbox uncertain", None, None),
        (StillUnknown("broke", Deferred("busy", 9.0)), 0 * MINUTE, None, None, None),
    ],
)
def test_what_an_outcome_means_for_others(
    outcome: Outcome | StillUnknown,
    age: timedelta,
    incident: str | None,
    pauses: str | None,
    postpones: str | None,
) -> None:
    """What stops is an incident of its target, or of what refuses everything, which is paused; a receiver that asks
    for time means all that goes there, and one that is not there all of its channel.
    """
    step = transition(outcome, stood("waiting", 1, age), NOW)
    assert (step.incident, step.pauses, step.postpones) == (incident, pauses, postpones)


def asked_for(outcome: Outcome | StillUnknown) -> bool:
    """Whether the receiver said how long to wait."""
    later = outcome.again if isinstance(outcome, StillUnknown) else outcome
    return isinstance(later, Deferred) and later.retry_after is not None


def test_what_failed_together_does_not_come_back_together() -> None:
    """Waits of different deliveries differ, those of one delivery are the same whenever they are worked out."""

    def until(id_: str, attempts: int = 3) -> Any:
        return transition(Deferred("busy"), replace(stood("waiting", attempts), id=id_), NOW).until

    times = {until(f"e{n}-1") for n in range(50)}
    assert len(times) == 50
    assert max(times) - min(times) > 8 * MINUTE * SPREAD / 2
    assert until("e1-1") == until("e1-1")
    assert transition(Deferred("busy", 30.0), stood("waiting", 3), NOW).until == NOW + timedelta(seconds=30)


# --- One attempt ------------------------------------------------------------------------------------------

ENVELOPE = Envelope("e-1", "inbox", b"the bytes", NOW)
BUSY = Deferred("l", 5.0)


@pytest.mark.parametrize(
    ("state", "blind", "can_find", "arrived", "script", "calls", "result"),
    [
        # never in doubt: sent without a look
        ("pending", 0, True, False, [Sent("r")], ["send 1"], Sent("r")),
        ("waiting", 0, True, False, [Sent("r")], ["send 1"], Sent("r")),
        ("waiting", 0, True, False, [Unknown("b")], ["send 1"], Unknown("b")),
        # in doubt: looked up first
        ("uncertain", 0, True, True, [], ["find 1"], Sent("found")),
        ("sending", 0, True, True, [], ["find 1"], Sent("found")),
        ("sending", 1, True, True, [], ["find 1"], Sent("found")),
        # certainly not there: sent again, and whatever comes of it is the outcome
        ("uncertain", 0, True, False, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        ("sending", 0, True, False, [Unknown("b")], ["find 1", "send 1"], Unknown("b")),
        ("uncertain", 0, True, False, [Deferred("l")], ["find 1", "send 1"], Deferred("l")),
        # nobody can tell: one try without a look
        ("uncertain", 1, False, False, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        ("uncertain", 1, False, False, [Refused("n")], ["find 1", "send 1"], Refused("n")),
        ("sending", 1, False, False, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        # refused for now, the doubt about the first try remains
        ("uncertain", 1, False, False, [BUSY], ["find 1", "send 1"], StillUnknown("w; nobody can tell; l", BUSY)),
        # in doubt once more: held
        ("uncertain", 1, False, False, [Unknown("b")], ["find 1", "send 1"], StillUnknown("w; nobody can tell; b")),
        # nobody can tell now: asked again later
        ("sending", 0, False, False, [], ["find 1"], Unknown("w; nobody can tell")),
        ("uncertain", 0, False, False, [], ["find 1"], Unknown("w; nobody can tell")),
    ],
)  # fmt: skip
def test_attempt(
    state: str,
    blind: int,
    can_find: bool,
    arrived: bool,
    script: list[Outcome],
    calls: list[str],
    result: Outcome | StillUnknown,
) -> None:
    """What may have got through is looked up; what cannot be looked up is tried as often as it may with the same
    bytes.
    """
    channel = FakeChannel(
        outcomes=list(script), can_find=can_find, arrived={"e-1": ENVELOPE} if arrived else {}
    )
    claim = Claim(stood(state, 1, why="w", unverified_retries=blind), ENVELOPE)
    reached: list[tuple[Stage, bool]] = []
    assert attempt(channel, claim, lambda stage, blind_: reached.append((stage, blind_))) == result
    assert channel.calls == calls
    assert [one.payload for one in channel.sent] == [b"the bytes"] * len(script)
    was_blind = not can_find and bool(script)
    assert reached == [(Stage.WRITE, was_blind)] * len(script)


@pytest.mark.parametrize(
    ("state", "blind", "script", "calls", "result"),
    [
        ("pending", 1, [Unknown("b")], ["send 1"], Unknown("b")),
        ("pending", 0, [Unknown("b")], ["send 1"], StillUnknown("b")),  # held at once: nothing may follow
        ("waiting", 0, [Unknown("b")], ["send 1"], StillUnknown("b")),
        ("pending", 0, [BUSY], ["send 1"], BUSY),
        ("pending", 0, [Refused("n")], ["send 1"], Refused("n")),
        ("uncertain", 1, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        ("uncertain", 1, [Unknown("b")], ["find 1", "send 1"], StillUnknown("w; nobody can tell; b")),
        ("uncertain", 1, [BUSY], ["find 1", "send 1"], StillUnknown("w; nobody can tell; l", BUSY)),
        # a process died over the last one that it may: held without another
        ("sending", 0, [], ["find 1"], StillUnknown("w; nobody can tell")),
    ],
)
def test_attempt_where_nobody_can_ever_tell(
    state: str, blind: int, script: list[Outcome], calls: list[str], result: Outcome | StillUnknown
) -> None:
    """A mail that may have arrived goes out as often as it may, and is held then: asking later cannot help."""
    channel = FakeChannel(outcomes=list(script), can_find=False, can_look_up=False)
    claim = Claim(stood(state, 1, why="w", unverified_retries=blind), ENVELOPE)
    assert attempt(channel, claim, lambda stage, blind_: None) == result
    assert channel.calls == calls


def test_a_crash_before_handing_over_is_no_doubt() -> None:
    """It certainly did not arrive: it is sent without a look."""
    channel = FakeChannel(can_find=False)
    claim = Claim(stood("sending", 1, stage=Stage.RCPT), ENVELOPE)
    assert isinstance(attempt(channel, claim, lambda stage, blind: None), Sent)
    assert channel.calls == ["send 1"]


def test_fake_is_a_channel(world: World) -> None:
    """The scripted channel keeps the seam's promises: pure rendering, outcomes, found once it arrived."""
    channel: Channel = FakeChannel()
    channel.check()
    assert channel.find(ENVELOPE) is None
    assert isinstance(channel.send(ENVELOPE), Sent)
    assert channel.find(ENVELOPE) == Sent("found")
    assert channel.find(replace(ENVELOPE, delivery="other-1")) is None
    profile = make_profile("robots")
    digest = world.desk([profile]).compose(profile, NOW.date())
    assert channel.render(digest, "e", "inbox") == channel.render(digest, "e", "inbox")


# --- With the store ---------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def put(
    world: World, parts: int = 1, token: str = "e", to: Subscription | None = None, blind: int = 0
) -> None:
    """An edition of so many parts, as composing leaves it."""
    one = to or subscription()
    edition = Edition(token, one.key, one.profile, one.channel, one.target, NOW.date(), parts)
    rendered = [Part(f"part {n}".encode(), 1) for n in range(1, parts + 1)]
    assert world.outbox.add(edition, NOW, {}, [], rendered, blind)


def tick(world: World, later: timedelta = timedelta(0), owner: str = "test") -> Edition:
    """One delivering, so long after NOW; the edition afterwards."""
    world.sender(NOW + later, owner).deliver([KEY])
    edition = world.outbox.edition("e")
    assert edition is not None
    return edition


def test_attempt_is_recorded_before_and_outcome_after(world: World) -> None:
    """While a send is under way the store says so, with its count; afterwards it says how it went."""
    put(world)
    seen: list[Delivery] = []

    def look(envelope: Envelope) -> None:
        edition = world.outbox.edition("e")
        assert edition is not None
        seen.append(edition.deliveries[0])

    world.channel.during = look
    (done,) = tick(world).deliveries
    (under_way,) = seen
    assert (under_way.state, under_way.attempts, under_way.started) == ("sending", 1, NOW)
    assert under_way.until == NOW + LEASE
    assert (done.state, done.receipt, done.until) == ("sent", "receipt of e-1", None)


def test_refused_for_now_waits_and_goes_on(world: World) -> None:
    """Not before its time, and then with the very same bytes."""
    put(world)
    world.channel.outcomes = [Deferred("busy", 90.0), Deferred("busy")]
    assert tick(world).state is EditionState.WAITING
    tick(world, timedelta(seconds=89))
    assert len(world.channel.sent) == 1
    tick(world, timedelta(seconds=90))  # the second wait: 2 minutes, less a fifth at most
    tick(world, timedelta(seconds=90 + 95))
    assert len(world.channel.sent) == 2
    edition = tick(world, timedelta(seconds=90 + 120))
    assert edition.state is EditionState.SENT
    assert edition.deliveries[0].attempts == 3
    assert {one.payload for one in world.channel.sent} == {b"part 1"}
    assert {one.started for one in world.channel.sent} == {NOW}


def test_refused_for_good_stays(world: World) -> None:
    """It is not tried again, however much time passes, until someone asks for it."""
    put(world)
    world.channel.outcomes = [Refused("no such channel")]
    edition = tick(world)
    assert (edition.state, edition.deliveries[0].why) == (EditionState.FAILED, "no such channel")
    tick(world, 30 * DAY)
    assert len(world.channel.sent) == 1
    assert world.queue.release("e-1", NOW + 30 * DAY, settling=True)
    assert tick(world, 30 * DAY).state is EditionState.SENT


def test_uncertain_is_looked_up_and_found(world: World) -> None:
    """The message got through although the connection broke: it is not sent twice."""
    put(world)
    world.channel.outcomes = [Unknown("connection reset")]
    world.channel.during = lambda envelope: world.channel.arrived.update({envelope.delivery: envelope})
    assert tick(world).state is EditionState.UNCERTAIN
    tick(world, SETTLE - timedelta(seconds=1))
    assert world.channel.calls == ["send 1"]
    assert tick(world, SETTLE).state is EditionState.SENT
    assert world.channel.calls == ["send 1", "find 1"]


def test_uncertain_after_refusals_is_looked_up_too(world: World) -> None:
    """Two polite refusals before the connection broke do not cost the delivery its look."""
    put(world)
    world.channel.outcomes = [Deferred("busy", 1.0), Deferred("busy", 1.0), Unknown("connection reset")]
    for seconds in (0, 1, 2):
        tick(world, timedelta(seconds=seconds))
    assert tick(world, HOUR).state is EditionState.SENT
    assert world.channel.calls == ["send 1"] * 3 + ["find 1", "send 1"]


def test_doubt_survives_a_refusal(world: World) -> None:
    """The message got through, then neither looking nor sending was possible: still looked up before sending.

    A plain `waiting` would have been sent again without a look. A try that was refused is given back.
    """
    put(world, blind=1)
    channel = world.channel
    channel.outcomes = [Unknown("connection reset"), Deferred("no connection")]
    channel.during = lambda envelope: channel.arrived.update({envelope.delivery: envelope})
    tick(world)
    channel.can_find = False
    edition = tick(world, MINUTE)
    assert (edition.state, edition.deliveries[0].unverified_retries) == (EditionState.UNCERTAIN, 1)
    channel.can_find = True
    assert tick(world, 10 * MINUTE).state is EditionState.SENT
    assert channel.calls == ["send 1", "find 1", "send 1", "find 1"]


@pytest.mark.parametrize("finds", [True, False])
def test_blind_retry_once_and_then_held(world: World, finds: bool) -> None:
    """Where nobody can tell, the same bytes go out once more; then it is a person's to decide."""
    put(world, blind=1)
    world.channel.can_find, world.channel.can_look_up = False, finds
    world.channel.outcomes = [Unknown("broke"), Unknown("broke again")]
    assert tick(world).deliveries[0].unverified_retries == 1
    (held,) = tick(world, SETTLE).deliveries
    assert (held.state, held.until, held.unverified_retries) == ("uncertain", None, 0)
    tick(world, 30 * DAY)
    assert [one.payload for one in world.channel.sent] == [b"part 1"] * 2
    assert world.queue.release("e-1", NOW + 30 * DAY, settling=True)
    assert tick(world, 30 * DAY).state is EditionState.SENT
    assert len(world.channel.sent) == 3


def test_a_blind_try_is_used_up_before_it_is_made(world: World) -> None:
    """A process that dies over it leaves none: the delivery is held, as it may have arrived twice by now."""
    put(world, blind=1)
    world.channel.can_find = world.channel.can_look_up = False
    world.channel.outcomes = [Unknown("broke")]
    tick(world)
    seen: list[int] = []

    def die(envelope: Envelope) -> None:
        (one,) = world.outbox.deliveries("e-1")
        seen.append(one.unverified_retries)
        raise KeyboardInterrupt

    world.channel.during = die
    with pytest.raises(KeyboardInterrupt):
        tick(world, SETTLE)
    world.channel.during = lambda envelope: None
    assert seen == [0]
    (held,) = tick(world, SETTLE + LEASE).deliveries
    assert (held.state, held.until) == ("uncertain", None)
    assert len(world.channel.sent) == 2


@pytest.mark.parametrize(("stage", "calls"), [(Stage.POST, ["find 1"]), (None, ["send 1"])])
def test_crash_is_taken_over_after_the_lease(world: World, stage: Stage | None, calls: list[str]) -> None:
    """A process that died between claim and record: another one waits for its lease, and looks first when the
    message had been handed over.
    """
    put(world)
    assert world.queue.claim("e-1", "dead", NOW, LEASE)
    if stage:
        world.queue.hand_over("e-1", "dead", stage, NOW + LEASE)
        world.channel.arrived["e-1"] = ENVELOPE  # it had got through
    tick(world, LEASE - timedelta(seconds=1))
    assert world.channel.calls == []
    assert tick(world, LEASE).state is EditionState.SENT
    assert world.channel.calls == calls


def test_crash_before_anything_went_out(world: World) -> None:
    """Handed over as far as anybody knows, and certainly not there: it is sent."""
    put(world)
    world.queue.claim("e-1", "dead", NOW, LEASE)
    world.queue.hand_over("e-1", "dead", Stage.POST, NOW + LEASE)
    assert tick(world, LEASE).state is EditionState.SENT
    assert world.channel.calls == ["find 1", "send 1"]


def test_slow_process_does_not_overwrite_its_successor(world: World) -> None:
    """An outcome that comes after the lease ran out and another took over is not recorded."""
    put(world)
    world.queue.claim("e-1", "slow", NOW, LEASE)
    tick(world, LEASE, owner="quick")
    late = Transition(DeliveryState.FAILED, why="late", incident="e-1")
    assert not world.queue.record("e-1", "slow", late, NOW + LEASE)
    assert tick(world, HOUR).state is EditionState.SENT


def test_parts_stop_at_the_one_that_failed(world: World) -> None:
    """Later parts wait for the earlier ones, go on from there, and follow in the first one's thread."""
    put(world, parts=4)
    world.channel.outcomes = [Sent("thread"), Deferred("busy")]
    edition = tick(world)
    assert [one.state for one in edition.deliveries] == ["sent", "waiting", "pending", "pending"]
    edition = tick(world, MINUTE)
    assert edition.state is EditionState.SENT
    assert world.channel.calls == ["send 1", "send 2", "send 2", "send 3", "send 4"]
    assert [one.thread for one in world.channel.sent] == [None, *["thread"] * 4]


def test_part_that_failed_for_good_holds_the_rest(world: World) -> None:
    """No part is left out in the middle: what comes after it waits for `resend`."""
    put(world, parts=3)
    world.channel.outcomes = [Sent("thread"), Refused("too long")]
    assert tick(world).state is EditionState.FAILED
    assert tick(world, 2 * DAY).state is EditionState.FAILED
    assert world.channel.calls == ["send 1", "send 2"]
    world.queue.release("e-2", NOW + 2 * DAY, settling=True)
    assert tick(world, 2 * DAY).state is EditionState.SENT


def test_two_processes_send_once(world: World) -> None:
    """While one sends, another finds nothing to do."""
    put(world)
    world.channel.during = lambda envelope: world.sender(owner="other").deliver([KEY])
    assert tick(world).state is EditionState.SENT
    assert world.channel.calls == ["send 1"]


def test_only_the_named_subscriptions_are_touched(world: World) -> None:
    """Deliveries of others stay where they are; who was touched is told."""
    put(world)
    told: list[str] = []
    world.sender().deliver(["bo:maildir:inbox"], told.append)
    assert (world.channel.calls, told) == ([], [])
    world.sender().deliver([KEY], told.append)
    assert (world.channel.calls, told) == (["send 1"], ["e"])


def test_what_cannot_be_looked_up_in_a_chat_is_not_sent_again(world: World) -> None:
    """A chat shows a second copy to everybody: the receiver is asked again later, for a day, then it is held. Only
    a person can have it sent without a look, and once.
    """
    put(world)
    channel = world.channel
    channel.can_find = False
    channel.outcomes = [Unknown("broke"), Unknown("broke again")]
    tick(world)
    for hours in range(1, 24):
        (one,) = tick(world, hours * HOUR).deliveries
        assert (one.state, one.until is None) == ("uncertain", False)
    (held,) = tick(world, DAY + HOUR).deliveries
    assert (held.state, held.until, held.has_stopped) == ("uncertain", None, True)
    assert channel.calls == ["send 1", *["find 1"] * 24]
    assert world.queue.release("e-1", NOW + 2 * DAY, settling=True)
    tick(world, 2 * DAY)
    tick(world, 3 * DAY)
    assert channel.calls.count("send 1") == 2
    assert world.queue.release("e-1", NOW + 4 * DAY, settling=True)
    channel.can_find = True
    channel.arrived["e-1"] = ENVELOPE
    assert tick(world, 4 * DAY).state is EditionState.SENT
    assert channel.calls.count("send 1") == 2


# --- A round ----------------------------------------------------------------------------------------------


class FakeTime:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, "time.sleep would raise"
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def by(world: World, clock: FakeTime) -> Sender:
    """A sender that lives by this clock."""
    return replace(world.sender(), clock=clock, real=clock, pause=clock.sleep, wait=clock.sleep)


def to(profile: str, target: str = "one") -> Subscription:
    return subscription(profile, target)


def timetable(world: World, clock: FakeTime) -> list[tuple[str, float]]:
    """Fills with what goes out and when, in seconds."""
    told: list[tuple[str, float]] = []
    world.channel.during = lambda e: told.append((e.delivery, (clock.now - NOW).total_seconds()))
    return told


def test_conversations_wait_for_their_turns_and_not_for_each_other(world: World) -> None:
    """A second between messages to one conversation, in their order; another's go out meanwhile; no idle second."""
    world.channel.spacing = timedelta(seconds=1)
    clock = FakeTime()
    told = timetable(world, clock)
    for token, one in {
        "a": to("a"),
        "b": to("b"),
        "c": to("c"),
        "d": to("d", "two"),
        "e": to("e", "two"),
    }.items():
        put(world, token=token, to=one)
    by(world, clock).deliver([to(p, t).key for p, t in zip("abcde", ["one"] * 3 + ["two"] * 2, strict=True)])
    assert told == [("a-1", 0), ("d-1", 0), ("b-1", 1), ("e-1", 1), ("c-1", 2)]
    assert sum(clock.slept) == pytest.approx(2)


def test_parts_keep_their_order_in_a_lane(world: World) -> None:
    """A thread is not mixed up by what goes elsewhere meanwhile."""
    world.channel.spacing = timedelta(seconds=1)
    clock = FakeTime()
    told = timetable(world, clock)
    put(world, parts=3, token="a", to=to("a"))
    put(world, parts=2, token="b", to=to("b", "two"))
    by(world, clock).deliver([to("a").key, to("b", "two").key])
    assert told == [("a-1", 0), ("b-1", 0), ("a-2", 1), ("b-2", 1), ("a-3", 2)]


def test_other_processes_messages_count_too(world: World) -> None:
    """Another sender's turn in the same conversation is waited for, within the attempt; another's is not."""
    world.channel.spacing = timedelta(seconds=1)
    clock = FakeTime()
    told = timetable(world, clock)
    put(world, token="other", to=to("other"))
    world.queue.claim("other-1", "other", NOW, LEASE)
    world.queue.hand_over(
        "other-1", "other", Stage.WRITE, NOW + LEASE, SendSlot("maildir:one", timedelta(seconds=1), NOW)
    )
    put(world, token="a", to=to("a"))
    put(world, token="b", to=to("b", "two"))
    by(world, clock).deliver([to("a").key, to("b", "two").key])
    assert told == [("a-1", 1), ("b-1", 1)]


def test_a_turn_that_came_while_it_was_stored_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storing may take longer than the wait: no sleep is negative."""
    world.channel.spacing = timedelta(seconds=1)
    clock = FakeTime()
    told = timetable(world, clock)
    put(world, parts=2, token="a", to=to("a"))
    put(world, token="other", to=to("other"))
    world.queue.claim("other-1", "other", NOW, LEASE)
    hand_over = world.queue.hand_over
    hand_over(
        "other-1", "other", Stage.WRITE, NOW + LEASE, SendSlot("maildir:one", world.channel.spacing, NOW)
    )

    def slowly(*arguments: Any) -> timedelta:
        wait = hand_over(*arguments)
        clock.now += timedelta(seconds=1.5)
        return wait

    monkeypatch.setattr(world.queue, "hand_over", slowly)
    by(world, clock).deliver([to("a").key])
    assert [delivery for delivery, _ in told] == ["a-1", "a-2"]
    assert [at for _, at in told] == pytest.approx([1.5, 3.45])


def test_what_did_not_go_out_costs_no_turn(world: World) -> None:
    """Parts that another one holds back, and what was found, keep nobody waiting."""
    world.channel.spacing = timedelta(seconds=1)
    clock = FakeTime()
    told = timetable(world, clock)
    put(world, parts=4, token="a", to=to("a"))
    put(world, token="b", to=to("b"))
    world.channel.outcomes = [Refused("no")]
    by(world, clock).deliver([to("a").key, to("b").key])
    assert told == [("a-1", 0), ("b-1", 1)]


def test_a_round_may_be_ended_between_attempts(world: World) -> None:
    """A process that is asked to stop leaves nothing half done: what it had not begun is as it was."""
    put(world, parts=2)
    breaths: list[float] = []

    def pause(seconds: float) -> None:
        breaths.append(seconds)
        if len(breaths) > 1:
            raise SourceError("stopped before it was through")

    with pytest.raises(SourceError):
        replace(world.sender(), pause=pause).deliver([KEY])
    edition = world.outbox.edition("e")
    assert edition is not None
    assert [one.state for one in edition.deliveries] == ["sent", "pending"]
    assert world.channel.rests == 1


def test_connections_rest_once_a_round(world: World) -> None:
    """However many deliveries, channels or names for one channel there are; also after nothing, and after a fault."""
    other = FakeChannel("slack")
    world.channels[ChannelName.SLACK] = other
    put(world, parts=3)
    world.sender().deliver([KEY])
    assert (world.channel.rests, other.rests) == (1, 1)
    world.sender().deliver([KEY])
    assert (world.channel.rests, other.rests) == (2, 2)
    put(world, token="f", to=to("f"))

    def fail(envelope: Envelope) -> None:
        raise RuntimeError("a fault of ours")

    world.channel.during = fail
    with pytest.raises(RuntimeError):
        world.sender().deliver([to("f").key])
    assert (world.channel.rests, other.rests) == (3, 3)


def test_a_receiver_that_asks_for_time_is_left_alone(world: World) -> None:
    """429 on one delivery keeps the others of that conversation from being tried, until the time is over."""
    for token in "abc":
        put(world, token=token, to=to(token, "two" if token == "b" else "one"))
    keys = [to("a").key, to("b", "two").key, to("c").key]
    world.channel.outcomes = [Deferred("429", 600.0)]
    world.sender().deliver(keys)
    world.sender(NOW + timedelta(seconds=599)).deliver(keys)
    assert [one.delivery for one in world.channel.sent] == ["a-1", "b-1"]
    world.sender(NOW + timedelta(seconds=600)).deliver(keys)
    assert [one.delivery for one in world.channel.sent] == ["a-1", "b-1", "a-1", "c-1"]


@pytest.mark.parametrize(
    ("blame", "tried", "paused"),
    [
        (Cause.MESSAGE, ["a-1", "b-1", "c-1"], []),
        (Cause.TARGET, ["a-1", "b-1"], ["maildir:one"]),
        (Cause.SERVICE, ["a-1"], ["maildir"]),
    ],
)
def test_what_refuses_everything_is_not_asked_again(
    world: World, blame: Cause, tried: list[str], paused: list[str]
) -> None:
    """A target that is gone, a token that was revoked: what else would go there stays as it is."""
    for token in "abc":
        put(world, token=token, to=to(token, "two" if token == "b" else "one"))
    world.channel.outcomes = [Refused("no", blame)]
    world.sender().deliver([to("a").key, to("b", "two").key, to("c").key])
    assert [one.delivery for one in world.channel.sent] == tried
    assert [pause.scope for pause in world.receivers.pauses()] == paused
    (last,) = world.outbox.deliveries("c-1")
    assert last.state == ("sent" if "c-1" in tried else "pending")


def test_a_violation_ends_the_round_aloud(world: World) -> None:
    """Nothing more is sent in it; what it was about has failed, and the next round goes on with the rest."""
    for token in "abc":
        put(world, token=token, to=to(token))
    keys = [to(token).key for token in "abc"]
    with world.database.session() as session:
        done = {"delivery": "b-1", "started": NOW, "finished": NOW, "outcome": "sent"}
        session.add(AttemptRow(**done))
    with pytest.raises(InvariantViolation, match="b-1: it was sent before"):
        world.sender().deliver(keys)
    assert [one.delivery for one in world.channel.sent] == ["a-1"]
    assert world.channel.rests == 1
    world.sender().deliver(keys)
    assert [one.delivery for one in world.channel.sent] == ["a-1", "c-1"]
    (failed,) = world.outbox.deliveries("b-1")
    assert failed.state == "failed"


# --- Leases -----------------------------------------------------------------------------------------------


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_a_long_attempt_keeps_its_delivery(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A live sender renews its lease while the receiver takes its time; when it is through nothing beats any more."""
    short = timedelta(seconds=0.03)
    monkeypatch.setattr(sender, "LEASE", short)
    put(world)
    clock = FakeTime()
    rivals: list[Claim | None] = []

    def take_long(envelope: Envelope) -> None:
        for _ in range(3):
            clock.now += 2 * short
            wait_for(lambda: world.outbox.deliveries("e-1")[0].until == clock.now + short)
            rivals.append(world.queue.claim("e-1", "rival", clock.now, short))

    world.channel.during = take_long
    before = set(threading.enumerate())
    by(world, clock).deliver([KEY])
    assert rivals == [None] * 3
    assert world.outbox.deliveries("e-1")[0].state == "sent"
    assert set(threading.enumerate()) == before


def test_a_lease_that_cannot_be_renewed_stops_no_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The database may be busy for a moment: that is logged, and tried again."""
    monkeypatch.setattr(sender, "LEASE", timedelta(seconds=0.03))
    put(world)
    tries: list[str] = []

    def renew(id_: str, owner: str, until: datetime) -> bool:
        tries.append(id_)
        raise DatabaseError("the database is locked")

    monkeypatch.setattr(world.queue, "renew", renew)
    world.channel.during = lambda envelope: wait_for(lambda: len(tries) > 1)
    world.sender().deliver([KEY])
    assert set(tries) == {"e-1"}
    assert world.outbox.deliveries("e-1")[0].state == "sent"
    assert "the lease of e-1 could not be renewed: the database is locked" in caplog.text


@dataclass
class SlowChannel(FakeChannel):
    """A channel that does something before it hands over."""

    before: Callable[[Envelope], None] = lambda envelope: None

    def send(self, envelope: Envelope, reach: StageCallback = ignore_stage) -> Outcome:
        self.before(envelope)
        return super().send(envelope, reach)


def test_who_was_taken_over_leaves_the_delivery_alone(world: World) -> None:
    """It sends nothing and writes nothing, tells of nothing, and goes on with the next one."""
    slow = SlowChannel()
    world.channels = dict.fromkeys(ChannelName, slow)
    put(world)
    put(world, token="f", to=to("f"))

    def take_over(envelope: Envelope) -> None:
        if envelope.delivery == "e-1":
            assert world.queue.claim("e-1", "rival", NOW + LEASE, LEASE)

    slow.before = take_over
    told: list[str] = []
    world.sender().deliver([KEY, to("f").key], told.append)
    assert ([one.delivery for one in slow.sent], told) == (["f-1"], ["f"])
    (left,) = world.outbox.deliveries("e-1")
    assert (left.state, left.attempts, left.until) == ("sending", 2, NOW + 2 * LEASE)
    sent = Transition(DeliveryState.SENT, receipt="r")
    assert world.queue.record("e-1", "rival", sent, NOW + LEASE)


# --- Looking ahead ----------------------------------------------------------------------------------------


def states_of(world: World, *tokens: str) -> list[tuple[str, int, int]]:
    """State, attempts, and recorded attempts of each edition's only delivery."""
    with world.database.reading() as session:
        rows = session.exec(select(AttemptRow.delivery)).all()
    found = [world.outbox.edition(token) for token in tokens]
    ones = [edition.deliveries[0] for edition in found if edition]
    return [(str(one.state), one.attempts, rows.count(one.id)) for one in ones]


def two_mails(world: World) -> list[str]:
    """Two editions of two subscriptions, and a receiver that thinks about each; their keys."""
    put(world, token="e")
    other = subscription("bo")
    put(world, token="f", to=other)
    world.channel.stages = (Stage.MAIL, Stage.DATA, Stage.ANSWER)
    return [KEY, other.key]


def test_the_next_is_claimed_while_a_receiver_thinks(world: World) -> None:
    """Each is attempted once, and recorded as ever."""
    keys = two_mails(world)
    seen: list[Any] = []
    world.channel.during = lambda envelope: seen.append(states_of(world, "e", "f"))
    world.sender().deliver(keys)
    assert seen == [[("sending", 1, 1), ("sending", 1, 1)], [("sent", 1, 1), ("sending", 1, 1)]]
    assert states_of(world, "e", "f") == [("sent", 1, 1), ("sent", 1, 1)]


def test_what_was_claimed_ahead_is_put_back_when_the_round_ends(world: World) -> None:
    """As if nobody had had it: the next sender need not wait for its lease, and no attempt was made."""
    keys = two_mails(world)
    breaths: list[float] = []

    def pause(seconds: float) -> None:
        breaths.append(seconds)
        if len(breaths) == 2:
            raise SourceError("stopped")

    with pytest.raises(SourceError):
        world.sender(pause=pause).deliver(keys)
    assert states_of(world, "e", "f") == [("sent", 1, 1), ("pending", 0, 0)]
    world.sender(owner="another").deliver(keys)
    assert states_of(world, "e", "f") == [("sent", 1, 1), ("sent", 1, 1)]


def test_nothing_is_claimed_ahead_that_has_to_keep_its_distance(world: World) -> None:
    """A chat's next message waits for its turn in the queue, where others can have it."""
    keys = two_mails(world)
    world.channel.spacing = timedelta(seconds=1)
    seen: list[Any] = []
    world.channel.during = lambda envelope: seen.append(states_of(world, "e", "f")[1])
    moments = iter(NOW + timedelta(seconds=n) for n in range(100))
    still = {"pause": lambda seconds: None, "wait": lambda seconds: None}
    replace(world.sender(), real=lambda: next(moments), **still).deliver(keys)
    assert seen == [("pending", 0, 0), ("sending", 1, 1)]
