"""Scores, their reasons, and relevance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from bot.papers.model import Paper
from bot.profiles.model import Mute, Profile, Reference
from bot.ranking import linear
from bot.ranking.linear import MANY_VOTES, Ranker
from bot.ranking.model import RankedPaper
from bot.ranking.order import Ranking
from tests.support.builders import counted, interests, make_paper, make_profile, rank_among

HAN = "Seungwook Han"
FILLER = (
    "Sparse graphs and their colourings in bounded time",
    "Protein folding with diffusion",
    "Lattice codes over noisy channels",
    "Speech recognition for small languages",
    "Galaxy surveys with wide telescopes",
    "Compilers that verify their own output",
)


def corpus(*titles: str) -> list[Paper]:
    """Papers a, b, c ... with these titles, and others about something else."""
    papers = [make_paper(chr(ord("a") + n), title) for n, title in enumerate(titles)]
    return papers + [make_paper(f"z{n}", title) for n, title in enumerate(FILLER)]


def ranker(
    profiles: Sequence[Profile],
    window: Sequence[Paper],
    background: Sequence[Paper],
    liked: Sequence[Paper] = (),
) -> Ranker:
    """The archive is the background."""
    old = [counted(paper) for paper in background]
    new = [counted(paper) for paper in window]
    return Ranker(
        [one.terms for one in old], old, new, profiles, {paper.id: counted(paper) for paper in liked}
    )


def rank(profile: Profile, papers: Sequence[Paper], *others: Profile, liked: Sequence[Paper] = ()) -> Ranking:
    """All the papers are candidates, archive and background."""
    return rank_among(ranker([profile, *others], papers, papers, liked), profile, papers)


def scores(ranking: Ranking) -> dict[str, float]:
    return {one.paper.id.removeprefix("test:"): one.score for one in ranking.best_first()}


def found(ranking: Ranking, id_: str) -> RankedPaper:
    return next(one for one in ranking.best_first() if one.paper.id == f"test:{id_}")


def followed(ranking: Ranking) -> int:
    return len(list(ranking.by_followed_authors()))


def reasons(ranking: Ranking, id_: str) -> dict[str, float]:
    return {reason.term: reason.weight for reason in ranking.reasons(found(ranking, id_).paper)}


def ids(ranking: Ranking, *, matching: bool = False) -> list[str]:
    order = (one for one in ranking.best_first() if one.matches or not matching)
    return [one.paper.id.removeprefix("test:") for one in order]


# --- What ranks above what --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "phrase",
    [
        "world models",
        "theory of mind",
        "deep world models",
        "vision-language",
        "few-shot learning",
        "chain-of-thought",
    ],
)
def test_phrase_ranks_above_its_scattered_words(phrase: str) -> None:
    """A text with the phrase suits better than one with the same words apart."""
    first, *rest = phrase.replace("-", " ").split()
    papers = corpus(f"On {phrase} today", f"On {' '.join(reversed(rest))} today {first}", "On bread today")
    got = scores(rank(make_profile(phrase), papers))
    assert got["a"] > got["b"] > got["c"] == 0


@pytest.mark.parametrize("phrase", ["world models", "theory of mind", "deep world models"])
def test_a_phrase_is_met_as_a_whole(phrase: str) -> None:
    """Its words apart are worth less than half of it."""
    papers = corpus(f"{phrase} today", ". ".join(phrase.split()))
    got = scores(rank(make_profile(phrase), papers))
    assert 0 < got["b"] < got["a"] / 2


def test_a_phrase_is_met_over_a_link_and_in_other_forms() -> None:
    """ "Models of worlds" is no world model, but "world-modelling" is."""
    papers = corpus("World models", "World-modelling", "Models of worlds", "Worlds. Models")
    got = scores(rank(make_profile("world models"), papers))
    assert got["a"] == got["b"] > 2 * got["c"]
    assert got["c"] == got["d"] > 0


def test_title_counts_more_than_abstract() -> None:
    """What a paper is named after, it is about."""
    papers = [
        *corpus(),
        make_paper("a", "Robots in kitchens", abstract="About bread"),
        make_paper("b", "Bread in kitchens", abstract="About robots"),
    ]
    assert ids(rank(make_profile("robots"), papers), matching=True) == ["a", "b"]


def test_rare_word_counts_more_than_common_one() -> None:
    """Of two words of one interest, the one that few papers have tells more."""
    papers = corpus("Quagga facts", "Bread facts", *["Bread and butter"] * 8)
    got = scores(rank(make_profile("bread, quagga"), papers))
    assert got["a"] > got["b"] > 0


def test_weight_raises() -> None:
    """Twice the weight is twice the share of the score."""
    papers = corpus("On world models", "On robots")
    plain = scores(rank(make_profile("world models", "robots"), papers))
    heavy = scores(rank(make_profile(("world models", 2.0), "robots"), papers))
    assert heavy["a"] == pytest.approx(2 * plain["a"])
    assert heavy["b"] == pytest.approx(plain["b"])


def test_avoid_lowers() -> None:
    """What is avoided is a negative reason, named as the reader wrote it."""
    papers = corpus("Robots in medical imaging", "Robots in kitchens")
    ranking = rank(make_profile("robots", avoid=interests(("medical imaging", 2.0))), papers)
    got = scores(ranking)
    assert got["b"] > 0 > got["a"]
    assert reasons(ranking, "a")["medical imaging"] < 0


def test_liked_neighbour_is_a_reason() -> None:
    """A paper that resembles a liked one is raised, and says which."""
    liked = make_paper("liked", "Robots that stack cups", abstract="Curiosity drives them.")
    papers = corpus("Curiosity and cups", "Bread and butter")
    ranking = rank(make_profile(like=(Reference("test:liked"),)), papers, liked=[liked])
    assert list(reasons(ranking, "a")) == ["like: Robots that stack cups"]
    assert [one.matches for one in ranking.best_first()][:2] == [True, False]


def test_dislike_lowers() -> None:
    """A paper that resembles a disliked one is lowered, and says which."""
    entry = Reference(title="Cups of tea", abstract="Tea from cups.")  # of a BibTeX file
    ranking = rank(make_profile("robots", dislike=(entry,)), corpus("Robots and cups", "Robots and bread"))
    assert scores(ranking)["a"] < scores(ranking)["b"]
    assert reasons(ranking, "a")["unlike: Cups of tea"] < 0


def test_what_every_paper_says_is_no_likeness() -> None:
    """A paper that shares with a liked one only what all papers share is not like it."""
    words = "bread tea cups milk salt rice corn honey wine beer oil fish eggs nuts figs plums pears kale peas robots"
    papers = [make_paper(word, f"Deep networks. {word}") for word in words.split()]
    profile = make_profile(like=(Reference(title="Deep networks. Robots"),))
    assert ids(rank(profile, papers), matching=True) == ["robots"]


def test_liked_papers_share_one_weight() -> None:
    """A library does not outweigh the interests by its length: its papers' mean counts."""
    liked = Reference(title="Robots and cups")
    papers = corpus("Robots and cups")
    twice = rank(make_profile(like=(liked, liked)), papers)
    assert scores(twice)["a"] == pytest.approx(scores(rank(make_profile(like=(liked,)), papers))["a"])
    assert list(reasons(twice, "a")) == ["like: Robots and cups"]


def test_each_liked_paper_is_a_reason_of_its_own() -> None:
    """The share is told by title: who is nearer gave more."""
    liked = (Reference(title="Robots and cups"), Reference(title="Robots and tea"))
    told = reasons(rank(make_profile(like=liked), corpus("Robots and cups of milk", "Tea")), "a")
    assert told["like: Robots and cups"] > told["like: Robots and tea"] > 0


def test_unresolved_reference_is_left_out() -> None:
    """A liked paper that is not stored yet changes nothing."""
    papers = corpus("Robots and cups")
    profile = make_profile("robots", like=(Reference("arxiv:2301.00001"),))
    assert scores(rank(profile, papers)) == scores(rank(make_profile("robots"), papers))


def test_stored_text_goes_before_a_bibtex_entry() -> None:
    """A reference by id is the stored paper, whatever else the reference says."""
    papers = corpus("Robots and cups", "Bread and butter")
    profile = make_profile(like=(Reference("test:liked", title="Bread and butter"),))
    told = reasons(rank(profile, papers, liked=[make_paper("liked", "Robots and cups")]), "a")
    assert list(told) == ["like: Robots and cups"]


def test_followed_author_is_marked() -> None:
    """An author counts as much as a paper that fits; a sum of two people's names is no author."""
    papers = [
        *corpus("Robots and bread"),
        make_paper("han", "Bread", authors=("Ada Other", "S. Han")),
        make_paper("not", "Bread", authors=("Seungwook Lee", "Donghun Han")),
    ]
    ranking = rank(make_profile("robots", authors=(HAN,)), papers)
    assert reasons(ranking, "han") == {f"author: {HAN}": 1.0}
    assert set(ids(ranking, matching=True)) == {"a", "han"}
    assert (found(ranking, "han").interest, found(ranking, "han").relevance) == (
        "",
        pytest.approx(100 * 7 / 9),
    )
    assert followed(ranking) == 1


def test_followed_author_is_on_top_of_the_text() -> None:
    """Of two papers with the same text, the followed author's scores one more."""
    papers = [*corpus(), make_paper("a", "Robots"), make_paper("b", "Robots", authors=(HAN,))]
    got = scores(rank(make_profile("robots", authors=(HAN,)), papers))
    assert got["b"] == pytest.approx(got["a"] + 1)


def test_author_written_twice_counts_as_the_reasons_say() -> None:
    """A name that stands twice in a profile does not break the sum."""
    papers = [*corpus(), make_paper("han", "Bread", authors=(HAN,))]
    ranking = rank(make_profile(authors=(HAN, HAN, "S. Han")), papers)
    assert math.fsum(reasons(ranking, "han").values()) == pytest.approx(scores(ranking)["han"])
    assert followed(ranking) == 1


def test_followed_authors_of_other_papers_do_not_count() -> None:
    """Of the papers that were asked about only."""
    papers = [*corpus(), make_paper("han", "Bread", authors=(HAN,))]
    profile = make_profile(authors=(HAN,))
    model = ranker([profile], papers, papers)
    assert followed(rank_among(model, profile, papers[:-1])) == 0
    assert followed(rank_among(model, profile, papers)) == 1


# --- Reasons ----------------------------------------------------------------------------------------------


def test_reasons_are_named_as_the_reader_wrote_them() -> None:
    """A phrase and its words are shown as in the profile, not as stems."""
    profile = make_profile("Reward Modelling", about="I study policies.")
    named = reasons(rank(profile, corpus("Reward models, policy")), "a")
    assert {"Reward Modelling", "Reward", "Modelling", "policies"} == set(named)
    assert list(named.values()) == sorted(named.values(), reverse=True)


def test_phrase_of_three_words_is_a_reason_as_a_whole() -> None:
    """And the largest."""
    told = reasons(rank(make_profile("Deep World Models"), corpus("On deep world models")), "a")
    assert next(iter(told)) == "Deep World Models"


def test_a_term_of_two_interests_is_one_reason() -> None:
    """What two parts of a profile write alike is added up."""
    told = reasons(rank(make_profile("robots", about="robots"), corpus("Robots")), "a")
    assert told == {"robots": pytest.approx(2.0)}


@pytest.mark.parametrize("subject", ["robots", "world models", "deep world models", "deep world models, tea"])
def test_about_is_as_good_as_its_subject(subject: str) -> None:
    """However people speak of themselves, what they work on scores as if they had named it alone."""
    papers = corpus(
        "Deep world models", "World models of robots", "Robots and tea", "Deep tea. Models, worlds"
    )
    plain = rank(make_profile(about=subject), papers)
    spoken = rank(make_profile(about=f"I study {subject}"), papers)
    assert scores(spoken) == pytest.approx(scores(plain))
    assert reasons(spoken, "a") == pytest.approx(reasons(plain, "a"))


# --- Several interests ------------------------------------------------------------------------------------

LOUD = tuple(
    f"Deep networks for {word}" for word in ("bread", "tea", "milk", "salt", "honey", "rice", "corn")
)


def test_each_interest_competes_on_its_own_scale() -> None:
    """The best paper of each scores 1, whether the world is full of such papers or has one, rare words or not."""
    papers = corpus("Quagga snarks", "Theory of mind", *LOUD)
    ranking = rank(make_profile("deep networks", "quagga snarks", "theory of mind"), papers)
    best: dict[str, float] = {}
    for one in ranking.best_first():
        best.setdefault(one.interest, one.score)
    del best[""]
    assert best == {
        "deep networks": pytest.approx(1.0),
        "quagga snarks": pytest.approx(1.0),
        "theory of mind": pytest.approx(1.0),
    }


def test_an_interest_of_many_words_is_no_louder() -> None:
    """How long a wish is written does not make it a larger one."""
    papers = corpus("Robots that cook", "Tea")
    short = scores(rank(make_profile("robots", "tea"), papers))
    long = scores(rank(make_profile("robots that cook, or maybe clean, in small kitchens", "tea"), papers))
    assert long["b"] == short["b"]
    assert long["a"] <= short["a"] * 1.01


def test_a_paper_belongs_to_the_interest_that_gave_most() -> None:
    """By weight and share; as the profile writes it."""
    papers = corpus("Robots", "Tea. Robots and bread and butter", "Lattice codes")
    ranking = rank(make_profile("Robots", "TEA"), papers)
    assert [found(ranking, id_).interest for id_ in "abc"] == ["Robots", "TEA", ""]
    heavy = rank(make_profile(("Robots", 5.0), "TEA"), papers)
    assert found(heavy, "b").interest == "Robots"


@pytest.mark.parametrize(
    "wishes", [{"about": "robots"}, {"like": (Reference(title="Robots"),)}], ids=["about", "like"]
)
def test_a_paper_of_another_part_belongs_to_no_interest(wishes: dict[str, Any]) -> None:
    """Only interests have names."""
    one = found(rank(make_profile("tea", **wishes), corpus("Robots")), "a")
    assert (one.matches, one.interest) == (True, "")


def test_what_is_avoided_names_no_interest() -> None:
    """Neither does what is only avoided, whatever its weight."""
    ranking = rank(make_profile("robots", avoid=interests(("tea", 9.0))), corpus("Robots and tea", "Tea"))
    assert [found(ranking, id_).interest for id_ in "ab"] == ["robots", ""]


# --- Fit --------------------------------------------------------------------------------------------------


def test_fit_is_0_for_any_paper_and_1_for_one_that_fits() -> None:
    """Best of the profile's parts, none by none: two half fits are no whole one."""
    ranking = rank(make_profile("robots", "tea"), corpus("Robots", "Tea", "Robots and tea", "Bread"))
    assert found(ranking, "a").fit == found(ranking, "b").fit == pytest.approx(1.0)
    assert 0 < found(ranking, "c").fit < 1
    assert found(ranking, "d").fit == 0


def test_fit_knows_no_weight() -> None:
    """How much a reader wants a thing does not make a paper more of it."""
    papers = corpus("Robots", "Tea and bread")
    plain = rank(make_profile("robots", "tea"), papers)
    heavy = rank(make_profile(("robots", 7.0), "tea"), papers)
    assert [one.fit for one in plain.best_first()] == pytest.approx([one.fit for one in heavy.best_first()])


def test_what_most_papers_have_is_no_fit() -> None:
    """An interest in what every paper says is met by those that say it more than is usual."""
    papers = corpus(*(f"Networks for {word}" for word in ("a b", "tea", "milk", "salt")), "Networks " * 5)
    usual = [make_paper(f"u{n}", "Networks for bread") for n in range(40)]
    ranking = rank(make_profile("networks"), [*papers, *usual])
    assert found(ranking, "e").fit == pytest.approx(1.0)
    assert found(ranking, "u0").fit == pytest.approx(0.0, abs=1e-9)
    assert found(ranking, "u0").score > 0.5


def test_what_is_avoided_fits_less() -> None:
    """By what it takes from the score."""
    papers = corpus("Robots and tea", "Robots and bread")
    ranking = rank(make_profile("robots", avoid=interests("tea")), papers)
    taken = reasons(ranking, "a")["tea"]
    assert found(ranking, "a").fit == pytest.approx(found(ranking, "b").fit + taken)


# --- Votes ------------------------------------------------------------------------------------------------


def voted(votes: int | None, title: str = "Robots", id_: str = "a") -> Paper:
    return make_paper(id_, title, votes=votes)


def test_votes_are_a_visible_share() -> None:
    """A hundred votes are worth a paper that fits: `trending` says how the two are mixed."""
    papers = [*corpus(), voted(MANY_VOTES), voted(0, id_="b"), voted(None, id_="c")]
    ranking = rank(make_profile("robots", trending=0.25), papers)
    assert reasons(ranking, "a") == {"robots": pytest.approx(0.75), "votes: 100": pytest.approx(0.25)}
    assert reasons(ranking, "b") == reasons(ranking, "c") == {"robots": pytest.approx(0.75)}
    assert ids(ranking, matching=True) == ["a", "b", "c"]


def test_more_votes_are_more() -> None:
    """By their logarithm: the first ones count most."""
    papers = [*corpus(), *(voted(votes, id_=str(votes)) for votes in (1, 10, 100, 1000))]
    got = scores(rank(make_profile("robots", trending=1.0), papers))
    assert got["1"] < got["10"] < got["100"] < got["1000"] < 2
    assert got["100"] == pytest.approx(1.0)
    assert got["100"] - got["10"] < got["10"]


def test_votes_alone_do_not_match() -> None:
    """A paper that nobody asked for is not sent for its votes, however high they lift it."""
    papers = [*corpus("Robots"), voted(5000, "Bread", "v")]
    ranking = rank(make_profile("robots", trending=0.9), papers)
    assert ids(ranking)[0] == "v"
    assert ids(ranking, matching=True) == ["a"]
    assert found(ranking, "v").interest == ""


def test_without_trending_votes_change_nothing() -> None:
    """No score, no relevance and no reason."""
    with_votes = rank(make_profile("robots"), [*corpus("Robots"), voted(500, "Robots", "v")])
    without = rank(make_profile("robots"), [*corpus("Robots"), voted(None, "Robots", "v")])
    assert scores(with_votes) == scores(without)
    assert reasons(with_votes, "v") == reasons(without, "v")
    assert [one.relevance for one in with_votes.best_first()] == [
        one.relevance for one in without.best_first()
    ]


def test_trending_leaves_followed_authors_alone() -> None:
    """Votes take their share from the text, not from the people."""
    papers = [*corpus(), make_paper("a", "Bread", authors=(HAN,))]
    ranking = rank(make_profile("robots", authors=(HAN,), trending=0.5), papers)
    assert reasons(ranking, "a") == {f"author: {HAN}": 1.0}
    assert scores(ranking)["a"] == 1.0


# --- Relevance and order ----------------------------------------------------------------------------------


def test_relevance_is_the_share_of_the_background_that_scores_lower() -> None:
    """Percent, strictly lower: an equal does not count, and neither does the paper itself."""
    background = corpus("Robots", "Robots and bread", "Robots and bread", "Bread")  # and 6 without either
    ranking = rank(make_profile("robots"), background)
    relevance = {one.paper.id: one.relevance for one in ranking.best_first()}
    # of 10: "Robots" is above 9; the two alike above 7 (Bread and six others); what scores 0 above none
    assert relevance["test:a"] == pytest.approx(100 * 9 / 10)
    assert relevance["test:b"] == relevance["test:c"] == pytest.approx(100 * 7 / 10)
    assert relevance["test:d"] == 0


def test_relevance_counts_below_nothing_too() -> None:
    """What is avoided scores lower than what does not match at all."""
    ranking = rank(
        make_profile("robots", avoid=interests("medical imaging")), corpus("Bread", "Medical imaging")
    )
    assert found(ranking, "a").relevance == pytest.approx(100 * 1 / 8)
    assert not found(ranking, "a").matches


def test_relevance_is_measured_against_the_background_only() -> None:
    """Other candidates do not count, and a candidate need not be of the background."""
    background = corpus("Robots and bread")
    candidates = [make_paper("new1", "Robots"), make_paper("new2", "Robots")]
    ranking = rank_among(ranker([p := make_profile("robots")], candidates, background), p, candidates)
    assert [one.relevance for one in ranking.best_first()] == [100.0, 100.0]


def test_only_the_papers_asked_about_are_ranked() -> None:
    """A model holds the window and the background; an order has what was asked for."""
    papers = corpus("Robots", "Robots and tea")
    profile = make_profile("robots")
    model = ranker([profile], papers, papers)
    assert ids(rank_among(model, profile, [papers[3], papers[1]])) == ["b", "z1"]
    assert ids(rank_among(model, profile, [])) == []
    assert (
        scores(rank_among(model, profile, papers[:1]))["a"] == scores(rank_among(model, profile, papers))["a"]
    )


def test_ties_break_by_id() -> None:
    """Equal scores stand in the order of their ids, whatever order they came in."""
    papers = [make_paper(id_, "Robots") for id_ in ("c", "a", "b")]
    for given in (papers, papers[::-1]):
        assert ids(rank(make_profile("robots"), given)) == ["a", "b", "c"]


def test_same_input_same_output() -> None:
    """Two models of the same papers agree to the last bit."""
    papers = corpus("World models for robots", "Robots and their world", "A model of bread")
    profile = make_profile(("world models", 1.7), "robots", about="Bread, and worlds of robots.")
    one, other = rank(profile, papers), rank(profile, papers)
    assert list(one.best_first()) == list(other.best_first())
    assert [one.reasons(p) for p in papers] == [other.reasons(p) for p in papers]


# --- Many profiles ----------------------------------------------------------------------------------------

MANY = [
    make_profile("robots", id="one", about="I bake bread."),
    make_profile("tea", ("deep world models", 2.0), id="two", avoid=interests("salt")),
    make_profile(id="three"),
    make_profile(id="four", like=(Reference(title="Robots and tea"),), dislike=(Reference(title="Salt"),)),
    make_profile("robots", id="five", authors=(HAN,), trending=0.3),
]
KITCHEN = corpus("Robots and bread", "Deep world models of tea", "Salt and tea", "Robots", "Tea of robots")


@pytest.mark.parametrize(("chunk", "cells"), [(1, 4_000_000), (256, 1), (2, 4_000_000), (256, 150)])
@pytest.mark.parametrize("turn", [1, -1], ids=["in their order", "backwards"])
def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch, chunk: int, cells: int, turn: int) -> None:
    """However few profiles are scored together, and in whatever order they are asked for."""
    whole = ranker(MANY, KITCHEN, KITCHEN)
    expected = {profile.id: list(rank_among(whole, profile, KITCHEN).best_first()) for profile in MANY}
    monkeypatch.setattr(linear, "CHUNK", chunk)
    monkeypatch.setattr(linear, "CELLS", cells)
    model = ranker(MANY, KITCHEN, KITCHEN)
    for profile in MANY[::turn]:
        ranking = rank_among(model, profile, KITCHEN)
        assert list(ranking.best_first()) == expected[profile.id]
        for one in expected[profile.id]:
            told = math.fsum(reason.weight for reason in ranking.reasons(one.paper))
            assert told == pytest.approx(one.score, abs=1e-9)


def test_a_ranking_outlives_the_next_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reasons and its order can still be asked for when other profiles were scored since."""
    monkeypatch.setattr(linear, "CHUNK", 1)
    model = ranker(MANY, KITCHEN, KITCHEN)
    first = rank_among(model, MANY[0], KITCHEN)
    before = list(first.best_first()), first.reasons(KITCHEN[0])
    rank_among(model, MANY[1], KITCHEN)
    assert (list(first.best_first()), first.reasons(KITCHEN[0])) == before


def test_few_scores_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk ends where the memory would: papers times parts of profiles, at least one profile."""
    papers = len(KITCHEN)  # 11; the profiles have 4, 6, 3, 3 and 4 parts
    for cells, expected in ((papers * 10, 2), (papers * 10 - 1, 1), (papers * 13, 3), (0, 1), (10_000, 5)):
        monkeypatch.setattr(linear, "CELLS", cells)
        model = ranker(MANY, KITCHEN, KITCHEN)
        model.scored(MANY[0])
        assert len(model._chunk_scores) == expected


# --- Little or nothing to go by ---------------------------------------------------------------------------


def test_what_nothing_speaks_for_does_not_match() -> None:
    """No term, no neighbour, no author: no match, even if something speaks against it."""
    ranking = rank(make_profile("robots", avoid=interests("bread")), corpus("Robots", "Bread", "Tea"))
    assert ids(ranking, matching=True) == ["a"]


def test_what_is_avoided_still_matches() -> None:
    """A paper with a term of the profile matches even where another term outweighs it."""
    ranking = rank(make_profile(("robots", 0.1), avoid=interests("bread")), corpus("Robots and bread"))
    *_, last = ranking.best_first()
    assert (last.paper.id, last.matches, last.score < 0) == ("test:a", True, True)


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"about": "of the and"},
        {"interests": interests("the who")},  # stop words alone: `paperboy check` says so
        {"interests": interests("", "!?")},
        {"avoid": interests("of", "42")},
        {"like": (Reference(),)},
        {"like": (Reference(title="the who", abstract="of"),)},
        {"dislike": (Reference(title=" "),)},
        {"authors": ("",)},
        {"mute": Mute(terms=("x",))},
        {"trending": 1.0},
    ],
    ids=lambda wishes: next(iter(wishes), "nothing"),
)
@pytest.mark.parametrize("background", [[], corpus("Robots")], ids=["no archive", "an archive"])
@pytest.mark.parametrize("papers", [[], corpus("Robots")], ids=["no papers", "papers"])
def test_empty_parts_do_not_raise(
    wishes: dict[str, Any], background: list[Paper], papers: list[Paper]
) -> None:
    """Nothing to go by is an order of papers that do not match, with no relevance."""
    profile = make_profile(**wishes)
    order = list(rank_among(ranker([profile], papers, background), profile, papers).best_first())
    assert len(order) == len(papers)
    assert {(one.score, one.relevance, one.matches, one.fit, one.interest) for one in order} <= {
        (0.0, 0.0, False, 0.0, "")
    }


def test_no_profiles() -> None:
    """A model for nobody is made without complaint."""
    assert ranker([], KITCHEN, KITCHEN).places.keys() == {paper.id for paper in KITCHEN}


def test_interest_that_the_archive_does_not_know() -> None:
    """A term that no sampled paper has still finds the candidate that does, words and phrases alike."""
    candidates = [make_paper("new", "Quagga snark theory of boojum"), make_paper("old", "Bread")]
    profile = make_profile("snark", "theory of boojum")
    ranking = rank_among(ranker([profile], candidates, corpus("Bread")), profile, candidates)
    assert ids(ranking, matching=True) == ["new"]
    assert found(ranking, "new").relevance == 100.0
    assert {"snark", "theory of boojum"} <= set(reasons(ranking, "new"))


def test_a_first_day_without_background_still_ranks() -> None:
    """Scores are on the scale of what says the interest once; there is nothing to be more relevant than."""
    papers = corpus("Robots", "Robots and tea")
    ranking = rank_among(ranker([p := make_profile("robots")], papers, []), p, papers)
    assert ids(ranking, matching=True) == ["a", "b"]
    assert {one.relevance for one in ranking.best_first()} == {0.0}
    assert 0 < found(ranking, "b").score < found(ranking, "a").score < 4


def test_a_paper_of_a_hundred_thousand_words() -> None:
    """It is ranked, below the one that is about the interest and nothing else, and can be liked."""
    text = ". ".join(f"word{n % 999}" for n in range(100_000))
    papers = [*map(counted, corpus("Robots")), long := counted(make_paper("long", "Robots", abstract=text))]
    profiles = [make_profile("robots"), make_profile(id="liking", like=(Reference("test:long"),))]
    model = Ranker([one.terms for one in papers], papers, papers, profiles, {"test:long": long})
    asks, likes = (rank_among(model, profile, model.papers) for profile in profiles)
    assert ids(asks, matching=True) == ["a", "long"]
    assert ids(likes)[0] == "long"
    for ranking in (asks, likes):
        for one in ranking.best_first():
            told = math.fsum(reason.weight for reason in ranking.reasons(one.paper))
            assert told == pytest.approx(one.score, abs=1e-9)
