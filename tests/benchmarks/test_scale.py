"""Show 3: 10,000 profiles of mixed kinds against 1,500 new papers over a background of 100,000, side by side with
the bare sparse products that no ranking of them can do without.

The job runs in a process of its own, so that its peak memory is its own. `PAPERBOY_BENCH_PROFILES` lowers the number
of profiles; `PAPERBOY_BENCH_PROFILE=1` also prints where the time goes.
"""

from __future__ import annotations

import cProfile
import os
import pickle
import pstats
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import numpy as np
from scipy import sparse

from bot.digests.candidates import Candidates
from bot.digests.corpus import ARCHIVE_SAMPLE, BACKGROUND_SAMPLE
from bot.digests.selection import profile_threshold, select
from bot.papers.model import CountedPaper
from bot.profiles.model import Profile
from bot.ranking import linear
from bot.ranking.linear import Ranker
from tests.benchmarks.conftest import DAY, STORED
from tests.benchmarks.corpus import SEED, Corpus, identifier, mixed_profiles
from tests.support.builders import NOW

T = TypeVar("T")
PROFILES = int(os.environ.get("PAPERBOY_BENCH_PROFILES", "10000"))
PROFILED = bool(os.environ.get("PAPERBOY_BENCH_PROFILE"))
#: Profiles that are measured thrice, ranking and bare product in turn.
SUBSET = 512
#: Seconds after which the ranking of all is broken off: the benchmarks together finish in ten minutes.
LONG = 100


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a desk hands to the ranker."""

    archive: tuple[bytes, ...]
    background: tuple[CountedPaper, ...]
    window: tuple[CountedPaper, ...]
    profiles: tuple[Profile, ...]
    named: dict[str, CountedPaper]


@dataclass(slots=True)
class Times:
    """Seconds of the ranking, by its parts."""

    candidates: float = 0.0
    scores: float = 0.0  #: scores and relevance: Ranker.rank
    choice: float = 0.0  #: the best `limit` papers: bot.digests.selection.select
    chosen: list[int] = field(default_factory=list)  #: papers of each digest

    @property
    def all(self) -> float:
        return self.candidates + self.scores + self.choice


def test_ten_thousand_profiles_cost_little_more_than_their_products(corpus: Corpus, tmp_path: Path) -> None:
    """Prints time, memory, and the ratio to the bare product; the job fails only if a digest cannot be made."""
    path = tmp_path / "inputs"
    with path.open("wb") as file:
        pickle.dump(inputs(corpus), file)
    job = [sys.executable, "-m", "tests.benchmarks.test_scale", str(path)]
    subprocess.run(job, check=True, env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})


def inputs(corpus: Corpus) -> Inputs:
    """The samples have the desk's sizes; they are drawn from the stored papers."""
    drawn = np.random.default_rng(SEED).permutation(STORED)
    profiles = tuple(mixed_profiles(corpus, PROFILES, STORED))
    named = {reference.id for p in profiles for reference in (*p.like, *p.dislike)}
    before, now = NOW - timedelta(days=30), NOW - timedelta(hours=1)
    numbers = {identifier(number): number for number in range(STORED)}
    return Inputs(
        tuple(corpus.packed[number] for number in drawn[:ARCHIVE_SAMPLE]),
        tuple(corpus.counted(int(number), before) for number in drawn[:BACKGROUND_SAMPLE]),
        tuple(corpus.counted(STORED + number, now) for number in range(DAY)),
        profiles,
        {id_: corpus.counted(numbers[id_], before) for id_ in sorted(filter(None, named))},
    )


# --- The job, in its own process --------------------------------------------------------------------------


def main(path: Path) -> None:
    with path.open("rb") as file:
        given: Inputs = pickle.load(file)
    print(f"\nranking {len(given.profiles):,} profiles, {len(given.named):,} papers liked or disliked")
    print(f"  peak memory with the inputs read        {peak_memory():8.0f} MB")
    ranker, seconds = timed(lambda: make_ranker(given))
    terms, papers = len(ranker.index.keys), len(ranker.papers)
    print(
        f"  index of {papers:,} papers, {terms:,} terms     {seconds:8.2f} s (built before, not in the ratio)"
    )
    print(f"  peak memory with the index built        {peak_memory():8.0f} MB")
    candidates = Candidates([one.paper for one in given.window], NOW, ranker)
    times = rank_in_time(ranker, candidates)
    done = len(times.chosen)
    print(
        f"  {done:,} profiles ranked                  {times.all:8.2f} s = {1000 * times.all / done:.2f} ms each"
    )
    if done < len(given.profiles):
        print(f"  STOPPED; all would take about           {times.all / done * len(given.profiles):8.0f} s")
    parts = f"{times.candidates:8.2f} {times.scores:.2f} {times.choice:.2f} s"
    print(f"    candidates, scores, choice            {parts}")
    print(f"  papers chosen a digest                  {np.mean(times.chosen):8.1f}")
    print(f"  peak memory                             {peak_memory():8.0f} MB")
    if done == len(given.profiles):
        bare = sum(bare_product(*matrices(ranker, chunk)) for chunk in ranker.chunks)
        print(f"  the bare products of the same matrices  {bare:8.2f} s, ratio {times.all / bare:.2f}")
    compare(ranker, candidates)
    if PROFILED:
        show_profile(lambda: rank_all(ranker, candidates, given.profiles[:SUBSET]))


def compare(ranker: Ranker, candidates: Candidates) -> None:
    """A subset thrice, ranked and multiplied in turn: what else the machine does falls on both alike."""
    every = ranker.chunks
    some = every[:: max(1, len(every) * len(every[0]) // SUBSET)]
    if len(some) < 2:
        return  # the ranker remembers its last chunk: one alone would be free
    products = [matrices(ranker, one) for one in some]
    ranked, bare = [], []
    for _ in range(3):
        ranked.append(sum(rank_all(ranker, candidates, one).all for one in some))
        bare.append(sum(bare_product(*pair) for pair in products))
    number = sum(map(len, some))
    print(f"  {number:,} of them in turn, medians of three: {median(ranked):.2f} s and {median(bare):.2f} s")
    print(f"  ratio                                   {median(ranked) / median(bare):8.2f}")


def make_ranker(given: Inputs) -> Ranker:
    ranker = Ranker(given.archive, given.background, given.window, given.profiles, given.named)
    # What every profile shares is part of the index, although it is made when first asked for.
    ranker.rank(given.profiles[-1], 1)
    paper = given.window[0].paper
    ranker.twin(paper, [paper])
    return ranker


def rank_in_time(ranker: Ranker, candidates: Candidates) -> Times:
    """Chunk after chunk, for `LONG` seconds at most: as kinds of profiles alternate, any part is like all."""
    times = Times()
    for chunk in ranker.chunks:
        rank_all(ranker, candidates, chunk, times)
        if times.all > LONG:
            break
    return times


def rank_all(
    ranker: Ranker, candidates: Candidates, profiles: Sequence[Profile], times: Times | None = None
) -> Times:
    """Rank some profiles, one after the other, and add to the times."""
    times = times or Times()
    for profile in profiles:
        start = time.perf_counter()
        fit = candidates.of(profile)
        found = time.perf_counter()
        ranking = ranker.rank(profile, fit)
        scored = time.perf_counter()
        best = ranking.in_turn(profile_threshold(profile), profile.limit)
        choice = select(profile, ranking.by_followed_authors(), best, ranker.twin)
        end = time.perf_counter()
        times.candidates += found - start
        times.scores += scored - found
        times.choice += end - scored
        times.chosen.append(len(choice.shown))
    return times


def matrices(ranker: Ranker, profiles: Sequence[Profile]) -> tuple[Any, Any]:
    """One chunk's facets x terms, and terms x papers: what the ranker itself multiplies."""
    each, means = ranker.facets(profiles)
    texts = linear.weights_of(
        [one for some in each for one in some if not one.papers], len(ranker.index.keys)
    )
    product = ranker.day.matrix
    common = sparse.csr_array(
        (means.common.data, product.common[means.common.indices], means.common.indptr), means.rare.shape
    )
    added = sparse.csr_array((means.rare.shape[0], len(ranker.index.keys) - means.rare.shape[1]))
    of_papers = sparse.hstack([means.rare + common, added], format="csr")
    weights = sparse.csr_array(sparse.vstack([texts, of_papers]))
    postings = sparse.csr_array(sparse.vstack([product.postings, ranker._phrase_postings]))
    return linear.table(weights.data, weights.indices, weights.indptr, weights.shape), postings


def bare_product(weights: Any, postings: Any) -> float:
    """Seconds of the sparse product alone."""
    return timed(lambda: weights @ postings)[1]


def timed(call: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    made = call()
    return made, time.perf_counter() - start


def peak_memory() -> float:
    """Megabytes. Linux hands `ru_maxrss` down from the process that started this one; VmHWM begins anew."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show_profile(call: Callable[[], object]) -> None:
    profile = cProfile.Profile()
    profile.runcall(call)
    pstats.Stats(profile).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
