"""Reasons, fit, places, votes, relevance and the order of papers."""

from __future__ import annotations

import pytest

from bot.papers.model import Paper
from bot.profiles.model import Match
from bot.ranking.facets import ABOUT_WEIGHT
from bot.ranking.linear import MANY_VOTES
from bot.ranking.model import Threshold, match_of
from bot.ranking.order import HALF_FIT
from tests.ranking.helpers import HAN, corpus, find, ids, rank, ranker, reasons, scores
from tests.support.builders import interests, make_paper, make_profile, rank_among

# --- Reasons ----------------------------------------------------------------------------------------------


def test_reasons_are_named_as_the_reader_wrote_them() -> None:
    """A phrase and its words are shown as in the profile, not as stems."""
    profile = make_profile("Reward Modelling", about="Policies of kings.")
    named = reasons(rank(profile, corpus("Reward models, policy")), "a")
    assert {"Reward Modelling", "Reward", "Modelling", "Policies"} == set(named)
    assert list(named.values()) == sorted(named.values(), reverse=True)


def test_phrase_of_three_words_is_a_reason_as_a_whole() -> None:
    """It is the largest reason."""
    weights = reasons(rank(make_profile("Deep World Models"), corpus("On deep world models")), "a")
    assert next(iter(weights)) == "Deep World Models"


def test_a_term_of_two_facets_is_one_reason() -> None:
    """The shares of two facets with the same term are added up."""
    papers = corpus("Robots")
    alone = reasons(rank(make_profile("robots"), papers), "a")["robots"]
    both = reasons(rank(make_profile("robots", about="robots"), papers), "a")
    assert both == {"robots": pytest.approx((1 + ABOUT_WEIGHT) * alone)}


def test_parts_of_interests() -> None:
    """Terms that are not all of an interest, unless they are a part of another one or of `about`."""
    papers = corpus("Robots and world models")
    profile = make_profile("robots", "world models", "world", about="models")
    found = rank(profile, papers).reasons(papers[0])
    assert {reason.term: reason.is_part for reason in found} == {
        "robots": False,
        "world models": False,
        "world": True,
        "models": True,
    }


@pytest.mark.parametrize(("models", "is_specific"), [(10, True), (11, False)])
def test_general_terms(models: int, is_specific: bool) -> None:
    """A term that more than a tenth of the archive has is general, unless it is an interest."""
    archive = [make_paper(f"m{n}", "Models" if n < models else "Bread") for n in range(100)]
    candidate = make_paper("a", "Models of robots")
    for profile, expected in (
        (make_profile("robots, models"), is_specific),
        (make_profile(about="models"), is_specific),
        (make_profile("models"), True),
        (make_profile("models", about="models"), True),
        (make_profile("robots, models", "models"), True),
    ):
        found = rank_among(ranker([profile], [candidate], archive), profile, [candidate]).reasons(candidate)
        assert {reason.term: reason.is_specific for reason in found}["models"] is expected


# --- Fit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("some", [(), ("robots", "tea"), (("robots", 4.0), ("tea", 0.25))])
def test_fit_by_the_formula(some: tuple[str | tuple[str, float], ...]) -> None:
    """1 - 2^(-score / `HALF_FIT`), whatever the interests' number and weights; 0 for negative scores."""
    profile = make_profile(*some, about="bread", avoid=interests("salt"), authors=(HAN,))
    papers = [
        *corpus("Robots", "Robots and tea", "Tea and salt", "Salt", "Bread"),
        make_paper("f", authors=(HAN,)),
    ]
    for one in rank(profile, papers).best_first():
        assert one.fit == pytest.approx(1 - 2 ** (-max(one.score, 0) / HALF_FIT))


@pytest.mark.parametrize(
    ("fit", "match"),
    [
        (1.0, Match.STRONG),
        (0.7, Match.STRONG),
        (0.699, Match.GOOD),
        (0.5, Match.GOOD),
        (0.499, Match.PARTIAL),
        (0.25, Match.PARTIAL),
        (0.249, None),
        (0.0, None),
    ],
)
def test_a_fit_as_a_word(fit: float, match: Match | None) -> None:
    """Each word begins at a quarter more."""
    assert match_of(fit) is match


@pytest.mark.parametrize(
    ("abstract", "match"),
    [
        ("robot cups break today", Match.GOOD),
        ("robot cups. Robot. Robot", Match.STRONG),
        (f"robot {'tea. ' * 11}", Match.PARTIAL),
    ],
)
def test_words_for_an_interest(abstract: str, match: Match | None) -> None:
    """In an abstract of average length once is good and three times is strong; once in a long one is partial."""
    others = [make_paper(f"o{n}", "", abstract="bread butter milk tea") for n in range(20)]
    candidate = make_paper("a", "", abstract=abstract)
    ranking = rank_among(ranker([p := make_profile("robot")], [candidate], others), p, [candidate])
    assert match_of(find(ranking, "a").fit) is match


# --- Places -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "limit", "turn"),
    [
        ((1, 1), 2, "ae bcdfg"),  # one each, though b is better than e
        ((1, 1), 3, "abe cdfg"),  # what remains goes to the best
        ((1, 1), 4, "abef cdg"),
        ((3, 1), 4, "abce dfg"),
        ((1, 1), 7, "abcdefg"),  # enough for all: by score
        ((1, 9), 4, "aefg bcd"),  # three for tea; what remains goes to the best
        ((1, 9), 5, "abefg cd"),  # fewer papers than its share: the rest goes to the best of the others
        ((1, 1), 1, "a bcdefg"),
        ((0.7, 0.7), 6, "abcefg d"),  # three each, though 6 * 0.7 / 1.4 rounds down
    ],
)
def test_places_of_a_full_digest(weights: tuple[float, float], limit: int, turn: str) -> None:
    """In proportion to the weights, best first within each; papers with a place come first, each part by score."""
    robots = (f"Robots {'robots ' * n}" for n in (9, 8, 7, 6))
    papers = corpus(*robots, "Tea one two", "Tea one two three", "Tea one two three four")
    ranking = rank(make_profile(*zip(("robots", "tea"), weights, strict=True)), papers)
    found = [one.paper.id[-1] for one in ranking.in_turn(Threshold(), limit)]
    assert found == list(turn.replace(" ", ""))


@pytest.mark.parametrize(
    ("floor", "shown"),
    [
        (Threshold(), "abc"),
        (Threshold(fit=0.7), "ab"),
        (Threshold(relevance=85.0), "a"),
        (Threshold(relevance=100.0), ""),
    ],
)
def test_only_papers_that_reach_the_threshold_are_in_turn(floor: Threshold, shown: str) -> None:
    """By fit or by relevance; with `rest` the others follow, best first, and those that do not match last."""
    papers = corpus("Robots", "Robots and bread", "Robots and bread, tea, figs and milk", "Salt")
    ranking = rank(make_profile("robots", avoid=interests("salt")), papers)
    assert [one.paper.id[-1] for one in ranking.in_turn(floor, 10)] == list(shown)
    assert [one.paper.id for one in ranking.in_turn(floor, 10, rest=True)] == [
        one.paper.id for one in ranking.best_first()
    ]


# --- Votes ------------------------------------------------------------------------------------------------


def voted(votes: int | None, title: str = "Robots", id_: str = "a") -> Paper:
    return make_paper(id_, title, votes=votes)


def test_votes_are_a_visible_share() -> None:
    """A hundred votes have the weight of a perfect match; `trending` is the share of the votes."""
    papers = [*corpus(), voted(MANY_VOTES), voted(0, id_="b"), voted(None, id_="c")]
    ranking = rank(make_profile("robots", trending=0.25), papers)
    text = pytest.approx(0.75 * scores(rank(make_profile("robots"), papers))["a"])
    assert reasons(ranking, "a") == {"robots": text, "votes: 100": pytest.approx(0.25)}
    assert reasons(ranking, "b") == reasons(ranking, "c") == {"robots": text}
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


@pytest.mark.parametrize("floor", [Threshold(), Threshold(fit=0.5), Threshold(relevance=80)])
def test_papers_that_reach_a_threshold_are_counted(floor: Threshold) -> None:
    """As many as are shown in turn, among the given papers and among others; the ranking stays as it is."""
    papers = corpus("Robots", "Robots and tea and bread and salt and a long walk", "Bread")
    profile = make_profile("robots")
    model = ranker([profile], papers, papers)
    ranking = rank_among(model, profile, papers[1:])
    other = ranking.among(1 << papers.index(papers[0]))
    assert ids(other) == ["a"]
    assert other.count(floor) == 1
    assert ranking.count(floor) == len(list(ranking.in_turn(floor, limit=1)))
    assert ranking.among(0).count(floor) == 0
