"""What an attempt says, and what follows from it: pure decisions, but for the attempt itself, which asks the channel.

What may have got through is looked up before it is sent again (Slack can tell); what cannot be looked up (mail) is
sent once more with the same Message-ID, or not at all, and then held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from bot.delivery.ports import Channel
from bot.text.plain import join_distinct

#: A message may show up in Slack's history only after a while; nothing is looked up or repeated before.
SETTLE = timedelta(seconds=60)
FIRST_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
#: The part by which waits differ from delivery to delivery, so that what failed together does not come back together.
SPREAD = 0.2
#: A delivery that is refused for this long is given up, and kept for `resend`.
GIVE_UP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StillUnknown:
    """An earlier attempt may have been accepted, the receiver cannot be asked, and this one was not accepted.

    `again`: the refusal, when it was for now; None when nothing more may be tried.
    """

    why: str
    again: Deferred | None = None


def attempt(channel: Channel, claim: Claim, reach: Callable[[Stage, bool], None]) -> Outcome | StillUnknown:
    """One attempt; a delivery that may have got through before is looked up first.

    `reach` hears each stage before it begins, and whether this is a blind try.
    """
    stood, envelope = claim.delivery, claim.envelope
    if not stood.may_have_arrived:
        outcome = channel.send(envelope, lambda stage: reach(stage, False))
        return _held_if_nothing_follows(outcome, channel, stood)
    try:
        found = channel.find(envelope)
    except LookupError as error:
        doubt = join_distinct(stood.why or "the last attempt broke off", str(error))
        if stood.unverified_retries:
            return _blind(channel, envelope, doubt, reach)
        return Unknown(doubt) if channel.can_look_up else StillUnknown(doubt)
    return found or channel.send(envelope, lambda stage: reach(stage, False))


def _held_if_nothing_follows(outcome: Outcome, channel: Channel, stood: Delivery) -> Outcome | StillUnknown:
    if isinstance(outcome, Unknown) and not channel.can_look_up and not stood.unverified_retries:
        return StillUnknown(outcome.why)
    return outcome


def _blind(
    channel: Channel, envelope: Envelope, doubt: str, reach: Callable[[Stage, bool], None]
) -> Outcome | StillUnknown:
    """One more try with the same bytes; what it leaves open is not tried again.

    Refused for now, it does not become a plain `waiting`: that one would be sent again without a look.
    """
    match channel.send(envelope, lambda stage: reach(stage, True)):
        case Unknown(why):
            return StillUnknown(join_distinct(doubt, why))
        case Deferred(why) as later:
            return StillUnknown(join_distinct(doubt, why), later)
        case outcome:
            return outcome


def transition(outcome: Outcome | StillUnknown, stood: Delivery, now: datetime) -> Transition:
    """The state that an outcome leads to.

    `stood`: the delivery before the attempt. Waits double from a minute to an hour, less a part of their own, or
    last as long as the receiver asks; after a day there are no more.
    """
    over = now - (stood.since or now) >= GIVE_UP
    match outcome:
        case Sent(receipt):
            return Transition(DeliveryState.SENT, receipt=receipt)
        case Refused(why, blame):
            return _stopped(stood, why, blame)
        case Deferred(why) if over:
            return _stopped(stood, f"given up after a day: {why}")
        case Deferred(why, retry_after) as later:
            until = now + _wait(stood, retry_after)
            return Transition(DeliveryState.WAITING, until=until, why=why, postpones=_postponed(stood, later))
        case Unknown(why):
            return _in_doubt(stood, why, None if over else now + max(SETTLE, _wait(stood, None)))
        case StillUnknown(why, again):
            return _in_doubt(
                stood, why, now + _wait(stood, again.retry_after) if again and not over else None
            )


def _scope(stood: Delivery, blame: Cause) -> str | None:
    """What else is concerned; None when nothing is."""
    return {Cause.SERVICE: str(stood.channel), Cause.TARGET: f"{stood.channel}:{stood.target}"}.get(blame)


def _postponed(stood: Delivery, later: Deferred) -> str | None:
    """A receiver that asks for time means all that is sent to it; one that is not there, all of its channel."""
    blame = Cause.TARGET if later.retry_after is not None and later.cause is Cause.MESSAGE else later.cause
    return _scope(stood, blame)


def _stopped(stood: Delivery, why: str, blame: Cause = Cause.MESSAGE) -> Transition:
    """What the target or the service refuses pauses it. All that stops on the way to a target is one incident."""
    scope = _scope(stood, blame)
    incident = scope or f"{stood.channel}:{stood.target} failed"
    return Transition(DeliveryState.FAILED, why=why, incident=incident, pauses=scope)


def _in_doubt(stood: Delivery, why: str, until: datetime | None) -> Transition:
    """Tried again then, or held. What was known not to have arrived leaves the blind tries as they were."""
    incident = None if until else f"{stood.channel}:{stood.target} uncertain"
    return Transition(DeliveryState.UNCERTAIN, until=until, why=why, incident=incident)


def _wait(stood: Delivery, retry_after: float | None) -> timedelta:
    """As the receiver asks; else growing, and less by up to `SPREAD`, which a delivery's id and attempt decide."""
    if retry_after is not None:
        return timedelta(seconds=max(retry_after, 1.0))
    grown: timedelta = min(FIRST_WAIT * 2 ** min(stood.attempts, 10), LONGEST_WAIT)
    return grown * (1 - SPREAD * crc32(f"{stood.id} {stood.attempts}".encode()) / 2**32)
