"""What the links in mails lead to: a page that asks, and the end of a subscription (RFC 8058), as a WSGI application.

Owns addresses, methods, status codes and headers. Refuses to know settings, the store, and what server calls it.
A mail service that posts in its reader's name has no cookie and follows no redirect: nothing here needs either.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple, Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from bot.delivery.model import Edition
from bot.delivery.unsubscribe_token import read_token
from bot.errors import PaperboyError
from bot.presentation.digest_view import LinkPage, unsubscribe_view
from bot.presentation.templates import BUILT_IN, Templates

WHY = "unsubscribed by its reader"
#: Of a request's body, which says nothing that the address does not: bytes.
READ = 8 * 1024
_LOOKS, _LOOKS_OR_ACTS = ("GET", "HEAD"), ("GET", "HEAD", "POST")
_HTML, _TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
#: The address is a key: no cache keeps it, no other site and no search engine hears of it.
_ALWAYS = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
    ("X-Content-Type-Options", "nosniff"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
)
_LOG = logging.getLogger(__name__)

Editions = Callable[[str], Edition | None]
Clock = Callable[[], datetime]


class Pausing(Protocol):
    """Ends a subscription, which may have been ended before."""

    def __call__(self, scope: str, why: str, now: datetime) -> object: ...


def unsubscribing(
    secret: bytes, editions: Editions, pause: Pausing, clock: Clock, templates: Templates = BUILT_IN
) -> WSGIApplication:
    """`/unsubscribe/TOKEN` and `/health`, below any prefix: a proxy may take PUBLIC_URL's off or leave it, and links
    in old mails have the prefix of their day.

    `editions`: the edition of that id; raises PaperboyError when the database does not answer.
    """
    return _Unsubscribing(secret, editions, pause, clock, templates)


class _Answer(NamedTuple):
    status: HTTPStatus
    body: str
    kind: str = _HTML
    allow: tuple[str, ...] = ()  #: methods, when that was the trouble


class _Unsubscribing:
    def __init__(
        self, secret: bytes, editions: Editions, pause: Pausing, clock: Clock, templates: Templates
    ) -> None:
        self._secret = secret
        self._editions = editions
        self._pause = pause
        self._clock = clock
        self._templates = templates

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        answer = self._guarded(method, environ)
        body = answer.body.encode()
        headers = [("Content-Type", answer.kind), ("Content-Length", str(len(body))), *_ALWAYS]
        headers += [("Allow", ", ".join(answer.allow))] if answer.allow else []
        start_response(f"{answer.status.value} {answer.status.phrase}", headers)
        return [b"" if method == "HEAD" else body]

    def _guarded(self, method: str, environ: WSGIEnvironment) -> _Answer:
        """No error gets past here: a server would log it with the address, which holds the token."""
        try:
            _read_away(environ)
            return self._answer(method, environ.get("PATH_INFO", ""))
        except PaperboyError as error:
            _LOG.error("a request could not be answered: %s", error)
            return self._page(HTTPStatus.SERVICE_UNAVAILABLE, LinkPage.FAILED)
        except Exception:
            _LOG.exception("a request could not be answered")
            return self._page(HTTPStatus.INTERNAL_SERVER_ERROR, LinkPage.FAILED)

    def _answer(self, method: str, path: str) -> _Answer:
        *_, folder, name = ("", "", *path.split("/"))
        if folder == "unsubscribe" and name:
            return self._unsubscribe(method, name) if method in _LOOKS_OR_ACTS else _refusal(_LOOKS_OR_ACTS)
        if name == "health":
            return self._health() if method in _LOOKS else _refusal(_LOOKS)
        return self._page(HTTPStatus.NOT_FOUND, LinkPage.UNKNOWN)

    def _unsubscribe(self, method: str, token: str) -> _Answer:
        """Only a POST changes anything: programs that check the links in mails follow them by GET."""
        id_ = read_token(self._secret, token)
        edition = self._editions(id_) if id_ else None
        if edition is None:
            return self._page(HTTPStatus.NOT_FOUND, LinkPage.UNKNOWN)
        if method == "POST":
            self._pause(edition.subscription, WHY, self._clock())
        return self._page(HTTPStatus.OK, LinkPage.DONE if method == "POST" else LinkPage.ASKS, edition)

    def _health(self) -> _Answer:
        self._editions("")  # nobody's: what counts is that the database answers
        return _Answer(HTTPStatus.OK, "ok", _TEXT)

    def _page(self, status: HTTPStatus, page: LinkPage, edition: Edition | None = None) -> _Answer:
        leaving = unsubscribe_view(edition) if edition else None
        return _Answer(status, self._templates.unsubscribe(page, leaving))


def _refusal(allowed: tuple[str, ...]) -> _Answer:
    return _Answer(HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed", _TEXT, allowed)


def _read_away(environ: WSGIEnvironment) -> None:
    """A server that hands the connection on may answer only what was read."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and length.isascii():
        environ["wsgi.input"].read(min(int(length[:9]), READ))
