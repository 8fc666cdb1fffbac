"""One request to Slack's Web API over HTTP, bounded in time and size.

No redirect is followed: every request has the token.
"""

from __future__ import annotations

import errno
import io
import logging
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from socket import socket
from typing import Any
from urllib.request import (
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from slack_sdk import WebClient

#: Bytes of an answer. Slack's longest are pages of 15 messages.
_LONGEST_ANSWER = 8_000_000
#: slack_sdk logs what it also raises, header values included.
_SDK_LOG = logging.getLogger("paperboy.slack_sdk")
_SDK_LOG.addHandler(logging.NullHandler())
_SDK_LOG.propagate = False


class Client(WebClient):
    """slack_sdk's client without its retry handlers: the default one posts again when a connection drops (measured).

    `timeout`: seconds, for the connection, for writing, and for the whole answer. `before_write` is called when the
    connection is open, immediately before each write; when it raises, the connection is closed.
    """

    def __init__(
        self, token: str, base: str, timeout: int, before_write: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(token, base_url=base, timeout=timeout, retry_handlers=[], logger=_SDK_LOG)
        # Without handlers for redirects and statuses. slack_sdk's own use of a proxy ignores NO_PROXY.
        self._opener = OpenerDirector()
        for handler in (ProxyHandler(), UnknownHandler(), _Http(before_write), _Https(before_write)):
            self._opener.add_handler(handler)

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        """Overrides slack_sdk's, which its `api_call` calls once for a request without retry handlers."""
        with self._opener.open(req, timeout=self.timeout) as answer:
            body = answer.read(_LONGEST_ANSWER + 1)
        if len(body) > _LONGEST_ANSWER:
            raise OSError(errno.EMSGSIZE, "the answer is too long")
        return {"status": answer.status, "headers": answer.headers, "body": body.decode("utf-8", "replace")}


class _Answer(HTTPResponse):
    """Must end within the socket's time-out, which otherwise is that of each read."""

    def __init__(self, sock: socket, *arguments: Any, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        self.fp = io.BufferedReader(_UntilTimeout(sock, self.fp.detach()))


class _UntilTimeout(io.RawIOBase):
    def __init__(self, sock: socket, file: io.RawIOBase) -> None:
        self._sock, self._file = sock, file
        self._end = time.monotonic() + (sock.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Connection(HTTPConnection):
    response_class = _Answer

    def __init__(self, before_write: Callable[[], None], *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._before_write = before_write
        self._is_open = False

    def connect(self) -> None:
        """Raises only OSError, also for what is wrong with the host's name or a proxy's answer."""
        try:
            super().connect()
        except OSError:
            raise
        except (HTTPException, ValueError) as error:
            raise OSError(errno.EPROTO, type(error).__name__) from error
        self._is_open = True

    def send(self, data: Any) -> None:
        """Called once for the headers and once for the body, and before that for what opens a proxy's tunnel."""
        if self.sock is None:
            self.connect()
        if self._is_open:
            self._before_write()
            self.sock.settimeout(self.timeout)
        super().send(data)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Http(HTTPHandler):
    def __init__(self, before_write: Callable[[], None]) -> None:
        super().__init__()
        self._connection = partial(_Connection, before_write)

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._connection, req)


class _Https(HTTPSHandler):
    def __init__(self, before_write: Callable[[], None]) -> None:
        super().__init__()
        self._connection = partial(_TlsConnection, before_write)

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(self._connection, req)
