"""Accents of text and of math: which letters take which accent, and which escaped signs are quotation marks."""

from __future__ import annotations

import re
import unicodedata

from bot.text.latex.reader import Reader
from bot.text.latex.scripts import SUBSCRIPTS
from bot.text.latex.symbols import ACCENTS, MATH_ACCENTS, sign

_POSSESSIVE = re.compile(r"(?<=[A-Za-z]{2}\\')[st]\b")
_LETTER = re.compile(r"[^\W\d_]|\\")
_INDICES = "".join(SUBSCRIPTS.values())
_SPACED_LETTER = re.compile(r"\\|[ \t]+(?:[^\W\d_]|\\|\{)|(?<=[^A-Za-z])[^\W\d_]")


def accent(reader: Reader, name: str) -> str:
    if name == "'" and _POSSESSIVE.match(reader.source, reader.pos, reader.end):
        return "'"  # `it\'s` is an escaped apostrophe more often than a Polish ś
    if not _accent_follows(reader, name):
        return _not_accent(name)
    reader.skip_spaces()
    braced = reader.peek() == "{"
    text = reader.argument(math=False) or ""
    if _takes_accent(text, name, braced):
        return _accented(text, ACCENTS[name])
    if braced and len(text) > 1 and (letter := sign(name + text)) and len(letter) == 1:
        return letter  # arXiv's own reading of `\rho` and `\kappa`: `\r{ho}`, `\k{appa}`
    if braced and (text or name.isalpha()):
        return f"\\{name}{{{text}}}"
    return _not_accent(name) + text


def _accent_follows(reader: Reader, name: str) -> bool:
    r"""Whether a letter follows: at once, or after spaces in `\v c` and `{\' a}`."""
    if reader.peek() == "{":
        return reader.group_end(reader.pos) is not None
    grouped = reader.source[max(0, reader.pos - 3) : reader.pos - 2] == "{"
    pattern = _SPACED_LETTER if name.isalpha() or grouped else _LETTER
    return bool(pattern.match(reader.source, reader.pos, reader.end))


def _takes_accent(text: str, name: str, braced: bool) -> bool:
    r"""Whether `\'` or `\v` before this text is an accent: `\'e`, but not the `\'` of `it\'t` or the `\"` of `\"hat`.

    Before a letter that takes this accent in no European language, and without braces, it is a quotation mark.
    """
    if not text[:1].isalpha() or (name.isalpha() and not _is_one_letter(text)):
        return False
    composed = _accented(text[0], ACCENTS[name])
    return braced or not text.isascii() or name.isalpha() or composed < "\u0250" or composed in "ẽẼỹỸ"


def _not_accent(name: str) -> str:
    return name if name in "~^\"'`" else "\\" + name


def math_accent(reader: Reader, name: str) -> str | None:
    text = reader.argument(math=True)
    if text is None:
        return None
    if name == "overline" and text.isalnum():
        return "".join(c + MATH_ACCENTS[name] for c in text)
    return _accented(text, MATH_ACCENTS[name]) if _is_one_symbol(text) else f"\\{name}{{{text}}}"


def _accented(text: str, accent: str) -> str:
    """The text with the accent on its first letter, composed."""
    plain = {"ı": "i", "ȷ": "j"}.get(text[0], text[0])
    return unicodedata.normalize("NFC", plain + accent) + text[1:]


def _is_one_symbol(text: str) -> bool:
    """A letter, a digit or a sign of analysis, with its indices: x̂ᵢ is readable, but a mean of squares is not x̄²."""
    first, rest = text[:1], text[1:].rstrip(_INDICES)
    return (first.isalnum() or first in {"∂", "∇"}) and all(unicodedata.combining(c) for c in rest)


def _is_one_letter(text: str) -> bool:
    return text[:1].isalpha() and all(unicodedata.combining(c) for c in text[1:])
