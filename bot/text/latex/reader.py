"""Reads one text from left to right: the position, the output so far, and how a group or an argument is converted.

It does not know what a character or a macro means: the steps that it is given do.
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
#: What multiplies or raises the text before it when no space separates them.
_FACTOR = re.compile(r"[^\W_]|[(\[{⟨⌈⌊√∂∇∞‖^_⁺⁻⁽₊₋₍]")


#: By the character, or for text the first character, that a step begins with.
Steps = Mapping[str, Callable[["Reader"], None]]


class Reader:
    """Reads one text from left to right, once.

    `collect` converts a range of it into an output list of its own; a step emits to the innermost list.
    """

    def __init__(self, source: str, text: Steps, math: Steps) -> None:
        marks = [(match.start(), match[0]) for match in MARK.finditer(source)]
        self._text_steps = text
        self._math_steps = math
        self.source = source
        self.group_ends = braces(marks)
        self.math_ends = formulas(marks, self.group_ends)
        self.pos = 0  #: offset in `source`
        self.end = len(source)  #: of the range being read
        self.math = False  #: whether this range is math
        self._depth = 0
        self.out: list[str] = []  #: output of the range so far, no empty strings
        self._quotient: int | None = None  #: index in `out` of a fraction or root that was emitted last
        self.ends_with_quotient = False  #: of the range that was read last
        self.open_quotes = 0  #: quotations of prose that are not closed yet
        self.straight_quote = False  #: whether a quotation with straight marks is open
        self.closing_quotes: set[int] = set()  #: offsets at which quotations end that have begun

    def peek(self) -> str:
        """The next character as written; empty at the end of the range."""
        return self.source[self.pos : self.pos + 1] if self.pos < self.end else ""

    def before(self) -> str:
        """The character before this position, as written."""
        return self.source[self.pos - 1 : self.pos] if self.pos else ""

    def last(self) -> str:
        """The last character of the range's output so far."""
        return self.out[-1][-1] if self.out else ""

    def emit(self, text: str) -> None:
        if not text:
            return
        if self._quotient is not None and _FACTOR.match(text):
            self.out[self._quotient] = f"({self.out[self._quotient]})"
        self._quotient = None
        self.out.append(text)

    def emit_quotient(self, text: str) -> None:
        """A fraction or a root: put in brackets when a factor or an exponent follows, `a/b` and `c` as `(a/b)c`."""
        self.emit(text)
        self._quotient = len(self.out) - 1

    def take(self) -> str:
        """Removes and returns the range's output so far."""
        text = "".join(self.out)
        self.out.clear()
        self._quotient = None
        return text

    def literal(self) -> None:
        self.emit(self.peek())
        self.pos += 1

    def group_end(self, at: int) -> int | None:
        end = self.group_ends.get(at)
        return end if end is not None and end < self.end else None

    def is_cut_off(self) -> bool:
        """Whether a group begins here that never ends, because the text was cut off."""
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
        """The content of the next braces as written: an address, a key. None when there are no braces."""
        end = self.group_end(self.pos)
        if end is None:
            return None
        raw, self.pos = self.source[self.pos + 1 : end], end + 1
        return raw

    def group(self, math: bool) -> str | None:
        """The content of the next braces, converted; None when there are no braces."""
        end = self.group_end(self.pos)
        if end is None:
            return None
        self.pos += 1
        content = self.collect(end, math=math)
        self.pos = end + 1
        return content

    def argument(self, math: bool | None = None) -> str | None:
        """The next group, macro or character, converted; None when there is none."""
        self.skip_spaces()
        mode = self.math if math is None else math
        char = self.peek()
        if char == "{":
            return self.group(mode)
        if char == "\\":
            return self.collect(self.end, math=mode, once=True)
        if not char or char in "}$&^_" or char.isspace():
            return None
        self.pos += 1
        return char

    def two_arguments(self, name: str) -> tuple[str, str] | None:
        """The next two arguments; when there are fewer, emits the macro as written and returns None."""
        first = self.argument()
        second = self.argument() if first is not None else None
        if first is None or second is None:
            self.emit("\\" + name + ("" if first is None else f"{{{first}}}"))
            return None
        return first, second

    def as_written(self, name: str) -> str:
        r"""`\method{x}` as written, with the content of its braces converted."""
        text = "\\" + name
        while name.isalpha() and (content := self.group(self.math)) is not None:
            text += f"{{{content}}}"
        return text

    def collect(self, end: int, *, math: bool, once: bool = False) -> str:
        """The text from here to `end`, or the first step of it, converted."""
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
