"""Values for papers and listings: what a source says, and what is known of a work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from bot.clock import require_aware


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperDetails:
    """The fields that an entry and a paper share. `bot.papers.merge` has the rule for merging each of them."""

    abstract: str = ""  #: paragraphs separated by one blank line, white space collapsed within each
    authors: tuple[str, ...] = ()  #: full names in the listing's order
    author_count: int | None = None  #: when the listing gives only this number, or not all names
    categories: tuple[str, ...] = ()  #: arXiv categories, primary first
    organization: str | None = None  #: as displayed: "PEARLS Lab"
    url: str | None = None  #: of the abstract page
    version: int | None = None  #: 1 for v1
    published: str | None = None  #: ISO text: first version
    updated: str | None = None  #: ISO text: this version
    announced: str | None = None  #: ISO text, may be a month
    crossed: str | None = None  #: ISO text: announced in a category other than its primary one
    votes: int | None = None
    comments: int | None = None  #: number of readers' comments, not the authors' remark
    withdrawn: bool = False
    cut: bool = False  #: the listing ended inside this text: it never replaces a whole one

    def details(self) -> dict[str, Any]:
        """The shared fields by name: keyword arguments for another `PaperDetails`."""
        return {name: getattr(self, name) for name in DETAIL_NAMES}


DETAIL_NAMES = tuple(field.name for field in fields(PaperDetails))


@dataclass(frozen=True, slots=True)
class Entry(PaperDetails):
    """One work as one listing shows it. Made by sources; texts are readable Unicode without TeX."""

    source: str  #: "arxiv", "huggingface", or the namespace of a JSON Lines id
    title: str  #: white space collapsed; never empty
    ids: tuple[str, ...] = ()  #: canonical ids, best first: "arxiv:2502.19402", "doi:10.1/x", "ns:key"
    reference: bool = False  #: not new: a revision, or fetched by id because a profile names it


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of a listing that could not be read."""

    where: str  #: for people to find it: "line 12", "record 3 (arxiv:2502.19402)", "byte 4096"
    why: str
    empty: bool = False  #: the answer is valid, but has no entries where some were expected


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer of one source. An invalid answer still gives everything that could be read."""

    entries: tuple[Entry, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    unchanged: bool = False  #: the service says that its answer is the one that is stored
    asked: tuple[str, ...] = ()  #: ids and title keys of the single papers that it was asked for
    incomplete: bool = False  #: the answer broke off or was not as expected: it may lack entries


@dataclass(frozen=True, slots=True)
class Paper(PaperDetails):
    """One work in its newest known version, whatever sources listed it. Made by `bot.papers.merge`."""

    id: str
    title: str
    first_seen: datetime  #: UTC; set by the first listing that showed it
    sources: tuple[str, ...] = ()  #: sorted
    text_source: str = ""  #: the source of the title and the abstract

    def __post_init__(self) -> None:
        require_aware(self.first_seen)


@dataclass(frozen=True, slots=True)
class CountedPaper:
    """A paper with the counts of its terms, which are computed once for each text."""

    paper: Paper
    terms: bytes  #: in the layout of `bot.ranking.counts`


@dataclass(frozen=True, slots=True)
class SourceState:
    """The outcome of the last requests to a source."""

    name: str
    #: "ok", "empty" (a valid answer without entries), "stale" (a valid answer without the newest announcement, of
    #: which there are papers), "partial", "failed", "idle" (not asked)
    state: str
    why: str = ""
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    last_new: datetime | None = None  #: when it last had a new paper
    retry_at: datetime | None = None  #: the service asked for no request before this time
    #: Of an arXiv source: the newest announcement whose papers it has brought. A feed that follows a gap counts only
    #: when arxiv-oai has filled it (`bot.sources.reconcile`).
    announced: datetime | None = None
    #: The first request since its last good answer that had none: it failed, broke off, or was stale. None: the last
    #: answer was good, or an earlier version has stored the state.
    trouble_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class TermCounter:
    """Counts the terms of a paper; the store calls it once for each text."""

    version: int  #: stored counts of another version are computed again
    count: Callable[[str, str], bytes]  #: of a title and an abstract
