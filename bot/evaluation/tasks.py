"""Evaluation tasks: papers, profiles, and which papers are relevant to each profile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.errors import UserError
from bot.papers.model import CountedPaper, Paper
from bot.profiles.model import Interest, Profile, Reference
from bot.profiles.references import all_keys, resolve_references

FOLDS = 5
#: The fewest liked papers with which a profile can be evaluated.
MIN_LIKES = 5
#: The fewest papers outside the fold with which a reader takes part in a round.
MIN_SHOWN = 2


class Kind(StrEnum):
    """Where the judgements of a task come from."""

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
    """Profiles for which the same papers are ranked, in one model as in daily use."""

    candidates: tuple[str, ...]  #: ids to rank, ascending, so that a stable sort breaks ties by id
    known: tuple[str, ...]  #: ids of the papers that a method may learn from, liked or not
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """Papers and judgements that methods are compared on."""

    kind: Kind
    papers: tuple[CountedPaper, ...]  #: all papers that the task names by id
    archive: tuple[bytes, ...]  #: term counts of the papers that document frequencies come from
    background: tuple[CountedPaper, ...]  #: the papers that relevance is measured against
    rounds: tuple[Round, ...]
    missing: tuple[str, ...] = ()  #: judged ids that are not among the papers, sorted; they are left out

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials of all rounds, in order."""
        return tuple(trial for round_ in self.rounds for trial in round_.trials)


def fold_of(id_: str) -> int:
    """The number of the fold that a paper belongs to, from its id alone: the same on every machine."""
    return _hash_of(id_) % FOLDS


def _hash_of(id_: str) -> int:
    return int.from_bytes(hashlib.sha256(id_.encode()).digest()[:8])


def library_task(
    papers: Sequence[CountedPaper],
    liked: Mapping[str, Sequence[str]],
    folds: Sequence[Sequence[str]] | None = None,
) -> Task:
    """Cross-validation over readers' libraries: papers outside a fold are liked, those inside it are to be found.

    `liked`: paper ids by reader. Without `folds` there are FOLDS of them, by `fold_of`. Raises UserError when no
    reader has enough papers.
    """
    ids = sorted(counted.paper.id for counted in papers)
    known = frozenset(ids)
    parts = [[id_ for id_ in ids if fold_of(id_) == n] for n in range(FOLDS)] if folds is None else folds
    rounds = tuple(_library_round(ids, known.intersection(part), liked) for part in parts)
    judged = {id_ for group in (*liked.values(), *parts) for id_ in group}
    task = _build_task(Kind.LIBRARIES, papers, rounds, judged - known)
    if not task.rounds:
        raise UserError(
            f"no reader has {MIN_SHOWN} liked papers outside a fold and one inside it: nothing to evaluate"
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
    papers: Sequence[CountedPaper],
    judged_queries: Sequence[tuple[str, Mapping[str, float]]],
    *,
    about: bool = False,
) -> Task:
    """Each query is a profile with one interest, or with that `about` text, for which all papers are ranked.

    `judged_queries`: texts with grades by paper id; a query without a relevant paper is left out. Raises UserError
    when none is left.
    """
    ids = tuple(sorted(counted.paper.id for counted in papers))
    known = frozenset(ids)
    names = _distinct(query for query, _ in judged_queries)
    trials = []
    for name, (query, grades) in zip(names, judged_queries, strict=True):
        relevant = {id_: grade for id_, grade in grades.items() if grade > 0 and id_ in known}
        profile = Profile(id=name, about=query) if about else Profile(id=name, interests=(Interest(query),))
        if relevant:
            trials.append(Trial(profile, relevant))
    judged = {id_ for _, grades in judged_queries for id_ in grades}
    task = _build_task(Kind.QUERIES, papers, (Round(ids, (), tuple(trials)),), judged - known)
    if not task.rounds:
        raise UserError("no query has a relevant paper among the papers: nothing to evaluate")
    return task


def _distinct(names: Iterable[str]) -> Iterator[str]:
    """The names, each repetition with its number, because profiles of a task have distinct ids."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"


def _build_task(
    kind: Kind, papers: Sequence[CountedPaper], rounds: Iterable[Round], missing: Iterable[str]
) -> Task:
    """A task whose papers are also its archive and its background."""
    held = tuple(papers)
    counts = tuple(counted.terms for counted in held)
    used = tuple(round_ for round_ in rounds if round_.trials)
    return Task(kind, held, counts, held, used, tuple(sorted(missing)))


class Archive(Protocol):
    """The stored papers, as far as `profile_task` reads them."""

    def sample(
        self, size: int, until: datetime, since: datetime | None = None
    ) -> tuple[CountedPaper, ...]: ...

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]: ...

    def counted(self, ids: Iterable[str]) -> tuple[CountedPaper, ...]: ...

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]: ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which samples of the archive are used."""

    since: datetime
    until: datetime
    background: int  #: number of papers sampled among those first seen between `since` and `until`
    archive: int  #: number of papers sampled for document frequencies


def profile_task(profile: Profile, archive: Archive, sampling: Sampling) -> Task:
    """Cross-validation of a profile: each fifth of its stored liked papers is hidden among the background papers.

    Papers that are not known to be liked count as not liked, hidden ones included, as in daily use. Raises UserError
    when too few liked papers are stored, or there are no other papers to rank.
    """
    stored = archive.by_keys(all_keys([profile]))
    referenced = {paper.id for paper in stored.values()}
    profile = resolve_references(profile, stored)
    liked = frozenset(r.id for r in profile.like if r.id in referenced)
    background = archive.sample(sampling.background, sampling.until, sampling.since)
    others = {counted.paper.id for counted in background} - referenced
    if len(liked) < MIN_LIKES:
        raise UserError(
            f"profile {profile.id!r} likes {len(liked)} stored papers, and evaluating it takes at least {MIN_LIKES}: "
            "add some under `like`, and run `paperboy ingest` to fetch them"
        )
    if not others:
        raise UserError("no other papers are stored to rank the liked ones among: run `paperboy ingest`")
    papers = {counted.paper.id: counted for counted in (*background, *archive.counted(referenced))}
    rounds = tuple(_profile_round(profile, part, others, liked) for part in _deal_into_folds(liked))
    counts = archive.sampled_counts(sampling.archive, sampling.until)
    missing = tuple(sorted(r.id or r.title for r in profile.like if r.id not in referenced))
    return Task(Kind.PROFILE, tuple(papers.values()), counts, background, rounds, missing)


def _profile_round(profile: Profile, part: frozenset[str], others: set[str], liked: frozenset[str]) -> Round:
    shown = tuple(reference for reference in profile.like if reference.id not in part)
    trial = Trial(replace(profile, like=shown), dict.fromkeys(sorted(part), 1.0))
    return Round(tuple(sorted(others | part)), tuple(sorted(others | liked)), (trial,))


def _deal_into_folds(ids: Iterable[str]) -> Iterator[frozenset[str]]:
    """The ids in FOLDS parts of equal size, give or take one; `fold_of` would divide a few ids unevenly."""
    shuffled = sorted(ids, key=lambda id_: (_hash_of(id_), id_))
    return (frozenset(shuffled[n::FOLDS]) for n in range(FOLDS))
