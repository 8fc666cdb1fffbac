"""Fractions, roots and binomials: which arguments they take, and how they are told from what stands around them.

Refuses to know when a numerator or a denominator needs brackets of its own: `bot.text.latex.scripts` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.text.latex.reader import Reader
from bot.text.latex.scripts import denominator, ends_factor, numerator, root
from bot.text.latex.symbols import OPERATORS

#: A name, perhaps raised or lowered, and a space, at the end.
_FUNCTION = re.compile(r"([a-z]{2,6})[⁰¹²³⁴-⁹₀-₉]* \Z")


def fraction(reader: Reader, name: str) -> str:
    before, of_function = reader.last(), _follows_function(reader)

    def written(top: str, bottom: str) -> str:
        text = f"{numerator(top.strip())}/{denominator(bottom.strip(), top.strip())}"
        if ends_factor(before) or before == "/" or of_function:
            return f"({text})"
        reader.emit_quotient(text)
        return ""

    return _with_two(reader, name, written)


def _follows_function(reader: Reader) -> bool:
    """Whether the fraction is the argument of a `log` or `log₂`, which would read as that of its numerator."""
    name = _FUNCTION.search("".join(reader.out[-3:])[-20:])
    return name is not None and name[1] in OPERATORS


def binomial(reader: Reader, name: str) -> str:
    return _with_two(reader, name, lambda top, bottom: f"({top} choose {bottom})")


def _with_two(reader: Reader, name: str, written: Callable[[str, str], str]) -> str:
    """The macro as written when it has fewer than two arguments."""
    top = reader.argument()
    bottom = reader.argument() if top is not None else None
    if top is None or bottom is None:
        return "\\" + name + ("" if top is None else f"{{{top}}}")
    return written(top, bottom)


def infix(reader: Reader, name: str) -> str:
    r"""`{n \choose k}` and `{1 \over 2}`: what the group says before and after it."""
    if not reader.math or not reader.out:
        return "\\" + name
    top = reader.take().strip()
    bottom = reader.collect(reader.end, math=True).strip()
    return (
        f"({top} choose {bottom})" if name == "choose" else f"({numerator(top)}/{denominator(bottom, top)})"
    )


def square_root(reader: Reader, name: str) -> str:
    degree = reader.skip_optional()
    text = reader.argument()
    if text is None:
        return "\\" + name
    reader.emit_quotient(root(degree, text.strip()))
    return ""
