"""Papers and listings as values: what a source says, and what is known of a work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.clock import require_aware


@dataclass(frozen=True, slots=True)
class Entry:
    """One work as one listing shows it. Made by sources; text is as written, TeX and all."""

    source: str  #: who says so: "arxiv", "huggingface", or the namespace of a JSON Lines id
    title: str  #: white space collapsed; never empty
    abstract: str = ""  #: paragraphs separated by one blank line, white space collapsed within each
    ids: tuple[str, ...] = ()  #: canonical ids, best first: "arxiv:2502.19402", "doi:10.1/x", "ns:key"
    authors: tuple[str, ...] = ()  #: full names in the listing's order
    author_count: int | None = None  #: when the listing tells only how many
    categories: tuple[str, ...] = ()  #: arXiv categories, primary first
    organization: str | None = None  #: as displayed: "PEARLS Lab"
    url: str | None = None  #: of the abstract page
    version: int | None = None  #: 1 for v1
    published: str | None = None  #: ISO text: first version
    updated: str | None = None  #: ISO text: this version
    announced: str | None = None  #: ISO text, may be a month
    crossed: str | None = None  #: ISO text: announced in a category that is not its own
    votes: int | None = None
    comments: int | None = None  #: how many readers' comments, not the authors' remark
    withdrawn: bool = False
    cut: bool = False  #: the listing broke off inside this entry: it never replaces a whole text
    reference: bool = False  #: no news: a revision, or asked for by id as something to resemble


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something on a listing that could not be read, told so that a person can find it."""

    where: str  #: "line 12", "record 3 (arxiv:2502.19402)", "byte 4096"
    why: str
    empty: bool = False  #: the answer is sound, and holds nothing where something was to be expected


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer of one source. A broken one still carries everything that could be read."""

    entries: tuple[Entry, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """One work in its newest known version, whatever sources listed it. Made by the store's merging."""

    id: str
    title: str
    first_seen: datetime  #: UTC; set by the first listing that showed it
    abstract: str = ""
    authors: tuple[str, ...] = ()
    author_count: int | None = None
    categories: tuple[str, ...] = ()
    organization: str | None = None
    sources: tuple[str, ...] = ()  #: sorted
    url: str | None = None
    version: int | None = None
    published: str | None = None
    updated: str | None = None
    announced: str | None = None
    crossed: str | None = None
    votes: int | None = None
    comments: int | None = None
    withdrawn: bool = False
    cut: bool = False
    text_source: str = ""  #: which source's text this is

    def __post_init__(self) -> None:
        require_aware(self.first_seen)


@dataclass(frozen=True, slots=True)
class CountedPaper:
    """A paper with the counts of its terms, which are made once for each text."""

    paper: Paper
    terms: bytes  #: as `bot.ranking.counts` packs them


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source fared last."""

    name: str
    state: str  #: "ok", "empty" (it answered that there is nothing), "partial", "failed", "idle" (not asked)
    why: str = ""
    last_attempt: datetime | None = None
    last_success: datetime | None = None
    last_new: datetime | None = None
    retry_at: datetime | None = None  #: the service asked not to be called before


@dataclass(frozen=True, slots=True)
class TermCounter:
    """How the terms of a paper are counted, for the store to do it once for each text."""

    version: int  #: counts of another version are made anew
    count: Callable[[str, str], bytes]  #: of a title and an abstract
