"""What is wrong with the values of a profile file, as `Problem` values with their places. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.errors import Problem
from bot.profiles.model import ChannelName
from bot.profiles.schema import (
    INTEREST_KEYS,
    DeliverEntry,
    InterestItem,
    ItemsError,
    MuteLists,
    PauseEntry,
    ProfileFile,
    ProfileMapping,
)
from bot.profiles.values import closest, describe
from bot.profiles.yaml_reader import Document, Loc, Value
from bot.text.plain import one_line, quote

#: The mapping that a nested key belongs to, by the top-level key around it.
_NESTED: Mapping[str | int, type[ProfileMapping]] = {
    "interests": InterestItem,
    "avoid": InterestItem,
    "mute": MuteLists,
    "deliver": DeliverEntry,
    "pause": PauseEntry,
}
_NUMBERS: Mapping[str | int, str] = {
    "limit": "a whole number from 1 to 100",
    "window": "a whole number of days from 1 to 90",
    "trending": "a number from 0 to 1",
    "weight": "a number above 0 and up to 100",
}


def value_problems(error: ValidationError, document: Document, file: str) -> Iterator[Problem]:
    for details in error.errors(include_url=False):
        if details["type"] == "missing" and _means_any(
            details["input"], ["phrase"], list(InterestItem.model_fields)
        ):
            continue
        cause = details.get("ctx", {}).get("error")
        positions = [(p,) for p in cause.positions] if isinstance(cause, ItemsError) else [()]
        find = document.key_place if details["type"] == "extra_forbidden" else document.place
        message = one_line(_message(details))
        yield from (Problem(file, *find((*details["loc"], *position)), message) for position in positions)


def _message(details: ErrorDetails) -> str:
    loc, kind = details["loc"], details["type"]
    key = loc[-1] if loc else ""
    if kind == "extra_forbidden":
        names = list(_NESTED[loc[0]].model_fields if len(loc) > 1 else ProfileFile.model_fields)
        close = closest(str(key), names)
        hint = f"did you mean '{close}'?" if close else f"known here are {', '.join(names)}"
        return f"unknown key {quote(str(key))}: {hint}"
    if kind == "missing":
        return f"'{key}' is missing here"
    if kind == "value_error":
        return str(details["ctx"]["error"])
    if key in _NUMBERS:
        return f"`{key}` is {_NUMBERS[key]}, not {describe(details['input'])}"
    return details["msg"]


def _means_any(mapping: Mapping[str, Value], wanted: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a misspelt key, which has a problem of its own, stands for one of `wanted` among `names`."""
    return any(key not in names and closest(key, names) in wanted for key in mapping)


def missing_keys(document: Document, included: Iterable[Mapping[str, Value]], file: str) -> Iterator[Problem]:
    """There must be some interest and some delivery, here or in a file that this one includes."""
    mappings = (document.value, *included)
    for keys, message in (
        (INTEREST_KEYS, "nothing to look for: write at least one of interests, about, like and authors"),
        (("deliver",), "nowhere to deliver: write at least `deliver: [{maildir: ada}]`"),
    ):
        values = [mapping.get(key) for mapping in mappings for key in keys]
        given = any(value.strip() if isinstance(value, str) else value for value in values)
        if not given and not _means_any(document.value, keys, list(ProfileFile.model_fields)):
            yield Problem(file, *document.place(()), message)


def missing_channels(document: Document, file: str) -> Iterator[Problem]:
    """Each entry of `deliver` names a channel; in a file that others include, one without gives them defaults."""
    for entry, loc in _entries(document):
        if any(entry.get(key) is not None for key in ChannelName) or _means_any(
            entry, list(ChannelName), list(DeliverEntry.model_fields)
        ):
            continue
        if "slack" in entry:
            message = 'slack has no value: put a name in quotes, such as "#papers"'
            yield Problem(file, *document.key_place((*loc, "slack")), message)
        else:
            yield Problem(file, *document.place(loc), f"this entry needs one of {', '.join(ChannelName)}")


def channel_problems(document: Document, file: str) -> Iterator[Problem]:
    """An entry of `deliver` names one channel, and only settings of that channel."""
    for entry, loc in _entries(document):
        given = [key for key in entry if key in list(ChannelName) and entry[key] is not None]
        if len(given) > 1:
            message = f"one entry delivers to one channel: write another entry for {given[1]}"
            yield Problem(file, *document.key_place((*loc, given[1])), message)
        if "on_uncertain" in entry and given and given[0] != ChannelName.EMAIL:
            message = f"`on_uncertain` is for email only: whether {given[0]} got a message can be looked up"
            yield Problem(file, *document.key_place((*loc, "on_uncertain")), message)


def _entries(document: Document) -> Iterator[tuple[dict[str, Value], Loc]]:
    entries = document.value.get("deliver")
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield entry, ("deliver", position)
