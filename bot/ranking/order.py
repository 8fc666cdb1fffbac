"""One profile's papers, best first, and the reasons for each place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.papers.model import Paper
from bot.papers.names import authors_among
from bot.profiles.model import Profile
from bot.ranking.facets import WANTED, Facet, Kind
from bot.ranking.index import Vector
from bot.ranking.model import PaperSet, RankedPaper, Reason, Threshold

#: A followed author counts as much as a paper among the best hundredth.
AUTHOR_WEIGHT = 1.0
#: Papers of an order that are made together.
BLOCK = 32
#: A share smaller than this is a rounding error, not a reason.
NEGLIGIBLE = 1e-12
#: Decimal places of a score: the last bits depend on who else is in the model, and must not break a tie.
_PLACES = 12


@dataclass(frozen=True, slots=True)
class Scored:
    """One profile's facets and what they score every paper."""

    facets: tuple[Facet, ...]  #: those that speak for a paper come first
    raw: NDArray[np.float64]  #: facets x papers
    scales: Vector  #: what a paper that fits each facet scores
    usual: Vector  #: what each facet scores an ordinary paper, on its scale; below 1


class Scorer(Protocol):
    """What a profile's order needs of the model that all profiles share."""

    papers: tuple[Paper, ...]
    places: dict[str, int]  #: of each paper among them, by id
    rows: sparse.csr_array  #: papers x terms
    window: slice  #: those of the papers that may be ranked
    numbers: NDArray[np.intp]  #: of each of these, its number in a `PaperSet`
    by_id: NDArray[np.intp]  #: and its number in the order of the ids
    background: slice  #: those that relevance is measured against
    votes: Vector  #: of each paper, on the scale of the facets

    def scored(self, profile: Profile) -> Scored: ...

    def author_places(self, name: str) -> NDArray[np.intp]:
        """Places of the papers by somebody."""
        ...

    def resemblances(self, facet: Facet, paper: Paper) -> Iterator[tuple[str, float]]:
        """Each liked or disliked paper's title, and its part of what the facet scores a paper."""
        ...


class Ranking:
    """Some of the window's papers for one profile, and the reasons for each place."""

    def __init__(self, ranker: Scorer, profile: Profile, among: PaperSet) -> None:
        self._ranker = ranker
        self._profile = profile
        self._scored = scored = ranker.scored(profile)
        window = ranker.window
        self._papers = ranker.papers[window]
        self._among = _mask(among, len(self._papers))[ranker.numbers]
        self._weights = np.array([facet.weight for facet in scored.facets])
        totals = _sum(self._weights / scored.scales, scored.raw)
        if profile.trending:
            totals = (1 - profile.trending) * totals + profile.trending * ranker.votes
        self._followed = np.zeros(len(self._papers), dtype=bool)
        if profile.authors:
            authors = np.zeros(len(totals))  # followed ones of each paper
            for name in profile.authors:
                authors[ranker.author_places(name)] += 1
            totals += AUTHOR_WEIGHT * authors
            self._followed = authors[window] > 0
        self._scores = np.round(totals[window], _PLACES)
        self._background = totals[ranker.background]
        wanted = sum(facet.kind in WANTED for facet in scored.facets)
        #: Facets that speak for a paper x window: what each scores it, on its scale.
        self._shares = scored.raw[:wanted, window] / scored.scales[:wanted, None]
        self._matches = np.asarray((self._shares > NEGLIGIBLE).any(axis=0))
        #: How well each paper fits what it fits best, less what speaks against it.
        fits = self._shares - scored.usual[:wanted, None]
        fits /= 1 - scored.usual[:wanted, None]
        self._fit = fits.max(axis=0, initial=0.0)
        if wanted < len(scored.facets):
            against = self._weights[wanted:] / scored.scales[wanted:]
            self._fit += _sum(against, scored.raw[wanted:, window])

    def best_first(self, floor: Threshold | None = None) -> Iterator[RankedPaper]:
        """All the papers, or those that reach a floor; ties by id."""
        if floor is None:
            return self._sorted(self._among)
        reach = self._among & self._matches & (self._scores > 0) & (self._fit >= floor.fit)
        if floor.relevance > 0:
            reach[reach] = self._relevances(self._scores[reach]) >= floor.relevance
        return self._sorted(reach)

    def followed(self) -> Iterator[RankedPaper]:
        """Those by a followed author, best first."""
        if not self._profile.authors:
            return iter(())
        return self._sorted(self._among & self._followed)

    def reasons(self, paper: Paper) -> tuple[Reason, ...]:
        """Every term of the paper's score, largest first; they add up to it."""
        shares: dict[tuple[str, bool], float] = {}
        for one in self._reasons(paper):
            named = (one.term, one.is_term)
            shares[named] = shares.get(named, 0.0) + one.weight
        reasons = (Reason(name, share, is_term) for (name, is_term), share in shares.items())
        told = (reason for reason in reasons if abs(reason.weight) > NEGLIGIBLE)
        return tuple(sorted(told, key=lambda reason: (-reason.weight, reason.term)))

    def _sorted(self, some: NDArray[np.bool_]) -> Iterator[RankedPaper]:
        """Made as they are asked for: a digest asks for few."""
        numbers = np.flatnonzero(some)
        order = numbers[np.lexsort((self._ranker.by_id[numbers], -self._scores[numbers]))]
        for start in range(0, len(order), BLOCK):
            yield from self._ranked(order[start : start + BLOCK])

    def _ranked(self, some: NDArray[np.intp]) -> Iterator[RankedPaper]:
        scores, matches = self._scores[some], self._matches[some]
        facets = self._scored.facets[: len(self._shares)]
        main = [-1] * len(some)
        if any(facet.name for facet in facets):
            shares = self._weights[: len(facets), None] * self._shares[:, some]
            main = np.where(matches, shares.argmax(axis=0), -1).tolist()
        columns = (
            some.tolist(),
            scores.tolist(),
            self._relevances(scores).tolist(),
            (matches | self._followed[some]).tolist(),
            self._fit[some].tolist(),
            main,
        )
        for number, score, relevance, speaks, fit, facet in zip(*columns, strict=True):
            interest = facets[facet].name if facet >= 0 else ""
            yield RankedPaper(self._papers[number], score, relevance, speaks, fit, interest)

    def _relevances(self, scores: Vector) -> Vector:
        lower = np.searchsorted(self._sorted_background, scores - NEGLIGIBLE, side="left")
        return np.asarray(100.0 * lower / max(len(self._background), 1))

    @cached_property
    def _sorted_background(self) -> Vector:
        return np.sort(self._background)

    def _reasons(self, paper: Paper) -> Iterable[Reason]:
        trending = self._profile.trending
        place = self._ranker.places[paper.id]
        row = self._ranker.rows[[place]]
        for facet, scale in zip(self._scored.facets, self._scored.scales, strict=True):
            share = (1 - trending) * facet.weight / scale
            if facet.papers:
                verb = "like" if facet.kind is Kind.LIKE else "unlike"
                for title, alike in self._ranker.resemblances(facet, paper):
                    yield Reason(f"{verb}: {title}", share * alike, is_term=False)
                continue
            products = facet.values * row[:, facet.columns].toarray()[0]
            for n in np.flatnonzero(products):
                yield Reason(facet.terms[n], share * float(products[n]))
        if trending and paper.votes:
            yield Reason(f"votes: {paper.votes}", trending * float(self._ranker.votes[place]), is_term=False)
        for name in authors_among(paper, self._profile.authors):
            yield Reason(f"author: {name}", AUTHOR_WEIGHT, is_term=False)


def _sum(weights: Vector, rows: NDArray[np.float64]) -> Vector:
    """Weighted sum of the rows. A matrix product rounds the same paper differently in another place."""
    return np.asarray((weights[:, None] * rows).sum(axis=0))


def _mask(papers: PaperSet, size: int) -> NDArray[np.bool_]:
    """Of so many papers, which are of a set."""
    packed = np.frombuffer(papers.to_bytes(size // 8 + 1, "little"), np.uint8)
    return np.unpackbits(packed, count=size, bitorder="little").view(bool)
