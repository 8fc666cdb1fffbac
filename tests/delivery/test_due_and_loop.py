"""When an edition is due, and the loop that keeps the time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time as clock
from datetime import date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import Moment
from bot.delivery.due import LOOK_BACK_DAYS, due_date
from tests.support.builders import at, make_profile, subscription

ROOT = Path(__file__).resolve().parents[2]
WORKDAYS = (0, 1, 2, 3, 4)
MONDAYS = (0,)
DAILY = (0, 1, 2, 3, 4, 5, 6)


def due(
    wall: str, zone: str, days: tuple[int, ...], now: str, *, served: bool = True, bare: bool = False
) -> str | None:
    """The due date, as ISO text, at `now` in UTC; `bare`: only the date was said."""
    instant = at(now)
    found = due_date(
        subscription(at=time.fromisoformat(wall), days=days),
        make_profile(timezone=zone),
        Moment(instant, instant.date() if bare else None),
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
    """The newest local date, on one of the days, whose wall-clock time has passed."""
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
def test_new_is_not_late(days: tuple[int, ...], now: str, served: bool, expected: str | None) -> None:
    """Only a subscription that was served before has missed anything."""
    assert due("08:00", "UTC", days, now, served=served) == expected


@pytest.mark.parametrize(
    ("wall", "zone", "expected"),
    [
        ("00:00", "UTC", "2026-05-05"),
        ("23:59", "Pacific/Kiritimati", "2026-05-05"),
        ("23:59", "Pacific/Pago_Pago", "2026-05-05"),
    ],
)
def test_bare_date_is_that_date_everywhere(wall: str, zone: str, expected: str) -> None:
    """`--on DATE` means the reader's own day, with all of its hours passed."""
    assert due(wall, zone, DAILY, "2026-05-05 23:59:59", bare=True) == expected


ZONES = st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"))


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    ZONES,
    st.sets(st.integers(0, 6), min_size=1),
)
def test_due_date_never_goes_back(naive: datetime, wall: time, zone: str, days: set[int]) -> None:
    """Whatever the clocks do, a date that was due stays due until a newer one is, and it is on a chosen day."""
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


# --- The loop ---------------------------------------------------------------------------------------------

SCRIPT = """
import sys, time
from bot.worker.loop import Loop

def say(word):
    print(word, flush=True)

def ingest():
    say("ingest begins")
    time.sleep(0.3)
    say("ingest ends")
    if sys.argv[1] == "fails":
        raise RuntimeError("on purpose")

loop = Loop(ingest, lambda: say("tick"))
loop.listen()
loop.run()
say(f"stopped {loop.stopping.is_set()}")
"""


@pytest.mark.parametrize("ingest", ["works", "fails"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_loop_ingests_then_ticks_and_stops(ingest: str, number: signal.Signals) -> None:
    """At once an ingest, after it a tick, even when the ingest fails; asked to stop it ends within seconds."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, ingest],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        first = [process.stdout.readline().strip() for _ in range(3)]
        asked = clock.monotonic()
        process.send_signal(number)
        rest, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert first == ["ingest begins", "ingest ends", "tick"]
    assert rest.splitlines() == ["stopped True"]
    assert process.returncode == 0
    assert clock.monotonic() - asked < 5


def test_loop_finishes_what_is_under_way() -> None:
    """Asked to stop in the middle of an ingest, it ends with the ingest, not before."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "works"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ingest begins"
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert rest.splitlines()[0] == "ingest ends"
    assert rest.splitlines()[-1] == "stopped True"
    assert process.returncode == 0
