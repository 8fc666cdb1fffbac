"""Linear classifiers of liked papers against other papers, one for each reader, in closed form.

A classifier is the regularised least-squares fit of 1 for liked papers and -1 for others,

    minimise  sum_i c_i (w x_i + b - y_i)^2  +  RIDGE (|w|^2 + b^2)

with x_i a paper's row, scaled so that the others' mean squared length is 1, and weights c_i that give both classes
the same total (Rifkin, Yeo and Poggio, "Regularized Least-Squares Classification", 2003). Its dual has one unknown
for each paper,

    (K + RIDGE / c) a = y,    K_ij = x_i x_j + 1,    w = sum_i a_i x_i

and the others' block is the same for all readers: it is inverted once, and a reader's own part (the block's Schur
complement) is as large as the number of liked papers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bot.ranking.index import Vector

RIDGE = 10.0
#: A classifier gives 1 to papers that it has learned from; a perfect match is a new paper with the reciprocal of
#: this.
SCALE = 3.0
#: With so few liked papers their mean is better than a classifier; with `EVEN` more, both count the same.
FEW = 5
EVEN = 30


def classifier_share(liked: int) -> float:
    """How much the classifier counts beside the mean of so many liked papers, from 0 to 1."""
    more = max(liked - FEW, 0)
    return more / (more + EVEN)


class Discriminant:
    """Fits classifiers. `others`: the products of the other papers' rows with one another."""

    def __init__(self, others: NDArray[np.float64]) -> None:
        self._square = float(np.diag(others).mean()) or 1.0
        self._inverse = np.linalg.inv(others / self._square + 1.0 + RIDGE * np.eye(len(others)))
        self._sums = self._inverse.sum(axis=1)

    def fit(self, liked: NDArray[np.float64], across: NDArray[np.float64]) -> tuple[Vector, Vector]:
        """Return the weights of the liked papers' rows and of the others' rows, of which w is the sum.

        `liked`: the products of the liked papers' rows with one another. `across`: liked x others, their products.
        """
        number, many = across.shape
        across = across / self._square + 1.0
        solved = across @ self._inverse
        block = liked / self._square + 1.0 + RIDGE * number / many * np.eye(number) - solved @ across.T
        of_liked = np.linalg.solve(block, 1.0 + solved.sum(axis=1))
        return of_liked / self._square, -(self._sums + of_liked @ solved) / self._square
