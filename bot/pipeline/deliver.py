"""From stored editions to receivers: one attempt at each open delivery, recorded before and after.

What may have got through is looked up before it is sent again (Slack can tell); what cannot be looked up
(mail) is sent once more with the same Message-ID, and then held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zlib import crc32

from bot.model import (
    ChannelName,
    Delivery,
    DeliveryState,
    Edition,
    Envelope,
    Later,
    Outcome,
    Refused,
    Sent,
    Unknown,
)
from bot.ports import Channel

#: How long an attempt may take before another process takes its delivery for abandoned.
LEASE = timedelta(minutes=5)
#: A message may show up in Slack's history only after a while; nothing is looked up or repeated before.
SETTLE = timedelta(seconds=60)
FIRST_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
#: The part by which waits differ from delivery to delivery, so that what failed together does not come back together.
SPREAD = 0.2
#: A delivery that is refused for this long is given up, and kept for `resend`.
GIVE_UP = timedelta(days=1)
#: How often a delivery is tried whose attempts end in a dead process and whose receiver cannot be asked.
BLIND_ATTEMPTS = 2


class Deliveries(Protocol):
    """What delivering needs of the outbox."""

    def open_deliveries(self, subscriptions: Iterable[str], now: datetime) -> tuple[str, ...]: ...

    def claim(self, delivery: str, owner: str, now: datetime, lease: timedelta) -> Delivery | None: ...

    def envelope(self, delivery: str) -> Envelope: ...

    def edition(self, id_: str) -> Edition | None: ...

    def record(
        self,
        delivery: str,
        owner: str,
        state: DeliveryState,
        now: datetime,
        *,
        until: datetime | None = None,
        receipt: str | None = None,
        why: str = "",
    ) -> bool: ...


@dataclass(frozen=True, slots=True)
class Unsure:
    """An earlier attempt may have been accepted, the receiver cannot be asked, and this one was not accepted.

    `again`: the refusal, when it was for now; None when the one blind try is used up.
    """

    why: str
    again: Later | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What an outcome makes of a delivery."""

    state: DeliveryState
    until: datetime | None = None
    receipt: str | None = None
    why: str = ""


def deliver(
    outbox: Deliveries,
    channels: Mapping[ChannelName, Channel],
    subscriptions: Iterable[str],
    owner: str,
    now: datetime,
    told: Callable[[str], None] = lambda edition: None,
) -> None:
    """One attempt at everything that is open for these subscriptions; `told` hears of each edition."""
    for id_ in outbox.open_deliveries(subscriptions, now):
        stood = outbox.claim(id_, owner, now, LEASE)
        if stood is None:
            continue
        edition = outbox.edition(stood.edition)
        assert edition is not None
        step = after(attempt(channels[edition.channel], outbox.envelope(id_), stood), stood, now)
        outbox.record(id_, owner, step.state, now, until=step.until, receipt=step.receipt, why=step.why)
        told(edition.id)


def attempt(channel: Channel, envelope: Envelope, stood: Delivery) -> Outcome | Unsure:
    """One attempt; a delivery that may have got through before is looked up first."""
    if stood.state not in (DeliveryState.SENDING, DeliveryState.UNCERTAIN):
        return channel.send(envelope)
    try:
        found = channel.find(envelope)
    except LookupError as error:
        return _blind(channel, envelope, stood, f"{stood.why or 'the last attempt broke off'}; {error}")
    return found or channel.send(envelope)


def _blind(channel: Channel, envelope: Envelope, stood: Delivery, doubt: str) -> Outcome | Unsure:
    """One more try with the same bytes, where the channel allows it; what it leaves open is not tried again.

    Where it does not, the receiver is asked again later. Refused for now, it does not become a plain
    `waiting`: that one would be sent again without a look.
    """
    if not channel.resends_unseen:
        return Unknown(doubt)
    if stood.state is DeliveryState.SENDING and stood.attempts >= BLIND_ATTEMPTS:
        return Unsure(doubt)
    match channel.send(envelope):
        case Unknown(why):
            return Unsure(f"{doubt}; {why}")
        case Later(why) as later:
            return Unsure(f"{doubt}; {why}", later)
        case outcome:
            return outcome


def after(outcome: Outcome | Unsure, stood: Delivery, now: datetime) -> Step:
    """The state that an outcome leads to.

    `stood`: the delivery before the attempt. Waits double from a minute to an hour, less a part of their own, or
    last as long as the receiver asks; after a day there are no more.
    """
    over = now - (stood.started or now) >= GIVE_UP
    match outcome:
        case Sent(receipt):
            return Step(DeliveryState.SENT, receipt=receipt)
        case Refused(why):
            return Step(DeliveryState.FAILED, why=why)
        case Later(why) if over:
            return Step(DeliveryState.FAILED, why=f"given up after a day: {why}")
        case Later(why, retry_after):
            return Step(DeliveryState.WAITING, until=now + _wait(stood, retry_after), why=why)
        case Unknown(why):
            settled = now + max(SETTLE, _wait(stood, None))
            return Step(DeliveryState.UNCERTAIN, until=None if over else settled, why=why)
        case Unsure(why, again):
            until = now + _wait(stood, again.retry_after) if again and not over else None
            return Step(DeliveryState.UNCERTAIN, until=until, why=why)


def _wait(stood: Delivery, retry_after: float | None) -> timedelta:
    """As the receiver asks; else growing, and less by up to `SPREAD`, which a delivery's id and attempt decide."""
    if retry_after is not None:
        return timedelta(seconds=max(retry_after, 1.0))
    grown: timedelta = min(FIRST_WAIT * 2 ** min(stood.attempts, 10), LONGEST_WAIT)
    return grown * (1 - SPREAD * crc32(f"{stood.id} {stood.attempts}".encode()) / 2**32)
