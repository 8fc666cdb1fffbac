"""Profiles as facets."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np
import pytest

from bot.profiles.model import Interest, Profile
from bot.ranking.counts import counts
from bot.ranking.facets import (
    ABOUT_WEIGHT,
    ALPHA,
    DISLIKE_WEIGHT,
    LIKENESS,
    Facet,
    Kind,
    NamedPaper,
    paper_facet,
    queries,
    query,
    text_facets,
)
from bot.ranking.index import Index, archive_of, keys_of
from tests.ranking.helpers import weights_in


def index_of(*of: str, archive: Sequence[str] = ()) -> Index:
    """An index with the terms of the texts and of the archive, and with the texts' phrases."""
    asked = [query(text) for text in of]
    known = [counts("", text) for text in archive]
    keys = np.array([one for text in asked for one in text.weights], np.uint64)
    phrases = {text.phrase: text.pairs for text in asked if text.phrase and len(text.pairs) > 1}
    return Index(archive_of(known), np.concatenate([keys_of(known), keys]), phrases)


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
    """With the name that the reader gave it; its weight deals places, and does not count in the score."""
    index = index_of(text)
    facet = of_interest(Interest(text, 2.5), index)
    assert (facet.kind, facet.name, facet.weight, facet.places) == (Kind.INTEREST, text, 1.0, 2.5)
    assert weights(facet) == weights_in(text)
    assert list(index.keys[facet.columns]) == list(query(text).weights)


def test_the_facet_of_a_text_to_avoid() -> None:
    """The same terms and scale as an interest, with a negative weight."""
    index = index_of("world models")
    facet, wanted = (
        of_avoided(Interest("world models", 2.0), index),
        of_interest(Interest("world models"), index),
    )
    assert (facet.kind, facet.weight) == (Kind.AVOID, -2.0)
    assert weights(facet) == weights(wanted)
    assert facet.perfect == wanted.perfect > 0


def test_the_facet_of_about() -> None:
    """It is a sentence without a name, supports more than one interest does, and may be empty."""
    facet = of_about("World models", index_of("World models"))
    assert (facet.kind, facet.name, facet.weight) == (Kind.ABOUT, "", ABOUT_WEIGHT)
    assert weights(facet) == weights_in("World models", is_sentence=True)
    for nothing in ("", "of the and"):
        assert len(of_about(nothing, index_of(nothing, "robots")).columns) == 0


@pytest.mark.parametrize(
    ("phrase", "df"),
    [
        # of an archive that has "world models" 3 times, "world" 5 times and "models" 13 times
        ("world models", {"world models": None, "world": 5, "models": 13}),
        # and "deep world models", which has the papers with both of its pairs, twice
        (
            "deep world models",
            {
                "deep world models": None,
                "deep": 2,
                "deep world": 2,
                "world": 5,
                "world models": 3,
                "models": 13,
            },
        ),
        ("snark hunting", {"snark hunting": None, "snark": 0, "hunting": 0}),
    ],
)
def test_parts_of_a_phrase_count_by_how_specific_they_are_to_it(
    phrase: str, df: dict[str, int | None]
) -> None:
    """1/8 + (df of the phrase + 5) / (df of the part + 20) / 2: a quarter for parts that no paper has."""
    archive = [*["Deep world models"] * 2, "World models", *["The world"] * 2, *["Models"] * 10]
    with_phrase = {"world models": 3, "deep world models": 2, "snark hunting": 0}[phrase]
    expected = {
        term: 1.0 if papers is None else (1 / 4 + (with_phrase + 5) / (papers + 20)) / 2
        for term, papers in df.items()
    }
    assert weights(of_interest(Interest(phrase), index_of(phrase, archive=archive))) == pytest.approx(
        expected
    )


def test_a_perfect_match() -> None:
    """It has every term of a text, a phrase's parts and acronym included, as often as can be."""
    archive = ("deep world models (DWM)", "DWM. Deep world models", "world models", "tea")
    index = index_of("deep world models", "robots, tea and world models", archive=archive)
    rare, known, twice, often = (log(5 / (1 + df)) + 1 for df in range(4))
    facet = of_interest(Interest("deep world models"), index)
    part, common_part = ((1 / 4 + 7 / (df + 20)) / 2 for df in (2, 3))
    # the phrase, "deep", "deep world" and DWM have a df of 2; "world", "models" and "world models" one of 3
    expected = (1 + 2 * part + 2 / (2 + 4)) * twice + 3 * common_part * often
    assert facet.perfect == pytest.approx(expected)
    # robots; tea; "tea and world" at a fifth; world; models; "world models" at a fifth
    expected = rare + known + 0.2 * rare + 2 * often + 0.2 * often
    assert of_interest(Interest("robots, tea and world models"), index).perfect == pytest.approx(expected)


@pytest.mark.parametrize(
    ("phrase", "archive", "found"),
    [
        # an archive that writes the phrase with its acronym
        (
            "graph neural networks",
            ["Graph neural networks (GNNs)"] * 3 + ["A GNN"] * 2,
            {"GNN": 3 / (5 + 4)},
        ),
        # with another word before the phrase
        ("speech recognition", ["Automatic speech recognition (ASR)"] * 4, {"ASR": 4 / (4 + 4)}),
        # also if the stemmer takes it for a plural
        ("intrusion detection systems", ["Intrusion detection systems (IDS)"] * 4, {"IDS": 4 / (4 + 4)}),
        # a quarter of the papers with it, and of four more, must have the phrase
        ("speech recognition", ["ASR. Speech recognition"] * 2 + ["ASR"] * 2, {"ASR": 1 / 4}),
        ("speech recognition", ["ASR. Speech recognition"] * 2 + ["ASR"] * 3, {}),
        ("speech recognition", ["ASR. Speech recognition"], {}),
        # an archive that does not: the same letters mean something else
        ("speech recognition", ["Speech recognition"] * 4 + ["ASR", "SR for images"], {}),
        # neither one word nor a sentence has acronyms
        ("recognition", ["Recognition (R)"] * 4, {}),
        ("speech recognition, robots", ["Speech recognition (SR), robots"] * 4, {}),
    ],
)
def test_acronyms_that_stand_for_a_phrase_in_the_archive(
    phrase: str, archive: list[str], found: dict[str, float]
) -> None:
    """They have the phrase's initials after at most one more letter, and the weight of the share of such papers."""
    facet = of_interest(Interest(phrase), index_of(phrase, archive=archive))
    written = set(query(phrase).terms)
    assert {term: weight for term, weight in weights(facet).items() if term not in written} == pytest.approx(
        found
    )


ACRONYM = ("Graph neural networks (GNNs)", "Graph neural networks (GNNs)", "GNN", "graph", "few-shot")


@pytest.mark.parametrize(
    ("phrase", "without", "gone"),
    [
        ("graph neural networks", ["GNN"], {"GNN"}),
        ("graph neural networks", ["networks"], {"networks"}),
        ("graph neural networks", ["networking"], {"networks"}),  # the same stem
        ("graph neural networks", ["graph neural"], {"graph", "neural", "graph neural"}),
        # without any of its pairs a phrase does not count, and neither does what stands for it
        ("graph neural networks", ["Graph Neural Networks"], {"everything"}),
        ("graph neural networks", ["graph neural", "neural networks"], {"everything"}),
        ("world models", ["world", "models"], {"world", "models"}),
        ("world models", ["world models"], {"everything"}),
        ("k-means", ["means"], {"means"}),
        # a hyphen makes a pair with a stop word
        ("few-shot learning", ["few-shot"], {"few-shot", "shot"}),
        ("chain-of-thought", ["chain-of-thought"], {"everything"}),
        ("robots", ["robots"], {"everything"}),
        ("robots, tea and bread", ["tea"], {"tea"}),
        ("robots, tea and bread", ["tea and bread"], {"tea", "bread", "tea and bread"}),
        ("robots", ["", "of the", "cups"], set()),
    ],
)
def test_terms_that_do_not_count_for_an_interest(phrase: str, without: list[str], gone: set[str]) -> None:
    """Their words and pairs are left out; the other terms keep their weights, and a perfect match is the same."""
    index = index_of(phrase, archive=ACRONYM)
    whole, facet = (of_interest(Interest(phrase, without=tuple(w)), index) for w in ((), without))
    every = weights(whole)
    left = {} if gone == {"everything"} else {t: weight for t, weight in every.items() if t not in gone}
    assert gone == {"everything"} or gone <= every.keys()
    assert weights(facet) == left
    assert (facet.kind, facet.name, facet.places, facet.perfect) == (
        whole.kind,
        whole.name,
        whole.places,
        whole.perfect,
    )


def test_terms_that_do_not_count_for_about() -> None:
    """They are left out of `about` alone; those of an interest of the interest alone."""
    text = "world models"
    index = index_of(text)
    profile = Profile("ada", interests=(Interest(text, without=("world",)),), about=text, without=("models",))
    interest, about = text_facets(profile, queries(profile), index)
    assert set(weights(interest)) == {"models", "world models"}
    assert set(weights(about)) == {"world", "world models"}


@pytest.mark.parametrize("kind", [Kind.LIKE, Kind.DISLIKE])
@pytest.mark.parametrize(
    ("square", "common", "distance"),
    [(20.0, 0.0, 20.0), (20.0, 10.0, 20 - ALPHA * 10), (17.0, 2.0, 17 - ALPHA * 2), (3.0, 2.0, 16 / 4)],
)
def test_the_facet_of_liked_and_disliked_papers(
    kind: Kind, square: float, common: float, distance: float
) -> None:
    """A perfect match has a part of their common product, less that with the background, or of what is usual."""
    named = (NamedPaper("Paper 0", 0, False), NamedPaper("Paper 7", 7, True))
    facet = paper_facet(named, kind, number=2.0, square=square, common=common, usual=16.0)
    assert facet.perfect == pytest.approx(LIKENESS * 7 / 8 * distance)
    assert facet.weight == (1.0 if kind is Kind.LIKE else DISLIKE_WEIGHT)
    assert (facet.kind, facet.papers, facet.name) == (kind, named, "")
