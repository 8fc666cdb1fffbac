"""What a sender does with stored deliveries: attempts, crashes, turns of conversations, and leases."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.delivery import leases, sender
from bot.delivery.leases import LEASE
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
from bot.delivery.ports import StageCallback, ignore_stage
from bot.delivery.retry import SETTLE
from bot.delivery.sender import Sender
from bot.errors import DatabaseError, InvariantViolation, SourceError
from bot.profiles.model import ChannelName, Subscription
from bot.store.tables import AttemptRow
from tests.support.builders import NOW, FakeChannel, World, subscription
from tests.support.editions import attempts

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86400))
KEY = subscription().key
ENVELOPE = Envelope("e-1", "inbox", b"the bytes", NOW)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def to(profile: str, target: str = "one") -> Subscription:
    return subscription(profile, target)


def add(
    world: World, parts: int = 1, token: str = "e", to: Subscription | None = None, retries: int = 0
) -> None:
    """Store an edition of so many parts."""
    one = to or subscription()
    edition = Edition(token, one.key, one.profile, one.channel, one.target, NOW.date(), parts)
    rendered = [Part(f"part {n}".encode(), 1) for n in range(1, parts + 1)]
    assert world.outbox.add(edition, edition.target, NOW, {}, [], rendered, retries)


def stored(world: World, id_: str = "e-1") -> Delivery:
    (found,) = world.outbox.deliveries(id_)
    return found


def deliver(world: World, later: timedelta = timedelta(0), owner: str = "test") -> Edition:
    """Deliver, so long after NOW; returns the edition afterwards."""
    world.sender(NOW + later, owner).deliver([KEY])
    edition = world.outbox.edition("e")
    assert edition is not None
    return edition


# --- Attempts ---------------------------------------------------------------------------------------------


def test_an_attempt_is_recorded_before_and_its_outcome_after(world: World) -> None:
    """While a send is under way the store says so; afterwards it has the receipt."""
    add(world)
    seen: list[Delivery] = []
    world.channel.during = lambda envelope: seen.append(stored(world))
    (done,) = deliver(world).deliveries
    (under_way,) = seen
    assert (under_way.state, under_way.attempts, under_way.started) == ("sending", 1, NOW)
    assert (under_way.stage, under_way.lease, under_way.until) == (Stage.WRITE, NOW + LEASE, None)
    assert (done.state, done.receipt, done.lease) == ("sent", "receipt of e-1", None)


def test_a_refusal_for_now_waits_and_goes_on(world: World) -> None:
    """Not before its time, and then with the same bytes."""
    add(world)
    world.channel.outcomes = [Deferred("busy", 90.0), Deferred("busy")]
    assert deliver(world).state is EditionState.WAITING
    deliver(world, 89 * SECOND)
    assert len(world.channel.sent) == 1
    deliver(world, 90 * SECOND)  # the second wait: 2 minutes, less a fifth at most
    deliver(world, (90 + 95) * SECOND)
    assert len(world.channel.sent) == 2
    edition = deliver(world, (90 + 120) * SECOND)
    assert (edition.state, edition.deliveries[0].attempts) == (EditionState.SENT, 3)
    assert {(one.payload, one.started) for one in world.channel.sent} == {(b"part 1", NOW)}


def test_an_uncertain_delivery_is_looked_up_and_found(world: World) -> None:
    """After two refusals the message arrived although the connection broke: it is not sent again."""
    add(world)
    channel = world.channel
    channel.outcomes = [Deferred("busy", 1.0), Deferred("busy", 1.0), Unknown("connection reset")]
    channel.during = lambda envelope: channel.arrived.update({envelope.delivery: envelope})
    for seconds in range(3):
        deliver(world, seconds * SECOND)
    deliver(world, 2 * SECOND + SETTLE - SECOND)
    assert channel.calls == ["send 1"] * 3
    assert deliver(world, HOUR).state is EditionState.SENT
    assert channel.calls == ["send 1"] * 3 + ["find 1"]


def test_a_doubt_survives_a_refusal(world: World) -> None:
    """The message arrived, then neither look-up nor sending succeeded: it is still looked up before it is sent.

    A retry that was refused is given back.
    """
    add(world, retries=1)
    channel = world.channel
    channel.outcomes = [Unknown("connection reset"), Deferred("no connection")]
    channel.during = lambda envelope: channel.arrived.update({envelope.delivery: envelope})
    deliver(world)
    channel.can_find = False
    edition = deliver(world, MINUTE)
    assert (edition.state, edition.deliveries[0].unverified_retries) == (EditionState.UNCERTAIN, 1)
    channel.can_find = True
    assert deliver(world, 10 * MINUTE).state is EditionState.SENT
    assert channel.calls == ["send 1", "find 1", "send 1", "find 1"]


@pytest.mark.parametrize("can_look_up", [True, False])
def test_one_unverified_retry_and_then_held(world: World, can_look_up: bool) -> None:
    """Where a look-up fails, the same bytes go out once more; then a person decides."""
    add(world, retries=1)
    world.channel.can_find, world.channel.can_look_up = False, can_look_up
    world.channel.outcomes = [Unknown("broke"), Unknown("broke again")]
    assert deliver(world).deliveries[0].unverified_retries == 1
    (held,) = deliver(world, SETTLE).deliveries
    assert (held.state, held.until, held.unverified_retries) == ("uncertain", None, 0)
    deliver(world, 30 * DAY)
    assert [one.payload for one in world.channel.sent] == [b"part 1"] * 2
    assert world.queue.release("e-1", NOW + 30 * DAY, settling=False)
    assert deliver(world, 30 * DAY).state is EditionState.SENT
    assert len(world.channel.sent) == 3


def test_an_unverified_retry_is_used_up_before_it_is_made(world: World) -> None:
    """A process that dies over it leaves none: the delivery may have arrived twice, and is held."""
    add(world, retries=1)
    world.channel.can_find = world.channel.can_look_up = False
    world.channel.outcomes = [Unknown("broke")]
    deliver(world)
    seen: list[int] = []

    def die(envelope: Envelope) -> None:
        seen.append(stored(world).unverified_retries)
        raise KeyboardInterrupt

    world.channel.during = die
    with pytest.raises(KeyboardInterrupt):
        deliver(world, SETTLE)
    world.channel.during = lambda envelope: None
    assert seen == [0]
    (held,) = deliver(world, SETTLE + LEASE).deliveries
    assert (held.state, held.until) == ("uncertain", None)
    assert len(world.channel.sent) == 2


def test_a_failed_look_up_in_a_chat_is_repeated_for_a_day_of_waits(world: World) -> None:
    """A chat shows a second copy to everybody: nothing is sent again unless a person says so, and then once."""
    add(world)
    channel = world.channel
    channel.can_find = False
    channel.outcomes = [Unknown("broke"), Unknown("broke again")]
    deliver(world)
    while (one := stored(world)).until:
        assert one.state == "uncertain"
        deliver(world, one.until - NOW)
    assert (one.state, one.until, one.has_stopped) == ("uncertain", None, True)
    assert DAY.total_seconds() <= one.waited <= (DAY + HOUR).total_seconds()
    assert channel.calls == ["send 1", *["find 1"] * (one.attempts - 1)]
    assert world.queue.release("e-1", NOW + 2 * DAY, settling=False)
    deliver(world, 2 * DAY)
    deliver(world, 3 * DAY)
    assert channel.calls.count("send 1") == 2


@pytest.mark.parametrize(
    ("stage", "arrived", "calls"),
    [
        (None, False, ["send 1"]),
        (Stage.POST, True, ["find 1"]),
        (Stage.POST, False, ["find 1", "send 1"]),
    ],
)
def test_a_delivery_of_a_dead_process_is_taken_over_after_its_lease(
    world: World, stage: Stage | None, arrived: bool, calls: list[str]
) -> None:
    """It is looked up first when it had been handed over."""
    add(world)
    assert world.queue.claim("e-1", "dead", NOW, LEASE)
    if stage:
        world.queue.hand_over("e-1", "dead", stage, LEASE)
    if arrived:
        world.channel.arrived["e-1"] = ENVELOPE
    deliver(world, LEASE - SECOND)
    assert world.channel.calls == []
    assert deliver(world, LEASE).state is EditionState.SENT
    assert world.channel.calls == calls


def test_time_off_is_not_a_time_of_failing(world: World) -> None:
    """Refused for now on Friday, switched off, and refused for now on Monday: it waits again."""
    add(world)
    world.channel.outcomes = [Deferred("busy", 30.0)] * 2
    deliver(world)
    (waiting,) = deliver(world, 3 * DAY).deliveries
    assert (waiting.state, waiting.attempts, waiting.waited) == ("waiting", 2, 120.0)


def test_parts_stop_at_the_one_that_was_not_sent(world: World) -> None:
    """Later parts wait for it, go on from there, and belong to the first one's thread."""
    add(world, parts=4)
    world.channel.outcomes = [Sent("thread"), Deferred("busy")]
    edition = deliver(world)
    assert [one.state for one in edition.deliveries] == ["sent", "waiting", "pending", "pending"]
    assert deliver(world, MINUTE).state is EditionState.SENT
    assert world.channel.calls == ["send 1", "send 2", "send 2", "send 3", "send 4"]
    assert [one.thread for one in world.channel.sent] == [None, *["thread"] * 4]


def test_only_the_named_subscriptions_are_delivered(world: World) -> None:
    """The callback gets the editions of which something was attempted."""
    add(world)
    attempted: list[str] = []
    world.sender().deliver(["bo:maildir:inbox"], attempted.append)
    assert (world.channel.calls, attempted) == ([], [])
    world.sender().deliver([KEY], attempted.append)
    assert (world.channel.calls, attempted) == (["send 1"], ["e"])


# --- Turns ------------------------------------------------------------------------------------------------


class FakeTime:
    """A clock that moves only while somebody sleeps, and is the database's clock too."""

    def __init__(self, world: World) -> None:
        self.now = NOW
        self.slept: list[float] = []
        world.database_clock = self

    def __call__(self) -> datetime:
        return self.now

    def uptime(self) -> float:
        return (self.now - NOW).total_seconds()

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, "time.sleep would raise"
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def sender_by(world: World, clock: FakeTime) -> Sender:
    sender_ = world.sender(pause=clock.sleep, wait=clock.sleep)
    world.database_clock = clock
    return replace(sender_, clock=clock, uptime=clock.uptime)


def timetable(world: World, clock: FakeTime) -> list[tuple[str, float]]:
    """A list that fills with what goes out and when, in seconds."""
    times: list[tuple[str, float]] = []
    world.channel.during = lambda e: times.append((e.delivery, (clock.now - NOW).total_seconds()))
    return times


def reserve_by_another_sender(world: World) -> None:
    """Another process hands over to the conversation `one` at NOW."""
    add(world, token="other", to=to("other"))
    world.queue.claim("other-1", "other", NOW, LEASE)
    slot = SendSlot("maildir:one", SECOND)
    world.queue.hand_over("other-1", "other", Stage.WRITE, LEASE, slot)


def test_conversations_wait_for_their_turns_and_not_for_each_other(world: World) -> None:
    """A second between messages to one conversation, in their order; others go out meanwhile; no idle second."""
    world.channel.spacing = SECOND
    clock = FakeTime(world)
    times = timetable(world, clock)
    subscriptions = {"a": to("a"), "b": to("b"), "d": to("d", "two"), "e": to("e", "two")}
    for token, one in subscriptions.items():
        add(world, parts=2 if token == "a" else 1, token=token, to=one)
    sender_by(world, clock).deliver([one.key for one in subscriptions.values()])
    assert times == [("a-1", 0), ("d-1", 0), ("a-2", 1), ("e-1", 1), ("b-1", 2)]
    assert sum(clock.slept) == pytest.approx(2)


def test_messages_of_other_processes_count_too(world: World) -> None:
    """A turn that another sender has in the same conversation is waited for, within the attempt."""
    world.channel.spacing = SECOND
    clock = FakeTime(world)
    times = timetable(world, clock)
    reserve_by_another_sender(world)
    add(world, token="a", to=to("a"))
    add(world, token="b", to=to("b", "two"))
    sender_by(world, clock).deliver([to("a").key, to("b", "two").key])
    assert times == [("a-1", 1), ("b-1", 1)]


def test_a_delivery_that_was_not_handed_over_takes_no_turn(world: World) -> None:
    """Parts that an earlier one holds back delay nobody."""
    world.channel.spacing = SECOND
    clock = FakeTime(world)
    times = timetable(world, clock)
    add(world, parts=4, token="a", to=to("a"))
    add(world, token="b", to=to("b"))
    world.channel.outcomes = [Refused("no")]
    sender_by(world, clock).deliver([to("a").key, to("b").key])
    assert times == [("a-1", 0), ("b-1", 1)]


# --- Side by side -----------------------------------------------------------------------------------------


def test_routes_are_served_side_by_side_and_each_in_its_order(world: World) -> None:
    """While the first message to one receiver takes long, everything to another one goes out."""
    for token, target in (("0", "three"), ("a", "one"), ("b", "one"), ("c", "two"), ("d", "two")):
        add(world, token=token, to=to(token, target))
    others = threading.Event()

    def take_long(envelope: Envelope) -> None:
        if envelope.delivery == "a-1":
            assert others.wait(10)
        if envelope.delivery == "d-1":
            others.set()

    world.channel.during = take_long
    keys = [to("0", "three").key, *(to(t).key for t in "ab"), *(to(t, "two").key for t in "cd")]
    world.sender(threads=3).deliver(keys)
    assert [one.delivery for one in world.channel.sent if one.target == "one"] == ["a-1", "b-1"]
    assert {one.delivery for one in world.channel.sent} == {"0-1", "a-1", "b-1", "c-1", "d-1"}


@pytest.mark.parametrize("connections", [1, 3])
def test_no_more_mails_at_once_than_connections(world: World, connections: int) -> None:
    """Whatever the number of threads and of addresses; what goes to one address keeps its order."""
    mail = [Subscription(f"p{n:02}", ChannelName.EMAIL, f"a{n % 8}@example.org") for n in range(24)]
    for n, one in enumerate(mail):
        add(world, token=f"{n:02}", to=one)
    under_way, most = set[str](), list[int]()

    def count(envelope: Envelope) -> None:
        under_way.add(envelope.delivery)
        time.sleep(0.005)
        most.append(len(under_way))
        under_way.remove(envelope.delivery)

    world.channel.during = count
    world.sender(threads=9, connections=connections).deliver([one.key for one in mail])
    assert max(most) == connections
    sent = [(one.target, one.delivery) for one in world.channel.sent]
    assert len(sent) == 24
    assert sorted(sent) == sorted(sent, key=lambda one: one[0])


def test_a_service_out_of_reach_is_asked_by_one_thread(world: World) -> None:
    """The first delivery of the channel postpones the others; the next round begins with one again."""
    keys = [to(token, token).key for token in "abcd"]
    for token in "abcd":
        add(world, token=token, to=to(token, token))
    world.channel.outcomes = [Deferred("no connection", cause=Cause.SERVICE)] * 9
    world.sender(threads=9).deliver(keys)
    world.sender(NOW + HOUR, threads=9).deliver(keys)
    assert len(world.channel.sent) == 2


def test_all_threads_end_when_the_round_is_ended(world: World) -> None:
    """What they have begun is finished and recorded; nothing more is begun."""
    for n in range(40):
        add(world, token=f"{n:02}", to=to(f"p{n}", f"t{n % 4}"))
    stopped = threading.Event()

    def pause(seconds: float) -> None:
        if stopped.is_set():
            raise SourceError("stopped")

    def send(envelope: Envelope) -> None:
        time.sleep(0.01)
        if len(world.channel.sent) > 8:
            stopped.set()

    world.channel.during = send
    before = set(threading.enumerate())
    keys = [to(f"p{n}", f"t{n % 4}").key for n in range(40)]
    with pytest.raises(SourceError):
        world.sender(threads=9, pause=pause).deliver(keys)
    assert set(threading.enumerate()) == before
    states = Counter(stored(world, f"{n:02}-1").state for n in range(40))
    assert states == {"sent": len(world.channel.sent), "pending": 40 - len(world.channel.sent)}
    assert len(world.channel.sent) < 40


# --- Claims and outcomes of several mails -----------------------------------------------------------------


def add_mails(world: World, tokens: str) -> list[str]:
    """Editions for one address each, of which all go by one connection; their subscriptions' keys."""
    mails = [Subscription(token, ChannelName.EMAIL, f"{token}@example.org") for token in tokens]
    for one in mails:
        add(world, token=one.profile, to=one)
    return [one.key for one in mails]


def test_mails_that_were_claimed_and_not_attempted_are_given_back(world: World) -> None:
    """They are claimed together; when the round ends, the rest is open as if it had not been claimed."""
    keys = add_mails(world, "abcd")
    stopped = threading.Event()

    def pause(seconds: float) -> None:
        if stopped.is_set():
            raise SourceError("stopped")

    def send(envelope: Envelope) -> None:
        if envelope.delivery == "b-1":
            assert [stored(world, f"{token}-1").state for token in "abcd"] == ["sent", *["sending"] * 3]
            stopped.set()
            time.sleep(3 * sender.GLANCE)

    world.channel.during = send
    with pytest.raises(SourceError):
        world.sender(pause=pause).deliver(keys)
    left = [stored(world, f"{token}-1") for token in "cd"]
    assert [(one.state, one.attempts, one.started, one.lease) for one in left] == [
        ("pending", 0, None, None)
    ] * 2
    assert [row[0] for row in attempts(world.database)] == ["a-1", "b-1"]


def test_mails_are_claimed_again_after_a_slow_one(world: World) -> None:
    """So that a reader who pauses meanwhile gets nothing, and a mail that failed stops no other."""
    keys = add_mails(world, "abcde")
    clock = FakeTime(world)
    world.channel.outcomes = [Sent("1"), Sent("2"), Refused("no such user", Cause.TARGET)]

    def take_long(envelope: Envelope) -> None:
        if envelope.delivery == "b-1":
            clock.now += timedelta(seconds=sender.FRESH + 1)
            world.receivers.pause(keys[3], "paused by its reader", clock.now)

    world.channel.during = take_long
    sender_by(world, clock).deliver(keys)
    states = {token: str(stored(world, f"{token}-1").state) for token in "abcde"}
    assert states == {"a": "sent", "b": "sent", "c": "failed", "d": "pending", "e": "sent"}


def test_the_outcome_of_a_mail_does_not_wait_for_a_slow_server(world: World) -> None:
    """It is recorded with the next mail, or when the server takes long to accept that one."""
    keys = add_mails(world, "abc")
    slow = SlowChannel("email")
    world.channels = dict.fromkeys(ChannelName, slow)

    def wait_for_outcome(envelope: Envelope) -> None:
        if envelope.delivery == "c-1":
            wait_for(lambda: stored(world, "b-1").state == "sent")

    slow.before = wait_for_outcome
    world.sender().deliver(keys)
    assert [stored(world, f"{token}-1").state for token in "abc"] == ["sent"] * 3


# --- A round ----------------------------------------------------------------------------------------------


def test_a_round_may_be_ended_between_attempts(world: World) -> None:
    """What was not begun stays as it was, and connections are closed."""
    add(world, parts=2)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 1:
            raise SourceError("stopped")

    with pytest.raises(SourceError):
        world.sender(pause=pause).deliver([KEY])
    assert [stored(world, id_).state for id_ in ("e-1", "e-2")] == ["sent", "pending"]
    assert world.channel.rests == 1


def test_connections_are_closed_once_a_round(world: World) -> None:
    """However many deliveries, channels or names for one channel there are; also after nothing, and after a fault."""
    other = FakeChannel("slack")
    world.channels[ChannelName.SLACK] = other
    add(world, parts=3)
    world.sender().deliver([KEY])
    assert (world.channel.rests, other.rests) == (1, 1)
    world.sender().deliver([KEY])
    assert (world.channel.rests, other.rests) == (2, 2)
    add(world, token="f", to=to("f"))

    def fail(envelope: Envelope) -> None:
        raise RuntimeError("a fault of ours")

    world.channel.during = fail
    with pytest.raises(RuntimeError):
        world.sender().deliver([to("f").key])
    assert (world.channel.rests, other.rests) == (3, 3)


@pytest.mark.parametrize(
    ("outcome", "tried", "paused"),
    [
        (Refused("no", Cause.MESSAGE), ["a-1", "b-1", "c-1"], []),
        (Refused("no", Cause.TARGET), ["a-1", "b-1"], ["maildir:one"]),
        (Refused("no", Cause.SERVICE), ["a-1"], ["maildir"]),
        (Deferred("429", 600.0), ["a-1", "b-1"], []),
        (Deferred("no connection", cause=Cause.SERVICE), ["a-1"], []),
    ],
)
def test_an_outcome_may_stop_others_of_the_same_round(
    world: World, outcome: Outcome, tried: list[str], paused: list[str]
) -> None:
    """A target that is gone or asks for time, a revoked token, an unreachable server: not tried again and again."""
    for token in "abc":
        add(world, token=token, to=to(token, "two" if token == "b" else "one"))
    world.channel.outcomes = [outcome]
    world.sender().deliver([to("a").key, to("b", "two").key, to("c").key])
    assert sorted(one.delivery for one in world.channel.sent) == tried
    assert [pause.scope for pause in world.receivers.pauses()] == paused


def test_a_violation_ends_the_round(world: World) -> None:
    """Nothing more is sent in it; its delivery has failed, and the next round goes on with the rest."""
    for token in "abc":
        add(world, token=token, to=to(token))
    keys = [to(token).key for token in "abc"]
    with world.database.session() as session:
        session.add(AttemptRow(delivery="b-1", started=NOW, finished=NOW, outcome="sent"))
    with pytest.raises(InvariantViolation, match="b-1: it was sent before"):
        world.sender().deliver(keys)
    assert [one.delivery for one in world.channel.sent] == ["a-1"]
    assert world.channel.rests == 1
    world.sender().deliver(keys)
    assert [one.delivery for one in world.channel.sent] == ["a-1", "c-1"]
    assert stored(world, "b-1").state == "failed"


# --- Leases -----------------------------------------------------------------------------------------------


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def set_lease(monkeypatch: pytest.MonkeyPatch, duration: timedelta) -> None:
    for module in (leases, sender):
        monkeypatch.setattr(module, "LEASE", duration)


def test_a_long_attempt_keeps_its_delivery(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease is renewed while the receiver takes its time; the thread that does it ends with the round."""
    short = timedelta(seconds=0.03)
    set_lease(monkeypatch, short)
    add(world)
    clock = FakeTime(world)
    rivals: list[Claim | None] = []

    def take_long(envelope: Envelope) -> None:
        for _ in range(3):
            clock.now += 2 * short
            wait_for(lambda: stored(world).lease == clock.now + short)
            rivals.append(world.queue.claim("e-1", "rival", clock.now, short))

    world.channel.during = take_long
    before = set(threading.enumerate())
    sender_by(world, clock).deliver([KEY])
    assert rivals == [None] * 3
    assert stored(world).state == "sent"
    assert set(threading.enumerate()) == before


def test_a_lease_that_cannot_be_renewed_stops_no_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The database may be busy for a moment: that is logged, and tried again."""
    set_lease(monkeypatch, timedelta(seconds=0.03))
    add(world)
    tries: list[str] = []

    def renew(id_: str, owner: str, lease: timedelta) -> bool:
        tries.append(id_)
        raise DatabaseError("the database is locked")

    monkeypatch.setattr(world.queue, "renew", renew)
    world.channel.during = lambda envelope: wait_for(lambda: len(tries) > 1)
    world.sender().deliver([KEY])
    assert set(tries) == {"e-1"}
    assert stored(world).state == "sent"
    assert "the lease of e-1 could not be renewed: the database is locked" in caplog.text


@dataclass
class SlowChannel(FakeChannel):
    """A channel that does something before it hands over, and between two writes."""

    before: Callable[[Envelope], None] = lambda envelope: None
    between: Callable[[Envelope], None] = lambda envelope: None

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        self.before(envelope)
        on_stage(Stage.WRITE)
        self.between(envelope)
        return super().send(envelope, on_stage)


@pytest.mark.parametrize("is_taken_over", [True, False])
@pytest.mark.parametrize("at", ["before the stage", "storing it", "waiting for its turn", "between writes"])
def test_a_sender_that_was_stopped_for_longer_than_its_lease(
    world: World, monkeypatch: pytest.MonkeyPatch, at: str, is_taken_over: bool
) -> None:
    """If another one took over, it sends nothing, says so in its attempt, and goes on with the next delivery."""
    slow, clock = SlowChannel(spacing=SECOND), FakeTime(world)
    world.channels = dict.fromkeys(ChannelName, slow)
    add(world)
    add(world, token="f", to=to("f", "two"))
    one = sender_by(world, clock)

    def stop(*_: Any) -> None:
        if stored(world).attempts == 1:
            clock.now += 2 * LEASE
            if is_taken_over:
                assert world.queue.claim("e-1", "rival", clock.now, LEASE)

    match at:
        case "before the stage":
            slow.before = stop
        case "between writes":
            slow.between = stop
        case "storing it":
            hand_over = world.queue.hand_over
            monkeypatch.setattr(world.queue, "hand_over", lambda *call: (hand_over(*call), stop())[0])
        case "waiting for its turn":
            one = replace(one, wait=lambda seconds: (clock.sleep(seconds), stop()))
    attempted: list[str] = []
    one.deliver([KEY, to("f", "two").key], attempted.append)
    if not is_taken_over:
        assert ([one.delivery for one in slow.sent], attempted) == (["e-1", "f-1"], ["e", "f"])
        return
    assert ([one.delivery for one in slow.sent], attempted) == (["f-1"], ["f"])
    left = stored(world)
    assert (left.state, left.attempts, left.lease) == ("sending", 2, clock.now + LEASE)
    first, _, _ = attempts(world.database)
    assert first[3:] == ("waiting", "nothing was sent: e-1 was taken over by another sender")
    assert world.queue.record("e-1", "rival", Transition(DeliveryState.SENT, receipt="r"), clock.now)


@pytest.mark.parametrize("days", [-1, 1])
def test_senders_whose_clocks_differ_by_days(world: World, days: int) -> None:
    """While one is sending, another one does not take the delivery over because of its own clock."""
    add(world)
    first = world.sender()
    second = replace(first, owner="second", clock=lambda: NOW + days * DAY)
    world.channel.during = lambda envelope: second.deliver([KEY])
    first.deliver([KEY])
    assert world.channel.calls == ["send 1"]
    assert (stored(world).state, stored(world).attempts) == ("sent", 1)
