"""A local HTTP server in place of arXiv and Hugging Face: scripted answers by path and query, recorded requests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

API, RSS, OAI, DAILY = "/arxiv/api/query", "/arxiv/rss", "/arxiv/oai", "/hf/api/daily_papers"


@dataclass(frozen=True)
class Request:
    """One received request."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]  #: names in lower case
    begun: float  #: monotonic seconds
    ended: float


@dataclass
class Answer:
    """The answer to a path and query."""

    path: str  #: or the beginning of one
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)  #: parameters that the request must have
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def fits(self, path: str, query: Mapping[str, str]) -> bool:
        return path.startswith(self.path) and all(query.get(k) == v for k, v in self.query.items())


class SourceServer:
    """Use as a context manager. A request gets the newest answer that fits it, or else 404."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._answers: list[Answer] = []
        self._lock = Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = False  # so that closing waits for the handlers' sockets
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def settings(self) -> dict[str, str]:
        """The variables that point Paperboy here."""
        return {
            "ARXIV_API_URL": self.url + API,
            "ARXIV_RSS_URL": self.url + RSS,
            "ARXIV_OAI_URL": self.url + OAI,
            "HF_API_URL": self.url + DAILY.removesuffix("/daily_papers"),
        }

    def answer(
        self,
        path: str,
        body: bytes,
        *,
        query: Mapping[str, str] | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Add an answer. One with an `ETag` answers 304 to a request with that tag."""
        with self._lock:
            self._answers.insert(0, Answer(path, body, query or {}, status, headers or {}))

    def asked(self, path: str) -> list[Request]:
        """The requests for a path so far."""
        with self._lock:
            return [request for request in self.requests if request.path.startswith(path)]

    def __enter__(self) -> SourceServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def find(self, path: str, query: Mapping[str, str]) -> Answer:
        with self._lock:
            fitting = (answer for answer in self._answers if answer.fits(path, query))
            return next(fitting, Answer(path, b"not here", status=404))

    def note(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)


def _handler(server: SourceServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            begun = time.monotonic()
            url = urlsplit(self.path)
            path, query = unquote(url.path), {name: v[0] for name, v in parse_qs(url.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._give(server.find(path, query), headers)
            server.note(Request(path, query, headers, begun, time.monotonic()))

        def _give(self, answer: Answer, headers: Mapping[str, str]) -> None:
            tag = answer.headers.get("ETag")
            unchanged = tag is not None and headers.get("if-none-match") == tag
            body = b"" if unchanged else answer.body
            self.send_response(304 if unchanged else answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            """Log nothing."""

    return Handler
