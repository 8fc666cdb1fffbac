"""The rules of feeds that validators check: RFC 4287 for Atom, https://jsonfeed.org/version/1.1 for JSON Feed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lxml import etree, html

_ATOM = "{http://www.w3.org/2005/Atom}"
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!#-;=?-_a-z~]+", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
#: How often each element of the feed and of an entry may occur (RFC 4287, 4.1.1 and 4.1.2).
_FEED = {
    "id": (1, 1),
    "title": (1, 1),
    "updated": (1, 1),
    "link": (0, 99),
    "author": (0, 99),
    "entry": (0, 999),
}
_ENTRY = {
    "id": (1, 1),
    "title": (1, 1),
    "updated": (1, 1),
    "published": (0, 1),
    "content": (0, 1),
    "link": (0, 99),
    "author": (0, 99),
    "category": (0, 99),
}


def atom_problems(content: bytes) -> list[str]:
    root = etree.fromstring(content)
    if root.tag != f"{_ATOM}feed":
        return ["the root is not atom:feed"]
    entries = root.findall(f"{_ATOM}entry")
    found = [
        *_of_element(root, _FEED),
        *(problem for entry in entries for problem in _of_element(entry, _ENTRY)),
    ]
    ids = [entry.findtext(f"{_ATOM}id") for entry in entries]
    if len(set(ids)) < len(ids):
        found.append("two entries have one id")
    if not root.findall(f"{_ATOM}author") and not all(entry.findall(f"{_ATOM}author") for entry in entries):
        found.append("no author")
    if [link.get("rel") for link in root.findall(f"{_ATOM}link")].count("self") != 1:
        found.append("not one link to itself")
    return found


def _of_element(element: Any, counts: dict[str, tuple[int, int]]) -> Iterator[str]:
    children = [child.tag.removeprefix(_ATOM) for child in element]
    yield from (f"unknown element {name}" for name in set(children) - counts.keys())
    for name, (least, most) in counts.items():
        if not least <= children.count(name) <= most:
            yield f"{children.count(name)} {name}"
    for name in ("updated", "published"):
        yield from (f"{name}: {text}" for text in _texts(element, name) if not _is_time(text))
    yield from (f"id: {text}" for text in _texts(element, "id") if not _URI.fullmatch(text))
    yield from (f"empty title {text!r}" for text in _texts(element, "title") if not text.strip())
    for link in element.findall(f"{_ATOM}link"):
        if not _URI.fullmatch(link.get("href", "")):
            yield f"link: {link.get('href')}"
    alternates = [one.get("type") for one in element.findall(f"{_ATOM}link") if one.get("rel") == "alternate"]
    if len(set(alternates)) < len(alternates):
        yield "two alternate links of one type"
    if "entry" not in counts and not alternates and "content" not in children:
        yield "an entry without content and link"
    for author in element.findall(f"{_ATOM}author"):
        if not (author.findtext(f"{_ATOM}name") or "").strip():
            yield "an author without name"
    for category in element.findall(f"{_ATOM}category"):
        if not category.get("term"):
            yield "a category without term"
    for content in element.findall(f"{_ATOM}content"):
        yield from (f"content: {problem}" for problem in _html_problems(content.text or ""))


def _texts(element: Any, name: str) -> list[str]:
    return [child.text or "" for child in element.findall(f"{_ATOM}{name}")]


def json_feed_problems(content: str) -> list[str]:
    document = json.loads(content)
    found = []
    if document.get("version") != "https://jsonfeed.org/version/1.1":
        found.append("version")
    if not document.get("title"):
        found.append("title")
    for name in ("home_page_url", "feed_url"):
        if not _URI.fullmatch(document.get(name, "")):
            found.append(name)
    for item in document["items"]:
        if not (isinstance(item.get("id"), str) and item["id"]):
            found.append("an item without id")
        found += [f"content: {problem}" for problem in _html_problems(item["content_html"])]
        found += [name for name in ("date_published", "date_modified") if not _is_time(item[name])]
        if "url" in item and not _URI.fullmatch(item["url"]):
            found.append(f"url: {item['url']}")
        if not all(isinstance(tag, str) for tag in item["tags"]):
            found.append("tags")
        if not all(author.get("name") for author in item.get("authors", [])):
            found.append("an author without name")
    ids = [item["id"] for item in document["items"]]
    if len(set(ids)) < len(ids):
        found.append("two items have one id")
    return found


def _is_time(text: str) -> bool:
    """RFC 3339"""
    return bool(_TIME.fullmatch(text) and datetime.fromisoformat(text))


def _html_problems(content: str) -> Iterator[str]:
    """Feed readers remove scripts and styles; relative links lead nowhere."""
    fragment = html.fragment_fromstring(content, create_parent=True)
    for element in fragment.iter(etree.Element):
        if element.tag not in ("div", "p", "strong", "a") or set(element.attrib) - {"href"}:
            yield f"<{element.tag} {dict(element.attrib)}>"
        if element.tag == "a" and not re.match("https?://", element.get("href", "")):
            yield f"href {element.get('href')}"
