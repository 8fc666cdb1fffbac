"""Texts of sources as readers see them: white space normalised, TeX as Unicode. Pure."""

from __future__ import annotations

from bot.text.latex import to_unicode
from bot.text.plain import normalize_paragraphs, one_line

#: Characters that are read of one text, which may be a line of thousands of names. Converting more takes minutes.
MAX_LENGTH = 500_000


def readable_line(text: str) -> str:
    """A title, a name or an organization on one line, its TeX converted to Unicode.

    A line of several names is converted before it is split, because TeX contains separators: `A.\\,B. Sample`.
    """
    return one_line(to_unicode(one_line(text[:MAX_LENGTH])))


def readable_paragraphs(text: str) -> str:
    """An abstract, its TeX converted to Unicode.

    Paragraphs are found first, because arXiv marks them by line breaks and indentation.
    """
    return normalize_paragraphs(to_unicode(normalize_paragraphs(text[:MAX_LENGTH])))
