"""TeX as arXiv's metadata has it, converted to Unicode. Pure.

arXiv's titles, abstracts and names are ASCII with TeX in it (https://info.arxiv.org/help/prep.html), typed by
people and never compiled: dollars that are prices, macros that nobody defined, braces that never close. So this
converts what it knows and leaves the rest as written. It does not read documents: no packages, definitions or tables.

The symbols are pylatexenc's. Its parser is not used: on text that was never compiled it dropped everything after
a `%`. Every character is read once, and groups nested deeper than `reader._DEEPEST` stay as written, so the time is
proportional to the length of any input.
"""

from __future__ import annotations

import re

from bot.text.latex import formulas, prose
from bot.text.latex.macros import macro
from bot.text.latex.reader import Reader, Steps

__all__ = ["to_unicode"]

_TEXT_STEPS: Steps = {
    "h": prose.address, "w": prose.address, "\\": macro, "{": prose.text_group, "}": Reader.literal,
    "$": formulas.dollar, "^": prose.power, "~": prose.tie, "`": prose.opening_quote, "'": prose.closing_quote,
    '"': prose.closing_quote, "-": prose.dash,
}  # fmt: skip
_MATH_STEPS: Steps = {
    "\\": macro, "{": formulas.math_group, "^": formulas.script, "_": formulas.script,
    "~": formulas.math_space, "&": formulas.math_space, "'": formulas.primes,
}  # fmt: skip
_ESCAPED_ACCENT = re.compile(r"\\\{(\\(?:[`'^\"~=.]|[cvuHkdbr](?![A-Za-z]))\s*(?:\{\\?\w\}|\\?\w))\\\}")

#: Searched one by one: ten times as fast as a regular expression, and most texts have none.
_SIGNS_OF_TEX = ("\\", "$", "^", "{", "}", "~", "`", "--", "''")


def to_unicode(text: str) -> str:
    r"""Convert the TeX of titles, abstracts and names to Unicode; what cannot be converted stays as written.

    The result is at most twice as long as the text, and the same object when there is no sign of TeX in it.

    >>> to_unicode(r"Andr\'e: $O(n \log n)$ for $800, 50\% of $\mathbb{R}^{d}$")
    'André: O(n log n) for $800, 50% of ℝᵈ'
    """
    if not any(sign in text for sign in _SIGNS_OF_TEX):
        return text
    source = _ESCAPED_ACCENT.sub(r"{\1}", text)
    return Reader(source, _TEXT_STEPS, _MATH_STEPS).collect(len(source), math=False)
