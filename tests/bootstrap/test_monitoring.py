"""Monitors of a database server that is stopped without closing its connections."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot.bootstrap import monitoring
from bot.bootstrap.app import App
from bot.config.settings import load_settings
from tests.web.test_monitor import ask


@contextmanager
def frozen(url: str) -> Iterator[None]:
    """All processes of the server are stopped."""
    engine = create_engine(url)
    with engine.connect() as connection:
        pids = list(connection.execute(text("SELECT pid FROM pg_stat_activity")).scalars())
    stat = Path(f"/proc/{pids[0]}/stat").read_text()
    pids = [int(stat.rpartition(")")[2].split()[1]), *pids]  # the first is their parent
    engine.dispose()
    for pid in pids:
        _send(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            _send(pid, signal.SIGCONT)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # the backend that listed them has ended
        os.kill(pid, number)


def test_a_frozen_server(
    new_postgres: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both addresses answer 503 in time, however often they are asked, and are well when the server goes on."""
    monkeypatch.setattr(monitoring, "_PATIENCE", 0.3)
    url = new_postgres()
    settings, problems = load_settings({"DATABASE_URL": url, "PAPERBOY_DATA": str(tmp_path)}, None)
    assert settings, problems
    with closing(App(settings)) as app:
        app.unprepared_database.migrate()
        threads = threading.active_count()
        monitor = monitoring.make_monitor(app, is_open=True)
        assert ask(monitor, "/health")[0] == 200
        with frozen(url):
            began = time.monotonic()
            for path in ("/health", "/health/full", "/health", "/health"):
                assert ask(monitor, path)[0] == 503
            assert ask(monitor, "/metrics")[0] == 200  # without the database's numbers
            assert time.monotonic() - began < 4
        end = time.monotonic() + 10
        while threading.active_count() > threads:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert ask(monitor, "/health")[0] == 200
