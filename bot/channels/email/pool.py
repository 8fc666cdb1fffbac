"""Sessions with one mail server for threads that send side by side: no more than the server accepts.

When it refuses another connection while some are open, the threads go on with those, one mail at a time over each.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf
from threading import Condition
from typing import TypeVar

from bot.channels.email.smtp import NotSentError, Session, SessionClosedError, SessionRefusedError
from bot.delivery.model import Deferred, Refused
from bot.log import log_line
from bot.text.plain import pluralize

#: Seconds between two looks at whether the process is to stop.
_GLANCE = 0.1
#: A server may still count a connection that was closed so many seconds ago: it is asked again after these pauses.
_COUNTED, _RECOUNTS = 5.0, (0.1, 1.0)
#: What servers say of connections, and not of mails or attempts.
_TOO_MANY = re.compile(
    r"(too many|maximum|limit|concurrent|simultaneous)\b.*\b(connections?|sessions?|log-?ins?)", re.I
)

_T = TypeVar("_T")


class SessionPool:
    """`make`: a session that is not open yet. `pause`: a wait in seconds, perhaps 0; may raise to end the wait."""

    def __init__(self, make: Callable[[], Session], pause: Callable[[float], None] = time.sleep) -> None:
        self._make = make
        self._pause = pause
        self._changed = Condition()  #: guards everything below
        self._idle: list[Session] = []  #: open, and not in use
        self._open = 0  #: how many are open, also those in use
        self._limit = inf  #: most that the server accepts, as far as is known
        self._is_opening = False
        self._last_close = -inf  #: by the monotonic clock
        self._unreported: NotSentError | None = None  #: the refusal that set the limit
        #: The last one while none was open; those who wait have it too.
        self._failure: SessionRefusedError | None = None

    def use(self, work: Callable[[Session], _T]) -> _T:
        """Do something with an open session that no other thread uses; wait for one when the server accepts no more.

        Raises NotSentError, and what `pause` raises. `work` begins again with another session when its own turns out
        to be closed.
        """
        while True:
            session, refusal = self._take(), self._unreported
            try:
                result = work(session)
            except SessionClosedError:
                continue
            except SessionRefusedError as error:
                if not self._lower_limit(error, self._open - 1):
                    raise
                continue
            finally:
                self._give_back(session)
            if refusal:
                self._report_limit(refusal)
            return result

    def close_idle(self) -> None:
        """Close what is not in use. With nothing open the limit is forgotten: it may have been for now."""
        with self._changed:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close(politely=True)
            self._give_back(session)
        with self._changed:
            if not self._open:
                self._limit = inf

    def _take(self) -> Session:
        while True:
            with self._changed:
                earlier = self._failure
                while not self._idle and (self._is_opening or self._open >= self._limit):
                    self._pause(0)
                    self._changed.wait(_GLANCE)
                    if self._failure and self._failure is not earlier:
                        raise SessionRefusedError(self._failure.outcome)
                if self._idle:
                    return self._idle.pop()
                # One at a time, so that it is known how many are open when one is refused.
                self._is_opening = True
            try:
                if session := self._try_to_open():
                    return session
            finally:
                with self._changed:
                    self._is_opening = False
                    self._changed.notify_all()

    def _try_to_open(self) -> Session | None:
        """None when the server accepts no more than are open."""
        session, pauses = self._make(), iter(_RECOUNTS)
        while not session.is_open:
            try:
                session.open()
            except SessionRefusedError as error:
                was_counted = time.monotonic() - self._last_close < _COUNTED
                if was_counted and (pause := next(pauses, None)):
                    self._pause(pause)
                elif self._lower_limit(error, self._open):
                    return None
                else:
                    with self._changed:
                        self._failure = SessionRefusedError(_with_advice(error.outcome))
                    raise self._failure from None
        with self._changed:
            self._open += 1
        return session

    def _lower_limit(self, error: NotSentError, accepted: int) -> bool:
        """Open no more than these from now on; whether there are any."""
        if accepted:
            with self._changed:
                if accepted < self._limit:
                    self._limit, self._unreported = accepted, error
        return accepted > 0

    def _give_back(self, session: Session) -> None:
        with self._changed:
            if session.is_open:
                self._idle.append(session)
            else:
                self._open -= 1
                self._last_close = time.monotonic()
            self._changed.notify()

    def _report_limit(self, refusal: NotSentError) -> None:
        """Log the limit when another session has worked after that: else the server may have been out of reach."""
        with self._changed:
            if self._unreported is not refusal:
                return
            self._unreported, limit = None, self._limit
        number = pluralize(int(limit), "connection")
        log_line(
            f"the mail server accepts only {number} at once ({refusal}): set SMTP_CONNECTIONS={limit:.0f}",
            logging.WARNING,
            event="smtp_connections",
        )


def _with_advice(outcome: Deferred | Refused) -> Deferred | Refused:
    """No connection is open here: if the server says that there are too many, other processes have them."""
    if _TOO_MANY.search(outcome.why):
        return replace(outcome, why=f"{outcome.why}: if other processes use them, lower SMTP_CONNECTIONS")
    return outcome
