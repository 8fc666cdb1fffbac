"""One text being read from left to right.

Owns the place in it, what was written so far, and how a stretch, a group or an argument is converted. Refuses to
know what any character or macro means: the steps, which it is given, do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bot.tex.spans import MARK, braces, formulas

_DEEPEST = 40
_TEXT_STOP = re.compile(r"""https?://|\bwww\.|[\\{}$^~`'"]|-{2,}""")
_MATH_TOKEN = re.compile(r"\s+|[^\s\\{}^_~'&]+|.", re.DOTALL)
_OPTIONAL = re.compile(r"\s*\[[^\[\]{}$]{0,200}\]")


#: By the character, or for text the first character, that a step begins with.
Steps = Mapping[str, Callable[["Reader"], None]]


class Reader:
    """One text being read, from left to right, once.

    `collect` converts up to an offset into a list of its own; what a step emits goes to the innermost list.
    """

    def __init__(self, source: str, text: Steps, math: Steps) -> None:
        marks = [(match.start(), match[0]) for match in MARK.finditer(source)]
        self._text_steps = text
        self._math_steps = math
        self.source = source
        self.group_ends = braces(marks)
        self.math_ends = formulas(marks, self.group_ends)
        self.pos = 0  #: the place being read
        self.end = len(source)  #: of the stretch being read
        self.math = False  #: whether this stretch is math
        self._depth = 0
        self.out: list[str] = []  #: what the stretch says so far, none of it empty
        self.open_quotes = 0  #: of prose, not closed yet
        self.closing_quotes: set[int] = set()  #: where quotations end that have begun

    def read(self) -> str:
        return self.collect(self.end, math=False)

    def peek(self) -> str:
        """The next character as written, or nothing at the end of the stretch."""
        return self.source[self.pos : self.pos + 1] if self.pos < self.end else ""

    def before(self) -> str:
        """The character before this place, as written."""
        return self.source[self.pos - 1 : self.pos] if self.pos else ""

    def last(self) -> str:
        """The last character of what the stretch says so far."""
        return self.out[-1][-1] if self.out else ""

    def emit(self, text: str) -> None:
        if text:
            self.out.append(text)

    def literal(self) -> None:
        self.emit(self.peek())
        self.pos += 1

    def group_end(self, at: int) -> int | None:
        end = self.group_ends.get(at)
        return end if end is not None and end < self.end else None

    def skip_spaces(self) -> None:
        while self.peek() in {" ", "\t"}:
            self.pos += 1

    def skip_star(self) -> None:
        self.pos += self.peek() == "*"

    def skip_optional(self) -> str:
        match = _OPTIONAL.match(self.source, self.pos, self.end)
        self.pos = match.end() if match else self.pos
        return match[0].strip()[1:-1] if match else ""

    def raw_argument(self) -> str | None:
        """What stands in the next braces, as written: an address, a key."""
        end = self.group_end(self.pos) if self.peek() == "{" else None
        if end is None:
            return None
        raw, self.pos = self.source[self.pos + 1 : end], end + 1
        return raw

    def argument(self, math: bool | None = None) -> str | None:
        """The next group, macro or character, converted; None when there is none."""
        self.skip_spaces()
        mode = self.math if math is None else math
        char = self.peek()
        if char == "{":
            return self._braced(mode)
        if char == "\\":
            return self.collect(self.end, math=mode, once=True)
        if not char or char in "}$&^_" or char.isspace():
            return None
        self.pos += 1
        return char

    def _braced(self, math: bool) -> str | None:
        end = self.group_end(self.pos)
        if end is None:
            return None
        self.pos += 1
        content = self.collect(end, math=math)
        self.pos = end + 1
        return content

    def collect(self, end: int, *, math: bool, once: bool = False) -> str:
        """What stands from here to `end`, or the first step of it, converted."""
        if self._depth >= _DEEPEST:
            end = self.pos + 1 if once else end
            raw, self.pos = self.source[self.pos : end], end
            return raw
        outer = self.out, self.end, self.math, self._depth
        self.out, self.end, self.math, self._depth = [], end, math, self._depth + 1
        while self.pos < end:
            (self._math_step if math else self._text_step)()
            if once:
                break
        text = "".join(self.out)
        self.out, self.end, self.math, self._depth = outer
        return text

    def _text_step(self) -> None:
        stop = _TEXT_STOP.search(self.source, self.pos, self.end)
        at = stop.start() if stop else self.end
        if at > self.pos:
            self.emit(self.source[self.pos : at])
            self.pos = at
        elif stop:
            self._text_steps[stop[0][0]](self)

    def _math_step(self) -> None:
        token = _MATH_TOKEN.match(self.source, self.pos, self.end)
        text = token[0] if token else ""
        if text in self._math_steps:
            self._math_steps[text](self)
            return
        self.pos += len(text)
        self.emit(text if not text.isspace() else "\n" if "\n" in text else " ")
