"""Messages, outcomes of attempts to send them, and what is stored of both, as frozen values.

Digest -> Part -> Delivery -> Claim -> Envelope -> Outcome -> Transition
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from bot.profiles.model import ChannelName


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a digest, rendered: every attempt sends these bytes."""

    payload: bytes
    papers: int  #: how many papers it shows
    shows: tuple[str, ...] = ()  #: their ids, and those of the papers listed under them


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to the operator."""

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
    """The receiver accepted the message."""

    receipt: str  #: Slack's channel and ts, a Message-ID, a Maildir key


class Cause(StrEnum):
    """What prevents a message from being sent."""

    MESSAGE = "message"  #: the message itself, or its receiver this once
    TARGET = "target"  #: nothing can be sent to this target
    SERVICE = "service"  #: nothing can be sent on this channel: a log-in, a token


@dataclass(frozen=True, slots=True)
class Deferred:
    """Certainly not accepted; another attempt may succeed."""

    why: str
    retry_after: float | None = None  #: seconds, when the receiver named them
    cause: Cause = Cause.MESSAGE  #: SERVICE when the service could not be reached at all


@dataclass(frozen=True, slots=True)
class Refused:
    """Certainly not accepted; another attempt with the same message cannot succeed."""

    why: str
    cause: Cause = Cause.MESSAGE


@dataclass(frozen=True, slots=True)
class Unknown:
    """The connection broke after the content was sent: it may have been accepted."""

    why: str


Outcome = Sent | Deferred | Refused | Unknown


class Stage(StrEnum):
    """The step that an attempt has reached. From `data`, `post` and `write` on the message may have arrived."""

    CLAIMED = "claimed"
    DOUBTED = "doubted"  #: claimed while an earlier attempt may have arrived, which is looked up first
    MAIL = "mail"  #: SMTP: MAIL FROM
    RCPT = "rcpt"  #: SMTP: RCPT TO
    DATA = "data"  #: SMTP: DATA and the content
    ANSWER = "answer"  #: SMTP: the content is sent, the reply is not yet read
    POST = "post"  #: the HTTP request is sent
    WRITE = "write"  #: the file is written

    @property
    def hands_over(self) -> bool:
        """Whether a message may have arrived when the attempt breaks off at this stage."""
        return self in (Stage.DATA, Stage.ANSWER, Stage.POST, Stage.WRITE)


class DeliveryState(StrEnum):
    PENDING = "pending"  #: composed, never tried
    SENDING = "sending"  #: an attempt is in progress, or its process died; see the stage
    SENT = "sent"
    WAITING = "waiting"  #: refused for now; tried again after `until`
    FAILED = "failed"  #: refused permanently, kept for `resend`
    UNCERTAIN = "uncertain"  #: may have been accepted; without `until` it is held for `resend`


ALERTS = "paperboy:alerts"  #: the subscription of alerts to the operator; no profile's has this key
BARRED = "must not be sent: "  #: the prefix of incidents of deliveries that must not be sent


def scopes(subscription: str, channel: ChannelName, target: str) -> tuple[str, str, str]:
    """The scopes of the pauses that stop a delivery."""
    return str(channel), f"{channel}:{target}", subscription


@dataclass(frozen=True, slots=True)
class Delivery:
    """The sending of one message: a part of an edition, or an alert to the operator."""

    id: str
    edition: str | None  #: None for an alert
    part: int  #: from 1
    papers: int
    state: DeliveryState
    channel: ChannelName
    target: str
    subscription: str  #: Subscription.key, or ALERTS
    attempts: int = 0
    stage: Stage = Stage.CLAIMED  #: of the newest attempt
    blind: int = 0  #: how many more attempts may be made although an earlier one may have arrived
    started: datetime | None = None  #: time of the first attempt
    since: datetime | None = None  #: time of the first attempt since `resend`; `retry.GIVE_UP` counts from it
    until: datetime | None = None  #: not tried before; while sending, the end of the lease
    receipt: str | None = None
    why: str = ""
    incident: str | None = None  #: what made it stop

    @property
    def scopes(self) -> tuple[str, str, str]:
        """The scopes of the pauses that stop it."""
        return scopes(self.subscription, self.channel, self.target)

    @property
    def is_forbidden(self) -> bool:
        """Whether it stopped because it must not be sent: another attempt would stop the sender again."""
        return (self.incident or "").startswith(BARRED)

    @property
    def may_have_arrived(self) -> bool:
        """Whether the outcome of an earlier attempt is unknown."""
        in_doubt = self.stage.hands_over or self.stage is Stage.DOUBTED
        return self.state is DeliveryState.UNCERTAIN or (self.state is DeliveryState.SENDING and in_doubt)

    @property
    def has_stopped(self) -> bool:
        """Whether it needs `resend` or `settle`."""
        held = self.state is DeliveryState.UNCERTAIN and self.until is None
        return held or self.state is DeliveryState.FAILED

    @property
    def reason(self) -> str:
        """Why it is not sent yet; empty when there is no reason to report."""
        if self.why or self.state is not DeliveryState.SENDING or self.until is None:
            return self.why
        return (
            f"an attempt is under way (stage {self.stage}), or its process died: "
            f"taken up again after {self.until:%H:%M} UTC"
        )


class OpenDelivery(NamedTuple):
    """A delivery that can be tried now."""

    id: str
    channel: ChannelName
    target: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that a sender has taken, with what it needs to send it."""

    delivery: Delivery  #: as it was before the claim
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Transition:
    """The state of a delivery after an attempt."""

    state: DeliveryState
    until: datetime | None = None
    receipt: str | None = None
    why: str = ""
    incident: str | None = None  #: what made it stop; deliveries with the same incident are reported once
    pauses: str | None = None  #: a scope to pause
    postpones: str | None = None  #: a scope whose other deliveries wait until `until` too
    blind: int | None = None  #: the new `Delivery.blind`; None when it does not change

    def __post_init__(self) -> None:
        assert (self.incident is not None) == (
            self.state is DeliveryState.FAILED or (self.state is DeliveryState.UNCERTAIN and not self.until)
        ), self


@dataclass(frozen=True, slots=True)
class SendSlot:
    """A request to send to a conversation that takes one message per `spacing`."""

    lane: str  #: the conversation
    spacing: timedelta
    now: datetime  #: the real time, whatever `--on` says


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent to a scope until `paperboy resume`."""

    scope: str  #: a channel, a `channel:target`, or a subscription's key
    why: str
    since: datetime

    @property
    def by_reader(self) -> bool:
        """Whether a reader unsubscribed: nothing else pauses one subscription. Names and targets have no colon."""
        return self.scope.count(":") == 2


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report that a mail was not delivered."""

    report: str  #: its identity, so that it counts once
    hard: bool  #: whether the address does not work; otherwise the failure is temporary or about this message
    status: str  #: as 5.1.1 (RFC 3463); empty when unknown
    why: str  #: one line
    at: datetime


@dataclass(frozen=True, slots=True)
class BounceSummary:
    """The bounces of one address."""

    target: str
    hard: int = 0
    soft: int = 0
    last: datetime | None = None
    why: str = ""  #: of the last bounce


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
        """The worst state of its parts; without parts it is quiet."""
        states = {delivery.state for delivery in self.deliveries}
        if not states:
            return EditionState.QUIET
        if DeliveryState.FAILED in states:
            return EditionState.FAILED
        if DeliveryState.UNCERTAIN in states:
            return EditionState.UNCERTAIN
        return EditionState.SENT if states == {DeliveryState.SENT} else EditionState.WAITING


class EditionSummary(NamedTuple):
    """What planning needs to know of a stored edition."""

    id: str
    papers: int  #: 0 for a quiet edition
    is_open: bool  #: whether a part of it is not sent
