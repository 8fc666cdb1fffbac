"""Dates and times as people and sources write them, and the clock. No other module reads the clock."""

from __future__ import annotations

import re
import time as system
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.errors import UserError

#: English, whatever the process's locale.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIRST_HALF = ("January", "February", "March", "April", "May", "June")
MONTHS = (*_FIRST_HALF, "July", "August", "September", "October", "November", "December")
_SHORT_MONTHS = tuple(month[:3].casefold() for month in MONTHS)
_YEAR_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def uptime() -> float:
    """Return seconds of a clock that nobody sets.

    It goes on while the process is stopped, and on Linux while the machine sleeps.
    """
    clock = getattr(system, "CLOCK_BOOTTIME", None)
    return system.monotonic() if clock is None else system.clock_gettime(clock)


def iso_utc(text: str) -> str:
    """Return a date as ISO text in UTC with its precision: `2025-02`, `2025-02-26`, `2025-02-26T17:59:46Z`.

    A time without a zone is UTC. Raises ValueError for any other text.
    """
    text = text.strip()
    if match := _YEAR_MONTH.fullmatch(text):
        date(int(match[1]), int(match[2]), 1)
        return text
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        moment = datetime.fromisoformat(text)
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is not a time in UTC") from error
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def month_number(name: str) -> int:
    """Return 1 for `January` and `Jan`. Raises ValueError for any other text."""
    return _SHORT_MONTHS.index(name[:3].casefold()) + 1


def day_name(day: date) -> str:
    """Return `Thursday 26 November`."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def infer_year(month: int, day: int, as_of: date) -> date:
    """Return the newest date with this month and day until the day after `as_of`, as time zones differ.

    Raises ValueError if no year has that day.
    """
    if not 1 <= month <= 12:
        raise ValueError(f"no month {month}")
    # Eight years lie between two leap days around 1900 and 2100.
    for year in range(as_of.year + 1, as_of.year - 9, -1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found - as_of <= timedelta(days=1):
            return found
    raise ValueError(f"no day {day} in month {month}")


@dataclass(frozen=True, slots=True)
class Moment:
    """The clock of one call: the real time, or the date or time that the user gave.

    A date without a time is the local date in every time zone, and all of its hours have passed.
    """

    instant: datetime  #: UTC
    day: date | None = None  #: set if the user gave a date without a time
    is_live: bool = False  #: the real time, which goes on during the call

    @classmethod
    def real(cls) -> Moment:
        return cls(utc_now(), is_live=True)

    def now(self) -> datetime:
        """Return the current time by this clock."""
        return utc_now() if self.is_live else self.instant

    def local_date(self, zone: str) -> date:
        return self.day or self.instant.astimezone(ZoneInfo(zone)).date()

    def has_passed(self, wall: time, on: date, zone: str) -> bool:
        """Whether the wall-clock time `wall` on a day has passed in a time zone.

        A time that a clock change skips has passed when the clocks have changed; a time that occurs twice has
        passed at its first occurrence (PEP 495, fold=0).
        """
        if self.day is not None:
            return on <= self.day
        timezone, naive = ZoneInfo(zone), datetime.combine(on, wall)
        local = self.instant.astimezone(timezone).replace(tzinfo=None)
        return naive <= local or naive.replace(tzinfo=timezone).astimezone(UTC) <= self.instant


def parse_when(text: str | None, *, end_of_day: bool = True) -> Moment:
    """Parse a `WHEN` of the command line: None for now, a date, or an ISO time (UTC if it has no zone).

    A date is the end of that day when papers are sent (`end_of_day`), and its start when they are ingested, so that a
    listing saved on a day is there for that day's digest. Raises UserError for any other text.
    """
    if text is None:
        return Moment.real()
    try:
        canonical = iso_utc(text)
    except ValueError:
        canonical = ""
    if canonical and not "1900" <= canonical[:4] <= "2200":
        raise UserError(f"{text!r} is not between the years 1900 and 2200")
    if len(canonical) == len("2025-02-26"):
        day = date.fromisoformat(canonical)
        wall = time(23, 59, 59) if end_of_day else time(0)
        return Moment(datetime.combine(day, wall, UTC), day)
    if len(canonical) > len("2025-02-26"):
        return Moment(datetime.fromisoformat(canonical))
    raise UserError(f"{text!r} is not a date or time: write 2026-05-31 or 2026-05-31T08:30:00+02:00")


def require_aware(moment: datetime) -> None:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"naive datetime {moment!r}: times are aware and in UTC")
