"""Listings into the store: each source and each file on its own, what could be read kept, the rest told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.errors import SourceError
from bot.papers.identity import namespace
from bot.papers.merge import Change
from bot.papers.model import Entry, Listing, SourceState, Unreadable
from bot.profiles.model import Profile
from bot.sources.base import Http, Source, SourceRequest

#: A source that makes up for the days that another one missed: it looks back to when either last answered.
STANDS_IN_FOR = {"arxiv-oai": "arxiv-rss"}


class PaperStore(Protocol):
    """What ingesting needs of the stored papers."""

    def add(
        self, entries: Sequence[Entry], now: datetime, progress: Callable[[int], None] | None = None
    ) -> Counter[Change]: ...

    def known(self, entries: tuple[Entry, ...]) -> frozenset[int]: ...


class SourceStore(Protocol):
    """What ingesting needs of the stored states of the sources."""

    def get(self, name: str) -> SourceState | None: ...

    def put(self, state: SourceState) -> None: ...


class Conditional(Http, Protocol):
    """An Http whose validators are kept only once what they validate is stored."""

    def commit(self) -> None: ...

    def rollback(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How one source or file fared in one call."""

    name: str
    entries: int = 0
    changes: Counter[Change] = field(default_factory=Counter)
    unreadable: tuple[Unreadable, ...] = ()
    state: str = "ok"  #: as in SourceState
    why: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.unreadable) or self.state in ("failed", "skipped")


def source_request(profiles: Sequence[Profile], stored: frozenset[str], now: datetime) -> SourceRequest:
    """What to ask for: the union of the profiles' categories and followed authors, and papers to resemble.

    `stored`: ids of referenced papers that need no asking.
    """
    named = (reference for p in profiles for reference in (*p.like, *p.dislike))
    references = {one.id for one in named if one.id and not (one.title and one.abstract)}
    return SourceRequest(
        categories=tuple(sorted({c for p in profiles for c in p.categories})),
        authors=tuple(sorted({a for p in profiles for a in p.authors})),
        papers=tuple(sorted(id_ for id_ in references - stored if namespace(id_) == "arxiv")),
        now=now,
    )


# --- Files ------------------------------------------------------------------------------------------------


# --- Sources ----------------------------------------------------------------------------------------------


def ingest_source(
    source: Source, ask: SourceRequest, http: Conditional, papers: PaperStore, states: SourceStore
) -> SourceReport:
    """Ask one source and store what it answers, page by page; remember how it fared.

    A source that fails is a report, not an exception: the others go on.
    """
    before = states.get(source.name)
    if before and before.retry_at and before.retry_at > ask.now:
        why = f"asked to be left alone until {before.retry_at:%Y-%m-%d %H:%M} UTC"
        return SourceReport(source.name, state="skipped", why=why)
    answers = (before, states.get(STANDS_IN_FOR[source.name]) if source.name in STANDS_IN_FOR else None)
    since = max((s.last_success.date() for s in answers if s and s.last_success), default=None)
    report, error = _drained(source, replace(ask, since=since), http, papers)
    states.put(_state_after(before, report, error, ask.now))
    return report


def _drained(
    source: Source, ask: SourceRequest, http: Conditional, papers: PaperStore
) -> tuple[SourceReport, SourceError | None]:
    report, error = SourceReport(source.name, state="idle", why="nothing to ask for"), None
    try:
        for listing in source.fetch(ask, http, papers.known):
            changes = papers.add(listing.entries, ask.now)
            # An answer that broke off must not be answered with "not modified" next time.
            http.rollback() if listing.unreadable else http.commit()
            report = _added(report, listing, changes)
    except SourceError as failure:
        http.rollback()
        error = failure
        report = replace(report, state="failed", why=str(failure))
    return _judged(report), error


def _judged(report: SourceReport) -> SourceReport:
    """The state of a source that went through to the end. An answer of which nothing could be read failed."""
    if report.state in ("failed", "idle"):
        return report
    if report.unreadable:
        first = report.unreadable[0]
        state = (
            "partial" if report.entries else "empty" if all(u.empty for u in report.unreadable) else "failed"
        )
        return replace(report, state=state, why=f"{first.where}: {first.why}")
    return report if report.entries else replace(report, state="empty")


def _added(report: SourceReport, listing: Listing, changes: Counter[Change]) -> SourceReport:
    return replace(
        report,
        state="ok",
        why="",
        entries=report.entries + len(listing.entries),
        changes=report.changes + changes,
        unreadable=(*report.unreadable, *listing.unreadable),
    )


def _state_after(
    before: SourceState | None, report: SourceReport, error: SourceError | None, now: datetime
) -> SourceState:
    retry = now + timedelta(seconds=error.retry_after) if error and error.retry_after else None
    last_new = now if report.changes[Change.NEW] else (before.last_new if before else None)
    succeeded = report.state not in ("failed", "idle")
    return SourceState(
        name=report.name,
        state=report.state,
        why=report.why,
        last_attempt=now,
        last_success=now if succeeded else (before.last_success if before else None),
        last_new=last_new,
        retry_at=retry,
    )


def ingest_sources(
    sources: Sequence[Source], ask: SourceRequest, http: Conditional, papers: PaperStore, states: SourceStore
) -> Iterator[SourceReport]:
    """Every source in turn, a report each as it is through."""
    for source in sources:
        yield ingest_source(source, ask, http, papers, states)
