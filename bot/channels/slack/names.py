"""The ids of Slack conversations that are given by the name of a channel or the id of a user."""

from __future__ import annotations

import contextlib
import re

from slack_sdk import WebClient

from bot.channels.slack.errors import FAILURES
from bot.delivery.ports import NameCache

_CONVERSATION_ID = re.compile(r"[CGD][A-Z0-9]{2,}")
_USER_ID = re.compile(r"[UW][A-Z0-9]{2,}")
_CHANNELS_A_PAGE = 200  # the highest number that Slack recommends
_MAX_PAGES = 40


def is_conversation_id(target: str) -> bool:
    """Whether a history can be read by it. A user's id is not one."""
    return bool(_CONVERSATION_ID.fullmatch(target))


class ChannelIds:
    """Resolves each name and each user once, and remembers the conversation: a renamed channel stays the same.

    `stored`: keeps ids over restarts. Targets that are conversations' ids already are returned as they are.
    """

    def __init__(self, stored: NameCache | None) -> None:
        self._stored = stored
        self._ids: dict[str, str] = {}

    def known(self, target: str) -> str:
        """The conversation's id; the target itself when it is one, or its conversation is not known."""
        if is_conversation_id(target):
            return target
        if target not in self._ids and self._stored and (id_ := self._stored.get(target)):
            self._ids[target] = id_
        return self._ids.get(target, target)

    def resolve(self, target: str, client: WebClient) -> str:
        """As `known`, but asks Slack first. The target itself when Slack does not say: one can post to it as well."""
        with contextlib.suppress(*FAILURES):
            self.ask(target, client)
        return self.known(target)

    def ask(self, target: str, client: WebClient) -> str:
        """As `resolve`, but raises one of FAILURES when Slack does not answer."""
        if self._is_unknown(target):
            find = _open_conversation if _USER_ID.fullmatch(target) else _find_channel
            self.learn(target, find(target, client))
        return self.known(target)

    def learn(self, target: str, id_: str | None) -> None:
        """Remember the conversation's id, unless one is known."""
        if id_ and is_conversation_id(id_) and self._is_unknown(target):
            self._ids[target] = id_
            if self._stored:
                self._stored.put(target, id_)

    def _is_unknown(self, target: str) -> bool:
        return self.known(target) == target and not is_conversation_id(target)

    def forget(self, target: str) -> None:
        """The channel was deleted, and another may have its name."""
        self._ids.pop(target, None)
        if self._stored and not is_conversation_id(target):
            self._stored.put(target, None)


def _open_conversation(user: str, client: WebClient) -> str:
    """The direct conversation with a user. Needs im:write."""
    return str(client.conversations_open(users=user)["channel"]["id"])


def _find_channel(name: str, client: WebClient) -> str | None:
    """Needs channels:read, and groups:read for private channels. None when there is none."""
    cursor = ""
    for _ in range(_MAX_PAGES):
        page = client.conversations_list(
            types="public_channel,private_channel", limit=_CHANNELS_A_PAGE, cursor=cursor or None
        )
        same = (
            one.get("id") for one in page.get("channels") or [] if one.get("name") == name.removeprefix("#")
        )
        if id_ := next(same, None):
            return str(id_)
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return None
    return None
