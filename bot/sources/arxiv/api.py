"""arXiv's search API: new papers by category and followed author, and single papers by id.

Owns the query language, the paging rules and the Atom format (https://info.arxiv.org/help/api/user-manual.html).
Refuses to know how requests are paced, and what becomes of an entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import quote_plus

from bot.papers.identity import namespace
from bot.papers.model import Entry, Listing
from bot.sources.arxiv.common import (
    DIVIDED,
    SOURCE,
    abstract_url,
    arxiv_id,
    doi_ids,
    is_withdrawn,
    line,
    prose,
    together,
)
from bot.sources.base import Http, Known, SourceRequest
from bot.sources.parsing.entries import Draft, broken, chunks, date_of, endpoint, listing
from bot.sources.parsing.xml import Element, read_xml, root_name, text
from bot.text.plain import one_line

DEFAULT_URL = "https://export.arxiv.org/api/query"

PAGE = 100  #: results a request; arXiv allows 2,000, and answers small slices faster and more reliably
MOST_RESULTS = 30_000  #: of one query: beyond it arXiv answers 400 (user manual, 3.1.1.2)
EMPTY_RETRIES = 2  #: valid but empty pages occur: https://github.com/lukasschwab/arxiv.py/issues/43
HELD = timedelta(days=7)  #: moderation keeps papers back, mostly 1 to 4 days, and their date is of submission
LONGEST_QUERY = 1_300  #: characters once encoded: leaves the whole URL under 1,500, which every proxy takes

_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z-]{2,})?")
_OR = " OR "
_ERRORS = "/api/errors"


def recognises(data: bytes) -> bool:
    """Whether this is an Atom feed."""
    return root_name(data) == "feed" and b"http://www.w3.org/2005/Atom" in data[:65_536]


def parse(data: bytes, as_of: date | None = None) -> Listing:
    """The papers of one answer. Never raises; what cannot be read is in `unreadable`.

    `as_of` changes nothing: every date of this format has its year.
    """
    return _read(data).listing


@dataclass(frozen=True, slots=True)
class _Page:
    """One answer, and where it stands among the results."""

    listing: Listing
    count: int = 0  #: entries on it, readable or not
    total: int | None = None  #: results of the query, when it says so

    def is_last(self, start: int) -> bool:
        return not self.count or (self.total is not None and start + self.count >= self.total)

    def is_oddly_empty(self, start: int) -> bool:
        return not self.count and not self.listing.unreadable and (self.total or 0) > start


def _read(data: bytes) -> _Page:
    document = read_xml(data, "feed")
    elements = [] if document.root is None else list(document.root.iter("{*}entry"))
    errors = [broken(_error(element)) for element in elements if _is_error(element)]
    drafts = [d for d in document.drafts("entry", _draft) if d is not _NOTHING]
    total = one_line(text(document.root, "{*}totalResults"))
    return _Page(
        listing(drafts, (*document.problems, *errors)),
        len(drafts),
        int(total) if total.isascii() and total.isdigit() and len(total) < 10 else None,
    )


_NOTHING = Draft(Entry(SOURCE, title=""))


def _draft(element: Element) -> Draft:
    if _is_error(element):
        return _NOTHING
    wrong: list[str] = []
    arxiv, version = arxiv_id(text(element, "{*}id"), wrong)
    ids = together(arxiv, doi_ids(text(element, "{*}doi")))
    abstract, remark = prose(text(element, "{*}summary")), line(text(element, "{*}comment"))
    entry = Entry(
        SOURCE,
        title=line(text(element, "{*}title")),
        abstract=abstract,
        ids=ids,
        authors=tuple(filter(None, (line(text(name)) for name in element.findall("{*}author/{*}name")))),
        categories=_categories(element),
        url=abstract_url(ids),
        version=version,
        published=date_of(text(element, "{*}published"), "published", wrong),
        updated=date_of(text(element, "{*}updated"), "updated", wrong),
        withdrawn=is_withdrawn(remark) or is_withdrawn(abstract),
    )
    return Draft(entry, tuple(wrong))


def _categories(element: Element) -> tuple[str, ...]:
    """Primary first, without the terms of the ACM and the MSC that come along (`I.2.6; H.5`, `68T05`)."""
    found = [*element.findall("{*}primary_category"), *element.findall("{*}category")]
    terms = (one_line(str(category.get("term") or "")) for category in found)
    return tuple(dict.fromkeys(term for term in terms if _CATEGORY.fullmatch(term)))


def _is_error(element: Element) -> bool:
    return _ERRORS in text(element, "{*}id")


def _error(element: Element) -> str:
    """arXiv tells errors as an entry of a feed (user manual, 3.4)."""
    return f"arXiv answers: {line(text(element, '{*}summary'))[:200] or 'an error without words'}"


class ArxivApi:
    """New papers of the wanted categories and authors, newest first; then papers wanted by id."""

    name = "arxiv-api"

    def __init__(self, base_url: str = DEFAULT_URL) -> None:
        self._url = endpoint(base_url, "/api/query")

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        """One listing a request. Raises SourceError; yields nothing when nothing is wanted."""
        for query in _queries(wanted):
            yield from self._newest(query, wanted, http, known)
        for ids in _id_lists(wanted):
            data = http.get(self._url, {"id_list": ",".join(ids), "start": "0", "max_results": str(PAGE)})
            if data is not None:
                yield _as_references(parse(data))

    def _newest(self, query: str, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        start, before = 0, tuple[Entry, ...]()
        while start < MOST_RESULTS:
            page = self._page(query, start, http)
            if page is None:  # unchanged since it was stored; what follows it may not have been reached then
                yield Listing()
                start += PAGE
                continue
            entries = page.listing.entries
            # Before the yield: once the caller has stored this page, all of it is known.
            done = page.is_last(start) or _has_been_read(entries, wanted, known)
            yield page.listing
            # A page of which nothing can be read, or the same page again, leads nowhere.
            if done or entries in ((), before):
                return
            start, before = start + page.count, entries

    def _page(self, query: str, start: int, http: Http) -> _Page | None:
        """One page of results; asked for again when it is empty and should not be."""
        params = {
            "search_query": query,
            "sortBy": "submittedDate",
            "sortOrder": "descending",
            "start": str(start),
            "max_results": str(min(PAGE, MOST_RESULTS - start)),
        }
        for _ in range(1 + EMPTY_RETRIES):
            if (data := http.get(self._url, params)) is None:
                return None
            page = _read(data)
            if not page.is_oddly_empty(start):
                return page
        why = f"an empty page, {1 + EMPTY_RETRIES} times, though arXiv says there are {page.total} results"
        return _Page(Listing(unreadable=(broken(why, f"results from {start + 1}"),)))


def _queries(wanted: SourceRequest) -> Iterator[str]:
    """`(cat:cs.LG OR au:"Seungwook Han")`, as many of them as their length demands."""
    terms = [*map(_category_term, wanted.categories), *filter(None, map(_author_term, wanted.authors))]
    for group in chunks(terms, len(terms), LONGEST_QUERY, lambda term: len(quote_plus(term + _OR))):
        yield f"({_OR.join(group)})"


def _category_term(category: str) -> str:
    return f"cat:{category}.*" if category in DIVIDED else f"cat:{category}"


def _author_term(name: str) -> str:
    """A quotation mark within the phrase would end it."""
    phrase = one_line(name.replace('"', " ").replace("\\", " "))
    return f'au:"{phrase}"' if phrase else ""


def _id_lists(wanted: SourceRequest) -> Iterator[list[str]]:
    ids = [id_.removeprefix("arxiv:") for id_ in wanted.papers if namespace(id_) == SOURCE]
    return chunks(ids, PAGE, LONGEST_QUERY, lambda id_: len(quote_plus(id_ + ",")))


def _as_references(answer: Listing) -> Listing:
    return replace(answer, entries=tuple(replace(entry, reference=True) for entry in answer.entries))


def _has_been_read(entries: tuple[Entry, ...], wanted: SourceRequest, known: Known) -> bool:
    """Whether what follows this page, which is older, was read before or is too old to be news.

    All known is enough only where the last complete answer reaches: an ingest that broke off left known pages
    on top of ones that nobody has read.
    """
    published = [entry.published[: len("2025-02-26")] for entry in entries if entry.published]
    if not published:
        return False
    oldest, last = min(published), _last_answer(wanted)
    if oldest < (last - HELD).isoformat():
        return True
    return wanted.since is not None and oldest < last.isoformat() and len(known(entries)) == len(entries)


def _last_answer(wanted: SourceRequest) -> date:
    """Its day; on a first run, today. A clock set back (`--as-of`) shall not skip what was new then."""
    today = wanted.now.date()
    return min(wanted.since, today) if wanted.since else today
