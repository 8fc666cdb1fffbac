"""Posts messages through Slack's Web API, and looks them up.

Does not depend on when a message is sent or tried again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.channels.slack import payload
from bot.channels.slack.errors import FAILURES, Classified, Kind, classify_error, read_error
from bot.channels.slack.names import ChannelIds, is_conversation_id
from bot.channels.slack.probe import probe_conversation, probe_token
from bot.channels.slack.transport import Client
from bot.delivery.model import Cause, Envelope, Notice, Outcome, Part, Refused, Sent, Stage
from bot.delivery.ports import Channel, NameCache, NoAnswer, Probe, StageCallback, ignore_stage
from bot.digests.model import Digest
from bot.errors import NotConfigured
from bot.presentation.templates import BUILT_IN, Templates

API_URL = "https://slack.com/api/"
TIMEOUT = 30  # seconds
_NOT_CONFIGURED = "Slack is not configured: set SLACK_BOT_TOKEN"

#: Messages a request: the most for apps that are not in the Marketplace
#: (https://docs.slack.dev/apis/web-api/rate-limits).
_PAGE = 15
_MAX_PAGES = 40
#: Slack's clock and ours differ, and the attempt is recorded before it is made.
_CLOCK_TOLERANCE = timedelta(seconds=60)


def api_base(url: str | None) -> str:
    """The Web API's base URL, with a slash at its end for slack_sdk; a URL without a path gets Slack's own path."""
    if not url:
        return API_URL
    base = url.rstrip("/")
    return f"{base}/" if urlsplit(base).path else f"{base}/api/"


class SlackChannel(Channel):
    """Posts as the app with this bot token; `target` is the id of a channel or a user, or `#name`.

    `names`: keeps the ids that were learned over restarts. `menus`: papers have menus, whose clicks `bot.slack_app`
    answers.
    """

    name = "slack"
    can_look_up = True
    #: One message a second to a conversation (https://docs.slack.dev/apis/web-api/rate-limits).
    spacing = timedelta(seconds=1)

    def __init__(
        self,
        token: str | None,
        api_url: str | None = None,
        *,
        timeout: int = TIMEOUT,
        names: NameCache | None = None,
        templates: Templates = BUILT_IN,
        menus: bool = False,
    ) -> None:
        self._token = token
        self._base = api_base(api_url)
        self._timeout = timeout
        self._ids = ChannelIds(names)
        self._templates = templates
        self._menus = menus

    def check(self) -> None:
        if not self._token:
            raise NotConfigured(_NOT_CONFIGURED)

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        return payload.render(digest, delivery, target, self._templates, menus=self._menus)

    def render_notice(self, notice: Notice, delivery: str, target: str) -> bytes:
        return payload.render_notice(notice, delivery)

    def receiver(self, target: str) -> str:
        return self._ids.known(target)

    def learn_receiver(self, target: str) -> None:
        if self._token:
            self._ids.resolve(target, self._client())

    def probe(self, targets: Sequence[str]) -> Iterator[Probe]:
        self.check()
        client = self._client()
        yield (service := probe_token(client))
        if not service.problem:
            yield from (probe_conversation(target, self._ids, client) for target in targets)

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        """Post the message, and once more as plain text when Slack refuses its blocks or metadata."""
        if not self._token:
            return Refused(_NOT_CONFIGURED, Cause.SERVICE)
        channel, _, thread = (envelope.thread or "").partition(":")
        channel = channel or self._ids.resolve(envelope.target, self._client())
        arguments = json.loads(envelope.payload) | {"channel": channel}
        if thread:
            arguments["thread_ts"] = thread
        outcome, kind, code = self._post(arguments, on_stage)
        if kind is Kind.PAYLOAD and "blocks" in arguments:
            outcome, kind, code = self._post(payload.plain_text_only(arguments, code), on_stage)
        if isinstance(outcome, Sent):
            self._ids.learn(envelope.target, outcome.receipt.partition(":")[0])
        elif code == "channel_not_found":
            self._ids.forget(envelope.target)
        return outcome

    def _post(self, arguments: dict[str, Any], on_stage: StageCallback) -> Classified:
        try:
            answer = self._client(lambda: on_stage(Stage.POST)).chat_postMessage(**arguments)
        except FAILURES as error:
            return classify_error(error)
        channel = str(answer.get("channel"))
        is_known = is_conversation_id(channel)
        return Classified(_sent(channel if is_known else arguments["channel"], answer.get("ts")))

    def look_up(self, envelope: Envelope) -> Sent | None:
        """Reads the channel's history, or the thread, back to a minute before the first attempt.

        Needs the scopes channels:history, groups:history or im:history, and the target's id.
        """
        if not self._token:
            raise LookupError(_NOT_CONFIGURED)
        place = envelope.thread or self._ids.resolve(envelope.target, self._client())
        channel, _, thread = place.partition(":")
        if not is_conversation_id(channel):
            raise LookupError(f"Slack did not give the id of {channel}, by which messages are looked up")
        try:
            return self._search(envelope, channel, thread)
        except FAILURES as error:
            raise read_error(error) from None

    def _search(self, envelope: Envelope, channel: str, thread: str) -> Sent | None:
        """A history starts with its newest message. Its newest page is read whatever `started` is, as clocks differ;
        for the same reason `oldest` is compared here and not by Slack.
        """
        oldest = (envelope.started - _CLOCK_TOLERANCE).timestamp()
        for page in self._pages(channel, thread):
            for message in page:
                if payload.is_delivery(message, envelope):
                    return _sent(channel, message["ts"])
            if not thread and page and float(page[-1]["ts"]) < oldest:
                return None
        return None

    def _pages(self, channel: str, thread: str) -> Iterator[list[dict[str, Any]]]:
        """Raises LookupError rather than stop before the end: a message that is not found must not be there."""
        client, cursor = self._client(), ""
        read = client.conversations_replies if thread else client.conversations_history
        where: dict[str, Any] = {"channel": channel, "ts": thread} if thread else {"channel": channel}
        for _ in range(_MAX_PAGES):
            page = read(**where, include_all_metadata=True, limit=_PAGE, cursor=cursor or None)
            messages = page.get("messages")
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not isinstance(messages, list) or (page.get("has_more") and not cursor):
                raise NoAnswer("Slack's answer is not complete")
            yield messages
            if not cursor:
                return
        raise LookupError(f"it is not among the newest {_MAX_PAGES * _PAGE} messages of {channel}")

    def _client(self, before_write: Callable[[], None] = lambda: None) -> Client:
        return Client(self._token or "", self._base, self._timeout, before_write)


def _sent(channel: str, ts: object) -> Sent:
    """The receipt; without the ts when it is not one of Slack's, such as `1747000000.123456`."""
    return Sent(f"{channel}:{ts if re.fullmatch(r'[0-9]+[.][0-9]+', str(ts)) else ''}")
