"""Digests as values, and what they are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple

from bot.clock import require_aware
from bot.papers.model import Paper
from bot.ranking.model import Reason


@dataclass(frozen=True, slots=True)
class ScoredPaper:
    """A paper of a digest, with the reasons why it is there."""

    paper: Paper
    score: float  #: the sum of the reasons' weights
    relevance: float  #: percent of the background that this profile scores lower
    reasons: tuple[Reason, ...] = ()  #: all of them, largest weight first
    followed: tuple[str, ...] = ()  #: its authors that the profile follows
    interest: str = ""  #: the interest that it belongs to, as the profile writes it; empty when there is none
    also: tuple[Paper, ...] = ()  #: nearly the same works, listed under this one instead of on their own
    sent: date | None = None  #: in a weekly digest: when another subscription of the profile got it
    fit: float = 0.0  #: how well it fits the profile, from 0 to 1; as a word: `bot.ranking.model.match_of`

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of this paper and of the papers listed under it."""
        return (self.paper.id, *(paper.id for paper in self.also))


@dataclass(frozen=True, slots=True)
class NewPaperCounts:
    """How many new papers a digest was chosen from."""

    papers: int = 0  #: candidates first seen since the subscription's last digest
    since: date | None = None  #: local date of that digest; None when there is none in the window
    days: int = 7  #: the window, which counts when `since` is None
    sources: tuple[tuple[str, int], ...] = ()  #: counts by source, largest first; each paper counts once
    after_pause: bool = False  #: the digest is the first one after the profile's pause


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many papers a digest left out of those first seen since the subscription's last digest."""

    categories: int = 0  #: reach the threshold, but are outside the profile's categories
    muted: int = 0  #: reach the threshold, but are muted
    limit: int = 0  #: reach the threshold, but are beyond the limit
    threshold: int = 0  #: match at least partially, but are below the threshold


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
    why: str = ""  #: why it is short or empty, and what it went without; empty when there is nothing to say
    #: For an empty digest while a source may soon bring what is missing: what the sources had answered. It is
    #: composed again when that changes.
    awaits: str | None = None
    weekly: bool = False  #: the subscription has one delivery a week
    earlier: tuple[
        Paper, ...
    ] = ()  #: in a weekly digest: papers that the profile's subscriptions had, best first
    left_out: LeftOut = LeftOut()
    best_outside: Paper | None = None  #: the best strong match outside the profile's categories
    closest: str = (
        ""  #: without papers: the title of the best one that was not good enough; empty when none matched
    )
    is_line: bool = False  #: without papers, and sent all the same: the message of a week without any

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all papers that its receiver is given."""
        return tuple(id_ for scored in self.papers for id_ in scored.ids)

    @property
    def mentioned(self) -> tuple[Paper, ...]:
        """Every paper in it, also those that its receiver is not given."""
        shown = (paper for scored in self.papers for paper in (scored.paper, *scored.also))
        return (*shown, *self.earlier, *((self.best_outside,) if self.best_outside else ()))

    def with_papers(self, change: Callable[[Paper], Paper]) -> Digest:
        """The same with every paper in it changed."""
        papers = (
            replace(scored, paper=change(scored.paper), also=tuple(map(change, scored.also)))
            for scored in self.papers
        )
        return replace(
            self,
            papers=tuple(papers),
            earlier=tuple(map(change, self.earlier)),
            best_outside=change(self.best_outside) if self.best_outside else None,
        )

    def __post_init__(self) -> None:
        require_aware(self.made)


@dataclass(frozen=True, slots=True)
class History:
    """What a subscription, its receiver, and the other subscriptions of its profile had before."""

    given: frozenset[str] = (
        frozenset()
    )  #: ids of the papers of the window that the receiver has been given, for any profile
    on: date | None = None  #: local date of its newest digest with papers; None when there is none
    made: datetime | None = None  #: when that digest was composed: UTC
    #: Ids of the papers that any of the profile's subscriptions was sent in the last week, with the date.
    last_week: Mapping[str, date] = field(default_factory=dict)
    #: Local date of its newest edition, with papers or without; None when there is none.
    checked: date | None = None


class HistoryRequest(NamedTuple):
    """Which history is needed to compose a digest."""

    subscription: str  #: Subscription.key
    receiver: str  #: as the ledger names it
    on: date  #: only editions before this local date count
    profile: tuple[str, ...] = ()  #: keys of all subscriptions of the profile, for `History.last_week`
