"""The product of tables and papers."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from bot.ranking import product
from bot.ranking.product import paper_matrix


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
def test_products_equal_the_dense_product(
    common: int, seed: int, facets: int, papers: int, terms: int, of_facets: float, of_papers: float
) -> None:
    """For any share of common terms; also one row at a time."""
    rng = np.random.default_rng(seed)
    weights, rows = matrix(rng, facets, terms, of_facets), matrix(rng, papers, terms, of_papers)
    expected = weights.toarray() @ rows.toarray().T
    with mock.patch.object(product, "COMMON", common):
        made = paper_matrix(rows)
    split = made.split(weights)
    assert made.multiply(weights) == pytest.approx(expected, abs=1e-12)
    assert made.multiply_split(split) == pytest.approx(expected, abs=1e-12)
    for paper, row in enumerate(rows.toarray()):
        assert made.multiply_row(split, row) == pytest.approx(expected[:, paper], abs=1e-12)


def test_sums_and_selections_of_split_tables() -> None:
    """They equal those of the whole table."""
    rng = np.random.default_rng(1)
    made = paper_matrix(matrix(rng, 30, 40, 0.2))
    assert 0 < len(made.common) < 40
    table, weights = matrix(rng, 6, 40, 0.4), matrix(rng, 3, 6, 0.5)
    split = made.split(table)
    mixed = sparse.csr_array(weights @ table)
    assert made.multiply_split(split.weighted_sums(weights)) == pytest.approx(made.multiply(mixed))
    assert made.multiply_split(split.select(np.array([4, 1]))) == pytest.approx(made.multiply(table)[[4, 1]])


def test_papers_with_a_term() -> None:
    """Their rows."""
    made = paper_matrix(sparse.csr_array(np.array([[1.0, 0.0], [0.0, 0.0], [2.0, 0.0]])))
    assert [list(made.papers_with(term)) for term in (0, 1)] == [[0, 2], []]
