"""How things stand, as a value: what `paperboy status` is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bot.delivery.model import ALERTS, BounceSummary, Delivery, DeliveryState, Edition, Pause
from bot.papers.model import SourceState


@dataclass(frozen=True, slots=True)
class Status:
    """All that `paperboy status` is about."""

    now: datetime
    papers: int
    sources: Sequence[SourceState] = ()
    editions: Sequence[Edition] = ()  #: the newest of each subscription, and what is not through
    alerts: Sequence[Delivery] = ()  #: that have not reached the operator
    pauses: Sequence[Pause] = ()
    bounces: Sequence[BounceSummary] = ()

    def unfinished(self) -> Iterator[Unfinished]:
        for edition in self.editions:
            for one in edition.deliveries:
                if one.state is not DeliveryState.SENT:
                    yield Unfinished(one, edition)
        for one in self.alerts:
            yield Unfinished(one, None)


class Unfinished(NamedTuple):
    """A delivery that is not through."""

    delivery: Delivery
    edition: Edition | None  #: None of an alert

    @property
    def profile(self) -> str:
        return self.edition.profile if self.edition else ALERTS

    @property
    def whole(self) -> str:
        """`2026-05-04 ada → slack C0PAPERS, part 2 of 3`"""
        one = self.delivery
        if self.edition is None:
            return f"alert → {one.channel} {one.target}"
        parts = len(self.edition.deliveries)
        part = f", part {one.part} of {parts}" if parts > 1 else ""
        return f"{self.edition.on} {self.profile} → {one.channel} {one.target}{part}"
