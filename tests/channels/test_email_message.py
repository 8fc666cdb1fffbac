"""The mail message: headers for relays, lists and readers, and bodies that no input can break."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from bot.channels.email.message import MailSettings, compose, compose_notice, subject
from bot.config.smtp_url import Sender, parse_sender
from bot.delivery.answer_token import answer_url, tune_url
from bot.delivery.model import Notice
from bot.delivery.unsubscribe_token import unsubscribe_url
from bot.digests.model import Digest
from bot.presentation.digest_view import AnswerLinks, digest_view
from bot.presentation.links import LinkView
from bot.presentation.templates import BUILT_IN
from tests.support.samples import HOSTILE, MADE, TITLES, TOKEN, digest, scored, wild_digests

DELIVERY = f"{TOKEN}-1"
SENDER = parse_sender("Paperboy <paperboy@example.org>")
SECRET = b"sixteen letters!"
MAILTO = "<mailto:paperboy@example.org?subject=unsubscribe%20ada>"
BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


def composed(
    made: Digest | None = None,
    to: str = "ada@example.org",
    sender: Sender = SENDER,
    url: str | None = None,
    secret: bytes | None = SECRET,
) -> bytes:
    return compose(made or digest(), DELIVERY, to, MailSettings(sender, url, secret))


def parsed(content: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(content, policy=policy.default))


def own_headers(message: EmailMessage) -> dict[str, str]:
    return {n: str(value) for n, value in message.items() if not n.startswith(("MIME", "Content"))}


def test_headers() -> None:
    """Sender, recipient and subject, the list's, and the one that prevents vacation replies."""
    assert own_headers(parsed(composed(digest(8)))) == {
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


@pytest.mark.parametrize("url", [None, "https://papers.example.org"])
def test_bodies(url: str | None) -> None:
    """Text first, as clients show the last part that they can; both have the link that stops the digest."""
    message = parsed(composed(digest(1), url=url))
    way = unsubscribe_url(url, SECRET, DELIVERY) if url else MAILTO.strip("<>")
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text, page = (part.get_content() for part in message.iter_parts())
    assert f"To stop it:\r\n{way}\r\n" in text
    assert html.fromstring(page).xpath("//a[text()='Unsubscribe']/@href") == [way]


def test_links_to_answer() -> None:
    """Each paper has a link to each button of its page, by its rank, and the digest one; without PUBLIC_URL none."""
    message = parsed(composed(digest(2), url="https://papers.example.org"))
    text, page = (part.get_content() for part in message.iter_parts())
    links = html.fromstring(page).xpath("//a[contains(., 'like this') or contains(., 'tune')]")
    papers = [answer_url("https://papers.example.org", SECRET, DELIVERY, rank) for rank in (1, 2)]
    tune = tune_url("https://papers.example.org", SECRET, DELIVERY)
    assert [(link.text, link.get("href")) for link in links] == [
        ("More like this", f"{papers[0]}#more"),
        ("Less like this", f"{papers[0]}#less"),
        ("More like this", f"{papers[1]}#more"),
        ("Less like this", f"{papers[1]}#less"),
        ("tune this digest", tune),
    ]
    assert [line for line in text.splitlines() if "like this:" in line] == [
        f"   {label} like this: {url}#{label.lower()}" for url in papers for label in ("More", "Less")
    ]
    assert f"Tune this digest:\r\n{tune}\r\n" in text
    assert "like this" not in composed(digest(2)).decode()


@pytest.mark.parametrize(
    ("papers", "text"),
    [
        (0, "Paperboy: no papers this week – 5 May"),
        (1, f"Paperboy: {TITLES[0]} – 5 May"),
        (2, f"Paperboy: {TITLES[0]} and 1 more – 5 May"),
    ],
)
def test_subject_starts_with_the_best_paper(papers: int, text: str) -> None:
    """An inbox shows what the digest is about."""
    assert subject(digest_view(digest(papers))) == text


@pytest.mark.parametrize("title", ["世界模型" * 15, "é è " * 15, "Modèles — of — é worlds", "🧪" * 60])
def test_non_ascii_subjects(title: str) -> None:
    """No space is lost, and no encoded word exceeds RFC 2047's 75 characters."""
    made = digest((scored(1, title=title),))
    content = composed(made)
    assert parsed(content)["Subject"] == subject(digest_view(made))
    assert all(len(word) <= 75 for word in re.findall(rb"=\?[^?]+\?.\?[^?]*\?=", content))


def test_addresses() -> None:
    """Long ones are not made into encoded words, a non-ASCII user stays as it is (RFC 6532), the domain is ASCII."""
    sender = f"paperboy@{'sub.' * 20}example.org"
    content = composed(sender=parse_sender(sender))
    assert f"List-Unsubscribe: <mailto:{sender}?subject=unsubscribe%20ada>\r\n".encode() in content
    assert f"Message-ID: <{DELIVERY}@{sender.partition('@')[2]}>\r\n".encode() in content
    assert "To: josé@example.org".encode() in composed(to="josé@example.org")
    message = parsed(composed(sender=parse_sender("p@bücher.example")))
    assert message["From"].addresses[0].display_name == "Paperboy"
    assert str(message["List-Id"]) == "<ada.paperboy.xn--bcher-kva.example>"
    assert str(message["Message-ID"]).endswith("@xn--bcher-kva.example>")


def test_feedback_id_is_the_sender_s() -> None:
    """Gmail counts complaints for each: it is the same for all readers, and another for another sender."""
    mine = parsed(composed())["Feedback-ID"]
    assert parsed(composed(digest(profile="bo", papers=1), to="bo@example.net"))["Feedback-ID"] == mine
    assert parsed(composed(sender=parse_sender("p@example.net")))["Feedback-ID"] != mine


@pytest.mark.parametrize("length", [20, 76, 900])
def test_one_click(length: int) -> None:
    """RFC 8058: an https link beside the address, on one line however long it is, and the header that allows POST."""
    url = "https://papers.org/".ljust(length, "x")
    content = composed(url=url)
    href = unsubscribe_url(url, SECRET, DELIVERY)
    assert f"<{href}>\r\n".encode() in content
    message = parsed(content)
    assert str(message["List-Unsubscribe"]) == f"{MAILTO}, <{href}>"
    assert str(message["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("url", "secret", "has_link"),
    [
        ("https://papers.example.org:8443/bot", SECRET, True),
        ("http://127.0.0.1:8000", SECRET, True),
        ("http://[::1]:8000", SECRET, True),
        ("http://localhost", SECRET, True),
        ("http://papers.example.org", SECRET, False),
        ("http://localhost.example.org", SECRET, False),
        ("http://[", SECRET, False),
        ("https://papers.example.org", None, False),
        ("https://papers.example.org", b"", False),
        ("", SECRET, False),
        ("ftp://papers.example.org", SECRET, False),
        ("https://bücher.example", SECRET, False),
        ("https://x/>,<https://evil.example.org", SECRET, False),
        ("https://x/\r\nBcc: eve@example.org", SECRET, False),
        ("https://x/=?utf-8?q?=0d=0aBcc:_eve?=", SECRET, False),
    ],
)
def test_when_there_is_a_link(url: str, secret: bytes | None, has_link: bool) -> None:
    """Only a signed link, over https or to this machine, that a header can contain as it is."""
    message = parsed(composed(url=url, secret=secret))
    assert ("List-Unsubscribe-Post" in message) is has_link
    assert (str(message["List-Unsubscribe"]) != MAILTO) is has_link
    assert "Bcc" not in message


def test_the_secret_is_not_in_the_repr() -> None:
    """A traceback that shows values does not show it."""
    assert "sixteen" not in repr(MailSettings(SENDER, "https://papers.example.org", SECRET))


# --- Hostile input ------------------------------------------------------------------------------------------

#: Encoded words with line ends in them, which Python's email package decodes in every header.
_WORDS = ("=?utf-8?q?=0d=0aBcc=3aeve=40x.org?=", "=?utf-8?b?DQpCY2M6IGV2ZQ==?=", "=?utf-8?q?=0aBcc:_eve?=")
_NASTY = st.one_of(st.sampled_from((*HOSTILE, *_WORDS)), st.text(max_size=80))
_SENDERS = st.sampled_from(
    [
        SENDER,
        parse_sender('"Bot, Lab" <a+b@x.org>'),
        parse_sender("Zoë <zoe@x.org>"),
        parse_sender("a?b&c%@x.org"),
        *(Sender(word, "p@x.org", "x.org") for word in _WORDS),
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    wild_digests(),
    st.sampled_from(["ada@example.org", "josé@example.org", "a@b\r\nBcc: eve@example.org"]),
    st.sampled_from([None, "https://papers.example.org"]),
)
def test_any_digest(wild: Digest, to: str, url: str | None) -> None:
    """No header is injected, lines have SMTP's length, line ends are CRLF, bodies are 7-bit and arrive whole."""
    content = composed(wild, to=to, url=url)
    message = parsed(content)
    assert len(message.keys()) == len({name.lower() for name in message}) == (12 if url is None else 13)
    assert "Bcc" not in message
    assert not BARE_LINE_END.search(content)
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert content.partition(b"\r\n\r\n")[2].isascii()
    text, page = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    way_out = str(message["List-Unsubscribe"]).rpartition("<")[2].rstrip(">")
    answer = (
        AnswerLinks(partial(answer_url, url, SECRET, DELIVERY), tune_url(url, SECRET, DELIVERY))
        if url
        else None
    )
    view = digest_view(wild, LinkView("Unsubscribe", way_out), answer)
    assert (text.rstrip("\n"), page.rstrip("\n")) == (BUILT_IN.text(view).rstrip("\n"), BUILT_IN.html(view))
    assert str(message["Subject"]).split() == subject(view).split()


@settings(max_examples=60, deadline=None)
@given(_NASTY, _NASTY, _SENDERS)
def test_any_name(profile: str, to: str, sender: Sender) -> None:
    """Whatever the names of profile, recipient and sender are, headers occur once and on sound lines."""
    content = composed(digest(1, profile=profile), to=f"{to}@example.org", sender=sender, url="https://x.org")
    message = parsed(content)
    assert len(message.keys()) == len({name.lower() for name in message}) == 13
    assert "Bcc" not in message
    assert re.fullmatch(r"<[a-z0-9-]+\.paperboy\.[a-z.]+>", str(message["List-Id"]))
    assert re.fullmatch(r"<mailto:[!-;=?-~]+>, <https://[!-;=?-~]+>", str(message["List-Unsubscribe"]))
    assert [a.addr_spec for a in message["From"].addresses] == [sender.address]
    assert not BARE_LINE_END.search(content)


# --- Notices ------------------------------------------------------------------------------------------------


def noticed(subject: str = "Two digests failed", text: str = "a\nb", to: str = "ops@example.org") -> bytes:
    return compose_notice(Notice(subject, text, MADE), "a1e7-1", to, MailSettings(SENDER))


def test_a_notice() -> None:
    """A plain message without a list's headers."""
    message = parsed(noticed())
    assert own_headers(message) == {
        "From": "Paperboy <paperboy@example.org>",
        "To": "ops@example.org",
        "Subject": "Two digests failed",
        "Date": "Tue, 05 May 2026 06:30:00 +0000",
        "Message-ID": "<a1e7-1@example.org>",
        "Auto-Submitted": "auto-generated",
    }
    assert message.get_content_type() == "text/plain"


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
    """Also long ones and every script, but without control characters."""
    content = noticed(text=text)
    assert parsed(content).get_content().replace("\r\n", "\n") == arrives
    assert content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 100


@settings(max_examples=60, deadline=None)
@given(_NASTY, _NASTY, _NASTY)
def test_any_notice(subject: str, text: str, to: str) -> None:
    """An error message of another server in it adds no header and no bare line end."""
    content = noticed(subject, text, f"{to}@example.org")
    message = parsed(content)
    assert len(message.keys()) == len({name.lower() for name in message}) == 9
    assert "Bcc" not in message
    assert not BARE_LINE_END.search(content)
    assert len(str(message["Subject"])) <= 240
