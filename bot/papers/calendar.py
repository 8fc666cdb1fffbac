"""When arXiv announces papers. Pure.

arXiv announces at 20:00 US Eastern time from Sunday to Thursday: what is announced on an evening is the listing, and
the RSS feed, of the next day. On its holidays it does not: https://info.arxiv.org/help/availability.html. That page
lists them year by year, and names further days as they come: `extra`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
ANNOUNCED_AT = time(20)
#: No evening has an announcement on these days, as in `datetime.weekday`.
RESTS = (4, 5)
_DAY = timedelta(days=1)
_MONDAY, _THURSDAY, _SUNDAY = 0, 3, 6


@dataclass(frozen=True, slots=True)
class ArxivCalendar:
    """The evenings of arXiv's announcements.

    `extra`: further evenings without an announcement and their names, by date in US Eastern time.
    """

    extra: Mapping[date, str] = field(default_factory=dict)

    def holiday(self, evening: date) -> str:
        """The name of the holiday for which an evening has no announcement; empty when it is not one."""
        return self.extra.get(evening) or _holidays(evening.year).get(evening, "")

    def announcement(self, evening: date) -> datetime | None:
        """When arXiv announces on an evening (a date in US Eastern time), in UTC; None when it does not."""
        if evening.weekday() in RESTS or self.holiday(evening):
            return None
        return datetime.combine(evening, ANNOUNCED_AT, EASTERN).astimezone(UTC)

    def last(self, now: datetime) -> datetime:
        """The newest announcement that is not after `now`, in UTC."""
        return next(self.until(now))

    def next(self, now: datetime) -> datetime:
        """The first announcement after `now`, in UTC."""
        return next(self.after(now))

    def until(self, now: datetime) -> Iterator[datetime]:
        """The announcements that are not after `now`, in UTC, newest first, without end."""
        return (one for one in self._around(now, -1) if one <= now)

    def after(self, now: datetime) -> Iterator[datetime]:
        """The announcements after `now`, in UTC, oldest first, without end."""
        return (one for one in self._around(now, 1) if one > now)

    def holidays(self, since: datetime, until: datetime) -> list[tuple[date, str]]:
        """The holidays, date and name, whose evening (20:00) is after `since` and not after `until`.

        Those on evenings that have no announcement anyway are left out.
        """
        first, last = (moment.astimezone(EASTERN).date() for moment in (since, until))
        evenings = (first + n * _DAY for n in range((last - first).days + 1))
        return [
            (evening, name)
            for evening in evenings
            if evening.weekday() not in RESTS
            and (name := self.holiday(evening))
            and since < datetime.combine(evening, ANNOUNCED_AT, EASTERN) <= until
        ]

    def _around(self, now: datetime, step: int) -> Iterator[datetime]:
        """The announcements from today's on, forwards or backwards."""
        evening = now.astimezone(EASTERN).date()
        while True:
            if announced := self.announcement(evening):
                yield announced
            evening += step * _DAY


def listing_day(announcement: datetime) -> date:
    """The day in US Eastern time whose listing and RSS feed have what was announced."""
    return announcement.astimezone(EASTERN).date() + _DAY


@cache
def _holidays(year: int) -> dict[date, str]:
    """The holidays that arXiv has every year. One on a Friday or Saturday defers the announcement of Sunday."""
    found = {
        date(year, 1, 1): "New Year's Day",
        _nth(year, 1, _MONDAY, 3): "Martin Luther King Jr. Day",
        date(year, 6, 19): "Juneteenth",
        date(year, 7, 4): "Independence Day",
        _nth(year, 9, _MONDAY, 1): "Labor Day",
        _nth(year, 11, _THURSDAY, 4): "Thanksgiving",
        date(year, 12, 25): "Christmas",
    }
    return {_deferred(day): name for day, name in found.items()}


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    """The day of a month that is its weekday of this number: the third Monday."""
    first = date(year, month, 1)
    return first + ((weekday - first.weekday()) % 7 + 7 * (number - 1)) * _DAY


def _deferred(holiday: date) -> date:
    """The evening without an announcement for a holiday."""
    return holiday + (_SUNDAY - holiday.weekday()) * _DAY if holiday.weekday() in RESTS else holiday
