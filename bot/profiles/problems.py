"""What is wrong with the values of a profile file, as `Problem` values with their places. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePath

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.errors import Problem
from bot.profiles.keys import example, meant_key, unknown_key
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
from bot.profiles.targets import TARGETS, one_target_each
from bot.profiles.values import describe, simple_name
from bot.profiles.yaml_reader import Document, Loc, Value, flow
from bot.text.plain import one_line

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
            details["input"], [str(details["loc"][-1])], _NESTED[details["loc"][0]]
        ):
            continue
        cause = details.get("ctx", {}).get("error")
        loc = details["loc"]
        if isinstance(cause, ItemsError):
            yield from (Problem(file, *document.place((*loc, n)), why) for n, why in cause.problems.items())
        else:
            find = document.key_place if details["type"] == "extra_forbidden" else document.place
            yield Problem(file, *find(loc), one_line(_message(details, document)))


def _message(details: ErrorDetails, document: Document) -> str:
    loc, kind = details["loc"], details["type"]
    key = loc[-1] if loc else ""
    if kind == "extra_forbidden":
        model = _NESTED[loc[0]] if len(loc) > 1 else ProfileFile
        return unknown_key(str(key), document.mapping(loc[:-1]), model)
    if kind == "missing":
        model = _NESTED[loc[0]]
        return f"'{key}' is missing here: write {flow({key: example(model, str(key)), **details['input']})}"
    if kind == "value_error":
        if loc[0] == "deliver" and key in list(ChannelName):
            entries = one_target_each(document.mapping(loc[:-1]))
            if len(entries) > 1:
                return f"write an entry for each: {', '.join(map(flow, entries))}"
        return str(details["ctx"]["error"])
    if key in _NUMBERS:
        return f"`{key}` is {_NUMBERS[key]}, not {describe(details['input'])}"
    return details["msg"]


def _means_any(mapping: Mapping[str, Value], wanted: Collection[str], model: type[ProfileMapping]) -> bool:
    """Whether an unknown key, which has a problem of its own, stands for one of `wanted`."""
    return any(key not in model.model_fields and (meant_key(key, model) or "") in wanted for key in mapping)


def missing_keys(document: Document, included: Iterable[Mapping[str, Value]], file: str) -> Iterator[Problem]:
    """There must be some interest and some delivery, here or in a file that this one includes."""
    mappings = (document.value, *included)
    name = simple_name(PurePath(file).stem)
    for keys, message in (
        (
            INTEREST_KEYS,
            "nothing to look for: write at least one of interests, about, like and authors, such as "
            "`interests: [world models]`",
        ),
        (("deliver",), f"nowhere to deliver: write at least `deliver: [{{maildir: {name}}}]`"),
    ):
        values = [mapping.get(key) for mapping in mappings for key in keys]
        given = any(value.strip() if isinstance(value, str) else value for value in values)
        if not given and not _means_any(document.value, keys, ProfileFile):
            empty = next((key for key in keys if key in document.value), None)
            yield Problem(file, *document.key_place((empty,) if empty else ()), message)


def missing_channels(document: Document, file: str) -> Iterator[Problem]:
    """Each entry of `deliver` names a channel; in a file that others include, one without gives them defaults."""
    name = simple_name(PurePath(file).stem)
    examples = {
        ChannelName.SLACK: 'put a name in quotes, such as "#papers"',
        ChannelName.EMAIL: f"write one such as {TARGETS[ChannelName.EMAIL]}",
        ChannelName.MAILDIR: f"write a name such as {name}",
    }
    above: dict[str, Value] = {}  # the last entry with a channel, and what belongs to it
    for entry, loc in _entries(document):
        if any(entry.get(key) is not None for key in ChannelName) or _means_any(
            entry, list(ChannelName), DeliverEntry
        ):
            above = entry
        elif empty := next((key for key in ChannelName if key in entry), None):
            place = document.key_place((*loc, empty))
            yield Problem(file, *place, f"{empty} has no value: {examples[empty]}")
        elif entry and above and not above.keys() & entry.keys():
            above = above | entry
            message = f"this has no channel: if it belongs to the entry above, write {flow(above)} there"
            yield Problem(file, *document.place(loc), message)
        else:
            message = (
                f"this entry needs one of {', '.join(ChannelName)}: write {flow({'maildir': name, **entry})}"
            )
            yield Problem(file, *document.place(loc), message)


def channel_problems(document: Document, file: str) -> Iterator[Problem]:
    """An entry of `deliver` names one channel, and only settings of that channel."""
    for entry, loc in _entries(document):
        given = [key for key in entry if key in list(ChannelName) and entry[key] is not None]
        if len(given) > 1:
            other = flow({given[1]: entry[given[1]]})
            message = f"one entry delivers to one channel: write another entry for {given[1]}, {other}"
            yield Problem(file, *document.key_place((*loc, given[1])), message)
        if "on_uncertain" in entry and given and given[0] != ChannelName.EMAIL:
            message = (
                f"`on_uncertain` is for email only: remove it, as messages of {given[0]} can be looked up"
            )
            yield Problem(file, *document.key_place((*loc, "on_uncertain")), message)


def _entries(document: Document) -> Iterator[tuple[dict[str, Value], Loc]]:
    entries = document.value.get("deliver")
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield entry, ("deliver", position)
