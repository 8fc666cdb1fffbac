"""What a reader's eye meets: the colour, background and size of every text, in the light and in the dark scheme.

Owns the cascade as far as mails need it (inherited colours and sizes, inline styles, the rules of dark @media
blocks), and the contrast of WCAG 2. Refuses to know what is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from tests.support.mail_lint.page import Declaration, Page, inline_style, matches, specificity

Colour = tuple[int, int, int]  #: red, green, blue, each 0 to 255
BLACK, WHITE, LINK = (0, 0, 0), (255, 255, 255), (0, 0, 238)
#: The sizes that browsers give to elements without one, in parts of their parent's (HTML Living Standard, 15.3).
SCALES = {"h1": 2, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 5 / 6, "sub": 5 / 6, "sup": 5 / 6}
_GROUNDS = ("background", "background-color")
#: Lets the parent's show.
SEE_THROUGH = {"transparent", "none", "inherit"}


@dataclass(frozen=True, slots=True)
class Look:
    """Of the text that stands directly in an element."""

    element: HtmlElement
    colour: Colour = BLACK
    ground: Colour = WHITE
    size: float = 16.0  #: px
    hidden: bool = False


def looks(page: Page, *, dark: bool) -> Iterator[Look]:
    """Of every element that shows text of its own."""
    known: dict[HtmlElement, Look] = {}
    for element in page.elements():
        parent = known.get(element.getparent()) or Look(element)
        look = known[element] = _look(element, parent, _styles(page, element, dark=dark))
        if not look.hidden and shows_text(element):
            yield look


def shows_text(element: HtmlElement) -> bool:
    if element.tag in {"style", "title", "html", "head"}:
        return False
    return any(text and text.strip() for text in (element.text, *(child.tail for child in element)))


def _look(element: HtmlElement, parent: Look, styles: dict[str, str]) -> Look:
    size = re.fullmatch(r"([\d.]+)px", styles.get("font-size", ""))
    is_bare_link = element.tag == "a" and "color" not in styles
    return Look(
        element,
        LINK if is_bare_link else read_colour(styles.get("color", "inherit")) or parent.colour,
        read_colour(styles.get("background", "inherit")) or parent.ground,
        float(size[1]) if size else parent.size * SCALES.get(element.tag, 1),
        parent.hidden or styles.get("display") == "none",
    )


def _styles(page: Page, element: HtmlElement, *, dark: bool) -> dict[str, str]:
    """What holds for one element: important before not, inline before sheet, then specificity, then order."""
    found: list[tuple[tuple[bool, bool, tuple[int, int, int]], Declaration]] = [
        ((one.important, True, (0, 0, 0)), one) for one in inline_style(element)
    ]
    if dark:
        found += [((one.important, False, weight), one) for weight, one in _dark_rules(page, element)]
    found.sort(key=lambda pair: pair[0])  # stable: the later of two equals stays the later
    styles = {"background": element.get("bgcolor", "inherit")}
    return styles | {_GROUNDS[0] if one.name in _GROUNDS else one.name: one.value for _, one in found}


def _dark_rules(page: Page, element: HtmlElement) -> Iterator[tuple[tuple[int, int, int], Declaration]]:
    for sheet in page.sheets:
        for block in sheet.blocks:
            weights = [specificity(one) for one in block.selectors if block.is_dark and matches(element, one)]
            yield from ((max(weights), one) for one in block.declarations if weights)


def read_colour(value: str) -> Colour | None:
    """Of #rgb and #rrggbb, which every client knows; None for all else."""
    found = re.fullmatch(r"#([0-9a-f]{6}|[0-9a-f]{3})", value.strip().lower())
    if not found:
        return None
    digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
    red, green, blue = (int(digits[place : place + 2], 16) for place in (0, 2, 4))
    return red, green, blue


def luminance(colour: Colour) -> float:
    """L = 0.2126 R + 0.7152 G + 0.0722 B, each c/12.92 if c <= 0.04045, else ((c + 0.055)/1.055)^2.4 (WCAG 2.2)."""
    parts = (part / 255 for part in colour)
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """(L1 + 0.05) / (L2 + 0.05), the lighter first: 1 to 21 (WCAG 2.2, 1.4.3)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def in_hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
