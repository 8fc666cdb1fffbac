"""The gallery's parts: a mail in one colour scheme, and what a drawn Slack message must not leave out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from bot.channels.email.channel import MailChannel
from bot.channels.maildir import MaildirChannel
from bot.channels.slack.channel import SlackChannel
from bot.config.smtp_url import parse_sender, parse_smtp_url
from bot.delivery.ports import Channel
from bot.demo.gallery import Example, in_scheme, section
from bot.digests.model import Digest
from bot.profiles.model import ChannelName
from tests.support.builders import make_profile, subscription
from tests.support.samples import HOSTILE, digest, scored

CHANNELS: dict[ChannelName, Channel] = {
    ChannelName.EMAIL: MailChannel(parse_smtp_url("smtp://localhost"), parse_sender("paperboy@example.org")),
    ChannelName.SLACK: SlackChannel("xoxb-test"),
    ChannelName.MAILDIR: MaildirChannel(Path()),
}
LINK = re.compile(r"<(https?://[^|>]+)\|")


def mail(style: str, body: str = "") -> str:
    schemes = '<meta name="color-scheme" content="light dark">'
    return f"<html><head><style>{style}</style>{schemes}</head><body>{body}</body></html>"


@pytest.mark.parametrize("condition", ["", "screen and ", "only screen and "])
def test_a_mail_in_one_scheme(condition: str) -> None:
    """Dark has the dark rules for everybody, light has none of them; the text of the mail is nobody's business."""
    body = "p { } @media (prefers-color-scheme: dark) { a { } }"
    rules = (
        f"@media {condition}(prefers-color-scheme: dark) {{ p {{ color: #eeeeee }} a {{ top: 0 }} }} b {{ }}"
    )
    page = mail(f"p {{ color: #111111 }} {rules}", body)
    light, dark = in_scheme(page, "light"), in_scheme(page, "dark")
    assert "@media all { p { color: #eeeeee } a { top: 0 } } b { }" in dark
    assert "#eeeeee" not in light
    assert "p { color: #111111 }" in light
    assert "b { }" in light
    assert light.endswith(f"<body>{body}</body></html>")
    assert 'content="light"' in light
    assert 'content="dark"' in dark


@pytest.mark.parametrize(
    "style",
    [
        "p { color: #111111 }",
        "@media (prefers-color-scheme: light) { p { } }",
        "@media (prefers-color-scheme: dark) { p { } } @media (prefers-color-scheme: light) { p { } }",
        "@media (prefers-color-scheme: dark) { @supports (top: 0) { p { } } }",
        "@media (prefers-color-scheme: dark) { p { }",
    ],
)
def test_a_mail_whose_schemes_are_not_understood(style: str) -> None:
    """It is said, rather than that a light page is shown as a dark one."""
    for scheme in ("light", "dark"):
        with pytest.raises(ValueError, match="prefers-color-scheme"):
            in_scheme(mail(style), scheme)


def drawn(shown: Digest, channels: dict[ChannelName, Channel] = CHANNELS) -> dict[str, bytes]:
    return dict(section(Example(make_profile("robots", deliver=(subscription(),)), shown), channels).files)


def test_further_messages_are_replies_in_the_thread() -> None:
    """A digest that is too long for one message is drawn whole, in its order, and each payload is a file."""
    files = drawn(digest(40))
    (thread,) = html.document_fromstring(files["slack-light.html"]).xpath("//*[@class='thread']")
    parts = [name for name in ("slack.json", "slack-2.json", "slack-3.json", "slack-4.json") if name in files]
    first, *later = ({*LINK.findall(files[name].decode())} for name in parts)
    assert first
    assert later
    assert set().union(*later) == {*thread.xpath(".//a/@href")}
    assert len(thread.xpath("*[@class='message']")) == len(later)
    assert thread.xpath("string(p)") in ("1 reply", f"{len(later)} replies")


class Odd(SlackChannel):
    """A channel whose messages hold one more block."""

    def __init__(self, block: dict[str, Any]) -> None:
        super().__init__("xoxb-test")
        self._block = block

    def render(self, digest: Digest, delivery: str, target: str) -> Any:
        (part,) = super().render(digest, delivery, target)
        message = json.loads(part.payload)
        message["blocks"].append(self._block)
        return (type(part)(json.dumps(message).encode(), part.papers, part.shows),)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "table", "rows": []},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a"}, "accessory": {"type": "button"}},
        {"type": "context", "elements": [{"type": "image", "image_url": "https://a.org/i.png"}]},
    ],
)
def test_a_block_that_is_not_drawn_is_told(block: dict[str, Any]) -> None:
    """What Slack would show and the page would not is an error, not a gap in the page."""
    with pytest.raises(ValueError, match="does not draw"):
        drawn(digest(1), CHANNELS | {ChannelName.SLACK: Odd(block)})


def test_every_block_that_is_known_is_drawn() -> None:
    """Fields and dividers, which may come, as well as what is there."""
    fields = {
        "type": "section",
        "fields": [{"type": "mrkdwn", "text": "*first*"}, {"type": "plain_text", "text": "*2*"}],
    }
    page = drawn(digest(1), CHANNELS | {ChannelName.SLACK: Odd(fields)})["slack-dark.html"].decode()
    assert "<b>first</b>" in page
    assert "*2*" in page
    assert (
        "<hr>"
        in drawn(digest(1), CHANNELS | {ChannelName.SLACK: Odd({"type": "divider"})})[
            "slack-dark.html"
        ].decode()
    )


def test_nothing_that_a_source_says_is_markup() -> None:
    """Whatever titles and names hold, a page has the elements of its template and no other."""
    wild = (
        scored(n, title=text, abstract=text, authors=(text,) * 3) for n, text in enumerate(HOSTILE, start=1)
    )
    files = drawn(digest(tuple(wild), profile=HOSTILE[2]))
    for name in ("slack-light.html", "terminal.html", "text.html"):
        page = html.document_fromstring(files[name])
        assert not page.xpath("//script | //img | //@onerror"), name
        assert all(address.startswith("https://") for address in page.xpath("//a/@href")), name
        assert "<script>alert(1)</script>" in page.text_content(), name
