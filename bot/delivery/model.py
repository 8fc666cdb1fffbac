"""Messages, attempts at sending them, their outcomes, and what is stored of them.

Digest -> Part -> Delivery -> Claim -> Envelope -> Outcome -> Transition
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from bot.profiles.model import ChannelName
from bot.text.plain import join_distinct

# --- Messages, and what an attempt says -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One rendered message of a digest: the bytes that every attempt sends."""

    payload: bytes
    papers: int  #: how many papers it shows
    shows: tuple[str, ...] = ()  #: their ids, and those of the papers that are only named in it


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to the operator."""

    subject: str
    text: str  #: lines of plain text
    made: datetime  #: UTC


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a channel needs to send one message. The same for every attempt."""

    delivery: str  #: opaque id of the delivery; safe to show to third parties
    target: str
    payload: bytes
    started: datetime  #: time of the first attempt
    thread: str | None = None  #: receipt of the digest's first part, for the parts after it


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver accepted the message."""

    receipt: str  #: Slack's channel and ts, a Message-ID, a Maildir key


class Cause(StrEnum):
    """What a refusal is about."""

    MESSAGE = "message"  #: this message only
    TARGET = "target"  #: everything that is sent to this target
    SERVICE = "service"  #: everything that is sent on this channel: a wrong password or token


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not accepted for now: it did not arrive, and another try may succeed."""

    why: str
    retry_after: float | None = None  #: seconds, when the receiver asked for a wait
    cause: Cause = Cause.MESSAGE  #: what it is too early for: SERVICE when the service could not be reached


@dataclass(frozen=True, slots=True)
class Refused:
    """Not accepted for good: it did not arrive, and the same message will not be accepted later."""

    why: str
    cause: Cause = Cause.MESSAGE


@dataclass(frozen=True, slots=True)
class Unknown:
    """The connection broke after the content was sent: the message may have arrived."""

    why: str


Outcome = Sent | Deferred | Refused | Unknown


class Stage(StrEnum):
    """How far an attempt has come."""

    CLAIMED = "claimed"
    DOUBTED = "doubted"  #: claimed although an earlier attempt may have arrived: that is looked up first
    MAIL = "mail"  #: SMTP: before the MAIL command
    RCPT = "rcpt"  #: SMTP: before the RCPT command
    DATA = "data"  #: SMTP: before the DATA command and the content
    ANSWER = "answer"  #: SMTP: the content is sent, and its reply not read
    POST = "post"  #: Slack: before the request
    WRITE = "write"  #: Maildir: before the file is written

    @property
    def hands_over(self) -> bool:
        """Whether the message may have arrived when an attempt ends here."""
        return self in (Stage.DATA, Stage.ANSWER, Stage.POST, Stage.WRITE)


# --- Deliveries and editions ------------------------------------------------------------------------------


class DeliveryState(StrEnum):
    PENDING = "pending"  #: never tried
    SENDING = "sending"  #: an attempt is under way, or its process died
    SENT = "sent"
    WAITING = "waiting"  #: refused for now; tried again from `until` on
    FAILED = "failed"  #: refused for good; kept for `resend`
    UNCERTAIN = "uncertain"  #: may have arrived; tried again from `until` on, or held for `resend` without it


#: The subscription of alerts to the operator. No profile's subscription has this key.
ALERTS = "paperboy:alerts"
#: What the incident of a delivery that must not be sent begins with.
FORBIDDEN = "must not be sent: "


def scopes(subscription: str, channel: ChannelName, target: str) -> tuple[str, str, str]:
    """The scopes of which a pause stops a delivery."""
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
    unverified_retries: int = 0  #: how often it may be sent again although it may have arrived already
    started: datetime | None = None  #: time of the first attempt
    #: Seconds of all waits that were set since the first attempt, `resend`, or the last wait for its service.
    waited: float = 0.0
    service_out_since: datetime | None = None  #: while it waits for its service, which is out of reach
    until: datetime | None = None  #: not tried before this time
    lease: datetime | None = None  #: the end of its sender's lease, by the database's clock
    receipt: str | None = None
    why: str = ""
    incident: str | None = None  #: why it stopped: an id that deliveries stopped by the same cause share

    @property
    def scopes(self) -> tuple[str, str, str]:
        """The scopes of which a pause stops it."""
        return scopes(self.subscription, self.channel, self.target)

    @property
    def is_forbidden(self) -> bool:
        """Whether it stopped because it must not be sent. Another try would fail in the same way."""
        return (self.incident or "").startswith(FORBIDDEN)

    @property
    def may_have_arrived(self) -> bool:
        """Whether the outcome of an earlier attempt is unknown."""
        in_doubt = self.stage.hands_over or self.stage is Stage.DOUBTED
        return self.state is DeliveryState.UNCERTAIN or (self.state is DeliveryState.SENDING and in_doubt)

    @property
    def has_stopped(self) -> bool:
        """Whether nothing more happens until somebody runs `resend` or `settle`."""
        held = self.state is DeliveryState.UNCERTAIN and self.until is None
        return held or self.state is DeliveryState.FAILED

    @property
    def not_before(self) -> datetime | None:
        """When it is tried again at the earliest: the end of its lease or of its wait; None: at once, or never."""
        return self.lease or self.until

    @property
    def reason(self) -> str:
        """Why it is not sent, for people; empty when there is no reason to give."""
        if self.why or self.lease is None:
            return self.why
        return (
            f"an attempt is under way (stage {self.stage}), or its process died: "
            f"taken up again after {self.lease:%H:%M} UTC"
        )


class OpenDelivery(NamedTuple):
    """A delivery to be tried now."""

    id: str
    channel: ChannelName
    target: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A delivery as it was read, its bytes, and the result of the checks before sending."""

    delivery: Delivery
    payload: bytes
    violation: str  #: why it must not be sent; empty when it may be

    @property
    def is_new(self) -> bool:
        """Whether it is the first message of its edition, was never tried, and may be sent."""
        one = self.delivery
        is_untried = one.state is DeliveryState.PENDING and not one.attempts
        return is_untried and one.part == 1 and not self.violation


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery of which a sender holds the lease, with what it needs to send it."""

    delivery: Delivery  #: as it was before the claim
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Transition:
    """The new state of a delivery after an attempt, and its effect on other deliveries."""

    state: DeliveryState
    until: datetime | None = None
    receipt: str | None = None
    why: str = ""
    incident: str | None = None  #: set exactly when it stops; the operator gets one alert for each incident
    pauses: str | None = None  #: a scope to pause
    waited: float | None = None  #: the delivery's new `waited`; None: as before
    service_out_since: datetime | None = None  #: as in Delivery
    postpones: str | None = None  #: a scope of which all other deliveries wait until `until` as well
    unverified_retries: int | None = None  #: how many are left; None: as many as before

    def __post_init__(self) -> None:
        assert (self.incident is not None) == (
            self.state is DeliveryState.FAILED or (self.state is DeliveryState.UNCERTAIN and not self.until)
        ), self


class Finished(NamedTuple):
    """The outcome of an attempt, which is still to be recorded."""

    delivery: str  #: its id
    owner: str  #: who attempted it
    step: Transition
    at: datetime
    stage: Stage  #: that the attempt reached


@dataclass(frozen=True, slots=True)
class SendSlot:
    """A request for the next free time of a receiver, which takes one message in each `spacing`."""

    receiver: str  #: as the ledger names it
    spacing: timedelta


#: Why a subscription is paused, when its reader wants it.
UNSUBSCRIBED, PAUSED = "unsubscribed by its reader", "paused by its reader"
#: For how many weeks readers may pause.
PAUSE_WEEKS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Pause:
    """A scope that nothing is sent to until it is resumed, or until the pause ends."""

    scope: str  #: a channel, a `channel:target`, or a subscription's key
    why: str
    since: datetime
    until: datetime | None = None  #: when it ends by itself

    @property
    def by_reader(self) -> bool:
        """Whether its reader wants it: nothing else pauses one subscription. Names and targets have no colon."""
        return self.scope.count(":") == 2


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report that the mail of one delivery came back."""

    report: str  #: id of the report
    hard: bool  #: the address does not work; otherwise it failed for now, or for this message
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

    id: str  #: the ids of its deliveries begin with it
    subscription: str  #: Subscription.key
    profile: str
    channel: ChannelName
    target: str
    on: date
    papers: int
    candidates: int = 0
    why: str = ""
    awaits: str | None = None  #: as `Digest.awaits`; None when its day is over
    deliveries: tuple[Delivery, ...] = ()  #: by part

    @property
    def reason(self) -> str:
        """Why it is quiet, and what follows."""
        return join_distinct(self.why, "looked at again when a source answers") if self.awaits else self.why

    @property
    def state(self) -> EditionState:
        """The worst state of its parts; without parts quiet, or waiting for the sources."""
        states = {delivery.state for delivery in self.deliveries}
        if not states:
            return EditionState.WAITING if self.awaits else EditionState.QUIET
        if DeliveryState.FAILED in states:
            return EditionState.FAILED
        if DeliveryState.UNCERTAIN in states:
            return EditionState.UNCERTAIN
        return EditionState.SENT if states == {DeliveryState.SENT} else EditionState.WAITING
