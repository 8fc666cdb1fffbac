"""Listings saved as text: their characters, their lines, and where they break off.

Does not depend on the layout or format of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from bot.papers.model import Unreadable

#: Filled lines of one page that are read. arXiv shows at most 200 papers on a page, in about 3,000 lines.
MAX_LINES = 500_000
_MAX_LINE_LENGTH = 100_000  #: characters: longer than any abstract
FILLED_LINE = re.compile(r"\S[^\n]*")
_BLOCK = 1 << 20  #: characters that are split into lines at a time
_QUOTED_LENGTH = 60  #: characters of a title that a message quotes


@dataclass(frozen=True, slots=True)
class Decoded:
    """The characters of a saved file."""

    text: str
    is_broken: bool = False  #: it breaks off within a character, which is left out
    problems: tuple[Unreadable, ...] = ()


class Line(NamedTuple):
    number: int
    text: str  #: never blank; without white space at its ends
    is_after_blank: bool = True  #: a blank line precedes it, or nothing at all


@dataclass(frozen=True, slots=True)
class Page:
    """A saved page, line by line."""

    lines: list[Line]
    has_ended: bool  #: its last line is complete
    is_broken: bool  #: it breaks off, so that its last entry is incomplete
    problems: tuple[Unreadable, ...]


def decode(data: bytes) -> Decoded:
    """The text. Bytes that are not UTF-8 are replaced, and the first of them is reported."""
    try:
        return Decoded(data.decode())
    except UnicodeDecodeError as error:
        start = error.start
        if error.reason == "unexpected end of data":
            return Decoded(data[:start].decode(), is_broken=True)
    problem = Unreadable(
        f"line {line_number(data, start)}, byte {start}", "not UTF-8: some characters are lost"
    )
    return Decoded(data.decode(errors="replace"), problems=(problem,))


def line_number(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def read_page(data: bytes) -> Page:
    """The filled lines of a page that a browser showed, within MAX_LINES and _MAX_LINE_LENGTH."""
    decoded = decode(data)
    problems = list(decoded.problems)
    lines = _lines(decoded.text, problems)
    if len(lines) <= MAX_LINES:
        return Page(lines, decoded.text.endswith("\n"), decoded.is_broken, tuple(problems))
    beyond = lines.pop()
    why = f"more than {MAX_LINES:,} lines, which no listing has: not read from here on"
    problems.append(Unreadable(f"line {beyond.number}", why))
    return Page(lines, has_ended=True, is_broken=True, problems=tuple(problems))


def _lines(text: str, problems: list[Unreadable]) -> list[Line]:
    """The first MAX_LINES + 1 filled lines. A regular expression finds them: junk files have millions of lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").replace("\ufeff", "")
    lines: list[Line] = []
    number, end, is_first = 1, 0, True
    for match in islice(FILLED_LINE.finditer(text), MAX_LINES + 1):
        breaks = text.count("\n", end, match.start())
        number, end = number + breaks, match.end()
        lines.append(Line(number, match[0][:_MAX_LINE_LENGTH].rstrip(), is_first or breaks > 1))
        is_first = False
        if end - match.start() > _MAX_LINE_LENGTH:
            why = f"longer than {_MAX_LINE_LENGTH:,} characters: cut off there"
            problems.append(Unreadable(f"line {number}", why))
    return lines


def count_filled(text: str, start: int, end: int) -> int:
    """How many lines of `text[start:end]` are not blank, counted in blocks to bound the memory."""
    count = 0
    while start < end:
        stop = text.find("\n", start + _BLOCK, end)
        stop = end if stop < 0 else stop
        count += sum(map(bool, map(str.strip, text[start:stop].split("\n"))))
        start = stop + 1
    return count


def breaks_off(line: int, title: str, missing: str) -> Unreadable:
    """The complaint about a page's last entry when the page ends inside it."""
    name = f' "{title[:_QUOTED_LENGTH]}"' if title else ""
    return Unreadable(f"line {line}", f"the page breaks off in this entry{name}: {missing} is missing")


def untitled(line: int) -> Unreadable:
    return Unreadable(f"line {line}", "an entry without a title")


def lacking(line: int, title: str, problem: str) -> Unreadable:
    """The complaint about a complete entry: `"Its title" has no abstract`."""
    return Unreadable(f"line {line}", f'"{title[:_QUOTED_LENGTH]}" {problem}')
