"""The interfaces between delivery and the rooms above it: channels and the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from bot.delivery.model import Delivery, Edition, EditionSummary, Envelope, Notice, Outcome, Part, Sent, Stage
from bot.digests.model import Digest, History, HistoryRequest


class OutboxStore(Protocol):
    """The stored editions, their deliveries and the ledger (`bot.store.outbox`)."""

    def add(
        self,
        edition: Edition,
        made: datetime,
        digest: dict[str, Any],
        papers: Iterable[str],
        parts: Sequence[Part],
        blind: int = 0,
    ) -> bool: ...

    def served(self) -> frozenset[str]: ...

    def summaries(self, first: date, last: date) -> Mapping[tuple[str, date], EditionSummary]: ...

    def histories(self, requests: Sequence[HistoryRequest], since: datetime) -> Mapping[str, History]: ...

    def editions(self, ids: Collection[str]) -> tuple[Edition, ...]: ...

    def deliveries(self, prefix: str) -> tuple[Delivery, ...]: ...

    def failed(self) -> tuple[Delivery, ...]: ...

    def unreported(self) -> tuple[Delivery, ...]: ...

    def known_incidents(self) -> frozenset[str]: ...

    def record_report(
        self, reported: Sequence[str], alert: Part | None, token: str, channel: str, target: str, blind: int
    ) -> bool: ...


class StoppedQueue(Protocol):
    """What a person may do about a delivery that has stopped (`bot.store.queue`)."""

    def release(self, id_: str, now: datetime, *, settling: bool) -> bool: ...

    def settle(self, id_: str) -> bool: ...


class NameCache(Protocol):
    """The ids of names that a service has resolved, kept over restarts."""

    def get(self, name: str) -> str | None:
        """The id of a name; None when it is not known."""
        ...

    def put(self, name: str, id_: str | None) -> None:
        """Store an id; None removes it."""
        ...


StageCallback = Callable[[Stage], None]


def ignore_stage(stage: Stage) -> None:
    """A StageCallback for callers that do not record stages."""


class Channel(Protocol):
    """One way to hand a digest to a reader: a pure `render` and a small `send`."""

    name: str
    #: Whether `find` can tell at all. If not, what may have arrived goes out once more or is held, as configured.
    can_look_up: bool
    #: At least so much lies between two messages to one conversation, whoever sends them.
    spacing: timedelta = timedelta(0)

    def check(self) -> None:
        """Raises NotConfigured, naming the settings to make, when this channel cannot send at all."""
        ...

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        """The digest as messages, each within the channel's limits. Pure: the same input, the same bytes.

        `delivery`: the opaque id that lets a sent message be found again. Parts after the first belong to
        the first one's thread.
        """
        ...

    def notice(self, told: Notice, delivery: str, target: str) -> bytes:
        """What Paperboy tells its operator, as one message. Pure."""
        ...

    def conversation(self, target: str) -> str:
        """What the `spacing` holds for: the target, or the id that its name is known to stand for."""
        return target

    def send(self, envelope: Envelope, reach: StageCallback = ignore_stage) -> Outcome:
        """One attempt, never repeated once it may have arrived; every failure is an outcome, never an exception.

        `reach` is told each stage before it begins. What it raises at a stage that hands over goes through, and
        nothing was sent.
        """
        ...

    def find(self, envelope: Envelope) -> Sent | None:
        """Looks an uncertain delivery up at the receiver; None when it is certainly not there.

        Raises LookupError when the receiver cannot tell.
        """
        ...

    def rest(self) -> None:
        """There is nothing more to send for now: connections are closed, where any stay open."""
        return
