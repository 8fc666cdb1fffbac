"""How rankings by liked papers get better with their number.

OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_number_of_likes.py -s -n 0
"""

from __future__ import annotations

from bot.evaluation.baselines import Centroid, Paperboy, Vectors
from bot.evaluation.measures import MAIN
from bot.evaluation.run import run_method
from bot.store.papers import Papers
from tests.benchmarks.archive import needs_archive
from tests.benchmarks.ratios import main_figures, ratio
from tests.benchmarks.reading_lists import SvmOfReader, list_task, with_likes
from tests.benchmarks.sets import library, needs_sets

NUMBERS = (1, 3, 10, 30, 100)


@needs_archive
@needs_sets
def test_number_of_likes(archive: Papers) -> None:
    """On readers' libraries, and on lists made of the archive's categories; two draws of the likes."""
    for title, task in (("library", library()), ("lists by category", list_task(archive))):
        vectors = Vectors(task.papers)
        rivals = {"mean": Centroid(vectors), "svm, C 1": SvmOfReader(vectors, 1.0)}
        print(
            f"\n{title}: {MAIN} by the number of likes; paperboy's ratio with its 90 % interval over readers"
        )
        print(f"  likes rankings paperboy{'mean':>9}{'svm, C 1':>37}")
        for number in NUMBERS:
            drawn = with_likes(task, number)
            ours = main_figures(run_method(drawn, Paperboy(drawn)))
            line = f"  {number:5}{len(ours.values):9}{ours.mean:9.4f}"
            for method in rivals.values():
                theirs = main_figures(run_method(drawn, method))
                line += f"{theirs.mean:9.4f} {ratio(ours, theirs):<27}"
            print(line.rstrip())
            assert len(ours.values) > 0
