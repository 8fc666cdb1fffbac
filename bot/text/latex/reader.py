"""One text being read from left to right.

Owns the place in it, what was written so far, and how a stretch, a group or an argument is converted. Refuses to
know what any character or macro means: the steps, which it is given, do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bot.text.latex.spans import MARK, braces, formulas

_DEEPEST = 40
#: An address, two dashes, or a sign of TeX; begun with its first characters, which is five times as fast.
_TEXT_STOP = re.compile(r"""[hw\\{}$^~`'"-](?:(?<![hw-])|(?<=h)ttps?://|(?<=w)(?<!\ww)ww\.|(?<=-)-+)""")
_MATH_TOKEN = re.compile(r"\s+|[^\s\\{}^_~'&]+|.", re.DOTALL)
_OPTIONAL = re.compile(r"\s*\[[^\[\]{}$]{0,200}\]")
#: What multiplies or raises what stands before it, where no space parts them.
_FACTOR = re.compile(r"[^\W_]|[(\[{⟨⌈⌊√∂∇∞‖^_⁺⁻⁽₊₋₍]")


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
        self._quotient: int | None = None  #: where in `out` the fraction or root stands that was said last
        self.row, self.cell = " ", " "  #: what parts the rows and the cells of the environment being read
        self.ends_with_quotient = False  #: of the stretch that was read last
        self.open_quotes = 0  #: of prose, not closed yet
        self.straight_quote = False  #: whether a straight one is open
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
        if not text:
            return
        if self._quotient is not None:
            self._part_quotient(text)
        self.out.append(text)

    def emit_quotient(self, text: str) -> None:
        """A fraction or a root: in brackets should a factor or an exponent follow, `a/b` and `c` as `(a/b)c`."""
        self.emit(text)
        self._quotient = len(self.out) - 1

    def _part_quotient(self, following: str) -> None:
        if _FACTOR.match(following) and self._quotient is not None:
            self.out[self._quotient] = f"({self.out[self._quotient]})"
        self._quotient = None

    def take(self) -> str:
        """What the stretch says so far, to be said anew."""
        said = "".join(self.out)
        self.out.clear()
        self._quotient = None
        return said

    def drop_space(self) -> None:
        """Takes back the space that was said last."""
        if self.out and self.out[-1].isspace():
            self.out.pop()

    def literal(self) -> None:
        self.emit(self.peek())
        self.pos += 1

    def group_end(self, at: int) -> int | None:
        end = self.group_ends.get(at)
        return end if end is not None and end < self.end else None

    def is_cut_off(self) -> bool:
        """Whether a group begins here that ends nowhere: the text was cut off, and what there is can be read."""
        return self.peek() == "{" and self.pos not in self.group_ends

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

    def as_written(self, name: str) -> str:
        r"""`\method{x}` as written, with what is in its braces converted."""
        pieces = ["\\", name]
        while name.isalpha() and self.peek() == "{" and (end := self.group_end(self.pos)) is not None:
            self.pos += 1
            pieces += ["{", self.collect(end, math=self.math), "}"]
            self.pos = end + 1
        return "".join(pieces)

    def collect(self, end: int, *, math: bool, once: bool = False) -> str:
        """What stands from here to `end`, or the first step of it, converted."""
        if self._depth >= _DEEPEST:
            end = self.pos + 1 if once else end
            raw, self.pos = self.source[self.pos : end], end
            self.ends_with_quotient = False
            return raw
        outer = self.out, self.end, self.math, self._depth, self._quotient
        self.out, self.end, self.math, self._depth, self._quotient = [], end, math, self._depth + 1, None
        while self.pos < end:
            (self._math_step if math else self._text_step)()
            if once:
                break
        text = "".join(self.out)
        self.ends_with_quotient = self._quotient is not None
        self.out, self.end, self.math, self._depth, self._quotient = outer
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
