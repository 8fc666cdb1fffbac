"""Properties of every ranking, for any papers and profiles."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers.model import CountedPaper
from bot.papers.names import authors_among
from bot.profiles.model import Interest, Profile, Reference
from bot.ranking import linear
from bot.ranking.counts import counts
from bot.ranking.model import RankedPaper, Threshold
from bot.ranking.order import Ranking
from bot.text.terms import find_phrase, is_word, phrase_term
from tests.ranking.helpers import HAN
from tests.ranking.worlds import (
    MANY_LIKES,
    NAMES,
    PROFILES,
    TEXTS,
    VOTES,
    WEIGHTS,
    World,
    order,
    wild,
    worlds,
)
from tests.support.builders import counted, interests, make_paper, rank_among


def assert_alike(some: list[RankedPaper], others: list[RankedPaper]) -> None:
    """The same papers in the same order, with the same numbers but for rounding errors."""
    assert [one.paper.id for one in some] == [one.paper.id for one in others]
    for a, b in zip(some, others, strict=True):
        assert (a.relevance, a.matches, a.interest) == (b.relevance, b.matches, b.interest)
        assert (a.score, a.fit) == (pytest.approx(b.score, abs=1e-9), pytest.approx(b.fit, abs=1e-9))


def scores(ranking: Ranking) -> dict[str, float]:
    return {one.paper.id: one.score for one in ranking.best_first()}


@wild(40)
@given(worlds(), PROFILES)
def test_reasons_add_up_to_the_score(world: World, profile: Profile) -> None:
    """For every paper and profile; each reason is there once, and the largest comes first."""
    ranking = world.rank(profile)
    for one in ranking.best_first():
        reasons = ranking.reasons(one.paper)
        assert math.fsum(reason.weight for reason in reasons) == pytest.approx(one.score, rel=1e-9, abs=1e-9)
        assert len({(reason.term, reason.is_term) for reason in reasons}) == len(reasons)
        assert [reason.weight for reason in reasons] == sorted((r.weight for r in reasons), reverse=True)


@wild(40)
@given(worlds(), PROFILES, MANY_LIKES)
def test_reasons_of_many_liked_papers_add_up(
    world: World, profile: Profile, likes: tuple[Reference, ...]
) -> None:
    """The parts of the classifier, too, which are terms."""
    ranking = world.rank(replace(profile, like=likes))
    for one in ranking.best_first():
        total = math.fsum(reason.weight for reason in ranking.reasons(one.paper))
        assert total == pytest.approx(one.score, rel=1e-9, abs=1e-9)


@wild(40)
@given(worlds(), PROFILES)
def test_numbers_are_in_range(world: World, profile: Profile) -> None:
    """Scores are finite, fits and relevances rise with them; the best paper comes first, ties are by id."""
    ranked = list(world.rank(profile).best_first())
    assert len(ranked) == len(world.new)
    for one in ranked:
        assert math.isfinite(one.score)
        assert 0 <= one.fit <= 1
        assert 0 <= one.relevance <= 100
        assert one.interest in {"", *(interest.phrase for interest in profile.interests)}
        assert one.matches or not one.interest
    best_first = [(-one.score, one.paper.id) for one in ranked]
    assert best_first == sorted(best_first)
    for number in ("relevance", "fit"):
        numbers = [getattr(one, number) for one in ranked]
        assert numbers == sorted(numbers, reverse=True)


@wild(40)
@given(worlds(), PROFILES, TEXTS, TEXTS)
def test_another_candidate_does_not_change_the_others(
    world: World, profile: Profile, title: str, abstract: str
) -> None:
    """With the same archive and background, the other papers keep their numbers and order."""
    more = counted(make_paper("extra", title, abstract=abstract, authors=("Somebody Else",), votes=7))
    before = list(world.rank(profile).best_first())
    model = world.ranker(profile, window=(*world.new, more))
    after = [
        one
        for one in rank_among(model, profile, [*world.papers, more.paper]).best_first()
        if one.paper != more.paper
    ]
    assert_alike(after, before)


@wild(40)
@given(worlds(), PROFILES, TEXTS, WEIGHTS, st.floats(1, 10), st.integers(0, 3), st.integers(1, 6))
def test_more_weight_never_loses_a_place(
    world: World, profile: Profile, phrase: str, weight: float, factor: float, place: int, limit: int
) -> None:
    """With a larger weight, an interest has at least as many places of a full digest; scores are the same."""
    before, after = (
        world.rank(
            replace(
                profile,
                interests=(*profile.interests[:place], Interest(phrase, one), *profile.interests[place:]),
                authors=(),  # their papers take no place
            )
        )
        for one in (weight, weight * factor)
    )
    assert list(after.best_first()) == list(before.best_first())
    few, many = (
        sum(one.interest == phrase for one in islice(ranking.in_turn(Threshold(), limit), limit))
        for ranking in (before, after)
    )
    assert few <= many


@wild(40)
@given(worlds(), PROFILES, st.lists(TEXTS, min_size=1, max_size=3), st.data())
def test_terms_that_do_not_count_never_raise_a_score(
    world: World, profile: Profile, without: list[str], data: st.DataObject
) -> None:
    """Taken out of every interest and of `about`: texts, and reasons as readers see them. The others add up."""
    before = world.rank(profile)
    shown = {reason.term for paper in world.papers for reason in before.reasons(paper) if reason.is_term}
    terms = (*without, *data.draw(st.lists(st.sampled_from(sorted(shown) or [""]), max_size=2)))
    some = tuple(replace(interest, without=terms) for interest in profile.interests)
    after = world.rank(replace(profile, interests=some, without=terms))
    was = scores(before)
    for one in after.best_first():
        assert one.score <= was[one.paper.id] + 1e-9
        total = math.fsum(reason.weight for reason in after.reasons(one.paper))
        assert total == pytest.approx(one.score, rel=1e-9, abs=1e-9)


@wild(40)
@given(worlds(), st.lists(TEXTS, min_size=1, max_size=3), TEXTS, st.data())
def test_terms_that_do_not_count_are_no_reasons(
    world: World, phrases: list[str], about: str, data: st.DataObject
) -> None:
    """A reason that a reader takes out of every text is gone from all papers, in all forms of its words."""
    profile = Profile("ada", interests=interests(*phrases), about=about)
    ranking = world.rank(profile)
    shown = sorted({reason.term for paper in world.papers for reason in ranking.reasons(paper)})
    if not shown:
        return
    term = data.draw(st.sampled_from(shown))
    some = tuple(replace(interest, without=(term,)) for interest in profile.interests)
    after = world.rank(replace(profile, interests=some, without=(term,)))
    left = {phrase_term(reason.term) for paper in world.papers for reason in after.reasons(paper)}
    assert phrase_term(term) not in left


@wild(20)
@given(worlds(), PROFILES, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(world: World, profile: Profile, random: object) -> None:
    """The same papers in another order have exactly the same numbers."""
    shuffled = list(world.new)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    model = world.ranker(profile, window=shuffled)
    assert list(rank_among(model, profile, [one.paper for one in shuffled]).best_first()) == list(
        world.rank(profile).best_first()
    )


@wild(20)
@given(TEXTS, TEXTS, PROFILES, st.permutations(range(5)))
def test_equal_papers_are_ordered_by_id(title: str, abstract: str, profile: Profile, turn: list[int]) -> None:
    """Five papers with the same text, also of the background, in any order; none is a liked one."""
    profile = replace(profile, like=tuple(one for one in profile.like if not one.id))
    same = [counted(make_paper(f"n{n}", title, abstract=abstract, authors=(HAN,))) for n in turn]
    for old in ((), tuple(same)):
        ranking = World(old, tuple(same)).rank(profile)
        assert order(ranking) == [f"test:n{n}" for n in range(5)]
        assert len({one.relevance for one in ranking.best_first()}) == 1


ODD = Profile(
    "odd",
    interests=interests(
        "of the world", "theory of mind", "deep world models", "robot zebra quagga", "猫 мир", "GPT-4"
    ),
    about="unheard-of words like snark and boojum",
    like=(Reference(title="snark world hunting"), Reference("test:o0")),
    avoid=interests(("robots", 3.0)),
    authors=(HAN,),
    trending=0.5,
)


@wild(20)
@given(worlds(), PROFILES, st.lists(PROFILES, max_size=2))
def test_other_profiles_do_not_change_scores(world: World, profile: Profile, others: list[Profile]) -> None:
    """Terms and liked papers of other profiles in the model change no number and no order."""
    others_and_odd = [ODD, *(replace(other, id=f"other{n}") for n, other in enumerate(others))]
    alone, crowded = world.rank(profile), world.rank(profile, *others_and_odd)
    last = rank_among(world.ranker(*others_and_odd, profile), profile, world.papers)
    for ranking in (crowded, last):
        assert_alike(list(alone.best_first()), list(ranking.best_first()))


@wild(15)
@given(worlds(), st.lists(PROFILES, min_size=2, max_size=4), st.sampled_from(("CHUNK", "CELLS")))
def test_chunks_change_nothing(world: World, some: list[Profile], bound: str) -> None:
    """Profiles that are scored one by one have the same numbers as together."""
    profiles = [replace(profile, id=str(n)) for n, profile in enumerate(some)]
    together = world.ranker(*profiles)
    with pytest.MonkeyPatch.context() as patch:
        expected = [list(rank_among(together, profile, world.papers).best_first()) for profile in profiles]
        patch.setattr(linear, bound, 1)
        one_by_one = world.ranker(*profiles)
        for profile, whole in zip(profiles, expected, strict=True):
            assert list(rank_among(one_by_one, profile, world.papers).best_first()) == whole


@wild(20)
@given(worlds(), PROFILES, st.floats(0.001, 1))
def test_trending_is_a_visible_share(world: World, profile: Profile, trending: float) -> None:
    """Only a paper with votes has the reason `votes: N`, and only with `trending`; votes alone are not a match."""
    mixed, plain = world.rank(replace(profile, trending=trending)), world.rank(replace(profile, trending=0.0))
    for one in mixed.best_first():
        votes = max(one.paper.votes or 0, 0)
        found = {r.term: r.weight for r in mixed.reasons(one.paper) if r.term.startswith("votes: ")}
        share = trending * math.log1p(votes) / math.log1p(linear.MANY_VOTES)
        assert found == ({f"votes: {votes}": pytest.approx(share)} if votes else {})
        assert not any(reason.term.startswith("votes: ") for reason in plain.reasons(one.paper))
    assert {one.paper.id for one in mixed.best_first() if one.matches} == {
        one.paper.id for one in plain.best_first() if one.matches
    }


@wild(20)
@given(worlds(), PROFILES, st.lists(VOTES, min_size=13, max_size=13))
def test_without_trending_votes_change_nothing(
    world: World, profile: Profile, votes: list[int | None]
) -> None:
    """With other votes, the scores are the same."""
    profile = replace(profile, trending=0.0)
    cast = dict(zip(dict.fromkeys(one.paper.id for one in (*world.new, *world.old)), votes, strict=False))

    def revoted(some: tuple[CountedPaper, ...]) -> tuple[CountedPaper, ...]:
        return tuple(replace(one, paper=replace(one.paper, votes=cast[one.paper.id])) for one in some)

    other = World(revoted(world.old), revoted(world.new)).rank(profile)
    assert scores(other) == scores(world.rank(profile))


LONG = " ".join(f"word{n % 999} robots" for n in range(50_000))
LONG_COUNTS = counts("", LONG)


@wild(5)
@given(worlds(), PROFILES)
def test_a_hundred_thousand_words_are_ranked(world: World, profile: Profile) -> None:
    """In the window or in the background; the reasons add up to the score."""
    long = CountedPaper(make_paper("long", "", abstract=LONG, authors=(HAN,)), LONG_COUNTS)
    liking = replace(profile, like=(*profile.like, Reference("test:o0")))
    for world_ in (World(world.old, (long, *world.new)), World((long, *world.old), (long, *world.new))):
        ranking = world_.rank(liking)
        for one in ranking.best_first():
            total = math.fsum(reason.weight for reason in ranking.reasons(one.paper))
            assert total == pytest.approx(one.score, rel=1e-9, abs=1e-9)
            assert 0 <= one.relevance <= 100


@wild(40)
@given(worlds(), TEXTS, NAMES)
def test_searches_find_what_reading_every_paper_finds(world: World, text: str, name: str) -> None:
    """No paper with the phrase is missed; a single word is found exactly, and so is an author."""
    model = world.ranker()
    has, by = model.with_terms(text), model.by_author(name)
    assert 0 <= has < 1 << len(world.new)
    assert 0 <= by < 1 << len(world.new)
    for number, paper in enumerate(world.papers):
        there = find_phrase((paper.title, paper.abstract), (text,))
        assert has >> number & 1 or not there
        assert bool(there) is bool(has >> number & 1) or not is_word(text)
        assert bool(authors_among(paper, [name])) is bool(by >> number & 1)
    assert model.with_terms("snark boojum") == 0
