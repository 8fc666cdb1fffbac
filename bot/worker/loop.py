"""When an edition is due (pure), and the loop that keeps the time for `paperboy run`.

The loop holds no state worth keeping: APScheduler's memory job store, one tick a minute, one ingest an hour. What is
due follows from the clock and the stored editions, so a missed or doubled tick does no harm.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

TICK_SECONDS = 60
INGEST_MINUTES = 60


class Loop:
    """Ingest first and then by the hour, tick by the minute, until SIGTERM or SIGINT; one thing at a time."""

    def __init__(self, ingest: Callable[[], None], tick: Callable[[], None]) -> None:
        self._ingest = ingest
        self._tick = tick
        self._stop = threading.Event()

    @property
    def stopping(self) -> threading.Event:
        """Set once the process was asked to stop: long waits end early."""
        return self._stop

    def listen(self) -> None:
        """From now on SIGTERM and SIGINT ask the loop to stop, also before it runs."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)

    def run(self) -> None:
        """Blocks until asked to stop; the work under way is finished first."""
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        # One worker: a tick waits for the ingest before it, so that a digest has the morning's papers.
        # misfire_grace_time=None: APScheduler drops a job that is a second late otherwise (measured).
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        scheduler.start(paused=True)
        scheduler.add_job(self._ingest)
        scheduler.add_job(self._ingest, "interval", minutes=INGEST_MINUTES, jitter=120, id="ingest")
        scheduler.add_job(self._tick)
        scheduler.add_job(self._tick, "interval", seconds=TICK_SECONDS, id="tick")
        scheduler.resume()
        self._stop.wait()
        scheduler.shutdown(wait=True)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()
