"""Outcomes of attempts, which wait for a moment to be recorded together with what is handed over next."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.delivery.model import Finished
from bot.errors import PaperboyError
from bot.log import log_line

#: The longest wait of an outcome, in seconds. If its process dies meanwhile, the delivery is in doubt.
SOON = 0.02


class LastOutcome:
    """The outcome of the last attempt on a route, until it is recorded."""

    def __init__(self, record: Callable[[Finished], object], on_put: Callable[[], None]) -> None:
        self._record = record
        self._on_put = on_put
        self._lock = threading.Lock()
        self._finished: Finished | None = None
        self._since = 0.0

    def put(self, finished: Finished) -> None:
        """Let it wait. One that waits already is recorded first."""
        self.record()
        self._finished, self._since = finished, time.monotonic()
        self._on_put()

    @contextmanager
    def taken(self) -> Iterator[Finished | None]:
        """It, to be recorded in the block; it waits again when the block ends with an error."""
        with self._lock:
            yield self._finished
            self._finished = None

    def record(self, older_than: float = 0.0) -> bool:
        """Record it, if it has waited so many seconds. Returns whether one still waits."""
        if self._finished and time.monotonic() - self._since >= older_than:
            with self.taken() as finished:
                if finished:
                    self._record(finished)
        return self._finished is not None


class OutcomeRecorder:
    """A thread that records the outcomes for which nothing comes in time to be recorded with."""

    def __init__(self, record: Callable[[Finished], object]) -> None:
        self._record = record
        self._all: set[LastOutcome] = set()
        self._waits = threading.Event()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @contextmanager
    def last(self) -> Iterator[LastOutcome]:
        """A place for the outcomes of a route. What waits in it is recorded at the end of the block."""
        one = LastOutcome(self._record, self._waits.set)
        self._all.add(one)
        try:
            yield one
        finally:
            self._all.remove(one)
            one.record()

    def stop(self) -> None:
        self._is_stopped = True
        self._waits.set()
        self._thread.join()

    def _run(self) -> None:
        while self._waits.wait() and not self._is_stopped:
            self._waits.clear()
            time.sleep(SOON)
            try:
                waits = [one.record(older_than=SOON) for one in tuple(self._all)]
                if any(waits):
                    self._waits.set()
            except PaperboyError as error:
                log_line(f"an outcome could not be recorded yet: {error}", logging.WARNING)
