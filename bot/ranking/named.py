"""The papers that profiles like and dislike, as facets, and the similarities of other papers to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.papers.model import CountedPaper
from bot.profiles.model import Profile, Reference
from bot.ranking.background import Background
from bot.ranking.counts import counts, number_of_terms
from bot.ranking.day_index import DayIndex
from bot.ranking.discriminant import SCALE, classifier_share
from bot.ranking.facets import ALPHA, Facet, Kind, NamedPaper, paper_facet
from bot.ranking.index import Vector, table
from bot.ranking.product import PaperMatrix, SplitTable


class NamedPapers:
    """The liked and disliked papers of many profiles.

    A liked paper is not compared with itself: where it is a candidate, as for another receiver than the one who has
    answered it, it is ranked by the rest of the profile. A disliked one is, and so is shown to nobody else.

    `named`: stored papers by canonical id. `places`: rows by id.
    """

    def __init__(
        self,
        profiles: Sequence[Profile],
        named: Mapping[str, CountedPaper],
        day: DayIndex,
        places: Mapping[str, int],
    ) -> None:
        self._rows, self._matrix, self._background = day.rows, day.matrix, day.background
        references = list(dict.fromkeys(r for p in profiles for r in (*p.like, *p.dislike)))
        resolved = {r: found for r in references if (found := _resolve(r, named))}
        numbers = {
            r: NamedPaper(title, number, r.answered)
            for number, (r, (title, _)) in enumerate(resolved.items())
        }
        #: For each profile its liked and its disliked papers.
        self._of_profile = {
            p.id: [tuple(numbers[r] for r in refs if r in numbers) for refs in (p.like, p.dislike)]
            for p in profiles
        }
        self._terms = [terms for _, terms in resolved.values()]
        #: The rows of those named papers that are ranked or in the background, by their numbers.
        self._places = {n: places[r.id] for n, r in enumerate(resolved) if r.id and r.id in places}
        self._named = day.matrix.split(day.index.rows(self._terms))

    def facets(self, profiles: Sequence[Profile]) -> tuple[list[list[Facet]], SplitTable]:
        """Return each profile's facets of liked and of disliked papers, and what `similarities` takes for all.

        One product gives the means of all facets.
        """
        named = [
            (number, kind, papers)
            for number, profile in enumerate(profiles)
            for kind, papers in zip((Kind.LIKE, Kind.DISLIKE), self._of_profile[profile.id], strict=True)
            if papers
        ]
        numbers = np.array([paper.number for _, _, papers in named for paper in papers], dtype=np.intp)
        ends = np.concatenate(([0], np.cumsum([len(papers) for _, _, papers in named], dtype=np.intp)))
        rows = self._background.counted(self._named.select(numbers))
        shares = [classifier_share(len(papers)) * (kind is Kind.LIKE) for _, kind, papers in named]
        has_classifiers = any(shares) and self._background.size > 0
        across = (
            (rows @ self._background.others_by_term).toarray()
            if has_classifiers
            else np.empty((len(numbers), 0))
        )
        masses, common = self._mass[numbers], self._named_common[numbers]
        facets: list[list[Facet]] = [[] for _ in profiles]
        weights = np.empty(len(numbers))
        for (owner, kind, papers), share, start, end in zip(named, shares, ends[:-1], ends[1:], strict=True):
            products, mass = _products(rows[start:end]), masses[start:end]
            weights[start:end] = part = mass / mass.sum()
            facet = paper_facet(
                papers,
                kind,
                number=float(mass.sum()),
                square=float(part @ products @ part),
                common=float(part @ mass * (part @ common[start:end])),
                usual=self._background.usual,
            )
            if has_classifiers and share:
                of_liked, of_others = self._background.discriminant.fit(products, across[start:end])
                of_liked *= share * SCALE
                of_others *= share * SCALE
                facet = replace(facet, share=share, of_liked=of_liked, of_others=of_others)
                weights[start:end] = (1 - share) * weights[start:end] + facet.perfect * of_liked
            facets[owner].append(facet)
        sums = self._named.weighted_sums(table(weights, numbers, ends, (len(named), len(self._terms))))
        return facets, sums

    def similarities(self, facets: Sequence[Facet], sums: SplitTable) -> NDArray[np.float64]:
        """Facets x papers. `sums`: from `facets`, in the order of these facets."""
        masses = [self._mass_of(facet) for facet in facets]
        of_mean = [
            ALPHA * (1 - facet.share) * float(mass @ mass / mass.sum())
            for facet, mass in zip(facets, masses, strict=True)
        ]
        found = self._matrix.multiply_split(sums) - np.array(of_mean)[:, None] * self._background.common
        found /= np.array([facet.perfect for facet in facets])[:, None]
        if classified := [number for number, facet in enumerate(facets) if facet.share]:
            of_others = np.array([facets[number].of_others for number in classified])
            found[classified] += of_others @ self._background.with_others
        for number, facet in enumerate(facets):
            if facet.kind is Kind.LIKE:
                for place, part in self._of_itself(facet):
                    found[number, place] -= part
        return found

    def _of_itself(self, facet: Facet) -> Iterator[tuple[int, float]]:
        """Yield the row of each paper that has one, and what it would add to its own similarity."""
        mass = self._mass_of(facet)
        for n, paper in enumerate(facet.papers):
            if (place := self._places.get(paper.number)) is not None:
                square = self._own_squares[place]
                product = square - ALPHA * mass[n] * self._background.common[place]
                part = (1 - facet.share) * mass[n] / mass.sum() * product / facet.perfect
                yield place, float(part + facet.of_liked[n] * square if facet.share else part)

    def explained(self, facet: Facet) -> ExplainedFacet:
        """What the reasons of a facet's similarities are computed from."""
        masses = self._mass_of(facet)
        places = np.array([self._places.get(paper.number, -1) for paper in facet.papers])
        rows = self._named.select(_numbers(facet))
        return ExplainedFacet(facet, masses, places, rows, self._rows, self._matrix, self._background)

    def _mass_of(self, facet: Facet) -> Vector:
        """The mass of each of its papers: what it counts for in their mean, before these add up to 1."""
        return np.asarray(self._mass[_numbers(facet)])

    @cached_property
    def _own_squares(self) -> dict[int, float]:
        """The product of each named paper's row with itself, by row."""
        places = list(self._places.values())
        squares = np.asarray(self._rows[places].power(2).sum(axis=1)).ravel()
        return dict(zip(places, squares.tolist(), strict=True))

    @cached_property
    def _named_common(self) -> Vector:
        return self._matrix.multiply_row(self._named, self._background.mean)

    @cached_property
    def _mass(self) -> Vector:
        """How much of a paper each named paper is, and so how much of the background's mean row is subtracted for it.

        1 for a paper that has at least half as much in common with the background as its papers have; for a shorter
        text, such as a title, its share of that, which is reached at a third, and a twentieth at least.
        """
        of_background = self._background.common[: self._background.size]
        usual = float(of_background.mean()) if len(of_background) else 0.0
        share = self._named_common / usual if usual > 0 else np.ones(len(self._named_common))
        return np.asarray(np.clip(np.maximum(share, 4 * share - 1), 0.05, 1.0))


@dataclass(frozen=True)
class ExplainedFacet:
    """The parts of papers' similarities to one facet of named papers."""

    facet: Facet
    masses: Vector  #: of its papers: see `NamedPapers`
    places: NDArray[np.intp]  #: its papers' rows among all; -1 of those that have none
    named: SplitTable  #: its papers' rows
    rows: sparse.csr_array  #: all papers x terms
    matrix: PaperMatrix
    background: Background

    def resemblances(self, place: int, row: Vector) -> Iterator[tuple[NamedPaper, float]]:
        """Yield each paper, and its part of the similarity of the paper at `place` to the mean. `row`: its row,
        and the profiles' phrases.
        """
        common = ALPHA * self.masses * self.background.common[place]
        products = self.matrix.multiply_row(self.named, row[: self.rows.shape[1]]) - common
        shares = (1 - self.facet.share) * self.masses / self.masses.sum() * products / self.facet.perfect
        shares *= self._is_compared(place)
        yield from zip(self.facet.papers, shares.tolist(), strict=True)

    def distinctions(self, place: int) -> tuple[NDArray[np.integer], Vector]:
        """The terms of the paper at `place`: columns, and parts of its similarity by the classifier."""
        start, end = self.rows.indptr[place : place + 2]
        columns = self.rows.indices[start:end]
        is_other = self.background.other_places == place
        compared = self._is_compared(place)
        liked = self._of_liked if compared.all() else self._weights_of_liked(compared)
        others = self._weights_of_others(~is_other) if is_other.any() else self._of_others
        return columns, self.rows.data[start:end] * (liked[columns] + others[columns])

    def _is_compared(self, place: int) -> NDArray[np.bool_]:
        """For each paper of the facet whether the paper at `place` is compared with it."""
        return np.asarray((self.places != place) | (self.facet.kind is not Kind.LIKE))

    @cached_property
    def _of_liked(self) -> Vector:
        return self._weights_of_liked(np.ones(len(self.places), dtype=bool))

    @cached_property
    def _of_others(self) -> Vector:
        return self._weights_of_others(np.ones(len(self.facet.of_others), dtype=bool))

    def _weights_of_liked(self, compared: NDArray[np.bool_]) -> Vector:
        """The classifier's weight of each term, as far as it comes from liked papers."""
        return self.matrix.weighted_sum(self.facet.of_liked * compared, self.named)

    def _weights_of_others(self, compared: NDArray[np.bool_]) -> Vector:
        return np.asarray((self.facet.of_others * compared) @ self.background.others)


def _numbers(facet: Facet) -> NDArray[np.intp]:
    return np.array([paper.number for paper in facet.papers], dtype=np.intp)


def _products(rows: sparse.csr_array) -> NDArray[np.float64]:
    """The products of the rows with one another, which have few of the terms."""
    columns, places = np.unique(rows.indices, return_inverse=True)
    dense = np.zeros((rows.shape[0], len(columns)))
    dense[np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), places] = rows.data
    return np.asarray(dense @ dense.T)


def _resolve(reference: Reference, named: Mapping[str, CountedPaper]) -> tuple[str, bytes] | None:
    """The title and counts of a referenced paper, as stored, else from its library entry; None if it has no term."""
    if stored := named.get(reference.id or ""):
        title, terms = stored.paper.title, stored.terms
    else:
        title, terms = reference.title, counts(reference.title, reference.abstract)
    return (title, terms) if number_of_terms(terms) else None
