"""What the measures say of an order, which tasks files and profiles make, and how methods are compared."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import log2
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.output import tables
from bot.errors import UserError
from bot.evaluation import tasks
from bot.evaluation.baselines import COSTS, Bm25, Centroid, LikesAlone, LinearSvm, Paperboy, Vectors, methods
from bot.evaluation.files import read_papers, read_task
from bot.evaluation.measures import MEASURES, grade_ranking
from bot.evaluation.tasks import (
    Kind,
    Method,
    Round,
    Sampling,
    Task,
    Trial,
    evaluate,
    fold_of,
    hidden_papers,
    library_task,
    profile_task,
    query_task,
    run_method,
)
from bot.papers.identity import title_key
from bot.papers.model import CountedPaper, Paper
from bot.presentation.console import console
from bot.profiles.model import Profile, Reference
from bot.ranking.counts import counts
from tests.support.builders import NOW, interests, make_paper

LONG = [f"p{n}" for n in range(1, 201)]


def paper(id_: str) -> CountedPaper:
    return CountedPaper(make_paper(f"t:{id_}" if ":" not in id_ else id_, title=f"Title of {id_}"), b"")


def some_papers(number: int) -> list[CountedPaper]:
    return [paper(f"t:{n:03d}") for n in range(number)]


def measured(name: str, order: Sequence[str], relevant: Mapping[str, float]) -> float:
    return MEASURES[name](grade_ranking(order, relevant))


# --- Measures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "relevant", "expected"),
    [
        ("ab", {"a": 1}, 1.0),
        ("ba", {"a": 1}, 1 / log2(3)),  # the second place is discounted
        ("xyz", {"a": 1}, 0.0),
        ("xab", {"a": 1, "b": 1}, (1 / log2(3) + 1 / log2(4)) / (1 + 1 / log2(3))),
        ("ba", {"a": 3, "b": 1}, (1 + 3 / log2(3)) / (3 + 1 / log2(3))),  # linear: not 7 for a grade of 3
        ("axb", {"a": 2, "b": 2}, (2 + 2 / log2(4)) / (2 + 2 / log2(3))),
        (LONG, {"p10": 1}, 1 / log2(11)),
        (LONG, {"p11": 1}, 0.0),  # beyond the tenth place
        (LONG[:10], dict.fromkeys(LONG[:20], 1.0), 1.0),  # no order of ten has more
    ],
)
def test_ndcg(order: Sequence[str], relevant: Mapping[str, float], expected: float) -> None:
    """nDCG@10 with the grade as gain, and log2(place + 1) as discount."""
    assert measured("ndcg@10", order, relevant) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("order", "relevant", "expected"),
    [
        ("ab", {"a": 1}, 1.0),
        ("xa", {"a": 1}, 1 / 2),
        ("axb", {"a": 1, "b": 1}, (1 / 1 + 2 / 3) / 2),
        ("xaxb", {"a": 4, "b": 1}, (1 / 2 + 2 / 4) / 2),  # grades above 0 are all alike
        ("ax", {"a": 1, "b": 1}, (1 / 1 + 0) / 2),  # what is not in the order adds nothing
        ("x", {"a": 1}, 0.0),
    ],
)
def test_average_precision(order: Sequence[str], relevant: Mapping[str, float], expected: float) -> None:
    """The mean over the relevant papers of the precision at each one's place."""
    assert measured("map", order, relevant) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("order", "relevant", "expected"),
    [("ab", {"a": 1, "b": 1}, 1.0), ("xya", {"a": 2}, 1 / 3), ("xy", {"a": 1}, 0.0)],
)
def test_reciprocal_rank(order: Sequence[str], relevant: Mapping[str, float], expected: float) -> None:
    """One over the place of the first relevant paper."""
    assert measured("mrr", order, relevant) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("relevant", "at_10", "at_100"),
    [
        (["p1", "p10"], 2 / 2, 2 / 2),
        (["p10", "p11"], 1 / 2, 2 / 2),
        (["p5", "p50", "p100", "p101"], 1 / 4, 3 / 4),
        (["p200"], 0 / 1, 0 / 1),
        (LONG[:20], 10 / 20, 20 / 20),  # more are relevant than ten places hold
    ],
)
def test_recall(relevant: list[str], at_10: float, at_100: float) -> None:
    """The share of the relevant papers that is found by the tenth and the hundredth place."""
    grades = dict.fromkeys(relevant, 1.0)
    assert measured("recall@10", LONG, grades) == pytest.approx(at_10)
    assert measured("recall@100", LONG, grades) == pytest.approx(at_100)


GRADES = st.dictionaries(
    st.sampled_from(LONG[:40]), st.floats(0.01, 5).map(lambda x: round(x, 2)), min_size=1
)


@given(GRADES, st.permutations(LONG[:40]))
def test_measures_lie_between_0_and_1(relevant: dict[str, float], order: list[str]) -> None:
    """Whatever the order and the grades."""
    for name in MEASURES:
        assert 0 <= measured(name, order, relevant) <= 1


@given(GRADES, st.permutations(LONG[:40]))
def test_the_best_order_gets_1_and_no_other_gets_more(relevant: dict[str, float], order: list[str]) -> None:
    """By descending grade: nDCG, MAP, MRR and recall@100 are 1; recall@10 is all that ten places can hold."""
    best = sorted(order, key=lambda id_: -relevant.get(id_, 0.0))
    for name in ("ndcg@10", "map", "mrr", "recall@100"):
        assert measured(name, best, relevant) == pytest.approx(1)
    assert measured("recall@10", best, relevant) == pytest.approx(min(10 / len(relevant), 1))
    for name in MEASURES:
        assert measured(name, order, relevant) <= measured(name, best, relevant) + 1e-12


@given(GRADES, st.permutations(LONG[:40]), st.data())
def test_a_swap_towards_the_front_never_lowers_a_measure(
    relevant: dict[str, float], order: list[str], data: st.DataObject
) -> None:
    """A paper that changes places with an earlier one of a lower grade."""
    first, second = sorted(data.draw(st.lists(st.integers(0, 39), min_size=2, max_size=2, unique=True)))
    if relevant.get(order[first], 0.0) >= relevant.get(order[second], 0.0):
        return
    better = list(order)
    better[first], better[second] = order[second], order[first]
    for name in MEASURES:
        assert measured(name, better, relevant) >= measured(name, order, relevant) - 1e-12


@given(GRADES, st.permutations(LONG[:40]), st.sampled_from([0.5, 2.0, 10.0]))
def test_the_unit_of_grades_does_not_matter(
    relevant: dict[str, float], order: list[str], unit: float
) -> None:
    """Gains are linear: all grades times a number give the same measures."""
    scaled = {id_: unit * grade for id_, grade in relevant.items()}
    for name in MEASURES:
        assert measured(name, order, scaled) == pytest.approx(measured(name, order, relevant))


def test_nothing_relevant_has_no_measure() -> None:
    """It would be 0 / 0."""
    with pytest.raises(ValueError, match="relevant"):
        grade_ranking(["a"], {})


# --- Tasks ------------------------------------------------------------------------------------------------


def test_libraries_hide_what_is_in_the_fold() -> None:
    """The profile likes the library outside the fold; relevant is what is in it; the fold's papers are ranked."""
    folds = [["t:000", "t:001", "t:002"], ["t:003", "t:004", "t:005"]]
    task = library_task(some_papers(6), {"ada": ["t:000", "t:003", "t:004"]}, folds)
    (asked,) = task.rounds  # outside the second fold there is one liked paper: too few
    (trial,) = asked.trials
    assert asked.candidates == ("t:000", "t:001", "t:002")
    assert asked.known == ("t:003", "t:004", "t:005")
    assert trial.profile == Profile(id="ada", like=(Reference("t:003"), Reference("t:004")))
    assert trial.relevant == {"t:000": 1.0}


def test_without_folds_a_hash_makes_five() -> None:
    """Every paper is ranked in one round, the one that its id alone says."""
    papers = some_papers(60)
    task = library_task(papers, {"ada": [one.paper.id for one in papers]})
    assert len(task.rounds) == 5
    assert sorted(id_ for one in task.rounds for id_ in one.candidates) == [p.paper.id for p in papers]
    assert all(len({fold_of(id_) for id_ in one.candidates}) == 1 for one in task.rounds)


def test_the_fold_of_a_paper_never_changes() -> None:
    """Figures of today and of next year are of the same folds."""
    assert [fold_of(f"arxiv:2502.1940{n}") for n in range(6)] == [0, 1, 1, 1, 3, 4]


def test_judged_ids_that_are_not_among_the_papers_are_left_out_and_told() -> None:
    """In libraries, folds and queries alike."""
    papers = some_papers(6)
    folds = [["t:000", "t:gone"], [f"t:{n:03d}" for n in range(1, 6)]]
    task = library_task(papers, {"ada": ["t:000", "t:001", "t:002", "t:lost"]}, folds)
    assert task.missing == ("t:gone", "t:lost")
    assert {id_ for one in task.rounds for id_ in (*one.candidates, *one.known)} == {
        p.paper.id for p in papers
    }
    asked = query_task(papers, [("wings", {"t:001": 3, "t:lost": 4})])
    assert asked.missing == ("t:lost",)
    assert asked.trials[0].relevant == {"t:001": 3}


def test_a_query_is_a_profile_with_one_interest_or_about() -> None:
    """All papers are ranked; grades of 0 and less are not relevant; a query without a relevant paper is left out."""
    papers = some_papers(3)
    asked = [("wings", {"t:001": 3.0, "t:002": 0.0, "t:000": -1.0}), ("tails", {"t:001": 0.0})]
    (trial,) = query_task(papers, asked).trials
    assert trial.profile == Profile(id="wings", interests=interests("wings"))
    assert trial.relevant == {"t:001": 3.0}
    (trial,) = query_task(papers, asked, about=True).trials
    assert trial.profile == Profile(id="wings", about="wings")
    assert query_task(papers, asked).rounds[0].candidates == ("t:000", "t:001", "t:002")


def test_the_same_query_twice_makes_two_profiles() -> None:
    """A ranker knows profiles by their ids."""
    task = query_task(some_papers(2), [("wings", {"t:000": 1.0}), ("wings", {"t:001": 1.0})])
    assert [trial.profile.id for trial in task.trials] == ["wings", "wings (2)"]


def test_nothing_to_judge_is_told() -> None:
    """No reader with enough liked papers, no query with a relevant one."""
    with pytest.raises(UserError, match="no reader"):
        library_task(some_papers(6), {"ada": ["t:000"]})
    with pytest.raises(UserError, match="no query"):
        query_task(some_papers(6), [("wings", {"t:gone": 1.0})])


# --- One's own profile ------------------------------------------------------------------------------------


@dataclass
class Shelf:
    """Stored papers; those of `background` are what a sample draws."""

    papers: list[CountedPaper]
    background: list[CountedPaper]
    asked: list[tuple[int, datetime, datetime | None]] = field(default_factory=list)

    def sample(self, size: int, until: datetime, since: datetime | None = None) -> tuple[CountedPaper, ...]:
        self.asked.append((size, until, since))
        return tuple(self.background[:size])

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]:
        return tuple(one.terms for one in self.papers[:size])

    def counted(self, ids: Iterable[str]) -> tuple[CountedPaper, ...]:
        wanted = set(ids)
        return tuple(one for one in self.papers if one.paper.id in wanted)

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]:
        held = {key: one.paper for one in self.papers for key in (one.paper.id, title_key(one.paper.title))}
        return {key: held[key] for key in ids if key in held}


EXTENT = Sampling(NOW - timedelta(days=90), NOW, background=50, archive=70)


def shelf() -> Shelf:
    """Papers 0 to 39; 10 to 39 are the background's."""
    papers = some_papers(40)
    return Shelf(papers, papers[10:])


def likes(*numbers: int) -> tuple[Reference, ...]:
    return tuple(Reference(f"t:{n:03d}") for n in numbers)


def test_each_liked_paper_is_hidden_once_among_the_background() -> None:
    """In five rounds; the rest of the profile stays; what it names already is not ranked."""
    profile = Profile(
        id="ada", interests=interests("wings"), like=likes(0, 1, 2, 3, 4, 10, 11), dislike=likes(12)
    )
    stock = shelf()
    task = profile_task(profile, stock, EXTENT)
    every = {reference.id for reference in profile.like}
    background = {one.paper.id for one in stock.background} - every - {"t:012"}
    assert task.kind is Kind.PROFILE
    assert stock.asked == [(50, NOW, NOW - timedelta(days=90))]
    assert sorted(id_ for trial in task.trials for id_ in trial.relevant) == sorted(every)
    assert sorted(len(trial.relevant) for trial in task.trials) == [1, 1, 1, 2, 2]
    for asked in task.rounds:
        (trial,) = asked.trials
        assert set(asked.candidates) == background | set(trial.relevant)
        assert {reference.id for reference in trial.profile.like} == every - set(trial.relevant)
        assert (trial.profile.interests, trial.profile.dislike) == (profile.interests, profile.dislike)
    assert {"t:012", "t:000"} <= {one.paper.id for one in task.papers}


def test_likes_are_found_by_title_and_counted_once() -> None:
    """A BibTeX entry of a stored paper is that paper; one that is not stored stays liked and is told."""
    by_title = Reference(title="Title of t:000")
    unknown = Reference(title="A paper of another world", abstract="Nobody has it.")
    profile = Profile(id="ada", like=(by_title, *likes(0, 1, 2, 3, 4), unknown))
    task = profile_task(profile, shelf(), EXTENT)
    assert sum(len(trial.relevant) for trial in task.trials) == 5
    assert task.missing == ("A paper of another world",)
    assert all(unknown in trial.profile.like for trial in task.trials)


def test_four_stored_likes_are_too_few() -> None:
    """The error names the profile, the number, and what to do."""
    profile = Profile(id="ada", like=(*likes(0, 1, 2, 3), Reference("t:999")))
    with pytest.raises(UserError, match=r"'ada' likes: 4,.*at least 5.*paperboy ingest"):
        profile_task(profile, shelf(), EXTENT)


def test_there_must_be_papers_to_find_them_among() -> None:
    """Liked papers alone are in any order the best."""
    papers = some_papers(5)
    with pytest.raises(UserError, match="paperboy ingest"):
        profile_task(Profile(id="ada", like=likes(0, 1, 2, 3, 4)), Shelf(papers, papers), EXTENT)


# --- Methods side by side ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scripted:
    """Ranks in the order of the ids, or against it."""

    name: str
    backwards: bool = False
    parameters: Mapping[str, float] = field(default_factory=dict)

    def rank(self, asked: Round) -> Iterator[Sequence[str]]:
        for _ in asked.trials:
            yield asked.candidates[::-1] if self.backwards else asked.candidates


def test_means_are_over_trials_and_over_each_profiles_folds() -> None:
    """ada: 1 and 1/log2(3) in two folds; bob: 1/log2(3) in one. The mean is over all three."""
    folds = [["t:000", "t:001"], ["t:002", "t:003"], ["t:004", "t:005"]]
    liked = {"ada": ["t:000", "t:003", "t:004", "t:005"], "bob": ["t:001", "t:002", "t:003"]}
    task = library_task(some_papers(6), liked, folds)
    # ada in the folds: {0}, {3}, {4, 5}; bob: {1}, and {2, 3} with one liked paper left outside, which is too few.
    result = run_method(task, Scripted("x"))
    second = 1 / log2(3)
    assert result.by_profile == pytest.approx({"ada": (1 + second + 1) / 3, "bob": second})
    assert result.means["ndcg@10"] == pytest.approx((1 + second + 1 + second) / 4)
    assert result.means["mrr"] == pytest.approx((1 + 1 / 2 + 1 + 1 / 2) / 4)


def test_of_one_methods_parameters_the_best_stands() -> None:
    """By its mean nDCG@10, whichever came first, with the parameters that gave it."""
    task = query_task(some_papers(20), [("wings", {"t:019": 1.0})])
    good = Scripted("svm", backwards=True, parameters={"C": 1.0})
    poor = Scripted("svm", parameters={"C": 0.1})
    for order in ((good, poor), (poor, good)):
        ours, svm = evaluate(task, [Scripted("paperboy"), *order]).results
        assert (ours.name, svm.name, svm.parameters) == ("paperboy", "svm", {"C": 1.0})
        assert svm.means["ndcg@10"] == 1


def test_every_trial_is_a_step() -> None:
    """For each method, by its name."""
    task = query_task(some_papers(3), [("wings", {"t:000": 1.0}), ("tails", {"t:001": 1.0})])
    steps: list[str] = []
    evaluate(task, [Scripted("x"), Scripted("y")], steps.append)
    assert steps == ["x", "x", "y", "y"]


def test_hidden_papers_are_told_with_their_places() -> None:
    """Only of one's own profile, and by the first method, best place first."""
    profile = Profile(id="ada", like=likes(0, 1, 2, 3, 39))
    done = evaluate(profile_task(profile, shelf(), EXTENT), [Scripted("x"), Scripted("y", backwards=True)])
    told = hidden_papers(done)
    assert [(one.paper.id, one.place, one.candidates) for one in told] == [
        ("t:000", 1, 30),
        ("t:001", 1, 30),
        ("t:002", 1, 30),
        ("t:003", 1, 30),
        ("t:039", 30, 30),
    ]
    assert hidden_papers(evaluate(query_task(some_papers(3), [("w", {"t:000": 1.0})]), [Scripted("x")])) == ()


# --- Baselines --------------------------------------------------------------------------------------------

BIRDS = ("birds sing at dawn", "birds sing in spring", "young birds learn to sing")
STEEL = ("steel bridges rust", "steel bridges crack", "welded steel bridges")


def texts(*titles: str) -> list[CountedPaper]:
    """Papers t:000, t:001, ... with these titles."""
    made = (make_paper(f"t:{n:03d}", title=title) for n, title in enumerate(titles))
    return [CountedPaper(one, counts(one.title, one.abstract)) for one in made]


def birds_task() -> Task:
    """Who likes two papers on birds looks for the third, which comes last by its id."""
    papers = texts(*STEEL, *BIRDS)
    fold = ["t:000", "t:001", "t:005"]
    return library_task(papers, {"ada": ["t:003", "t:004", "t:005"]}, [fold])


@pytest.mark.parametrize(
    "make", [Paperboy, *(lambda task, c=c: LinearSvm(Vectors(task.papers), c) for c in COSTS)]
)
def test_a_method_finds_what_is_like_the_liked_papers(make: Callable[[Task], Method]) -> None:
    """Every candidate once, the one on birds first."""
    task = birds_task()
    (order,) = make(task).rank(task.rounds[0])
    assert sorted(order) == ["t:000", "t:001", "t:005"]
    assert order[0] == "t:005"


def test_the_centroid_is_the_cosine_to_the_mean() -> None:
    """Papers of one word: liked are `ox` twice and `elk` once, so `ox` comes first, `gnu` last; ties by id."""
    papers = texts("ox", "ox", "elk", "gnu", "elk", "ox", "gnu")
    asked = Round(
        ("t:003", "t:004", "t:005", "t:006"), (), (Trial(Profile(id="ada", like=likes(0, 1, 2)), {}),)
    )
    (order,) = Centroid(Vectors(papers)).rank(asked)
    assert order == ["t:005", "t:004", "t:003", "t:006"]


def test_an_svm_without_a_contrast_keeps_the_order_of_the_ids() -> None:
    """Every known paper is liked: there is nothing to part them from."""
    papers = texts(*BIRDS, *STEEL)
    asked = Round(("t:002", "t:003"), ("t:000", "t:001"), (Trial(Profile(id="ada", like=likes(0, 1)), {}),))
    (order,) = LinearSvm(Vectors(papers), 1.0).rank(asked)
    assert order == ["t:002", "t:003"]


def test_bm25_stems_and_skips_stop_words() -> None:
    """`bird songs` finds `birds` and `song`; a query of stop words keeps the order of the ids."""
    pytest.importorskip("bm25s")
    papers = texts(*STEEL, "the birds of spring", "a song of birds")
    task = query_task(papers, [("bird songs", {"t:004": 1.0}), ("of the", {"t:000": 1.0})])
    first, second = Bm25(papers).rank(task.rounds[0])
    assert first[:2] == ["t:004", "t:003"]
    assert second == [one.paper.id for one in papers]


def test_each_kind_of_task_has_its_rivals() -> None:
    """No SVM for queries, no BM25 for libraries; Paperboy comes first."""
    papers = texts(*STEEL, *BIRDS)
    names = [one.name for one in methods(birds_task())]
    assert names == ["paperboy", "centroid", "svm", "svm", "svm"]
    names = [one.name for one in methods(query_task(papers, [("steel", {"t:000": 1.0})]))]
    assert names[:2] == ["paperboy", "centroid"]
    assert "svm" not in names
    assert [one.name for one in methods(birds_task(), baselines=False)] == ["paperboy"]


def test_likes_alone_stand_beside_a_profile_that_wants_more() -> None:
    """The baselines are told of likes only, so Paperboy is once as well; it then finds what it finds for them."""
    alone = birds_task()
    ((asked,), (trial,)) = alone.rounds, alone.trials
    wants = replace(trial.profile, interests=interests("welded steel bridges"))
    task = replace(alone, rounds=(replace(asked, trials=(replace(trial, profile=wants),)),))
    (first,) = Paperboy(alone).rank(asked)
    assert [one.name for one in methods(task)][:3] == ["paperboy", "paperboy, likes alone", "centroid"]
    assert list(LikesAlone(task).rank(task.rounds[0])) == [first]


def test_a_ratio_to_nothing_is_a_dash() -> None:
    """A baseline may find nothing at all: the table says so, and the command does not fail."""
    task = query_task(some_papers(200), [("wings", {"t:000": 1.0})])
    done = evaluate(task, [Scripted("paperboy"), Scripted("rival", backwards=True)])
    with (printed := console()).capture() as shown:
        printed.print(tables.evaluation_tables(done))
    ratios = next(line.split() for line in shown.get().splitlines() if " / " in line)
    assert ratios == ["paperboy", "/", "rival", "-", "200.00", "200.00", "-", "-"]


# --- Files ------------------------------------------------------------------------------------------------


def count(title: str, abstract: str) -> bytes:
    return f"{title}|{abstract}".encode()


def written(folder: Path, name: str, *lines: Any) -> Path:
    path = folder / name
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["papers.jsonl", "papers.jsonl.gz", "papers.whatever.gz"])
def test_papers_are_read_gzipped_or_not(tmp_path: Path, name: str) -> None:
    """Ids as they are; null and missing text is empty; other fields and blank lines are passed over."""
    first = {"id": "x:1", "title": "One", "abstract": "Of one.", "authors": 7}
    second = {"id": "2", "title": None}
    path = written(tmp_path, name, first, "", second)
    steps: list[str] = []
    one, two = read_papers(path, count, steps.append)
    assert (one.paper.id, one.paper.title, one.paper.abstract, one.terms) == (
        "x:1",
        "One",
        "Of one.",
        b"One|Of one.",
    )
    assert (two.paper.id, two.paper.title, two.paper.abstract) == ("2", "", "")
    assert steps == ["line 1", "line 2", "line 3"]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('{"id": "x:2",', "no JSON at column"),
        ("[1]", "a paper is an object"),
        ('{"title": "x"}', "without an `id`"),
        ('{"id": 3, "title": "x"}', "`id` is no text"),
        ('{"id": "x:2", "title": ["x"]}', "`title` is no text"),
        ('{"id": "x:1", "title": "x"}', "second paper with the id x:1"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_every_unreadable_line_is_named(tmp_path: Path, line: str, word: str) -> None:
    """File and line of each, in one go."""
    path = written(tmp_path, "papers.jsonl", {"id": "x:1", "title": "One"}, line, {"id": "x:3"}, line)
    with pytest.raises(UserError) as told:
        read_papers(path, count)
    first, second = str(told.value).split("\n")
    assert first.startswith(f"{path}:2: ")
    assert second.startswith(f"{path}:4: ")
    assert word in str(told.value)


def test_of_many_unreadable_lines_some_are_named(tmp_path: Path) -> None:
    """Ten, and how many more."""
    path = written(tmp_path, "papers.jsonl", *["?"] * 25)
    with pytest.raises(UserError, match=r":10: no JSON[^\n]*\nand 15 more$"):
        read_papers(path, count)


def test_bytes_that_are_no_utf8_are_named(tmp_path: Path) -> None:
    """Of a paper's line and of the judgements' file."""
    path = tmp_path / "x"
    path.write_bytes(b'{"id": "x:1"}\n{"id": "\xff\xfe"}\n')
    with pytest.raises(UserError, match=r"x:2: not UTF-8"):
        read_papers(path, count)
    path.write_bytes(b'{"libraries":\n {"\xff": []}}')
    with pytest.raises(UserError, match=r"x:2: not UTF-8"):
        read_task(path, some_papers(1))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "No such file"),
        (b"", "no papers"),
        (gzip.compress(b'{"id": "x:1"}\n' * 99)[:30], "breaks off"),
        (gzip.compress(b"x" * 99)[:-8] + b"12345678", "CRC"),
    ],
    ids=["missing", "empty", "cut", "damaged"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, word: str) -> None:
    """Missing, empty, and gzip data that breaks off or is damaged."""
    path = tmp_path / "papers"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as told:
        read_papers(path, count)
    assert str(told.value).startswith(str(path))
    assert word in str(told.value)


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({"users": {}}, "neither"),
        (7, "neither"),
        ('{"libraries":\n {"ada": [}}', ":2: no JSON at column"),
        ({"libraries": []}, "`libraries` is no object"),
        ({"libraries": {"ada": "t:000"}}, "the library of 'ada'"),
        ({"libraries": {"ada": [1]}}, "the library of 'ada'"),
        ({"libraries": {}, "folds": {}}, "`folds` is no list"),
        ({"libraries": {}, "folds": [["t:000"], [None]]}, "fold 2"),
        (["wings"], "query 1"),
        ([{"query": "wings", "relevant": {}}, {"query": "wings"}], "query 2"),
        ([{"query": "wings", "relevant": {"t:000": "3"}}], "query 1: the grade of t:000"),
        ([{"query": "wings", "relevant": {"t:000": True}}], "query 1: the grade of t:000"),
        ('[{"query": "wings", "relevant": {"t:000": NaN}}]', "query 1: the grade of t:000"),
    ],
)
def test_judgements_of_another_form_are_refused(tmp_path: Path, document: Any, word: str) -> None:
    """With the file's name, and the line or the part that is wrong."""
    path = written(tmp_path, "judged.json", document)
    with pytest.raises(UserError) as told:
        read_task(path, some_papers(3))
    assert str(told.value).startswith(f"{path}:")
    assert word in str(told.value)


def test_the_task_is_told_by_its_form(tmp_path: Path) -> None:
    """Libraries with and without folds, and queries; gzip as well."""
    papers = some_papers(6)
    ids = [one.paper.id for one in papers]
    both = {"libraries": {"ada": ids[:4]}, "folds": [ids[:2], ids[2:]]}
    task = read_task(written(tmp_path, "a.json", both), papers)
    assert (task.kind, len(task.rounds)) == (Kind.LIBRARIES, 2)
    task = read_task(written(tmp_path, "b.json", {"libraries": {"ada": ids}}), papers)
    assert task.kind is Kind.LIBRARIES
    listed = [{"query": "wings", "relevant": {ids[0]: 2}}]
    task = read_task(written(tmp_path, "c.json.gz", listed), papers, about=True)
    assert (task.kind, task.trials[0].profile.about) == (Kind.QUERIES, "wings")


def test_the_main_measure_comes_first() -> None:
    """Tables and documents begin with what methods are compared by."""
    assert next(iter(tasks.MEASURES)) == tasks.MAIN
