"""The pages behind the unsubscribe links in mails (RFC 8058), as a WSGI application.

It does not depend on the settings, the store, or the HTTP server. A mail service that posts in its reader's name has
no cookie and follows no redirect, so the pages need neither.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIEnvironment

from bot.delivery.model import PAUSE_WEEKS, PAUSED, UNSUBSCRIBED, Edition, Pause
from bot.delivery.stores import PauseStore
from bot.delivery.unsubscribe_token import read_token
from bot.errors import PaperboyError
from bot.presentation.digest_view import LinkPage, unsubscribe_view
from bot.presentation.templates import BUILT_IN, Templates

#: Most bytes that are read of a request's body: a field of a form.
READ = 8 * 1024
#: The bodies of the page's own forms, besides that of its first button.
_FORM = re.compile(rf"pause=(?P<weeks>{'|'.join(map(str, PAUSE_WEEKS))})|resume=1".encode())
_ALL = ("GET", "HEAD", "POST")
_HTML, _TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
#: The address contains a secret token: no cache, other site or search engine may get it.
_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
    ("X-Content-Type-Options", "nosniff"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
)
#: Browsers use https only for a year, also where a reader types the address (RFC 6797).
HTTPS_ONLY = ("Strict-Transport-Security", "max-age=31536000")
_LOG = logging.getLogger(__name__)


class _Answer(NamedTuple):
    status: HTTPStatus
    body: str
    kind: str = _HTML
    allow: tuple[str, ...] = ()  #: the allowed methods, when the method was not


_NOT_ALLOWED = _Answer(HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed", _TEXT, _ALL)


class UnsubscribePages:
    """`/unsubscribe/TOKEN`, below any prefix: a proxy may remove the path of PUBLIC_URL or keep it, and
    links in old mails have the path of their time.
    """

    def __init__(
        self,
        secret: bytes,
        find_edition: Callable[[str], Edition | None],
        pauses: PauseStore,
        clock: Callable[[], datetime],
        templates: Templates = BUILT_IN,
        on_change: Callable[[str], None] = lambda line: None,
        *,
        https_only: bool = False,
    ) -> None:
        """`find_edition`: by id; like `pauses` it raises PaperboyError when the database fails. `on_change`: called
        with a line for the log. `https_only`: whether readers use https, which a proxy terminates.
        """
        self._secret = secret
        self._find_edition = find_edition
        self._pauses = pauses
        self._clock = clock
        self._templates = templates
        self._on_change = on_change
        self._headers = (*_HEADERS, HTTPS_ONLY) if https_only else _HEADERS

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        answer = self._guarded(method, environ)
        body = answer.body.encode()
        headers = [("Content-Type", answer.kind), ("Content-Length", str(len(body))), *self._headers]
        headers += [("Allow", ", ".join(answer.allow))] if answer.allow else []
        start_response(f"{answer.status.value} {answer.status.phrase}", headers)
        return [b"" if method == "HEAD" else body]

    def _guarded(self, method: str, environ: WSGIEnvironment) -> _Answer:
        """The answer, also when an error occurs: a server would log it with the address, which contains the token."""
        try:
            # A server that keeps the connection open may answer only after the body was read.
            length = environ.get("CONTENT_LENGTH") or "0"
            length = length if length.isdecimal() and length.isascii() else "0"
            body = environ["wsgi.input"].read(min(int(length[:9]), READ))
            return self._answer(method, environ.get("PATH_INFO", ""), body)
        except PaperboyError as error:
            _LOG.error("a request could not be answered: %s", error)
            return self._page(HTTPStatus.SERVICE_UNAVAILABLE, LinkPage.FAILED)
        except Exception:
            _LOG.exception("a request could not be answered")
            return self._page(HTTPStatus.INTERNAL_SERVER_ERROR, LinkPage.FAILED)

    def _answer(self, method: str, path: str, body: bytes) -> _Answer:
        *_, folder, name = ("", "", *path.split("/"))
        if folder == "unsubscribe" and name:
            return self._subscription(method, name, body) if method in _ALL else _NOT_ALLOWED
        return self._page(HTTPStatus.NOT_FOUND, LinkPage.UNKNOWN)

    def _subscription(self, method: str, token: str, body: bytes) -> _Answer:
        """Only a POST changes anything: programs that check the links in mails follow them with GET."""
        id_ = read_token(self._secret, token)
        edition = self._find_edition(id_) if id_ else None
        if edition is None:
            return self._page(HTTPStatus.NOT_FOUND, LinkPage.UNKNOWN)
        now = self._clock()
        page = self._change(edition.subscription, body, now) if method == "POST" else None
        pauses = self._pauses.pauses(now)
        pause = next((one for one in pauses if one.scope == edition.subscription), None)
        return self._page(
            HTTPStatus.OK, page or (LinkPage.PAUSED if pause else LinkPage.ASKS), edition, pause
        )

    def _change(self, subscription: str, body: bytes, now: datetime) -> LinkPage | None:
        """Do what a form asks for; whatever is not one of ours unsubscribes (RFC 8058). The page that says so."""
        match = _FORM.fullmatch(body)
        if match is None:
            if self._pauses.pause(subscription, UNSUBSCRIBED, now):
                self._on_change(f"{subscription}: {UNSUBSCRIBED}")
            return LinkPage.DONE
        if weeks := match["weeks"]:
            until = now + timedelta(weeks=int(weeks))
            if self._pauses.pause(subscription, PAUSED, now, until):
                self._on_change(f"{subscription}: {PAUSED} until {until:%Y-%m-%d}")
            return None
        if self._pauses.resume(subscription):
            self._on_change(f"{subscription}: resumed by its reader")
        return LinkPage.RESUMED

    def _page(
        self, status: HTTPStatus, page: LinkPage, edition: Edition | None = None, pause: Pause | None = None
    ) -> _Answer:
        leaving = unsubscribe_view(edition, pause) if edition else None
        return _Answer(status, self._templates.unsubscribe(page, leaving))
