"""Parsers of the times in a profile: zones, times of day, days and dates. As those in `bot.profiles.values`."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from typing import Literal
from zoneinfo import available_timezones

from bot.profiles.model import ANNOUNCEMENT, WEEK
from bot.profiles.values import closest, text
from bot.profiles.yaml_reader import Sexagesimal
from bot.text.plain import quote


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a few hundred file names


def timezone(value: str) -> str:
    if value in _zones():
        return value
    by_name = {zone.casefold(): zone for zone in sorted(_zones())}
    by_city = {zone.rpartition("/")[2].casefold(): zone for zone in by_name.values() if "/" in zone}
    name = value.casefold().replace(" ", "_")
    found = by_name.get(name) or by_city.get(name)
    for zones in (by_name, by_city):
        # Nothing is close to an offset (UTC+2) or to an abbreviation (PST).
        if not found and len(name) > 5 and (close := get_close_matches(name, zones, n=1, cutoff=0.75)):
            found = zones[close[0]]
    hint = (
        f"did you mean {found}?"
        if found
        else "write the city of one, such as Europe/Paris or America/New_York"
    )
    raise ValueError(f"{quote(value)} is not a time zone: {hint}")


def zone_of_city(city: str) -> str | None:
    """The zone named after a city, if only one is: Europe/Paris for "Paris"."""
    end = f"/{city.casefold().replace(' ', '_')}"
    zones = [zone for zone in _zones() if zone.casefold().endswith(end)]
    return zones[0] if len(zones) == 1 else None


_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
#: 8am, 8 a.m., 8.30, 8h30, 0830
_OTHER_TIME = re.compile(r"([0-9]{1,2})[:.h]?([0-5][0-9])?\s*(?:([ap])\.?m\.?)?", re.IGNORECASE)


def delivery_time(value: object) -> time | Literal["announcement"]:
    """A time of day, or ANNOUNCEMENT."""
    line = text(value)
    if line.casefold() == ANNOUNCEMENT:
        return ANNOUNCEMENT
    match = _TIME.fullmatch(line)
    if not match:
        probable = probable_time(line)
        write = f'"{probable}"' if probable else f'one such as "08:30", or {ANNOUNCEMENT}'
        raise ValueError(f"{quote(line)} is not a time of day: write {write}")
    at = time(int(match[1]), int(match[2]))
    if isinstance(value, Sexagesimal):
        number = at.hour * 60 + at.minute
        raise ValueError(f'YAML reads {line} as the number {number}: write it in quotes: "{at:%H:%M}"')
    return at


def probable_time(line: str) -> str | None:
    """What a text under `at` probably means, as `09:00` or ANNOUNCEMENT."""
    if closest(line.removeprefix("on ").strip(), [ANNOUNCEMENT, "announcements", "announced"]):
        return ANNOUNCEMENT
    found = _OTHER_TIME.fullmatch(line)
    hour = int(found[1]) if found else 24
    if found and found[3] and 0 < hour <= 12:
        hour = hour % 12 + (12 if found[3].casefold() == "p" else 0)
    return f"{hour:02}:{found[2] or '00'}" if found and hour < 24 else None


_OTHER_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y")


def day(value: object) -> date:
    line = text(value)
    with suppress(ValueError):
        return date.fromisoformat(line)
    probable = "one such as 2026-12-27"
    for form in _OTHER_DATES:
        with suppress(ValueError):
            probable = datetime.strptime(line, form).replace(tzinfo=UTC).date().isoformat()
    raise ValueError(f"{quote(line)} is not a day: write {probable}")


_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_WORDS = {
    "daily": WEEK,
    "every day": WEEK,
    "everyday": WEEK,
    "weekdays": WEEK[:5],
    "weekends": WEEK[5:],
    "weekend": WEEK[5:],
}


def days(value: object) -> tuple[int, ...]:
    """Days as numbers, Monday is 0, of `mon-fri`, `sat, sun`, `fri-mon` or `weekdays`."""
    return tuple(chain.from_iterable(map(_day_range, text(value).casefold().split(","))))


def _day_range(part: str) -> tuple[int, ...]:
    part = part.strip()
    if part in _DAY_WORDS:
        return _DAY_WORDS[part]
    first, dash, last = (name.strip() for name in re.sub("[–—]| to ", "-", part).partition("-"))
    start = _day(first)
    length = (_day(last or part) - start) % 7 if dash else 0
    return tuple((start + step) % 7 for step in range(length + 1))


def _day(name: str) -> int:
    for number, whole in enumerate(_DAY_NAMES):
        if len(name) >= 3 and whole.startswith(name):
            return number
    close = get_close_matches(name, [*_DAY_NAMES, *_DAY_WORDS, *(whole[:3] for whole in _DAY_NAMES)], n=1)
    hint = f"did you mean {close[0]}?" if close else "write days such as mon-fri, [mon, thu] or weekdays"
    raise ValueError(f"{quote(name)} is not a day: {hint}")


def one_or_more(value: object) -> object:
    if value == []:
        raise ValueError("this list of days is empty: leave `days` out for every day")
    return value if isinstance(value, list) else [value]
