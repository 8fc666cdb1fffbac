"""The papers that a profile was sent as an Atom feed (RFC 4287) and as a JSON Feed (1.1). Pure.

An entry is a paper in the first digest that had it; its id stays the same when the feed's address changes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

from bot.digests.model import Digest
from bot.presentation.digest_view import PaperView, digest_view
from bot.presentation.templates import environment

ATOM, JSON = "application/atom+xml", "application/feed+json"
_LANGUAGE = "en"
#: Characters that XML cannot contain, of those that texts on one line may.
_NOT_XML = {0xFFFE: None, 0xFFFF: None}
#: The time of a feed without entries.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    id: str  #: a URN
    paper: PaperView
    sent: datetime  #: UTC

    @property
    def content(self) -> str:
        """HTML."""
        return environment().get_template("web/feed_entry.html.j2").render(paper=self.paper)


@dataclass(frozen=True, slots=True)
class Feed:
    profile: str
    home: str  #: URL of the profile's page
    entries: tuple[FeedEntry, ...]  #: newest first

    @property
    def title(self) -> str:
        return f"Paperboy – {self.profile}"

    @property
    def updated(self) -> datetime:
        return max((entry.sent for entry in self.entries), default=_NEVER)


def feed(profile: str, home: str, digests: Sequence[Digest]) -> Feed:
    """`digests`: newest first; each paper comes in the oldest that has it."""
    entries: dict[str, FeedEntry] = {}
    for digest in reversed(digests):
        views = sorted(digest_view(digest).papers, key=lambda view: -view.rank)
        for view, scored in zip(views, reversed(digest.papers), strict=True):
            id_ = scored.paper.id
            entries.setdefault(id_, FeedEntry(_urn(profile, id_), view, digest.made))
    return Feed(profile, home, tuple(reversed(entries.values())))


def _urn(profile: str, paper: str = "") -> str:
    return uuid5(NAMESPACE_URL, ascii(f"paperboy:{profile}/{paper}")).urn


def atom(feed: Feed, url: str) -> bytes:
    """`url`: of the feed itself."""
    root = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": _LANGUAGE})
    _add(root, "id", _urn(feed.profile))
    _add(root, "title", feed.title)
    _add(root, "updated", feed.updated.isoformat())
    _add(root, "link", rel="self", type=ATOM, href=url)
    _add(root, "link", rel="alternate", type="text/html", href=feed.home)
    _add(SubElement(root, "author"), "name", "Paperboy")  # for entries without authors
    for entry in feed.entries:
        paper, element = entry.paper, SubElement(root, "entry")
        _add(element, "id", entry.id)
        _add(element, "title", paper.title)
        _add(element, "published", entry.sent.isoformat())
        _add(element, "updated", entry.sent.isoformat())
        if paper.url:
            _add(element, "link", rel="alternate", href=paper.url)
        for author in paper.authors:
            _add(SubElement(element, "author"), "name", author.name)
        for category in filter(None, paper.categories):
            _add(element, "category", term=category)
        _add(element, "content", entry.content, type="html")
    text = tostring(root, encoding="unicode").translate(_NOT_XML)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def _add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = text


def json_feed(feed: Feed, url: str) -> str:
    """`url`: of the feed itself."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": url,
        "language": _LANGUAGE,
        "items": [_item(entry) for entry in feed.entries],
    }
    return json.dumps(document, ensure_ascii=False)


def _item(entry: FeedEntry) -> dict[str, Any]:
    paper, sent = entry.paper, entry.sent.isoformat()
    known = {"url": paper.url, "authors": [{"name": author.name} for author in paper.authors]}
    return {
        "id": entry.id,
        "title": paper.title,
        "content_html": entry.content,
        "date_published": sent,
        "date_modified": sent,
        "tags": list(filter(None, paper.categories)),
        **{name: value for name, value in known.items() if value},
    }
