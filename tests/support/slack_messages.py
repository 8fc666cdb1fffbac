"""A digest as the Slack messages that are sent, their parts for tests, and a channel to send them with."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

from bot.channels.slack.channel import SlackChannel
from bot.delivery.model import Envelope, Part
from bot.digests.model import Digest
from tests.support.samples import TOKEN, digest, envelope
from tests.support.slack_limits import shown
from tests.support.slack_server import SlackServer

TARGET = "C0PAPERS"
Message = dict[str, Any]


def parts(of: Digest, target: str = TARGET, *, menus: bool = False) -> tuple[Part, ...]:
    return SlackChannel(None, menus=menus).render(of, TOKEN, target)


def messages(of: Digest, target: str = TARGET, *, menus: bool = False) -> list[Message]:
    return [json.loads(part.payload) for part in parts(of, target, menus=menus)]


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
    """Section and context of each paper, by number."""
    found = {}
    for block, after in pairwise([*message["blocks"], {"type": "end"}]):
        number = re.match(r"\*?(\d+)\. ", block["text"]["text"]) if block["type"] == "section" else None
        if number:
            small = after["elements"][0]["text"] if after["type"] == "context" else ""
            found[int(number[1])] = (block["text"]["text"], small)
    return found


def headings(message: Message) -> list[str]:
    """The sections that are not papers."""
    sections = {section for section, _ in papers(message).values()}
    return [shown(text) for text in texts(message, "section") if text not in sections]


# --- Sending ----------------------------------------------------------------------------------------------


def channel(server: SlackServer, **changes: Any) -> SlackChannel:
    return SlackChannel(changes.pop("token", server.token), server.url, **changes)


def ready(papers: int = 2, **changes: Any) -> Envelope:
    payload = SlackChannel(None).render(digest(papers), TOKEN, TARGET)[0].payload
    return envelope(payload, changes.pop("target", TARGET), **changes)


def posts(server: SlackServer) -> list[dict[str, Any]]:
    """The arguments of every chat.postMessage, whatever came of it."""
    return [arguments for method, arguments in server.calls if method == "chat.postMessage"]


class MemoryNames:
    """Names that are kept over restarts."""

    def __init__(self, ids: dict[str, str] | None = None) -> None:
        self.ids = ids or {}

    def get(self, name: str) -> str | None:
        return self.ids.get(name)

    def put(self, name: str, id_: str | None) -> None:
        if id_ is None:
            self.ids.pop(name, None)
        else:
            self.ids[name] = id_


def methods(server: SlackServer) -> list[str]:
    return [method.rpartition(".")[2] for method, _ in server.calls]
