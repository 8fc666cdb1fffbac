"""Profiles: YAML files to `model.Profile`, with every problem of every file and its place.

Reads profiles and the files that they name, and no other file. Does not depend on ranking or delivery.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bot.errors import Problem, UserError
from bot.profiles.cache import ProfileCache, Version
from bot.profiles.model import Profile
from bot.text.plain import one_line, quote

if TYPE_CHECKING:
    from bot.profiles.include import ProfileReader

_ENDINGS = {".yaml", ".yml"}


class Loaded(NamedTuple):
    """What the profile files of some folders give."""

    profiles: tuple[Profile, ...]  #: the valid ones, by id; without a `was` that cannot count
    problems: tuple[Problem, ...]  #: of all files, by place
    kept: tuple[Profile, ...]  #: the last valid versions of broken ones, where there is one, by id
    broken: Mapping[
        str, tuple[Problem, ...]
    ]  #: the problems of each broken one, and of what it includes, by id
    includers: Mapping[str, tuple[str, ...]]  #: ids of files that include a file, by its id


def load_profiles(paths: Sequence[Path], cache: Path | None = None) -> Loaded:
    """The profiles in files and folders, and every problem of the files that are not valid.

    Of a folder, its *.yaml and *.yml files that are not hidden. A bad file never stops the others. A file that
    another one includes, and that lacks what a profile needs, is not a profile. `cache`: the file of a
    `ProfileCache`. Raises UserError for a path that does not exist.
    """
    versions = ProfileCache(cache)
    files: dict[str, Path] = {}
    problems: list[Problem] = []
    for path in profile_files(paths):
        if (owner := files.setdefault(path.stem, path)) is not path:
            message = f"there is another profile {quote(path.stem)}, {owner}: rename one of the files"
            problems.append(Problem(str(path), 1, 1, one_line(message)))
    found: dict[Path, Version] = {}
    broken: dict[Path, tuple[Problem, ...]] = {}
    incomplete: dict[Path, tuple[Problem, ...]] = {}
    includers: defaultdict[str, dict[str, None]] = defaultdict(
        dict
    )  # ids, by the real path that they include
    reader: ProfileReader | None = None
    for path in files.values():
        version = versions.unchanged(path)
        if version is None:
            reader = reader or _reader()
            read = reader.read(path)
            if read.problems:
                broken[path], incomplete[path] = read.problems, read.incomplete
                version = versions.last(path)
                for other in read.included:
                    includers[str(other)][path.stem] = None
            else:
                version = versions.put(path, read)
        if version:
            found[path] = version
            incomplete.setdefault(path, version.incomplete)
            for name in version.included:
                includers[name][path.stem] = None
    versions.save()
    for path, lacking in incomplete.items():
        if lacking and os.path.realpath(path) not in includers:
            broken[path] = (*broken.get(path, ()), *lacking)
    profiles = _by_id(
        version for path, version in found.items() if not incomplete[path] and path not in broken
    )
    kept = _by_id(found[path] for path in broken if path in found)
    disputed = disputed_names((*profiles, *kept), files)
    problems += (_name_problem(files[id_], message) for id_, message in disputed.items())
    profiles, kept = (
        tuple(replace(one, was="") if one.id in disputed else one for one in some)
        for some in (profiles, kept)
    )
    return Loaded(
        profiles=profiles,
        problems=tuple(sorted({*problems, *chain.from_iterable(broken.values())})),
        kept=kept,
        broken={path.stem: of_file for path, of_file in broken.items()},
        includers={
            id_: tuple(of_file)
            for name, of_file in includers.items()
            if (id_ := Path(name).stem) in files and os.path.realpath(files[id_]) == name
        },
    )


def _by_id(versions: Iterable[Version]) -> tuple[Profile, ...]:
    profiles = (version.profile for version in versions)
    return tuple(sorted(filter(None, profiles), key=lambda profile: profile.id))


def disputed_names(profiles: Sequence[Profile], files: Mapping[str, Path]) -> dict[str, str]:
    """Why the `was` of profiles cannot count, by id. `files`: of all profiles, valid or not, by id. Pure."""
    claims = Counter(profile.was for profile in profiles)
    disputed = {}
    for profile in profiles:
        if profile.was in files:
            disputed[profile.id] = (
                f"{files[profile.was]} is still there, so that nothing that was sent to {quote(profile.was)} counts "
                "for this profile: remove that file, or this line"
            )
        elif profile.was and claims[profile.was] > 1:
            disputed[profile.id] = (
                f"several profiles were {quote(profile.was)}, so that nothing that was sent to it counts for this "
                "one: leave this line in one of them"
            )
    return disputed


def _name_problem(path: Path, message: str) -> Problem:
    effective = _reader().read(path).effective
    place = effective.origins[("was",)].place[1:] if effective else (1, 1)  # the last valid version has it
    return Problem(str(path), *place, one_line(message))


def _reader() -> ProfileReader:
    # imported here because pydantic takes a tenth of a second, which unchanged profiles do not need
    from bot.profiles.include import ProfileReader

    return ProfileReader()


def profile_files(paths: Sequence[Path]) -> list[Path]:
    """Every profile file once, in the order of `paths` and by name within a folder."""
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
