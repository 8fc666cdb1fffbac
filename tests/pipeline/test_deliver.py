"""Attempts, what their outcomes lead to, and what a crash leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.model import (
    ChannelName,
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Envelope,
    Later,
    Outcome,
    Part,
    Refused,
    Sent,
    Unknown,
)
from bot.pipeline.deliver import BLIND_ATTEMPTS, LEASE, SETTLE, SPREAD, Unsure, after, attempt, deliver
from bot.ports import Channel
from tests.support.builders import NOW, FakeChannel, World, make_profile, subscription

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEY = subscription().key


def stood(
    state: str = "pending", attempts: int = 0, age: timedelta = timedelta(0), why: str = ""
) -> Delivery:
    """A delivery before an attempt, first tried `age` ago."""
    return Delivery(
        "e-1", "e", 1, 3, DeliveryState(state), attempts, NOW - age if attempts else None, why=why
    )


# --- What an outcome leads to -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "attempts", "age", "state", "wait"),
    [
        (Sent("r"), 0, 0 * MINUTE, "sent", None),
        (Sent("r"), 40, 9 * DAY, "sent", None),  # better late
        (Refused("no"), 0, 0 * MINUTE, "failed", None),
        (Later("busy"), 0, 0 * MINUTE, "waiting", 1 * MINUTE),
        (Later("busy"), 1, 1 * MINUTE, "waiting", 2 * MINUTE),
        (Later("busy"), 2, 3 * MINUTE, "waiting", 4 * MINUTE),
        (Later("busy"), 5, 31 * MINUTE, "waiting", 32 * MINUTE),
        (Later("busy"), 6, 63 * MINUTE, "waiting", 60 * MINUTE),  # 64, but an hour at most
        (Later("busy"), 5000, 23 * HOUR, "waiting", 60 * MINUTE),
        (Later("busy", 30.0), 0, 0 * MINUTE, "waiting", 30 * timedelta(seconds=1)),  # as asked
        (Later("busy", 30.0), 6, 63 * MINUTE, "waiting", 30 * timedelta(seconds=1)),
        (Later("busy", 7200.0), 0, 0 * MINUTE, "waiting", 2 * HOUR),  # more than our longest, too
        (Later("busy", 0.0), 0, 0 * MINUTE, "waiting", timedelta(seconds=1)),
        (Later("busy"), 30, DAY - MINUTE, "waiting", 60 * MINUTE),
        (Later("busy"), 30, DAY, "failed", None),  # a day is enough
        (Later("busy", 60.0), 30, DAY, "failed", None),
        (Unknown("broke"), 0, 0 * MINUTE, "uncertain", SETTLE),
        (Unknown("broke"), 3, 7 * MINUTE, "uncertain", 8 * MINUTE),  # grows as well
        (Unknown("broke"), 30, DAY, "uncertain", None),  # held
        (Unsure("who knows"), 2, 2 * MINUTE, "uncertain", None),  # held
        (Unsure("who knows", Later("busy")), 1, MINUTE, "uncertain", 2 * MINUTE),
        (Unsure("who knows", Later("busy", 10.0)), 1, MINUTE, "uncertain", timedelta(seconds=10)),
        (Unsure("who knows", Later("busy")), 30, DAY, "uncertain", None),
    ],
)
def test_after(
    outcome: Outcome | Unsure, attempts: int, age: timedelta, state: str, wait: timedelta | None
) -> None:
    """Waits double from a minute to an hour, less a fifth at most, or are the receiver's, for a day; a doubt stays a
    doubt.
    """
    step = after(outcome, stood("waiting", attempts, age), NOW)
    assert step.state == state
    if wait is None or step.until is None:
        assert step.until == wait
    else:
        assert wait * (1 if asked_for(outcome) else 1 - SPREAD) <= step.until - NOW <= wait
        assert step.until - NOW >= SETTLE or not isinstance(outcome, Unknown)
    assert step.receipt == ("r" if state == "sent" else None)
    assert state == "sent" or step.why


def asked_for(outcome: Outcome | Unsure) -> bool:
    """Whether the receiver said how long to wait."""
    later = outcome.again if isinstance(outcome, Unsure) else outcome
    return isinstance(later, Later) and later.retry_after is not None


def test_what_failed_together_does_not_come_back_together() -> None:
    """Waits of different deliveries differ, those of one delivery are the same whenever they are worked out."""

    def until(id_: str, attempts: int = 3) -> Any:
        return after(Later("busy"), replace(stood("waiting", attempts), id=id_), NOW).until

    times = {until(f"e{n}-1") for n in range(50)}
    assert len(times) == 50
    assert max(times) - min(times) > 8 * MINUTE * SPREAD / 2
    assert until("e1-1") == until("e1-1")
    assert after(Later("busy", 30.0), stood("waiting", 3), NOW).until == NOW + timedelta(seconds=30)


# --- One attempt ------------------------------------------------------------------------------------------

ENVELOPE = Envelope("e-1", "inbox", b"the bytes", NOW)
BUSY = Later("l", 5.0)


@pytest.mark.parametrize(
    ("state", "attempts", "can_find", "arrived", "script", "calls", "result"),
    [
        # never in doubt: sent without a look
        ("pending", 0, True, False, [Sent("r")], ["send 1"], Sent("r")),
        ("waiting", 3, True, False, [Sent("r")], ["send 1"], Sent("r")),
        # in doubt: looked up first
        ("uncertain", 1, True, True, [], ["find 1"], Sent("found")),
        ("sending", 1, True, True, [], ["find 1"], Sent("found")),
        ("sending", 9, True, True, [], ["find 1"], Sent("found")),
        # certainly not there: sent again, and whatever comes of it is the outcome
        ("uncertain", 1, True, False, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        ("sending", 9, True, False, [Unknown("b")], ["find 1", "send 1"], Unknown("b")),
        ("uncertain", 2, True, False, [Later("l")], ["find 1", "send 1"], Later("l")),
        # nobody can tell: one try without a look
        ("uncertain", 1, False, False, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        ("uncertain", 3, False, False, [Sent("r")], ["find 1", "send 1"], Sent("r")),  # after two refusals
        ("uncertain", 1, False, False, [Refused("n")], ["find 1", "send 1"], Refused("n")),
        ("sending", 1, False, False, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        # refused for now, the doubt about the first try remains
        ("uncertain", 1, False, False, [BUSY], ["find 1", "send 1"], Unsure("w; nobody can tell; l", BUSY)),
        # in doubt once more: held
        ("uncertain", 1, False, False, [Unknown("b")], ["find 1", "send 1"], Unsure("w; nobody can tell; b")),
        # a process died over it twice: held without another try
        ("sending", 2, False, False, [], ["find 1"], Unsure("w; nobody can tell")),
    ],
)  # fmt: skip
def test_attempt(
    state: str,
    attempts: int,
    can_find: bool,
    arrived: bool,
    script: list[Outcome],
    calls: list[str],
    result: Outcome | Unsure,
) -> None:
    """What may have got through is looked up; what cannot be looked up is tried once more with the same bytes."""
    channel = FakeChannel(
        outcomes=list(script), can_find=can_find, arrived={"e-1": ENVELOPE} if arrived else {}
    )
    assert attempt(channel, ENVELOPE, stood(state, attempts, why="w")) == result
    assert channel.calls == calls
    assert [one.payload for one in channel.sent] == [b"the bytes"] * len(script)


def test_fake_is_a_channel(world: World) -> None:
    """The scripted channel keeps the seam's promises: pure rendering, outcomes, found once it arrived."""
    channel: Channel = FakeChannel()
    channel.check()
    assert channel.find(ENVELOPE) is None
    assert isinstance(channel.send(ENVELOPE), Sent)
    assert channel.find(ENVELOPE) == Sent("found")
    assert channel.find(replace(ENVELOPE, delivery="other-1")) is None
    profile = make_profile("robots")
    digest, _ = world.desk([profile]).compose(profile, NOW.date())
    assert channel.render(digest, "e", "inbox") == channel.render(digest, "e", "inbox")


# --- With the store ---------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def put(world: World, parts: int = 1, token: str = "e") -> None:
    """An edition of so many parts, as composing leaves it."""
    one = subscription()
    edition = Edition(token, one.key, one.profile, ChannelName.MAILDIR, one.target, NOW.date(), parts)
    rendered = [Part(f"part {n}".encode(), 1) for n in range(1, parts + 1)]
    assert world.outbox.add(edition, NOW, {}, [], rendered)


def tick(world: World, later: timedelta = timedelta(0), owner: str = "test") -> Edition:
    """One delivering, so long after NOW; the edition afterwards."""
    deliver(world.outbox, world.channels, [KEY], owner, NOW + later)
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
    world.channel.outcomes = [Later("busy", 90.0), Later("busy")]
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
    assert world.outbox.release("e-1")
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
    world.channel.outcomes = [Later("busy", 1.0), Later("busy", 1.0), Unknown("connection reset")]
    for seconds in (0, 1, 2):
        tick(world, timedelta(seconds=seconds))
    assert tick(world, HOUR).state is EditionState.SENT
    assert world.channel.calls == ["send 1"] * 3 + ["find 1", "send 1"]


def test_doubt_survives_a_refusal(world: World) -> None:
    """The message got through, then neither looking nor sending was possible: still looked up before sending.

    A plain `waiting` would have been sent again without a look.
    """
    put(world)
    channel = world.channel
    channel.outcomes = [Unknown("connection reset"), Later("no connection")]
    channel.during = lambda envelope: channel.arrived.update({envelope.delivery: envelope})
    tick(world)
    channel.can_find = False
    assert tick(world, MINUTE).state is EditionState.UNCERTAIN
    channel.can_find = True
    assert tick(world, 10 * MINUTE).state is EditionState.SENT
    assert channel.calls == ["send 1", "find 1", "send 1", "find 1"]


def test_blind_retry_once_and_then_held(world: World) -> None:
    """Where nobody can tell, the same bytes go out once more; then it is a person's to decide."""
    put(world)
    world.channel.can_find = False
    world.channel.outcomes = [Unknown("broke"), Unknown("broke again")]
    tick(world)
    edition = tick(world, SETTLE)
    assert (edition.state, edition.deliveries[0].until) == (EditionState.UNCERTAIN, None)
    tick(world, 30 * DAY)
    assert [one.payload for one in world.channel.sent] == [b"part 1"] * BLIND_ATTEMPTS
    assert world.outbox.release("e-1")
    assert tick(world, 30 * DAY).state is EditionState.SENT


def test_crash_is_taken_over_after_the_lease(world: World) -> None:
    """A process that died between claim and record: another one waits for its lease, and looks first."""
    put(world)
    assert world.outbox.claim("e-1", "dead", NOW, LEASE)
    world.channel.arrived["e-1"] = ENVELOPE  # it had got through
    tick(world, LEASE - timedelta(seconds=1))
    assert world.channel.calls == []
    assert tick(world, LEASE).state is EditionState.SENT
    assert world.channel.calls == ["find 1"]


def test_crash_before_anything_went_out(world: World) -> None:
    """What is certainly not there is sent."""
    put(world)
    world.outbox.claim("e-1", "dead", NOW, LEASE)
    assert tick(world, LEASE).state is EditionState.SENT
    assert world.channel.calls == ["find 1", "send 1"]


def test_slow_process_does_not_overwrite_its_successor(world: World) -> None:
    """An outcome that comes after the lease ran out and another took over is not recorded."""
    put(world)
    world.outbox.claim("e-1", "slow", NOW, LEASE)
    tick(world, LEASE, owner="quick")
    assert not world.outbox.record("e-1", "slow", DeliveryState.FAILED, NOW + LEASE, why="late")
    assert tick(world, HOUR).state is EditionState.SENT


def test_parts_stop_at_the_one_that_failed(world: World) -> None:
    """Later parts wait for the earlier ones, go on from there, and follow in the first one's thread."""
    put(world, parts=4)
    world.channel.outcomes = [Sent("thread"), Later("busy")]
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
    world.outbox.release("e-2")
    assert tick(world, 2 * DAY).state is EditionState.SENT


def test_two_processes_send_once(world: World) -> None:
    """While one sends, another finds nothing to do."""
    put(world)
    world.channel.during = lambda envelope: deliver(world.outbox, world.channels, [KEY], "other", NOW)
    assert tick(world).state is EditionState.SENT
    assert world.channel.calls == ["send 1"]


def test_only_the_named_subscriptions_are_touched(world: World) -> None:
    """Deliveries of others stay where they are; who was touched is told."""
    put(world)
    told: list[str] = []
    deliver(world.outbox, world.channels, ["bo:maildir:inbox"], "test", NOW, told.append)
    assert (world.channel.calls, told) == ([], [])
    deliver(world.outbox, world.channels, [KEY], "test", NOW, told.append)
    assert (world.channel.calls, told) == (["send 1"], ["e"])


def test_what_cannot_be_looked_up_in_a_chat_is_not_sent_again() -> None:
    """A chat shows a second copy to everybody: the receiver is asked again later, for a day, then it is held."""
    channel = FakeChannel(can_find=False, resends_unseen=False)
    before = stood(DeliveryState.UNCERTAIN, attempts=1)
    outcome = attempt(channel, ENVELOPE, before)
    step = after(outcome, before, NOW)
    assert (channel.sent, step.state, step.until is None) == ([], DeliveryState.UNCERTAIN, False)
