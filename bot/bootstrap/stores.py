"""The database of one process, and what reads and writes each part of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from bot.clock import utc_now
from bot.errors import DatabaseError
from bot.feedback.learned import all_with_learned
from bot.feedback.service import Feedback
from bot.papers.calendar import ArxivCalendar
from bot.profiles.model import Profile
from bot.profiles.references import all_keys

if TYPE_CHECKING:
    from bot.config.settings import Settings
    from bot.store.answers import Answers
    from bot.store.archive import EditionArchive
    from bot.store.conversion import Progress
    from bot.store.database import Database
    from bot.store.lookups import Lookups
    from bot.store.outbox import OnEdition, Outbox
    from bot.store.papers import Papers
    from bot.store.profile_edits import ProfileEdits
    from bot.store.queue import Queue
    from bot.store.receivers import Receivers
    from bot.store.search import PaperSearch
    from bot.store.sources import Sources

#: Seconds that a request to the web process waits for another process's lock on the database.
_WEB_BUSY_TIMEOUT = 0.5


@dataclass(eq=False, repr=False)
class Stores:
    """Each store is made when first used, so that a command imports only what it needs."""

    settings: Settings
    _: KW_ONLY
    sleep: Callable[[float], None] = time.sleep
    progress: Progress | None = None  #: shows long work on the database
    answers_requests: bool = False  #: a database that another process locks is an error at once
    on_edition: OnEdition | None = None  #: see `bot.store.outbox.Outbox`

    @property
    def _database_url(self) -> str:
        return self.settings.database_url.get_secret_value()

    @cached_property
    def unprepared_database(self) -> Database:
        from bot.store.conversion import no_progress
        from bot.store.database import Database

        return Database(self._database_url, self.progress or no_progress)

    @cached_property
    def database(self) -> Database:
        """Migrated. Raises DatabaseError."""
        from bot.store.database import Database

        self.unprepared_database.prepare()
        if self.answers_requests:
            return Database(self._database_url, busy_timeout=_WEB_BUSY_TIMEOUT)
        return self.unprepared_database

    def counts_if_ready(self, size: int) -> tuple[bytes, ...]:
        """The term counts of a sample of the stored papers; none if the database is of another version or does not
        answer at once. Call it only if there is a database: it creates a missing one.
        """
        from bot.ranking.counts import COUNTING
        from bot.store.database import Database
        from bot.store.papers import Papers

        with suppress(DatabaseError), closing(Database(self._database_url, busy_timeout=1)) as database:
            if database.is_current():
                return Papers(database, COUNTING).sampled_counts(size, utc_now())
        return ()

    @cached_property
    def papers(self) -> Papers:
        from bot.ranking.counts import COUNTING
        from bot.store.papers import Papers

        return Papers(self.database, COUNTING)

    @cached_property
    def calendar(self) -> ArxivCalendar:
        return ArxivCalendar(self.settings.arxiv_holidays)

    @cached_property
    def outbox(self) -> Outbox:
        from bot.store.outbox import Outbox

        return Outbox(self.database, self.on_edition) if self.on_edition else Outbox(self.database)

    @cached_property
    def queue(self) -> Queue:
        from bot.store.queue import Queue

        return Queue(self.database)

    @cached_property
    def receivers(self) -> Receivers:
        from bot.store.receivers import Receivers

        return Receivers(self.database)

    @cached_property
    def source_states(self) -> Sources:
        from bot.store.sources import Sources

        return Sources(self.database)

    @cached_property
    def lookups(self) -> Lookups:
        from bot.store.lookups import Lookups

        return Lookups(self.database)

    @cached_property
    def answers(self) -> Answers:
        from bot.store.answers import Answers

        return Answers(self.database)

    @cached_property
    def archive(self) -> EditionArchive:
        from bot.store.archive import EditionArchive

        return EditionArchive(self.database)

    @cached_property
    def profile_edits(self) -> ProfileEdits:
        from bot.store.profile_edits import ProfileEdits

        return ProfileEdits(self.database)

    @cached_property
    def search(self) -> PaperSearch:
        from bot.store.search import PaperSearch

        return PaperSearch(self.database, self.papers)

    @property
    def feedback(self) -> Feedback:
        return Feedback(self.answers)

    def with_answers(self, profiles: Sequence[Profile], now: datetime) -> list[Profile]:
        """The profiles with what readers' answers until `now` add: for each command that ranks or looks up what was
        sent. What is stored under former names of the profiles is moved first (`bot.store.renames`).
        """
        from bot.store.renames import move_renamed

        move_renamed(self.database, profiles)
        return all_with_learned(profiles, self.answers.of([profile.id for profile in profiles], now))

    def thin(self, profiles: Iterable[Profile], now: datetime, *, dry_run: bool = False) -> dict[str, int]:
        """Remove what nobody needs any more (see `bot.store.retention`). Returns the number of rows by kind.

        `profiles`: all of them, as the papers that they name are kept.
        """
        from bot.store.retention import Retention

        papers, messages = self.settings.keep_papers, self.settings.keep_messages
        retention = Retention(self.database, self.sleep)
        return retention.thin(now, papers, messages, all_keys(profiles), dry_run=dry_run)

    def close(self) -> None:
        for database in ("unprepared_database", "database"):
            if database in self.__dict__:
                getattr(self, database).close()
