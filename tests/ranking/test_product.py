"""The product of facets and papers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from bot.ranking import product
from bot.ranking.product import Product


def matrix(rng: np.random.Generator, rows: int, columns: int, density: float) -> sparse.csr_array:
    return sparse.csr_array(rng.random((rows, columns)) * (rng.random((rows, columns)) < density))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(0, 5),
    st.integers(1, 30),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.1, 0.6, 1.0]),
    st.sampled_from([0.0, 0.1, 0.6, 1.0]),
)
def test_it_is_the_product(
    seed: int, facets: int, papers: int, terms: int, of_facets: float, of_papers: float
) -> None:
    """Whatever is multiplied densely and whatever is not."""
    rng = np.random.default_rng(seed)
    weights, rows = matrix(rng, facets, terms, of_facets), matrix(rng, papers, terms, of_papers)
    expected = weights.toarray() @ rows.toarray().T
    assert Product(rows).scores(weights) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("common", "cost"), [(0, 10**9), (1, 4), (10**9, 4), (0, 0)])
def test_how_it_is_split_changes_nothing(monkeypatch: pytest.MonkeyPatch, common: int, cost: int) -> None:
    """Everything dense, nothing dense, and what lies between."""
    monkeypatch.setattr(product, "COMMON", common)
    monkeypatch.setattr(product, "SPARSE_COST", cost)
    rng = np.random.default_rng(1)
    weights, rows = matrix(rng, 6, 40, 0.4), matrix(rng, 50, 40, 0.3)
    made = Product(rows)
    assert made.scores(weights) == pytest.approx(weights.toarray() @ rows.toarray().T)


def test_papers_with_a_term() -> None:
    """By their places."""
    made = Product(sparse.csr_array(np.array([[1.0, 0.0], [0.0, 0.0], [2.0, 0.0]])))
    assert [list(made.papers_with(term)) for term in (0, 1)] == [[0, 2], []]
