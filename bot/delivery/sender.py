"""Sends stored deliveries: one attempt at each that is due, recorded before and after.

    open -> claim -> (look up) -> hand over, when it is the conversation's turn -> send -> record

At any time one sender holds the lease of a delivery. A sender that dies before it hands over leaves a delivery that
certainly did not arrive; one that dies after it, a delivery in doubt (`bot.delivery.retry` says what follows).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.delivery.model import Claim, OpenDelivery, SendSlot, Stage, Transition
from bot.delivery.ports import Channel, receiver
from bot.delivery.retry import attempt, transition
from bot.errors import LeaseLost, PaperboyError
from bot.profiles.model import ChannelName

#: How long a sender may be silent before another takes its delivery over; longer than `retry.SETTLE`. A live sender
#: renews its lease.
LEASE = timedelta(minutes=2)
#: A delivery is claimed this long before its conversation's turn, to be ready when it comes.
EARLY = timedelta(milliseconds=50)

Clock = Callable[[], datetime]
_LOG = logging.getLogger(__name__)


class DeliveryQueue(Protocol):
    """What sending needs of `bot.store.queue.Queue`, which describes the methods."""

    def open(self, subscriptions: Iterable[str], now: datetime) -> tuple[OpenDelivery, ...]: ...

    def claim(self, id_: str, owner: str, now: datetime, lease: timedelta) -> Claim | None: ...

    def hand_over(
        self,
        id_: str,
        owner: str,
        stage: Stage,
        until: datetime,
        slot: SendSlot | None = None,
        unverified_retries: int | None = None,
    ) -> datetime | None: ...

    def renew(self, id_: str, owner: str, until: datetime) -> bool: ...

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
    clock: Clock  #: for leases and waits: the time, or the time that the user set
    real: Clock  #: for the spacing between messages to one conversation
    #: A wait between attempts, in seconds, perhaps 0. May raise to end the round.
    pause: Callable[[float], None] = time.sleep
    wait: Callable[[float], None] = time.sleep  #: a wait within an attempt, of a few seconds

    def deliver(
        self, subscriptions: Iterable[str], on_edition: Callable[[str], None] = lambda edition: None
    ) -> None:
        """Make one attempt at every open delivery of these subscriptions.

        `on_edition` is called with the id of an edition after each attempt at a delivery of it. Raises
        InvariantViolation when a delivery must not be sent: nothing more is sent in this round.
        """
        keys = list(subscriptions)
        attempted: set[str] = set()
        renewer = _LeaseRenewer(self)
        try:
            while found := [one for one in self.queue.open(keys, self.clock()) if one.id not in attempted]:
                attempted.update(one.id for one in found)
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
        """In order; while a conversation's next message has to wait, those of other conversations go first."""
        next_turn: dict[str, datetime] = {}  #: by conversation
        while waiting:
            now = self.real()
            turns = (next_turn.get(receiver(self.channels, one), now) - EARLY for one in waiting)
            ready = next((n for n, turn in enumerate(turns) if turn <= now), None)
            if ready is None:
                first = min(next_turn[receiver(self.channels, one)] for one in waiting)
                self.pause((first - EARLY - now).total_seconds())
                continue
            self.pause(0)
            delivery = waiting.pop(ready)
            claim = self.queue.claim(delivery.id, self.owner, self.clock(), LEASE)
            if claim is None:
                continue  # another sender has it, or a part before it was not sent
            this = _Attempt(self, claim, receiver(self.channels, delivery))
            renewer.delivery = delivery.id
            try:
                this.make()
            except LeaseLost:
                continue
            finally:
                renewer.delivery = None
                if this.turn:
                    next_turn[this.conversation] = this.turn + this.channel.spacing
            if claim.delivery.edition:
                on_edition(claim.delivery.edition)


class _Attempt:
    """One attempt at a claimed delivery."""

    def __init__(self, sender: Sender, claim: Claim, conversation: str) -> None:
        self.conversation = conversation
        self.channel = sender.channels[claim.delivery.channel]
        self.turn: datetime | None = (
            None  #: reserved for handing over, by the real clock; None without spacing
        )
        self._sender = sender
        self._claim = claim
        self._id = claim.delivery.id
        self._stage = Stage.CLAIMED

    def make(self) -> None:
        """Send, and record the outcome. Raises LeaseLost when another sender takes the delivery over before it is
        sent.
        """
        outcome = attempt(self.channel, self._claim, self._on_stage, self._sender.wait)
        now = self._sender.clock()
        step = transition(outcome, self._claim.delivery, now)
        self._sender.queue.record(self._id, self._sender.owner, step, now, self._stage)

    def _on_stage(self, stage: Stage, is_unverified: bool) -> None:
        """Store a stage that hands over before it begins, once; at ANSWER the content is out already."""
        if stage.hands_over and stage not in (self._stage, Stage.ANSWER):
            retries = self._claim.delivery.unverified_retries
            self._hand_over(stage, retries - 1 if is_unverified else None)
        self._stage = stage

    def _hand_over(self, stage: Stage, unverified_retries: int | None) -> None:
        sender, spacing = self._sender, self.channel.spacing
        slot = SendSlot(self.conversation, spacing, sender.real) if spacing else None
        self.turn = sender.queue.hand_over(
            self._id, sender.owner, stage, sender.clock() + LEASE, slot, unverified_retries
        )
        if self.turn is None:
            return
        if (wait := (self.turn - sender.real()).total_seconds()) > 0:
            sender.wait(wait)
        if not sender.queue.renew(self._id, sender.owner, sender.clock() + LEASE):
            raise LeaseLost(f"{self._id} was taken over while it waited for its turn")


class _LeaseRenewer:
    """A thread that renews the lease of the current attempt, which may take long."""

    def __init__(self, sender: Sender) -> None:
        self.delivery: str | None = None  #: id of the delivery under way
        self._sender = sender
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(LEASE.total_seconds() / 3):
            if id_ := self.delivery:
                try:
                    self._sender.queue.renew(id_, self._sender.owner, self._sender.clock() + LEASE)
                except PaperboyError as error:  # the attempt goes on: its next step finds out whether it may
                    _LOG.warning("the lease of %s could not be renewed: %s", id_, error)
