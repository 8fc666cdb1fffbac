"""How long-running processes end, and the timer of `paperboy run`.

The timer keeps no state: APScheduler's memory job store, an ingest and a tick a minute. What is due follows from the
clock, the states of the sources and the stored editions, so a missed or repeated job does no harm.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

from bot.errors import PaperboyError, ShutdownRequested

TICK_SECONDS = 60
#: After a signal, a tick may take so long to finish what it is sending, and an ingest to store what it has read.
FINISH_SECONDS = 12.0
ABANDON_SECONDS = 3.0
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Loop:
    """Ends a process in bounded time after SIGTERM, SIGINT, SIGHUP or `stop`, however often they come: everything
    that it does looks at `is_stopping` or `sleep`, and what does not end is cut off.

    `run` has two jobs beside each other, an ingest and a tick, each at once and every minute. Neither runs twice at
    once. Other processes `wait`, or look at `is_stopping`.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        """`log`: called with a line when the process ends although a job has not."""
        self.code = 0  #: with which the process ends
        #: Called before the process ends although a job has not; gives back what others could do at once.
        self.hand_back: Callable[[], None] = lambda: None
        self._log = log
        self._stop = threading.Event()
        self._signals = socket.socketpair()
        self._handlers: dict[int, Any] = {}  #: those before `listen`, by signal
        self._idle: dict[str, threading.Event] = {}  #: by job: set while it does not run

    def listen(self) -> None:
        """From now on SIGTERM, SIGINT and SIGHUP (the terminal is closed) stop the loop, also before it runs.

        After FINISH_SECONDS the process ends, whatever it is doing. SIGHUP is ignored if it was, as by nohup.
        """
        # A thread gets the signals from a socket, because a handler in Python does not run while the main thread is
        # in C code, as when it waits for a locked database.
        self._signals[1].setblocking(False)
        signal.set_wakeup_fd(self._signals[1].fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, lambda *_: None)
        threading.Thread(target=self._end_after_signal, daemon=True).start()

    def stop(self, code: int) -> None:
        """End the process as after a signal, with an exit code."""
        self.code = code
        self._signals[1].send(b"0")

    def ignore_signals(self) -> None:
        """The process has finished its work: a late signal must not change its exit code. Python sets handlers of its
        own back to the system's before it ends, but not this.
        """
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)

    def release_signals(self) -> None:
        """They do what they did before `listen`, at the end of a command."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._signals[1].close()

    def is_stopping(self) -> bool:
        return self._stop.is_set()

    def sleep(self, seconds: float) -> None:
        """A sleep for jobs, perhaps of 0 seconds. Raises ShutdownRequested when the process is asked to stop, so that
        the job ends early.
        """
        if self._stop.wait(seconds):
            raise ShutdownRequested("stopped before it was finished")

    def wait(self, work: str) -> None:
        """Block until the process is asked to stop, in one without jobs. `work`: what it does beside this."""
        self.begin(work)
        self._stop.wait()

    def begin(self, work: str) -> None:
        """Note what the process does, in one without jobs: it is cut off when it does not end."""
        self._idle[work] = threading.Event()

    def run(self, ingest: Callable[[], None] | None, tick: Callable[[], None]) -> None:
        """Blocks until the process is asked to stop, and until the jobs in progress have ended or were given up.

        `ingest`: None in a process whose only job is the tick.
        """
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        # misfire_grace_time=None: otherwise APScheduler drops a job that is a second late (measured).
        scheduler = BackgroundScheduler(
            executors={name: ThreadPoolExecutor(1) for name in ("ingest", "tick")},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        logging.getLogger("apscheduler.scheduler").setLevel(
            logging.ERROR
        )  # it warns when a tick takes a minute
        work = {"ingest": ingest, "tick": tick}
        jobs = {name: self._job(name, job) for name, job in work.items() if job}
        scheduler.start(paused=True)
        for name, job in jobs.items():
            scheduler.add_job(job, executor=name)
        if ingest:
            # With a jitter, so that not all installations ask a source in the same second.
            scheduler.add_job(jobs["ingest"], "interval", executor="ingest", seconds=TICK_SECONDS, jitter=20)
        scheduler.add_job(jobs["tick"], "interval", executor="tick", seconds=TICK_SECONDS, start_date=_EPOCH)
        scheduler.resume()
        self._stop.wait()
        scheduler.shutdown(wait=False)
        if ingest:
            self._idle["ingest"].wait(ABANDON_SECONDS)
        self._idle["tick"].wait()  # `_end_after_signal` bounds this wait
        if ingest and not self._idle["ingest"].is_set():
            self._end()

    def _job(self, name: str, work: Callable[[], None]) -> Callable[[], None]:
        """The work as a job: one that is known to run, and does not begin after a signal."""
        idle = self._idle[name] = threading.Event()
        idle.set()

        def job() -> None:
            idle.clear()
            try:
                if not self._stop.is_set():
                    work()
            finally:
                idle.set()

        return job

    def _end_after_signal(self) -> None:
        if not self._signals[0].recv(1):  # the signals are released
            self._signals[0].close()
            return
        self._stop.set()
        time.sleep(FINISH_SECONDS)
        self._end()

    def _end(self) -> NoReturn:
        """End the process although a job is running. As a kill, it loses nothing: the tables say how far it came."""
        self._within(1, self._hand_back)  # the database may be locked
        cut_off = " and ".join(name for name, idle in self._idle.items() if not idle.is_set())
        line = f"stopped; cut off: {cut_off or 'the start'}; the next start continues from the database"
        self._within(1, lambda: self._log(line))  # nobody may be reading the log
        os._exit(self.code)

    def _hand_back(self) -> None:
        with suppress(PaperboyError):
            self.hand_back()

    def _within(self, seconds: float, work: Callable[[], None]) -> None:
        """Do something, and go on when it takes longer."""
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(seconds)
