"""What readers' answers change: digests of simulated readers who answer, beside those of the same who do not.

    OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_feedback.py -s -n 0

`PAPERBOY_HELD_BACK=1` prints the judged days that are held back as well (judged/README.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import islice

import pytest

from bot.evaluation.baselines import Paperboy
from bot.evaluation.measures import MAIN
from bot.evaluation.run import run_method
from bot.evaluation.tasks import Task
from bot.papers.model import Paper
from bot.profiles.model import Interest, Profile, Reference
from bot.ranking import facets
from bot.ranking.linear import Ranker
from bot.store.loaded_papers import LoadedPapers
from bot.store.papers import Papers
from tests.benchmarks.archive import DAYS, needs_archive
from tests.benchmarks.judging import BUILD_DAYS, HELD_BACK_DAYS, grades, judged_profiles
from tests.benchmarks.ratios import figures, main_figures, ratio
from tests.benchmarks.reading_lists import with_likes
from tests.benchmarks.sets import library, needs_sets
from tests.benchmarks.simulated_readers import FIRST, HABITS, NO_ANSWERS, TASTES, Day, Reader, simulate

Grade = Callable[[str, Paper], int | None]

#: Tastes that are printed day by day: one that answers change much, one that they hardly change, one between.
PRINTED = ("cs.GT", "cs.CR", "cs.RO")
MORE_LESS = "more, less"
OTHER_WEIGHTS = (0.0, -0.25, -0.5)


@dataclass(frozen=True)
class Month:
    """What a reader was sent."""

    reader: Reader
    days: Mapping[date, Day]

    def first(self, day: date) -> tuple[int, int]:
        """How many of the first papers are wanted, and how many could be. A place that is left empty is a miss."""
        digest, new = self.days[day]
        possible = min(FIRST, sum(self.reader.grade(paper) == 2 for paper in new))
        found = sum(self.reader.grade(one.paper) == 2 for one in digest.papers[:FIRST])
        return min(found, possible), possible  # papers of quiet days before come on top

    def sent(self, grade: int | None) -> int:
        """How many papers of a grade."""
        papers = (one.paper for digest, _ in self.days.values() for one in digest.papers)
        return sum(self.reader.grade(paper) == grade for paper in papers)

    @property
    def shares(self) -> list[tuple[str, float]]:
        """The reader, and the share of the possible, of each day on which there is something to find."""
        firsts = map(self.first, self.days)
        return [(self.reader.name, found / possible) for found, possible in firsts if possible]


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


def print_months(found: Months) -> None:
    """A line for each reader and one for all, with the figures of each habit."""
    names, habits = (list(dict.fromkeys(key[part] for key in found)) for part in (0, 1))
    print(f"  {'':<16}{''.join(f'{habit:>22}' for habit in habits)}")
    print(f"  {'':<16}{'first 2 sent 0 sent'.rjust(22) * len(habits)}")
    of_all = {}
    for title, some in [*((name, [name]) for name in names), ("all", names)]:
        line = f"  {title:<16}"
        for habit in habits:
            own = [found[name, habit] for name in some]
            shares = [share for month in own for share in month.shares]
            if shares:
                of_all[habit] = figures(shares)
            first = f"{of_all[habit].mean:.3f}" if shares else "-"
            line += f"{first:>8}{sum(one.sent(2) for one in own):7}{sum(one.sent(0) for one in own):7}"
        print(line)
    for habit in habits[1:]:
        print(f"  first five, {habit}, beside {habits[0]}: {ratio(of_all[habit], of_all[habits[0]])}")


# --- Tastes by category -----------------------------------------------------------------------------------


def by_category(name: str, paper: Paper) -> int:
    return 2 if name in paper.categories else 0


STARTS = {name: Profile(name, interests=tuple(map(Interest, subjects))) for name, subjects in TASTES.items()}


@needs_archive
def test_a_month_of_answers(archive: Papers) -> None:
    """Twelve tastes, of which three are printed day by day."""
    found = months(archive, STARTS, by_category, DAYS, HABITS)
    print(f"\nwanted papers among the first five: {NO_ANSWERS} | {MORE_LESS}, of how many there could be")
    print(f"  {'May':>3}{''.join(f'{name:>18}' for name in PRINTED)}")
    for day in next(iter(found.values())).days:
        line = f"  {day.day:3}"
        for name in PRINTED:
            before, after = (found[name, habit].first(day) for habit in (NO_ANSWERS, MORE_LESS))
            line += f"{f'{before[0]} | {after[0]} of {after[1]}' if after[1] else '-':>18}"
        print(line)
    print("the month: of the first five as above, and papers sent that are wanted (2) and not (0)")
    print_months(found)
    assert all(len(month.days) == len(DAYS) for month in found.values())


@needs_archive
@pytest.mark.parametrize("weight", OTHER_WEIGHTS)
def test_weight_of_disliked_papers(archive: Papers, monkeypatch: pytest.MonkeyPatch, weight: float) -> None:
    """The same month with another weight than `DISLIKE_WEIGHT`."""
    monkeypatch.setattr(facets, "DISLIKE_WEIGHT", weight)
    print(f"\ndisliked papers at {weight}")
    found = months(archive, STARTS, by_category, DAYS, ("more", MORE_LESS))
    print_months(found)
    assert len(found) == 2 * len(STARTS)


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
    for habit in HABITS:
        ungraded = sum(month.sent(None) for (_, own), month in found.items() if own == habit)
        print(f"  without a grade, {habit}: {ungraded} papers")
    assert len(found) == len(HABITS) * len(judged_profiles())


# --- Libraries --------------------------------------------------------------------------------------------

LIKES, DIGESTS = 2, 10


def after_answers(start: Task, libraries: Task, *, dislikes: bool) -> Task:
    """The task after ten digests of five papers, each the reader's best of those outside the fold that are new.

    Papers of the reader's library are liked, and the others disliked if `dislikes`. `libraries`: the task with all
    likes.
    """
    papers = {one.paper.id: one for one in start.papers}
    rounds = []
    for round_, full in zip(start.rounds, libraries.rounds, strict=True):
        wanted = [{liked.id for liked in trial.profile.like} for trial in full.trials]
        profiles = [replace(trial.profile, id=str(number)) for number, trial in enumerate(round_.trials)]
        given = [{liked.id for liked in profile.like} for profile in profiles]
        window = [papers[id_] for id_ in round_.known]
        for _ in range(DIGESTS):
            ranker = Ranker(start.archive, start.background, window, profiles, papers)
            for number, profile in enumerate(profiles):
                new = sum(1 << n for n, id_ in enumerate(round_.known) if id_ not in given[number])
                shown = [one.paper.id for one in islice(ranker.rank(profile, new).best_first(), FIRST)]
                given[number].update(shown)
                good, bad = (
                    tuple(
                        Reference(id_, answered=True) for id_ in shown if (id_ in wanted[number]) is is_good
                    )
                    for is_good in (True, False)
                )
                disliked = (*profile.dislike, *bad) if dislikes else ()
                profiles[number] = replace(profile, like=(*profile.like, *good), dislike=disliked)
        trials = (
            replace(trial, profile=replace(profile, id=trial.profile.id))
            for trial, profile in zip(round_.trials, profiles, strict=True)
        )
        rounds.append(replace(round_, trials=tuple(trials)))
    return replace(start, rounds=tuple(rounds))


@needs_sets
def test_libraries_from_two_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    """nDCG@10 on the fold, with two liked papers of each reader and after ten digests."""
    drawn = with_likes(library(), LIKES)
    start = replace(drawn, rounds=drawn.rounds[: len(library().rounds)])  # one draw
    before = main_figures(run_method(start, Paperboy(start)))
    print(
        f"\nlibraries from {LIKES} likes: {MAIN} {before.mean:.4f}; after {DIGESTS} digests of {FIRST} papers"
    )
    for weight in (None, *sorted({facets.DISLIKE_WEIGHT, *OTHER_WEIGHTS} - {0.0})):
        monkeypatch.setattr(facets, "DISLIKE_WEIGHT", weight or 0.0)
        task = after_answers(start, library(), dislikes=weight is not None)
        after = main_figures(run_method(task, Paperboy(task)))
        title = f"likes, and dislikes at {weight:g}" if weight else "likes"
        print(f"  {title:<30}{after.mean:.4f}  {ratio(after, before)}")
        assert after.readers == before.readers
