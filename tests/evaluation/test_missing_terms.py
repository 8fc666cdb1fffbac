"""Terms that a profile lacks: whole, specific, and not named already."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.evaluation.missing_terms import MissingTerm, longer_phrases, missing_terms
from bot.papers.model import Paper
from bot.text.terms import find_phrase
from tests.support.builders import make_paper

#: Texts of papers that a reader of "tidal power" wants; the titles of three name the term.
TEXTS = (
    "with {} we saw it. The river bends.",
    "of {}, we hear little.",
    "by {} and by hand.",
    "on {} in the north.",
    "through {} alone.",
)


def papers(term: str, texts: Sequence[str] = TEXTS, titles: int = 3) -> list[Paper]:
    return [
        make_paper(
            f"{term}{n}",
            f"{term[:1].upper() + term[1:]} again" if n < titles else "Untitled",
            abstract=text.format(term),
        )
        for n, text in enumerate(texts)
    ]


def found(
    liked: Sequence[Paper] = (),
    shown: Sequence[Paper] = (),
    others: Sequence[Paper] = (),
    interests: Sequence[str] = ("tidal power",),
    named: Sequence[str] = ("tidal power",),
) -> list[MissingTerm]:
    every = [*liked, *shown, *others]

    def find(text: str) -> list[Paper]:
        return [paper for paper in every if find_phrase((paper.title, paper.abstract), (text,))]

    return missing_terms(liked, shown, interests, named, find, 2_000)


def test_a_term_of_liked_papers() -> None:
    """Two that have it are enough; it is written as most of them write it."""
    assert found(papers("tide gauge")[:2]) == [MissingTerm("tide gauge", 2, 0, 2)]
    assert found(papers("tide gauge")[:1]) == []


def test_a_term_of_shown_papers() -> None:
    """Five that have it, if some others have it, too, but not many."""
    others = papers("tide gauges") + papers("tide gauge")
    assert found(shown=papers("tide gauge"), others=others[:4]) == [MissingTerm("tide gauge", 0, 5, 9)]
    assert found(shown=papers("tide gauge"), others=others[:2]) == []
    assert found(shown=papers("tide gauge"), others=[*others, *others]) == []
    assert found(shown=papers("tide gauge")[:4], others=others[:4]) == []


@pytest.mark.parametrize(
    ("term", "interests", "named"),
    [
        ("tide gauge", ["sea"], ["gauge of the tides"]),
        ("wide tidal power", ["tidal power"], ["tidal power"]),
        ("near-shore", ["sea"], ["sea"]),
        ("DPO", ["sea"], ["sea", "DPO"]),
    ],
)
def test_what_is_not_missing(term: str, interests: list[str], named: list[str]) -> None:
    """Words of the profile, phrases with an interest in them, compounds without a noun, and known acronyms."""
    assert found(papers(term), interests=interests, named=named) == []


def test_a_part_of_a_phrase_is_no_term() -> None:
    """ "Tide gauge" is seldom without "records" after it."""
    assert [one.term for one in found(papers("tide gauge records"))] == ["tide gauge records"]


def test_what_titles_do_not_have_is_no_term() -> None:
    """Most of it is no noun phrase."""
    assert found(papers("tides increasingly", titles=0)) == []


def test_an_acronym_is_a_term() -> None:
    """Also before a noun."""
    assert [one.term for one in found(papers("GRPO", [f"{text} GRPO steps" for text in TEXTS]))] == ["GRPO"]


@pytest.mark.parametrize(
    ("phrase", "titles", "found"),
    [
        ("tidal models", {"Coastal Tidal Models for Bays": 3, "Tidal model": 5}, ["coastal tidal models"]),
        (
            "models",
            {"A Tide Model": 2, "Tide models": 3, "Large wave models": 4},
            ["tide models", "wave models"],
        ),
        ("tidal models", {"Tidal wave models": 3}, ["tidal wave models"]),  # all its words
        ("models", {"Tide-wave models": 3, "Wave-models": 4}, ["wave-models"]),  # not half of a compound
        ("tidal models", {"World models": 9, "Models of tidal power": 9}, []),
        ("models", {"Aligning Models": 9, "Tides: Models": 9, "The Model": 9, "Wave models": 2}, []),
    ],
)
def test_longer_phrases(phrase: str, titles: dict[str, int], found: list[str]) -> None:
    """With all words of the phrase and one more before its last; each in three titles, whatever its form."""
    every = (title for title, number in titles.items() for _ in range(number))
    assert longer_phrases(phrase, every) == found
