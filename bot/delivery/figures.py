"""Numbers about an installation, for monitors. They name no person, profile or target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.delivery.model import DeliveryState, EditionState
from bot.papers.model import SourceState

#: While a worker runs, some source is asked at least this often, also on quiet days and when one asks for a break.
LONGEST_SILENCE = timedelta(hours=7)


@dataclass(frozen=True, slots=True)
class Figures:
    editions: Mapping[EditionState, int]  #: of the last two local dates
    deliveries: Mapping[DeliveryState, int]  #: all that are not sent
    oldest_due: datetime | None  #: since when the delivery is due that waits longest for a sender
    papers: int  #: first seen within a day
    sources: tuple[SourceState, ...]

    @property
    def last_attempt(self) -> datetime | None:
        """When a source was last asked: the sign of life of `paperboy run`, or of cron."""
        return max((one.last_attempt for one in self.sources if one.last_attempt), default=None)


def worker_problem(figures: Figures, now: datetime) -> str:
    """Why the worker seems not to run; empty when it does."""
    last = figures.last_attempt
    if last is None:
        return "no source was ever asked: start `paperboy run`"
    if now - last > LONGEST_SILENCE:
        return f"no source was asked since {last:%Y-%m-%d %H:%M} UTC: is `paperboy run` running?"
    return ""
