"""One attempt on a scripted channel, and the state that an outcome leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import inf, nan
from typing import Any

import pytest

from bot.delivery.model import (
    Cause,
    Claim,
    Deferred,
    Delivery,
    DeliveryState,
    Envelope,
    Outcome,
    Refused,
    Sent,
    Stage,
    Unknown,
)
from bot.delivery.ports import NoAnswer
from bot.delivery.retry import LOOK_UP_WAITS, SETTLE, SPREAD, StillUnknown, attempt, transition
from bot.profiles.model import ChannelName
from tests.support.builders import NOW, FakeChannel, subscription

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86400))
ENVELOPE = Envelope("e-1", "inbox", b"the bytes", NOW)
BUSY, NEVER = Deferred("l", 5.0), Refused("wrong password", Cause.SERVICE)


def delivery(
    state: str = "waiting", attempts: int = 0, waited: timedelta = timedelta(0), **more: Any
) -> Delivery:
    """A delivery before an attempt; one left in `sending` was handed over."""
    more = {"stage": Stage.WRITE if state == "sending" else Stage.CLAIMED, **more}
    to = (ChannelName.MAILDIR, "inbox", subscription().key)
    counts = {"attempts": attempts, "waited": waited.total_seconds()}
    return Delivery("e-1", "e", 1, 3, DeliveryState(state), *to, **counts, **more)


# --- What an outcome leads to -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "attempts", "waited", "state", "wait"),
    [
        (Sent("r"), 0, 0 * MINUTE, "sent", None),
        (Sent("r"), 40, 9 * DAY, "sent", None),
        (Refused("no"), 0, 0 * MINUTE, "failed", None),
        (Deferred("busy"), 0, 0 * MINUTE, "waiting", 1 * MINUTE),
        (Deferred("busy"), 1, 1 * MINUTE, "waiting", 2 * MINUTE),
        (Deferred("busy"), 5, 31 * MINUTE, "waiting", 32 * MINUTE),
        (Deferred("busy"), 6, 63 * MINUTE, "waiting", 60 * MINUTE),  # 64, but an hour at most
        (Deferred("busy"), 5000, 23 * HOUR, "waiting", 60 * MINUTE),
        (Deferred("busy", 30.0), 0, 0 * MINUTE, "waiting", 30 * SECOND),
        (Deferred("busy", 30.0), 6, 63 * MINUTE, "waiting", 30 * SECOND),
        (Deferred("busy", 7200.0), 0, 0 * MINUTE, "waiting", 2 * HOUR),  # longer than the longest of ours
        (Deferred("busy", 0.0), 0, 0 * MINUTE, "waiting", SECOND),
        *(
            (Deferred("busy", asked), 0, 0 * MINUTE, "waiting", DAY)
            for asked in (86400.0, 86401.0, 1e300, inf)
        ),
        *((Deferred("busy", asked), 0, 0 * MINUTE, "waiting", SECOND) for asked in (nan, -1e300)),
        (Deferred("busy"), 1, 2 * DAY, "waiting", 2 * MINUTE),  # five attempts at least
        (Deferred("busy"), 3, 9 * DAY, "waiting", 8 * MINUTE),
        (Deferred("busy"), 4, DAY, "failed", None),
        (Deferred("busy"), 30, DAY - MINUTE, "waiting", 60 * MINUTE),
        (Deferred("busy"), 30, DAY, "failed", None),
        (Deferred("busy", 60.0), 30, DAY, "failed", None),
        (Unknown("broke"), 0, 0 * MINUTE, "uncertain", SETTLE),
        (Unknown("broke"), 3, 7 * MINUTE, "uncertain", 8 * MINUTE),
        (Unknown("broke"), 30, DAY, "uncertain", None),  # held
        (StillUnknown("who knows"), 2, 2 * MINUTE, "uncertain", None),
        (StillUnknown("who knows", Deferred("busy")), 1, MINUTE, "uncertain", 2 * MINUTE),
        (StillUnknown("who knows", Deferred("busy", 10.0)), 1, MINUTE, "uncertain", 10 * SECOND),
        (StillUnknown("who knows", Deferred("busy")), 30, DAY, "uncertain", None),
    ],
)
def test_transition(
    outcome: Outcome | StillUnknown, attempts: int, waited: timedelta, state: str, wait: timedelta | None
) -> None:
    """Waits double from a minute to an hour, less a fifth at most, or are the receiver's, until a day was waited."""
    step = transition(outcome, delivery("waiting", attempts, waited), NOW)
    assert step.state == state
    refusal = outcome.again if isinstance(outcome, StillUnknown) else outcome
    share = 0.0 if isinstance(refusal, Deferred) and refusal.retry_after is not None else SPREAD
    if wait is None or step.until is None:
        assert step.until == wait
    else:
        assert wait * (1 - share) <= step.until - NOW <= wait
        assert step.until - NOW >= SETTLE or not isinstance(outcome, Unknown)
        counted = max(step.until - NOW, MINUTE)
        assert step.waited == pytest.approx((waited + counted).total_seconds())
    assert step.receipt == ("r" if state == "sent" else None)
    assert state == "sent" or step.why


@pytest.mark.parametrize(
    ("outcome", "waited", "incident", "pauses", "postpones"),
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
def test_effect_on_other_deliveries(
    outcome: Outcome | StillUnknown,
    waited: timedelta,
    incident: str | None,
    pauses: str | None,
    postpones: str | None,
) -> None:
    """A stopped delivery is an incident of its target, or of what refuses everything, which is paused.

    A receiver that asks for a wait postpones its target, an unreachable service its channel.
    """
    step = transition(outcome, delivery("waiting", 9, waited), NOW)
    assert (step.incident, step.pauses, step.postpones) == (incident, pauses, postpones)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (86400.0, "busy"),
        (365 * 86400.0, "busy; it asked to wait for 365 days, and is asked again after one"),
        (1e300, "busy; it asked to wait for 1.157e+295 days, and is asked again after one"),
    ],
)
def test_a_wait_that_is_cut_short_is_reported(asked: float, said: str) -> None:
    """Also where an earlier attempt is in doubt."""
    refusal = Deferred("busy", asked)
    for outcome in (refusal, StillUnknown("busy", refusal)):
        step = transition(outcome, delivery("waiting", 1), NOW)
        assert (step.why, step.until) == (said, NOW + DAY)


@pytest.mark.parametrize(
    "outcome", [Deferred("busy", asked) for asked in (None, 0.0, 30.0, 1e300)] + [Unknown("u")]
)
def test_a_delivery_that_is_refused_for_ever_is_given_up(outcome: Outcome) -> None:
    """After five attempts and a day of waits at least; after five days, or 1,441 attempts, at most."""
    before, now = delivery("pending"), NOW
    while (step := transition(outcome, before, now)).incident is None:
        assert step.until
        now = step.until
        before = replace(before, attempts=before.attempts + 1, waited=step.waited)
    assert 4 <= before.attempts <= 1440
    assert now - NOW <= 5 * DAY


def test_a_service_that_is_out_of_reach() -> None:
    """Nothing is given up while it is, however long; afterwards the day of waits begins again."""
    away, before, now = Deferred("no connection", cause=Cause.SERVICE), delivery("waiting", 9, DAY), NOW
    for n in range(200):
        step = transition(StillUnknown("b", away) if n % 2 else away, before, now)
        assert step.until
        assert (step.waited, step.service_out_since) == (0.0, NOW)
        since = step.service_out_since
        before = replace(before, attempts=before.attempts + 1, waited=0.0, service_out_since=since)
        now = step.until
    assert now > NOW + 6 * DAY
    step = transition(Deferred("busy"), before, now)
    assert step.until
    assert step.waited == pytest.approx((step.until - now).total_seconds())
    for outcome in (Deferred("busy"), Sent("r"), Refused("no"), Unknown("broke"), StillUnknown("broke")):
        assert transition(outcome, before, now).service_out_since is None


def test_deliveries_that_failed_together_wait_for_different_times() -> None:
    """The same delivery and attempt always get the same wait."""

    def until(id_: str) -> datetime | None:
        return transition(Deferred("busy"), replace(delivery("waiting", 3), id=id_), NOW).until

    times = {at for n in range(50) if (at := until(f"e{n}-1"))}
    assert len(times) == 50
    assert max(times) - min(times) > 8 * MINUTE * SPREAD / 2
    assert until("e1-1") == until("e1-1")


# --- One attempt ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "retries", "can_find", "arrived", "script", "calls", "result"),
    [
        # never in doubt: sent without a look-up
        ("pending", 0, True, False, [Sent("r")], ["send 1"], Sent("r")),
        ("waiting", 0, True, False, [Unknown("b")], ["send 1"], Unknown("b")),
        # in doubt: looked up first
        ("uncertain", 0, True, True, [], ["find 1"], Sent("found")),
        ("sending", 1, True, True, [], ["find 1"], Sent("found")),
        # not there: sent again, with any outcome
        ("uncertain", 0, True, False, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        ("sending", 0, True, False, [Unknown("b")], ["find 1", "send 1"], Unknown("b")),
        ("uncertain", 0, True, False, [Deferred("l")], ["find 1", "send 1"], Deferred("l")),
        # the look-up fails: an unverified retry
        ("uncertain", 1, False, False, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        ("uncertain", 1, False, False, [Refused("n")], ["find 1", "send 1"], Refused("n; w; nobody can tell")),
        ("sending", 1, False, False, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        # what pauses the channel says nothing of one delivery
        ("uncertain", 1, False, False, [NEVER], ["find 1", "send 1"], NEVER),
        # refused for now: the first attempt is still in doubt
        ("uncertain", 1, False, False, [BUSY], ["find 1", "send 1"], StillUnknown("w; nobody can tell; l", BUSY)),
        # in doubt once more: held
        ("uncertain", 1, False, False, [Unknown("b")], ["find 1", "send 1"], StillUnknown("w; nobody can tell; b")),
        # the look-up fails, and no unverified retry is left: looked up again later
        ("sending", 0, False, False, [], ["find 1"], Unknown("w; nobody can tell")),
    ],
)  # fmt: skip
def test_attempt(
    state: str,
    retries: int,
    can_find: bool,
    arrived: bool,
    script: list[Outcome],
    calls: list[str],
    result: Outcome | StillUnknown,
) -> None:
    """What may have arrived is looked up; when that fails, the same bytes go out as often as they may."""
    stored = {"e-1": ENVELOPE} if arrived else {}
    channel = FakeChannel(outcomes=list(script), can_find=can_find, arrived=stored)
    claim = Claim(delivery(state, 1, why="w", unverified_retries=retries), ENVELOPE)
    stages: list[tuple[Stage, bool]] = []
    assert (
        attempt(channel, claim, lambda stage, is_unverified: stages.append((stage, is_unverified))) == result
    )
    assert channel.calls == calls
    assert [envelope.payload for envelope in channel.sent] == [b"the bytes"] * len(script)
    assert stages == [(Stage.WRITE, not can_find)] * len(script)


@pytest.mark.parametrize(
    ("state", "retries", "script", "calls", "result"),
    [
        ("pending", 1, [Unknown("b")], ["send 1"], Unknown("b")),
        ("pending", 0, [Unknown("b")], ["send 1"], StillUnknown("b")),  # held at once: nothing may follow
        ("pending", 0, [BUSY], ["send 1"], BUSY),
        ("pending", 0, [Refused("n")], ["send 1"], Refused("n")),
        ("uncertain", 1, [Sent("r")], ["find 1", "send 1"], Sent("r")),
        ("uncertain", 1, [Unknown("b")], ["find 1", "send 1"], StillUnknown("w; nobody can tell; b")),
        ("uncertain", 1, [BUSY], ["find 1", "send 1"], StillUnknown("w; nobody can tell; l", BUSY)),
        (
            "sending",
            0,
            [],
            ["find 1"],
            StillUnknown("w; nobody can tell"),
        ),  # its process died over the last one
    ],
)
def test_attempt_without_look_up(
    state: str, retries: int, script: list[Outcome], calls: list[str], result: Outcome | StillUnknown
) -> None:
    """On a channel that can never look up, what is in doubt after the last retry is held at once."""
    channel = FakeChannel(outcomes=list(script), can_find=False, can_look_up=False)
    claim = Claim(delivery(state, 1, why="w", unverified_retries=retries), ENVELOPE)
    assert attempt(channel, claim, lambda stage, is_unverified: None) == result
    assert channel.calls == calls


@pytest.mark.parametrize(
    ("failures", "result", "waits"),
    [
        ([], Sent("found"), []),
        ([NoAnswer("reset")] * 2, Sent("found"), list(LOOK_UP_WAITS)),
        ([NoAnswer("reset")] * 3, Unknown("w; reset"), list(LOOK_UP_WAITS)),
        ([LookupError("no scope")], Unknown("w; no scope"), []),
    ],
)
def test_a_look_up_without_an_answer_is_repeated(
    failures: list[LookupError], result: Outcome, waits: list[float]
) -> None:
    """A few times with growing waits, unless asking again cannot help; without an answer nothing is sent."""
    channel, waited = FakeChannel(arrived={"e-1": ENVELOPE}, failures=list(failures)), list[float]()
    claim = Claim(delivery("uncertain", 1, why="w"), ENVELOPE)
    assert attempt(channel, claim, lambda stage, is_unverified: None, waited.append) == result
    assert (waited, channel.sent) == (waits, [])


def test_a_delivery_that_was_not_handed_over_is_not_in_doubt() -> None:
    """Its process died before that: it is sent without a look-up."""
    channel = FakeChannel(can_find=False)
    claim = Claim(delivery("sending", 1, stage=Stage.RCPT), ENVELOPE)
    assert isinstance(attempt(channel, claim, lambda stage, is_unverified: None), Sent)
    assert channel.calls == ["send 1"]
