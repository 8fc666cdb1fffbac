"""Asks the sources and stores what they answer; a source that fails is reported and does not stop the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Protocol

from bot.errors import ShutdownRequested, SourceError
from bot.papers.calendar import EASTERN, ArxivCalendar, listing_day
from bot.papers.identity import namespace
from bot.papers.merge import Change, entry_keys
from bot.papers.model import Entry, Listing, Paper, SourceState, Unreadable
from bot.profiles.model import Profile
from bot.profiles.references import all_keys, is_missing, lookup_key, with_text
from bot.sources.base import Http, Source, SourceRequest
from bot.sources.bounds import bounded
from bot.sources.polling import OAI, READY_AFTER, RSS, asked_to_wait, covered, missed_since
from bot.sources.reconcile import (
    brought,
    is_held_back,
    newest_shown,
    nothing_is_due,
    proved_announcement,
    repeated_categories,
    why_stale,
)

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

    def all(self) -> tuple[SourceState, ...]: ...

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
    incomplete: bool = False  #: some answer may lack entries (see Listing)
    shown: datetime | None = None  #: of an arXiv source: the newest announcement of which it has papers
    repeated: tuple[str, ...] = ()  #: categories whose papers the feed repeats

    @property
    def failed(self) -> bool:
        return bool(self.unreadable) or self.state in ("failed", "skipped", "stale")

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
    calendar: ArxivCalendar,
) -> Iterator[SourceReport]:
    """Begin to ask the sources, each in a thread of its own, so that none waits for another.

    Returns an iterator of their reports, each as soon as it is finished. A source that fails gives a report; an error
    that is not the source's, such as the database's, is raised at once, ShutdownRequested after all other reports.
    The threads go on when nobody iterates, and do not keep the process from ending: what they had stored by then
    stays stored.
    """
    results: SimpleQueue[SourceReport | Exception] = SimpleQueue()
    # All states are read before any is written: one source's request depends on another's last answer.
    before = {state.name: state for state in states.all()}
    finished, finishing = dict[str, SourceReport](), Lock()

    def work(source: Source) -> None:
        try:
            last = before.get(source.name)
            had_all = last is not None and last.last_attempt == last.last_success
            since = _since(source.name, request, before, calendar)
            wanted = replace(request, since=since, had_all=had_all)
            stores = (papers, states, lookups)
            one = _Ingest(source, wanted, http.separate(), *stores, calendar, finished, finishing)
            results.put(one.run())
        except Exception as error:  # raised again where the reports are read
            results.put(error)

    for source in sources:
        Thread(target=work, args=(source,), name=source.name, daemon=True).start()
    return _reports(results, len(sources))


def _reports(results: SimpleQueue[SourceReport | Exception], number: int) -> Iterator[SourceReport]:
    stopped: ShutdownRequested | None = None
    for _ in range(number):
        result = results.get()
        if isinstance(result, SourceReport):
            yield result
        elif isinstance(result, ShutdownRequested):
            stopped = result
        else:
            raise result
    if stopped:
        raise stopped


def _since(
    name: str, request: SourceRequest, states: Mapping[str, SourceState], calendar: ArxivCalendar
) -> date | None:
    """From which day on a source is asked (see `SourceRequest.since`)."""
    if name == OAI:
        known_until = covered if request.by_name else missed_since
        found = known_until(states, calendar, request.now)
        return found.astimezone(EASTERN).date() if found else None
    last = states[name].last_success if name in states else None
    return last.date() if last else None


@dataclass(slots=True)
class _Ingest:
    """One source's part of an ingest."""

    source: Source
    request: SourceRequest
    http: ConditionalHttp
    papers: PaperStore
    states: SourceStore
    lookups: LookupStore
    calendar: ArxivCalendar
    finished: dict[str, SourceReport]  #: what the sources of this ingest have answered so far, by name
    finishing: Lock  #: held while an answer is compared with those of the other sources

    def run(self) -> SourceReport:
        name, now = self.source.name, self.request.now
        before = self._states().get(name)
        if before and before.retry_at and asked_to_wait(before, now):
            why = f"the service asked for no requests until {before.retry_at:%Y-%m-%d %H:%M} UTC"
            return SourceReport(name, state="skipped", why=why)
        report, retry_at = self._fetch()
        with self.finishing:
            self.finished[name] = report
            states = self._states()  # again: another source may have filled a gap meanwhile
            announced = brought(name, report.shown, states, self.calendar, now)
            if name in READY_AFTER and report.state in ("ok", "empty", "partial"):
                report = reconciled(report, announced, states, self.calendar, now)
            self.states.put(_state_after(before, report, announced, retry_at, now))
            if name == OAI and RSS in self.finished:
                self._release_feed(self.finished[RSS])
        return report

    def _release_feed(self, feed: SourceReport) -> None:
        """Let the feed count that came before OAI-PMH had filled the gap."""
        states = self._states()
        announced = brought(RSS, feed.shown, states, self.calendar, self.request.now)
        if announced != states[RSS].announced:
            self.states.put(replace(states[RSS], why=feed.why, announced=announced))

    def _states(self) -> dict[str, SourceState]:
        return {state.name: state for state in self.states.all()}

    def _fetch(self) -> tuple[SourceReport, datetime | None]:
        """The report, and the time before which the service wants no request, if it said so."""
        now = self.request.now
        answered = unchanged = False
        shown: list[datetime | None] = []
        report = SourceReport(self.source.name)
        try:
            for listing in map(bounded, self.source.fetch(self.request, self.http, self.papers.known)):
                changes = self.papers.add(listing.entries, now, is_live=self.request.is_live)
                report = _add(report, listing, changes)
                # A page of OAI-PMH that is "not modified" would not say how the list goes on.
                is_used = not listing.unreadable and report.name != OAI
                if report.name in READY_AFTER:
                    announced, repeated = self._shown(listing)
                    shown.append(announced)
                    report = replace(report, repeated=(*report.repeated, *repeated))
                    is_used &= not is_held_back(report.name, announced, self._states(), self.calendar, now)
                # After an answer that broke off, or does not count yet, the next one must not be "not modified".
                self.http.commit() if is_used else self.http.rollback()
                if not listing.unreadable:
                    self.lookups.put(set(listing.asked).difference(*map(entry_keys, listing.entries)), now)
                answered, unchanged = True, unchanged or listing.unchanged
        except ShutdownRequested:  # the source has not failed
            self.http.rollback()
            raise
        except SourceError as error:
            self.http.rollback()
            later = now + timedelta(seconds=error.retry_after) if error.retry_after else None
            why = f"{error}; asked again from {later:%Y-%m-%d %H:%M} UTC" if later else str(error)
            return replace(report, state="failed", why=why), later
        if answered:
            report = _with_state(report)
            if report.state == "empty" and unchanged and not report.why:
                report = replace(report, state="ok", why="unchanged since its last answer")
            return replace(
                report, shown=None if report.incomplete else newest_shown(report.name, shown)
            ), None
        why = "nothing to ask for" if self.request.categories else "no categories in any profile"
        return replace(report, state="idle", why=why), None

    def _shown(self, listing: Listing) -> tuple[datetime | None, list[str]]:
        """The newest announcement of which an answer has papers, and the categories that it repeats."""
        if listing.unchanged:
            before = self._states().get(self.source.name)
            return before.announced if before else None, []
        # Papers of followed authors in other categories show nothing about the wanted ones.
        entries = [entry for entry in listing.entries if _is_in(entry, self.request.categories)]
        dated = [id_ for entry in entries if entry.announced for id_ in entry.ids]
        first_seen = {key: paper.first_seen for key, paper in self.papers.by_keys(dated).items()}
        repeated = repeated_categories(entries, first_seen, self.calendar)
        proved = proved_announcement(entries, first_seen, self.calendar, self.request.now)
        return None if repeated else proved, repeated


def _is_in(entry: Entry, categories: Sequence[str]) -> bool:
    """Whether an entry is in one of the categories or archives; also when none is wanted."""
    parts = {part for name in entry.categories for part in (name, name.partition(".")[0])}
    return not categories or not parts.isdisjoint(categories)


def _add(report: SourceReport, listing: Listing, changes: Counter[Change]) -> SourceReport:
    return replace(
        report,
        entries=report.entries + len(listing.entries),
        changes=report.changes + changes,
        unreadable=(*report.unreadable, *listing.unreadable),
        incomplete=report.incomplete or listing.incomplete,
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


def reconciled(
    report: SourceReport,
    announced: datetime | None,
    states: Mapping[str, SourceState],
    calendar: ArxivCalendar,
    now: datetime,
) -> SourceReport:
    """The report of an arXiv source that has answered, compared with the calendar and with the other sources."""
    newest = max(filter(None, (report.shown, announced)), default=None)
    if why := why_stale(report.name, newest, report.repeated, states, calendar, now):
        return replace(report, state="stale", why=why)
    if report.state == "empty" and nothing_is_due(report.name, calendar, now):
        names = " and ".join(
            name for _, name in calendar.holidays(calendar.last(now - READY_AFTER[report.name]), now)
        )
        return replace(report, unreadable=(), why=names and f"arXiv announces nothing: {names}")
    if report.shown and announced and report.shown > announced:
        why = f"papers after the listing of {listing_day(announced)} were missed: arxiv-oai is asked for them"
        return replace(report, why=report.why or why)
    return report


def _state_after(
    before: SourceState | None,
    report: SourceReport,
    announced: datetime | None,
    retry_at: datetime | None,
    now: datetime,
) -> SourceState:
    succeeded = report.state not in ("failed", "idle", "stale") and not report.incomplete
    # A feed that is stale after an outage has been so only since then.
    is_as_before = before is not None and (before.state == "stale") == (report.state == "stale")
    trouble_since = (before.trouble_since if before and is_as_before else None) or now
    return SourceState(
        name=report.name,
        state=report.state,
        why=report.why,
        last_attempt=now,
        last_success=now if succeeded else (before.last_success if before else None),
        last_new=now if report.changes[Change.NEW] else (before.last_new if before else None),
        retry_at=retry_at,
        announced=announced,
        trouble_since=None if succeeded or report.state == "idle" else trouble_since,
    )


def refresh(
    sources: Sequence[Source],
    profiles: Sequence[Profile],
    now: datetime,
    http: ConditionalHttp,
    papers: PaperStore,
    states: SourceStore,
    lookups: LookupStore,
    calendar: ArxivCalendar,
    *,
    by_name: bool = False,
    is_live: bool = False,
) -> Iterator[SourceReport]:
    """Begin to ask the sources for what the profiles want (see `ingest_sources`).

    `by_name`: a user has named the sources. `is_live`: `now` is the real time.
    """
    stored, asked = with_text(papers.by_keys(all_keys(profiles))), lookups.asked(now - ASK_AGAIN, now)
    request = replace(source_request(profiles, stored, asked, now), by_name=by_name, is_live=is_live)
    return ingest_sources(sources, request, http, papers, states, lookups, calendar)
