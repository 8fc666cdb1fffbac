"""The product of facets and papers: two sparse matrices, with a dense result.

The mean of liked papers has thousands of terms, and some of them are in most papers: for these a sparse product is
slower than a dense one. So tables are split into the terms that many papers have and all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.ranking.index import Vector, table

#: A term is common from this number of papers on.
COMMON = 5


@dataclass(frozen=True, slots=True)
class SplitTable:
    """Rows over terms, in two parts."""

    common: sparse.csr_array  #: rows x common terms
    rare: sparse.csr_array  #: rows x all terms, without the values of common ones

    def weighted_sums(self, weights: sparse.csr_array) -> SplitTable:
        """Weighted sums of the rows. `weights`: sums x rows."""
        return SplitTable(sparse.csr_array(weights @ self.common), sparse.csr_array(weights @ self.rare))

    def select(self, rows: NDArray[np.intp]) -> SplitTable:
        return SplitTable(self.common[rows], self.rare[rows])


@dataclass(frozen=True, slots=True)
class PaperMatrix:
    """Multiplies tables by papers."""

    common: NDArray[np.intp]  #: columns of the common terms
    rows: sparse.csr_array  #: papers x common terms
    postings: sparse.csr_array  #: terms x papers

    def papers_with(self, term: int) -> NDArray[np.integer]:
        """Rows of the papers that have a term."""
        start, end = self.postings.indptr[term : term + 2]
        return np.asarray(self.postings.indices[start:end])

    def split(self, rows: sparse.csr_array) -> SplitTable:
        is_rare = np.ones(rows.shape[1], dtype=bool)
        is_rare[self.common] = False
        keep = is_rare[rows.indices]
        ends = np.concatenate(([0], np.cumsum(keep)))[rows.indptr]
        rare = table(rows.data[keep], rows.indices[keep], ends, rows.shape)
        return SplitTable(sparse.csr_array(rows[:, self.common]), rare)

    def multiply(self, weights: sparse.csr_array) -> NDArray[np.float64]:
        """Rows x papers, for rows with few terms. `weights`: rows x terms."""
        return np.asarray((weights @ self.postings).toarray())

    def multiply_split(self, weights: SplitTable) -> NDArray[np.float64]:
        """Rows x papers, for rows with many terms."""
        dense = self.rows @ weights.common.toarray().T.copy()
        return np.asarray(self.multiply(weights.rare) + dense.T)

    def multiply_row(self, weights: SplitTable, row: Vector) -> Vector:
        """The products of the rows with one paper's row over the terms."""
        return np.asarray(weights.common @ row[self.common] + weights.rare @ row)

    def weighted_sum(self, weights: Vector, rows: SplitTable) -> Vector:
        """The weighted sum of rows, over all terms."""
        total = np.asarray(weights @ rows.rare)
        total[self.common] += weights @ rows.common
        return total


def paper_matrix(rows: sparse.csr_array) -> PaperMatrix:
    """Make the matrix. `rows`: papers x terms."""
    df = np.bincount(rows.indices, minlength=rows.shape[1])
    common = np.flatnonzero(df >= COMMON)
    return PaperMatrix(common, sparse.csr_array(rows[:, common]), sparse.csr_array(rows.T))
