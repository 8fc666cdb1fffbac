"""Asks the sources and stores what they answer; a source that fails is reported and does not stop the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.errors import SourceError
from bot.papers.identity import namespace
from bot.papers.merge import Change
from bot.papers.model import Entry, Listing, Paper, SourceState, Unreadable
from bot.profiles.model import Profile
from bot.sources.base import Http, Source, SourceRequest

#: A source that catches up on the days that another one missed: it goes back to when either last answered.
CATCHES_UP_FOR = {"arxiv-oai": "arxiv-rss"}


class PaperStore(Protocol):
    """The stored papers, as ingesting uses them: `bot.store` is not imported here."""

    def add(
        self, entries: Sequence[Entry], now: datetime, progress: Callable[[int], None] | None = None
    ) -> Counter[Change]: ...

    def known(self, entries: tuple[Entry, ...]) -> frozenset[int]: ...

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]: ...


class SourceStore(Protocol):
    """The stored states of the sources, as ingesting uses them."""

    def get(self, name: str) -> SourceState | None: ...

    def put(self, state: SourceState) -> None: ...


class ConditionalHttp(Http, Protocol):
    """An Http that remembers the validators of an answer only once the answer is stored."""

    def commit(self) -> None: ...

    def rollback(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SourceReport:
    """The result of reading one source or one file."""

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
    """What to ask for: all categories and followed authors of the profiles, and the papers that they refer to.

    `stored`: ids of papers that are stored and so need not be asked for.
    """
    references = [reference for p in profiles for reference in (*p.like, *p.dislike)]
    ids = {r.id for r in references if r.id and not (r.title and r.abstract)} - stored
    return SourceRequest(
        categories=tuple(sorted({c for p in profiles for c in p.categories})),
        authors=tuple(sorted({a for p in profiles for a in p.authors})),
        papers=tuple(sorted(id_ for id_ in ids if namespace(id_) == "arxiv")),
        now=now,
    )


def ingest_sources(
    sources: Sequence[Source],
    request: SourceRequest,
    http: ConditionalHttp,
    papers: PaperStore,
    states: SourceStore,
) -> Iterator[SourceReport]:
    """Ask the sources in turn; yields the report of each as soon as it is done."""
    for source in sources:
        yield ingest_source(source, request, http, papers, states)


def ingest_source(
    source: Source, request: SourceRequest, http: ConditionalHttp, papers: PaperStore, states: SourceStore
) -> SourceReport:
    """Ask one source, store its answers page by page, and store the source's new state.

    A source that fails gives a report, not an exception.
    """
    before = states.get(source.name)
    if before and before.retry_at and before.retry_at > request.now:
        why = f"the service asked for no requests until {before.retry_at:%Y-%m-%d %H:%M} UTC"
        return SourceReport(source.name, state="skipped", why=why)
    replaced = states.get(CATCHES_UP_FOR[source.name]) if source.name in CATCHES_UP_FOR else None
    since = max((s.last_success.date() for s in (before, replaced) if s and s.last_success), default=None)
    report, error = _fetch(source, replace(request, since=since), http, papers)
    states.put(_state_after(before, report, error, request.now))
    return report


def _fetch(
    source: Source, request: SourceRequest, http: ConditionalHttp, papers: PaperStore
) -> tuple[SourceReport, SourceError | None]:
    """The report, and the error that ended the fetch."""
    answered = False
    report = SourceReport(source.name)
    try:
        for listing in source.fetch(request, http, papers.known):
            changes = papers.add(listing.entries, request.now)
            # After an answer that broke off, the next request must not be answered with "not modified".
            http.rollback() if listing.unreadable else http.commit()
            report = _add(report, listing, changes)
            answered = True
    except SourceError as error:
        http.rollback()
        return replace(report, state="failed", why=str(error)), error
    if answered:
        return _with_state(report), None
    why = "nothing to ask for" if request.categories else "no categories in any profile"
    return replace(report, state="idle", why=why), None


def _add(report: SourceReport, listing: Listing, changes: Counter[Change]) -> SourceReport:
    return replace(
        report,
        entries=report.entries + len(listing.entries),
        changes=report.changes + changes,
        unreadable=(*report.unreadable, *listing.unreadable),
    )


def _with_state(report: SourceReport) -> SourceReport:
    """The report of a source that answered to the end. It failed if nothing of its answers could be read."""
    if not report.unreadable:
        return report if report.entries else replace(report, state="empty")
    if report.entries:
        state = "partial"
    else:
        state = "empty" if all(problem.empty for problem in report.unreadable) else "failed"
    first = report.unreadable[0]
    return replace(report, state=state, why=f"{first.where}: {first.why}")


def _state_after(
    before: SourceState | None, report: SourceReport, error: SourceError | None, now: datetime
) -> SourceState:
    succeeded = report.state not in ("failed", "idle")
    return SourceState(
        name=report.name,
        state=report.state,
        why=report.why,
        last_attempt=now,
        last_success=now if succeeded else (before.last_success if before else None),
        last_new=now if report.changes[Change.NEW] else (before.last_new if before else None),
        retry_at=now + timedelta(seconds=error.retry_after) if error and error.retry_after else None,
    )


def refresh(
    sources: Sequence[Source],
    profiles: Sequence[Profile],
    now: datetime,
    http: ConditionalHttp,
    papers: PaperStore,
    states: SourceStore,
    *,
    by_name: bool = False,
) -> Iterator[SourceReport]:
    """Ask the sources for what the profiles want; one report for each source, as soon as it is finished.

    `by_name`: a user has named the sources.
    """
    references = {r.id for p in profiles for r in (*p.like, *p.dislike) if r.id}
    request = source_request(profiles, frozenset(papers.by_keys(references)), now)
    return ingest_sources(sources, replace(request, by_name=by_name), http, papers, states)
