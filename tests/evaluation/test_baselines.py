"""The baselines that Paperboy is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.cli.output import tables
from bot.evaluation.baselines import COSTS, Bm25, Centroid, LikesAlone, LinearSvm, Paperboy, Vectors, methods
from bot.evaluation.run import Method, evaluate
from bot.evaluation.tasks import Round, Task, Trial, library_task, query_task
from bot.papers.model import CountedPaper
from bot.presentation.console import console
from bot.profiles.model import Profile
from bot.ranking.counts import counts
from tests.evaluation.papers import Scripted, likes, numbered_papers
from tests.support.builders import interests, make_paper

BIRDS = ("birds sing at dawn", "birds sing in spring", "young birds learn to sing")
STEEL = ("steel bridges rust", "steel bridges crack", "welded steel bridges")


def texts(*titles: str) -> list[CountedPaper]:
    """Papers t:000, t:001, ... with these titles."""
    made = (make_paper(f"t:{n:03d}", title=title) for n, title in enumerate(titles))
    return [CountedPaper(one, counts(one.title, one.abstract)) for one in made]


def birds_task() -> Task:
    """A reader who likes two papers on birds looks for the third, which is last by id."""
    papers = texts(*STEEL, *BIRDS)
    fold = ["t:000", "t:001", "t:005"]
    return library_task(papers, {"ada": ["t:003", "t:004", "t:005"]}, [fold])


@pytest.mark.parametrize(
    "make", [Paperboy, *(lambda task, c=c: LinearSvm(Vectors(task.papers), c) for c in COSTS)]
)
def test_a_method_ranks_the_similar_paper_first(make: Callable[[Task], Method]) -> None:
    """Every candidate is ranked once, and the one on birds is first."""
    task = birds_task()
    (order,) = make(task).rank(task.rounds[0])
    assert sorted(order) == ["t:000", "t:001", "t:005"]
    assert order[0] == "t:005"


def test_the_centroid_ranks_by_cosine_to_the_mean() -> None:
    """With `ox` liked twice and `elk` once, `ox` is first and `gnu` last; ties are in order of id."""
    papers = texts("ox", "ox", "elk", "gnu", "elk", "ox", "gnu")
    asked = Round(
        ("t:003", "t:004", "t:005", "t:006"), (), (Trial(Profile(id="ada", like=likes(0, 1, 2)), {}),)
    )
    (order,) = Centroid(Vectors(papers)).rank(asked)
    assert order == ["t:005", "t:004", "t:003", "t:006"]


def test_an_svm_with_one_class_keeps_the_order_of_ids() -> None:
    """When every known paper is liked there is no second class to separate."""
    papers = texts(*BIRDS, *STEEL)
    asked = Round(("t:002", "t:003"), ("t:000", "t:001"), (Trial(Profile(id="ada", like=likes(0, 1)), {}),))
    (order,) = LinearSvm(Vectors(papers), 1.0).rank(asked)
    assert order == ["t:002", "t:003"]


def test_bm25_stems_and_skips_stop_words() -> None:
    """`bird songs` finds `birds` and `song`; a query of stop words keeps the order of ids."""
    pytest.importorskip("bm25s")
    papers = texts(*STEEL, "the birds of spring", "a song of birds")
    task = query_task(papers, [("bird songs", {"t:004": 1.0}), ("of the", {"t:000": 1.0})])
    first, second = Bm25(papers).rank(task.rounds[0])
    assert first[:2] == ["t:004", "t:003"]
    assert second == [one.paper.id for one in papers]


def test_baselines_depend_on_the_kind_of_task() -> None:
    """No SVM for queries, no BM25 for libraries; Paperboy is always first."""
    papers = texts(*STEEL, *BIRDS)
    names = [one.name for one in methods(birds_task())]
    assert names == ["paperboy", "centroid", "svm", "svm", "svm"]
    names = [one.name for one in methods(query_task(papers, [("steel", {"t:000": 1.0})]))]
    assert names[:2] == ["paperboy", "centroid"]
    assert "svm" not in names
    assert [one.name for one in methods(birds_task(), baselines=False)] == ["paperboy"]


def test_a_profile_with_interests_is_also_ranked_by_likes_alone() -> None:
    """Baselines see only liked papers, so Paperboy is also run with the liked papers only."""
    alone = birds_task()
    ((asked,), (trial,)) = alone.rounds, alone.trials
    wants = replace(trial.profile, interests=interests("welded steel bridges"))
    task = replace(alone, rounds=(replace(asked, trials=(replace(trial, profile=wants),)),))
    (first,) = Paperboy(alone).rank(asked)
    assert [one.name for one in methods(task)][:3] == ["paperboy", "paperboy, likes alone", "centroid"]
    assert list(LikesAlone(task).rank(task.rounds[0])) == [first]


def test_a_ratio_to_zero_is_a_dash() -> None:
    """The table shows a dash where a baseline's measure is 0."""
    task = query_task(numbered_papers(200), [("wings", {"t:000": 1.0})])
    done = evaluate(task, [Scripted("paperboy"), Scripted("rival", backwards=True)])
    with (printed := console()).capture() as shown:
        printed.print(tables.evaluation_tables(done))
    ratios = next(line.split() for line in shown.get().splitlines() if " / " in line)
    assert ratios == ["paperboy", "/", "rival", "-", "200.00", "200.00", "-", "-"]
