"""RIS, as EndNote, Mendeley, Zotero and publishers export it, as `LibraryEntry` values.

The format: https://en.wikipedia.org/wiki/RIS_(file_format). rispy drops an entry without its ending line, and joins
two such entries to one; both occur.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TypeAlias

from bot.profiles.library_entry import LibraryEntry, make_entry

_TAGGED = re.compile(r"([A-Z][A-Z0-9]) {1,2}-(?: (.*)|$)")
_BEGIN, _END = "TY", "ER"
#: Tags that may name the work.
_IDS = ("DO", "M3", "AN", "M1", "C7", "C6", "UR", "L1", "L2", "LK", "ID")
_TITLES = ("TI", "T1", "BT", "CT")
_ABSTRACTS = ("AB", "N2")
_AUTHORS = ("AU", "A1")

#: By tag: its values, each as the lines that it is written on.
_Record: TypeAlias = defaultdict[str, list[list[str]]]


def parse(text: str) -> tuple[LibraryEntry, ...]:
    """Lines before the first entry and between two are ignored: some databases write remarks there."""
    records: list[_Record] = []
    lines: list[str] | None = None  #: of the last tag; None outside of an entry
    for line in text.split("\n"):
        match = _TAGGED.match(line)
        tag, value = match.groups() if match else (None, line)
        if tag == _BEGIN:
            records.append(defaultdict(list))
        if tag == _END or not records:
            lines = None
        elif tag == _BEGIN or (tag and lines is not None):
            lines = [value or ""]
            records[-1][tag].append(lines)
        elif lines is not None:
            lines.append(value)  # a long value continues on the next line
    return tuple(map(_entry, records))


def _entry(record: _Record) -> LibraryEntry:
    return make_entry(
        ids=_values(record, _IDS),
        notes=_values(record, ("N1",)),
        title=next(iter(_values(record, _TITLES)), ""),
        abstract=next(iter(_values(record, _ABSTRACTS)), ""),
        authors=_values(record, _AUTHORS),
        keywords=_values(record, ("KW",)),
    )


def _values(record: _Record, tags: tuple[str, ...]) -> list[str]:
    return [" ".join(lines) for tag in tags for lines in record.get(tag, ())]
