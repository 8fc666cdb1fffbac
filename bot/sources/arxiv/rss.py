"""arXiv's daily announcement as RSS: what is new, cross-listed and replaced today.

The format: https://info.arxiv.org/help/rss_specifications.html. The feed has no queries for authors or single papers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.arxiv.common import (
    SOURCE,
    abstract_url,
    add_dois,
    arxiv_id,
    arxiv_line,
    arxiv_paragraphs,
    eastern_day,
    is_withdrawn,
    split_authors,
)
from bot.sources.base import Http, Known, SourceRequest, chunks, endpoint
from bot.sources.parsing.entries import Draft, broken, date_of, listing
from bot.sources.parsing.xml import Document, Element, read_xml, root_name, text
from bot.text.plain import one_line

DEFAULT_URL = "https://rss.arxiv.org/rss"

MAX_ITEMS = 2_000  #: of one feed: https://info.arxiv.org/help/rss.html
CATEGORIES_PER_FEED = 20  #: arXiv's twenty largest have fewer than MAX_ITEMS on a busy day
MAX_PATH = 1_000  #: characters of categories in one URL

_SKIP_DAYS = frozenset({"saturday", "sunday"})  #: arXiv's, for a feed that names none
_HEADER = re.compile(
    r"\s*(?P<id>arXiv:\S+)\s+Announce\s+Type:\s*(?P<type>[\w-]+)\s*(?:Abstract:\s*)?", re.IGNORECASE
)
_REPLACED = "replace"
_CROSSED = "cross"


def recognises(data: bytes) -> bool:
    """Whether this is an RSS feed."""
    return root_name(data) == "rss"


def parse(data: bytes, as_of: date | None = None) -> Listing:
    """The papers of one feed; `as_of` has no effect, because dates of this format have a year."""
    document = read_xml(data, "rss")
    drafts = document.drafts("item", _draft)
    return listing(drafts, (*document.problems, *_feed_problems(document, len(drafts))), word="item")


def _draft(element: Element) -> Draft:
    problems: list[str] = []
    description = text(element, "{*}description")
    header = _HEADER.match(description)
    arxiv, version = _identity(element, header["id"] if header else "", problems)
    ids = add_dois(arxiv, text(element, "{*}DOI"))
    abstract = arxiv_paragraphs(description[header.end() :] if header else description)
    kind = (one_line(text(element, "{*}announce_type")) or (header["type"] if header else "")).casefold()
    day = date_of(text(element, "{*}pubDate"), "pubDate", problems, eastern_day)
    categories = (one_line(text(category)) for category in element.findall("category"))
    entry = Entry(
        SOURCE,
        title=arxiv_line(text(element, "{*}title")),
        abstract=abstract,
        ids=ids,
        authors=tuple(name for e in element.findall("{*}creator") for name in split_authors(text(e))),
        categories=tuple(dict.fromkeys(filter(None, categories))),
        url=abstract_url(ids),
        version=version,
        announced=day if _is_first_announcement(kind, version, ids, day) else None,
        crossed=day if kind == _CROSSED else None,
        withdrawn=is_withdrawn(abstract),
        reference=kind.startswith(_REPLACED),  # a revision is never new
    )
    return Draft(entry, tuple(problems))


def _identity(element: Element, id_in_header: str, problems: list[str]) -> tuple[tuple[str, ...], int | None]:
    """From the guid, else the description, both of which contain the version; else from the link."""
    texts = (text(element, "{*}guid"), id_in_header, text(element, "{*}link"))
    candidates = [candidate for candidate in texts if candidate.strip()]
    for candidate in candidates:
        if (found := arxiv_id(candidate, []))[0]:
            return found
    return arxiv_id(candidates[0] if candidates else "", problems)


def _is_first_announcement(kind: str, version: int | None, ids: tuple[str, ...], day: str | None) -> bool:
    """Whether the paper was not announced before.

    A replacement was. A cross-listed paper was if it has later versions, or if its number, which begins with the
    month of submission, is not of the month of `day` or of the week before.
    """
    if kind.startswith(_REPLACED) or (version or 1) > 1:
        return False
    if kind != _CROSSED or not day or not ids:
        return True
    announced = date.fromisoformat(day)
    months = (announced, announced - timedelta(days=7))
    return ids[0].startswith(tuple(f"arxiv:{month:%y%m}." for month in months))


def _feed_problems(document: Document, items: int) -> Iterator[Unreadable]:
    """Complaints about a full feed, and about an empty one on a day that is not free in the feed's calendar."""
    if items >= MAX_ITEMS:
        yield broken(f"{items} items, the most that arXiv puts into one feed: there may be more", "the feed")
    root = document.root
    if items or root is None or document.problems:
        return
    date_text = text(root, "channel/pubDate").strip() or text(root, "channel/lastBuildDate")
    day = date_of(date_text, "its date", [], eastern_day)
    skipped = {one_line(text(d)).casefold() for d in root.iterfind("channel/skipDays/day")} or _SKIP_DAYS
    if day is None:
        yield broken("no items, and no date that shows whether arXiv announces on that day", "the feed")
    elif f"{date.fromisoformat(day):%A}".casefold() not in skipped:
        yield broken("no items on a weekday: an arXiv holiday or a fault", "the feed", empty=True)


class ArxivRss:
    """Today's announcement in the wanted categories."""

    name = "arxiv-rss"

    def __init__(self, base_url: str = DEFAULT_URL) -> None:
        self._url = endpoint(base_url, "/rss")

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        """One listing per feed; nothing if no category is wanted. Raises SourceError."""
        for group in chunks(wanted.categories, CATEGORIES_PER_FEED, MAX_PATH):
            data = http.get(f"{self._url}/{'+'.join(group)}")
            yield Listing(unchanged=True) if data is None else parse(data)
