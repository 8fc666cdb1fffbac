"""Names of the same person, and the papers of an author."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers.model import Paper
from bot.papers.names import AuthorIndex, authors_among, begins_with_initial, may_mean, same_person
from tests.support.builders import make_paper

ONE_PERSON = [
    ("Seungwook Han", "Seungwook Han"),
    ("seungwook HAN", "Seungwook Han"),
    ("S. Han", "Seungwook Han"),
    ("S Han", "Seungwook Han"),
    ("Han, Seungwook", "Seungwook Han"),
    ("Han, S.", "Seungwook Han"),
    ("Seung-wook Han", "Seungwook Han"),
    ("Seung Wook Han", "Seungwook Han"),
    ("S.-W. Han", "Seung-Wook Han"),
    ("Yann A. LeCun", "Yann LeCun"),
    ("Y. A. LeCun", "Yann LeCun"),
    ("J. L. García Márquez", "José Luis Garcia Marquez"),
    ("Marin Soljačić", "Marin Soljacic"),
    ("Łukasz Kaiser", "Lukasz Kaiser"),
    ("ŁUKASZ KAISER", "łukasz kaiser"),
    ("Søren Ærø", "Soren Aero"),
    ("Sammy Davis Jr.", "Sammy Davis"),
    ("Sammy Davis, Jr.", "Sammy Davis"),
    ("Davis, Jr., Sammy", "Sammy Davis"),
    ("Davis, Sammy, III", "Sammy Davis"),
    ("Conor O'Brien", "Conor O’Brien"),
    ("李明", "李明"),
    ("Plato", "plato"),
    ("van den Oord, Aaron", "Aäron van den Oord"),
]
TWO_PEOPLE = [
    ("Seungwook Lee", "Seungwook Han"),
    ("Donghun Han", "Seungwook Han"),
    ("Han", "Seungwook Han"),
    ("Seungwook", "Seungwook Han"),
    ("D. Han", "Seungwook Han"),
    ("S. L. Han", "Seung-Wook Han"),
    ("Mary Ann Smith", "Mary Smith"),
    ("Mary B. Smith", "Mary C. Smith"),
    ("Sam Smith", "Samuel Smith"),
    ("Seungwook Hansen", "Seungwook Han"),
    ("Han Seungwook", "Seungwook Han"),
    ("李明", "李梅"),
    ("", ""),
    ("...", "..."),
    ("", "Seungwook Han"),
]


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [*((*pair, True) for pair in ONE_PERSON), *((*pair, False) for pair in TWO_PEOPLE)],
)
def test_names_of_the_same_person(name: str, other: str, same: bool) -> None:
    """Case, accents, hyphens, suffixes, the order with a comma, and initials do not matter; other parts do."""
    for a, b in ((name, other), (other, name)):
        assert same_person(a, b) is same
        papers = [make_paper("a", authors=("Ada Other", b)), make_paper("b", authors=("Ada Other",))]
        assert AuthorIndex(papers).papers_by(a) == ({"test:a"} if same else set())


@pytest.mark.parametrize(
    ("name", "other", "near"),
    [
        ("Han Seungwook", "Seungwook Han", True),
        ("Mary Ann Smith", "Mary Smith", True),
        ("Senur Ulukus", "Sennur Ulukus", True),
        ("Sennur Ulukos", "Sennur Ulukus", True),
        ("Sennur Ulusku", "Sennur Ulukus", True),
        ("Seungwook Han", "Seungwook Han", False),
        ("S. Han", "Seungwook Han", False),
        ("Sam Smith", "Sara Smith", False),
        ("Mingyang Dai", "Pingyang Dai", False),
        ("Seungwook Lee", "Seungwook Han", False),
        ("Han", "Seungwook Han", False),
        ("", "", False),
    ],
)
def test_names_that_may_be_meant(name: str, other: str, near: bool) -> None:
    """Another order, another given name, or one letter of a long name; never a name of the same person."""
    assert may_mean(name, other) is may_mean(other, name) is near


def test_names_that_begin_with_an_initial() -> None:
    """The given name comes first, or after a comma."""
    assert [begins_with_initial(name) for name in ("S. Han", "Han, S", "Seungwook J. Han", "")] == [
        True,
        True,
        False,
        False,
    ]


@given(st.text(max_size=30), st.text(max_size=30))
def test_same_person_is_symmetric(name: str, other: str) -> None:
    """For any two texts."""
    assert same_person(name, other) == same_person(other, name)


def test_a_followed_name_matches_the_whole_name_of_one_author() -> None:
    """Seungwook Lee and Donghun Han together are not Seungwook Han."""
    seen = datetime(2026, 5, 29, tzinfo=UTC)
    paper = Paper("arxiv:1", "T", seen, authors=("Seungwook Lee", "Donghun Han", "Pulkit Agrawal"))
    assert authors_among(paper, ["Seungwook Han", "P. Agrawal", "Donghun Han"]) == (
        "P. Agrawal",
        "Donghun Han",
    )


def test_the_index_finds_all_papers_of_a_person() -> None:
    """In every spelling; also the second time."""
    papers = [
        make_paper("a", authors=("Seungwook Han", "S. Han", "Seungwook Han")),
        make_paper("b", authors=("Han, Seungwook",)),
        make_paper("c", authors=("Donghun Han",)),
        make_paper("d"),
    ]
    index = AuthorIndex(papers)
    for _ in range(2):
        assert index.papers_by("Seungwook Han") == {"test:a", "test:b"}
        assert index.papers_by("S. Han") == {"test:a", "test:b"}
        assert index.papers_by("Nobody") == frozenset()


def test_the_index_counts_spellings() -> None:
    """Names of one person with numbers of papers; those that differ in case or hyphens are one."""
    papers = [
        make_paper("a", authors=("Seungwook Han", "S. Han")),
        make_paper("b", authors=("Seung-Wook Han",)),
        make_paper("c", authors=("Han Seungwook",)),
    ]
    index = AuthorIndex(papers)
    assert index.spellings("Seungwook Han") == {"S. Han": 1, "Seung-Wook Han": 2}
    assert index.near("Seungwook Han") == {"Han Seungwook": 1}
    assert (index.spellings("Nobody"), index.near("Nobody")) == ({}, {})


_PARTS = st.sampled_from(
    ("Han", "Seung", "Wook", "S.", "W", "Seungwook", "Émile", "李", "明", "Jr.", "-", ",", "o'")
)
_NAMES = st.one_of(st.lists(_PARTS, max_size=4).map(" ".join), st.text(max_size=8))


@given(st.lists(st.lists(_NAMES, max_size=3), max_size=4), _NAMES)
def test_the_index_finds_what_comparing_every_name_finds(authors: list[list[str]], name: str) -> None:
    """For any names on any papers."""
    papers = [make_paper(str(n), authors=tuple(names)) for n, names in enumerate(authors)]
    found = {paper.id for paper in papers if authors_among(paper, [name])}
    assert AuthorIndex(papers).papers_by(name) == found
