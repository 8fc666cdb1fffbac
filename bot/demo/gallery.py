"""`paperboy demo --gallery`: pages that show each example digest as mail, in Slack and on a terminal.

Names the files, renders a mail's two colour schemes, and links to Slack's own preview. The digests and the channels
are passed in.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from rich.console import Console
from rich.segment import Segment

from bot.delivery.ports import Channel
from bot.digests.model import Digest
from bot.errors import UserError
from bot.presentation.digest_view import digest_view
from bot.presentation.templates import environment
from bot.presentation.terminal import TerminalDigest
from bot.profiles.model import ChannelName, Profile

SCHEMES = ("light", "dark")
#: Gmail shows this much of a mail's HTML, and a link to the rest (measured by senders; not documented by Google).
GMAIL_BYTES = 102_000
SLACK_BLOCKS = 50  # in one message: https://docs.slack.dev/reference/block-kit/blocks
#: Slack's preview of blocks, which are in the fragment: the browser does not send it before the page is open.
BLOCK_KIT_BUILDER = "https://app.slack.com/block-kit-builder/#"
#: The usual size of a new terminal window.
_COLUMNS, _LINES = 80, 24
#: Files of messages after the first; those of an earlier, longer digest are removed.
_FURTHER_MESSAGES = "slack-[0-9].json"


@dataclass(frozen=True, slots=True)
class Example:
    """A profile with its digest."""

    profile: Profile
    digest: Digest


@dataclass(frozen=True, slots=True)
class Message:
    """A Slack message of a section."""

    file: str
    blocks: int
    builder: str  #: URL of the message in Block Kit Builder


@dataclass(frozen=True, slots=True)
class Section:
    """One profile on the index page."""

    name: str  #: of the profile, and of the folder
    interests: tuple[str, ...]
    summary: str  #: "7 papers · 54 new papers on arXiv in the last 7 days"
    subject: str  #: of the mail
    messages: tuple[Message, ...]  #: those after the first are replies in its thread
    maildir: str  #: the file in the Maildir
    files: Mapping[str, bytes]  #: by path within the folder

    def kilobytes(self, name: str) -> str:
        return f"{len(self.files[name]) / 1000:.1f}"


def write(folder: Path, examples: Sequence[Example], channels: Mapping[ChannelName, Channel]) -> Path:
    """Write the pages of all examples; returns the index page.

    Replaces what an earlier call wrote, and leaves other files alone. Raises UserError when it cannot be written.
    """
    sections = [section(example, channels) for example in examples]
    values = {
        "sections": sections,
        "day": digest_view(examples[0].digest).day if examples else "",
        "gmail": GMAIL_BYTES // 1000,
        "most_blocks": SLACK_BLOCKS,
    }
    with writing(folder):
        for one in sections:
            _write_section(folder / one.name, one.files)
        index = folder / "index.html"
        index.write_bytes(_page("gallery.html.j2", **values))
    return index


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Create the folder if it does not exist. Raises UserError for an OSError here or in the block."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written: {error.strerror}: name another with --gallery"
        ) from None


def _write_section(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(_FURTHER_MESSAGES):
        old.unlink()
    for part in ("cur", "new", "tmp"):  # a Maildir has all three
        (folder / "maildir" / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _page(template: str, **values: Any) -> bytes:
    return environment().get_template(template).render(**values).encode()


def section(example: Example, channels: Mapping[ChannelName, Channel]) -> Section:
    """Render a profile's digest for every channel, whatever the profile asks for."""
    name, view = example.profile.id, digest_view(example.digest)
    (content,) = _render(example, channels[ChannelName.EMAIL], f"{name}@example.org")
    (stored,) = _render(example, channels[ChannelName.MAILDIR], name)
    payloads = [json.loads(part) for part in _render(example, channels[ChannelName.SLACK], "C0PAPERS")]
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    messages = tuple(_message(number, payload) for number, payload in enumerate(payloads, start=1))
    maildir = f"maildir/new/{int(example.digest.made.timestamp())}.demo_1.example.org"
    files = {
        "mail.eml": content,
        **_mail_files(mail),
        **{
            message.file: json.dumps(payload, indent=2, ensure_ascii=False).encode() + b"\n"
            for message, payload in zip(messages, payloads, strict=True)
        },
        **_terminal_files(example.digest),
        maildir: stored,
    }
    return Section(
        name=name,
        interests=tuple(interest.phrase for interest in example.profile.interests),
        summary=f"{view.count} · {view.news}",
        subject=str(mail["Subject"]),
        messages=messages,
        maildir=maildir,
        files=files,
    )


def _render(example: Example, channel: Channel, default_target: str) -> list[bytes]:
    """The messages to the profile's first target on the channel, or to `default_target`."""
    targets = (to.target for to in example.profile.deliver if to.channel == channel.name)
    parts = channel.render(example.digest, f"demo-{example.profile.id}", next(targets, default_target))
    return [part.payload for part in parts]


def _message(number: int, payload: dict[str, Any]) -> Message:
    blocks = json.dumps({"blocks": payload["blocks"]}, ensure_ascii=False, separators=(",", ":"))
    file = "slack.json" if number == 1 else f"slack-{number}.json"
    return Message(file, len(payload["blocks"]), BLOCK_KIT_BUILDER + quote(blocks, safe=""))


# --- Mail ---------------------------------------------------------------------------------------------------


def _mail_files(mail: EmailMessage) -> dict[str, bytes]:
    """Both bodies as sent, and as pages."""
    html, text = _body(mail, "html"), _body(mail, "plain")
    page = _page("gallery_text.html.j2", title="Mail as plain text", spans=[(text, "", "")], dark=False)
    return {
        "mail.html": html.encode(),
        **{f"mail-{scheme}.html": in_scheme(html, scheme).encode() for scheme in SCHEMES},
        "mail.txt": text.encode(),
        "text.html": page,
    }


def _body(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
#: A media query for the dark scheme with its rules; its condition may have other parts, such as `screen and`.
_DARK_RULES = re.compile(
    r"@media[^{}]*\(\s*prefers-color-scheme\s*:\s*dark\s*\)[^{}]*"
    r"\{(?P<rules>(?:[^{}]*\{[^{}]*\})*[^{}]*)\}"
)
_BOTH_SCHEMES = re.compile(
    r"((?:name=\"(?:supported-)?color-schemes?\" content=\"|color-scheme\s*:\s*))light dark"
)


def in_scheme(page: str, scheme: str) -> str:
    """An HTML mail in one colour scheme, whatever its viewer prefers; links open in a new tab.

    Raises ValueError when the mail's dark colours are not in one media query.
    """
    head, body_tag, body = page.partition("<body")
    changed, found = _STYLE.subn(lambda style: _rules_in_scheme(style[0], scheme), head)
    if not found or not body_tag or not _DARK_RULES.search(head) or "prefers-color-scheme" in changed:
        raise ValueError("the mail's dark colours are not in one @media (prefers-color-scheme: dark)")
    changed = _BOTH_SCHEMES.sub(rf"\g<1>{scheme}", changed)
    return changed.replace("</head>", '<base target="_blank">\n</head>', 1) + body_tag + body


def _rules_in_scheme(style: str, scheme: str) -> str:
    if scheme == "light":
        return _DARK_RULES.sub("", style)
    return _DARK_RULES.sub(lambda dark: f"@media all {{{dark['rules']}}}", style)


# --- Terminal -----------------------------------------------------------------------------------------------


def _terminal_files(digest: Digest) -> dict[str, bytes]:
    """The output of `paperboy preview`, into a pipe and in colours."""
    plain = "".join(segment.text for segment in _segments(digest))
    spans = [(segment.text, *_appearance(segment)) for segment in _segments(digest, "standard")]
    return {
        "terminal.txt": "".join(f"{line.rstrip()}\n" for line in plain.splitlines()).encode(),
        "terminal.html": _page("gallery_text.html.j2", title="On a terminal", spans=spans, dark=True),
    }


def _segments(digest: Digest, colours: Literal["standard"] | None = None) -> Iterator[Segment]:
    console = Console(
        file=io.StringIO(),
        width=_COLUMNS,
        height=_LINES,
        force_terminal=colours is not None,
        color_system=colours,
        no_color=False,
        legacy_windows=False,
        highlight=False,
    )
    return (segment for segment in console.render(TerminalDigest(digest_view(digest))) if not segment.control)


def _appearance(segment: Segment) -> tuple[str, str]:
    """The template's classes (bold, dim, the name of the colour), and the link."""
    style = segment.style
    if not style:
        return "", ""
    names = (("bold", style.bold), ("dim", style.dim), (style.color.name if style.color else "", True))
    return " ".join(name for name, is_set in names if name and is_set), style.link or ""
