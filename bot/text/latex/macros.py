"""Macros: what each name that takes an argument, or does more than stand for a sign, becomes in plain text.

`macro` reads a name and calls its handler from the table at the end. A handler reads the arguments and returns the
text, or None to leave the macro's name as written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from bot.text.latex.accents import accent, math_accent
from bot.text.latex.formulas import bracket, environment, operator, ordinary, relation
from bot.text.latex.fractions import binomial, fraction, infix, square_root
from bot.text.latex.reader import Reader
from bot.text.latex.scripts import scripted
from bot.text.latex.symbols import (
    ACCENTS,
    ALPHABETS,
    CITATIONS,
    DROPPED,
    DROPPED_FIRST,
    KEEPS_SPACE,
    MATH_ACCENTS,
    MATH_STYLES,
    NOTHING,
    OPERATORS,
    RELATIONS,
    TEXT_STYLES,
    dingbat,
    sign,
    styled,
    unescaped,
)

_SCHEME = re.compile(r"https?://(?:www\.)?")
_THIS_URL = re.compile(r"this (?:https? )?URL", re.IGNORECASE)
_OPENING = re.compile(r"\s*\{")
_LENGTH = re.compile(r"\[-?[\d.]+\s*(?:mm|cm|pt|em|ex|in)\]")
_NAME = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)


def macro(reader: Reader) -> None:
    match = _NAME.match(reader.source, reader.pos, reader.end)
    if not match:
        reader.literal()
        return
    reader.pos = match.end()
    name = match[1]
    handler = _HANDLERS.get(name)
    if handler and not (reader.math and name in ACCENTS and not name.isalpha()):
        text = handler(reader, name)
        reader.emit("\\" + name if text is None else text)
        return
    text = sign(name)
    if text is None:
        reader.emit(reader.as_written(name))
    elif name in OPERATORS:
        operator(reader, text)
    elif text in RELATIONS or name in {"mid", "perp"}:
        relation(reader, text)
    else:
        ordinary(reader, name, text)


def _text_style(reader: Reader, name: str) -> str | None:
    reader.skip_star()
    if reader.peek().isspace() and not _OPENING.match(reader.source, reader.pos):
        return None  # in prose this is a word of its own: `C:\path and so on`
    return _style(reader, math=False)


def _math_style(reader: Reader, _name: str) -> str | None:
    return _style(reader, math=True)


def _style(reader: Reader, *, math: bool) -> str | None:
    if reader.is_cut_off():
        reader.pos += 1
        return ""
    return reader.argument(math)


def _alphabet(reader: Reader, name: str) -> str | None:
    text = reader.argument()
    return None if text is None else "".join(styled(c, ALPHABETS[name]) for c in text)


def _named_operator(reader: Reader, _name: str) -> str | None:
    reader.skip_star()
    text = reader.argument(math=True)
    if text is None:
        return None
    operator(reader, text)
    return ""


def _nothing(reader: Reader, name: str) -> str:
    if name not in KEEPS_SPACE:
        reader.skip_spaces()
    if name in {"left", "right", "middle"} and reader.peek() == ".":
        reader.pos += 1
    return ""


def _dropped(reader: Reader, _name: str) -> str | None:
    reader.skip_star()
    if reader.raw_argument() is None:
        return None
    if not reader.last() or reader.last().isspace():
        reader.skip_spaces()
    return ""


def _dropped_first(reader: Reader, name: str) -> str | None:
    reader.skip_optional()
    if reader.raw_argument() is None:
        return None
    if name == "resizebox":
        reader.raw_argument()
    return _style(reader, math=reader.math)


def _modulo(reader: Reader, _name: str) -> str | None:
    text = reader.argument()
    if text is None:
        return None
    return f"{'' if reader.last().isspace() else ' '}(mod {text.strip()})"


def _long_arrow(reader: Reader, name: str) -> str:
    reader.skip_optional()
    text = reader.argument()
    relation(reader, "←" if name == "xleftarrow" else "→")
    return f"[{text}] " if text and text.strip() else ""


def _stacked(reader: Reader, name: str) -> str:
    arguments = reader.two_arguments(name)
    if arguments is None:
        return ""
    above, base = arguments[0].strip(), arguments[1]
    reader.emit(base)
    return scripted("_" if name == "underset" else "^", above, "", reader.peek()) if above else ""


def _negated(reader: Reader, name: str) -> str:
    text = reader.argument()
    if not text or len(text.strip()) != 1:
        return "\\" + name + (text or "")
    relation(reader, unicodedata.normalize("NFC", text.strip() + "\u0338"))
    return ""


def _shifted(reader: Reader, name: str) -> str | None:
    text = reader.argument(math=False)
    mark = "_" if name == "textsubscript" else "^"
    return scripted(mark, text, reader.last(), reader.peek()) if text else text


def _link(reader: Reader, name: str) -> str | None:
    address = reader.raw_argument()
    if address is None:
        return None
    address = unescaped(address)
    text = reader.argument(math=False) if name != "url" and reader.peek() == "{" else None
    shown = (text or "").strip()
    if not shown or shown.startswith("http"):
        return text or address
    if _THIS_URL.fullmatch(shown) or shown.rstrip("/") == _SCHEME.sub("", address).rstrip("/"):
        return address
    return f"{(text or '').rstrip()} ({address})"


def _citation(reader: Reader, _name: str) -> str | None:
    reader.skip_star()
    while reader.skip_optional():
        pass
    keys = reader.raw_argument()
    if keys is None:
        return None
    return f"{'' if not reader.last() or reader.last() in ' (~[' else ' '}[{keys}]"


def _footnote(reader: Reader, name: str) -> str | None:
    reader.skip_optional()
    if name == "footnotemark":
        return ""
    before = "" if not reader.last() or reader.last().isspace() else " "
    if reader.is_cut_off():
        reader.pos += 1
        return before + "("
    text = reader.argument(math=False)
    return None if text is None else f"{before}({text.strip()})"


def _code_point(reader: Reader, name: str) -> str:
    r"""`\unicode{x2013}` as MathJax writes it, `\ding{182}` as pifont does."""
    raw = reader.raw_argument()
    match = re.fullmatch(r"x([0-9A-Fa-f]{2,5})|(\d{1,6})", raw or "")
    if not match:
        return "\\" + name + ("" if raw is None else f"{{{raw}}}")
    code = int(match[1], 16) if match[1] else int(match[2])
    char = dingbat(code) if name == "ding" else chr(code) if code < 0x110000 else ""
    return char if char.isprintable() and char else f"\\{name}{{{raw}}}"


def _line_break(reader: Reader, _name: str) -> str:
    if length := _LENGTH.match(reader.source, reader.pos, reader.end):
        reader.pos = length.end()
    while reader.peek() in {" ", "\t"} or (reader.math and reader.peek().isspace()):
        reader.pos += 1
    return "" if reader.last().isspace() else " "


def _verbatim(reader: Reader, _name: str) -> str | None:
    delimiter = reader.peek()
    end = (
        reader.source.find(delimiter, reader.pos + 1, min(reader.end, reader.pos + 500)) if delimiter else -1
    )
    if end < 0 or delimiter.isalnum() or delimiter.isspace():
        return None
    raw, reader.pos = reader.source[reader.pos + 1 : end], end + 1
    return raw


_Handler = Callable[[Reader, str], str | None]

_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(ACCENTS, accent),
    **dict.fromkeys(MATH_ACCENTS, math_accent),
    **dict.fromkeys(TEXT_STYLES, _text_style),
    **dict.fromkeys(MATH_STYLES, _math_style),
    **dict.fromkeys(ALPHABETS, _alphabet),
    **dict.fromkeys(NOTHING, _nothing),
    **dict.fromkeys(DROPPED, _dropped),
    **dict.fromkeys(DROPPED_FIRST, _dropped_first),
    **dict.fromkeys(CITATIONS, _citation),
    **dict.fromkeys(("(", "["), bracket),
    **dict.fromkeys(("frac", "tfrac", "dfrac", "cfrac", "nicefrac", "sfrac"), fraction),
    **dict.fromkeys(("binom", "tbinom", "dbinom"), binomial),
    **dict.fromkeys(("choose", "over"), infix),
    **dict.fromkeys(("operatorname", "DeclareMathOperator"), _named_operator),
    **dict.fromkeys(("xrightarrow", "xleftarrow"), _long_arrow),
    **dict.fromkeys(("stackrel", "overset", "underset"), _stacked),
    **dict.fromkeys(("textsuperscript", "textsubscript"), _shifted),
    **dict.fromkeys(("url", "href", "hyperlink"), _link),
    **dict.fromkeys(("footnote", "thanks", "footnotetext", "footnotemark"), _footnote),
    **dict.fromkeys(("unicode", "ding"), _code_point),
    **dict.fromkeys(("begin", "end"), environment),
    "ensuremath": _math_style, "sqrt": square_root, "pmod": _modulo,
    "not": _negated, "verb": _verbatim, "\\": _line_break,
}  # fmt: skip
