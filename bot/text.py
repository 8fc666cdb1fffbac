"""Text as sources write it, made fit to read. Pure."""

from __future__ import annotations

import re

from bot.tex import readable

__all__ = ["one_line", "paragraphs", "readable", "said_once", "without_controls"]

#: Some submitters indent every line: an indented one begins a paragraph only after the end of a sentence. A formula
#: can be one, unless the next line goes on in small letters.
_PARAGRAPH_BREAK = re.compile(
    r"\n[^\S\n]*\n\s*|(?<=[.!?:;)\]])[^\S\n]*\n(?=[^\S\n])|(?<=\$)[^\S\n]*\n(?=[^\S\n]+[^\sa-z])"
)

#: Control characters that are not white space, half surrogates, and what turns the direction of the text.
_HARMFUL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]",
)


def without_controls(text: str) -> str:
    """Without what can only harm a reader: control and direction characters (Trojan Source, CVE-2021-42574)."""
    return _HARMFUL.sub("", text)


def one_line(text: str) -> str:
    """White space of every kind collapsed to single spaces, control characters dropped."""
    return " ".join(without_controls(text).split())


def paragraphs(text: str) -> str:
    """Paragraphs, each on one line, separated by one blank line.

    A paragraph ends at a blank line, or with a sentence whose next line is indented: that is how arXiv marks
    them (https://info.arxiv.org/help/prep.html#abstracts).
    """
    lines = without_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n\n".join(p for p in (one_line(part) for part in _PARAGRAPH_BREAK.split(lines.strip())) if p)


def said_once(*reasons: str) -> str:
    """Reasons as one, `a; b`: what was said before is not said again."""
    return "; ".join(dict.fromkeys(said for reason in reasons for said in reason.split("; ") if said))
