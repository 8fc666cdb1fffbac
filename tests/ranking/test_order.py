"""Reasons, fit, votes, relevance and the order of papers."""

from __future__ import annotations

import pytest

from bot.papers.model import Paper
from bot.ranking.linear import MANY_VOTES
from tests.ranking.helpers import HAN, corpus, find, ids, rank, ranker, reasons, scores
from tests.support.builders import interests, make_paper, make_profile, rank_among

# --- Reasons ----------------------------------------------------------------------------------------------


def test_reasons_are_named_as_the_reader_wrote_them() -> None:
    """A phrase and its words are shown as in the profile, not as stems."""
    profile = make_profile("Reward Modelling", about="I study policies.")
    named = reasons(rank(profile, corpus("Reward models, policy")), "a")
    assert {"Reward Modelling", "Reward", "Modelling", "policies"} == set(named)
    assert list(named.values()) == sorted(named.values(), reverse=True)


def test_phrase_of_three_words_is_a_reason_as_a_whole() -> None:
    """It is the largest reason."""
    weights = reasons(rank(make_profile("Deep World Models"), corpus("On deep world models")), "a")
    assert next(iter(weights)) == "Deep World Models"


def test_a_term_of_two_interests_is_one_reason() -> None:
    """The shares of two facets with the same term are added up."""
    weights = reasons(rank(make_profile("robots", about="robots"), corpus("Robots")), "a")
    assert weights == {"robots": pytest.approx(2.0)}


@pytest.mark.parametrize("subject", ["robots", "world models", "deep world models", "deep world models, tea"])
def test_about_scores_as_its_subject(subject: str) -> None:
    """Words such as "I study" change nothing."""
    papers = corpus(
        "Deep world models", "World models of robots", "Robots and tea", "Deep tea. Models, worlds"
    )
    plain = rank(make_profile(about=subject), papers)
    spoken = rank(make_profile(about=f"I study {subject}"), papers)
    assert scores(spoken) == pytest.approx(scores(plain))
    assert reasons(spoken, "a") == pytest.approx(reasons(plain, "a"))


# --- Fit --------------------------------------------------------------------------------------------------


def test_fit_is_0_for_an_ordinary_paper_and_1_for_one_that_fits() -> None:
    """The best facet counts: two facets that fit by half do not make a paper fit."""
    ranking = rank(make_profile("robots", "tea"), corpus("Robots", "Tea", "Robots and tea", "Bread"))
    assert find(ranking, "a").fit == find(ranking, "b").fit == pytest.approx(1.0)
    assert 0 < find(ranking, "c").fit < 1
    assert find(ranking, "d").fit == 0


def test_fit_does_not_depend_on_weights() -> None:
    """A facet's weight does not change how well a paper fits it."""
    papers = corpus("Robots", "Tea and bread")
    plain = rank(make_profile("robots", "tea"), papers)
    heavy = rank(make_profile(("robots", 7.0), "tea"), papers)
    assert [one.fit for one in plain.best_first()] == pytest.approx([one.fit for one in heavy.best_first()])


def test_terms_of_most_papers_do_not_fit() -> None:
    """An interest in a term that every paper has fits papers that have it more often than usual."""
    papers = corpus(*(f"Networks for {word}" for word in ("a b", "tea", "milk", "salt")), "Networks " * 5)
    usual = [make_paper(f"u{n}", "Networks for bread") for n in range(40)]
    ranking = rank(make_profile("networks"), [*papers, *usual])
    assert find(ranking, "e").fit == pytest.approx(1.0)
    assert find(ranking, "u0").fit == pytest.approx(0.0, abs=1e-9)
    assert find(ranking, "u0").score > 0.5


def test_texts_to_avoid_lower_the_fit() -> None:
    """By the same amount as the score."""
    papers = corpus("Robots and tea", "Robots and bread")
    ranking = rank(make_profile("robots", avoid=interests("tea")), papers)
    taken = reasons(ranking, "a")["tea"]
    assert find(ranking, "a").fit == pytest.approx(find(ranking, "b").fit + taken)


# --- Votes ------------------------------------------------------------------------------------------------


def voted(votes: int | None, title: str = "Robots", id_: str = "a") -> Paper:
    return make_paper(id_, title, votes=votes)


def test_votes_are_a_visible_share() -> None:
    """A hundred votes have the weight of a paper that fits; `trending` is the share of the votes."""
    papers = [*corpus(), voted(MANY_VOTES), voted(0, id_="b"), voted(None, id_="c")]
    ranking = rank(make_profile("robots", trending=0.25), papers)
    assert reasons(ranking, "a") == {"robots": pytest.approx(0.75), "votes: 100": pytest.approx(0.25)}
    assert reasons(ranking, "b") == reasons(ranking, "c") == {"robots": pytest.approx(0.75)}
    assert ids(ranking, matching=True) == ["a", "b", "c"]


def test_trending_does_not_change_author_weights() -> None:
    """The share of the votes is taken from the text, not from the authors."""
    papers = [*corpus(), make_paper("a", "Bread", authors=(HAN,))]
    ranking = rank(make_profile("robots", authors=(HAN,), trending=0.5), papers)
    assert reasons(ranking, "a") == {f"author: {HAN}": 1.0}
    assert scores(ranking)["a"] == 1.0


# --- Relevance and order ----------------------------------------------------------------------------------


def test_relevance_is_the_share_of_the_background_that_scores_lower() -> None:
    """In percent, strictly lower: papers with an equal score, and the paper itself, do not count."""
    background = corpus("Robots", "Robots and bread", "Robots and bread", "Bread")  # and 6 without either
    ranking = rank(make_profile("robots"), background)
    relevance = {one.paper.id: one.relevance for one in ranking.best_first()}
    # of 10: "Robots" is above 9; the two alike above 7 (Bread and six others); what scores 0 above none
    assert relevance["test:a"] == pytest.approx(100 * 9 / 10)
    assert relevance["test:b"] == relevance["test:c"] == pytest.approx(100 * 7 / 10)
    assert relevance["test:d"] == 0


def test_negative_scores_have_a_lower_relevance() -> None:
    """A paper with a term to avoid scores lower than one that does not match at all."""
    ranking = rank(
        make_profile("robots", avoid=interests("medical imaging")), corpus("Bread", "Medical imaging")
    )
    assert find(ranking, "a").relevance == pytest.approx(100 * 1 / 8)
    assert not find(ranking, "a").matches


def test_relevance_compares_with_the_background_only() -> None:
    """Other candidates do not count, and a candidate need not be in the background."""
    background = corpus("Robots and bread")
    candidates = [make_paper("new1", "Robots"), make_paper("new2", "Robots")]
    ranking = rank_among(ranker([p := make_profile("robots")], candidates, background), p, candidates)
    assert [one.relevance for one in ranking.best_first()] == [100.0, 100.0]


def test_only_the_given_papers_are_ranked() -> None:
    """Of all papers in the window and the background."""
    papers = corpus("Robots", "Robots and tea")
    profile = make_profile("robots")
    model = ranker([profile], papers, papers)
    assert ids(rank_among(model, profile, [papers[3], papers[1]])) == ["b", "z1"]
    assert ids(rank_among(model, profile, [])) == []
    assert (
        scores(rank_among(model, profile, papers[:1]))["a"] == scores(rank_among(model, profile, papers))["a"]
    )
