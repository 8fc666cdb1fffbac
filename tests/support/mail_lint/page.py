"""A mail's HTML, read into what the checks ask for: elements, styles, and what only Word sees.

Owns the reading of HTML and of the simple CSS that mails have: blocks, at-rules, declarations, selectors. Refuses to
know which client supports what, and what is right or wrong. Reading it here spares the tests a CSS library; what this
reader does not understand it says (BrokenCss), so that nothing slips past the checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from lxml import html
from lxml.html import HtmlElement

_PIECE = re.compile(
    r"""(?P<comment>/\*.*?\*/) | (?P<text>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | \([^(){}]*\) | [^{};"'])""",
    re.DOTALL | re.VERBOSE,
)
_STRING = re.compile(r"""("|')(?:\\.|(?!\1).)*\1""", re.DOTALL)
_FOR_WORD = re.compile(r"\[if [^\]!]*\bmso\b[^\]]*\]>(.*)<!\[endif\]", re.DOTALL)
_COMBINED = re.compile(r"(.*?)(?:\s*([>+~])\s*|(\s+))((?:\[[^\]]*\]|[^\s>+~\[\]])+)", re.DOTALL)
_COMPOUND = re.compile(r"([a-z][a-z0-9]*|\*)?((?:[.#][\w-]+)*)", re.IGNORECASE)


class BrokenCss(Exception):
    """Braces, strings or comments that do not close; Gmail drops such a block as a whole."""


@dataclass(frozen=True, slots=True)
class Declaration:
    name: str  #: in lower case
    value: str  #: without !important
    important: bool
    written: str  #: as it stands in the mail

    @property
    def bare(self) -> str:
        """The value in lower case without its strings: what keywords, units and functions are looked for in."""
        return _STRING.sub(" ", self.value).lower()


@dataclass(frozen=True, slots=True)
class Block:
    prelude: str  #: what stands before the brace, or before the semicolon of an at-rule without block
    declarations: tuple[Declaration, ...]
    within: tuple[str, ...]  #: the preludes around it, the outermost first

    @property
    def selectors(self) -> tuple[str, ...]:
        return () if self.is_at_rule else tuple(part.strip() for part in self.prelude.split(","))

    @property
    def is_at_rule(self) -> bool:
        return self.prelude.startswith("@")

    @property
    def is_dark(self) -> bool:
        return any(re.search(r"prefers-color-scheme:\s*dark", at) for at in self.within)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One <style> element."""

    element: HtmlElement
    text: str
    blocks: tuple[Block, ...]
    broken: bool  #: it could not be read to its end, and has no blocks


@dataclass(slots=True)
class Page:
    """A whole mail, or what a conditional comment of one shows to Word (`for_word` is then empty)."""

    source: str
    doctype: str
    roots: tuple[HtmlElement, ...]
    sheets: tuple[Sheet, ...] = field(init=False)
    for_word: Page | None = field(init=False)

    def __post_init__(self) -> None:
        self.sheets = tuple(_sheet(one) for one in self.elements() if one.tag == "style")
        hidden = "".join(found[1] for text in self.comments() if (found := _FOR_WORD.match(text)))
        self.for_word = Page("", "", _fragments(hidden)) if hidden else None

    def elements(self) -> Iterator[HtmlElement]:
        """In the order of the document, so that a parent comes before its children."""
        return (one for root in self.roots for one in root.iter() if isinstance(one.tag, str))

    def comments(self) -> Iterator[str]:
        return (one.text or "" for root in self.roots for one in root.iter() if one.tag is html.etree.Comment)


def read_page(source: str) -> Page:
    root = html.document_fromstring(source.encode(), parser=html.HTMLParser(encoding="utf-8"))
    return Page(source, root.getroottree().docinfo.doctype, (root,))


def _fragments(source: str) -> tuple[HtmlElement, ...]:
    """A comment may close what another one opened: an end tag alone is nothing to judge."""
    return tuple(one for one in html.fragments_fromstring(source) if not isinstance(one, str))


# --- CSS --------------------------------------------------------------------------------------------------


def _sheet(element: HtmlElement) -> Sheet:
    text = element.text or ""
    try:
        return Sheet(element, text, tuple(read_blocks(text)), broken=False)
    except BrokenCss:
        return Sheet(element, text, (), broken=True)


def read_blocks(css: str) -> Iterator[Block]:
    """Every block, inner ones before those around them, and every at-rule that ends with a semicolon."""
    open_preludes: list[str] = []
    bodies: list[list[str]] = [[]]
    piece = ""
    for token in _tokens(css):
        if token == "{":
            open_preludes.append(piece.strip())
            bodies.append([])
        elif token == ";" and piece.strip().startswith("@"):
            yield Block(piece.strip(), (), tuple(open_preludes))
        elif token == ";":
            bodies[-1].append(piece)
        elif token == "}":
            if not open_preludes:
                raise BrokenCss(css)
            body = [*bodies.pop(), piece]
            yield Block(open_preludes.pop(), tuple(_declarations(body)), tuple(open_preludes))
        else:
            piece += token
            continue
        piece = ""
    if open_preludes or piece.strip():
        raise BrokenCss(css)


def _tokens(css: str) -> Iterator[str]:
    """Braces, semicolons, strings, brackets with what they hold, and single characters; no comments."""
    place = 0
    while place < len(css):
        found = _PIECE.match(css, place)
        if found is None and css[place] not in "{};":
            raise BrokenCss(css)
        if found is None or found["text"]:
            yield found["text"] if found else css[place]
        place = found.end() if found else place + 1


def _declarations(texts: list[str]) -> Iterator[Declaration]:
    for text in texts:
        name, _, value = text.partition(":")
        if name.strip():
            plain, important = re.subn(r"\s*!\s*important\s*$", "", value, flags=re.IGNORECASE)
            yield Declaration(name.strip().lower(), plain.strip(), bool(important), text.strip())


@cache
def _inline(style: str) -> tuple[Declaration, ...]:
    try:
        (block,) = read_blocks(f"inline {{{style}}}")
    except (BrokenCss, ValueError):  # ValueError: more than one block, so that a brace stands in it
        return (Declaration("broken", style, False, style),)
    return block.declarations


def inline_style(element: HtmlElement) -> tuple[Declaration, ...]:
    return _inline(element.get("style", ""))


def style_value(element: HtmlElement, *names: str) -> str | None:
    """Of the last declaration by one of these names in the element's own style."""
    values = [one.value for one in inline_style(element) if one.name in names]
    return values[-1] if values else None


# --- Selectors --------------------------------------------------------------------------------------------


@cache
def split_selector(selector: str) -> tuple[str, str, str]:
    """What stands before the last combinator, that combinator, and the last compound."""
    found = _COMBINED.fullmatch(selector.strip())
    return (found[1], found[2] or " ", found[4]) if found else ("", "", selector.strip())


def matches(element: HtmlElement, selector: str) -> bool:
    """Types, classes, ids, descendants and children; what depends on states or siblings never does."""
    before, combinator, last = split_selector(selector)
    if not _is(element, last):
        return False
    if not before:
        return True
    if combinator == " ":
        return any(matches(one, before) for one in element.iterancestors())
    parent = element.getparent()
    return combinator == ">" and parent is not None and matches(parent, before)


def _is(element: HtmlElement, compound: str) -> bool:
    found = _COMPOUND.fullmatch(compound)
    if not found:
        return False
    own = {f".{name}" for name in element.get("class", "").split()} | {f"#{element.get('id')}"}
    return found[1] in (None, "*", element.tag) and set(re.findall(r"[.#][\w-]+", found[2])) <= own


def specificity(selector: str) -> tuple[int, int, int]:
    """Ids, then classes with their like, then types (CSS Selectors 4, 17)."""
    like_classes = len(re.findall(r"[.\[]|(?<!:):(?!:)", selector))
    return selector.count("#"), like_classes, len(re.findall(r"(?:^|[\s>+~])[a-z]", selector, re.IGNORECASE))
