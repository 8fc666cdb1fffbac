"""Sends stored deliveries: one attempt at each that is due, recorded before and after.

    open -> claim -> (look up) -> hand over, when it is the receiver's turn -> send -> record

At any time one sender holds the lease of a delivery, by the database's clock. A sender that dies before it hands over
leaves a delivery that certainly did not arrive; one that dies after it, a delivery in doubt (see
`bot.delivery.retry`). A sender that was stopped for a while checks, before it writes, that nobody has taken its
delivery over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import uptime
from bot.delivery.model import Claim, DeliveryState, OpenDelivery, SendSlot, Stage, Transition
from bot.delivery.ports import Channel, receiver
from bot.delivery.retry import attempt, transition
from bot.errors import LeaseLost, PaperboyError
from bot.log import log_duration, log_line
from bot.profiles.model import ChannelName

#: How long a sender may be silent before another takes its delivery over; longer than `retry.SETTLE`. A live sender
#: renews its lease.
LEASE = timedelta(minutes=2)
#: A delivery is claimed so many seconds before its receiver's turn, to be ready when it comes.
EARLY = 0.05

Clock = Callable[[], datetime]


class DeliveryQueue(Protocol):
    """What sending needs of `bot.store.queue.Queue`, which describes the methods."""

    def open(self, subscriptions: Iterable[str], now: datetime) -> tuple[OpenDelivery, ...]: ...

    def claim(self, id_: str, owner: str, now: datetime, lease: timedelta) -> Claim | None: ...

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

    def deliver(
        self, subscriptions: Iterable[str], on_edition: Callable[[str], None] = lambda edition: None
    ) -> None:
        """Make one attempt at every open delivery of these subscriptions.

        `on_edition` is called with the id of an edition after each attempt at a delivery of it. Raises
        InvariantViolation when a delivery must not be sent: nothing more is sent in this round.
        """
        keys = list(subscriptions)
        attempted: set[str] = set()
        renewer = _LeaseRenewer()
        try:
            while found := [one for one in self.queue.open(keys, self.clock()) if one.id not in attempted]:
                attempted.update(one.id for one in found)
                with log_duration("deliver", deliveries=len(found)):
                    self._deliver_each(found, renewer, on_edition)
        finally:
            renewer.stop()
            if attempted:
                self.queue.flush()
            for channel in {id(channel): channel for channel in self.channels.values()}.values():
                channel.close_idle()

    def _deliver_each(
        self, waiting: list[OpenDelivery], renewer: _LeaseRenewer, on_edition: Callable[[str], None]
    ) -> None:
        """In order; while a receiver's next message has to wait, those of other receivers go first."""
        next_turn: dict[str, float] = {}  #: by receiver
        while waiting:
            now = self.uptime()
            turns = (next_turn.get(receiver(self.channels, one), now) - EARLY for one in waiting)
            ready = next((n for n, turn in enumerate(turns) if turn <= now), None)
            if ready is None:
                first = min(next_turn[receiver(self.channels, one)] for one in waiting)
                self.pause(first - EARLY - now)
                continue
            self.pause(0)
            delivery = waiting.pop(ready)
            lease = _Lease(self, delivery.id)
            claim = self.queue.claim(delivery.id, self.owner, self.clock(), LEASE)
            if claim is None:
                continue  # another sender has it, or a part before it was not sent
            this = _Attempt(self, claim, lease, receiver(self.channels, delivery))
            renewer.lease = lease
            try:
                this.make()
            except LeaseLost:
                continue
            finally:
                renewer.lease = None
                if this.turn is not None:
                    next_turn[this.receiver] = this.turn + this.channel.spacing.total_seconds()
            if claim.delivery.edition:
                on_edition(claim.delivery.edition)


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

    def make(self) -> None:
        """Send, and record the outcome. Raises LeaseLost when another sender takes the delivery over before it is
        sent.
        """
        try:
            outcome = attempt(self.channel, self._claim, self._on_stage, self._sender.wait)
        except LeaseLost as lost:  # the delivery is the other sender's: this goes to the attempt only
            self._record(Transition(DeliveryState.WAITING, why=f"nothing was sent: {lost}"))
            raise
        self._record(transition(outcome, self._claim.delivery, self._sender.clock()))

    def _record(self, step: Transition) -> None:
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
        self._sender.queue.record(self._id, self._sender.owner, step, self._sender.clock(), self._stage)

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
    """A thread that renews the lease of the current attempt, which may take long."""

    def __init__(self) -> None:
        self.lease: _Lease | None = None  #: of the delivery under way
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(LEASE.total_seconds() / 3):
            if lease := self.lease:
                try:
                    lease.renew()
                except LeaseLost:
                    pass  # the attempt finds out at its next step, or has just ended
                except PaperboyError as error:
                    log_line(f"the lease of {lease.delivery} could not be renewed: {error}", logging.WARNING)
