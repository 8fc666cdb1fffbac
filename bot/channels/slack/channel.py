"""The posting of messages through Slack's Web API, and their finding again.

Owns the connection, and the ids that names stand for. Refuses to know when it is a message's turn, and when to try
again.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.channels.slack.errors import FAILURES, Classified, Kind, classify_error, why_unread
from bot.channels.slack.payload import alert, is_ours, messages, plain
from bot.delivery.model import Cause, Envelope, Notice, Outcome, Part, Refused, Sent, Stage
from bot.delivery.ports import Channel, NameCache, StageCallback, ignore_stage
from bot.digests.model import Digest
from bot.errors import NotConfigured
from bot.presentation.templates import BUILT_IN, Templates

API_URL = "https://slack.com/api/"
TIMEOUT = 30  # seconds
#: Between messages to one conversation (https://docs.slack.dev/apis/web-api/rate-limits).
SPACING = timedelta(seconds=1)

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
#: Channels a page, where names are looked up: Slack's recommended most is 200.
_CHANNELS_A_PAGE = 200


def api_base(url: str | None) -> str:
    """The Web API's base URL, ended by a slash as slack_sdk wants it; a bare host gets Slack's own path."""
    if not url or not url.strip():
        return API_URL
    base = url.strip().rstrip("/")
    return f"{base}/" if urlsplit(base).path else f"{base}/api/"


class SlackChannel(Channel):
    """Posts as the app whose bot token it is given; `target` is a channel's id, or `#name`.

    A name is resolved once: `names` keeps the id, so that a channel that is renamed is still the same.
    """

    name = "slack"
    can_look_up = True
    spacing = SPACING

    def __init__(
        self,
        token: str | None,
        api_url: str | None = None,
        *,
        timeout: int = TIMEOUT,
        names: NameCache | None = None,
        templates: Templates = BUILT_IN,
    ) -> None:
        self._token = (token or "").strip()
        self._base = api_base(api_url)
        self._timeout = timeout
        self._names = _Remembered(names)
        self._templates = templates

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
        return messages(digest, delivery, target, self._templates)

    def render_notice(self, notice: Notice, delivery: str, target: str) -> bytes:
        return alert(notice, delivery)

    def conversation(self, target: str) -> str:
        return self._names.get(target) or target if _is_name(target) else target

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        if problem := self._problem():
            return Refused(problem, Cause.SERVICE)
        channel, _, thread = (envelope.thread or "").partition(":")
        arguments = json.loads(envelope.payload) | {"channel": channel or self._resolved(envelope.target)}
        if thread:
            arguments["thread_ts"] = thread
        return self._posted(envelope, arguments, on_stage)

    def _posted(self, envelope: Envelope, arguments: dict[str, Any], on_stage: StageCallback) -> Outcome:
        """Post it, and once more as plain text when it is the blocks that Slack does not take."""
        outcome, kind, code = self._post(arguments, on_stage)
        if kind is Kind.PAYLOAD and "blocks" in arguments:
            outcome, kind, code = self._post(plain(arguments, code), on_stage)
        if isinstance(outcome, Sent):
            self._learn(envelope.target, outcome.receipt.partition(":")[0])
        elif code == "channel_not_found" and _is_name(envelope.target):
            self._names.put(envelope.target, None)  # deleted, and made anew under its name perhaps
        return outcome

    def _post(self, arguments: dict[str, Any], on_stage: StageCallback) -> Classified:
        on_stage(Stage.POST)
        try:
            answer = self._client().chat_postMessage(**arguments)
        except FAILURES as error:
            return classify_error(error)
        return Classified(Sent(f"{answer.get('channel') or arguments['channel']}:{answer.get('ts') or ''}"))

    # --- Names

    def _resolved(self, target: str) -> str:
        """The id of a named channel; the name itself where Slack does not tell, which posting takes as well."""
        if not _is_name(target):
            return target
        known = self._names.get(target)
        if known is None:
            self._learn(target, self._looked_up(target.removeprefix("#")))
        return self._names.get(target) or target

    def _learn(self, target: str, id_: str | None) -> None:
        if _is_name(target) and id_ and _CONVERSATION_ID.fullmatch(id_) and self._names.get(target) is None:
            self._names.put(target, id_)

    def _looked_up(self, name: str) -> str | None:
        """Needs channels:read, and groups:read for private channels. None without them, and when there is none."""
        client, cursor = self._client(), ""
        for _ in range(_MAX_PAGES):
            try:
                page = client.conversations_list(
                    types="public_channel,private_channel", limit=_CHANNELS_A_PAGE, cursor=cursor or None
                )
            except FAILURES:
                return None
            found = (one.get("id") for one in page.get("channels") or [] if one.get("name") == name)
            if id_ := next(found, None):
                return str(id_)
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None
        return None

    # --- Looking up

    def look_up(self, envelope: Envelope) -> Sent | None:
        """Reads the channel's history, or the thread, back to a minute before the first attempt.

        Needs the scopes channels:history, groups:history or im:history, and the target's id.
        """
        channel, _, thread = (envelope.thread or f"{self.conversation(envelope.target)}:").partition(":")
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
                if is_ours(message, envelope):
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


class _Remembered:
    """The ids of names, asked for once as long as they are known; kept over restarts where there is a place."""

    def __init__(self, kept: NameCache | None) -> None:
        self._kept = kept
        self._ids: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        if name not in self._ids and self._kept and (id_ := self._kept.get(name)):
            self._ids[name] = id_
        return self._ids.get(name)

    def put(self, name: str, id_: str | None) -> None:
        self._ids.pop(name, None)
        if id_ is not None:
            self._ids[name] = id_
        if self._kept:
            self._kept.put(name, id_)


def _is_name(target: str) -> bool:
    return not re.fullmatch(r"[CGDUW][A-Z0-9]{2,}", target)
