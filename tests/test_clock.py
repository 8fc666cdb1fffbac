"""Dates as people and sources write them, and the clock of a call."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import Moment, infer_year, iso_utc, month_number, parse_when, utc_now
from bot.errors import UserError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2025-02", "2025-02", id="month"),
        pytest.param("2025-02-26", "2025-02-26", id="day"),
        pytest.param(" 2025-02-26\n", "2025-02-26", id="white space"),
        pytest.param("20250226", "2025-02-26", id="basic format is a day, not a midnight"),
        pytest.param("2024-02-29", "2024-02-29", id="leap day"),
        pytest.param("2025-02-26T17:59:46Z", "2025-02-26T17:59:46Z", id="UTC"),
        pytest.param("2025-02-26T17:59:46.123Z", "2025-02-26T17:59:46Z", id="milliseconds"),
        pytest.param("2025-02-26 17:59", "2025-02-26T17:59:00Z", id="no zone is UTC"),
        pytest.param("2025-02-26T00:30:00+02:00", "2025-02-25T22:30:00Z", id="into the day before"),
        pytest.param("2025-12-31T20:00:00-05:00", "2026-01-01T01:00:00Z", id="into the next year"),
    ],
)
def test_iso_text_is_in_utc_with_its_precision(text: str, expected: str) -> None:
    """A month or a date stays one; a time is converted to UTC."""
    assert iso_utc(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2025", "2025-13", "2025-00", "2025-02-30", "2023-02-29", "2025-02-26T25:00", "26 Feb 2025",
     "٢٠٢٥-٠٢", "0001-01-01T00:00:00+05:00"],
)  # fmt: skip
def test_iso_rejects_other_texts(text: str) -> None:
    """A date that does not exist raises ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - the caller makes the message
        iso_utc(text)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_iso_texts_sort_by_time(one: datetime, other: datetime) -> None:
    """Stored dates are compared as text."""
    one, other = one.replace(microsecond=0), other.replace(microsecond=0)
    assert (iso_utc(one.isoformat()) < iso_utc(other.isoformat())) == (one < other)


@given(st.text(max_size=30))
def test_iso_accepts_or_rejects_any_text(text: str) -> None:
    """The result is accepted again, and unchanged."""
    try:
        read = iso_utc(text)
    except ValueError:
        return
    assert iso_utc(read) == read


def test_month_names() -> None:
    """Short and long names, in any case; other texts are rejected."""
    assert [month_number(name) for name in ("January", "feb", "SEPT", "dec.")] == [1, 2, 9, 12]
    with pytest.raises(ValueError, match="not in tuple"):
        month_number("mañana")


@pytest.mark.parametrize(
    ("month", "day", "as_of", "expected"),
    [
        pytest.param(5, 28, date(2026, 5, 29), date(2026, 5, 28), id="yesterday"),
        pytest.param(5, 29, date(2026, 5, 29), date(2026, 5, 29), id="today"),
        pytest.param(5, 30, date(2026, 5, 29), date(2026, 5, 30), id="tomorrow is a time zone ahead"),
        pytest.param(5, 31, date(2026, 5, 29), date(2025, 5, 31), id="the day after is last year's"),
        pytest.param(12, 31, date(2026, 1, 1), date(2025, 12, 31), id="before New Year"),
        pytest.param(1, 1, date(2025, 12, 31), date(2026, 1, 1), id="grace over New Year"),
        pytest.param(1, 2, date(2025, 12, 31), date(2025, 1, 2), id="no more grace over New Year"),
        pytest.param(2, 29, date(2026, 5, 29), date(2024, 2, 29), id="leap day"),
        pytest.param(2, 29, date(2024, 2, 28), date(2024, 2, 29), id="leap day in grace"),
        pytest.param(2, 29, date(2024, 2, 27), date(2020, 2, 29), id="leap day ahead"),
        pytest.param(2, 29, date(2103, 12, 1), date(2096, 2, 29), id="2100 is not a leap year"),
        pytest.param(2, 29, date(2104, 1, 1), date(2096, 2, 29), id="eight years without a leap day"),
        pytest.param(5, 1, date(9999, 12, 31), date(9999, 5, 1), id="last year of the calendar"),
    ],
)
def test_the_year_of_a_day(month: int, day: int, as_of: date, expected: date) -> None:
    """The newest such day until the day after `as_of`."""
    assert infer_year(month, day, as_of) == expected


@pytest.mark.parametrize(("month", "day"), [(13, 1), (0, 1), (2, 30), (4, 31), (1, 0)])
def test_a_day_that_no_year_has(month: int, day: int) -> None:
    """It raises ValueError."""
    with pytest.raises(ValueError, match="no "):
        infer_year(month, day, date(2026, 5, 29))


@pytest.mark.parametrize(
    ("instant", "zone", "expected"),
    [
        ("2026-05-29T23:30:00", "Europe/Berlin", date(2026, 5, 30)),
        ("2026-05-29T03:30:00", "America/New_York", date(2026, 5, 28)),
        ("2026-05-29T12:30:00", "Pacific/Auckland", date(2026, 5, 30)),
        ("2026-05-29T10:30:00", "Pacific/Kiritimati", date(2026, 5, 30)),
        ("2026-05-29T10:30:00", "UTC", date(2026, 5, 29)),
    ],
)
def test_local_dates(instant: str, zone: str, expected: date) -> None:
    """At the same time different zones have different dates."""
    assert Moment(datetime.fromisoformat(instant).replace(tzinfo=UTC)).local_date(zone) == expected


SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


@pytest.mark.parametrize(
    ("zone", "on", "wall", "first"),
    [
        pytest.param("Europe/Berlin", date(2026, 1, 5), "08:30", "2026-01-05T07:30", id="Berlin winter"),
        pytest.param("Europe/Berlin", date(2026, 7, 6), "08:30", "2026-07-06T06:30", id="Berlin summer"),
        pytest.param("Europe/Berlin", SPRING, "01:59", "2026-03-29T00:59", id="Berlin before the gap"),
        pytest.param("Europe/Berlin", SPRING, "02:00", "2026-03-29T01:00", id="Berlin gap begins"),
        pytest.param("Europe/Berlin", SPRING, "02:30", "2026-03-29T01:00", id="Berlin in the gap"),
        pytest.param("Europe/Berlin", SPRING, "03:00", "2026-03-29T01:00", id="Berlin gap ends"),
        pytest.param("Europe/Berlin", SPRING, "03:15", "2026-03-29T01:15", id="Berlin after the gap"),
        pytest.param("Europe/Berlin", AUTUMN, "01:59", "2026-10-24T23:59", id="Berlin before the fold"),
        pytest.param("Europe/Berlin", AUTUMN, "02:30", "2026-10-25T00:30", id="Berlin fold, the first time"),
        pytest.param("Europe/Berlin", AUTUMN, "03:00", "2026-10-25T02:00", id="Berlin after the fold"),
        pytest.param("America/New_York", date(2026, 3, 8), "02:30", "2026-03-08T07:00", id="New York gap"),
        pytest.param("America/New_York", date(2026, 11, 1), "01:30", "2026-11-01T05:30", id="New York fold"),
        pytest.param("Pacific/Auckland", date(2026, 9, 27), "02:30", "2026-09-26T14:00", id="Auckland gap"),
        pytest.param("Pacific/Auckland", date(2026, 4, 5), "02:30", "2026-04-04T13:30", id="Auckland fold"),
        pytest.param("Pacific/Apia", date(2011, 12, 30), "08:00", "2011-12-30T10:00", id="a day that Samoa skipped"),
    ],
)  # fmt: skip
def test_when_a_wall_time_has_passed(zone: str, on: date, wall: str, first: str) -> None:
    """From the time on when the local clock first shows it or a later time."""
    at, moment = time.fromisoformat(wall), datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert not Moment(moment - timedelta(seconds=1)).has_passed(at, on, zone)
    for minutes in range(0, 36 * 60, 15):
        assert Moment(moment + timedelta(minutes=minutes)).has_passed(at, on, zone)


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2037, 12, 30)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe"]),
    st.times(),
)
def test_the_present_local_time_has_passed(utc: datetime, zone: str, wall: time) -> None:
    """In every zone, and so has every time of the day before; no time of the next day has."""
    moment = Moment(utc.replace(tzinfo=UTC))
    local = moment.instant.astimezone(ZoneInfo(zone))
    assert moment.has_passed(local.time(), local.date(), zone)
    assert moment.has_passed(wall, local.date() - timedelta(days=1), zone)
    assert not moment.has_passed(wall, local.date() + timedelta(days=1), zone)


def test_a_date_without_a_time_is_over_in_every_zone() -> None:
    """All of its hours have passed, and none of the next day."""
    moment = parse_when("2026-05-29")
    for zone in ("Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"):
        assert moment.local_date(zone) == date(2026, 5, 29)
        assert moment.has_passed(time(23, 59, 59), date(2026, 5, 29), zone)
        assert not moment.has_passed(time(0), date(2026, 5, 30), zone)


def test_dates_and_times_of_the_command_line() -> None:
    """A date is its end, or its start if asked for; None is now."""
    assert parse_when("2026-05-29").instant == datetime(2026, 5, 29, 23, 59, 59, tzinfo=UTC)
    assert parse_when("20260529") == parse_when("2026-05-29")
    assert parse_when("2026-05-29", end_of_day=False).instant == datetime(2026, 5, 29, tzinfo=UTC)
    timed = parse_when("2026-05-29T08:30:00+02:00")
    assert timed == Moment(datetime(2026, 5, 29, 6, 30, tzinfo=UTC))
    assert timed.instant.utcoffset() == timedelta(0)
    assert abs(parse_when(None).instant - utc_now()) < timedelta(minutes=1)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-05", "2026-02-30", "8:30", "29.5.2026"])
def test_other_texts_are_errors_of_the_user(text: str) -> None:
    """The message shows how dates and times are written."""
    with pytest.raises(UserError, match="is not a date or time: write"):
        parse_when(text)
