"""When an edition is due."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import Moment
from bot.delivery.due import LOOK_BACK_DAYS, Announcements, due_date, next_due
from tests.support.builders import at, make_profile, subscription

WORKDAYS = (0, 1, 2, 3, 4)
MONDAYS = (0,)
DAILY = (0, 1, 2, 3, 4, 5, 6)


def due(
    wall: str, zone: str, days: tuple[int, ...], now: str, *, served: bool = True, bare: bool = False
) -> str | None:
    """The due date, as ISO text, at `now` in UTC; `bare`: only the date was given."""
    instant = at(now)
    found = due_date(
        subscription(at=time.fromisoformat(wall), days=days),
        make_profile(timezone=zone),
        Moment(instant, instant.date() if bare else None),
        Announcements(),
        served_before=served,
    )
    return found and found.isoformat()


@pytest.mark.parametrize(
    ("wall", "zone", "days", "now", "expected"),
    [
        # 5 May 2026 is a Tuesday. To the second, in UTC and elsewhere
        ("08:00", "UTC", DAILY, "2026-05-05 08:00", "2026-05-05"),
        ("08:00", "UTC", DAILY, "2026-05-05 07:59:59", "2026-05-04"),
        ("08:00", "Europe/Paris", DAILY, "2026-05-05 06:00", "2026-05-05"),  # +2 in summer
        ("08:00", "Europe/Paris", DAILY, "2026-01-06 07:00", "2026-01-06"),  # +1 in winter
        ("08:00", "Asia/Kathmandu", DAILY, "2026-05-05 02:15", "2026-05-05"),  # +5:45
        ("08:00", "Asia/Kathmandu", DAILY, "2026-05-05 02:14", "2026-05-04"),
        ("08:00", "Pacific/Auckland", DAILY, "2026-05-04 20:00", "2026-05-05"),  # tomorrow there
        ("08:00", "Pacific/Pago_Pago", DAILY, "2026-05-05 18:59", "2026-05-04"),  # -11
        ("00:00", "Europe/Paris", DAILY, "2026-05-04 22:00", "2026-05-05"),
        ("23:59", "Europe/Paris", DAILY, "2026-05-05 21:59", "2026-05-05"),
        # days of the week are local
        ("08:00", "UTC", MONDAYS, "2026-05-05 09:00", "2026-05-04"),
        ("08:00", "UTC", MONDAYS, "2026-05-04 07:59", "2026-04-27"),  # last Monday's: a week back
        ("08:00", "UTC", WORKDAYS, "2026-05-03 12:00", "2026-05-01"),  # a Sunday: Friday's
        ("00:30", "Pacific/Auckland", MONDAYS, "2026-05-03 12:30", "2026-05-04"),  # Sunday in UTC
        ("08:00", "UTC", (), "2026-05-05 09:00", None),
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
        # a whole day that a zone never had: Apia went from 29 to 31 December 2011
        ("08:00", "Pacific/Apia", DAILY, "2011-12-30 09:59", "2011-12-29"),
        ("08:00", "Pacific/Apia", DAILY, "2011-12-30 18:00", "2011-12-31"),
    ],
)
def test_due_date(wall: str, zone: str, days: tuple[int, ...], now: str, expected: str | None) -> None:
    """The newest local date on one of the days whose wall-clock time has passed."""
    assert due(wall, zone, days, now) == expected


@pytest.mark.parametrize(
    ("days", "now", "served", "expected"),
    [
        (DAILY, "2026-05-05 09:00", False, "2026-05-05"),  # today's time has passed: it gets today's
        (DAILY, "2026-05-05 07:00", False, None),  # not yesterday's: it is new, not late
        (MONDAYS, "2026-05-05 09:00", False, None),
        (MONDAYS, "2026-05-05 09:00", True, "2026-05-04"),
        (DAILY, "2026-05-05 07:00", True, "2026-05-04"),  # three days down: the newest only
    ],
)
def test_new_subscription(days: tuple[int, ...], now: str, served: bool, expected: str | None) -> None:
    """Only a subscription that was served before can have missed a date."""
    assert due("08:00", "UTC", days, now, served=served) == expected


@pytest.mark.parametrize(
    ("wall", "zone", "expected"),
    [
        ("00:00", "UTC", "2026-05-05"),
        ("23:59", "Pacific/Kiritimati", "2026-05-05"),
        ("23:59", "Pacific/Pago_Pago", "2026-05-05"),
    ],
)
def test_bare_date(wall: str, zone: str, expected: str) -> None:
    """`--on DATE` is that local date in every zone, with all of its hours passed."""
    assert due(wall, zone, DAILY, "2026-05-05 23:59:59", bare=True) == expected


ZONES = st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"))


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    ZONES,
    st.sets(st.integers(0, 6), min_size=1),
)
def test_due_date_never_goes_back(naive: datetime, wall: time, zone: str, days: set[int]) -> None:
    """A due date stays due until a newer one is, whatever the clocks do, and it is on a chosen day."""
    now = naive.isoformat(" ")
    found = due(wall.isoformat(), zone, tuple(days), now)
    assert found is not None
    assert date.fromisoformat(found).weekday() in days
    today = Moment(at(now)).local_date(zone)
    assert 0 <= (today - date.fromisoformat(found)).days <= LOOK_BACK_DAYS
    for hours in (1, 2, 26):
        later = datetime.fromtimestamp(at(now).timestamp() + hours * 3600, tz=at(now).tzinfo)
        again = due(wall.isoformat(), zone, tuple(days), later.replace(tzinfo=None).isoformat(" "))
        assert again is not None
        assert again >= found


# --- The next time ------------------------------------------------------------------------------------------


def next_time(
    wall: str,
    zone: str,
    days: tuple[int, ...],
    now: str,
    paused_until: date | None = None,
    bare: bool = False,
) -> str | None:
    instant = at(now)
    found = next_due(
        subscription(at=time.fromisoformat(wall), days=days),
        make_profile(timezone=zone, paused_until=paused_until),
        Moment(instant, instant.date() if bare else None),
        Announcements(),
    )
    return found and f"{found:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("wall", "zone", "days", "now", "expected"),
    [
        ("08:00", "UTC", DAILY, "2026-05-05 07:59", "2026-05-05 08:00"),
        ("08:00", "UTC", DAILY, "2026-05-05 08:00", "2026-05-06 08:00"),  # due now, so not next
        ("08:30", "Europe/Zurich", WORKDAYS, "2026-11-27 19:00", "2026-11-30 07:30"),  # over the weekend
        ("08:00", "UTC", MONDAYS, "2026-05-04 09:00", "2026-05-11 08:00"),
        ("00:30", "Pacific/Auckland", MONDAYS, "2026-05-03 12:00", "2026-05-03 12:30"),
        ("02:30", "Europe/Berlin", DAILY, "2026-03-28 12:00", "2026-03-29 01:30"),  # the clock shows 03:30
        ("02:30", "Europe/Berlin", DAILY, "2026-10-24 12:00", "2026-10-25 00:30"),  # the first of two
        ("08:00", "UTC", (), "2026-05-05 09:00", None),
    ],
)
def test_next_due(wall: str, zone: str, days: tuple[int, ...], now: str, expected: str | None) -> None:
    """The first time of a day of the subscription that has not passed, in UTC."""
    assert next_time(wall, zone, days, now) == expected


def test_next_due_after_a_pause() -> None:
    """Not before the local date on which the pause ends; a bare date is over."""
    assert next_time("08:00", "UTC", WORKDAYS, "2026-05-05 09:00", date(2026, 5, 9)) == "2026-05-11 08:00"
    assert next_time("08:00", "UTC", DAILY, "2026-05-05 09:00", date(2026, 5, 1)) == "2026-05-06 08:00"
    assert next_time("23:59", "UTC", DAILY, "2026-05-05 00:00", bare=True) == "2026-05-06 23:59"


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)), ZONES, st.sets(st.integers(0, 6), min_size=1)
)
def test_what_is_next_will_be_due(naive: datetime, zone: str, days: set[int]) -> None:
    """At that time a new date is due, and none is a day before."""
    wall, now = "08:00", naive.replace(second=0, microsecond=0).isoformat(" ")
    found = next_time(wall, zone, tuple(days), now)
    assert found is not None
    assert at(found) > at(now)
    assert due(wall, zone, tuple(days), found) != due(wall, zone, tuple(days), now)
