"""What a person did in Slack, as values read from Slack's payloads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Click:
    """A choice in a menu, or a button."""

    user: str  #: id
    team: str  #: id of the workspace
    conversation: str  #: id; empty in the App Home
    action_id: str
    block_id: str
    value: str
    at: str  #: Slack's time of the click, which is different for each click of a person

    @property
    def who(self) -> str:
        """As answers name the person."""
        return f"slack:{self.user}"

    @property
    def action(self) -> str:
        """The id of the answer that it gives: the same when Slack delivers it again."""
        return f"{self.who}:{self.at}:{self.block_id}"


def read_click(body: Mapping[str, Any]) -> Click:
    """The click of a `block_actions` payload. Raises LookupError for one without user or action."""
    action: Mapping[str, Any] = body["actions"][0]
    option = action.get("selected_option") or action
    return Click(
        user=str(body["user"]["id"]),
        team=_id(body, "team"),
        conversation=_id(body, "channel"),
        action_id=str(action.get("action_id", "")),
        block_id=str(action.get("block_id", "")),
        value=str(option.get("value", "")),
        at=str(action.get("action_ts") or body.get("trigger_id", "")),
    )


def event_id(body: Mapping[str, Any]) -> str:
    """The id of what a payload reports: the same when Slack delivers it again. Empty when it has none."""
    return str(body.get("trigger_id") or body.get("event_id") or "")


def _id(body: Mapping[str, Any], name: str) -> str:
    return str((body.get(name) or {}).get("id", ""))
