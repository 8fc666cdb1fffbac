"""The ids of Slack channels that are given by name."""

from __future__ import annotations

import re

from slack_sdk import WebClient

from bot.channels.slack.errors import FAILURES
from bot.delivery.ports import NameCache

_ID = re.compile(r"[CGDUW][A-Z0-9]{2,}")
_CONVERSATION_ID = re.compile(r"[CGD][A-Z0-9]{2,}")
_CHANNELS_A_PAGE = 200  # the highest number that Slack recommends
_MAX_PAGES = 40


def is_conversation_id(target: str) -> bool:
    """Whether a history can be read by it. A user's id is not one."""
    return bool(_CONVERSATION_ID.fullmatch(target))


class ChannelIds:
    """Resolves each name once and remembers its id, so that a renamed channel stays the same.

    `stored`: keeps ids over restarts. Targets that are ids already are returned as they are.
    """

    def __init__(self, stored: NameCache | None) -> None:
        self._stored = stored
        self._ids: dict[str, str] = {}

    def known(self, target: str) -> str:
        """The id of a channel's name; the target itself when it is an id, or its id is not known."""
        if _ID.fullmatch(target):
            return target
        if target not in self._ids and self._stored and (id_ := self._stored.get(target)):
            self._ids[target] = id_
        return self._ids.get(target, target)

    def resolve(self, target: str, client: WebClient) -> str:
        """As `known`, but asks Slack first. The name itself when Slack does not say: posting accepts names too."""
        if self._is_unknown(target):
            self.learn(target, _find_channel(target.removeprefix("#"), client))
        return self.known(target)

    def learn(self, target: str, id_: str | None) -> None:
        """Remember the id of a name, unless one is known."""
        if id_ and is_conversation_id(id_) and self._is_unknown(target):
            self._ids[target] = id_
            if self._stored:
                self._stored.put(target, id_)

    def _is_unknown(self, target: str) -> bool:
        return not _ID.fullmatch(target) and self.known(target) == target

    def forget(self, target: str) -> None:
        """The channel was deleted, and another may have its name."""
        self._ids.pop(target, None)
        if self._stored and not _ID.fullmatch(target):
            self._stored.put(target, None)


def _find_channel(name: str, client: WebClient) -> str | None:
    """Needs channels:read, and groups:read for private channels. None without them, and when there is none."""
    cursor = ""
    for _ in range(_MAX_PAGES):
        try:
            page = client.conversations_list(
                types="public_channel,private_channel", limit=_CHANNELS_A_PAGE, cursor=cursor or None
            )
        except FAILURES:
            return None
        ids = (channel.get("id") for channel in page.get("channels") or [] if channel.get("name") == name)
        if id_ := next(ids, None):
            return str(id_)
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return None
    return None
