"""Values of ranking: a paper's place for a profile, and the reasons for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.papers.model import Paper


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of the sum that is a paper's score."""

    term: str  #: as a reader would write it
    weight: float  #: its share of the score; negative when it lowers
    is_term: bool = True  #: whether it is a word or phrase, not a liked paper, an author or votes


#: Papers of a window as a bit set: bit n is the window's paper n.
PaperSet = int


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least values for a paper to be shown; it must also match and score above 0."""

    relevance: float
    fit: float


class RankedPaper(NamedTuple):
    """A paper in a profile's order, without its reasons. A tuple, as thousands are made in a second."""

    paper: Paper
    score: float
    relevance: float  #: percent of the background that this profile scores lower
    matches: bool  #: whether it has a term, a liked neighbour or a followed author
    fit: float = (
        0.0  #: how well it fits its best facet of the profile: 0 for an ordinary paper, 1 for one that fits
    )
    interest: str = ""  #: the interest that it belongs to, as written; empty for another part of the profile
