"""When the scheduler of jobs calls the monitor."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.bootstrap import jobs
from bot.bootstrap.app import App
from bot.config.settings import load_settings
from tests.support.editions import LEASE, MINUTE, NOW, S, add, edition, step

URL = "https://monitor.example.org/ping"


@pytest.mark.parametrize(
    ("url", "state", "later", "calls"),
    [
        (URL, None, MINUTE, 1),  # nothing to send
        (URL, S.SENT, 60 * MINUTE, 1),
        (URL, S.PENDING, 10 * MINUTE, 1),
        (URL, S.PENDING, 11 * MINUTE, 0),  # no worker takes it
        *((URL, stopped, MINUTE, 0) for stopped in (S.FAILED, S.UNCERTAIN, S.WAITING)),
        ("", None, MINUTE, 0),
    ],
)
def test_beat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, state: S | None, later: timedelta, calls: int
) -> None:
    """Unless a delivery has stopped, or has been due for more than ten minutes; never without a URL."""
    called: list[App] = []
    monkeypatch.setattr(App, "beat", lambda app, results, log: called.append(app))
    monkeypatch.setattr(jobs, "utc_now", lambda: NOW + later)
    settings, problems = load_settings(
        {"PAPERBOY_DATA": str(tmp_path), "PAPERBOY_HEARTBEAT": url}, dotenv=None
    )
    assert settings, problems
    with closing(App(settings)) as app:
        if state:
            add(app.outbox, edition())
        if state not in (None, S.PENDING):
            assert app.queue.claim("ed1-1", "one", NOW, LEASE)
            app.queue.record("ed1-1", "one", step(state), NOW)
        jobs._beat(app)
    assert len(called) == calls
