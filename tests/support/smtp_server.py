"""A local SMTP server: real SMTP on loopback, with the mail that it received, and failures on demand."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from threading import Condition
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class Received:
    mail_from: str
    rcpt_tos: tuple[str, ...]
    content: bytes  #: as the client gave it to DATA


class At(Enum):
    """A stage of one mail."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"  #: the command
    CONTENT = "content"  #: its first lines were read
    DOT = "dot"  #: all of it was


class Refuses(Enum):
    """How a server refuses a connection that is one too many."""

    GREETING = "421 instead of the greeting"
    CLOSED = "closed without a word"
    EHLO = "421 to EHLO"
    AUTH = "454 to the log-in"
    MAIL = "421 to the first MAIL"


_TOO_MANY = "421 4.7.0 too many connections from you"
_LATENCY = 1.0  # seconds that every client waits


@dataclass(frozen=True)
class MailFault:
    """How one mail fails at one stage: everything that is set happens, in this order."""

    at: At
    store: bool = False  #: the message is kept all the same; only after the dot
    hang: float = 0.0  #: seconds
    cut: bool = False  #: the connection ends without a reply
    reply: str = "250 OK"  #: a whole line

    @property
    def breaks_content(self) -> bool:
        """Whether the client cannot know if the message was accepted."""
        return self.at in (At.CONTENT, At.DOT) and (self.cut or self.hang > _LATENCY)


@dataclass
class Script:
    """What happens in sessions from now on; replies are whole lines, such as `450 4.2.0 later`.

    `plan` is called when a mail begins.
    """

    mail: str | None = None
    rcpt: str | None = None
    data: str | None = None  #: after the final dot
    drop_at_rcpt: bool = False
    drop_after_dot: bool = False  #: the message is stored, and the connection cut without a reply
    hang_after_dot: float = 0.0  #: seconds that the reply takes; the message is stored before
    mails_a_session: int | None = None  #: then 421 at MAIL, and the connection is closed
    closes_after_mail: bool = False  #: the connection, once a mail was taken
    connections: int | None = None  #: so many at once, and no more
    refuses: Refuses = Refuses.GREETING  #: those above that
    work: float = 0.0  #: seconds that a mail takes
    sessions: int = 0  #: connections so far
    quits: int = 0  #: those that were ended by QUIT
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)  #: what clients logged in with
    plan: Callable[[], MailFault | None] = lambda: None


class _Handler:
    def __init__(self, received: list[Received], script: Script) -> None:
        self._received = received
        self._script = script
        self._begun: dict[int, int] = {}  #: mails, by session

    async def handle_MAIL(
        self, server: _Smtp, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if server.refuses is Refuses.MAIL:
            return server.refuse()
        self._begun[id(session)] = begun = self._begun.get(id(session), 0) + 1
        if self._script.mails_a_session is not None and begun > self._script.mails_a_session:
            asyncio.get_running_loop().call_soon(server.transport.close)
            return "421 4.7.0 too many mails over one connection"
        server.fault = self._script.plan()
        refusal = await server.befall(At.MAIL) or self._script.mail
        if refusal is None:
            envelope.mail_from = address
        return refusal or "250 OK"

    async def handle_EHLO(
        self, server: _Smtp, session: Session, envelope: Envelope, name: str, replies: list[str]
    ) -> list[str]:
        if server.refuses is Refuses.EHLO:
            return [server.refuse()]
        session.host_name = name
        return replies

    async def handle_AUTH(self, server: _Smtp, session: Session, envelope: Envelope, words: list[str]) -> Any:
        return "454 4.7.0 too many log-ins at once" if server.refuses is Refuses.AUTH else MISSING

    async def handle_QUIT(self, server: _Smtp, session: Session, envelope: Envelope) -> str:
        self._script.quits += 1
        return "221 Bye"

    async def handle_RCPT(
        self, server: _Smtp, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._script.drop_at_rcpt:
            server.transport.abort()
        refusal = await server.befall(At.RCPT) or self._script.rcpt
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: _Smtp, session: Session, envelope: Envelope) -> str:
        if self._script.data:
            return self._script.data
        await asyncio.sleep(self._script.work)
        content = envelope.original_content or b""
        fault = server.fault if server.fault and server.fault.at is At.DOT else None
        if not fault or fault.store:
            self._received.append(Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
        if reply := await server.befall(At.DOT, content):
            return reply
        await asyncio.sleep(self._script.hang_after_dot)
        if self._script.drop_after_dot:
            server.transport.abort()
        if self._script.closes_after_mail:
            asyncio.get_running_loop().call_soon(server.transport.close)  # once the reply is written
        return "250 OK"


class _Smtp(SMTP):
    """aiosmtpd's, with faults; counts its connections."""

    fault: MailFault | None = None  #: of the mail that is under way
    befallen: list[tuple[bytes, MailFault]]
    sessions: _Sessions
    refuses: Refuses | None = None  #: this connection is one too many

    def connection_made(self, transport: Any) -> None:
        if self.transport is None:  # else TLS begins on a known connection
            self.sessions.change(1)
            script = self.event_handler._script
            if script.connections is not None and self.sessions.open > script.connections:
                self.refuses = script.refuses
                if self.refuses is Refuses.GREETING:
                    transport.write(f"{_TOO_MANY}\r\n".encode())
                if self.refuses in (Refuses.GREETING, Refuses.CLOSED):
                    transport.close()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.sessions.change(-1)

    def refuse(self) -> str:
        asyncio.get_running_loop().call_soon(self.transport.close)  # once the reply is written
        return _TOO_MANY

    async def befall(self, at: At, content: bytes = b"") -> str | None:
        """Make the fault happen, if it is one of this stage; its reply."""
        fault = self.fault
        if fault is None or fault.at is not at:
            return None
        self.befallen.append((content, fault))
        await asyncio.sleep(fault.hang)
        if fault.cut:
            self.transport.abort()
        return fault.reply

    async def smtp_DATA(self, arg: str) -> None:
        if self.fault and self.fault.at is At.DATA:
            await self.push(await self.befall(At.DATA) or "")
        elif self.fault and self.fault.at is At.CONTENT:
            await self.push("354 go on")
            lines = [await self._reader.readuntil(b"\r\n") for _ in range(12)]
            await self.befall(At.CONTENT, b"".join(lines))
            self.transport.abort()
        else:
            await super().smtp_DATA(arg)


class _Sessions:
    """The number of connections."""

    def __init__(self) -> None:
        self._open = 0
        self._made = 0
        self._changed = Condition()

    def change(self, by: int) -> None:
        with self._changed:
            self._open += by
            self._made += by > 0
            self._changed.notify_all()

    @property
    def made(self) -> int:
        return self._made

    @property
    def open(self) -> int:
        return self._open

    def wait_until_idle(self, made: int) -> None:
        """Wait until at least `made` connections were made, and all are closed."""
        with self._changed:
            over = self._changed.wait_for(lambda: self._made >= made and not self._open, timeout=30)
            assert over, "a mail was not finished"


class SmtpServer:
    """Use as a context manager. `certificate` (a PEM file with its key) makes STARTTLS offered, and
    `login` (user, password) a log-in necessary, after STARTTLS when that is offered.
    """

    def __init__(
        self,
        *,
        login: tuple[str, str] | None = None,
        certificate: Path | None = None,
        implicit_tls: bool = False,
        smtputf8: bool = True,
    ) -> None:
        self.received: list[Received] = []
        self.befallen: list[
            tuple[bytes, MailFault]
        ] = []  #: the plan's faults, with what was read of the mail
        self.script = Script()
        self._sessions = _Sessions()
        self._login = login
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        tls = {"ssl_context": context} if implicit_tls else {"tls_context": context}
        self._controller = _Controller(
            _Handler(self.received, self.script),
            hostname="127.0.0.1",
            port=0,
            enable_SMTPUTF8=smtputf8,
            authenticator=self._authenticate,
            auth_required=login is not None,
            auth_require_tls=context is not None and not implicit_tls,
            **tls,
        )
        self._controller.befallen, self._controller.sessions = self.befallen, self._sessions

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def url(self) -> str:
        """As in SMTP_URL, without credentials."""
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> SmtpServer:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Refuse connections from now on. May be called twice."""
        if self._controller.loop.is_running():
            self._controller.stop()

    def settle(self) -> None:
        """Wait until everything that was sent so far has been handled, also what a dead process sent."""
        made = self._sessions.made
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as knock:
            knock.recv(1)  # connections are accepted in order: all earlier ones are counted now
        self._sessions.wait_until_idle(made + 1)

    def clear(self) -> None:
        """Forget what was received."""
        self.received.clear()
        self.befallen.clear()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.script.logins.append((data.login, data.password))
        wanted = self._login and tuple(word.encode() for word in self._login)
        return AuthResult(success=(data.login, data.password) == wanted, handled=False)


class _Controller(Controller):
    """aiosmtpd's, on a port that the system chooses."""

    befallen: list[tuple[bytes, MailFault]]
    sessions: _Sessions

    def factory(self) -> SMTP:
        """Without the warning about unencrypted log-ins, which tests on loopback need."""
        self.handler._script.sessions += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = _Smtp(self.handler, **self.SMTP_kwargs)
        made.befallen, made.sessions = self.befallen, self.sessions
        return made

    def _trigger_server(self) -> None:
        """Called when the socket listens and its port is known."""
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # connects to itself
        self.handler._script.sessions = 0


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost and 127.0.0.1 with its key, in one PEM file. Needs openssl."""
    path = folder / "localhost.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += [
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        names,
        "-keyout",
        str(path),
        "-out",
        f"{path}.crt",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A running SmtpServer without encryption and log-in."""
    with SmtpServer() as server:
        yield server
