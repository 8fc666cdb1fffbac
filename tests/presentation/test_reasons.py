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
        # the same stems, in any order and with or without a hyphen
        ((("attacked", 2.0), ("attacks", 1.0)), ["attacked"]),
        ((("model world", 2.0), ("world models", 1.0)), ["model world"]),
        (
            (("tuning", 3.0), ("robots", 2.0), ("fine-tuning", 0.1), ("fine tuned", 0.1)),
            ["fine-tuning", "robots"],
        ),
        # a word of two phrases counts for the first of them
        ((("world", 3.0), ("world models", 2.0), ("world maps", 1.0)), ["world models", "world maps"]),
        ((("world", 3.0), ("world maps", 2.0), ("world models", 1.0)), ["world maps", "world models"]),
        # negative weights are ignored
        ((("world", -3.0), ("world models", 1.0)), ["world models"]),
        ((("survey", -1.0),), []),
        ((), []),
        # equal weights: in alphabetical order
        ((("b", 1.0), ("a", 1.0)), ["a", "b"]),
        # at most three, none lighter than an eighth of the first
        ((("a", 8.0), ("b", 7.0), ("c", 6.0), ("d", 5.0)), ["a", "b", "c"]),
        ((("a", 8.0), ("b", 1.0), ("c", 0.99)), ["a", "b"]),
        # the eighth is of the merged weight
        ((("a", 8.0), ("world", 0.5), ("world models", 0.5)), ["a", "world models"]),
    ],
)
def test_reasons_are_whole_terms(given_: tuple[tuple[str, float], ...], shown: list[str]) -> None:
    """Up to three: "world models", not "world", "models", "world models"."""
    assert list(visible_reasons(reasons(*given_))) == shown


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("like: World Models for Robots", "like “World Models for Robots”"),
        ("like: On: Colons", "like “On: Colons”"),
        ("more like: World Models for Robots", "more like “World Models for Robots”, as you asked"),
        ("author: Seungwook Han", "you follow Seungwook Han"),
        ("votes: 12", "votes: 12"),
        ("{0.__class__}", "{0.__class__}"),
    ],
)
def test_other_reasons_are_worded(name: str, text: str) -> None:
    """A liked paper's title or an author's name is a reason beside a term that it contains."""
    term = name.split()[-1]
    found = (Reason(term, 0.3), Reason(name, 0.2, is_term=False))
    assert sorted(visible_reasons(found)) == sorted({term, text})


def test_what_lowers_a_score_is_not_shown() -> None:
    """Neither a disliked paper nor one that a reader wants less of: `explain` has them."""
    lowering = [Reason(f"{verb}: Cups", -0.2, is_term=False) for verb in ("unlike", "less like")]
    assert visible_reasons((Reason("tea", 0.3), *lowering)) == ("tea",)


def test_followed_authors_come_first() -> None:
    """All that the profile follows are named in one reason, however light it is."""
    names = [Reason(f"author: {name}", 0.1, is_term=False) for name in ("Bo Sample", "Ada Example")]
    several = (Reason("tea", 2.0), *names, Reason("like: Cups", 1.5, is_term=False), Reason("mud", 1.0))
    assert visible_reasons(several) == ("you follow Ada Example and Bo Sample", "tea", "like “Cups”")
    assert visible_reasons((Reason("author: Ada", 1.0),)) == (
        "author: Ada",
    )  # a term of a paper on authorship


@pytest.mark.parametrize(
    ("interest", "shown"),
    [
        ("", ["world models", "robots", "tea"]),
        ("world models", ["robots", "tea", "cups"]),
        ("Robotic World-Model", ["tea"]),
        ("world", ["world models", "robots", "tea"]),
    ],
)
def test_the_interest_is_not_repeated(interest: str, shown: list[str]) -> None:
    """A paper for "world models" has three reasons besides; what is lighter than an eighth of it is none."""
    several = reasons(
        ("world models", 0.5), ("robots", 0.4), ("tea", 0.3), ("world", 0.2), ("cups", 0.1), ("mud", 0.05)
    )
    assert list(visible_reasons(several, interest)) == shown


@pytest.mark.parametrize(
    ("interest", "specific", "shown"),
    [
        ("", ("robots",), ["robots"]),
        ("", ("robots", "language models"), ["language models", "robots"]),
        ("", (), ["models"]),
        ("language models", (), []),
        ("robots", (), []),
    ],
)
def test_general_terms(interest: str, specific: tuple[str, ...], shown: list[str]) -> None:
    """A term that many papers have is shown only when there is nothing else, however heavy it is."""
    general = Reason("models", 1.0, is_specific=False)
    assert list(visible_reasons((general, *(Reason(term, 0.2) for term in specific)), interest)) == shown


_terms = st.one_of(
    st.lists(st.sampled_from(("world", "models", "of", "robots")), min_size=1, max_size=4).map(" ".join),
    st.text(max_size=8),
)


@given(st.lists(st.builds(Reason, _terms, st.floats(-1, 1)), max_size=12))
def test_there_is_a_reason_when_a_term_raised_the_score(found: list[Reason]) -> None:
    """At most three, each once, and at least one if any weight is positive."""
    shown = visible_reasons(found)
    assert len(shown) <= REASONS_SHOWN
    assert len(set(shown)) == len(shown)
    best = max((one for one in found if one.weight > 0), key=lambda one: one.weight, default=None)
    assert shown or best is None or not one_line(best.term)
