"""What the background has in common with the papers and with itself: the same for all profiles.

The rows of the background's papers come first among the papers' rows.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.ranking.discriminant import Discriminant
from bot.ranking.facets import ALPHA
from bot.ranking.index import Vector
from bot.ranking.product import PaperMatrix, SplitTable

#: Other papers that a classifier learns from; with more it was no better.
OTHERS = 200


class Background:
    """The first of the papers, which others are compared with.

    `rows`: papers x terms. `by_id`: their order by id. `with_others`: if it is known.
    """

    def __init__(
        self,
        rows: sparse.csr_array,
        matrix: PaperMatrix,
        by_id: NDArray[np.intp],
        with_others: NDArray[np.float64] | None = None,
    ) -> None:
        self._rows, self._matrix, self._by_id = rows, matrix, by_id
        self.size = len(by_id)
        if with_others is not None:
            self.with_others = with_others

    @cached_property
    def mean(self) -> Vector:
        """The mean row."""
        return np.asarray(self._rows[: self.size].sum(axis=0)) / max(self.size, 1)

    @cached_property
    def common(self) -> Vector:
        """Each paper's product with the mean row, from which a paper of the background itself is left out."""
        common = np.asarray(self._rows @ self.mean)
        common[: self.size] -= self._squares / max(self.size, 1)
        return common

    @cached_property
    def usual(self) -> float:
        """See `paper_facet`."""
        of_background = self._squares - ALPHA * self.common[: self.size]
        return float(of_background.mean()) if self.size else 0.0

    @cached_property
    def discriminant(self) -> Discriminant:
        return Discriminant((self.others_by_term.T @ self.others_by_term).toarray())

    @cached_property
    def others_by_term(self) -> sparse.csr_array:
        """Terms of the background (`counted`) x others."""
        return sparse.csr_array(self.counted(self._matrix.split(self.others)).T)

    @cached_property
    def other_places(self) -> NDArray[np.intp]:
        """Rows of papers of the background that classifiers learn from: the same papers for any window."""
        return self._by_id[:: max(1, math.ceil(self.size / OTHERS))]

    @cached_property
    def others(self) -> sparse.csr_array:
        """The rows of the papers that classifiers learn from."""
        known = sparse.diags_array(np.asarray(self.mean > 0, dtype=np.float64))
        return self._rows[self.other_places] @ known

    @cached_property
    def with_others(self) -> NDArray[np.float64]:
        """Others x papers: the products of their rows; a paper does not count for itself."""
        products = self._matrix.multiply_split(self._matrix.split(self.others))
        products[np.arange(len(self.other_places)), self.other_places] = 0.0
        return products

    def counted(self, rows: SplitTable) -> sparse.csr_array:
        """Rows over the terms that the background has: the same for any window."""
        has_term = self.mean > 0
        common = rows.common[:, np.flatnonzero(has_term[self._matrix.common])]
        return sparse.csr_array(sparse.hstack([common, rows.rare[:, np.flatnonzero(has_term)]], format="csr"))

    @cached_property
    def _squares(self) -> Vector:
        """The product of each row of the background with itself."""
        return np.asarray(self._rows[: self.size].power(2).sum(axis=1)).ravel()
