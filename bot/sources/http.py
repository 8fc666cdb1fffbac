"""HTTP for reading: paced, identified, conditional, and bounded in size, time and number of tries.

Does not depend on what is asked for or what an answer means: a web page where data was expected is an answer like
any other. Must not be used to send anything, because it repeats requests.

The retry loop is our own: urllib3's `Retry` neither repeats a body that broke off, nor bounds Retry-After, nor waits
with a given `sleep`; with tenacity the code gets no shorter.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import responses
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import requests
from requests import exceptions

from bot import __version__
from bot.clock import utc_now
from bot.errors import SourceError, StatusError
from bot.text.plain import one_line

CONNECT_TIMEOUT = 10.0  #: seconds
READ_TIMEOUT = 60.0  #: seconds without a byte; arXiv's OAI takes half a minute for a page of a big set
TOTAL_TIMEOUT = 300.0  #: seconds for one body: a server that drips bytes never exceeds READ_TIMEOUT
MAX_BYTES = 50_000_000  #: of one unpacked body: the largest real answer has 10 MB
MAX_REDIRECTS = 5
RETRY_WAITS = (2.0, 6.0)  #: seconds before the second and third try; a random 0 to 100 % is added
MAX_RETRY_AFTER = 30.0  #: seconds worth waiting for within one run; the next run waits for longer ones
DEFAULT_SPACING = 1.0  #: seconds, for a service that belongs to no group

_RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
_CHUNK = 65_536


class Validators(Protocol):
    """Remembers, by URL, what makes the next request for it conditional."""

    def get(self, url: str) -> tuple[str | None, str | None] | None:
        """ETag and Last-Modified of the last stored answer."""
        ...

    def put(self, url: str, etag: str | None, last_modified: str | None) -> None: ...


@dataclass(slots=True)
class _RateLimit:
    """The limit that a group of services shares."""

    spacing: float  #: seconds from the end of one request to the start of the next
    free_at: float = float("-inf")  #: when the next request may start, on the monotonic clock


class _TransientError(SourceError):
    """No answer, for a reason that may have gone at the next try."""


class PoliteHttp:
    """The `Http` of bot.sources.base on one requests session; not thread-safe.

    `spacing` maps a base URL to the name of the group that shares its limit, and that limit in seconds per request.

    `get` only stages what makes the next request conditional. The caller confirms it with `commit` once the bodies
    are stored: otherwise a crash in between would lose an answer, as the next request would get "not modified".
    """

    def __init__(
        self,
        *,
        validators: Validators,
        contact: str | None = None,
        spacing: Mapping[str, tuple[str, float]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._session = requests.Session()
        self._session.headers["User-Agent"] = user_agent(contact)
        self._session.max_redirects = MAX_REDIRECTS
        self._validators = validators
        self._staged: dict[str, tuple[str | None, str | None]] = {}
        self._groups = {base.rstrip("/"): group for base, (group, _) in (spacing or {}).items()}
        self._limits = {group: _RateLimit(seconds) for group, seconds in (spacing or {}).values()}
        self._clock, self._sleep, self._chance, self._now = clock, sleep, chance, now

    def close(self) -> None:
        self._session.close()

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        """The body, or None if it is the one that `commit` has confirmed.

        Raises SourceError; StatusError if the HTTP status was the reason.
        """
        full = _full_url(url, params)
        limit = self._limit(url)
        for wait in (*RETRY_WAITS, None):
            if (early := limit.free_at - self._clock()) > 0:
                self._sleep(early)
            try:
                return self._request(full)
            except SourceError as error:
                if wait is None or not _is_worth_a_retry(error):
                    raise
                seconds = error.retry_after or wait * (1 + self._chance())
            finally:
                # From the end: on a slow connection, requests may arrive closer together than they were sent.
                limit.free_at = self._clock() + limit.spacing
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
        return self._limits.setdefault(f"//{urlsplit(url).netloc}", _RateLimit(DEFAULT_SPACING))

    def _request(self, url: str) -> bytes | None:
        """One try: the body, or None for "not modified"."""
        etag, last_modified = self._validators.get(_without_credentials(url)) or (None, None)
        validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        conditions = {name: value for name, value in validators.items() if value}
        timeout = (CONNECT_TIMEOUT, READ_TIMEOUT)
        try:
            with self._session.get(url, headers=conditions, timeout=timeout, stream=True) as response:
                if response.status_code == HTTPStatus.NOT_MODIFIED and conditions:
                    return None
                if not 200 <= response.status_code < 300:
                    raise self._status_error(url, response)
                body = self._body(url, response)
        except requests.RequestException as error:
            # Without the error's own message, which contains the whole URL with its credentials.
            failures = ((why, may_pass) for kind, why, may_pass in _FAILURES if isinstance(error, kind))
            why, is_transient = next(failures)
            raise (_TransientError if is_transient else SourceError)(f"{shown(url)}: {why}") from None
        etag, last_modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
        if etag or last_modified:
            self._staged[_without_credentials(url)] = (etag, last_modified)
        return body

    def _status_error(self, url: str, response: requests.Response) -> StatusError:
        seconds = retry_after(response.headers.get("Retry-After"), self._now())
        later = f", try again in {seconds:.0f} s" if seconds else ""
        status = response.status_code
        answer = f"{status} {responses.get(status, '')}".rstrip()
        return StatusError(f"{shown(url)} answered {answer}{later}", status, retry_after=seconds)

    def _body(self, url: str, response: requests.Response) -> bytes:
        body, deadline = bytearray(), self._clock() + TOTAL_TIMEOUT
        for part in response.iter_content(_CHUNK):
            body += part
            if len(body) > MAX_BYTES:
                raise SourceError(f"{shown(url)}: the answer has more than {MAX_BYTES // 1_000_000} MB")
            if self._clock() > deadline:
                raise SourceError(f"{shown(url)}: the answer took more than {TOTAL_TIMEOUT:.0f} s")
        return bytes(body)


def user_agent(contact: str | None) -> str:
    """The name and a contact address, as arXiv asks for; only characters that an HTTP header can hold."""
    address = one_line(contact or "").encode("ascii", "ignore").decode()
    return f"Paperboy/{__version__} (+{address})" if address else f"Paperboy/{__version__}"


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds from now, from a number of seconds or an HTTP date (RFC 9110, 10.2.3); None if it is neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def shown(url: str) -> str:
    """A URL for messages: without user, password, query and fragment, any of which may hold a secret."""
    parts = urlsplit(_without_credentials(url))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _full_url(url: str, params: Mapping[str, str] | None) -> str:
    try:
        full = requests.Request("GET", url, params=params).prepare().url
    except (requests.RequestException, ValueError):
        full = None
    if not full or urlsplit(full).scheme not in {"http", "https"}:
        raise SourceError("the source's base URL is not an http or https address") from None
    return full


def _is_worth_a_retry(error: SourceError) -> bool:
    if isinstance(error, StatusError):
        return error.status in _RETRIED_STATUSES and (error.retry_after or 0) <= MAX_RETRY_AFTER
    return isinstance(error, _TransientError)


#: What each failure is in words, and whether another try may help. Subclasses come before their bases.
_FAILURES: tuple[tuple[type[requests.RequestException], str, bool], ...] = (
    (exceptions.ConnectTimeout, f"no connection within {CONNECT_TIMEOUT:.0f} s", True),
    (exceptions.Timeout, f"no answer within {READ_TIMEOUT:.0f} s", True),
    (exceptions.SSLError, "no secure connection (TLS failed)", False),
    (exceptions.ProxyError, "the proxy refuses the connection", True),
    (exceptions.ConnectionError, "no connection", True),
    (exceptions.ChunkedEncodingError, "the connection broke in the middle of the answer", True),
    (exceptions.ContentDecodingError, "the answer's compression is damaged", True),
    (exceptions.TooManyRedirects, "too many redirects", False),
    (exceptions.RequestException, "the request failed", False),
)
