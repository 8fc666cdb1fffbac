"""Listings that a reader saved as text: their characters, their lines, and where they break off.

Owns what is the same for every saved text, whatever stands in it. Refuses to know any layout and any format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from bot.papers.model import Unreadable

#: Filled lines of one page that are read. arXiv shows at most 200 papers on a page, in about 3,000 lines.
MOST_LINES = 500_000
_LONGEST_LINE = 100_000  #: characters: no abstract has as many
FILLED_LINE = re.compile(r"\S[^\n]*")
_STRETCH = 1 << 20  #: characters that are split into lines at a time
_SHOWN = 60  #: characters of a title in a complaint


@dataclass(frozen=True, slots=True)
class Decoded:
    """The characters of a saved file."""

    text: str
    broken: bool = False  #: it breaks off within a character, which is left out
    problems: tuple[Unreadable, ...] = ()


class Line(NamedTuple):
    number: int
    text: str  #: never blank; without white space at its ends
    apart: bool = True  #: a blank line stands before it, or none at all


@dataclass(frozen=True, slots=True)
class Page:
    """A saved page, line by line."""

    lines: list[Line]
    ended: bool  #: its last line is whole
    broken: bool  #: it breaks off, so that its last entry is not whole
    problems: tuple[Unreadable, ...]


def decoded(data: bytes) -> Decoded:
    """The text; the first of the bytes that are no UTF-8 is told, all are replaced."""
    try:
        return Decoded(data.decode())
    except UnicodeDecodeError as error:
        start, cut = error.start, error.reason == "unexpected end of data"
    if cut:
        return Decoded(data[:start].decode(), broken=True)
    where = f"line {line_number(data, start)}, byte {start}"
    return Decoded(
        data.decode(errors="replace"), problems=(Unreadable(where, "not UTF-8: some signs are lost"),)
    )


def line_number(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def page(data: bytes) -> Page:
    """The filled lines of a page that a browser showed, within MOST_LINES and _LONGEST_LINE."""
    read = decoded(data)
    problems = list(read.problems)
    lines = _lines(read.text, problems)
    if len(lines) <= MOST_LINES:
        return Page(lines, read.text.endswith("\n"), read.broken, tuple(problems))
    beyond = lines.pop()
    why = f"no listing has more than {MOST_LINES:,} lines: not read from here on"
    problems.append(Unreadable(f"line {beyond.number}", why))
    return Page(lines, ended=True, broken=True, problems=tuple(problems))


def _lines(text: str, problems: list[Unreadable]) -> list[Line]:
    """The filled lines, and one more than the most. They are looked for in C: junk has millions of lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").replace("\ufeff", "")
    lines: list[Line] = []
    number, end, apart = 1, 0, True
    for match in islice(FILLED_LINE.finditer(text), MOST_LINES + 1):
        passed = text.count("\n", end, match.start())
        number, end = number + passed, match.end()
        lines.append(Line(number, match[0][:_LONGEST_LINE].rstrip(), apart or passed > 1))
        apart = False
        if end - match.start() > _LONGEST_LINE:
            why = f"longer than {_LONGEST_LINE:,} characters: cut off there"
            problems.append(Unreadable(f"line {number}", why))
    return lines


def count_filled(text: str, start: int, end: int) -> int:
    """How many lines of `text[start:end]` are not blank; a stretch at a time."""
    count = 0
    while start < end:
        stop = text.find("\n", start + _STRETCH, end)
        stop = end if stop < 0 else stop
        count += sum(map(bool, map(str.strip, text[start:stop].split("\n"))))
        start = stop + 1
    return count


def breaks_off(line: int, title: str, missing: str) -> Unreadable:
    """The complaint about a page's last entry when the page ends inside it."""
    name = f' "{title[:_SHOWN]}"' if title else ""
    return Unreadable(f"line {line}", f"the page breaks off in this entry{name}: {missing} is missing")


def untitled(line: int) -> Unreadable:
    return Unreadable(f"line {line}", "an entry without a title")


def lacking(line: int, title: str, lack: str) -> Unreadable:
    """The complaint about a whole entry: `"Its title" has no abstract`."""
    return Unreadable(f"line {line}", f'"{title[:_SHOWN]}" {lack}')
