"""XML from outside: nothing is expanded or fetched, and everything that can be read is kept.

Does not depend on any service.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from lxml import etree

from bot.papers.model import Unreadable
from bot.sources.parsing.entries import PROLOG, Draft, broken, html_instead
from bot.text.plain import one_line

Element = etree._Element

_DOCTYPE = re.compile(PROLOG + rb"<!(?:DOCTYPE|ENTITY)\b", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(
    PROLOG + rb"(?:<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)?\s*(?:<!--.*?-->\s*)?<(?:[\w.-]+:)?([\w.-]+)", re.DOTALL
)
_REFUSED = "it declares a document type or entities, which no feed needs: refused, and nothing was expanded"
_BAD_ENCODING = "Invalid bytes in character encoding"  #: libxml2's message


@dataclass(frozen=True, slots=True)
class Document:
    """An answer as XML: what could be read of it, and its problems."""

    data: bytes
    root: Element | None = None
    problems: tuple[Unreadable, ...] = ()

    def drafts(self, tag: str, read: Callable[[Element], Draft | None]) -> list[Draft]:
        """What `read` returns for the elements called `tag`, without None.

        The last is marked as cut if the answer breaks off inside it.
        """
        elements = [] if self.root is None else list(self.root.iter(f"{{*}}{tag}"))
        drafts = [read(element) for element in elements]
        if drafts and drafts[-1] and self.problems and _breaks_off_inside(self.data, tag):
            drafts[-1] = replace(drafts[-1], entry=replace(drafts[-1].entry, cut=True))
        return [draft for draft in drafts if draft]


def root_name(data: bytes) -> str:
    """The local name of the first element, or an empty text; cheap, to recognise formats."""
    match = _ROOT.match(data[:65_536])
    return match[1].decode() if match else ""


def read_xml(data: bytes, *roots: str) -> Document:
    """The document, whose root has one of the names `roots`. Raises nothing: errors are in its problems."""
    if not data.strip():
        return Document(data, None, (broken("it is empty"),))
    if page := html_instead(data, "a feed"):
        return Document(data, None, (page,))
    if _DOCTYPE.match(data):
        return Document(data, None, (broken(_REFUSED),))
    root, problems = _parse(data)
    if root is None:
        return Document(data, None, problems)
    if (
        root.getroottree().docinfo.internalDTD is not None
    ):  # for example in UTF-16, which _DOCTYPE does not match
        return Document(data, None, (broken(_REFUSED),))
    name = str(root.tag).rpartition("}")[2]  # QName rejects the ":" that recovery makes of "<:"
    if name not in roots:
        return Document(data, None, (broken(f"<{name}> where <{roots[0]}> was expected"), *problems))
    return Document(data, root, problems)


def text(element: Element | None, path: str = "") -> str:
    """All text of the first element at `path`, or an empty text."""
    found = element.find(path) if element is not None and path else element
    return "" if found is None else "".join(map(str, found.itertext()))


def _parse(data: bytes) -> tuple[Element | None, tuple[Unreadable, ...]]:
    """The root, by recovery if necessary, and the first error of the document."""
    try:
        return etree.fromstring(data, _parser(recover=False)), ()
    except etree.XMLSyntaxError as error:
        line, column = error.position
        problem = Unreadable(f"line {line}, column {column}", _describe(error.msg or ""))
    try:
        return etree.fromstring(data, _parser(recover=True)), (problem,)
    except etree.XMLSyntaxError:
        return None, (problem,)


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _describe(message: str) -> str:
    """libxml2's message without its place, which is reported separately."""
    if message.startswith(_BAD_ENCODING):
        return "bytes that are not in the document's character encoding"
    return f"malformed XML: {one_line(re.sub(r', line [0-9]+, column [0-9]+$', '', message))[:200]}"


def _breaks_off_inside(data: bytes, tag: str) -> bool:
    """Whether the last element called `tag` has no end tag. Recovery adds one, so the tree does not show it."""
    tags = re.findall(rb"<(/?)(?:[\w.-]+:)?" + tag.encode() + rb"(?=[\s>/])", data)
    return bool(tags) and not tags[-1]
