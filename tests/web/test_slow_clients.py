"""Clients that send nothing, send slowly or never end: the server closes them, and answers others meanwhile."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from waitress import wasyncore

from bot.web.slow_clients import LARGEST_BODY, LARGEST_HEAD, Limits, create_server

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
#: Connections that a client opens without completing a request: what it sends at once, and then again and again.
SLOW = {
    "nothing": (b"", b""),
    "a slow request line": (b"G", b"E"),
    "a head without end": (GET, b"A: b\r\n"),
    "a body without end": (POST, b"x"),
    "empty lines": (b"\r\n", b"\r\n"),
    "a second request": (GET + b"\r\n" + POST, b"x"),
}


def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3000")])
    return [b"x" * 3000]


@contextmanager
def running(limits: Limits) -> Iterator[tuple[str, int]]:
    """The address of a server in a thread."""
    server, ended = create_server(answer, "127.0.0.1:0", limits), threading.Event()

    def loop() -> None:
        while not ended.is_set():
            wasyncore.loop(timeout=0.05, map=server.map, use_poll=True, count=1)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        [(host, port)] = server.effective_listen
        yield host, int(port)
    finally:
        ended.set()
        thread.join()
        server.close()


def status(address: tuple[str, int]) -> int:
    connection = HTTPConnection(*address, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def closed_after(address: tuple[str, int], first: bytes, more: bytes, *, reads: bool = True) -> float:
    """Seconds until the server closes a connection that sends `more` ten times a second; five at most."""
    with socket.create_connection(address) as client:
        began = time.monotonic()
        client.sendall(first)
        client.settimeout(0.1)
        while time.monotonic() - began < 5:
            with suppress(TimeoutError):
                try:
                    if reads and not client.recv(65536):
                        break
                    client.sendall(more)
                except ConnectionError:
                    break
            time.sleep(0 if reads else 0.1)
        return time.monotonic() - began


@pytest.mark.parametrize("kind", SLOW)
def test_an_unfinished_request_is_closed(kind: str) -> None:
    """The time-out is for the whole request: bytes that arrive meanwhile do not extend it."""
    with running(Limits(request=0.3)) as address:
        assert 0.3 <= closed_after(address, *SLOW[kind]) < 2


def test_an_unused_connection_is_closed_later() -> None:
    """Between requests a connection may be idle for longer than a request may take."""
    with running(Limits(request=0.1, idle=0.6)) as address:
        assert 0.6 <= closed_after(address, GET + b"\r\n", b"") < 2


def test_a_client_that_reads_nothing_is_closed() -> None:
    """Requests whose answers are never read do not keep their connection open."""
    with running(Limits(request=0.2, idle=0.2)) as address:
        assert closed_after(address, (GET + b"\r\n") * 2000, b"G", reads=False) < 2


def test_the_longest_waiting_make_room() -> None:
    """With more connections than the limit, those that have waited longest are closed, and a new one is answered."""
    with running(Limits(connections=200)) as address, ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(address)) for _ in range(400)]
        assert status(address) == 200
        clients[0].settimeout(2)
        assert clients[0].recv(1) == b""
        clients[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            clients[-1].recv(1)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (GET + b"A: " + b"b" * LARGEST_HEAD, "431"),
        (POST.replace(b"100", str(LARGEST_BODY + 1).encode()), "413"),
    ],
)
def test_large_requests_are_refused(request_: bytes, code: str) -> None:
    """Before they are read: the memory that connections take is bounded."""
    with running(Limits()) as address, socket.create_connection(address) as client:
        client.sendall(request_)
        assert client.recv(12).decode().split()[1] == code
