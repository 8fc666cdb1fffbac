"""arXiv's OAI-PMH interface: everything that changed since a day, to catch up on missed days.

The protocol: https://www.openarchives.org/OAI/openarchivesprotocol.html. arXiv's sets and its two formats `arXivRaw`
and `arXiv`: https://info.arxiv.org/help/oa/index.html. A record's date is of its last modification, so the answers
also contain old papers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from bot.errors import SourceError
from bot.papers.model import Entry, Listing
from bot.sources.arxiv.common import (
    GROUPS,
    SOURCE,
    abstract_url,
    add_dois,
    arxiv_id,
    arxiv_line,
    arxiv_paragraphs,
    is_withdrawn,
    mail_moment,
    split_authors,
)
from bot.sources.base import Http, Known, SourceRequest, endpoint
from bot.sources.parsing.entries import Draft, broken, date_of, listing, quoted
from bot.sources.parsing.xml import Element, read_xml, root_name, text
from bot.text.plain import one_line

DEFAULT_URL = "https://oaipmh.arxiv.org/oai"

FIRST_SPAN = timedelta(days=7)  #: what a user who names the source gets on a first run
MAX_PAGES = 50  #: of one set: at 1,000 records or more on each, a month of the busiest archive

_NO_RECORDS = "noRecordsMatch"
_BAD_TOKEN = "badResumptionToken"  # noqa: S105 (an error of the protocol)
_WITHDRAWN_TYPE = "I"  #: https://github.com/inspirehep/inspire-next/pull/2636


def recognises(data: bytes) -> bool:
    """Whether this is an OAI-PMH answer, or a single record of one."""
    return root_name(data) == "OAI-PMH" or (
        root_name(data) == "record" and b"openarchives.org/OAI" in data[:65_536]
    )


def parse(data: bytes, as_of: date | None = None) -> Listing:
    """The records of one answer, without deleted ones.

    `as_of` has no effect, because dates of this format have a year.
    """
    page = _read(data)
    if not page.error or page.error == _NO_RECORDS:
        return page.listing
    return Listing(page.listing.entries, (*page.listing.unreadable, broken(page.complaint)))


@dataclass(frozen=True, slots=True)
class _Page:
    listing: Listing
    token: str = ""  #: for the next page; empty on the last one
    error: str = ""  #: its code in the protocol
    complaint: str = ""  #: the error as a message


def _read(data: bytes) -> _Page:
    document = read_xml(data, "OAI-PMH", "record")
    found = listing(document.drafts("record", _draft), document.problems, word="record")
    if document.root is None:
        return _Page(found)
    error = document.root.find("{*}error")
    code = "" if error is None else one_line(str(error.get("code") or "")) or "an error without a code"
    complaint = (
        f"arXiv answers {quoted(code)}: {arxiv_line(text(error))[:200] or 'no explanation'}" if code else ""
    )
    return _Page(found, text(document.root, "{*}ListRecords/{*}resumptionToken").strip(), code, complaint)


def _draft(record: Element) -> Draft | None:
    header = record.find("{*}header")
    if header is not None and header.get("status") == "deleted":
        return None
    metadata = record.find("{*}metadata/{*}arXivRaw")
    if metadata is None:
        metadata = record.find("{*}metadata/{*}arXiv")
    if metadata is None:
        problems: list[str] = []
        ids, _ = arxiv_id(text(record, "{*}header/{*}identifier"), problems)
        return Draft(Entry(SOURCE, title="", ids=ids), (*problems, "no metadata that Paperboy can read"))
    return _paper(record, metadata)


def _paper(record: Element, metadata: Element) -> Draft:
    problems: list[str] = []
    arxiv, _ = arxiv_id(text(metadata, "{*}id") or text(record, "{*}header/{*}identifier"), problems)
    ids = add_dois(arxiv, text(metadata, "{*}doi"))
    abstract = arxiv_paragraphs(text(metadata, "{*}abstract"))
    remark = arxiv_line(text(metadata, "{*}comments"))
    history = _history(metadata, problems)
    entry = Entry(
        SOURCE,
        title=arxiv_line(text(metadata, "{*}title")),
        abstract=abstract,
        ids=ids,
        authors=_authors(metadata),
        categories=tuple(dict.fromkeys(one_line(text(metadata, "{*}categories")).split())),
        url=abstract_url(ids),
        version=history.version,
        published=history.published,
        updated=history.updated,
        withdrawn=history.withdrawn or is_withdrawn(remark) or is_withdrawn(abstract),
        reference=(history.version or 1) > 1,  # a revision is never new
    )
    return Draft(entry, tuple(problems))


@dataclass(frozen=True, slots=True)
class _History:
    published: str | None = None
    updated: str | None = None
    version: int | None = None
    withdrawn: bool = False


def _history(metadata: Element, problems: list[str]) -> _History:
    """From arXivRaw's versions, else from the two dates of the arXiv format, which has no versions."""
    versions = sorted(metadata.findall("{*}version"), key=_number)
    if not versions:
        created = date_of(text(metadata, "{*}created"), "created", problems)
        updated = date_of(text(metadata, "{*}updated"), "updated", problems)
        return _History(created, updated or created)
    first, last = versions[0], versions[-1]
    dates = [date_of(text(v, "{*}date"), f"v{_number(v)}", problems, mail_moment) for v in versions]
    return _History(
        dates[0] if _number(first) == 1 else None,
        dates[-1],
        _number(last) or None,
        _WITHDRAWN_TYPE in text(last, "{*}source_type"),
    )


def _number(version: Element) -> int:
    """1 of `v1`; 0 if it is not a version."""
    digits = one_line(str(version.get("version") or "")).removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 4 else 0


def _authors(metadata: Element) -> tuple[str, ...]:
    found = metadata.findall("{*}authors/{*}author")
    if not found:
        return split_authors(text(metadata, "{*}authors"))
    parts = ("{*}forenames", "{*}keyname", "{*}suffix")
    names = (arxiv_line(" ".join(text(author, part) for part in parts)) for author in found)
    return tuple(filter(None, names))


class ArxivOai:
    """What changed in the wanted categories since an announcement after which one was missed."""

    name = "arxiv-oai"

    def __init__(self, base_url: str = DEFAULT_URL) -> None:
        self._url = endpoint(base_url, "/oai")

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        """One listing per page. Raises SourceError, also for an error of the protocol.

        `wanted.since`: the evening in US Eastern time, which dates are in here, of the newest announcement up to
        which nothing is missing. Yields nothing if it is None, as nothing was missed; when the user named the source
        it asks in any case, without a `since` for FIRST_SPAN.
        """
        if not (wanted.since or wanted.by_name):
            return
        # No `until`: https://info.arxiv.org/help/oa/index.html
        since = (wanted.since or wanted.now.date() - FIRST_SPAN).isoformat()
        for name in dict.fromkeys(map(_set, wanted.categories)):
            params = {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": name, "from": since}
            yield from self._records(params, http)

    def _records(self, params: dict[str, str], http: Http) -> Iterator[Listing]:
        """All pages of one set. A token that has expired (they do so daily) starts the set again, once."""
        query, may_restart, seen = params, True, set[str]()
        for _ in range(MAX_PAGES):
            if (data := http.get(self._url, query)) is None:
                yield Listing(unchanged=True)
                return
            page = _read(data)
            if page.error == _BAD_TOKEN and query is not params and may_restart:
                query, may_restart, seen = params, False, set()
                continue
            if page.error == _NO_RECORDS:
                yield Listing()
                return
            if page.error:
                raise SourceError(f"{params['set']}: {page.complaint}")
            yield page.listing
            if not page.token:
                return
            if page.token in seen:
                why = "arXiv sent the same resumption token twice"
                break
            seen.add(page.token)
            query = {"verb": "ListRecords", "resumptionToken": page.token}
        else:
            why = f"more than {MAX_PAGES} pages"
        missing = broken(f"{why}: the rest is missing", f"set {params['set']}")
        yield Listing(unreadable=(missing,), incomplete=True)


def _set(category: str) -> str:
    """The set of a category, as group, archive, category: `cs:cs:LG`, `physics:hep-th`; `cs` of `cs`."""
    archive = category.partition(".")[0]
    group = GROUPS.get(archive, archive)
    return group if category == group != "physics" else f"{group}:{category.replace('.', ':')}"
