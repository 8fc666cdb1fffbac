"""The posting of messages through Slack's Web API, and their finding again.

Owns the connection and the pace of posting. Refuses to know when to try again.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.channels.slack._answers import FAILURES, outcome_of_error, why_unread
from bot.channels.slack._message import delivery_of, messages
from bot.errors import NotConfigured
from bot.model import Digest, Envelope, Outcome, Part, Refused, Sent

API_URL = "https://slack.com/api/"
TIMEOUT = 30  # seconds
SPACING = (
    1.0  # seconds between messages to one conversation (https://docs.slack.dev/apis/web-api/rate-limits)
)

#: What apps get who are not in the Marketplace: 15 objects a request
#: (https://docs.slack.dev/apis/web-api/rate-limits).
_PAGE = 15
_MAX_PAGES = 40
#: The receiver's clock and ours differ, and the attempt is recorded before it is made.
_CLOCK_SLACK = timedelta(seconds=60)
#: slack_sdk logs what it also raises, header values included; outcomes say it once, without them.
_SDK_LOG = logging.getLogger("paperboy.slack_sdk")
_SDK_LOG.addHandler(logging.NullHandler())
_SDK_LOG.propagate = False
_CONVERSATION_ID = re.compile(r"[CGD][A-Z0-9]{2,}")


def api_base(url: str | None) -> str:
    """The Web API's base URL, ended by a slash as slack_sdk wants it; a bare host gets Slack's own path."""
    if not url or not url.strip():
        return API_URL
    base = url.strip().rstrip("/")
    return f"{base}/" if urlsplit(base).path else f"{base}/api/"


class SlackChannel:
    """Posts as the app whose bot token it is given; `target` is a channel's id, or `#name`."""

    name = "slack"
    resends_unseen = False

    def __init__(
        self,
        token: str | None,
        api_url: str | None = None,
        *,
        timeout: int = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._token = (token or "").strip()
        self._base = api_base(api_url)
        self._timeout = timeout
        self._clock, self._sleep = clock, sleep
        self._free_at: dict[
            str, float
        ] = {}  #: by conversation, on the clock: when it may get the next message

    def check(self) -> None:
        if problem := self._problem():
            raise NotConfigured(problem)

    def _problem(self) -> str | None:
        if not self._token:
            return "Slack is not configured: set SLACK_BOT_TOKEN"
        if not re.fullmatch(r"[\x21-\x7e]+", self._token):
            return "SLACK_BOT_TOKEN holds characters that no token has"
        parts = urlsplit(self._base)
        return (
            None if parts.scheme in {"http", "https"} and parts.netloc else "SLACK_API_URL is no http(s) URL"
        )

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        return messages(digest, delivery)

    def send(self, envelope: Envelope) -> Outcome:
        if problem := self._problem():
            return Refused(problem)
        channel, _, thread = (envelope.thread or "").partition(":")
        arguments = json.loads(envelope.payload) | {"channel": channel or envelope.target}
        if thread:
            arguments["thread_ts"] = thread
        self._take_turn(arguments["channel"])
        try:
            answer = self._client().chat_postMessage(**arguments)
        except FAILURES as error:
            return outcome_of_error(error)
        return Sent(f"{answer.get('channel') or envelope.target}:{answer.get('ts') or ''}")

    def _take_turn(self, channel: str) -> None:
        early = self._free_at.get(channel, 0.0) - self._clock()
        if early > 0:
            self._sleep(early)
        self._free_at[channel] = self._clock() + SPACING

    def find(self, envelope: Envelope) -> Sent | None:
        """Reads the channel's history, or the thread, back to a minute before the first attempt.

        Needs the scopes channels:history, groups:history or im:history, and the target's id.
        """
        channel, _, thread = (envelope.thread or f"{envelope.target}:").partition(":")
        if self._problem() or not _CONVERSATION_ID.fullmatch(channel):
            raise LookupError("Slack looks messages up by a channel's id only, and with a token")
        try:
            return self._found(envelope, channel, thread)
        except LookupError:
            raise
        except SlackApiError as error:
            raise LookupError(why_unread(error.response)) from None
        except FAILURES as error:
            raise LookupError(f"no answer of Slack: {type(error).__name__}") from None

    def _found(self, envelope: Envelope, channel: str, thread: str) -> Sent | None:
        """A history comes newest first. Its newest page is read whatever `started` is, as clocks differ;
        for the same reason `oldest` is compared here and not left to Slack.
        """
        oldest = (envelope.started - _CLOCK_SLACK).timestamp()
        for page in self._pages(channel, thread):
            for message in page:
                if delivery_of(message) == envelope.delivery:
                    return Sent(f"{channel}:{message['ts']}")
            if not thread and page and float(page[-1]["ts"]) < oldest:
                return None
        return None

    def _pages(self, channel: str, thread: str) -> Iterator[list[dict[str, Any]]]:
        """Raises LookupError rather than stop before the end: absent must mean absent."""
        client, cursor = self._client(), ""
        read = client.conversations_replies if thread else client.conversations_history
        where: dict[str, Any] = {"channel": channel, "ts": thread} if thread else {"channel": channel}
        for _ in range(_MAX_PAGES):
            page = read(**where, include_all_metadata=True, limit=_PAGE, cursor=cursor or None)
            yield page.get("messages") or []
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
        raise LookupError(f"not among the newest {_MAX_PAGES * _PAGE} messages of {channel}")

    def _client(self) -> WebClient:
        """Without retry handlers: the default one posts again when a connection drops (measured)."""
        client = WebClient(
            self._token, base_url=self._base, timeout=self._timeout, retry_handlers=[], logger=_SDK_LOG
        )
        client.proxy = None  # slack_sdk ignores NO_PROXY; urllib, left alone, obeys all of these variables
        return client
