"""Which papers are the same work."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse

from bot.papers.model import Paper
from bot.ranking.linear import Ranker
from bot.ranking.twins import IDENTICAL, REPEATED, SERIES, NearWords, Twins, unit_words
from tests.support.builders import counted, make_paper, make_profile

ADA, BEN, CAT, DAN, EVE = "Ada Lovelace", "Ben Ali", "Cat Stevens", "Dan Brown", "Eve Adams"
ALMOST = 1e-6


def pair(one: tuple[str, ...], other: tuple[str, ...], cosine: float) -> tuple[Twins, Paper, Paper]:
    """Two papers by these people whose words have this cosine similarity."""
    rows = np.array([[1.0, 0.0], [cosine, math.sqrt(1 - cosine**2)]]) * 7
    papers = make_paper("0", authors=one), make_paper("1", authors=other)
    return Twins(NearWords(unit_words(sparse.csr_array(rows), np.ones(2))), papers), *papers


@pytest.mark.parametrize(
    ("one", "other", "from_on"),
    [
        # half of the shorter list of authors
        ((ADA,), (ADA,), SERIES),
        ((ADA,), (ADA, BEN, CAT, DAN), SERIES),
        ((ADA, BEN), (BEN, CAT, DAN, EVE), SERIES),
        ((ADA, BEN, CAT), (ADA, DAN, EVE), None),
        ((ADA, BEN, CAT), (CAT, BEN, DAN, EVE), SERIES),
        ((ADA, BEN, CAT, DAN), (ADA, BEN, EVE, "Fay Ray"), SERIES),
        ((ADA, BEN, CAT, DAN), (ADA, "Fay Ray", EVE, "Guy Pearce"), None),
        # whatever the spelling, but whole names
        ((ADA, BEN), ("A. Lovelace", "Fay Ray"), SERIES),
        ((ADA, BEN), ("Lovelace, Ada",), SERIES),
        ((ADA,), ("Bob Lovelace",), None),
        ((ADA,), (BEN,), None),
        # unknown authors: only the same text
        ((), (), IDENTICAL),
        ((), (ADA,), IDENTICAL),
        ((ADA, BEN), (), IDENTICAL),
    ],
)
def test_twins_by_authors_and_similarity(
    one: tuple[str, ...], other: tuple[str, ...], from_on: float | None
) -> None:
    """Half of the shorter list of authors is in both, and the similarity is 0.5 or more; 0.9 without authors."""
    for cosine in (0.0, SERIES, IDENTICAL, 1.0):
        for almost in (cosine - ALMOST, cosine + ALMOST):
            twins, a, b = pair(one, other, min(max(almost, 0.0), 1.0))
            expected = from_on is not None and almost >= from_on
            assert (twins.find(a, [b]) is b) is expected
            assert (twins.find(b, [a]) is a) is expected


@pytest.mark.parametrize(
    ("authors", "cosine", "series", "repeated"),
    [
        ((ADA,), SERIES - ALMOST, False, False),
        ((ADA,), SERIES + ALMOST, True, False),
        ((ADA,), REPEATED - ALMOST, True, False),
        ((ADA,), REPEATED + ALMOST, True, True),
        ((), REPEATED + ALMOST, False, False),
        ((), IDENTICAL - ALMOST, False, False),
        ((), IDENTICAL + ALMOST, True, True),
    ],
)
def test_series_and_repeated_papers(
    authors: tuple[str, ...], cosine: float, series: bool, repeated: bool
) -> None:
    """From 0.5 on papers are a series, from 0.7 on the same work."""
    twins, one, other = pair(authors, authors, cosine)
    assert (twins.find(one, [other], SERIES) is other) is series
    assert (twins.find(one, [other], REPEATED) is other) is repeated


def test_pairs_of_words_do_not_count() -> None:
    """The similarity is that of the single words."""
    rows = sparse.csr_array(np.array([[1.0, 1.0, 5.0, 0.0], [1.0, 1.0, 0.0, 9.0]]))
    papers = [make_paper("0", authors=(ADA,)), make_paper("1", authors=(ADA,))]
    twins = Twins(NearWords(unit_words(rows, np.array([1.0, 1.0, 0.0, 0.0]))), papers)
    assert twins.find(papers[0], [papers[1]], 1 - ALMOST) is papers[1]


def test_papers_without_words_are_not_twins() -> None:
    """Two empty papers are not similar."""
    one, other = make_paper("0", authors=(ADA,)), make_paper("1", authors=(ADA,))
    twins = Twins(NearWords(unit_words(sparse.csr_array((2, 3)), np.ones(3))), [one, other])
    assert twins.find(one, [other]) is None


# --- Through a ranker -------------------------------------------------------------------------------------

ABSTRACT = "Robots stack cups by curiosity, and learn from every cup that falls."
PAPERS = [
    make_paper("a", "Robots that stack cups", abstract=ABSTRACT, authors=(ADA, BEN)),
    make_paper("b", "Robots that stack cups", abstract=ABSTRACT, authors=(ADA, BEN)),
    make_paper("c", "Robots that stack cups: part two", abstract=ABSTRACT + " Now bread.", authors=(BEN,)),
    make_paper("d", "Robots that stack cups", abstract=ABSTRACT, authors=(CAT,)),
    make_paper("e", "Sparse graphs and their colourings", authors=(ADA, BEN)),
]


def test_a_ranker_finds_the_first_twin() -> None:
    """Of the given papers, in their order; papers with other authors, or with other words, are not twins."""
    papers = [counted(one) for one in PAPERS]
    ranker = Ranker([one.terms for one in papers], papers, papers, [make_profile("robots")], {})
    a, b, c, d, e = PAPERS
    assert ranker.twin(a, [e, d, c, b]) is c
    assert ranker.twin(a, [e, d, b, c]) is b
    assert ranker.twin(a, [e, d]) is None
    assert ranker.twin(a, []) is None
    assert ranker.twin(a, [b], repeated=True) is b
