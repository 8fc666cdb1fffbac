"""The objects of one process, as the settings say."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from bot.clock import Moment, utc_now
from bot.delivery.alerts import Operator
from bot.delivery.due import Announcements
from bot.delivery.model import ALERTS, scopes
from bot.delivery.ports import receiver
from bot.delivery.sender import Sender
from bot.delivery.service import DeliveryService
from bot.digests.composer import DigestComposer
from bot.digests.corpus import Corpus, load_corpus
from bot.digests.day import Day, arrivals_start, day_of
from bot.digests.previewer import Previewer
from bot.errors import DatabaseError, Problem
from bot.feedback.learned import all_with_learned
from bot.feedback.service import Feedback
from bot.papers.calendar import ArxivCalendar
from bot.papers.model import Entry, Listing
from bot.papers.names import same_person
from bot.profiles.live import LiveProfiles
from bot.profiles.model import ChannelName, Profile, Subscription
from bot.profiles.references import MissingPapers, all_keys, missing_papers, with_text
from bot.ranking.base import RankingModel
from bot.sources.base import SourceRequest
from bot.sources.ingest import ASK_AGAIN, SourceReport, refresh, source_request
from bot.sources.polling import API, Polls, interests, may_ask_for_references

if TYPE_CHECKING:
    from bot.channels.email.channel import MailChannel
    from bot.channels.email.message import Signer
    from bot.config.settings import Settings
    from bot.delivery.ports import Channel
    from bot.delivery.service import SendResult
    from bot.presentation.templates import Templates
    from bot.ranking.day_files import DayFiles
    from bot.sources.base import Source
    from bot.sources.http import PoliteHttp
    from bot.store.answers import Answers
    from bot.store.archive import EditionArchive
    from bot.store.conversion import Progress
    from bot.store.database import Database
    from bot.store.loaded_papers import LoadedPapers
    from bot.store.lookups import Lookups
    from bot.store.outbox import OnEdition, Outbox
    from bot.store.papers import Papers
    from bot.store.profile_edits import ProfileEdits
    from bot.store.queue import Queue
    from bot.store.receivers import Receivers
    from bot.store.search import PaperSearch
    from bot.store.sources import Sources
    from bot.worker.heartbeat import Heartbeat

#: Seconds that a request to the web process waits for another process's lock on the database.
_WEB_BUSY_TIMEOUT = 0.5


def rendering_channels(templates: Templates) -> tuple[Channel, ...]:
    """Channels that render with every template, in mails with and without links to the web, and cannot send."""
    from bot.channels.email.channel import MailChannel
    from bot.channels.maildir import MaildirChannel
    from bot.channels.slack.channel import SlackChannel

    return (
        MaildirChannel(Path(), templates=templates),
        MailChannel(None, None, public_url="https://example.org", secret=b"check", templates=templates),
        SlackChannel(None, templates=templates),
    )


class App:
    """The objects of one process. Each is made when first used, so that a command imports only what it needs."""

    def __init__(
        self,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        on_template_problem: Callable[[Problem], None] = lambda problem: None,
        progress: Progress | None = None,
        late_sources: Callable[[], Collection[str]] = tuple,
        answers_requests: bool = False,
        shares_index: bool = False,
        on_edition: OnEdition | None = None,
    ) -> None:
        """`on_template_problem`: called when a built-in template replaces a custom one that is wrong.

        `progress`: shows long work on the database. `late_sources`: called before digests are composed to be sent;
        may wait, and returns the names of the sources that are still answering. `answers_requests`: a database that
        another process locks is an error at once. `shares_index`: for a process that composes again and again, or
        beside others: the index of the day is read from a file, which one of them writes. `on_edition`: see
        `bot.store.outbox.Outbox`.
        """
        self.settings = settings
        self._progress = progress
        self._late_sources = late_sources
        self._answers_requests = answers_requests
        self._shares_index = shares_index
        self._on_edition = on_edition
        self._sleep = sleep
        self._on_template_problem = on_template_problem
        self._heartbeat: Heartbeat | None = None
        #: The holder of this process's leases.
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    @property
    def _database_url(self) -> str:
        return self.settings.database_url.get_secret_value()

    @cached_property
    def unprepared_database(self) -> Database:
        from bot.store.conversion import no_progress
        from bot.store.database import Database

        return Database(self._database_url, self._progress or no_progress)

    @cached_property
    def database(self) -> Database:
        """Migrated. Raises DatabaseError."""
        from bot.store.database import Database

        self.unprepared_database.prepare()
        if self._answers_requests:
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
    def _loaded_papers(self) -> LoadedPapers:
        from bot.store.loaded_papers import LoadedPapers

        return LoadedPapers(self.papers)

    @cached_property
    def calendar(self) -> ArxivCalendar:
        return ArxivCalendar(self.settings.arxiv_holidays)

    @cached_property
    def outbox(self) -> Outbox:
        from bot.store.outbox import Outbox

        return Outbox(self.database, self._on_edition) if self._on_edition else Outbox(self.database)

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
    def live_profiles(self) -> LiveProfiles:
        return LiveProfiles(self.settings.profiles, self.settings.profile_cache)

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

    @property
    def previewer(self) -> Previewer:
        return Previewer(self.composer, self.outbox, self.receiver)

    @cached_property
    def templates(self) -> Templates:
        from bot.presentation.templates import Templates

        return Templates(self.settings.templates, self._on_template_problem)

    @cached_property
    def channels(self) -> dict[ChannelName, Channel]:
        from bot.channels.maildir import MaildirChannel
        from bot.channels.slack.channel import SlackChannel
        from bot.store.receivers import StoredNames

        s = self.settings
        token = s.slack_bot_token.get_secret_value() if s.slack_bot_token else None
        return {
            ChannelName.SLACK: SlackChannel(
                token,
                s.slack_api_url,
                names=StoredNames(self.database, ChannelName.SLACK),
                templates=self.templates,
                menus=s.slack_app_token is not None,
            ),
            ChannelName.EMAIL: self.mail_channel(),
            ChannelName.MAILDIR: MaildirChannel(s.data / "maildir", s.mail_from, self.templates),
        }

    def mail_channel(self, timeout: float = 30) -> MailChannel:
        """A new one, with a connection of its own. `timeout`: seconds, of every wait for the server."""
        from bot.channels.email.channel import MailChannel

        s = self.settings
        return MailChannel(
            s.smtp,
            s.mail_from,
            timeout=timeout,
            return_path=s.mail_return_path,
            public_url=s.public_url,
            secret=self.secret,
            signer=self._mail_signer,
            templates=self.templates,
        )

    @property
    def secret(self) -> bytes | None:
        key = self.settings.secret_key
        return key.get_secret_value().encode() if key else None

    @property
    def _mail_signer(self) -> Callable[[], Signer] | None:
        """Opens the DKIM key when it is called, so that only the mail channel reports its problems."""
        s = self.settings
        if not (s.mail_from and s.dkim_selector and s.dkim_key):
            return None
        domain, selector, key = s.mail_from.domain, s.dkim_selector, s.dkim_key

        def opened() -> Signer:
            from bot.channels.email.dkim import signer

            return signer(domain, selector, key)

        return opened

    @cached_property
    def _source_urls(self) -> dict[str, str]:
        from bot.sources.registry import base_urls

        return base_urls(self.settings)

    def sources(self, names: Sequence[str] = ()) -> list[Source]:
        """The named sources, or all of them. Raises UserError for an unknown name."""
        from bot.sources.registry import make_sources

        return make_sources(self._source_urls, names)

    @cached_property
    def http(self) -> PoliteHttp:
        from bot.sources.http import PoliteHttp
        from bot.sources.registry import spacing
        from bot.store.sources import StoredValidators
        from bot.store.turns import RequestTurns

        return PoliteHttp(
            validators=StoredValidators(self.database),
            contact=self.settings.contact,
            spacing=spacing(self._source_urls),
            turns=RequestTurns(self.database),
            sleep=self._sleep,
        )

    def ask_arxiv_for(self, author: str) -> tuple[Entry, ...]:
        """The newest papers by an author, of one answer of arXiv. Raises SourceError."""
        (source,) = self.sources(["arxiv-api"])
        request = SourceRequest(authors=(author,), now=utc_now())
        answer = next(iter(source.fetch(request, self.http, lambda entries: frozenset())), Listing())
        return tuple(entry for entry in answer.entries if any(same_person(author, a) for a in entry.authors))

    def composer(
        self,
        profiles: Sequence[Profile],
        moment: Moment,
        explained: Iterable[str] = (),
        *,
        late: Collection[str] = (),
        keep: bool = False,
    ) -> DigestComposer:
        """Composes for these profiles, and explains the papers with these ids. This imports numpy and scipy.

        `late`: names of the sources that are still answering. `keep`: the papers, in memory, for the next composer.
        """
        # Before the papers: an answer that is stored meanwhile must not count as one that was used.
        day = self.day(moment, late)
        return DigestComposer(*self.corpus_and_model(profiles, moment, explained, keep=keep), day)

    def day(self, moment: Moment, late: Collection[str] = ()) -> Day:
        """What kind of day it is. `late`: names of the sources that are still answering."""
        states, now = self.source_states.all(), moment.instant
        return day_of(states, self.calendar, now, self.papers.arrivals(arrivals_start(now), now), late)

    def corpus_and_model(
        self,
        profiles: Sequence[Profile],
        moment: Moment,
        explained: Iterable[str] = (),
        *,
        keep: bool = False,
    ) -> tuple[Corpus, RankingModel]:
        """What `composer` composes from. This imports numpy and scipy."""
        from bot.ranking.linear import Ranker

        if self._shares_index and not keep and not explained:
            return self._shared_corpus_and_model(profiles, moment)
        papers = self._loaded_papers if keep else self.papers
        corpus = load_corpus(papers, profiles, moment.instant, explained)
        return corpus, corpus.fit(Ranker)

    def _shared_corpus_and_model(
        self, profiles: Sequence[Profile], moment: Moment
    ) -> tuple[Corpus, RankingModel]:
        """With the index of the day that all processes of this machine use."""
        from bot.ranking.day_index import DayIndex, fingerprint, fingerprint_of_counts
        from bot.ranking.linear import Ranker
        from bot.store.digested_papers import DigestedPapers

        corpus = load_corpus(DigestedPapers(self.papers), profiles, moment.instant)
        day = self._day_files.find(fingerprint(*corpus.samples))
        if not day:
            corpus = load_corpus(self.papers, profiles, moment.instant)
            day = self._day_files.add(fingerprint_of_counts(*corpus.samples), DayIndex.of(*corpus.samples))
        return corpus, corpus.fit(partial(Ranker, day=day))

    @cached_property
    def _day_files(self) -> DayFiles:
        from bot.ranking.day_files import DayFiles

        return DayFiles(self.settings.data / "index")

    def _composer_after_ingest(self, profiles: Sequence[Profile], moment: Moment) -> DigestComposer:
        late = self._late_sources()
        return self.composer(profiles, Moment.real() if moment.is_live else moment, late=late)

    def refresh(
        self, profiles: Sequence[Profile], moment: Moment, names: Sequence[str] = (), *, by_name: bool = False
    ) -> Iterator[SourceReport]:
        """Begin to ask the named sources, or all (see `bot.sources.ingest.refresh`).

        `by_name`: a user has named them.
        """
        return refresh(
            self.sources(names),
            self.with_answers(profiles, moment.instant),
            moment.instant,
            self.http,
            self.papers,
            self.source_states,
            self.lookups,
            self.calendar,
            by_name=by_name,
            is_live=moment.is_live,
        )

    @cached_property
    def _polls(self) -> Polls:
        return Polls(self.calendar)

    def due_sources(self, profiles: Sequence[Profile], moment: Moment) -> tuple[str, ...]:
        """The names of the sources that are to be asked now (see `bot.sources.polling`)."""
        from bot.sources.registry import SOURCES

        states, now = {state.name: state for state in self.source_states.all()}, moment.instant
        due = self._polls.due(SOURCES, states, interests(profiles), now)
        if API not in due and may_ask_for_references(states.get(API), now):
            stored = with_text(self.papers.by_keys(all_keys(profiles)))
            request = source_request(profiles, stored, self.lookups.asked(now - ASK_AGAIN, now), now)
            return (*due, API) if request.papers or request.titles else due
        return due

    def missing_papers(self, profiles: Sequence[Profile], now: datetime) -> list[MissingPapers]:
        """The papers that profiles refer to and nothing is known of, of the profiles that have any."""
        stored = with_text(self.papers.by_keys(all_keys(profiles)))
        asked = self.lookups.asked(now - ASK_AGAIN, now)
        missing = (missing_papers(profile, stored, asked) for profile in profiles)
        return [one for one in missing if one.need_person or one.waiting]

    def receiver(self, to: Subscription) -> str:
        """The receiver of a subscription's digests, as the ledger names it."""
        return receiver(self.channels, to)

    def sender(self, moment: Moment) -> Sender:
        return self._sender(moment, self._owner, self.channels)

    def job_sender(self, moment: Moment) -> Sender:
        """As `sender`, for one job beside others: its leases and its connections to the mail server are its own."""
        owner = f"{self._owner}:{secrets.token_hex(4)}"
        return self._sender(moment, owner, self.channels | {ChannelName.EMAIL: self.mail_channel()})

    def _sender(self, moment: Moment, owner: str, channels: dict[ChannelName, Channel]) -> Sender:
        connections = self.settings.smtp_connections
        return Sender(self.queue, channels, owner, moment.now, pause=self._sleep, connections=connections)

    def hand_back(self) -> None:
        """End the leases of this process's sender: another one can send what it has not handed over."""
        self.queue.hand_back(self._owner)

    @cached_property
    def delivery(self) -> DeliveryService:
        alerts = self.settings.alerts
        channel = ChannelName.EMAIL if alerts and "@" in alerts else ChannelName.SLACK
        return DeliveryService(
            self.outbox,
            self.queue,
            self.receivers.pauses,
            self.sender,
            self._composer_after_ingest,
            Operator(channel, alerts) if alerts else None,
            self.source_states.all,
            self.with_answers,
            self.receivers.end_pauses,
            self.calendar,
        )

    def announcements(self) -> Announcements:
        return Announcements.of(self.calendar, self.source_states.all())

    def beat(self, results: Iterable[SendResult], log: Callable[[str], None]) -> Thread | None:
        """Call the URL of PAPERBOY_HEARTBEAT after a good cycle; the thread that does so, if any."""
        from bot.worker.heartbeat import Heartbeat, is_good_cycle

        if not self.settings.heartbeat or not is_good_cycle(results, self.day(Moment.real())):
            return None
        if self._heartbeat is None:
            self._heartbeat = Heartbeat(self.settings.heartbeat.get_secret_value(), log)
        return self._heartbeat.beat()

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
        retention = Retention(self.database, self._sleep)
        return retention.thin(now, papers, messages, all_keys(profiles), dry_run=dry_run)

    def used_scopes(self, profiles: Iterable[Profile]) -> frozenset[str]:
        """The scopes of everything that is sent: of the profiles' subscriptions, and of alerts."""
        ends = [(to.key, to.channel, to.target) for profile in profiles for to in profile.deliver]
        if operator := self.delivery.operator:
            ends.append((ALERTS, operator.channel, operator.target))
        return frozenset(scope for end in ends for scope in scopes(*end))

    def close(self) -> None:
        for database in ("unprepared_database", "database"):
            if database in self.__dict__:
                getattr(self, database).close()
        if "http" in self.__dict__:
            self.http.close()
