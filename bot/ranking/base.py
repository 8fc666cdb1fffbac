"""What other rooms need of a ranker, without importing numpy and scipy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from bot.papers.model import CountedPaper, Paper
from bot.profiles.model import Profile
from bot.ranking.model import PaperSet, RankedPaper, Reason, Threshold


class TwinFinder(Protocol):
    """Finds another paper that is the same work."""

    def __call__(self, paper: Paper, others: Sequence[Paper], *, repeated: bool = False) -> Paper | None:
        """Return the first of the other papers that this one repeats or, if not `repeated`, is in a series with."""
        ...


class PaperFinder(Protocol):
    """Finds papers of a window without reading all of them."""

    def with_terms(self, text: str) -> PaperSet:
        """Papers that have every term of a text, anywhere."""
        ...

    def by_author(self, name: str) -> PaperSet:
        """Papers with this author."""
        ...


class Order(Protocol):
    """A profile's candidates, best first; ties by id."""

    def best_first(self) -> Iterator[RankedPaper]: ...

    def in_turn(self, floor: Threshold, limit: int, *, rest: bool = False) -> Iterator[RankedPaper]:
        """The candidates that reach a threshold as a digest takes them, and then the others if `rest`."""
        ...

    def by_followed_authors(self) -> Iterator[RankedPaper]: ...

    def among(self, papers: PaperSet) -> Order:
        """The same profile's order of other papers of the window."""
        ...

    def count(self, floor: Threshold) -> int:
        """How many candidates reach a threshold."""
        ...

    def reasons(self, paper: Paper) -> tuple[Reason, ...]: ...


class RankingModel(PaperFinder, Protocol):
    """Ranks papers for profiles."""

    def rank(self, profile: Profile, among: PaperSet) -> Order: ...

    def of_interests(self, profile: Profile, fit: float) -> Mapping[str, PaperSet]:
        """Papers that fit an interest alone at least so well, by its phrase."""
        ...

    def terms(self, profile: Profile) -> frozenset[str]:
        """Words and phrases that a profile's texts look for, and the acronyms that stand for them."""
        ...

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
