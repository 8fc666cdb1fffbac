"""One SMTP session in stages: encryption, log-in, and what a failure at each stage means.

Refuses to know how a message is made and when to try again. Nothing here quotes a credential.
"""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator

from bot.config.smtp_url import SmtpServer, Tls
from bot.delivery.model import Cause, Deferred, Outcome, Refused, Sent, Stage, Unknown
from bot.delivery.ports import StageCallback
from bot.text.plain import one_line, truncate

_FAREWELL = 2.0  # seconds: nothing depends on the answer to QUIT
_Command = Callable[[], tuple[int, bytes]]
_QUOTED_REPLY = 200  # characters of a server's words in an outcome


class NotSentError(Exception):
    """Ends an attempt before the content went out, with what that means."""

    def __init__(self, outcome: Deferred | Refused) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


class _StaleError(Exception):
    """A connection that was kept open turned out to be closed, before anything was said about this mail."""


class Session:
    """One SMTP session in stages, as the same exception means different things before and after DATA.

    The connection stays open from mail to mail.
    """

    def __init__(self, settings: SmtpServer, timeout: float) -> None:
        self._settings = settings
        self._timeout = timeout
        self._place = f"{settings.host}:{settings.port}"
        self._connection: smtplib.SMTP | None = None
        self._is_used = False  #: whether a mail went through it

    def close(self, *, politely: bool = False) -> None:
        connection, self._connection, self._is_used = self._connection, None, False
        if connection is None:
            return
        if politely:
            with contextlib.suppress(OSError):
                if connection.sock:
                    connection.sock.settimeout(_FAREWELL)
                connection.docmd("QUIT")
        connection.close()

    def hand_over(self, sender: str, to: str, content: bytes, on_stage: StageCallback) -> Outcome:
        """MAIL, RCPT, DATA and the content, as it is. Raises NotSentError."""
        done = False
        try:
            try:
                outcome = self._handed_over(sender, to, content, on_stage)
            except _StaleError:
                self.close()
                outcome = self._handed_over(sender, to, content, on_stage)
            done = not isinstance(outcome, Unknown)
            return outcome
        finally:
            if not done:
                self.close()  # also when what `on_stage` raises goes through: the server must not get the rest

    def _handed_over(self, sender: str, to: str, content: bytes, on_stage: StageCallback) -> Outcome:
        connection = self._opened()
        # RFC 6531: only then may an address hold more than ASCII.
        options = () if (sender + to).isascii() else ("SMTPUTF8",)
        on_stage(Stage.MAIL)
        self._ask_first(lambda: connection.mail(sender, options))
        on_stage(Stage.RCPT)
        self._ask(lambda: connection.rcpt(to), "naming the recipient")
        self._ask(lambda: connection.docmd("DATA"), "beginning the content")
        on_stage(Stage.DATA)
        outcome = self._deliver(connection, content, on_stage)
        self._is_used = True
        return outcome

    def _opened(self) -> smtplib.SMTP:
        """A connection that is encrypted and logged in as the settings want it. Raises NotSentError."""
        if self._connection is None:
            with self._told("connecting", Cause.SERVICE):
                self._connection = self._connect()
            with self._told("starting TLS", Cause.SERVICE):
                self._encrypt(self._connection)
            if self._settings.user:
                self._log_in(self._connection)
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        host, port = self._settings.host, self._settings.port
        if self._settings.tls is Tls.IMPLICIT:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=context)
        return smtplib.SMTP(host, port, timeout=self._timeout)

    def _encrypt(self, connection: smtplib.SMTP) -> None:
        """Never goes on in the clear when TLS failed: a stripped or forged offer looks just like that."""
        connection.ehlo_or_helo_if_needed()
        offered = connection.has_extn("starttls")
        if self._settings.tls is Tls.REQUIRED and not offered:
            raise NotSentError(
                Refused(
                    "the SMTP server offers no STARTTLS; use smtps://, or ?tls=none if it may be plain",
                    Cause.SERVICE,
                )
            )
        if offered and self._settings.tls in {Tls.REQUIRED, Tls.OFFERED}:
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()

    def _log_in(self, connection: smtplib.SMTP) -> None:
        """Says nothing of the server's words: some quote what they were sent."""
        try:
            connection.login(self._settings.user, self._settings.password)
        except smtplib.SMTPAuthenticationError as error:
            raise NotSentError(_after_log_in(error.smtp_code)) from None
        except smtplib.SMTPServerDisconnected:
            raise NotSentError(_later("the SMTP server hung up while logging in")) from None
        except smtplib.SMTPException:
            raise NotSentError(
                Refused("the SMTP server offers no log-in that Paperboy knows", Cause.SERVICE)
            ) from None
        except OSError as error:
            raise NotSentError(
                _later(f"logging in to the SMTP server failed: {type(error).__name__}")
            ) from None

    def _ask_first(self, command: _Command) -> None:
        """A server may have closed a connection meanwhile, or take only so many mails over one (421)."""
        if not self._is_used:
            return self._ask(command, "naming the sender")
        try:
            code, _ = answer = command()
        except OSError:  # smtplib's errors are among these
            raise _StaleError from None
        if code == 421:
            raise _StaleError
        return self._ask(lambda: answer, "naming the sender")

    def _ask(self, command: _Command, doing: str) -> None:
        with self._told(doing):
            code, reply = command()
        if code not in {250, 251, 354}:
            raise NotSentError(self._judged(code, reply))

    def _deliver(self, connection: smtplib.SMTP, content: bytes, on_stage: StageCallback) -> Outcome:
        """From the first byte here the server may own the message whatever we hear (RFC 1047).

        smtplib's own data() would hide whether 354 was ever answered.
        """
        try:
            connection.send(_dotted(content))
            on_stage(Stage.ANSWER)
            code, reply = connection.getreply()
        except OSError as error:  # smtplib's errors are among these
            return Unknown(f"the connection broke after the content went out: {type(error).__name__}")
        return self._judged(code, reply) if code != 250 else Sent("")

    @contextlib.contextmanager
    def _told(self, doing: str, blame: Cause = Cause.MESSAGE) -> Iterator[None]:
        """What a failure before the content means: always certain."""
        try:
            yield
        except smtplib.SMTPResponseException as error:
            raise NotSentError(self._judged(error.smtp_code, error.smtp_error, blame)) from None
        except smtplib.SMTPNotSupportedError:
            raise NotSentError(Refused(f"{self._place} cannot take such an address (SMTPUTF8)")) from None
        except OSError as error:
            why = f"{doing} failed at {self._place}: {_described(error)}"
            raise NotSentError(Deferred(why, cause=blame)) from None
        except ValueError as error:  # a host name or an address that cannot be written to a socket
            why = f"{doing} failed at {self._place}: {type(error).__name__}"
            raise NotSentError(Refused(why, blame)) from None

    def _judged(self, code: int, reply: bytes | str, blame: Cause = Cause.MESSAGE) -> Deferred | Refused:
        """RFC 5321, 4.2.1: 5xx is for good; 4xx, and what is neither, for now."""
        why = f"the SMTP server says {code} {self._quoted(reply)}".rstrip()
        return Refused(why, blame) if 500 <= code < 600 else Deferred(why, cause=blame)

    def _quoted(self, reply: bytes | str) -> str:
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        return truncate(self._without_credentials(one_line(text)), _QUOTED_REPLY)

    def _without_credentials(self, text: str) -> str:
        user, password = self._settings.user, self._settings.password
        plain = f"\0{user}\0{password}"
        encoded = [base64.b64encode(secret.encode()).decode() for secret in (plain, password) if password]
        for secret in filter(None, (password, *encoded)):
            text = text.replace(secret, "***")
        return text


def _later(why: str) -> Deferred:
    """Of the server, and not of this mail."""
    return Deferred(why, cause=Cause.SERVICE)


def _described(error: OSError) -> str:
    """What the system says; of the rest, smtplib's included, the class alone, as texts may quote anything."""
    said = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.strerror
    return f"{type(error).__name__}{f' ({said})' if said else ''}"


def _after_log_in(code: int) -> Deferred | Refused:
    if 400 <= code < 500:
        return _later(f"the SMTP server cannot check the log-in now (code {code})")
    return Refused(
        f"the SMTP server refused the log-in (code {code}): check user and password in SMTP_URL",
        Cause.SERVICE,
    )


def _dotted(content: bytes) -> bytes:
    """The content as DATA carries it: dots doubled at line starts (RFC 5321, 4.5.2), ended by a lone one."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n"
