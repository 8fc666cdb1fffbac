"""A local Socket Mode server: real WebSockets, envelopes with measured acknowledgements, and broken connections."""

from __future__ import annotations

import json
import socket as sockets
import time
from contextlib import suppress
from itertools import count
from threading import Condition, Thread
from types import TracebackType
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.support.slack_server import SlackServer

Payload = dict[str, Any]
TICKET = "secret-ticket"


class SocketMode:
    """Use as a context manager. Clients find it by apps.connections.open of the SlackServer."""

    def __init__(self, slack: SlackServer) -> None:
        self._slack = slack
        self._connections: list[ServerConnection] = []
        self._changed = Condition()
        self._numbers = count(1)
        self.acknowledged: dict[str, float] = {}  #: times by envelope
        self.connected = 0  #: how often
        self._server = serve(self._serve, "127.0.0.1", 0)
        self._thread = Thread(target=self._server.serve_forever)

    def __enter__(self) -> SocketMode:
        port = self._server.socket.getsockname()[1]
        self._slack.socket_url = f"ws://127.0.0.1:{port}/link/?ticket={TICKET}"
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.drop()
        self._server.shutdown()
        self._thread.join()

    def _serve(self, connection: ServerConnection) -> None:
        connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        with self._changed:
            self._connections.append(connection)
            self.connected += 1
            self._changed.notify_all()
        with suppress(ConnectionClosed):
            for message in connection:
                envelope = json.loads(message)["envelope_id"]
                with self._changed:
                    self.acknowledged[envelope] = time.perf_counter()
                    self._changed.notify_all()
        with self._changed:
            self._connections.remove(connection)
            self._changed.notify_all()

    def wait(self, times: int = 1, timeout: float = 15) -> None:
        """Until a client has connected so often, and is connected."""
        with self._changed:
            is_there = self._changed.wait_for(lambda: self.connected >= times and self._connections, timeout)
            assert is_there, f"connected {self.connected} times"

    def send(self, kind: str, payload: Payload, envelope: str = "") -> float:
        """Send an envelope. Returns the seconds until it was acknowledged."""
        envelope = envelope or f"envelope-{next(self._numbers)}"
        self.acknowledged.pop(envelope, None)
        message = {
            "envelope_id": envelope,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": True,
        }
        self.wait()
        started = time.perf_counter()
        self._connections[-1].send(json.dumps(message))
        with self._changed:
            assert self._changed.wait_for(lambda: envelope in self.acknowledged, 10), "not acknowledged"
            return self.acknowledged[envelope] - started

    def refresh(self) -> None:
        """Ask clients to connect again, as Slack does every few hours."""
        for connection in list(self._connections):
            connection.send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))

    def drop(self) -> None:
        """End all connections without a word."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.socket.shutdown(sockets.SHUT_RDWR)
