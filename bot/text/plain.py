"""Text as sources write it, made fit to read, and the little wording that everybody needs. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regex import Pattern

ELLIPSIS = "…"

#: Some submitters indent every line: an indented one begins a paragraph only after the end of a sentence. A formula
#: can be one, unless the next line goes on in small letters.
_PARAGRAPH_BREAK = re.compile(
    r"\n[^\S\n]*\n\s*|(?<=[.!?:;)\]])[^\S\n]*\n(?=[^\S\n])|(?<=\$)[^\S\n]*\n(?=[^\S\n]+[^\sa-z])"
)

#: Control characters that are not white space, half surrogates, and what turns the direction of the text.
_HARMFUL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]",
)


def strip_controls(text: str) -> str:
    """Without what can only harm a reader: control and direction characters (Trojan Source, CVE-2021-42574)."""
    return _HARMFUL.sub("", text)


def one_line(text: str) -> str:
    """White space of every kind collapsed to single spaces, control characters dropped."""
    return " ".join(strip_controls(text).split())


def normalize_paragraphs(text: str) -> str:
    """Paragraphs, each on one line, separated by one blank line.

    A paragraph ends at a blank line, or with a sentence whose next line is indented: that is how arXiv marks
    them (https://info.arxiv.org/help/prep.html#abstracts).
    """
    lines = strip_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n\n".join(p for p in (one_line(part) for part in _PARAGRAPH_BREAK.split(lines.strip())) if p)


def join_distinct(*reasons: str) -> str:
    """Reasons as one, `a; b`: what was said before is not said again."""
    return "; ".join(dict.fromkeys(said for reason in reasons for said in reason.split("; ") if said))


def pluralize(number: int, noun: str, plural: str = "") -> str:
    """`1 vote`, `12 votes`, `1,204 votes`, `2 deliveries`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def truncate(text: str, limit: int) -> str:
    """`text` within `limit` characters, ended by an ellipsis where something is missing.

    Cuts between words where there is a space in the last half, else between grapheme clusters; never inside a URL.
    """
    if len(text) <= limit:
        return text
    end = limit - len(ELLIPSIS)
    space = text.rfind(" ", end // 2, end + 1)
    end = _before_url(text, space if space > 0 else _whole_clusters(text, end))
    return text[:end].rstrip(" ,;:.–-") + ELLIPSIS


@lru_cache(maxsize=1)
def _cluster() -> Pattern[str]:
    """What a reader takes for one character (UAX #29, grapheme clusters): accents, flags, families, syllables."""
    import regex  # half of what this module takes to import, and seldom needed

    return regex.compile(r"\X")


def split_word(word: str, width: int) -> list[str]:
    """A word in pieces of at most `width` characters, or of one cluster that is longer."""
    made = [""]
    for match in _cluster().finditer(word):
        if made[-1] and len(made[-1]) + len(match[0]) > width:
            made.append("")
        made[-1] += match[0]
    return made


def _whole_clusters(text: str, end: int) -> int:
    """The last place up to `end` where one cluster ends and another begins."""
    ends = (match.end() for match in _cluster().finditer(text[: end + 1]))
    return max((place for place in ends if place <= end), default=0)


def _before_url(text: str, end: int) -> int:
    start = text.rfind(" ", 0, end) + 1
    rest = text.find(" ", end)
    return start if text[end] != " " and "://" in text[start : rest if rest > 0 else None] else end


def quote(text: str) -> str:
    """A user's text as a message quotes it: in quotes, on one line, and not too long."""
    line = one_line(text)
    return f"'{line[:60]}…'" if len(line) > 60 else f"'{line}'"


#: Letters that Unicode does not take apart, as people write them without their strokes.
_NOT_DECOMPOSED = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "þ": "th", "æ": "ae", "œ": "oe"}
)


def fold(text: str) -> str:
    """Case, accents and compatibility forms taken off: `Soljačić` -> `soljacic`."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_NOT_DECOMPOSED)
    return "".join(c for c in decomposed if not unicodedata.combining(c))
