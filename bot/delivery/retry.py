"""One attempt at a delivery, and the state that its outcome leads to. Apart from calling the channel, pure.

A delivery that may have arrived is looked up before it is sent again, where the service can be asked (Slack). Where
it cannot (mail), the same bytes with the same Message-ID are sent once more (an unverified retry) or not at all, as
configured, and then the delivery is held for a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

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
    Transition,
    Unknown,
)
from bot.delivery.ports import Channel, NoAnswer
from bot.text.plain import join_distinct

#: A message may appear in Slack's history only after a while: nothing is looked up or repeated before.
SETTLE = timedelta(seconds=60)
#: Seconds before a look-up that had no answer is made again.
LOOK_UP_WAITS = (1.0, 4.0)
FIRST_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
#: Waits are shortened by up to this share, so that deliveries that failed together are not tried again together.
SPREAD = 0.2
#: The longest wait that a receiver may ask for.
LONGEST_RETRY_AFTER = timedelta(days=1)
#: A delivery that was refused so many times, and has waited for so long in total, has failed. Only waits that were
#: set count, not the time for which nothing ran; each as FIRST_WAIT at least, because `run` tries no more often.
#: While the service is out of reach, nothing is given up: all that is sent there waits, and only one of it is tried.
GIVE_UP_ATTEMPTS = 5
GIVE_UP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StillUnknown:
    """An earlier attempt may have arrived, which cannot be looked up, and this attempt did not settle it."""

    why: str
    again: Deferred | None = (
        None  #: the refusal, when this attempt was refused for now; None: nothing more may be tried
    )


def attempt(
    channel: Channel,
    claim: Claim,
    on_stage: Callable[[Stage, bool], None],
    wait: Callable[[float], None] = time.sleep,
) -> Outcome | StillUnknown:
    """Make one attempt; a delivery that may have arrived is looked up first.

    `on_stage` is called as `Channel.send` says, and with whether this is an unverified retry. `wait`: for the seconds
    before another look-up.
    """
    before, envelope = claim.delivery, claim.envelope

    def send(*, is_unverified: bool = False) -> Outcome:
        return channel.send(envelope, lambda stage: on_stage(stage, is_unverified))

    if not before.may_have_arrived:
        outcome = send()
        may_retry = channel.can_look_up or before.unverified_retries
        return StillUnknown(outcome.why) if isinstance(outcome, Unknown) and not may_retry else outcome
    try:
        found = _look_up(channel, envelope, wait)
    except LookupError as error:
        doubt = join_distinct(before.why or "the last attempt broke off", str(error))
    else:
        return found or send()
    if not before.unverified_retries:
        return Unknown(doubt) if channel.can_look_up else StillUnknown(doubt)
    match send(is_unverified=True):
        case Unknown(why):
            return StillUnknown(join_distinct(doubt, why))
        case Deferred(why) as refusal:  # not a plain WAITING, which would be sent again without a look-up
            return StillUnknown(join_distinct(doubt, why), refusal)
        case Refused(why, cause) if cause is not Cause.SERVICE:  # else it says why the whole channel pauses
            return Refused(join_distinct(why, doubt), cause)
        case outcome:
            return outcome


def _look_up(channel: Channel, envelope: Envelope, wait: Callable[[float], None]) -> Sent | None:
    for seconds in LOOK_UP_WAITS:
        try:
            return channel.look_up(envelope)
        except NoAnswer:
            wait(seconds)
    return channel.look_up(envelope)


def transition(outcome: Outcome | StillUnknown, before: Delivery, now: datetime) -> Transition:
    """The state that an outcome leads to. `before`: the delivery before the attempt.

    Waits double from a minute to an hour, each shortened by a share of its own, or last as long as the receiver asks,
    a day at most. After a day of waits, and five attempts, there are no more; but waits for a service that is out of
    reach do not count, and those before them are forgotten.
    """
    refusal = outcome.again if isinstance(outcome, StillUnknown) else outcome
    is_out = isinstance(refusal, Deferred) and refusal.cause is Cause.SERVICE
    has_tried = before.attempts + 1 >= GIVE_UP_ATTEMPTS and before.waited >= GIVE_UP.total_seconds()
    is_over = has_tried and not is_out
    out_since = (before.service_out_since or now) if is_out else None
    match outcome:
        case Sent(receipt):
            return Transition(DeliveryState.SENT, receipt=receipt)
        case Refused(why, cause):
            return _failed(before, why, cause)
        case Deferred(why) if is_over:
            return _failed(before, f"given up after a day of waits: {why}")
        case Deferred(why, retry_after, cause):
            # A receiver that asks for a wait means everything sent to it, a service out of reach the whole channel.
            asks = retry_after is not None and cause is Cause.MESSAGE
            postponed = _scope(before, Cause.TARGET if asks else cause)
            wait, said = _wait(before, retry_after), f"{why}{_cut_short(retry_after)}"
            return _try_again(
                DeliveryState.WAITING, wait, before, out_since, now, why=said, postpones=postponed
            )
        case Unknown(why) if not is_over:
            wait = max(SETTLE, _wait(before, None))
            return _try_again(DeliveryState.UNCERTAIN, wait, before, None, now, why=why)
        case StillUnknown(why, Deferred(_, retry_after)) if not is_over:
            # It was refused, so that it does not count as an unverified retry.
            wait, said = _wait(before, retry_after), f"{why}{_cut_short(retry_after)}"
            retries = before.unverified_retries
            return _try_again(
                DeliveryState.UNCERTAIN, wait, before, out_since, now, why=said, unverified_retries=retries
            )
        case Unknown(why) | StillUnknown(why):
            incident = f"{before.channel}:{before.target} uncertain"
            return Transition(DeliveryState.UNCERTAIN, why=why, incident=incident)


def _try_again(
    state: DeliveryState,
    wait: timedelta,
    before: Delivery,
    out_since: datetime | None,
    now: datetime,
    **more: Any,
) -> Transition:
    waited = 0.0 if out_since else before.waited + max(wait, FIRST_WAIT).total_seconds()
    return Transition(state, until=now + wait, waited=waited, service_out_since=out_since, **more)


def _failed(before: Delivery, why: str, cause: Cause = Cause.MESSAGE) -> Transition:
    """A refusal of the target or the service pauses it. All that fails on the way to a target is one incident."""
    scope = _scope(before, cause)
    incident = scope or f"{before.channel}:{before.target} failed"
    return Transition(DeliveryState.FAILED, why=why, incident=incident, pauses=scope)


def _scope(before: Delivery, cause: Cause) -> str | None:
    """What the cause affects beyond the message; None for nothing."""
    service, target = str(before.channel), f"{before.channel}:{before.target}"
    return {Cause.SERVICE: service, Cause.TARGET: target}.get(cause)


def _cut_short(retry_after: float | None) -> str:
    """What `why` adds when the receiver asked for a longer wait than it gets."""
    days = (retry_after or 0.0) / LONGEST_RETRY_AFTER.total_seconds()
    return f"; it asked to wait for {days:.4g} days, and is asked again after one" if days > 1 else ""


def _wait(before: Delivery, retry_after: float | None) -> timedelta:
    """As long as the receiver asks, whatever float that is; otherwise growing with the attempts."""
    if retry_after is not None:
        # in this order, as max(1.0, nan) is 1.0
        return timedelta(seconds=min(max(1.0, retry_after), LONGEST_RETRY_AFTER.total_seconds()))
    grown: timedelta = min(FIRST_WAIT * 2 ** min(before.attempts, 10), LONGEST_WAIT)
    share = crc32(f"{before.id} {before.attempts}".encode()) / 2**32  # the same whenever it is worked out
    return grown * (1 - SPREAD * share)
