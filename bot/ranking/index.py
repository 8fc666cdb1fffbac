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
from functools import partial, reduce

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


class Index:
    """The columns of terms, their inverse document frequencies, and papers as rows.

    `archive`: counts (see `bot.ranking.counts`) of the papers for the document frequencies. `keys`: of the terms
    that get a column; a paper's other terms are left out of its row. `phrases`: the key of each phrase, and of the
    pairs that it consists of; a paper has a phrase as often as the rarest of its pairs.
    """

    def __init__(
        self, archive: Sequence[bytes], keys: Keys, phrases: Mapping[int, tuple[int, ...]] | None = None
    ) -> None:
        phrases = phrases or {}
        most = max(map(len, phrases.values()), default=0)
        # A shorter phrase has its first pair several times, which does not change the least.
        padded = [(phrase, *pairs, *pairs[:1] * (most - len(pairs))) for phrase, pairs in phrases.items()]
        phrase_keys = np.array(padded, np.uint64).reshape(-1, 1 + most)
        self.keys = _distinct(np.concatenate([keys, phrase_keys.ravel()]))
        #: Keys are hashes, so that each of these equal ranges of keys has one or two: the column where it begins.
        bits = min(len(self.keys).bit_length(), KEY_BITS)
        self._shift = np.uint64(KEY_BITS - bits)
        self._starts = np.searchsorted(self.keys, np.arange(1 << bits, dtype=np.uint64) << self._shift)
        self._phrases, *self._pairs = np.searchsorted(self.keys, phrase_keys).T
        self.papers = len(archive)  #: that the document frequencies are of
        lengths, counts = self._counts(archive)
        self._average = float(lengths.mean()) if lengths.any() else 1.0
        self.df = np.bincount(counts.indices, minlength=len(self.keys))  #: document frequencies
        #: As scikit-learn's, which takes half of a short command's time to import.
        self.idf = np.log((1 + self.papers) / (1 + self.df)) + 1
        self._postings = sparse.csc_array(counts)

    def rows(self, papers: Sequence[bytes], *, phrases: bool = True) -> sparse.csr_array:
        """Papers x terms: the weights of each paper's terms.

        `phrases`: include the profiles' phrases; comparisons between papers are made without them.
        """
        batches = [papers[start : start + BATCH] for start in range(0, len(papers), BATCH)] or [papers]
        rows = [self._rows(batch, phrases) for batch in batches]
        if len(rows) == 1:
            return rows[0]
        together = sparse.vstack(rows, format="csr")
        return table(together.data, together.indices, together.indptr, together.shape)

    def _rows(self, papers: Sequence[bytes], phrases: bool) -> sparse.csr_array:
        lengths, counts = self._counts(papers, phrases)
        long = K1 * (1 - B + B * lengths / self._average)
        tf = counts.data
        saturated = tf / (tf + np.repeat(long, np.diff(counts.indptr)))
        return table(saturated * self.idf[counts.indices], counts.indices, counts.indptr, counts.shape)

    @property
    def is_word(self) -> Vector:
        """For each term 1 if it is one word, 0 if it is a pair."""
        return np.asarray(self.keys & np.uint64(1) == 0, dtype=np.float64)

    @property
    def is_phrase(self) -> NDArray[np.bool_]:
        """For each term whether it is a phrase of a profile."""
        marked = np.zeros(len(self.keys), dtype=bool)
        marked[self._phrases] = True
        return marked

    def columns(self, keys: Iterable[int]) -> NDArray[np.intp]:
        """The columns of keys, all of which must be in the index."""
        return np.searchsorted(self.keys, np.fromiter(keys, np.uint64))

    def find_columns(self, keys: Sequence[int]) -> list[int]:
        """The columns of keys; -1 for a key that is not in the index."""
        if not len(self.keys):
            return [-1] * len(keys)
        columns = np.minimum(self.columns(keys), len(self.keys) - 1)
        known = self.keys[columns] == np.fromiter(keys, np.uint64)
        return [int(column) for column in np.where(known, columns, -1)]

    def papers_with(self, *columns: int) -> int:
        """How many papers of the archive have all of these terms; -1 is a term without a column, which none has."""
        if -1 in columns:
            return 0
        ends, places = self._postings.indptr, self._postings.indices
        having = (places[ends[column] : ends[column + 1]] for column in columns)
        return len(reduce(partial(np.intersect1d, assume_unique=True), having))

    def _counts(self, papers: Sequence[bytes], phrases: bool = True) -> tuple[Vector, sparse.csr_array]:
        """Lengths in words, and papers x terms with the counts."""
        lengths, ends, packed = unpack(papers)
        keys = packed >> np.uint64(COUNT_BITS)
        columns = self._search(keys)
        columns[columns == len(self.keys)] = 0
        known = self.keys[columns] == keys if len(self.keys) else np.zeros(len(keys), bool)
        ends = np.concatenate(([0], np.cumsum(known)))[ends]
        tf = (packed[known] & np.uint64((1 << COUNT_BITS) - 1)).astype(np.float64)
        shape = (len(papers), len(self.keys))
        counts = table(tf, columns[known], ends, shape)
        return lengths, self._with_phrases(counts) if phrases else counts

    def _search(self, keys: Keys) -> NDArray[np.intp]:
        """As np.searchsorted, in a quarter of the time."""
        columns: NDArray[np.intp] = self._starts[keys >> self._shift]
        after = np.append(self.keys, np.uint64((1 << 64) - 1))
        left = np.flatnonzero(after[columns] < keys)
        while len(left):
            columns[left] += 1
            left = left[after[columns[left]] < keys[left]]
        return columns

    def _with_phrases(self, counts: sparse.csr_array) -> sparse.csr_array:
        if not len(self._phrases) or not counts.shape[0]:
            return counts
        by_term = sparse.csc_array(counts)
        found = reduce(
            lambda least, pairs: least.minimum(by_term[:, pairs]), self._pairs[1:], by_term[:, self._pairs[0]]
        )
        found = found.tocoo()
        entries = (found.data, (found.row, self._phrases[found.col]))
        return sparse.csr_array(counts + sparse.csr_array(entries, shape=counts.shape))


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
    found = [_distinct(unpack(batch)[2] >> np.uint64(COUNT_BITS)) for batch in batches]
    return _distinct(np.concatenate(found)) if found else np.zeros(0, np.uint64)


def _distinct(keys: Keys) -> Keys:
    """Sorted, each once. np.unique hashes, which took twenty times as long for 700,000 keys (numpy 2.4)."""
    ordered = np.sort(keys)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))] if len(ordered) else ordered
