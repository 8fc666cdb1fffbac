"""A local SMTP server that says what a test wants, byte for byte, and counts what it was given."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread
from typing import BinaryIO

DEFAULTS = {
    "banner": b"220 here\r\n",
    "EHLO": b"250 here\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "DATA": b"354 go on\r\n",
    "dot": b"250 ok\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass(frozen=True)
class Say:
    """What the server says once, when a session comes to this point."""

    at: str  #: a key of DEFAULTS; EHLO is HELO too
    content: bytes  #: nothing: the client waits
    closes: bool = False  #: the connection, after that
    keeps: bool = False  #: at the final dot: the mail is delivered
    drip: float = 0.0  #: seconds between the bytes
    again: bool = False  #: said each time from now on


@dataclass(frozen=True)
class Handed:
    """A whole mail that a client handed over."""

    to: str
    content: bytes
    kept: bool


class RawSmtp:
    """Use as a context manager. `script`: what it says at points to come, in order; then as a good server."""

    def __init__(self) -> None:
        self.script: list[Say] = []
        self.handed: list[Handed] = []
        self.strays: list[bytes] = []  #: lines that are no commands
        self._lock = Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> RawSmtp:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines, suppress(OSError):
            self._session(connection, lines)

    def _session(self, connection: socket.socket, lines: BinaryIO) -> None:
        is_open, to = self._say(connection, self._next("banner")), ""
        while is_open and (line := lines.readline()):
            verb = line[:4].decode("latin-1").upper().replace("HELO", "EHLO")
            if verb not in DEFAULTS:
                self.strays.append(line)
                continue
            to = line.decode("latin-1").strip() if verb == "RCPT" else to
            say = self._next(verb)
            is_open = self._say(connection, say)
            if is_open and verb == "DATA" and say.content.startswith(b"354"):
                is_open = self._take(connection, lines, to)

    def _take(self, connection: socket.socket, lines: BinaryIO, to: str) -> bool:
        content = b""
        while not content.endswith(b"\r\n.\r\n"):
            if not (line := lines.readline()):
                return False
            content += line
        say = self._next("dot")
        with self._lock:
            self.handed.append(Handed(to, content, say.keeps))
        return self._say(connection, say)

    def _next(self, at: str) -> Say:
        with self._lock:
            if self.script and self.script[0].at == at:
                return self.script[0] if self.script[0].again else self.script.pop(0)
        return Say(at, DEFAULTS[at], keeps=True)

    @staticmethod
    def _say(connection: socket.socket, say: Say) -> bool:
        pieces = [say.content[n : n + 1] for n in range(len(say.content))] if say.drip else [say.content]
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(say.drip)
        return not say.closes
