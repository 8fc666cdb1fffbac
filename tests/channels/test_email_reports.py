"""Reports of failed mail: what they say about an address, and about which delivery.

reports/*.eml have the forms that mail servers use, with example names in them.
"""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.email.message import MailSettings, compose
from bot.channels.email.reports import DIAGNOSTIC_LENGTH, Kind, Report, read_report, verp
from bot.config.smtp_url import parse_sender
from bot.text.plain import one_line
from tests.support.samples import HOSTILE, TOKEN, digest

DELIVERY = f"{TOKEN}-1"
VERP = f"bounces+{DELIVERY}@example.org"
SAMPLES = {path.stem: path.read_bytes() for path in (Path(__file__).parent / "reports").glob("*.eml")}
POSTFIX, QMAIL = SAMPLES["postfix"], SAMPLES["qmail"]


def report(*recipients: str, to: str = VERP, headers: str = "", returned: str | None = None) -> bytes:
    """Postfix's report about other recipients. `returned`: a whole message, instead of the headers of ours."""
    head, _, rest = POSTFIX.decode().partition("Final-Recipient")
    ours = rest.partition("Content-Type: ")[2].removeprefix("text/rfc822-headers\n\n")
    head = head.replace(f"To: {VERP}\n", f"To: {to}\n{headers}")
    boundary = "--4A1B2C3D.1746433867/mx"
    inside = (
        f"Content-Type: text/rfc822-headers\n\n{ours}"
        if returned is None
        else f"Content-Type: message/rfc822\n\n{returned}\n{boundary}--\n"
    )
    blocks = "\n\n".join(recipients)
    return f"{head}{blocks}\n\n{boundary}\n{inside}".encode(errors="surrogatepass")


def recipient(action: str = "failed", status: str = "5.1.1", diagnostic: str = "") -> str:
    fields = {"Action": action, "Status": status, "Diagnostic-Code": diagnostic}
    lines = [f"{name}: {value}" for name, value in fields.items() if value]
    return "\n".join(("Final-Recipient: rfc822; ada@example.net", *lines))


@pytest.mark.parametrize(
    ("name", "kind", "status", "diagnostic"),
    [
        (
            "postfix",
            Kind.HARD,
            "5.1.1",
            "550 5.1.1 <ada@example.net>: Recipient address rejected: User unknown in table",
        ),
        (
            "exchange",
            Kind.HARD,
            "5.1.10",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        ),
        (
            "gmail",
            Kind.HARD,
            "5.1.1",
            "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1"
            " double-checking the recipient's email address for typos or 550 5.1.1 unnecessary spaces.",
        ),
        ("qmail", Kind.HARD, "5.1.1", "Sorry, no mailbox here by that name. (#5.1.1)"),
        ("exim", Kind.HARD, "5.1.1", "550 5.1.1 <ada@example.net> User doesn't exist"),
        ("vacation", Kind.NONE, "", ""),
        ("complaint", Kind.NONE, "", ""),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_samples(name: str, kind: Kind, status: str, diagnostic: str, line_end: bytes) -> None:
    """Kind, status and words are read, and the delivery is found, by the recipient's address or without it."""
    content = SAMPLES[name].replace(b"\n", line_end)
    found = read_report(content)
    assert (found.kind, found.status, found.diagnostic) == (kind, status, diagnostic)
    without_verp = read_report(content.replace(VERP.encode(), b"bounces@example.org"))
    assert found.deliveries == without_verp.deliveries == (DELIVERY,)


@pytest.mark.parametrize("content", [b"", b"Subject: Hello\n\nWhat is Paperboy?\n"])
def test_other_mail_is_not_a_report(content: bytes) -> None:
    """It has no kind, no delivery, and its bytes as identity."""
    key = hashlib.sha256(content).hexdigest()
    assert read_report(content) == Report(key, Kind.NONE, (), "", "", None)


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "kind"),
    [
        ("failed", "5.1.1", "", Kind.HARD),
        ("failed", "5.1.2 (no such domain)", "", Kind.HARD),
        ("failed", "5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied", Kind.HARD),
        ("Failed (permanently)", "5.1.1", "", Kind.HARD),
        ("error", "5.1.1", "", Kind.HARD),  # OpenSMTPD
        ("failed", "", "", Kind.HARD),
        ("failed", "nonsense", "", Kind.HARD),
        ("", "5.1.1", "", Kind.HARD),
        ("failed", "5.2.2", "", Kind.SOFT),
        ("failed", "5.2.3", "", Kind.SOFT),
        ("failed", "5.3.4", "", Kind.SOFT),
        ("failed", "5.4.7", "", Kind.SOFT),
        ("failed", "5.6.1", "", Kind.SOFT),
        ("failed", "5.7.515", "", Kind.SOFT),
        ("failed", "5.1.8", "smtp; 550 5.1.8 sender address rejected", Kind.SOFT),
        ("failed", "4.4.1", "", Kind.SOFT),  # given up after days
        ("", "4.2.2", "", Kind.SOFT),
        ("delayed", "5.1.1", "", Kind.SOFT),
        ("delayed", "", "", Kind.SOFT),
        ("delivered", "2.0.0", "", Kind.NONE),
        ("", "2.0.0", "", Kind.NONE),
        ("unheard-of", "5.1.1", "", Kind.NONE),
        # an unspecific status: the words of the other server decide
        ("failed", "5.0.0", "smtp; 550 User unknown", Kind.HARD),
        ("failed", "5.0.0", "smtp; 550 5.1.1 User unknown", Kind.HARD),
        ("failed", "5.0.0", "smtp; 552 5.2.2 User unreachable", Kind.SOFT),
        ("failed", "", "smtp; 550 #5.7.1 no", Kind.SOFT),
        ("failed", "5.0.0", "smtp; 552 Mailbox full", Kind.SOFT),
        ("failed", "5.0.0", "smtp; 554 message looks like spam", Kind.SOFT),
        ("failed", "5.0.0", "smtp; 421 too many connections", Kind.SOFT),
        ("failed", "5.1.1", "smtp; 550 5.1.1 the policy of this quota is spam", Kind.HARD),
    ],
)
def test_action_and_status(action: str, status: str, diagnostic: str, kind: Kind) -> None:
    """Only a permanent failure of the address itself is hard."""
    assert read_report(report(recipient(action, status, diagnostic))).kind == kind


@pytest.mark.parametrize(
    ("statuses", "kind", "status"),
    [
        (["4.4.1", "5.1.1", "5.2.2"], Kind.HARD, "5.1.1"),
        (["5.2.2", "4.4.1"], Kind.SOFT, "5.2.2"),
        (["5.1.1", "5.1.2"], Kind.HARD, "5.1.1"),
        (["2.0.0", "5.1.1"], Kind.HARD, "5.1.1"),
    ],
)
def test_worst_recipient_counts(statuses: list[str], kind: Kind, status: str) -> None:
    """Of several recipients the worst decides; of two that are equal, the first."""
    found = read_report(report(*(recipient("" if s == "2.0.0" else "failed", s) for s in statuses)))
    assert (found.kind, found.status) == (kind, status)


QMAIL_WORDS = "Sorry, no mailbox here by that name. (#5.1.1)"


@pytest.mark.parametrize(
    ("words", "kind", "status"),
    [
        ("192.0.2.7 does not like recipient.\nRemote host said: 550 5.2.2 over", Kind.SOFT, "5.2.2"),
        ("Remote host said: 550 5.7.1 Refused", Kind.SOFT, "5.7.1"),
        ("User is over the quota. You can try again later.", Kind.SOFT, ""),
        ("Sorry, I couldn't find any host by that name.", Kind.HARD, ""),
    ],
)
def test_prose(words: str, kind: Kind, status: str) -> None:
    """Without a delivery status the server's words decide; those of the returned message do not count."""
    found = read_report(QMAIL.replace(QMAIL_WORDS.encode(), words.encode()))
    assert (found.kind, found.status) == (kind, status)


def test_prose_in_base64() -> None:
    """It is decoded, also to find the delivery."""
    head, _, body = QMAIL.replace(VERP.encode(), b"bounces@example.org").partition(b"\n\n")
    content = head + b"\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(body)
    assert read_report(content).kind == Kind.HARD
    assert read_report(content).deliveries == (DELIVERY,)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (QMAIL.replace(b"MAILER-DAEMON@mx", b"ada@mx"), Kind.NONE),
        (b"From: MAILER-DAEMON@mx.example.net\n\nThe server was moved last night.\n", Kind.NONE),
        (
            b"From: postmaster@mx.example.net\n\nDelivery to the following recipient has been delayed:\n\n"
            b"     ada@example.net\n\nMessage will be retried for 2 more day(s)\n",
            Kind.SOFT,
        ),
        (QMAIL.replace(b"From: MAILER", b"From: \xcf\xb5\xcd\xb3 MAILER"), Kind.HARD),
    ],
    ids=["quoted by a person", "no failure", "warning", "8-bit header"],
)
def test_who_writes_prose(content: bytes, kind: Kind) -> None:
    """Only mail servers report failures, and not with every mail."""
    assert read_report(content).kind == kind


def test_a_forwarded_report_does_not_count() -> None:
    """A report inside of a returned or forwarded message is about another mail."""
    content = b"From: ada@example.net\nContent-Type: message/rfc822\n\n" + POSTFIX
    assert read_report(content).kind == Kind.NONE
    inner = POSTFIX.decode().replace("4A1B2C3D.", "inner.")  # another boundary
    assert read_report(report(recipient("delivered", "2.0.0"), returned=inner)).kind == Kind.NONE


def test_internationalised_report() -> None:
    """RFC 6533: another content type, and UTF-8 in the fields."""
    content = report(recipient(diagnostic="smtp; 550 5.1.1 josé: no such user"))
    found = read_report(content.replace(b"message/delivery-status", b"message/global-delivery-status"))
    assert (found.kind, found.status) == (Kind.HARD, "5.1.1")
    assert found.diagnostic == "550 5.1.1 josé: no such user"


# --- Which delivery -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bounces@example.org", VERP),
        ("bounces+x@example.org", f"bounces+x+{DELIVERY}@example.org"),
        ('"odd@one"@example.org', f'"odd@one"+{DELIVERY}@example.org'),
    ],
)
def test_verp(address: str, expected: str) -> None:
    """The delivery is a tag, after any that the address has."""
    assert verp(address, DELIVERY) == expected


@pytest.mark.parametrize(
    "header",
    [
        f"Delivered-To: {VERP}",
        f"X-Envelope-To: <{VERP}>",
        f"To: Undisclosed <{VERP.upper()}>, somebody@example.org",
        f"To: {verp('bounces+x@example.org', DELIVERY)}",
        f"Received: from mx.example.net by mail.example.org\n\tfor <{VERP}>; Tue, 5 May 2026",
        f"X-Forwarded-To: prvs=12345=bounces+{DELIVERY}@example.org",
    ],
)
def test_verp_address_in_any_header(header: str) -> None:
    """Nothing else of the report need be readable."""
    assert read_report(f"{header}\n\nNo.\n".encode()).deliveries == (DELIVERY,)


def test_order_of_candidates() -> None:
    """The envelope's address, other headers, the returned message, what is answered; each id once."""
    ids = [f"{number:016x}-1" for number in range(5)]
    content = report(
        recipient(),
        to=verp("bounces@example.org", ids[1]),
        headers=f"X-Note: {verp('b@example.org', ids[2])}\nDelivered-To: {verp('b@example.org', ids[0])}\n"
        f"References: <{ids[4]}@example.org> <{ids[3]}@example.org>\n",
        returned=f"Message-ID: <{ids[3]}@example.org>\n",
    )
    assert read_report(content).deliveries == tuple(ids)


@pytest.mark.parametrize(
    "message_id", ["<hello@example.org>", "<3f2a9c0de1b74556@example.org>", f"<x{DELIVERY}@example.org>"]
)
def test_other_ids_are_not_candidates(message_id: str) -> None:
    """Only what has the form of a delivery id is looked up."""
    content = report(recipient(), to="bounces@example.org", returned=f"Message-ID: {message_id}\n")
    assert read_report(content).deliveries == ()


def test_our_digest_is_recognised_when_it_is_returned() -> None:
    """The Message-ID that a digest carries is the one that reports are searched for."""
    head = MailSettings(parse_sender("paperboy@example.org"))
    ours = compose(digest(8), DELIVERY, "ada@example.net", head).decode()
    assert read_report(report(recipient(), to="x@example.org", returned=ours)).deliveries == (DELIVERY,)


def test_at_most_ten_candidates() -> None:
    """A mail full of ids does not cause thousands of queries."""
    tags = "\n".join(f"X-{n}: b+{n:016x}-1@example.org" for n in range(500))
    assert len(read_report(f"{tags}\n\n".encode()).deliveries) == 10


# --- Identity, date, words ----------------------------------------------------------------------------------


def test_key_is_the_message_id() -> None:
    """A report that was fetched twice, with other trace headers, is one; without a usable id the bytes decide."""
    again = b"Received: from elsewhere\n" + POSTFIX
    assert read_report(again).key == read_report(POSTFIX).key == "<20260505063107.4A1B2C3D@mx.example.net>"
    for content in (QMAIL, b"Message-ID: <" + b"x" * 300 + b">\n\n"):
        assert read_report(content).key == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("date", "when"),
    [
        ("Tue, 05 May 2026 08:31:07 +0200", datetime(2026, 5, 5, 6, 31, 7, tzinfo=UTC)),
        ("5 May 2026 06:31:07 -0000", datetime(2026, 5, 5, 6, 31, 7, tzinfo=UTC)),
        ("yesterday", None),
        ("Tue, 45 May 2026 08:31:07 +0200", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
        ("Tue, 05 May 2026 08:31:07 +99999999", None),
        ("9" * 5000, None),
        ("", None),
    ],
)
def test_when(date: str, when: datetime | None) -> None:
    """UTC; None for a date that is not valid."""
    assert read_report(f"Date: {date}\nTo: a@example.org\n\n".encode()).when == when


@pytest.mark.parametrize("text", HOSTILE)
def test_diagnostics_are_one_harmless_line(text: str) -> None:
    """They are shown in terminals and stored: no line ends, escape codes or bidirectional marks, and not long."""
    words = f"{text} \x1b[31m\u202e{'long ' * 100}".replace("\n", "\n ")
    found = read_report(report(recipient(diagnostic=f"smtp; 550 5.1.1 {words}"))).diagnostic
    assert found.startswith("550 5.1.1")
    assert len(found) <= DIAGNOSTIC_LENGTH
    assert one_line(found) == found


# --- Hostile mail -------------------------------------------------------------------------------------------

#: Pieces that make parsers fail.
_WILD = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [
            b"\nContent-Type: multipart/mixed; boundary=b\n\n--b\n",
            b"\nContent-Type: message/rfc822\n\n",
            b"\nContent-Type: text/plain; charset=unicode_escape\n\n\\",
            b"\nContent-Type: text/plain; charset*0*=''%FF; charset*1=\xff\n\n",
            b"\nContent-Transfer-Encoding: base64\n\n=A",
            b"\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\nM\xff",
            b"\nX-Failed-Recipients: " + b"(" * 3000,
            b"\nDate: Tue, 99 May 99999 99:99:99 +9999\n",
            b'\nFrom: "\xff" <MAILER-DAEMON@x>, ((((\n',
            b"\r\r\n\n",
            b"\n\nStatus: 5.1.1\n\n\nAction: \xff\n",
        ]
    ),
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([b"", *SAMPLES.values()]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), _WILD), max_size=6),
)
def test_any_mail_is_read(content: bytes, changes: list[tuple[float, int, bytes]]) -> None:
    """Reports with pieces lost and others inserted give a report, and never an exception."""
    for where, lost, new in changes:
        place = int(where * len(content))
        content = content[:place] + new + content[place + lost :]
    found = read_report(content)
    assert 0 < len(found.key) <= 250
    assert len(found.diagnostic) <= DIAGNOSTIC_LENGTH
    assert not set(found.key + found.diagnostic) & set("\r\n\0\x1b")
    assert found.when is None or found.when.tzinfo is UTC


_DAEMON = b"From: mailer-daemon@example.net\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(_DAEMON + b"\n" + (b"," * 66 + b"@" * 130 + b"\n") * 1300, id="cubic expression"),
        pytest.param(
            b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000)),
            id="deep nesting",
        ),
        pytest.param(b'Content-Type: multipart/mixed; boundary="' + b";" * 250_000, id="quadratic parameter"),
        pytest.param(_DAEMON + b"\n" + b"x" * 50_000_000, id="size"),
    ],
)
def test_no_mail_takes_long(content: bytes) -> None:
    """Half a second where it was measured, two at worst, for mail that was made to be slow."""
    started = time.monotonic()
    assert read_report(content).kind is Kind.NONE
    assert time.monotonic() - started < 20


def test_errors_of_flufl_are_not_logged_with_the_mail(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """One line names the error, without a traceback of a stranger's mail."""
    assert read_report(f"X-Failed-Recipients: {'(' * 3900}\n\n".encode()).kind is Kind.NONE
    assert caplog.messages == ["a mail cannot be read and is ignored: RecursionError"]
    assert "flufl" not in capfd.readouterr().err
