"""The mail message: the same bytes for the same delivery, headers that relays and lists expect."""

from __future__ import annotations

import re
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from bot.channels.email.message import (
    Letterhead,
    compose,
    compose_notice,
    subject,
)
from bot.config.smtp_url import Sender, parse_sender
from bot.delivery.model import Notice
from bot.delivery.unsubscribe_token import unsubscribe_url
from bot.digests.model import Digest
from bot.presentation.digest_view import digest_view
from bot.presentation.links import LinkView
from bot.presentation.templates import BUILT_IN
from tests.support.samples import HOSTILE, MADE, TITLES, TOKEN, digest, scored, wild_digests

DELIVERY = f"{TOKEN}-1"
SENDER = parse_sender("Paperboy <paperboy@example.org>")
SECRET = b"sixteen letters!"
MAILTO = "<mailto:paperboy@example.org?subject=unsubscribe%20ada>"


def composed(
    made: Digest | None = None, to: str = "ada@example.org", sender: Sender = SENDER, url: str | None = None
) -> bytes:
    return compose(made or digest(), DELIVERY, to, Letterhead(sender, url, SECRET))


def parsed(content: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(content, policy=policy.default))


def header_lines(content: bytes) -> list[bytes]:
    """Unfolded."""
    head = content.partition(b"\r\n\r\n")[0]
    return re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")


def test_same_delivery_same_bytes() -> None:
    """A retry sends what the first attempt sent; another delivery is another message."""
    assert composed() == composed()
    assert composed() != compose(digest(), f"{TOKEN}-2", "ada@example.org", Letterhead(SENDER))


def test_headers() -> None:
    """Who, when and what, and what keeps vacation replies and mailing lists at peace."""
    message = parsed(composed(digest(8)))
    assert {
        name: str(value) for name, value in message.items() if not name.startswith(("MIME", "Content"))
    } == {
        "From": "Paperboy <paperboy@example.org>",
        "To": "ada@example.org",
        "Subject": f"Paperboy: {TITLES[0]} and 7 more – 5 May",
        "Date": "Tue, 05 May 2026 06:30:00 +0000",
        "Message-ID": f"<{TOKEN}-1@example.org>",
        "List-Id": "<ada.paperboy.example.org>",
        "List-Unsubscribe": MAILTO,
        "Precedence": "list",
        "Feedback-ID": "digest:paperboy:bfabc3743295",
        "Auto-Submitted": "auto-generated",
    }


def test_text_comes_first_html_second() -> None:
    """Clients show the last alternative that they can."""
    message = parsed(composed())
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert TITLES[0] in part.get_content()


@pytest.mark.parametrize("url", [None, "https://papers.example.org"])
def test_both_parts_say_how_to_stop_it(url: str | None) -> None:
    """By a click where there is a web process, else by mail."""
    message = parsed(compose(digest(1), DELIVERY, "ada@example.org", Letterhead(SENDER, url, SECRET)))
    way = unsubscribe_url(url, SECRET, DELIVERY) if url else MAILTO.strip("<>")
    text, page = (part.get_content() for part in message.iter_parts())
    assert f"To stop it:\r\n{way}\r\n" in text
    assert html.fromstring(page).xpath("//a[text()='Unsubscribe']/@href") == [way]


@pytest.mark.parametrize(
    ("papers", "text"),
    [
        (0, "Paperboy: no papers – 5 May"),
        (1, f"Paperboy: {TITLES[0]} – 5 May"),
        (2, f"Paperboy: {TITLES[0]} and 1 more – 5 May"),
    ],
)
def test_subject_leads_with_the_best(papers: int, text: str) -> None:
    """An inbox shows what it is about."""
    assert subject(digest_view(digest(papers))) == text


def test_long_addresses_stay_whole() -> None:
    """policy.SMTP alone makes encoded words of a URL longer than 75 characters."""
    sender = f"paperboy@{'sub.' * 20}example.org"
    content = composed(sender=parse_sender(sender))
    assert f"List-Unsubscribe: <mailto:{sender}?subject=unsubscribe%20ada>\r\n".encode() in content
    assert f"Message-ID: <{DELIVERY}@{sender.partition('@')[2]}>\r\n".encode() in content


@pytest.mark.parametrize("title", ["世界模型" * 15, "é è " * 15, "Modèles — of — é worlds", "🧪" * 60])
def test_non_ascii_subjects_survive(title: str) -> None:
    """No space is lost, and no encoded word exceeds RFC 2047's 75 characters."""
    made = digest((scored(1, title=title),))
    content = composed(made)
    assert parsed(content)["Subject"] == subject(digest_view(made))
    assert all(len(word) <= 75 for word in re.findall(rb"=\?[^?]+\?.\?[^?]*\?=", content))


def test_non_ascii_recipient() -> None:
    """RFC 6532: such an address stands in the header as it is."""
    assert "To: josé@example.org".encode() in composed(to="josé@example.org")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    wild_digests(),
    st.sampled_from(["ada@example.org", "josé@example.org", "a@b\r\nBcc: eve@example.org"]),
    st.sampled_from([None, "https://papers.example.org"]),
)
def test_any_digest_is_a_sound_mail(wild: Digest, to: str, url: str | None) -> None:
    """No header is injected, lines are of SMTP's length, line ends are CRLF, bodies are 7-bit."""
    content = composed(wild, to=to, url=url)
    names = [line.partition(b":")[0].lower() for line in header_lines(content)]
    assert len(names) == len(set(names)) == (12 if url is None else 13)
    assert b"bcc" not in names
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert content.partition(b"\r\n\r\n")[2].isascii()
    message = parsed(content)
    text, page = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    way_out = str(message["List-Unsubscribe"]).rpartition("<")[2].rstrip(">")
    view = digest_view(wild, LinkView("Unsubscribe", way_out))
    assert (text.rstrip("\n"), page.rstrip("\n")) == (BUILT_IN.text(view).rstrip("\n"), BUILT_IN.html(view))
    assert str(message["Subject"]).split() == subject(view).split()


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_titles_stay_in_the_subject(title: str) -> None:
    """Also those that imitate an encoded word with line ends."""
    made: Any = digest((scored(1, title=title),))
    message = parsed(composed(made))
    assert "Bcc" not in message
    assert str(message["Subject"]).split() == subject(digest_view(made)).split()


# --- Unsubscribing by a click -------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [20, 40, 76, 100, 400, 900])
def test_one_click(length: int) -> None:
    """RFC 8058: an https link beside the address, and the header that allows to post to it. However long it is, the
    URL stands on one line, as it is.
    """
    url = "https://papers.org/".ljust(length, "x")
    content = composed(url=url)
    href = unsubscribe_url(url, SECRET, DELIVERY)
    assert f"<{href}>\r\n".encode() in content
    message = parsed(content)
    assert str(message["List-Unsubscribe"]) == f"{MAILTO}, <{href}>"
    assert str(message["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("url", "secret", "there"),
    [
        ("https://papers.example.org", SECRET, True),
        ("https://papers.example.org:8443/bot", SECRET, True),
        ("http://127.0.0.1:8000", SECRET, True),
        ("http://[::1]:8000", SECRET, True),
        ("http://localhost", SECRET, True),
        ("http://papers.example.org", SECRET, False),
        ("http://localhost.example.org", SECRET, False),
        ("http://[", SECRET, False),
        ("https://papers.example.org", None, False),
        ("https://papers.example.org", b"", False),
        (None, SECRET, False),
        ("", SECRET, False),
        ("ftp://papers.example.org", SECRET, False),
        ("https://bücher.example", SECRET, False),
        ("https://x/>,<https://evil.example.org", SECRET, False),
        ("https://x/\r\nBcc: eve@example.org", SECRET, False),
        ("https://x/=?utf-8?q?=0d=0aBcc:_eve?=", SECRET, False),
    ],
)
def test_when_there_is_a_link(url: str | None, secret: bytes | None, there: bool) -> None:
    """Only a signed one, over https or to this very machine, that a header can hold as it is."""
    message = parsed(compose(digest(), DELIVERY, "ada@example.org", Letterhead(SENDER, url, secret)))
    assert ("List-Unsubscribe-Post" in message) is there
    assert (str(message["List-Unsubscribe"]) != MAILTO) is there
    assert "Bcc" not in message


def test_the_letterhead_hides_its_secret() -> None:
    """Not even a traceback that shows values has it."""
    assert "sixteen" not in repr(Letterhead(SENDER, "https://papers.example.org", SECRET))


def test_what_is_signed_is_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signer gets the finished bytes and the time of the digest; what it returns goes out."""

    def sign(message: bytes, at: datetime) -> bytes:
        return f"Signed: {at:%Y}\r\n".encode() + message

    signed = compose(digest(), DELIVERY, "ada@example.org", Letterhead(SENDER, signer=sign))
    assert signed == b"Signed: 2026\r\n" + composed()


def test_the_list_is_named_after_the_domain() -> None:
    """In ASCII, as DNS has it."""
    message = parsed(composed(sender=parse_sender("p@bücher.example")))
    assert message["From"].addresses[0].display_name == "Paperboy"
    assert str(message["List-Id"]) == "<ada.paperboy.xn--bcher-kva.example>"
    assert str(message["Message-ID"]).endswith("@xn--bcher-kva.example>")
    assert re.fullmatch(r"digest:paperboy:[a-z0-9]{5,15}", str(message["Feedback-ID"]))


def test_feedback_names_no_reader() -> None:
    """Gmail adds up complaints under it: it is one for all readers, and another for another sender."""
    mine = parsed(composed())["Feedback-ID"]
    assert parsed(composed(digest(profile="bo", papers=1), to="bo@example.net"))["Feedback-ID"] == mine
    assert parsed(composed(sender=parse_sender("p@example.net")))["Feedback-ID"] != mine


#: Line ends within what every header of Python's email decodes.
_WORDS = ("=?utf-8?q?=0d=0aBcc=3aeve=40x.org?=", "=?utf-8?b?DQpCY2M6IGV2ZQ==?=", "=?utf-8?q?=0aBcc:_eve?=")
_NASTY = st.one_of(st.sampled_from((*HOSTILE, *_WORDS)), st.text(max_size=80))
_SENDERS = st.sampled_from(
    [
        "Paperboy <paperboy@example.org>",
        '"Bot, Lab" <a+b@x.org>',
        "Zoë <zoe@x.org>",
        *(f'"{word}" <p@x.org>' for word in _WORDS),
        "a?b&c%@x.org",
    ]
).map(parse_sender)


@settings(max_examples=60, deadline=None)
@given(_NASTY, _NASTY, _SENDERS)
def test_nobody_injects_a_header(profile: str, to: str, sender: Sender) -> None:
    """Whatever a profile, a receiver or a sender is called, the headers are ours, each once, each on sound lines."""
    content = composed(digest(1, profile=profile), to=f"{to}@example.org", sender=sender, url="https://x.org")
    message = parsed(content)
    assert len(message.keys()) == len({name.lower() for name in message}) == 13
    assert "Bcc" not in message
    assert re.fullmatch(r"<[a-z0-9-]+\.paperboy\.[a-z.]+>", str(message["List-Id"]))
    assert re.fullmatch(r"<mailto:[!-;=?-~]+>, <https://[!-;=?-~]+>", str(message["List-Unsubscribe"]))
    assert [a.addr_spec for a in message["From"].addresses] == [sender.address]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)


@pytest.mark.parametrize("word", _WORDS)
def test_encoded_words_in_addresses_stay_closed(word: str) -> None:
    """A profile's check lets the first of these through as an address: it may not become a header."""
    for to, sender in (
        (f"{word}@example.org", SENDER),
        ("a@x.org", Sender(word, "p@x.org", "x.org")),
        (f"{word} a@b", SENDER),
    ):
        content = composed(to=to, sender=sender)
        assert b"\r\nBcc" not in content
        assert len(parsed(content).keys()) == 12


# --- Notices ------------------------------------------------------------------------------------------------


def noticed(subject: str = "Two digests failed", text: str = "a\nb", **changes: Any) -> bytes:
    given = {"delivery": "alert-7-1", "to": "ops@example.org", "letterhead": Letterhead(SENDER)}
    return compose_notice(Notice(subject, text, changes.pop("made", MADE)), **(given | changes))


def test_a_notice() -> None:
    """A plain message from the same sender, that answers itself to nobody; the same bytes for the same input."""
    message = parsed(noticed())
    assert {n: str(v) for n, v in message.items() if not n.startswith(("MIME", "Content"))} == {
        "From": "Paperboy <paperboy@example.org>",
        "To": "ops@example.org",
        "Subject": "Two digests failed",
        "Date": "Tue, 05 May 2026 06:30:00 +0000",
        "Message-ID": "<alert-7-1@example.org>",
        "Auto-Submitted": "auto-generated",
    }
    assert message.get_content_type() == "text/plain"
    assert noticed() == noticed() != noticed(delivery="alert-7-2")


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("one\n\n  two\n", "one\n\n  two\n"),
        ("", "\n"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree\n"),
        ("x" * 3000, "x" * 3000 + "\n"),
        ("Zoë – 世界", "Zoë – 世界\n"),
        (".\n..\nFrom me", ".\n..\nFrom me\n"),
        ("a\x00b\x1b[31m\ud800c", "ab[31mc\n"),
        ("  indented\ttab  ", "  indented\ttab  \n"),
    ],
)
def test_lines_of_a_notice_arrive_as_given(text: str, arrives: str) -> None:
    """Long ones and every script too; control characters do not."""
    content = noticed(text=text)
    assert parsed(content).get_content().replace("\r\n", "\n") == arrives
    assert content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 100


@settings(max_examples=60, deadline=None)
@given(_NASTY, _NASTY, _NASTY)
def test_a_notice_quotes_anybody(subject: str, text: str, to: str) -> None:
    """An error of a stranger's server in it adds no header and no bare line end."""
    content = noticed(subject=subject, text=text, to=f"{to}@example.org")
    message = parsed(content)
    assert len(message.keys()) == len({name.lower() for name in message}) == 9
    assert "Bcc" not in message
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    assert len(str(message["Subject"])) <= 240
