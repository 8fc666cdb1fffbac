"""The scores of papers for profiles, which are sums over facets.

A paper's score for a profile is

    score = (1 - trending) * sum_f w_f * similarity_f / perfect_f  +  trending * votes  +  1 for each followed author

with similarity_f the paper's similarity to the facet f (`bot.ranking.facets`), perfect_f that of a perfect match, and
w_f 1 for interests and liked papers, `ABOUT_WEIGHT`, `DISLIKE_WEIGHT`, or minus the weight of a text to avoid. So
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
from bot.profiles.model import Profile
from bot.ranking.counts import keys_of_text, written_terms
from bot.ranking.day_index import DayIndex, arrange
from bot.ranking.facets import WANTED, Facet, Kind, queries, text_facets
from bot.ranking.index import Index, Vector, table
from bot.ranking.model import PaperSet
from bot.ranking.named import NamedPapers
from bot.ranking.order import HALF_FIT, FacetScores, Ranking
from bot.ranking.product import SplitTable
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
    references. `day`: the index of these papers, if there is one already; else their counts make it.
    """

    def __init__(
        self,
        archive: Sequence[bytes],
        background: Sequence[CountedPaper],
        window: Sequence[CountedPaper],
        profiles: Sequence[Profile],
        named: Mapping[str, CountedPaper],
        day: DayIndex | None = None,
    ) -> None:
        self.day = day or DayIndex.of(archive, background, window)
        papers, self.background, self.window = arrange(background, window)
        self.papers = tuple(counted.paper for counted in papers)  #: see `arrange`; both slices are of these
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
        self._queries = {profile.id: queries(profile) for profile in profiles}
        every = [query for of_profile in self._queries.values() for query in of_profile]
        keys = np.fromiter((key for query in every for key in query.weights), np.uint64)
        phrases = {query.phrase: query.pairs for query in every if query.phrase and len(query.pairs) > 1}
        self.index = Index(self.day.archive, keys, phrases, self.day.index)
        self._phrases = self.index.weigh(self.index.phrase_counts(self.day.counts), self.day.lengths)
        #: Terms that the day's index lacks x papers: of the profiles' phrases. No paper has another one of these.
        self._phrase_postings = sparse.csr_array(self._phrases.T)[len(self.day.index.keys) :]
        #: The papers that profiles name under `like` and `dislike`.
        self.named = NamedPapers(profiles, named, self.day, self.places)
        self._twins = Twins(self.day.near, self.papers[self.window])
        #: One paper's row (see `row`), its place, and its columns; all others are 0.
        self._row, self._row_place = np.zeros(len(self.index.keys)), -1
        self._row_columns = np.zeros(0, np.intp)
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
        for column in self.day.index.find_columns(keys_of_text(text)):
            with_term = np.zeros(len(matching), dtype=bool)
            if column >= 0:
                with_term[self.day.matrix.papers_with(column)] = True
            matching &= with_term
        return self._paper_set(np.flatnonzero(matching))

    def by_author(self, name: str) -> PaperSet:
        """Return the window's papers with this author."""
        return self._paper_set(self.author_places(name))

    def mask(self, papers: PaperSet) -> NDArray[np.bool_]:
        """Return for each paper of the window, in the order of `papers`, whether it is in a set."""
        size = len(self.numbers)
        packed = np.frombuffer(papers.to_bytes(size // 8 + 1, "little"), np.uint8)
        return np.unpackbits(packed, count=size, bitorder="little").view(bool)[self.numbers]

    def of_interests(self, profile: Profile, fit: float) -> dict[str, PaperSet]:
        """Return, by the phrase of each interest that has a facet, the window's papers that fit it alone at least so
        well. `fit`: from 0 to 1.
        """
        scored, least = self.scored(profile), -HALF_FIT * math.log2(1 - fit)
        return {
            facet.name: self._paper_set(np.flatnonzero(facet.weight * similarities >= least))
            for facet, similarities in zip(scored.facets, scored.similarities, strict=True)
            if facet.kind is Kind.INTEREST
        }

    def terms(self, profile: Profile) -> frozenset[str]:
        """Return the words and phrases that a profile's texts look for, and the acronyms that stand for them."""
        return frozenset(term for facet in self.scored(profile).facets for term in facet.terms)

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

    def facets(self, profiles: Sequence[Profile]) -> tuple[list[tuple[Facet, ...]], SplitTable]:
        """Return each profile's facets that can match papers, wanted ones first, and the sums of rows for those of
        papers (`NamedPapers.facets`).
        """
        of_papers, sums = self.named.facets(profiles)
        facets = []
        for profile, named in zip(profiles, of_papers, strict=True):
            of_texts = text_facets(profile, self._queries[profile.id], self.index)
            matching = (*(facet for facet in of_texts if len(facet.columns)), *named)
            facets.append(tuple(sorted(matching, key=lambda facet: facet.kind not in WANTED)))
        return facets, sums

    def row(self, place: int) -> Vector:
        """Return a paper's row, phrases included, until the next call."""
        if place != self._row_place:
            self._row[self._row_columns] = 0.0
            own = [(rows, slice(*rows.indptr[place : place + 2])) for rows in (self.day.rows, self._phrases)]
            self._row_place = place
            self._row_columns = np.concatenate([rows.indices[terms] for rows, terms in own])
            self._row[self._row_columns] = np.concatenate([rows.data[terms] for rows, terms in own])
        return self._row

    def written(self, paper: Paper) -> tuple[str, ...]:
        """Return the terms of a paper's row in the day's index, as the paper has them."""
        place = self.places[paper.id]
        if place not in self.day.written:
            keys = self.day.index.keys[self.day.rows.indices[slice(*self.day.rows.indptr[place : place + 2])]]
            written = written_terms(paper.title, paper.abstract)
            self.day.written[place] = tuple(written[key] for key in keys.tolist())
        return self.day.written[place]

    def _multiply(self, weights: sparse.csr_array) -> NDArray[np.float64]:
        """Rows x papers. `weights`: rows x terms, of the day's index and of the profiles."""
        shared, used = len(self.day.index.keys), np.unique(weights.indices)
        postings = sparse.vstack(
            [
                self.day.matrix.postings[used[used < shared]],
                self._phrase_postings[used[used >= shared] - shared],
            ]
        )
        columns = np.searchsorted(used, weights.indices)
        narrow = table(weights.data, columns, weights.indptr, (weights.shape[0], len(used)))
        return np.asarray((narrow @ postings).toarray())

    @cached_property
    def _authors(self) -> AuthorIndex:
        return AuthorIndex(self.papers)

    def _scored_together(self, profiles: Sequence[Profile]) -> Iterator[FacetScores]:
        """One product for all facets of the profiles."""
        by_profile, sums = self.facets(profiles)
        every = [facet for facets in by_profile for facet in facets]
        similarities = np.empty((len(every), len(self.papers)))
        is_text = np.array([not facet.papers for facet in every], dtype=bool)
        texts = [facet for facet in every if not facet.papers]
        perfect = np.array([facet.perfect for facet in texts])
        similarities[is_text] = self._multiply(weights_of(texts, len(self.index.keys))) / perfect[:, None]
        if len(texts) < len(every):
            of_papers = [facet for facet in every if facet.papers]
            similarities[~is_text] = self.named.similarities(of_papers, sums)
        start = 0
        for facets in by_profile:
            yield FacetScores(facets, similarities[start : (start := start + len(facets))])


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
