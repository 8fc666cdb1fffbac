"""Which sources of the ingest under way are still answering, and how long a due digest waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

#: Seconds after the beginning of an ingest for which a digest that is due waits for its sources.
WAIT_FOR_SOURCES = 60.0
#: Seconds for which it waits for an ingest of sources that are due to begin: one begins every 40 to 80.
WAIT_FOR_INGEST = 90.0
_POLL, _POLL_JOBS = 0.2, 1.0  #: seconds


class IngestProgress:
    """Shared by the ingest and the tick of `paperboy run`, which run beside each other: either may be first."""

    def __init__(
        self,
        due: Callable[[], Collection[str]],
        sleep: Callable[[float], None] = time.sleep,
        log: Callable[[str], None] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`due`: the names of the sources that are to be asked now; a source that is asked is among them until its
        ingest has begun. `sleep`: may raise to end the wait. `log`: called with a line when a digest goes without a
        source.
        """
        self._due = due
        self._sleep = sleep
        self._log = log
        self._clock = clock
        self._begun = 0.0
        self._asked: frozenset[str] = frozenset()

    def begin(self, sources: Collection[str]) -> None:
        """An ingest of these sources begins."""
        self._begun = self._clock()
        self._asked = frozenset(sources)

    def answered(self, source: str) -> None:
        """A source has answered to the end, or failed, and that is stored."""
        self._asked -= {source}

    def end(self) -> None:
        """The ingest is over."""
        self._asked = frozenset()

    def wait(self) -> frozenset[str]:
        """Wait for the sources that are due or asked now, until WAIT_FOR_SOURCES after the beginning of their ingest.
        The names of those that have not answered.
        """
        give_up = self._clock() + WAIT_FOR_INGEST
        while late := self._unanswered():
            if self._clock() >= (self._begun + WAIT_FOR_SOURCES if self._asked else give_up):
                self._log(f"composing without {' and '.join(sorted(late))}: no complete answer yet")
                break
            self._sleep(_POLL)
        return late

    def _unanswered(self) -> frozenset[str]:
        due = frozenset(self._due())  # before what is asked: between the two, an ingest may begin, or end
        return due | self._asked


class IngestJobs:
    """The jobs that ask the sources, in whatever process, as one that composes sees them."""

    def __init__(
        self,
        unfinished: Callable[[], Mapping[int, str]],
        sleep: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`unfinished`: the names of the sources by the jobs that wait or run. `sleep`: may raise to end the wait."""
        self._unfinished = unfinished
        self._sleep = sleep
        self._clock = clock
        self._seen: dict[int, float] = {}  #: when each job was first seen

    def wait(self) -> frozenset[str]:
        """Wait for the jobs, each until WAIT_FOR_SOURCES after it was first seen. The names of the sources that are
        still answering.
        """
        while True:
            now, jobs = self._clock(), self._unfinished()
            self._seen = {id_: self._seen.get(id_, now) for id_ in jobs}
            if all(now - seen >= WAIT_FOR_SOURCES for seen in self._seen.values()):
                return frozenset(jobs.values())
            self._sleep(_POLL_JOBS)
