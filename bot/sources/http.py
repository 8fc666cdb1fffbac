"""HTTP for reading: paced, identified, conditional, and bounded in size, time and number of tries.

Does not depend on what is asked for or what an answer means: a web page where data was expected is an answer like
any other. Must not be used to send anything, because it repeats requests.

The retry loop is our own: urllib3's `Retry` neither repeats a body that broke off, nor bounds Retry-After, nor waits
with a given `sleep`; with tenacity the code gets no shorter.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, RemoteDisconnected, responses
from threading import Event, Lock
from typing import Protocol
from urllib.parse import urlsplit

import requests
from requests import exceptions
from urllib3.exceptions import HTTPError, ReadTimeoutError

from bot import __version__
from bot.clock import utc_now
from bot.errors import SourceError, StatusError
from bot.sources.base import LONGEST_WAIT
from bot.sources.exchange import READ_TIMEOUT, EndedError, Exchange, UnreachableError
from bot.sources.urls import full_url, shown, without_credentials
from bot.text.plain import one_line

TOTAL_TIMEOUT = 90.0  #: seconds for one request with its redirects, whatever the server does
RETRY_WAITS = (2.0, 6.0)  #: seconds before the second and third try; a random 0 to 100 % is added
MAX_RETRY_AFTER = 30.0  #: seconds worth waiting for within one run; the next run waits for longer ones
DEFAULT_SPACING = 1.0  #: seconds, for a service that belongs to no group
TURN_LEASE = TOTAL_TIMEOUT + 10  #: seconds after which a turn ends whose holder has died

_RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})


class Validators(Protocol):
    """Remembers, by URL, what makes the next request for it conditional."""

    def get(self, url: str) -> tuple[str | None, str | None] | None:
        """ETag and Last-Modified of the last stored answer."""
        ...

    def put(self, url: str, etag: str | None, last_modified: str | None) -> None: ...


class Turns(Protocol):
    """The turns of the groups of services: who may ask one of them now."""

    def take(self, group: str, lease: float) -> float:
        """Take the turn for at most `lease` seconds.

        Returns 0 when it is taken, or else after how many seconds to try again.
        """
        ...

    def give_back(self, group: str, spacing: float) -> None:
        """The request has ended: the next one may begin in `spacing` seconds."""
        ...


class LocalTurns:
    """Turns of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free_at: dict[str, float] = {}  #: by group, on the clock

    def take(self, group: str, lease: float) -> float:
        return max(self._free_at.get(group, float("-inf")) - self._clock(), 0.0)

    def give_back(self, group: str, spacing: float) -> None:
        self._free_at[group] = self._clock() + spacing


@dataclass(slots=True)
class _RateLimit:
    """The limit that a group of services shares."""

    group: str
    spacing: float  #: seconds from the end of one request to the start of the next
    lock: Lock = field(
        default_factory=Lock
    )  #: held during a request, so that one thread at a time wants the turn


class _TransientError(SourceError):
    """No answer, for a reason that may have gone at the next try."""

    def __init__(self, message: str, retries: int = len(RETRY_WAITS), *, reached: bool = True) -> None:
        """`retries`: how many more tries it is worth. `reached`: whether the service was asked at all."""
        super().__init__(message)
        self.retries, self.reached = retries, reached


class PoliteHttp:
    """The `Http` of bot.sources.base. Sources in several threads each use a `separate` one.

    `spacing` maps a base URL to the name of the group that shares its limit, and that limit in seconds per request.
    `turns` keeps the limits, of this process alone unless it is given.

    `get` only stages what makes the next request conditional. The caller confirms it with `commit` once the bodies
    are stored: otherwise a crash in between would lose an answer, as the next request would get "not modified".
    """

    def __init__(
        self,
        *,
        validators: Validators,
        contact: str | None = None,
        spacing: Mapping[str, tuple[str, float]] | None = None,
        turns: Turns | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._agent = user_agent(contact)
        self._validators = validators
        self._staged: dict[str, tuple[str | None, str | None]] = {}
        self._groups = {base.rstrip("/"): group for base, (group, _) in (spacing or {}).items()}
        self._limits = {group: _RateLimit(group, seconds) for group, seconds in (spacing or {}).values()}
        self._turns = turns or LocalTurns()
        self._sleep, self._chance, self._now = sleep, chance, now
        self._closed = Event()
        self._running: set[Exchange] = set()
        self._lock = Lock()  #: of what separate ones share

    def separate(self) -> PoliteHttp:
        """One with the same limits, whose `commit` and `rollback` are about its own requests only."""
        other = copy.copy(self)
        other._staged = {}
        return other

    def close(self) -> None:
        """End what is in flight, also of separate ones and in other threads; every `get` then raises SourceError."""
        with self._lock:
            self._closed.set()
            running = tuple(self._running)
        for exchange in running:
            exchange.end()

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        """The body, or None if it is the one that `commit` has confirmed.

        Raises SourceError; StatusError if the HTTP status was the reason.
        """
        full = full_url(url, params)
        limit = self._limit(url)
        for tries, wait in enumerate((*RETRY_WAITS, 0.0)):
            try:
                return self._paced(limit, full)
            except SourceError as error:
                if tries >= _retries(error):
                    raise
                seconds = error.retry_after or wait * (1 + self._chance())
            self._sleep(seconds)
        raise AssertionError("the last try returns or raises")

    def commit(self) -> None:
        """The bodies that `get` returned are stored: the next requests for them may be conditional."""
        for url, (etag, last_modified) in self._staged.items():
            self._validators.put(url, etag, last_modified)
        self._staged.clear()

    def rollback(self) -> None:
        """The bodies that `get` returned are not stored: ask for them in full again."""
        self._staged.clear()

    def _limit(self, url: str) -> _RateLimit:
        """The limit of the longest base URL that contains this one, or else of its host."""
        bases = [base for base in self._groups if url == base or url.startswith((f"{base}/", f"{base}?"))]
        if bases:
            return self._limits[self._groups[max(bases, key=len)]]
        host = f"//{urlsplit(url).netloc}"
        return self._limits.setdefault(host, _RateLimit(host, DEFAULT_SPACING))

    def _paced(self, limit: _RateLimit, url: str) -> bytes | None:
        """One try, when the limit allows it."""
        spacing = limit.spacing
        with limit.lock:
            while (early := self._turns.take(limit.group, TURN_LEASE)) > 0:
                self._sleep(early)
            try:
                return self._request(url)
            except _TransientError as error:
                if not error.reached:
                    spacing = 0.0
                raise
            finally:
                # From the end: on a slow connection, requests may arrive closer together than they were sent.
                self._turns.give_back(limit.group, spacing)

    def _request(self, url: str) -> bytes | None:
        """One try: the body, or None for "not modified"."""
        etag, last_modified = self._validators.get(without_credentials(url)) or (None, None)
        validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        conditions = {name: value for name, value in validators.items() if value}
        with self._exchange() as exchange:
            try:
                response, body = exchange.get(url, conditions | {"User-Agent": self._agent}, TOTAL_TIMEOUT)
            except TimeoutError:
                raise SourceError(f"{shown(url)}: the answer took more than {TOTAL_TIMEOUT:.0f} s") from None
            except EndedError:
                raise SourceError("stopped before it was finished") from None
            except UnreachableError as error:
                raise _TransientError(f"{shown(url)}: no connection{error}", 1, reached=False) from None
            except (requests.RequestException, HTTPError) as error:
                # Without the error's own message, which contains the whole URL with its credentials.
                why, retries = _failure(error)
                raise _TransientError(f"{shown(url)}: {why}", retries) from None
        if response.status_code == HTTPStatus.NOT_MODIFIED and conditions:
            return None
        if not 200 <= response.status_code < 300:
            raise self._status_error(url, response)
        etag, last_modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
        if etag or last_modified:
            self._staged[without_credentials(url)] = (etag, last_modified)
        return body

    @contextmanager
    def _exchange(self) -> Iterator[Exchange]:
        """An exchange that `close` ends."""
        exchange = Exchange()
        with self._lock:
            if self._closed.is_set():
                raise SourceError("stopped before it was finished")
            self._running.add(exchange)
        try:
            yield exchange
        finally:
            with self._lock:
                self._running.discard(exchange)

    def _status_error(self, url: str, response: requests.Response) -> StatusError:
        seconds = retry_after(response.headers.get("Retry-After"), self._now())
        later = f", try again in {seconds:.0f} s" if seconds else ""
        status = response.status_code
        answer = f"{status} {responses.get(status, '')}".rstrip()
        return StatusError(f"{shown(url)} answered {answer}{later}", status, retry_after=seconds)


def user_agent(contact: str | None) -> str:
    """The name and a contact address, as arXiv asks for; only characters that an HTTP header can hold."""
    address = one_line(contact or "").encode("ascii", "ignore").decode()
    return f"Paperboy/{__version__} (+{address})" if address else f"Paperboy/{__version__}"


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds from now, from a number of seconds or an HTTP date (RFC 9110, 10.2.3); None if it is neither.

    At most LONGEST_WAIT.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT.total_seconds())
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    except (
        ValueError,
        TypeError,
        IndexError,
        OverflowError,
    ):  # Overflow: of a year of twenty digits
        return None
    return min(max(0.0, seconds), LONGEST_WAIT.total_seconds())


def _retries(error: SourceError) -> int:
    """How many more tries an error is worth."""
    if isinstance(error, StatusError):
        may_pass = error.status in _RETRIED_STATUSES and (error.retry_after or 0) <= MAX_RETRY_AFTER
        return len(RETRY_WAITS) if may_pass else 0
    return error.retries if isinstance(error, _TransientError) else 0


def _failure(error: Exception) -> tuple[str, int]:
    """What a failure is in words, and how many more tries it is worth."""
    causes = [error]
    while causes[-1].args and isinstance(cause := causes[-1].args[-1], Exception):
        causes.append(cause)
    if any(isinstance(c, exceptions.Timeout | ReadTimeoutError) for c in causes):
        return f"no answer within {READ_TIMEOUT:.0f} s", 1
    if isinstance(causes[-1], HTTPException) and not isinstance(causes[-1], RemoteDisconnected):
        return f"the answer is not sound HTTP ({type(causes[-1]).__name__})", 0
    return next((why, retries) for kind, why, retries in _FAILURES if isinstance(error, kind))


#: What each other failure is in words, and how many more tries it is worth. Subclasses come before their bases.
_FAILURES: tuple[tuple[type[Exception], str, int], ...] = (
    (exceptions.SSLError, "no secure connection (TLS failed)", 0),
    (exceptions.ProxyError, "the proxy refuses the connection", 2),
    (exceptions.ConnectionError, "no connection: it broke before there was an answer", 2),
    (exceptions.ChunkedEncodingError, "the connection broke in the middle of the answer", 2),
    (exceptions.ContentDecodingError, "the answer's compression is damaged", 2),
    (Exception, "the request failed", 0),
)
