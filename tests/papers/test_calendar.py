"""arXiv's announcements: evenings in US Eastern time, holidays, and clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bot.papers.calendar import ArxivCalendar, listing_day

CALENDAR = ArxivCalendar({date(2026, 12, 24): "Christmas Eve"})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("evening", "announced"),
    [
        ("2026-05-03", "2026-05-04T00:00"),  # Sunday, in summer
        ("2026-05-07", "2026-05-08T00:00"),  # Thursday
        ("2026-05-08", None),  # Friday
        ("2026-05-09", None),  # Saturday
        ("2026-01-12", "2026-01-13T01:00"),  # in winter
        ("2026-03-08", "2026-03-09T00:00"),  # the clocks went forward that morning
        ("2026-11-01", "2026-11-02T01:00"),  # the clocks went back that morning
        ("2026-01-01", None),
        ("2026-01-19", None),  # the third Monday
        ("2025-07-06", None),  # the Sunday after a holiday on a Friday
        ("2025-07-07", "2025-07-08T00:00"),
        ("2026-11-26", None),  # the fourth Thursday
        ("2026-12-24", None),  # from the file
        ("2028-02-29", "2028-03-01T01:00"),  # a leap day
    ],
)
def test_announcement(evening: str, announced: str | None) -> None:
    """The time of an evening's announcement in UTC; None on free evenings."""
    assert CALENDAR.announcement(date.fromisoformat(evening)) == (utc(announced) if announced else None)


@pytest.mark.parametrize(
    ("now", "last", "following"),
    [
        ("2026-05-04T00:00", "2026-05-04T00:00", "2026-05-05T00:00"),  # the moment itself counts
        ("2026-05-09T12:00", "2026-05-08T00:00", "2026-05-11T00:00"),  # over a weekend
        ("2026-11-27T12:00", "2026-11-26T01:00", "2026-11-30T01:00"),  # over Thanksgiving and the weekend
        ("2026-12-25T12:00", "2026-12-24T01:00", "2026-12-29T01:00"),  # Christmas is on a Friday
    ],
)
def test_last_and_next(now: str, last: str, following: str) -> None:
    """The announcements around a moment."""
    assert (CALENDAR.last(utc(now)), CALENDAR.next(utc(now))) == (utc(last), utc(following))


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-11-26T06:00", "2026-11-27T06:00", [(date(2026, 11, 26), "Thanksgiving")]),
        ("2026-11-27T06:00", "2026-11-28T06:00", []),
        ("2026-12-23T12:00", "2027-01-02T12:00",
         [(date(2026, 12, 24), "Christmas Eve"), (date(2026, 12, 27), "Christmas"),
          (date(2027, 1, 3), "New Year's Day")][:2]),
    ],
)  # fmt: skip
def test_holidays(since: str, until: str, found: list[tuple[date, str]]) -> None:
    """The free evenings of a period, with their names."""
    assert CALENDAR.holidays(utc(since), utc(until)) == found


def test_listing_day() -> None:
    """What is announced on Sunday evening is Monday's listing."""
    assert listing_day(utc("2026-05-04T00:00")) == date(2026, 5, 4)
