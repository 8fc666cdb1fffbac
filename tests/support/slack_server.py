"""A local Slack server: real HTTP, the methods that Paperboy uses, their limits, and failures on demand."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from select import select
from socket import MSG_PEEK, socket
from threading import Condition, Lock, Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

Answer = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """How one call fails: everything that is set happens, in this order."""

    late: float = 0.0  #: seconds before anything is stored
    store: bool = False  #: the message is posted all the same
    delay: float = 0.0  #: seconds before anything is answered
    drop: bool = False  #: the connection ends without an answer
    status: int = 200
    error: str | None = None  #: Slack's error code; without one the body is no JSON
    retry_after: str | None = None  #: header
    unread: bool = False  #: the connection is closed before the body of the request is read
    answer: bytes | None = None  #: the whole answer, with its headers
    drip: float = 0.0  #: seconds between the bytes of `answer`


class SlackServer:
    """Use as a context manager. `script` has the faults of the next posts, one entry a call, None for no fault;
    `read_script` those of conversations.history and conversations.replies, `list_script` of conversations.list and
    conversations.open.
    When a script is empty, `plan` and `read_plan` are called, by one call at a time.
    `socket_script` has the faults of apps.connections.open, whose answer is `socket_url`. `replies` has what was posted
    to `reply_url`, `views` the App Homes by user, `memberships` the channels of users.
    `channels`: ids by name; posting to another name creates a channel. The conversation with U0ADA is D0ADA.
    """

    def __init__(self, token: str = "xoxb-right-token") -> None:
        self.token = token
        self.messages: list[dict[str, Any]] = []  #: as stored: the arguments, with channel and ts
        self.script: list[Fault | None] = []
        self.read_script: list[Fault | None] = []
        self.plan: Callable[[], Fault | None] = lambda: None
        self.read_plan: Callable[[], Fault | None] = lambda: None
        self.list_script: list[Fault | None] = []
        self.app_token = "xapp-right-token"
        self.socket_url = ""
        self.socket_script: list[Fault | None] = []
        self.replies: list[dict[str, Any]] = []
        self.views: dict[str, dict[str, Any]] = {}
        self.memberships: dict[str, list[str]] = {}
        self.lists = True  #: whether the token has the scopes to list channels
        self.opens = True  #: whether it has the scope to open direct conversations
        self.channels: dict[str, str] = {}  #: ids by name, without "#"
        self.facts: dict[str, dict[str, bool]] = {}  #: of channels, by id: is_member and others
        self.scopes = ""  #: the header X-OAuth-Scopes of every answer; none when empty
        self.calls: list[tuple[str, dict[str, Any]]] = []  #: method and arguments of all calls
        self.times: list[float] = []  #: when each message was stored
        self.faults: list[tuple[str, Fault]] = []  #: faults that happened, by method
        self._lock = Lock()
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = False  # so that closing waits for the handlers' sockets
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """The Web API's base URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/api/"

    @property
    def reply_url(self) -> str:
        """Answers to clicks and commands are posted here."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/{_REPLY}"

    def __enter__(self) -> SlackServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Refuse connections from now on. May be called twice."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def settle(self) -> None:
        """Wait until everything that was sent so far has been handled, also what a dead process sent."""
        connection = HTTPConnection("127.0.0.1", self._http.server_address[1], timeout=10)
        connection.request(
            "GET", _SETTLE
        )  # connections are accepted in order: all earlier ones are counted now
        connection.getresponse().read()
        connection.close()
        self._http.wait_until_idle()

    def clear(self) -> None:
        """Forget posts, calls and scripts."""
        with self._lock:
            for kept in (self.messages, self.times, self.calls, self.faults, self.script, self.read_script):
                kept.clear()

    # --- methods of the Web API

    def call(self, method: str, arguments: dict[str, Any], token: str) -> tuple[Fault, Answer]:
        """The fault of one call, and its answer if there is one."""
        with self._lock:
            self.calls.append((method, arguments))
            fault = self._fault(method)
        time.sleep(fault.late)
        with self._lock:
            broken = fault != Fault()
            if broken and not fault.store:
                return fault, {"ok": False, "error": fault.error}
            answer = self._answer(method, arguments, token)
            return fault, {"ok": False, "error": fault.error} if broken and fault.error else answer

    def is_unread(self, path: str) -> bool:
        """Whether the next call fails before its body is read: only posts do."""
        with self._lock:
            is_post = path.endswith("chat.postMessage")
            is_unread = bool(is_post and self.script and self.script[0] and self.script[0].unread)
            if is_unread:
                self.faults.append(("chat.postMessage", self.script.pop(0) or Fault()))
            return is_unread

    def _fault(self, method: str) -> Fault:
        plans = {
            "auth.test": ([], lambda: None),
            "chat.postMessage": (self.script, self.plan),
            "apps.connections.open": (self.socket_script, lambda: None),
            "views.publish": ([], lambda: None),
            "users.conversations": (self.list_script, lambda: None),
            _REPLY: ([], lambda: None),
            "conversations.list": (self.list_script, lambda: None),
            "conversations.open": (self.list_script, lambda: None),
        }
        script, plan = plans.get(method, (self.read_script, self.read_plan))
        fault = (script.pop(0) if script else plan()) or Fault()
        if fault != Fault():
            self.faults.append((method, fault))
        return fault

    def _answer(self, method: str, arguments: dict[str, Any], token: str) -> Answer:
        if method == _REPLY:
            self.replies.append(arguments)
            return {"ok": True}
        if token != (self.app_token if method == "apps.connections.open" else self.token):
            return {"ok": False, "error": "invalid_auth" if token else "not_authed"}
        methods = {
            "auth.test": lambda _: {
                "ok": True,
                "bot_id": "B0BOT",
                "team": "Test",
                "team_id": "T0TEST",
                "user": "paperboy",
            },
            "conversations.info": self._info,
            "chat.postMessage": self._post,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "conversations.list": self._list,
            "conversations.open": self._open,
            "apps.connections.open": lambda _: {"ok": True, "url": self.socket_url},
            "views.publish": self._publish,
            "users.conversations": self._memberships,
        }
        known = methods.get(method)
        return known(arguments) if known else {"ok": False, "error": "unknown_method"}

    def _post(self, arguments: dict[str, Any]) -> Answer:
        if problem := rejected(arguments):
            return {"ok": False, "error": problem}
        ts = f"{time.time():.0f}.{len(self.messages):06d}"
        stored = {**arguments, "ts": ts, "channel": self._channel_id(arguments["channel"])}
        self.messages.append(stored)
        self.times.append(time.monotonic())
        return {"ok": True, "channel": stored["channel"], "ts": ts, "message": stored}

    def _history(self, arguments: dict[str, Any]) -> Answer:
        oldest = float(arguments.get("oldest") or 0)
        found = [m for m in self._of(arguments) if not m.get("thread_ts") and float(m["ts"]) >= oldest]
        return _page(found[::-1], arguments)

    def _replies(self, arguments: dict[str, Any]) -> Answer:
        thread = arguments.get("ts")
        found = [m for m in self._of(arguments) if thread in (m["ts"], m.get("thread_ts"))]
        return _page(found, arguments) if found else {"ok": False, "error": "thread_not_found"}

    def _list(self, arguments: dict[str, Any]) -> Answer:
        if not self.lists:
            return {
                "ok": False,
                "error": "missing_scope",
                "needed": "channels:read",
                "provided": "chat:write",
            }
        found = [{"id": id_, "name": name} for name, id_ in self.channels.items()]
        return _page(found, arguments, "channels")

    def _info(self, arguments: dict[str, Any]) -> Answer:
        """`facts` has what differs for a channel."""
        if not self.lists:
            return {"ok": False, "error": "missing_scope", "needed": "channels:read"}
        id_ = arguments.get("channel", "")
        if id_ not in self.channels.values():
            return {"ok": False, "error": "channel_not_found"}
        name = next(name for name, other in self.channels.items() if other == id_)
        facts = {"is_member": True, "is_archived": False, "is_private": False, **self.facts.get(id_, {})}
        return {"ok": True, "channel": {"id": id_, "name": name, **facts}}

    def _open(self, arguments: dict[str, Any]) -> Answer:
        if not self.opens:
            return {"ok": False, "error": "missing_scope", "needed": "im:write", "provided": "chat:write"}
        return {"ok": True, "channel": {"id": self._channel_id(arguments["users"])}}

    def _publish(self, arguments: dict[str, Any]) -> Answer:
        """The hash of a view changes with each publication."""
        user, shown = arguments["user_id"], self.views.get(arguments["user_id"])
        if arguments.get("hash") and (not shown or arguments["hash"] != shown["hash"]):
            return {"ok": False, "error": "hash_conflict"}
        self.views[user] = {**arguments["view"], "hash": f"{user}.{len(self.calls)}"}
        return {"ok": True, "view": self.views[user]}

    def _memberships(self, arguments: dict[str, Any]) -> Answer:
        if not self.lists:
            return {"ok": False, "error": "missing_scope", "needed": "channels:read"}
        return _page(
            [{"id": id_} for id_ in self.memberships.get(arguments["user"], [])], arguments, "channels"
        )

    def _channel_id(self, channel: str) -> str:
        """A name is replaced by its id, and a user by the conversation, as in Slack's answers."""
        if channel.startswith(("U", "W")):
            return f"D{channel[1:]}"
        if not channel.startswith("#"):
            return channel
        return self.channels.get(channel[1:]) or f"C0{channel[1:].upper()}"

    def _of(self, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        return [m for m in self.messages if m["channel"] == arguments.get("channel")]


def rejected(arguments: dict[str, Any]) -> str | None:
    """Slack's error code for a message; None when it is accepted."""
    blocks = arguments.get("blocks") or []
    texts = [(block["type"], text) for block in blocks for text in _texts(block)]
    texts += [("option", one["text"]["text"]) for block in blocks for one in _options(block)]
    sizes = [len(text.encode("utf-16-le")) // 2 for _, text in texts]
    limits = {"header": 150, "option": 75}
    if not arguments.get("channel"):
        return "channel_not_found"
    if not arguments.get("text") and not blocks:
        return "no_text"
    if len(blocks) > 50 or any(
        n > limits.get(t, 3000) or not n for (t, _), n in zip(texts, sizes, strict=True)
    ):
        return "invalid_blocks"
    if any(len(block.get("elements", [])) > 10 for block in blocks):
        return "invalid_blocks"
    if sum(sizes) > 12_000:
        return "msg_blocks_too_long"
    return "msg_too_long" if len(arguments.get("text") or "") > 40_000 else None


def _texts(block: dict[str, Any]) -> Iterator[str]:
    parts = [block.get("text"), *block.get("elements", []), *block.get("fields", [])]
    yield from (part["text"] for part in parts if part and isinstance(part.get("text"), str))


def _options(block: dict[str, Any]) -> list[dict[str, Any]]:
    return list(block.get("accessory", {}).get("options", []))


def _page(found: list[dict[str, Any]], arguments: dict[str, Any], name: str = "messages") -> Answer:
    start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
    end = start + limit
    with_metadata = str(arguments.get("include_all_metadata")).lower() in {"1", "true"}
    shown = [
        m if with_metadata else {k: v for k, v in m.items() if k != "metadata"} for m in found[start:end]
    ]
    cursor = str(end) if end < len(found) else ""
    return {
        "ok": True,
        name: shown,
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


_SETTLE = "/settle"
_REPLY = "reply"


class _Http(ThreadingHTTPServer):
    """Counts the connections with a request: a sender opens one before it knows whether it may still send."""

    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open = 0
        self._silent = set[socket]()  #: connections on which nothing was read
        self._changed = Condition()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._count(1)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._open += change
            self._changed.notify_all()

    def wait_for_request(self, connection: socket) -> None:
        """Until the client writes or closes."""
        with self._changed:
            self._silent.add(connection)
        self._count(-1)
        with suppress(ConnectionError):
            connection.recv(1, MSG_PEEK)
        with self._changed:
            self._silent.remove(connection)
            self._count(1)

    def wait_until_idle(self) -> None:
        with self._changed:
            assert self._changed.wait_for(self._is_idle, timeout=30), "a call was not finished"

    def _is_idle(self) -> bool:
        return not self._open and not select(self._silent, [], [], 0)[0]

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(slack: SlackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server: _Http

        def handle(self) -> None:
            self.server.wait_for_request(self.connection)
            super().handle()

        def do_POST(self) -> None:
            if slack.is_unread(self.path):
                return
            length = int(self.headers.get("Content-Length") or 0)
            content = self.rfile.read(length)
            if len(content) < length:  # the client died
                return
            if self.path == _SETTLE:
                self._reply(Fault(), {})
                return
            body, url = content.decode(), urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            arguments = query | _arguments(body, self.headers.get("Content-Type") or "")
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            fault, answer = slack.call(
                url.path.rpartition("/")[2], arguments, token or arguments.get("token", "")
            )
            time.sleep(fault.delay)
            if fault.answer is not None:
                self._drip(fault.answer, fault.drip)
            elif not fault.drop:
                self._reply(fault, answer)

        do_GET = do_POST

        def _reply(self, fault: Fault, answer: Answer) -> None:
            broken = fault.status != 200 and fault.error is None
            body = b"<html>something is wrong here</html>" if broken else json.dumps(answer).encode()
            try:
                self.send_response(fault.status)
                self.send_header("Content-Type", "text/html" if broken else "application/json")
                self.send_header("Content-Length", str(len(body)))
                if slack.scopes:
                    self.send_header("X-OAuth-Scopes", slack.scopes)
                if fault.retry_after is not None:
                    self.send_header("Retry-After", fault.retry_after)
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:  # a client that did not wait
                pass

        def _drip(self, answer: bytes, seconds: float) -> None:
            pieces = [answer] if not seconds else [answer[n : n + 1] for n in range(len(answer))]
            try:
                for piece in pieces:
                    self.wfile.write(piece)
                    time.sleep(seconds)
            except ConnectionError:  # a client that did not wait
                pass

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            """Quiet."""

    return Handler


def _arguments(body: str, content_type: str) -> dict[str, Any]:
    if content_type.startswith("application/json"):
        return dict(json.loads(body or "{}"))
    return {name: _decoded(values[0]) for name, values in parse_qs(body).items()}


def _decoded(value: str) -> Any:
    """Forms carry blocks and metadata as JSON."""
    return json.loads(value) if value[:1] in {"[", "{"} else value


@pytest.fixture
def slack_server() -> Iterator[SlackServer]:
    """A running SlackServer."""
    with SlackServer() as server:
        yield server
