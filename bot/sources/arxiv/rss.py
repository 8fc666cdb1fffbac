"""arXiv's daily announcement as RSS: what is new, cross-listed and replaced today.

Owns the feed's format (https://info.arxiv.org/help/rss_specifications.html) and when it may be empty. Refuses
to know anything of followed authors and single papers: the feed cannot be asked for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.arxiv.common import (
    SOURCE,
    abstract_url,
    arxiv_id,
    doi_ids,
    eastern_day,
    is_withdrawn,
    line,
    prose,
    split_authors,
    together,
)
from bot.sources.base import Http, Known, SourceRequest
from bot.sources.parsing.entries import Draft, broken, chunks, date_of, endpoint, listing
from bot.sources.parsing.xml import Document, Element, read_xml, root_name, text
from bot.text.plain import one_line

DEFAULT_URL = "https://rss.arxiv.org/rss"

MOST_ITEMS = 2_000  #: of one feed: https://info.arxiv.org/help/rss.html
CATEGORIES_A_FEED = 20  #: a busy day of arXiv's twenty largest stays under that
LONGEST_PATH = 1_000  #: characters of categories in one URL

_SKIP_DAYS = frozenset({"saturday", "sunday"})  #: arXiv's own, for a feed that does not name any
_HEADER = re.compile(
    r"\s*(?P<id>arXiv:\S+)\s+Announce\s+Type:\s*(?P<type>[\w-]+)\s*(?:Abstract:\s*)?", re.IGNORECASE
)
_REPLACED = "replace"
_CROSSED = "cross"


def recognises(data: bytes) -> bool:
    """Whether this is an RSS feed."""
    return root_name(data) == "rss"


def parse(data: bytes, as_of: date | None = None) -> Listing:
    """The papers of one feed. Never raises; what cannot be read, or is missing, is in `unreadable`.

    `as_of` changes nothing: every date of this format has its year.
    """
    document = read_xml(data, "rss")
    drafts = list(document.drafts("item", _draft))
    return listing(drafts, (*document.problems, *_feed_problems(document, len(drafts))), word="item")


def _draft(element: Element) -> Draft:
    wrong: list[str] = []
    description = text(element, "{*}description")
    header = _HEADER.match(description)
    arxiv, version = _identity(element, header["id"] if header else "", wrong)
    ids = together(arxiv, doi_ids(text(element, "{*}DOI")))
    abstract = prose(description[header.end() :] if header else description)
    kind = one_line(text(element, "{*}announce_type")) or (header["type"] if header else "")
    day = date_of(text(element, "{*}pubDate"), "pubDate", wrong, eastern_day)
    entry = Entry(
        SOURCE,
        title=line(text(element, "{*}title")),
        abstract=abstract,
        ids=ids,
        authors=_authors(element),
        categories=_categories(element),
        url=abstract_url(ids),
        version=version,
        announced=day if _is_first_announcement(kind, version, ids, day) else None,
        crossed=day if kind.casefold() == _CROSSED else None,
        withdrawn=is_withdrawn(abstract),
        reference=kind.casefold().startswith(_REPLACED),  # a revision is never new
    )
    return Draft(entry, tuple(wrong))


def _identity(element: Element, in_header: str, wrong: list[str]) -> tuple[tuple[str, ...], int | None]:
    """From the guid, else the description, both of which tell the version; else from the link."""
    candidates = [t for t in (text(element, "{*}guid"), in_header, text(element, "{*}link")) if t.strip()]
    for candidate in candidates:
        if (found := arxiv_id(candidate, []))[0]:
            return found
    return arxiv_id(candidates[0] if candidates else "", wrong)


def _authors(element: Element) -> tuple[str, ...]:
    return tuple(name for creator in element.findall("{*}creator") for name in split_authors(text(creator)))


def _categories(element: Element) -> tuple[str, ...]:
    found = (one_line(text(category)) for category in element.findall("category"))
    return tuple(dict.fromkeys(filter(None, found)))


def _is_first_announcement(kind: str, version: int | None, ids: tuple[str, ...], day: str | None) -> bool:
    """A replacement was announced before, and so was what is cross-listed now and has later versions, or the number
    of another month.
    """
    if kind.casefold().startswith(_REPLACED) or (version or 1) > 1:
        return False
    return kind.casefold() != _CROSSED or _is_of_that_week(ids, day)


def _is_of_that_week(ids: tuple[str, ...], day: str | None) -> bool:
    """Whether a paper's number was given lately: it tells the month of the submission, some days before."""
    if not day:
        return True
    that = date.fromisoformat(day)
    months = {f"arxiv:{one:%y%m}." for one in (that, that - timedelta(days=7))}
    return not ids or any(ids[0].startswith(month) for month in months)


def _feed_problems(document: Document, items: int) -> Iterator[Unreadable]:
    if items >= MOST_ITEMS:
        yield broken(f"{items} items, as many as arXiv puts into one feed: there may be more", "the feed")
    if not items and document.root is not None and not document.problems:
        yield from _emptiness(document.root)


def _emptiness(root: Element) -> Iterator[Unreadable]:
    """Nothing on the days on which arXiv does not announce, by the feed's own calendar; else a complaint."""
    written = text(root, "channel/pubDate").strip() or text(root, "channel/lastBuildDate")
    day = date_of(written, "its date", [], eastern_day)
    skipped = {one_line(text(d)).casefold() for d in root.iterfind("channel/skipDays/day")} or _SKIP_DAYS
    if day is None:
        yield broken("no items, and no date that would say whether arXiv announces on that day", "the feed")
    elif f"{date.fromisoformat(day):%A}".casefold() not in skipped:
        yield broken("no items on a weekday: an arXiv holiday or a fault", "the feed", empty=True)


class ArxivRss:
    """Today's announcement in the wanted categories."""

    name = "arxiv-rss"

    def __init__(self, base_url: str = DEFAULT_URL) -> None:
        self._url = endpoint(base_url, "/rss")

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        """One listing a feed. Raises SourceError; yields nothing when no category is wanted."""
        for group in chunks(wanted.categories, CATEGORIES_A_FEED, LONGEST_PATH):
            data = http.get(f"{self._url}/{'+'.join(group)}")
            yield Listing() if data is None else parse(data)
