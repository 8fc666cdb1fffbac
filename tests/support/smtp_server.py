"""A local SMTP server: real SMTP on loopback, everything received, and failures on demand."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class Received:
    mail_from: str
    rcpt_tos: tuple[str, ...]
    content: bytes  #: as the client gave it to DATA


@dataclass
class Script:
    """What befalls sessions from here on; the replies are whole lines, as `450 4.2.0 later`."""

    mail: str | None = None
    rcpt: str | None = None
    data: str | None = None  #: after the final dot
    drop_at_rcpt: bool = False
    drop_after_dot: bool = False  #: the message is stored, and the connection cut without a reply
    hang_after_dot: float = 0.0  #: seconds that the reply takes; the message is stored before
    mails_a_session: int | None = None  #: then 421 at MAIL, and the connection is closed
    closes_after_mail: bool = False  #: the connection, once a mail was taken
    sessions: int = 0  #: connections so far
    quits: int = 0  #: those that were ended by QUIT
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)  #: what clients logged in with


class _Handler:
    def __init__(self, received: list[Received], script: Script) -> None:
        self._received = received
        self._script = script
        self._begun: dict[int, int] = {}  #: mails, by session

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._begun[id(session)] = begun = self._begun.get(id(session), 0) + 1
        if self._script.mails_a_session is not None and begun > self._script.mails_a_session:
            asyncio.get_running_loop().call_soon(server.transport.close)
            return "421 4.7.0 too many mails over one connection"
        if self._script.mail is None:
            envelope.mail_from = address
        return self._script.mail or "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self._script.quits += 1
        return "221 Bye"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._script.drop_at_rcpt:
            server.transport.abort()
        if self._script.rcpt is None:
            envelope.rcpt_tos.append(address)
        return self._script.rcpt or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self._script.data:
            return self._script.data
        content = envelope.original_content or b""
        self._received.append(Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
        await asyncio.sleep(self._script.hang_after_dot)
        if self._script.drop_after_dot:
            server.transport.abort()
        if self._script.closes_after_mail:
            asyncio.get_running_loop().call_soon(server.transport.close)  # once the reply is written
        return "250 OK"


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
        self.script = Script()
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
        """Connections are refused from here on. May be called twice."""
        if self._controller.loop.is_running():
            self._controller.stop()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.script.logins.append((data.login, data.password))
        wanted = self._login and tuple(word.encode() for word in self._login)
        return AuthResult(success=(data.login, data.password) == wanted, handled=False)


class _Controller(Controller):
    """aiosmtpd's, on a port that the system chooses."""

    def factory(self) -> SMTP:
        """Without the warning on log-ins in the clear, which tests of loopback want."""
        self.handler._script.sessions += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return super().factory()

    def _trigger_server(self) -> None:
        """Called once the socket listens: only now the port is known."""
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
