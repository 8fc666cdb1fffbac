"""The Socket Mode connection: acknowledges what arrives at once, and answers it from threads of its own.

slack_bolt keeps the connection. Acknowledging needs no database: what waits for one waits in `_WORKERS` threads,
and the answer comes later. What arrives twice is answered once.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from bot.channels.slack.channel import api_base
from bot.channels.slack.errors import FAILURES, classify_error, describe
from bot.channels.slack.probe import app_token_problem, probe_app_token
from bot.channels.slack.transport import Client
from bot.clock import utc_now
from bot.delivery.ports import Probe
from bot.errors import DatabaseError, DatabaseLost, UserError
from bot.slack_app.click import event_id, read_click
from bot.slack_app.commands import parse_command
from bot.slack_app.replies import Reply, note
from bot.slack_app.service import SlackService
from bot.text.plain import one_line

if TYPE_CHECKING:
    from slack_bolt import App, BoltContext, Respond
    from slack_bolt.adapter.socket_mode import SocketModeHandler
    from slack_sdk.socket_mode.builtin import SocketModeClient

_LOGGER = "slack_bolt.paperboy"
_TIMEOUT = 20  # seconds, of a call of the Web API
_WORKERS = 8
#: Seconds between two pings. A connection that is lost without a word is replaced after five (measured: 11 s).
PING_SECONDS = 2.0
#: Seconds before the first connection is tried again: doubled each time, up to the second.
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 300.0
#: Seconds between tries of what the database did not do, after it has waited for its locks.
RETRY_SECONDS = (1.0, 5.0)
FINISH_SECONDS = 3.0
#: How long a new connection is waited for.
_REFRESH_SECONDS = 10.0
#: For how many events it is remembered that they have arrived.
_REMEMBERED = 2_000
_CHANNELS_A_PAGE, _MAX_PAGES = 200, 10
_BUSY = "The database is busy. Please try again in a minute: nothing counts twice."
_ELSEWHERE = "This Paperboy belongs to another workspace."
#: What must not be logged: tokens, and addresses that hold tickets.
_SECRET = re.compile(r"\bx(?:ox[a-z]|app)-[\w-]+|\b(?:wss?|https?)://\S+")


class SlackSocket:
    """Connects in a thread of its own, which never raises, and reconnects when the connection is lost.

    A context manager: it is connected within.
    """

    def __init__(
        self,
        service: SlackService,
        token: str,
        app_token: str,
        api_url: str | None,
        log: Callable[[str], None],
    ) -> None:
        """`token`: of the bot. `log`: called with a line for what an operator should know."""
        self._service = service
        self._app_token = app_token
        self._client = Client(token, api_base(api_url), _TIMEOUT)
        self._log = _Log(log)
        self._stop = threading.Event()
        self._handler: SocketModeHandler | None = None
        self._executor = ThreadPoolExecutor(_WORKERS, "slack")
        self._arrived = _Recent()

    def __enter__(self) -> SlackSocket:
        threading.Thread(target=self._connect, daemon=True, name="slack socket").start()
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect, and give what is being answered FINISH_SECONDS."""
        self._stop.set()
        if self._handler:  # slack_bolt takes three seconds to notice
            threading.Thread(target=self._handler.close, daemon=True).start()
        finishing = threading.Thread(target=self._executor.shutdown, daemon=True)
        finishing.start()
        finishing.join(FINISH_SECONDS)
        self._executor.shutdown(wait=False, cancel_futures=True)

    def probe(self) -> Probe:
        """Ask whether the app's token opens a socket, without opening one."""
        return probe_app_token(self._client, self._app_token)

    def _connect(self) -> None:
        """Try until it is connected; from then on slack_bolt reconnects."""
        from slack_bolt.error import BoltError

        wait = _FIRST_WAIT
        while not self._stop.is_set():
            try:
                self._handler = self._handler or self._new_handler()
                self._handler.connect()  # type: ignore[no-untyped-call]
                return
            except BoltError:
                self._log.line(
                    "Slack does not accept SLACK_BOT_TOKEN: check it; menus and commands do not work"
                )
            except FAILURES as error:
                self._log.line(f"menus and commands do not work yet: {app_token_problem(error).why}")
            self._stop.wait(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    def _new_handler(self) -> SocketModeHandler:
        """Asks whose the bot's token is. Raises BoltError or one of FAILURES."""
        from slack_bolt.adapter.socket_mode import SocketModeHandler

        handler = SocketModeHandler(
            self._bolt(), self._app_token, logger=self._log.logger, ping_interval=PING_SECONDS
        )
        handler.client.on_message_listeners.append(partial(self._on_message, handler.client))
        return handler

    def _on_message(self, client: SocketModeClient, message: str) -> None:
        """Slack says hello on each new connection, and asks for a new one every few hours.

        slack_sdk then closes the old one, for which it waits three seconds while this thread, which it has for every
        connection, reads from it; meanwhile nothing is acknowledged (measured). So this thread does not read.
        """
        kind = json.loads(message).get("type") if message.startswith("{") else ""
        if kind == "hello":
            self._log.connected()
        elif kind == "disconnect":
            old, end = client.session_id(), time.monotonic() + _REFRESH_SECONDS
            while client.session_id() == old and time.monotonic() < end:
                time.sleep(0.01)

    def _bolt(self) -> App:
        """With `process_before_response` an envelope is acknowledged where it is read, not in the pool."""
        from slack_bolt import App

        app = App(
            name=_LOGGER,
            client=self._client,
            logger=self._log.logger,
            process_before_response=True,
            listener_executor=self._executor,
        )
        anything = re.compile("")
        app.action(anything)(ack=_acknowledge, lazy=[self._on_click])
        app.command(anything)(ack=_acknowledge, lazy=[self._on_command])
        app.event("app_home_opened")(ack=_nothing, lazy=[self._on_home])
        return app

    # --- What arrives, in a thread of the pool

    def _on_click(self, body: dict[str, Any], context: BoltContext, respond: Respond) -> None:
        click = read_click(body)
        if not self._arrived.is_new(event_id(body)):
            return
        if body.get("view"):
            self._do(lambda: self._service.home_click(click, self._channels(click.user), utc_now()))
            self._publish(click.user, body["view"].get("hash"))
        elif not click.team or click.team == _own_team(context):
            self._reply(respond, lambda: self._service.click(click, utc_now()))
        else:
            self._reply(respond, lambda: note(_ELSEWHERE))

    def _on_command(self, body: dict[str, Any], respond: Respond) -> None:
        if self._arrived.is_new(event_id(body)):
            command = parse_command(body.get("text", ""), body["user_id"], body["channel_id"])
            self._reply(respond, lambda: self._service.command(command, utc_now()))

    def _on_home(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        if event.get("tab", "home") == "home" and self._arrived.is_new(event_id(body)):
            self._publish(event["user"], (event.get("view") or {}).get("hash"))

    def _reply(self, respond: Respond, work: Callable[[], Reply]) -> None:
        """Answer so that only the person sees it."""
        if (reply := self._do(work)) is None:
            return
        try:
            answer = respond(
                text=reply.text,
                blocks=reply.blocks or None,
                response_type="ephemeral",
                replace_original=reply.replaces,
                unfurl_links=False,
                unfurl_media=False,
            )
        except FAILURES as error:
            self._log.line(f"a reply was not sent: {describe(error)}")
        else:
            if answer.status_code != 200:
                self._log.line(f"a reply was not accepted: HTTP {answer.status_code}")

    def _do(self, work: Callable[[], Reply | None]) -> Reply | None:
        """Do it, again when the database was busy for long: nothing that is done twice counts twice."""
        for wait in (*RETRY_SECONDS, None):
            try:
                return work()
            except UserError as error:
                return note(str(error))
            except DatabaseLost:
                raise
            except DatabaseError as error:
                self._log.line(str(error))
                if wait is None or self._stop.wait(wait):
                    break
        return note(_BUSY)

    def _publish(self, user: str, hash_: str | None) -> None:
        """Show the App Home, unless it was changed since the view with this hash."""
        views: list[dict[str, Any]] = []
        self._do(lambda: views.append(self._service.home(user, self._channels(user), utc_now())))
        if not views:
            return
        try:
            self._client.views_publish(user_id=user, view=views[0], **({"hash": hash_} if hash_ else {}))
        except FAILURES as error:
            if classify_error(error).code != "hash_conflict":
                self._log.line(f"an App Home was not shown: {describe(error)}")

    def _channels(self, user: str) -> list[str]:
        """The ids of the channels that a person and the app are in; none without the scopes to ask."""
        found, cursor = list[str](), ""
        for _ in range(_MAX_PAGES):
            try:
                page = self._client.users_conversations(
                    user=user,
                    types="public_channel,private_channel",
                    exclude_archived=True,
                    limit=_CHANNELS_A_PAGE,
                    cursor=cursor or None,
                )
            except FAILURES as error:
                if classify_error(error).code != "missing_scope":
                    self._log.line(f"the channels of a person are not known: {describe(error)}")
                break
            found += [str(channel["id"]) for channel in page.get("channels") or []]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        return found


def _acknowledge(ack: Callable[[], object]) -> None:
    ack()


def _nothing() -> None:
    """Events are acknowledged by slack_bolt."""


class _Recent:
    """Remembers the ids of the newest events."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def is_new(self, id_: str) -> bool:
        """Whether an id is seen for the first time; always for an empty one."""
        with self._lock:
            if not id_ or id_ in self._ids:
                return not id_
            self._ids[id_] = None
            if len(self._ids) > _REMEMBERED:
                self._ids.popitem(last=False)
            return True


def _own_team(context: BoltContext) -> str | None:
    """The id of the workspace that the bot's token is for, as slack_bolt asked when it started."""
    return context.authorize_result.team_id if context.authorize_result else None


class _Log(logging.Handler):
    """Lines for an operator, also slack_bolt's own, without tokens and addresses; each once until Slack is connected
    again.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        super().__init__()
        self._write = log
        self._written = set[str]()
        # slack_bolt gives its loggers the level of the one that it is given, but not `propagate`.
        bolt = logging.getLogger("slack_bolt")
        bolt.handlers, bolt.propagate = [self], False
        self.logger = logging.getLogger(_LOGGER)
        self.logger.setLevel(logging.ERROR)

    def line(self, text: str) -> None:
        text = one_line(_SECRET.sub("…", text))
        if text not in self._written:
            self._written.add(text)
            self._write(f"slack: {text}")

    def connected(self) -> None:
        text = "connected: menus, /paperboy and the App Home answer"
        if self._written != {text}:
            self._written.clear()
            self.line(text)

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Failed to retrieve WSS URL"):  # it is raised, too
            return
        if Path(record.pathname).parent.name == "builtin":  # slack_sdk's connection, in words of its own
            error = sys.exc_info()[1]
            why = f": {app_token_problem(error).why}" if isinstance(error, SlackApiError) else ""
            message = f"connection lost, connecting again{why}"
        self.line(message)
