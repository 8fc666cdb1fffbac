"""Why a feature may be lost (ALLOWED), or be had in part (PARTIAL), without a loss of meaning or layout.

Owns the reasons and the conditions that they hold under: a feature that is used in another way is a finding, whatever
stands here. Refuses to know the verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.mail_lint.page import style_value
from tests.support.mail_lint.uses import Use

CELLS = {"td", "th"}
TABLES = {"table", *CELLS}
THICKEST_BORDER = 8.0  # px; Word draws no thicker one
#: Of the font size: what Georgia and Arial take of themselves, so that Word's "at least" is no taller.
NATURAL_LINE = 1.2
_ONE_COLOUR = re.compile(r"#[0-9a-f]{3}(?:[0-9a-f]{3})?|transparent", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Excuse:
    why: str
    holds: Callable[[Use], bool] = lambda use: True


def _pixels(value: str) -> list[float]:
    return [float(number) for number in re.findall(r"(-?[\d.]+)px", value)]


def _is_zero(use: Use) -> bool:
    return not re.search(r"[1-9]|auto", use.value)


def _is_dark(use: Use) -> bool:
    return any("prefers-color-scheme" in at for at in use.within)


def _stands_on(*tags: str) -> Callable[[Use], bool]:
    return lambda use: use.tag in tags


def _has_value(*values: str) -> Callable[[Use], bool]:
    return lambda use: use.value in values


def _is_hidden(use: Use) -> bool:
    return use.element is not None and style_value(use.element, "display") == "none"


def _hides_no_table(use: Use) -> bool:
    return use.tag != "img" and use.element is not None and use.element.find(".//table") is None


def _fills_the_body(use: Use) -> bool:
    """Everything that the body's background is behind has a table of the same background behind it."""
    body = use.element
    ground = style_value(body, "background", "background-color") if body is not None else None
    if body is None or ground is None:
        return True
    shown = [
        child for child in body if isinstance(child.tag, str) and style_value(child, "display") != "none"
    ]
    grounds = {
        style_value(child, "background", "background-color") or child.get("bgcolor") for child in shown
    }
    return grounds == {ground} and not (body.text or "").strip()


def _plain_margin(use: Use) -> bool:
    """Word paints the background into the margin, and knows none on a span or the body."""
    bare = use.element is None or style_value(use.element, "background", "background-color") is None
    plain = bare and use.tag not in {"span", "body"} and not re.search(r"-\d|auto", use.value)
    return _is_zero(use) or plain


def _thin_border(use: Use) -> bool:
    thin = all(width <= THICKEST_BORDER for width in _pixels(use.value))
    return thin and (use.tag in TABLES or _is_dark(use))


def _line_is_tall_enough(use: Use) -> bool:
    """Unitless, told to be exact, or not under what the font takes of itself."""
    tall, size = _pixels(use.value), _pixels(style_value(use.element, "font-size") or "") if _on(use) else []
    exact = _on(use) and style_value(use.element, "mso-line-height-rule") == "exactly"
    unitless = re.fullmatch(r"[\d.]+%?", use.value)
    return bool(exact or unitless or (tall and size and tall[0] >= NATURAL_LINE * size[0]))


def _on(use: Use) -> bool:
    return use.element is not None


def _written_as_all_know_it(use: Use) -> bool:
    """In lower case, after a space, and not in a style attribute, where Word does not know it."""
    return use.element is None and bool(
        use.declaration and re.search(r"\S !important$", use.declaration.written)
    )


def _has_width_besides(use: Use) -> bool:
    return use.tag == "table" and use.element is not None and use.element.get("width") is not None


def _copies_nobody(use: Use) -> bool:
    return use.element is not None and "bcc=" not in use.element.get("href", "").lower()


def _in_head(use: Use) -> bool:
    return use.element is not None and any(one.tag == "head" for one in use.element.iterancestors())


_LONG_WORD = (
    "only a word longer than a line needs it, such as an address: there the line grows, and all is shown"
)
_ONLY_DARK = Excuse("picks what gets dark colours; where it does not, the light ones stay", _is_dark)

#: What one of the clients drops.
ALLOWED: dict[str, Excuse] = {
    "html-doctype": Excuse("tables with their own widths look alike in quirks mode"),
    "html-body": Excuse(
        "what it is replaced by is filled by a table of the same background", _fills_the_body
    ),
    "html-meta-color-scheme": Excuse(
        "tells Apple Mail that there are dark colours; elsewhere the light ones stay"
    ),
    "html-role": Excuse(
        "there a screen reader announces tables; it reads the same text", _stands_on("table")
    ),
    "css-at-media": Excuse("holds dark colours alone; without them the light ones stay", _is_dark),
    "css-at-media-prefers-color-scheme": Excuse("the light colours stay, which the client may darken itself"),
    "css-overflow-wrap": Excuse(_LONG_WORD),
    "css-word-break": Excuse(_LONG_WORD),
    "css-max-height": Excuse("a second way to hide what display: none hides", _is_hidden),
    "css-overflow": Excuse("a second way to hide what display: none hides", _is_hidden),
    "css-border-radius": Excuse("square corners"),
}

#: What one of the clients knows in part only, and none drops.
PARTIAL: dict[str, Excuse] = {
    "html-style": Excuse("all but the dark colours is inline; it stands in the head", _in_head),
    "html-dir": Excuse("Word errs on links alone", lambda use: use.tag != "a"),
    "html-lang": Excuse("Yahoo drops it from cells alone", lambda use: use.tag not in CELLS),
    "html-width": Excuse(
        "Word errs on images, and on pixels of a dense screen, where a table is narrower", _stands_on(*TABLES)
    ),
    "html-mailto-links": Excuse("only bcc is dropped", _copies_nobody),
    "css-background": Excuse(
        "one colour, which all of them take", lambda use: bool(_ONE_COLOUR.fullmatch(use.value))
    ),
    "css-border": Excuse("at most 8 px, on a table or a cell, where Word draws it", _thin_border),
    "css-display": Excuse("none, the one value that Word knows", _has_value("none")),
    "css-display-none": Excuse("on what holds neither table nor image", _hides_no_table),
    "css-font-size": Excuse(
        "in px, which all of them take", lambda use: bool(re.fullmatch(r"[\d.]+px", use.value))
    ),
    "css-font-weight": Excuse(
        "bold or not, which all of them know", _has_value("normal", "bold", "400", "700")
    ),
    "css-important": Excuse("in a <style> block, in lower case, after a space", _written_as_all_know_it),
    "css-line-height": Excuse(
        "Word takes it as the least height, and the font is no taller", _line_is_tall_enough
    ),
    "css-margin": Excuse("neither negative nor auto, and not on what has a background", _plain_margin),
    "css-max-width": Excuse(
        "on a table with a width: where it is lost, the lines are as long as the window", _has_width_besides
    ),
    "css-padding": Excuse("on cells, where Word knows it", lambda use: use.tag in CELLS or _is_zero(use)),
    "css-text-align": Excuse(
        "left, right, center or justify", _has_value("left", "right", "center", "justify")
    ),
    "css-text-decoration": Excuse(
        "none or underline; at worst a link is underlined", _has_value("none", "underline")
    ),
    "css-width": Excuse("on tables and cells, where Word knows it", _stands_on(*TABLES)),
    "css-selector-type": _ONLY_DARK,
    "css-selector-class": _ONLY_DARK,
    "css-selector-descendant": _ONLY_DARK,
    "css-selector-grouping": _ONLY_DARK,
}
