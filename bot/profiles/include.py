"""A profile file and the files that it includes, as one profile, with every problem and the place of every value.

The lists of all files are added up, each item once, the profile's own first. Of the other keys the profile's own
value counts, or else the first one of the included files, in the order in which they are named.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from pydantic import ValidationError

from bot.errors import Problem
from bot.files import Stamp, read_file, stamp
from bot.profiles.contradictions import contradictions
from bot.profiles.library import library_names, read_libraries
from bot.profiles.model import ChannelName, Interest, Mute, Profile
from bot.profiles.paths import path_beside, read_beside
from bot.profiles.problems import channel_problems, missing_channels, missing_keys, value_problems
from bot.profiles.schema import DeliverEntry, InterestItem, MuteLists, ProfileFile
from bot.profiles.values import simple_name
from bot.profiles.yaml_reader import MAX_BYTES, Document, Loc, Value, read_mapping
from bot.text.plain import one_line, quote

MAX_DEPTH = 5  #: of files that include each other
#: Ids go into file names, URLs and terminal lines.
PROFILE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ID_HINT = "start with a letter or digit, and use only these, '.', '_' and '-'"

NO_INPUTS: Mapping[str, Stamp] = {}
_ADDED_UP = ("interests", "like", "dislike", "authors", "avoid", "categories", "without")
_OF_ONE_FILE = ("include", "was")
_DELIVERY_DEFAULTS = ("at", "days", "on_uncertain", "when_quiet")


class FilePlace(NamedTuple):
    file: str
    line: int  #: from 1
    column: int  #: from 1


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """One file, without those that it includes. `content` is None if and only if there are problems."""

    name: str  #: as problems show it
    document: Document | None
    content: ProfileFile | None
    problems: tuple[Problem, ...]
    inputs: Mapping[str, Stamp]  #: absolute paths of this file and the libraries that it names


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value of an effective profile was written."""

    file: ParsedFile
    loc: Loc

    @property
    def place(self) -> FilePlace:
        assert self.file.document
        return FilePlace(self.file.name, *self.file.document.place(self.loc))

    @property
    def value(self) -> Value:
        """As YAML has it."""
        assert self.file.document
        value: Any = self.file.document.value
        for part in self.loc:
            value = value[part]
        return value  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class EffectiveProfile:
    """A profile with what it includes."""

    profile: Profile
    file: ParsedFile  #: the profile's own
    #: Where each value comes from, by its place in the profile: `("limit",)`, `("interests", 3)`,
    #: `("mute", "terms", 0)`, and `("deliver", 0, "at")` for one that the entry inherits. `like` and `dislike` count
    #: entries, not papers.
    origins: Mapping[Loc, Origin]


@dataclass(frozen=True, slots=True)
class ReadProfile:
    """What a profile file gives: the profile, or its problems, or neither for a file that only others include."""

    effective: EffectiveProfile | None
    problems: tuple[Problem, ...]  #: by place, of included files too
    #: What is missing of a profile, by place; nothing is missing of a file that others include.
    incomplete: tuple[Problem, ...]
    included: frozenset[Path]
    inputs: Mapping[
        str, Stamp
    ]  #: absolute paths of all files that it depends on, stamped before they were read


def parse_profile(
    data: bytes, *, file: str, folder: Path | None
) -> tuple[Profile | None, tuple[Problem, ...]]:
    """The profile in a file's bytes, or None and every problem, by place.

    `file` is the file's name: it names the profile and is shown in problems. `folder` is where the files that it
    names may be. Never raises, whatever the bytes.
    """
    read = ProfileReader().parse(data, file, folder)
    problems = tuple(sorted({*read.problems, *read.incomplete}))
    return read.effective.profile if read.effective and not problems else None, problems


class ProfileReader:
    """Reads profile files; each file that they include is read once."""

    def __init__(self) -> None:
        self._files: dict[Path, ParsedFile] = {}

    def read(self, path: Path) -> ReadProfile:
        inputs = {os.path.abspath(path): stamp(path)}
        try:
            data = read_file(path, MAX_BYTES)
        except OSError as error:
            message = f"this file cannot be read: {error.strerror}; correct or remove it"
            return ReadProfile(None, (Problem(str(path), 1, 1, message),), (), frozenset(), inputs)
        return self.parse(data, str(path), path.parent, inputs)

    def parse(
        self, data: bytes, file: str, folder: Path | None, inputs: Mapping[str, Stamp] = NO_INPUTS
    ) -> ReadProfile:
        """As `parse_profile`. `inputs`: the file with its stamp."""
        top = _parse(data, file, folder, inputs)
        unreadable: list[Problem] = []
        included: dict[Path, ParsedFile] = {}
        trail = (Path(os.path.realpath(folder / PurePath(file).name)),) if folder else ()
        self._include(top, folder, trail, included, unreadable)
        files = [top, *included.values()]
        problems = [*_id_problems(file), *unreadable, *chain.from_iterable(f.problems for f in files)]
        incomplete: list[Problem] = []
        if top.document:
            incomplete += missing_channels(top.document, file)
            documents = [found.document for found in files if found.document]
            if not unreadable and len(documents) == len(
                files
            ):  # what cannot be read may have what is missing
                incomplete += missing_keys(top.document, [one.value for one in documents[1:]], file)
        effective = None
        if not problems:
            effective = _effective([(f, f.content) for f in files if f.content], PurePath(file).stem)
        every = dict(chain.from_iterable(f.inputs.items() for f in files))
        return ReadProfile(
            effective, tuple(sorted(set(problems))), tuple(incomplete), frozenset(included), every
        )

    def _include(
        self,
        file: ParsedFile,
        folder: Path | None,
        trail: tuple[Path, ...],
        included: dict[Path, ParsedFile],
        problems: list[Problem],
    ) -> None:
        """Add the files that a file includes, each followed by those that it includes itself, and a problem for each
        that cannot be included.

        `trail`: the files that lead here.
        """
        names = file.document.value.get("include") if file.document else None
        for position, entry in enumerate(names if isinstance(names, list) else ()):
            if not isinstance(entry, str) or not (name := one_line(entry)):
                continue  # has a problem already
            try:
                path = path_beside(folder, name, "lab.yaml")
                if path in trail:
                    circle = " → ".join(step.name for step in (*trail[trail.index(path) :], path))
                    raise ValueError(f"these files include each other: {circle}; remove one `include`")
                if len(trail) > MAX_DEPTH:
                    raise ValueError(
                        f"files include each other more than {MAX_DEPTH} deep: include {quote(name)} higher up"
                    )
                if path not in self._files:
                    shown = str(PurePath(file.name).parent / name)
                    inputs = {str(path): stamp(path)}
                    data = _read_included(path, name)
                    self._files[path] = _parse(data, shown, path.parent, inputs)
            except ValueError as error:
                assert file.document
                place = file.document.place(("include", position))
                problems.append(Problem(file.name, *place, one_line(str(error))))
                continue
            if path not in included:
                found = included[path] = self._files[path]
                self._include(found, path.parent, (*trail, path), included, problems)


def _read_included(path: Path, name: str) -> bytes:
    for ending in () if path.exists() else (".yaml", ".yml"):
        if path.with_suffix(ending).exists():
            shown = PurePath(name).with_suffix(ending)
            raise ValueError(f"there is no file {quote(name)} beside this profile: did you mean '{shown}'?")
    return read_beside(path, name, MAX_BYTES)


def _parse(data: bytes, file: str, folder: Path | None, inputs: Mapping[str, Stamp]) -> ParsedFile:
    document, problems = read_mapping(data, file=file)
    found = list(problems)
    content: ProfileFile | None = None
    if document is not None:
        names = library_names(document.value)
        paths = (os.path.abspath((folder or Path()) / name) for name in names)
        inputs = {**inputs, **{path: stamp(path) for path in paths}}
        try:
            libraries = read_libraries(names, folder)
            content = ProfileFile.model_validate(document.value, context=libraries)
        except ValidationError as error:
            found += value_problems(error, document, file)
        else:
            found += contradictions(content, document, file)
        found += channel_problems(document, file)
        found += _former_name_problems(document, file)
    return ParsedFile(file, document, None if found else content, tuple(sorted(set(found))), inputs)


def _id_problems(file: str) -> list[Problem]:
    name = PurePath(file).stem
    if PROFILE_ID.fullmatch(name):
        return []
    message = f"{quote(name)} cannot name a profile: rename the file to {simple_name(name)}.yaml ({ID_HINT})"
    return [Problem(file, 1, 1, message)]


def _former_name_problems(document: Document, file: str) -> list[Problem]:
    name = PurePath(file).stem
    if document.value.get("was") != name:
        return []
    message = f"`was` is a former name, and {quote(name)} is the present one: remove this line"
    return [Problem(file, *document.key_place(("was",)), message)]


# --- Merging ----------------------------------------------------------------------------------------------

_Files = list[tuple[ParsedFile, ProfileFile]]


def _effective(files: _Files, id_: str) -> EffectiveProfile:
    """`files`: the profile's own first."""
    origins: dict[Loc, Origin] = {}
    merged: dict[str, Any] = {}
    for key in ProfileFile.model_fields:
        having = [(file, content) for file, content in files if key in content.model_fields_set]
        if key in _OF_ONE_FILE:
            having = [(file, content) for file, content in having if content is files[0][1]]
        if not having:
            continue
        if key in _ADDED_UP:
            of_files = ((file, (key,), getattr(content, key)) for file, content in having)
            merged[key] = _add_up((key,), of_files, origins)
        elif key == "mute":
            lists = {
                name: _add_up(
                    (key, name), ((f, (key, name), getattr(c.mute, name)) for f, c in having), origins
                )
                for name in MuteLists.model_fields
            }
            merged[key] = MuteLists().model_copy(update=lists)
        elif key == "about":
            merged[key] = "\n\n".join(content.about for _, content in having)
            origins |= {(key, n): Origin(file, (key,)) for n, (file, _) in enumerate(having)}
        elif key == "deliver":
            merged[key] = _deliveries(having, origins)
        else:
            merged[key] = getattr(having[0][1], key)
            origins[(key,)] = Origin(having[0][0], (key,))
    profile = _profile(ProfileFile().model_copy(update=merged), id_)
    return EffectiveProfile(profile, files[0][0], origins)


def _add_up(
    loc: Loc, lists: Iterable[tuple[ParsedFile, Loc, tuple[Any, ...]]], origins: dict[Loc, Origin]
) -> tuple[Any, ...]:
    """The items of the lists of several files; one that an earlier file has is left out."""
    items: list[Any] = []
    for file, at, values in lists:
        earlier = {_identity(item) for item in items}
        for position, item in enumerate(values):
            if _identity(item) not in earlier:
                origins[(*loc, len(items))] = Origin(file, (*at, position))
                items.append(item)
    return tuple(items)


def _identity(item: Any) -> Any:
    text = item.phrase if isinstance(item, InterestItem) else item
    return text.casefold() if isinstance(text, str) else text


def _deliveries(files: _Files, origins: dict[Loc, Origin]) -> tuple[DeliverEntry, ...]:
    """The entries of the first file that has any, with the defaults that entries without a channel give; or these."""
    with_channel: list[tuple[ParsedFile, int, DeliverEntry]] = []
    without: list[tuple[ParsedFile, int, DeliverEntry]] = []
    defaults: dict[str, tuple[Origin, Any]] = {}
    for file, content in files:
        entries = [(file, position, entry) for position, entry in enumerate(content.deliver)]
        with_channel = with_channel or [one for one in entries if _has_channel(one[2])]
        others = [one for one in entries if not _has_channel(one[2])]
        without += others
        for _, position, entry in others:
            for name in _DELIVERY_DEFAULTS:
                if name in entry.model_fields_set:
                    origin = Origin(file, ("deliver", position, name))
                    defaults.setdefault(name, (origin, getattr(entry, name)))
    merged = []
    for number, (file, position, entry) in enumerate(with_channel or without):
        origins[("deliver", number)] = Origin(file, ("deliver", position))
        inherited = {name: given for name, given in defaults.items() if name not in entry.model_fields_set}
        origins.update({("deliver", number, name): origin for name, (origin, _) in inherited.items()})
        merged.append(entry.model_copy(update={name: value for name, (_, value) in inherited.items()}))
    return tuple(merged)


def _has_channel(entry: DeliverEntry) -> bool:
    return any(getattr(entry, channel) for channel in ChannelName)


def _profile(content: ProfileFile, id_: str) -> Profile:
    return Profile(
        id=id_,
        timezone=content.timezone,
        interests=_interests(content.interests),
        about=content.about,
        without=content.without,
        like=tuple(chain.from_iterable(content.like)),
        dislike=tuple(chain.from_iterable(content.dislike)),
        authors=content.authors,
        avoid=_interests(content.avoid),
        mute=Mute(content.mute.terms, content.mute.authors, _codes(content.mute.categories)),
        categories=_codes(content.categories),
        limit=content.limit,
        threshold=content.threshold,
        trending=content.trending,
        window=content.window,
        deliver=tuple(chain.from_iterable(entry.subscriptions(id_) for entry in content.deliver)),
        was=content.was,
        paused_until=content.pause.until if content.pause else None,
    )


def _codes(categories: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(categories)))


def _interests(items: tuple[InterestItem, ...]) -> tuple[Interest, ...]:
    return tuple(Interest(item.phrase, item.weight, item.without) for item in items)
