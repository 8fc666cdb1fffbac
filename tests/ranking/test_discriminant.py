"""Linear classifiers of liked papers against others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bot.ranking.discriminant import EVEN, FEW, RIDGE, Discriminant, classifier_share

Rows = NDArray[np.float64]


def table(rng: np.random.Generator, rows: int, terms: int, density: float) -> Rows:
    return rng.random((rows, terms)) * (rng.random((rows, terms)) < density)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(1, 60),
    st.integers(1, 40),
    st.integers(1, 30),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)
def test_a_classifier_is_the_weighted_ridge_regression(
    seed: int, many: int, number: int, terms: int, density: float
) -> None:
    """The least squares of 1 for liked papers and -1 for others, solved for w and b as one linear system.

    Both classes have the same total weight; the bias is penalised like the weights; rows are scaled by the others'
    mean squared length.
    """
    rng = np.random.default_rng(seed)
    others, liked = table(rng, many, terms, density), table(rng, number, terms, 0.5)
    scale = np.sqrt((others**2).sum() / many) or 1.0
    rows = np.vstack([liked, others]) / scale
    with_bias = np.column_stack([rows, np.ones(len(rows))])
    weight = np.concatenate([np.full(number, many / number), np.ones(many)])
    label = np.concatenate([np.ones(number), -np.ones(many)])
    left = with_bias.T @ (weight[:, None] * with_bias) + RIDGE * np.eye(terms + 1)
    *w, _ = np.linalg.solve(left, with_bias.T @ (weight * label))
    of_liked, of_others = Discriminant(others @ others.T).fit(liked @ liked.T, liked @ others.T)
    found = of_liked @ liked + of_others @ others  # for rows that are not scaled
    assert found == pytest.approx(np.array(w) / scale, rel=1e-9, abs=1e-9)


def test_readers_do_not_change_one_another() -> None:
    """The same liked papers have the same classifier after others were fitted."""
    rng = np.random.default_rng(1)
    others = table(rng, 50, 30, 0.2)
    made = Discriminant(others @ others.T)
    mine, another = (
        (liked @ liked.T, liked @ others.T) for liked in (table(rng, n, 30, 0.3) for n in (8, 20))
    )
    before = made.fit(*mine)
    made.fit(*another)
    assert [list(weights) for weights in made.fit(*mine)] == [list(weights) for weights in before]


@pytest.mark.parametrize(
    ("liked", "share"),
    [(0, 0.0), (1, 0.0), (FEW, 0.0), (FEW + 1, 1 / (1 + EVEN)), (FEW + EVEN, 0.5), (FEW + 9 * EVEN, 0.9)],
)
def test_the_classifiers_share(liked: int, share: float) -> None:
    """Nothing up to `FEW` liked papers, as much as their mean with `EVEN` more, and more with each paper."""
    assert classifier_share(liked) == pytest.approx(share)
    assert classifier_share(liked) <= classifier_share(liked + 1) < 1
