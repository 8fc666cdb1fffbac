"""An SMTP session stage by stage: encryption, log-in, mail by mail, and what a failure at each stage means.

Does not depend on how a message is made or when it is tried again. No message here contains a credential.
"""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable, Container, Iterator

from bot.channels.email.connection import Connection, TlsConnection
from bot.config.smtp_url import SmtpServer, Tls
from bot.delivery.model import Cause, Deferred, Outcome, Refused, Sent, Stage, Unknown
from bot.delivery.ports import StageCallback, ignore_stage
from bot.text.addresses import is_loopback
from bot.text.plain import one_line, truncate

_QUIT_TIMEOUT = 2.0  # seconds: nothing depends on the reply to QUIT
_REPLY_LENGTH = 200  # characters of a server's reply in an outcome
#: Classes of reply codes (RFC 5321, 4.2.1), and the only one that lets the content be sent.
_OK, _REFUSED, _GO_ON = range(200, 300), range(400, 600), (354,)


class NotSentError(Exception):
    """Ends an attempt before the content is sent, with its outcome."""

    def __init__(self, outcome: Deferred | Refused) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


class SessionRefusedError(NotSentError):
    """The server does not accept this session, whatever it is to send."""


class SessionClosedError(Exception):
    """The server ended a session that was kept open, before anything was said about this mail."""


class Session:
    """A connection to one server, kept open from mail to mail.

    Not smtplib's sendmail(): it raises the same exception before and after DATA, where it means different things.
    """

    def __init__(self, server: SmtpServer, timeout: float) -> None:
        self._server = server
        self._timeout = timeout
        self._place = f"{server.host}:{server.port}"
        self._connection: Connection | None = None
        self._is_used = False  #: whether a mail was sent through it

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def close(self, *, politely: bool = False) -> None:
        """`politely`: with QUIT."""
        connection, self._connection, self._is_used = self._connection, None, False
        if connection is None:
            return
        if politely:
            with contextlib.suppress(OSError):
                connection.timeout = _QUIT_TIMEOUT
                connection.docmd("QUIT")
        connection.close()

    def send_mail(self, sender: str, to: str, content: bytes, on_stage: StageCallback) -> Outcome:
        """MAIL, RCPT, DATA and the content as it is. Raises NotSentError and SessionClosedError."""
        is_finished = False
        try:
            outcome = self._try_to_send(sender, to, content, on_stage)
            is_finished = not isinstance(outcome, Unknown)
            return outcome
        except NotSentError:
            self.close(politely=True)  # a server that limits connections sees that this one is over
            raise
        finally:
            if not is_finished:
                self.close()  # also when `on_stage` raises: the server must not get the rest

    def try_address(self, sender: str, to: str) -> None:
        """MAIL and RCPT, without a mail. Raises NotSentError."""
        try:
            self._command(self._begin_mail(sender, to, ignore_stage).rset, "ending the check")
        except NotSentError:
            self.close(politely=True)
            raise

    def _try_to_send(self, sender: str, to: str, content: bytes, on_stage: StageCallback) -> Outcome:
        connection = self._begin_mail(sender, to, on_stage)
        self._command(lambda: connection.docmd("DATA"), "beginning the content", _GO_ON)
        on_stage(Stage.DATA)
        # From the first byte here the server may have the message whatever we hear (RFC 1047).
        # smtplib's data() would hide whether 354 was ever answered.
        try:
            connection.send(_escape_dots(content))
            on_stage(Stage.ANSWER)
            code, reply = connection.read_reply()
        except OSError as error:  # includes smtplib's errors
            return Unknown(f"no reply after the content was sent: {_describe(error)}")
        self._is_used = True
        if code in _OK:
            return Sent("")
        refusal = self._classify_reply(code, reply)
        return refusal if code in _REFUSED else Unknown(f"{refusal.why} after the content was sent")

    def _begin_mail(self, sender: str, to: str, on_stage: StageCallback) -> Connection:
        """Name sender and recipient; the connection."""
        connection = self.open()
        # RFC 6531: only with this option may an address have more than ASCII
        options = () if (sender + to).isascii() else ("SMTPUTF8",)
        on_stage(Stage.MAIL)
        self._start_mail(lambda: connection.mail(sender, options))
        on_stage(Stage.RCPT)
        self._command(lambda: connection.rcpt(to), "naming the recipient")
        return connection

    # --- Opening a connection

    def open(self) -> Connection:
        """A connection, encrypted and logged in as the settings require. Raises SessionRefusedError."""
        if self._connection is None:
            try:
                with self._not_sent("connecting", Cause.SERVICE):
                    self._connection = self._connect()
                with self._not_sent("starting TLS", Cause.SERVICE):
                    self._encrypt(self._connection)
                if self._server.user:
                    self._log_in(self._connection)
            except NotSentError as error:
                self.close()
                raise SessionRefusedError(error.outcome) from None
        return self._connection

    def _connect(self) -> Connection:
        host, port = self._server.host, self._server.port
        if self._server.tls is Tls.IMPLICIT:
            context = ssl.create_default_context()
            return TlsConnection(host, port, timeout=self._timeout, context=context)
        return Connection(host, port, timeout=self._timeout)

    def _encrypt(self, connection: Connection) -> None:
        """Never goes on unencrypted when TLS failed: a removed or forged offer looks exactly like that."""
        connection.ehlo_or_helo_if_needed()
        is_offered = connection.has_extn("starttls")
        if self._server.tls is Tls.REQUIRED and not is_offered:
            raise NotSentError(
                Refused(
                    "the SMTP server does not offer STARTTLS: write smtps:// in SMTP_URL, or ?tls=none to allow"
                    " an unencrypted connection",
                    Cause.SERVICE,
                )
            )
        if is_offered and self._server.tls in {Tls.REQUIRED, Tls.OFFERED}:
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()

    def _log_in(self, connection: Connection) -> None:
        """Never quotes the server's reply: some servers repeat what they were sent."""
        outcome: Deferred | Refused
        try:
            connection.login(self._server.user, self._server.password)
            return
        except smtplib.SMTPAuthenticationError as error:
            code = error.smtp_code
            if 400 <= code < 500:
                outcome = _service_deferred(f"the SMTP server cannot check the log-in now (code {code})")
            else:
                why = f"the SMTP server refused the log-in (code {code}): check user and password in SMTP_URL"
                outcome = Refused(why, Cause.SERVICE)
        except smtplib.SMTPServerDisconnected:
            outcome = _service_deferred("the SMTP server closed the connection during the log-in")
        except smtplib.SMTPException:
            outcome = Refused("the SMTP server offers no log-in method that Paperboy supports", Cause.SERVICE)
        except OSError as error:
            outcome = _service_deferred(f"logging in to the SMTP server failed: {type(error).__name__}")
        raise NotSentError(outcome) from None

    # --- Commands

    def _start_mail(self, command: Callable[[], tuple[int, bytes]]) -> None:
        """MAIL. A server may have closed a kept connection, or limit connections or the mails of one (421)."""
        action = "naming the sender"
        if not self._is_used:
            with self._not_sent(action):
                code, reply = command()
            if code == 421:
                raise SessionRefusedError(self._classify_reply(code, reply))
        else:
            try:
                code, reply = command()
            except OSError:  # includes smtplib's errors
                raise SessionClosedError from None
            if code == 421:
                raise SessionClosedError
        if code in _OK:
            return
        refusal = self._classify_reply(code, reply)
        if isinstance(refusal, Refused) and _refuses_sender(code, reply):
            why = f"the sender (MAIL_FROM, MAIL_RETURN_PATH) is refused: {refusal.why}"
            refusal = Refused(why, Cause.SERVICE)
        raise NotSentError(refusal)

    def _command(
        self, command: Callable[[], tuple[int, bytes]], action: str, accepted: Container[int] = _OK
    ) -> None:
        with self._not_sent(action):
            code, reply = command()
        if code not in accepted:
            raise NotSentError(self._classify_reply(code, reply))

    @contextlib.contextmanager
    def _not_sent(self, action: str, cause: Cause = Cause.MESSAGE) -> Iterator[None]:
        """Raise NotSentError for whatever fails before the content: it certainly has not arrived."""
        try:
            yield
        except smtplib.SMTPResponseException as error:
            raise NotSentError(self._classify_reply(error.smtp_code, error.smtp_error, cause)) from None
        except smtplib.SMTPNotSupportedError:
            raise NotSentError(Refused(f"{self._place} does not accept such an address (SMTPUTF8)")) from None
        except OSError as error:
            why = f"{action} failed at {self._place}: {_describe(error)}"
            if isinstance(error, ssl.SSLCertVerificationError) and is_loopback(self._server.host):
                why += ": for a server on this machine, SMTP_URL may end with ?tls=none"
            raise NotSentError(Deferred(why, cause=cause)) from None
        except ValueError as error:  # a host name or an address that cannot be encoded
            why = f"{action} failed at {self._place}: {type(error).__name__}"
            raise NotSentError(Refused(why, cause)) from None

    def _classify_reply(
        self, code: int, reply: bytes | str, cause: Cause = Cause.MESSAGE
    ) -> Deferred | Refused:
        """RFC 5321, 4.2.1: 5xx is permanent; 4xx, and a code that is no answer to the command, is for now."""
        text = one_line(reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply)
        quoted = truncate(self._mask_credentials(text), _REPLY_LENGTH)
        why = f"the SMTP server says {code} {quoted}".rstrip()
        return Refused(why, cause) if 500 <= code < 600 else Deferred(why, cause=cause)

    def _mask_credentials(self, text: str) -> str:
        user, password = self._server.user, self._server.password
        plain = f"\0{user}\0{password}"  # as AUTH PLAIN sends it
        encoded = [base64.b64encode(secret.encode()).decode() for secret in (plain, password) if password]
        for secret in filter(None, (password, *encoded)):
            text = text.replace(secret, "***")
        return text


def _service_deferred(why: str) -> Deferred:
    return Deferred(why, cause=Cause.SERVICE)


def _describe(error: OSError) -> str:
    """The operating system's text; of other errors only the class, as their texts may quote anything."""
    text = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.strerror
    return f"{type(error).__name__}{f' ({text})' if text else ''}"


def _refuses_sender(code: int, reply: bytes) -> bool:
    """Whether a permanent refusal of MAIL is about its sender, and so about every mail.

    An enhanced code (RFC 3463) is when its subject is addresses, of which the server knows only this one so far, or
    policy. Other subjects are about this mail, such as its size or an option, and so are 552 and 555 without one.
    """
    enhanced = re.match(rb"5\.(\d{1,3})\.\d{1,3}\b", reply)
    return enhanced[1] in (b"1", b"7") if enhanced else code not in (552, 555)


def _escape_dots(content: bytes) -> bytes:
    """The content as DATA carries it: dots doubled at line starts (RFC 5321, 4.5.2), ended by a line of one dot."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    escaped = ended.replace(b"\n.", b"\n..")  # a pattern would take longer than the rest of the client
    return (b"." if ended.startswith(b".") else b"") + escaped + b".\r\n"
