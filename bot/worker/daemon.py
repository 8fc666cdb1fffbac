"""What the long-running processes do and print: `paperboy run` and `paperboy serve`.

Errors of a job are printed, and the job is tried again by the next tick.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.clock import Moment, utc_now
from bot.delivery.broken_profiles import BrokenFile, broken_files
from bot.delivery.service import SendResult
from bot.errors import DatabaseLost, PaperboyError, Problem
from bot.profiles.load import load_profiles
from bot.profiles.model import Profile
from bot.sources.ingest import SourceReport
from bot.text.addresses import is_secure_url
from bot.text.plain import pluralize
from bot.worker.ingest_progress import IngestProgress
from bot.worker.loop import INGEST_MINUTES, TICK_SECONDS


def set_up_logging() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def log_line(text: str) -> None:
    """Print a line with the time, unbuffered, because logs are read while they grow."""
    sys.stdout.write(f"{utc_now():%Y-%m-%dT%H:%M:%SZ} {text}\n")
    sys.stdout.flush()


def log_template_problem(problem: Problem) -> None:
    log_line(f"template problem: {problem} (the built-in template is used)")


def log_links(public_url: str | None) -> None:
    """Print whether mails contain links to the web process."""
    if not public_url:
        log_line("PUBLIC_URL is not set: mails contain no link to this process")
    elif not is_secure_url(public_url):
        log_line(f"PUBLIC_URL is {public_url}, and not https: mails contain no link to this process")
    else:
        log_line(f"mails contain links to {public_url}/unsubscribe/")


def log_broken(files: Sequence[BrokenFile]) -> None:
    """Print the problems of profiles when they have changed."""
    for file in files:
        for problem in file.problems:
            log_line(f"profile problem: {problem}")
        if file.effect:
            log_line(f"{file.file}: {file.effect}")
    if not files:
        log_line("all profiles are valid again")


def result_line(result: SendResult) -> str:
    papers = f", {pluralize(result.papers, 'paper')}" if result.papers else ""
    why = f" ({result.why})" if result.why else ""
    return f"{result.on} {result.profile} -> {result.channel} {result.target}: {result.state}{papers}{why}"


def watch_database(check: Callable[[], None], interval: float = 2) -> None:
    """Start a thread that ends the process with exit code 1 when `check` raises DatabaseLost.

    It ends at once, as by a kill, which loses nothing. `interval`: seconds between two checks.
    """

    def watch() -> None:
        while True:
            time.sleep(interval)
            try:
                check()
            except DatabaseLost as error:
                log_line(f"error: {error}")
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@dataclass(slots=True)
class Daemon:
    """The two jobs of `paperboy run`. Profiles are read for each job, so that an edit counts from the next one on."""

    folder: Path  #: of the profiles
    cache: Path  #: of their last valid versions
    fetch: Callable[[Sequence[Profile], Moment], Iterable[SourceReport]]  #: asks the sources
    send: Callable[[Sequence[Profile], Moment], Iterable[SendResult]]  #: composes and delivers what is due
    report: Callable[[Sequence[BrokenFile], Moment], None]  #: stores alerts on what is broken
    progress: IngestProgress
    _broken: tuple[BrokenFile, ...] = ()  #: of the profiles, as printed last
    _printed: dict[str, str] = field(default_factory=dict)  #: the last line of each subscription

    def start(self, stored: int) -> None:
        """Print what there is to do. `stored`: number of stored papers. Raises PaperboyError when it cannot begin."""
        profiles = self._profiles()
        subscriptions = sum(len(profile.deliver) for profile in profiles)
        log_line(
            f"started; profiles: {len(profiles)}, subscriptions: {subscriptions}, papers stored: {stored}"
        )
        log_line(f"ingest every {INGEST_MINUTES} minutes, check what is due every {TICK_SECONDS} seconds")

    def ingest(self) -> None:
        self.progress.begin()
        try:
            for report in self.fetch(self._profiles(), Moment.real()):
                log_line(report.summary)
                self.progress.answered(report.name)
        except PaperboyError as error:
            log_line(f"error: {error}")
        finally:
            self.progress.end()

    def tick(self) -> None:
        try:
            profiles = self._profiles()
            self.report(self._broken, Moment.real())
            for result in self.send(profiles, Moment.real()):
                self._log_result(result)
        except PaperboyError as error:
            log_line(f"error: {error}")

    def _log_result(self, result: SendResult) -> None:
        """Print a result unless it is not due, or the same as that of the last tick."""
        if result.state == "skipped" and not result.blocked:
            return
        key = f"{result.profile} -> {result.channel} {result.target}"
        line = result_line(result)
        if self._printed.get(key) != line:
            self._printed[key] = line
            log_line(line)

    def _profiles(self) -> Sequence[Profile]:
        """The profiles, of broken ones the last valid version. Problems are printed when they change."""
        profiles, problems, kept, broken, _ = load_profiles([self.folder], self.cache)
        files = broken_files(problems, broken, {profile.id for profile in kept})
        if files != self._broken:
            self._broken = files
            log_broken(files)
        return (*profiles, *kept)
