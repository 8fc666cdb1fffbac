"""The seam between ranking and those who use it: what a ranker offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from bot.papers.model import Counted, Paper
from bot.profiles.model import Profile
from bot.ranking.model import Floor, PaperSet, Ranked, Reason


class Twin(Protocol):
    """Finds what a paper is the same work as."""

    def __call__(self, paper: Paper, others: Sequence[Paper], *, repeated: bool = False) -> Paper | None:
        """One of the other papers that this one repeats or, unless it must be `repeated`, is a series with."""
        ...


class Finder(Protocol):
    """Finds papers of a window without reading them all."""

    def with_terms(self, text: str) -> PaperSet:
        """Those that have every term of a text, wherever."""
        ...

    def by(self, name: str) -> PaperSet:
        """Those by somebody."""
        ...


class Order(Protocol):
    """A profile's candidates, best first; ties by id."""

    def best_first(self, floor: Floor | None = None) -> Iterator[Ranked]: ...

    def followed(self) -> Iterator[Ranked]: ...

    def reasons(self, paper: Paper) -> tuple[Reason, ...]: ...


class Model(Finder, Protocol):
    """What ranks papers for profiles."""

    def rank(self, profile: Profile, among: PaperSet) -> Order: ...

    @property
    def twin(self) -> Twin: ...


#: (counts of the archive, background, papers to rank, profiles, named papers by id) -> a model
MakeModel = Callable[
    [Sequence[bytes], Sequence[Counted], Sequence[Counted], Sequence[Profile], Mapping[str, Counted]], Model
]
