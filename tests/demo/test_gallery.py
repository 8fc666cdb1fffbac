"""The gallery's parts: a mail in one colour scheme, links to Block Kit Builder, escaping."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

from bot.channels.email.channel import MailChannel
from bot.channels.maildir import MaildirChannel
from bot.channels.slack.channel import SlackChannel
from bot.config.smtp_url import parse_sender, parse_smtp_url
from bot.delivery.ports import Channel
from bot.demo.gallery import Example, Section, in_scheme, section
from bot.digests.model import Digest
from bot.profiles.model import ChannelName
from tests.support.builders import make_profile, subscription
from tests.support.samples import HOSTILE, digest, scored

CHANNELS: dict[ChannelName, Channel] = {
    ChannelName.EMAIL: MailChannel(parse_smtp_url("smtp://localhost"), parse_sender("paperboy@example.org")),
    ChannelName.SLACK: SlackChannel("xoxb-test"),
    ChannelName.MAILDIR: MaildirChannel(Path()),
}


def mail(style: str, body: str = "") -> str:
    schemes = '<meta name="color-scheme" content="light dark">'
    return f"<html><head><style>{style}</style>{schemes}</head><body>{body}</body></html>"


@pytest.mark.parametrize("condition", ["", "screen and ", "only screen and "])
def test_a_mail_in_one_scheme(condition: str) -> None:
    """Dark applies the dark rules always, light removes them; the body stays the same."""
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
def test_a_mail_without_one_dark_rule(style: str) -> None:
    """It is an error: a light page would be shown as the dark one."""
    for scheme in ("light", "dark"):
        with pytest.raises(ValueError, match="prefers-color-scheme"):
            in_scheme(mail(style), scheme)


def make_section(shown: Digest) -> Section:
    return section(Example(make_profile("robots", deliver=(subscription(),)), shown), CHANNELS)


def test_messages_link_to_block_kit_builder() -> None:
    """Each message of a long digest is a file; its link has the same blocks in the fragment."""
    made = make_section(digest(40))
    assert [message.file for message in made.messages[:2]] == ["slack.json", "slack-2.json"]
    for message in made.messages:
        url = urlsplit(message.builder)
        assert (url.netloc, url.path) == ("app.slack.com", "/block-kit-builder/")
        blocks = json.loads(made.files[message.file])["blocks"]
        assert json.loads(unquote(url.fragment)) == {"blocks": blocks}
        assert message.blocks == len(blocks)


def test_pages_escape_titles_and_names() -> None:
    """A page has the elements of its template only."""
    wild = (
        scored(n, title=text, abstract=text, authors=(text,) * 3) for n, text in enumerate(HOSTILE, start=1)
    )
    files = make_section(digest(tuple(wild), profile=HOSTILE[2])).files
    for name in ("terminal.html", "text.html"):
        page = html.document_fromstring(files[name])
        assert not page.xpath("//script | //img | //@onerror"), name
        assert all(address.startswith("https://") for address in page.xpath("//a/@href")), name
        assert "<script>alert(1)</script>" in page.text_content(), name
