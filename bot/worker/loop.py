"""The timer of `paperboy run`.

It keeps no state: APScheduler's memory job store, one tick a minute, one ingest an hour. What is due follows from the
clock and the stored editions, so a missed or repeated tick does no harm.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

from bot.errors import SourceError

TICK_SECONDS = 60
INGEST_MINUTES = 60


class Loop:
    """Runs one job at a time until SIGTERM or SIGINT: an ingest at once and every hour, a tick every minute."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def listen(self) -> None:
        """From now on SIGTERM and SIGINT stop the loop, also before it runs."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def sleep(self, seconds: float) -> None:
        """A sleep for jobs. Raises SourceError when the process is asked to stop, so that the job ends early."""
        if self._stop.wait(seconds):
            raise SourceError("stopped before it was finished")

    def run(self, ingest: Callable[[], None], tick: Callable[[], None]) -> None:
        """Blocks until SIGTERM or SIGINT; the job in progress is finished first."""
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        # One worker: a tick waits for the ingest before it, so that a digest has the morning's papers.
        # misfire_grace_time=None: otherwise APScheduler drops a job that is a second late (measured).
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        scheduler.start(paused=True)
        scheduler.add_job(ingest)
        scheduler.add_job(ingest, "interval", minutes=INGEST_MINUTES, jitter=120, id="ingest")
        scheduler.add_job(tick)
        scheduler.add_job(tick, "interval", seconds=TICK_SECONDS, id="tick")
        scheduler.resume()
        self._stop.wait()
        scheduler.shutdown(wait=True)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()
