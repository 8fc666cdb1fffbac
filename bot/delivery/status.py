"""What `paperboy status` shows, as a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.delivery.broken_profiles import BrokenFile
from bot.delivery.model import ALERTS, BounceSummary, Delivery, DeliveryState, Edition, Pause
from bot.papers.model import SourceState
from bot.profiles.model import Profile

#: A source that fails for longer needs a person.
OUTAGE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Status:
    """The state of Paperboy at a moment."""

    now: datetime
    papers: int
    sources: Sequence[SourceState] = ()
    editions: Sequence[
        Edition
    ] = ()  #: the newest of each subscription, and those with a part that is not sent
    alerts: Sequence[Delivery] = ()  #: that are not sent
    pauses: Sequence[Pause] = ()
    bounces: Sequence[BounceSummary] = ()
    database: str = ""  #: where it is
    notes: Sequence[str] = ()  #: on settings that are missing, each a sentence
    #: Scopes of the profiles' subscriptions, and of alerts; None when a profile has a problem.
    used_scopes: frozenset[str] | None = None
    broken: Sequence[BrokenFile] = ()  #: of the profiles
    paused: Sequence[Profile] = ()  #: the profiles that have no digest today

    def is_used(self, scope: str) -> bool:
        """Whether anything is to be sent to a scope, as far as is known."""
        return self.used_scopes is None or scope in self.used_scopes

    def unfinished(self) -> Iterator[Unfinished]:
        for edition in self.editions:
            for delivery in edition.deliveries:
                if delivery.state is not DeliveryState.SENT:
                    yield Unfinished(delivery, edition)
        for alert in self.alerts:
            yield Unfinished(alert, None)


def dead_sources(states: Sequence[SourceState], now: datetime) -> list[SourceState]:
    """The sources that failed for longer than OUTAGE or never answered; every source when all of them failed."""
    failed = [state for state in states if state.state == "failed"]
    if all(state.state in ("failed", "idle") for state in states):
        return failed
    return [s for s in failed if s.last_success is None or now - s.last_success > OUTAGE]


class Unfinished(NamedTuple):
    """A delivery that is not sent."""

    delivery: Delivery
    edition: Edition | None  #: None for an alert

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
