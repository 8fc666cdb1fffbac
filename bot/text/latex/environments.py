r"""Environments: what `\begin` and `\end` stand around, and the rows and cells of those that have them.

Refuses to know what stands in a cell.
"""

from __future__ import annotations

import re

from bot.text.latex.formulas import converted, formula
from bot.text.latex.reader import Reader
from bot.text.latex.spans import LONGEST_MATH
from bot.text.latex.symbols import MATH_ENVIRONMENTS, TEXT_ENVIRONMENTS

#: What stands before, between the cells of a row, and after. Rows are parted by a semicolon.
_GRIDS = {
    "cases": ("{", ", ", "}"), "matrix": ("", " ", ""), "smallmatrix": ("", " ", ""), "array": ("", " ", ""),
    "pmatrix": ("(", " ", ")"), "bmatrix": ("[", " ", "]"), "Bmatrix": ("{", " ", "}"),
    "vmatrix": ("|", " ", "|"), "Vmatrix": ("‖", " ", "‖"),
}  # fmt: skip
_LENGTH = re.compile(r"\[-?[\d.]+\s*(?:mm|cm|pt|em|ex|in)\]")
_SPACES = re.compile(r"\s*")


def environment(reader: Reader, name: str) -> str:
    kind = reader.raw_argument()
    if kind is None:
        return "\\" + name
    if kind.rstrip("*") in TEXT_ENVIRONMENTS:
        return ""
    closing = f"\\end{{{kind}}}"
    end = reader.source.find(closing, reader.pos, min(reader.end, reader.pos + LONGEST_MATH))
    nested = end > 0 and reader.source.find(f"\\begin{{{kind}}}", reader.pos, end) > 0
    known = kind in _GRIDS or kind.rstrip("*") in MATH_ENVIRONMENTS
    if name == "end" or nested or end <= reader.pos or not known:
        return f"\\{name}{{{kind}}}"
    outer = reader.row, reader.cell
    before, reader.cell, after = _GRIDS.get(kind, ("", " ", ""))
    reader.row = "; "
    if kind in _GRIDS:
        _grid(reader, kind, end, before, after)
        reader.pos = end + len(closing)
    else:
        formula(reader, end, len(closing))
    reader.row, reader.cell = outer
    return ""


def _grid(reader: Reader, kind: str, end: int, before: str, after: str) -> None:
    if kind == "array":
        reader.raw_argument()
    reader.emit(f"{before}{converted(reader, end)}{after}")


def next_row(reader: Reader, _name: str) -> str:
    r"""`\\`: a space, or what parts the rows of an environment, unless the row goes on or the text parts them."""
    if length := _LENGTH.match(reader.source, reader.pos, reader.end):
        reader.pos = length.end()
    if not reader.math:
        reader.skip_spaces()
        return "" if reader.last().isspace() else " "
    spaces = _SPACES.match(reader.source, reader.pos, reader.end)
    reader.pos = spaces.end() if spaces else reader.pos
    if reader.cell == ", ":
        reader.emit(reader.take().rstrip(" ,;"))
    plain = reader.row == " " or reader.peek() in {"", "&"} or _said(reader)[-1:] in {"", ",", ";", "."}
    return " " if plain else reader.row


def next_cell(reader: Reader) -> None:
    reader.pos += 1
    reader.emit(" " if reader.cell == " " or _said(reader)[-1:] == "," else reader.cell)


def _said(reader: Reader) -> str:
    """The last thing that is no space, if it was one of the last four."""
    return next((text.rstrip() for text in reversed(reader.out[-4:]) if not text.isspace()), "")
