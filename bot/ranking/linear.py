"""The scores of papers for profiles, which are sums over facets.

A paper's score for a profile is

    score = (1 - trending) * sum_f weight_f * raw_f / perfect_f  +  trending * votes  +  1 for each followed author

with raw_f the paper's similarity to the facet f (`bot.ranking.facets`) and perfect_f that of a perfect match. So
every facet has the same scale, whatever its terms are and whatever papers there are today.

This module does not depend on the store and the clock.
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
from bot.ranking.facets import ALPHA, WANTED, Facet, Kind, paper_facet, queries, text_facets
from bot.ranking.index import Index, Vector, keys_of, table
from bot.ranking.model import PaperSet
from bot.ranking.order import FacetScores, Ranking
from bot.ranking.product import PaperMatrix, SplitTable
from bot.ranking.twins import REPEATED, SERIES, Twins

#: This number of votes has the weight of a perfect match.
MANY_VOTES = 100
#: Most profiles whose scores are computed together, and most scores (8 bytes each): enough to share the work, but few
#: enough for the memory.
CHUNK = 256
CELLS = 4_000_000


class Ranker:
    """Ranks papers for profiles.

    `archive`: counts of the papers for the document frequencies. `background`: the papers that relevance compares
    with. `window`: the papers to rank, each once. `named`: stored papers by canonical id, for the profiles'
    references.
    """

    def __init__(
        self,
        archive: Sequence[bytes],
        background: Sequence[CountedPaper],
        window: Sequence[CountedPaper],
        profiles: Sequence[Profile],
        named: Mapping[str, CountedPaper],
    ) -> None:
        papers, self.background, self.window = _arrange(background, window)
        self.papers = tuple(counted.paper for counted in papers)  #: see `_arrange`; both slices are of these
        self.places = {paper.id: place for place, paper in enumerate(self.papers)}
        #: For each paper of the window in this order, its number in a `PaperSet`, and its rank by id.
        numbers = {counted.paper.id: number for number, counted in enumerate(window)}
        ids = [paper.id for paper in self.papers[self.window]]
        self.numbers = np.array([numbers[id_] for id_ in ids], dtype=np.intp)
        self.by_id = np.argsort(np.argsort(ids))
        self.chunks = _chunks(profiles, CELLS // max(len(papers), 1))
        self._chunk_of = {profile.id: chunk for chunk in self.chunks for profile in chunk}
        #: Of each paper, on the scale of the facets: 1 for `MANY_VOTES`.
        self.votes = np.log1p([max(p.votes or 0, 0) for p in self.papers]) / math.log1p(MANY_VOTES)
        references = list(dict.fromkeys(r for p in profiles for r in (*p.like, *p.dislike)))
        resolved = {r: found for r in references if (found := _resolve(r, named))}
        rows = {r: (title, row) for row, (r, (title, _)) in enumerate(resolved.items())}
        #: For each profile its liked and its disliked papers: title, and row among the named papers.
        self._named = {
            p.id: [tuple(rows[r] for r in refs if r in rows) for refs in (p.like, p.dislike)]
            for p in profiles
        }
        self._queries = {profile.id: queries(profile) for profile in profiles}
        every = [query for of_profile in self._queries.values() for query in of_profile]
        keys = np.fromiter((key for query in every for key in query.weights), np.uint64)
        phrases = {query.phrase: query.pairs for query in every if query.phrase and len(query.pairs) > 1}
        counts_ = [counted.terms for counted in papers]
        self.index = Index(archive, np.concatenate([keys_of(counts_), keys]), phrases)
        self.rows = self.index.rows(counts_)  #: papers x terms
        self._matrix = PaperMatrix(self.rows)
        named_rows = self.index.rows([terms for _, terms in resolved.values()], phrases=False)
        self._named_rows = self._matrix.split(named_rows)
        self._twins = Twins(self.rows[self.window], self.index.is_word, self.papers[self.window])
        self._chunk_scores: dict[str, FacetScores] = {}  #: of the chunk that was computed last, by profile

    def rank(self, profile: Profile, among: PaperSet) -> Ranking:
        """Rank papers of the window for one of the profiles."""
        return Ranking(self, profile, among)

    def twin(self, paper: Paper, others: Sequence[Paper], *, repeated: bool = False) -> Paper | None:
        """Return the first of the others that this paper repeats or, if not `repeated`, is in a series with.

        All of them must be papers of the window.
        """
        return self._twins.find(paper, others, REPEATED if repeated else SERIES)

    def with_terms(self, text: str) -> PaperSet:
        """Return the window's papers that have every term of a text, anywhere."""
        matching = np.ones(len(self.papers), dtype=bool)
        for column in self.index.find_columns(keys_of_text(text)):
            with_term = np.zeros(len(matching), dtype=bool)
            if column >= 0:
                with_term[self._matrix.papers_with(column)] = True
            matching &= with_term
        return self._paper_set(np.flatnonzero(matching))

    def by_author(self, name: str) -> PaperSet:
        """Return the window's papers with this author."""
        return self._paper_set(self.author_places(name))

    def _paper_set(self, places: NDArray[np.intp]) -> PaperSet:
        bits = np.zeros(len(self.numbers), dtype=bool)
        bits[self.numbers[places[places >= self.window.start] - self.window.start]] = True
        return int.from_bytes(np.packbits(bits, bitorder="little").tobytes(), "little")

    def scored(self, profile: Profile) -> FacetScores:
        """Return a profile's scores, computed for its chunk together: fast when profiles are ranked in order."""
        if profile.id not in self._chunk_scores:
            chunk = self._chunk_of[profile.id]
            self._chunk_scores = dict(zip((p.id for p in chunk), self._scored_together(chunk), strict=True))
        return self._chunk_scores[profile.id]

    def author_places(self, name: str) -> NDArray[np.intp]:
        """Return the places in `papers` of those with this author."""
        return np.array([self.places[id_] for id_ in self._authors.papers_by(name)], dtype=np.intp)

    def resemblances(self, facet: Facet, paper: Paper) -> Iterator[tuple[str, float]]:
        """Yield each liked or disliked paper's title, and its part of the paper's score for the facet."""
        place = self.places[paper.id]
        row = self.rows[[place]].toarray()[0]
        named = self._named_rows.select(np.array([row for _, row in facet.papers]))
        products = self._matrix.multiply_row(named, row) - ALPHA * self._common[place]
        for (title, _), share in zip(facet.papers, (products / len(facet.papers)).tolist(), strict=True):
            yield title, share

    def facets(self, profiles: Sequence[Profile]) -> tuple[list[tuple[Facet, ...]], SplitTable]:
        """Return each profile's facets that can match papers, wanted ones first, and the mean rows of liked and
        disliked papers in the order of their facets.
        """
        paper_facets, means = self._paper_facets(profiles)
        facets = []
        for profile, of_papers in zip(profiles, paper_facets, strict=True):
            of_texts = text_facets(profile, self._queries[profile.id], self.index)
            matching = (*(facet for facet in of_texts if len(facet.columns)), *of_papers)
            facets.append(tuple(sorted(matching, key=lambda facet: facet.kind not in WANTED)))
        return facets, means

    def _paper_facets(self, profiles: Sequence[Profile]) -> tuple[list[list[Facet]], SplitTable]:
        """The facets of liked and of disliked papers: one product gives the mean rows of all."""
        named = [
            (number, kind, papers)
            for number, profile in enumerate(profiles)
            for kind, papers in zip((Kind.LIKE, Kind.DISLIKE), self._named[profile.id], strict=True)
            if papers
        ]
        sizes = [len(papers) for _, _, papers in named]
        rows = np.array([row for _, _, papers in named for _, row in papers], dtype=np.intp)
        shape = (len(named), self._named_rows.rare.shape[0])
        parts = np.repeat(1.0 / np.array(sizes, dtype=float), sizes)
        mean = table(parts, rows, np.concatenate(([0], np.cumsum(sizes))), shape)
        means = self._named_rows.weighted_sums(mean)
        squares, common = self._squares(means), np.asarray(mean @ self._named_common)
        facets: list[list[Facet]] = [[] for _ in profiles]
        for n, (number, kind, papers) in enumerate(named):
            facets[number].append(paper_facet(papers, float(squares[n]), float(common[n]), kind))
        return facets, means

    def _squares(self, rows: SplitTable) -> Vector:
        """Each row's product with itself over the background's terms, so that it does not depend on the window."""
        counted = np.asarray(self._mean > 0, dtype=np.float64)
        common, rare = (
            table(part.data**2, part.indices, part.indptr, part.shape) for part in (rows.common, rows.rare)
        )
        return np.asarray(common @ counted[self._matrix.common] + rare @ counted)

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
        """Each paper's product with the background's mean row, from which a background paper itself is left out."""
        common = np.asarray(self.rows @ self._mean)
        own = self.rows[self.background].power(2) @ ~self.index.is_phrase
        common[self.background] -= own / max(self.background.stop, 1)
        return common

    @cached_property
    def _named_common(self) -> Vector:
        return self._matrix.multiply_row(self._named_rows, self._mean)

    def _scored_together(self, profiles: Sequence[Profile]) -> Iterator[FacetScores]:
        """One product for all facets of the profiles."""
        by_profile, means = self.facets(profiles)
        every = [facet for facets in by_profile for facet in facets]
        raw = self._similarities(every, means)
        start = 0
        for facets in by_profile:
            yield FacetScores(facets, raw[start : (start := start + len(facets))])

    def _similarities(self, facets: Sequence[Facet], means: SplitTable) -> NDArray[np.float64]:
        """Facets x papers: the similarities, a perfect match having 1.

        `means`: mean rows of the facets of papers, in their order.
        """
        raw = np.empty((len(facets), len(self.papers)))
        is_text = np.array([not facet.papers for facet in facets], dtype=bool)
        texts = [facet for facet in facets if not facet.papers]
        raw[is_text] = self._matrix.multiply(weights_of(texts, len(self.index.keys)))
        if len(texts) < len(facets):
            raw[~is_text] = self._matrix.multiply_split(means) - ALPHA * self._common
        raw /= np.array([facet.perfect for facet in facets])[:, None]
        return raw


def _arrange(
    background: Sequence[CountedPaper], window: Sequence[CountedPaper]
) -> tuple[list[CountedPaper], slice, slice]:
    """All papers with the slices of the background and of the window, which overlap, so that neither is copied."""
    old, new = ({counted.paper.id: counted for counted in papers} for papers in (background, window))
    papers = [
        *(counted for id_, counted in old.items() if id_ not in new),
        *(counted for id_, counted in old.items() if id_ in new),
        *(counted for id_, counted in new.items() if id_ not in old),
    ]
    return papers, slice(len(old)), slice(len(papers) - len(new), len(papers))


def _chunks(profiles: Sequence[Profile], room: int) -> list[tuple[Profile, ...]]:
    """The profiles in order, in chunks whose scores fit into the memory. `room`: most facets of a chunk."""
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
    """The weights of facets of texts: facets x terms."""
    ends = np.concatenate(([0], np.cumsum([len(facet.columns) for facet in facets])))
    columns = np.concatenate([np.zeros(0, np.intp), *(facet.columns for facet in facets)])
    values = np.concatenate([np.zeros(0), *(facet.values for facet in facets)])
    return table(values, columns, ends, (len(facets), terms))


def _resolve(reference: Reference, named: Mapping[str, CountedPaper]) -> tuple[str, bytes] | None:
    """The title and counts of a referenced paper, as stored, else from its BibTeX entry; None if it has no term."""
    if stored := named.get(reference.id or ""):
        title, terms = stored.paper.title, stored.terms
    else:
        title, terms = reference.title, counts(reference.title, reference.abstract)
    return (title, terms) if number_of_terms(terms) else None
