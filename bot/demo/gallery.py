"""Every way in which readers see a digest, as files and a page that shows them: for `paperboy demo --gallery`.

Owns the files' names, the two colour schemes of a mail, and what a drawn Slack message needs beyond its blocks.
Refuses to know how digests come about, and which concrete channels there are: they are handed in.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.segment import Segment

from bot.delivery.ports import Channel
from bot.demo.mrkdwn import lines, plain_lines
from bot.digests.model import Digest
from bot.errors import UserError
from bot.presentation.digest_view import digest_view
from bot.presentation.templates import environment
from bot.presentation.terminal import TerminalDigest
from bot.profiles.model import ChannelName, Profile

SCHEMES = ("light", "dark")
#: Gmail shows so much of a mail's HTML, and a link to the rest (measured by senders; Google says nothing of it).
GMAIL_BYTES = 102_000
SLACK_BLOCKS = 50  # in one message: https://docs.slack.dev/reference/block-kit/blocks
#: Of a terminal as it opens.
_COLUMNS, _LINES = 80, 24
#: What a file of a further message is called; one that an earlier digest needed goes.
_FURTHER_MESSAGES = "slack-[0-9].json"


@dataclass(frozen=True, slots=True)
class Example:
    """Whose digest is shown."""

    profile: Profile
    digest: Digest


@dataclass(frozen=True, slots=True)
class Section:
    """One profile on the index page, and its files."""

    name: str  #: the profile's, and the folder's
    interests: tuple[str, ...]
    summary: str  #: "7 papers · 54 new papers on arXiv in the last 7 days"
    subject: str  #: of the mail
    messages: int  #: in Slack; those after the first are replies in its thread
    blocks: int  #: of the Slack message that has most
    maildir: str  #: the file in the Maildir
    files: Mapping[str, bytes]  #: by path within the folder

    def kilobytes(self, name: str) -> str:
        return f"{len(self.files[name]) / 1000:.1f}"


def write(folder: Path, examples: Sequence[Example], channels: Mapping[ChannelName, Channel]) -> Path:
    """Draw every example into `folder`; returns the index page.

    Writes over what an earlier call wrote, and leaves all else alone. Raises UserError when it cannot be written.
    """
    sections = [section(one, channels) for one in examples]
    limits = {"gmail": GMAIL_BYTES // 1000, "most_blocks": SLACK_BLOCKS}
    with written(folder):
        for one in sections:
            _write(folder / one.name, one.files)
        index = folder / "index.html"
        index.write_bytes(_page("gallery.html.j2", sections=sections, day=_day(examples), **limits))
    return index


@contextmanager
def written(folder: Path) -> Iterator[None]:
    """The folder, which is made when it is not there. Raises UserError for what fails of it, here and within."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written: {error.strerror}: name another with --gallery"
        ) from None


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(_FURTHER_MESSAGES):
        old.unlink()
    for part in ("cur", "new", "tmp"):  # without one of them it is no Maildir
        (folder / "maildir" / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _day(examples: Sequence[Example]) -> str:
    return digest_view(examples[0].digest).day if examples else ""


def _page(template: str, **names: Any) -> bytes:
    """The one place that knows how templates are rendered."""
    return environment().get_template(template).render(**names).encode()


# --- One profile --------------------------------------------------------------------------------------------


def section(one: Example, channels: Mapping[ChannelName, Channel]) -> Section:
    """Everything of one profile. Raises ValueError when a channel's message is of no form that is known here."""
    name, view = one.profile.id, digest_view(one.digest)
    (content,) = _rendered(one, channels[ChannelName.EMAIL], f"{name}@example.org")
    (stored,) = _rendered(one, channels[ChannelName.MAILDIR], name)
    mail = _parsed(content)
    messages = [json.loads(part) for part in _rendered(one, channels[ChannelName.SLACK], "C0PAPERS")]
    maildir = f"maildir/new/{int(one.digest.made.timestamp())}.demo_1.example.org"
    files = {
        "mail.eml": content,
        **_mail(mail),
        **_slack(messages, view.profile, _due(one.profile)),
        **_terminal(one.digest),
        maildir: stored,
    }
    return Section(
        name=name,
        interests=tuple(interest.phrase for interest in one.profile.interests),
        summary=f"{view.count} · {view.news}",
        subject=str(mail["Subject"]),
        messages=len(messages),
        blocks=max(len(message["blocks"]) for message in messages),
        maildir=maildir,
        files=files,
    )


def _rendered(one: Example, channel: Channel, otherwise: str) -> list[bytes]:
    """What goes to the profile's own target there, or to another one."""
    targets = (to.target for to in one.profile.deliver if to.channel == channel.name)
    parts = channel.render(one.digest, f"demo-{one.profile.id}", next(targets, otherwise))
    return [part.payload for part in parts]


def _due(profile: Profile) -> str:
    """When the first delivery of a day is due, as Slack writes times."""
    at = min((one.at for one in profile.deliver), default=time(8))
    return f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"


# --- Mail ---------------------------------------------------------------------------------------------------


def _parsed(content: bytes) -> EmailMessage:
    parsed = message_from_bytes(content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def _mail(mail: EmailMessage) -> dict[str, bytes]:
    """Both bodies as they are sent, and as pages."""
    html, text = _body(mail, "html"), _body(mail, "plain")
    return {
        "mail.html": html.encode(),
        **{f"mail-{scheme}.html": in_scheme(html, scheme).encode() for scheme in SCHEMES},
        "mail.txt": text.encode(),
        "text.html": _page(
            "gallery_text.html.j2", title="Mail as plain text", spans=[(text, "", "")], dark=False
        ),
    }


def _body(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    if body is None:
        raise ValueError(f"the mail has no {kind} part")
    return str(body.get_content())


_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
#: A media query on the dark scheme, and the rules within; its condition may say more, such as `screen and`.
_DARK_RULES = re.compile(
    r"@media[^{}]*\(\s*prefers-color-scheme\s*:\s*dark\s*\)[^{}]*"
    r"\{(?P<rules>(?:[^{}]*\{[^{}]*\})*[^{}]*)\}"
)
_BOTH_SCHEMES = re.compile(
    r"((?:name=\"(?:supported-)?color-schemes?\" content=\"|color-scheme\s*:\s*))light dark"
)


def in_scheme(page: str, scheme: str) -> str:
    """An HTML mail as it looks where `scheme` is preferred, whatever its viewer prefers; links open beside it.

    Raises ValueError when the mail does not tell its dark colours in a media query, or not in that alone.
    """
    head, body_tag, body = page.partition("<body")
    shown, found = _STYLE.subn(lambda style: _rules_in(style[0], scheme), head)
    if not found or not body_tag or not _DARK_RULES.search(head) or "prefers-color-scheme" in shown:
        raise ValueError("the mail's dark colours are not in one @media (prefers-color-scheme: dark)")
    shown = _BOTH_SCHEMES.sub(rf"\g<1>{scheme}", shown)
    return shown.replace("</head>", '<base target="_blank">\n</head>', 1) + body_tag + body


def _rules_in(style: str, scheme: str) -> str:
    if scheme == "light":
        return _DARK_RULES.sub("", style)
    return _DARK_RULES.sub(lambda dark: f"@media all {{{dark['rules']}}}", style)


# --- Slack --------------------------------------------------------------------------------------------------

#: What the template draws: a block's type, and what it may hold.
_DRAWN = {
    "header": {"text"},
    "section": {"text", "fields"},
    "context": {"elements"},
    "divider": set[str](),
}
_UNSEEN = {"type", "block_id", "expand"}
_TEXTS = {"mrkdwn", "plain_text"}


def _slack(messages: Sequence[dict[str, Any]], profile: str, due: str) -> dict[str, bytes]:
    """The payloads as FolderChannel lays them out, and the thread drawn as Slack would show it."""
    if strange := [block for message in messages for block in message["blocks"] if not _is_drawn(block)]:
        raise ValueError(f"templates/gallery_slack.html.j2 does not draw such blocks: {strange}")
    drawn = {
        f"slack-{scheme}.html": _page(
            "gallery_slack.html.j2",
            messages=messages,
            scheme=scheme,
            profile=profile,
            time=due,
            lines=_shown,
        )
        for scheme in SCHEMES
    }
    return dict(_payloads(messages)) | drawn


def _payloads(messages: Sequence[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    for number, message in enumerate(messages, start=1):
        name = "slack.json" if number == 1 else f"slack-{number}.json"
        yield name, json.dumps(message, indent=2, ensure_ascii=False).encode() + b"\n"


def _is_drawn(block: Mapping[str, Any]) -> bool:
    """Nothing that Slack would show is missing in the drawing."""
    texts = [block["text"]] if "text" in block else [*block.get("fields", ()), *block.get("elements", ())]
    return (
        block["type"] in _DRAWN
        and block.keys() - _UNSEEN <= _DRAWN[block["type"]]
        and all(text["type"] in _TEXTS for text in texts)
    )


def _shown(text: Mapping[str, Any]) -> Any:
    """Of one of Slack's text objects, its lines."""
    return (lines if text["type"] == "mrkdwn" else plain_lines)(text["text"])


# --- Terminal -----------------------------------------------------------------------------------------------


def _terminal(digest: Digest) -> dict[str, bytes]:
    """What `paperboy preview` prints: into a pipe, and in its colours."""
    plain = "".join(segment.text for segment in _printed(digest))
    spans = [(segment.text, *_looks(segment)) for segment in _printed(digest, "standard")]
    return {
        "terminal.txt": "".join(f"{line.rstrip()}\n" for line in plain.splitlines()).encode(),
        "terminal.html": _page("gallery_text.html.j2", title="On a terminal", spans=spans, dark=True),
    }


def _printed(digest: Digest, colours: Literal["standard"] | None = None) -> Iterator[Segment]:
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


def _looks(segment: Segment) -> tuple[str, str]:
    """Classes of the template, which are bold, dim, and the colour's name; and where it leads."""
    style = segment.style
    if not style:
        return "", ""
    named = (("bold", style.bold), ("dim", style.dim), (style.color.name if style.color else "", True))
    return " ".join(name for name, holds in named if name and holds), style.link or ""
