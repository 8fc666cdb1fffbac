"""Figures of ranking methods side by side: means, ratios, and how far chance moves a ratio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.evaluation.measures import MAIN
from bot.evaluation.run import MethodResult

RESAMPLES = 2000
#: Of the bootstrap's ratios: 90 % lie between.
TAILS = (5, 95)


@dataclass(frozen=True)
class Figures:
    """A measure of one method: a value for each ranking, and the reader for whom it was made."""

    readers: tuple[str, ...]
    values: NDArray[np.float64]

    @property
    def mean(self) -> float:
        return float(self.values.mean())


def figures(values: Iterable[tuple[str, float]]) -> Figures:
    """`values`: reader and value of each ranking."""
    readers, numbers = zip(*values, strict=True)
    return Figures(readers, np.array(numbers, dtype=float))


def main_figures(result: MethodResult) -> Figures:
    return figures((one.profile, one.scores[MAIN]) for one in result.trial_results)


def best_of(rivals: Mapping[str, Figures]) -> str:
    """The name of the method with the largest mean."""
    return max(rivals, key=lambda name: rivals[name].mean)


def interval(ours: Figures, theirs: Figures) -> tuple[float, float]:
    """90 % bootstrap interval of the ratio of two means: readers are drawn with all their rankings, as one reader's
    rankings are no independent samples.
    """
    assert ours.readers == theirs.readers
    readers, rows = np.unique(ours.readers, return_inverse=True)
    draws = np.random.default_rng(0).multinomial(
        len(readers), np.full(len(readers), 1 / len(readers)), RESAMPLES
    )
    sums = [draws @ np.bincount(rows, one.values) for one in (ours, theirs)]
    low, high = np.percentile(sums[0] / sums[1], TAILS)
    return float(low), float(high)


def ratio(ours: Figures, theirs: Figures) -> str:
    """`1.034 (0.990 to 1.080)`: the ratio of the means and its interval."""
    low, high = interval(ours, theirs)
    return f"{ours.mean / theirs.mean:.3f} ({low:.3f} to {high:.3f})"
