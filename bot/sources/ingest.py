"""Asks the sources and stores what they answer; a source that fails is reported and does not stop the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

from bot.errors import ShutdownRequested, SourceError
from bot.papers.identity import namespace
from bot.papers.merge import Change, entry_keys
from bot.papers.model import Entry, Listing, Paper, SourceState, Unreadable
from bot.profiles.model import Profile
from bot.profiles.references import all_keys, is_missing, lookup_key
from bot.sources.base import LONGEST_WAIT, Http, Source, SourceRequest
from bot.sources.bounds import bounded

#: A source that catches up on the days that another one missed: it goes back to when either last answered.
CATCHES_UP_FOR = {"arxiv-oai": "arxiv-rss"}
#: A paper that a source does not have is not asked for again before this time.
ASK_AGAIN = timedelta(days=30)
#: Most titles that one ingest searches for: each may take a request.
MAX_TITLES = 20


class PaperStore(Protocol):
    """The stored papers, as ingesting uses them: `bot.store` is not imported here."""

    def add(
        self,
        entries: Sequence[Entry],
        now: datetime,
        progress: Callable[[int], None] | None = None,
        *,
        is_live: bool = False,
    ) -> Counter[Change]: ...

    def known(self, entries: tuple[Entry, ...]) -> frozenset[int]: ...

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]: ...


class SourceStore(Protocol):
    """The stored states of the sources, as ingesting uses them."""

    def get(self, name: str) -> SourceState | None: ...

    def put(self, state: SourceState) -> None: ...


class LookupStore(Protocol):
    """The stored keys of papers that were asked for and not found."""

    def asked(self, since: datetime, until: datetime) -> frozenset[str]: ...

    def put(self, keys: Iterable[str], now: datetime) -> None: ...


class ConditionalHttp(Http, Protocol):
    """An Http that remembers the validators of an answer only once the answer is stored."""

    def separate(self) -> ConditionalHttp:
        """One for another thread, with the same limits, whose `commit` and `rollback` are about its own answers."""
        ...

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

    @property
    def summary(self) -> str:
        """The report in one line."""
        counts = ", ".join(f"{number} {change}" for change, number in self.changes.items() if number)
        state = "" if self.state == "ok" else f" {self.state}"
        why = f" ({self.why})" if self.why else ""
        unreadable = f", {len(self.unreadable)} unreadable" if self.unreadable else ""
        return (
            f"{self.name}:{state} {self.entries} entries{f' ({counts})' if counts else ''}{unreadable}{why}"
        )


def source_request(
    profiles: Sequence[Profile], stored: Collection[str], asked: Collection[str], now: datetime
) -> SourceRequest:
    """What to ask for: all categories and followed authors of the profiles, and the papers that they refer to.

    `stored`: keys of papers that are stored and so need not be asked for. `asked`: keys that were asked for in vain.
    Of more than MAX_TITLES titles those of liked papers come first.
    """
    references = [r for p in profiles for r in p.like] + [r for p in profiles for r in p.dislike]
    missing = {lookup_key(r): r for r in references if is_missing(r, stored)}
    wanted = {key: r for key, r in missing.items() if key and key not in asked}
    titles = [r.title for key, r in wanted.items() if namespace(key) == "title"]
    return SourceRequest(
        categories=tuple(sorted({c for p in profiles for c in p.categories})),
        authors=tuple(sorted({a for p in profiles for a in p.authors})),
        papers=tuple(sorted(key for key in wanted if namespace(key) == "arxiv")),
        titles=tuple(titles[:MAX_TITLES]),
        now=now,
    )


def ingest_sources(
    sources: Sequence[Source],
    request: SourceRequest,
    http: ConditionalHttp,
    papers: PaperStore,
    states: SourceStore,
    lookups: LookupStore,
) -> Iterator[SourceReport]:
    """Begin to ask the sources, each in a thread of its own, so that none waits for another.

    Returns an iterator of their reports, each as soon as it is finished. A source that fails gives a report; an error
    that is not the source's, such as the database's, is raised after all other reports. The threads go on when nobody
    iterates, and do not keep the process from ending: what they had stored by then stays stored.
    """
    results: SimpleQueue[SourceReport | Exception] = SimpleQueue()

    def work(source: Source, before: SourceState | None, since: date | None) -> None:
        try:
            wanted = replace(request, since=since)
            results.put(_ingest(source, wanted, before, http.separate(), papers, states, lookups))
        except Exception as error:  # raised again where the reports are read
            results.put(error)

    # All states are read before any is written: one source's request depends on another's last answer.
    for one in [(source, *_last_answer(source, states)) for source in sources]:
        Thread(target=work, args=one, name=one[0].name, daemon=True).start()
    return _reports(results, len(sources))


def _reports(results: SimpleQueue[SourceReport | Exception], number: int) -> Iterator[SourceReport]:
    errors = []
    for _ in range(number):
        result = results.get()
        if isinstance(result, SourceReport):
            yield result
        else:
            errors.append(result)
    if errors:
        raise errors[0]


def _last_answer(source: Source, states: SourceStore) -> tuple[SourceState | None, date | None]:
    """The state of a source, and the day of the last complete answer that it need not ask for again."""
    before = states.get(source.name)
    replaced = states.get(CATCHES_UP_FOR[source.name]) if source.name in CATCHES_UP_FOR else None
    return before, max(
        (s.last_success.date() for s in (before, replaced) if s and s.last_success), default=None
    )


def _ingest(
    source: Source,
    request: SourceRequest,
    before: SourceState | None,
    http: ConditionalHttp,
    papers: PaperStore,
    states: SourceStore,
    lookups: LookupStore,
) -> SourceReport:
    # A later time than the longest wait is of a clock that was wrong.
    if before and before.retry_at and request.now < before.retry_at <= request.now + LONGEST_WAIT:
        why = f"the service asked for no requests until {before.retry_at:%Y-%m-%d %H:%M} UTC"
        return SourceReport(source.name, state="skipped", why=why)
    report, retry_at = _fetch(source, request, http, papers, lookups)
    states.put(_state_after(before, report, retry_at, request.now))
    return report


def _fetch(
    source: Source,
    request: SourceRequest,
    http: ConditionalHttp,
    papers: PaperStore,
    lookups: LookupStore,
) -> tuple[SourceReport, datetime | None]:
    """The report, and the time before which the service wants no request, if it said so."""
    answered = unchanged = False
    report = SourceReport(source.name)
    try:
        for listing in map(bounded, source.fetch(request, http, papers.known)):
            changes = papers.add(listing.entries, request.now, is_live=request.is_live)
            # After an answer that broke off, the next request must not be answered with "not modified".
            http.rollback() if listing.unreadable else http.commit()
            if not listing.unreadable:
                lookups.put(set(listing.asked).difference(*map(entry_keys, listing.entries)), request.now)
            report = _add(report, listing, changes)
            answered, unchanged = True, unchanged or listing.unchanged
    except ShutdownRequested:  # the source has not failed
        http.rollback()
        raise
    except SourceError as error:
        http.rollback()
        later = request.now + timedelta(seconds=error.retry_after) if error.retry_after else None
        why = f"{error}; asked again from {later:%Y-%m-%d %H:%M} UTC" if later else str(error)
        return replace(report, state="failed", why=why), later
    if answered:
        report = _with_state(report)
        if report.state == "empty" and unchanged and not report.why:
            report = replace(report, state="ok", why="unchanged since its last answer")
        return report, None
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
    before: SourceState | None, report: SourceReport, retry_at: datetime | None, now: datetime
) -> SourceState:
    succeeded = report.state not in ("failed", "idle")
    return SourceState(
        name=report.name,
        state=report.state,
        why=report.why,
        last_attempt=now,
        last_success=now if succeeded else (before.last_success if before else None),
        last_new=now if report.changes[Change.NEW] else (before.last_new if before else None),
        retry_at=retry_at,
    )


def refresh(
    sources: Sequence[Source],
    profiles: Sequence[Profile],
    now: datetime,
    http: ConditionalHttp,
    papers: PaperStore,
    states: SourceStore,
    lookups: LookupStore,
    *,
    by_name: bool = False,
    is_live: bool = False,
) -> Iterator[SourceReport]:
    """Begin to ask the sources for what the profiles want (see `ingest_sources`).

    `by_name`: a user has named the sources. `is_live`: `now` is the real time.
    """
    stored, asked = papers.by_keys(all_keys(profiles)), lookups.asked(now - ASK_AGAIN, now)
    request = replace(source_request(profiles, stored, asked, now), by_name=by_name, is_live=is_live)
    return ingest_sources(sources, request, http, papers, states, lookups)
