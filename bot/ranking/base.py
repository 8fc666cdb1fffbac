"""The seam between ranking and those who use it: what a ranker offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from bot.papers.model import CountedPaper, Paper
from bot.profiles.model import Profile
from bot.ranking.model import PaperSet, RankedPaper, Reason, Threshold


class TwinFinder(Protocol):
    """Finds what a paper is the same work as."""

    def __call__(self, paper: Paper, others: Sequence[Paper], *, repeated: bool = False) -> Paper | None:
        """One of the other papers that this one repeats or, unless it must be `repeated`, is a series with."""
        ...


class PaperFinder(Protocol):
    """Finds papers of a window without reading them all."""

    def with_terms(self, text: str) -> PaperSet:
        """Those that have every term of a text, wherever."""
        ...

    def by(self, name: str) -> PaperSet:
        """Those by somebody."""
        ...


class Order(Protocol):
    """A profile's candidates, best first; ties by id."""

    def best_first(self, floor: Threshold | None = None) -> Iterator[RankedPaper]: ...

    def followed(self) -> Iterator[RankedPaper]: ...

    def reasons(self, paper: Paper) -> tuple[Reason, ...]: ...


class RankingModel(PaperFinder, Protocol):
    """What ranks papers for profiles."""

    def rank(self, profile: Profile, among: PaperSet) -> Order: ...

    @property
    def twin(self) -> TwinFinder: ...


#: (counts of the archive, background, papers to rank, profiles, named papers by id) -> a model
MakeModel = Callable[
    [
        Sequence[bytes],
        Sequence[CountedPaper],
        Sequence[CountedPaper],
        Sequence[Profile],
        Mapping[str, CountedPaper],
    ],
    RankingModel,
]
