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
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_any
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import islice
from typing import Protocol

from bot.clock import uptime
from bot.delivery.leases import LEASE, Lease, LeaseRenewer
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
from bot.delivery.outcomes import LastOutcome, OutcomeRecorder
from bot.delivery.ports import Channel, receiver
from bot.delivery.retry import attempt, transition
from bot.delivery.routes import route
from bot.errors import LeaseLost, ShutdownRequested
from bot.log import log_duration, log_line
from bot.profiles.model import ChannelName

#: A delivery is claimed so many seconds before its receiver's turn, to be ready when it comes.
EARLY = 0.05
#: So many deliveries of a route are read, checked and claimed together, to be sent within so many seconds.
BATCH, FRESH = 32, 5.0
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
    ) -> Claim | None: ...

    def claim_new(
        self, few: Iterable[Checked], owner: str, now: datetime, lease: timedelta
    ) -> Sequence[Claim]: ...

    def give_back(self, claims: Iterable[Claim], owner: str) -> None: ...

    def hand_over(
        self,
        id_: str,
        owner: str,
        stage: Stage,
        lease: timedelta,
        slot: SendSlot | None = None,
        unverified_retries: int | None = None,
        finished: Finished | None = None,
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
    ) -> None:
        """Make one attempt at every open delivery of these subscriptions.

        `on_edition` is called with the id of an edition after each attempt at a delivery of it, by any thread. Raises
        InvariantViolation when a delivery must not be sent: no further delivery is begun in this round.
        """
        keys = list(subscriptions)
        attempted: set[str] = set()
        try:
            while found := [one for one in self.queue.open(keys, self.clock()) if one.id not in attempted]:
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

    def lease(self, delivery: str) -> Lease:
        """What it will know of its lease of a delivery, by id."""
        return Lease(delivery, lambda: self.queue.renew(delivery, self.owner, LEASE), self.uptime)

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
        self._renewer = LeaseRenewer()
        self._recorder = OutcomeRecorder(lambda finished: sender.queue.record(*finished))
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
            self._recorder.stop()

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
        """Attempt deliveries of a route, `alone` only one, until the next one has to wait for its turn."""
        sender, waiting = self._sender, route_.waiting
        claimed: deque[_Attempt] = deque()
        fresh_until = 0.0
        with ExitStack() as at_end:
            at_end.callback(self._give_back, claimed, waiting)
            last = at_end.enter_context(self._recorder.last())
            while (claimed or waiting) and not self._is_over.is_set():
                if not claimed or sender.uptime() > fresh_until:
                    last.record()
                    self._give_back(claimed, waiting)
                    claimed.extend(self._claim_next(waiting, 1 if alone else BATCH))
                    fresh_until = sender.uptime() + FRESH
                    if not claimed:
                        continue
                this = claimed.popleft()
                try:
                    finished = this.make(last)
                except LeaseLost:
                    continue
                finally:
                    self._renewer.leases.discard(this.lease)
                    if this.turn is not None:
                        route_.turn = this.turn + this.channel.spacing.total_seconds()
                last.put(finished)
                if edition := this.claim.delivery.edition:
                    self._on_edition(edition)
                if finished.step.state is not DeliveryState.SENT:
                    last.record()
                    self._give_back(claimed, waiting)  # the next ones may have to wait as well
                if alone or this.turn is not None:
                    return

    def _claim_next(self, waiting: deque[OpenDelivery], most: int) -> list[_Attempt]:
        """Claim the first delivery, and those after it as long as they were never tried and go to other receivers:
        what a receiver is sent counts for the next one. Without what another sender has or is not due now.
        """
        sender, now = self._sender, self._sender.clock()
        size = 1 if sender.channels[waiting[0].channel].spacing else most
        checked = sender.queue.check(one.id for one in islice(waiting, size))
        new: dict[str, Checked] = {}  #: by receiver
        for one in islice(waiting, size):
            to, found = receiver(sender.channels, one), checked.get(one.id)
            if to in new or not found or not found.is_new:
                break
            new[to] = found
        taken = [waiting.popleft().id for _ in range(max(len(new), 1))]
        leases = {id_: sender.lease(id_) for id_ in taken}
        if new:
            claims = sender.queue.claim_new(new.values(), sender.owner, now, LEASE)
        else:
            claim = sender.queue.claim(taken[0], sender.owner, now, LEASE, checked.get(taken[0]))
            claims = [claim] if claim else []
        attempts = [_Attempt(sender, claim, leases[claim.delivery.id]) for claim in claims]
        self._renewer.leases.update(this.lease for this in attempts)
        return attempts

    def _give_back(self, claimed: deque[_Attempt], waiting: deque[OpenDelivery]) -> None:
        """Undo claims where no attempt was made."""
        if claimed:
            self._renewer.leases.difference_update(this.lease for this in claimed)
            self._sender.queue.give_back([this.claim for this in claimed], self._sender.owner)
            for this in reversed(claimed):
                waiting.appendleft(this.open)
            claimed.clear()


class _Attempt:
    """One attempt at a claimed delivery."""

    def __init__(self, sender: Sender, claim: Claim, lease: Lease) -> None:
        self.claim = claim
        self.lease = lease
        delivery = claim.delivery
        self.open = OpenDelivery(delivery.id, delivery.channel, delivery.target)
        self.channel = sender.channels[delivery.channel]
        #: Reserved for handing over, by the sender's uptime; None without spacing.
        self.turn: float | None = None
        self._sender = sender
        self._id = delivery.id
        self._stage = Stage.CLAIMED

    def make(self, last: LastOutcome) -> Finished:
        """Send. `last` is recorded when this one is handed over, if not before. Raises LeaseLost when another sender
        takes the delivery over before it is sent.
        """
        sender = self._sender
        try:
            outcome = attempt(self.channel, self.claim, partial(self._on_stage, last), sender.wait)
        except LeaseLost as lost:  # the delivery is the other sender's: this goes to the attempt only
            sender.queue.record(
                *self._finished(Transition(DeliveryState.WAITING, why=f"nothing was sent: {lost}"))
            )
            raise
        return self._finished(transition(outcome, self.claim.delivery, sender.clock()))

    def _finished(self, step: Transition) -> Finished:
        log_line(
            f"{self._id}: {step.state}{f' ({step.why})' if step.why else ''}",
            logging.DEBUG,
            event="attempt",
            delivery=self._id,
            edition=self.claim.delivery.edition,
            channel=self.claim.delivery.channel,
            stage=self._stage,
            state=step.state,
        )
        return Finished(self._id, self._sender.owner, step, self._sender.clock(), self._stage)

    def _on_stage(self, last: LastOutcome, stage: Stage, is_unverified: bool) -> None:
        """Store a stage that hands over when it begins, and require the lease before each write of it.

        At ANSWER the content is out already.
        """
        hands_over = stage.hands_over and stage is not Stage.ANSWER
        if hands_over and stage is not self._stage:
            retries = self.claim.delivery.unverified_retries
            self._hand_over(last, stage, retries - 1 if is_unverified else None)
        self._stage = stage
        if hands_over:
            self.lease.require()

    def _hand_over(self, last: LastOutcome, stage: Stage, unverified_retries: int | None) -> None:
        sender, spacing = self._sender, self.channel.spacing
        slot = SendSlot(receiver(sender.channels, self.open), spacing) if spacing else None
        since = sender.uptime()
        with last.taken() as finished:
            wait = sender.queue.hand_over(
                self._id, sender.owner, stage, LEASE, slot, unverified_retries, finished
            )
        self.lease.since = since
        if wait is not None:
            self.turn = sender.uptime() + wait
            sender.wait(wait)
