"""How often a client may ask for what costs, and how many such pages are made at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar

from flask_limiter import Limiter
from werkzeug.exceptions import ServiceUnavailable

from bot.web.access import client_network

P = ParamSpec("P")
T = TypeVar("T")

#: Each process counts for itself.
limiter = Limiter(client_network, storage_uri="memory://", strategy="moving-window", headers_enabled=True)
#: What `limiter.limit` takes. A whole lab may be behind one address.
LOG_INS, SEARCHES, PREVIEWS = "60 per 10 minutes", "60 per minute", "30 per minute"
ANSWERS = "60 per minute"  #: by the links in mails


#: Seconds after which a page that was busy can be asked for again.
RETRY_AFTER = 5


class FewAtOnce:
    """Decorates pages of which few are made at once, so that they cannot keep all other pages waiting.

    Beyond that the answer is 503.
    """

    def __init__(self, at_once: int, waiting: int, seconds: float | None = None) -> None:
        """`waiting`: how many may wait for their turn, for at most so many seconds."""
        self._places = BoundedSemaphore(at_once + waiting)
        self._turns = BoundedSemaphore(at_once)
        self._seconds = seconds

    def __call__(self, page: Callable[P, T]) -> Callable[P, T]:
        @wraps(page)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            with self._held(self._places, 0), self._held(self._turns, self._seconds):
                return page(*args, **kwargs)

        return guarded

    @staticmethod
    @contextmanager
    def _held(semaphore: BoundedSemaphore, seconds: float | None) -> Iterator[None]:
        if not semaphore.acquire(timeout=seconds):
            raise ServiceUnavailable(retry_after=RETRY_AFTER)
        try:
            yield
        finally:
            semaphore.release()


#: Pages that rank papers.
expensive = FewAtOnce(2, 2)
searching = FewAtOnce(4, 2, seconds=1)
