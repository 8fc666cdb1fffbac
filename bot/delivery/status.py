"""What `paperboy status` shows, as a value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from bot.clock import Moment
from bot.delivery.broken_profiles import BrokenFile
from bot.delivery.due import Announcements, due_date, next_due
from bot.delivery.model import ALERTS, BounceSummary, Delivery, DeliveryState, Edition, Pause
from bot.delivery.stores import StoredDigest
from bot.digests.day import Day, missing_announcement
from bot.digests.model import LeftOut
from bot.papers.calendar import ArxivCalendar
from bot.papers.model import SourceState
from bot.profiles.model import ChannelName, Profile, Subscription
from bot.text.plain import pluralize

#: A source that fails, or lacks an announcement, for longer needs a person.
OUTAGE = timedelta(days=1)
#: A service that messages are sent to needs a person when it has been out of reach for longer.
SERVICE_OUTAGE = timedelta(hours=1)
#: The days of which `FoundPapers` counts the digests.
FOUND_DAYS = 30


@dataclass(frozen=True, slots=True)
class NextDigest:
    """When a subscription is due next."""

    subscription: Subscription
    timezone: str  #: of the profile
    at: datetime  #: UTC
    is_due: bool  #: an earlier digest is due, and not composed yet


@dataclass(frozen=True, slots=True)
class FoundPapers:
    """What the digests of a profile have found, and left out."""

    profile: str
    papers: int
    interests: tuple[
        tuple[str, int], ...
    ] = ()  #: papers of each interest that the profile has now, most first
    others: int = 0  #: papers of other parts of the profile, and of interests that it had
    left_out: LeftOut | None = None  #: None when no digest recorded it


@dataclass(frozen=True, slots=True)
class Status:
    """The state of Paperboy at a moment."""

    now: datetime
    papers: int
    sources: Sequence[SourceState] = ()
    editions: Sequence[
        Edition
    ] = ()  #: the newest of each subscription, and those with a part that is not sent
    alerts: Sequence[Delivery] = ()  #: that are not sent
    pauses: Sequence[Pause] = ()
    bounces: Sequence[BounceSummary] = ()
    database: str = ""  #: where it is
    notes: Sequence[str] = ()  #: on settings that are missing, each a sentence
    #: Scopes of the profiles' subscriptions, and of alerts; None when a profile has a problem.
    used_scopes: frozenset[str] | None = None
    broken: Sequence[BrokenFile] = ()  #: of the profiles
    paused: Sequence[Profile] = ()  #: the profiles that have no digest today
    next: Sequence[NextDigest] = ()  #: what is due, then by time
    found: Sequence[FoundPapers] = ()  #: in FOUND_DAYS
    hints: Sequence[str] = ()  #: on settings that could be made, each a sentence
    day: Day | None = None  #: what kind of day it is; None: unknown
    calendar: ArxivCalendar = field(default_factory=ArxivCalendar)

    def is_used(self, scope: str) -> bool:
        """Whether anything is to be sent to a scope, as far as is known."""
        return self.used_scopes is None or scope in self.used_scopes

    def unfinished(self) -> Iterator[Unfinished]:
        for edition in self.editions:
            for delivery in edition.deliveries:
                if delivery.state is not DeliveryState.SENT:
                    yield Unfinished(delivery, edition)
        for alert in self.alerts:
            yield Unfinished(alert, None)


def dead_sources(states: Sequence[SourceState], now: datetime) -> list[SourceState]:
    """The sources that failed for longer than OUTAGE or never answered; every source when all of them failed."""
    failed = [state for state in states if state.state == "failed"]
    if all(state.state in ("failed", "idle") for state in states):
        return failed
    return [s for s in failed if s.last_success is None or fails_for_long(s, now)]


def fails_for_long(state: SourceState, now: datetime) -> bool:
    """Whether the requests to a source have failed for longer than OUTAGE, since the first of them."""
    since = state.trouble_since or state.last_success
    return state.state == "failed" and since is not None and now - since > OUTAGE


class ServiceOutage(NamedTuple):
    """A service that messages are sent to, and that cannot be reached."""

    channel: ChannelName
    since: datetime
    why: str
    waiting: int  #: how many deliveries wait for it

    @property
    def text(self) -> str:
        names = {
            ChannelName.EMAIL: "the mail server",
            ChannelName.SLACK: "Slack",
            ChannelName.MAILDIR: "the Maildirs",
        }
        waits = pluralize(self.waiting, "message waits", "messages wait")
        return f"{names[self.channel]} since {self.since:%Y-%m-%d %H:%M} UTC: {waits} ({self.why})"


def service_outages(deliveries: Iterable[Delivery]) -> list[ServiceOutage]:
    """The services for which some of these deliveries wait, for however short a time."""
    by_channel = defaultdict(list)
    for delivery in deliveries:
        if delivery.state is not DeliveryState.SENT and not delivery.has_stopped:
            by_channel[delivery.channel].append(delivery)
    outages = []
    for channel, waiting in sorted(by_channel.items()):
        out = [(since, one.why) for one in waiting if (since := one.service_out_since)]
        if out:
            outages.append(ServiceOutage(channel, *min(out), len(waiting)))
    return outages


def stale_sources(states: Sequence[SourceState], calendar: ArxivCalendar, now: datetime) -> list[SourceState]:
    """The sources of arXiv that answer, and have lacked the papers of an announcement for longer than OUTAGE."""
    lacking = [(state, missing_announcement(state, states, calendar, now)) for state in states]
    return [
        s for s, missing in lacking if missing and now - max(missing, s.trouble_since or missing) > OUTAGE
    ]


def next_digests(
    profiles: Sequence[Profile],
    editions: Sequence[Edition],
    moment: Moment,
    announcements: Announcements,
) -> list[NextDigest]:
    """When each subscription is due next. `editions`: the newest of each among them."""
    newest: dict[str, date] = {}
    for edition in editions:
        newest[edition.subscription] = max(edition.on, newest.get(edition.subscription, date.min))
    digests = []
    for profile in profiles:
        for to in profile.deliver:
            last = newest.get(to.key)
            on = due_date(to, profile, moment, announcements, served_before=last is not None)
            is_due = on is not None and (last or date.min) < on
            if at := next_due(to, profile, moment, announcements, last):
                digests.append(NextDigest(to, profile.timezone, at, is_due))
    return sorted(digests, key=lambda one: (not one.is_due, one.at, one.subscription.key))


def found_papers(profile: Profile, digests: Sequence[StoredDigest]) -> FoundPapers:
    """`digests`: those of the profile, by subscription, oldest first. A paper of several of them counts once."""
    interests = {
        one["paper"]["id"]: one.get("interest", "") for stored in digests for one in stored.digest["papers"]
    }
    counts = Counter(interests.values())
    own = {interest.phrase: counts[interest.phrase] for interest in profile.interests}
    by_subscription = [
        [stored.digest for stored in theirs]
        for _, theirs in groupby(digests, lambda stored: stored.subscription)
    ]
    most = max(
        by_subscription, key=lambda theirs: sum(len(digest["papers"]) for digest in theirs), default=[]
    )
    # A quiet digest's papers are new again for the next one: only the newest digest may be quiet.
    left_out = [
        LeftOut(**digest["left_out"])
        for digest in most
        if "left_out" in digest and (digest["papers"] or digest is most[-1])
    ]
    sums = [sum(numbers) for numbers in zip(*map(astuple, left_out), strict=True)]
    return FoundPapers(
        profile.id,
        len(interests),
        tuple(sorted(own.items(), key=lambda item: -item[1])),
        len(interests) - sum(own.values()),
        LeftOut(*sums) if left_out else None,
    )


class Unfinished(NamedTuple):
    """A delivery that is not sent."""

    delivery: Delivery
    edition: Edition | None  #: None for an alert

    @property
    def profile(self) -> str:
        return self.edition.profile if self.edition else ALERTS

    @property
    def whole(self) -> str:
        """`2026-05-04 ada → slack C0PAPERS, part 2 of 3`"""
        one = self.delivery
        if self.edition is None:
            return f"alert → {one.channel} {one.target}"
        parts = len(self.edition.deliveries)
        part = f", part {one.part} of {parts}" if parts > 1 else ""
        return f"{self.edition.on} {self.profile} → {one.channel} {one.target}{part}"
