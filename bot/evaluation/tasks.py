"""How well papers are ranked: the tasks, the measures, and their means over profiles.

Owns what a task is (papers, profiles, which papers are relevant to each), the two forms of file that tell one, and
the arithmetic of the measures. Refuses to know how anything is ranked: a `Method` is given a round and gives orders.

Every measure is of one order of papers. Let g_i be the grade of the paper at place i (from 1; 0 when it is not
relevant), R the number of relevant papers, and r_1 < ... < r_R their places. Grades above 0 are relevant.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.errors import UserError
from bot.evaluation.measures import MAIN, MEASURES, grade_ranking
from bot.papers.model import CountedPaper, Paper
from bot.profiles.model import Interest, Profile, Reference
from bot.profiles.references import reference_key, resolve_references

FOLDS = 5
#: Fewer liked papers than this say nothing about a profile.
MIN_LIKES = 5
#: A reader whose library shows fewer papers than this is not asked for.
MIN_SHOWN = 2


class Kind(StrEnum):
    LIBRARIES = "libraries"
    QUERIES = "queries"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True)
class Trial:
    """A profile to rank papers for, and which of them are relevant."""

    profile: Profile
    relevant: Mapping[str, float]  #: grade by id, each above 0; all are candidates of the round


@dataclass(frozen=True, slots=True)
class Round:
    """Profiles for which the same papers are ranked, together as the product does it."""

    candidates: tuple[str, ...]  #: ids to rank, ascending: whatever keeps the order of ties breaks them by id
    known: tuple[str, ...]  #: ids of papers to learn from, liked or not
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """What methods are compared on."""

    kind: Kind
    papers: tuple[CountedPaper, ...]  #: all that an id of the task can mean
    archive: tuple[bytes, ...]  #: counts of the papers whose document frequencies count
    background: tuple[CountedPaper, ...]  #: what relevance is measured against
    rounds: tuple[Round, ...]
    missing: tuple[str, ...] = ()  #: judged ids that are not among the papers, sorted; left out

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Of all rounds, in order."""
        return tuple(trial for one in self.rounds for trial in one.trials)


class Method(Protocol):
    """A way to rank."""

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, float]:
        """What was chosen for it by hand."""
        ...

    def rank(self, asked: Round) -> Iterator[Sequence[str]]:
        """For each trial of the round, in order, the ids of all its candidates, best first."""
        ...


# --- Measures ---------------------------------------------------------------------------------------------


# --- Judging ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a method made of one trial."""

    profile: str
    scores: Mapping[str, float]  #: by the measures' names
    places: Mapping[str, int]  #: of the relevant papers, from 1
    candidates: int  #: how many papers were ranked


@dataclass(frozen=True, slots=True)
class MethodResult:
    """What a method made of a task."""

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
        return {profile: _mean(one.scores[MAIN] for one in some) for profile, some in self._grouped().items()}

    def _grouped(self) -> dict[str, list[TrialResult]]:
        groups: dict[str, list[TrialResult]] = {}
        for one in self.trial_results:
            groups.setdefault(one.profile, []).append(one)
        return groups


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A task and what each method made of it, the product's own first."""

    task: Task
    results: tuple[MethodResult, ...]

    @property
    def profiles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(trial.profile.id for trial in self.task.trials))


@dataclass(frozen=True, slots=True)
class HiddenPaper:
    """Where a liked paper came that the profile did not tell of."""

    paper: Paper
    place: int
    candidates: int


def evaluate(
    task: Task, methods: Iterable[Method], step: Callable[[str], None] = lambda name: None
) -> Evaluation:
    """Let every method rank every round. Of methods with one name (other parameters) the best by MAIN stands.

    `step` is called after each trial.
    """
    best: dict[str, MethodResult] = {}
    for method in methods:
        result = run_method(task, method, step)
        rival = best.get(result.name)
        if rival is None or result.means[MAIN] > rival.means[MAIN]:
            best[result.name] = result
    return Evaluation(task, tuple(best.values()))


def run_method(task: Task, method: Method, step: Callable[[str], None] = lambda name: None) -> MethodResult:
    """One method's orders, measured."""
    judged = []
    for asked in task.rounds:
        for trial, order in zip(asked.trials, method.rank(asked), strict=True):
            judged.append(_measure(trial, order))
            step(method.name)
    return MethodResult(method.name, method.parameters, tuple(judged))


def hidden_papers(done: Evaluation) -> tuple[HiddenPaper, ...]:
    """Where the product put the papers that it was not told of, best place first; only of one's own profile."""
    if done.task.kind is not Kind.PROFILE:
        return ()
    papers = {one.paper.id: one.paper for one in done.task.papers}
    told = (
        HiddenPaper(papers[id_], place, judged.candidates)
        for judged in done.results[0].trial_results
        for id_, place in judged.places.items()
    )
    return tuple(sorted(told, key=lambda one: (one.place, one.paper.id)))


def _measure(trial: Trial, order: Sequence[str]) -> TrialResult:
    seen = grade_ranking(order, trial.relevant)
    scores = {name: measure(seen) for name, measure in MEASURES.items()}
    places = {id_: place for place, id_ in enumerate(order, start=1) if id_ in trial.relevant}
    return TrialResult(trial.profile.id, scores, places, len(order))


def _means(judged: Sequence[TrialResult]) -> dict[str, float]:
    return {name: _mean(one.scores[name] for one in judged) for name in MEASURES}


def _mean(numbers: Iterable[float]) -> float:
    listed = list(numbers)
    return math.fsum(listed) / len(listed)


# --- Tasks ------------------------------------------------------------------------------------------------


def fold_of(id_: str) -> int:
    """Which of the folds a paper falls into: the same in every set and on every machine."""
    return _hash_of(id_) % FOLDS


def _hash_of(id_: str) -> int:
    return int.from_bytes(hashlib.sha256(id_.encode()).digest()[:8])


def library_task(
    papers: Sequence[CountedPaper],
    liked: Mapping[str, Sequence[str]],
    folds: Sequence[Sequence[str]] | None = None,
) -> Task:
    """For each fold and reader: the library outside the fold is liked, that within it is to be found.

    Without `folds` there are FOLDS, by `fold_of`. Raises UserError when no reader can be asked for.
    """
    ids = sorted(one.paper.id for one in papers)
    there = frozenset(ids)
    parts = [[id_ for id_ in ids if fold_of(id_) == n] for n in range(FOLDS)] if folds is None else folds
    rounds = tuple(_library_round(ids, there.intersection(part), liked) for part in parts)
    judged = {id_ for some in (*liked.values(), *parts) for id_ in some}
    task = _build_task(Kind.LIBRARIES, papers, rounds, judged - there)
    if not task.rounds:
        raise UserError(
            f"nothing to judge: no reader has {MIN_SHOWN} liked papers outside a fold and one in it"
        )
    return task


def _library_round(ids: Sequence[str], fold: frozenset[str], liked: Mapping[str, Sequence[str]]) -> Round:
    known = tuple(id_ for id_ in ids if id_ not in fold)
    outside = frozenset(known)
    trials = []
    for reader, library in liked.items():
        shown = tuple(Reference(id_) for id_ in dict.fromkeys(library) if id_ in outside)
        relevant = {id_: 1.0 for id_ in library if id_ in fold}
        if len(shown) >= MIN_SHOWN and relevant:
            trials.append(Trial(Profile(id=reader, like=shown), relevant))
    return Round(tuple(sorted(fold)), known, tuple(trials))


def query_task(
    papers: Sequence[CountedPaper], asked: Sequence[tuple[str, Mapping[str, float]]], *, about: bool = False
) -> Task:
    """Each query with the grades of papers is a profile with one interest (`about`: with that text); all papers
    are ranked. A query without a relevant paper is left out. Raises UserError when none is left.
    """
    ids = tuple(sorted(one.paper.id for one in papers))
    there = frozenset(ids)
    names = _distinct(query for query, _ in asked)
    trials = []
    for name, (query, grades) in zip(names, asked, strict=True):
        relevant = {id_: grade for id_, grade in grades.items() if grade > 0 and id_ in there}
        profile = Profile(id=name, about=query) if about else Profile(id=name, interests=(Interest(query),))
        if relevant:
            trials.append(Trial(profile, relevant))
    judged = {id_ for _, grades in asked for id_ in grades}
    task = _build_task(Kind.QUERIES, papers, (Round(ids, (), tuple(trials)),), judged - there)
    if not task.rounds:
        raise UserError("nothing to judge: no query has a relevant paper among the papers")
    return task


def _distinct(names: Iterable[str]) -> Iterator[str]:
    """The names, a repeated one with its number: a method knows profiles by their ids."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"


def _build_task(
    kind: Kind, papers: Sequence[CountedPaper], rounds: Iterable[Round], missing: Iterable[str]
) -> Task:
    """A set's own papers are its archive and its background."""
    held = tuple(papers)
    asked = tuple(one for one in rounds if one.trials)
    return Task(kind, held, tuple(one.terms for one in held), held, asked, tuple(sorted(missing)))


class Archive(Protocol):
    """What judging one's own profile needs of the stored papers."""

    def sample(
        self, size: int, until: datetime, since: datetime | None = None
    ) -> tuple[CountedPaper, ...]: ...

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]: ...

    def counted(self, ids: Iterable[str]) -> tuple[CountedPaper, ...]: ...

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]: ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """What of the archive stands for it."""

    since: datetime
    until: datetime
    background: int  #: papers first seen between the two that are drawn
    archive: int  #: papers whose document frequencies count


def profile_task(profile: Profile, archive: Archive, extent: Sampling) -> Task:
    """Each fifth of the stored liked papers in turn is hidden among the background's; the rest of the profile stays.

    What is not known to be liked counts as not liked, hidden papers too, as in the peers' daily use. Raises
    UserError when too few of the liked papers are stored, or nothing to rank them among.
    """
    stored = archive.by_keys(key for r in (*profile.like, *profile.dislike) if (key := reference_key(r)))
    referenced = {paper.id for paper in stored.values()}
    profile = resolve_references(profile, stored)
    liked = frozenset(r.id for r in profile.like if r.id in referenced)
    background = archive.sample(extent.background, extent.until, extent.since)
    others = {one.paper.id for one in background} - referenced
    _require_enough(profile, liked, others)
    papers = {one.paper.id: one for one in (*background, *archive.counted(referenced))}
    rounds = tuple(_profile_round(profile, part, others, liked) for part in _deal_into_folds(liked))
    counts = archive.sampled_counts(extent.archive, extent.until)
    missing = tuple(sorted(r.id or r.title for r in profile.like if r.id not in referenced))
    return Task(Kind.PROFILE, tuple(papers.values()), counts, background, rounds, missing)


def _require_enough(profile: Profile, liked: Collection[str], others: Collection[str]) -> None:
    if len(liked) < MIN_LIKES:
        raise UserError(
            f"stored papers that profile {profile.id!r} likes: {len(liked)}, where judging it takes at least "
            f"{MIN_LIKES}; add some under `like`, and let `paperboy ingest` fetch them"
        )
    if not others:
        raise UserError("there are no stored papers to find the liked ones among: paperboy ingest")


def _profile_round(profile: Profile, part: frozenset[str], others: set[str], liked: frozenset[str]) -> Round:
    shown = tuple(reference for reference in profile.like if reference.id not in part)
    trial = Trial(replace(profile, like=shown), dict.fromkeys(sorted(part), 1.0))
    return Round(tuple(sorted(others | part)), tuple(sorted(others | liked)), (trial,))


def _deal_into_folds(ids: Iterable[str]) -> Iterator[frozenset[str]]:
    """The ids in FOLDS parts of like size: a few of them would fall unevenly by `fold_of`."""
    mixed = sorted(ids, key=lambda id_: (_hash_of(id_), id_))
    return (frozenset(mixed[n::FOLDS]) for n in range(FOLDS))


# --- Files ------------------------------------------------------------------------------------------------
