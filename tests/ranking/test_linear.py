"""Scores of papers for profiles."""

from __future__ import annotations

from typing import Any

import pytest

from bot.papers.model import Paper
from bot.profiles.model import Mute, Reference
from bot.ranking import linear
from bot.ranking.index import K1
from tests.ranking.helpers import HAN, corpus, count_followed, find, ids, rank, ranker, reasons, scores
from tests.support.builders import interests, make_paper, make_profile, rank_among

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
    """A paper with the phrase scores higher than one with the same words apart."""
    first, *rest = phrase.replace("-", " ").split()
    papers = corpus(f"On {phrase} today", f"On {' '.join(reversed(rest))} today {first}", "On bread today")
    got = scores(rank(make_profile(phrase), papers))
    assert got["a"] > got["b"] > got["c"] == 0


@pytest.mark.parametrize("phrase", ["world models", "theory of mind", "deep world models"])
def test_a_phrase_matches_as_a_whole(phrase: str) -> None:
    """Its words apart score less than half as much."""
    papers = corpus(f"{phrase} today", ". ".join(phrase.split()))
    got = scores(rank(make_profile(phrase), papers))
    assert 0 < got["b"] < got["a"] / 2


@pytest.mark.parametrize("phrase", ["chain-of-thought", "mixture of experts"])
def test_hyphens_of_a_phrase_do_not_matter(phrase: str) -> None:
    """With them or without, in the profile or in the paper."""
    spaced = phrase.replace("-", " ")
    got = scores(rank(make_profile(phrase), corpus(spaced, spaced.replace(" ", "-"))))
    assert got["a"] == got["b"] > 0


def test_a_phrase_matches_in_other_forms() -> None:
    """The phrase "world models" includes "world-modelling" but not "models of worlds"."""
    papers = corpus("World models", "World-modelling", "Models of worlds", "Worlds. Models")
    got = scores(rank(make_profile("world models"), papers))
    assert got["a"] == got["b"] > 2 * got["c"]
    assert got["c"] == got["d"] > 0


def test_title_counts_more_than_abstract() -> None:
    """The same words score more in the title."""
    papers = [
        *corpus(),
        make_paper("a", "Robots in kitchens", abstract="About bread"),
        make_paper("b", "Bread in kitchens", abstract="About robots"),
    ]
    assert ids(rank(make_profile("robots"), papers), matching=True) == ["a", "b"]


def test_rare_word_counts_more_than_common_one() -> None:
    """Of two words of one interest, the one that fewer papers have scores more."""
    papers = corpus("Quagga facts", "Bread facts", *["Bread and butter"] * 8)
    got = scores(rank(make_profile("bread, quagga"), papers))
    assert got["a"] > got["b"] > 0


def test_texts_to_avoid_lower_scores() -> None:
    """A text to avoid is a negative reason, as the reader wrote it."""
    papers = corpus("Robots in medical imaging", "Robots in kitchens")
    ranking = rank(make_profile("robots", avoid=interests(("medical imaging", 2.0))), papers)
    got = scores(ranking)
    assert got["b"] > 0 > got["a"]
    assert reasons(ranking, "a")["medical imaging"] < 0


def test_followed_authors_are_reasons() -> None:
    """An author has the weight of a perfect match; parts of two people's names do not match."""
    papers = [
        *corpus("Robots and bread"),
        make_paper("han", "Bread", authors=("Ada Other", "S. Han")),
        make_paper("not", "Bread", authors=("Seungwook Lee", "Donghun Han")),
    ]
    ranking = rank(make_profile("robots", authors=(HAN,)), papers)
    assert reasons(ranking, "han") == {f"author: {HAN}": 1.0}
    assert set(ids(ranking, matching=True)) == {"a", "han"}
    assert find(ranking, "han").interest == ""
    assert count_followed(ranking) == 1


def test_followed_authors_add_to_the_text() -> None:
    """Of two papers with the same text, the followed author's scores 1 more."""
    papers = [*corpus(), make_paper("a", "Robots"), make_paper("b", "Robots", authors=(HAN,))]
    got = scores(rank(make_profile("robots", authors=(HAN,)), papers))
    assert got["b"] == pytest.approx(got["a"] + 1)


def test_papers_by_followed_authors_are_of_those_ranked() -> None:
    """Only papers that are ranked are found."""
    papers = [*corpus(), make_paper("han", "Bread", authors=(HAN,))]
    profile = make_profile(authors=(HAN,))
    model = ranker([profile], papers, papers)
    assert count_followed(rank_among(model, profile, papers[:-1])) == 0
    assert count_followed(rank_among(model, profile, papers)) == 1


# --- Several interests ------------------------------------------------------------------------------------


def test_every_interest_has_the_same_scale() -> None:
    """Its word in a title counts the same, however rare it is and however many papers have it."""
    loud = [f"Networks for {word}" for word in ("bread", "tea", "milk", "salt", "honey", "rice", "corn")]
    got = scores(rank(make_profile("networks", "snarks"), corpus("Snarks at night", *loud)))
    assert [got[id_] for id_ in "abcdefgh"] == [pytest.approx(got["a"])] * 8
    assert got["a"] > 0


def test_a_term_once_in_an_abstract_of_average_length() -> None:
    """It has 1 / (1 + k1) of a perfect match, and so has a phrase with its parts and its acronym."""
    texts = (
        "robot cups break today",
        "world models WM today",
        "WM: world models today",
        "bread butter milk tea",
    )
    papers = [make_paper(str(n), "", abstract=text) for n, text in enumerate(texts)]
    ranking = rank(make_profile("robot", "world models"), papers)
    once = 1 / (1 + K1)
    assert reasons(ranking, "0") == {"robot": pytest.approx(once)}
    of_phrase = reasons(ranking, "1")
    assert set(of_phrase) == {"world models", "world", "models", "WM"}
    assert sum(of_phrase.values()) == pytest.approx(once)


def test_an_interest_of_many_words_has_no_more_weight() -> None:
    """A longer text does not give an interest more weight."""
    papers = corpus("Robots that cook", "Tea")
    short = scores(rank(make_profile("robots", "tea"), papers))
    long = scores(rank(make_profile("robots that cook, or maybe clean, in small kitchens", "tea"), papers))
    assert long["b"] == short["b"]
    assert long["a"] <= short["a"] * 1.01


def test_a_paper_belongs_to_the_interest_with_the_largest_share() -> None:
    """Whatever its weight; named as in the profile."""
    papers = corpus("Robots", "Tea, more tea. Robots", "Lattice codes")
    ranking = rank(make_profile("Robots", "TEA"), papers)
    assert [find(ranking, id_).interest for id_ in "abc"] == ["Robots", "TEA", ""]
    heavy = rank(make_profile(("Robots", 9.0), "TEA"), papers)
    assert find(heavy, "b").interest == "TEA"


@pytest.mark.parametrize(
    ("title", "interest"), [("Robots and tea", "robots"), ("Robots and tea, tea, tea", "")]
)
def test_about_supports_interests(title: str, interest: str) -> None:
    """A paper belongs to an interest rather than to `about` with a share of half of that of `about`."""
    ranking = rank(make_profile("robots", about="tea"), corpus(title))
    assert find(ranking, "a").interest == interest


@pytest.mark.parametrize(
    "parts", [{"about": "robots"}, {"like": (Reference(title="Robots"),)}], ids=["about", "like"]
)
def test_only_interests_have_names(parts: dict[str, Any]) -> None:
    """Only interests have names."""
    one = find(rank(make_profile("tea", **parts), corpus("Robots")), "a")
    assert (one.matches, one.interest) == (True, "")


def test_a_text_to_avoid_is_not_an_interest() -> None:
    """Whatever its weight."""
    ranking = rank(make_profile("robots", avoid=interests(("tea", 9.0))), corpus("Robots and tea", "Tea"))
    assert [find(ranking, id_).interest for id_ in "ab"] == ["robots", ""]


# --- Many profiles ----------------------------------------------------------------------------------------

MANY = [
    make_profile("robots", id="one", about="I bake bread."),
    make_profile("tea", ("deep world models", 2.0), id="two", avoid=interests("salt")),
    make_profile(id="three"),
    make_profile(id="four", like=(Reference(title="Robots and tea"),), dislike=(Reference(title="Salt"),)),
    make_profile("robots", id="five", authors=(HAN,), trending=0.3),
]
KITCHEN = corpus("Robots and bread", "Deep world models of tea", "Salt and tea", "Robots", "Tea of robots")


def test_a_ranking_stays_valid_after_the_next_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """It still gives its order and reasons after other profiles were scored."""
    monkeypatch.setattr(linear, "CHUNK", 1)
    model = ranker(MANY, KITCHEN, KITCHEN)
    first = rank_among(model, MANY[0], KITCHEN)
    before = list(first.best_first()), first.reasons(KITCHEN[0])
    rank_among(model, MANY[1], KITCHEN)
    assert (list(first.best_first()), first.reasons(KITCHEN[0])) == before


def test_chunks_are_limited_by_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk is limited by papers times facets of its profiles; it has at least one profile."""
    papers = len(KITCHEN)  # 11; the profiles have 4, 6, 3, 3 and 4 parts
    for cells, expected in ((papers * 10, 2), (papers * 10 - 1, 1), (papers * 13, 3), (0, 1), (10_000, 5)):
        monkeypatch.setattr(linear, "CELLS", cells)
        model = ranker(MANY, KITCHEN, KITCHEN)
        model.scored(MANY[0])
        assert len(model._chunk_scores) == expected


# --- Empty profiles and corpora ---------------------------------------------------------------------------


def test_papers_without_a_wanted_term_do_not_match() -> None:
    """A paper without a term, neighbour or author does not match, even if it has a term to avoid."""
    ranking = rank(make_profile("robots", avoid=interests("bread")), corpus("Robots", "Bread", "Tea"))
    assert ids(ranking, matching=True) == ["a"]


def test_papers_with_a_term_to_avoid_still_match() -> None:
    """A paper with a term of the profile matches even if a term to avoid outweighs it."""
    ranking = rank(make_profile("robots", avoid=interests(("bread", 9.0))), corpus("Robots and bread"))
    *_, last = ranking.best_first()
    assert (last.paper.id, last.matches, last.score < 0) == ("test:a", True, True)


@pytest.mark.parametrize(
    "parts",
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
    ids=lambda parts: next(iter(parts), "nothing"),
)
@pytest.mark.parametrize("background", [[], corpus("Robots")], ids=["no archive", "an archive"])
@pytest.mark.parametrize("papers", [[], corpus("Robots")], ids=["no papers", "papers"])
def test_empty_parts_do_not_raise(
    parts: dict[str, Any], background: list[Paper], papers: list[Paper]
) -> None:
    """The papers are in order, do not match, and have no relevance."""
    profile = make_profile(**parts)
    order = list(rank_among(ranker([profile], papers, background), profile, papers).best_first())
    assert len(order) == len(papers)
    assert {(one.score, one.relevance, one.matches, one.fit, one.interest) for one in order} <= {
        (0.0, 0.0, False, 0.0, "")
    }


def test_no_profiles() -> None:
    """A model can be made without profiles."""
    assert ranker([], KITCHEN, KITCHEN).places.keys() == {paper.id for paper in KITCHEN}


def test_terms_that_the_archive_does_not_have() -> None:
    """Words and phrases that no paper of the archive has are still found in candidates."""
    candidates = [make_paper("new", "Quagga snark theory of boojum"), make_paper("old", "Bread")]
    profile = make_profile("snark", "theory of boojum")
    ranking = rank_among(ranker([profile], candidates, corpus("Bread")), profile, candidates)
    assert ids(ranking, matching=True) == ["new"]
    assert find(ranking, "new").relevance == 100.0
    assert {"snark", "theory of boojum"} <= set(reasons(ranking, "new"))


def test_a_first_day_without_background_still_ranks() -> None:
    """On the same scale as with an archive; the relevance is 0."""
    papers = corpus("Robots", "Robots and tea")
    ranking = rank_among(ranker([p := make_profile("robots")], papers, []), p, papers)
    assert ids(ranking, matching=True) == ["a", "b"]
    assert {one.relevance for one in ranking.best_first()} == {0.0}
    assert 0 < find(ranking, "b").score < find(ranking, "a").score < 1
