"""Measures of a ranking against judgements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.measures import MAIN, MEASURES, grade_ranking

LONG = [f"p{n}" for n in range(1, 201)]


def measured(name: str, order: Sequence[str], relevant: Mapping[str, float]) -> float:
    return MEASURES[name](grade_ranking(order, relevant))


@pytest.mark.parametrize(
    ("order", "relevant", "expected"),
    [
        ("ab", {"a": 1}, 1.0),
        ("ba", {"a": 1}, 1 / log2(3)),  # the second rank is discounted
        ("xyz", {"a": 1}, 0.0),
        ("xab", {"a": 1, "b": 1}, (1 / log2(3) + 1 / log2(4)) / (1 + 1 / log2(3))),
        ("ba", {"a": 3, "b": 1}, (1 + 3 / log2(3)) / (3 + 1 / log2(3))),  # linear: not 7 for a grade of 3
        ("axb", {"a": 2, "b": 2}, (2 + 2 / log2(4)) / (2 + 2 / log2(3))),
        (LONG, {"p10": 1}, 1 / log2(11)),
        (LONG, {"p11": 1}, 0.0),  # beyond rank 10
        (LONG[:10], dict.fromkeys(LONG[:20], 1.0), 1.0),  # no ranking of ten has more
    ],
)
def test_ndcg(order: Sequence[str], relevant: Mapping[str, float], expected: float) -> None:
    """nDCG@10 has the grade as gain and log2(rank + 1) as discount."""
    assert measured("ndcg@10", order, relevant) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("order", "relevant", "expected"),
    [
        ("ab", {"a": 1}, 1.0),
        ("xa", {"a": 1}, 1 / 2),
        ("axb", {"a": 1, "b": 1}, (1 / 1 + 2 / 3) / 2),
        ("xaxb", {"a": 4, "b": 1}, (1 / 2 + 2 / 4) / 2),  # all grades above 0 count the same
        ("ax", {"a": 1, "b": 1}, (1 / 1 + 0) / 2),  # a paper that is not in the ranking adds nothing
        ("x", {"a": 1}, 0.0),
    ],
)
def test_average_precision(order: Sequence[str], relevant: Mapping[str, float], expected: float) -> None:
    """Average precision is the mean of the precision at the rank of each relevant paper."""
    assert measured("map", order, relevant) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("order", "relevant", "expected"),
    [("ab", {"a": 1, "b": 1}, 1.0), ("xya", {"a": 2}, 1 / 3), ("xy", {"a": 1}, 0.0)],
)
def test_reciprocal_rank(order: Sequence[str], relevant: Mapping[str, float], expected: float) -> None:
    """Reciprocal rank is 1 / the rank of the first relevant paper."""
    assert measured("mrr", order, relevant) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("relevant", "at_10", "at_100"),
    [
        (["p1", "p10"], 2 / 2, 2 / 2),
        (["p10", "p11"], 1 / 2, 2 / 2),
        (["p5", "p50", "p100", "p101"], 1 / 4, 3 / 4),
        (["p200"], 0 / 1, 0 / 1),
        (LONG[:20], 10 / 20, 20 / 20),  # more papers are relevant than ten ranks hold
    ],
)
def test_recall(relevant: list[str], at_10: float, at_100: float) -> None:
    """Recall is the share of the relevant papers within the first 10 or 100."""
    grades = dict.fromkeys(relevant, 1.0)
    assert measured("recall@10", LONG, grades) == pytest.approx(at_10)
    assert measured("recall@100", LONG, grades) == pytest.approx(at_100)


GRADES = st.dictionaries(
    st.sampled_from(LONG[:40]), st.floats(0.01, 5).map(lambda x: round(x, 2)), min_size=1
)


@given(GRADES, st.permutations(LONG[:40]))
def test_measures_lie_between_0_and_1(relevant: dict[str, float], order: list[str]) -> None:
    """Every measure is between 0 and 1 for any ranking and grades."""
    for name in MEASURES:
        assert 0 <= measured(name, order, relevant) <= 1


@given(GRADES, st.permutations(LONG[:40]))
def test_ranking_by_grade_has_the_highest_measures(relevant: dict[str, float], order: list[str]) -> None:
    """Ranked by descending grade, nDCG, MAP, MRR and recall@100 are 1, and no other ranking is better."""
    best = sorted(order, key=lambda id_: -relevant.get(id_, 0.0))
    for name in ("ndcg@10", "map", "mrr", "recall@100"):
        assert measured(name, best, relevant) == pytest.approx(1)
    assert measured("recall@10", best, relevant) == pytest.approx(min(10 / len(relevant), 1))
    for name in MEASURES:
        assert measured(name, order, relevant) <= measured(name, best, relevant) + 1e-12


@given(GRADES, st.permutations(LONG[:40]), st.data())
def test_moving_a_better_paper_forward_never_lowers_a_measure(
    relevant: dict[str, float], order: list[str], data: st.DataObject
) -> None:
    """Swapping a paper with an earlier one of a lower grade does not lower any measure."""
    first, second = sorted(data.draw(st.lists(st.integers(0, 39), min_size=2, max_size=2, unique=True)))
    if relevant.get(order[first], 0.0) >= relevant.get(order[second], 0.0):
        return
    better = list(order)
    better[first], better[second] = order[second], order[first]
    for name in MEASURES:
        assert measured(name, better, relevant) >= measured(name, order, relevant) - 1e-12


@given(GRADES, st.permutations(LONG[:40]), st.sampled_from([0.5, 2.0, 10.0]))
def test_measures_do_not_depend_on_the_scale_of_grades(
    relevant: dict[str, float], order: list[str], unit: float
) -> None:
    """Multiplying all grades by a number changes no measure, because the gain is linear."""
    scaled = {id_: unit * grade for id_, grade in relevant.items()}
    for name in MEASURES:
        assert measured(name, order, scaled) == pytest.approx(measured(name, order, relevant))


def test_a_measure_needs_a_relevant_paper() -> None:
    """Without a relevant paper every measure is 0 / 0: a ValueError."""
    with pytest.raises(ValueError, match="relevant"):
        grade_ranking(["a"], {})


def test_the_main_measure_is_first() -> None:
    """Tables and documents begin with the measure that methods are compared by."""
    assert next(iter(MEASURES)) == MAIN
