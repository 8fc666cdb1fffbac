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

from bot.channels.email.channel import MailChannel
from bot.channels.email.message import Signer
from bot.config.smtp_url import Sender, parse_sender, parse_smtp_url
from bot.delivery.model import Cause, Deferred, Envelope, Outcome, Refused, Sent, Stage, Unknown
from bot.errors import LeaseLost, NotConfigured
from tests.support.samples import TOKEN, digest, envelope
from tests.support.smtp_server import SmtpServer, make_certificate

SENDER = parse_sender("Paperboy <paperboy@example.org>")
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
    return MailChannel(parse_smtp_url(server.url), SENDER, **{"timeout": 5.0} | changes)


def once(posting: MailChannel, one: Envelope) -> Outcome:
    """A round of one mail."""
    try:
        return posting.send(one)
    finally:
        posting.close_idle()


# --- Settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("url", "sender"), [(None, None), ("smtp://localhost", None), (None, SENDER)])
def test_not_configured(url: str | None, sender: Sender | None) -> None:
    """Both variables are named; a preview is rendered all the same."""
    unusable = MailChannel(parse_smtp_url(url) if url else None, sender)
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

    mine = MailChannel(parse_smtp_url("smtp://localhost"), SENDER, signer=open_signer)
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


# --- The session ------------------------------------------------------------------------------------------


def test_the_bytes_arrive_as_rendered(server: SmtpServer) -> None:
    """One recipient, the sender's bare address on the envelope, and the payload to the byte."""
    mine = ready()
    assert once(channel(server), mine) == Sent(f"<{TOKEN}-1@example.org>")
    (received,) = server.received
    assert (received.mail_from, received.rcpt_tos) == ("paperboy@example.org", (TARGET,))
    assert received.content == mine.payload


def test_receipt_is_the_message_s_own(server: SmtpServer) -> None:
    """MAIL_FROM may have changed since the message was made."""
    changed = MailChannel(parse_smtp_url(server.url), parse_sender("other@example.net"), timeout=5)
    assert once(changed, ready()) == Sent(f"<{TOKEN}-1@example.org>")


@pytest.mark.parametrize("content", [b".\r\n..two\r\n.\r\nx", b"no line end", b"\r\n.\r\n"])
def test_dots_and_line_ends_survive(server: SmtpServer, content: bytes) -> None:
    """A lone dot does not end a message early."""
    assert isinstance(once(channel(server), envelope(content, TARGET)), Sent)
    assert server.received[0].content.removesuffix(b"\r\n") == content.removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("stage", "reply", "outcome"),
    [
        ("mail", "450 4.7.1 later", Deferred),
        ("mail", "550 5.7.1 not you", Refused),
        ("rcpt", "450 4.2.1 mailbox busy", Deferred),
        ("rcpt", "550 5.1.1 no such user", Refused),
        ("data", "451 4.3.0 try again", Deferred),
        ("data", "554 5.7.0 spam", Refused),
    ],
)
def test_replies(server: SmtpServer, stage: str, reply: str, outcome: type) -> None:
    """4xx is for now and 5xx for good, at every stage, and the server's words are passed on."""
    setattr(server.script, stage, reply)
    result = once(channel(server), ready())
    assert type(result) is outcome
    assert reply in result.why
    assert server.received == []


def test_drop_before_the_content_is_later(server: SmtpServer) -> None:
    """The same exception as after DATA, but certain."""
    server.script.drop_at_rcpt = True
    assert isinstance(once(channel(server), ready()), Deferred)


def test_drop_after_the_content_is_unknown(server: SmtpServer) -> None:
    """The server holds the message, and nobody said so."""
    server.script.drop_after_dot = True
    assert isinstance(once(channel(server), ready()), Unknown)
    assert len(server.received) == 1


def test_timeout_after_the_content_is_unknown(server: SmtpServer) -> None:
    """A slow server may accept in the end."""
    server.script.hang_after_dot = 0.6
    assert isinstance(once(channel(server, timeout=0.3), ready()), Unknown)


@pytest.mark.parametrize(
    ("reply", "outcome"), [(b"554 no", Refused), (b"421 busy", Deferred), (b"", Deferred)]
)
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
        assert type(once(MailChannel(parse_smtp_url(url), SENDER, timeout=2), ready())) is outcome
        thread.join()


@pytest.mark.parametrize("target", ["ada", "a b@x.org", "a@x.org\r\nRCPT TO:<eve@x.org>", "<a@x.org>", ""])
def test_odd_targets_are_refused(server: SmtpServer, target: str) -> None:
    """One plain address, or nothing is sent."""
    assert isinstance(once(channel(server), envelope(b"x\r\n", target)), Refused)
    assert server.received == []


@pytest.mark.parametrize(("smtputf8", "outcome"), [(True, Sent), (False, Refused)])
def test_non_ascii_address_needs_smtputf8(smtputf8: bool, outcome: type) -> None:
    """Where the server lacks it, trying again cannot help."""
    with SmtpServer(smtputf8=smtputf8) as server:
        assert type(once(channel(server), ready("josé@example.org"))) is outcome
        assert [m.rcpt_tos for m in server.received] == [("josé@example.org",)] * smtputf8


# --- A round of several mails -----------------------------------------------------------------------------


def several(count: int) -> list[Envelope]:
    """Mails of as many deliveries, to as many readers."""
    posting = MailChannel(None, SENDER)
    targets = [f"reader{n}@example.org" for n in range(count)]
    payloads = [posting.render(digest(1), f"{n:016x}", target)[0].payload for n, target in enumerate(targets)]
    return [envelope(payload, target) for payload, target in zip(payloads, targets, strict=True)]


def arrived(server: SmtpServer) -> list[tuple[tuple[str, ...], bytes]]:
    return [(mail.rcpt_tos, mail.content) for mail in server.received]


def as_sent(mails: list[Envelope]) -> list[tuple[tuple[str, ...], bytes]]:
    return [((mail.target,), mail.payload) for mail in mails]


@pytest.fixture
def posting(server: SmtpServer) -> Iterator[MailChannel]:
    made = channel(server)
    yield made
    made.close_idle()


def test_mails_of_a_round_share_a_connection(server: SmtpServer, posting: MailChannel) -> None:
    """Each to its own reader alone; it is ended politely when there is nothing more to send, and made anew later."""
    mails = several(4)
    for mail in mails[:3]:
        assert isinstance(posting.send(mail), Sent)
    assert (server.script.sessions, server.script.quits) == (1, 0)
    posting.close_idle()
    posting.close_idle()
    assert (server.script.sessions, server.script.quits) == (1, 1)
    assert isinstance(posting.send(mails[3]), Sent)
    assert server.script.sessions == 2
    assert arrived(server) == as_sent(mails)


def test_one_log_in_is_enough(trusted: Path) -> None:
    """And one handshake."""
    with SmtpServer(login=("ada", "right"), certificate=trusted) as server:
        posting = with_login(server, "right")
        assert [type(posting.send(mail)) for mail in several(3)] == [Sent] * 3
        posting.close_idle()
        assert (server.script.sessions, len(server.script.logins)) == (1, 1)


def test_a_connection_that_was_closed_meanwhile_is_made_anew(
    server: SmtpServer, posting: MailChannel
) -> None:
    """The server hangs up after each mail: nothing had been said of the next one, which goes out, once."""
    server.script.closes_after_mail = True
    mails = several(3)
    assert [type(posting.send(mail)) for mail in mails] == [Sent] * 3
    assert arrived(server) == as_sent(mails)
    assert server.script.sessions == 3


def test_a_server_that_has_had_enough_of_a_connection_gets_another(
    server: SmtpServer, posting: MailChannel
) -> None:
    """421 at MAIL after two mails: five mails take three connections, and arrive once each."""
    server.script.mails_a_session = 2
    mails = several(5)
    reached: list[Stage] = []
    assert [type(posting.send(mail, reached.append)) for mail in mails] == [Sent] * 5
    assert arrived(server) == as_sent(mails)
    assert server.script.sessions == 3
    whole = [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.ANSWER]
    assert reached == [*whole * 2, Stage.MAIL, *whole * 2, Stage.MAIL, *whole]


@pytest.mark.parametrize("used", [False, True])
def test_a_server_that_is_busy_is_not_asked_on_and_on(
    server: SmtpServer, posting: MailChannel, used: bool
) -> None:
    """421 on a new connection is for now; on one that carried mails before, another one is tried, once."""
    first, second = several(2)
    if used:
        assert isinstance(posting.send(first), Sent)
    server.script.mail = "421 4.3.2 busy"
    outcome = posting.send(second)
    assert isinstance(outcome, Deferred)
    assert "421 4.3.2 busy" in outcome.why
    assert server.script.sessions == 1 + used
    assert arrived(server) == as_sent([first])[:used]


@pytest.mark.parametrize(
    ("stage", "reply"), [("rcpt", "550 5.1.1 nobody"), ("mail", "550 no"), ("data", "554 no")]
)
def test_a_refused_mail_leaves_nothing_behind(
    server: SmtpServer, posting: MailChannel, stage: str, reply: str
) -> None:
    """The next one goes to its own reader only."""
    first, second, third = several(3)
    posting.send(first)
    setattr(server.script, stage, reply)
    outcome = posting.send(second)
    assert isinstance(outcome, Refused)
    assert outcome.cause is Cause.MESSAGE
    setattr(server.script, stage, None)
    assert isinstance(posting.send(third), Sent)
    assert arrived(server) == as_sent([first, third])


def test_a_mail_after_one_in_doubt(server: SmtpServer, posting: MailChannel) -> None:
    """The broken connection is not used again."""
    first, second = several(2)
    server.script.drop_after_dot = True
    assert isinstance(posting.send(first), Unknown)
    server.script.drop_after_dot = False
    assert isinstance(posting.send(second), Sent)
    assert arrived(server) == as_sent([first, second])


def test_an_answer_that_comes_late_is_not_the_next_mail_s(server: SmtpServer) -> None:
    """After a time-out the connection is given up: the late 250 cannot be taken for another's."""
    server.script.hang_after_dot = 0.3
    posting = channel(server, timeout=0.1)
    first, second = several(2)
    assert isinstance(posting.send(first), Unknown)
    server.script.hang_after_dot = 0.0
    server.script.rcpt = "550 5.1.1 nobody"
    outcome = once(posting, second)
    assert isinstance(outcome, Refused)
    assert "550 5.1.1 nobody" in outcome.why


def test_stages_are_told_before_they_begin(server: SmtpServer, posting: MailChannel) -> None:
    """Until the content goes out the server has nothing; then it thinks about it."""
    told: list[tuple[Stage, int]] = []
    posting.send(ready(), lambda stage: told.append((stage, len(server.received))))
    assert told[:3] == [(Stage.MAIL, 0), (Stage.RCPT, 0), (Stage.DATA, 0)]
    assert [stage for stage, _ in told[3:]] == [Stage.ANSWER]
    assert len(server.received) == 1


@pytest.mark.parametrize("at", [Stage.MAIL, Stage.RCPT, Stage.DATA])
@pytest.mark.parametrize("used", [False, True])
def test_who_was_taken_over_sends_nothing(
    server: SmtpServer, posting: MailChannel, at: Stage, used: bool
) -> None:
    """What `on_stage` raises goes through, at every stage, on a new connection and on a used one; the server does not
    get the message, not even a half, and the next one arrives.
    """
    first, second, third = several(3)
    if used:
        posting.send(first)

    def on_stage(stage: Stage) -> None:
        if stage is at:
            raise LeaseLost("another sender has it")

    with pytest.raises(LeaseLost):
        posting.send(second, on_stage)
    assert isinstance(posting.send(third), Sent)
    assert arrived(server) == as_sent([first, third] if used else [third])


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
    url = f"{scheme}://ada:{password}@127.0.0.1:{server.port}"
    return MailChannel(parse_smtp_url(url), SENDER, timeout=5)


def test_starttls_and_login(trusted: Path) -> None:
    """Logs in after STARTTLS, with the decoded password."""
    with SmtpServer(login=("ada", PASSWORD), certificate=trusted) as server:
        assert isinstance(once(with_login(server, QUOTED), ready()), Sent)


def test_implicit_tls(trusted: Path) -> None:
    """smtps is encrypted from the first byte."""
    with SmtpServer(login=("ada", "right"), certificate=trusted, implicit_tls=True) as server:
        assert isinstance(once(with_login(server, "right", "smtps"), ready()), Sent)


def test_offered_starttls_is_taken_without_credentials(trusted: Path) -> None:
    """On loopback too."""
    with SmtpServer(certificate=trusted) as server:
        assert isinstance(once(channel(server), ready()), Sent)


def test_wrong_password_is_refused_and_never_told(trusted: Path) -> None:
    """The outcome says what to check and holds neither user nor password."""
    with SmtpServer(login=("ada", "right"), certificate=trusted) as server:
        outcome = once(with_login(server, "hunter2"), ready())
    assert isinstance(outcome, Refused)
    assert outcome.cause is Cause.SERVICE
    assert "check user and password in SMTP_URL" in outcome.why
    assert "hunter2" not in outcome.why


def test_unknown_certificate_ends_the_session(certificate: Path) -> None:
    """No log-in and no mail: certificates are checked, and plain text is no way out."""
    with SmtpServer(login=("ada", "right"), certificate=certificate) as server:
        outcome = once(with_login(server, "right"), ready())
        assert isinstance(outcome, Deferred)
        assert "self-signed certificate" in outcome.why
        assert isinstance(once(channel(server), ready()), Deferred)
        assert (server.script.logins, server.received) == ([], [])


def test_credentials_never_go_out_in_the_clear() -> None:
    """A server without STARTTLS, or one whose offer was stripped, gets no password."""
    with SmtpServer(login=("ada", "right")) as server:
        outcome = once(with_login(server, "right"), ready())
        assert isinstance(outcome, Refused)
        assert outcome.cause is Cause.SERVICE
        assert (server.script.logins, server.received) == ([], [])


def replying(*replies: str) -> Iterator[str]:
    """The URL of a server that says these lines: one as a greeting, and one to each line that it hears."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as heard:
                for reply in replies:
                    connection.sendall(reply.encode() + b"\r\n")
                    if not heard.readline():
                        return

        thread = Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


OFFER, BYE = "250-here\r\n250 STARTTLS", "221 bye"
PLAIN_OFFER = "250-here\r\n250 AUTH PLAIN"


@pytest.mark.parametrize(
    ("replies", "options", "outcome"),
    [
        (("554 no mail here",), "", Refused),
        (("421 too busy",), "", Deferred),
        (("220 here", "502 no", "502 no"), "", Refused),  # neither EHLO nor HELO
        (("220 here", OFFER, "501 no TLS for you"), "", Refused),
        (("220 here", OFFER, "454 TLS not available for now"), "", Deferred),
        (("220 here", PLAIN_OFFER, "535 5.7.8 wrong"), "?tls=none", Refused),
        (("220 here", PLAIN_OFFER, "454 4.7.0 try later"), "?tls=none", Deferred),
        (("220 here", "250-here\r\n250 AUTH GSSAPI"), "?tls=none", Refused),  # none that we know
        (("220 here", "250 here"), "?tls=none", Refused),  # none at all
    ],
)
def test_what_no_mail_gets_past_blames_the_service(
    replies: tuple[str, ...], options: str, outcome: type[Outcome]
) -> None:
    """Greeting, encryption and log-in are the same for every mail: refused there for good, nothing else is tried."""
    for place in replying(*replies, BYE):
        result = once(
            MailChannel(parse_smtp_url(f"smtp://ada:hunter2@{place}{options}"), SENDER, timeout=2), ready()
        )
        assert type(result) is outcome
        assert getattr(result, "blame", Cause.SERVICE) is Cause.SERVICE
        assert "hunter2" not in repr(result)


def test_echoed_credentials_are_masked() -> None:
    """Some servers quote what they were sent."""
    with SmtpServer(login=("ada", "hunter2")) as server:
        server.script.rcpt = "550 you are hunter2, AGFkYQBodW50ZXIy, aHVudGVyMg=="
        url = f"smtp://ada:hunter2@127.0.0.1:{server.port}?tls=none"
        outcome = once(MailChannel(parse_smtp_url(url), SENDER), ready())
    assert outcome == Refused("the SMTP server says 550 you are ***, ***, ***")


def test_find_cannot_tell() -> None:
    """SMTP has no way to ask."""
    with pytest.raises(LookupError):
        MailChannel(parse_smtp_url("smtp://localhost"), SENDER).look_up(ready())


def test_one_mail_a_digest() -> None:
    """Mail has no part limits; the message is the delivery's."""
    (part,) = MailChannel(None, SENDER).render(digest(30), TOKEN, TARGET)
    message = message_from_bytes(part.payload, policy=policy.default)
    assert (part.papers, message["Message-ID"]) == (30, f"<{TOKEN}-1@example.org>")
