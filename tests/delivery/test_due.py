"""When an edition is due: one table for each rule. Times are in UTC unless they are a wall clock's."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import Moment
from bot.delivery.due import LOOK_BACK_DAYS, Announcements, due_date, next_due
from bot.papers.model import SourceState
from bot.profiles.model import ANNOUNCEMENT
from tests.support.builders import at, make_profile, subscription

MON, TUE, WED, THU, FRI, SAT, SUN = ((day,) for day in range(7))
WORKDAYS = (0, 1, 2, 3, 4)
DAILY = (0, 1, 2, 3, 4, 5, 6)
ZONES = (
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)


def due(
    when: str,
    zone: str,
    days: tuple[int, ...],
    now: str,
    *,
    served: bool = True,
    bare: bool = False,
    stored: str = "",
    paused_until: str = "",
) -> str | None:
    """The due date, as ISO text. `when`: as under `at`. `bare`: only the date of `now` was given. `stored`: the
    announcement whose papers are.
    """
    found = due_date(
        *_parts(when, zone, days, now, bare=bare, stored=stored, paused_until=paused_until),
        served_before=served,
    )
    return found and found.isoformat()


def next_time(
    when: str, zone: str, days: tuple[int, ...], now: str, newest: str = "", **options: Any
) -> str | None:
    """When it is due next. `newest`: date of the newest edition."""
    found = next_due(
        *_parts(when, zone, days, now, **options), newest=date.fromisoformat(newest) if newest else None
    )
    return found and f"{found:%Y-%m-%d %H:%M}"


def _parts(
    when: str,
    zone: str,
    days: tuple[int, ...],
    now: str,
    *,
    bare: bool = False,
    stored: str = "",
    paused_until: str = "",
) -> Any:
    instant = at(now)
    return (
        subscription(at=when if when == ANNOUNCEMENT else time.fromisoformat(when), days=days),
        make_profile(timezone=zone, paused_until=date.fromisoformat(paused_until) if paused_until else None),
        Moment(instant, instant.date() if bare else None),
        Announcements(stored=at(stored) if stored else None),
    )


# --- Times of day: 5 May 2026 is a Tuesday ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wall", "zone", "days", "now", "expected"),
    [
        # to the second, in zones with whole, half and quarter hours, at both ends of the date line
        ("08:00", "UTC", DAILY, "2026-05-05 08:00", "2026-05-05"),
        ("08:00", "UTC", DAILY, "2026-05-05 07:59:59", "2026-05-04"),
        ("08:00", "Europe/Paris", DAILY, "2026-05-05 06:00", "2026-05-05"),  # +2 in summer
        ("08:00", "Europe/Paris", DAILY, "2026-01-06 07:00", "2026-01-06"),  # +1 in winter
        ("08:00", "Asia/Kolkata", DAILY, "2026-05-05 02:30", "2026-05-05"),  # +5:30
        ("08:00", "Asia/Kolkata", DAILY, "2026-05-05 02:29", "2026-05-04"),
        ("08:00", "America/St_Johns", DAILY, "2026-05-05 10:30", "2026-05-05"),  # -2:30
        ("08:00", "America/St_Johns", DAILY, "2026-05-05 10:29", "2026-05-04"),
        ("08:00", "Asia/Kathmandu", DAILY, "2026-05-05 02:15", "2026-05-05"),  # +5:45
        ("08:00", "Asia/Kathmandu", DAILY, "2026-05-05 02:14", "2026-05-04"),
        ("08:00", "Pacific/Chatham", DAILY, "2026-05-04 19:15", "2026-05-05"),  # +12:45 in their winter
        ("08:00", "Pacific/Chatham", DAILY, "2026-01-05 18:15", "2026-01-06"),  # +13:45
        ("08:00", "Pacific/Auckland", DAILY, "2026-05-04 20:00", "2026-05-05"),
        ("08:00", "Pacific/Kiritimati", DAILY, "2026-05-04 18:00", "2026-05-05"),  # +14
        ("08:00", "Pacific/Kiritimati", DAILY, "2026-05-04 17:59", "2026-05-04"),
        ("08:00", "Pacific/Pago_Pago", DAILY, "2026-05-05 19:00", "2026-05-05"),  # -11
        ("08:00", "Pacific/Pago_Pago", DAILY, "2026-05-05 18:59", "2026-05-04"),
        ("00:00", "Europe/Paris", DAILY, "2026-05-04 22:00", "2026-05-05"),
        ("23:59", "Europe/Paris", DAILY, "2026-05-05 21:59", "2026-05-05"),
        # days of the week are local
        ("08:00", "UTC", MON, "2026-05-05 09:00", "2026-05-04"),
        ("08:00", "UTC", MON, "2026-05-04 07:59", "2026-04-27"),  # last Monday's: a week back
        ("08:00", "UTC", WORKDAYS, "2026-05-03 12:00", "2026-05-01"),  # a Sunday: Friday's
        ("00:30", "Pacific/Auckland", MON, "2026-05-03 12:30", "2026-05-04"),  # Sunday in UTC
        ("23:30", "Pacific/Pago_Pago", SUN, "2026-05-04 10:30", "2026-05-03"),  # Monday in UTC
        ("08:00", "UTC", (), "2026-05-05 09:00", None),
        # leap days, and the end of a year
        ("08:00", "UTC", DAILY, "2028-02-29 08:00", "2028-02-29"),
        ("08:00", "UTC", DAILY, "2028-03-01 07:59", "2028-02-29"),
        ("08:00", "UTC", TUE, "2028-03-06 09:00", "2028-02-29"),
        ("08:00", "UTC", DAILY, "2100-03-01 07:59", "2100-02-28"),  # no leap year
        ("08:00", "Pacific/Kiritimati", DAILY, "2027-12-31 18:00", "2028-01-01"),
        ("08:00", "UTC", SUN, "2028-01-01 12:00", "2027-12-26"),
        # Berlin, 29 March 2026: 01:59 is followed by 03:00 (01:00 UTC)
        ("02:30", "Europe/Berlin", DAILY, "2026-03-29 00:59", "2026-03-28"),
        ("02:30", "Europe/Berlin", DAILY, "2026-03-29 01:00", "2026-03-29"),  # the clock shows 03:00
        ("02:30", "Europe/Berlin", DAILY, "2026-03-29 01:30", "2026-03-29"),
        ("03:00", "Europe/Berlin", DAILY, "2026-03-29 01:00", "2026-03-29"),
        ("01:59", "Europe/Berlin", DAILY, "2026-03-29 00:59", "2026-03-29"),
        # Berlin, 25 October 2026: 02:00 to 02:59 occur twice (from 00:00 and from 01:00 UTC)
        ("02:30", "Europe/Berlin", DAILY, "2026-10-25 00:29", "2026-10-24"),
        ("02:30", "Europe/Berlin", DAILY, "2026-10-25 00:30", "2026-10-25"),
        ("02:30", "Europe/Berlin", DAILY, "2026-10-25 01:10", "2026-10-25"),  # the clock shows 02:10 again
        ("02:30", "Europe/Berlin", DAILY, "2026-10-25 01:30", "2026-10-25"),
        # Lord Howe, by half an hour: 02:00 is followed by 02:30 (15:30 UTC), and in April by 01:30 (15:00 UTC)
        ("02:15", "Australia/Lord_Howe", DAILY, "2026-10-03 15:29", "2026-10-03"),
        ("02:15", "Australia/Lord_Howe", DAILY, "2026-10-03 15:30", "2026-10-04"),
        ("02:30", "Australia/Lord_Howe", DAILY, "2026-10-03 15:30", "2026-10-04"),
        ("01:45", "Australia/Lord_Howe", DAILY, "2026-04-04 14:44", "2026-04-04"),
        ("01:45", "Australia/Lord_Howe", DAILY, "2026-04-04 14:45", "2026-04-05"),
        (
            "01:45",
            "Australia/Lord_Howe",
            DAILY,
            "2026-04-04 15:10",
            "2026-04-05",
        ),  # the clock shows 01:40 again
        # Cairo changes at midnight: 24 April 2026 begins at 01:00, and 29 October has 23:00 to 23:59 twice
        ("00:30", "Africa/Cairo", DAILY, "2026-04-23 21:59", "2026-04-23"),
        ("00:30", "Africa/Cairo", DAILY, "2026-04-23 22:00", "2026-04-24"),
        ("23:30", "Africa/Cairo", THU, "2026-10-29 20:30", "2026-10-29"),
        ("23:30", "Africa/Cairo", DAILY, "2026-10-29 21:10", "2026-10-29"),  # the clock shows 23:10 again
        # a whole day that a zone never had: Apia went from 29 to 31 December 2011
        ("08:00", "Pacific/Apia", DAILY, "2011-12-30 09:59", "2011-12-29"),
        ("08:00", "Pacific/Apia", FRI, "2011-12-30 10:00", "2011-12-30"),  # the clock shows Saturday
        ("08:00", "Pacific/Apia", DAILY, "2011-12-30 18:00", "2011-12-31"),
    ],
)
def test_due_date(wall: str, zone: str, days: tuple[int, ...], now: str, expected: str | None) -> None:
    """The newest local date on one of the days whose wall-clock time has passed."""
    assert due(wall, zone, days, now) == expected


@pytest.mark.parametrize(
    ("when", "zone", "days", "now", "expected"),
    [
        ("08:00", "UTC", DAILY, "2026-05-05 09:00", "2026-05-05"),  # today's time has passed: it gets today's
        ("08:00", "UTC", DAILY, "2026-05-05 07:00", None),  # not yesterday's: it is new, not late
        ("08:00", "UTC", MON, "2026-05-05 09:00", None),
        (ANNOUNCEMENT, "Europe/Paris", DAILY, "2026-05-05 20:00", "2026-05-05"),
        (ANNOUNCEMENT, "Europe/Paris", DAILY, "2026-05-05 23:30", "2026-05-05"),  # tomorrow there
        (ANNOUNCEMENT, "America/New_York", DAILY, "2026-05-05 12:30", "2026-05-04"),
        (ANNOUNCEMENT, "Europe/Paris", DAILY, "2026-05-09 12:00", None),  # a Saturday: Friday's is over
    ],
)
def test_new_subscription(
    when: str, zone: str, days: tuple[int, ...], now: str, expected: str | None
) -> None:
    """It has missed nothing: it is due today at the earliest, or with an announcement of the last 24 hours."""
    assert due(when, zone, days, now, served=False) == expected


@pytest.mark.parametrize(
    ("when", "zone", "now", "expected"),
    [
        ("00:00", "UTC", "2026-05-05", "2026-05-05"),
        ("23:59", "Pacific/Kiritimati", "2026-05-05", "2026-05-05"),
        ("23:59", "Pacific/Pago_Pago", "2026-05-05", "2026-05-05"),
        (ANNOUNCEMENT, "Pacific/Kiritimati", "2026-05-05", "2026-05-05"),
        (ANNOUNCEMENT, "America/New_York", "2026-05-05", "2026-05-05"),  # of the evening, without waiting
        (ANNOUNCEMENT, "America/New_York", "2026-05-08", "2026-05-07"),
    ],
)
def test_bare_date(when: str, zone: str, now: str, expected: str) -> None:
    """`--on DATE` is that local date in every zone, with all of its hours passed."""
    assert due(when, zone, DAILY, f"{now} 23:59:59", bare=True) == expected


@pytest.mark.parametrize(
    ("when", "zone", "days", "now", "expected"),
    [
        ("08:00", "UTC", DAILY, "2026-05-07 09:00", None),
        ("08:00", "UTC", DAILY, "2026-05-08 07:59", None),  # yesterday was paused
        ("08:00", "UTC", DAILY, "2026-05-08 08:00", "2026-05-08"),
        ("08:00", "UTC", MON, "2026-05-08 09:00", None),
        ("08:00", "Pacific/Kiritimati", DAILY, "2026-05-07 18:00", "2026-05-08"),
        (ANNOUNCEMENT, "Europe/Paris", DAILY, "2026-05-07 23:00", None),
        (ANNOUNCEMENT, "Europe/Paris", DAILY, "2026-05-08 12:00", "2026-05-08"),
        (ANNOUNCEMENT, "America/New_York", DAILY, "2026-05-08 12:00", None),  # that of the evening of 7 May
        (ANNOUNCEMENT, "America/New_York", DAILY, "2026-05-11 12:00", "2026-05-10"),
    ],
)
def test_pause(when: str, zone: str, days: tuple[int, ...], now: str, expected: str | None) -> None:
    """Until 8 May 2026, a Friday: local dates before it are not made up for."""
    assert due(when, zone, days, now, paused_until="2026-05-08") == expected


# --- Announcements: at 20:00 US Eastern, midnight in UTC in summer and 01:00 in winter ------------------------


@pytest.mark.parametrize(
    ("zone", "days", "stored", "now", "expected"),
    [
        # when the papers are stored, or twelve hours later
        ("Europe/Paris", DAILY, "2026-05-05", "2026-05-05 00:00", "2026-05-05"),
        ("Europe/Paris", DAILY, "2026-05-04", "2026-05-05 00:00", "2026-05-04"),
        ("Europe/Paris", DAILY, "2026-05-04", "2026-05-05 11:59", "2026-05-04"),
        ("Europe/Paris", DAILY, "2026-05-04", "2026-05-05 12:00", "2026-05-05"),
        ("Europe/Paris", DAILY, "", "2026-05-05 11:59", "2026-05-04"),
        ("Europe/Paris", DAILY, "", "2026-05-05 12:00", "2026-05-05"),
        # the date is that of the announcement in the profile's zone
        ("America/New_York", DAILY, "2026-05-05", "2026-05-05 04:10", "2026-05-04"),
        ("Pacific/Pago_Pago", DAILY, "2026-05-05", "2026-05-05 04:10", "2026-05-04"),
        ("Asia/Kathmandu", DAILY, "2026-05-05", "2026-05-05 04:10", "2026-05-05"),
        ("Pacific/Kiritimati", DAILY, "2026-05-05", "2026-05-05 14:00", "2026-05-05"),  # 6 May there
        # clocks: New York's change on 1 November 2026, those of Paris a week earlier
        ("Europe/Paris", DAILY, "2026-10-29", "2026-10-29 00:00", "2026-10-29"),
        ("Europe/Paris", DAILY, "2026-11-02 01:00", "2026-11-02 00:59", "2026-10-30"),
        ("Europe/Paris", DAILY, "2026-11-02 01:00", "2026-11-02 01:00", "2026-11-02"),
        # weekends, and Thanksgiving (26 November 2026)
        ("Europe/Paris", DAILY, "2026-05-08", "2026-05-10 23:59", "2026-05-08"),
        ("America/New_York", DAILY, "2026-05-08", "2026-05-10 23:59", "2026-05-07"),
        ("Europe/Paris", DAILY, "2026-11-26 01:00", "2026-11-29 12:00", "2026-11-26"),
        ("Europe/Paris", DAILY, "2026-11-30 01:00", "2026-11-30 01:00", "2026-11-30"),
        # days are those of that date
        ("Europe/Paris", MON, "2026-05-06", "2026-05-06 12:00", "2026-05-04"),
        ("America/New_York", MON, "2026-05-06", "2026-05-06 12:00", "2026-05-04"),
        ("America/New_York", WORKDAYS, "2026-05-11", "2026-05-11 12:00", "2026-05-07"),  # not Sunday's
        ("America/New_York", WORKDAYS, "2026-05-12", "2026-05-12 12:00", "2026-05-11"),
        # a holiday (Labor Day, 7 September 2026) on the only day of the week: the next announcement, once
        ("Europe/Paris", TUE, "2026-09-05", "2026-09-08 12:00", "2026-09-01"),
        ("Europe/Paris", TUE, "2026-09-09", "2026-09-09 12:00", "2026-09-09"),
        ("Europe/Paris", TUE, "2026-09-11", "2026-09-14 12:00", "2026-09-09"),
        ("Europe/Paris", TUE, "2026-09-15", "2026-09-15 12:00", "2026-09-15"),
        ("America/New_York", (0, 3), "2026-09-09", "2026-09-09 12:00", "2026-09-03"),  # Thursdays have one
        # days that never have one: the next announcement, once
        ("Europe/Paris", SAT, "2026-05-15", "2026-05-15 12:00", "2026-05-11"),
        ("Europe/Paris", (5, 6), "2026-05-15", "2026-05-15 12:00", "2026-05-11"),
        ("America/Los_Angeles", FRI, "2026-05-15", "2026-05-15 12:00", "2026-05-10"),
        # downtime of more than a month: the newest alone
        ("Europe/Paris", DAILY, "2026-03-01", "2026-05-05 12:00", "2026-05-05"),
    ],
)
def test_announcement(zone: str, days: tuple[int, ...], stored: str, now: str, expected: str) -> None:
    """The local date of the newest announcement whose papers are stored or were waited for."""
    assert due(ANNOUNCEMENT, zone, days, now, stored=stored) == expected


def test_papers_of_any_source_count() -> None:
    """The newest announcement that a source has brought; those that say nothing do not matter."""
    states = [
        SourceState(name, "ok", announced=when) for name, when in (("a", None), ("b", at("2026-05-05")))
    ]
    assert Announcements.of(Announcements().calendar, states).stored == at("2026-05-05")
    assert Announcements.of(Announcements().calendar, states[:1]).stored is None


# --- The next time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wall", "zone", "days", "now", "expected"),
    [
        ("08:00", "UTC", DAILY, "2026-05-05 07:59", "2026-05-05 08:00"),
        ("08:00", "UTC", DAILY, "2026-05-05 08:00", "2026-05-06 08:00"),  # due now, so not next
        ("08:30", "Europe/Zurich", WORKDAYS, "2026-11-27 19:00", "2026-11-30 07:30"),  # over the weekend
        ("08:00", "UTC", MON, "2026-05-04 09:00", "2026-05-11 08:00"),
        ("00:30", "Pacific/Auckland", MON, "2026-05-03 12:00", "2026-05-03 12:30"),
        ("02:30", "Europe/Berlin", DAILY, "2026-03-28 12:00", "2026-03-29 01:30"),  # the clock shows 03:30
        ("02:30", "Europe/Berlin", DAILY, "2026-10-24 12:00", "2026-10-25 00:30"),  # the first of two
        ("08:00", "UTC", (), "2026-05-05 09:00", None),
        (ANNOUNCEMENT, "Europe/Paris", DAILY, "2026-05-04 12:00", "2026-05-05 04:00"),
        (ANNOUNCEMENT, "Europe/Paris", DAILY, "2026-11-26 12:00", "2026-11-30 05:00"),  # Thanksgiving
        (ANNOUNCEMENT, "Europe/Paris", MON, "2026-05-04 12:00", "2026-05-11 04:00"),
        (ANNOUNCEMENT, "Europe/Paris", TUE, "2026-09-04 12:00", "2026-09-09 04:00"),  # Labor Day
        (ANNOUNCEMENT, "America/New_York", SAT, "2026-05-04 12:00", "2026-05-11 04:00"),
        (ANNOUNCEMENT, "UTC", (), "2026-05-05 09:00", None),
    ],
)
def test_next_due(wall: str, zone: str, days: tuple[int, ...], now: str, expected: str | None) -> None:
    """The first time of a day of the subscription that has not passed; for an announcement, when its papers are
    expected.
    """
    assert next_time(wall, zone, days, now, stored=now) == expected


@pytest.mark.parametrize(
    ("now", "stored", "newest", "expected"),
    [
        ("2026-05-05 00:10", "2026-05-04", "", "2026-05-05 04:00"),
        ("2026-05-05 04:10", "2026-05-04", "", "2026-05-05 12:00"),  # when the wait ends
        ("2026-05-05 04:10", "2026-05-05", "", "2026-05-06 04:00"),
        ("2026-05-05 12:00", "2026-05-04", "", "2026-05-06 04:00"),
        ("2026-05-05 04:10", "2026-05-04", "2026-05-05", "2026-05-06 04:00"),  # `send` did not wait
    ],
)
def test_next_due_while_papers_are_awaited(now: str, stored: str, newest: str, expected: str) -> None:
    """The wait for an announcement ends at a known time."""
    assert next_time(ANNOUNCEMENT, "Europe/Paris", DAILY, now, newest, stored=stored) == expected


@pytest.mark.parametrize(
    ("when", "days", "options", "expected"),
    [
        ("08:00", WORKDAYS, {"paused_until": "2026-05-09"}, "2026-05-11 08:00"),
        ("08:00", DAILY, {"paused_until": "2026-05-01"}, "2026-05-05 08:00"),
        ("08:00", DAILY, {"newest": "2026-05-05"}, "2026-05-06 08:00"),  # `send` came before its time
        ("08:00", DAILY, {"newest": "2026-05-04"}, "2026-05-05 08:00"),
        ("23:59", DAILY, {"bare": True}, "2026-05-06 23:59"),
        (ANNOUNCEMENT, DAILY, {"paused_until": "2026-05-09"}, "2026-05-11 04:00"),
        (ANNOUNCEMENT, DAILY, {"paused_until": "2027-05-05"}, "2027-05-05 04:00"),
        (ANNOUNCEMENT, DAILY, {"bare": True}, "2026-05-06 04:00"),
    ],
)
def test_next_due_with_exceptions(
    when: str, days: tuple[int, ...], options: dict[str, Any], expected: str
) -> None:
    """Not before the end of a pause, nor on a date that has an edition; a bare date is over."""
    assert next_time(when, "UTC", days, "2026-05-05 07:00", stored="2026-05-05", **options) == expected


# --- Always -------------------------------------------------------------------------------------------------

moments = st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1))
times = st.just(ANNOUNCEMENT) | st.times().map(lambda one: f"{one:%H:%M}")
some_days = st.sets(st.integers(0, 6), min_size=1).map(tuple)


@given(moments, times, st.sampled_from(ZONES), some_days)
def test_due_date_never_goes_back(naive: datetime, when: str, zone: str, days: tuple[int, ...]) -> None:
    """A due date stays due until a newer one is, whatever the clocks do; a time of day is on a chosen day."""
    found = due(when, zone, days, naive.isoformat(" "))
    today = Moment(at(naive.isoformat(" "))).local_date(zone)
    if when != ANNOUNCEMENT:
        assert found
        assert date.fromisoformat(found).weekday() in days
    if found:
        assert 0 <= (today - date.fromisoformat(found)).days <= LOOK_BACK_DAYS
    for hours in (1, 2, 26):
        again = due(when, zone, days, (naive + timedelta(hours=hours)).isoformat(" "))
        assert again is None or again >= (found or "")


@given(moments, times, st.sampled_from(ZONES), some_days)
def test_what_is_next_will_be_due(naive: datetime, when: str, zone: str, days: tuple[int, ...]) -> None:
    """At that time, when the papers are there, a new date is due."""
    now = naive.replace(second=0, microsecond=0).isoformat(" ")
    found = next_time(when, zone, days, now, stored=now)
    assert found is not None
    assert at(found) > at(now)
    assert due(when, zone, days, found, stored=found) != due(when, zone, days, now, stored=now)
