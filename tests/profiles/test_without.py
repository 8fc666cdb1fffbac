"""Which text of a profile a term counts for."""

from __future__ import annotations

import pytest

from bot.profiles.model import Interest
from bot.profiles.without import ExcludedTerm, excluded_terms, interest_with
from tests.support.builders import make_profile

PROFILE = make_profile(
    "world models", "language models", "robots", "robots that learn", about="I plan grasps."
)


@pytest.mark.parametrize(
    ("term", "first", "interest"),
    [
        ("models", "language models", "language models"),
        ("models", "", "world models"),
        ("language", "world models", "language models"),
        ("LM", "", "language models"),
        ("grasping", "world models", ""),
        ("kitchens", "world models", None),
        ("models of the world", "world models", None),
        ("world models of language", "", None),
        ("robots", "", "robots that learn"),
        ("robots", "robots", None),
        ("robots", "robots that learn", "robots that learn"),
    ],
)
def test_the_interest_of_a_term(term: str, first: str, interest: str | None) -> None:
    """That which found the paper if it has the term, or else another one, or `about`; none that it covers."""
    assert interest_with(PROFILE, term, first) == interest


def test_terms_of_a_paper_that_do_not_count() -> None:
    """Only those that it has; each with its interest, and whether an answer says so."""
    own = make_profile(about="I plan.", without=("plan", "grasp"), interests=(Interest("world models"),))
    taught = make_profile(
        about="I plan.",
        without=("plan", "grasp"),
        interests=(Interest("world models", without=("models", "arms")),),
    )
    assert list(excluded_terms(own, taught, "Planning with a world model")) == [
        ExcludedTerm("models", "world models", True),
        ExcludedTerm("plan", "", False),
    ]
