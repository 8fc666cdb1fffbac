"""The interfaces of the stores that delivery uses, and the value that only they exchange."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from bot.delivery.model import Delivery, Edition, Part, Pause
from bot.delivery.quiet_weeks import EditionDay
from bot.digests.model import History, HistoryRequest


class EditionSummary(NamedTuple):
    """What planning needs to know of a stored edition."""

    id: str
    papers: int  #: 0 for a quiet edition
    is_open: bool  #: whether a part of it is not sent, or it waits for the sources
    awaits: str | None = None  #: as `Edition.awaits`
    has_message: bool = False  #: whether it has anything to send: papers, or the line of a quiet week


class StoredDigest(NamedTuple):
    """A digest as an edition has it."""

    profile: str
    subscription: str  #: Subscription.key
    digest: Mapping[str, Any]  #: as `bot.delivery.editions.as_json` makes it


class OutboxStore(Protocol):
    """The stored editions, their deliveries and the ledger (`bot.store.outbox`)."""

    def add(
        self,
        edition: Edition,
        receiver: str,
        made: datetime,
        digest: dict[str, Any],
        papers: Iterable[str],
        parts: Sequence[Part],
        unverified_retries: int = 0,
    ) -> bool: ...

    def close_quiet(self, ids: Collection[str]) -> None: ...

    def served(self, subscriptions: Collection[str] | None = None) -> frozenset[str]: ...

    def summaries(
        self, first: date, last: date, subscriptions: Collection[str] | None = None
    ) -> Mapping[tuple[str, date], EditionSummary]: ...

    def histories(self, requests: Sequence[HistoryRequest], since: datetime) -> Mapping[str, History]: ...

    def days(self, subscriptions: Collection[str], since: date) -> Mapping[str, Sequence[EditionDay]]: ...

    def editions(self, ids: Collection[str]) -> tuple[Edition, ...]: ...

    def waiting(self) -> tuple[Delivery, ...]: ...

    def deliveries(self, prefix: str) -> tuple[Delivery, ...]: ...

    def failed(self) -> tuple[Delivery, ...]: ...

    def unreported(self) -> tuple[Delivery, ...]: ...

    def reported(self) -> frozenset[str]: ...

    def known_incidents(self) -> frozenset[str]: ...

    def record_report(
        self,
        reported: Sequence[str],
        alert: Part | None,
        token: str,
        channel: str,
        target: str,
        unverified_retries: int,
    ) -> bool: ...


class StoppedQueue(Protocol):
    """What a person may do about a delivery that has stopped (`bot.store.queue`)."""

    def release(self, id_: str, now: datetime, *, settling: bool) -> bool: ...

    def settle(self, id_: str) -> bool: ...


class PauseStore(Protocol):
    """The stored pauses (`bot.store.receivers`)."""

    def pauses(self, now: datetime | None = None) -> Sequence[Pause]: ...

    def pause(self, scope: str, why: str, now: datetime, until: datetime | None = None) -> bool: ...

    def resume(self, scope: str) -> bool: ...
