"""The composition root: the one place that picks concrete classes and wires them by the settings."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bot.clock import Moment, utc_now
from bot.delivery.alerts import Operator
from bot.delivery.resend import resend, stopped
from bot.delivery.sender import Sender
from bot.delivery.service import SendResult, deliver_and_alert, send
from bot.digests.composer import DigestComposer
from bot.digests.wording import source_troubles
from bot.errors import NotConfigured, Problem
from bot.papers.model import SourceState
from bot.profiles.model import ChannelName, Profile
from bot.sources.ingest import SourceReport, ingest_sources, source_request

if TYPE_CHECKING:
    from datetime import datetime
    from wsgiref.types import WSGIApplication

    from bot.channels.email.message import Signer
    from bot.config.settings import Settings
    from bot.delivery.ports import Channel
    from bot.delivery.status import Status
    from bot.presentation.templates import Templates
    from bot.sources.base import Source
    from bot.sources.http import PoliteHttp
    from bot.store.database import Database
    from bot.store.outbox import Outbox
    from bot.store.papers import Papers
    from bot.store.queue import Queue
    from bot.store.receivers import Receivers
    from bot.store.sources import Sources


def template_problems(folder: Path) -> tuple[Problem, ...]:
    """What is wrong with one's own templates, each of them rendered as it would be sent."""
    from bot.channels.maildir import MaildirChannel
    from bot.channels.slack.channel import SlackChannel
    from bot.presentation.template_check import check_templates
    from bot.presentation.templates import Templates

    found: list[Problem] = []
    templates = Templates(folder, found.append)
    channels = (MaildirChannel(Path(), templates=templates), SlackChannel(None, templates=templates))
    check_templates(templates, channels)
    return tuple(sorted(found))


class App:
    """What the settings make. Parts are made when first used: a command pays only for what it needs."""

    def __init__(
        self,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        told: Callable[[Problem], None] = lambda problem: None,
    ) -> None:
        """`told`: hears of a mistake in one's own templates, instead of which the built-in ones are rendered."""
        self.settings = settings
        self._sleep = sleep
        self._told = told
        #: Who holds the leases of this process.
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    @cached_property
    def unprepared_database(self) -> Database:
        from bot.store.database import Database

        return Database(self.settings.database_url.get_secret_value())

    @cached_property
    def database(self) -> Database:
        """Open, and up to date. Raises DatabaseError."""
        self.unprepared_database.prepare()
        return self.unprepared_database

    @cached_property
    def papers(self) -> Papers:
        from bot.ranking.counts import COUNTING
        from bot.store.papers import Papers

        return Papers(self.database, COUNTING)

    @cached_property
    def outbox(self) -> Outbox:
        from bot.store.outbox import Outbox

        return Outbox(self.database)

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
    def templates(self) -> Templates:
        from bot.presentation.templates import Templates

        return Templates(self.settings.templates, self._told)

    @cached_property
    def channels(self) -> dict[ChannelName, Channel]:
        from bot.channels.email.channel import MailChannel
        from bot.channels.maildir import MaildirChannel
        from bot.channels.slack.channel import SlackChannel
        from bot.store.receivers import StoredNames

        s = self.settings
        token = s.slack_bot_token.get_secret_value() if s.slack_bot_token else None
        return {
            ChannelName.SLACK: SlackChannel(
                token, s.slack_api_url, names=StoredNames(self.database), templates=self.templates
            ),
            ChannelName.EMAIL: MailChannel(
                s.smtp,
                s.mail_from,
                return_path=s.mail_return_path,
                public_url=s.public_url,
                secret=self._secret,
                signer=self._mail_signer,
                templates=self.templates,
            ),
            ChannelName.MAILDIR: MaildirChannel(s.data / "maildir", s.mail_from, self.templates),
        }

    @property
    def _secret(self) -> bytes | None:
        key = self.settings.secret_key
        return key.get_secret_value().encode() if key else None

    @property
    def _mail_signer(self) -> Callable[[], Signer] | None:
        """Opens the DKIM key when called: what is wrong with it is the mail channel's to tell, nobody else's."""
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

        return PoliteHttp(
            validators=StoredValidators(self.database),
            contact=self.settings.contact,
            spacing=spacing(self._source_urls),
            sleep=self._sleep,
        )

    def desk(self, profiles: Sequence[Profile], moment: Moment, asked: Sequence[str] = ()) -> DigestComposer:
        """Where digests are composed, and the `asked` papers explained. This is what imports scikit-learn."""
        from bot.ranking.linear import Ranker

        troubles = source_troubles(self.states(), moment.instant)
        return DigestComposer(self.papers, Ranker, profiles, moment.instant, asked, troubles)

    def refresh(
        self, profiles: Sequence[Profile], moment: Moment, names: Sequence[str] = ()
    ) -> Iterator[SourceReport]:
        """Ask the sources (the named ones, or all) for what the profiles want; a report each as it is through."""
        references = {r.id for p in profiles for r in (*p.like, *p.dislike) if r.id}
        ask = source_request(profiles, frozenset(self.papers.by_keys(references)), moment.instant)
        ask = replace(ask, by_name=bool(names))
        return ingest_sources(self.sources(names), ask, self.http, self.papers, self.source_states)

    def send(
        self,
        profiles: Sequence[Profile],
        moment: Moment,
        *,
        due: bool,
        progress: Callable[[str], None] = lambda subscription: None,
    ) -> list[SendResult]:
        """Compose and deliver for these profiles (see `bot.delivery.service`)."""
        return send(
            profiles,
            moment,
            due=due,
            outbox=self.outbox,
            sender=self.sender(moment),
            open_desk=lambda some: self.desk(some, moment),
            pauses=self.receivers.pauses(),
            operator=self.operator,
            progress=progress,
        )

    def sender(self, moment: Moment) -> Sender:
        return Sender(self.queue, self.channels, self.owner, moment.now, utc_now, pause=self._sleep)

    @property
    def operator(self) -> Operator | None:
        """Whom PAPERBOY_ALERTS names."""
        target = self.settings.alerts
        if not target:
            return None
        return Operator(ChannelName.EMAIL if "@" in target else ChannelName.SLACK, target)

    def resend(self, beginning: str | None, moment: Moment) -> list[SendResult]:
        """One more try at what stopped (see `bot.delivery.resend`)."""
        found = stopped(self.outbox, beginning)
        return list(resend(found, self.outbox, self.queue, self.sender(moment), self.operator))

    def alert(self, moment: Moment) -> None:
        """Tell the operator of what stopped otherwise than by sending."""
        if self.operator:
            deliver_and_alert(self.outbox, self.sender(moment), [], self.operator)

    def web(self, told: Callable[[str], None]) -> WSGIApplication:
        """What answers the links in mails; `told` hears who left. Raises NotConfigured without a SECRET_KEY."""
        from bot.web.pages import unsubscribing

        if self._secret is None:
            raise NotConfigured(
                "set SECRET_KEY, which signs the links in mails, the same for all processes: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(32))" makes one'
            )
        receivers = self.receivers  # both are made here, before there are threads

        def pause(scope: str, why: str, now: datetime) -> None:
            if receivers.pause(scope, why, now):
                told(f"{scope}: {why}")

        return unsubscribing(self._secret, self.outbox.edition, pause, utc_now, self.templates)

    def affairs(self, now: datetime) -> Status:
        """How things stand."""
        from bot.delivery.status import Status

        return Status(
            now,
            self.papers.count(),
            self.states(),
            self.outbox.newest(),
            self.outbox.alerts(),
            self.receivers.pauses(),
            self.receivers.bounces(),
        )

    def states(self) -> tuple[SourceState, ...]:
        return self.source_states.all()

    def close(self) -> None:
        if "unprepared_database" in self.__dict__:
            self.unprepared_database.close()
        if "http" in self.__dict__:
            self.http.close()


def package_file(*parts: str) -> Path:
    """A file that the wheel carries: beside the package in a checkout, inside it once installed."""
    package = Path(__file__).resolve().parent
    inside = package.joinpath("_data", *parts)
    return inside if inside.exists() else package.parent.joinpath(*parts)
