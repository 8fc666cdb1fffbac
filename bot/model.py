"""The values that flow through Paperboy: frozen, complete, without behaviour that needs the world.

    Entry (what a listing says) -> Paper (what is known of a work) -> ScoredPaper -> Digest

Nothing here imports anything of ours. Times are aware and in UTC; `require_aware` rejects the rest when a
value is made. Dates that come from sources keep the precision they came with, as ISO text: `2025-02`,
`2025-02-26` or `2025-02-26T17:59:46Z`; such texts compare in time's order as strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from bot.clock import require_aware
from bot.papers.model import Paper

# --- What sources say -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask the sources for: it follows from the profiles and from what was asked before."""

    categories: tuple[str, ...] = ()  #: sorted union over the profiles
    authors: tuple[str, ...] = ()  #: sorted union of followed authors
    papers: tuple[str, ...] = ()  #: canonical ids of liked or disliked papers that are not stored yet
    since: date | None = None  #: day of this source's last complete answer; None: never asked
    by_name: bool = False  #: the user named the source: it answers even when it would find nothing missed
    now: datetime = field(kw_only=True)

    def __post_init__(self) -> None:
        require_aware(self.now)


# --- What people want -------------------------------------------------------------------------------------


# --- What is sent -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of the sum that is a paper's score."""

    term: str  #: as a reader would write it
    weight: float  #: its share of the score; negative when it lowers
    is_term: bool = True  #: a word or phrase; not a liked paper, an author, votes


#: Some papers of a window, as a bit set: bit n stands for the window's paper n.
PaperSet = int


@dataclass(frozen=True, slots=True)
class Floor:
    """What a paper must reach, besides a match and a score above 0."""

    relevance: float
    fit: float


class Ranked(NamedTuple):
    """A paper's place in a profile's order, before its reasons are spelled out: made a thousand times a second."""

    paper: Paper
    score: float
    relevance: float  #: percent of the background that this profile scores lower
    matches: bool  #: whether a term, a liked neighbour or a followed author speaks for it
    fit: float = 0.0  #: how well it fits what it fits best of the profile: 0 is any paper, 1 one that fits
    interest: str = (
        ""  #: the interest that it belongs to, as written; empty when that is another part of the profile
    )


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
class News:
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
    news: News = News()
    why: str = ""  #: why it is short or empty, in words; empty when there is nothing to explain
    weekly: bool = False  #: it comes once a week: it leads with the week's best
    earlier: tuple[Paper, ...] = ()  #: of a weekly one: what the profile's subscriptions had, best first

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all the papers that its subscription is given."""
        return tuple(id_ for one in self.papers for id_ in one.ids)

    def __post_init__(self) -> None:
        require_aware(self.made)


# --- What the store remembers -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Past:
    """What a subscription, and its reader, had before."""

    given: frozenset[str] = frozenset()  #: ids of the papers that the subscription has been given, whenever
    on: date | None = None  #: of its newest digest with papers; None before the first one
    made: datetime | None = None  #: when that was composed: UTC
    #: Ids of the papers that any of the profile's subscriptions was given in the last week, and their digest's date.
    lately: Mapping[str, date] = field(default_factory=dict)
