"""The values that flow through Paperboy: frozen, complete, without behaviour that needs the world.

    Entry (what a listing says) -> Paper (what is known of a work) -> ScoredPaper -> Digest -> Part

Nothing here imports anything of ours. Times are aware and in UTC; `_require_aware` rejects the rest when a
value is made. Dates that come from sources keep the precision they came with, as ISO text: `2025-02`,
`2025-02-26` or `2025-02-26T17:59:46Z`; such texts compare in time's order as strings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple


def _require_aware(moment: datetime) -> None:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"naive datetime {moment!r}: times are aware and in UTC")


# --- What sources say -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One work as one listing shows it. Made by sources; text is as written, TeX and all."""

    source: str  #: who says so: "arxiv", "huggingface", or the namespace of a JSON Lines id
    title: str  #: white space collapsed; never empty
    abstract: str = ""  #: paragraphs separated by one blank line, white space collapsed within each
    ids: tuple[str, ...] = ()  #: canonical ids, best first: "arxiv:2502.19402", "doi:10.1/x", "ns:key"
    authors: tuple[str, ...] = ()  #: full names in the listing's order
    author_count: int | None = None  #: when the listing tells only how many
    categories: tuple[str, ...] = ()  #: arXiv categories, primary first
    organization: str | None = None  #: as displayed: "PEARLS Lab"
    url: str | None = None  #: of the abstract page
    version: int | None = None  #: 1 for v1
    published: str | None = None  #: ISO text: first version
    updated: str | None = None  #: ISO text: this version
    announced: str | None = None  #: ISO text, may be a month
    votes: int | None = None
    comments: int | None = None  #: how many readers' comments, not the authors' remark
    withdrawn: bool = False
    cut: bool = False  #: the listing broke off inside this entry: it never replaces a whole text
    reference: bool = False  #: no news: a revision, or asked for by id as something to resemble


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something on a listing that could not be read, told so that a person can find it."""

    where: str  #: "line 12", "record 3 (arxiv:2502.19402)", "byte 4096"
    why: str
    empty: bool = False  #: the answer is sound, and holds nothing where something was to be expected


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer of one source. A broken one still carries everything that could be read."""

    entries: tuple[Entry, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask the sources for: it follows from the profiles and from what was asked before."""

    categories: tuple[str, ...] = ()  #: sorted union over the profiles
    authors: tuple[str, ...] = ()  #: sorted union of followed authors
    papers: tuple[str, ...] = ()  #: canonical ids of liked or disliked papers that are not stored yet
    since: date | None = None  #: day of this source's last complete answer; None: never asked
    by_name: bool = False  #: the user named the source: it answers even when it would find nothing missed
    now: datetime = field(kw_only=True)

    def __post_init__(self) -> None:
        _require_aware(self.now)


@dataclass(frozen=True, slots=True)
class Paper:
    """One work in its newest known version, whatever sources listed it. Made by the store's merging."""

    id: str
    title: str
    first_seen: datetime  #: UTC; set by the first listing that showed it
    abstract: str = ""
    authors: tuple[str, ...] = ()
    author_count: int | None = None
    categories: tuple[str, ...] = ()
    organization: str | None = None
    sources: tuple[str, ...] = ()  #: sorted
    url: str | None = None
    version: int | None = None
    published: str | None = None
    updated: str | None = None
    announced: str | None = None
    votes: int | None = None
    comments: int | None = None
    withdrawn: bool = False
    cut: bool = False
    text_source: str = ""  #: which source's text this is

    def __post_init__(self) -> None:
        _require_aware(self.first_seen)


@dataclass(frozen=True, slots=True)
class Counted:
    """A paper with the counts of its terms, which are made once for each text."""

    paper: Paper
    terms: bytes  #: as `bot.ranking.counts` packs them


# --- What people want -------------------------------------------------------------------------------------


class ChannelName(StrEnum):
    SLACK = "slack"
    EMAIL = "email"
    MAILDIR = "maildir"


@dataclass(frozen=True, slots=True)
class Interest:
    phrase: str
    weight: float = 1.0  #: > 0


@dataclass(frozen=True, slots=True)
class Reference:
    """A paper to resemble or to keep away from: by id, or by the text of a BibTeX entry."""

    id: str | None = None  #: canonical id
    title: str = ""
    abstract: str = ""


@dataclass(frozen=True, slots=True)
class Mute:
    terms: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


WEEK = (0, 1, 2, 3, 4, 5, 6)  #: Monday is 0, as in datetime.weekday()


@dataclass(frozen=True, slots=True)
class Subscription:
    """One `deliver` entry of a profile. Its key names it in the ledger whatever its times."""

    profile: str
    channel: ChannelName
    target: str
    at: time = time(8, 0)  #: wall clock in the profile's zone
    days: tuple[int, ...] = WEEK
    resend_uncertain: bool = (
        True  #: whether what may have arrived, and cannot be looked up, goes out once more
    )

    @property
    def key(self) -> str:
        return f"{self.profile}:{self.channel}:{self.target}"


@dataclass(frozen=True, slots=True)
class Profile:
    """One person's or team's interests."""

    id: str  #: the file's name without its ending
    timezone: str = "UTC"  #: an IANA zone that zoneinfo knows
    interests: tuple[Interest, ...] = ()
    about: str = ""
    like: tuple[Reference, ...] = ()
    dislike: tuple[Reference, ...] = ()
    authors: tuple[str, ...] = ()
    avoid: tuple[Interest, ...] = ()
    mute: Mute = Mute()
    categories: tuple[str, ...] = ()
    limit: int = 10
    threshold: float | None = None  #: relevance 0 to 100; None is `auto`
    window: int = 7  #: days a paper stays a candidate
    trending: float = 0.0  #: 0 to 1: the share of the score that Hugging Face votes make
    deliver: tuple[Subscription, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong in a file that the user wrote."""

    file: str
    line: int  #: from 1
    column: int  #: from 1
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


# --- What is sent -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of the sum that is a paper's score."""

    term: str  #: as a reader would write it
    weight: float  #: its share of the score; negative when it lowers
    is_term: bool = True  #: a word or phrase; not a liked paper, an author, votes


#: Some papers of a window, as a bit set: bit n stands for the window's paper n.
PaperSet = int


@dataclass(frozen=True, slots=True)
class Floor:
    """What a paper must reach, besides a match and a score above 0."""

    relevance: float
    fit: float


class Ranked(NamedTuple):
    """A paper's place in a profile's order, before its reasons are spelled out: made a thousand times a second."""

    paper: Paper
    score: float
    relevance: float  #: percent of the background that this profile scores lower
    matches: bool  #: whether a term, a liked neighbour or a followed author speaks for it
    fit: float = 0.0  #: how well it fits what it fits best of the profile: 0 is any paper, 1 one that fits
    interest: str = (
        ""  #: the interest that it belongs to, as written; empty when that is another part of the profile
    )


@dataclass(frozen=True, slots=True)
class ScoredPaper:
    """A paper of a digest, with why it is there."""

    paper: Paper
    score: float  #: the sum of the reasons' weights
    relevance: float  #: percent of the background that this profile scores lower
    reasons: tuple[Reason, ...] = ()  #: all of them, largest weight first
    followed: tuple[str, ...] = ()  #: names on this paper that the profile follows
    interest: str = ""  #: the interest that it belongs to, as the profile writes it; empty when it is none
    also: tuple[Paper, ...] = ()  #: nearly the same work: named under this one, not shown on their own


@dataclass(frozen=True, slots=True)
class Digest:
    """An edition's content: fixed once stored."""

    profile: str
    on: date  #: local date of the edition
    timezone: str
    made: datetime  #: UTC
    papers: tuple[ScoredPaper, ...] = ()
    candidates: int = 0  #: how many papers were considered

    def __post_init__(self) -> None:
        _require_aware(self.made)


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


@dataclass(frozen=True, slots=True)
class Later:
    """Certainly not accepted; trying again can help."""

    why: str
    retry_after: float | None = None  #: seconds, when the other side named them


class Blame(StrEnum):
    """What must change before something like it can be sent."""

    MESSAGE = "message"  #: this very message, or whom it is for this once
    TARGET = "target"  #: nothing reaches this target
    SERVICE = "service"  #: nothing goes out on this channel: a log-in, a token


@dataclass(frozen=True, slots=True)
class Refused:
    """Certainly not accepted, and trying the same again cannot help."""

    why: str
    blame: Blame = Blame.MESSAGE


@dataclass(frozen=True, slots=True)
class Unknown:
    """The connection broke after the content went out: it may have been accepted."""

    why: str


Outcome = Sent | Later | Refused | Unknown


class Stage(StrEnum):
    """How far an attempt came. From `data`, `post` and `write` on the receiver may own the message."""

    CLAIMED = "claimed"
    MAIL = "mail"  #: SMTP: the sender is being named
    RCPT = "rcpt"  #: SMTP: the recipient is
    DATA = "data"  #: SMTP: the content is going out
    POST = "post"  #: the request is
    WRITE = "write"  #: the file is being written

    @property
    def hands_over(self) -> bool:
        """Whether what breaks off here may have arrived."""
        return self in (Stage.DATA, Stage.POST, Stage.WRITE)


# --- What the store remembers -----------------------------------------------------------------------------


class DeliveryState(StrEnum):
    PENDING = "pending"  #: composed, never tried
    SENDING = "sending"  #: an attempt is under way, or was when its process died; its stage says how far
    SENT = "sent"
    WAITING = "waiting"  #: refused for now; tried again after `until`
    FAILED = "failed"  #: refused for good, kept for `resend`
    UNCERTAIN = "uncertain"  #: may have been accepted; without `until` it is held for `resend`


#: The subscription of what Paperboy tells its operator; no profile's can be named so.
ALERTS = "paperboy:alerts"


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
    blind: int = 0  #: how often it may go out again without anybody knowing whether it has arrived
    started: datetime | None = None  #: first attempt
    until: datetime | None = None  #: not tried before; while sending, the end of the lease
    receipt: str | None = None
    why: str = ""

    @property
    def may_have_arrived(self) -> bool:
        """Whether an earlier attempt's end is not known."""
        broke_off = self.state is DeliveryState.SENDING and self.stage.hands_over
        return broke_off or self.state is DeliveryState.UNCERTAIN

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


class Open(NamedTuple):
    """A delivery that is to be tried now."""

    id: str
    channel: ChannelName
    target: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that a sender has taken, with what it needs to send it."""

    stood: Delivery  #: as it was before
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Step:
    """What an attempt makes of a delivery."""

    state: DeliveryState
    until: datetime | None = None
    receipt: str | None = None
    why: str = ""
    incident: str | None = None  #: what it stopped for: what stops for the same reason is told of once
    pauses: str | None = None  #: the scope that nothing is sent to any more
    postpones: bool = False  #: whether whatever else goes to the same target waits until then too
    blind: int | None = None  #: how many blind tries are left, when that changed

    def __post_init__(self) -> None:
        assert (self.incident is not None) == (
            self.state is DeliveryState.FAILED or (self.state is DeliveryState.UNCERTAIN and not self.until)
        ), self


@dataclass(frozen=True, slots=True)
class Turn:
    """A place in the queue before a conversation that takes one message in so many seconds."""

    lane: str  #: which conversation
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
class Bounces:
    """How an address fared."""

    target: str
    hard: int = 0
    soft: int = 0
    last: datetime | None = None
    why: str = ""  #: of the last one


def scopes(subscription: str, channel: ChannelName, target: str) -> tuple[str, str, str]:
    """The pauses that would stop a delivery."""
    return str(channel), f"{channel}:{target}", subscription


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


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source fared last."""

    name: str
    state: str  #: "ok", "empty" (it answered that there is nothing), "partial", "failed", "idle" (not asked)
    why: str = ""
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    last_new: datetime | None = None
    retry_at: datetime | None = None  #: the service asked not to be called before
