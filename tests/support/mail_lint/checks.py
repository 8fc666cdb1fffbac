"""What a mail must be besides built of features that clients have: safe, small, labelled, and legible.

Owns these checks and their limits, each with its reason. Refuses to know caniemail.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.support.mail_lint.colours import SEE_THROUGH, contrast, in_hex, looks, read_colour
from tests.support.mail_lint.findings import Finding
from tests.support.mail_lint.page import Block, Declaration, Page, inline_style
from tests.support.mail_lint.uses import place

#: Gmail shows about 102 KB of HTML and clips the rest, footer and all (github.com/hteumeuleu/email-bugs/issues/41);
#: relays rewrite links and add to it.
LARGEST = 80_000  # bytes
#: Gmail kept 8,192 bytes of styles for years, 16,384 since (github.com/hteumeuleu/email-bugs/issues/90).
LONGEST_STYLE = 8_192  # characters
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3, level AA, for text of any size
SMALLEST_TEXT = 13.0  # px; iOS Mail enlarges what is smaller, and breaks lines elsewhere
#: Clients that darken mails by themselves turn these into each other, at the cost of all nuances between.
INVERTED = {(0, 0, 0), (255, 255, 255)}
_ACTIVE = {
    "script",
    "form",
    "iframe",
    "frame",
    "object",
    "embed",
    "applet",
    "input",
    "button",
    "select",
    "textarea",
}
_LOADED = {"img", "link", "audio", "video", "source", "track", "picture", "image"}
_LOADING = {"src", "srcset", "background", "poster", "data", "xlink:href"}
_COLOURED = {"color", "background", "background-color"}
_DARKENED = _COLOURED | {
    "border-color",
    *(f"border-{side}-color" for side in ("top", "right", "bottom", "left")),
}


def check(page: Page) -> Iterator[Finding]:
    yield from _size(page)
    yield from _labels(page)
    yield from _styles(page)
    yield from _elements(page)
    if page.for_word:
        yield from _elements(page.for_word)
    for at, declaration in _declarations(page):
        yield from _declared(at, declaration)
    for dark in (False, True):
        yield from _legible(page, dark=dark)


def _size(page: Page) -> Iterator[Finding]:
    if (size := len(page.source.encode())) > LARGEST:
        yield Finding("clipped", f"{size:,} bytes, over {LARGEST:,}: Gmail clips at 102 KB")


def _labels(page: Page) -> Iterator[Finding]:
    (root,) = page.roots
    if not root.get("lang"):
        yield Finding("lang", "<html> says no language: a screen reader guesses how to pronounce it")
    if not (root.findtext(".//title") or "").strip():
        yield Finding(
            "title", "no title: a screen reader, and a mail opened in a browser, has no name for it"
        )


def _styles(page: Page) -> Iterator[Finding]:
    if (length := sum(len(sheet.text) for sheet in page.sheets)) > LONGEST_STYLE:
        yield Finding(
            "long-style", f"{length:,} characters of styles: Gmail drops what is over {LONGEST_STYLE:,}"
        )
    for sheet in page.sheets:
        if sheet.broken:
            yield Finding(
                "broken-css", "a <style> block that does not parse: Gmail drops it", place(sheet.element)
            )
        for block in sheet.blocks:
            yield from _block(block)


def _block(block: Block) -> Iterator[Finding]:
    if block.is_at_rule and any(at.startswith("@") for at in block.within):
        # github.com/hteumeuleu/caniemail/issues/144
        yield Finding("nested", "an at-rule within another: Gmail drops the whole <style>", block.prelude)
    if "@import" in block.prelude:
        yield Finding("remote", "@import loads something: readers are asked first, and can be tracked")
    for one in block.declarations if block.within else ():
        if not one.important:
            yield Finding("weak", f"{one.written} without !important: the inline styles win", block.prelude)
        if block.is_dark and one.name not in _DARKENED:
            yield Finding("more-than-dark", f"{one.written}: half of the clients lose it", block.prelude)


def _elements(page: Page) -> Iterator[Finding]:
    for element in page.elements():
        at, names = place(element), set(element.attrib)
        if element.tag in _ACTIVE or any(name.startswith("on") for name in names):
            yield Finding(
                "active", f"<{element.tag}> acts: clients drop it, and filters take it for an attack", at
            )
        if element.tag in _LOADED or names & _LOADING:
            yield Finding("remote", f"<{element.tag}> loads something: readers are asked first", at)
        if element.tag in {"a", "area"} and not _leads_somewhere(element.get("href", "")):
            yield Finding(
                "link", f"a link to {element.get('href')!r}: only http, https and mailto are safe", at
            )
        if element.tag == "table" and element.get("role") not in {"presentation", "none"}:
            yield Finding("role", 'a table without role="presentation" is read out as data, cell by cell', at)


def _leads_somewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        bool(parts.netloc)
        if parts.scheme in {"http", "https"}
        else parts.scheme == "mailto" and "@" in parts.path
    )


def _declarations(page: Page) -> Iterator[tuple[str, Declaration]]:
    for element in page.elements():
        yield from ((place(element), one) for one in inline_style(element))
        if ground := element.get("bgcolor"):
            yield place(element), Declaration("background", ground, False, f"bgcolor={ground}")
    for sheet in page.sheets:
        yield from ((block.prelude, one) for block in sheet.blocks for one in block.declarations)


def _declared(at: str, one: Declaration) -> Iterator[Finding]:
    if "url(" in one.bare:
        yield Finding("remote", f"{one.name} loads something: readers are asked first", at)
    if one.name in _COLOURED and not read_colour(one.value) and one.bare not in SEE_THROUGH:
        yield Finding("colour", f"{one.written}: write it as #rrggbb, which every client knows", at)
    if one.name.startswith("background") and read_colour(one.value) in INVERTED:
        yield Finding("inverted", f"{one.written}: clients that darken mails turn black and white around", at)


def _legible(page: Page, *, dark: bool) -> Iterator[Finding]:
    scheme = "dark" if dark else "light"
    for look in looks(page, dark=dark):
        ratio = contrast(look.colour, look.ground)
        if ratio < LEAST_CONTRAST:
            pair = f"{in_hex(look.colour)} on {in_hex(look.ground)}"
            yield Finding(
                f"contrast-{scheme}", f"{pair}: {ratio:.2f}:1, under {LEAST_CONTRAST}:1", place(look.element)
            )
        if look.size < SMALLEST_TEXT:
            yield Finding("small", f"text of {look.size:g} px, under {SMALLEST_TEXT:g}", place(look.element))
