"""Texts of sources as readers see them: white space normalised, TeX as Unicode. Pure."""

from __future__ import annotations

from bot.text.latex import to_unicode
from bot.text.plain import normalize_paragraphs, one_line


def readable_line(text: str) -> str:
    """A title, a name or an organization on one line, its TeX converted to Unicode.

    A line of several names is converted before it is split, because TeX contains separators: `A.\\,B. Sample`.
    """
    return one_line(to_unicode(one_line(text)))


def readable_paragraphs(text: str) -> str:
    """An abstract, its TeX converted to Unicode.

    Paragraphs are found first, because arXiv marks them by line breaks and indentation.
    """
    return normalize_paragraphs(to_unicode(normalize_paragraphs(text)))
