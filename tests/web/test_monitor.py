"""What monitors read, called through wsgiref's validator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from bot import __version__
from bot.delivery.figures import LONGEST_SILENCE, Figures
from bot.errors import DatabaseError, DatabaseNewer
from bot.papers.model import SourceState
from bot.web.monitor import MonitorPages

NOW = datetime(2026, 5, 5, 8, 30, tzinfo=UTC)
TOKEN = "a token of the monitor"
GONE = DatabaseError("the database /home/lab/paperboy.db cannot be used: gone")


def source(name: str, asked: datetime) -> SourceState:
    return SourceState(name=name, state="failed", why="a secret", last_attempt=asked)


def figures(*asked: datetime) -> Figures:
    return Figures({}, {}, None, 7, tuple(source(str(n), at) for n, at in enumerate(asked)))


WELL = figures(NOW)


def pages(
    found: Figures | Exception = WELL,
    newer: Exception | None = None,
    *,
    token: str | None = TOKEN,
    is_open: bool = False,
) -> MonitorPages:
    def fail(error: Figures | Exception | None) -> None:
        if isinstance(error, Exception):
            raise error

    def read() -> Figures:
        fail(found)
        assert isinstance(found, Figures)
        return found

    return MonitorPages(
        lambda: fail(found), lambda: fail(newer), read, lambda: b"up 1\n", lambda: NOW, token, is_open
    )


def ask(
    monitor: MonitorPages, path: str, method: str = "GET", authorization: str = ""
) -> tuple[int, dict[str, str], str]:
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "HTTP_AUTHORIZATION": authorization,
    }
    setup_testing_defaults(environ)
    environ["SCRIPT_NAME"] = ""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> object:
        started.append((status, headers))
        return lambda data: None

    body: Iterator[bytes] = validator(monitor)(environ, start_response)  # type: ignore[assignment,arg-type]
    content = b"".join(body)
    body.close()  # type: ignore[attr-defined]
    status, headers = started[0]
    return int(status[:3]), dict(headers), content.decode()


@pytest.mark.parametrize("path", ["/health", "/paperboy/health", "/a/b/health"])
def test_health(path: str) -> None:
    """`ok` below any prefix while the database answers, also when nothing else is well; else 503, without a place."""
    assert ask(pages(figures(), DatabaseNewer("newer")), path)[::2] == (200, "ok")
    assert ask(pages(GONE), path)[::2] == (503, "the database does not answer")


@pytest.mark.parametrize(
    ("monitor", "problem", "asked"),
    [
        (pages(), "", "2026-05-05T08:30:00Z"),
        (pages(figures(NOW - timedelta(days=9), NOW)), "", "2026-05-05T08:30:00Z"),
        (pages(figures(NOW - LONGEST_SILENCE)), "", "2026-05-05T01:30:00Z"),
        (
            pages(figures(NOW - timedelta(days=1))),
            "no source was asked since 2026-05-04 08:30 UTC: is `paperboy run` running?",
            "2026-05-04T08:30:00Z",
        ),
        (pages(figures()), "no source was ever asked: start `paperboy run`", None),
        (pages(GONE), "the database does not answer: the log says why", None),
        (
            pages(newer=DatabaseNewer("at 0099")),
            "a newer Paperboy has migrated the database: start this process again with it",
            None,
        ),
    ],
)
def test_full(monitor: MonitorPages, problem: str, asked: str | None) -> None:
    """JSON with the problems: 503 when there are any. It has no place and no reason of a source's failure."""
    status, headers, body = ask(monitor, "/health/full")
    assert (status, headers["Content-Type"]) == (503 if problem else 200, "application/json")
    assert json.loads(body) == {
        "ok": not problem,
        "problems": [problem] if problem else [],
        "version": __version__,
        "sources_asked": asked,
    }


@pytest.mark.parametrize(
    ("monitor", "authorization", "status"),
    [
        (pages(), f"Bearer {TOKEN}", 200),
        (pages(), f"bearer {TOKEN}", 401),
        (pages(), "Bearer another", 401),
        (pages(), "Bearer \xe9", 401),
        (pages(), "", 401),
        (pages(token=None), "", 404),
        (pages(token=None), "Bearer None", 404),
        (pages(token=None, is_open=True), "", 200),
    ],
)
def test_metrics(monitor: MonitorPages, authorization: str, status: int) -> None:
    """They need the token, and do not exist without one, unless only this machine can ask."""
    code, headers, body = ask(monitor, "/metrics", authorization=authorization)
    assert (code, body == "up 1\n") == (status, status == 200)
    assert headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)


@pytest.mark.parametrize("path", ["/health", "/health/full", "/metrics"])
def test_methods(path: str) -> None:
    """HEAD has the headers of GET; nothing else is allowed."""
    monitor = pages(is_open=True)
    get, head = ask(monitor, path), ask(monitor, path, "HEAD")
    assert (head[0], head[1], head[2]) == (get[0], get[1], "")
    code, headers, _ = ask(monitor, path, "POST")
    assert (code, headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/", "/healthy", "/health/", "/x/metrics", "/metrics/"])
def test_other_paths(path: str) -> None:
    """404."""
    assert ask(pages(is_open=True), path)[0] == 404
