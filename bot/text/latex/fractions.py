"""Fractions, roots and binomials: their arguments, and brackets that separate them from the text around.

`bot.text.latex.scripts` decides when a numerator or a denominator needs brackets.
"""

from __future__ import annotations

import re

from bot.text.latex.reader import Reader
from bot.text.latex.scripts import denominator, ends_factor, numerator, root
from bot.text.latex.symbols import OPERATORS

#: A name, perhaps raised or lowered, and a space, at the end.
_FUNCTION = re.compile(r"([a-z]{2,6})[⁰¹²³⁴-⁹₀-₉]* \Z")


def fraction(reader: Reader, name: str) -> str:
    arguments = reader.two_arguments(name)
    if arguments is None:
        return ""
    top, bottom = (text.strip() for text in arguments)
    text = f"{numerator(top)}/{denominator(bottom, top)}"
    # The argument of a `log` or `log₂` would read as that of its numerator.
    function = _FUNCTION.search("".join(reader.out[-3:])[-20:])
    if ends_factor(reader.last()) or reader.last() == "/" or (function and function[1] in OPERATORS):
        return f"({text})"
    reader.emit_quotient(text)
    return ""


def binomial(reader: Reader, name: str) -> str:
    arguments = reader.two_arguments(name)
    return f"({arguments[0]} choose {arguments[1]})" if arguments else ""


def infix(reader: Reader, name: str) -> str | None:
    r"""`{n \choose k}` and `{1 \over 2}`: the arguments are the text of the group before and after the macro."""
    if not reader.math or not reader.out:
        return None
    top = reader.take().strip()
    bottom = reader.collect(reader.end, math=True).strip()
    return (
        f"({top} choose {bottom})" if name == "choose" else f"({numerator(top)}/{denominator(bottom, top)})"
    )


def square_root(reader: Reader, _name: str) -> str | None:
    degree = reader.skip_optional()
    text = reader.argument()
    if text is None:
        return None
    reader.emit_quotient(root(degree, text.strip()))
    return ""
