"""Where groups and formulas end, and which dollars are math and which are prices.

It pairs braces and the marks around math, and does not depend on what is inside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Characters. No real formula is longer; a `$` whose partner is further away is a price.
LONGEST_MATH = 2_000

#: A brace, a dollar, or a backslash with what it escapes.
MARK = re.compile(r"[\\{}$](?:(?<!\\)|(?<=\\).)", re.DOTALL)
_CLOSER = {"$": "$", "\\(": "\\)", "\\[": "\\]"}

_PROSE = re.compile(r"[A-Za-z]{2}\s+[A-Za-z]{2}")
_BETWEEN_PRICES = re.compile(r"\d\s+(?:and|or|to|vs\.?|versus|per|for|in)\s")
_SENTENCE = re.compile(r"[A-Za-z]{2}[.;:!?]\s+[A-Za-z]{2}")
_NOT_PROSE = re.compile(r"\\[A-Za-z]+|\{[^{}]*\}")
_MATH_SIGN = re.compile(r"\\[A-Za-z!,;]|[\^_=<>]|\A\s*[A-Za-z]\s*\Z")
_AMOUNT = re.compile(r"[-–/+,(\s]*\d[\d.,]*\s*")
_WORD = re.compile(r"[A-Za-z]{2}")


def braces(marks: Iterable[tuple[int, str]]) -> dict[int, int]:
    """Offsets of closing braces by the offsets of their opening braces."""
    groups: dict[int, int] = {}
    open_: list[int] = []
    for at, mark in marks:
        if mark == "{":
            open_.append(at)
        elif mark == "}" and open_:
            groups[open_.pop()] = at
    return groups


def formulas(marks: Iterable[tuple[int, str]], groups: dict[int, int]) -> dict[int, int]:
    """Offsets of closing marks of math by those of the marks that may open it, within the same group."""
    spans: dict[int, int] = {}
    ends = set(groups.values())
    pending: list[dict[str, int]] = [{}]
    for at, mark in marks:
        if at in groups:
            pending.append({})
        elif at in ends:
            pending.pop()
        elif mark in pending[-1]:
            spans[pending[-1].pop(mark)] = at
        if mark in _CLOSER:
            pending[-1][_CLOSER[mark]] = at
    return spans


def is_math(content: str, *, before: str = "", after: str = "", display: bool = False) -> bool:
    """Whether the text between two dollars is math, not the text between two prices.

    `before` and `after`: the characters around the dollars. A displayed formula may begin and end with blank lines.

    >>> is_math("n log n"), is_math("5 and ", after="1"), is_math("-10", before="5")
    (True, False, False)
    """
    inner = content.strip()
    if not inner or len(content) > LONGEST_MATH or re.search(r"\n\s*\n", inner if display else content):
        return False
    if before.isdigit() and _AMOUNT.fullmatch(content):
        return False
    bare = _NOT_PROSE.sub("|", inner)
    if _PROSE.search(bare) or re.match(r"[,;:.)](?!\d)", inner):
        return False
    if inner != content and _WORD.search(bare):
        return False
    if content[-1].isspace() and not _MATH_SIGN.search(content):
        return False
    return not inner[0].isdigit() or _is_formula(content, after)


def _is_formula(content: str, after: str) -> bool:
    """The same for text that begins with a digit, as prices do: `$5-$10`, `$20 ($30)`."""
    if after.isdigit() or _SENTENCE.search(content) or _BETWEEN_PRICES.search(content):
        return False
    if any(content.count(a) != content.count(b) for a, b in ("()", "[]")):
        return False
    return re.search(r"\\[A-Za-z]", content) is not None or content[-1] not in " \t\n,.;:-/"
