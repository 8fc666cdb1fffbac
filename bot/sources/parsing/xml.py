"""XML from strangers: nothing expanded, nothing fetched, and everything kept that can be read.

Owns how an XML answer becomes elements, and how a broken one is told about. Refuses to know any service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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
_NOT_UTF8 = "Invalid bytes in character encoding"  # libxml2's words


@dataclass(frozen=True, slots=True)
class Document:
    """An answer as XML: what could be read of it, and what is wrong with it."""

    data: bytes
    root: Element | None = None
    problems: tuple[Unreadable, ...] = ()

    def drafts(self, tag: str, read: Callable[[Element], Draft]) -> Iterator[Draft]:
        """`read` of each element called `tag`; the last is marked as cut when the answer breaks off in it."""
        elements = [] if self.root is None else list(self.root.iter(f"{{*}}{tag}"))
        for element in elements:
            draft = read(element)
            if element is elements[-1] and self.problems and _breaks_off_inside(self.data, tag):
                draft = replace(draft, entry=replace(draft.entry, cut=True))
            yield draft


def root_name(data: bytes) -> str:
    """The local name of the first element, or nothing; cheap, for telling formats apart."""
    match = _ROOT.match(data[:65_536])
    return match[1].decode() if match else ""


def read_xml(data: bytes, *roots: str) -> Document:
    """The document, whose root is called one of `roots`. Never raises: what is wrong is in its problems."""
    if not data.strip():
        return Document(data, None, (broken("it is empty"),))
    if page := html_instead(data, "a feed"):
        return Document(data, None, (page,))
    if _DOCTYPE.match(data):
        return Document(data, None, (broken(_REFUSED),))
    root, problems = _parsed(data)
    if root is None:
        return Document(data, None, problems)
    if root.getroottree().docinfo.internalDTD is not None:  # in UTF-16, say, which _DOCTYPE does not see
        return Document(data, None, (broken(_REFUSED),))
    name = str(root.tag).rpartition("}")[2]  # QName would reject the ":" that recovery makes of "<:"
    if name not in roots:
        return Document(data, None, (broken(f"<{name}> where <{roots[0]}> was expected"), *problems))
    return Document(data, root, problems)


def text(element: Element | None, path: str = "") -> str:
    """All text of the first element at `path` (names of any namespace), or nothing."""
    found = element.find(path) if element is not None and path else element
    return "" if found is None else "".join(map(str, found.itertext()))


def _parsed(data: bytes) -> tuple[Element | None, tuple[Unreadable, ...]]:
    """The root, by recovery when need be, and the first thing that is wrong with the document."""
    try:
        return etree.fromstring(data, _parser(recover=False)), ()
    except etree.XMLSyntaxError as error:
        line, column = error.position
        problem = Unreadable(f"line {line}, column {column}", _in_words(error.msg or ""))
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


def _in_words(message: str) -> str:
    """libxml2's message for a person; its place is told apart."""
    if message.startswith(_NOT_UTF8):
        return "bytes that are not in the document's character encoding"
    return f"malformed XML: {one_line(re.sub(r', line [0-9]+, column [0-9]+$', '', message))[:200]}"


def _breaks_off_inside(data: bytes, tag: str) -> bool:
    """Whether nothing closes the last element called `tag`. Recovery closes it, and so cannot tell."""
    tags = re.findall(rb"<(/?)(?:[\w.-]+:)?" + tag.encode() + rb"(?=[\s>/])", data)
    return bool(tags) and not tags[-1]
