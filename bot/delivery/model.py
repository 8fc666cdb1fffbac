"""What is on its way: messages, what becomes of an attempt at one, and what is remembered of it.

    Digest -> Part -> Delivery -> Claim -> Envelope -> Outcome -> Step

Frozen values like those of bot.model, on which this stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from bot.profiles.model import ChannelName

# --- Messages, and what an attempt says -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a digest, rendered: the very bytes that every attempt sends."""

    payload: bytes
    papers: int  #: how many papers it shows
    shows: tuple[str, ...] = ()  #: their ids, and those of the papers that are named under them


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the operator should know."""

    subject: str
    text: str  #: lines of plain text
    made: datetime  #: UTC


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a channel needs to send one part. Fixed before the first attempt."""

    delivery: str  #: opaque id of the delivery; safe to show to third parties
    target: str
    payload: bytes
    started: datetime  #: when this delivery was first attempted
    thread: str | None = None  #: receipt of the digest's first part, for the parts after it


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted by the other side."""

    receipt: str  #: Slack's channel and ts, a Message-ID, a Maildir key


class Cause(StrEnum):
    """What must change before something like it can be sent."""

    MESSAGE = "message"  #: this very message, or whom it is for this once
    TARGET = "target"  #: nothing reaches this target
    SERVICE = "service"  #: nothing goes out on this channel: a log-in, a token


@dataclass(frozen=True, slots=True)
class Deferred:
    """Certainly not accepted; trying again can help."""

    why: str
    retry_after: float | None = None  #: seconds, when the other side named them
    cause: Cause = Cause.MESSAGE  #: for what it is too early: SERVICE when nothing could be reached at all


@dataclass(frozen=True, slots=True)
class Refused:
    """Certainly not accepted, and trying the same again cannot help."""

    why: str
    cause: Cause = Cause.MESSAGE


@dataclass(frozen=True, slots=True)
class Unknown:
    """The connection broke after the content went out: it may have been accepted."""

    why: str


Outcome = Sent | Deferred | Refused | Unknown


class Stage(StrEnum):
    """How far an attempt came. From `data`, `post` and `write` on the receiver may own the message."""

    CLAIMED = "claimed"
    DOUBTED = "doubted"  #: claimed while an earlier attempt may have arrived, which is looked up first
    MAIL = "mail"  #: SMTP: the sender is being named
    RCPT = "rcpt"  #: SMTP: the recipient is
    DATA = "data"  #: SMTP: the content is going out
    ANSWER = "answer"  #: SMTP: the content is out, and the server thinks about it
    POST = "post"  #: the request is
    WRITE = "write"  #: the file is being written

    @property
    def hands_over(self) -> bool:
        """Whether what breaks off here may have arrived."""
        return self in (Stage.DATA, Stage.ANSWER, Stage.POST, Stage.WRITE)


# --- Deliveries and editions ------------------------------------------------------------------------------


class DeliveryState(StrEnum):
    PENDING = "pending"  #: composed, never tried
    SENDING = "sending"  #: an attempt is under way, or was when its process died; its stage says how far
    SENT = "sent"
    WAITING = "waiting"  #: refused for now; tried again after `until`
    FAILED = "failed"  #: refused for good, kept for `resend`
    UNCERTAIN = "uncertain"  #: may have been accepted; without `until` it is held for `resend`


#: The subscription of what Paperboy tells its operator; no profile's can be named so.
ALERTS = "paperboy:alerts"
#: How incidents begin of what must not be sent.
FORBIDDEN = "must not be sent: "


def scopes(subscription: str, channel: ChannelName, target: str) -> tuple[str, str, str]:
    """The pauses that would stop a delivery."""
    return str(channel), f"{channel}:{target}", subscription


@dataclass(frozen=True, slots=True)
class Delivery:
    """The sending of one message: a part of an edition, or an alert to the operator."""

    id: str
    edition: str | None  #: None of an alert
    part: int  #: from 1
    papers: int
    state: DeliveryState
    channel: ChannelName
    target: str
    subscription: str  #: Subscription.key, or ALERTS
    attempts: int = 0
    stage: Stage = Stage.CLAIMED  #: of the newest attempt
    unverified_retries: int = 0  #: how often it may be sent again although it may have arrived already
    started: datetime | None = None  #: first attempt
    since: datetime | None = None  #: the first one since `resend`, which patience is counted from
    until: datetime | None = None  #: not tried before; while sending, the end of the lease
    receipt: str | None = None
    why: str = ""
    incident: str | None = None  #: what it stopped for

    @property
    def scopes(self) -> tuple[str, str, str]:
        """The pauses that would stop it."""
        return scopes(self.subscription, self.channel, self.target)

    @property
    def is_forbidden(self) -> bool:
        """Whether it stopped because it must not be sent: trying again would stop the sender again."""
        return (self.incident or "").startswith(FORBIDDEN)

    @property
    def may_have_arrived(self) -> bool:
        """Whether an earlier attempt's end is not known."""
        in_doubt = self.stage.hands_over or self.stage is Stage.DOUBTED
        return self.state is DeliveryState.UNCERTAIN or (self.state is DeliveryState.SENDING and in_doubt)

    @property
    def has_stopped(self) -> bool:
        """Whether nothing more happens until a person says `resend`."""
        held = self.state is DeliveryState.UNCERTAIN and self.until is None
        return held or self.state is DeliveryState.FAILED

    @property
    def reason(self) -> str:
        """Why it is not through, in words; empty when there is nothing to say."""
        if self.why or self.state is not DeliveryState.SENDING or self.until is None:
            return self.why
        return (
            f"an attempt is under way (stage {self.stage}), or its process died: "
            f"taken up again after {self.until:%H:%M} UTC"
        )


class OpenDelivery(NamedTuple):
    """A delivery that is to be tried now."""

    id: str
    channel: ChannelName
    target: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that a sender has taken, with what it needs to send it."""

    delivery: Delivery  #: as it was before
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Transition:
    """What an attempt makes of a delivery."""

    state: DeliveryState
    until: datetime | None = None
    receipt: str | None = None
    why: str = ""
    incident: str | None = None  #: what it stopped for: what stops for the same reason is told of once
    pauses: str | None = None  #: the scope that nothing is sent to any more
    postpones: str | None = None  #: the scope of which everything else waits until then too
    unverified_retries: int | None = None  #: how many are left, when that changed

    def __post_init__(self) -> None:
        assert (self.incident is not None) == (
            self.state is DeliveryState.FAILED or (self.state is DeliveryState.UNCERTAIN and not self.until)
        ), self


@dataclass(frozen=True, slots=True)
class SendSlot:
    """A place in the queue before a conversation that takes one message in so many seconds."""

    conversation: str  #: as `channel:target`
    spacing: timedelta
    now: datetime  #: by the real clock, whatever time the user set


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing goes out to somewhere, until a person says `resume`."""

    scope: str  #: a channel, a `channel:target`, or a subscription's key
    why: str
    since: datetime

    @property
    def by_reader(self) -> bool:
        """Whether a reader ended a subscription: nothing else pauses one alone. No name or target holds a colon."""
        return self.scope.count(":") == 2


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report that a mail came back, as far as it is about one delivery."""

    report: str  #: its identity
    hard: bool  #: the address does not work; else it was for now, or for this message
    status: str  #: as 5.1.1 (RFC 3463); empty when unknown
    why: str  #: one line
    at: datetime


@dataclass(frozen=True, slots=True)
class BounceSummary:
    """How an address fared."""

    target: str
    hard: int = 0
    soft: int = 0
    last: datetime | None = None
    why: str = ""  #: of the last one


class EditionState(StrEnum):
    SENT = "sent"
    QUIET = "quiet"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Edition:
    """A subscription's digest for one local date, as stored."""

    id: str  #: the token that its deliveries' ids begin with
    subscription: str  #: Subscription.key
    profile: str
    channel: ChannelName
    target: str
    on: date
    papers: int
    candidates: int = 0
    why: str = ""
    deliveries: tuple[Delivery, ...] = ()  #: by part

    @property
    def state(self) -> EditionState:
        """The worst of its parts; without parts it is quiet."""
        states = {delivery.state for delivery in self.deliveries}
        if not states:
            return EditionState.QUIET
        if DeliveryState.FAILED in states:
            return EditionState.FAILED
        if DeliveryState.UNCERTAIN in states:
            return EditionState.UNCERTAIN
        return EditionState.SENT if states == {DeliveryState.SENT} else EditionState.WAITING
