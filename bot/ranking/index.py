"""Papers as rows over terms: weights of how often a paper has a term and how rare the term is.

The weight of term t in a paper p is

    x_t = idf_t * tf_t / (tf_t + k1 (1 - b + b |p| / avg)),     idf_t = ln((1 + n) / (1 + df_t)) + 1

with tf_t its count (the title's twice), |p| the paper's length in words, avg the mean length, df_t the number of
archive papers that have the term and n the number of archive papers: scikit-learn's TF-IDF
(https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting) with the term frequency
saturated, to at most 1, as in BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, equation
3.12). The numbers were chosen by measurement: docs/ranking.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, reduce

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.ranking.counts import COUNT_BITS, KEY_BITS

Vector = NDArray[np.float64]
Keys = NDArray[np.uint64]

K1 = 1.5
B = 0.75
#: Papers that are unpacked together, as unpacked counts take several times the memory of the rows.
BATCH = 4096
_AFTER = np.uint64((1 << 64) - 1)  #: larger than any key


@dataclass(frozen=True, slots=True)
class Archive:
    """Which papers of the archive have each of its terms: what document frequencies are computed from."""

    papers: int
    average: float  #: length of a paper in words
    keys: Keys  #: of all terms, sorted
    ends: NDArray[np.int32]  #: the papers with term n are `places[ends[n] : ends[n + 1]]`
    places: NDArray[np.int32]

    def df(self, keys: Keys) -> NDArray[np.intp]:
        """The document frequencies of terms."""
        columns = find_sorted(self.keys, keys)
        return np.where(columns < 0, 0, self.ends[columns + 1] - self.ends[columns])

    def having(self, keys: Iterable[int]) -> NDArray[np.int32]:
        """The papers that have all of some terms."""
        columns = find_sorted(self.keys, np.fromiter(keys, np.uint64))
        if (columns < 0).any():
            return self.places[:0]
        having = (self.places[self.ends[column] : self.ends[column + 1]] for column in columns)
        return reduce(partial(np.intersect1d, assume_unique=True), having)


def archive_of(papers: Sequence[bytes]) -> Archive:
    """Read the counts (see `bot.ranking.counts`) of the archive's papers."""
    lengths, ends, packed = unpack(papers)
    keys = packed >> np.uint64(COUNT_BITS)
    order = np.argsort(keys)
    keys = keys[order]
    places = np.repeat(np.arange(len(papers), dtype=np.int32), np.diff(ends))[order]
    starts = np.flatnonzero(_is_first(keys))
    average = float(lengths.mean()) if lengths.any() else 1.0
    return Archive(len(papers), average, keys[starts], np.append(starts, len(keys)).astype(np.int32), places)


class Index:
    """The columns of terms, their inverse document frequencies, and papers as rows.

    `keys`: of the terms that get a column; a paper's other terms are left out of its row. `phrases`: the key of each
    phrase, and of the pairs that it consists of; a paper has a phrase as often as the rarest of its pairs. `base`: an
    index without phrases; its columns come first.
    """

    def __init__(
        self,
        archive: Archive,
        keys: Keys,
        phrases: Mapping[int, tuple[int, ...]] | None = None,
        base: Index | None = None,
    ) -> None:
        phrases = phrases or {}
        most = max(map(len, phrases.values()), default=0)
        # A shorter phrase has its first pair several times, which does not change the least.
        padded = [(phrase, *pairs, *pairs[:1] * (most - len(pairs))) for phrase, pairs in phrases.items()]
        phrase_keys = np.array(padded, np.uint64).reshape(-1, 1 + most)
        keys = distinct(np.concatenate([keys, phrase_keys.ravel()]))
        self._archive, self._base = archive, base
        self.papers = archive.papers  #: that the document frequencies are of
        self._own = (
            keys if base is None else keys[base.find(keys) < 0]
        )  #: in the columns after those of the base
        self.keys: Keys = np.concatenate([base.keys, self._own]) if base else self._own
        self._phrases, *self._pairs = self.find(phrase_keys.ravel()).reshape(phrase_keys.shape).T
        #: The archive's papers with each phrase, by its column.
        self._having = dict(zip(self._phrases.tolist(), map(archive.having, phrases.values()), strict=True))
        df = archive.df(self._own)
        #: Document frequencies.
        self.df: NDArray[np.intp] = np.concatenate([base.df, df]) if base else df
        for column, having in self._having.items():
            self.df[column] = len(having)
        #: As scikit-learn's, which takes half of a short command's time to import.
        self.idf = np.log((1 + self.papers) / (1 + self.df)) + 1

    def rows(self, papers: Sequence[bytes]) -> sparse.csr_array:
        """Papers x terms: the weights of each paper's terms."""
        batches = [papers[start : start + BATCH] for start in range(0, len(papers), BATCH)] or [papers]
        rows = [self._rows(batch) for batch in batches]
        if len(rows) == 1:
            return rows[0]
        together = sparse.vstack(rows, format="csr")
        return table(together.data, together.indices, together.indptr, together.shape)

    def _rows(self, papers: Sequence[bytes]) -> sparse.csr_array:
        lengths, counts = self.counts(papers)
        if len(self._phrases):
            counts = sparse.csr_array(counts + self.phrase_counts(sparse.csc_array(counts)))
        return self.weigh(counts, lengths)

    def weigh(self, counts: sparse.csr_array, lengths: Vector) -> sparse.csr_array:
        """Papers x terms: weights. `counts`: papers x terms. `lengths`: of the papers, in words."""
        long = K1 * (1 - B + B * lengths / self._archive.average)
        tf = counts.data
        saturated = tf / (tf + np.repeat(long, np.diff(counts.indptr)))
        return table(saturated * self.idf[counts.indices], counts.indices, counts.indptr, counts.shape)

    @property
    def is_word(self) -> Vector:
        """For each term 1 if it is one word, 0 if it is a pair."""
        return np.asarray(self.keys & np.uint64(1) == 0, dtype=np.float64)

    def columns(self, keys: Iterable[int]) -> NDArray[np.intp]:
        """The columns of keys, all of which must be in the index."""
        return self.find(np.fromiter(keys, np.uint64))

    def find_columns(self, keys: Sequence[int]) -> list[int]:
        """The columns of keys; -1 for a key that is not in the index."""
        return [int(column) for column in self.find(np.fromiter(keys, np.uint64, len(keys)))]

    def find(self, keys: Keys) -> NDArray[np.intp]:
        """As `find_columns`, for many keys."""
        if self._base is None:
            return self._search(keys)
        found, own = self._base.find(keys), find_sorted(self._own, keys)
        return np.where(own < 0, found, own + len(self._base.keys))

    @property
    def of_papers(self) -> Index:
        """The index of the terms that papers have, whatever the profiles."""
        return self._base or self

    def papers_with(self, *columns: int) -> int:
        """How many papers of the archive have all of these terms; -1 is a term without a column, which none has."""
        if -1 in columns:
            return 0
        having = (self._papers_having(column) for column in columns)
        return len(reduce(partial(np.intersect1d, assume_unique=True), having))

    def _papers_having(self, column: int) -> NDArray[np.int32]:
        of_phrase = self._having.get(int(column))
        return self._archive.having([int(self.keys[column])]) if of_phrase is None else of_phrase

    def counts(self, papers: Sequence[bytes]) -> tuple[Vector, sparse.csr_array]:
        """Lengths in words, and papers x terms with the counts, without phrases."""
        lengths, ends, packed = unpack(papers)
        columns = self.find(packed >> np.uint64(COUNT_BITS))
        known = columns >= 0
        ends = np.concatenate(([0], np.cumsum(known)))[ends]
        tf = (packed[known] & np.uint64((1 << COUNT_BITS) - 1)).astype(np.float64)
        return lengths, table(tf, columns[known], ends, (len(papers), len(self.keys)))

    def phrase_counts(self, counts: sparse.csc_array) -> sparse.csr_array:
        """Papers x terms: how often papers have the phrases. `counts`: papers x terms, or the first of the terms."""
        shape = (counts.shape[0], len(self.keys))
        # A pair that is not among the first terms is in none of the papers.
        known = np.flatnonzero((np.array(self._pairs) < counts.shape[1]).all(axis=0))
        if not self._pairs or not len(known):
            return sparse.csr_array(shape)
        first, *others = (counts[:, pairs[known]] for pairs in self._pairs)
        found = reduce(lambda least, pairs: least.minimum(pairs), others, first).tocoo()
        entries = (found.data.astype(np.float64), (found.row, self._phrases[known[found.col]]))
        return sparse.csr_array(entries, shape=shape)

    @cached_property
    def _starts(self) -> NDArray[np.int32]:
        """Keys are hashes, so that each of equal ranges of keys has one or two: the column where it begins."""
        ranges = np.arange(1 << self._bits, dtype=np.uint64) << np.uint64(KEY_BITS - self._bits)
        return np.searchsorted(self.keys, ranges).astype(np.int32)

    @property
    def _bits(self) -> int:
        return min(len(self.keys).bit_length(), KEY_BITS)

    def _search(self, keys: Keys) -> NDArray[np.intp]:
        if len(keys) < len(self.keys):
            return find_sorted(self.keys, keys)
        # In a quarter of the time:
        columns = self._starts[keys >> np.uint64(KEY_BITS - self._bits)].astype(np.intp)
        after = np.append(self.keys, _AFTER)
        left = np.flatnonzero(after[columns] < keys)
        while len(left):
            columns[left] += 1
            left = left[after[columns[left]] < keys[left]]
        return np.where(after[columns] == keys, columns, -1)


def find_sorted(keys: Keys, wanted: Keys) -> NDArray[np.intp]:
    """Where each wanted key is among sorted ones; -1 if it is not."""
    if not len(keys):
        return np.full(len(wanted), -1)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, places, -1)


def table(
    data: Vector, columns: NDArray[np.integer], ends: NDArray[np.integer], shape: tuple[int, int]
) -> sparse.csr_array:
    """A sparse table by rows, with 32-bit indices, as wider ones make every product slower."""
    return sparse.csr_array(
        (data, columns.astype(np.int32, copy=False), ends.astype(np.int32, copy=False)), shape=shape
    )


def unpack(papers: Sequence[bytes]) -> tuple[Vector, NDArray[np.intp], Keys]:
    """Lengths in words; offsets of each paper's terms; and the terms of all papers, each a packed key and count."""
    data = np.frombuffer(b"".join(papers), "<u8")
    sizes = np.fromiter((len(one) // 8 for one in papers), np.intp, len(papers))
    ends = np.concatenate(([0], np.cumsum(sizes)))
    lengths = data[ends[:-1]].astype(np.float64)
    terms = np.delete(data, ends[:-1])
    return lengths, ends - np.arange(len(ends)), terms


def keys_of(papers: Sequence[bytes]) -> Keys:
    """The keys of all terms of the papers, sorted, each once."""
    batches = (papers[start : start + BATCH] for start in range(0, len(papers), BATCH))
    found = [distinct(unpack(batch)[2] >> np.uint64(COUNT_BITS)) for batch in batches]
    return distinct(np.concatenate(found)) if found else np.zeros(0, np.uint64)


def distinct(keys: Keys) -> Keys:
    """Sorted, each once. np.unique hashes, which took twenty times as long for 700,000 keys (numpy 2.4)."""
    ordered = np.sort(keys)
    return ordered[_is_first(ordered)]


def _is_first(ordered: Keys) -> NDArray[np.bool_]:
    """For each of some sorted keys whether the one before is another."""
    return np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)]
