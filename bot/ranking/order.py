"""A profile's papers, best first, and the reasons for their scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.papers.model import Paper
from bot.papers.names import authors_among
from bot.profiles.model import Profile
from bot.profiles.without import covers
from bot.ranking.facets import NEGLIGIBLE, WANTED, Facet, Kind
from bot.ranking.index import Vector
from bot.ranking.model import PaperSet, RankedPaper, Reason, Threshold
from bot.ranking.named import ExplainedFacet

if TYPE_CHECKING:
    from bot.ranking.linear import Ranker

#: A followed author has the weight of a perfect match.
AUTHOR_WEIGHT = 1.0
#: The score with which a paper fits to a half.
HALF_FIT = 0.36
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
        self._among = ranker.mask(among)
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
        end = ranker.background.stop
        liked = [n for paper in profile.like if (n := ranker.places.get(paper.id or "", end)) < end]
        #: Scores of the background, without liked papers, which would be the best of it.
        self._background = np.delete(totals[ranker.background], liked)
        wanted = sum(facet.kind in WANTED for facet in scored.facets)
        #: Wanted facets x window: terms of the scores.
        self._shares = self._weights[:wanted, None] * scored.similarities[:wanted, window]
        self._matches = np.asarray((self._shares > NEGLIGIBLE).any(axis=0))

    def best_first(self) -> Iterator[RankedPaper]:
        """Yield all the papers; ties by id."""
        return self._ranked(self._by_score(self._among))

    def in_turn(self, floor: Threshold, limit: int, *, rest: bool = False) -> Iterator[RankedPaper]:
        """Yield the papers that reach a threshold in the order in which a digest with this limit takes them, and then
        the others if `rest`.

        If there are more than the limit, its places are dealt to the facets that have papers, in proportion to their
        weights, best first within each; places that remain go to the best of each facet without any, and then to the
        best of all. Papers with a place come first; then all are by score.
        """
        above = self._reaching(floor)
        order = self._by_score(above)
        if len(order) > limit:
            has_place = self._deal(order, limit)
            order = np.concatenate([order[has_place], order[~has_place]])
        yield from self._ranked(order)
        if rest:
            yield from self._ranked(self._by_score(self._among & ~above))

    def _deal(self, order: NDArray[np.intp], limit: int) -> NDArray[np.bool_]:
        """For each of some papers, best first, whether it is among the first `limit` to be shown."""
        # Papers by followed authors are shown beside the limit, so they take no place.
        main = np.where(self._followed[order], -1, self._main_facets(order))
        facets = np.unique(main[main >= 0])
        weights = np.array([self._scored.facets[facet].places for facet in facets])
        quotas = (limit * weights / weights.sum() + NEGLIGIBLE).astype(int)
        has_place = np.zeros(len(order), dtype=bool)
        for facet, quota in zip(facets, quotas, strict=True):
            has_place[np.flatnonzero(main == facet)[:quota]] = True
        # Places that remain: to the best of each facet that has none yet, then to the best of all.
        is_best = np.zeros(len(order), dtype=bool)
        for facet in facets[quotas == 0]:
            is_best[np.argmax(main == facet)] = True
        for others in (is_best, main >= 0):
            has_place[np.flatnonzero(others & ~has_place)[: limit - has_place.sum()]] = True
        return has_place

    def by_followed_authors(self) -> Iterator[RankedPaper]:
        """Yield the papers by followed authors, best first."""
        if not self._profile.authors:
            return iter(())
        return self._ranked(self._by_score(self._among & self._followed))

    def among(self, papers: PaperSet) -> Ranking:
        """Return the same profile's ranking of other papers of the window, without computing scores again."""
        other = copy(self)
        other._among = self._ranker.mask(papers)
        return other

    def count(self, floor: Threshold) -> int:
        """Return how many of the papers reach a threshold."""
        return int(self._reaching(floor).sum())

    def reasons(self, paper: Paper) -> tuple[Reason, ...]:
        """Return the terms of the paper's score, largest first; their sum is the score."""
        merged: dict[tuple[str, bool], Reason] = {}
        for reason in self._reasons(paper):
            key = (reason.term, reason.is_term)
            if same := merged.get(key):
                reason = replace(
                    same,
                    weight=same.weight + reason.weight,
                    is_specific=same.is_specific or reason.is_specific,
                    is_part=same.is_part or reason.is_part,
                )
            merged[key] = reason
        reasons = (reason for reason in merged.values() if abs(reason.weight) > NEGLIGIBLE)
        return tuple(sorted(reasons, key=lambda reason: (-reason.weight, reason.term)))

    def _reaching(self, floor: Threshold) -> NDArray[np.bool_]:
        """For each paper of the window whether it is one of the papers and reaches a threshold."""
        above = self._among & self._matches & (self._scores > 0) & (self._window_fits >= floor.fit)
        if floor.relevance > 0:
            above[above] = self._relevances(self._scores[above]) >= floor.relevance
        return above

    def _by_score(self, included: NDArray[np.bool_]) -> NDArray[np.intp]:
        numbers = np.flatnonzero(included)
        return numbers[np.lexsort((self._ranker.by_id[numbers], -self._scores[numbers]))]

    def _ranked(self, order: NDArray[np.intp]) -> Iterator[RankedPaper]:
        """The papers are computed as they are needed, as a digest has few."""
        for start in range(0, len(order), BLOCK):
            yield from self._ranked_block(order[start : start + BLOCK])

    def _ranked_block(self, numbers: NDArray[np.intp]) -> Iterator[RankedPaper]:
        scores = self._scores[numbers]
        columns = (
            numbers.tolist(),
            scores.tolist(),
            self._relevances(scores).tolist(),
            (self._matches[numbers] | self._followed[numbers]).tolist(),
            self._fits(scores).tolist(),
            self._main_facets(numbers).tolist(),
        )
        for number, score, relevance, matching, fit, facet in zip(*columns, strict=True):
            interest = self._scored.facets[facet].name if facet >= 0 else ""
            yield RankedPaper(self._papers[number], score, relevance, matching, fit, interest)

    def _main_facets(self, numbers: NDArray[np.intp]) -> NDArray[np.intp]:
        """The number of the facet that each paper belongs to; -1 when it does not match."""
        facets = self._scored.facets[: len(self._shares)]
        if not facets:
            return np.full(len(numbers), -1)
        leading = np.array([SUPPORT if facet.kind is Kind.ABOUT else 1.0 for facet in facets])
        main = (leading[:, None] * self._shares[:, numbers]).argmax(axis=0)
        return np.where(self._matches[numbers], main, -1)

    def _fits(self, scores: Vector) -> Vector:
        return np.asarray(1.0 - np.exp2(-np.maximum(scores, 0.0) / HALF_FIT))

    def _relevances(self, scores: Vector) -> Vector:
        lower = np.searchsorted(self._sorted_background, scores - NEGLIGIBLE, side="left")
        return np.asarray(100.0 * lower / max(len(self._background), 1))

    @cached_property
    def _window_fits(self) -> Vector:
        return self._fits(self._scores)

    @cached_property
    def _sorted_background(self) -> Vector:
        return np.sort(self._background)

    def _reasons(self, paper: Paper) -> Iterable[Reason]:
        trending = self._profile.trending
        place = self._ranker.places[paper.id]
        row = self._ranker.row(place)
        for facet, weight in zip(self._scored.facets, self._weights.tolist(), strict=True):
            share = (1 - trending) * weight
            if facet.papers:
                yield from self._named_reasons(facet, share, paper, place)
                continue
            products = facet.values * row[facet.columns] / facet.perfect
            found = np.flatnonzero(products)
            specific = self._are_specific(facet.columns[found])
            for n, product, is_specific in zip(
                found.tolist(), products[found].tolist(), specific, strict=True
            ):
                term = facet.terms[n]
                is_specific = term == facet.name or is_specific
                is_part = not covers(facet.name, term)
                yield Reason(term, share * product, is_specific=is_specific, is_part=is_part)
        if trending and paper.votes:
            yield Reason(f"votes: {paper.votes}", trending * float(self._ranker.votes[place]), is_term=False)
        for name in authors_among(paper, self._profile.authors):
            answered = name in self._profile.answered_authors
            yield Reason(f"author: {name}", AUTHOR_WEIGHT, is_term=False, answered=answered)

    def _named_reasons(self, facet: Facet, share: float, paper: Paper, place: int) -> Iterator[Reason]:
        """The reasons of a facet of named papers."""
        explained = self._explained[facet.kind]
        verb, by_answer = ("like", "more like") if facet.kind is Kind.LIKE else ("unlike", "less like")
        for named, resemblance in explained.resemblances(place, self._ranker.row(place)):
            term = f"{by_answer if named.answered else verb}: {named.title}"
            yield Reason(term, share * resemblance, is_term=False, answered=named.answered)
        if facet.share:
            columns, parts = explained.distinctions(place)
            written = self._ranker.written(paper)
            found = np.flatnonzero(parts)
            specific = self._are_specific(columns[found])
            for n, part, is_specific in zip(found.tolist(), parts[found].tolist(), specific, strict=True):
                yield Reason(written[n], share * part, is_specific=is_specific, is_part=False)

    @cached_property
    def _explained(self) -> dict[Kind, ExplainedFacet]:
        """The facets of named papers: there is one of each kind at most."""
        facets = (facet for facet in self._scored.facets if facet.papers)
        return {facet.kind: self._ranker.named.explained(facet) for facet in facets}

    def _are_specific(self, columns: NDArray[np.integer]) -> list[bool]:
        index = self._ranker.index
        specific: list[bool] = (index.df[columns] <= GENERAL * index.papers).tolist()
        return specific


def _weighted_sum(weights: Vector, rows: NDArray[np.float64]) -> Vector:
    """Not a matrix product, which rounds the same paper differently at another place."""
    return np.asarray((weights[:, None] * rows).sum(axis=0))
