"""The terms of profiles' texts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.profiles.model import Profile
from bot.ranking.counts import key
from bot.ranking.facets import PAIR_WEIGHT, PART_WEIGHT, PHRASE_WORDS, queries, query
from bot.text.terms import is_searchable
from tests.ranking.helpers import weights_in
from tests.support.builders import interests


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("robots", {"robots": 1}),
        # two to four words are a phrase: its parts count a quarter
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
        # separated words are not a phrase: pairs count a fifth
        ("robots, cups", {"robots": 1, "cups": 1}),
        ("robots that cook", {"robots": 1, "cook": 1}),
        ("robots, world models", {"robots": 1, "world": 1, "models": 1, "world models": 0.2}),
        # nor are five words, links such as "for" included
        (
            "deep world models for planning",
            {
                "deep": 1,
                "world": 1,
                "models": 1,
                "planning": 1,
                "deep world": 0.2,
                "world models": 0.2,
                "models for planning": 0.2,
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
    assert (PART_WEIGHT, PAIR_WEIGHT, PHRASE_WORDS) == (0.25, 0.2, 4)
    assert weights_in(text) == weights


@pytest.mark.parametrize(
    "text",
    [
        "chain-of-thought",
        "human-in-the-loop",
        "mixture-of-experts",
        "vision-language models",
        "chain-of-thought prompting",
    ],
)
def test_a_phrase_with_hyphens_is_the_phrase_without(text: str) -> None:
    """The same terms and weights, shown as they are written."""
    hyphenated, spaced = query(text), query(text.replace("-", " "))
    assert text in hyphenated.terms
    assert replace(hyphenated, terms=spaced.terms) == spaced


@pytest.mark.parametrize("text", ["k-means. Robots", "few-shot, robots", "GPT-4, robots"])
def test_a_compound_beside_a_word_is_not_a_phrase(text: str) -> None:
    """Words separated by punctuation have full weight, though one of them is a pair."""
    assert weights_in(text)[text.split()[-1]] == 1


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("world models", {"world": 1, "models": 1, "world models": 0.2}),
        ("GPT-4", {"GPT": 1, "GPT-4": 0.2}),
        ("robots, robots", {"robots": 2}),
    ],
)
def test_a_sentence_is_no_phrase(text: str, weights: dict[str, float]) -> None:
    """However short it is."""
    assert weights_in(text, is_sentence=True) == weights
    assert query(text, is_sentence=True).phrase is None


@pytest.mark.parametrize(
    ("text", "whole", "pairs", "initials"),
    [
        ("robots", None, (), ""),
        ("world models", "world model", ("world model",), "wm"),  # a pair, which papers have as a term
        ("deep world models", "deep world world model", ("deep world", "world model"), "dwm"),
        ("models of deep worlds", "model deep deep world", ("model deep", "deep world"), "mdw"),
        ("GPT-4", "gpt 4", ("gpt 4",), "g4"),
        ("deep, world models", None, (), ""),
        ("deep world models of today", None, (), ""),
    ],
)
def test_a_phrase_is_made_of_its_pairs(
    text: str, whole: str | None, pairs: tuple[str, ...], initials: str
) -> None:
    """Papers have no terms of three words, so the key of such a phrase is that of all its pairs in order."""
    found = query(text)
    assert (found.phrase, found.pairs) == (whole and key(whole), tuple(map(key, pairs)))
    assert found.initials == initials


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
        assert {found.phrase, *found.pairs} <= set(found.weights)


def test_queries_of_a_profile() -> None:
    """Interests, `about` and texts to avoid, in this order."""
    profile = Profile("ada", interests=interests("robots"), avoid=interests("tea"), about="I bake.")
    assert [one.terms for one in queries(profile)] == [("robots",), ("bake",), ("tea",)]
    assert queries(Profile("ada", about="World models"))[0] == query("World models", is_sentence=True)
