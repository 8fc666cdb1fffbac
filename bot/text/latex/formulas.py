"""Formulas: where they stand in the text, what their characters mean, and the spaces around their signs.

Owns the steps inside math and the spacing of signs, relations and operators. Refuses to know what a macro's name
stands for.
"""

from __future__ import annotations

import re

from bot.text.latex.reader import Reader
from bot.text.latex.scripts import ends_factor, scripted
from bot.text.latex.spans import LONGEST_MATH, is_math
from bot.text.latex.symbols import LARGE, LETTERS

_UNBRACED_POWER = re.compile(r"(?:-\d+|(?<=\d\^)\d{2,})(?!\d|\.\d)")
_OPERAND = re.compile(r"[^\W_]|\{(?![(}])|\\(?!left|[bB]igg?[lr]?(?![a-z])|[^A-Za-z])")
_SPACED_OPERAND = re.compile(
    r"[ \t]+(?!\\(?:pm|mp|times|cdot|div|circ|oplus|otimes)[ \t])(?=[^\W_]|[\\(\[{])"
)


def dollar(reader: Reader) -> None:
    """`$…$` and `$$…$$`, or a price."""
    width = 2 if reader.source.startswith("$$", reader.pos) else 1
    start = reader.pos + width
    close = reader.math_ends.get(start - 1, reader.end)
    content = reader.source[start : min(close, start + LONGEST_MATH + 1)]
    after = reader.source[close + width : close + width + 1]
    closed = close + width <= reader.end and reader.source.startswith("$" * width, close)
    if closed and is_math(content, before=reader.before(), after=after, display=width == 2):
        reader.pos = start
        formula(reader, close, width)
    else:
        reader.literal()


def formula(reader: Reader, close: int, width: int) -> None:
    """Math up to `close`, without the spaces at its ends unless two words would become one."""
    start = reader.pos
    text = converted(reader, close)
    reader.pos = close + width
    if reader.source[start].isspace() and reader.last().isalnum():
        text = " " + text
    if reader.source[close - 1].isspace() and reader.peek().isalnum():
        text += " "
    reader.emit(text)


def converted(reader: Reader, close: int) -> str:
    """Math up to `close`, without the spaces that say nothing on one line."""
    math = re.sub(r"[ \t]{2,}", " ", reader.collect(close, math=True).strip())
    return re.sub(r"(?<=[(\[{⟨⌈⌊]) | (?=[)\]},;⟩⌉⌋])", "", math)


def bracket(reader: Reader, name: str) -> str:
    r"""`\(…\)` and `\[…\]`."""
    close = reader.math_ends.get(reader.pos - 2)
    if close is None or close >= reader.end or close - reader.pos > LONGEST_MATH:
        return "\\" + name
    if close > reader.pos:
        formula(reader, close, 2)
    reader.pos = close + 2
    return ""


def math_group(reader: Reader) -> None:
    end = reader.group_end(reader.pos)
    if end is None:
        reader.literal()
        return
    reader.pos += 1
    text = reader.collect(end, math=True)
    (reader.emit_quotient if reader.ends_with_quotient else reader.emit)(text)
    reader.pos = end + 1


def script(reader: Reader) -> None:
    mark, before = reader.peek(), reader.last() or _before_formula(reader)
    reader.pos += 1
    raised = _unbraced_power(reader) if mark == "^" else None
    raised = reader.argument() if raised is None else raised
    if raised is None:
        reader.emit(mark)
    elif raised.strip():
        reader.emit(scripted(mark, raised.strip(), before, reader.peek()))


def _unbraced_power(reader: Reader) -> str | None:
    r"""The `-3` of `10^-3` and the `12` of `10^12`: TeX would raise one character, and nobody means that."""
    match = _UNBRACED_POWER.match(reader.source, reader.pos, reader.end)
    if match:
        reader.pos = match.end()
    return match[0] if match else None


def _before_formula(reader: Reader) -> str:
    r"""The `1` of `1$^{\text{st}}$` for a script that opens its formula."""
    return reader.source[reader.pos - 2] if reader.pos > 1 and reader.before() == "$" else ""


def primes(reader: Reader) -> None:
    reader.emit("′")
    reader.pos += 1


def math_space(reader: Reader) -> None:
    reader.emit(" ")
    reader.pos += 1


def ordinary(reader: Reader, name: str, sign: str) -> None:
    r"""A sign. The space after `\alpha` ends its name: it is one only where a space stands before, too."""
    spaced = _stands_after_space(reader, name)
    if name in {"rvert", "rVert"}:
        reader.drop_space()
    if sign.endswith(".") and reader.peek() == ".":
        reader.pos += 1
    if reader.source.startswith("{}", reader.pos):
        reader.pos += 2
    elif not spaced and name.isalpha() and (reader.math or name in LETTERS):
        _skip_spaces_before_operand(reader)
    reader.emit(" " + sign if sign in LARGE and ends_factor(reader.last()) else sign)


def _stands_after_space(reader: Reader, name: str) -> bool:
    r"""Whether one was typed before the macro, in formulas or in `3 \AA wide`; the `\,` of `5\,\mu m` is none."""
    at = reader.pos - len(name) - 1
    typed = reader.source[max(0, at - 2) : at]
    return typed[-1:].isspace() and (reader.math or (name == "AA" and typed[:1].isdigit()))


def _skip_spaces_before_operand(reader: Reader) -> None:
    """White space that ends a macro's name. Before `=` and the like it stays, for what stands around them."""
    match = _SPACED_OPERAND.match(reader.source, reader.pos, reader.end)
    reader.pos = match.end() if match else reader.pos


def relation(reader: Reader, sign: str) -> None:
    before = reader.last()
    unary = not before or before in "([{,⟨"
    reader.skip_spaces()
    closed = not reader.peek() or reader.peek() in ")],;"
    left = "" if unary or before.isspace() else " "
    reader.emit(left + sign + ("" if unary or closed or reader.peek().isspace() else " "))


def operator(reader: Reader, sign: str) -> None:
    last = reader.last()
    reader.emit(" " + sign if ends_factor(last) else sign)
    while reader.math and reader.peek() in {"^", "_"}:
        script(reader)
    if _OPERAND.match(reader.source, reader.pos, reader.end):
        reader.emit(" ")
