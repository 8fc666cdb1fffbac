"""arXiv's OAI-PMH interface: everything that changed since a day, for catching up.

Owns the protocol (https://www.openarchives.org/OAI/openarchivesprotocol.html), arXiv's sets and its two
formats `arXivRaw` and `arXiv` (https://info.arxiv.org/help/oa/index.html). Refuses to know which change is
news: a record's date is of its last modification, so old papers come along.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.errors import SourceError
from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.arxiv.common import (
    GROUPS,
    SOURCE,
    abstract_url,
    arxiv_id,
    doi_ids,
    is_withdrawn,
    line,
    mail_moment,
    prose,
    split_authors,
    together,
)
from bot.sources.base import Http, Known, SourceRequest
from bot.sources.parsing.entries import Draft, broken, date_of, endpoint, listing, quoted
from bot.sources.parsing.xml import Element, read_xml, root_name, text
from bot.text.plain import one_line

DEFAULT_URL = "https://oaipmh.arxiv.org/oai"

GAP = timedelta(days=2)  #: the daily feed covers less
OVERLAP = timedelta(days=1)  #: days are arXiv's in the US, records are ready at about 22:30 there
FIRST_SPAN = timedelta(days=6)  # a week with the overlap

_NO_RECORDS = "noRecordsMatch"
_BAD_TOKEN = "badResumptionToken"  # noqa: S105 (the protocol's name of an error)
_WITHDRAWN_TYPE = "I"  #: https://github.com/inspirehep/inspire-next/pull/2636


def recognises(data: bytes) -> bool:
    """Whether this is an OAI-PMH answer, or a single record of one."""
    return root_name(data) == "OAI-PMH" or (
        root_name(data) == "record" and b"openarchives.org/OAI" in data[:65_536]
    )


def parse(data: bytes, as_of: date | None = None) -> Listing:
    """The records of one answer, without deleted ones. Never raises; what is wrong is in `unreadable`.

    `as_of` changes nothing: every date of this format has its year.
    """
    page = _read(data)
    if not page.error or page.error == _NO_RECORDS:
        return page.listing
    return Listing(page.listing.entries, (*page.listing.unreadable, broken(page.complaint)))


@dataclass(frozen=True, slots=True)
class _Page:
    listing: Listing
    token: str = ""  #: for the next page; empty on the last one
    error: str = ""  #: the protocol's code
    complaint: str = ""  #: the error for a person


def _read(data: bytes) -> _Page:
    document = read_xml(data, "OAI-PMH", "record")
    drafts = (d for d in document.drafts("record", _draft) if d is not _DELETED)
    found = listing(drafts, document.problems, word="record")
    if document.root is None:
        return _Page(found)
    error = document.root.find("{*}error")
    code = "" if error is None else one_line(str(error.get("code") or "")) or "an error without a code"
    complaint = f"arXiv answers {quoted(code)}: {line(text(error))[:200] or 'no explanation'}" if code else ""
    return _Page(found, text(document.root, "{*}ListRecords/{*}resumptionToken").strip(), code, complaint)


_DELETED = Draft(Entry(SOURCE, title=""))


def _draft(record: Element) -> Draft:
    header = record.find("{*}header")
    if header is not None and header.get("status") == "deleted":
        return _DELETED
    metadata = record.find("{*}metadata/{*}arXivRaw")
    if metadata is None:
        metadata = record.find("{*}metadata/{*}arXiv")
    if metadata is None:
        wrong: list[str] = []
        ids, _ = arxiv_id(text(record, "{*}header/{*}identifier"), wrong)
        return Draft(Entry(SOURCE, title="", ids=ids), (*wrong, "no metadata that Paperboy knows"))
    return _paper(record, metadata)


def _paper(record: Element, metadata: Element) -> Draft:
    wrong: list[str] = []
    arxiv, _ = arxiv_id(text(metadata, "{*}id") or text(record, "{*}header/{*}identifier"), wrong)
    ids = together(arxiv, doi_ids(text(metadata, "{*}doi")))
    abstract, remark = prose(text(metadata, "{*}abstract")), line(text(metadata, "{*}comments"))
    history = _history(metadata, wrong)
    entry = Entry(
        SOURCE,
        title=line(text(metadata, "{*}title")),
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
    return Draft(entry, tuple(wrong))


@dataclass(frozen=True, slots=True)
class _History:
    published: str | None = None
    updated: str | None = None
    version: int | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, order=True)
class _Version:
    number: int
    element: Element = field(compare=False)


def _history(metadata: Element, wrong: list[str]) -> _History:
    """From arXivRaw's versions, else from the two dates of the arXiv format, which tell no version."""
    versions = sorted(_Version(_number(v), v) for v in metadata.findall("{*}version"))
    if not versions:
        created = date_of(text(metadata, "{*}created"), "created", wrong)
        updated = date_of(text(metadata, "{*}updated"), "updated", wrong)
        return _History(created, updated or created)
    first, last = versions[0], versions[-1]
    dates = [date_of(text(v.element, "{*}date"), f"v{v.number}", wrong, mail_moment) for v in versions]
    return _History(
        dates[0] if first.number == 1 else None,
        dates[-1],
        last.number or None,
        _WITHDRAWN_TYPE in text(last.element, "{*}source_type"),
    )


def _number(version: Element) -> int:
    """1 of `v1`; 0 when it is none."""
    digits = one_line(str(version.get("version") or "")).removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 4 else 0


def _authors(metadata: Element) -> tuple[str, ...]:
    found = metadata.findall("{*}authors/{*}author")
    if not found:
        return split_authors(text(metadata, "{*}authors"))
    parts = ("{*}forenames", "{*}keyname", "{*}suffix")
    return tuple(filter(None, (line(" ".join(text(author, part) for part in parts)) for author in found)))


class ArxivOai:
    """What changed in the wanted categories since the last complete answer, when that was days ago."""

    name = "arxiv-oai"

    def __init__(self, base_url: str = DEFAULT_URL) -> None:
        self._url = endpoint(base_url, "/oai")

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        """One listing a page. Raises SourceError, also for an error of the protocol.

        Unless it was asked for by name, it yields nothing when nothing was missed: on a first run, or when
        `since` is less than two days ago. By name, a first run goes a week back.
        """
        today = wanted.now.date()
        if not wanted.by_name and (wanted.since is None or today - wanted.since < GAP):
            return
        # No `until`: https://info.arxiv.org/help/oa/index.html
        since = ((wanted.since or today - FIRST_SPAN) - OVERLAP).isoformat()
        for name in dict.fromkeys(map(_set, wanted.categories)):
            params = {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": name, "from": since}
            yield from self._records(params, http)

    def _records(self, params: dict[str, str], http: Http) -> Iterator[Listing]:
        """All pages of one set. A token that went stale (they expire daily) starts the set again, once."""
        ask, fresh, seen = params, True, set[str]()
        while True:
            if (data := http.get(self._url, ask)) is None:
                yield Listing()
                return
            page = _read(data)
            if page.error == _BAD_TOKEN and ask is not params and fresh:
                ask, fresh, seen = params, False, set()
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
                yield Listing(unreadable=(_circle(params["set"]),))
                return
            seen.add(page.token)
            ask = {"verb": "ListRecords", "resumptionToken": page.token}


def _circle(name: str) -> Unreadable:
    return broken("arXiv gave the same resumption token twice: the rest is missing", f"set {name}")


def _set(category: str) -> str:
    """`cs:cs:LG` of `cs.LG`, `physics:hep-th` of `hep-th`, `cs` of `cs`: group, archive, category."""
    archive = category.partition(".")[0]
    group = GROUPS.get(archive, archive)
    return group if category == group != "physics" else f"{group}:{category.replace('.', ':')}"
