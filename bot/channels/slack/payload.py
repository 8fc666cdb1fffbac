"""A digest as Slack messages: what is posted, to the byte.

Owns chat.postMessage's arguments, and the mark by which a message is found again: the delivery id in its metadata.
Refuses to know how blocks look, and how a message is posted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, takewhile
from typing import Any

from bot.channels.slack.blocks import Block
from bot.channels.slack.mrkdwn import disarmed, escaped, size
from bot.channels.slack.thread import Page, pages
from bot.delivery.model import Envelope, Notice, Part
from bot.digests.model import Digest
from bot.presentation.digest_view import DigestView, digest_view
from bot.presentation.templates import Templates
from bot.text.plain import truncate

_EVENT_TYPE = "paperboy_delivery"
#: `text` is cut silently above 40,000 characters, and may be split from about 4,000 on (undocumented).
MAX_TEXT = 3_500
#: Characters of a title in `text`, and whether the reasons are told: the first that fits.
_TEXTS = ((300, True), (150, True), (150, False), (90, False), (50, False), (25, False))
_DIRECT = re.compile(r"[DUW][A-Z0-9]{2,}")


def messages(digest: Digest, delivery: str, target: str, templates: Templates) -> tuple[Part, ...]:
    """The digest as a message and the replies in its thread, each with an id of its own in its metadata."""
    view = digest_view(digest)
    laid_out = pages(view, direct=bool(_DIRECT.fullmatch(target)))
    return tuple(
        Part(
            _payload(page.blocks, _text(view, page, n, len(laid_out), templates), f"{delivery}-{n}"),
            len(page.papers),
            tuple(id_ for paper in page.papers for id_ in digest.papers[paper.rank - 1].ids),
        )
        for n, page in enumerate(laid_out, start=1)
    )


def _text(view: DigestView, page: Page, part: int, parts: int, templates: Templates) -> str:
    """What is read aloud instead of the blocks. A message without metadata is told by it: it is no other part's, nor
    another profile's, whatever one's own template says.
    """
    reader = f"Paperboy for {truncate(view.profile, 80)}, {view.day}"
    whose = escaped(f"{reader}, part {part} of {parts}" if part > 1 else f"{reader}: {view.count.lower()}")
    papers = sorted(page.papers, key=lambda paper: paper.rank)
    names: dict[str, Any] = {"digest": view, "papers": papers, "part": part, "parts": parts, "cut": truncate}
    texts = (templates.slack(escaped, **names, room=room, reasons=told).strip() for room, told in _TEXTS)
    named = (text if whose in text else f"{text}\n{whose}" for text in texts)
    return next((text for text in named if size(text) <= MAX_TEXT), whose)


def _payload(blocks: Sequence[Block], text: str, delivery: str, **more: Any) -> bytes:
    """chat.postMessage's arguments but for where to. The metadata is readable by every app of the workspace
    (https://api.slack.com/methods/chat.scheduleMessage): it holds an opaque id and nothing else.
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


def alert(notice: Notice, delivery: str) -> bytes:
    """A message to the operator, without markup: what stands in it can be copied."""
    lines = [disarmed(line) for line in (notice.subject, *notice.text.splitlines())]
    fitting = takewhile(lambda length: length <= MAX_TEXT, accumulate(size(line) + 1 for line in lines))
    text = "\n".join(line for line, _ in zip(lines, fitting, strict=False))
    return _payload([], text, delivery, mrkdwn=False)


def plain(arguments: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The message without what Slack did not take: its text alone, and without metadata when it is that."""
    dropped = {"blocks", "metadata"} if "metadata" in code else {"blocks"}
    return {name: value for name, value in arguments.items() if name not in dropped}


def is_ours(message: Mapping[str, Any], envelope: Envelope) -> bool:
    """Whether a message in a channel is this very delivery: by its metadata, or, without any, by its text."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") == _EVENT_TYPE:
        payload = metadata.get("event_payload") or {}
        return bool(payload.get("delivery") == envelope.delivery)
    return not metadata and message.get("text") == json.loads(envelope.payload)["text"]
