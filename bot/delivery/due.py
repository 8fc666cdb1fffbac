"""When an edition is due. Pure.

A subscription with a time of day is due when its local time has passed on one of its days. With `at: announcement` it
is due when the papers of one of arXiv's announcements are stored; the announcement's local date is its date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, islice, takewhile
from zoneinfo import ZoneInfo

from bot.clock import Moment
from bot.papers.calendar import ArxivCalendar
from bot.papers.model import SourceState
from bot.profiles.model import Profile, Subscription

#: How many days back a missed edition is looked for, so that a weekly digest survives a week of downtime.
LOOK_BACK_DAYS = 7
#: After an announcement, when the RSS feed has its papers: at midnight US Eastern.
PAPERS_AFTER = timedelta(hours=4)
#: After an announcement, when a digest does not wait for its papers any more. An outage of some hours does not cost a
#: digest its papers, and in a longer one the digest still comes on that day, and says what is wrong.
LONGEST_WAIT = timedelta(hours=12)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
#: Announcements of three weeks: at least one of them is for each subscription.
_SEARCHED = 15


@dataclass(frozen=True, slots=True)
class Announcements:
    """arXiv's announcements, and which of them are stored."""

    calendar: ArxivCalendar = field(default_factory=ArxivCalendar)
    stored: datetime | None = None  #: the newest one whose papers are stored; None when no source has said

    @classmethod
    def of(cls, calendar: ArxivCalendar, sources: Iterable[SourceState]) -> Announcements:
        return cls(calendar, max((one.announced for one in sources if one.announced), default=None))

    def are_awaited(self, announcement: datetime, moment: Moment) -> bool:
        """Whether a digest still waits for the papers of a past announcement."""
        is_stored = self.stored is not None and announcement <= self.stored
        return not is_stored and moment.day is None and moment.instant < announcement + LONGEST_WAIT

    def dated(
        self, to: Subscription, zone: str, times: Iterable[datetime]
    ) -> Iterator[tuple[date, datetime]]:
        """Those of some announcements that are on a subscription's days, with their local dates.

        One that follows days without an announcement is for them too, if none of the subscription's days had one for
        a week: so a holiday does not cost a weekly digest its week, and `days: sat` has an effect.
        """
        for one in times:
            day = _local_date(one, zone)
            if day.weekday() in to.days or self._makes_up(to, zone, one):
                yield day, one

    def _makes_up(self, to: Subscription, zone: str, announcement: datetime) -> bool:
        day = _local_date(announcement, zone)
        earlier = (_local_date(one, zone) for one in self.calendar.until(announcement - _DAY / 2))
        before = next(earlier)
        days_between = (before + n * _DAY for n in range(1, (day - before).days))
        last_week = chain([before], takewhile(lambda one: day - one < _WEEK, earlier))
        return any(one.weekday() in to.days for one in days_between) and not any(
            one.weekday() in to.days for one in last_week
        )


def due_date(
    to: Subscription, profile: Profile, moment: Moment, announcements: Announcements, *, served_before: bool
) -> date | None:
    """The newest local date on one of the subscription's days whose time has passed; None when there is none.

    The date may have an edition already. Dates of the profile's pause are not made up for. `served_before`: whether
    the subscription ever had an edition; a new one has missed nothing: it is due today at the earliest, or with an
    announcement of the last 24 hours.
    """
    zone = profile.timezone
    today = moment.local_date(zone)
    if isinstance(to.at, time):
        days = (today - n * _DAY for n in range(LOOK_BACK_DAYS + 1 if served_before else 1))
        passed = (day for day in days if day.weekday() in to.days and moment.has_passed(to.at, day, zone))
    else:
        first = today - LOOK_BACK_DAYS * _DAY
        made = takewhile(
            lambda one: _local_date(one, zone) >= first, announcements.calendar.until(_end(moment, zone))
        )
        passed = (
            day
            for day, one in announcements.dated(to, zone, made)
            if not announcements.are_awaited(one, moment)
            and (served_before or day == today or moment.instant - one < _DAY)
        )
    newest = next(passed, None)
    return None if newest is None or profile.is_paused(newest) else newest


def current_date(to: Subscription, profile: Profile, moment: Moment, announcements: Announcements) -> date:
    """The local date whose digest may wait for the sources: today, or that of the newest announcement."""
    if isinstance(to.at, time):
        return moment.local_date(profile.timezone)
    return _local_date(announcements.calendar.last(_end(moment, profile.timezone)), profile.timezone)


def next_due(
    to: Subscription,
    profile: Profile,
    moment: Moment,
    announcements: Announcements,
    newest: date | None = None,
) -> datetime | None:
    """When a subscription is due next, in UTC; None for a subscription without days.

    Of a wall-clock time that the clocks skip, the offset before the change counts. For an announcement: when its
    papers are expected or, once that has passed, when the wait for them ends. `newest`: the local date of the
    subscription's newest edition, which gets no second one.
    """
    zone = profile.timezone
    today = moment.local_date(zone)
    first = max(today, profile.paused_until or today)
    if isinstance(to.at, time):
        for ahead in range(_SEARCHED):
            day = first + ahead * _DAY
            if day.weekday() in to.days and day != newest and not moment.has_passed(to.at, day, zone):
                return datetime.combine(day, to.at, ZoneInfo(zone)).astimezone(UTC)
        return None
    calendar, end = announcements.calendar, _end(moment, zone)
    start = max(end, datetime.combine(first, time(0), ZoneInfo(zone)).astimezone(UTC) - timedelta(seconds=1))
    times = [
        *(one for one in [calendar.last(end)] if announcements.are_awaited(one, moment)),
        *islice(calendar.after(start), _SEARCHED),
    ]
    for day, one in announcements.dated(to, zone, times):
        if day != newest and not profile.is_paused(day):
            expected = one + PAPERS_AFTER
            return expected if expected > moment.instant else one + LONGEST_WAIT
    return None


def _local_date(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def _end(moment: Moment, zone: str) -> datetime:
    """The moment; of a date without a time, its last second in a time zone."""
    if moment.day is None:
        return moment.instant
    return datetime.combine(moment.day, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)
