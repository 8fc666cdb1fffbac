"""A digest as a mail, handed to an SMTP server."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from bot.channels.email.message import Letterhead, Signer, compose, compose_notice, message_id_in
from bot.channels.email.reports import verp
from bot.channels.email.smtp import NotSentError, Session
from bot.config.smtp_url import Sender, SmtpServer
from bot.delivery.model import Cause, Envelope, Notice, Outcome, Part, Refused, Sent
from bot.delivery.ports import Channel, StageCallback, ignore_stage
from bot.digests.model import Digest
from bot.errors import NotConfigured
from bot.presentation.templates import BUILT_IN, Templates

TIMEOUT = 30.0  # seconds, of every wait on the server
NOT_CONFIGURED = "e-mail is not configured: set SMTP_URL and MAIL_FROM"
#: Whom a preview is from while MAIL_FROM is not set.
_NOBODY = Sender("Paperboy", "paperboy@localhost", "localhost")


class MailChannel(Channel):
    """Mails from `sender` (MAIL_FROM) through `server` (SMTP_URL); `target` is an address.

    `return_path`: where mail servers report to that a mail came back, `bounces@example.org`, whose `bounces+x@` lead
    to the same mailbox. `public_url`, `secret`: for one-click links. `signer`: opens the DKIM key, or raises
    NotConfigured; it is asked when a message is first to be signed, and not again once it has answered.
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
    ) -> None:
        self._server = server
        self._sender = sender
        self._timeout = timeout
        self._session: Session | None = None
        self._return_path = return_path
        self._public_url, self._secret = public_url, secret
        self._signer = functools.cache(signer) if signer else None
        self._templates = templates

    def check(self) -> None:
        self._settings()
        self.letterhead()

    def letterhead(self) -> Letterhead:
        """Raises NotConfigured when messages are to be signed and cannot be: none goes out unsigned."""
        signer = self._signer() if self._signer else None
        return Letterhead(self._sender or _NOBODY, self._public_url, self._secret, signer, self._templates)

    def _settings(self) -> tuple[SmtpServer, Sender]:
        """Raises NotConfigured, naming the variables to set."""
        if not self._server or not self._sender:
            raise NotConfigured(NOT_CONFIGURED)
        return self._server, self._sender

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        """Raises NotConfigured as `letterhead` does, when nobody asked `check` before."""
        content = compose(digest, f"{delivery}-1", target, self.letterhead())
        return (Part(content, len(digest.papers), digest.ids),)

    def render_notice(self, notice: Notice, delivery: str, target: str) -> bytes:
        return compose_notice(notice, delivery, target, self.letterhead())

    def close_idle(self) -> None:
        if self._session:
            self._session.close(politely=True)
        self._session = None

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        try:
            server, sender = self._settings()
            self._session = self._session or Session(server, self._timeout)
            # with a return address, reports go to an address of each delivery's own, so that they name it
            from_ = verp(self._return_path, envelope.delivery) if self._return_path else sender.address
            outcome = self._session.hand_over(from_, _address(envelope.target), envelope.payload, on_stage)
        except NotConfigured as error:
            return Refused(str(error), Cause.SERVICE)
        except NotSentError as error:
            return error.outcome
        return Sent(message_id_in(envelope.payload)) if isinstance(outcome, Sent) else outcome

    def look_up(self, envelope: Envelope) -> Sent | None:
        raise LookupError("a mail that went out cannot be looked up")


def _address(target: str) -> str:
    """One bare address. Raises NotSentError for what would not be one recipient."""
    if not re.fullmatch(r"[^\s<>@\x00-\x1f]+@[^\s<>@\x00-\x1f]+", target):
        raise NotSentError(Refused("the target is no e-mail address"))
    return target
