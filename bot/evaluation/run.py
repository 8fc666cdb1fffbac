"""Running ranking methods on a task, and the measures of their rankings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.evaluation.measures import MAIN, MEASURES, grade_ranking
from bot.evaluation.tasks import Kind, Round, Task, Trial
from bot.papers.model import Paper


class Method(Protocol):
    """A way to rank papers."""

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, float]:
        """Parameter values that were chosen by hand."""
        ...

    def rank(self, round_: Round) -> Iterator[Sequence[str]]:
        """For each trial of the round, in order, the ids of all candidates, best first."""
        ...


@dataclass(frozen=True, slots=True)
class TrialResult:
    """The measures of one method on one trial."""

    profile: str
    scores: Mapping[str, float]  #: by name of the measure
    places: Mapping[str, int]  #: ranks of the relevant papers, from 1
    candidates: int  #: number of papers that were ranked


@dataclass(frozen=True, slots=True)
class MethodResult:
    """The measures of one method on a whole task."""

    name: str
    parameters: Mapping[str, float]
    trial_results: tuple[TrialResult, ...]  #: in the order of the task's trials

    @property
    def means(self) -> dict[str, float]:
        """Each measure's mean over all trials."""
        return _means(self.trial_results)

    @property
    def by_profile(self) -> dict[str, float]:
        """Each profile's mean of the main measure over its trials."""
        return {
            profile: _mean(result.scores[MAIN] for result in results)
            for profile, results in self._grouped().items()
        }

    def _grouped(self) -> dict[str, list[TrialResult]]:
        groups: dict[str, list[TrialResult]] = {}
        for result in self.trial_results:
            groups.setdefault(result.profile, []).append(result)
        return groups


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A task and the results of every method, Paperboy's own first."""

    task: Task
    results: tuple[MethodResult, ...]

    @property
    def profiles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(trial.profile.id for trial in self.task.trials))


@dataclass(frozen=True, slots=True)
class HiddenPaper:
    """The rank of a liked paper that was hidden from the profile."""

    paper: Paper
    place: int
    candidates: int


def evaluate(
    task: Task, methods: Iterable[Method], step: Callable[[str], None] = lambda name: None
) -> Evaluation:
    """Run every method on every round.

    Of several methods with the same name (and other parameters), only the best by MAIN is kept. `step` is called
    with the method's name after each trial.
    """
    best: dict[str, MethodResult] = {}
    for method in methods:
        result = run_method(task, method, step)
        rival = best.get(result.name)
        if rival is None or result.means[MAIN] > rival.means[MAIN]:
            best[result.name] = result
    return Evaluation(task, tuple(best.values()))


def run_method(task: Task, method: Method, step: Callable[[str], None] = lambda name: None) -> MethodResult:
    """The measures of one method on each trial of a task."""
    results = []
    for round_ in task.rounds:
        for trial, order in zip(round_.trials, method.rank(round_), strict=True):
            results.append(_measure(trial, order))
            step(method.name)
    return MethodResult(method.name, method.parameters, tuple(results))


def hidden_papers(evaluation: Evaluation) -> tuple[HiddenPaper, ...]:
    """The ranks that Paperboy gave to the hidden papers of a PROFILE task, best first; empty for other tasks."""
    if evaluation.task.kind is not Kind.PROFILE:
        return ()
    papers = {counted.paper.id: counted.paper for counted in evaluation.task.papers}
    found = (
        HiddenPaper(papers[id_], place, result.candidates)
        for result in evaluation.results[0].trial_results
        for id_, place in result.places.items()
    )
    return tuple(sorted(found, key=lambda hidden: (hidden.place, hidden.paper.id)))


def _measure(trial: Trial, order: Sequence[str]) -> TrialResult:
    ranking = grade_ranking(order, trial.relevant)
    scores = {name: measure(ranking) for name, measure in MEASURES.items()}
    places = {id_: place for place, id_ in enumerate(order, start=1) if id_ in trial.relevant}
    return TrialResult(trial.profile.id, scores, places, len(order))


def _means(results: Sequence[TrialResult]) -> dict[str, float]:
    return {name: _mean(result.scores[name] for result in results) for name in MEASURES}


def _mean(numbers: Iterable[float]) -> float:
    listed = list(numbers)
    return math.fsum(listed) / len(listed)
