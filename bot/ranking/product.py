"""What facets score papers: the product of two sparse matrices, whose result is dense.

The mean of some liked papers has thousands of terms, and some of them stand in most papers: multiplying these entry
by entry costs more than a dense product does. So tables of papers are split once into the terms that many papers have
and all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.ranking.index import Vector, table

#: A term that so many papers have counts as common.
COMMON = 5


@dataclass(frozen=True, slots=True)
class Split:
    """A table over terms in two parts."""

    common: sparse.csr_array  #: rows x common terms
    rare: sparse.csr_array  #: rows x terms, those that are not common

    def mixed(self, weights: sparse.csr_array) -> Split:
        """Weighted sums of the rows. `weights`: sums x rows."""
        return Split(sparse.csr_array(weights @ self.common), sparse.csr_array(weights @ self.rare))

    def some(self, rows: NDArray[np.intp]) -> Split:
        return Split(self.common[rows], self.rare[rows])


class Product:
    """Multiplies by papers. `rows`: papers x terms."""

    def __init__(self, rows: sparse.csr_array) -> None:
        df = np.bincount(rows.indices, minlength=rows.shape[1])
        self.common = np.flatnonzero(df >= COMMON)  #: the common terms
        self._rows = sparse.csr_array(rows[:, self.common])
        self.postings = sparse.csr_array(rows.T)  #: terms x papers

    def papers_with(self, term: int) -> NDArray[np.integer]:
        """Places of the papers that have a term."""
        start, end = self.postings.indptr[term : term + 2]
        return np.asarray(self.postings.indices[start:end])

    def split(self, rows: sparse.csr_array) -> Split:
        """A table of rows over the same terms in its two parts."""
        is_rare = np.ones(rows.shape[1], dtype=bool)
        is_rare[self.common] = False
        keep = is_rare[rows.indices]
        ends = np.concatenate(([0], np.cumsum(keep)))[rows.indptr]
        rare = table(rows.data[keep], rows.indices[keep], ends, rows.shape)
        return Split(sparse.csr_array(rows[:, self.common]), rare)

    def of_few(self, weights: sparse.csr_array) -> NDArray[np.float64]:
        """Rows x papers, for rows of few terms. `weights`: rows x terms."""
        return np.asarray((weights @ self.postings).toarray())

    def of_many(self, weights: Split) -> NDArray[np.float64]:
        """Rows x papers, for rows of many terms."""
        densely = self._rows @ weights.common.toarray().T.copy()
        return np.asarray(self.of_few(weights.rare) + densely.T)

    def with_row(self, some: Split, row: Vector) -> Vector:
        """Rows, multiplied by one paper's row over the terms."""
        return np.asarray(some.common @ row[self.common] + some.rare @ row)
