"""Parsers of the values in a profile: each takes what YAML gives, and returns the value.

A ValueError raised here is a sentence for the profile's author. No parser opens a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from math import nan
from pathlib import PurePath
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import ValidationError, ValidationInfo, ValidatorFunctionWrapHandler

from bot.papers.categories import parse_category
from bot.papers.identity import find_paper_ids, parse_paper_id
from bot.papers.names import given_first, is_one_word
from bot.profiles.library import LIBRARY_ENDINGS, is_library_name
from bot.profiles.model import ANNOUNCEMENT, WEEK, ChannelName, Match, Reference
from bot.profiles.yaml_reader import Sexagesimal, flow
from bot.text.addresses import parse_mail_address, parse_slack_target
from bot.text.latex import to_unicode
from bot.text.plain import fold, normalize_paragraphs, one_line, quote
from bot.text.terms import is_searchable

#: What to do with a mail that may have arrived; the first is the default.
ON_UNCERTAIN = ("resend", "hold")
#: What a delivery without papers for a week does, the default first.
WHEN_QUIET = ("nothing", "weekly")
#: A target of each channel, for messages.
TARGETS = {
    ChannelName.SLACK: "C0PAPERS",
    ChannelName.EMAIL: "ada@example.org",
    ChannelName.MAILDIR: "ada",
}


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
        do = "remove the [ ] around it" if value else "write one, or remove this line"
        raise ValueError(f"expected a text here, not {describe(value)}: {do}")
    return value


_CURLY_QUOTES = re.compile("[“”„«‘’](.+)[“”»‘’]")


def text(value: object) -> str:
    """A text on one line, not empty."""
    line = one_line(_string(value))
    if not line:
        raise ValueError("this text is empty: remove it")
    if found := _CURLY_QUOTES.fullmatch(line):
        raise ValueError(f"YAML has straight quotes only: write {_quoted(found[1])}")
    return line


def _quoted(line: str) -> str:
    return json.dumps(line, ensure_ascii=False)


def _entries(texts: Sequence[str]) -> str:
    """What to write for several texts that are in one entry."""
    return f"write {len(texts)} entries: {', '.join(map(_quoted, texts))}"


def readable(value: object) -> str:
    """A text on one line, not empty, with its TeX turned into Unicode."""
    return text(to_unicode(_string(value)))


def paragraphs(value: object) -> str:
    return to_unicode(normalize_paragraphs(_string(value)))


#: A comma in "N,N-dimethyl" separates nothing.
_BETWEEN_PHRASES = re.compile(r"[,;](?:\s+|(?=[^\W\d_]{2}))|\s+(?:OR|AND|\|\|?|&&)\s+")
#: Not the star of "A* search" and "RRT*".
_WILDCARD = re.compile(r"[a-z]{3}\*(?!\w)|(?<!\w)\*[a-z]{3}|[a-z]\?[a-z]")
_DASH_WITHOUT_SPACE = re.compile(r"(?:^|\s)-[^\W\d_]")


def phrase(value: object) -> str:
    """A word or phrase to look for: one, without the signs of a search language."""
    line = readable(value)
    phrases = [part.strip(" \"'") for part in _BETWEEN_PHRASES.split(line)]
    if len(phrases) > 1 and all(map(is_searchable, phrases)):
        raise ValueError(f"{quote(line)} is several phrases: {_entries(phrases)}")
    if _WILDCARD.search(line):
        raise ValueError(
            f"{quote(line)} has a wildcard: write whole words, whose other forms match without one"
        )
    if _DASH_WITHOUT_SPACE.search(line):
        raise ValueError(
            f"{quote(line)} has a dash without a space after it: write the space where an entry begins, and what to "
            "leave out under `avoid`"
        )
    return line


def searchable(phrase: str) -> str:
    if not is_searchable(phrase):
        raise ValueError(
            f"{quote(phrase)} is too general: it contains only stop words, numbers or single letters; "
            "add a specific word"
        )
    return phrase


def person(value: object) -> str:
    """A whole name. A comma at the end says that it is one: `Plato,`."""
    name = readable(value)
    if name.endswith(","):
        return name.rstrip(", ")
    if is_one_word(name):
        raise ValueError(
            f"{quote(name)} is one word, and only whole names match: write the first name too, as in Ada Lovelace; "
            f'if it is the whole name, write "{name},"'
        )
    people = [one for part in _BETWEEN_PEOPLE.split(name) for one in _people(part)]
    if len(people) > 1:
        is_perhaps_one = len(people) == 2 and name.count(",") == 1
        one = f"; for one person, write {_quoted(given_first(name))}" if is_perhaps_one else ""
        raise ValueError(f"{quote(name)} is several people: {_entries(people)}{one}")
    return name


_BETWEEN_PEOPLE = re.compile(r",?\s+(?:and|AND|&)\s+|\s*;\s*")


def _people(names: str) -> list[str]:
    """The whole names between commas. `Han, Seungwook` and `van der Berg, Jan Willem` are one."""
    parts = [part.strip() for part in names.split(",")]
    return [names] if any(is_one_word(part) or part[0].islower() for part in parts) else parts


def listed(value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
    """A list; for anything else, the message has the list that was probably meant and is valid."""
    if isinstance(value, list):
        return handler(value)
    problem = f"put a dash before each entry of `{info.field_name}`"
    first = next(iter(value), "") if isinstance(value, dict) else value
    if isinstance(first, str) and _DASH_WITHOUT_SPACE.match(first):
        raise ValueError("expected a list here: write a space after each dash")
    if isinstance(value, dict) and info.field_name == "deliver":
        line = f"{info.field_name}: {flow(one_target_each(value))}"
        problem = f"put one dash before the first line of the entry, or write `{line}`"
    for number, items in enumerate(probable_lists(value, info.field_name)):
        try:
            handler(items)
        except ValidationError as error:
            if number == 0 and isinstance(value, str):
                shown = "" if info.field_name == "deliver" else f"write `{info.field_name}: {flow(items)}`; "
                problem = f"{shown}{first_message(error)}"
        else:
            raise ValueError(f"expected a list here: write `{info.field_name}: {flow(items)}`")
    raise ValueError(f"expected a list here: {problem}")


def probable_lists(value: object, key: str | None) -> Iterator[Sequence[object]]:
    """The lists that something else under a key may mean, the most probable one first."""
    if isinstance(value, dict) and key == "deliver":
        yield one_target_each(value)
    elif isinstance(value, dict):
        yield [value]
        yield [{"phrase": phrase, "weight": weight} for phrase, weight in value.items()]
    elif isinstance(value, str) and key == "deliver":
        yield [delivery(value)]
    elif isinstance(value, str):
        yield [part.strip() for part in value.split(",") if part.strip()]
        yield [value]  # `Han, Seungwook` is one name
        yield list(value.split())


def delivery(target: str) -> dict[str, str]:
    """The entry of `deliver` that a target alone probably means."""
    target = target.strip()
    if target.casefold() in list(ChannelName):
        return {target.casefold(): TARGETS[ChannelName(target.casefold())]}
    if "@" in target:
        return {"email": target}
    return {"slack" if re.fullmatch(r"#.*|[CGDU][A-Z0-9]{6,}", target) else "maildir": target}


def one_target_each(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An entry of `deliver` for each of the targets that one entry names; itself if it names none."""
    rest = {key: value for key, value in entry.items() if key not in list(ChannelName)}
    targets = [(key, target) for key in entry if key not in rest for target in _targets(key, entry[key])]
    return [{key: target, **rest} for key, target in targets] or [dict(entry)]


def _targets(channel: str, value: object) -> Sequence[object]:
    if not isinstance(value, str):
        return value if isinstance(value, list) else []
    if channel != ChannelName.EMAIL:
        return [part.strip() for part in value.split(",")]
    parts = re.split(r"\s*[,;]\s*|\s+and\s+|\s+(?=[^\s<]+@)", value)
    found = [match for part in parts if (match := _ADDRESS.fullmatch(part))]
    return [match[1] for match in found] if len(found) == len(parts) else [value]


_ADDRESS = re.compile(r"(?:[^<>@:]*<)?([^\s<>@:]+@[^\s<>@:]+)>?")  # also in `Ada <ada@example.org>`


def first_message(error: ValidationError) -> str:
    """The first problem of a value, as a sentence."""
    details = error.errors(include_url=False)[0]
    return str(details.get("ctx", {}).get("error") or details["msg"])


def threshold(value: object) -> Match | float:
    """A match for its word, GOOD for `auto`, or a relevance."""
    word = str(value).strip().casefold()
    if word == "auto":
        return Match.GOOD
    if word in list(Match):
        return Match(word)
    try:
        number = float(word.removesuffix("%"))
    except ValueError:
        number = nan
    percent = number * 100 if 0 < number < 1 else number
    if 0 <= percent <= 100 and (percent != number or word.endswith("%")):
        raise ValueError(f"`threshold` is a relevance from 0 to 100: for {percent:g} % write {percent:g}")
    if 0 <= number <= 100:
        return number
    words = ", ".join(Match)
    raise ValueError(f"`threshold` is auto, {words}, or a number from 0 to 100, not {describe(value)}")


def on_uncertain(value: str) -> str:
    if value not in ON_UNCERTAIN:
        raise ValueError(f"{quote(value)} is neither resend nor hold")
    return value


def when_quiet(value: str) -> str:
    if value not in WHEN_QUIET:
        raise ValueError(f"{quote(value)} is neither weekly nor nothing")
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


def former_name(value: str) -> str:
    if value.casefold().endswith((".yaml", ".yml")):
        raise ValueError(f"write the name without its ending: {PurePath(value).stem}")
    return value


def category(value: object) -> tuple[str, ...]:
    """The codes that a category's code or name means, as `parse_category`."""
    line = text(value)
    try:
        return parse_category(line)
    except ValueError:
        for between in (r"\s*[,;/|+&]\s*|\s+(?:and|or)\s+", r"[\s,;/|+&]+"):
            parts = [part for part in re.split(between, line, flags=re.IGNORECASE) if part]
            if len(parts) > 1 and all(map(_is_category, parts)):
                raise ValueError(f"{quote(line)} is several categories: {_entries(parts)}") from None
        raise


def _is_category(text: str) -> bool:
    try:
        return bool(parse_category(text))
    except ValueError:
        return False


def some_categories(value: object) -> object:
    """Anything but a word for all categories, alone or in a list."""
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(one, str) and one.strip().casefold() in ("*", "*.*", "all", "any", "everything"):
        raise ValueError("remove this line: without `categories`, all of them count")
    return value


def simple_name(value: str) -> str:
    """The simple name that is most like a text: `my-profile` for `My profile!`; `ada` for one without letters."""
    return re.sub("[^A-Za-z0-9._-]+", "-", fold(value)).strip("-._")[:64] or "ada"


_SLACK_LINK = re.compile(r"https://[\w.-]+/archives/([CGD][A-Z0-9]+).*")
_SLACK_ID = re.compile(r"[CGDU](?=\D*\d)[A-Z0-9]{6,}")


def slack(value: str) -> str:
    """As `parse_slack_target`."""
    try:
        return parse_slack_target(value)
    except ValueError:
        link, upper = _SLACK_LINK.fullmatch(value), value.upper()
        name = f'"#{simple_name(value)}" for the channel of this name, or an id such as C0PAPERS'
        probable = link[1] if link else upper if _SLACK_ID.fullmatch(upper) else name
        raise ValueError(f"{quote(value)} is not a Slack channel: write {probable}") from None


def email(value: str) -> str:
    """As `parse_mail_address`."""
    try:
        return parse_mail_address(value)
    except ValueError as error:
        found = re.search(r"[^\s<>:]+@[^\s<>]+", value)  # in `Ada <ada@example.org>`
        if found is None or found[0] == value:
            raise
        raise ValueError(f"{quote(value)} is not an e-mail address: write {email(found[0])}") from error


_MAILDIR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def maildir(value: str) -> str:
    if not _MAILDIR.fullmatch(value):
        raise ValueError(
            f"{quote(value)} is not a simple name of letters, digits, '.', '_' and '-': write {simple_name(value)}"
        )
    return value


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


_NO_TITLE = re.compile(r"(?:arxiv|doi)?[\W\d_]*", re.IGNORECASE)


def references(value: object, info: ValidationInfo) -> tuple[Reference, ...]:
    """The papers of one entry of `like` or `dislike`; `info.context` is a library.Libraries."""
    line = text(value)
    if is_library_name(line):
        assert info.context is not None
        found: tuple[Reference, ...] | str = info.context.get(line, ())  # read only if it is in a list
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
