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
    Blame,
    Claim,
    Delivery,
    DeliveryState,
    Envelope,
    Later,
    Outcome,
    Refused,
    Sent,
    Stage,
    Step,
    Unknown,
)
from bot.delivery.ports import Channel
from bot.text.plain import said_once

#: A message may show up in Slack's history only after a while; nothing is looked up or repeated before.
SETTLE = timedelta(seconds=60)
FIRST_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
#: The part by which waits differ from delivery to delivery, so that what failed together does not come back together.
SPREAD = 0.2
#: A delivery that is refused for this long is given up, and kept for `resend`.
GIVE_UP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Unsure:
    """An earlier attempt may have been accepted, the receiver cannot be asked, and this one was not accepted.

    `again`: the refusal, when it was for now; None when nothing more may be tried.
    """

    why: str
    again: Later | None = None


def attempt(channel: Channel, claim: Claim, reach: Callable[[Stage, bool], None]) -> Outcome | Unsure:
    """One attempt; a delivery that may have got through before is looked up first.

    `reach` hears each stage before it begins, and whether this is a blind try.
    """
    stood, envelope = claim.stood, claim.envelope
    if not stood.may_have_arrived:
        outcome = channel.send(envelope, lambda stage: reach(stage, False))
        return _held_if_nothing_follows(outcome, channel, stood)
    try:
        found = channel.find(envelope)
    except LookupError as error:
        doubt = said_once(stood.why or "the last attempt broke off", str(error))
        if stood.blind:
            return _blind(channel, envelope, doubt, reach)
        return Unknown(doubt) if channel.finds else Unsure(doubt)
    return found or channel.send(envelope, lambda stage: reach(stage, False))


def _held_if_nothing_follows(outcome: Outcome, channel: Channel, stood: Delivery) -> Outcome | Unsure:
    if isinstance(outcome, Unknown) and not channel.finds and not stood.blind:
        return Unsure(outcome.why)
    return outcome


def _blind(
    channel: Channel, envelope: Envelope, doubt: str, reach: Callable[[Stage, bool], None]
) -> Outcome | Unsure:
    """One more try with the same bytes; what it leaves open is not tried again.

    Refused for now, it does not become a plain `waiting`: that one would be sent again without a look.
    """
    match channel.send(envelope, lambda stage: reach(stage, True)):
        case Unknown(why):
            return Unsure(said_once(doubt, why))
        case Later(why) as later:
            return Unsure(said_once(doubt, why), later)
        case outcome:
            return outcome


def after(outcome: Outcome | Unsure, stood: Delivery, now: datetime) -> Step:
    """The state that an outcome leads to.

    `stood`: the delivery before the attempt. Waits double from a minute to an hour, less a part of their own, or
    last as long as the receiver asks; after a day there are no more.
    """
    over = now - (stood.since or now) >= GIVE_UP
    match outcome:
        case Sent(receipt):
            return Step(DeliveryState.SENT, receipt=receipt)
        case Refused(why, blame):
            return _stopped(stood, why, blame)
        case Later(why) if over:
            return _stopped(stood, f"given up after a day: {why}")
        case Later(why, retry_after) as later:
            until = now + _wait(stood, retry_after)
            return Step(DeliveryState.WAITING, until=until, why=why, postpones=_postponed(stood, later))
        case Unknown(why):
            return _in_doubt(stood, why, None if over else now + max(SETTLE, _wait(stood, None)))
        case Unsure(why, again):
            return _in_doubt(
                stood, why, now + _wait(stood, again.retry_after) if again and not over else None
            )


def _scope(stood: Delivery, blame: Blame) -> str | None:
    """What else is concerned; None when nothing is."""
    return {Blame.SERVICE: str(stood.channel), Blame.TARGET: f"{stood.channel}:{stood.target}"}.get(blame)


def _postponed(stood: Delivery, later: Later) -> str | None:
    """A receiver that asks for time means all that is sent to it; one that is not there, all of its channel."""
    blame = Blame.TARGET if later.retry_after is not None and later.blame is Blame.MESSAGE else later.blame
    return _scope(stood, blame)


def _stopped(stood: Delivery, why: str, blame: Blame = Blame.MESSAGE) -> Step:
    """What the target or the service refuses pauses it. All that stops on the way to a target is one incident."""
    scope = _scope(stood, blame)
    incident = scope or f"{stood.channel}:{stood.target} failed"
    return Step(DeliveryState.FAILED, why=why, incident=incident, pauses=scope)


def _in_doubt(stood: Delivery, why: str, until: datetime | None) -> Step:
    """Tried again then, or held. What was known not to have arrived leaves the blind tries as they were."""
    incident = None if until else f"{stood.channel}:{stood.target} uncertain"
    return Step(DeliveryState.UNCERTAIN, until=until, why=why, incident=incident)


def _wait(stood: Delivery, retry_after: float | None) -> timedelta:
    """As the receiver asks; else growing, and less by up to `SPREAD`, which a delivery's id and attempt decide."""
    if retry_after is not None:
        return timedelta(seconds=max(retry_after, 1.0))
    grown: timedelta = min(FIRST_WAIT * 2 ** min(stood.attempts, 10), LONGEST_WAIT)
    return grown * (1 - SPREAD * crc32(f"{stood.id} {stood.attempts}".encode()) / 2**32)
