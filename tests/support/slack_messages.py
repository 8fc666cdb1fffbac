"""A digest as the Slack messages that are sent, and their parts for tests."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

from bot.channels.slack.channel import SlackChannel
from bot.delivery.model import Part
from bot.digests.model import Digest
from tests.support.samples import TOKEN
from tests.support.slack_limits import shown

TARGET = "C0PAPERS"
Message = dict[str, Any]


def parts(of: Digest, target: str = TARGET) -> tuple[Part, ...]:
    return SlackChannel(None).render(of, TOKEN, target)


def messages(of: Digest, target: str = TARGET) -> list[Message]:
    return [json.loads(part.payload) for part in parts(of, target)]


def only(of: Digest, target: str = TARGET) -> Message:
    (message,) = messages(of, target)
    return message


def texts(message: Message, kind: str) -> list[str]:
    blocks = [block for block in message["blocks"] if block["type"] == kind]
    return [text["text"] for block in blocks for text in (block.get("elements") or [block["text"]])]


def kinds(message: Message) -> str:
    """The blocks by their first letters; a divider is a dash."""
    return "".join({"divider": "-"}.get(block["type"], block["type"][0]) for block in message["blocks"])


def papers(message: Message) -> dict[int, tuple[str, str]]:
    """Section and context of each paper, by rank."""
    found = {}
    for block, after in pairwise(message["blocks"]):
        rank = re.match(r"\*?(\d+)\. ", block["text"]["text"]) if block["type"] == "section" else None
        if rank and after["type"] == "context":
            found[int(rank[1])] = (block["text"]["text"], after["elements"][0]["text"])
    return found


def headings(message: Message) -> list[str]:
    """The sections that are not papers."""
    sections = {section for section, _ in papers(message).values()}
    return [shown(text) for text in texts(message, "section") if text not in sections]
