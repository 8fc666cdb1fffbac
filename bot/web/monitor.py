"""`/health`, `/health/full` and `/metrics`, for programs, as a WSGI application without cookies or sessions.

`/health` is cheap, for those who route requests: whether this process can answer. `/health/full` is about the whole
installation, for monitors. Neither contains a name, a target or a place. Metrics need a token where others can ask.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from bot import __version__
from bot.delivery.figures import Figures, worker_problem
from bot.errors import DatabaseError, DatabaseNewer
from bot.log import log_line
from bot.web.pages import HTTPS_ONLY

_TEXT, _JSON = "text/plain; charset=utf-8", "application/json"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_HEADERS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("X-Robots-Tag", "noindex"))
_Answer = tuple[HTTPStatus, bytes, str]
#: The last parts of the paths, below any prefix.
HEALTH, FULL, METRICS = "/health", "/health/full", "/metrics"


@dataclass(frozen=True, slots=True)
class MonitorPages:
    check: Callable[[], None]  #: raises DatabaseError when the database does not answer
    refuse_newer: Callable[[], None]  #: raises DatabaseNewer when a newer version has migrated it
    figures: Callable[[], Figures]  #: may raise DatabaseError
    metrics: Callable[[], bytes]
    clock: Callable[[], datetime]
    token: str | None  #: which a request for metrics must have
    is_open: bool = False  #: metrics need no token: only this machine can ask
    https_only: bool = False  #: whether a proxy terminates https

    def answers(self, path: str) -> bool:
        return path.endswith((HEALTH, FULL)) or path == METRICS

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        status, body, kind = self._answer(method, environ)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), *_HEADERS]
        if self.https_only:
            headers.append(HTTPS_ONLY)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", "GET, HEAD"))
        if status == HTTPStatus.UNAUTHORIZED:
            headers.append(("WWW-Authenticate", "Bearer"))
        start_response(f"{status.value} {status.phrase}", headers)
        return [b"" if method == "HEAD" else body]

    def _answer(self, method: str, environ: WSGIEnvironment) -> _Answer:
        path: str = environ.get("PATH_INFO", "")
        if not self.answers(path) or (path == METRICS and not (self.token or self.is_open)):
            return HTTPStatus.NOT_FOUND, b"not found", _TEXT
        if method not in ("GET", "HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, b"method not allowed", _TEXT
        if path == METRICS:
            return self._metrics(environ.get("HTTP_AUTHORIZATION", ""))
        return self._full() if path.endswith(FULL) else self._health()

    def _metrics(self, authorization: str) -> _Answer:
        wanted = f"Bearer {self.token}".encode()
        if not self.is_open and not compare_digest(authorization.encode("latin-1"), wanted):
            return HTTPStatus.UNAUTHORIZED, b"PAPERBOY_METRICS_TOKEN is needed", _TEXT
        return HTTPStatus.OK, self.metrics(), _METRICS

    def _health(self) -> _Answer:
        try:
            self.check()
        except DatabaseError as error:
            log_line(f"/health: {error}", logging.ERROR)
            return HTTPStatus.SERVICE_UNAVAILABLE, b"the database does not answer", _TEXT
        return HTTPStatus.OK, b"ok", _TEXT

    def _full(self) -> _Answer:
        now, problems, last = self.clock(), [], None
        try:
            self.refuse_newer()
            figures = self.figures()
        except DatabaseNewer:
            problems.append("a newer Paperboy has migrated the database: start this process again with it")
        except DatabaseError as error:
            log_line(f"{FULL}: {error}", logging.ERROR)
            problems.append("the database does not answer: the log says why")
        else:
            last = figures.last_attempt
            problems += filter(None, [worker_problem(figures, now)])
        document = {
            "ok": not problems,
            "problems": problems,
            "version": __version__,
            "sources_asked": last and f"{last:%Y-%m-%dT%H:%M:%SZ}",
        }
        status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
        return status, json.dumps(document).encode() + b"\n", _JSON
