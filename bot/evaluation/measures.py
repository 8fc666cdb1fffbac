"""Measures of a ranking against judgements. Pure.

In the formulas, g_i is the grade of the paper at rank i (from 1; 0 when it is not relevant), R is the number of
relevant papers, and r_1 < ... < r_R are their ranks. A paper is relevant when its grade is above 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class GradedRanking:
    """The grades of a ranking."""

    grades: tuple[float, ...]  #: by rank; 0 is not relevant
    ideal: tuple[float, ...]  #: grades of all relevant papers, highest first; at least one


def grade_ranking(order: Sequence[str], relevant: Mapping[str, float]) -> GradedRanking:
    """The grades of a ranking of paper ids. Raises ValueError when no paper is relevant."""
    if not relevant:
        raise ValueError("a measure needs at least one relevant paper")
    grades = tuple(relevant.get(id_, 0.0) for id_ in order)
    return GradedRanking(grades, tuple(sorted(relevant.values(), reverse=True)))


def ndcg(ranking: GradedRanking, depth: int) -> float:
    """DCG / DCG of the best possible ranking, DCG = sum_{i <= depth} g_i / log2(i + 1).

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002, with linear gain (the
    grade itself, not 2^g - 1) and the logarithmic discount from the second rank on.
    """
    return _dcg(ranking.grades[:depth]) / _dcg(ranking.ideal[:depth])


def _dcg(grades: Sequence[float]) -> float:
    return math.fsum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))


def average_precision(ranking: GradedRanking) -> float:
    """(1 / R) sum_k k / r_k; a relevant paper that is not in the ranking adds nothing.

    Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, section 8.4. Its mean is MAP.
    """
    return math.fsum(k / rank for k, rank in enumerate(_relevant_ranks(ranking), start=1)) / len(
        ranking.ideal
    )


def reciprocal_rank(ranking: GradedRanking) -> float:
    """1 / r_1, or 0 when no relevant paper is in the ranking.

    Voorhees, "The TREC-8 Question Answering Track Report", 1999. Its mean is MRR.
    """
    return next((1.0 / rank for rank in _relevant_ranks(ranking)), 0.0)


def recall(ranking: GradedRanking, depth: int) -> float:
    """The share of the relevant papers within the first `depth`: |{k: r_k <= depth}| / R."""
    return sum(rank <= depth for rank in _relevant_ranks(ranking)) / len(ranking.ideal)


def _relevant_ranks(ranking: GradedRanking) -> Iterator[int]:
    """The ranks of the relevant papers, from 1."""
    return (rank for rank, grade in enumerate(ranking.grades, start=1) if grade > 0)


#: All measures by name; MAIN comes first.
MEASURES: Mapping[str, Callable[[GradedRanking], float]] = {
    "ndcg@10": partial(ndcg, depth=10),
    "map": average_precision,
    "mrr": reciprocal_rank,
    "recall@10": partial(recall, depth=10),
    "recall@100": partial(recall, depth=100),
}
#: The measure that methods are compared by.
MAIN = "ndcg@10"
