"""Profiles: YAML files to `model.Profile`, with every problem of every file told at once, each with its place.

Refuses to know how papers are ranked or sent, and touches no file but profiles and the .bib files they name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path, PurePath

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.errors import Problem, UserError
from bot.profiles.model import ChannelName, Interest, Mute, Profile
from bot.profiles.schema import (
    INTEREST_KEYS,
    Context,
    DeliverEntry,
    InterestItem,
    ItemsError,
    MuteLists,
    ProfileFile,
    Written,
    kind_of,
    meant,
)
from bot.profiles.yaml_reader import MAX_BYTES, Document, Loc, Value, read_mapping
from bot.text.plain import one_line, quote

_ENDINGS = {".yaml", ".yml"}
#: Ids go into file names, URLs and terminal lines.
PROFILE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]*")


def parse_profile(
    data: bytes, *, file: str, folder: Path | None
) -> tuple[Profile | None, tuple[Problem, ...]]:
    """The profile that a file's bytes hold, or None and all that is wrong with it, by place.

    `file` is the file's name: it names the profile and stands in problems. `folder` is where the .bib files
    of `like` and `dislike` may be. Never raises, whatever the bytes.
    """
    document, problems = read_mapping(data, file=file)
    found = [*problems, *_id_problems(file)]
    written: ProfileFile | None = None
    if document is not None:
        try:
            written = ProfileFile.model_validate(document.value, context=Context(folder))
        except ValidationError as error:
            found += _told(error, document, file)
        found += _missing(document, file)
        found += _delivery_problems(document, file)
    if found or written is None:
        return None, tuple(sorted(set(found)))
    return _profile(written, PurePath(file).stem), ()


def load_profiles(paths: Sequence[Path]) -> tuple[tuple[Profile, ...], tuple[Problem, ...]]:
    """The profiles in files and folders, by id, and every problem of the others, by place.

    A folder stands for its *.yaml and *.yml files that are not hidden. A bad file never stops the others.
    Raises UserError for a path that does not exist.
    """
    profiles: list[Profile] = []
    problems: list[Problem] = []
    first: dict[str, Path] = {}
    for path in _files(paths):
        if (owner := first.setdefault(path.stem, path)) is not path:
            message = f"another profile is called {quote(path.stem)}: {owner}; rename one of the files"
            problems.append(Problem(str(path), 1, 1, one_line(message)))
            continue
        profile, wrong = _load(path)
        profiles += [profile] if profile else []
        problems += wrong
    return tuple(sorted(profiles, key=lambda p: p.id)), tuple(sorted(problems))


def _profile(written: ProfileFile, id_: str) -> Profile:
    return Profile(
        id=id_,
        timezone=written.timezone,
        interests=_weighted(written.interests),
        about=written.about,
        like=tuple(chain.from_iterable(written.like)),
        dislike=tuple(chain.from_iterable(written.dislike)),
        authors=written.authors,
        avoid=_weighted(written.avoid),
        mute=Mute(written.mute.terms, written.mute.authors, written.mute.categories),
        categories=written.categories,
        limit=written.limit,
        threshold=written.threshold,
        trending=written.trending,
        window=written.window,
        deliver=tuple(chain.from_iterable(entry.subscriptions(id_) for entry in written.deliver)),
    )


def _weighted(items: tuple[InterestItem, ...]) -> tuple[Interest, ...]:
    return tuple(Interest(item.phrase, item.weight) for item in items)


# --- Files ------------------------------------------------------------------------------------------------


def _files(paths: Sequence[Path]) -> list[Path]:
    """Every file once, in the order of `paths` and by name within a folder."""
    files = {path.resolve(): path for path in reversed([*chain.from_iterable(map(_expanded, paths))])}
    return list(reversed(files.values()))


def _expanded(path: Path) -> list[Path]:
    if not path.exists():
        raise UserError(f"there is no profile or folder {path}: check the path, or run `paperboy init`")
    if not path.is_dir():
        return [path]
    try:
        found = sorted(path.iterdir())
    except OSError as error:
        raise UserError(f"the folder {path} cannot be read: {error.strerror}") from error
    return [
        entry
        for entry in found
        if entry.suffix.lower() in _ENDINGS and not entry.name.startswith(".") and not entry.is_dir()
    ]


def _load(path: Path) -> tuple[Profile | None, tuple[Problem, ...]]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        return None, (Problem(str(path), 1, 1, f"this file cannot be read: {error.strerror}"),)
    return parse_profile(data, file=str(path), folder=path.parent)


def _id_problems(file: str) -> list[Problem]:
    name = PurePath(file).stem
    if PROFILE_ID.fullmatch(name):
        return []
    use = "begin with a letter or digit, and use these, '.', '_' and '-', as ada.yaml"
    message = f"{quote(name)} cannot name a profile: {use}"
    return [Problem(file, 1, 1, message)]


# --- What is said about problems ------------------------------------------------------------------------------

#: The mapping that an unknown key stands in, by the top-level key around it.
_AROUND: Mapping[str | int, type[Written]] = {
    "interests": InterestItem,
    "avoid": InterestItem,
    "mute": MuteLists,
    "deliver": DeliverEntry,
}
_NUMBERS: Mapping[str | int, str] = {
    "limit": "a whole number from 1 to 100",
    "window": "a whole number of days from 1 to 90",
    "threshold": "auto or a number from 0 to 100",
    "trending": "a number from 0 to 1",
    "weight": "a number above 0 and up to 100",
}


def _told(error: ValidationError, document: Document, file: str) -> Iterator[Problem]:
    for details in error.errors(include_url=False):
        if details["type"] == "missing" and _meant_any(
            details["input"], ["phrase"], list(InterestItem.model_fields)
        ):
            continue
        cause = details.get("ctx", {}).get("error")
        positions = [(p,) for p in cause.positions] if isinstance(cause, ItemsError) else [()]
        find = document.key_place if details["type"] == "extra_forbidden" else document.place
        message = one_line(_sentence(details, str(cause or details["msg"])))
        yield from (Problem(file, *find((*details["loc"], *position)), message) for position in positions)


def _sentence(details: ErrorDetails, otherwise: str) -> str:
    key = details["loc"][-1] if details["loc"] else ""
    if details["type"] == "extra_forbidden":
        return _unknown_key(details["loc"])
    if details["type"] == "missing":
        return f"'{key}' is missing here"
    if details["type"] != "value_error" and key in _NUMBERS:
        return f"`{key}` is {_NUMBERS[key]}, not {kind_of(details['input'])}"
    return otherwise


def _unknown_key(loc: Loc) -> str:
    names = list(_AROUND[loc[0]].model_fields if len(loc) > 1 else ProfileFile.model_fields)
    close = meant(str(loc[-1]), names)
    hint = f"did you mean '{close}'?" if close else f"known here are {', '.join(names)}"
    return f"unknown key {quote(str(loc[-1]))}: {hint}"


def _meant_any(mapping: Mapping[str, Value], wanted: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a misspelt key, which is told as such, stands for one of `wanted` among `names`."""
    return any(key not in names and meant(key, names) in wanted for key in mapping)


def _missing(document: Document, file: str) -> Iterator[Problem]:
    """There must be some interest and some delivery."""
    given, names = document.value, list(ProfileFile.model_fields)
    if not any(_is_given(given.get(key)) for key in INTEREST_KEYS) and not _meant_any(
        given, INTEREST_KEYS, names
    ):
        message = "there is no interest: write at least one of interests, about, like and authors"
        yield Problem(file, *document.place(()), message)
    if not _is_given(given.get("deliver")) and not _meant_any(given, ("deliver",), names):
        message = "there is no delivery: write at least `deliver: [{maildir: ada}]`"
        yield Problem(file, *document.place(()), message)


def _is_given(value: Value) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _delivery_problems(document: Document, file: str) -> Iterator[Problem]:
    """Each entry names exactly one channel."""
    entries = document.value.get("deliver")
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield from _channel_problems(entry, ("deliver", position), document, file)


def _channel_problems(entry: dict[str, Value], loc: Loc, document: Document, file: str) -> Iterator[Problem]:
    channels = [channel.value for channel in ChannelName]
    given = [key for key in entry if key in channels and entry[key] is not None]
    if len(given) > 1:
        message = f"one entry delivers to one channel: write another entry for {given[1]}"
        yield Problem(file, *document.key_place((*loc, given[1])), message)
    if "on_uncertain" in entry and given and given[0] != ChannelName.EMAIL:
        message = f"`on_uncertain` is for email: {given[0]} is asked whether a message has arrived"
        yield Problem(file, *document.key_place((*loc, "on_uncertain")), message)
    if given or _meant_any(entry, channels, list(DeliverEntry.model_fields)):
        return
    if "slack" in entry:
        message = 'nothing is written for slack: put a name in quotes, such as "#papers"'
        yield Problem(file, *document.key_place((*loc, "slack")), message)
    else:
        yield Problem(file, *document.place(loc), "this entry needs one of slack, email and maildir")
