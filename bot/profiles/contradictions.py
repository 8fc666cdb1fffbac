"""What one profile file both asks for and excludes, as `Problem` values at the second of the two places. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from bot.errors import Problem
from bot.papers.names import given_first
from bot.profiles.model import Reference
from bot.profiles.references import reference_keys
from bot.profiles.schema import InterestItem, ProfileFile
from bot.profiles.yaml_reader import Document, Loc
from bot.text.plain import fold
from bot.text.terms import phrase_term


def _phrase_keys(item: InterestItem | str) -> tuple[str]:
    return (phrase_term(item if isinstance(item, str) else item.phrase),)


def _name_keys(name: str) -> tuple[str]:
    return (fold(given_first(name)),)


def _paper_keys(references: tuple[Reference, ...]) -> Iterator[str]:
    return chain.from_iterable(map(reference_keys, references))


#: A list of what is wanted, one of what is not, and by what an item of both is the same.
_PAIRS: tuple[tuple[Loc, Loc, Callable[[Any], Iterable[str]]], ...] = (
    (("interests",), ("avoid",), _phrase_keys),
    (("interests",), ("mute", "terms"), _phrase_keys),
    (("authors",), ("mute", "authors"), _name_keys),
    (("like",), ("dislike",), _paper_keys),
)


def contradictions(content: ProfileFile, document: Document, file: str) -> Iterator[Problem]:
    for wanted, unwanted, keys in _PAIRS:
        excluded = {key: n for n, item in enumerate(_items(content, unwanted)) for key in keys(item)}
        for n, item in enumerate(_items(content, wanted) if excluded else ()):
            if other := next((key for key in keys(item) if key in excluded), None):
                locs = ((*wanted, n), (*unwanted, excluded[other]))
                first, second = sorted(locs, key=document.place)
                name = ": ".join(map(str, first[:-1]))
                line, _ = document.place(first)
                message = f"this is also under `{name}`, in line {line}: keep one of the two"
                yield Problem(file, *document.place(second), message)
    codes = set(chain.from_iterable(content.categories))
    muted = set(chain.from_iterable(content.mute.categories))
    if codes and all({code, code.partition(".")[0]} & muted for code in codes):
        place = max(document.key_place(loc) for loc in (("categories",), ("mute", "categories")))
        message = "all of your `categories` are muted too: remove them from one of the two lists"
        yield Problem(file, *place, message)


def _items(content: ProfileFile, loc: Loc) -> tuple[Any, ...]:
    value: Any = content
    for name in loc:
        value = getattr(value, str(name))
    return tuple(value)
