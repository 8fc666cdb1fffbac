"""The product of facets and papers."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from bot.ranking import product
from bot.ranking.product import Product


def matrix(rng: np.random.Generator, rows: int, columns: int, density: float) -> sparse.csr_array:
    return sparse.csr_array(rng.random((rows, columns)) * (rng.random((rows, columns)) < density))


@pytest.mark.parametrize("common", [0, 1, 8, 10**9])
@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(0, 5),
    st.integers(1, 30),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.1, 0.6, 1.0]),
    st.sampled_from([0.0, 0.1, 0.6, 1.0]),
)
def test_it_is_the_product(
    common: int, seed: int, facets: int, papers: int, terms: int, of_facets: float, of_papers: float
) -> None:
    """Whatever is multiplied densely and whatever is not; one row at a time, too."""
    rng = np.random.default_rng(seed)
    weights, rows = matrix(rng, facets, terms, of_facets), matrix(rng, papers, terms, of_papers)
    expected = weights.toarray() @ rows.toarray().T
    with mock.patch.object(product, "COMMON", common):
        made = Product(rows)
    split = made.split(weights)
    assert made.of_few(weights) == pytest.approx(expected, abs=1e-12)
    assert made.of_many(split) == pytest.approx(expected, abs=1e-12)
    for paper, row in enumerate(rows.toarray()):
        assert made.with_row(split, row) == pytest.approx(expected[:, paper], abs=1e-12)


def test_a_split_table_is_mixed_as_a_whole_one() -> None:
    """Sums of rows, and some of the rows."""
    rng = np.random.default_rng(1)
    made = Product(matrix(rng, 30, 40, 0.2))
    assert 0 < len(made.common) < 40
    table, weights = matrix(rng, 6, 40, 0.4), matrix(rng, 3, 6, 0.5)
    split = made.split(table)
    mixed = sparse.csr_array(weights @ table)
    assert made.of_many(split.mixed(weights)) == pytest.approx(made.of_few(mixed))
    assert made.of_many(split.some(np.array([4, 1]))) == pytest.approx(made.of_few(table)[[4, 1]])


def test_papers_with_a_term() -> None:
    """By their places."""
    made = Product(sparse.csr_array(np.array([[1.0, 0.0], [0.0, 0.0], [2.0, 0.0]])))
    assert [list(made.papers_with(term)) for term in (0, 1)] == [[0, 2], []]
