"""The jobs of `paperboy run`, and what they log. Errors of a job are logged, and the next tick tries again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot.clock import Moment
from bot.delivery.broken_profiles import BrokenFile, broken_files
from bot.delivery.service import SendResult
from bot.errors import PaperboyError, ShutdownRequested
from bot.log import log_duration, log_error, log_line
from bot.papers.merge import Change
from bot.profiles.load import load_profiles
from bot.profiles.model import Profile
from bot.sources.ingest import SourceReport
from bot.text.plain import pluralize
from bot.worker.ingest_progress import IngestProgress
from bot.worker.loop import TICK_SECONDS


def log_broken(files: Sequence[BrokenFile]) -> None:
    """Log the problems of profiles, when they have changed."""
    for file in files:
        for problem in file.problems:
            log_line(f"profile problem: {problem}")
        if file.effect:
            log_line(f"{file.file}: {file.effect}")
    if not files:
        log_line("all profiles are valid again")


def log_report(report: SourceReport) -> None:
    log_line(
        report.summary,
        event="source",
        source=report.name,
        state=report.state,
        entries=report.entries,
        new=report.changes[Change.NEW],
    )


def log_result(result: SendResult, *unless: str) -> str:
    """Log a result, unless its line is one of some. Returns the line."""
    papers = f", {pluralize(result.papers, 'paper')}" if result.papers else ""
    why = f" ({result.why})" if result.why else ""
    to = f"{result.profile} -> {result.channel} {result.target}"
    line = f"{result.on} {to}: {result.state}{papers}{why}"
    if line not in unless:
        log_line(
            line,
            event="edition",
            edition=result.edition,
            profile=result.profile,
            channel=result.channel,
            on=result.on,
            state=result.state,
            papers=result.papers,
        )
    return line


@dataclass(slots=True)
class DailyThinning:
    """Removes what nobody needs any more, once a day."""

    thin: Callable[[Sequence[Profile], datetime], Mapping[str, int]]  #: returns the number of rows by kind
    _last: datetime | None = None

    def __call__(self, profiles: Sequence[Profile], now: datetime) -> None:
        if self._last and now - self._last < timedelta(days=1):
            return
        self._last = now
        try:
            done = self.thin(profiles, now)
        except PaperboyError as error:
            log_error(error)
            return
        if any(done.values()):
            log_line(f"thinned: {', '.join(f'{name} {number}' for name, number in done.items() if number)}")


@dataclass(slots=True)
class Daemon:
    """The two jobs of `paperboy run`. Profiles are read for each job, so that an edit counts from the next one on."""

    folder: Path  #: of the profiles
    cache: Path  #: of their last valid versions
    due: Callable[[Sequence[Profile], Moment], Sequence[str]]  #: names of the sources to ask now
    fetch: Callable[[Sequence[Profile], Moment, Sequence[str]], Iterable[SourceReport]]  #: asks them
    send: Callable[[Sequence[Profile], Moment], Iterable[SendResult]]  #: composes and delivers what is due
    report: Callable[[Sequence[BrokenFile], Moment], None]  #: stores alerts on what is broken
    progress: IngestProgress
    #: Called with the results of each tick.
    after: Callable[[Sequence[SendResult]], object] = lambda results: None
    thin: Callable[[Sequence[Profile], datetime], object] = lambda profiles, now: (
        None
    )  #: called after each ingest
    _broken: tuple[BrokenFile, ...] = ()  #: of the profiles, as printed last
    _printed: dict[str, str] = field(default_factory=dict)  #: the last line of each subscription

    def start(self, stored: int) -> None:
        """Log what there is to do. `stored`: number of stored papers. Raises PaperboyError when it cannot begin."""
        profiles = self._profiles()
        subscriptions = sum(len(profile.deliver) for profile in profiles)
        log_line(
            f"started; profiles: {len(profiles)}, subscriptions: {subscriptions}, papers stored: {stored}",
            event="started",
            profiles=len(profiles),
            subscriptions=subscriptions,
        )
        log_line(f"every {TICK_SECONDS} seconds: ask the sources that may have changed, send what is due")

    def ingest(self) -> None:
        """Ask the sources that are due now."""
        try:
            profiles, moment = self._profiles(), Moment.real()
            if names := self.due(profiles, moment):
                self.progress.begin(names)
                with log_duration("ingest"):
                    for report in self.fetch(profiles, moment, names):
                        log_report(report)
                        self.progress.answered(report.name)
            self.thin(profiles, moment.instant)
        except ShutdownRequested as error:
            log_line(f"ingest: {error}")
        except PaperboyError as error:
            log_error(error)
        finally:
            self.progress.end()

    def tick(self) -> None:
        try:
            profiles = self._profiles()
            self.report(self._broken, Moment.real())
            results = list(self.send(profiles, Moment.real()))
            for result in results:
                self._log_result(result)
            self.after(results)
        except ShutdownRequested as error:
            log_line(f"delivery: {error}")
        except PaperboyError as error:
            log_error(error)

    def _log_result(self, result: SendResult) -> None:
        """Log a result unless it is not due, or the same as that of the last tick."""
        if result.state == "skipped" and not result.blocked:
            return
        key = f"{result.profile} -> {result.channel} {result.target}"
        self._printed[key] = log_result(result, self._printed.get(key, ""))

    def _profiles(self) -> Sequence[Profile]:
        """The profiles, of broken ones the last valid version. Problems are printed when they change."""
        profiles, problems, kept, broken, _ = load_profiles([self.folder], self.cache)
        files = broken_files(problems, broken, {profile.id for profile in kept})
        if files != self._broken:
            self._broken = files
            log_broken(files)
        return (*profiles, *kept)
