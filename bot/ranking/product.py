"""What facets score papers: the product of two sparse matrices, whose result is dense.

A facet of liked papers has thousands of terms, and some of them stand in most papers: multiplying them entry by entry
costs more than a dense product over these terms does. Such facets are split: their terms that many papers have are
multiplied densely, all others sparsely.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.ranking.index import table

#: A term that so many papers have counts as common.
COMMON = 8
#: One entry of a sparse product takes as long as so many of a dense one (measured: 3 to 6).
SPARSE_COST = 4


class Product:
    """Multiplies facets by papers. `rows`: papers x terms."""

    def __init__(self, rows: sparse.csr_array) -> None:
        df = np.bincount(rows.indices, minlength=rows.shape[1])
        common = np.flatnonzero(df >= COMMON)
        self._number = np.full(rows.shape[1], -1)  # of each term among the common ones
        self._number[common] = np.arange(len(common))
        self._cost = np.where(self._number >= 0, df, 0)
        self._common = sparse.csr_array(rows[:, common])
        self.postings = sparse.csr_array(rows.T)  #: terms x papers

    def papers_with(self, term: int) -> NDArray[np.integer]:
        """Places of the papers that have a term."""
        start, end = self.postings.indptr[term : term + 2]
        return np.asarray(self.postings.indices[start:end])

    def scores(self, weights: sparse.csr_array) -> NDArray[np.float64]:
        """Facets x papers. `weights`: facets x terms."""
        facet = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
        cost = np.bincount(facet, self._cost[weights.indices], minlength=weights.shape[0])
        heavy = SPARSE_COST * cost > self._common.nnz
        number = self._number[weights.indices]
        dense = heavy[facet] & (number >= 0)
        left = np.concatenate(([0], np.cumsum(~dense)))[weights.indptr]
        sparsely = table(weights.data[~dense], weights.indices[~dense], left, weights.shape)
        scores = np.asarray((sparsely @ self.postings).toarray())
        if heavy.any():
            place = np.cumsum(heavy) - 1
            densely = np.zeros((self._common.shape[1], np.count_nonzero(heavy)))
            densely[number[dense], place[facet[dense]]] = weights.data[dense]
            scores[heavy] += (self._common @ densely).T
        return scores
