"""Measures of a ranking against judgements. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class GradedRanking:
    """An order as the measures see it."""

    grades: tuple[float, ...]  #: by place, best first; 0 is not relevant
    ideal: tuple[float, ...]  #: of all relevant papers, the highest first; at least one


def grade_ranking(order: Sequence[str], relevant: Mapping[str, float]) -> GradedRanking:
    """Raises ValueError when nothing is relevant: then no order is better than another."""
    if not relevant:
        raise ValueError("no measure is defined without a relevant paper")
    grades = tuple(relevant.get(id_, 0.0) for id_ in order)
    return GradedRanking(grades, tuple(sorted(relevant.values(), reverse=True)))


def ndcg(asked: GradedRanking, depth: int) -> float:
    """DCG / DCG of the best possible order, DCG = sum_{i <= depth} g_i / log2(i + 1).

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002, with a paper's grade itself as
    its gain (linear, not 2^g - 1), and the logarithm's discount from the second place on.
    """
    return _dcg(asked.grades[:depth]) / _dcg(asked.ideal[:depth])


def _dcg(grades: Sequence[float]) -> float:
    return math.fsum(grade / math.log2(place + 1) for place, grade in enumerate(grades, start=1))


def average_precision(asked: GradedRanking) -> float:
    """(1 / R) sum_k k / r_k; a relevant paper that is not in the order adds nothing.

    Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, section 8.4. Its mean is MAP.
    """
    return math.fsum(k / place for k, place in enumerate(_relevant_ranks(asked), start=1)) / len(asked.ideal)


def reciprocal_rank(asked: GradedRanking) -> float:
    """1 / r_1, or 0 when no relevant paper is in the order.

    Voorhees, "The TREC-8 Question Answering Track Report", 1999. Its mean is MRR.
    """
    return next((1.0 / place for place in _relevant_ranks(asked)), 0.0)


def recall(asked: GradedRanking, depth: int) -> float:
    """The share of the relevant papers that are among the first `depth`: |{k: r_k <= depth}| / R."""
    return sum(place <= depth for place in _relevant_ranks(asked)) / len(asked.ideal)


def _relevant_ranks(asked: GradedRanking) -> Iterator[int]:
    """Of the relevant papers, from 1."""
    return (place for place, grade in enumerate(asked.grades, start=1) if grade > 0)


#: The one that methods are compared by comes first.
MEASURES: Mapping[str, Callable[[GradedRanking], float]] = {
    "ndcg@10": partial(ndcg, depth=10),
    "map": average_precision,
    "mrr": reciprocal_rank,
    "recall@10": partial(recall, depth=10),
    "recall@100": partial(recall, depth=100),
}


MAIN = "ndcg@10"
