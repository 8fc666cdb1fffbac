"""From stored editions to receivers: one attempt at each open delivery, recorded before and after.

    open -> wait for the conversation's turn -> claim -> (find) -> hand over -> send -> record -> tell

An outcome is recorded together with the next claim; while a mail server thinks, the next mail is claimed already.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.delivery.model import Claim, Delivery, DeliveryState, OpenDelivery, SendSlot, Stage, Transition
from bot.delivery.ports import Channel
from bot.delivery.retry import attempt, transition
from bot.errors import InvariantViolation, LeaseLost, PaperboyError
from bot.profiles.model import ChannelName

#: How long a process may be silent before another takes its delivery for abandoned: longer than SETTLE. A sender that
#: is alive renews it.
LEASE = timedelta(minutes=2)
#: So long before its turn a delivery is claimed, to be ready when it comes.
EARLY = timedelta(milliseconds=50)

Clock = Callable[[], datetime]
_LOG = logging.getLogger(__name__)


class Queue(Protocol):
    """What delivering needs of the store."""

    def open(self, subscriptions: Iterable[str], now: datetime) -> tuple[OpenDelivery, ...]: ...

    def together(self, *, relaxed: bool = False) -> AbstractContextManager[None]: ...

    def flush(self) -> None: ...

    def claim(
        self, id_: str, owner: str, now: datetime, lease: timedelta
    ) -> Claim | InvariantViolation | None: ...

    def hand_over(
        self,
        id_: str,
        owner: str,
        stage: Stage,
        until: datetime,
        turn: SendSlot | None = None,
        blind: int | None = None,
    ) -> timedelta: ...

    def put_back(self, stood: Delivery, owner: str) -> bool: ...

    def renew(self, id_: str, owner: str, until: datetime) -> bool: ...

    def record(
        self, id_: str, owner: str, step: Transition, now: datetime, stage: Stage | None = None
    ) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sender:
    """One process's hand at the queue."""

    queue: Queue
    channels: Mapping[ChannelName, Channel]
    owner: str  #: who holds the leases; no other process's
    clock: Clock  #: what leases and waits go by: the time, or what the user set
    real: Clock  #: what the receivers' pace goes by
    pause: Callable[[float], None] = (
        time.sleep
    )  #: a wait between attempts; may raise to end the round
    wait: Callable[[float], None] = time.sleep  #: a wait within an attempt, of a few seconds

    def deliver(
        self, subscriptions: Iterable[str], told: Callable[[str], None] = lambda edition: None
    ) -> None:
        """One attempt at everything that is open for these subscriptions; `told` hears of each edition.

        Raises Violation when something was to be sent that must not be.
        """
        wanted = list(subscriptions)
        tried: set[str] = set()
        heart = _LeaseRenewer(self)
        try:
            while fresh := [one for one in self.queue.open(wanted, self.clock()) if one.id not in tried]:
                tried.update(one.id for one in fresh)
                _SendRound(self, fresh, told).make(heart)
        finally:
            heart.stop()
            if tried:
                self.queue.flush()
            for channel in {id(channel): channel for channel in self.channels.values()}.values():
                channel.rest()

    def lane(self, one: OpenDelivery) -> str:
        """What the messages to its conversation queue up in."""
        return f"{one.channel}:{self.channels[one.channel].conversation(one.target)}"


class _SendRound:
    """One attempt at each of some deliveries: in order, but what has to wait for its conversation lets others go."""

    def __init__(self, sender: Sender, waiting: list[OpenDelivery], told: Callable[[str], None]) -> None:
        self._sender = sender
        self._waiting = waiting
        self._told = told
        self._free: dict[str, datetime] = {}  #: when a conversation takes the next message
        self._last: _Attempt | None = None  #: whose outcome is recorded together with the next claim
        self._ahead: _Attempt | None = None  #: claimed while the one before was under way

    def make(self, heart: _LeaseRenewer) -> None:
        try:
            while self._ahead or self._waiting:
                self._sender.pause(0)
                if trip := self._begun():
                    with heart.beating_for(trip.one.id):
                        trip.make()
                    self._note_turn(trip)
        finally:
            if self._last:
                self._last.end()
            if self._ahead:
                self._ahead.put_back()

    def _begun(self) -> _Attempt | None:
        """The next trip, claimed; None when there was none to make yet, and some time has passed."""
        trip, self._ahead = self._ahead, None
        if trip:
            self._end_last()
        elif isinstance(one := self._next(), float):
            self._end_last()
            self._sender.pause(one)
            return None
        else:
            trip = _Attempt(self._sender, one, self._told, self._look_ahead)
            trip.begin(self._last)
        self._last = trip
        return trip

    def _end_last(self) -> None:
        if self._last:
            self._last.end()

    def _look_ahead(self) -> None:
        """Claims the next one, unless it has to keep its distance. What goes wrong goes wrong again in its turn."""
        if not self._waiting or self._ahead or self._sender.channels[self._waiting[0].channel].spacing:
            return
        trip = _Attempt(self._sender, self._waiting[0], self._told, self._look_ahead)
        with suppress(PaperboyError):
            trip.begin(None)
            self._waiting.pop(0)
            self._ahead = trip

    def _next(self) -> OpenDelivery | float:
        """Takes what comes next out of what is waiting; or says in how many seconds something does."""
        now = self._sender.real()
        ready = (n for n, one in enumerate(self._waiting) if self._time_of(one, now) <= now + EARLY)
        number = next(ready, None)
        if number is not None:
            return self._waiting.pop(number)
        return (min(self._time_of(one, now) for one in self._waiting) - EARLY - now).total_seconds()

    def _time_of(self, one: OpenDelivery, now: datetime) -> datetime:
        return self._free.get(self._sender.lane(one), now)

    def _note_turn(self, trip: _Attempt) -> None:
        if trip.turn:  # else nothing went out, and the next one need not wait for it
            spacing = self._sender.channels[trip.one.channel].spacing
            self._free[self._sender.lane(trip.one)] = trip.turn + spacing


class _Attempt:
    """One attempt at one delivery: claimed, made, recorded."""

    def __init__(
        self,
        sender: Sender,
        one: OpenDelivery,
        told: Callable[[str], None],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self.one = one
        self._sender = sender
        self._told = told
        self._meanwhile = meanwhile  #: called while the receiver thinks
        self._channel = sender.channels[one.channel]
        self._claim: Claim | InvariantViolation | None = None
        self._step: Transition | None = None  #: what is to be recorded
        self._stage = Stage.CLAIMED
        self._blind: int | None = None  #: how many blind tries the delivery had, when this is one
        self.turn: datetime | None = None  #: when the content went out, by the real clock

    def begin(self, last: _Attempt | None) -> None:
        """Claim it, in one transaction with what became of the last one.

        Only handing over waits for the disk, and brings there what was recorded before: a power cut forgets a claim,
        which does no harm, or leaves the last delivery in doubt, but never what went out.
        """
        sender = self._sender
        with sender.queue.together(relaxed=True):
            if last:
                last.record()
            self._claim = sender.queue.claim(self.one.id, sender.owner, sender.clock(), LEASE)
        if last:
            last.tell()

    def put_back(self) -> None:
        """It was claimed, and is not tried after all."""
        if isinstance(self._claim, Claim):
            self._sender.queue.put_back(self._claim.delivery, self._sender.owner)

    def make(self) -> None:
        """The attempt; nothing when another sender has it. Raises Violation when it must not be made."""
        if isinstance(self._claim, InvariantViolation):
            raise self._claim
        if self._claim is None:
            return
        stood = self._claim.delivery
        try:
            outcome = attempt(
                self._channel, self._claim, lambda stage, blind: self._reach(stage, stood, blind)
            )
        except LeaseLost:
            return
        self._step = self._settled(transition(outcome, stood, self._sender.clock()))

    def end(self) -> None:
        """Record what became of it, unless that is done."""
        if self._step:
            with self._sender.queue.together(relaxed=True):
                self.record()
            self.tell()

    def record(self) -> None:
        sender = self._sender
        if self._step:
            sender.queue.record(self.one.id, sender.owner, self._step, sender.clock(), self._stage)

    def tell(self) -> None:
        """It is recorded: whoever asked hears of it."""
        if self._step and isinstance(self._claim, Claim) and self._claim.delivery.edition:
            self._told(self._claim.delivery.edition)
        self._step = None

    def _reach(self, stage: Stage, stood: Delivery, blind: bool) -> None:
        """Stages that hand over are stored before they begin, and begin when it is the conversation's turn."""
        if stage is Stage.ANSWER:
            self._meanwhile()
        elif stage.hands_over:
            left = stood.unverified_retries - 1 if blind else None
            self._blind = stood.unverified_retries if blind else None
            self._hand_over(stage, left)
        self._stage = stage

    def _hand_over(self, stage: Stage, blind: int | None) -> None:
        """Its turn is counted from when the transaction has begun: others may hold it up."""
        sender, spacing = self._sender, self._channel.spacing
        until = sender.clock() + LEASE
        with sender.queue.together():
            now = sender.real()
            turn = SendSlot(sender.lane(self.one), spacing, now) if spacing else None
            wait = sender.queue.hand_over(self.one.id, sender.owner, stage, until, turn, blind)
        self.turn = now + wait
        if wait:
            sender.wait(max(0.0, (self.turn - sender.real()).total_seconds()))  # storing it may take as long
            if not sender.queue.renew(self.one.id, sender.owner, sender.clock() + LEASE):
                raise LeaseLost(f"{self.one.id} was taken over while it waited for its turn")

    def _settled(self, step: Transition) -> Transition:
        """A blind try that certainly did not arrive is given back."""
        was_refused = step.state is DeliveryState.UNCERTAIN and step.until is not None
        return replace(step, unverified_retries=self._blind) if was_refused and self._blind is not None else step


class _LeaseRenewer:
    """Renews the lease of an attempt that takes its time: a live sender's delivery is nobody else's."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._id: str | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    @contextmanager
    def beating_for(self, id_: str) -> Iterator[None]:
        self._id = id_
        try:
            yield
        finally:
            self._id = None

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stopped.wait(LEASE.total_seconds() / 3):
            if id_ := self._id:
                self._renew(id_)

    def _renew(self, id_: str) -> None:
        sender = self._sender
        try:
            sender.queue.renew(id_, sender.owner, sender.clock() + LEASE)
        except PaperboyError as error:  # the attempt goes on, and hears at its next step whether it may
            _LOG.warning("the lease of %s could not be renewed: %s", id_, error)
