"""The leases of a sender: what it knows of them, and a thread that renews them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from bot.errors import LeaseLost, PaperboyError
from bot.log import log_line

#: How long a sender may be silent before another takes its delivery over; longer than `retry.SETTLE`. A live sender
#: renews its lease.
LEASE = timedelta(minutes=2)


class Lease:
    """What a sender knows of its lease without asking the database. Made before the claim."""

    def __init__(self, delivery: str, extend: Callable[[], bool], uptime: Callable[[], float]) -> None:
        """`delivery`: its id. `extend`: extends the lease in the database, False when another sender has it."""
        self.delivery = delivery
        self.since = uptime()  #: when the claim or the newest renewal began, by the sender's uptime
        self._extend = extend
        self._uptime = uptime

    def renew(self) -> None:
        """Renew it in the database. Raises LeaseLost when another sender has taken the delivery over."""
        since = self._uptime()
        if not self._extend():
            raise LeaseLost(f"{self.delivery} was taken over by another sender")
        self.since = since

    def require(self) -> None:
        """Return only when it lasts for another half of its time; renew it if necessary. Raises LeaseLost."""
        while self._uptime() - self.since > LEASE.total_seconds() / 2:
            self.renew()


class LeaseRenewer:
    """A thread that renews the leases of deliveries that are claimed, whose attempts may take long."""

    def __init__(self) -> None:
        self.leases: set[Lease] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(LEASE.total_seconds() / 3):
            for lease in tuple(self.leases):
                try:
                    lease.renew()
                except LeaseLost:
                    pass  # the attempt finds out at its next step, or has just ended
                except PaperboyError as error:
                    log_line(f"the lease of {lease.delivery} could not be renewed: {error}", logging.WARNING)
