"""The channels and senders of one process."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bot.bootstrap.stores import Stores
from bot.clock import Moment
from bot.delivery.ports import receiver
from bot.delivery.sender import Sender
from bot.errors import Problem
from bot.profiles.model import ChannelName, Subscription

if TYPE_CHECKING:
    from bot.channels.email.channel import MailChannel
    from bot.channels.email.message import Signer
    from bot.delivery.ports import Channel
    from bot.presentation.templates import Templates


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


@dataclass(eq=False, repr=False, kw_only=True)
class Sending(Stores):
    """Renders digests and hands them to the channels."""

    #: Called when a built-in template replaces a custom one that is wrong.
    on_template_problem: Callable[[Problem], None] = lambda problem: None
    #: The holder of this process's leases.
    _owner: str = field(
        init=False, default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    )

    @cached_property
    def templates(self) -> Templates:
        from bot.presentation.templates import Templates

        return Templates(self.settings.templates, self.on_template_problem)

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
            pause=self.sleep,
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

    def receiver(self, to: Subscription) -> str:
        """The receiver of a subscription's digests, as the ledger names it."""
        return receiver(self.channels, to)

    def sender(self, moment: Moment) -> Sender:
        return self._sender(moment, self._owner)

    def job_sender(self, moment: Moment) -> Sender:
        """As `sender`, for one job beside others: its leases are its own."""
        return self._sender(moment, f"{self._owner}:{secrets.token_hex(4)}")

    def _sender(self, moment: Moment, owner: str) -> Sender:
        connections = self.settings.smtp_connections
        return Sender(self.queue, self.channels, owner, moment.now, pause=self.sleep, connections=connections)

    def hand_back(self) -> None:
        """End the leases of this process's sender: another one can send what it has not handed over."""
        self.queue.hand_back(self._owner)
