"""Calls a monitor's URL after each good cycle, so that the monitor notices when there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http.client import HTTPException
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bot import __version__
from bot.delivery.service import SendResult
from bot.digests.day import Day

#: Seconds of every wait for the monitor.
TIMEOUT = 5.0
#: Least seconds between two calls of one process.
SPACING = 50.0
_UNSENT = ("failed", "uncertain", "waiting")


def is_good_cycle(results: Iterable[SendResult], day: Day) -> bool:
    """Whether all sources that were asked have answered, and nothing due is unsent because of an error."""
    return day.sources_answer and not any(one.state in _UNSENT or one.blocked for one in results)


class Heartbeat:
    """Calls the URL in a thread, so that nothing waits for the monitor. The URL is a secret: it is never printed."""

    def __init__(
        self, url: str, log: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`log`: called with a line when the monitor does not accept the call, unless that is as before."""
        self._url = url
        self._log = log
        self._clock = clock
        self._called = float("-inf")
        self._problem = ""

    def beat(self) -> Thread | None:
        """Begin a call; None so soon after the last one that none is made."""
        if self._clock() - self._called < SPACING:
            return None
        self._called = self._clock()
        thread = Thread(target=self._call, daemon=True)
        thread.start()
        return thread

    def _call(self) -> None:
        request = Request(self._url, headers={"User-Agent": f"paperboy/{__version__}"})  # noqa: S310 - a setting
        problem = ""
        try:
            urlopen(request, timeout=TIMEOUT).close()  # noqa: S310
        except HTTPError as error:
            problem = f"status {error.code}"
            error.close()
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            problem = f"no answer ({type(reason).__name__})"
        if problem and problem != self._problem:
            self._log(f"heartbeat: {problem} from the URL of PAPERBOY_HEARTBEAT")
        self._problem = problem
