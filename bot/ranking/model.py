"""Values of ranking: a paper's place for a profile, and the reasons for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.papers.model import Paper
from bot.profiles.model import Match


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of the sum that is a paper's score."""

    term: str  #: as a reader would write it
    weight: float  #: its share of the score; negative when it lowers
    is_term: bool = True  #: whether it is a word or phrase, not a liked paper, an author or votes
    is_specific: bool = True  #: whether it is not a term that many papers have, such as "models"
    answered: bool = False  #: whether it comes from a reader's answer
    is_part: bool = True  #: of a term: whether it is in `about` or in an interest that has other words too


#: Papers of a window as a bit set: bit n is the window's paper n.
PaperSet = int


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least values for a paper to be shown; it must also match and score above 0."""

    relevance: float = 0.0
    fit: float = 0.0


#: The least fit for each word, best first.
LEAST_FIT = {Match.STRONG: 0.7, Match.GOOD: 0.5, Match.PARTIAL: 0.25}


def match_of(fit: float) -> Match | None:
    """The word for a fit; None below PARTIAL."""
    return next((match for match, least in LEAST_FIT.items() if fit >= least), None)


class RankedPaper(NamedTuple):
    """A paper in a profile's order, without its reasons. A tuple, as thousands are made in a second."""

    paper: Paper
    score: float
    relevance: float  #: percent of the background that this profile scores lower
    matches: bool  #: whether it has a term, a liked neighbour or a followed author
    fit: float = 0.0  #: from 0 to 1: the score on the scale of `LEAST_FIT`
    interest: str = ""  #: the interest that it belongs to, as written; empty for another part of the profile
