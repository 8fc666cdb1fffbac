"""Evaluation tasks from libraries, queries and profiles, and running methods on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import log2

import pytest

from bot.errors import UserError
from bot.evaluation.run import evaluate, hidden_papers, run_method
from bot.evaluation.tasks import Kind, Sampling, fold_of, library_task, profile_task, query_task
from bot.papers.identity import title_key
from bot.papers.model import CountedPaper, Paper
from bot.profiles.model import Profile, Reference
from tests.evaluation.papers import Scripted, likes, numbered_papers
from tests.support.builders import NOW, interests


def test_a_library_task_hides_the_papers_of_the_fold() -> None:
    """A reader likes the papers outside the fold; the fold is ranked, and its liked papers are relevant."""
    folds = [["t:000", "t:001", "t:002"], ["t:003", "t:004", "t:005"]]
    task = library_task(numbered_papers(6), {"ada": ["t:000", "t:003", "t:004"]}, folds)
    (asked,) = task.rounds  # one liked paper outside the second fold is too few
    (trial,) = asked.trials
    assert asked.candidates == ("t:000", "t:001", "t:002")
    assert asked.known == ("t:003", "t:004", "t:005")
    assert trial.profile == Profile(id="ada", like=(Reference("t:003"), Reference("t:004")))
    assert trial.relevant == {"t:000": 1.0}


def test_without_folds_there_are_five_by_a_hash() -> None:
    """Every paper is ranked in exactly one round, which depends only on its id."""
    papers = numbered_papers(60)
    task = library_task(papers, {"ada": [one.paper.id for one in papers]})
    assert len(task.rounds) == 5
    assert sorted(id_ for one in task.rounds for id_ in one.candidates) == [p.paper.id for p in papers]
    assert all(len({fold_of(id_) for id_ in one.candidates}) == 1 for one in task.rounds)


def test_the_fold_of_a_paper_never_changes() -> None:
    """The fold of a paper is the same in every version, so that figures stay comparable."""
    assert [fold_of(f"arxiv:2502.1940{n}") for n in range(6)] == [0, 1, 1, 1, 3, 4]


def test_unknown_judged_ids_are_left_out_and_reported() -> None:
    """Ids that are not among the papers are listed in `missing`, for libraries, folds and queries."""
    papers = numbered_papers(6)
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
    """A query ranks all papers; grades up to 0 are not relevant; a query without a relevant paper is left out."""
    papers = numbered_papers(3)
    asked = [("wings", {"t:001": 3.0, "t:002": 0.0, "t:000": -1.0}), ("tails", {"t:001": 0.0})]
    (trial,) = query_task(papers, asked).trials
    assert trial.profile == Profile(id="wings", interests=interests("wings"))
    assert trial.relevant == {"t:001": 3.0}
    (trial,) = query_task(papers, asked, about=True).trials
    assert trial.profile == Profile(id="wings", about="wings")
    assert query_task(papers, asked).rounds[0].candidates == ("t:000", "t:001", "t:002")


def test_the_same_query_twice_makes_two_profiles() -> None:
    """Repeated queries get distinct profile ids, because a ranker identifies profiles by id."""
    task = query_task(numbered_papers(2), [("wings", {"t:000": 1.0}), ("wings", {"t:001": 1.0})])
    assert [trial.profile.id for trial in task.trials] == ["wings", "wings (2)"]


def test_a_task_without_judgements_is_an_error() -> None:
    """No reader with enough liked papers, or no query with a relevant paper, is a UserError."""
    with pytest.raises(UserError, match="no reader"):
        library_task(numbered_papers(6), {"ada": ["t:000"]})
    with pytest.raises(UserError, match="no query"):
        query_task(numbered_papers(6), [("wings", {"t:gone": 1.0})])


@dataclass
class FakeArchive:
    """Stored papers; samples are drawn from `background`."""

    papers: list[CountedPaper]
    background: list[CountedPaper]
    samples: list[tuple[int, datetime, datetime | None]] = field(default_factory=list)

    def sample(self, size: int, until: datetime, since: datetime | None = None) -> tuple[CountedPaper, ...]:
        self.samples.append((size, until, since))
        return tuple(self.background[:size])

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]:
        return tuple(one.terms for one in self.papers[:size])

    def counted(self, ids: Iterable[str]) -> tuple[CountedPaper, ...]:
        wanted = set(ids)
        return tuple(one for one in self.papers if one.paper.id in wanted)

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]:
        held = {key: one.paper for one in self.papers for key in (one.paper.id, title_key(one.paper.title))}
        return {key: held[key] for key in ids if key in held}


SAMPLING = Sampling(NOW - timedelta(days=90), NOW, background=50, archive=70)


def archive() -> FakeArchive:
    """Papers 0 to 39, of which 10 to 39 are the background."""
    papers = numbered_papers(40)
    return FakeArchive(papers, papers[10:])


def test_each_liked_paper_is_hidden_once_among_the_background() -> None:
    """Each liked paper is hidden in one of five rounds; other likes are not ranked; the rest of the profile stays."""
    profile = Profile(
        id="ada", interests=interests("wings"), like=likes(0, 1, 2, 3, 4, 10, 11), dislike=likes(12)
    )
    stored = archive()
    task = profile_task(profile, stored, SAMPLING)
    every = {reference.id for reference in profile.like}
    background = {one.paper.id for one in stored.background} - every - {"t:012"}
    assert task.kind is Kind.PROFILE
    assert stored.samples == [(50, NOW, NOW - timedelta(days=90))]
    assert sorted(id_ for trial in task.trials for id_ in trial.relevant) == sorted(every)
    assert sorted(len(trial.relevant) for trial in task.trials) == [1, 1, 1, 2, 2]
    for asked in task.rounds:
        (trial,) = asked.trials
        assert set(asked.candidates) == background | set(trial.relevant)
        assert {reference.id for reference in trial.profile.like} == every - set(trial.relevant)
        assert (trial.profile.interests, trial.profile.dislike) == (profile.interests, profile.dislike)
    assert {"t:012", "t:000"} <= {one.paper.id for one in task.papers}


def test_likes_are_found_by_title_and_counted_once() -> None:
    """A BibTeX entry counts as the stored paper with its title; one that is not stored is in `missing`."""
    by_title = Reference(title="Title of t:000")
    unknown = Reference(title="A paper of another world", abstract="Nobody has it.")
    profile = Profile(id="ada", like=(by_title, *likes(0, 1, 2, 3, 4), unknown))
    task = profile_task(profile, archive(), SAMPLING)
    assert sum(len(trial.relevant) for trial in task.trials) == 5
    assert task.missing == ("A paper of another world",)
    assert all(unknown in trial.profile.like for trial in task.trials)


def test_four_stored_likes_are_too_few() -> None:
    """With fewer than five stored likes the error names the profile, the number, and what to do."""
    profile = Profile(id="ada", like=(*likes(0, 1, 2, 3), Reference("t:999")))
    with pytest.raises(UserError, match=r"'ada' likes 4 stored papers.*at least 5.*paperboy ingest"):
        profile_task(profile, archive(), SAMPLING)


def test_other_papers_must_be_stored() -> None:
    """With only liked papers to rank, every ranking would be perfect: a UserError."""
    papers = numbered_papers(5)
    with pytest.raises(UserError, match="paperboy ingest"):
        profile_task(Profile(id="ada", like=likes(0, 1, 2, 3, 4)), FakeArchive(papers, papers), SAMPLING)


def test_means_are_over_trials_and_over_each_profiles_folds() -> None:
    """ada: 1 and 1/log2(3) in two folds; bob: 1/log2(3) in one. Means are over all trials."""
    folds = [["t:000", "t:001"], ["t:002", "t:003"], ["t:004", "t:005"]]
    liked = {"ada": ["t:000", "t:003", "t:004", "t:005"], "bob": ["t:001", "t:002", "t:003"]}
    task = library_task(numbered_papers(6), liked, folds)
    # ada in the folds: {0}, {3}, {4, 5}; bob: {1}, and {2, 3} with too few liked papers outside.
    result = run_method(task, Scripted("x"))
    second = 1 / log2(3)
    assert result.by_profile == pytest.approx({"ada": (1 + second + 1) / 3, "bob": second})
    assert result.means["ndcg@10"] == pytest.approx((1 + second + 1 + second) / 4)
    assert result.means["mrr"] == pytest.approx((1 + 1 / 2 + 1 + 1 / 2) / 4)


def test_only_the_best_parameters_of_a_method_are_reported() -> None:
    """The best by mean nDCG@10 is kept, in whatever order the parameters were tried."""
    task = query_task(numbered_papers(20), [("wings", {"t:019": 1.0})])
    good = Scripted("svm", backwards=True, parameters={"C": 1.0})
    poor = Scripted("svm", parameters={"C": 0.1})
    for order in ((good, poor), (poor, good)):
        ours, svm = evaluate(task, [Scripted("paperboy"), *order]).results
        assert (ours.name, svm.name, svm.parameters) == ("paperboy", "svm", {"C": 1.0})
        assert svm.means["ndcg@10"] == 1


def test_progress_is_reported_for_each_trial() -> None:
    """The callback gets the method's name after each trial."""
    task = query_task(numbered_papers(3), [("wings", {"t:000": 1.0}), ("tails", {"t:001": 1.0})])
    steps: list[str] = []
    evaluate(task, [Scripted("x"), Scripted("y")], steps.append)
    assert steps == ["x", "x", "y", "y"]


def test_hidden_papers_are_reported_with_their_ranks() -> None:
    """Of a PROFILE task and its first method, best rank first; other tasks have none."""
    profile = Profile(id="ada", like=likes(0, 1, 2, 3, 39))
    done = evaluate(
        profile_task(profile, archive(), SAMPLING), [Scripted("x"), Scripted("y", backwards=True)]
    )
    hidden = hidden_papers(done)
    assert [(one.paper.id, one.place, one.candidates) for one in hidden] == [
        ("t:000", 1, 30),
        ("t:001", 1, 30),
        ("t:002", 1, 30),
        ("t:003", 1, 30),
        ("t:039", 30, 30),
    ]
    assert (
        hidden_papers(evaluate(query_task(numbered_papers(3), [("w", {"t:000": 1.0})]), [Scripted("x")]))
        == ()
    )
