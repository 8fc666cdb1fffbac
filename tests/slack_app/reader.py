"""A person in Slack who clicks at what was really posted, and writes commands."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from tests.support.slack_server import SlackServer
from tests.support.socket_mode import SocketMode

Message = dict[str, Any]
_clicks = count(1)


@dataclass
class Reader:
    slack: SlackServer
    socket: SocketMode
    user: str = "U0ADA"
    team: str = "T0TEST"
    acks: list[float] = field(default_factory=list)  #: seconds until each envelope was acknowledged

    def other(self, **changes: str) -> Reader:
        return replace(self, **changes)

    def _send(self, kind: str, payload: Message, envelope: str = "") -> None:
        self.acks.append(self.socket.send(kind, payload, envelope))

    # --- what they do

    def choose(self, number: int, entry: str, **changes: Any) -> Message:
        """Choose the entry that begins so, in the menu of the paper with a number of the newest digest."""
        message = self.slack.messages[-1]
        section = _paper(message, number)
        options = section["accessory"]["options"]
        option = next(one for one in options if one["text"]["text"].startswith(entry))
        action = {
            "type": "overflow",
            "action_id": section["accessory"]["action_id"],
            "selected_option": option,
        }
        return self.click(section["block_id"], action, message["channel"], **changes)

    def press(self, text: str, reply: Message | None = None, **changes: Any) -> Message:
        """Press a button with a text in a reply, by default the newest."""
        blocks = (reply or self.slack.replies[-1])["blocks"]
        block, button = next((b, one) for b, one in _buttons(blocks) if one["text"]["text"].startswith(text))
        return self.click(block.get("block_id", "b1"), button, **changes)

    def press_home(self, text: str, number: int = 1) -> None:
        """Press the button with a text and a number in the App Home."""
        view = self.slack.views[self.user]
        found = [one for _, one in _buttons(view["blocks"]) if one["text"]["text"] == text]
        payload = self._payload("b1", found[number - 1])
        payload |= {"view": {"type": "home", "hash": view["hash"]}, "container": {"type": "view"}}
        self._until_new(self.slack.views, lambda: self._send("interactive", payload))

    def click(
        self, block: str, action: Message, channel: str = "C0PAPERS", *, envelope: str = "", **changes: Any
    ) -> Message:
        """Deliver the click; returns its payload."""
        payload = self._payload(block, action) | {
            "channel": {"id": channel, "name": "papers"},
            "container": {"type": "message", "channel_id": channel},
            "response_url": self.slack.reply_url,
        }
        payload |= changes
        self._send("interactive", payload, envelope)
        return payload

    def _payload(self, block: str, action: Message) -> Message:
        number = next(_clicks)
        return {
            "type": "block_actions",
            "user": {"id": self.user, "team_id": self.team},
            "team": {"id": self.team, "domain": "test"},
            "api_app_id": "A0PAPERBOY",
            "trigger_id": f"trigger-{number}",
            "actions": [{**action, "block_id": block, "action_ts": f"{1778000000 + number}.000100"}],
        }

    def again(self, payload: Message, **options: Any) -> None:
        """Deliver a payload again."""
        self._send("interactive", payload, **options)

    def write(self, text: str, channel: str = "C0PAPERS") -> str:
        """Write `/paperboy TEXT`; returns the text of the reply."""
        command = {
            "command": "/paperboy",
            "text": text,
            "user_id": self.user,
            "team_id": self.team,
            "channel_id": channel,
            "trigger_id": f"trigger-{next(_clicks)}",
            "response_url": self.slack.reply_url,
        }
        return self.reply(lambda: self._send("slash_commands", command))

    def open_home(self) -> list[str]:
        """Open the App Home; returns its texts."""
        shown = self.slack.views.get(self.user)
        event = {"type": "app_home_opened", "user": self.user, "tab": "home"}
        event |= {"view": {"type": "home", "hash": shown["hash"]}} if shown else {}
        body = {
            "type": "event_callback",
            "team_id": self.team,
            "event": event,
            "event_id": f"Ev{next(_clicks)}",
        }
        self._until_new(self.slack.views, lambda: self._send("events_api", body))
        return self.home

    @property
    def home(self) -> list[str]:
        blocks = self.slack.views[self.user]["blocks"]
        return [text for block in blocks for text in block_texts(block)]

    # --- what they see

    def reply(self, act: Callable[[], object]) -> str:
        """Act and wait for the next reply; returns its texts."""
        self._until_new(self.slack.replies, act)
        assert self.slack.replies[-1]["response_type"] == "ephemeral"
        return reply_text(self.slack.replies[-1])

    def _until_new(self, where: Any, act: Callable[[], object], timeout: float = 10) -> None:
        before = repr(where)
        act()
        end = time.monotonic() + timeout
        while repr(where) == before:
            assert time.monotonic() < end, "no reply"
            time.sleep(0.005)


def reply_text(reply: Message) -> str:
    texts = [text for block in reply.get("blocks") or [] for text in block_texts(block)]
    return "\n".join(texts) or str(reply["text"])


def block_texts(block: Message) -> Iterator[str]:
    parts = [block.get("text"), *(one for one in block.get("elements", []) if "text" in one)]
    yield from (
        part["text"] if isinstance(part["text"], str) else part["text"]["text"] for part in parts if part
    )


def _paper(message: Message, number: int) -> Message:
    """The section of a paper."""
    sections = (block for block in message["blocks"] if block["type"] == "section")
    return next(one for one in sections if re.match(rf"\*?{number}\. ", one["text"]["text"]))


def _buttons(blocks: list[Message]) -> Iterator[tuple[Message, Message]]:
    for block in blocks:
        for element in [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]:
            if element.get("type") == "button":
                yield block, element
