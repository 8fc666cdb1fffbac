"""Counts the TeX that is left in real titles and abstracts after conversion, for a test and a benchmark.

The texts are in a folder beside the checkout, and are read as the product reads them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bot.papers.model import Entry
from bot.sources.files import read_listing
from bot.sources.registry import FORMATS
from bot.text.latex import to_unicode
from tests.support.cli import ROOT

SHARED = ROOT.parent / "shared"
#: The newest day of the pages and the archive.
_DAY = date(2026, 5, 31)
_MARK = re.compile(r"\\[A-Za-z]+|\\.|\\\Z|\$", re.DOTALL)
_PRICE = re.compile(r"\$(?=\d)")


def archive() -> list[Path]:
    """The archive's days, in order."""
    return sorted(SHARED.glob("archive/*.jsonl.gz"))


def pages() -> list[Path]:
    """The saved pages."""
    return sorted(SHARED.glob("listings/*.txt"))


def entries(paths: Iterable[Path]) -> Iterator[Entry]:
    for path in paths:
        listing = read_listing(path, FORMATS, _DAY)
        assert not listing.unreadable, path
        yield from listing.entries


@dataclass(slots=True)
class Leftovers:
    """Counts over texts."""

    texts: int = 0
    changed: int = 0
    backslash: int = 0  #: texts with a backslash after conversion
    dollar: int = 0
    prices: int = 0  #: texts without a backslash whose dollar signs are all before a digit
    either: int = 0  #: texts with a backslash or a dollar sign
    growth: float = 0.0  #: the greatest ratio of a result's length to its text's
    marks: Counter[str] = field(default_factory=Counter)  #: texts by what is left in them
    examples: dict[str, str] = field(default_factory=dict)  #: the name of the first text with each

    @property
    def share(self) -> float:
        return self.either / self.texts


def leftovers(texts: Iterable[tuple[str, str]]) -> Leftovers:
    """Convert texts, given with their names, and count what is left."""
    found = Leftovers()
    for name, text in texts:
        converted = to_unicode(text)
        marks = set(_MARK.findall(converted))
        found.texts += 1
        found.changed += converted != text
        found.backslash += "\\" in converted
        found.dollar += "$" in converted
        found.prices += marks == {"$"} and "$" not in _PRICE.sub("", converted)
        found.either += bool(marks)
        found.growth = max(found.growth, len(converted) / max(len(text), 1))
        found.marks.update(marks)
        for mark in marks:
            found.examples.setdefault(mark, name)
    return found
