"""Profiles as sums of facets, papers in a profile's order, and the reasons for each place.

A paper's score for a profile is a sum:

    score = (1 - trending) * sum_f weight_f * raw_f / scale_f  +  trending * votes  +  1 for each followed author

with raw_f what the facet f scores the paper (`bot.ranking.facets`) and scale_f what a paper that fits the facet
scores: the larger of the facet's reference and the mean of the best hundredth of the background. So each interest
competes on its own scale, whether the world is full of its papers or has one a month.

This module knows no store and no clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.identity import AuthorIndex, names_on
from bot.model import Counted, Paper, Profile, Ranked, Reason, Reference
from bot.ranking.counts import counts
from bot.ranking.facets import WANTED, Facet, Kind, of_about, of_interest, of_papers, queries
from bot.ranking.index import Index, Vector, keys_of
from bot.ranking.twins import REPEATED, SERIES, Twins
from bot.text import readable

#: A followed author counts as much as a paper among the best hundredth.
AUTHOR_WEIGHT = 1.0
#: So many votes count as much as a paper among the best hundredth.
MANY_VOTES = 100
#: The part of the background that shows what a good paper scores.
BEST = 0.01
#: Of the background, this part scores no more than an ordinary paper that happens to share some words.
USUAL = 0.75
#: However much every paper has of a facet, a good one has more.
MOST_USUAL = 0.9
#: Profiles whose scores are computed together, and how many scores at most (8 bytes each): enough to share the work,
#: few enough for the memory.
CHUNK = 256
CELLS = 4_000_000
#: A share smaller than this is a rounding error, not a reason.
_NEGLIGIBLE = 1e-12
#: Decimal places of a score: the last bits depend on who else is in the model, and must not break a tie.
_PLACES = 12


@dataclass(frozen=True, slots=True)
class _Scored:
    """One profile's facets and what they score every paper."""

    facets: tuple[Facet, ...]
    shares: NDArray[
        np.float64
    ]  #: papers x facets, each facet divided by its scale, its weight not yet applied
    scales: Vector
    usual: Vector  #: what each facet scores an ordinary paper, on its scale; 0 to `MOST_USUAL`


class Ranker:
    """Ranks papers for profiles.

    `archive`: counts of the papers whose document frequencies count. `background`: those that relevance is
    measured against. `window`: the papers to rank. `named`: stored papers by canonical id, for the profiles'
    references.
    """

    def __init__(
        self,
        archive: Sequence[bytes],
        background: Sequence[Counted],
        window: Sequence[Counted],
        profiles: Sequence[Profile],
        named: Mapping[str, Counted],
    ) -> None:
        self._all = tuple(profiles)
        self._order = {profile.id: n for n, profile in enumerate(profiles)}
        scored = list({one.paper.id: one for one in (*window, *background)}.values())
        self.papers = tuple(one.paper for one in scored)
        self.places = {paper.id: place for place, paper in enumerate(self.papers)}
        self.background = np.array([self.places[one.paper.id] for one in background], dtype=np.intp)
        references = list(dict.fromkeys(r for p in profiles for r in (*p.like, *p.dislike)))
        self._named = {r: found for r in references if (found := _resolved(r, named))}
        rows = [one.terms for one in scored] + [terms for _, terms in self._named.values()]
        asked = [one for p in profiles for one in queries(p)]
        own = np.fromiter((key for one in asked for key in one.weights), np.uint64)
        phrases = dict(one.phrase for one in asked if one.phrase)
        self.index = Index(archive, np.concatenate([keys_of(rows), own]), phrases)
        every = self.index.rows(rows)
        self.rows = every[: len(scored)]
        self._named_rows = self.index.without_phrases(every[len(scored) :])
        self._background_rows = self.index.without_phrases(self.rows[self.background])
        self._named_places = {reference: place for place, reference in enumerate(self._named)}
        self._twins = Twins(self.rows, self.index.is_word, lambda paper: self.places[paper.id])
        self._votes = np.log1p([max(p.votes or 0, 0) for p in self.papers]) / math.log1p(MANY_VOTES)
        self._block: dict[str, _Scored] = {}

    def rank(self, profile: Profile, papers: Sequence[Paper]) -> Ranking:
        """Some of the window's papers with their scores for one of the profiles, best first, ties by id."""
        return Ranking(self, profile, papers)

    def twin(self, paper: Paper, others: Sequence[Paper], *, repeated: bool = False) -> Paper | None:
        """Which of some other papers of the window this one is the same work as. `repeated`: a series is not."""
        return self._twins.find(paper, others, REPEATED if repeated else SERIES)

    def scored(self, profile: Profile) -> _Scored:
        """Computed for a chunk of profiles at once: they are asked for in their order."""
        if profile.id not in self._block:
            chunk = self._chunk(self._order[profile.id])
            self._block = dict(zip((p.id for p in chunk), self._scored_together(chunk), strict=True))
        return self._block[profile.id]

    def _chunk(self, first: int) -> Sequence[Profile]:
        """The profiles from the first on whose scores fit into the memory; at least one."""
        room = CELLS // max(len(self.papers), 1)
        for number, profile in enumerate(self._all[first : first + CHUNK]):
            room -= len(profile.interests) + len(profile.avoid) + 3  # about, likes, dislikes
            if room < 0 and number:
                return self._all[first : first + number]
        return self._all[first : first + CHUNK]

    def author_places(self, name: str) -> NDArray[np.intp]:
        """Places of the papers by somebody."""
        return np.array([self.places[id_] for id_ in self._authors.papers_by(name)], dtype=np.intp)

    def votes(self) -> Vector:
        """Votes on the scale of the facets: 1 for `MANY_VOTES`."""
        return self._votes

    def resemblances(self, facet: Facet, paper: Paper) -> Iterator[tuple[str, float]]:
        """Each liked or disliked paper's title, and its part of what the facet scores a paper."""
        place = self.places[paper.id]
        row = self.rows[[place]].toarray()[0]
        for title, named in facet.papers:
            alike = float((self._named_rows[[named]] @ row)[0])
            yield title, (alike - facet.against * float(self._common[place])) / len(facet.papers)

    def facets(self, profiles: Sequence[Profile]) -> list[tuple[Facet, ...]]:
        """Each profile's wishes, without those that can match nothing."""
        of_papers_ = self._of_papers(profiles)
        return [
            tuple(facet for facet in (*self._of_texts(profile), *likes) if len(facet.columns))
            for profile, likes in zip(profiles, of_papers_, strict=True)
        ]

    def _of_texts(self, profile: Profile) -> Iterator[Facet]:
        yield from (of_interest(one, self.index) for one in profile.interests)
        yield of_about(profile.about, self.index)
        yield from (of_interest(one, self.index, -1.0) for one in profile.avoid)

    def _of_papers(self, profiles: Sequence[Profile]) -> list[list[Facet]]:
        """The facets of liked and of disliked papers: one product makes the means of all."""
        asked = [
            (number, kind, [(self._named[r][0], self._named_places[r]) for r in some if r in self._named])
            for number, profile in enumerate(profiles)
            for kind, some in ((Kind.LIKE, profile.like), (Kind.DISLIKE, profile.dislike))
        ]
        asked = [one for one in asked if one[2]]
        made: list[list[Facet]] = [[] for _ in profiles]
        if not asked:
            return made
        sizes = [len(papers) for _, _, papers in asked]
        places = [place for _, _, papers in asked for _, place in papers]
        shape = (len(asked), self._named_rows.shape[0])
        ends = np.concatenate(([0], np.cumsum(sizes)))
        means = sparse.csr_array((np.repeat(1.0 / np.array(sizes), sizes), places, ends), shape=shape)
        means = sparse.csr_array(means @ self._named_rows)
        for (number, kind, papers), (start, end) in zip(asked, pairwise(means.indptr), strict=True):
            columns, mean = means.indices[start:end].astype(np.intp), means.data[start:end]
            made[number].append(of_papers(papers, columns, mean, self._named_common, kind))
        return made

    @cached_property
    def _authors(self) -> AuthorIndex:
        return AuthorIndex(self.papers)

    @cached_property
    def _postings(self) -> sparse.csr_array:
        """Terms x papers."""
        return sparse.csr_array(self.rows.T)

    @cached_property
    def _mean(self) -> Vector:
        """The background's mean row."""
        return np.asarray(self._background_rows.sum(axis=0)) / max(len(self.background), 1)

    @cached_property
    def _common(self) -> Vector:
        """What each paper has in common with the background's other papers: none is held against itself."""
        common = np.asarray(self.rows @ self._mean)
        own = np.asarray(self._background_rows.power(2).sum(axis=1)).ravel()
        common[self.background] -= own / max(len(self.background), 1)
        return common

    @cached_property
    def _named_common(self) -> Vector:
        return np.asarray(self._named_rows @ self._mean)

    def _scored_together(self, profiles: Sequence[Profile]) -> Iterator[_Scored]:
        """One sparse product for all facets of some profiles."""
        each = self.facets(profiles)
        every = [facet for facets in each for facet in facets]
        raw = self._raw(every)
        scales = self._scales(every, raw)
        shares = raw / scales
        usual = self._usual(shares)
        start = 0
        for facets in each:
            mine = slice(start, start := start + len(facets))
            yield _Scored(facets, shares[:, mine], scales[mine], usual[mine])

    def _raw(self, facets: Sequence[Facet]) -> NDArray[np.float64]:
        """Papers x facets: what each facet scores each paper."""
        if not facets:
            return np.zeros((len(self.papers), 0))
        raw = (weights_of(facets, len(self.index.keys)) @ self._postings).toarray().T
        against = np.array([facet.against for facet in facets])
        if against.any():
            raw -= np.outer(self._common, against)
        return np.asarray(raw)

    def _scales(self, facets: Sequence[Facet], raw: NDArray[np.float64]) -> Vector:
        references = np.array([facet.reference for facet in facets])
        background = raw[self.background]
        if not background.size:
            return np.where(references > 0, references, 1.0)
        best = max(1, round(BEST * len(background)))
        tail = np.partition(background, len(background) - best, axis=0)[-best:].mean(axis=0)
        scales = np.maximum(references, tail)
        return np.where(scales > _NEGLIGIBLE, scales, 1.0)

    def _usual(self, shares: NDArray[np.float64]) -> Vector:
        if not len(self.background):
            return np.zeros(shares.shape[1])
        return np.asarray(np.clip(np.quantile(shares[self.background], USUAL, axis=0), 0.0, MOST_USUAL))


def weights_of(facets: Sequence[Facet], terms: int) -> sparse.csr_array:
    """Facets x terms."""
    ends = np.concatenate(([0], np.cumsum([len(facet.columns) for facet in facets])))
    columns = np.concatenate([facet.columns for facet in facets])
    values = np.concatenate([facet.values for facet in facets])
    return sparse.csr_array((values, columns, ends), shape=(len(facets), terms))


class Ranking:
    """Some papers in one profile's order, and the reasons for each place."""

    def __init__(self, ranker: Ranker, profile: Profile, papers: Sequence[Paper]) -> None:
        self._ranker = ranker
        self._profile = profile
        self._scored = ranker.scored(profile)
        self._weights = np.array([facet.weight for facet in self._scored.facets])
        self._wanted = np.array([facet.kind in WANTED for facet in self._scored.facets], dtype=bool)
        self._papers = sorted(papers, key=lambda paper: paper.id)
        self._places = np.array([ranker.places[paper.id] for paper in self._papers], dtype=np.intp)
        #: By place; followed authors of each paper.
        self._followed = np.zeros(len(ranker.papers))
        for name in profile.authors:
            self._followed[ranker.author_places(name)] += 1
        self._totals = self._sums()
        self._relevance = self._relevances()

    @property
    def order(self) -> Iterator[Ranked]:
        """Best first; made as they are asked for, as a digest asks for few."""
        best_first = np.argsort(-self._totals[self._places], kind="stable")
        return (self._ranked(n) for n in best_first)

    @cached_property
    def followed(self) -> int:
        """How many of the papers are by a followed author."""
        return int(np.count_nonzero(self._followed[self._places]))

    def reasons(self, paper: Paper) -> tuple[Reason, ...]:
        """Every term of the paper's score, largest first; they add up to it."""
        shares: dict[tuple[str, bool], float] = {}
        for one in self._reasons(paper):
            named = (one.term, one.is_term)
            shares[named] = shares.get(named, 0.0) + one.weight
        reasons = (Reason(name, share, is_term) for (name, is_term), share in shares.items())
        told = (reason for reason in reasons if abs(reason.weight) > _NEGLIGIBLE)
        return tuple(sorted(told, key=lambda reason: (-reason.weight, reason.term)))

    def _ranked(self, number: int) -> Ranked:
        place = self._places[number]
        shares = np.where(self._wanted, self._scored.shares[place], 0.0)
        main = int(np.argmax(shares * self._weights)) if len(shares) else 0
        usual = self._scored.usual
        against = float(np.where(self._wanted, 0.0, self._scored.shares[place]) @ self._weights)
        fit = float(((shares - usual) / (1 - usual)).max(initial=0.0)) + against
        matches = bool((shares > _NEGLIGIBLE).any())
        return Ranked(
            self._papers[number],
            float(self._totals[place]),
            float(self._relevance[number]),
            matches=matches or self._followed[place] > 0,
            fit=fit,
            interest=self._scored.facets[main].name if matches else "",
        )

    def _sums(self) -> Vector:
        text = self._scored.shares @ self._weights
        trending = self._profile.trending
        mixed = (1 - trending) * text + trending * self._ranker.votes() if trending else text
        return np.asarray(np.round(mixed + AUTHOR_WEIGHT * self._followed, _PLACES))

    def _relevances(self) -> Vector:
        background = np.sort(self._totals[self._ranker.background])
        lower = np.searchsorted(background, self._totals[self._places] - _NEGLIGIBLE, side="left")
        return np.asarray(100.0 * lower / max(len(background), 1))

    def _reasons(self, paper: Paper) -> Iterable[Reason]:
        trending = self._profile.trending
        place = self._ranker.places[paper.id]
        row = self._ranker.rows[[place]]
        for facet, scale in zip(self._scored.facets, self._scored.scales, strict=True):
            share = (1 - trending) * facet.weight / scale
            if facet.papers:
                verb = "like" if facet.kind is Kind.LIKE else "unlike"
                for title, alike in self._ranker.resemblances(facet, paper):
                    yield Reason(f"{verb}: {readable(title)}", share * alike, is_term=False)
                continue
            products = facet.values * row[:, facet.columns].toarray()[0]
            for n in np.flatnonzero(products):
                yield Reason(facet.terms[n], share * float(products[n]))
        if trending and paper.votes:
            yield Reason(
                f"votes: {paper.votes}", trending * float(self._ranker.votes()[place]), is_term=False
            )
        for name in names_on(paper, self._profile.authors):
            yield Reason(f"author: {name}", AUTHOR_WEIGHT, is_term=False)


def _resolved(reference: Reference, named: Mapping[str, Counted]) -> tuple[str, bytes] | None:
    """The title and the counts of a referenced paper: the stored ones, else what its BibTeX entry says."""
    if stored := named.get(reference.id or ""):
        return stored.paper.title, stored.terms
    if not reference.title:
        return None
    return reference.title, counts(reference.title, reference.abstract)
