"""One HTTP exchange that ends at its deadline, whatever the server does, and connects only where it may.

The time-outs of requests are for each read: a server that sends a byte now and then never exceeds them. So an
exchange runs in a thread of its own. At the deadline the caller gets TimeoutError at once, and the exchange's sockets
are shut down, which ends whatever the thread is waiting for: a connection, a TLS handshake, a status line, headers,
a body. Redirects are followed here, because requests would read their bodies to the end and follow them anywhere.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from bot.errors import SourceError
from bot.sources.urls import full_url, shown
from bot.text.addresses import is_public_address

#: A response, and its whole body.
Answer = tuple[requests.Response, bytes]

CONNECT_TIMEOUT = 10.0  #: seconds, for all addresses of a host together
READ_TIMEOUT = 45.0  #: seconds without a byte; arXiv's OAI takes half a minute for a page of a big set
MAX_BYTES = 50_000_000  #: of one unpacked body: the largest real answer has 10 MB
MAX_REDIRECTS = 5

_CHUNK = 65_536


class UnreachableError(Exception):
    """No connection; the message continues `no connection`."""


class PrivateAddressError(Exception):
    """A host is not on the public internet; the message is its address."""


class EndedError(Exception):
    """`Exchange.end` was called before there was a result."""


class Exchange(HTTPAdapter):
    """The connections of one request and of the redirects that follow it; for one `get`."""

    def __init__(self) -> None:
        self._only_public = False  #: whether to connect to addresses of the public internet only
        self._has_met_private = False  #: whether it has connected to another address
        self._lock = Lock()
        self._has_ended = False
        self._sockets: list[socket.socket] = []
        self._results: SimpleQueue[tuple[Answer | None, BaseException | None]] = SimpleQueue()
        self._pools = _pools(self)
        super().__init__()

    def get(self, url: str, headers: Mapping[str, str], seconds: float) -> Answer:
        """The answer at the end of all redirects, and the body of a success.

        Raises TimeoutError after so many seconds, EndedError when `end` is called, UnreachableError without a
        connection, SourceError for a body that is too large or a redirect that is not followed, and the errors of
        requests and urllib3.
        """
        Thread(target=self._work, args=(url, headers), daemon=True).start()
        try:
            answer, error = self._results.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None
        finally:
            self.end()
        if error is not None:
            raise error
        assert answer is not None
        return answer

    def end(self) -> None:
        """Give up, from any thread."""
        with self._lock:
            self._has_ended = True
            for sock in self._sockets:
                with suppress(OSError):  # the server was faster
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()
            self._sockets.clear()
        self._results.put((None, EndedError()))

    def _work(self, url: str, headers: Mapping[str, str]) -> None:
        try:
            self._results.put((self._follow(url, headers), None))
        except BaseException as error:
            self._results.put((None, error))

    def _follow(self, url: str, headers: Mapping[str, str]) -> Answer:
        at = url
        with _Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, self)
            for _ in range(1 + MAX_REDIRECTS):
                try:
                    response = session.get(at, headers=headers, timeout=READ_TIMEOUT, stream=True)
                except PrivateAddressError as error:
                    host = f"{urlsplit(at).hostname}, which is not on the public internet ({error})"
                    raise SourceError(f"{shown(url)}: it redirects to {host}: not followed") from None
                with response:
                    if not response.is_redirect:
                        return response, _body(url, response) if response.ok else b""
                    at = _redirected(url, at, response.headers["Location"])
                # A source in a private network may redirect within it; one outside may not reach into it.
                self._only_public = not self._has_met_private
        raise SourceError(f"{shown(url)}: more than {MAX_REDIRECTS} redirects")

    # --- Connections --------------------------------------------------------------------------------------

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._watch_pools(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        if isinstance(manager, ProxyManager):  # not SOCKS, which has connections of its own
            self._watch_pools(manager)
        return manager

    def _watch_pools(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = self._pools

    def connect(self, connection: HTTPConnection) -> socket.socket:
        """Connect to a host, or to the proxy, which decides by itself where it connects to."""
        deadline = time.monotonic() + CONNECT_TIMEOUT
        try:
            found = socket.getaddrinfo(connection.host, connection.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise UnreachableError(": the host's name was not found") from None
        why = ""
        for family, kind, protocol, _, address in found:
            is_private = connection.proxy is None and not is_public_address(str(address[0]))
            if is_private and self._only_public:
                raise PrivateAddressError(str(address[0]))
            try:
                sock = self._open(family, kind, protocol, address, max(deadline - time.monotonic(), 0.001))
            except TimeoutError:
                why = f" within {CONNECT_TIMEOUT:.0f} s"
            except OSError as error:
                why = f": {(error.strerror or 'it failed').lower()}"
            else:
                sock.settimeout(READ_TIMEOUT)  # also of the TLS handshake
                self._has_met_private |= is_private
                return sock
        raise UnreachableError(why)

    def _open(self, family: int, kind: int, protocol: int, address: Any, seconds: float) -> socket.socket:
        """A connected socket, of which `end` has a duplicate, because TLS takes the socket itself over."""
        sock = socket.socket(family, kind, protocol)
        try:
            with self._lock:
                if self._has_ended:
                    raise EndedError
                self._sockets.append(sock.dup())
            sock.settimeout(seconds)
            sock.connect(address)
        except BaseException:
            sock.close()
            raise
        return sock


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: follow nothing."""


def _body(url: str, response: requests.Response) -> bytes:
    body = bytearray()
    for part in response.iter_content(_CHUNK):
        body += part
        if len(body) > MAX_BYTES:
            raise SourceError(f"{shown(url)}: the answer has more than {MAX_BYTES // 1_000_000} MB")
    return bytes(body)


def _redirected(url: str, at: str, location: str) -> str:
    """The address that `at` redirects to, in the chain that began with `url`."""
    try:  # http.client reads headers as Latin-1
        target = full_url(urljoin(at, location.encode("latin-1", "replace").decode("utf-8", "replace")))
    except (SourceError, ValueError):
        raise SourceError(f"{shown(url)}: it redirects to what is not a web address: not followed") from None
    if at.startswith("https:") and not target.startswith("https:"):
        why = f"it redirects from https to plain http, at {urlsplit(target).hostname}: not followed"
        raise SourceError(f"{shown(url)}: {why}")
    return target


def _pools(exchange: Exchange) -> dict[str, Any]:
    """urllib3's pools, with connections that are opened by the exchange."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return exchange.connect(self)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return exchange.connect(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
