"""Wires what monitors read: `/health`, `/health/full` and `/metrics`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bot.bootstrap.app import App
from bot.clock import utc_now
from bot.delivery.figures import Figures
from bot.store.figures import read_figures
from bot.web.monitor import MonitorPages

#: Seconds for which numbers of the database count as new, however many ask.
_KEPT = 15.0


def make_monitor(app: App, *, is_open: bool = False, https_only: bool = False) -> MonitorPages:
    """`is_open`: only this machine can ask. Metrics, if somebody may read them, count from here on."""
    figures, token = _KeptFigures(app), app.settings.metrics_token
    metrics: Callable[[], bytes] = bytes
    if is_open or token:
        from bot.worker.metrics import Metrics  # imports prometheus_client

        metrics = Metrics(figures, utc_now).text
    return MonitorPages(
        check=app.database.check,
        refuse_newer=app.database.refuse_newer,
        figures=figures,
        metrics=metrics,
        clock=utc_now,
        token=token.get_secret_value() if token else None,
        is_open=is_open,
        https_only=https_only,
    )


class _KeptFigures:
    """The figures, read from the database when they are old. Called by several threads."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._read: tuple[float, Figures] | None = None

    def __call__(self) -> Figures:
        with self._lock:
            now = time.monotonic()
            if self._read is None or now - self._read[0] > _KEPT:
                self._read = now, read_figures(self._app.database, utc_now())
            return self._read[1]
