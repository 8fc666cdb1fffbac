"""Sends digests as mail through an SMTP server."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Iterator, Sequence

from bot.channels.email.message import MailSettings, Signer, compose, compose_notice, message_id_in
from bot.channels.email.pool import SessionPool
from bot.channels.email.reports import verp
from bot.channels.email.smtp import NotSentError, Session
from bot.config.smtp_url import Sender, SmtpServer
from bot.delivery.model import Cause, Envelope, Notice, Outcome, Part, Refused, Sent
from bot.delivery.ports import Channel, Probe, StageCallback, ignore_stage
from bot.digests.model import Digest
from bot.errors import NotConfigured
from bot.presentation.templates import BUILT_IN, Templates

TIMEOUT = 30.0  # seconds, of every wait for the server
_NOT_CONFIGURED = "e-mail is not configured: set SMTP_URL and MAIL_FROM"
#: The sender of a preview while MAIL_FROM is not set.
_PREVIEW_SENDER = Sender("Paperboy", "paperboy@localhost", "localhost")


class MailChannel(Channel):
    """Sends from `sender` (MAIL_FROM) through `server` (SMTP_URL); `target` is an address.

    `return_path`: where mail servers report failures, such as `bounces@example.org`; mail to `bounces+x@` must arrive
    in the same mailbox. `public_url`, `secret`: for one-click links. `signer`: opens the DKIM key, or raises
    NotConfigured; called when a message is first to be signed, and not again after it has succeeded. `pause`: a wait
    in seconds for a connection, perhaps 0; what it raises ends the wait, and is raised by `send`.
    """

    name = "email"
    can_look_up = False

    def __init__(
        self,
        server: SmtpServer | None,
        sender: Sender | None,
        *,
        timeout: float = TIMEOUT,
        return_path: str | None = None,
        public_url: str | None = None,
        secret: bytes | None = None,
        signer: Callable[[], Signer] | None = None,
        templates: Templates = BUILT_IN,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._server = server
        self._sender = sender
        self._timeout = timeout
        self._sessions = SessionPool(self._make_session, pause)
        self._return_path = return_path
        self._public_url, self._secret = public_url, secret
        self._signer = functools.cache(signer) if signer else None
        self._templates = templates

    def check(self) -> None:
        if not self._server or not self._sender:
            raise NotConfigured(_NOT_CONFIGURED)
        self._mail_settings()

    def _mail_settings(self) -> MailSettings:
        """Raises NotConfigured when messages are to be signed and cannot be: none is sent unsigned."""
        signer = self._signer() if self._signer else None
        sender = self._sender or _PREVIEW_SENDER
        return MailSettings(sender, self._public_url, self._secret, signer, self._templates)

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        """Raises NotConfigured when the DKIM key cannot be opened, which `check` reports before."""
        content = compose(digest, f"{delivery}-1", target, self._mail_settings())
        return (Part(content, len(digest.papers), digest.ids),)

    def render_notice(self, notice: Notice, delivery: str, target: str) -> bytes:
        return compose_notice(notice, delivery, target, self._mail_settings())

    def receiver(self, target: str) -> str:
        """Addresses that differ only in case reach the same mailbox, although RFC 5321, 2.4 allows otherwise."""
        return target.casefold()

    def probe(self, targets: Sequence[str]) -> Iterator[Probe]:
        self.check()
        assert self._server
        session = self._make_session()
        try:
            yield from self._probe_over(session, self._server, targets)
        finally:
            session.close(politely=True)

    def _probe_over(self, session: Session, server: SmtpServer, targets: Sequence[str]) -> Iterator[Probe]:
        try:
            session.open()
        except NotSentError as error:
            yield Probe("", error.outcome)
            return
        place = f"{server.host}:{server.port}"
        yield Probe("", note=f"{place} accepts the log-in" if server.user else f"{place} answers")
        for target in targets:
            problem = None
            try:
                session.try_address(self._return_address("check"), target)
            except NotSentError as error:
                problem = error.outcome
            yield Probe(target, problem)

    def close_idle(self) -> None:
        self._sessions.close_idle()

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        if not self._server or not self._sender:
            return Refused(_NOT_CONFIGURED, Cause.SERVICE)
        if not re.fullmatch(r"[^\s<>@\x00-\x1f]+@[^\s<>@\x00-\x1f]+", envelope.target):
            return Refused("the target is not one e-mail address")
        return_path = self._return_address(envelope.delivery)
        try:
            outcome = self._sessions.use(
                lambda session: session.send_mail(return_path, envelope.target, envelope.payload, on_stage)
            )
        except NotSentError as error:
            return error.outcome
        return Sent(message_id_in(envelope.payload)) if isinstance(outcome, Sent) else outcome

    def _make_session(self) -> Session:
        assert self._server
        return Session(self._server, self._timeout)

    def _return_address(self, delivery: str) -> str:
        """The envelope sender of a delivery: one of its own, so that reports of failures name it."""
        assert self._sender
        return verp(self._return_path, delivery) if self._return_path else self._sender.address

    def look_up(self, envelope: Envelope) -> Sent | None:
        raise LookupError("mail cannot be looked up after it was sent")
