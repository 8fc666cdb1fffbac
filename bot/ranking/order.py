"""A profile's papers, best first, and the reasons for their scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.papers.model import Paper
from bot.papers.names import authors_among
from bot.profiles.model import Profile
from bot.ranking.counts import written_terms
from bot.ranking.facets import NEGLIGIBLE, WANTED, Facet, Kind
from bot.ranking.index import Vector
from bot.ranking.model import PaperSet, RankedPaper, Reason, Threshold

if TYPE_CHECKING:
    from bot.ranking.linear import Ranker

#: A followed author has the weight of a perfect match.
AUTHOR_WEIGHT = 1.0
#: The score with which a paper fits to a half, if all interests have the weight 1.
HALF_FIT = 0.3
#: A paper belongs to an interest rather than to `about`, which supports, if its share is at least this part of that
#: of `about`.
SUPPORT = 0.5
#: A term that a larger part of the archive has is general.
GENERAL = 0.1
#: Papers of an order that are computed together.
BLOCK = 32
#: Decimal places of a score: the last bits depend on the other profiles in the model, and must not break a tie.
_PLACES = 12


@dataclass(frozen=True, slots=True)
class FacetScores:
    """A profile's facets, and the scores of every paper for them."""

    facets: tuple[Facet, ...]  #: those of `WANTED` kinds first
    similarities: NDArray[np.float64]  #: facets x papers, a perfect match having 1


class Ranking:
    """Papers of the window for one profile, and the reasons for their scores."""

    def __init__(self, ranker: Ranker, profile: Profile, among: PaperSet) -> None:
        self._ranker = ranker
        self._profile = profile
        self._scored = scored = ranker.scored(profile)
        window = ranker.window
        self._papers = ranker.papers[window]
        self._among = _mask(among, len(self._papers))[ranker.numbers]
        self._weights = np.array([facet.weight for facet in scored.facets])
        totals = _weighted_sum(self._weights, scored.similarities)
        if profile.trending:
            totals = (1 - profile.trending) * totals + profile.trending * ranker.votes
        self._followed = np.zeros(len(self._papers), dtype=bool)
        if profile.authors:
            authors = np.zeros(len(totals))  # number of followed authors of each paper
            for name in profile.authors:
                authors[ranker.author_places(name)] += 1
            totals += AUTHOR_WEIGHT * authors
            self._followed = authors[window] > 0
        self._scores = np.round(totals[window], _PLACES)
        self._background = totals[ranker.background]
        wanted = sum(facet.kind in WANTED for facet in scored.facets)
        #: Wanted facets x window: terms of the scores.
        self._shares = self._weights[:wanted, None] * scored.similarities[:wanted, window]
        self._matches = np.asarray((self._shares > NEGLIGIBLE).any(axis=0))
        weights = [facet.weight for facet in scored.facets if facet.kind is Kind.INTEREST]
        #: The score with which a paper fits to a half: interests' weights are relative to one another.
        self._half = HALF_FIT * (sum(weights) / len(weights) if weights else 1.0)

    def best_first(self, floor: Threshold | None = None) -> Iterator[RankedPaper]:
        """Yield all the papers, or those that reach a threshold; ties by id."""
        if floor is None:
            return self._sorted(self._among)
        above = self._among & self._matches & (self._scores > 0) & (self._fits(self._scores) >= floor.fit)
        if floor.relevance > 0:
            above[above] = self._relevances(self._scores[above]) >= floor.relevance
        return self._sorted(above)

    def by_followed_authors(self) -> Iterator[RankedPaper]:
        """Yield the papers by followed authors, best first."""
        if not self._profile.authors:
            return iter(())
        return self._sorted(self._among & self._followed)

    def reasons(self, paper: Paper) -> tuple[Reason, ...]:
        """Return the terms of the paper's score, largest first; their sum is the score."""
        merged: dict[tuple[str, bool], Reason] = {}
        for reason in self._reasons(paper):
            key = (reason.term, reason.is_term)
            same = merged.get(key)
            merged[key] = replace(reason, weight=reason.weight + same.weight) if same else reason
        reasons = (reason for reason in merged.values() if abs(reason.weight) > NEGLIGIBLE)
        return tuple(sorted(reasons, key=lambda reason: (-reason.weight, reason.term)))

    def _sorted(self, included: NDArray[np.bool_]) -> Iterator[RankedPaper]:
        """The papers are computed as they are needed, as a digest has few."""
        numbers = np.flatnonzero(included)
        order = numbers[np.lexsort((self._ranker.by_id[numbers], -self._scores[numbers]))]
        for start in range(0, len(order), BLOCK):
            yield from self._ranked(order[start : start + BLOCK])

    def _ranked(self, numbers: NDArray[np.intp]) -> Iterator[RankedPaper]:
        scores, matches = self._scores[numbers], self._matches[numbers]
        facets = self._scored.facets[: len(self._shares)]
        main = [-1] * len(numbers)
        if any(facet.name for facet in facets):
            leading = np.array([SUPPORT if facet.kind is Kind.ABOUT else 1.0 for facet in facets])
            shares = leading[:, None] * self._shares[:, numbers]
            main = np.where(matches, shares.argmax(axis=0), -1).tolist()
        columns = (
            numbers.tolist(),
            scores.tolist(),
            self._relevances(scores).tolist(),
            (matches | self._followed[numbers]).tolist(),
            self._fits(scores).tolist(),
            main,
        )
        for number, score, relevance, matching, fit, facet in zip(*columns, strict=True):
            interest = facets[facet].name if facet >= 0 else ""
            yield RankedPaper(self._papers[number], score, relevance, matching, fit, interest)

    def _fits(self, scores: Vector) -> Vector:
        return np.asarray(1.0 - np.exp2(-np.maximum(scores, 0.0) / self._half))

    def _relevances(self, scores: Vector) -> Vector:
        lower = np.searchsorted(self._sorted_background, scores - NEGLIGIBLE, side="left")
        return np.asarray(100.0 * lower / max(len(self._background), 1))

    @cached_property
    def _sorted_background(self) -> Vector:
        return np.sort(self._background)

    def _reasons(self, paper: Paper) -> Iterable[Reason]:
        trending = self._profile.trending
        place = self._ranker.places[paper.id]
        index, row = self._ranker.index, self._ranker.rows[[place]]
        for facet in self._scored.facets:
            share = (1 - trending) * facet.weight
            if facet.papers:
                verb = "like" if facet.kind is Kind.LIKE else "unlike"
                for title, resemblance in self._ranker.named.resemblances(facet, place):
                    yield Reason(f"{verb}: {title}", share * resemblance, is_term=False)
                written = written_terms(paper.title, paper.abstract) if facet.share else {}
                for column, part in self._ranker.named.distinctions(facet, place):
                    if part:  # a phrase of a profile has none
                        term = written[int(index.keys[column])]
                        yield Reason(term, share * part, is_specific=self._is_specific(column))
                continue
            products = facet.values * row[:, facet.columns].toarray()[0] / facet.perfect
            for n in np.flatnonzero(products):
                term, column = facet.terms[n], facet.columns[n]
                is_specific = term == facet.name or self._is_specific(column)
                yield Reason(term, share * float(products[n]), is_specific=is_specific)
        if trending and paper.votes:
            yield Reason(f"votes: {paper.votes}", trending * float(self._ranker.votes[place]), is_term=False)
        for name in authors_among(paper, self._profile.authors):
            yield Reason(f"author: {name}", AUTHOR_WEIGHT, is_term=False)

    def _is_specific(self, column: int) -> bool:
        index = self._ranker.index
        return bool(index.df[column] <= GENERAL * index.papers)


def _weighted_sum(weights: Vector, rows: NDArray[np.float64]) -> Vector:
    """Not a matrix product, which rounds the same paper differently at another place."""
    return np.asarray((weights[:, None] * rows).sum(axis=0))


def _mask(papers: PaperSet, size: int) -> NDArray[np.bool_]:
    """For each of `size` papers whether it is in the set."""
    packed = np.frombuffer(papers.to_bytes(size // 8 + 1, "little"), np.uint8)
    return np.unpackbits(packed, count=size, bitorder="little").view(bool)
