"""Polite HTTP for reading: paced, identified, conditional, bounded in size, time and number of tries.

Owns everything about how a service is asked. Refuses to know what is asked for and what an answer means; a web
page where data was expected is an answer like any other. Never used to send anything.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from threading import RLock
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit, urlunsplit

import requests

from bot import __version__
from bot.clock import utc_now
from bot.errors import SourceError, StatusError
from bot.text.plain import one_line

CONNECT_TIMEOUT = 10.0  #: seconds
READ_TIMEOUT = 60.0  #: seconds without a byte; arXiv's OAI takes half a minute for a page of a big set
WHOLE_TIMEOUT = 300.0  #: seconds for one body: a server that drips bytes never meets the timeout above
MOST_BYTES = 50_000_000  #: of one body once unpacked: the largest real answer has 10 MB
MOST_REDIRECTS = 5
TRIES = 3
FIRST_WAIT = 2.0  #: seconds; three times as long before the next try, and up to as much again by chance
LONGEST_RETRY_AFTER = 30.0  #: seconds worth waiting for within one run; longer is the next run's business
DEFAULT_SPACING = 1.0  #: seconds, for a service that nobody grouped

_AGAIN = frozenset({429, 500, 502, 503, 504})
_CHUNK = 65_536


class Validators(Protocol):
    """Remembers, by URL, what makes the next request for it conditional."""

    def get(self, url: str) -> tuple[str | None, str | None] | None:
        """ETag and Last-Modified of the last stored answer."""
        ...

    def put(self, url: str, etag: str | None, last_modified: str | None) -> None: ...


class MemoryValidators:
    """Validators that last as long as the process."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str | None, str | None]] = {}

    def get(self, url: str) -> tuple[str | None, str | None] | None:
        return self._known.get(url)

    def put(self, url: str, etag: str | None, last_modified: str | None) -> None:
        self._known[url] = (etag, last_modified)


@dataclass(slots=True)
class _Group:
    """Services that share one limit and one connection."""

    spacing: float  #: seconds from the end of one request to the start of the next
    free_at: float = float("-inf")  #: on the monotonic clock
    lock: RLock = field(default_factory=RLock)


@dataclass(frozen=True, slots=True)
class _Again:
    """A try that failed in a way that another may not."""

    error: SourceError

    @property
    def is_worth_waiting(self) -> bool:
        return self.error.retry_after is None or self.error.retry_after <= LONGEST_RETRY_AFTER


class PoliteHttp:
    """The `Http` of bot.ports on one requests session.

    `spacing` maps a base URL to the group that shares its limit, and that limit in seconds a request. arXiv's
    three services are one group with 3.0 (https://info.arxiv.org/help/api/tou.html), Hugging Face allows 500
    calls in 5 minutes (https://huggingface.co/docs/hub/rate-limits).

    What makes requests conditional is staged by `get`, and remembered only by `commit`, which the caller makes
    once the bodies are stored: else a crash in between would hide an answer behind "nothing changed".
    """

    def __init__(
        self,
        *,
        contact: str | None = None,
        spacing: Mapping[str, tuple[str, float]] | None = None,
        validators: Validators | None = None,
        session: requests.Session | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._session = session or requests.Session()
        self._session.headers["User-Agent"] = user_agent(contact)
        self._session.max_redirects = MOST_REDIRECTS
        self._validators = validators or MemoryValidators()
        self._staged: dict[str, tuple[str | None, str | None]] = {}
        self._prefixes = {base.rstrip("/"): group for base, (group, _) in (spacing or {}).items()}
        self._groups = {group: _Group(seconds) for group, seconds in (spacing or {}).values()}
        self._clock, self._sleep, self._chance, self._now = clock, sleep, chance, now

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        """The body, or None when it is the one that `commit` has confirmed.

        Raises SourceError; StatusError when the service's status was the reason.
        """
        full = _full_url(url, params)
        group = self._group(url)
        wait = FIRST_WAIT
        for tries_left in range(TRIES - 1, -1, -1):
            with self._turn(group):
                answer = self._once(full)
            if not isinstance(answer, _Again):
                return answer
            if not tries_left or not answer.is_worth_waiting:
                raise answer.error
            self._sleep(answer.error.retry_after or wait * (1 + self._chance()))
            wait *= 3
        raise AssertionError("the last try returns or raises")

    def commit(self) -> None:
        """The bodies that `get` returned are stored: the next requests for them may be conditional."""
        for url, (etag, last_modified) in self._staged.items():
            self._validators.put(url, etag, last_modified)
        self._staged.clear()

    def rollback(self) -> None:
        """They are not stored: ask for them in full again."""
        self._staged.clear()

    def _group(self, url: str) -> _Group:
        """The one of the longest base URL that this one lies under; else one for its host."""
        bases = [base for base in self._prefixes if _is_under(url, base)]
        if bases:
            return self._groups[self._prefixes[max(bases, key=len)]]
        return self._groups.setdefault(f"//{urlsplit(url).netloc}", _Group(DEFAULT_SPACING))

    @contextmanager
    def _turn(self, group: _Group) -> Iterator[None]:
        """Alone in the group, and not too early. Counted from the end of the last request: a slow connection
        must not make two of them arrive closer together than they left.
        """
        with group.lock:
            early = group.free_at - self._clock()
            if early > 0:
                self._sleep(early)
            try:
                yield
            finally:
                group.free_at = self._clock() + group.spacing

    def _once(self, url: str) -> bytes | _Again | None:
        """One try: the body, None for "nothing changed", or why another one may help."""
        name = shown(url)
        try:
            with self._session.get(
                url, headers=self._conditions(url), timeout=(CONNECT_TIMEOUT, READ_TIMEOUT), stream=True
            ) as response:
                return self._judged(url, response)
        except requests.RequestException as error:
            # Never the error's own words: they hold the whole URL, credentials and all.
            failure = SourceError(f"{name}: {_in_words(error)}")
            if _is_passing(error):
                return _Again(failure)
            raise failure from None

    def _conditions(self, url: str) -> dict[str, str]:
        etag, last_modified = self._validators.get(_key(url)) or (None, None)
        headers = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        return {name: value for name, value in headers.items() if value}

    def _judged(self, url: str, response: requests.Response) -> bytes | _Again | None:
        status = response.status_code
        if status == HTTPStatus.NOT_MODIFIED and "If-None-Match" in response.request.headers:
            return None
        if status == HTTPStatus.NOT_MODIFIED and "If-Modified-Since" in response.request.headers:
            return None
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            error = self._status_error(url, response)
            if status in _AGAIN:
                return _Again(error)
            raise error
        body = self._body(url, response)
        self._stage(url, response.headers)
        return body

    def _status_error(self, url: str, response: requests.Response) -> StatusError:
        seconds = retry_after(response.headers.get("Retry-After"), self._now())
        later = f", try again in {seconds:.0f} s" if seconds else ""
        message = f"{shown(url)} answered {_status_in_words(response.status_code)}{later}"
        return StatusError(message, response.status_code, retry_after=seconds)

    def _body(self, url: str, response: requests.Response) -> bytes:
        parts: list[bytes] = []
        size, until = 0, self._clock() + WHOLE_TIMEOUT
        for part in response.iter_content(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise SourceError(
                    f"{shown(url)}: more than {MOST_BYTES // 1_000_000} MB, not read any further"
                )
            if self._clock() > until:
                raise SourceError(f"{shown(url)}: the answer took more than {WHOLE_TIMEOUT:.0f} s")
        return b"".join(parts)

    def _stage(self, url: str, headers: Mapping[str, str]) -> None:
        etag, last_modified = headers.get("ETag"), headers.get("Last-Modified")
        if etag or last_modified:
            self._staged[_key(url)] = (etag, last_modified)


def user_agent(contact: str | None) -> str:
    """As arXiv asks: who it is, and whom to write to. Only what an HTTP header can hold."""
    address = one_line(contact or "").encode("ascii", "ignore").decode()
    return f"Paperboy/{__version__} (+{address})" if address else f"Paperboy/{__version__}"


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds from now, of a number of seconds or an HTTP date (RFC 9110, 10.2.3); None when it is neither."""
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
    """A URL fit for messages: without user, password, query and fragment, any of which may hold a secret."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _key(url: str) -> str:
    """A URL fit to be stored: without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _full_url(url: str, params: Mapping[str, str] | None) -> str:
    try:
        full = requests.Request("GET", url, params=params).prepare().url
    except (requests.RequestException, ValueError):
        full = None
    if not full or urlsplit(full).scheme not in {"http", "https"}:
        raise SourceError("no http or https address to ask: check the source's base URL") from None
    return full


def _is_under(url: str, base: str) -> bool:
    return url == base or url.startswith((f"{base}/", f"{base}?"))


def _is_passing(error: requests.RequestException) -> bool:
    if isinstance(error, requests.exceptions.SSLError):
        return False
    return isinstance(
        error,
        requests.ConnectionError
        | requests.Timeout
        | requests.exceptions.ChunkedEncodingError
        | requests.exceptions.ContentDecodingError,
    )


#: The most particular first: requests' classes are one another's bases.
_WORDS: tuple[tuple[type[requests.RequestException], str], ...] = (
    (requests.ConnectTimeout, f"no connection within {CONNECT_TIMEOUT:.0f} s"),
    (requests.Timeout, f"no answer within {READ_TIMEOUT:.0f} s"),
    (requests.exceptions.SSLError, "no secure connection (TLS failed)"),
    (requests.exceptions.ProxyError, "the proxy lets nothing through"),
    (requests.ConnectionError, "no connection"),
    (requests.exceptions.ChunkedEncodingError, "the connection broke in the middle of the answer"),
    (requests.exceptions.ContentDecodingError, "the answer's compression is damaged"),
    (requests.TooManyRedirects, "it redirects in circles"),
)


def _in_words(error: requests.RequestException) -> str:
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "the request failed")


def _status_in_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
