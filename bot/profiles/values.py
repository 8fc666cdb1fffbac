"""Parsers of the values in a profile: each takes what YAML gives, and returns the value. Those of `times`, `targets`
and `lists` have files of their own.

A ValueError raised here is a sentence for the profile's author. No parser opens a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from difflib import get_close_matches
from math import nan
from pathlib import PurePath

from pydantic import ValidationInfo

from bot.papers.categories import parse_category
from bot.papers.identity import find_paper_ids, parse_paper_id
from bot.papers.names import given_first, is_one_word
from bot.profiles.library import LIBRARY_ENDINGS, is_library_name
from bot.profiles.model import Match, Reference
from bot.text.latex import to_unicode
from bot.text.plain import fold, normalize_paragraphs, one_line, quote
from bot.text.terms import is_searchable

#: What to do with a mail that may have arrived; the first is the default.
ON_UNCERTAIN = ("resend", "hold")
#: What a delivery without papers for a week does, the default first.
WHEN_QUIET = ("nothing", "weekly")


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
DASH_WITHOUT_SPACE = re.compile(r"(?:^|\s)-[^\W\d_]")


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
    if DASH_WITHOUT_SPACE.search(line):
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
