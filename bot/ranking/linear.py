"""Profiles as sums of facets, and what they score papers.

A paper's score for a profile is a sum:

    score = (1 - trending) * sum_f weight_f * raw_f / scale_f  +  trending * votes  +  1 for each followed author

with raw_f what the facet f scores the paper (`bot.ranking.facets`) and scale_f what a paper that fits the facet
scores: the larger of the facet's reference and the mean of the best hundredth of the background. So each interest
competes on its own scale, whether the world is full of its papers or has one a month.

This module knows no store and no clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.papers.model import CountedPaper, Paper
from bot.papers.names import AuthorIndex
from bot.profiles.model import Profile, Reference
from bot.ranking.counts import counts, keys_of_text, number_of_terms
from bot.ranking.facets import ALPHA, WANTED, Facet, Kind, of_papers, of_texts, queries
from bot.ranking.index import Index, Vector, keys_of, table
from bot.ranking.model import PaperSet
from bot.ranking.order import NEGLIGIBLE, Ranking, Scored
from bot.ranking.product import Product, Split
from bot.ranking.twins import REPEATED, SERIES, Twins

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


class Ranker:
    """Ranks papers for profiles.

    `archive`: counts of the papers whose document frequencies count. `background`: those that relevance is
    measured against. `window`: the papers to rank, each once. `named`: stored papers by canonical id, for the
    profiles' references.
    """

    def __init__(
        self,
        archive: Sequence[bytes],
        background: Sequence[CountedPaper],
        window: Sequence[CountedPaper],
        profiles: Sequence[Profile],
        named: Mapping[str, CountedPaper],
    ) -> None:
        scored, self.background, self.window = _side_by_side(background, window)
        self.papers = tuple(one.paper for one in scored)
        self.places = {paper.id: place for place, paper in enumerate(self.papers)}
        numbers = {one.paper.id: number for number, one in enumerate(window)}
        ids = [paper.id for paper in self.papers[self.window]]
        self.numbers = np.array([numbers[id_] for id_ in ids], dtype=np.intp)
        self.by_id = np.argsort(np.argsort(ids))
        self.chunks = _chunks(profiles, CELLS // max(len(scored), 1))
        self._chunk_of = {profile.id: chunk for chunk in self.chunks for profile in chunk}
        #: On the scale of the facets: 1 for `MANY_VOTES`.
        self.votes = np.log1p([max(p.votes or 0, 0) for p in self.papers]) / math.log1p(MANY_VOTES)
        references = list(dict.fromkeys(r for p in profiles for r in (*p.like, *p.dislike)))
        resolved = {r: found for r in references if (found := _resolved(r, named))}
        rows = {r: (title, row) for row, (r, (title, _)) in enumerate(resolved.items())}
        #: What each profile likes and dislikes: titles, and rows among the named papers.
        self._named = {
            p.id: [tuple(rows[r] for r in some if r in rows) for some in (p.like, p.dislike)]
            for p in profiles
        }
        self._asked = {profile.id: queries(profile) for profile in profiles}
        asked = [one for some in self._asked.values() for one in some]
        own = np.fromiter((key for one in asked for key in one.weights), np.uint64)
        phrases = dict(one.phrase for one in asked if one.phrase)
        texts = [one.terms for one in scored]
        self.index = Index(archive, np.concatenate([keys_of(texts), own]), phrases)
        self.rows = self.index.rows(texts)
        self._product = Product(self.rows)
        liked = self.index.rows([terms for _, terms in resolved.values()], phrases=False)
        self._named_rows = self._product.split(liked)
        self._twins = Twins(self.rows[self.window], self.index.is_word, self.papers[self.window])
        self._block: dict[str, Scored] = {}

    def rank(self, profile: Profile, among: PaperSet) -> Ranking:
        """Some of the window's papers, with their scores for one of the profiles."""
        return Ranking(self, profile, among)

    def twin(self, paper: Paper, others: Sequence[Paper], *, repeated: bool = False) -> Paper | None:
        """Which of some other papers of the window this one is the same work as. `repeated`: a series is not."""
        return self._twins.find(paper, others, REPEATED if repeated else SERIES)

    def with_terms(self, text: str) -> PaperSet:
        """The window's papers that have every term of a text, wherever."""
        has = np.ones(len(self.papers), dtype=bool)
        for column in self.index.columns_of_known(keys_of_text(text)):
            one = np.zeros(len(has), dtype=bool)
            if column >= 0:
                one[self._product.papers_with(column)] = True
            has &= one
        return self._paper_set(np.flatnonzero(has))

    def by(self, name: str) -> PaperSet:
        """The window's papers by somebody."""
        return self._paper_set(self.author_places(name))

    def _paper_set(self, places: NDArray[np.intp]) -> PaperSet:
        bits = np.zeros(len(self.numbers), dtype=bool)
        bits[self.numbers[places[places >= self.window.start] - self.window.start]] = True
        return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")

    def scored(self, profile: Profile) -> Scored:
        """Computed for a chunk of profiles at once: they are asked for in their order."""
        if profile.id not in self._block:
            chunk = self._chunk_of[profile.id]
            self._block = dict(zip((p.id for p in chunk), self._scored_together(chunk), strict=True))
        return self._block[profile.id]

    def author_places(self, name: str) -> NDArray[np.intp]:
        """Places of the papers by somebody."""
        return np.array([self.places[id_] for id_ in self._authors.papers_by(name)], dtype=np.intp)

    def resemblances(self, facet: Facet, paper: Paper) -> Iterator[tuple[str, float]]:
        """Each liked or disliked paper's title, and its part of what the facet scores a paper."""
        place = self.places[paper.id]
        row = self.rows[[place]].toarray()[0]
        named = self._named_rows.some(np.array([row for _, row in facet.papers]))
        alike = self._product.with_row(named, row) - ALPHA * self._common[place]
        for (title, _), share in zip(facet.papers, (alike / len(facet.papers)).tolist(), strict=True):
            yield title, share

    def facets(self, profiles: Sequence[Profile]) -> tuple[list[tuple[Facet, ...]], Split]:
        """Each profile's wishes, without those that can match nothing; what speaks for a paper comes first. And the
        means of the liked and disliked papers, in the same order.
        """
        of_papers_, means = self._of_papers(profiles)
        made = []
        for profile, likes in zip(profiles, of_papers_, strict=True):
            asked = of_texts(profile, self._asked[profile.id], self.index)
            able = (*(facet for facet in asked if len(facet.columns)), *likes)
            made.append(tuple(sorted(able, key=lambda facet: facet.kind not in WANTED)))
        return made, means

    def _of_papers(self, profiles: Sequence[Profile]) -> tuple[list[list[Facet]], Split]:
        """The facets of liked and of disliked papers: one product makes the means of all."""
        asked = [
            (number, kind, papers)
            for number, profile in enumerate(profiles)
            for kind, papers in zip((Kind.LIKE, Kind.DISLIKE), self._named[profile.id], strict=True)
            if papers
        ]
        sizes = [len(papers) for _, _, papers in asked]
        rows = np.array([row for _, _, papers in asked for _, row in papers], dtype=np.intp)
        shape = (len(asked), self._named_rows.rare.shape[0])
        parts = np.repeat(1.0 / np.array(sizes, dtype=float), sizes)
        mean = table(parts, rows, np.concatenate(([0], np.cumsum(sizes))), shape)
        means = self._named_rows.mixed(mean)
        squares, common = self._squares(means), np.asarray(mean @ self._named_common)
        made: list[list[Facet]] = [[] for _ in profiles]
        for n, (number, kind, papers) in enumerate(asked):
            made[number].append(of_papers(papers, float(squares[n]), float(common[n]), kind))
        return made, means

    def _squares(self, rows: Split) -> Vector:
        """Each row's product with itself, over the background's terms: whatever else is in the window, it is by
        these that papers are compared.
        """
        counted = np.asarray(self._mean > 0, dtype=np.float64)
        common, rare = (
            table(part.data**2, part.indices, part.indptr, part.shape) for part in (rows.common, rows.rare)
        )
        return np.asarray(common @ counted[self._product.common] + rare @ counted)

    @cached_property
    def _authors(self) -> AuthorIndex:
        return AuthorIndex(self.papers)

    @cached_property
    def _mean(self) -> Vector:
        """The background's mean row, without phrases."""
        mean: Vector = np.asarray(self.rows[self.background].sum(axis=0)) / max(self.background.stop, 1)
        mean[self.index.is_phrase] = 0.0
        return mean

    @cached_property
    def _common(self) -> Vector:
        """What each paper has in common with the background's other papers: none is held against itself."""
        common = np.asarray(self.rows @ self._mean)
        own = self.rows[self.background].power(2) @ ~self.index.is_phrase
        common[self.background] -= own / max(self.background.stop, 1)
        return common

    @cached_property
    def _named_common(self) -> Vector:
        return self._product.with_row(self._named_rows, self._mean)

    def _scored_together(self, profiles: Sequence[Profile]) -> Iterator[Scored]:
        """One product for all facets of some profiles."""
        each, means = self.facets(profiles)
        every = [facet for facets in each for facet in facets]
        raw = self._raw(every, means)
        scales, usual = self._scales(every, raw)
        start = 0
        for facets in each:
            mine = slice(start, start := start + len(facets))
            yield Scored(facets, raw[mine], scales[mine], usual[mine])

    def _raw(self, facets: Sequence[Facet], means: Split) -> NDArray[np.float64]:
        """Facets x papers: what each facet scores each paper. `means`: of the facets of papers, in their order."""
        raw = np.empty((len(facets), len(self.papers)))
        is_text = np.array([not facet.papers for facet in facets], dtype=bool)
        texts = [facet for facet in facets if not facet.papers]
        raw[is_text] = self._product.of_few(weights_of(texts, len(self.index.keys)))
        if len(texts) < len(facets):
            raw[~is_text] = self._product.of_many(means) - ALPHA * self._common
        return raw

    def _scales(self, facets: Sequence[Facet], raw: NDArray[np.float64]) -> tuple[Vector, Vector]:
        """What a paper that fits each facet scores, and what an ordinary one scores on that scale."""
        references = np.array([facet.reference for facet in facets])
        if not self.background.stop:
            return np.where(references > 0, references, 1.0), np.zeros(len(facets))
        tails = np.array([self._best_and_usual(row) for row in raw[:, self.background]]).reshape(-1, 2)
        scales = np.maximum(references, tails[:, 0])
        scales = np.where(scales > NEGLIGIBLE, scales, 1.0)
        return scales, np.minimum(tails[:, 1] / scales, MOST_USUAL)

    def _best_and_usual(self, scores: Vector) -> tuple[float, float]:
        """The mean of the best of the background's scores, and what an ordinary paper scores; less than nothing is
        nothing, so the few that a facet of words has need sorting only.
        """
        some = scores[scores > 0]
        some.sort()
        best = max(1, round(BEST * len(scores)))
        ordinary = math.ceil(USUAL * len(scores)) - 1 - (len(scores) - len(some))
        return float(some[-best:].sum()) / best, float(some[ordinary]) if ordinary >= 0 else 0.0


def _side_by_side(
    background: Sequence[CountedPaper], window: Sequence[CountedPaper]
) -> tuple[list[CountedPaper], slice, slice]:
    """The background first and the window last, with those of both between, so that neither is ever copied."""
    old, new = ({one.paper.id: one for one in some} for some in (background, window))
    scored = [
        *(one for id_, one in old.items() if id_ not in new),
        *(one for id_, one in old.items() if id_ in new),
        *(one for id_, one in new.items() if id_ not in old),
    ]
    return scored, slice(len(old)), slice(len(scored) - len(new), len(scored))


def _chunks(profiles: Sequence[Profile], room: int) -> list[tuple[Profile, ...]]:
    """The profiles in order, those together whose scores fit into the memory. `room`: for so many facets."""
    chunks: list[list[Profile]] = [[]]
    left = room
    for profile in profiles:
        size = len(profile.interests) + len(profile.avoid) + 3  # about, likes, dislikes
        if chunks[-1] and (size > left or len(chunks[-1]) == CHUNK):
            chunks.append([])
            left = room
        chunks[-1].append(profile)
        left -= size
    return [tuple(chunk) for chunk in chunks]


def weights_of(facets: Sequence[Facet], terms: int) -> sparse.csr_array:
    """Facets x terms."""
    ends = np.concatenate(([0], np.cumsum([len(facet.columns) for facet in facets])))
    columns = np.concatenate([np.zeros(0, np.intp), *(facet.columns for facet in facets)])
    values = np.concatenate([np.zeros(0), *(facet.values for facet in facets)])
    return table(values, columns, ends, (len(facets), terms))


def _resolved(reference: Reference, named: Mapping[str, CountedPaper]) -> tuple[str, bytes] | None:
    """The title and the counts of a referenced paper: the stored ones, else what its BibTeX entry says. None for one
    that nothing can resemble.
    """
    if stored := named.get(reference.id or ""):
        title, terms = stored.paper.title, stored.terms
    else:
        title, terms = reference.title, counts(reference.title, reference.abstract)
    return (title, terms) if number_of_terms(terms) else None
