"""Sends stored deliveries: one attempt at each that is due, recorded before and after.

    open -> check -> claim -> (look up) -> hand over, when it is the receiver's turn -> send -> record

Routes (`bot.delivery.routes`) are served side by side by a few threads; what goes by one route is sent in its order,
by one thread at a time.

At any time one sender holds the lease of a delivery, by the database's clock. A sender that dies before it hands over
leaves a delivery that certainly did not arrive; one that dies after it, a delivery in doubt (see
`bot.delivery.retry`). A sender that was stopped for a while checks, before it writes, that nobody has taken its
delivery over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_any
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import islice
from typing import Protocol

from bot.clock import uptime
from bot.delivery.model import (
    Checked,
    Claim,
    DeliveryState,
    Finished,
    OpenDelivery,
    SendSlot,
    Stage,
    Transition,
)
from bot.delivery.ports import Channel, receiver
from bot.delivery.retry import attempt, transition
from bot.delivery.routes import route
from bot.errors import LeaseLost, PaperboyError, ShutdownRequested
from bot.log import log_duration, log_line
from bot.profiles.model import ChannelName

#: How long a sender may be silent before another takes its delivery over; longer than `retry.SETTLE`. A live sender
#: renews its lease.
LEASE = timedelta(minutes=2)
#: A delivery is claimed so many seconds before its receiver's turn, to be ready when it comes.
EARLY = 0.05
#: So many deliveries of a route are read and checked together, for claims in the next seconds.
BATCH, FRESH = 16, 5.0
#: So many routes are served at once, beside one for each connection to the mail server.
THREADS = 8
#: Seconds between two looks at whether the round is to end early.
GLANCE = 0.1

Clock = Callable[[], datetime]


class DeliveryQueue(Protocol):
    """What sending needs of `bot.store.queue.Queue`, which describes the methods."""

    def open(self, subscriptions: Iterable[str], now: datetime) -> tuple[OpenDelivery, ...]: ...

    def check(self, ids: Iterable[str]) -> Mapping[str, Checked]: ...

    def claim(
        self,
        id_: str,
        owner: str,
        now: datetime,
        lease: timedelta,
        checked: Checked | None = None,
        finished: Finished | None = None,
    ) -> Claim | None: ...

    def hand_over(
        self,
        id_: str,
        owner: str,
        stage: Stage,
        lease: timedelta,
        slot: SendSlot | None = None,
        unverified_retries: int | None = None,
    ) -> float | None: ...

    def renew(self, id_: str, owner: str, lease: timedelta) -> bool: ...

    def record(
        self, id_: str, owner: str, step: Transition, now: datetime, stage: Stage | None = None
    ) -> bool: ...

    def hand_back(self, owner: str) -> None: ...

    def flush(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Attempts deliveries on behalf of one process."""

    queue: DeliveryQueue
    channels: Mapping[ChannelName, Channel]
    owner: str  #: the holder of its leases: unique to the process
    clock: Clock  #: for waits and records, not for leases: the time, or the time that the user set
    #: A wait between attempts, in seconds, perhaps 0. May raise to end the round.
    pause: Callable[[float], None] = time.sleep
    wait: Callable[[float], None] = time.sleep  #: a wait within an attempt, of a few seconds
    #: For turns and leases: seconds, also those for which the process is stopped.
    uptime: Callable[[], float] = uptime
    connections: int = 1  #: most connections to the mail server
    threads: int = THREADS  #: most routes served at once, beside those of mail

    def deliver(
        self,
        subscriptions: Iterable[str],
        on_edition: Callable[[str], None] = lambda edition: None,
        only: str | None = None,
    ) -> None:
        """Make one attempt at every open delivery of these subscriptions. `only`: a route, and nothing else.

        `on_edition` is called with the id of an edition after each attempt at a delivery of it, by any thread. Raises
        InvariantViolation when a delivery must not be sent: no further delivery is begun in this round.
        """
        keys = list(subscriptions)
        attempted: set[str] = set()
        try:
            while found := [
                one
                for one in self.queue.open(keys, self.clock())
                if one.id not in attempted and only in (None, self.route(one))
            ]:
                attempted.update(one.id for one in found)
                with log_duration("deliver", deliveries=len(found)):
                    _Round(self, found, on_edition).make()
        except ShutdownRequested:
            self.queue.hand_back(self.owner)  # what waited for a connection
            raise
        finally:
            if attempted:
                self.queue.flush()
            for channel in {id(channel): channel for channel in self.channels.values()}.values():
                channel.close_idle()

    def route(self, delivery: OpenDelivery) -> str:
        """The route by which a delivery goes."""
        return route(delivery.channel, receiver(self.channels, delivery), self.connections)


@dataclass(order=True, slots=True)
class _Route:
    """What waits for one route. Ordered by the time of the next turn, then by the first delivery's place."""

    turn: float  #: when the next delivery may go out, by the sender's uptime
    place: int
    channel: ChannelName = field(compare=False)
    waiting: deque[OpenDelivery] = field(compare=False, default_factory=deque)


class _Round:
    """One attempt at each of some deliveries: routes side by side, what goes by one route in its order."""

    def __init__(
        self, sender: Sender, deliveries: Iterable[OpenDelivery], on_edition: Callable[[str], None]
    ) -> None:
        self._sender = sender
        self._on_edition = on_edition
        self._routes: dict[str, _Route] = {}
        for one in deliveries:
            new = _Route(sender.uptime(), len(self._routes), one.channel)
            self._routes.setdefault(sender.route(one), new).waiting.append(one)
        self._threads = min(sender.threads + sender.connections, len(self._routes))
        self._renewer = _LeaseRenewer()
        self._is_over = threading.Event()  #: no further attempt is begun

    def make(self) -> None:
        try:
            with ThreadPoolExecutor(self._threads) as pool:
                try:
                    self._serve_routes(pool)
                finally:
                    self._is_over.set()
        finally:
            self._renewer.stop()

    def _serve_routes(self, pool: ThreadPoolExecutor) -> None:
        """While the next message of one route has to wait, other routes are served.

        Each channel begins with one delivery alone: if its service is out of reach or refuses the log-in, that one
        stops the others.
        """
        sender = self._sender
        held: dict[ChannelName, list[_Route]] = {}  #: by channel, until its first delivery was attempted
        ready: list[_Route] = []  #: a heap
        running: dict[Future[None], _Route] = {}
        for route_ in self._routes.values():
            held.get(route_.channel, ready).append(route_)
            held.setdefault(route_.channel, [])
        while ready or running:
            sender.pause(0)
            now = sender.uptime() + EARLY
            while ready and ready[0].turn <= now and len(running) < self._threads:
                first = heappop(ready)
                running[pool.submit(self._serve, first, first.channel in held)] = first
            next_turn = ready[0].turn - now if ready else GLANCE
            if not running:
                sender.pause(next_turn)
                continue
            wait = min(next_turn, GLANCE) if next_turn > 0 else GLANCE  # not above 0: all threads are busy
            for future in wait_for_any(running, wait, FIRST_COMPLETED).done:
                future.result()
                served = running.pop(future)
                for route_ in (served, *held.pop(served.channel, ())):
                    if route_.waiting:
                        heappush(ready, route_)

    def _serve(self, route_: _Route, alone: bool) -> None:
        """Attempt deliveries of a route, `alone` only one, until the next one has to wait for its turn.

        An outcome is recorded together with the next claim, or at the end.
        """
        sender, waiting = self._sender, route_.waiting
        checked: Mapping[str, Checked] = {}
        fresh_until = 0.0
        finished: Finished | None = None
        try:
            while waiting and not self._is_over.is_set():
                if waiting[0].id not in checked or sender.uptime() > fresh_until:
                    fresh_until = sender.uptime() + FRESH
                    checked = sender.queue.check(self._next_few(waiting, alone))
                one = waiting.popleft()
                lease, ready = _Lease(sender, one.id), checked.get(one.id)
                claim = sender.queue.claim(one.id, sender.owner, sender.clock(), LEASE, ready, finished)
                finished = None
                if claim is None:
                    continue  # another sender has it, or a part before it was not sent
                this = _Attempt(sender, claim, lease, receiver(sender.channels, one))
                self._renewer.leases.add(lease)
                try:
                    finished = this.make()
                except LeaseLost:
                    continue
                finally:
                    self._renewer.leases.discard(lease)
                    if this.turn is not None:
                        route_.turn = this.turn + this.channel.spacing.total_seconds()
                if claim.delivery.edition:
                    self._on_edition(claim.delivery.edition)
                if alone or this.turn is not None:
                    return
        finally:
            if finished:
                sender.queue.record(*finished)

    def _next_few(self, waiting: deque[OpenDelivery], alone: bool) -> list[str]:
        """The next ones to check together: one for each receiver, as what it is sent counts for the one after it."""
        channels = self._sender.channels
        size = 1 if alone or channels[waiting[0].channel].spacing else BATCH
        few = {receiver(channels, one): one.id for one in reversed([*islice(waiting, size)])}
        return list(few.values())


class _Lease:
    """What a sender knows of its lease without asking the database. Made before the claim."""

    def __init__(self, sender: Sender, delivery: str) -> None:
        self.delivery = delivery  #: its id
        self.since = sender.uptime()  #: when the claim or the newest renewal began, by the sender's uptime
        self._sender = sender

    def renew(self) -> None:
        """Renew it in the database. Raises LeaseLost when another sender has taken the delivery over."""
        since = self._sender.uptime()
        if not self._sender.queue.renew(self.delivery, self._sender.owner, LEASE):
            raise LeaseLost(f"{self.delivery} was taken over by another sender")
        self.since = since

    def require(self) -> None:
        """Return only when it lasts for another half of its time; renew it if necessary. Raises LeaseLost."""
        while self._sender.uptime() - self.since > LEASE.total_seconds() / 2:
            self.renew()


class _Attempt:
    """One attempt at a claimed delivery."""

    def __init__(self, sender: Sender, claim: Claim, lease: _Lease, receiver: str) -> None:
        self.receiver = receiver
        self.channel = sender.channels[claim.delivery.channel]
        #: Reserved for handing over, by the sender's uptime; None without spacing.
        self.turn: float | None = None
        self._sender = sender
        self._claim = claim
        self._lease = lease
        self._id = claim.delivery.id
        self._stage = Stage.CLAIMED

    def make(self) -> Finished:
        """Send. Raises LeaseLost when another sender takes the delivery over before it is sent."""
        sender = self._sender
        try:
            outcome = attempt(self.channel, self._claim, self._on_stage, sender.wait)
        except LeaseLost as lost:  # the delivery is the other sender's: this goes to the attempt only
            sender.queue.record(
                *self._finished(Transition(DeliveryState.WAITING, why=f"nothing was sent: {lost}"))
            )
            raise
        return self._finished(transition(outcome, self._claim.delivery, sender.clock()))

    def _finished(self, step: Transition) -> Finished:
        log_line(
            f"{self._id}: {step.state}{f' ({step.why})' if step.why else ''}",
            logging.DEBUG,
            event="attempt",
            delivery=self._id,
            edition=self._claim.delivery.edition,
            channel=self._claim.delivery.channel,
            stage=self._stage,
            state=step.state,
        )
        return Finished(self._id, self._sender.owner, step, self._sender.clock(), self._stage)

    def _on_stage(self, stage: Stage, is_unverified: bool) -> None:
        """Store a stage that hands over when it begins, and require the lease before each write of it.

        At ANSWER the content is out already.
        """
        hands_over = stage.hands_over and stage is not Stage.ANSWER
        if hands_over and stage is not self._stage:
            retries = self._claim.delivery.unverified_retries
            self._hand_over(stage, retries - 1 if is_unverified else None)
        self._stage = stage
        if hands_over:
            self._lease.require()

    def _hand_over(self, stage: Stage, unverified_retries: int | None) -> None:
        sender, spacing = self._sender, self.channel.spacing
        slot = SendSlot(self.receiver, spacing) if spacing else None
        since = sender.uptime()
        wait = sender.queue.hand_over(self._id, sender.owner, stage, LEASE, slot, unverified_retries)
        self._lease.since = since
        if wait is not None:
            self.turn = sender.uptime() + wait
            sender.wait(wait)


class _LeaseRenewer:
    """A thread that renews the leases of the current attempts, which may take long."""

    def __init__(self) -> None:
        self.leases: set[_Lease] = set()  #: of the deliveries under way
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
