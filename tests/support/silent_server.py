"""A server that takes connections and never gives a whole answer, in place of any service."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: An HTTP answer that is endless when a byte comes now and then.
DRIP = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000000\r\n\r\n"


@contextmanager
def silent_server(begin: bytes = b"", drip: float | None = None) -> Iterator[tuple[int, threading.Event]]:
    """The port of a server that sends `begin` to each connection, then a byte every `drip` seconds, or nothing; and
    an event that is set when there was a connection.
    """
    ended, connected = threading.Event(), threading.Event()

    def serve(connection: socket.socket) -> None:
        connected.set()
        with connection, contextlib.suppress(OSError):
            connection.sendall(begin)
            while not ended.wait(drip):
                connection.sendall(b" ")

    def accept() -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1], connected
        finally:
            ended.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
