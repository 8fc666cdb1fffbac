"""The queries and facets of profiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.profiles.model import Interest, Profile
from bot.ranking.counts import counts, key
from bot.ranking.facets import (
    ALPHA,
    DISLIKE_WEIGHT,
    LIKENESS,
    PAIR_WEIGHT,
    PART_WEIGHT,
    PHRASE_WORDS,
    Facet,
    Kind,
    paper_facet,
    queries,
    query,
    text_facets,
)
from bot.ranking.index import Index
from bot.text.terms import is_searchable
from tests.support.builders import interests


def weights_in(text: str) -> dict[str, float]:
    """The terms of a text as it writes them, with their weights."""
    found = query(text)
    return dict(zip(found.terms, found.weights.values(), strict=True))


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("robots", {"robots": 1}),
        # two or three words are a phrase: its parts count a quarter
        ("World Models", {"World": 0.25, "Models": 0.25, "World Models": 1}),
        ("theory of mind", {"theory": 0.25, "mind": 0.25, "theory of mind": 1}),
        (
            "vision-language models",
            {
                "vision": 0.25,
                "language": 0.25,
                "models": 0.25,
                "vision-language": 0.25,
                "language models": 0.25,
                "vision-language models": 1,
            },
        ),
        # separated words are not a phrase
        ("robots, cups", {"robots": 1, "cups": 1}),
        ("robots that cook", {"robots": 1, "cook": 1}),
        ("robots, world models", {"robots": 1, "world": 1, "models": 1, "world models": 0.3}),
        # four words are none either: pairs count 0.3
        (
            "deep world models for planning",
            {
                "deep": 1,
                "world": 1,
                "models": 1,
                "planning": 1,
                "deep world": 0.3,
                "world models": 0.3,
                "models for planning": 0.3,
            },
        ),
        # a word that occurs twice has weight 2, and is shown as written first
        ("Robots, robots, cups", {"Robots": 2, "cups": 1}),
        ("GPT-4", {"GPT": 0.25, "GPT-4": 1}),  # one word and one pair: the phrase
        ("few-shot", {"shot": 0.25, "few-shot": 1}),
        ("the who", {}),
        ("", {}),
    ],
)
def test_terms_and_weights_of_a_query(text: str, weights: dict[str, float]) -> None:
    """The terms are as written; a phrase as a whole has the largest weight."""
    assert (PART_WEIGHT, PAIR_WEIGHT, PHRASE_WORDS) == (0.25, 0.3, 3)
    assert weights_in(text) == weights


@pytest.mark.parametrize("text", ["chain-of-thought", "human-in-the-loop", "mixture-of-experts"])
def test_a_phrase_with_hyphens_is_a_phrase(text: str) -> None:
    """With hyphens and without, the same phrase as a whole has the largest weight."""
    hyphenated, spaced = weights_in(text), weights_in(text.replace("-", " "))
    assert hyphenated.get(text) == spaced[text.replace("-", " ")] == 1
    assert max(weight for term, weight in hyphenated.items() if term != text) < 1


@pytest.mark.parametrize("text", ["k-means. Robots", "few-shot, robots", "GPT-4, robots"])
def test_a_compound_beside_a_word_is_not_a_phrase(text: str) -> None:
    """Words separated by punctuation have full weight, though one of them is a pair."""
    assert weights_in(text)[text.split()[-1]] == 1


@pytest.mark.parametrize(
    ("text", "whole", "pairs"),
    [
        ("robots", None, ()),
        ("world models", None, ()),  # a pair of its own, which papers have as a term
        ("deep world models", "deep world model", ("deep world", "world model")),
        ("models of deep worlds", "model deep world", ("model deep", "deep world")),
        ("deep, world models", None, ()),
        ("deep world models today", None, ()),
    ],
)
def test_a_phrase_of_three_words_is_made_of_its_pairs(
    text: str, whole: str | None, pairs: tuple[str, ...]
) -> None:
    """Papers have no terms of three words, so the phrase has the keys of its pairs."""
    assert query(text).phrase == (whole and (key(whole), tuple(map(key, pairs))))


HOSTILE = (
    "世界模型",
    "модели мира",
    "👩🏽‍🔬",
    "e\u0301\u0327",
    "ﬀ ½ ²",
    "c++##",
    "the of",
    "42 7",
    "\x01",
    "ͺ ﷺ",
    "$$\\frac{",
)
WORDS = ("world", "models", "robots", "of", "GPT-4", "few-shot", "k-means,", "x", "42", *HOSTILE)
_TEXTS = st.one_of(st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join), st.text(max_size=30))


@settings(max_examples=150, deadline=None)
@given(_TEXTS)
def test_any_text_is_a_query(text: str) -> None:
    """Every term has a positive weight; a searchable text has at least one term."""
    found = query(text)
    assert len(found.terms) == len(found.weights)
    assert all(weight > 0 for weight in found.weights.values())
    assert bool(found.weights) == is_searchable(text)
    assert all(found.terms)
    if found.phrase:
        assert {found.phrase[0], *found.phrase[1]} <= set(found.weights)


# --- Facets -----------------------------------------------------------------------------------------------


def index_of(*of: str, archive: tuple[str, ...] = ()) -> Index:
    """An index with the terms of the texts."""
    known = [one for text in of for one in query(text).weights]
    return Index([counts("", text) for text in archive], np.array(known, np.uint64))


def of_interest(interest: Interest, index: Index) -> Facet:
    profile = Profile("ada", interests=(interest,))
    return next(text_facets(profile, queries(profile), index))


def of_avoided(interest: Interest, index: Index) -> Facet:
    profile = Profile("ada", avoid=(interest,))
    return list(text_facets(profile, queries(profile), index))[1]


def of_about(text: str, index: Index) -> Facet:
    profile = Profile("ada", about=text)
    return next(text_facets(profile, queries(profile), index), Facet(Kind.ABOUT, 1.0, 0.0))


def weights(facet: Facet) -> dict[str, float]:
    return dict(zip(facet.terms, map(float, facet.values), strict=True))


@pytest.mark.parametrize(
    "text", ["robots", "world models", "deep world models", "robots that stack many cups"]
)
def test_the_facet_of_an_interest(text: str) -> None:
    """With the name and the weight that the reader gave it."""
    index = index_of(text)
    facet = of_interest(Interest(text, 2.5), index)
    assert (facet.kind, facet.name, facet.weight) == (Kind.INTEREST, text, 2.5)
    assert weights(facet) == weights_in(text)
    assert list(index.keys[facet.columns]) == list(query(text).weights)


def test_the_facet_of_a_text_to_avoid() -> None:
    """The same terms as an interest, with a negative weight."""
    index = index_of("world models")
    facet, wanted = (
        of_avoided(Interest("world models", 2.0), index),
        of_interest(Interest("world models"), index),
    )
    assert (facet.kind, facet.weight) == (Kind.AVOID, -2.0)
    assert weights(facet) == weights(wanted)
    assert facet.reference == wanted.reference > 0


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("robots", "robots"),
        ("I am interested in robots", "robots"),
        ("I study world models", "world models"),
        ("Professor. My group works on robots.", "robots"),
        ("I would like to read about robots, cups and tea", "robots, cups and tea"),
    ],
)
def test_about_has_the_terms_of_its_subject(text: str, subject: str) -> None:
    """Words about oneself are left out, and do not change the weights of the others."""
    index = index_of(text, subject)
    found, plain = weights(of_about(text, index)), weights(of_about(subject, index))
    assert {term: found.get(term) for term in plain} == plain
    assert found.keys().isdisjoint({"interested", "study", "Professor", "group", "works", "like", "read"})


def test_the_facet_of_about() -> None:
    """It has no name, the weight 1, and may be empty."""
    index = index_of("robots")
    facet = of_about("I study robots", index_of("I study robots"))
    assert (facet.kind, facet.name, facet.weight) == (Kind.ABOUT, "", 1.0)
    for nothing in ("", "of the and", "I study"):
        assert len(of_about(nothing, index_of(nothing, "robots")).columns) == 0
    assert len(of_about("", index).columns) == 0


def test_the_reference_score_of_a_text() -> None:
    """The score of a paper that has each term once; for a long text, as many terms as a phrase has."""
    archive = ("robots", "robots cups", "tea")
    index = index_of("robots", "robots, cups, tea, bread, snark, boojum", archive=archive)
    rare = dict(zip(index.keys, index.idf, strict=True))
    assert of_interest(Interest("robots"), index).reference == pytest.approx(rare[key("robot")])
    six = of_interest(Interest("robots, cups, tea, bread, snark, boojum"), index)
    assert six.reference == pytest.approx(sum(rare.values()) / 2)  # six words are twice a phrase


@pytest.mark.parametrize("kind", [Kind.LIKE, Kind.DISLIKE])
@pytest.mark.parametrize(("square", "common"), [(20.0, 0.0), (20.0, 10.0), (17.0, 2.0)])
def test_the_facet_of_liked_and_disliked_papers(kind: Kind, square: float, common: float) -> None:
    """The reference is a part of their common product, less the product with the background."""
    named = (("Paper 0", 0), ("Paper 7", 7))
    facet = paper_facet(named, square, common, kind)
    assert facet.reference == pytest.approx(LIKENESS * (square - ALPHA * common))
    assert facet.weight == (1.0 if kind is Kind.LIKE else DISLIKE_WEIGHT)
    assert (facet.kind, facet.papers, facet.name) == (kind, named, "")


def test_queries_of_a_profile() -> None:
    """Interests, `about` and texts to avoid, in this order."""
    profile = Profile("ada", interests=interests("robots"), avoid=interests("tea"), about="I bake.")
    assert [one.terms for one in queries(profile)] == [("robots",), ("bake",), ("tea",)]
