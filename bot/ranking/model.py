"""What ranking says of a paper for a profile, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.papers.model import Paper


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of the sum that is a paper's score."""

    term: str  #: as a reader would write it
    weight: float  #: its share of the score; negative when it lowers
    is_term: bool = True  #: a word or phrase; not a liked paper, an author, votes


#: Some papers of a window, as a bit set: bit n stands for the window's paper n.
PaperSet = int


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a paper must reach, besides a match and a score above 0."""

    relevance: float
    fit: float


class RankedPaper(NamedTuple):
    """A paper's place in a profile's order, before its reasons are spelled out: made a thousand times a second."""

    paper: Paper
    score: float
    relevance: float  #: percent of the background that this profile scores lower
    matches: bool  #: whether a term, a liked neighbour or a followed author speaks for it
    fit: float = 0.0  #: how well it fits what it fits best of the profile: 0 is any paper, 1 one that fits
    interest: str = (
        ""  #: the interest that it belongs to, as written; empty when that is another part of the profile
    )
