"""A profile's file as the text of a form, and back to bytes: line ends and a byte order mark are kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from hashlib import sha256
from itertools import takewhile

_BOM = "\ufeff"
_LINE_END = re.compile(r"\r\n|\r|\n")
#: Between longer texts each changed line is not looked for: the time would grow with the square of their number.
_LONGEST_DIFF = 2000  # lines


@dataclass(frozen=True, slots=True)
class FileText:
    """One version of a file."""

    data: bytes  #: UTF-8

    @property
    def version(self) -> str:
        """A hash that differs between versions."""
        return sha256(self.data).hexdigest()

    @property
    def whole(self) -> str:
        """All of it, with its line ends and its byte order mark."""
        return self.data.decode()

    @property
    def form_text(self) -> str:
        """As a form shows it: lines end with LF."""
        return form_text(self.whole.removeprefix(_BOM))

    def changed_to(self, text: str) -> FileText:
        """The file with another text, as a form sends it. Lines at the start and the end that stay keep their ends,
        the others get the most frequent one.
        """
        text, before = form_text(text), self.whole
        if text == self.form_text:
            return self
        mark = _BOM if before.startswith(_BOM) else ""
        ends = _LINE_END.findall(before)
        usual = max(("\n", "\r\n", "\r"), key=ends.count)
        if len({*ends}) > 1:  # a CR among others could become half of a CR LF
            usual = max(("\n", "\r\n"), key=ends.count)
            ends = [usual if end == "\r" else end for end in ends]
        old, new = self.form_text.split("\n"), text.split("\n")
        start, rest = _same_lines(old, new)

        def end(line: int) -> str:
            """The line end after a line of the new text."""
            if line >= start:
                line += len(old) - len(new) if line >= len(new) - rest else len(ends)
            return ends[line] if line < len(ends) else usual

        lines = (line + end(number) for number, line in enumerate(new[:-1]))
        return FileText((mark + "".join(lines) + new[-1]).encode())


def form_text(text: str) -> str:
    """A text with the line ends of a form's value."""
    return _LINE_END.sub("\n", text)


def _same_lines(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many lines are the same at the start, and how many of the others at the end."""
    start = _same(old, new)
    return start, min(_same(old[::-1], new[::-1]), len(old) - start, len(new) - start)


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def diff(before: str, after: str) -> list[str]:
    """The lines of a unified diff without its head; none for equal texts. Line ends do not count."""
    old, new = (form_text(text.removeprefix(_BOM)).split("\n") for text in (before, after))
    start, rest = _same_lines(old, new)
    removed, added = len(old) - start - rest, len(new) - start - rest
    if max(removed, added) > _LONGEST_DIFF:
        return [f"@@ -{start + 1},{removed} +{start + 1},{added} @@ too long to show"]
    context = max(0, start - 3)
    old, new = (lines[context : len(lines) - max(0, rest - 3)] for lines in (old, new))
    found = list(unified_diff(old, new, lineterm=""))[2:]
    return [_moved(line, context) if line.startswith("@@") else line for line in found]


def _moved(head: str, by: int) -> str:
    """The head of a hunk of texts whose first lines were left out."""
    return re.sub(r"([-+])(\d+)", lambda number: f"{number[1]}{int(number[2]) + by}", head)
