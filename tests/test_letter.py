"""The mail message: the same bytes for the same delivery, headers that relays and lists expect."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.letter import compose, message_id, sender_address, subject
from bot.model import Digest
from bot.views import digest_view
from tests.support.samples import HOSTILE, TITLES, TOKEN, digest, scored, wild_digests

DELIVERY = f"{TOKEN}-1"
SENDER = "Paperboy <paperboy@example.org>"


def composed(made: Digest | None = None, to: str = "ada@example.org", sender: str = SENDER) -> bytes:
    return compose(made or digest(), DELIVERY, to, sender)


def parsed(content: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(content, policy=policy.default))


def header_lines(content: bytes) -> list[bytes]:
    """Unfolded."""
    head = content.partition(b"\r\n\r\n")[0]
    return re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")


def test_same_delivery_same_bytes() -> None:
    """A retry sends what the first attempt sent; another delivery is another message."""
    assert composed() == composed()
    assert composed() != compose(digest(), f"{TOKEN}-2", "ada@example.org", SENDER)


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
        "List-Unsubscribe": "<mailto:paperboy@example.org?subject=unsubscribe%20ada>",
        "Precedence": "list",
        "Auto-Submitted": "auto-generated",
    }


def test_text_comes_first_html_second() -> None:
    """Clients show the last alternative that they can."""
    message = parsed(composed())
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert TITLES[0] in part.get_content()


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
    content = composed(sender=sender)
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


@pytest.mark.parametrize(
    ("sender", "name", "address"),
    [
        ("ada@example.org", "Paperboy", "ada@example.org"),
        ("Lab Bot <bot@lab.example.org>", "Lab Bot", "bot@lab.example.org"),
        ('"Bot, Lab" <bot@lab.example.org>', "Bot, Lab", "bot@lab.example.org"),
        ("Zoë <zoe@example.org>", "Zoë", "zoe@example.org"),
        ("bot@bücher.example", "Paperboy", "bot@bücher.example"),
    ],
)
def test_sender(sender: str, name: str, address: str) -> None:
    """With and without a name; the Message-ID's domain is ASCII."""
    found = sender_address(sender)
    assert (found.display_name, found.addr_spec) == (name, address)
    assert message_id(DELIVERY, sender).isascii()
    assert parsed(composed(sender=sender))["From"].addresses[0].display_name == name


@pytest.mark.parametrize(
    "sender", ["", "ada", "ada@", "@example.org", "a b@example.org", "a@b..c", "a@b, c@d"]
)
def test_no_sender(sender: str) -> None:
    """What is no address is a ValueError with an example."""
    with pytest.raises(ValueError, match=r"paperboy@example\.org"):
        sender_address(sender)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    wild_digests(), st.sampled_from(["ada@example.org", "josé@example.org", "a@b\r\nBcc: eve@example.org"])
)
def test_any_digest_is_a_sound_mail(wild: Digest, to: str) -> None:
    """No header is injected, lines are of SMTP's length, line ends are CRLF, bodies are 7-bit."""
    content = composed(wild, to=to)
    names = [line.partition(b":")[0].lower() for line in header_lines(content)]
    assert len(names) == len(set(names)) == 11
    assert b"bcc" not in names
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    assert content.partition(b"\r\n\r\n")[2].isascii()
    assert len(list(parsed(content).iter_parts())) == 2


@pytest.mark.parametrize("title", HOSTILE)
def test_hostile_titles_stay_in_the_subject(title: str) -> None:
    """Also those that imitate an encoded word with line ends."""
    made: Any = digest((scored(1, title=title),))
    message = parsed(composed(made))
    assert "Bcc" not in message
    assert str(message["Subject"]).split() == subject(digest_view(made)).split()
