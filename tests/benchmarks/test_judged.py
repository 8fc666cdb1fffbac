"""What eight real profiles are shown, by grades that were given by reading: judged/README.md.

    OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_judged.py -s -n 0

Prints the days to build on. `PAPERBOY_HELD_BACK=1` prints the days that are held back as well: look at those only
when the ranker is final.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from bot.ranking.linear import Ranker
from bot.store.papers import Papers
from tests.benchmarks.archive import needs_archive
from tests.benchmarks.judging import (
    BUILD_DAYS,
    HELD_BACK_DAYS,
    digest_measures,
    digests,
    judged_day,
    measures,
    paperboy_orders,
    rival_orders,
)
from tests.benchmarks.ratios import figures, ratio

#: The measures whose ratios are printed.
COMPARED = ("precision@5", "precision@10", "nDCG@10")
PAPERBOY = "paperboy"

#: The measures of one profile on one day.
Row = dict[str, float]


@dataclass
class Results:
    """Measures by profile and day."""

    days: Sequence[int]
    orders: dict[str, dict[tuple[str, int], Row]] = field(
        default_factory=lambda: defaultdict(dict)
    )  #: by method
    digests: dict[tuple[str, int], Row] = field(default_factory=dict)


def measure_days(archive: Papers, days: Sequence[int]) -> Results:
    results = Results(days)
    for day in (judged_day(archive, number) for number in days):
        ranker = day.corpus.fit(Ranker)
        orders = {PAPERBOY: paperboy_orders(day, ranker)} | rival_orders(archive, day)
        composed = digests(day, ranker)
        for profile in (profile for profile, ids in day.candidates.items() if ids):
            for method, by_profile in orders.items():
                results.orders[method][profile, day.number] = measures(day, profile, by_profile[profile])
            results.digests[profile, day.number] = digest_measures(day, profile, composed[profile])
    return results


@needs_archive
@pytest.mark.parametrize(
    "days",
    [
        pytest.param(BUILD_DAYS, id="build"),
        pytest.param(
            HELD_BACK_DAYS,
            id="held-back",
            marks=pytest.mark.skipif(
                os.environ.get("PAPERBOY_HELD_BACK") != "1",
                reason="these days are held back: PAPERBOY_HELD_BACK=1 prints them",
            ),
        ),
    ],
)
def test_judged_set(archive: Papers, days: Sequence[int]) -> None:
    """Paperboy's order beside three rivals', and what its digests show: `threshold: auto`, at most ten papers."""
    results = measure_days(archive, days)
    print_orders(results)
    print_digests(results)
    print_profiles(results)
    assert len(results.digests) == len(results.orders[PAPERBOY]) > 0


def print_orders(results: Results) -> None:
    pairs = list(results.digests)
    print(f"\njudged set, {', '.join(map(str, results.days))} May: {len(pairs)} profiles and days")
    print("  the first ten of each order; papers without a grade count as grade 0")
    print(f"  {'':<16}" + "".join(f"{name:>14}" for name in (*COMPARED, "grade 0", "ungraded")))
    for method, rows in results.orders.items():
        print(f"  {method:<16}" + "".join(f"{mean_of(rows.values(), name):14.3f}" for name in rows[pairs[0]]))
    print("  paperboy's ratio to each, with its 90 % interval over profiles and days")
    for method in list(results.orders)[1:]:
        print(
            f"  {method:<16}" + "   ".join(f"{name} {ratio_to(results, method, name)}" for name in COMPARED)
        )


def print_digests(results: Results) -> None:
    print("  paperboy's digests, a digest: " + described(results.digests.values()))


def print_profiles(results: Results) -> None:
    """Each method's nDCG@10 and precision@5, and the digests, by profile."""
    for name in ("nDCG@10", "precision@5"):
        print(f"  {name:<18}" + "".join(f"{method:>16}" for method in results.orders))
        for profile in dict.fromkeys(profile for profile, _ in results.digests):
            means = (mean_of(of(rows, profile), name) for rows in results.orders.values())
            print(f"    {profile:<16}" + "".join(f"{mean:16.3f}" for mean in means))
    print("  digests")
    for profile in dict.fromkeys(profile for profile, _ in results.digests):
        print(f"    {profile:<16}{described(of(results.digests, profile))}")


def of(rows: dict[tuple[str, int], Row], wanted: str) -> list[Row]:
    """The rows of one profile."""
    return [row for (profile, _), row in rows.items() if profile == wanted]


def described(rows: Iterable[Row]) -> str:
    rows = list(rows)
    return ", ".join(f"{name} {mean_of(rows, name):.2f}" for name in rows[0])


def mean_of(rows: Iterable[Row], name: str) -> float:
    """Over the rows that have the measure; NaN when none has."""
    values = [row[name] for row in rows if not math.isnan(row[name])]
    return float(np.mean(values)) if values else math.nan


def ratio_to(results: Results, method: str, name: str) -> str:
    ours, theirs = (
        figures(
            (f"{profile} {day}", row[name])
            for (profile, day), row in results.orders[one].items()
            if not math.isnan(row[name])
        )
        for one in (PAPERBOY, method)
    )
    return ratio(ours, theirs)
