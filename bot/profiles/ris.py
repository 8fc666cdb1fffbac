"""RIS, as EndNote, Mendeley, Zotero and publishers export it, as `LibraryEntry` values.

The format: https://en.wikipedia.org/wiki/RIS_(file_format). rispy drops an entry without its ending line, and joins
two such entries to one; both occur.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from bot.profiles.library_entry import LibraryEntry, make_entry

_TAGGED = re.compile(r"([A-Z][A-Z0-9]) {1,2}-(?: (.*)|$)")
_BEGIN, _END = "TY", "ER"
_IDS = (
    "DO",
    "M3",
    "AN",
    "M1",
    "C7",
    "C6",
    "UR",
    "L1",
    "L2",
    "LK",
    "N1",
    "ID",
)  #: tags that may name the work
_TITLES = ("TI", "T1", "BT", "CT")
_ABSTRACTS = ("AB", "N2")
_AUTHORS = ("AU", "A1")


def parse(text: str) -> tuple[LibraryEntry, ...]:
    """Lines before the first entry and between two are ignored: some databases write remarks there."""
    records: list[defaultdict[str, list[str]]] = []
    values: list[str] | None = None  #: of the last tag; None outside of an entry
    for line in text.split("\n"):
        match = _TAGGED.match(line)
        tag, value = match.groups() if match else (None, line)
        if tag == _BEGIN:
            records.append(defaultdict(list))
        if tag == _END or not records:
            values = None
        elif tag == _BEGIN or (tag and values is not None):
            values = records[-1][tag]
            values.append(value or "")
        elif values:
            values[-1] += f" {value}"  # a long value continues on the next line
    return tuple(map(_entry, records))


def _entry(record: Mapping[str, list[str]]) -> LibraryEntry:
    return make_entry(
        ids=_values(record, _IDS),
        notes=_values(record, ("N1",)),
        title=next(iter(_values(record, _TITLES)), ""),
        abstract=next(iter(_values(record, _ABSTRACTS)), ""),
        authors=_values(record, _AUTHORS),
        keywords=_values(record, ("KW",)),
    )


def _values(record: Mapping[str, list[str]], tags: tuple[str, ...]) -> list[str]:
    return [value for tag in tags for value in record.get(tag, ())]
