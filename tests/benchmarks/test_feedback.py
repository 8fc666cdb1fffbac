"""What readers' answers change: the digests of simulated readers who answer, beside those of the same readers who do not.

    OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_feedback.py -s -n 0

`PAPERBOY_HELD_BACK=1` prints the judged days that are held back as well (judged/README.md).
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import pytest

from bot.papers.model import Paper
from bot.profiles.model import Interest, Profile
from bot.ranking import facets
from bot.store.loaded_papers import LoadedPapers
from bot.store.papers import Papers
from tests.benchmarks.archive import DAYS, needs_archive
from tests.benchmarks.judging import BUILD_DAYS, HELD_BACK_DAYS, grades, judged_profiles
from tests.benchmarks.ratios import Figures, figures, ratio
from tests.benchmarks.simulated_readers import FIRST, HABITS, NO_ANSWERS, TASTES, Day, Reader, simulate

Grade = Callable[[str, Paper], int | None]

#: Tastes that are printed day by day: one that answers change most, one that they change little, one between.
PRINTED = ("cs.GT", "cs.CR", "cs.RO")
MORE_LESS = "more, less"
SMALL_WEIGHTS = (0.0, -0.125, -0.5)


@dataclass(frozen=True)
class Month:
    """What a reader was sent."""

    reader: Reader
    days: Mapping[date, Day]

    def first(self, day: date) -> float:
        """The wanted ones among the first papers, as a part of as many as there could be; NaN if there is none.

        A place that is left empty counts as a miss.
        """
        digest, new = self.days[day]
        possible = min(FIRST, sum(self.reader.grade(paper) == 2 for paper in new))
        found = sum(self.reader.grade(one.paper) == 2 for one in digest.papers[:FIRST])
        return found / possible if possible else math.nan

    def sent(self, grade: int | None) -> int:
        """How many papers of a grade."""
        papers = (one.paper for digest, _ in self.days.values() for one in digest.papers)
        return sum(self.reader.grade(paper) == grade for paper in papers)

    @property
    def figures(self) -> Figures:
        """Of the days on which there is something to find."""
        found = ((self.reader.name, self.first(day)) for day in self.days)
        return figures(pair for pair in found if not math.isnan(pair[1]))


#: By the name of the reader and of the habit.
Months = dict[tuple[str, str], Month]


def months(
    archive: Papers, start: Mapping[str, Profile], grade: Grade, days: Iterable[int], habits: Iterable[str]
) -> Months:
    """`start`: the profiles that readers begin with, by name."""
    readers = {
        (name, habit): Reader(
            name, replace(profile, id=f"{name}, {habit}"), partial(grade, name), HABITS[habit]
        )
        for name, profile in start.items()
        for habit in habits
    }
    found = simulate(LoadedPapers(archive), list(readers.values()), [date(2026, 5, day) for day in days])
    return {key: Month(reader, found[reader.profile.id]) for key, reader in readers.items()}


def joined(found: Months, habit: str) -> Figures:
    """Of all readers with a habit."""
    every = [month.figures for (_, one), month in found.items() if one == habit]
    return figures(pair for one in every for pair in zip(one.readers, one.values.tolist(), strict=True))


def print_months(found: Months) -> None:
    """A line for each reader and the sum of all, with the figures of each habit."""
    names, habits = (list(dict.fromkeys(key[part] for key in found)) for part in (0, 1))
    print(
        f"  {'':<16}{''.join(f'{habit:>22}' for habit in habits)}\n  {'':<16}{'first  2 sent  0 sent'.rjust(22) * len(habits)}"
    )
    for title, some in [*((name, [name]) for name in names), ("all", names)]:
        line = f"  {title:<16}"
        for habit in habits:
            own = [found[name, habit] for name in some]
            mean = statistics.mean(one.figures.mean for one in own)
            line += f"{mean:8.3f}{sum(one.sent(2) for one in own):7}{sum(one.sent(0) for one in own):7}"
        print(line)
    for habit in habits[1:]:
        print(
            f"  first five, {habit}, beside {habits[0]}: {ratio(joined(found, habit), joined(found, habits[0]))}"
        )


# --- Tastes by category -----------------------------------------------------------------------------------


def by_category(name: str, paper: Paper) -> int:
    return 2 if name in paper.categories else 0


STARTS = {name: Profile(name, interests=tuple(map(Interest, subjects))) for name, subjects in TASTES.items()}


@needs_archive
def test_a_month_of_answers(archive: Papers) -> None:
    """Twelve tastes, of which three are printed day by day."""
    found = months(archive, STARTS, by_category, DAYS, HABITS)
    print(
        "\nwanted papers among the first five, by day: without answers | with more and less; of how many there could be"
    )
    print(f"  {'May':>3}{''.join(f'{name:>18}' for name in PRINTED)}")
    for day in next(iter(found.values())).days:
        line = f"  {day.day:3}"
        for name in PRINTED:
            before, after = (found[name, habit] for habit in (NO_ANSWERS, MORE_LESS))
            digest, new = before.days[day]
            possible = min(FIRST, sum(by_category(name, paper) == 2 for paper in new))
            shown = (round(month.first(day) * possible) for month in (before, after)) if possible else ()
            line += f"{' | '.join(map(str, shown)) + f' of {possible}' if possible else '-':>18}"
        print(line)
    print("the month: of the first five as above, and papers sent that are wanted (2) and not (0)")
    print_months(found)
    assert all(month.days.keys() == next(iter(found.values())).days.keys() for month in found.values())


@needs_archive
@pytest.mark.parametrize("weight", SMALL_WEIGHTS)
def test_weight_of_disliked_papers(archive: Papers, monkeypatch: pytest.MonkeyPatch, weight: float) -> None:
    """The same month with another weight than `DISLIKE_WEIGHT`."""
    monkeypatch.setattr(facets, "DISLIKE_WEIGHT", weight)
    print(f"\ndisliked papers at {weight}")
    print_months(months(archive, STARTS, by_category, DAYS, ("more", MORE_LESS)))


# --- Graded papers ----------------------------------------------------------------------------------------


def by_grade(name: str, paper: Paper) -> int | None:
    return grades(name).get(paper.id)


@needs_archive
def test_answers_by_grades(archive: Papers) -> None:
    """The readers of the judged set, who say nothing about papers of grade 1 and papers without a grade."""
    days = [*BUILD_DAYS, *(HELD_BACK_DAYS if os.environ.get("PAPERBOY_HELD_BACK") == "1" else ())]
    print(f"\njudged set, {', '.join(map(str, sorted(days)))} May")
    found = months(archive, judged_profiles(), by_grade, sorted(days), HABITS)
    print_months(found)
    for (name, habit), month in found.items():
        if ungraded := month.sent(None):
            print(f"  {name}, {habit}: {ungraded} papers without a grade")
