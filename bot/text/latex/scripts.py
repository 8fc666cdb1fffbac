"""Superscripts and subscripts, fractions and roots on one line of plain text.

When brackets are needed, and which characters Unicode can raise and lower. It takes text that is converted already,
and does not depend on TeX.
"""

from __future__ import annotations

import re
import unicodedata

_LONGEST_FACTOR = 200

SUPERSCRIPTS = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ",
        strict=True,
    )
)
SUBSCRIPTS = dict(
    zip("0123456789+-−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True)
)
#: Signs that are raised already by their shape.
_RAISED = {"∘": "°", "°": "°", "*": "*", "∗": "*", "⋆": "⋆", "′": "′", "†": "†", "‡": "‡"}
_ORDINALS = frozenset({"st", "nd", "rd", "th"})

_SUM = re.compile(r"[-+±∓=<>/,\s]|[×·≤≥≠≈∈→]")
_FACTOR = re.compile(
    r"√?(?:[\d.]+%?|[^\W\d_][\u0300-\u036f]*)[′*!₀-₉⁰¹²³⁴-⁹ₐ-ₜᵢ-ᵪⁱⁿ]*|\|[^|]*\||‖[^‖]*‖[₀-₉]?"
)
_DIFFERENTIAL = re.compile(r"([d∂])[^\W\d_][₀-₉⁰¹²³⁴-⁹ₐ-ₜᵢ-ᵪⁱⁿ]*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def scripted(mark: str, script: str, before: str, after: str) -> str:
    """`^` or `_` and its script, raised or lowered where Unicode has all the characters.

    >>> scripted("^", "-3", "0", ""), scripted("_", "cut", "M", ""), scripted("^", "a/b", "x", "")
    ('⁻³', '_cut', '^(a/b)')
    >>> scripted("_", "±0.3", "7", "")  # the uncertainty of a figure, small below it
    '±0.3'
    """
    if mark == "_" and script[:1] == "±" and before.isdigit() and _NUMBER.fullmatch(script[1:].strip()):
        return "±" + script[1:].strip()
    if mark == "^" and (script in _RAISED or (script in _ORDINALS and before.isdigit())):
        return _RAISED.get(script, script)
    tight = re.sub(r"\s*([-+=])\s*", r"\1", script)
    table = SUPERSCRIPTS if mark == "^" else SUBSCRIPTS
    legible = "(" not in tight or _is_bracketed(tight)
    if legible and all(c in table for c in tight) and not _is_word(script):
        return "".join(table[c] for c in tight)
    if _is_bracketed(script) or (len(script) == 1 and not script.isalnum()):
        return mark + script
    bare = (_is_one_name(script) or _NUMBER.fullmatch(script)) and not after.isalnum()
    product = mark == "^" and len(script) == 2 and script.isalpha()
    return mark + (script if bare and not product else f"({script})")


def ends_factor(last: str) -> bool:
    """Whether text that ends with this character would run into a word that follows."""
    return bool(last) and (last.isalnum() or last in ")]}" or bool(unicodedata.combining(last)))


def _is_one_name(text: str) -> bool:
    """Whether a script can follow its mark without brackets: letters and digits on the line only."""
    return all(unicodedata.category(c) in {"Lu", "Ll", "Lo", "Nd"} for c in text)


def _is_bracketed(text: str) -> bool:
    return text[:1] == "(" and text[-1:] == ")" and not re.search(r"[()]", text[1:-1])


def _is_word(script: str) -> bool:
    """Whether a script is a word such as `max`, better read on the line, and not the indices `ijk`."""
    return len(script) > 2 and script.isalpha() and script not in "ijklmnop"


def _without_brackets(text: str) -> str:
    """The text without the content of its brackets."""
    depth, outside = 0, []
    for char in text:
        depth -= char in ")]⟩}"
        if depth <= 0:
            outside.append(char)
        depth += char in "([⟨{"
    return "".join(outside)


def numerator(text: str) -> str:
    long = len(text) > _LONGEST_FACTOR
    return f"({text})" if long or _SUM.search(_without_brackets(text)) else text


def denominator(text: str, above: str = "") -> str:
    """`n`, `(q+1)` and the `dx` of d/dx as they are; `2n` in brackets, or 1/2n could be n/2."""
    if len(text) > _LONGEST_FACTOR:
        return f"({text})"
    outside = _without_brackets(text)
    bare = (
        _FACTOR.fullmatch(text) or _is_bracketed(text) or (outside[-1:] in ")⟩" and not _SUM.search(outside))
    )
    differential = _DIFFERENTIAL.fullmatch(text)
    return text if bare or (differential and above[:1] == differential[1]) else f"({text})"


def root(degree: str, text: str) -> str:
    sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(degree) or (
        "".join(SUPERSCRIPTS.get(c, c) for c in degree) + "√"
    )
    bare = len(text) == 1 or text.isdigit() or _is_bracketed(text)
    return sign + (text if bare else f"({text})")
