"""A digest or an alert as chat.postMessage's arguments, except for the channel.

A message is found again by its metadata, which has the delivery's id. Does not depend on how messages are posted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, takewhile
from typing import Any

from bot.channels.slack.blocks import Block
from bot.channels.slack.mrkdwn import escape, escape_controls, size
from bot.channels.slack.thread import Message, split_into_messages
from bot.delivery.model import Envelope, Notice, Part
from bot.digests.model import Digest
from bot.presentation.digest_view import DigestView, digest_view
from bot.presentation.templates import Templates
from bot.text.plain import truncate

_EVENT_TYPE = "paperboy_delivery"
#: `text` is cut silently above 40,000 characters, and may be split from about 4,000 on (undocumented).
_TEXT_LENGTH = 3_500
#: Characters of a title in `text`, and whether reasons are given: the first pair that fits is used.
_TEXT_CHOICES = ((300, True), (150, True), (150, False), (90, False), (50, False), (25, False))
_DIRECT = re.compile(r"[DUW][A-Z0-9]{2,}")


def render(
    digest: Digest, delivery: str, target: str, templates: Templates, *, menus: bool = False
) -> tuple[Part, ...]:
    """The digest as a message and the replies in its thread, each with its own delivery id.

    `menus`: each paper has one; then `delivery` is the edition's id.
    """
    view = digest_view(digest)
    direct = bool(_DIRECT.fullmatch(target))
    messages = split_into_messages(view, direct=direct, edition=delivery if menus else "")
    return tuple(
        Part(
            _arguments(message.blocks, _text(view, message, n, len(messages), templates), f"{delivery}-{n}"),
            len(message.papers),
            tuple(id_ for paper in message.papers for id_ in digest.papers[paper.rank - 1].ids),
        )
        for n, message in enumerate(messages, start=1)
    )


def render_notice(notice: Notice, delivery: str) -> bytes:
    """A message to the operator, without markup, so that text can be copied. Ends after the last line that fits."""
    lines = [escape_controls(line) for line in (notice.subject, *notice.text.splitlines())]
    fitting = takewhile(lambda length: length <= _TEXT_LENGTH, accumulate(size(line) + 1 for line in lines))
    text = "\n".join(line for line, _ in zip(lines, fitting, strict=False))
    return _arguments([], text, delivery, mrkdwn=False)


def plain_text_only(arguments: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The message without what Slack refused: without blocks, and without metadata when `code` is about them."""
    dropped = {"blocks", "metadata"} if "metadata" in code else {"blocks"}
    return {name: value for name, value in arguments.items() if name not in dropped}


def is_delivery(message: Mapping[str, Any], envelope: Envelope) -> bool:
    """Whether a message in a channel is this delivery: by its metadata, or by its text when it has none."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") == _EVENT_TYPE:
        payload = metadata.get("event_payload") or {}
        return bool(payload.get("delivery") == envelope.delivery)
    return not metadata and message.get("text") == json.loads(envelope.payload)["text"]


def _text(view: DigestView, message: Message, part: int, parts: int, templates: Templates) -> str:
    """What screen readers read instead of the blocks.

    It names profile, day and part, whatever a custom template says: a message without metadata is recognised by it.
    """
    name = f"Paperboy for {truncate(view.profile, 80)}, {view.day}"
    name = escape(f"{name}, part {part} of {parts}" if part > 1 else f"{name}: {view.count.lower()}")
    values = {"digest": view, "papers": message.papers, "part": part, "parts": parts, "cut": truncate}
    for room, has_reasons in _TEXT_CHOICES:
        text = templates.slack(escape, **values, room=room, reasons=has_reasons).strip()
        text = text if name in text else f"{text}\n{name}"
        if size(text) <= _TEXT_LENGTH:
            return text
    return name


def _arguments(blocks: Sequence[Block], text: str, delivery: str, **more: Any) -> bytes:
    """As JSON. Metadata can be read by every app of the workspace, so it has an opaque id and nothing else
    (https://api.slack.com/methods/chat.scheduleMessage).
    """
    arguments = {
        **({"blocks": blocks} if blocks else {}),
        "metadata": {"event_type": _EVENT_TYPE, "event_payload": {"delivery": delivery}},
        "text": text,
        "unfurl_links": False,
        "unfurl_media": False,
        **more,
    }
    return json.dumps(arguments, ensure_ascii=False, sort_keys=True).encode()
