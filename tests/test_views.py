"""What a digest says of a paper's interest, its reasons, and of papers that say nearly the same."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot import terminal
from bot.model import Digest, Reason
from bot.text import one_line
from bot.views import (
    ALSO_SHOWN,
    LEAST_REASON,
    REASONS_SHOWN,
    TITLE_LENGTH,
    digest_view,
    paper_view,
    shown_reasons,
)
from tests.support.samples import digest, paper, scored


def reasons(*pairs: tuple[str, float]) -> tuple[Reason, ...]:
    return tuple(Reason(term, weight) for term, weight in pairs)


# --- Interests --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interests", "told"),
    [
        (("world models", "reward models"), ("world models", "reward models")),
        (("world models", "world models"), ("", "")),  # all are for it: no news
        (("world models",), ("",)),
        (("", ""), ("", "")),  # by what is liked, or by an author
        (("world models", ""), ("world models", "")),
    ],
)
def test_an_interest_is_named_when_there_are_several(
    interests: tuple[str, ...], told: tuple[str, ...]
) -> None:
    """A digest whose papers are all for one interest does not repeat it on every one of them."""
    papers = tuple(scored(n, interest=one) for n, one in enumerate(interests, start=1))
    assert tuple(one.interest for one in digest_view(digest(papers)).papers) == told


def test_an_interest_is_one_short_line() -> None:
    """A profile may hold a phrase of any length, with line breaks and TeX."""
    view = paper_view(1, scored(interest="a\nphrase " + "of many words " * 20), TODAY, several=True)
    assert view.interest.startswith("a phrase of many")
    assert len(view.interest) <= 60
    assert "\n" not in view.interest


# --- Reasons ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        # a word of a phrase that is there too says nothing more
        ((("world", 3.0), ("models", 2.0), ("world models", 1.0)), ["world models"]),
        ((("World", 3.0), ("world models", 1.0)), ["world models"]),
        ((("world models", 1.0), ("world models for robots", 0.5)), ["world models for robots"]),
        # a phrase counts with its words, and may so come before a heavier word
        (
            (("robots", 4.0), ("world", 3.0), ("models", 2.0), ("world models", 1.0)),
            ["world models", "robots"],
        ),
        # a part of a word is another word
        ((("model", 2.0), ("remodelled houses", 1.0)), ["model", "remodelled houses"]),
        # the words in another order, or not all of them, are another term
        ((("model world", 2.0), ("world models", 1.0)), ["model world", "world models"]),
        # a word within two phrases counts for the first of them, and is not told a third time
        ((("world", 3.0), ("world models", 2.0), ("world maps", 1.0)), ["world models", "world maps"]),
        ((("world", 3.0), ("world maps", 2.0), ("world models", 1.0)), ["world maps", "world models"]),
        # what lowered the score is no reason to read, nor does it take away
        ((("world", -3.0), ("world models", 1.0)), ["world models"]),
        ((("survey", -1.0),), []),
        ((), []),
        # equal weights: by their letters
        ((("b", 1.0), ("a", 1.0)), ["a", "b"]),
        # at most four, none under an eighth of the first
        ((("a", 8.0), ("b", 7.0), ("c", 6.0), ("d", 5.0), ("e", 4.0)), ["a", "b", "c", "d"]),
        ((("a", 8.0), ("b", 1.0), ("c", 0.99)), ["a", "b"]),
        # what a word adds to its phrase counts for the eighth
        ((("a", 8.0), ("world", 0.5), ("world models", 0.5)), ["a", "world models"]),
    ],
)
def test_reasons_are_whole_terms(given_: tuple[tuple[str, float], ...], shown: list[str]) -> None:
    """Up to four, as a reader would say them: "world models" and not "world", "models", "world models"."""
    assert list(shown_reasons(reasons(*given_))) == shown


@pytest.mark.parametrize(
    ("one", "other"), [("World Models", "world models"), ("few-shot", "few shot"), ("C++", "C"), ("λ→", "→λ")]
)
def test_one_term_written_twice_is_told(one: str, other: str) -> None:
    """As the profile writes it and as the paper does: the reader sees it, whatever the spelling."""
    told = shown_reasons(reasons((one, 0.3), (other, 0.2), ("robots", 0.1)))
    assert set(told) & {one, other}


@pytest.mark.parametrize(
    ("title", "term"), [("like: World Models for Robots", "world models"), ("author: Seungwook Han", "han")]
)
def test_a_title_or_a_name_does_not_hide_a_term(title: str, term: str) -> None:
    """That it resembles a liked paper is one reason, that it has the interest's words is another."""
    told = shown_reasons((Reason(term, 0.3), Reason(title, 0.2, is_term=False)))
    assert told == (term, title)


def test_the_interest_that_is_named_is_no_reason_too() -> None:
    """A paper "for world models" has room for what else speaks for it."""
    some = reasons(
        ("world models", 0.5), ("robots", 0.4), ("cups", 0.3), ("world", 0.2), ("tea", 0.2), ("mud", 0.1)
    )
    assert shown_reasons(some, "world models") == ("robots", "cups", "tea")
    assert shown_reasons(some) == ("world models", "robots", "cups", "tea")
    assert shown_reasons(some[:1], "world models") == ()


_terms = st.one_of(
    st.lists(st.sampled_from(("world", "models", "of", "robots")), min_size=1, max_size=4).map(" ".join),
    st.text(max_size=8),
)


@given(st.lists(st.builds(Reason, _terms, st.floats(-1, 1)), max_size=12))
def test_reasons_are_few_and_some(some: list[Reason]) -> None:
    """Never more than four, never one that only lowers, and never none when a word raised the score."""
    told = shown_reasons(some)
    assert len(told) <= REASONS_SHOWN
    assert len(set(told)) == len(told)
    best = max((one for one in some if one.weight > 0), key=lambda one: one.weight, default=None)
    assert told or best is None or not one_line(best.term)
    assert LEAST_REASON == 1 / 8


# --- Nearly the same --------------------------------------------------------------------------------------


def test_what_says_nearly_the_same_is_named_with_its_link() -> None:
    """Title and page of each, TeX made readable; a page that is none is left out."""
    also = (
        paper(2, title="On the $m^2$ of\nAndr\\'e"),
        paper(3, url="javascript:alert(1)", id="ns:3"),
        paper(4, title=" ", url=None),
    )
    view = paper_view(1, scored(also=also), TODAY)
    assert [(one.title, one.url) for one in view.also] == [
        ("On the m² of André", "https://arxiv.org/abs/2605.00002"),
        (paper(3).title.replace("$\\ell_1$", "ℓ₁"), None),
        ("Untitled", "https://arxiv.org/abs/2605.00004"),
    ]
    assert paper_view(1, scored(), TODAY).also == ()


def test_few_of_a_long_series_are_named_and_none_at_length() -> None:
    """A series of twenty with endless titles is not a digest of its own, but none of it goes unmentioned."""
    also = tuple(paper(n, title="long " * 500) for n in range(2, 22))
    view = paper_view(1, scored(also=also), TODAY)
    assert [one.title for one in view.also][ALSO_SHOWN:] == ["17 more"]
    assert all(len(one.title) <= TITLE_LENGTH for one in view.also)


# --- On a terminal ----------------------------------------------------------------------------------------


def on_terminal(shown: Digest, **console: Any) -> str:
    out = io.StringIO()
    Console(file=out, width=console.pop("width", 200), **console).print(terminal.digest(shown, ""))
    return out.getvalue()


def test_terminal_names_the_interest_and_what_says_nearly_the_same() -> None:
    """In words and with the whole link, and what looks like Rich's markup is text."""
    also = (
        paper(7, title="[bold red]Again[/] and [link=x]again"),
        paper(8, id="ns:8", url=None, title="Alone"),
    )
    shown = digest((scored(1, interest="world models", also=also), scored(2, interest="robots")))
    for console in ({}, {"force_terminal": True, "color_system": None}):
        text = on_terminal(shown, **console)
        assert (
            "nearly the same  [bold red]Again[/] and [link=x]again · https://arxiv.org/abs/2605.00007" in text
        )
        assert "nearly the same  Alone\n" in "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
        assert "why  world models, robots" in text  # the first one's interest, and what else there is
    assert "nearly the same" not in on_terminal(digest(2))


def test_a_long_link_is_not_lost_on_a_narrow_terminal() -> None:
    """It is broken over lines, and all of it is there."""
    url = "https://a.org/" + "x" * 900
    text = on_terminal(digest((scored(1, also=(paper(7, url=url),)),)), width=60)
    assert url in "".join(line.strip() for line in text.splitlines())
