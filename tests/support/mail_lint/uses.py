"""Everything that a mail makes use of, by the linter's names, each with where it stands.

Owns the finding; refuses to know which client supports it, and whether it is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml.html import HtmlElement

from tests.support.mail_lint.names import FEATURES, KEYWORDS
from tests.support.mail_lint.page import Block, Declaration, Page, inline_style, split_selector

_UNIT = re.compile(r"(?<![\w#.-])[-+]?(?:\d+\.?\d*|\.\d+)([a-z]+|%)")
_FUNCTION = re.compile(r"([a-z-]+)\(")
_KEYWORD = re.compile(r"(?<![\w#-])[a-z][a-z-]*(?![\w(-])")
_SIMPLE = re.compile(r"\[[^\]]*\]|::?[\w-]+(?:\([^)]*\))?|[.#][\w-]+|\*|[a-z][\w-]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Use:
    name: str  #: as `names` has it: "<td>", "padding:", "rem"
    element: HtmlElement | None = None  #: that it stands on; None in a <style> block
    declaration: Declaration | None = None  #: that it is part of
    within: tuple[str, ...] = ()  #: the at-rules around it
    for_word: bool = False  #: it stands in a conditional comment

    @property
    def tag(self) -> str | None:
        return None if self.element is None else self.element.tag

    @property
    def value(self) -> str:
        """Of the declaration, in lower case without strings; empty without one."""
        return self.declaration.bare if self.declaration else ""

    @property
    def place(self) -> str:
        if self.element is None:
            return " ".join((*self.within, self.declaration.written if self.declaration else "")).strip()
        return place(self.element)


def place(element: HtmlElement) -> str:
    """`<p class="by">, line 12`."""
    own = f' class="{element.get("class")}"' if element.get("class") else ""
    return f"<{element.tag}{own}>, line {element.sourceline}"


def uses(page: Page) -> Iterator[Use]:
    if page.doctype:
        yield Use("<!doctype>")
    yield from (Use("<!-- -->") for _ in page.comments())
    for element in page.elements():
        yield from _of_element(element)
    for sheet in page.sheets:
        yield from (Use("/* */", sheet.element) for _ in re.findall(r"/\*", sheet.text))
        for block in sheet.blocks:
            yield from _of_block(block)
    if page.for_word:
        yield from (replace(use, for_word=True) for use in uses(page.for_word))


def _of_element(element: HtmlElement) -> Iterator[Use]:
    yield Use(_element_name(element), element)
    yield from (Use(f"{name}=", element) for name in element.attrib)
    if element.get("href", "").startswith("mailto:"):
        yield Use("mailto:", element)
    for declaration in inline_style(element):
        yield from (Use(name, element, declaration) for name in declared_names(declaration))


def _element_name(element: HtmlElement) -> str:
    if element.tag != "meta":
        return f"<{element.tag}>"
    charset = "charset" if element.get("charset") or element.get("http-equiv") else ""
    return f"<meta {element.get('name') or charset}>"


def declared_names(declaration: Declaration) -> Iterator[str]:
    """The property, and of its value what caniemail knows apart: units, functions, some keywords."""
    bare = declaration.bare
    yield "--*:" if declaration.name.startswith("--") else f"{declaration.name}:"
    yield from _UNIT.findall(bare)
    yield from (f"{name}()" for name in _FUNCTION.findall(bare))
    words = _KEYWORD.findall(bare)
    yield from (name for word in words if (name := f"{declaration.name}: {word}") in FEATURES)
    yield from (word for word in words if word in KEYWORDS)
    if declaration.important:
        yield "!important"


def _of_block(block: Block) -> Iterator[Use]:
    if any(not at.startswith("@") for at in block.within):
        yield Use("nesting", within=block.within)
    if block.is_at_rule:
        yield from (Use(name, within=(block.prelude,)) for name in _at_rule_names(block.prelude))
    else:
        yield from (Use(name, within=block.within) for name in selector_names(block.selectors))
    for declaration in block.declarations:
        names = declared_names(declaration)
        yield from (Use(name, declaration=declaration, within=block.within) for name in names)


def _at_rule_names(prelude: str) -> Iterator[str]:
    name = re.match(r"@[\w-]+", prelude.lower())
    yield name[0] if name else prelude
    if name and name[0] == "@media":
        yield from (f"@media ({query})" for query in re.findall(r"\(\s*([\w-]+)", prelude.lower()))


def selector_names(selectors: tuple[str, ...]) -> Iterator[str]:
    if len(selectors) > 1:
        yield "a, b"
    for selector in selectors:
        before, combinator, last = split_selector(selector)
        yield from _compound_names(last)
        if before:
            yield "a b" if combinator == " " else f"a {combinator} b"
            yield from selector_names((before,))


def _compound_names(compound: str) -> Iterator[str]:
    """`td.a:hover` is a type, a class and a state; two classes are a chain; what is neither is named as it is."""
    parts = _SIMPLE.findall(compound)
    if "".join(parts) != compound:
        yield compound
    for part in parts:
        pseudo = re.match(r"::?[\w-]+", part)
        kinds = {".": ".a", "#": "#a", "[": "[a]", "*": "*"}
        yield pseudo[0].lower() if pseudo else kinds.get(part[0], "a")
    if sum(part[0] in ".#" for part in parts) > 1:
        yield ".a.b"
