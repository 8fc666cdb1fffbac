"""Profiles: YAML files to `model.Profile`, with every problem of every file and its place.

Reads profiles and the .bib files that they name, and no other file. Does not depend on ranking or delivery.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path, PurePath

from pydantic import ValidationError

from bot.errors import Problem, UserError
from bot.files import read_file
from bot.profiles.bibtex import Bibliographies, is_bib_name, read_bibliography
from bot.profiles.model import Interest, Mute, Profile, Reference
from bot.profiles.problems import channel_problems, missing_keys, value_problems
from bot.profiles.schema import InterestItem, ProfileFile
from bot.profiles.yaml_reader import MAX_BYTES, Value, read_mapping
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
            found += value_problems(error, document, file)
        found += missing_keys(document, file)
        found += channel_problems(document, file)
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
