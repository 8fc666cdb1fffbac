"""Plain text: white space, paragraphs, control characters, and the wording that every room uses. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regex import Pattern

ELLIPSIS = "…"

#: Some submitters indent every line: an indented line begins a paragraph only after the end of a sentence, or after a
#: formula when it does not begin with a small letter.
_PARAGRAPH_BREAK = re.compile(
    r"\n[^\S\n]*\n\s*|(?<=[.!?:;)\]])[^\S\n]*\n(?=[^\S\n])|(?<=\$)[^\S\n]*\n(?=[^\S\n]+[^\sa-z])"
)

#: Control characters that are not white space, lone surrogates, and marks that change the direction of text.
_HARMFUL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]",
)


def strip_controls(text: str) -> str:
    """Remove control and direction characters, which can only harm a reader (Trojan Source, CVE-2021-42574)."""
    return _HARMFUL.sub("", text)


def one_line(text: str) -> str:
    """Collapse white space of every kind to single spaces; remove control characters."""
    return " ".join(strip_controls(text).split())


def normalize_paragraphs(text: str) -> str:
    """Put each paragraph on one line, with one blank line between paragraphs.

    A paragraph ends at a blank line, or at the end of a sentence when the next line is indented, as arXiv marks
    paragraphs (https://info.arxiv.org/help/prep.html#abstracts).
    """
    lines = strip_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n\n".join(p for p in (one_line(part) for part in _PARAGRAPH_BREAK.split(lines.strip())) if p)


def join_distinct(*reasons: str) -> str:
    """Join reasons as `a; b`, each one once."""
    return "; ".join(dict.fromkeys(part for reason in reasons for part in reason.split("; ") if part))


def pluralize(number: int, noun: str, plural: str = "") -> str:
    """`1 vote`, `12 votes`, `1,204 votes`, `2 deliveries`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def truncate(text: str, limit: int) -> str:
    """Shorten a text to `limit` characters; a shortened text ends with an ellipsis.

    Cuts between words if there is a space in the last half, else between grapheme clusters; never inside a URL.
    """
    if len(text) <= limit:
        return text
    end = limit - len(ELLIPSIS)
    space = text.rfind(" ", end // 2, end + 1)
    if space > 0:
        end = space
    else:
        clusters = (match.end() for match in _cluster().finditer(text[: end + 1]))
        end = max((place for place in clusters if place <= end), default=0)
    word, rest = text.rfind(" ", 0, end) + 1, text.find(" ", end)
    if text[end] != " " and "://" in text[word : rest if rest > 0 else None]:
        end = word
    return text[:end].rstrip(" ,;:.–-") + ELLIPSIS


@lru_cache(maxsize=1)
def _cluster() -> Pattern[str]:
    """What a reader sees as one character (UAX #29, grapheme clusters): accents, flags, families, syllables."""
    import regex  # takes half of this module's import time, and is seldom needed

    return regex.compile(r"\X")


def split_word(word: str, width: int) -> list[str]:
    """Split a word into pieces of at most `width` characters; a longer grapheme cluster is a piece of its own."""
    pieces = [""]
    for match in _cluster().finditer(word):
        if pieces[-1] and len(pieces[-1]) + len(match[0]) > width:
            pieces.append("")
        pieces[-1] += match[0]
    return pieces


def quote(text: str) -> str:
    """Quote a user's text in a message: in quotation marks, on one line, at most 60 characters of it."""
    line = one_line(text)
    return f"'{line[:60]}…'" if len(line) > 60 else f"'{line}'"


#: Letters that Unicode does not decompose, as people write them without their strokes.
_NOT_DECOMPOSED = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "þ": "th", "æ": "ae", "œ": "oe"}
)


def fold(text: str) -> str:
    """Remove case, accents and compatibility forms: `Soljačić` -> `soljacic`."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_NOT_DECOMPOSED)
    return "".join(c for c in decomposed if not unicodedata.combining(c))
