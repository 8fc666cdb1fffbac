"""Which reasons readers see, and how they are worded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.presentation.reasons import REASONS_SHOWN, visible_reasons
from bot.ranking.model import Reason
from bot.text.plain import one_line
from tests.presentation.test_excerpts import reasons


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        # a word of a phrase is part of it
        ((("world", 3.0), ("models", 2.0), ("world models", 1.0)), ["world models"]),
        ((("World", 3.0), ("world models", 1.0)), ["world models"]),
        ((("world models", 1.0), ("world models for robots", 0.5)), ["world models for robots"]),
        # the phrase's weight includes its words', and may exceed that of a heavier word
        (
            (("robots", 4.0), ("world", 3.0), ("models", 2.0), ("world models", 1.0)),
            ["world models", "robots"],
        ),
        # a part of a word is a different word
        ((("model", 2.0), ("remodelled houses", 1.0)), ["model", "remodelled houses"]),
        # the words in another order are a different term
        ((("model world", 2.0), ("world models", 1.0)), ["model world", "world models"]),
        # a word of two phrases counts for the first of them
        ((("world", 3.0), ("world models", 2.0), ("world maps", 1.0)), ["world models", "world maps"]),
        ((("world", 3.0), ("world maps", 2.0), ("world models", 1.0)), ["world maps", "world models"]),
        # negative weights are ignored
        ((("world", -3.0), ("world models", 1.0)), ["world models"]),
        ((("survey", -1.0),), []),
        ((), []),
        # equal weights: in alphabetical order
        ((("b", 1.0), ("a", 1.0)), ["a", "b"]),
        # at most four, none lighter than an eighth of the first
        ((("a", 8.0), ("b", 7.0), ("c", 6.0), ("d", 5.0), ("e", 4.0)), ["a", "b", "c", "d"]),
        ((("a", 8.0), ("b", 1.0), ("c", 0.99)), ["a", "b"]),
        # the eighth is of the merged weight
        ((("a", 8.0), ("world", 0.5), ("world models", 0.5)), ["a", "world models"]),
    ],
)
def test_reasons_are_whole_terms(given_: tuple[tuple[str, float], ...], shown: list[str]) -> None:
    """Up to four: "world models", not "world", "models", "world models"."""
    assert list(visible_reasons(reasons(*given_))) == shown


@pytest.mark.parametrize(
    ("name", "term", "text"),
    [
        ("like: World Models for Robots", "world models", "like “World Models for Robots”"),
        ("like: On: Colons", "colons", "like “On: Colons”"),
        ("author: Seungwook Han", "han", "you follow Seungwook Han"),
        ("votes: 12", "votes", "votes: 12"),
        ("{0.__class__}", "{}", "{0.__class__}"),
    ],
)
def test_other_reasons_are_worded(name: str, term: str, text: str) -> None:
    """A liked paper's title or an author's name is a reason beside a term that it contains."""
    assert visible_reasons((Reason(term, 0.3), Reason(name, 0.2, is_term=False))) == (term, text)


def test_followed_authors_are_one_reason() -> None:
    """All authors that the profile follows are named in one."""
    names = [Reason(f"author: {name}", 1.0, is_term=False) for name in ("Ada Example", "Bo Sample")]
    shown = visible_reasons((Reason("tea", 2.0), *names, Reason("cups", 0.5)))
    assert shown == ("tea", "you follow Ada Example and Bo Sample", "cups")
    assert visible_reasons((Reason("author: Ada", 1.0),)) == (
        "author: Ada",
    )  # a term of a paper on authorship


def test_the_interest_is_not_repeated() -> None:
    """A paper shown for "world models" has other reasons in its place."""
    several = reasons(
        ("world models", 0.5), ("robots", 0.4), ("cups", 0.3), ("world", 0.2), ("tea", 0.2), ("mud", 0.1)
    )
    assert visible_reasons(several, "world models") == ("robots", "cups", "tea")
    assert visible_reasons(several) == ("world models", "robots", "cups", "tea")
    assert visible_reasons(several[:1], "world models") == ()


_terms = st.one_of(
    st.lists(st.sampled_from(("world", "models", "of", "robots")), min_size=1, max_size=4).map(" ".join),
    st.text(max_size=8),
)


@given(st.lists(st.builds(Reason, _terms, st.floats(-1, 1)), max_size=12))
def test_there_is_a_reason_when_a_term_raised_the_score(found: list[Reason]) -> None:
    """At most four, each once, and at least one if any weight is positive."""
    shown = visible_reasons(found)
    assert len(shown) <= REASONS_SHOWN
    assert len(set(shown)) == len(shown)
    best = max((one for one in found if one.weight > 0), key=lambda one: one.weight, default=None)
    assert shown or best is None or not one_line(best.term)
