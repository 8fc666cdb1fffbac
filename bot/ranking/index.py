"""Papers as rows over terms: counts become weights, by how often a term stands in a paper and how rare it is.

The weight of term t in a paper p is

    x_t = idf_t * tf_t (k1 + 1) / (tf_t + k1 (1 - b + b |p| / avg)),     idf_t = ln((1 + n) / (1 + df_t)) + 1

with tf_t its count (the title's twice), |p| the paper's length in words, avg the mean length, df_t the number of
archive papers that have the term and n the number of archive papers: scikit-learn's TF-IDF
(https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting) with the term frequency
saturated as in BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, equation 3.12). The
numbers were chosen by measurement: docs/ranking.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from bot.ranking.counts import COUNT_BITS

Vector = NDArray[np.float64]
Keys = NDArray[np.uint64]

K1 = 3.0
B = 0.75


class Index:
    """The columns, their inverse document frequencies, and papers as rows over them.

    `archive`: the counts (see `bot.ranking.counts`) of the papers whose document frequencies count. `keys`: those
    of the terms that matter; a paper's other terms are left out of its row. `phrases`: the keys of phrases and of the
    pairs that each is made of; a paper has a phrase as often as the rarest of its pairs.
    """

    def __init__(
        self, archive: Sequence[bytes], keys: Keys, phrases: Mapping[int, Sequence[int]] | None = None
    ) -> None:
        named = [key for whole, pairs in (phrases or {}).items() for key in (whole, *pairs)]
        self.keys = _distinct(np.concatenate([keys, np.array(named, np.uint64)]))
        self._phrases = {
            int(self.columns([whole])[0]): self.columns(pairs) for whole, pairs in (phrases or {}).items()
        }
        lengths, counts = self._counts(archive)
        self._average = float(lengths.mean()) if lengths.any() else 1.0
        self.idf = _idf(counts)

    def rows(self, papers: Sequence[bytes]) -> sparse.csr_array:
        """Papers x terms: the weights of each paper's terms."""
        lengths, counts = self._counts(papers)
        long = K1 * (1 - B + B * lengths / self._average)
        tf = counts.data
        saturated = tf * (K1 + 1) / (tf + np.repeat(long, np.diff(counts.indptr)))
        return sparse.csr_array(
            (saturated * self.idf[counts.indices], counts.indices, counts.indptr), shape=counts.shape
        )

    @property
    def is_word(self) -> Vector:
        """For each term 1 when it is one word, 0 when it is a pair."""
        return np.asarray(self.keys & np.uint64(1) == 0, dtype=np.float64)

    def without_phrases(self, rows: sparse.csr_array) -> sparse.csr_array:
        """Rows as they are without the phrases that profiles bring in: what papers are compared to papers by."""
        if not self._phrases:
            return rows
        keep = np.ones(len(self.keys))
        keep[list(self._phrases)] = 0.0
        return sparse.csr_array(rows @ sparse.diags_array(keep))

    def columns(self, keys: Iterable[int]) -> NDArray[np.intp]:
        """The columns of some keys, which must be among those that the index was made with."""
        return np.searchsorted(self.keys, np.fromiter(keys, np.uint64))

    def _counts(self, papers: Sequence[bytes]) -> tuple[Vector, sparse.csr_array]:
        """Lengths in words, and papers x terms with the counts."""
        lengths, ends, packed = unpacked(papers)
        keys = packed >> np.uint64(COUNT_BITS)
        columns = np.searchsorted(self.keys, keys)
        columns[columns == len(self.keys)] = 0
        known = self.keys[columns] == keys if len(self.keys) else np.zeros(len(keys), bool)
        ends = np.concatenate(([0], np.cumsum(known)))[ends]
        tf = (packed[known] & np.uint64((1 << COUNT_BITS) - 1)).astype(np.float64)
        shape = (len(papers), len(self.keys))
        counts = sparse.csr_array((tf, columns[known].astype(np.int32), ends.astype(np.int32)), shape=shape)
        return lengths, self._with_phrases(counts)

    def _with_phrases(self, counts: sparse.csr_array) -> sparse.csr_array:
        if not self._phrases or not counts.shape[0]:
            return counts
        by_term = sparse.csc_array(counts)
        found = [reduce(_rarest, (by_term[:, [pair]] for pair in pairs)) for pairs in self._phrases.values()]
        spread = (np.ones(len(found)), (np.arange(len(found)), list(self._phrases)))
        places = sparse.csr_array(spread, shape=(len(found), counts.shape[1]))
        return sparse.csr_array(counts + sparse.csr_array(sparse.hstack(found)) @ places)


def _rarest(one: sparse.csc_array, other: sparse.csc_array) -> sparse.csc_array:
    return one.minimum(other)


def unpacked(papers: Sequence[bytes]) -> tuple[Vector, NDArray[np.intp], Keys]:
    """Lengths in words; where each paper's terms begin and end; and all terms, keys and counts still packed."""
    data = np.frombuffer(b"".join(papers), "<u8")
    sizes = np.fromiter((len(one) // 8 for one in papers), np.intp, len(papers))
    ends = np.concatenate(([0], np.cumsum(sizes)))
    lengths = data[ends[:-1]].astype(np.float64)
    terms = np.delete(data, ends[:-1])
    return lengths, ends - np.arange(len(ends)), terms


def keys_of(papers: Sequence[bytes]) -> Keys:
    """The keys of all terms of some papers."""
    return np.asarray(unpacked(papers)[2] >> np.uint64(COUNT_BITS))


def _distinct(keys: Keys) -> Keys:
    """In order, each once. np.unique hashes, which took twenty times as long for 700,000 keys (numpy 2.4)."""
    ordered = np.sort(keys)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))] if len(ordered) else ordered


def _idf(counts: sparse.csr_array) -> Vector:
    if not all(counts.shape):  # nothing to learn from is an error to scikit-learn
        return np.ones(counts.shape[1])
    return np.asarray(TfidfTransformer(norm=None).fit(counts).idf_)
