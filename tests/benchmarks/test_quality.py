"""How well and how fast papers are ranked beside what others do, on the sets in ../shared/eval.

    OMP_NUM_THREADS=1 python -m pytest tests/benchmarks -s -n 0

Prints figures and ratios, and fails for none of them: how fast a machine is, and what a set holds, is no mistake.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from bot.evaluation.baselines import COSTS, Bm25, Centroid, LinearSvm, Paperboy, Vectors
from bot.evaluation.files import read_papers, read_task
from bot.evaluation.measures import MAIN
from bot.evaluation.run import Method, MethodResult, run_method
from bot.evaluation.tasks import Round, Task
from bot.papers.model import CountedPaper
from bot.ranking.counts import COUNT_BITS, counts
from bot.ranking.linear import Ranker

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
RESAMPLES = 2000
#: Of the bootstrap's ratios: 90 % lie between.
TAILS = (5, 95)
SHOWN = 10  #: places of a digest: what a ranking is asked for when it is timed
#: Times that a round is served, as one is over before the machine is warm; the SVM is fitted for reader after reader.
REPEATS = 5
needs_sets = pytest.mark.skipif(not EVAL.is_dir(), reason=f"the sets are not here: {EVAL}")


@cache
def library() -> Task:
    return read_task(EVAL / "library" / "libraries.json", papers_of("library"))


def keywords(*, about: bool = False) -> Task:
    return read_task(EVAL / "keywords" / "queries.json", papers_of("keywords"), about=about)


@cache
def papers_of(name: str) -> tuple[CountedPaper, ...]:
    return read_papers(EVAL / name / "papers.jsonl.gz", counts)


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


def interval(ours: MethodResult, theirs: MethodResult) -> tuple[float, float]:
    """90 % bootstrap interval of the ratio of two means: readers are drawn with all their rankings, as one
    reader's folds are no independent samples.
    """
    readers, rows = np.unique([one.profile for one in ours.trial_results], return_inverse=True)
    draws = np.random.default_rng(0).multinomial(
        len(readers), np.full(len(readers), 1 / len(readers)), RESAMPLES
    )
    sums = [
        draws @ np.bincount(rows, [one.scores[MAIN] for one in result.trial_results])
        for result in (ours, theirs)
    ]
    low, high = np.percentile(sums[0] / sums[1], TAILS)
    return float(low), float(high)


def compare(title: str, ours: MethodResult, others: dict[str, MethodResult]) -> None:
    """Figures and ratios, a line each."""
    print(f"\n{title}: {MAIN}, mean over {len(ours.trial_results)} rankings; ratio with its 90 % interval")
    print(f"  {'paperboy':<28}{ours.means[MAIN]:.4f}")
    for name, result in others.items():
        low, high = interval(ours, result)
        ratio = ours.means[MAIN] / result.means[MAIN]
        print(f"  {name:<28}{result.means[MAIN]:.4f}   {ratio:.3f}  ({low:.3f} to {high:.3f})")


@needs_sets
def test_libraries() -> None:
    """Readers' libraries: Paperboy, the centroid, and the SVM at each C on scikit-learn's words and on ours."""
    ours = run_method(library(), Paperboy(library()))
    others = {name: run_method(library(), method) for name, method in rivals().items()}
    compare("library", ours, others)
    assert len({len(result.trial_results) for result in (ours, *others.values())}) == 1


@needs_sets
@pytest.mark.parametrize("about", [False, True], ids=["interest", "about"])
def test_queries(about: bool) -> None:
    """Short information needs: Paperboy, bm25s with its defaults, and the cosine of TF-IDF vectors."""
    task = keywords(about=about)
    ours = run_method(task, Paperboy(task))
    others = {
        "bm25s": run_method(task, Bm25(task.papers)),
        "cosine": run_method(task, Centroid(Vectors(task.papers))),
    }
    compare(f"keywords as {'about' if about else 'interest'}", ours, others)
    assert len(ours.trial_results) == len(others["bm25s"].trial_results)


# --- How fast ---------------------------------------------------------------------------------------------


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@dataclass(frozen=True)
class Cost:
    """Seconds that one round took Paperboy."""

    index: float  #: to count, weigh and turn the papers' terms, for all profiles together
    scores: float  #: for each profile after that: its weights, its scores, and the best by them, as the SVM's
    ranked: float  #: and with the relevance, the fit and the interest of the best


def paperboy_cost(task: Task, asked: Round) -> Cost:
    """One round of a task."""
    start = time.perf_counter()
    ranker = Paperboy(task).ranker(asked)
    # Whoever is asked for first waits for what is made once for all.
    serve(ranker, asked)
    index = time.perf_counter() - start
    medians = [
        statistics.median(seconds(lambda how=how: how(ranker, asked)) for _ in range(REPEATS))
        for how in (score, serve)
    ]
    return Cost(index, *(one / len(asked.trials) for one in medians))


def score(ranker: Ranker, asked: Round) -> None:
    """What the SVM does: weights, scores, and the ids of the best."""
    ranker._chunk_scores.clear()  # it remembers the scores of its last profiles
    for trial in asked.trials:
        scored = ranker.scored(trial.profile)
        weights = np.array([facet.weight for facet in scored.facets])
        assert len(best(asked.candidates, weights @ scored.similarities[:, ranker.window])) == SHOWN


def best(ids: Sequence[str], scores: NDArray[np.float64]) -> list[str]:
    """What a digest shows."""
    return [ids[place] for place in np.argsort(-scores, kind="stable")[:SHOWN]]


def serve(ranker: Ranker, asked: Round) -> None:
    """What a digest does."""
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
    for trial in asked.trials:
        liked = {reference.id for reference in trial.profile.like}
        labels = np.array([id_ in liked for id_ in asked.known])
        yield seconds(lambda labels=labels: best(asked.candidates, method.scores(known, labels, rows)))


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
        "the fold alone, scores": statistics.median(one.scores for one in alone),
        "the fold alone, ranked": statistics.median(one.ranked for one in alone),
        "with background, scores": statistics.median(one.scores for one in whole),
        "with background, ranked": statistics.median(one.ranked for one in whole),
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
