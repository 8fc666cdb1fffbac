"""Formulas: where they are in the text, what their characters mean, and the spaces around their signs."""

from __future__ import annotations

import re

from bot.text.latex.reader import Reader
from bot.text.latex.scripts import ends_factor, scripted
from bot.text.latex.spans import LONGEST_MATH, is_math
from bot.text.latex.symbols import LARGE, LETTERS, MATH_ENVIRONMENTS, TEXT_ENVIRONMENTS

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
    """Math up to `close`, without the spaces at its ends unless two words would become one.

    Inside, spaces that have no meaning on one line are left out. `width`: of the closing mark.
    """
    start = reader.pos
    text = re.sub(r"[ \t]{2,}", " ", reader.collect(close, math=True).strip())
    text = re.sub(r"(?<=[(\[{⟨⌈⌊]) | (?=[)\]},;⟩⌉⌋])", "", text)
    reader.pos = close + width
    if reader.source[start].isspace() and reader.last().isalnum():
        text = " " + text
    if reader.source[close - 1].isspace() and reader.peek().isalnum():
        text += " "
    reader.emit(text)


def bracket(reader: Reader, _name: str) -> str | None:
    r"""`\(…\)` and `\[…\]`."""
    close = reader.math_ends.get(reader.pos - 2)
    if close is None or close >= reader.end or close - reader.pos > LONGEST_MATH:
        return None
    if close > reader.pos:
        formula(reader, close, 2)
    reader.pos = close + 2
    return ""


def environment(reader: Reader, name: str) -> str | None:
    r"""`\begin{equation} ... \end{equation}` is a formula; rows and cells are separated by spaces."""
    kind = reader.raw_argument()
    if kind is None:
        return None
    closing = f"\\end{{{kind}}}"
    known = kind.rstrip("*") in MATH_ENVIRONMENTS
    if known and name == "begin" and not reader.math:
        end = reader.source.find(closing, reader.pos, min(reader.end, reader.pos + LONGEST_MATH))
        if end > reader.pos:
            formula(reader, end, len(closing))
            return ""
        known = False
    return "" if known or kind.rstrip("*") in TEXT_ENVIRONMENTS else f"\\{name}{{{kind}}}"


def math_group(reader: Reader) -> None:
    text = reader.group(math=True)
    if text is None:
        reader.literal()
    else:
        (reader.emit_quotient if reader.ends_with_quotient else reader.emit)(text)


def script(reader: Reader) -> None:
    mark, before = reader.peek(), reader.last()
    if not before and reader.pos > 1 and reader.before() == "$":
        before = reader.source[reader.pos - 2]  # the `1` of `1$^{\text{st}}$`
    reader.pos += 1
    # `10^-3` and `10^12`: TeX would raise one character, but that is never meant.
    power = _UNBRACED_POWER.match(reader.source, reader.pos, reader.end) if mark == "^" else None
    if power:
        reader.pos = power.end()
    raised = power[0] if power else reader.argument()
    if raised is None:
        reader.emit(mark)
    elif raised.strip():
        reader.emit(scripted(mark, raised.strip(), before, reader.peek()))


def primes(reader: Reader) -> None:
    reader.emit("′")
    reader.pos += 1


def math_space(reader: Reader) -> None:
    reader.emit(" ")
    reader.pos += 1


def ordinary(reader: Reader, name: str, sign: str) -> None:
    r"""A sign. A space after `\alpha` only ends its name: it is kept if a space was typed before the macro, too."""
    start = reader.pos - len(name) - 1
    typed = reader.source[max(0, start - 2) : start]
    # In formulas and in `3 \AA wide`; the `\,` of `5\,\mu m` does not count.
    spaced = typed[-1:].isspace() and (reader.math or (name == "AA" and typed[:1].isdigit()))
    if name in {"rvert", "rVert"} and reader.out and reader.out[-1].isspace():
        reader.out.pop()
    if sign.endswith(".") and reader.peek() == ".":
        reader.pos += 1
    if reader.source.startswith("{}", reader.pos):
        reader.pos += 2
    elif not spaced and name.isalpha() and (reader.math or name in LETTERS):
        # Before `=` and the like the space is kept, as they have spaces around them.
        match = _SPACED_OPERAND.match(reader.source, reader.pos, reader.end)
        reader.pos = match.end() if match else reader.pos
    reader.emit(" " + sign if sign in LARGE and ends_factor(reader.last()) else sign)


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
