"""arXiv's search API: new papers by category and followed author, and single papers by id or title.

The query language, the paging rules and the Atom format: https://info.arxiv.org/help/api/user-manual.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import quote_plus

from bot.papers.categories import DIVIDED
from bot.papers.identity import namespace, title_key
from bot.papers.model import Entry, Listing
from bot.sources.arxiv.common import (
    SOURCE,
    abstract_url,
    add_dois,
    arxiv_id,
    arxiv_line,
    arxiv_paragraphs,
    is_withdrawn,
)
from bot.sources.base import Http, Known, SourceRequest, chunks, endpoint
from bot.sources.parsing.entries import Draft, broken, date_of, listing
from bot.sources.parsing.xml import Element, read_xml, root_name, text
from bot.text.plain import one_line

DEFAULT_URL = "https://export.arxiv.org/api/query"

PAGE_SIZE = 100  #: results per request; arXiv allows 2,000, and answers small slices faster and more reliably
MAX_PAGES = 100  #: of one query: all of arXiv has fewer in a week; far below arXiv's limit of 30,000 results
EMPTY_RETRIES = 2  #: valid but empty pages occur: https://github.com/lukasschwab/arxiv.py/issues/43
MAX_HOLD = timedelta(days=7)  #: moderation holds papers, mostly for 1 to 4 days; their date is of submission
MAX_QUERY = 1_300  #: characters when encoded: keeps the whole URL under 1,500, which every proxy accepts

MAX_TITLES = 10  #: of one query: a page of results has room for the papers that contain one of them

_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z-]{2,})?")
_OR = " OR "
_NOT_ASCII = re.compile(r"\S*[^\x00-\x7f]\S*")
_ERRORS = "/api/errors"


def recognises(data: bytes) -> bool:
    """Whether this is an Atom feed."""
    return root_name(data) == "feed" and b"http://www.w3.org/2005/Atom" in data[:65_536]


def parse(data: bytes, as_of: date | None = None) -> Listing:
    """The papers of one answer; `as_of` has no effect, because dates of this format have a year."""
    return _read(data).listing


@dataclass(frozen=True, slots=True)
class _Page:
    """One answer, and its part of all results."""

    listing: Listing
    count: int = 0  #: entries on it, readable or not
    total: int | None = None  #: results of the query, when it says so

    def is_last(self, start: int) -> bool:
        return not self.count or (self.total is not None and start + self.count >= self.total)

    def is_oddly_empty(self, start: int, *, has_category: bool = False) -> bool:
        """Whether it is valid and empty although it should not be. A category always has papers."""
        expects = (self.total or 0) > start or (has_category and start == 0)
        return expects and not self.count and not self.listing.unreadable


def _read(data: bytes) -> _Page:
    document = read_xml(data, "feed")
    elements = () if document.root is None else document.root.iter("{*}entry")
    errors = [broken(_error(element)) for element in elements if _is_error(element)]
    drafts = document.drafts("entry", _draft)
    total = one_line(text(document.root, "{*}totalResults"))
    return _Page(
        listing(drafts, (*document.problems, *errors)),
        len(drafts),
        int(total) if total.isascii() and total.isdigit() and len(total) < 10 else None,
    )


def _draft(element: Element) -> Draft | None:
    if _is_error(element):
        return None
    problems: list[str] = []
    arxiv, version = arxiv_id(text(element, "{*}id"), problems)
    ids = add_dois(arxiv, text(element, "{*}doi"))
    abstract = arxiv_paragraphs(text(element, "{*}summary"))
    names = (arxiv_line(text(name)) for name in element.findall("{*}author/{*}name"))
    entry = Entry(
        SOURCE,
        title=arxiv_line(text(element, "{*}title")),
        abstract=abstract,
        ids=ids,
        authors=tuple(filter(None, names)),
        categories=_categories(element),
        url=abstract_url(ids),
        version=version,
        published=date_of(text(element, "{*}published"), "published", problems),
        updated=date_of(text(element, "{*}updated"), "updated", problems),
        withdrawn=is_withdrawn(arxiv_line(text(element, "{*}comment"))) or is_withdrawn(abstract),
    )
    return Draft(entry, tuple(problems))


def _categories(element: Element) -> tuple[str, ...]:
    """Primary first, without terms of the ACM and MSC classifications (`I.2.6; H.5`, `68T05`)."""
    found = [*element.findall("{*}primary_category"), *element.findall("{*}category")]
    terms = (one_line(str(category.get("term") or "")) for category in found)
    return tuple(dict.fromkeys(term for term in terms if _CATEGORY.fullmatch(term)))


def _is_error(element: Element) -> bool:
    return _ERRORS in text(element, "{*}id")


def _error(element: Element) -> str:
    """The message of an error, which arXiv sends as an entry of a feed (user manual, 3.4)."""
    return f"arXiv answers: {arxiv_line(text(element, '{*}summary'))[:200] or 'an error without a message'}"


class ArxivApi:
    """New papers of the wanted categories and authors, newest first; then the papers wanted by id or title."""

    name = "arxiv-api"

    def __init__(self, base_url: str = DEFAULT_URL) -> None:
        self._url = endpoint(base_url, "/api/query")

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        """One listing per request; nothing if nothing is wanted. Raises SourceError."""
        for query in _queries(wanted):
            yield from self._newest(query, wanted, http, known)
        numbers = [id_.removeprefix("arxiv:") for id_ in wanted.papers if namespace(id_) == SOURCE]
        for ids in chunks(numbers, PAGE_SIZE, MAX_QUERY, lambda number: len(quote_plus(number + ","))):
            yield self._references({"id_list": ",".join(ids)}, [f"arxiv:{number}" for number in ids], http)
        for titles in chunks(wanted.titles, MAX_TITLES, MAX_QUERY, _title_size):
            keys = list(map(title_key, titles))
            # Of a title without a word in ASCII there is nothing to search for.
            query = _OR.join(filter(None, map(_title_query, titles)))
            answer = (
                self._references({"search_query": query}, keys, http) if query else Listing(asked=tuple(keys))
            )
            yield replace(answer, entries=tuple(e for e in answer.entries if title_key(e.title) in keys))

    def _references(self, query: dict[str, str], keys: list[str], http: Http) -> Listing:
        """The papers of a query for papers with these keys. After an empty answer that should not be empty, none of
        them counts as asked for.
        """
        data = http.get(self._url, {**query, "start": "0", "max_results": str(PAGE_SIZE)})
        page = _Page(Listing(unchanged=True)) if data is None else _read(data)
        return replace(
            page.listing,
            entries=tuple(replace(entry, reference=True) for entry in page.listing.entries),
            asked=() if page.is_oddly_empty(0) else tuple(keys),
        )

    def _newest(self, query: str, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        start, before = 0, tuple[Entry, ...]()
        for _ in range(MAX_PAGES):
            page = self._page(query, start, http)
            if page is None:  # unchanged since it was stored; what follows it may not have been reached then
                yield Listing(unchanged=True)
                start += PAGE_SIZE
                continue
            entries = page.listing.entries
            # Before the yield: once the caller has stored this page, all of it is known.
            done = page.is_last(start) or _has_been_read(entries, wanted, known)
            yield page.listing
            # Do not go on after a page of which nothing can be read, or after the same page twice.
            if done or entries in ((), before):
                return
            start, before = start + page.count, entries
        why = f"more than {MAX_PAGES} pages: the rest is missing"
        yield Listing(unreadable=(broken(why, f"results from {start + 1}"),), incomplete=True)

    def _page(self, query: str, start: int, http: Http) -> _Page | None:
        """One page of results, requested again if it is empty and should not be; None if it is unchanged."""
        params = {
            "search_query": query,
            "sortBy": "submittedDate",
            "sortOrder": "descending",
            "start": str(start),
            "max_results": str(PAGE_SIZE),
        }
        for _ in range(1 + EMPTY_RETRIES):
            if (data := http.get(self._url, params)) is None:
                return None
            page = _read(data)
            if not page.is_oddly_empty(start, has_category="cat:" in query):
                return page
        why = f"an empty page, {1 + EMPTY_RETRIES} times, although "
        why += f"arXiv reports {page.total} results" if page.total else "these categories have papers"
        return _Page(Listing(unreadable=(broken(why, f"results from {start + 1}"),), incomplete=True))


def _queries(wanted: SourceRequest) -> Iterator[str]:
    """`(cat:cs.LG OR au:"Seungwook Han")`, split into several queries if it is too long."""
    terms = [f"cat:{name}.*" if name in DIVIDED else f"cat:{name}" for name in wanted.categories]
    # A quotation mark would end the phrase.
    phrases = (one_line(name.replace('"', " ").replace("\\", " ")) for name in wanted.authors)
    terms += (f'au:"{phrase}"' for phrase in phrases if phrase)
    for group in chunks(terms, len(terms), MAX_QUERY, lambda term: len(quote_plus(term + _OR))):
        yield f"({_OR.join(group)})"


def _title_query(title: str) -> str:
    """`(ti:"Stacking" AND ti:"cups")` for `Stacking m² cups`: arXiv searches the TeX of words that are not ASCII."""
    plain = title.replace("’", "'").replace('"', " ").replace("\\", " ")
    phrases = filter(None, (one_line(part).strip(" :,.-") for part in _NOT_ASCII.split(plain)))
    query = " AND ".join(f'ti:"{phrase}"' for phrase in phrases)
    return f"({query})" if query else ""


def _title_size(title: str) -> int:
    """For `chunks`: a short title is searched for alone, because too many others contain it."""
    return len(quote_plus(_title_query(title) + _OR)) if len(title.split()) > 3 else MAX_QUERY


def _has_been_read(entries: tuple[Entry, ...], wanted: SourceRequest, known: Known) -> bool:
    """Whether the pages after this one, which are older, were read before or are too old to be news.

    A page of known works is enough only if it is older than the last complete answer: an ingest that broke off
    stored the first pages and did not read the next ones.
    """
    published = [entry.published[: len("2025-02-26")] for entry in entries if entry.published]
    if not published:
        return False
    today = wanted.now.date()
    # `--as-of` may set the clock back: what was new on that day must not be skipped.
    last = min(wanted.since, today) if wanted.since else today
    if min(published) < (last - MAX_HOLD).isoformat():
        return True
    is_covered = wanted.since is not None and min(published) < last.isoformat()
    return is_covered and len(known(entries)) == len(entries)
