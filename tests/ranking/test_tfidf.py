"""Scores, their reasons, and relevance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Mute, Paper, Profile, Reference
from bot.ranking.tfidf import Ranking, Tfidf
from tests.support.builders import interests, make_paper, make_profile

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


def rank(
    profile: Profile, papers: Sequence[Paper], *others: Profile, liked: dict[str, Paper] | None = None
) -> Ranking:
    """All the papers are candidates, archive and background."""
    return Tfidf(papers, papers, [profile, *others], liked or {}).rank(profile, papers)


def scores(ranking: Ranking) -> dict[str, float]:
    return {one.paper.id.removeprefix("test:"): one.score for one in ranking.order}


def reasons(ranking: Ranking, id_: str) -> dict[str, float]:
    paper = next(one.paper for one in ranking.order if one.paper.id == f"test:{id_}")
    return {reason.term: reason.weight for reason in ranking.reasons(paper)}


# --- What ranks above what --------------------------------------------------------------------------------


@pytest.mark.parametrize("phrase", ["world models", "theory of mind", "deep world models", "vision-language"])
def test_phrase_ranks_above_its_scattered_words(phrase: str) -> None:
    """A text with the phrase suits better than one with the same words apart."""
    first, *rest = phrase.replace("-", " ").split()
    papers = corpus(f"On {phrase} today", f"On {' '.join(reversed(rest))} today {first}", "On bread today")
    got = scores(rank(make_profile(phrase), papers))
    assert got["a"] > got["b"] > got["c"] == 0


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
    ranking = rank(make_profile("robots", avoid=interests("medical imaging")), papers)
    got = scores(ranking)
    assert got["b"] > 0 > got["a"]
    assert reasons(ranking, "a")["medical imaging"] < 0


def test_liked_neighbour_is_a_reason() -> None:
    """A paper that resembles a liked one is raised, and says which."""
    liked = make_paper("liked", "Robots that stack cups", abstract="Curiosity drives them.")
    papers = corpus("Curiosity and cups", "Bread and butter")
    profile = make_profile(like=(Reference("test:liked"),))
    ranking = rank(profile, papers, liked={"test:liked": liked})
    assert list(reasons(ranking, "a")) == ["like: Robots that stack cups"]
    assert [one.matches for one in ranking.order[:2]] == [True, False]


def test_dislike_lowers() -> None:
    """A paper that resembles a disliked one is lowered, and says which."""
    entry = Reference(title="Cups of tea", abstract="Tea from cups.")  # of a BibTeX file
    papers = corpus("Robots and cups", "Robots and bread")
    ranking = rank(make_profile("robots", dislike=(entry,)), papers)
    assert scores(ranking)["a"] < scores(ranking)["b"]
    assert reasons(ranking, "a")["unlike: Cups of tea"] < 0


def test_liked_papers_share_one_weight() -> None:
    """A long library does not outweigh the interests: its papers' mean counts."""
    liked = [Reference(title="Robots and cups"), Reference(title="Robots and tea")]
    papers = corpus("Robots and cups")
    twice = scores(rank(make_profile(like=(liked[0], liked[0])), papers))
    once = scores(rank(make_profile(like=(liked[0],)), papers))
    assert twice["a"] == pytest.approx(once["a"])
    assert scores(rank(make_profile(like=tuple(liked)), papers))["a"] < once["a"]


def test_unresolved_reference_is_left_out() -> None:
    """A liked paper that is not stored yet changes nothing."""
    papers = corpus("Robots and cups")
    profile = make_profile("robots", like=(Reference("arxiv:2301.00001"),))
    assert scores(rank(profile, papers)) == scores(rank(make_profile("robots"), papers))


def test_followed_author_is_marked_and_on_top() -> None:
    """An author outweighs a text, by a reason of its own; a sum of two people's names is no author."""
    papers = [
        *corpus("Robots and bread", "Robots and cups learn to stack"),
        make_paper("han", "Bread", authors=("Ada Other", "S. Han")),
        make_paper("not", "Bread", authors=("Seungwook Lee", "Donghun Han")),
    ]
    ranking = rank(make_profile("robots that stack", authors=(HAN,)), papers)
    assert ranking.order[0].paper.id == "test:han"
    assert reasons(ranking, "han") == {f"author: {HAN}": 1.0}
    assert "test:not" not in {one.paper.id for one in ranking.order if one.matches}


def test_author_written_twice_counts_as_the_reasons_say() -> None:
    """A name that stands twice in a profile does not break the sum."""
    papers = [*corpus(), make_paper("han", "Bread", authors=(HAN,))]
    ranking = rank(make_profile(authors=(HAN, HAN, "S. Han")), papers)
    assert math.fsum(reasons(ranking, "han").values()) == pytest.approx(scores(ranking)["han"])


def test_reasons_are_named_as_the_reader_wrote_them() -> None:
    """A phrase and its words are shown as in the profile, not as stems."""
    ranking = rank(
        make_profile("Reward Modelling", about="I study policies."), corpus("Reward models, policy")
    )
    named = reasons(ranking, "a")
    assert set(named) == {"Reward Modelling", "Reward", "Modelling", "policies"}
    assert list(named.values()) == sorted(named.values(), reverse=True)


# --- The reasons add up -----------------------------------------------------------------------------------

WORDS = (
    "world", "model", "models", "robot", "robots", "theory", "of", "mind", "the", "learning", "vision-language",
    "LLMs", "x", "42", "猫", "мир", "survey", "C++", "$m^2$", "Ada", "Émile",
)  # fmt: skip
_texts = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
_names = st.sampled_from((HAN, "S. Han", "Ada Other", "Émile Noël"))
_papers = st.lists(st.tuples(_texts, _texts, st.lists(_names, max_size=2)), max_size=8).map(
    lambda rows: [
        make_paper(f"p{n}", title or "untitled", abstract=abstract, authors=tuple(authors))
        for n, (title, abstract, authors) in enumerate(rows)
    ]
)
_interests = st.lists(st.tuples(_texts, st.floats(0.01, 20)), max_size=4).map(lambda rows: interests(*rows))
_references = st.lists(
    st.one_of(
        st.builds(Reference, st.sampled_from(("test:p0", "test:p1", "test:gone"))),
        st.builds(Reference, title=_texts, abstract=_texts),
    ),
    max_size=3,
).map(tuple)
_profiles = st.builds(
    Profile,
    id=st.just("ada"),
    interests=_interests,
    about=_texts,
    like=_references,
    dislike=_references,
    authors=st.lists(_names, max_size=3).map(tuple),
    avoid=_interests,
)


@settings(max_examples=40, deadline=None)
@given(_papers, _papers, _profiles)
def test_reasons_add_up_to_the_score(papers: list[Paper], archive: list[Paper], profile: Profile) -> None:
    """For every paper of every profile: the sum of what is shown is the score, and the order is the score's."""
    model = Tfidf(archive, archive, [profile], {p.id: p for p in papers[:2]})
    ranking = model.rank(profile, papers)
    for one in ranking.order:
        told = ranking.reasons(one.paper)
        assert abs(math.fsum(reason.weight for reason in told) - one.score) < 1e-9
        assert len({reason.term for reason in told}) == len(told)
        if any(reason.weight > 0 for reason in told):
            assert one.matches
    order = [(-round(one.score, 12), one.paper.id) for one in ranking.order]
    assert order == sorted(order)


@settings(max_examples=25, deadline=None)
@given(_papers, _profiles)
def test_a_profile_scores_alike_in_any_company(papers: list[Paper], profile: Profile) -> None:
    """Another profile's words and odd phrases change neither scores, relevances nor order."""
    odd = Profile(
        "odd",
        interests=interests("of the world", "theory of mind", "robot zebra quagga", "猫 мир", "42"),
        about="unheard-of words like snark and boojum",
        like=(Reference(title="snark world hunting"),),
    )
    liked = {p.id: p for p in papers[:2]}
    alone, crowded = rank(profile, papers, liked=liked), rank(profile, papers, odd, liked=liked)
    assert [one.paper.id for one in alone.order] == [one.paper.id for one in crowded.order]
    for a, b in zip(alone.order, crowded.order, strict=True):
        assert (a.relevance, a.matches) == (b.relevance, b.matches)
        assert a.score == pytest.approx(b.score, abs=1e-12)


# --- Relevance and order ----------------------------------------------------------------------------------


def test_relevance_is_the_share_of_the_background_that_scores_lower() -> None:
    """Percent, strictly lower: an equal does not count, and neither does the paper itself."""
    background = corpus("Robots", "Robots and bread", "Robots and bread", "Bread")  # and 6 without either
    ranking = Tfidf(background, background, [p := make_profile("robots")], {}).rank(p, background)
    relevance = {one.paper.id: one.relevance for one in ranking.order}
    # of 10: "Robots" is above 9; the two alike above 7 (Bread and six others); what scores 0 above none
    assert relevance["test:a"] == pytest.approx(100 * 9 / 10)
    assert relevance["test:b"] == relevance["test:c"] == pytest.approx(100 * 7 / 10)
    assert relevance["test:d"] == 0


def test_relevance_counts_below_nothing_too() -> None:
    """What is avoided scores lower than what does not match at all."""
    background = corpus("Bread", "Medical imaging")
    ranking = rank(make_profile("robots", avoid=interests("medical imaging")), background)
    bread = next(one for one in ranking.order if one.paper.id == "test:a")
    assert bread.relevance == pytest.approx(100 * 1 / 8)
    assert not bread.matches


def test_ties_break_by_id() -> None:
    """Equal scores stand in the order of their ids, whatever order they came in."""
    papers = [make_paper(id_, "Robots") for id_ in ("c", "a", "b")]
    for given_ in (papers, papers[::-1]):
        assert [one.paper.id for one in rank(make_profile("robots"), given_).order] == [
            "test:a",
            "test:b",
            "test:c",
        ]


def test_same_input_same_output() -> None:
    """Two models of the same papers agree to the last bit."""
    papers = corpus("World models for robots", "Robots and their world", "A model of bread")
    profile = make_profile(("world models", 1.7), "robots", about="Bread, and worlds of robots.")
    one, other = rank(profile, papers), rank(profile, papers)
    assert one.order == other.order
    assert [one.reasons(p) for p in papers] == [other.reasons(p) for p in papers]


# --- Little or nothing to go by ---------------------------------------------------------------------------


def test_what_nothing_speaks_for_does_not_match() -> None:
    """No term, no neighbour, no author: no match, even if something speaks against it."""
    ranking = rank(make_profile("robots", avoid=interests("bread")), corpus("Robots", "Bread", "Tea"))
    assert {one.paper.id for one in ranking.order if one.matches} == {"test:a"}


def test_what_is_avoided_still_matches() -> None:
    """A paper with a term of the profile matches even where another term outweighs it."""
    ranking = rank(make_profile(("robots", 0.1), avoid=interests("bread")), corpus("Robots and bread"))
    last = ranking.order[-1]
    assert (last.paper.id, last.matches, last.score < 0) == ("test:a", True, True)


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"about": "of the and"},
        {"interests": interests("the who")},  # stop words alone, as a phrase
        {"interests": interests("", "!?")},
        {"like": (Reference(),)},
        {"dislike": (Reference(title=" "),)},
        {"authors": ("",)},
        {"mute": Mute(terms=("x",))},
    ],
    ids=lambda wishes: next(iter(wishes), "nothing"),
)
@pytest.mark.parametrize("archive", [[], corpus("Robots")], ids=["no archive", "an archive"])
@pytest.mark.parametrize("papers", [[], corpus("Robots")], ids=["no papers", "papers"])
def test_empty_parts_do_not_raise(wishes: dict[str, Any], archive: list[Paper], papers: list[Paper]) -> None:
    """Nothing to go by is an order of papers that do not match, with no relevance."""
    profile = make_profile(**wishes)
    ranking = Tfidf(archive, archive, [profile], {}).rank(profile, papers)
    assert len(ranking.order) == len(papers)
    assert {(one.score, one.relevance, one.matches) for one in ranking.order} <= {(0.0, 0.0, False)}


def test_interest_that_the_archive_does_not_know() -> None:
    """A term that no sampled paper has still finds the candidate that does, words and phrases alike."""
    archive = corpus("Bread")
    candidates = [make_paper("new", "Quagga snark theory of boojum"), make_paper("old", "Bread")]
    profile = make_profile("snark", "theory of boojum")
    ranking = Tfidf(archive, archive, [profile], {}).rank(profile, candidates)
    assert ranking.order[0].paper.id == "test:new"
    assert ranking.order[0].matches
    assert ranking.order[0].relevance == 100.0
    assert {"snark", "theory of boojum"} <= set(reasons(ranking, "new"))


def test_stop_word_phrase_is_found_whole() -> None:
    """An interest made of stop words alone matches as a phrase."""
    ranking = rank(make_profile("the who"), corpus("Songs of The Who", "Who the songs"))
    assert [one.paper.id for one in ranking.order if one.matches] == ["test:a"]
