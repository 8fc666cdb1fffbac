"""Parsers of the values in a profile: each takes what YAML gives, and returns the value.

A ValueError raised here is a sentence for the profile's author. No parser opens a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, time
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from zoneinfo import available_timezones

from pydantic import ValidationInfo

from bot.papers.identity import find_paper_ids, parse_paper_id
from bot.profiles.library import LIBRARY_ENDINGS, is_library_name
from bot.profiles.model import WEEK, Match, Reference
from bot.profiles.yaml_reader import Sexagesimal
from bot.text.latex import to_unicode
from bot.text.plain import normalize_paragraphs, one_line, quote
from bot.text.terms import is_searchable

#: What to do with a mail that may have arrived; the first is the default.
ON_UNCERTAIN = ("resend", "hold")


def closest(key: str, names: Sequence[str]) -> str | None:
    """The name that a misspelt key probably means."""
    return next(iter(get_close_matches(key.casefold(), names, n=1)), None)


def describe(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return quote(str(value))


def _string(value: object) -> str:
    if isinstance(value, dict):
        raise ValueError("expected a text here: put a text with a colon in quotes")
    if not isinstance(value, str):
        raise ValueError(f"expected a text here, not {describe(value)}")
    return value


def text(value: object) -> str:
    """A text on one line, not empty."""
    line = one_line(_string(value))
    if not line:
        raise ValueError("this text is empty")
    return line


def readable(value: object) -> str:
    """A text on one line, not empty, with its TeX turned into Unicode."""
    return text(to_unicode(_string(value)))


def paragraphs(value: object) -> str:
    return to_unicode(normalize_paragraphs(_string(value)))


def searchable(phrase: str) -> str:
    if not is_searchable(phrase):
        raise ValueError(
            f"{quote(phrase)} is too general: it contains only stop words, numbers or single letters; "
            "add a specific word"
        )
    return phrase


def listed(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        plain = re.fullmatch(r"[\w./@-][\w ./@-]*", value)
        item = value if plain else quote(value).replace("'", '"')
        raise ValueError(f"expected a list here: write `{info.field_name}: [{item}]`")
    if not isinstance(value, list):
        raise ValueError(f"expected a list here: put a dash before each entry of `{info.field_name}`")
    return value


def threshold(value: object) -> Match | float:
    """A match for its word, GOOD for `auto`, or a relevance."""
    word = str(value).strip().casefold()
    if word == "auto":
        return Match.GOOD
    if word in list(Match):
        return Match(word)
    with suppress(ValueError):
        if 0 <= (relevance := float(word)) <= 100:
            return relevance
    words = ", ".join(Match)
    raise ValueError(f"`threshold` is auto, {words}, or a number from 0 to 100, not {describe(value)}")


def on_uncertain(value: str) -> str:
    if value not in ON_UNCERTAIN:
        raise ValueError(f"{quote(value)} is neither resend nor hold")
    return value


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
        if not found and (close := get_close_matches(name, zones, n=1)):
            found = zones[close[0]]
    hint = f"did you mean {found}?" if found else "write one such as Europe/Paris"
    raise ValueError(f"{quote(value)} is not a time zone: {hint}")


#: https://arxiv.org/category_taxonomy: only these two archives have subjects in words
_CATEGORY = re.compile(r"(?:physics|cond-mat)\.[a-z]+(?:-[a-z]+)?|[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?")


def category(value: str) -> str:
    if _CATEGORY.fullmatch(value):
        return value
    archive, dot, subject = value.lower().partition(".")
    close = [c for c in (f"{archive}{dot}{subject.upper()}", value.lower()) if _CATEGORY.fullmatch(c)]
    hint = f"did you mean {close[0]}?" if close else "write one such as cs.LG, hep-th or astro-ph.GA"
    raise ValueError(f"{quote(value)} is not an arXiv category: {hint}")


_MAILDIR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def maildir(value: str) -> str:
    if not _MAILDIR.fullmatch(value):
        raise ValueError(
            f"{quote(value)} is not a simple name: use letters, digits, '.', '_' and '-', such as ada"
        )
    return value


_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def time_of_day(value: object) -> time:
    line = text(value)
    match = _TIME.fullmatch(line)
    if not match:
        raise ValueError(f'{quote(line)} is not a time of day: write one such as "08:30"')
    at = time(int(match[1]), int(match[2]))
    if isinstance(value, Sexagesimal):
        number = at.hour * 60 + at.minute
        raise ValueError(f'YAML reads {line} as the number {number}: write it in quotes: "{at:%H:%M}"')
    return at


def day(value: object) -> date:
    line = text(value)
    try:
        return date.fromisoformat(line)
    except ValueError:
        raise ValueError(f"{quote(line)} is not a day: write one such as 2026-12-27") from None


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
    first, dash, last = (name.strip() for name in re.sub("[–—]", "-", part).partition("-"))
    start = _day(first)
    length = (_day(last) - start) % 7 if dash else 0
    return tuple((start + step) % 7 for step in range(length + 1))


def _day(name: str) -> int:
    for number, whole in enumerate(_DAY_NAMES):
        if len(name) >= 3 and whole.startswith(name):
            return number
    raise ValueError(f"{quote(name)} is not a day: write days such as mon-fri, [mon, thu] or weekdays")


def one_or_more(value: object) -> object:
    if value == []:
        raise ValueError("this list of days is empty: leave `days` out for every day")
    return value if isinstance(value, list) else [value]


_NO_TITLE = re.compile(r"(?:arxiv|doi)?[\W\d_]*", re.IGNORECASE)


def references(value: object, info: ValidationInfo) -> tuple[Reference, ...]:
    """The papers of one entry of `like` or `dislike`; `info.context` is a library.Libraries."""
    line = text(value)
    if is_library_name(line):
        assert info.context is not None
        found: tuple[Reference, ...] | str = info.context[line]
        if isinstance(found, str):
            raise ValueError(found)
        return found
    if paper := parse_paper_id(line):
        return (Reference(id=_arxiv_checked(paper[0], line)),)
    if ids := find_paper_ids(line):
        id_ = ids[0].removeprefix("arxiv:")
        raise ValueError(f"{quote(line)} is more than an id: write only {id_}, or only the title")
    if " " not in line or _NO_TITLE.fullmatch(line):
        raise ValueError(
            f"{quote(line)} is not an arXiv id, a DOI, a paper's address, a title or a library file "
            f"({LIBRARY_ENDINGS})"
        )
    return (Reference(title=to_unicode(line)),)


def _arxiv_checked(id_: str, line: str) -> str:
    """`id_`, which may be one that arXiv cannot have given: https://info.arxiv.org/help/arxiv_identifier.html"""
    if (match := re.fullmatch(r"arxiv:(\d{4})\.(\d+)", id_)) and (len(match[2]) == 5) != (match[1] >= "1501"):
        raise ValueError(
            f"{quote(line)} is not an arXiv id: four digits follow the dot until 2014, as in 1412.6980, "
            "and five since 2015, as in 2502.19402"
        )
    return id_
