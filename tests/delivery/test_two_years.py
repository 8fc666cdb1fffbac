"""Two years of scheduling, against an oracle written from the words of the contract (`../shared/design.md`, part 9).

`plan_send` decides at every tick, from what is stored; an outbox in memory with the unique key (subscription, local
date) stores. Not SQLite, which would take minutes for these 40,000 editions: its key has tests of its own.

2011 and 2012 have a leap day, the day that Apia skipped, clock changes at midnight (St John's), by half an hour (Lord
Howe) and several in one year (Casablanca), and zones that changed their rules (Moscow).
"""

from __future__ import annotations

import os
import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from bot.clock import Moment
from bot.delivery.due import Announcements
from bot.delivery.plan import SendState, plan_dates, plan_send
from bot.delivery.stores import EditionSummary
from bot.papers.calendar import ArxivCalendar
from bot.profiles.model import ANNOUNCEMENT, Profile, Subscription
from tests.support.builders import subscription

DAY, HOUR, MINUTE = 86400, 3600, 60  #: seconds
START, END = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2011, 2013))
SUBSCRIPTIONS = 200
ZONES = (
    "UTC",
    "Europe/Paris",
    "Europe/Moscow",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/Los_Angeles",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
)
WEEKS = ((0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4), (0,), (1, 3), (5,), (4, 6))
#: An hour, a night, days, and a month in which nothing runs, by their starts in days.
DOWNTIMES = ((40, HOUR), (41, 9 * HOUR), (119, 3 * DAY), (300, 16 * DAY), (400, HOUR), (500, 31 * DAY))
CALENDAR = ArxivCalendar()


@dataclass(frozen=True)
class Tick:
    true: int  #: when it is
    clock: int  #: what the process believes
    is_send: bool = False  #: `paperboy send` without `--due`


@dataclass
class Reader:
    """A profile, and as what it was edited from some time on."""

    versions: list[tuple[int, Profile]] = field(default_factory=list)

    def at(self, true: int) -> Profile:
        return next(profile for since, profile in reversed(self.versions) if since <= true)


# --- The oracle ---------------------------------------------------------------------------------------------


@cache
def offset(zone: str, instant: int) -> int:
    """Seconds by which the clocks of a zone are ahead of UTC."""
    shift = datetime.fromtimestamp(instant, ZoneInfo(zone)).utcoffset()
    assert shift is not None
    return int(shift.total_seconds())


def shown(zone: str, instant: int) -> date:
    return (datetime.fromtimestamp(instant, UTC) + timedelta(seconds=offset(zone, instant // 60 * 60))).date()


@cache
def passes(zone: str, day: date, wall: time) -> int:
    """The first second at which a clock there shows this time of this day or a later one."""
    face = int(datetime.combine(day, wall, UTC).timestamp())
    before, after = offset(zone, face - 26 * HOUR), offset(zone, face + 26 * HOUR)
    candidates = sorted((face - before, face - after))
    for instant in candidates:
        if instant + offset(zone, instant) == face:
            return instant
    early, late = candidates  # the clocks skip it in between
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (middle, late) if middle + offset(zone, middle) < face else (early, middle)
    return late


@cache
def schedule(to: Subscription, zone: str) -> list[tuple[int, date]]:
    """When the time of each date of a subscription comes, and the date; for announcements, theirs."""
    days = [date(2010, 12, 10) + timedelta(days=n) for n in range(775)]
    if isinstance(to.at, time):
        return [(passes(zone, day, to.at), day) for day in days if day.weekday() in to.days]
    announced = [int(one.timestamp()) for day in days if (one := CALENDAR.announcement(day))]
    local = [(one, shown(zone, one)) for one in announced]
    found = []
    for n, (one, day) in enumerate(local[8:], start=8):
        without = {(day - timedelta(days=back)).weekday() for back in range(1, (day - local[n - 1][1]).days)}
        had = {other.weekday() for _, other in local[n - 8 : n] if (day - other).days < 7}
        if day.weekday() in to.days or (without & set(to.days) and not had & set(to.days)):
            found.append((one, day))
    return found


def oracle(reader: Reader, key: str, ticks: Iterable[Sequence[Tick]], stored: dict[int, int]) -> set[date]:
    """The dates of the editions of one target. Ticks of one group decide at the same time.

    `stored`: when the papers of each announcement are.
    """
    plans = [
        (since, profile, [(to, schedule(to, profile.timezone)) for to in profile.deliver if to.key == key])
        for since, profile in reader.versions
    ]
    got: set[date] = set()
    for group in ticks:
        new = set()
        for tick in group:
            _, profile, entries = next(one for one in reversed(plans) if one[0] <= tick.true)
            zone, pause = profile.timezone, profile.paused_until or date.min
            today = shown(zone, tick.clock)
            dates = {today} if tick.is_send and entries else set()
            for to, calendar in () if tick.is_send else entries:
                last = bisect_right(calendar, (tick.clock, date.max))
                current = today
                if to.at == ANNOUNCEMENT:
                    every = announcements(zone)
                    current = every[bisect_right(every, (tick.clock, date.max)) - 1][1]
                    while last and not (
                        stored[calendar[last - 1][0]] <= tick.true
                        or calendar[last - 1][0] + 12 * HOUR <= tick.clock
                    ):
                        last -= 1
                if not last:
                    continue
                since, day = calendar[last - 1]
                is_late = (today - day).days > 7
                is_new = not got and day != today and not (to.at == ANNOUNCEMENT and tick.clock - since < DAY)
                if is_late or is_new or day in got:
                    continue
                newer = {day + timedelta(days=n) for n in range(1, (today - day).days + 1)}
                if day == current or got.isdisjoint(newer):
                    dates.add(day)
            new |= {max(dates)} if dates and max(dates) >= pause else set()
        got |= new
    return got


@cache
def announcements(zone: str) -> list[tuple[int, date]]:
    return schedule(subscription(at=ANNOUNCEMENT), zone)


# --- The readers, the schedulers and their ticks --------------------------------------------------------------


def readers(rng: random.Random) -> Iterator[Reader]:
    """Profiles with 200 subscriptions in all; a third of them is edited: zone, times, days, a pause."""
    left = SUBSCRIPTIONS
    while left > 0:
        name = f"reader-{left}"
        deliver = _deliveries(rng, name)
        left -= len(deliver)
        reader = Reader([(0, Profile(name, rng.choice(ZONES), deliver=deliver))])
        if rng.random() < 0.3:
            since = rng.randrange(START, END)
            until = rng.choice(
                (None, datetime.fromtimestamp(since, UTC).date() + timedelta(days=rng.randrange(60)))
            )
            edited = Profile(name, rng.choice(ZONES), deliver=_deliveries(rng, name), paused_until=until)
            reader.versions.append((since, edited))
        yield reader


def _deliveries(rng: random.Random, name: str) -> tuple[Subscription, ...]:
    """One target or two; the first may have one entry for workdays and one for weekends."""
    days = (WEEKS[1], (5, 6)) if rng.random() < 0.2 else (rng.choice(WEEKS),)
    entries = [subscription(name, "one", at=_when(rng), days=one) for one in days]
    if rng.random() < 0.4:
        entries.append(subscription(name, "two", at=_when(rng), days=rng.choice(WEEKS)))
    return tuple(entries)


def _when(rng: random.Random) -> time | str:
    minute = rng.choice((0, 30, 59, rng.randrange(60)))
    return ANNOUNCEMENT if rng.random() < 0.2 else time(rng.choice((0, 2, 8, 23, rng.randrange(24))), minute)


def storing(rng: random.Random) -> dict[int, int]:
    """When the papers of each announcement are stored: mostly when the RSS feed has them, sometimes late or never."""
    announced = (one for one, _ in announcements("UTC"))
    return {
        one: one + rng.choice((*[4 * HOUR + 600] * 8, 9 * HOUR, 20 * HOUR, 5000 * DAY)) for one in announced
    }


def tick_groups(
    rng: random.Random, reader: Reader, stored: dict[int, int], up: Sequence[Sequence[tuple[int, int, int]]]
) -> list[list[Tick]]:
    """Ticks around the times that matter to a reader, and some others, of two processes. Those of a group see the
    same editions: neither process knows what the other one is about to store.

    `up`: of each process, when it ran and by how much its clock was fast: start, end, seconds.
    """
    events = []
    for (since, profile), until in zip(
        reader.versions, [*(v[0] for v in reader.versions[1:]), END], strict=True
    ):
        for to in profile.deliver:
            for one, _ in schedule(to, profile.timezone):
                if max(since, START) <= one < until:
                    waits = (stored[one], one + 12 * HOUR) if to.at == ANNOUNCEMENT else ()
                    events += [one, *waits]
    ticks = []
    for process in up:
        moments = [(event + rng.uniform(0, MINUTE), False) for event in events if rng.random() < 0.2]
        moments += [(event + rng.choice((-1, 0, 1)), False) for event in events if rng.random() < 0.04]
        moments += [(start + rng.uniform(0, MINUTE), False) for start, _, _ in process]
        moments += [(rng.uniform(START, END), rng.random() < 0.3) for _ in range(20)]
        for when, is_send in moments:
            start, end, fast = process[bisect_right(process, (when, END, 0)) - 1]
            if start <= when - fast < end:
                ticks.append(Tick(int(when) - fast, int(when), is_send))
    groups: list[list[Tick]] = []
    for tick in sorted(ticks, key=lambda tick: tick.true):
        if groups and tick.true - groups[-1][0].true < 30 and rng.random() < 0.5:
            groups[-1].append(tick)
        else:
            groups.append([tick])
    return groups


def running(rng: random.Random) -> list[tuple[int, int, int]]:
    """When a process runs, and by how many seconds its clock is fast. It restarts at random and after downtimes."""
    runs = []
    start = START
    for day, length in (*DOWNTIMES, (731, 0)):
        down = START + day * DAY
        while start < down:
            end = min(down, start + rng.randrange(HOUR, 30 * DAY))
            runs.append((start, end, rng.randint(-5, 5)))
            start = end + rng.randrange(5, 600)
        start = down + length + rng.randrange(120)
    return runs


# --- The simulation -------------------------------------------------------------------------------------------


class Stored(dict[tuple[str, date], EditionSummary]):
    """All editions; only those from a date to another are found, as in the database."""

    first = last = date.min

    def __contains__(self, place: object) -> bool:
        return self.get(place) is not None  # type: ignore[call-overload]

    def get(self, place: tuple[str, date], default: object = None) -> EditionSummary | None:  # type: ignore[override]
        return super().get(place) if self.first <= place[1] <= self.last else None


def simulate(
    reader: Reader, groups: Iterable[Sequence[Tick]], stored: dict[int, int]
) -> set[tuple[str, date]]:
    """The editions that `plan_send` makes."""
    brought = sorted((when, one) for one, when in stored.items())
    newest = list(accumulate((one for _, one in brought), max))
    editions = Stored()
    served: set[str] = set()
    for group in groups:
        new = []
        for tick in group:
            profile, moment = reader.at(tick.true), Moment(datetime.fromtimestamp(tick.clock, UTC))
            n = bisect_right(brought, (tick.true, END))
            editions.first, editions.last = plan_dates(moment)
            state = SendState(
                editions,
                frozenset(served),
                {},
                {},
                announcements=Announcements(
                    CALENDAR, datetime.fromtimestamp(newest[n - 1], UTC) if n else None
                ),
            )
            plans = plan_send([profile], moment, state, due=not tick.is_send)
            new += [(plan.subscription.key, plan.on) for plan in plans if not plan.skip]
        for place in new:
            editions.setdefault(place, EditionSummary("", 1, is_open=False))
            served.add(place[0])
    return set(editions)


def test_two_years() -> None:
    """200 subscriptions in 18 zones, two schedulers whose clocks differ by seconds, restarts, skipped ticks,
    downtimes of an hour to a month, edits, and `paperboy send` in between: the editions that the calendar says.
    """
    seed = int(os.environ.get("PAPERBOY_TEST_SEED", 0)) or random.randrange(1, 10**9)
    rng = random.Random(seed)
    stored, up = storing(rng), [running(rng), running(rng)]
    count = 0
    for reader in readers(rng):
        groups = tick_groups(rng, reader, stored, up)
        made = simulate(reader, groups, stored)
        keys = {to.key for _, profile in reader.versions for to in profile.deliver}
        said = {(key, day) for key in keys for day in oracle(reader, key, groups, stored)}
        assert made == said, f"PAPERBOY_TEST_SEED={seed}: {reader}: {sorted(made ^ said)}"
        count += len(made)
    assert count > 30_000
