"""How often a client may ask for what costs, and how many such pages are made at once."""

from __future__ import annotations

from collections.abc import Callable
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

#: Expensive pages made at once, and those that may wait for them: half of the server's threads stay free.
_AT_ONCE, _WAITING = 2, 2
_places = BoundedSemaphore(_AT_ONCE + _WAITING)
_turns = BoundedSemaphore(_AT_ONCE)


def expensive(page: Callable[P, T]) -> Callable[P, T]:
    """Decorate a page that ranks papers: few are made at once, so that they cannot keep all other pages waiting.

    Beyond that the answer is 503.
    """

    @wraps(page)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        if not _places.acquire(blocking=False):
            raise ServiceUnavailable(retry_after=5)
        try:
            with _turns:
                return page(*args, **kwargs)
        finally:
            _places.release()

    return guarded
