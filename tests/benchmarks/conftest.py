"""What the benchmarks share. They print figures side by side and never fail for being slow; run them with

OMP_NUM_THREADS=1 python -m pytest tests/benchmarks -s -n 0
"""

from __future__ import annotations

import os
import time

import pytest

from bot.ranking.counts import counts
from bot.store.papers import Papers
from tests.benchmarks.archive import store_archive
from tests.benchmarks.corpus import Corpus

#: Stored papers of the ranking benchmark; the growth benchmark multiplies some of them.
STORED = 100_000
#: A day's new papers.
DAY = 1_500
#: Days that the growth benchmark needs: five and one to warm up, on each of two databases.
DAYS = 12


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """The stored papers, and after them the days' new ones."""
    started = time.perf_counter()
    made = Corpus(STORED + DAYS * DAY)
    for number in range(0, made.size, made.size // 7):
        told = "the made-up counts are none that bot.ranking.counts would make: see corpus.py"
        assert made.packed[number] == counts(made.title(number), made.abstract(number)), told
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(f"\n\n{made.size:,} made-up papers in {time.perf_counter() - started:.0f} s")
    print(f"{cores} cores, shared with others: load {load:.1f} at the start")
    return made


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """The real papers of ../shared/archive: takes 20 to 40 seconds, once a session."""
    return store_archive(tmp_path_factory.mktemp("archive"))
