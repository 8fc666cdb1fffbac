"""Digests as values: what an edition holds, and what it was chosen from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.clock import require_aware
from bot.papers.model import Paper
from bot.ranking.model import Reason


@dataclass(frozen=True, slots=True)
class ScoredPaper:
    """A paper of a digest, with why it is there."""

    paper: Paper
    score: float  #: the sum of the reasons' weights
    relevance: float  #: percent of the background that this profile scores lower
    reasons: tuple[Reason, ...] = ()  #: all of them, largest weight first
    followed: tuple[str, ...] = ()  #: names on this paper that the profile follows
    interest: str = ""  #: the interest that it belongs to, as the profile writes it; empty when it is none
    also: tuple[Paper, ...] = ()  #: nearly the same work: named under this one, not shown on their own
    sent: date | None = None  #: when another subscription of the profile got it, for a weekly digest to say

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all the papers that a reader meets here."""
        return (self.paper.id, *(paper.id for paper in self.also))


@dataclass(frozen=True, slots=True)
class NewPaperCounts:
    """What a digest was chosen from."""

    papers: int = 0  #: candidates first seen since the subscription's last digest
    since: date | None = None  #: local date of that digest; None when there is none
    days: int = 7  #: without one: how many days back
    sources: tuple[tuple[str, int], ...] = ()  #: of them, by source, the largest first; each counts once


@dataclass(frozen=True, slots=True)
class Digest:
    """An edition's content: fixed once stored."""

    profile: str
    on: date  #: local date of the edition
    timezone: str
    made: datetime  #: UTC
    papers: tuple[ScoredPaper, ...] = ()  #: best first
    candidates: int = 0  #: how many papers were considered
    news: NewPaperCounts = NewPaperCounts()
    why: str = ""  #: why it is short or empty, in words; empty when there is nothing to explain
    weekly: bool = False  #: it comes once a week: it leads with the week's best
    earlier: tuple[Paper, ...] = ()  #: of a weekly one: what the profile's subscriptions had, best first

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all the papers that its subscription is given."""
        return tuple(id_ for one in self.papers for id_ in one.ids)

    def __post_init__(self) -> None:
        require_aware(self.made)


@dataclass(frozen=True, slots=True)
class History:
    """What a subscription, and its reader, had before."""

    given: frozenset[str] = frozenset()  #: ids of the papers that the subscription has been given, whenever
    on: date | None = None  #: of its newest digest with papers; None before the first one
    made: datetime | None = None  #: when that was composed: UTC
    #: Ids of the papers that any of the profile's subscriptions was given in the last week, and their digest's date.
    lately: Mapping[str, date] = field(default_factory=dict)
