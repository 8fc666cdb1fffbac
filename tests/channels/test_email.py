"""The mail channel: its settings, how a session is protected, and what a failure at each stage means."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bot.channels.email.channel import MailChannel
from bot.channels.email.message import Signer
from bot.config.smtp_url import Sender, parse_sender, parse_smtp_url
from bot.delivery.model import Cause, Deferred, Envelope, Outcome, Refused, Sent, Stage, Unknown
from bot.errors import LeaseLost, NotConfigured
from tests.support.raw_smtp import RawSmtp, Say
from tests.support.samples import TOKEN, digest, envelope
from tests.support.smtp_server import SmtpServer, make_certificate

SENDER = parse_sender("Paperboy <paperboy@example.org>")
TARGET = "ada@example.org"
PASSWORD = "p@ss/w:rd?#%"
QUOTED = "p%40ss%2Fw%3Ard%3F%23%25"


def ready(target: str = TARGET, token: str = TOKEN) -> Envelope:
    return envelope(MailChannel(None, SENDER).render(digest(1), token, target)[0].payload, target)


def several(count: int) -> list[Envelope]:
    """Mails of as many deliveries, to as many readers."""
    return [ready(f"reader{n}@example.org", f"{n:016x}") for n in range(count)]


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


@pytest.fixture
def channel(server: SmtpServer) -> Iterator[MailChannel]:
    made = channel_to(server.url)
    yield made
    made.close_idle()


def channel_to(url: str, **changes: Any) -> MailChannel:
    return MailChannel(parse_smtp_url(url), SENDER, **{"timeout": 5.0} | changes)


def send_one(channel: MailChannel, mail: Envelope) -> Outcome:
    """A round of one mail."""
    try:
        return channel.send(mail)
    finally:
        channel.close_idle()


def arrived(server: SmtpServer) -> list[tuple[tuple[str, ...], bytes]]:
    return [(mail.rcpt_tos, mail.content) for mail in server.received]


def as_sent(mails: list[Envelope]) -> list[tuple[tuple[str, ...], bytes]]:
    return [((mail.target,), mail.payload) for mail in mails]


# --- Settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("url", "sender"), [(None, None), ("smtp://localhost", None), (None, SENDER)])
def test_not_configured(url: str | None, sender: Sender | None) -> None:
    """Both variables are named; a preview is rendered nevertheless."""
    unusable = MailChannel(parse_smtp_url(url) if url else None, sender)
    message = "e-mail is not configured: set SMTP_URL and MAIL_FROM"
    with pytest.raises(NotConfigured, match=message):
        unusable.check()
    assert unusable.send(ready()) == Refused(message, Cause.SERVICE)
    assert unusable.render(digest(), TOKEN, TARGET)


def test_the_signer_is_opened_once() -> None:
    """When it cannot be opened `check` reports it, nothing is sent unsigned, and it is tried again next time."""
    calls: list[str] = []

    def open_signer() -> Signer:
        calls.append("now")
        if len(calls) < 3:
            raise NotConfigured("DKIM_KEY names a file that cannot be read")
        return lambda message, at: b"Signed: yes\r\n" + message

    mine = channel_to("smtp://localhost", signer=open_signer)
    assert calls == []
    with pytest.raises(NotConfigured, match="DKIM_KEY"):
        mine.check()
    with pytest.raises(NotConfigured, match="DKIM_KEY"):
        mine.render(digest(), TOKEN, TARGET)
    mine.check()
    (part,) = mine.render(digest(1), TOKEN, TARGET)
    assert part.payload == b"Signed: yes\r\n" + ready().payload
    assert len(calls) == 3


def test_links_and_return_path(server: SmtpServer) -> None:
    """With the settings for it, a mail has a one-click link, and an envelope sender of its own."""
    url, secret = "https://papers.example.org", b"sixteen letters!"
    mine = channel_to(server.url, public_url=url, secret=secret, return_path="bounces@example.org")
    (part,) = mine.render(digest(), TOKEN, TARGET)
    assert f"<{url}/unsubscribe/{TOKEN}.".encode() in part.payload
    assert isinstance(send_one(mine, envelope(part.payload, TARGET)), Sent)
    assert server.received[0].mail_from == f"bounces+{TOKEN}-1@example.org"


# --- One mail ---------------------------------------------------------------------------------------------


def test_the_bytes_arrive_as_rendered(server: SmtpServer) -> None:
    """One recipient, and the sender's bare address on the envelope. The receipt is the id in the message: MAIL_FROM
    may have changed since it was made.
    """
    mine = ready()
    later = MailChannel(parse_smtp_url(server.url), parse_sender("other@example.net"), timeout=5)
    assert send_one(later, mine) == Sent(f"<{TOKEN}-1@example.org>")
    (received,) = server.received
    assert (received.mail_from, received.rcpt_tos) == ("other@example.net", (TARGET,))
    assert received.content == mine.payload


@pytest.mark.parametrize("content", [b".\r\n..two\r\n.\r\nx", b"no line end", b"\r\n.\r\n"])
def test_dots_and_line_ends(server: SmtpServer, channel: MailChannel, content: bytes) -> None:
    """A line of one dot does not end a message early."""
    assert isinstance(channel.send(envelope(content, TARGET)), Sent)
    assert server.received[0].content.removesuffix(b"\r\n") == content.removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("stage", "reply", "outcome"),
    [
        ("mail", "450 4.7.1 later", Deferred),
        ("mail", "552 5.3.4 too big", Refused),
        ("rcpt", "450 4.2.1 mailbox busy", Deferred),
        ("rcpt", "550 5.1.1 no such user", Refused),
        ("data", "451 4.3.0 try again", Deferred),
        ("data", "554 5.7.0 spam", Refused),
    ],
)
def test_replies(
    server: SmtpServer, channel: MailChannel, stage: str, reply: str, outcome: type[Outcome]
) -> None:
    """4xx is for now and 5xx permanent, at every stage; the server's text is quoted. The next mail is sent."""
    first, second, third = several(3)
    channel.send(first)
    setattr(server.script, stage, reply)
    result = channel.send(second)
    assert isinstance(result, Deferred | Refused)
    assert (type(result), result.cause) == (outcome, Cause.MESSAGE)
    assert reply in result.why
    setattr(server.script, stage, None)
    assert isinstance(channel.send(third), Sent)
    assert arrived(server) == as_sent([first, third])


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        ("550 5.7.1 sender blocked", Cause.SERVICE),
        ("530 5.7.0 authentication required", Cause.SERVICE),
        ("553 5.1.8 no such domain", Cause.SERVICE),
        ("501 5.1.7 bad sender address", Cause.SERVICE),
        ("550 sender rejected", Cause.SERVICE),
        ("554 5.7.10", Cause.SERVICE),
        ("552 5.3.4 too big", Cause.MESSAGE),
        ("552 too big", Cause.MESSAGE),
        ("555 unknown option", Cause.MESSAGE),
        ("550 5.6.7 not such an address", Cause.MESSAGE),
        ("554 5.3.2 not now", Cause.MESSAGE),
    ],
)
@pytest.mark.parametrize("is_used", [False, True])
def test_a_refused_sender(
    server: SmtpServer, channel: MailChannel, reply: str, cause: Cause, is_used: bool
) -> None:
    """It concerns all mails, unless the server names another reason."""
    first, second = several(2)
    if is_used:
        channel.send(first)
    server.script.mail = reply
    says = "" if cause is Cause.MESSAGE else "the sender (MAIL_FROM, MAIL_RETURN_PATH) is refused: "
    assert channel.send(second) == Refused(f"{says}the SMTP server says {reply}", cause)


LATER, NEVER = b"451 4.3.0 later\r\n", b"554 5.7.1-no\r\n"


@pytest.mark.parametrize(
    ("at", "reply", "outcome"),
    [
        *(("dot", f"{code} done\r\n".encode(), Sent) for code in (200, 250, 251, 252, 299)),
        *(("dot", b"250-one\r\n250 two\r\n", Sent), ("dot", b"250\r\n", Sent), ("dot", b"250 bare\n", Sent)),
        *(("dot", LATER, Deferred), ("dot", NEVER, Refused), ("dot", b"421-a\r\n421 b\r\n", Deferred)),
        *(("dot", f"{code} hm\r\n".encode(), Unknown) for code in (100, 150, 199, 300, 354, 399, 600, 999)),
        *(
            ("dot", text, Unknown)
            for text in (b"2\r\n", b"25\r\n", b"2500 ok\r\n", b"+25 ok\r\n", b" 25 ok\r\n")
        ),
        *(
            ("dot", text, Unknown)
            for text in (b"\r\n", b"ok\r\n", b"\xff\xfe\r\n", b"2_5 ok\r\n", b"-50 no\r\n")
        ),
        *(
            ("dot", b"", Unknown),
            ("dot", b"25", Unknown),
            ("dot", b"250 ok", Unknown),
            ("dot", b"250-ok\r\n", Unknown),
        ),
        *(("dot", b"250-one\r\n550 two\r\n", Unknown), ("dot", b"250 " + b"x" * 9000 + b"\r\n", Unknown)),
        ("dot", b"250-more\r\n" * 1000, Unknown),
        *((at, b"200 ok\r\n", Sent) for at in ("MAIL", "RCPT")),
        *((at, LATER, Deferred) for at in ("banner", "MAIL", "RCPT", "DATA")),
        *((at, NEVER, Refused) for at in ("banner", "MAIL", "RCPT", "DATA")),
        *(("DATA", f"{code} go on\r\n".encode(), Deferred) for code in (200, 250, 353, 355)),
        *((at, b"354 go on\r\n", Deferred) for at in ("banner", "MAIL", "RCPT")),
        *((at, b"25\r\n", Deferred) for at in ("banner", "EHLO", "MAIL", "RCPT", "DATA")),
        *((at, b"250 x", Deferred) for at in ("banner", "EHLO", "MAIL", "RCPT", "DATA")),
        ("DATA", b"354 go on\r\n250 ok\r\n", Deferred),
        *(("QUIT", b"hm\r\n", Sent), ("QUIT", b"", Sent), ("QUIT", b"554 no\r\n", Sent)),
    ],
)
def test_the_class_of_a_reply(at: str, reply: bytes, outcome: type[Outcome]) -> None:
    """2yz accepts, 4yz and 5yz refuse, DATA needs 354. After anything else no mail is handed over, one that was may
    have arrived, and the connection is closed.
    """
    with RawSmtp() as server:
        server.script = [Say(at, reply, closes=not reply.endswith(b"\n") or reply.startswith(b"250-"))]
        channel = channel_to(server.url, timeout=2)
        assert type(send_one(channel, ready())) is outcome
        assert len(server.handed) == (at == "dot" or outcome is Sent)
        assert server.strays == []
        assert isinstance(send_one(channel, ready()), Sent)


def test_a_reply_that_drips() -> None:
    """The time-out is for the whole reply."""
    with RawSmtp() as server:
        server.script = [Say("dot", b"250-" + b"x" * 1000, drip=0.01)]
        start = time.monotonic()
        assert isinstance(send_one(channel_to(server.url, timeout=0.2), ready()), Unknown)
        assert time.monotonic() - start < 1


def test_a_second_reply_is_not_the_next_mail_s() -> None:
    """What follows the reply to the final dot ends the connection, and the next mail is sent over another."""
    with RawSmtp() as server:
        server.script = [Say("dot", b"250 ok\r\n550 5.1.1 nobody\r\n")]
        channel = channel_to(server.url)
        assert [type(channel.send(mail)) for mail in several(2)] == [Sent] * 2
        channel.close_idle()


@pytest.mark.parametrize(
    ("script", "outcome", "arrives"),
    [
        ({"drop_at_rcpt": True}, Deferred, False),
        ({"drop_after_dot": True}, Unknown, True),
        ({"hang_after_dot": 0.6}, Unknown, True),
    ],
)
def test_broken_connections(
    server: SmtpServer, script: dict[str, Any], outcome: type[Outcome], arrives: bool
) -> None:
    """Before the content it is certain that nothing arrived; after it the server may have the message."""
    for name, value in script.items():
        setattr(server.script, name, value)
    assert type(send_one(channel_to(server.url, timeout=0.3), ready())) is outcome
    assert bool(server.received) is arrives


@pytest.mark.parametrize("target", ["ada", "a b@x.org", "a@x.org\r\nRCPT TO:<eve@x.org>", "<a@x.org>", ""])
def test_invalid_targets(server: SmtpServer, channel: MailChannel, target: str) -> None:
    """Anything but one bare address is refused."""
    assert isinstance(channel.send(envelope(b"x\r\n", target)), Refused)
    assert server.received == []


@pytest.mark.parametrize(("smtputf8", "outcome"), [(True, Sent), (False, Refused)])
def test_non_ascii_address_needs_smtputf8(smtputf8: bool, outcome: type) -> None:
    """Where the server does not support it, trying again cannot help."""
    with SmtpServer(smtputf8=smtputf8) as server:
        assert type(send_one(channel_to(server.url), ready("josé@example.org"))) is outcome
        assert [m.rcpt_tos for m in server.received] == [("josé@example.org",)] * smtputf8


# --- Several mails ----------------------------------------------------------------------------------------


def test_mails_of_a_round_share_a_connection(server: SmtpServer, channel: MailChannel) -> None:
    """Each goes to its own reader only. The connection is closed with QUIT, and opened again for the next round."""
    mails = several(4)
    for mail in mails[:3]:
        assert isinstance(channel.send(mail), Sent)
    assert (server.script.sessions, server.script.quits) == (1, 0)
    channel.close_idle()
    channel.close_idle()
    assert (server.script.sessions, server.script.quits) == (1, 1)
    assert isinstance(channel.send(mails[3]), Sent)
    assert server.script.sessions == 2
    assert arrived(server) == as_sent(mails)


WHOLE = [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.ANSWER]


@pytest.mark.parametrize(
    ("script", "stages"),
    [
        ({"closes_after_mail": True}, [*WHOLE, Stage.MAIL, *WHOLE, Stage.MAIL, *WHOLE]),
        ({"mails_a_session": 2}, [*WHOLE, *WHOLE, Stage.MAIL, *WHOLE]),  # then 421 at MAIL
    ],
)
def test_a_closed_connection_is_opened_again(
    server: SmtpServer, channel: MailChannel, script: dict[str, Any], stages: list[Stage]
) -> None:
    """Nothing was said about the next mail: it is sent, once."""
    for name, value in script.items():
        setattr(server.script, name, value)
    mails = several(3)
    reached: list[Stage] = []
    assert [type(channel.send(mail, reached.append)) for mail in mails] == [Sent] * 3
    assert arrived(server) == as_sent(mails)
    assert reached == stages


@pytest.mark.parametrize("is_used", [False, True])
def test_a_busy_server_is_asked_once(server: SmtpServer, channel: MailChannel, is_used: bool) -> None:
    """421 on a new connection is for now; on one that carried mails, another connection is tried, once."""
    first, second = several(2)
    if is_used:
        assert isinstance(channel.send(first), Sent)
    server.script.mail = "421 4.3.2 busy"
    outcome = channel.send(second)
    assert isinstance(outcome, Deferred)
    assert "421 4.3.2 busy" in outcome.why
    assert server.script.sessions == 1 + is_used
    assert arrived(server) == as_sent([first])[:is_used]


def test_a_mail_after_an_unknown_one(server: SmtpServer) -> None:
    """A new connection is used, so that a late reply cannot be taken for the next mail's."""
    channel = channel_to(server.url, timeout=0.1)
    first, second = several(2)
    server.script.hang_after_dot = 0.3
    assert isinstance(channel.send(first), Unknown)
    server.script.hang_after_dot = 0.0
    server.script.rcpt = "550 5.1.1 nobody"
    outcome = send_one(channel, second)
    assert isinstance(outcome, Refused)
    assert "550 5.1.1 nobody" in outcome.why


@pytest.mark.parametrize("at", [Stage.MAIL, Stage.RCPT, Stage.DATA])
@pytest.mark.parametrize("is_used", [False, True])
def test_a_lost_lease_stops_the_mail(
    server: SmtpServer, channel: MailChannel, at: Stage, is_used: bool
) -> None:
    """What `on_stage` raises is raised, at every stage, on a new connection and a used one. The server gets no part
    of the message, and the next mail arrives.
    """
    first, second, third = several(3)
    if is_used:
        channel.send(first)

    def on_stage(stage: Stage) -> None:
        if stage is at:
            raise LeaseLost("another sender has it")

    with pytest.raises(LeaseLost):
        channel.send(second, on_stage)
    assert isinstance(channel.send(third), Sent)
    assert arrived(server) == as_sent([first, third] if is_used else [third])


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


def with_login(server: SmtpServer, password: str, scheme: str = "smtp", options: str = "") -> MailChannel:
    return channel_to(f"{scheme}://ada:{password}@127.0.0.1:{server.port}{options}")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_encrypted_log_in(trusted: Path, scheme: str) -> None:
    """After STARTTLS, or encrypted from the first byte; with the decoded password, once for several mails."""
    server = SmtpServer(login=("ada", PASSWORD), certificate=trusted, implicit_tls=scheme == "smtps")
    with server:
        channel = with_login(server, QUOTED, scheme)
        assert [type(channel.send(mail)) for mail in several(3)] == [Sent] * 3
        channel.close_idle()
        assert (server.script.sessions, len(server.script.logins)) == (1, 1)


def test_offered_starttls_is_used_without_credentials(trusted: Path) -> None:
    """Also on loopback."""
    with SmtpServer(certificate=trusted) as server:
        assert isinstance(send_one(channel_to(server.url), ready()), Sent)


def test_unknown_certificate_ends_the_session(certificate: Path) -> None:
    """Certificates are checked, and there is no fall-back without encryption: no log-in, no mail."""
    with SmtpServer(login=("ada", "right"), certificate=certificate) as server:
        outcome = send_one(with_login(server, "right"), ready())
        assert isinstance(outcome, Deferred)
        assert "self-signed certificate" in outcome.why
        assert "?tls=none" in outcome.why  # as the server is on this machine
        assert isinstance(send_one(channel_to(server.url), ready()), Deferred)
        assert (server.script.logins, server.received) == ([], [])


def test_credentials_are_never_sent_unencrypted() -> None:
    """A server without STARTTLS, or one whose offer was removed on the way, gets no password."""
    with SmtpServer(login=("ada", "right")) as server:
        outcome = send_one(with_login(server, "right"), ready())
        assert isinstance(outcome, Refused)
        assert outcome.cause is Cause.SERVICE
        assert (server.script.logins, server.received) == ([], [])


def replying(*replies: str) -> Iterator[str]:
    """Host and port of a server that sends these lines: one as a greeting, and one for each line that it reads."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as lines:
                for reply in replies:
                    connection.sendall(reply.encode() + b"\r\n")
                    if not lines.readline():
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
        ((), "", Deferred),
        (("554 no mail here",), "", Refused),
        (("421 too busy",), "", Deferred),
        (("220 here", "502 no", "502 no"), "", Refused),  # neither EHLO nor HELO
        (("220 here", OFFER, "501 no TLS for you"), "", Refused),
        (("220 here", OFFER, "454 TLS not available for now"), "", Deferred),
        (("220 here", PLAIN_OFFER, "535 5.7.8 wrong hunter2"), "?tls=none", Refused),
        (("220 here", PLAIN_OFFER, "454 4.7.0 try later"), "?tls=none", Deferred),
        (("220 here", PLAIN_OFFER), "?tls=none", Deferred),  # closes the connection
        (("220 here", "250-here\r\n250 AUTH GSSAPI"), "?tls=none", Refused),  # no method that we support
        (("220 here", "250 here"), "?tls=none", Refused),  # no method at all
    ],
)
def test_failures_before_the_first_mail_are_the_service_s(
    replies: tuple[str, ...], options: str, outcome: type[Outcome]
) -> None:
    """Greeting, encryption and log-in are the same for every mail: when refused there, no other mail is tried."""
    for place in replying(*replies, *([BYE] if outcome is Refused and replies else [])):
        result = send_one(channel_to(f"smtp://ada:hunter2@{place}{options}", timeout=2), ready())
        assert isinstance(result, Deferred | Refused)
        assert (type(result), result.cause) == (outcome, Cause.SERVICE)
        assert "hunter2" not in repr(result)
        assert "535" not in repr(replies) or "check user and password in SMTP_URL" in result.why


def test_echoed_credentials_are_masked() -> None:
    """Some servers quote what they were sent."""
    with SmtpServer(login=("ada", "hunter2")) as server:
        server.script.rcpt = "550 you are hunter2, AGFkYQBodW50ZXIy, aHVudGVyMg=="
        outcome = send_one(with_login(server, "hunter2", options="?tls=none"), ready())
    assert outcome == Refused("the SMTP server says 550 you are ***, ***, ***")
