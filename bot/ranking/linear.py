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
from bot.model import Counted, Floor, Paper, PaperSet, Profile, Ranked, Reason, Reference
from bot.ranking.counts import counts
from bot.ranking.facets import WANTED, Facet, Kind, of_papers, of_texts, queries
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
#: Papers of an order that are made together.
BLOCK = 32
#: A share smaller than this is a rounding error, not a reason.
_NEGLIGIBLE = 1e-12
#: Decimal places of a score: the last bits depend on who else is in the model, and must not break a tie.
_PLACES = 12


@dataclass(frozen=True, slots=True)
class _Scored:
    """One profile's facets and what they score every paper."""

    facets: tuple[Facet, ...]  #: those that speak for a paper come first
    wanted: int  #: how many of them do
    raw: NDArray[np.float64]  #: facets x papers
    scales: Vector
    usual: Vector  #: what each facet scores an ordinary paper, on its scale; 0 to `MOST_USUAL`


class Ranker:
    """Ranks papers for profiles.

    `archive`: counts of the papers whose document frequencies count. `background`: those that relevance is
    measured against. `window`: the papers to rank, each once. `named`: stored papers by canonical id, for the
    profiles' references.
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
        scored = list({one.paper.id: one for one in (*background, *window)}.values())
        self.papers = tuple(one.paper for one in scored)
        self.places = {paper.id: place for place, paper in enumerate(self.papers)}
        self.window = np.array([self.places[one.paper.id] for one in window], dtype=np.intp)
        #: Of each paper of the window, its number in the order of the ids: ties are broken by it.
        self.by_id = np.argsort(np.argsort([one.paper.id for one in window]))
        self.background = len({one.paper.id for one in background})  #: so many papers, which come first
        references = list(dict.fromkeys(r for p in profiles for r in (*p.like, *p.dislike)))
        self._named = {r: found for r in references if (found := _resolved(r, named))}
        self._named_places = {reference: place for place, reference in enumerate(self._named)}
        texts, liked = [one.terms for one in scored], [terms for _, terms in self._named.values()]
        self._asked = [queries(profile) for profile in profiles]
        asked = [one for some in self._asked for one in some]
        own = np.fromiter((key for one in asked for key in one.weights), np.uint64)
        phrases = dict(one.phrase for one in asked if one.phrase)
        self.index = Index(archive, np.concatenate([keys_of(texts), keys_of(liked), own]), phrases)
        self.rows = self.index.rows(texts)
        self._named_rows = self.index.rows(liked, phrases=False)
        self._twins = Twins(self.rows, self.index.is_word, self.papers)
        #: On the scale of the facets: 1 for `MANY_VOTES`.
        self.votes = np.log1p([max(p.votes or 0, 0) for p in self.papers]) / math.log1p(MANY_VOTES)
        self._block: dict[str, _Scored] = {}

    def rank(self, profile: Profile, among: PaperSet) -> Ranking:
        """Some of the window's papers, with their scores for one of the profiles."""
        return Ranking(self, profile, among)

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

    def resemblances(self, facet: Facet, paper: Paper) -> Iterator[tuple[str, float]]:
        """Each liked or disliked paper's title, and its part of what the facet scores a paper."""
        place = self.places[paper.id]
        row = self.rows[[place]].toarray()[0]
        for title, named in facet.papers:
            alike = float((self._named_rows[[named]] @ row)[0])
            yield title, (alike - facet.against * float(self._common[place])) / len(facet.papers)

    def facets(self, profiles: Sequence[Profile]) -> list[tuple[Facet, ...]]:
        """Each profile's wishes, without those that can match nothing; what speaks for a paper comes first."""
        made = []
        for profile, of_papers_ in zip(profiles, self._of_papers(profiles), strict=True):
            of_texts_ = of_texts(profile, self._asked[self._order[profile.id]], self.index)
            able = (facet for facet in (*of_texts_, *of_papers_) if len(facet.columns))
            made.append(tuple(sorted(able, key=lambda facet: facet.kind not in WANTED)))
        return made

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
        """The background's mean row, without phrases."""
        mean = np.asarray(self.rows[: self.background].sum(axis=0)) / max(self.background, 1)
        mean[self.index.is_phrase] = 0.0
        return mean

    @cached_property
    def _common(self) -> Vector:
        """What each paper has in common with the background's other papers: none is held against itself."""
        common = np.asarray(self.rows @ self._mean)
        own = self.rows[: self.background].power(2) @ ~self.index.is_phrase
        common[: self.background] -= own / max(self.background, 1)
        return common

    @cached_property
    def _named_common(self) -> Vector:
        return np.asarray(self._named_rows @ self._mean)

    def _scored_together(self, profiles: Sequence[Profile]) -> Iterator[_Scored]:
        """One sparse product for all facets of some profiles."""
        each = self.facets(profiles)
        every = [facet for facets in each for facet in facets]
        raw = self._raw(every)
        scales, usual = self._scales(every, raw)
        start = 0
        for facets in each:
            mine = slice(start, start := start + len(facets))
            wanted = sum(facet.kind in WANTED for facet in facets)
            yield _Scored(facets, wanted, raw[mine], scales[mine], usual[mine])

    def _raw(self, facets: Sequence[Facet]) -> NDArray[np.float64]:
        """Facets x papers: what each facet scores each paper."""
        if not facets:
            return np.zeros((0, len(self.papers)))
        raw = np.asarray((weights_of(facets, len(self.index.keys)) @ self._postings).toarray())
        for row, facet in zip(raw, facets, strict=True):
            if facet.against:
                row -= facet.against * self._common
        return raw

    def _scales(self, facets: Sequence[Facet], raw: NDArray[np.float64]) -> tuple[Vector, Vector]:
        """What a paper that fits each facet scores, and what an ordinary one scores on that scale."""
        references = np.array([facet.reference for facet in facets])
        if not self.background:
            return np.where(references > 0, references, 1.0), np.zeros(len(facets))
        background = np.sort(raw[:, : self.background], axis=1)
        best = max(1, round(BEST * self.background))
        scales = np.maximum(references, background[:, -best:].mean(axis=1))
        scales = np.where(scales > _NEGLIGIBLE, scales, 1.0)
        ordinary = background[:, math.ceil(USUAL * self.background) - 1] / scales
        return scales, np.clip(ordinary, 0.0, MOST_USUAL)


def weights_of(facets: Sequence[Facet], terms: int) -> sparse.csr_array:
    """Facets x terms."""
    ends = np.concatenate(([0], np.cumsum([len(facet.columns) for facet in facets])))
    columns = np.concatenate([facet.columns for facet in facets])
    values = np.concatenate([facet.values for facet in facets])
    return sparse.csr_array((values, columns, ends), shape=(len(facets), terms))


class Ranking:
    """Some of the window's papers for one profile, and the reasons for each place."""

    def __init__(self, ranker: Ranker, profile: Profile, among: PaperSet) -> None:
        self._ranker = ranker
        self._profile = profile
        self._scored = scored = ranker.scored(profile)
        self._numbers = _numbers(among, len(ranker.window))
        self._places = ranker.window[self._numbers]
        weights = np.array([facet.weight for facet in scored.facets])
        followed = np.zeros(len(ranker.papers))  # authors of each paper
        for name in profile.authors:
            followed[ranker.author_places(name)] += 1
        totals = (weights / scored.scales) @ scored.raw
        if profile.trending:
            totals = (1 - profile.trending) * totals + profile.trending * ranker.votes
        if profile.authors:
            totals += AUTHOR_WEIGHT * followed
        self._background = totals[: ranker.background]
        self._followed = followed[self._places] > 0
        self._scores = np.round(totals[self._places], _PLACES)
        raw, wanted = scored.raw[:, self._places], slice(scored.wanted)
        self._shares = raw / scored.scales[:, None]
        self._matches = np.asarray((self._shares[wanted] > _NEGLIGIBLE).any(axis=0))
        usual = scored.usual[wanted, None]
        fits = (self._shares[wanted] - usual) / (1 - usual)
        against = slice(scored.wanted, None)
        self._fit = fits.max(axis=0, initial=0.0) + weights[against] @ self._shares[against]
        self._weights = weights[wanted]

    def best_first(self, floor: Floor | None = None) -> Iterator[Ranked]:
        """All the papers, or those that reach a floor; ties by id."""
        if floor is None:
            return self._sorted(np.arange(len(self._places)))
        reach = self._matches & (self._scores > 0) & (self._fit >= floor.fit)
        if floor.relevance > 0:
            reach &= self._relevances(self._scores) >= floor.relevance
        return self._sorted(np.flatnonzero(reach))

    def followed(self) -> Iterator[Ranked]:
        """Those by a followed author, best first."""
        return self._sorted(np.flatnonzero(self._followed))

    def reasons(self, paper: Paper) -> tuple[Reason, ...]:
        """Every term of the paper's score, largest first; they add up to it."""
        shares: dict[tuple[str, bool], float] = {}
        for one in self._reasons(paper):
            named = (one.term, one.is_term)
            shares[named] = shares.get(named, 0.0) + one.weight
        reasons = (Reason(name, share, is_term) for (name, is_term), share in shares.items())
        told = (reason for reason in reasons if abs(reason.weight) > _NEGLIGIBLE)
        return tuple(sorted(told, key=lambda reason: (-reason.weight, reason.term)))

    def _sorted(self, some: NDArray[np.intp]) -> Iterator[Ranked]:
        """Made as they are asked for: a digest asks for few."""
        best_first = some[np.lexsort((self._ranker.by_id[self._numbers[some]], -self._scores[some]))]
        for start in range(0, len(best_first), BLOCK):
            yield from self._ranked(best_first[start : start + BLOCK])

    def _ranked(self, some: NDArray[np.intp]) -> Iterator[Ranked]:
        matches = self._matches[some]
        names = [facet.name for facet in self._scored.facets[: self._scored.wanted]] or [""]
        shares = self._weights[:, None] * self._shares[: self._scored.wanted, some]
        main = shares.argmax(axis=0) if len(shares) else np.zeros(len(some), np.intp)
        columns = (
            self._places[some],
            self._scores[some],
            self._relevances(self._scores[some]),
            matches | self._followed[some],
            self._fit[some],
            np.where(matches, main, -1),
        )
        for place, score, relevance, speaks, fit, facet in zip(
            *(one.tolist() for one in columns), strict=True
        ):
            interest = names[facet] if facet >= 0 else ""
            yield Ranked(self._ranker.papers[place], score, relevance, speaks, fit, interest)

    def _relevances(self, scores: Vector) -> Vector:
        lower = np.searchsorted(self._sorted_background, scores - _NEGLIGIBLE, side="left")
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
                    yield Reason(f"{verb}: {readable(title)}", share * alike, is_term=False)
                continue
            products = facet.values * row[:, facet.columns].toarray()[0]
            for n in np.flatnonzero(products):
                yield Reason(facet.terms[n], share * float(products[n]))
        if trending and paper.votes:
            yield Reason(f"votes: {paper.votes}", trending * float(self._ranker.votes[place]), is_term=False)
        for name in names_on(paper, self._profile.authors):
            yield Reason(f"author: {name}", AUTHOR_WEIGHT, is_term=False)


def _numbers(papers: PaperSet, size: int) -> NDArray[np.intp]:
    """The numbers of a set's papers, of so many that there are."""
    packed = np.frombuffer(papers.to_bytes(size // 8 + 1, "little"), np.uint8)
    return np.flatnonzero(np.unpackbits(packed, count=size, bitorder="little"))


def _resolved(reference: Reference, named: Mapping[str, Counted]) -> tuple[str, bytes] | None:
    """The title and the counts of a referenced paper: the stored ones, else what its BibTeX entry says."""
    if stored := named.get(reference.id or ""):
        return stored.paper.title, stored.terms
    if not reference.title:
        return None
    return reference.title, counts(reference.title, reference.abstract)
