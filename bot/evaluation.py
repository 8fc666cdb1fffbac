"""How well papers are ranked: the tasks, the measures, and their means over profiles.

Owns what a task is (papers, profiles, which papers are relevant to each), the two forms of file that tell one, and
the arithmetic of the measures. Refuses to know how anything is ranked: a `Method` is given a round and gives orders.

Every measure is of one order of papers. Let g_i be the grade of the paper at place i (from 1; 0 when it is not
relevant), R the number of relevant papers, and r_1 < ... < r_R their places. Grades above 0 are relevant.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import math
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

from bot.errors import UserError
from bot.papers.model import Counted, Paper
from bot.profiles.model import Interest, Profile, Reference
from bot.profiles.references import as_stored, reference_key

FOLDS = 5
#: Fewer liked papers than this say nothing about a profile.
FEWEST_LIKES = 5
#: A reader whose library shows fewer papers than this is not asked for.
FEWEST_SHOWN = 2
#: Of a file with many mistakes so many are told.
_MOST_TOLD = 10
_GZIP = b"\x1f\x8b"
#: A set says nothing about when its papers were seen, and no measure depends on it.
_SOME_DAY = datetime(1970, 1, 1, tzinfo=UTC)


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
    papers: tuple[Counted, ...]  #: all that an id of the task can mean
    archive: tuple[bytes, ...]  #: counts of the papers whose document frequencies count
    background: tuple[Counted, ...]  #: what relevance is measured against
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


@dataclass(frozen=True, slots=True)
class Found:
    """An order as the measures see it."""

    grades: tuple[float, ...]  #: by place, best first; 0 is not relevant
    ideal: tuple[float, ...]  #: of all relevant papers, the highest first; at least one


def found(order: Sequence[str], relevant: Mapping[str, float]) -> Found:
    """Raises ValueError when nothing is relevant: then no order is better than another."""
    if not relevant:
        raise ValueError("no measure is defined without a relevant paper")
    grades = tuple(relevant.get(id_, 0.0) for id_ in order)
    return Found(grades, tuple(sorted(relevant.values(), reverse=True)))


def ndcg(asked: Found, depth: int) -> float:
    """DCG / DCG of the best possible order, DCG = sum_{i <= depth} g_i / log2(i + 1).

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002, with a paper's grade itself as
    its gain (linear, not 2^g - 1), and the logarithm's discount from the second place on.
    """
    return _dcg(asked.grades[:depth]) / _dcg(asked.ideal[:depth])


def _dcg(grades: Sequence[float]) -> float:
    return math.fsum(grade / math.log2(place + 1) for place, grade in enumerate(grades, start=1))


def average_precision(asked: Found) -> float:
    """(1 / R) sum_k k / r_k; a relevant paper that is not in the order adds nothing.

    Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, section 8.4. Its mean is MAP.
    """
    return math.fsum(k / place for k, place in enumerate(_places(asked), start=1)) / len(asked.ideal)


def reciprocal_rank(asked: Found) -> float:
    """1 / r_1, or 0 when no relevant paper is in the order.

    Voorhees, "The TREC-8 Question Answering Track Report", 1999. Its mean is MRR.
    """
    return next((1.0 / place for place in _places(asked)), 0.0)


def recall(asked: Found, depth: int) -> float:
    """The share of the relevant papers that are among the first `depth`: |{k: r_k <= depth}| / R."""
    return sum(place <= depth for place in _places(asked)) / len(asked.ideal)


def _places(asked: Found) -> Iterator[int]:
    """Of the relevant papers, from 1."""
    return (place for place, grade in enumerate(asked.grades, start=1) if grade > 0)


#: The one that methods are compared by comes first.
MEASURES: Mapping[str, Callable[[Found], float]] = {
    "ndcg@10": partial(ndcg, depth=10),
    "map": average_precision,
    "mrr": reciprocal_rank,
    "recall@10": partial(recall, depth=10),
    "recall@100": partial(recall, depth=100),
}
MAIN = "ndcg@10"


# --- Judging ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judged:
    """What a method made of one trial."""

    profile: str
    scores: Mapping[str, float]  #: by the measures' names
    places: Mapping[str, int]  #: of the relevant papers, from 1
    candidates: int  #: how many papers were ranked


@dataclass(frozen=True, slots=True)
class Result:
    """What a method made of a task."""

    name: str
    parameters: Mapping[str, float]
    judged: tuple[Judged, ...]  #: in the order of the task's trials

    @property
    def means(self) -> dict[str, float]:
        """Each measure's mean over all trials."""
        return _means(self.judged)

    @property
    def by_profile(self) -> dict[str, float]:
        """Each profile's mean of the main measure over its trials."""
        return {profile: _mean(one.scores[MAIN] for one in some) for profile, some in self._grouped().items()}

    def _grouped(self) -> dict[str, list[Judged]]:
        groups: dict[str, list[Judged]] = {}
        for one in self.judged:
            groups.setdefault(one.profile, []).append(one)
        return groups


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A task and what each method made of it, the product's own first."""

    task: Task
    results: tuple[Result, ...]

    @property
    def profiles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(trial.profile.id for trial in self.task.trials))


@dataclass(frozen=True, slots=True)
class Hidden:
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
    best: dict[str, Result] = {}
    for method in methods:
        result = judge(task, method, step)
        rival = best.get(result.name)
        if rival is None or result.means[MAIN] > rival.means[MAIN]:
            best[result.name] = result
    return Evaluation(task, tuple(best.values()))


def judge(task: Task, method: Method, step: Callable[[str], None] = lambda name: None) -> Result:
    """One method's orders, measured."""
    judged = []
    for asked in task.rounds:
        for trial, order in zip(asked.trials, method.rank(asked), strict=True):
            judged.append(_judged(trial, order))
            step(method.name)
    return Result(method.name, method.parameters, tuple(judged))


def hidden(done: Evaluation) -> tuple[Hidden, ...]:
    """Where the product put the papers that it was not told of, best place first; only of one's own profile."""
    if done.task.kind is not Kind.PROFILE:
        return ()
    papers = {one.paper.id: one.paper for one in done.task.papers}
    told = (
        Hidden(papers[id_], place, judged.candidates)
        for judged in done.results[0].judged
        for id_, place in judged.places.items()
    )
    return tuple(sorted(told, key=lambda one: (one.place, one.paper.id)))


def _judged(trial: Trial, order: Sequence[str]) -> Judged:
    seen = found(order, trial.relevant)
    scores = {name: measure(seen) for name, measure in MEASURES.items()}
    places = {id_: place for place, id_ in enumerate(order, start=1) if id_ in trial.relevant}
    return Judged(trial.profile.id, scores, places, len(order))


def _means(judged: Sequence[Judged]) -> dict[str, float]:
    return {name: _mean(one.scores[name] for one in judged) for name in MEASURES}


def _mean(numbers: Iterable[float]) -> float:
    listed = list(numbers)
    return math.fsum(listed) / len(listed)


# --- Tasks ------------------------------------------------------------------------------------------------


def fold_of(id_: str) -> int:
    """Which of the folds a paper falls into: the same in every set and on every machine."""
    return _hash(id_) % FOLDS


def _hash(id_: str) -> int:
    return int.from_bytes(hashlib.sha256(id_.encode()).digest()[:8])


def libraries(
    papers: Sequence[Counted],
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
    task = _whole(Kind.LIBRARIES, papers, rounds, judged - there)
    if not task.rounds:
        raise UserError(
            f"nothing to judge: no reader has {FEWEST_SHOWN} liked papers outside a fold and one in it"
        )
    return task


def _library_round(ids: Sequence[str], fold: frozenset[str], liked: Mapping[str, Sequence[str]]) -> Round:
    known = tuple(id_ for id_ in ids if id_ not in fold)
    outside = frozenset(known)
    trials = []
    for reader, library in liked.items():
        shown = tuple(Reference(id_) for id_ in dict.fromkeys(library) if id_ in outside)
        relevant = {id_: 1.0 for id_ in library if id_ in fold}
        if len(shown) >= FEWEST_SHOWN and relevant:
            trials.append(Trial(Profile(id=reader, like=shown), relevant))
    return Round(tuple(sorted(fold)), known, tuple(trials))


def queries(
    papers: Sequence[Counted], asked: Sequence[tuple[str, Mapping[str, float]]], *, about: bool = False
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
    task = _whole(Kind.QUERIES, papers, (Round(ids, (), tuple(trials)),), judged - there)
    if not task.rounds:
        raise UserError("nothing to judge: no query has a relevant paper among the papers")
    return task


def _distinct(names: Iterable[str]) -> Iterator[str]:
    """The names, a repeated one with its number: a method knows profiles by their ids."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"


def _whole(kind: Kind, papers: Sequence[Counted], rounds: Iterable[Round], missing: Iterable[str]) -> Task:
    """A set's own papers are its archive and its background."""
    held = tuple(papers)
    asked = tuple(one for one in rounds if one.trials)
    return Task(kind, held, tuple(one.terms for one in held), held, asked, tuple(sorted(missing)))


class Archive(Protocol):
    """What judging one's own profile needs of the stored papers."""

    def sample(self, size: int, until: datetime, since: datetime | None = None) -> tuple[Counted, ...]: ...

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]: ...

    def counted(self, ids: Iterable[str]) -> tuple[Counted, ...]: ...

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]: ...


@dataclass(frozen=True, slots=True)
class Extent:
    """What of the archive stands for it."""

    since: datetime
    until: datetime
    background: int  #: papers first seen between the two that are drawn
    archive: int  #: papers whose document frequencies count


def own_likes(profile: Profile, archive: Archive, extent: Extent) -> Task:
    """Each fifth of the stored liked papers in turn is hidden among the background's; the rest of the profile stays.

    What is not known to be liked counts as not liked, hidden papers too, as in the peers' daily use. Raises
    UserError when too few of the liked papers are stored, or nothing to rank them among.
    """
    stored = archive.by_keys(key for r in (*profile.like, *profile.dislike) if (key := reference_key(r)))
    referenced = {paper.id for paper in stored.values()}
    profile = as_stored(profile, stored)
    liked = frozenset(r.id for r in profile.like if r.id in referenced)
    background = archive.sample(extent.background, extent.until, extent.since)
    others = {one.paper.id for one in background} - referenced
    _require_enough(profile, liked, others)
    papers = {one.paper.id: one for one in (*background, *archive.counted(referenced))}
    rounds = tuple(_own_round(profile, part, others, liked) for part in _dealt(liked))
    counts = archive.sampled_counts(extent.archive, extent.until)
    missing = tuple(sorted(r.id or r.title for r in profile.like if r.id not in referenced))
    return Task(Kind.PROFILE, tuple(papers.values()), counts, background, rounds, missing)


def _require_enough(profile: Profile, liked: Collection[str], others: Collection[str]) -> None:
    if len(liked) < FEWEST_LIKES:
        raise UserError(
            f"stored papers that profile {profile.id!r} likes: {len(liked)}, where judging it takes at least "
            f"{FEWEST_LIKES}; add some under `like`, and let `paperboy ingest` fetch them"
        )
    if not others:
        raise UserError("there are no stored papers to find the liked ones among: paperboy ingest")


def _own_round(profile: Profile, part: frozenset[str], others: set[str], liked: frozenset[str]) -> Round:
    shown = tuple(reference for reference in profile.like if reference.id not in part)
    trial = Trial(replace(profile, like=shown), dict.fromkeys(sorted(part), 1.0))
    return Round(tuple(sorted(others | part)), tuple(sorted(others | liked)), (trial,))


def _dealt(ids: Iterable[str]) -> Iterator[frozenset[str]]:
    """The ids in FOLDS parts of like size: a few of them would fall unevenly by `fold_of`."""
    mixed = sorted(ids, key=lambda id_: (_hash(id_), id_))
    return (frozenset(mixed[n::FOLDS]) for n in range(FOLDS))


# --- Files ------------------------------------------------------------------------------------------------


class _WrongError(Exception):
    """Something in a file is not as it should be; the message says what, `line` where when that is known."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line


def read_papers(
    path: Path,
    count: Callable[[str, str], bytes],
    step: Callable[[str], None] = lambda line: None,
) -> tuple[Counted, ...]:
    """The papers of JSON Lines, gzip or not: `id`, `title`, `abstract`; further fields are passed over.

    Raises UserError that names every line that cannot be read.
    """
    read: dict[str, Counted] = {}
    wrong: list[str] = []
    with _opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                _add(read, line, count)
            except _WrongError as error:
                wrong.append(f"{path}:{number}: {error}")
            step(f"line {number}")
    if wrong:
        raise UserError(_told(wrong))
    if not read:
        raise UserError(f"{path}: there are no papers in it")
    return tuple(read.values())


def _add(read: dict[str, Counted], line: bytes, count: Callable[[str, str], bytes]) -> None:
    if not line.strip():
        return
    record = _json(line)
    if not isinstance(record, dict):
        raise _WrongError("a paper is an object with `id`, `title` and `abstract`")
    id_, title, abstract = (_text(record, name) for name in ("id", "title", "abstract"))
    if not id_:
        raise _WrongError("a paper without an `id`")
    if id_ in read:
        raise _WrongError(f"a second paper with the id {id_}")
    read[id_] = Counted(Paper(id_, title, _SOME_DAY, abstract), count(title, abstract))


def _text(record: Mapping[str, object], name: str) -> str:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise _WrongError(f"`{name}` is no text")
    return value or ""


def _told(wrong: Sequence[str]) -> str:
    more = [f"and {len(wrong) - _MOST_TOLD} more"] if len(wrong) > _MOST_TOLD else []
    return "\n".join([*wrong[:_MOST_TOLD], *more])


def read_task(path: Path, papers: Sequence[Counted], *, about: bool = False) -> Task:
    """The task that a file makes of some papers, told by its form:

    {"libraries": {reader: [id, ...]}, "folds": [[id, ...], ...]}, where folds may be missing, or
    [{"query": text, "relevant": {id: grade}}, ...]. Raises UserError for anything else.
    """
    with _opened(path) as stream:
        data = stream.read()
    try:
        document = _json(data)
        if isinstance(document, dict) and "libraries" in document:
            return libraries(papers, _libraries(document["libraries"]), _folds(document.get("folds")))
        if isinstance(document, list):
            return queries(papers, [_query(n, one) for n, one in enumerate(document, start=1)], about=about)
    except _WrongError as error:
        place = f":{error.line}" if error.line else ""
        raise UserError(f"{path}{place}: {error}") from None
    raise UserError(f'{path}: neither {{"libraries": ...}} nor [{{"query": ..., "relevant": ...}}, ...]')


def _libraries(value: object) -> dict[str, list[str]]:
    if not isinstance(value, dict):
        raise _WrongError("`libraries` is no object of readers")
    return {reader: _ids(f"the library of {reader!r}", some) for reader, some in value.items()}


def _folds(value: object) -> list[list[str]] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise _WrongError("`folds` is no list of lists")
    return [_ids(f"fold {n}", some) for n, some in enumerate(value, start=1)]


def _ids(what: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(id_, str) for id_ in value):
        raise _WrongError(f"{what} is no list of ids")
    return cast(list[str], value)


def _query(number: int, value: object) -> tuple[str, dict[str, float]]:
    """A query's text and its grades."""
    text = value.get("query") if isinstance(value, dict) else None
    grades = value.get("relevant") if isinstance(value, dict) else None
    if not isinstance(text, str) or not isinstance(grades, dict):
        raise _WrongError(f"query {number} is no object with a text `query` and an object `relevant`")
    for id_, grade in grades.items():
        if isinstance(grade, bool) or not isinstance(grade, int | float) or not math.isfinite(grade):
            raise _WrongError(f"query {number}: the grade of {id_} is no number")
    return text, {id_: float(grade) for id_, grade in grades.items()}


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise _WrongError(f"no JSON at column {error.colno}: {error.msg}", error.lineno) from None
    except UnicodeDecodeError as error:
        raise _WrongError("not UTF-8", data.count(b"\n", 0, error.start) + 1) from None
    except RecursionError:
        raise _WrongError("nested too deeply") from None


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedIOBase]:
    """The bytes, unpacked when they are gzip. Raises UserError when they cannot be read."""
    try:
        with path.open("rb") as file:
            if file.peek(len(_GZIP)).startswith(_GZIP):
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield unpacked
            else:
                yield file
    except EOFError:
        raise UserError(f"{path}: the gzip data breaks off") from None
    except (OSError, zlib.error) as error:
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
