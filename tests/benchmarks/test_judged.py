"""What eight real profiles are shown, by grades that were given by reading: judged/README.md.

    OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_judged.py -s -n 0

Prints the days to build on. `PAPERBOY_HELD_BACK=1` prints the days that are held back as well: look at those only
when the ranker is final.
"""

from __future__ import annotations

import math
import os
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence

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
from tests.benchmarks.ratios import Figures, figures, ratio

PAPERBOY = "paperboy"
#: The measures whose ratios are printed.
COMPARED = ("precision@5", "precision@10", "nDCG@10")

#: Measures, by name, of each profile and day.
Rows = dict[tuple[str, int], dict[str, float]]


def measure_days(archive: Papers, days: Sequence[int]) -> tuple[dict[str, Rows], Rows]:
    """Of each method's orders, and of Paperboy's digests."""
    of_orders: dict[str, Rows] = defaultdict(dict)
    of_digests: Rows = {}
    for day in (judged_day(archive, number) for number in days):
        ranker = day.corpus.fit(Ranker)
        orders = {PAPERBOY: paperboy_orders(day, ranker)} | rival_orders(archive, day)
        composed = digests(day, ranker)
        for profile in (profile for profile, ids in day.candidates.items() if ids):
            for method, by_profile in orders.items():
                of_orders[method][profile, day.number] = measures(day, profile, by_profile[profile])
            of_digests[profile, day.number] = digest_measures(day, profile, composed[profile])
    return of_orders, of_digests


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
    of_orders, of_digests = measure_days(archive, days)
    print(f"\njudged set, {', '.join(map(str, days))} May: {len(of_digests)} profiles and days")
    print("the first ten of each order; a paper without a grade counts as grade 0")
    print_table(of_orders)
    print("paperboy's ratio to each, with its 90 % interval over profiles and days")
    for method in list(of_orders)[1:]:
        ratios = (
            f"{name} {ratio(*(of(of_orders[one], name) for one in (PAPERBOY, method)))}" for name in COMPARED
        )
        print(f"  {method:<16}{'   '.join(ratios)}")
    for name in COMPARED[::2]:
        print(f"{name} by profile")
        print_table(
            {
                profile: {key: {method: rows[key][name] for method, rows in of_orders.items()} for key in own}
                for profile, own in by_profile(of_digests).items()
            }
        )
    print("paperboy's digests; a place that is left empty counts as a miss of the precision")
    print_table({"all": of_digests} | by_profile(of_digests))
    assert of_digests
    assert of_digests.keys() == of_orders[PAPERBOY].keys()


def by_profile(rows: Rows) -> dict[str, Rows]:
    found: dict[str, Rows] = defaultdict(dict)
    for key, row in rows.items():
        found[key[0]][key] = row
    return found


def of(rows: Rows, name: str) -> Figures:
    """One measure of the profiles and days that have it."""
    values = ((f"{profile} {day}", row[name]) for (profile, day), row in rows.items())
    return figures(pair for pair in values if not math.isnan(pair[1]))


def print_table(lines: Mapping[str, Rows]) -> None:
    """The means of each line, over the profiles and days that have the measure."""
    names = list(next(iter(next(iter(lines.values())).values())))
    print(f"  {'':<16}{''.join(f'{name:>19}' for name in names)}")
    for title, rows in lines.items():
        values = ([row[name] for row in rows.values() if not math.isnan(row[name])] for name in names)
        means = (f"{statistics.mean(one):.3f}" if one else "-" for one in values)
        print(f"  {title:<16}{''.join(f'{mean:>19}' for mean in means)}")
