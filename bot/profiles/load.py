"""Profiles: YAML files to `model.Profile`, with every problem of every file and its place.

Reads profiles and the .bib files that they name, and no other file. Does not depend on ranking or delivery.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path, PurePath

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.errors import Problem, UserError
from bot.files import read_file
from bot.profiles.bibtex import Bibliographies, is_bib_name, read_bibliography
from bot.profiles.model import ChannelName, Interest, Mute, Profile, Reference
from bot.profiles.schema import (
    INTEREST_KEYS,
    DeliverEntry,
    InterestItem,
    ItemsError,
    MuteLists,
    ProfileFile,
    ProfileMapping,
)
from bot.profiles.values import closest, describe
from bot.profiles.yaml_reader import MAX_BYTES, Document, Loc, Place, Value, read_mapping
from bot.text.plain import one_line, quote

_ENDINGS = {".yaml", ".yml"}
#: Ids go into file names, URLs and terminal lines.
PROFILE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]*")
ID_HINT = "start with a letter or digit, and use only these, '.', '_' and '-'"


def parse_profile(
    data: bytes, *, file: str, folder: Path | None
) -> tuple[Profile | None, tuple[Problem, ...]]:
    """The profile in a file's bytes, or None and every problem, by place.

    `file` is the file's name: it names the profile and is shown in problems. `folder` is where the .bib files of
    `like` and `dislike` may be. Never raises, whatever the bytes.
    """
    document, problems = read_mapping(data, file=file)
    found = [*problems, *_id_problems(file)]
    content: ProfileFile | None = None
    if document is not None:
        bibliographies = _read_bibliographies(document.value, folder)
        try:
            content = ProfileFile.model_validate(document.value, context=bibliographies)
        except ValidationError as error:
            found += _value_problems(error, document, file)
        found += _missing_keys(document, file)
        found += _channel_problems(document, file)
    if found or content is None:
        return None, tuple(sorted(set(found)))
    return _profile(content, PurePath(file).stem), ()


def load_profiles(paths: Sequence[Path]) -> tuple[tuple[Profile, ...], tuple[Problem, ...]]:
    """The profiles in files and folders, by id, and every problem of the others, by place.

    Of a folder, its *.yaml and *.yml files that are not hidden. A bad file never stops the others.
    Raises UserError for a path that does not exist.
    """
    profiles: list[Profile] = []
    problems: list[Problem] = []
    first: dict[str, Path] = {}
    for path in _files(paths):
        if (owner := first.setdefault(path.stem, path)) is not path:
            message = f"there is another profile {quote(path.stem)}, {owner}: rename one of the files"
            problems.append(Problem(str(path), 1, 1, one_line(message)))
            continue
        try:
            data = read_file(path, MAX_BYTES)
        except OSError as error:
            message = f"this file cannot be read: {error.strerror}; correct or remove it"
            problems.append(Problem(str(path), 1, 1, message))
            continue
        profile, found = parse_profile(data, file=str(path), folder=path.parent)
        profiles += [profile] if profile else []
        problems += found
    return tuple(sorted(profiles, key=lambda p: p.id)), tuple(sorted(problems))


def _profile(content: ProfileFile, id_: str) -> Profile:
    return Profile(
        id=id_,
        timezone=content.timezone,
        interests=_interests(content.interests),
        about=content.about,
        like=tuple(chain.from_iterable(content.like)),
        dislike=tuple(chain.from_iterable(content.dislike)),
        authors=content.authors,
        avoid=_interests(content.avoid),
        mute=Mute(content.mute.terms, content.mute.authors, content.mute.categories),
        categories=content.categories,
        limit=content.limit,
        threshold=content.threshold,
        trending=content.trending,
        window=content.window,
        deliver=tuple(chain.from_iterable(entry.subscriptions(id_) for entry in content.deliver)),
    )


def _interests(items: tuple[InterestItem, ...]) -> tuple[Interest, ...]:
    return tuple(Interest(item.phrase, item.weight) for item in items)


# --- Files ------------------------------------------------------------------------------------------------


def _files(paths: Sequence[Path]) -> list[Path]:
    """Every file once, in the order of `paths` and by name within a folder."""
    # Not Path.resolve: before Python 3.13 it raises RuntimeError for a loop of links.
    files = {os.path.realpath(path): path for path in reversed([*chain.from_iterable(map(_expand, paths))])}
    return list(reversed(files.values()))


def _expand(path: Path) -> list[Path]:
    if not os.path.exists(path):  # False also where the user may not look
        raise UserError(f"there is no profile or folder {path}: check the path, or run `paperboy init`")
    if not path.is_dir():
        return [path]
    try:
        found = sorted(path.iterdir())
    except OSError as error:
        raise UserError(f"the folder {path} cannot be read: {error.strerror}") from error
    return [entry for entry in found if entry.suffix.lower() in _ENDINGS and not entry.name.startswith(".")]


def _read_bibliographies(mapping: Mapping[str, Value], folder: Path | None) -> Bibliographies:
    """The .bib files that `like` and `dislike` name, or why one cannot be read."""
    lists = (mapping.get(key) for key in ("like", "dislike"))
    items = chain.from_iterable(items for items in lists if isinstance(items, list))
    found: dict[str, tuple[Reference, ...] | str] = {}
    for name in {one_line(item) for item in items if isinstance(item, str)}:
        if is_bib_name(name):
            try:
                found[name] = read_bibliography(name, folder)
            except ValueError as error:
                found[name] = str(error)
    return found


def _id_problems(file: str) -> list[Problem]:
    name = PurePath(file).stem
    if PROFILE_ID.fullmatch(name):
        return []
    return [Problem(file, 1, 1, f"{quote(name)} cannot name a profile: {ID_HINT}, as in ada.yaml")]


# --- Problems ---------------------------------------------------------------------------------------------

#: The mapping that a nested key belongs to, by the top-level key around it.
_NESTED: Mapping[str | int, type[ProfileMapping]] = {
    "interests": InterestItem,
    "avoid": InterestItem,
    "mute": MuteLists,
    "deliver": DeliverEntry,
}
_NUMBERS: Mapping[str | int, str] = {
    "limit": "a whole number from 1 to 100",
    "window": "a whole number of days from 1 to 90",
    "trending": "a number from 0 to 1",
    "weight": "a number above 0 and up to 100",
}


def _value_problems(error: ValidationError, document: Document, file: str) -> Iterator[Problem]:
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


def _missing_keys(document: Document, file: str) -> Iterator[Problem]:
    """There must be some interest and some delivery."""
    for keys, message in (
        (INTEREST_KEYS, "nothing to look for: write at least one of interests, about, like and authors"),
        (("deliver",), "nowhere to deliver: write at least `deliver: [{maildir: ada}]`"),
    ):
        values = [document.value.get(key) for key in keys]
        given = any(value.strip() if isinstance(value, str) else value for value in values)
        if not given and not _means_any(document.value, keys, list(ProfileFile.model_fields)):
            yield Problem(file, *document.place(()), message)


def _channel_problems(document: Document, file: str) -> Iterator[Problem]:
    """Each entry of `deliver` names exactly one channel."""
    entries = document.value.get("deliver")
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            for place, message in _entry_problems(entry, ("deliver", position), document):
                yield Problem(file, *place, message)


def _entry_problems(entry: dict[str, Value], loc: Loc, document: Document) -> Iterator[tuple[Place, str]]:
    channels = [channel.value for channel in ChannelName]
    given = [key for key in entry if key in channels and entry[key] is not None]
    if len(given) > 1:
        message = f"one entry delivers to one channel: write another entry for {given[1]}"
        yield document.key_place((*loc, given[1])), message
    if "on_uncertain" in entry and given and given[0] != ChannelName.EMAIL:
        message = f"`on_uncertain` is for email only: whether {given[0]} got a message can be looked up"
        yield document.key_place((*loc, "on_uncertain")), message
    if given or _means_any(entry, channels, list(DeliverEntry.model_fields)):
        return
    if "slack" in entry:
        message = 'slack has no value: put a name in quotes, such as "#papers"'
        yield document.key_place((*loc, "slack")), message
    else:
        yield document.place(loc), f"this entry needs one of {', '.join(ChannelName)}"
