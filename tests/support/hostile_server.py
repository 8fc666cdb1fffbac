"""A source that does everything to keep its reader: it drips, hangs, floods, redirects, and never ends."""

from __future__ import annotations

import socket
from collections.abc import Callable
from threading import Event, Thread

OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /again\r\n"

#: What is sent at once, and what is sent again and again after that, by the name of the attack.
DRIPS = {
    "status line": (b"", b"H"),
    "header": (OK + b"X: ", b"x"),
    "headers": (OK, b"X: y\r\n"),
    "body": (OK + b"Content-Length: 100000\r\n\r\n", b"x"),
    "body without a length": (OK + b"\r\n", b"x"),
    "chunk": (_CHUNKED + b"fffff\r\n", b"x"),
    "chunk size": (_CHUNKED, b"0"),
    "trailers": (_CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n"),
    "100 Continue": (b"", _CONTINUE),
}
FLOODS = {
    "headers": (OK, b"X: y\r\n" * 1000),
    "one header": (OK + b"X: ", b"x" * 65_536),
    "body": (OK + b"\r\n", b"x" * 65_536),
    "body of a redirect": (_REDIRECT + b"\r\n", b"x" * 65_536),
}


class HostileServer:
    """Answers every request with `head`, and then with `unit` every `pause` seconds; without one it stays silent.

    Use as a context manager.
    """

    def __init__(self, head: bytes = b"", unit: bytes = b"", pause: float = 0.0) -> None:
        self.head, self.unit, self.pause = head, unit, pause
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._stop = Event()
        self._threads: list[Thread] = []

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> HostileServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        self._threads.append(thread := Thread(target=work, args=arguments))
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._answer, connection)

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(1)
            try:
                connection.recv(65_536)
                connection.sendall(self.head)
                if not self.unit:
                    self._stop.wait()
                while not self._stop.wait(self.pause):
                    connection.sendall(self.unit)
            except OSError:
                """The reader has given up."""
