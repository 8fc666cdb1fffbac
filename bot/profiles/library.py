"""Library files: the papers that a reference manager exports, or a text of ids, as `LibraryEntry` values.

A profile names such files under `like` and `dislike`; they must be in its folder. A ValueError raised here is a
sentence for the profile's author.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path, PurePath
from typing import TypeAlias

from bot.files import read_file
from bot.papers.identity import find_paper_ids
from bot.profiles import bibtex, csl_json, ris
from bot.profiles.library_entry import LibraryEntry, UnreadableLibraryError
from bot.profiles.model import Reference
from bot.profiles.paths import path_beside, read_beside
from bot.profiles.yaml_reader import Value
from bot.text.plain import one_line, quote

#: By the name in the profile: the papers of a library file, or why it cannot be read.
Libraries: TypeAlias = Mapping[str, tuple[Reference, ...] | str]

_MAX_BYTES = 16 * 1024 * 1024
#: Of the lines that cannot be read only so many are listed.
_LINES_LISTED = 5


def is_library_name(text: str) -> bool:
    """Whether this is the name of a file that can be read as a library, by its ending."""
    return PurePath(text).suffix.casefold() in _PARSERS


def library_names(mapping: Mapping[str, Value]) -> set[str]:
    """The library files that `like` and `dislike` of a profile's mapping name."""
    lists = (mapping.get(key) for key in ("like", "dislike"))
    items = chain.from_iterable(items for items in lists if isinstance(items, list))
    return {name for item in items if isinstance(item, str) and is_library_name(name := one_line(item))}


def read_libraries(names: Iterable[str], folder: Path | None) -> Libraries:
    """The files of these names in a profile's folder."""
    found: dict[str, tuple[Reference, ...] | str] = {}
    for name in names:
        try:
            data = read_beside(path_beside(folder, name, "library.bib"), name, _MAX_BYTES)
            found[name] = tuple(entry.reference for entry in _parse(data, name))
        except ValueError as error:
            found[name] = str(error)
    return found


def read(path: Path) -> tuple[LibraryEntry, ...]:
    """The papers of a library file anywhere. Raises ValueError."""
    name = str(path)
    if not is_library_name(name):
        raise ValueError(f"{quote(name)} is not a library file: its name must end with {LIBRARY_ENDINGS}")
    try:
        data = read_file(path, _MAX_BYTES)
    except OSError as error:
        raise ValueError(f"{quote(name)} cannot be read: {error.strerror}") from None
    if len(data) > _MAX_BYTES:
        raise ValueError(f"{quote(name)} is larger than {_MAX_BYTES // 1024**2} MB: name a smaller one")
    return _parse(data, name)


def _parse(data: bytes, name: str) -> tuple[LibraryEntry, ...]:
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{quote(name)}, line {line}: this is not UTF-8 text: save it as UTF-8") from None
    try:
        parsed = _PARSERS[PurePath(name).suffix.casefold()](text)
    except UnreadableLibraryError as error:
        raise ValueError(f"{quote(name)}{_place(error)}: {error}") from None
    entries = tuple(entry for entry in parsed if entry.id or entry.title)
    if not entries:
        raise ValueError(f"{quote(name)} contains no entry with a title, an arXiv id or a DOI")
    return entries


def _place(error: UnreadableLibraryError) -> str:
    """`, line 3`, `, lines 3, 5`, `, lines 3, 5, 7, 8, 9 and 12 more`"""
    listed = ", ".join(map(str, error.lines[:_LINES_LISTED]))
    more = len(error.lines) - _LINES_LISTED
    lines = f", line{'s' * (len(error.lines) > 1)} {listed}" if listed else ""
    return f"{lines} and {more} more" if more > 0 else lines


def _parse_ids(text: str) -> tuple[LibraryEntry, ...]:
    """Every arXiv id and DOI of a text, one or several a line, with other words around them.

    Empty lines, and those that begin with `#`, may hold none.
    """
    ids: list[str] = []
    empty: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        found = find_paper_ids(line)
        if not found and line.strip() and not line.lstrip().startswith("#"):
            empty.append(number)
        ids += found
    if empty:
        raise UnreadableLibraryError("no arXiv id, link or DOI here: begin a comment with #", empty)
    return tuple(LibraryEntry(id_) for id_ in dict.fromkeys(ids))


_PARSERS: Mapping[str, Callable[[str], tuple[LibraryEntry, ...]]] = {
    ".bib": bibtex.parse,
    ".ris": ris.parse,
    ".json": csl_json.parse,
    ".txt": _parse_ids,
}
LIBRARY_ENDINGS = ", ".join(_PARSERS)
