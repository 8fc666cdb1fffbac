"""Reports of failed mail: what they say about an address, which delivery they are about, where they are read."""

from __future__ import annotations

import base64
import hashlib
import mailbox
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.email.bounces import DIAGNOSTIC_LENGTH, Kind, Report, read_report, read_reports, verp
from bot.channels.email.message import Letterhead, compose
from bot.config.smtp_url import parse_sender
from bot.errors import UserError
from bot.text.plain import one_line
from tests.support.samples import HOSTILE, TOKEN, digest

DELIVERY = f"{TOKEN}-1"
VERP = f"bounces+{DELIVERY}@example.org"
OTHER = "0123456789abcdef-2"

_RETURNED_HEADERS = f"""\
Return-Path: <{VERP}>
From: Paperboy <paperboy@example.org>
To: ada@example.net
Subject: Paperboy: World models for robots and 7 more
Message-ID: <{DELIVERY}@example.org>
Date: Tue, 05 May 2026 06:30:00 +0000
"""


def report(
    *recipients: str,
    to: str = VERP,
    returned: str = _RETURNED_HEADERS,
    returned_type: str = "text/rfc822-headers",
    status_type: str = "message/delivery-status",
    headers: str = "",
) -> bytes:
    """A report as RFC 3464 wants it; each recipient is the block about one."""
    blocks = "\n\n".join(("Reporting-MTA: dns; mx.example.net", *recipients))
    return f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Date: Tue, 05 May 2026 08:31:07 +0200
Message-ID: <20260505063107.4A1B2C3D@mx.example.net>
Auto-Submitted: auto-replied
MIME-Version: 1.0
{headers}Content-Type: multipart/report; report-type=delivery-status; boundary="4A1B2C3D.1746433867/mx"

This is a MIME-encapsulated message.

--4A1B2C3D.1746433867/mx
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.net.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

<ada@example.net>: host imap.example.net said: see below

--4A1B2C3D.1746433867/mx
Content-Type: {status_type}

{blocks}

--4A1B2C3D.1746433867/mx
Content-Type: {returned_type}

{returned}
--4A1B2C3D.1746433867/mx--
""".encode(errors="surrogatepass")


def recipient(action: str = "failed", status: str = "5.1.1", diagnostic: str = "") -> str:
    lines = ["Final-Recipient: rfc822; ada@example.net"]
    lines += [f"Action: {action}"] if action else []
    lines += [f"Status: {status}"] if status else []
    lines += [f"Diagnostic-Code: {diagnostic}"] if diagnostic else []
    return "\n".join(lines)


POSTFIX = report(
    recipient(
        diagnostic="smtp; 550 5.1.1 <ada@example.net>: Recipient address\n    rejected: User unknown in table"
    )
)
DELAYED = report(
    recipient("delayed", "4.4.1", "X-Postfix; connect to mx.example.net[192.0.2.7]:25: Connection timed out")
)
FULL = report(recipient(status="5.2.2", diagnostic="smtp; 552 5.2.2 <ada@example.net> Mailbox is full"))
SUCCESS = report(recipient("delivered", "2.1.5", "smtp; 250 2.1.5 OK"))

EXCHANGE = f"""\
From: <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.net>
To: <{VERP}>
Date: Tue, 5 May 2026 06:31:09 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="81ed4cb2-4b4f-4e0c-8d9e-1c4a3a8e2f11"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-US
Message-ID: <8d2b1c4e-77f1-4a55-9f0e-6f3a2b1c9d10@MB1.example.net>
In-Reply-To: <{DELIVERY}@example.org>
References: <{DELIVERY}@example.org>
Subject: Undeliverable: Paperboy: World models for robots and 7 more
Auto-Submitted: auto-replied
MIME-Version: 1.0

--81ed4cb2-4b4f-4e0c-8d9e-1c4a3a8e2f11
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="2f6d0a6e-alternative"

--2f6d0a6e-alternative
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Delivery has failed to these recipients or groups:=0D=0A=0D=0Aada@example.net

--2f6d0a6e-alternative
Content-Type: text/html; charset="us-ascii"

<html><body><p>Delivery has failed to these recipients or groups:</p></body></html>

--2f6d0a6e-alternative--

--81ed4cb2-4b4f-4e0c-8d9e-1c4a3a8e2f11
Content-Type: message/delivery-status

Reporting-MTA: dns;MB1.example.net
Received-From-MTA: dns;mail.example.org
Arrival-Date: Tue, 5 May 2026 06:31:08 +0000

Final-Recipient: rfc822;ada@example.net
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup

--81ed4cb2-4b4f-4e0c-8d9e-1c4a3a8e2f11
Content-Type: message/rfc822

{_RETURNED_HEADERS}
The digest.
--81ed4cb2-4b4f-4e0c-8d9e-1c4a3a8e2f11--
""".replace("\n", "\r\n").encode()

GMAIL = f"""\
Delivered-To: {VERP}
Received: by 2002:a05:0000:0000:b0:5f2:1234 with SMTP id x1; Mon, 4 May 2026 23:31:08 -0700 (PDT)
Return-Path: <>
Content-Type: multipart/report; boundary="000000000000a1b2c30616f00001"; report-type=delivery-status
To: {VERP}
Auto-Submitted: auto-replied
From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
Subject: Delivery Status Notification (Failure)
References: <{DELIVERY}@example.org>
In-Reply-To: <{DELIVERY}@example.org>
X-Failed-Recipients: ada@example.net
Message-ID: <66371bcc.050a0220.1a2b3.4c5d.GMR@mx.example.com>
Date: Mon, 04 May 2026 23:31:08 -0700 (PDT)

--000000000000a1b2c30616f00001
Content-Type: multipart/related; boundary="000000000000a1b2d50616f00002"

--000000000000a1b2d50616f00002
Content-Type: multipart/alternative; boundary="000000000000a1b2d80616f00003"

--000000000000a1b2d80616f00003
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to ada@example.net because the address couldn't be found.

--000000000000a1b2d80616f00003
Content-Type: text/html; charset="UTF-8"

<html><body><h1>Address not found</h1></body></html>
--000000000000a1b2d80616f00003--
--000000000000a1b2d50616f00002
Content-Type: image/png; name="icon.png"
Content-Transfer-Encoding: base64

iVBORw0KGgoAAAANSUhEUgAAAJAAAACQCAYAAADnRuK4
--000000000000a1b2d50616f00002--
--000000000000a1b2c30616f00001
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.example
Arrival-Date: Mon, 04 May 2026 23:31:07 -0700 (PDT)
X-Original-Message-ID: <{DELIVERY}@example.org>

Final-Recipient: rfc822; ada@example.net
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.net. (192.0.2.7, the server for the domain example.net.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address for typos or
 550 5.1.1 unnecessary spaces.
Last-Attempt-Date: Mon, 04 May 2026 23:31:08 -0700 (PDT)

--000000000000a1b2c30616f00001
Content-Type: message/rfc822

{_RETURNED_HEADERS}
The digest.
--000000000000a1b2c30616f00001--
""".encode()


def qmail(said: str) -> bytes:
    return f"""\
Return-Path: <>
Delivered-To: {VERP}
Date: 5 May 2026 06:31:07 -0000
From: MAILER-DAEMON@mx.example.net
To: {VERP}
Subject: failure notice

Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ada@example.net>:
{said}

--- Below this line is a copy of the message.

{_RETURNED_HEADERS}
Over quota: a policy for temporary storage, spam and #4.2.2, by Ada, ada@example.net, and others.
""".encode()


QMAIL = qmail("Sorry, no mailbox here by that name. (#5.1.1)")

EXIM = f"""\
Return-path: <>
Envelope-to: {VERP}
X-Failed-Recipients: ada@example.net
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.net>
To: {VERP}
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1sBounce-0001Ab-2C@mx.example.net>
Date: Tue, 05 May 2026 08:31:07 +0200

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ada@example.net
    host imap.example.net [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<ada@example.net>:
    550 5.1.1 <ada@example.net> User doesn't exist

------ This is a copy of the message, including all the headers. ------

{_RETURNED_HEADERS}
""".encode()

VACATION = f"""\
Return-Path: <>
From: Ada <ada@example.net>
To: {VERP}
Subject: Automatic reply: Paperboy: World models for robots and 7 more
Date: Tue, 05 May 2026 06:31:07 +0000
Message-ID: <away-1@example.net>
In-Reply-To: <{DELIVERY}@example.org>
Auto-Submitted: auto-replied (vacation)
Content-Type: text/plain; charset=utf-8

I am away until June. Your message could not be delivered to my desk; ask Bo,
Bo Sample, bo@example.net, or the 550 5.1.1 of us who stay.
""".encode()

COMPLAINT = f"""\
From: postmaster@example.net
To: {VERP}
Content-Type: multipart/report; report-type=feedback-report; boundary=arf

--arf
Content-Type: text/plain

This is an abuse report.
--arf
Content-Type: message/feedback-report

Feedback-Type: abuse
--arf
Content-Type: text/rfc822-headers

{_RETURNED_HEADERS}
--arf--
""".encode()

SAMPLES = (POSTFIX, DELAYED, FULL, SUCCESS, EXCHANGE, GMAIL, QMAIL, EXIM, VACATION, COMPLAINT)


@pytest.mark.parametrize(
    ("content", "kind", "status", "diagnostic"),
    [
        pytest.param(
            POSTFIX,
            Kind.HARD,
            "5.1.1",
            "550 5.1.1 <ada@example.net>: Recipient address rejected: User unknown in table",
            id="Postfix",
        ),
        pytest.param(
            EXCHANGE,
            Kind.HARD,
            "5.1.10",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            id="Exchange",
        ),
        pytest.param(
            GMAIL,
            Kind.HARD,
            "5.1.1",
            "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1"
            " double-checking the recipient's email address for typos or 550 5.1.1 unnecessary spaces.",
            id="Gmail",
        ),
        pytest.param(
            QMAIL, Kind.HARD, "5.1.1", "Sorry, no mailbox here by that name. (#5.1.1)", id="qmail, in prose"
        ),
        pytest.param(
            EXIM, Kind.HARD, "5.1.1", "550 5.1.1 <ada@example.net> User doesn't exist", id="Exim, in prose"
        ),
        pytest.param(
            DELAYED,
            Kind.SOFT,
            "4.4.1",
            "connect to mx.example.net[192.0.2.7]:25: Connection timed out",
            id="delayed",
        ),
        pytest.param(FULL, Kind.SOFT, "5.2.2", "552 5.2.2 <ada@example.net> Mailbox is full", id="full"),
        pytest.param(SUCCESS, Kind.NONE, "2.1.5", "250 2.1.5 OK", id="success"),
        pytest.param(VACATION, Kind.NONE, "", "", id="vacation"),
        pytest.param(COMPLAINT, Kind.NONE, "", "", id="complaint"),
        pytest.param(b"Subject: Hello\n\nWhat is Paperboy?\n", Kind.NONE, "", "", id="a letter"),
        pytest.param(b"", Kind.NONE, "", "", id="nothing"),
    ],
)
def test_what_a_mail_says(content: bytes, kind: Kind, status: str, diagnostic: str) -> None:
    """A failure for good, one for now, or none; with the server's status and words."""
    found = read_report(content)
    assert (found.kind, found.status, found.diagnostic) == (kind, status, diagnostic)


@pytest.mark.parametrize("content", SAMPLES)
def test_every_sample_names_its_delivery(content: bytes) -> None:
    """By the address that it came to, or by the message that it returns or answers."""
    assert read_report(content).deliveries == (DELIVERY,)
    without_verp = content.replace(VERP.encode(), b"bounces@example.org")
    assert read_report(without_verp).deliveries == (DELIVERY,)


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "kind"),
    [
        ("failed", "5.1.1", "", Kind.HARD),
        ("failed", "5.1.2 (no such domain)", "", Kind.HARD),
        ("failed", "5.2.1", "", Kind.HARD),
        ("failed", "5.4.4", "", Kind.HARD),
        ("failed", "5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied", Kind.HARD),
        ("failed (permanently)", "5.1.1", "", Kind.HARD),
        ("Failed", "5.1.1", "", Kind.HARD),
        ("error", "5.1.1", "", Kind.HARD),  # OpenSMTPD
        ("failed", "", "", Kind.HARD),
        ("failed", "nonsense", "", Kind.HARD),
        ("", "5.1.1", "", Kind.HARD),
        ("failed", "5.2.2", "", Kind.SOFT),
        ("failed", "5.2.3", "", Kind.SOFT),
        ("failed", "5.3.4", "", Kind.SOFT),
        ("failed", "5.4.7", "", Kind.SOFT),
        ("failed", "5.6.1", "", Kind.SOFT),
        ("failed", "5.7.1", "smtp; 550 5.7.1 blocked", Kind.SOFT),
        ("failed", "5.7.515", "", Kind.SOFT),
        ("failed", "5.1.8", "smtp; 550 5.1.8 sender address rejected", Kind.SOFT),
        ("failed", "4.4.1", "", Kind.SOFT),  # given up after days
        ("failed", "4.2.2", "smtp; 452 4.2.2 over quota", Kind.SOFT),
        ("", "4.2.2", "", Kind.SOFT),
        ("delayed", "4.4.1", "", Kind.SOFT),
        ("delayed", "5.1.1", "", Kind.SOFT),
        ("delayed", "", "", Kind.SOFT),
        ("delivered", "2.0.0", "", Kind.NONE),
        ("relayed", "2.0.0", "", Kind.NONE),
        ("expanded", "2.0.0", "", Kind.NONE),
        ("", "2.0.0", "", Kind.NONE),
        ("unheard-of", "5.1.1", "", Kind.NONE),
        # what the other server said, where the status says nothing
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
    """Only a failure that is the address's own is hard."""
    assert read_report(report(recipient(action, status, diagnostic))).kind == kind


@pytest.mark.parametrize(
    ("statuses", "kind", "status"),
    [
        (["4.4.1", "5.1.1", "5.2.2"], Kind.HARD, "5.1.1"),
        (["5.2.2", "4.4.1"], Kind.SOFT, "5.2.2"),
        (["5.1.1", "5.1.2"], Kind.HARD, "5.1.1"),
    ],
)
def test_worst_recipient_counts(statuses: list[str], kind: Kind, status: str) -> None:
    """Of several; of two that are as bad, the first."""
    found = read_report(report(*(recipient(status=one) for one in statuses)))
    assert (found.kind, found.status) == (kind, status)


def test_success_and_failure_in_one_report() -> None:
    """A recipient who got it does not hide one who did not."""
    content = report(recipient("delivered", "2.0.0"), recipient(status="5.1.1"))
    assert read_report(content).kind == Kind.HARD


@pytest.mark.parametrize(
    ("said", "kind", "status"),
    [
        ("Sorry, no mailbox here by that name. (#5.1.1)", Kind.HARD, "5.1.1"),
        ("192.0.2.7 does not like recipient.\nRemote host said: 550 5.2.2 over", Kind.SOFT, "5.2.2"),
        ("Remote host said: 550 5.7.1 Refused", Kind.SOFT, "5.7.1"),
        ("User is over the quota. You can try again later.", Kind.SOFT, ""),
        ("Sorry, I couldn't find any host by that name.", Kind.HARD, ""),
    ],
)
def test_prose(said: str, kind: Kind, status: str) -> None:
    """Reports in a server's own words; those of the returned message are not among them."""
    found = read_report(qmail(said))
    assert (found.kind, found.status) == (kind, status)


def test_prose_in_base64() -> None:
    """Is read as any other."""
    head, _, body = QMAIL.partition(b"\n\n")
    content = head + b"\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(body)
    assert read_report(content).kind == Kind.HARD
    assert read_report(content).deliveries == (DELIVERY,)


@pytest.mark.parametrize("sender", ["Ada <ada@example.net>", "MAILER-DAEMON@mx.example.net"])
def test_prose_of_people_is_no_report(sender: str) -> None:
    """A quoted report, and a server's prose without a failure, say nothing about an address."""
    failed = QMAIL.replace(b"MAILER-DAEMON@mx.example.net", sender.encode())
    assert read_report(failed).kind == (Kind.NONE if "ada@" in sender else Kind.HARD)
    content = f"From: {sender}\nTo: {VERP}\n\nThe server was moved last night.\n"
    assert read_report(content.encode()).kind == Kind.NONE


def test_warning_in_prose() -> None:
    """A server that still tries is no failure for good."""
    content = (
        f"From: postmaster@mx.example.net\nTo: {VERP}\n\nDelivery to the following recipient has been delayed:\n"
        "\n     ada@example.net\n\nMessage will be retried for 2 more day(s)\n"
    )
    assert read_report(content.encode()).kind == Kind.SOFT


def test_report_within_a_returned_message_is_not_the_reports() -> None:
    """What somebody forwards is not said about the mail at hand."""
    content = b"From: ada@example.net\nContent-Type: message/rfc822\n\n" + POSTFIX
    assert read_report(content).kind == Kind.NONE
    inner = POSTFIX.decode().replace("4A1B2C3D.", "inner.")  # the boundary
    outer = report(recipient("delivered", "2.0.0"), returned=inner, returned_type="message/rfc822")
    assert read_report(outer).kind == Kind.NONE


def test_internationalised_report() -> None:
    """RFC 6533's part, which the mail package does not take apart; addresses may be UTF-8."""
    block = recipient(diagnostic="smtp; 550 5.1.1 josé: no such user")
    found = read_report(report(block, status_type="message/global-delivery-status"))
    assert (found.kind, found.status) == (Kind.HARD, "5.1.1")
    assert found.diagnostic == "550 5.1.1 josé: no such user"


def test_raw_eight_bit_headers() -> None:
    """A server that writes its own encoding into headers is understood all the same."""
    content = QMAIL.replace(b"From: MAILER", b"From: \xcf\xb5\xcd\xb3 MAILER").replace(
        b"Subject: failure", b"Subject: \xcf\xb5\xcd\xb3"
    )
    assert read_report(content).kind == Kind.HARD


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bounces@example.org", VERP),
        ("bounces+x@example.org", f"bounces+x+{DELIVERY}@example.org"),
        ('"odd@one"@example.org', f'"odd@one"+{DELIVERY}@example.org'),
    ],
)
def test_verp(address: str, expected: str) -> None:
    """The delivery is a tag, after those that the address has."""
    assert verp(address, DELIVERY) == expected


@pytest.mark.parametrize(
    "header",
    [
        f"Delivered-To: {VERP}",
        f"X-Original-To: {VERP}",
        f"Envelope-To: {VERP}",
        f"X-Envelope-To: <{VERP}>",
        f"To: Undisclosed <{VERP.upper()}>, somebody@example.org",
        f"To: {verp('bounces+x@example.org', DELIVERY)}",
        f"Received: from mx.example.net by mail.example.org\n\tfor <{VERP}>; Tue, 5 May 2026",
        f"X-Forwarded-To: prvs=12345=bounces+{DELIVERY}@example.org",
    ],
)
def test_verp_is_found_wherever_servers_note_it(header: str) -> None:
    """Nothing else of the report need be readable."""
    assert read_report(f"{header}\n\nNo.\n".encode()).deliveries == (DELIVERY,)


def test_best_candidate_comes_first() -> None:
    """The envelope's address, then other headers', the returned message, and what is answered; each once."""
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
    "said", ["<hello@example.org>", "<3f2a9c0de1b74556@example.org>", f"<x{DELIVERY}@example.org>", ""]
)
def test_other_messages_are_no_deliveries(said: str) -> None:
    """What has not the shape of an id is not looked up."""
    content = report(recipient(), to="bounces@example.org", returned=f"Message-ID: {said}\n")
    assert read_report(content).deliveries == ()


def test_our_own_digest_is_recognised_when_it_comes_back() -> None:
    """The Message-ID that a letter carries is the one that a report is read for."""
    letterhead = Letterhead(parse_sender("paperboy@example.org"))
    ours = compose(digest(8), DELIVERY, "ada@example.net", letterhead).decode()
    content = report(recipient(), to="x@example.org", returned=ours, returned_type="message/rfc822")
    assert read_report(content).deliveries == (DELIVERY,)


def test_candidates_are_few() -> None:
    """A mail full of ids does not make its reader look up thousands."""
    tags = "\n".join(f"X-{n}: b+{n:016x}-1@example.org" for n in range(500))
    assert len(read_report(f"{tags}\n\n".encode()).deliveries) == 10


def test_key_is_the_message_id() -> None:
    """The same report fetched twice, with other trace headers, is one."""
    again = b"Received: from elsewhere\n" + POSTFIX
    assert read_report(again).key == read_report(POSTFIX).key == "<20260505063107.4A1B2C3D@mx.example.net>"


@pytest.mark.parametrize("content", [QMAIL, b"", b"Message-ID: <" + b"x" * 300 + b">\n\n"])
def test_key_without_a_message_id(content: bytes) -> None:
    """And with one that is none: the bytes decide."""
    assert read_report(content).key == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("date", "when"),
    [
        ("Tue, 05 May 2026 08:31:07 +0200", datetime(2026, 5, 5, 6, 31, 7, tzinfo=UTC)),
        ("5 May 2026 06:31:07 -0000", datetime(2026, 5, 5, 6, 31, 7, tzinfo=UTC)),
        ("Mon, 04 May 2026 23:31:07 -0700 (PDT)", datetime(2026, 5, 5, 6, 31, 7, tzinfo=UTC)),
        ("yesterday", None),
        ("Tue, 45 May 2026 08:31:07 +0200", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", None),
        ("Tue, 05 May 2026 08:31:07 +99999999", None),
        ("9" * 5000, None),
        ("", None),
    ],
)
def test_when(date: str, when: datetime | None) -> None:
    """UTC; a date that is none is not known."""
    assert read_report(f"Date: {date}\nTo: a@example.org\n\n".encode()).when == when
    assert read_report(b"To: a@example.org\n\n").when is None


@pytest.mark.parametrize("text", HOSTILE)
def test_diagnostics_are_one_harmless_line(text: str) -> None:
    """They are shown in terminals and stored: no line ends, escapes or turned text, and no great length."""
    said = f"{text} \x1b[31m\u202e{'long ' * 100}".replace("\n", "\n ")
    found = read_report(report(recipient(diagnostic=f"smtp; 550 5.1.1 {said}"))).diagnostic
    assert found.startswith("550 5.1.1")
    assert len(found) <= DIAGNOSTIC_LENGTH
    assert one_line(found) == found


def assert_sound(found: Report) -> None:
    assert isinstance(found.kind, Kind)
    assert 0 < len(found.key) <= 250
    assert len(found.diagnostic) <= DIAGNOSTIC_LENGTH
    assert not set(found.key + found.diagnostic) & set("\r\n\0\x1b")
    assert found.when is None or found.when.tzinfo is UTC


#: What makes parsers stumble, dropped into reports.
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


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_WILD, max_size=12).map(b"".join))
def test_any_bytes_are_read(content: bytes) -> None:
    """Whatever comes by mail, there is a report of it and never an exception."""
    assert_sound(read_report(content))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), _WILD), max_size=6))
def test_mutated_reports_are_read(content: bytes, changes: list[tuple[float, int, bytes]]) -> None:
    """Real reports with pieces lost and others put in."""
    for where, lost, new in changes:
        place = int(where * len(content))
        content = content[:place] + new + content[place + lost :]
    assert_sound(read_report(content))


_DAEMON = b"From: mailer-daemon@example.net\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(_DAEMON + b"\n" + (b"," * 66 + b"@" * 130 + b"\n") * 1300, id="cubic expression"),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n\n" * 60_000, id="many parts"
        ),
        pytest.param(
            b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000)),
            id="deep nesting",
        ),
        pytest.param(
            b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(38))
            + b"-\n" * 125_000,
            id="nesting at the limit",
        ),
        pytest.param(b"Content-Type: message/rfc822\n\n" * 5000, id="message in message"),
        pytest.param(b'Content-Type: multipart/mixed; boundary="' + b";" * 250_000, id="quadratic parameter"),
        pytest.param(b"X-Failed-Recipients: " + b"(" * 250_000, id="nested comments"),
        pytest.param(
            b"Content-Type: message/delivery-status\n\n" + b"Status: 5.1.1\n\n" * 17_000, id="blocks"
        ),
        pytest.param(b"a:b\n" * 65_000, id="headers"),
        pytest.param(_DAEMON + b"\n" + b"x" * 50_000_000, id="size"),
    ],
)
def test_no_mail_takes_long(content: bytes) -> None:
    """Half a second where it was measured, two at worst, for mail made to be slow."""
    started = time.monotonic()
    assert_sound(read_report(content))
    assert time.monotonic() - started < 20


def test_flufl_keeps_silent(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """A detector that stumbles fills no log with tracebacks of strangers' mail, and the ids are kept."""
    content = f"To: {VERP}\nX-Failed-Recipients: {'(' * 3900}\n\n".encode()
    assert read_report(content).deliveries == (DELIVERY,)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_flufl_is_loaded_when_needed() -> None:
    """Reports as RFC 3464 wants them do without it."""
    code = "import sys; from bot.channels.email.bounces import read_report; assert 'flufl.bounce' not in sys.modules"
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, env={**os.environ, "PYTHONPATH": "."})


def listing(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_maildir(tmp_path: Path) -> None:
    """New mails and those that were seen, by name; nothing is moved or changed."""
    folder = tmp_path / "bounces"
    box = mailbox.Maildir(folder)
    box.add(POSTFIX)
    seen = mailbox.MaildirMessage(FULL)
    seen.set_subdir("cur")
    box.add(seen)
    (folder / "cur" / ".hidden").write_bytes(b"x")
    (folder / "new" / "folder").mkdir()
    before = listing(folder)
    found = list(read_reports(folder))
    assert [(Path(name).parent.name, content) for name, content in found] == [("new", POSTFIX), ("cur", FULL)]
    assert all(Path(name).is_file() for name, _ in found)
    assert listing(folder) == before


def test_mail_that_vanishes_is_read_next_time(tmp_path: Path) -> None:
    """A mail reader that moves mails meanwhile is no error."""
    box = mailbox.Maildir(tmp_path / "box")
    keys = sorted([box.add(POSTFIX), box.add(FULL)])
    reading = read_reports(tmp_path / "box")
    next(reading)
    (tmp_path / "box" / "new" / keys[1]).unlink()
    assert list(reading) == []


def test_mbox(tmp_path: Path) -> None:
    """Every message of the file, counted from 1; `From ` within a paragraph begins none."""
    path = tmp_path / "mbox"
    middle = b"Subject: x\n\nOne line\nFrom here to there\n\n>From quoted\n"
    path.write_bytes(b"".join(b"From x Tue May  5\n" + one + b"\n" for one in (POSTFIX, middle, FULL)))
    before = listing(tmp_path)
    found = list(read_reports(path))
    assert [name for name, _ in found] == [f"{path}, message {number}" for number in (1, 2, 3)]
    assert [read_report(content).status for _, content in found] == ["5.1.1", "", "5.2.2"]
    assert found[1][1].strip() == middle.strip()
    assert listing(tmp_path) == before


@pytest.mark.parametrize("content", SAMPLES)
def test_one_mail_in_a_file(tmp_path: Path, content: bytes) -> None:
    """As a mail program saves it."""
    path = tmp_path / "report.eml"
    path.write_bytes(content)
    assert list(read_reports(path)) == [(str(path), content)]


def test_empty_mailboxes(tmp_path: Path) -> None:
    """Nothing has come back: that is no error."""
    (tmp_path / "mbox").touch()
    mailbox.Maildir(tmp_path / "maildir")
    assert list(read_reports(tmp_path / "mbox")) == list(read_reports(tmp_path / "maildir")) == []


def test_what_is_no_mailbox(tmp_path: Path) -> None:
    """Is told, before anything is read."""
    (tmp_path / "notes").write_text("no mail at all\n")
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n\0: x")
    os.mkfifo(tmp_path / "pipe")
    for name, problem in {
        "missing": "no such file or folder",
        "notes": "neither a Maildir, nor an mbox file",
        "picture": "neither a Maildir, nor an mbox file",
        "pipe": "neither a file nor a folder",
        ".": "without cur/ and new/",
    }.items():
        with pytest.raises(UserError, match=problem):
            read_reports(tmp_path / name)


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system refuses is the user's to mend, and named; tests may run as root, whom nothing is refused."""
    mailbox.Maildir(tmp_path / "box").add(POSTFIX)
    (tmp_path / "mbox").write_bytes(b"From x\n" + POSTFIX)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    for name in ("box", "mbox"):
        with pytest.raises(UserError, match=rf"{name}.* cannot be read: Permission denied"):
            list(read_reports(tmp_path / name))
