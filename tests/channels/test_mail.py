"""Mail: what SMTP_URL may say, how a session is protected, and what a failure at each stage means."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bot.channels.mail import MailChannel, SmtpSettings, Tls, parse_smtp_url
from bot.errors import NotConfigured
from bot.letter import Signer
from bot.model import Envelope, Later, Refused, Sent, Unknown
from tests.support.samples import TOKEN, digest, envelope
from tests.support.smtp_server import SmtpServer, make_certificate

SENDER = "Paperboy <paperboy@example.org>"
TARGET = "ada@example.org"
PASSWORD = "p@ss/w:rd?#%"
QUOTED = "p%40ss%2Fw%3Ard%3F%23%25"


def ready(target: str = TARGET, **changes: Any) -> Envelope:
    payload = MailChannel(None, SENDER).render(digest(), TOKEN, target)[0].payload
    return envelope(payload, target, **changes)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


def channel(server: SmtpServer, **changes: Any) -> MailChannel:
    return MailChannel(server.url, SENDER, **{"timeout": 5.0} | changes)


# --- Settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://localhost", SmtpSettings("localhost", 25, Tls.OFFERED)),
        ("smtp://127.0.0.1:1025/", SmtpSettings("127.0.0.1", 1025, Tls.OFFERED)),
        ("smtp://[::1]:25", SmtpSettings("::1", 25, Tls.OFFERED)),
        ("smtp://mail.example.org", SmtpSettings("mail.example.org", 25, Tls.REQUIRED)),
        ("smtp://mail.example.org?tls=none", SmtpSettings("mail.example.org", 25, Tls.NEVER)),
        ("smtp://u:p@mail.example.org", SmtpSettings("mail.example.org", 587, Tls.REQUIRED, "u", "p")),
        ("smtp://u:p@localhost:25", SmtpSettings("localhost", 25, Tls.REQUIRED, "u", "p")),
        ("smtps://u:p@mail.example.org", SmtpSettings("mail.example.org", 465, Tls.IMPLICIT, "u", "p")),
        (
            f"smtp://ada%40example.org:{QUOTED}@h:2525",
            SmtpSettings("h", 2525, Tls.REQUIRED, "ada@example.org", PASSWORD),
        ),
    ],
)
def test_smtp_url(url: str, expected: SmtpSettings) -> None:
    """STARTTLS is required with credentials, and elsewhere unless on loopback; user and password are decoded."""
    assert parse_smtp_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hunter2",
        "http://u:hunter2@h",
        "smtp://",
        "smtp://u@h",
        "smtp://:hunter2@h",
        "smtp://u:hunter2/more@h",
        "smtp://u:hunter2#more@h",
        "smtp://u:hunter2?more@h",
        "smtp://u:hunter2@h:port",
        "smtp://u:hunter2@h:99999",
        "smtp://u:hunter2@[::1",
        "smtp://u:hunter2é@h",
        "smtp://u:hunter2@h?tls=off",
        "smtp://u:hunter2@h/path",
        "smtps://u:hunter2@h?tls=none",
    ],
)
def test_wrong_smtp_url_is_told_without_its_secret(url: str) -> None:
    """The message says what to do and quotes nothing; the channel reports it by its variable."""
    with pytest.raises(ValueError, match=r"\w+ \w+") as caught:
        parse_smtp_url(url)
    unusable = MailChannel(url or " x", SENDER)
    with pytest.raises(NotConfigured, match="SMTP_URL"):
        unusable.check()
    outcome = unusable.send(ready())
    assert isinstance(outcome, Refused)
    assert "hunter2" not in f"{caught.value}{outcome}"


@pytest.mark.parametrize(("url", "sender"), [(None, None), ("smtp://localhost", None), (None, SENDER)])
def test_not_configured(url: str | None, sender: str | None) -> None:
    """Both variables are named; a preview is rendered all the same."""
    unusable = MailChannel(url, sender)
    with pytest.raises(NotConfigured, match="e-mail is not configured: set SMTP_URL and MAIL_FROM"):
        unusable.check()
    assert unusable.render(digest(), TOKEN, TARGET)


def test_a_signer_is_opened_once_it_can_be() -> None:
    """What is wrong with the key is told by `check`, never by sending unsigned; mending it needs no restart, and a
    working one is read once.
    """
    opened: list[str] = []

    def open_signer() -> Signer:
        opened.append("now")
        if len(opened) < 3:
            raise NotConfigured("DKIM_KEY names a file that cannot be read")
        return lambda message, at: b"Signed: yes\r\n" + message

    mine = MailChannel("smtp://localhost", SENDER, signer=open_signer)
    assert opened == []
    with pytest.raises(NotConfigured, match="DKIM_KEY"):
        mine.check()
    with pytest.raises(NotConfigured, match="DKIM_KEY"):
        mine.render(digest(), TOKEN, TARGET)
    mine.check()
    (part,) = mine.render(digest(), TOKEN, TARGET)
    assert part.payload == b"Signed: yes\r\n" + ready().payload
    assert len(opened) == 3


def test_links_of_the_web_process() -> None:
    """Letters have a one-click link once the channel knows where to and what signs it."""
    mine = MailChannel(None, SENDER, public_url="https://papers.example.org", secret=b"sixteen letters!")
    (part,) = mine.render(digest(), TOKEN, TARGET)
    assert f"<https://papers.example.org/unsubscribe/{TOKEN}.".encode() in part.payload


def test_settings_hide_the_password() -> None:
    """Not even a traceback that shows values has it."""
    assert "hunter2" not in repr(parse_smtp_url("smtp://u:hunter2@h"))


# --- The session ------------------------------------------------------------------------------------------


def test_the_bytes_arrive_as_rendered(server: SmtpServer) -> None:
    """One recipient, the sender's bare address on the envelope, and the payload to the byte."""
    mine = ready()
    assert channel(server).send(mine) == Sent(f"<{TOKEN}-1@example.org>")
    (received,) = server.received
    assert (received.mail_from, received.rcpt_tos) == ("paperboy@example.org", (TARGET,))
    assert received.content == mine.payload


def test_receipt_is_the_message_s_own(server: SmtpServer) -> None:
    """MAIL_FROM may have changed since the message was made."""
    changed = MailChannel(server.url, "other@example.net", timeout=5)
    assert changed.send(ready()) == Sent(f"<{TOKEN}-1@example.org>")


@pytest.mark.parametrize("content", [b".\r\n..two\r\n.\r\nx", b"no line end", b"\r\n.\r\n"])
def test_dots_and_line_ends_survive(server: SmtpServer, content: bytes) -> None:
    """A lone dot does not end a message early."""
    assert isinstance(channel(server).send(envelope(content, TARGET)), Sent)
    assert server.received[0].content.removesuffix(b"\r\n") == content.removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("stage", "reply", "outcome"),
    [
        ("mail", "450 4.7.1 later", Later),
        ("mail", "550 5.7.1 not you", Refused),
        ("rcpt", "450 4.2.1 mailbox busy", Later),
        ("rcpt", "550 5.1.1 no such user", Refused),
        ("data", "451 4.3.0 try again", Later),
        ("data", "554 5.7.0 spam", Refused),
    ],
)
def test_replies(server: SmtpServer, stage: str, reply: str, outcome: type) -> None:
    """4xx is for now and 5xx for good, at every stage, and the server's words are passed on."""
    setattr(server.script, stage, reply)
    result = channel(server).send(ready())
    assert type(result) is outcome
    assert reply in result.why
    assert server.received == []


def test_drop_before_the_content_is_later(server: SmtpServer) -> None:
    """The same exception as after DATA, but certain."""
    server.script.drop_at_rcpt = True
    assert isinstance(channel(server).send(ready()), Later)


def test_drop_after_the_content_is_unknown(server: SmtpServer) -> None:
    """The server holds the message, and nobody said so."""
    server.script.drop_after_dot = True
    assert isinstance(channel(server).send(ready()), Unknown)
    assert len(server.received) == 1


def test_timeout_after_the_content_is_unknown(server: SmtpServer) -> None:
    """A slow server may accept in the end."""
    server.script.hang_after_dot = 0.6
    assert isinstance(channel(server, timeout=0.3).send(ready()), Unknown)


@pytest.mark.parametrize(("reply", "outcome"), [(b"554 no", Refused), (b"421 busy", Later), (b"", Later)])
def test_greetings(reply: bytes, outcome: type) -> None:
    """A server that turns us away at the door, or says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(reply + b"\r\n" if reply else b"")

        thread = Thread(target=answer)
        thread.start()
        url = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        assert type(MailChannel(url, SENDER, timeout=2).send(ready())) is outcome
        thread.join()


@pytest.mark.parametrize("target", ["ada", "a b@x.org", "a@x.org\r\nRCPT TO:<eve@x.org>", "<a@x.org>", ""])
def test_odd_targets_are_refused(server: SmtpServer, target: str) -> None:
    """One plain address, or nothing is sent."""
    assert isinstance(channel(server).send(envelope(b"x\r\n", target)), Refused)
    assert server.received == []


@pytest.mark.parametrize(("smtputf8", "outcome"), [(True, Sent), (False, Refused)])
def test_non_ascii_address_needs_smtputf8(smtputf8: bool, outcome: type) -> None:
    """Where the server lacks it, trying again cannot help."""
    with SmtpServer(smtputf8=smtputf8) as server:
        assert type(channel(server).send(ready("josé@example.org"))) is outcome
        assert [m.rcpt_tos for m in server.received] == [("josé@example.org",)] * smtputf8


# --- Encryption and log-in --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate, trusted as if the system's store had it."""
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    return certificate


def with_login(server: SmtpServer, password: str, scheme: str = "smtp") -> MailChannel:
    return MailChannel(f"{scheme}://ada:{password}@127.0.0.1:{server.port}", SENDER, timeout=5)


def test_starttls_and_login(trusted: Path) -> None:
    """Logs in after STARTTLS, with the decoded password."""
    with SmtpServer(login=("ada", PASSWORD), certificate=trusted) as server:
        assert isinstance(with_login(server, QUOTED).send(ready()), Sent)


def test_implicit_tls(trusted: Path) -> None:
    """smtps is encrypted from the first byte."""
    with SmtpServer(login=("ada", "right"), certificate=trusted, implicit_tls=True) as server:
        assert isinstance(with_login(server, "right", "smtps").send(ready()), Sent)


def test_offered_starttls_is_taken_without_credentials(trusted: Path) -> None:
    """On loopback too."""
    with SmtpServer(certificate=trusted) as server:
        assert isinstance(channel(server).send(ready()), Sent)


def test_wrong_password_is_refused_and_never_told(trusted: Path) -> None:
    """The outcome says what to check and holds neither user nor password."""
    with SmtpServer(login=("ada", "right"), certificate=trusted) as server:
        outcome = with_login(server, "hunter2").send(ready())
    assert isinstance(outcome, Refused)
    assert "check user and password in SMTP_URL" in outcome.why
    assert "hunter2" not in outcome.why


def test_unknown_certificate_ends_the_session(certificate: Path) -> None:
    """No log-in and no mail: certificates are checked, and plain text is no way out."""
    with SmtpServer(login=("ada", "right"), certificate=certificate) as server:
        outcome = with_login(server, "right").send(ready())
        assert isinstance(outcome, Later)
        assert "self-signed certificate" in outcome.why
        assert isinstance(channel(server).send(ready()), Later)
        assert (server.script.logins, server.received) == ([], [])


def test_credentials_never_go_out_in_the_clear() -> None:
    """A server without STARTTLS, or one whose offer was stripped, gets no password."""
    with SmtpServer(login=("ada", "right")) as server:
        assert isinstance(with_login(server, "right").send(ready()), Refused)
        assert (server.script.logins, server.received) == ([], [])


def test_echoed_credentials_are_masked() -> None:
    """Some servers quote what they were sent."""
    with SmtpServer(login=("ada", "hunter2")) as server:
        server.script.rcpt = "550 you are hunter2, AGFkYQBodW50ZXIy, aHVudGVyMg=="
        url = f"smtp://ada:hunter2@127.0.0.1:{server.port}?tls=none"
        outcome = MailChannel(url, SENDER).send(ready())
    assert outcome == Refused("the SMTP server says 550 you are ***, ***, ***")


def test_find_cannot_tell() -> None:
    """SMTP has no way to ask."""
    with pytest.raises(LookupError):
        MailChannel("smtp://localhost", SENDER).find(ready())


def test_one_mail_a_digest() -> None:
    """Mail has no part limits; the message is the delivery's."""
    (part,) = MailChannel(None, SENDER).render(digest(30), TOKEN, TARGET)
    message = message_from_bytes(part.payload, policy=policy.default)
    assert (part.papers, message["Message-ID"]) == (30, f"<{TOKEN}-1@example.org>")
