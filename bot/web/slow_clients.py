"""waitress with time-outs for whole requests, so that slow clients cannot starve the others.

waitress closes a connection only after two minutes without any byte, and accepts no more than it has room for.
"""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any
from wsgiref.types import WSGIApplication

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import MultiSocketServer, TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

#: Most bytes of a request's head and of its body, which may be a profile file as a form.
LARGEST_HEAD, LARGEST_BODY = 16 * 1024, 1024 * 1024
#: Requests answered at once: more than those that `bot.web.limits` lets wait or compute for long.
THREADS = 14
#: Most connections accepted in one round of the loop.
_BATCH = 64
#: Files that the process may open besides connections.
_OTHER_FILES = 256


@dataclass(frozen=True)
class Limits:
    request: float = 10  #: seconds for a whole request, from the connection or from the request's first byte
    idle: float = 75  #: seconds between requests; more than proxies keep unused connections (nginx: 60)
    connections: int = 2000  #: when there are more, those that have waited longest are closed


class _Connection(HTTPChannel):  # type: ignore[misc]
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.since = time.monotonic()  #: since when it waits for a whole request, or unused for the next one
        self.is_unused = False  #: a new connection must bring a request as soon as a request must be complete

    def received(self, data: bytes) -> bool:
        if self.is_unused:
            self.since, self.is_unused = time.monotonic(), False
        return bool(super().received(data))

    def service(self) -> None:
        super().service()
        self.since, self.is_unused = time.monotonic(), self.request is None

    def is_late(self, limits: Limits) -> bool:
        limit = limits.idle if self.is_unused else limits.request
        return not self.requests and time.monotonic() - self.since > limit

    def drop(self) -> None:
        """Let the loop close it, also when its client reads nothing."""
        self.will_close = True
        with suppress(OSError):  # the client has closed it
            self.socket.shutdown(socket.SHUT_RDWR)


class _Server(TcpWSGIServer):  # type: ignore[misc]
    channel_class = _Connection
    limits: Limits
    is_stopping: Callable[[], bool]

    def maintenance(self, now: float) -> None:
        for connection in self.active_channels.values():
            if connection.is_late(self.limits):
                connection.drop()

    def readable(self) -> bool:
        if self.is_stopping():
            raise SystemExit  # how waitress ends its loop
        surplus = len(self._map) + _BATCH - self.limits.connections
        if surplus > 0:
            connections = (one for one in self._map.values() if isinstance(one, _Connection))
            waiting = (one for one in connections if not one.requests)
            for connection in nsmallest(surplus, waiting, key=lambda one: one.since):
                connection.drop()
        return bool(super().readable())

    def handle_accept(self) -> None:
        for _ in range(_BATCH):
            before = len(self._map)
            super().handle_accept()
            if len(self._map) == before:
                return


def create_server(
    application: WSGIApplication,
    listen: str,
    limits: Limits | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> MultiSocketServer:
    """A server that listens, with `run` and `close`. `limits`: by default what the system's limit of files allows.
    `is_stopping`: asked at least every second; when it says yes, `run` finishes the requests in progress and returns.

    `listen`: host and port, as `127.0.0.1:8080`. Raises OSError, or ValueError for an unknown host.
    """
    limits = limits or Limits(connections=_allowed_connections(Limits.connections))
    options = Adjustments(
        listen=listen,
        ident="",
        max_request_header_size=LARGEST_HEAD,
        max_request_body_size=LARGEST_BODY,
        clear_untrusted_proxy_headers=False,  # `bot.web.access` decides which proxy to believe
        connection_limit=limits.connections + 2 * _BATCH,  # `readable` makes room before
        asyncore_use_poll=True,  # `select` fails for the 1,025th file
    )
    options.cleanup_interval = limits.request / 10  # seconds between two calls of `maintenance`
    map_: dict[int, Any] = {}
    threads = ThreadedTaskDispatcher()
    servers = [
        _Server(application, map_, dispatcher=threads, adj=options, sockinfo=address)
        for address in options.listen
    ]
    for server in servers:
        server.limits = limits
        server.is_stopping = is_stopping
    threads.set_thread_count(THREADS)
    addresses = [(server.effective_host, server.effective_port) for server in servers]
    return MultiSocketServer(map_, options, addresses, threads, servers[0].log_info)


def _allowed_connections(wanted: int) -> int:
    """Raise the process's limit of open files for `wanted` connections; how many it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited, files = resource.RLIM_INFINITY, wanted + _OTHER_FILES
    if soft != unlimited and soft < files:
        soft = files if hard == unlimited else min(files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == unlimited else min(wanted, max(soft - _OTHER_FILES, soft // 2))
