"""Wires what monitors read: `/health`, `/health/full` and `/metrics`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from bot.bootstrap.app import App
from bot.clock import utc_now
from bot.delivery.figures import Figures
from bot.errors import DatabaseError
from bot.store.figures import read_figures
from bot.web.monitor import MonitorPages

T = TypeVar("T")

#: Seconds for which numbers of the database count as new, however many ask.
_KEPT = 15.0
#: Seconds that a monitor waits for the database, which may be stopped without closing its connections.
_PATIENCE = 4.0


def make_monitor(app: App, *, is_open: bool = False, https_only: bool = False) -> MonitorPages:
    """`is_open`: only this machine can ask. Metrics, if somebody may read them, count from here on."""
    figures, token = _TimeLimit(_KeptFigures(app)), app.settings.metrics_token
    metrics: Callable[[], bytes] = bytes
    if is_open or token:
        from bot.worker.metrics import Metrics  # imports prometheus_client

        metrics = Metrics(figures, utc_now).text
    return MonitorPages(
        check=_TimeLimit(app.database.check),
        refuse_newer=_TimeLimit(app.database.refuse_newer),
        figures=figures,
        metrics=metrics,
        clock=utc_now,
        token=token.get_secret_value() if token else None,
        is_open=is_open,
        https_only=https_only,
    )


class _TimeLimit(Generic[T]):
    """Asks the database in a thread, which is not waited for when it takes long. Callers at the same time, or while a
    call hangs, wait for the same one.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._answer: Future[T] | None = None

    def __call__(self) -> T:
        """Raises DatabaseError as `ask` does, and when there is no answer in time."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = Future()
                threading.Thread(target=self._work, args=[self._answer], daemon=True).start()
            answer = self._answer
        try:
            return answer.result(_PATIENCE)
        except TimeoutError:
            raise DatabaseError(f"the database has not answered for {_PATIENCE:.0f} seconds") from None

    def _work(self, answer: Future[T]) -> None:
        try:
            answer.set_result(self._ask())
        except DatabaseError as error:
            answer.set_exception(error)
        finally:
            answer.cancel()  # no effect on one that is done


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
