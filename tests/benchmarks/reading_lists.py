"""Readers made of an archive's categories: some papers of a category are liked, later ones are to be found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from bot.evaluation.baselines import LinearSvm
from bot.evaluation.tasks import Kind, Round, Task, Trial
from bot.papers.model import CountedPaper
from bot.profiles.model import Profile, Reference
from bot.store.papers import Papers
from tests.benchmarks.archive import DAYS, morning

#: Likes are drawn from the papers until this day; the papers after it are ranked.
LAST_LIKED = 19
#: Papers of a category that makes a list: enough to like, but few enough to be one field.
FEWEST, MOST = 60, 450
#: The fewest papers to be found.
LEAST_FOUND = 5
BACKGROUND = 2000
DRAWS = 2


class SvmOfReader(LinearSvm):
    """The SVM of a reader whose likes need not be among the known papers, and other readers' likes are not."""

    def rank(self, round_: Round) -> Iterator[Sequence[str]]:
        for trial in round_.trials:
            likes = (reference.id for reference in trial.profile.like if reference.id)
            known = tuple(dict.fromkeys((*round_.known, *likes)))
            yield from super().rank(replace(round_, known=known, trials=(trial,)))


def with_likes(task: Task, number: int) -> Task:
    """The task with so many likes for each reader, drawn at random DRAWS times, without readers who have fewer."""
    rng = np.random.default_rng(number)
    rounds = []
    for round_ in task.rounds * DRAWS:
        trials = []
        for trial in round_.trials:
            likes = trial.profile.like
            if len(likes) >= number:
                drawn = tuple(likes[place] for place in sorted(rng.choice(len(likes), number, replace=False)))
                trials.append(replace(trial, profile=replace(trial.profile, like=drawn)))
        if trials:
            rounds.append(replace(round_, trials=tuple(trials)))
    return replace(task, rounds=tuple(rounds))


@cache
def list_task(archive: Papers) -> Task:
    """A reader for each category of 60 to 450 papers, who likes all of its papers until 19 May; the papers after that
    day are ranked. `with_likes` makes realistic readers of them. The background is a sample of the earlier papers.
    """
    papers = archive.window(morning(1).replace(hour=0), morning(DAYS[-1]))
    early, late = (
        [one for one in papers if (one.paper.first_seen.day <= LAST_LIKED) is is_early]
        for is_early in (True, False)
    )
    sample = np.random.default_rng(0).choice(len(early), BACKGROUND, replace=False)
    background = tuple(early[place] for place in sorted(sample))
    old, new = _by_category(early), _by_category(late)
    trials = tuple(
        Trial(Profile(name, like=tuple(map(Reference, old[name]))), dict.fromkeys(new[name], 1.0))
        for name in sorted(old)
        if FEWEST <= len(old[name]) + len(new[name]) <= MOST and len(new[name]) >= LEAST_FOUND
    )
    candidates = tuple(sorted(one.paper.id for one in late))
    known = tuple(one.paper.id for one in background)
    counts = tuple(one.terms for one in early)
    return Task(Kind.LIBRARIES, papers, counts, background, (Round(candidates, known, trials),))


def _by_category(papers: Sequence[CountedPaper]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for one in papers:
        for name in one.paper.categories:
            found[name].append(one.paper.id)
    return found
