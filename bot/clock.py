"""Dates and times as people and sources write them, and the one place that reads the clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.errors import UserError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


def utc_now() -> datetime:
    """The clock. Nothing else in Paperboy reads it."""
    return datetime.now(UTC)


def iso_utc(text: str) -> str:
    """A source's date as ISO text in UTC, as exact as it came: `2025-02`, `2025-02-26T17:59:46Z`.

    Raises ValueError when there is no such date.
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
        raise ValueError(f"no such moment in UTC: {text}") from error
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def month_number(name: str) -> int:
    """1 for `January` and `Jan`. Raises ValueError for what is no month."""
    return _MONTHS.index(name[:3].casefold()) + 1


def infer_year(month: int, day: int, as_of: date) -> date:
    """The newest such day that is not after `as_of`; one day of grace for time zones.

    Raises ValueError when no year has that day.
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
    """The clock of one call: the real time, or what the user said with a date or a time.

    A bare date stands for that day wherever the reader lives: every hour of it has passed, and it is the
    local date in every zone.
    """

    instant: datetime  #: UTC
    day: date | None = None  #: set when only a date was said
    is_live: bool = False  #: the real time: the clock does not stand still while the call lasts

    @classmethod
    def real(cls) -> Moment:
        return cls(utc_now(), is_live=True)

    def now(self) -> datetime:
        """What the clock of this call shows now."""
        return utc_now() if self.is_live else self.instant

    def local_date(self, zone: str) -> date:
        return self.day or self.instant.astimezone(ZoneInfo(zone)).date()

    def has_passed(self, wall: time, on: date, zone: str) -> bool:
        """Whether the wall-clock time `wall` of day `on` lies behind, in that zone.

        A time that a clock change skips counts as passed when the clocks have moved on; one that occurs
        twice, at its first occurrence (PEP 495, fold=0).
        """
        if self.day is not None:
            return on <= self.day
        there, said = ZoneInfo(zone), datetime.combine(on, wall)
        shown = self.instant.astimezone(there).replace(tzinfo=None)
        return said <= shown or said.replace(tzinfo=there).astimezone(UTC) <= self.instant


def parse_when(text: str | None, *, end_of_day: bool = True) -> Moment:
    """A `WHEN` of the command line: nothing for now, a date, or an ISO time (UTC unless it says otherwise).

    A bare date is the end of that day for what is sent then, and its start for what is first seen then:
    a listing saved on a day is there for that day's digest.
    Raises UserError for what is no date.
    """
    if text is None:
        return Moment.real()
    try:
        canonical = iso_utc(text)
    except ValueError:
        canonical = ""
    if canonical and not "1900" <= canonical[:4] <= "2200":
        raise UserError(f"{text!r} is no time that Paperboy could run at")
    if len(canonical) == len("2025-02-26"):
        day = date.fromisoformat(canonical)
        wall = time(23, 59, 59) if end_of_day else time(0)
        return Moment(datetime.combine(day, wall, UTC), day)
    if len(canonical) > len("2025-02-26"):
        return Moment(datetime.fromisoformat(canonical))
    raise UserError(f"{text!r} is no date or time: write 2026-05-31 or 2026-05-31T08:30:00+02:00")


def require_aware(moment: datetime) -> None:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"naive datetime {moment!r}: times are aware and in UTC")
