"""How well and how fast papers are ranked beside what others do: the sets of ../shared/eval and of ../shared/archive.

    OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_quality.py -s -n 0

Prints figures and ratios, and fails for none of them: how fast a machine is, and what a set holds, is no mistake.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice, product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from bot.evaluation.baselines import COSTS, Bm25, Centroid, LinearSvm, Paperboy, Vectors
from bot.evaluation.measures import MAIN
from bot.evaluation.run import Method, run_method
from bot.evaluation.tasks import Round, Task
from bot.papers.model import CountedPaper
from bot.ranking.counts import COUNT_BITS
from bot.ranking.linear import Ranker
from bot.store.papers import Papers
from tests.benchmarks.archive import needs_archive
from tests.benchmarks.judging import BUILD_DAYS, judged_day, ndcg_figures, paperboy_orders, rival_orders
from tests.benchmarks.ratios import Figures, best_of, main_figures, ratio
from tests.benchmarks.reading_lists import SvmOfReader, list_task, with_likes
from tests.benchmarks.sets import library, needs_sets, queries

#: The constants that `test_constants_chosen_elsewhere` tries, in all combinations.
GRID = {
    "bot.ranking.index.K1": (1.5, 2.0, 3.0),
    "bot.ranking.index.B": (0.6, 0.75),
    "bot.ranking.facets.PAIR_WEIGHT": (0.15, 0.3),
    "bot.ranking.facets.LIKENESS": (0.1, 0.2),
}
SHOWN = 10  #: places of a digest: what a ranking is asked for when it is timed
#: Times that a round is served, as one is over before the machine is warm; the SVM is fitted for reader after reader.
REPEATS = 5


class OwnTerms(Vectors):
    """scikit-learn's TF-IDF over this project's terms: what a peer would get with our words and its weights."""

    def __init__(self, papers: Sequence[CountedPaper]) -> None:
        found = [np.frombuffer(one.terms, "<u8")[1:] for one in papers]
        packed = np.concatenate(found)
        keys, columns = np.unique(packed >> np.uint64(COUNT_BITS), return_inverse=True)
        tf = (packed & np.uint64((1 << COUNT_BITS) - 1)).astype(float)
        ends = np.concatenate(([0], np.cumsum([len(one) for one in found])))
        places = columns.astype(np.int32), ends.astype(np.int32)  # scikit-learn takes no wider ones
        table = sparse.csr_array((tf, *places), shape=(len(papers), len(keys)))
        self.rows = sparse.csr_array(TfidfTransformer(sublinear_tf=True).fit_transform(table))
        self._places = {one.paper.id: place for place, one in enumerate(papers)}


@cache
def text_vectors() -> Vectors:
    return Vectors(library().papers)


@cache
def own_vectors() -> OwnTerms:
    return OwnTerms(library().papers)


def rivals() -> dict[str, Method]:
    """The baselines of the library by what the tables call them."""
    named: dict[str, Method] = {"centroid": Centroid(text_vectors())}
    named |= {f"svm, C {cost:g}": LinearSvm(text_vectors(), cost) for cost in COSTS}
    return named | {f"svm on our terms, C {cost:g}": LinearSvm(own_vectors(), cost) for cost in COSTS}


# --- How well ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EvaluationSet:
    """Rankings with judgements; the figures of each method are those of the same rankings, in the same order."""

    collection: str  #: sets of one collection have papers or judgements in common
    measure: str
    paperboy: Callable[[], Figures]  #: ranks with the constants as they are when it is called
    rivals: Mapping[str, Figures]

    @property
    def best(self) -> str:
        return best_of(self.rivals)


def task_set(collection: str, task: Task, rivals: Mapping[str, Method]) -> EvaluationSet:
    def ranked(method: Method) -> Figures:
        return main_figures(run_method(task, method))

    found = {name: ranked(method) for name, method in rivals.items()}
    return EvaluationSet(collection, MAIN, lambda: ranked(Paperboy(task)), found)


def library_set(_archive: Papers) -> EvaluationSet:
    return task_set("library", library(), rivals())


def list_set(number: int, archive: Papers) -> EvaluationSet:
    task = with_likes(list_task(archive), number)
    vectors = Vectors(task.papers)
    svms = {f"svm, C {cost:g}": SvmOfReader(vectors, cost) for cost in COSTS}
    return task_set("lists", task, {"centroid": Centroid(vectors), **svms})


def query_set(name: str, about: bool, _archive: Papers) -> EvaluationSet:
    task = queries(name, about=about)
    return task_set(name, task, {"bm25s": Bm25(task.papers), "cosine": Centroid(Vectors(task.papers))})


def judged_set(archive: Papers) -> EvaluationSet:
    days = [judged_day(archive, number) for number in BUILD_DAYS]
    by_day = [rival_orders(archive, day) for day in days]
    found = {name: ndcg_figures(days, [orders[name] for orders in by_day]) for name in by_day[0]}
    return EvaluationSet(
        "judged", "nDCG@10", lambda: ndcg_figures(days, [paperboy_orders(day) for day in days]), found
    )


SETS: dict[str, Callable[[Papers], EvaluationSet]] = {
    "library": library_set,
    "lists, 10 likes": partial(list_set, 10),
    "lists, 30 likes": partial(list_set, 30),
    "keywords as interest": partial(query_set, "keywords", False),
    "keywords as about": partial(query_set, "keywords", True),
    "needs as about": partial(query_set, "needs", True),
    "judged, build days": judged_set,
}


@cache
def evaluated(name: str, archive: Papers) -> tuple[EvaluationSet, Figures]:
    """A set, and Paperboy's figures with the constants of the ranker."""
    made = SETS[name](archive)
    return made, made.paperboy()


@needs_sets
@needs_archive
@pytest.mark.parametrize("name", SETS)
def test_set(name: str, archive: Papers) -> None:
    """Paperboy and its rivals on one set, each with its ratio."""
    made, ours = evaluated(name, archive)
    print(f"\n{name}: {made.measure}, mean over {len(ours.values)} rankings; ratio with its 90 % interval")
    print(f"  {'paperboy':<28}{ours.mean:.4f}")
    for rival, theirs in made.rivals.items():
        print(f"  {rival:<28}{theirs.mean:.4f}   {ratio(ours, theirs)}")
    assert all(theirs.readers == ours.readers for theirs in made.rivals.values())


@needs_sets
@needs_archive
def test_summary(archive: Papers) -> None:
    """All sets: Paperboy's ratio to the best rival of each."""
    print("\nall sets: paperboy, the best rival, and the ratio with its 90 % interval")
    for name in SETS:
        made, ours = evaluated(name, archive)
        best = made.rivals[made.best]
        print(f"  {name:<22}{ours.mean:8.4f}{best.mean:8.4f} {made.best:<28}{ratio(ours, best)}")
        assert ours.mean > 0


@needs_sets
@needs_archive
def test_constants_chosen_elsewhere(archive: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave one collection out: constants of `GRID` that are best on all other collections, measured on this one.

    "Best" has the largest geometric mean of the ratios to the best rivals, in which each collection counts once.
    """
    made = {name: evaluated(name, archive)[0] for name in SETS}
    tried: dict[tuple[float, ...], dict[str, Figures]] = {}
    for values in product(*GRID.values()):
        for constant, value in zip(GRID, values, strict=True):
            monkeypatch.setattr(constant, value)
        tried[values] = {name: one.paperboy() for name, one in made.items()}
    monkeypatch.undo()

    def advantage(values: tuple[float, ...], collection: str) -> float:
        return statistics.mean(
            np.log(tried[values][name].mean / one.rivals[one.best].mean)
            for name, one in made.items()
            if one.collection == collection
        )

    collections = dict.fromkeys(one.collection for one in made.values())
    names = ", ".join(constant.rpartition(".")[2] for constant in GRID)
    print(f"\nleave one collection out: {names}, of {len(tried)} choices the best on all others;")
    print("  ratio to the best rival with these, and with the constants as they are")
    for collection in collections:
        others = [one for one in collections if one != collection]
        chosen = max(tried, key=lambda values: sum(advantage(values, one) for one in others))
        for name in (name for name, one in made.items() if one.collection == collection):
            rival = made[name].rivals[made[name].best]
            print(
                f"  {name:<22}{', '.join(f'{value:g}' for value in chosen):<20}{tried[chosen][name].mean:8.4f}"
                f"   {ratio(tried[chosen][name], rival)}   {ratio(evaluated(name, archive)[1], rival)}"
            )
    assert len(tried) == np.prod([len(values) for values in GRID.values()])


# --- How fast ---------------------------------------------------------------------------------------------


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@dataclass(frozen=True)
class Cost:
    """Seconds that one round took Paperboy."""

    index: float  #: to make the model of all profiles: counts, weights and rows of the papers
    first: float  #: for each profile after that, the first time: its weights, its scores, and the best papers
    again: float  #: for each profile, when it is asked for again


def paperboy_cost(task: Task, asked: Round) -> Cost:
    """The medians of some runs of a round."""
    runs = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        ranker = Paperboy(task).ranker(asked)
        index = time.perf_counter() - start
        work = partial(serve, ranker, asked)
        runs.append((index, *(seconds(work) / len(asked.trials) for _ in range(2))))
    return Cost(*np.median(runs, axis=0).tolist())


def serve(ranker: Ranker, asked: Round) -> None:
    """What a digest does, without the scores that the model remembers of its last profiles."""
    ranker._chunk_scores.clear()
    every = (1 << len(asked.candidates)) - 1
    for trial in asked.trials:
        assert len(list(islice(ranker.rank(trial.profile, every).best_first(), SHOWN))) == SHOWN


def without_background(task: Task, asked: Round) -> Task:
    """The task with the round's papers alone to be scored, as a baseline has it."""
    wanted = set(asked.candidates)
    return replace(task, background=tuple(one for one in task.papers if one.paper.id in wanted))


def svm_costs(method: LinearSvm, vectors: Vectors, asked: Round) -> Iterator[float]:
    """Seconds for each profile of a round: fit, score, sort; the vectors are made."""
    known, rows = (vectors.rows[vectors.places(ids)] for ids in (asked.known, asked.candidates))

    def best(labels: NDArray[np.bool_]) -> list[str]:
        order = np.argsort(-method.scores(known, labels, rows), kind="stable")
        return [asked.candidates[place] for place in order[:SHOWN]]

    for trial in asked.trials:
        liked = {reference.id for reference in trial.profile.like}
        yield seconds(partial(best, np.array([id_ in liked for id_ in asked.known])))


@needs_sets
def test_cost_of_a_profile() -> None:
    """The median time for one reader, fitting and scoring included, as a part of the SVM's in the same run.

    Paperboy serves the readers of a fold together. "The fold alone" scores the papers that the SVM scores; otherwise
    the whole background is scored, too, from which relevance follows.
    """
    task = library()
    gc.collect()
    gc.freeze()  # what lies in the memory of a test run is no reader's cost
    whole = [paperboy_cost(task, asked) for asked in task.rounds]
    alone = [paperboy_cost(without_background(task, asked), asked) for asked in task.rounds]
    ours = {
        f"{papers}, {name}": statistics.median(getattr(one, name) for one in costs)
        for papers, costs in (("the fold alone", alone), ("with background", whole))
        for name in ("first", "again")
    }
    print(f"\ncost of a profile, median of {len(task.trials)} rankings")
    print(f"  paperboy's index, once a fold {1000 * statistics.median(one.index for one in whole):8.1f} ms")
    for name, one in ours.items():
        print(f"  {name:<28}{1000 * one:10.2f} ms")
    for name, vectors in (("svm", text_vectors()), ("svm on our terms", own_vectors())):
        for cost in COSTS:
            method = LinearSvm(vectors, cost)
            theirs = statistics.median(t for asked in task.rounds for t in svm_costs(method, vectors, asked))
            parts = ", ".join(f"1/{theirs / one:.0f}" for one in ours.values())
            print(f"  {f'{name}, C {cost:g}':<28}{1000 * theirs:10.2f} ms   paperboy: {parts}")
    assert all(one > 0 for one in ours.values())
