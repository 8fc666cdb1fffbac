"""What the jobs do, and the tick that puts them into the queue: `paperboy work` and `paperboy schedule`.

The steps are those of `paperboy run`, which does all of them in one process: ask one source, compose for some
profiles, deliver to a group of conversations.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.clock import Moment
from bot.delivery.broken_profiles import BrokenFile, broken_files
from bot.delivery.plan import Plan
from bot.delivery.service import DeliveryService
from bot.errors import PaperboyError
from bot.log import log_error, log_line
from bot.profiles.load import Loaded
from bot.profiles.model import Profile
from bot.sources.ingest import SourceReport
from bot.text.plain import pluralize
from bot.worker.daemon import DailyThinning, log_broken, log_report, log_result
from bot.worker.job_plan import COMPOSE, DELIVER, INGEST, compose_jobs, deliver_job, ingest_jobs
from bot.worker.jobs import JobQueue, Step


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps. Each reads the profiles and the tables, so that a job that is late or doubled does no harm."""

    profiles: Callable[[], Sequence[Profile]]
    ask: Callable[[Sequence[Profile], str], Iterable[SourceReport]]  #: asks one source
    delivery: DeliveryService
    pause: Callable[[float], None]  #: may raise to end a step

    def by_queue(self) -> dict[str, Step]:
        return {INGEST: self.ingest, COMPOSE: self.compose, DELIVER: self.deliver}

    def ingest(self, source: str) -> None:
        for report in self.ask(self.profiles(), source):
            log_report(report)

    def compose(self, profiles: Sequence[str]) -> None:
        """`profiles`: ids."""
        chosen = [profile for profile in self.profiles() if profile.id in profiles]
        if lacking := set(profiles) - {profile.id for profile in chosen}:
            log_line(
                f"no profile {min(lacking)} here: all machines need the same folder of profiles",
                logging.ERROR,
            )
        if plans := self.delivery.compose(chosen, Moment.real(), lambda key: self.pause(0)):
            digests = pluralize(len(plans), "digest")
            log_line(
                f"composed {digests} for {pluralize(len({plan.profile.id for plan in plans}), 'profile')}"
            )

    def deliver(self, group: str) -> None:
        for result in self.delivery.deliver_group(group, self.profiles(), Moment.real()):
            log_result(result)


@dataclass(slots=True)
class Scheduler:
    """Puts into the queue what is due and what is open. Any number of them may run."""

    queue: JobQueue
    load: Callable[[], Loaded]  #: reads the profiles
    due: Callable[[Sequence[Profile], Moment], Sequence[str]]  #: names of the sources to ask now
    groups: Mapping[str, str]  #: of the sources (see `job_plan.ingest_jobs`)
    delivery: DeliveryService
    thin: DailyThinning
    after: Callable[[], object] = lambda: None  #: called after each tick
    _broken: tuple[BrokenFile, ...] = ()  #: of the profiles, as printed last
    _blocked: frozenset[str] = frozenset()  #: what cannot be sent, as printed last

    def tick(self) -> None:
        try:
            self._tick()
        except PaperboyError as error:
            log_error(error)

    def _tick(self) -> None:
        moment, profiles = Moment.real(), self._profiles()
        self.delivery.report_profiles(self._broken, moment)
        in_jobs = {id_ for arguments in self.queue.take_stock() for id_ in arguments.get("profiles", ())}
        plans = self.delivery.plan(profiles, moment)
        self._log_blocked(plans)
        jobs = [
            *ingest_jobs(self.due(profiles, moment), self.groups, moment.instant),
            *compose_jobs(plans, in_jobs),
            *(deliver_job(group, moment.instant) for group in self.delivery.open_groups(profiles, moment)),
        ]
        if number := self.queue.defer(jobs):
            log_line(f"put {pluralize(number, 'job')} into the queue")
        self.thin(profiles, moment.instant)
        self.after()

    def _profiles(self) -> Sequence[Profile]:
        loaded = self.load()
        kept = {profile.id for profile in loaded.kept}
        files = broken_files(loaded.problems, loaded.broken, kept)
        if files != self._broken:
            self._broken = files
            log_broken(files)
        return (*loaded.profiles, *loaded.kept)

    def _log_blocked(self, plans: Iterable[Plan]) -> None:
        """Print what cannot be sent and why, once."""
        ends = ((plan, plan.subscription) for plan in plans if plan.blocked)
        blocked = frozenset(f"{to.profile} -> {to.channel} {to.target}: {plan.skip}" for plan, to in ends)
        for line in sorted(blocked - self._blocked):
            log_line(line)
        self._blocked = blocked
