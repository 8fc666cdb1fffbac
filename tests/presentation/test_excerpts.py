"""Which reasons a reader is told, and which sentences of an abstract."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.presentation.excerpts import EXTRACT_LENGTH, LEAST_REASON, REASONS_SHOWN, extract, visible_reasons
from bot.ranking.model import Reason
from bot.text.latex import to_unicode
from bot.text.plain import one_line
from tests.support.samples import HOSTILE


def reasons(*pairs: tuple[str, float]) -> tuple[Reason, ...]:
    return tuple(Reason(term, weight) for term, weight in pairs)


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
    assert list(visible_reasons(reasons(*given_))) == shown


@pytest.mark.parametrize(
    ("one", "other"), [("World Models", "world models"), ("few-shot", "few shot"), ("C++", "C"), ("λ→", "→λ")]
)
def test_one_term_written_twice_is_told(one: str, other: str) -> None:
    """As the profile writes it and as the paper does: the reader sees it, whatever the spelling."""
    told = visible_reasons(reasons((one, 0.3), (other, 0.2), ("robots", 0.1)))
    assert set(told) & {one, other}


@pytest.mark.parametrize(
    ("title", "term", "said"),
    [
        ("like: World Models for Robots", "world models", "like “World Models for Robots”"),
        ("like: On: Colons", "colons", "like “On: Colons”"),
        ("author: Seungwook Han", "han", "you follow Seungwook Han"),
        ("votes: 12", "votes", "votes: 12"),
        ("{0.__class__}", "{}", "{0.__class__}"),
    ],
)
def test_a_title_or_a_name_does_not_hide_a_term(title: str, term: str, said: str) -> None:
    """That it resembles a liked paper is one reason, that it has the interest's words is another."""
    told = visible_reasons((Reason(term, 0.3), Reason(title, 0.2, is_term=False)))
    assert told == (term, said)


def test_followed_authors_are_one_reason() -> None:
    """However many of a paper's authors the profile follows."""
    names = [Reason(f"author: {name}", 1.0, is_term=False) for name in ("Ada Example", "Bo Sample")]
    told = visible_reasons((Reason("tea", 2.0), *names, Reason("cups", 0.5)))
    assert told == ("tea", "you follow Ada Example and Bo Sample", "cups")
    assert visible_reasons((Reason("author: Ada", 1.0),)) == (
        "author: Ada",
    )  # a term of a paper on authorship


def test_the_interest_that_is_named_is_no_reason_too() -> None:
    """A paper "for world models" has room for what else speaks for it."""
    some = reasons(
        ("world models", 0.5), ("robots", 0.4), ("cups", 0.3), ("world", 0.2), ("tea", 0.2), ("mud", 0.1)
    )
    assert visible_reasons(some, "world models") == ("robots", "cups", "tea")
    assert visible_reasons(some) == ("world models", "robots", "cups", "tea")
    assert visible_reasons(some[:1], "world models") == ()


_terms = st.one_of(
    st.lists(st.sampled_from(("world", "models", "of", "robots")), min_size=1, max_size=4).map(" ".join),
    st.text(max_size=8),
)


@given(st.lists(st.builds(Reason, _terms, st.floats(-1, 1)), max_size=12))
def test_reasons_are_few_and_some(some: list[Reason]) -> None:
    """Never more than four, never one that only lowers, and never none when a word raised the score."""
    told = visible_reasons(some)
    assert len(told) <= REASONS_SHOWN
    assert len(set(told)) == len(told)
    best = max((one for one in some if one.weight > 0), key=lambda one: one.weight, default=None)
    assert told or best is None or not one_line(best.term)
    assert LEAST_REASON == 1 / 8


# --- Extract ----------------------------------------------------------------------------------------------

A, B, C, D = (
    "We study tea.",
    "World models help robots.",
    "Nobody knows why.",
    "Cups break, as world models show.",
)


def marked(abstract: str, *pairs: tuple[str, float], broken_off: bool = False) -> str:
    """An extract with its marks as brackets."""
    spans = extract(abstract, reasons(*pairs), broken_off=broken_off)
    return "".join(f"[{one.text}]" if one.matched else one.text for one in spans)


WORLD, CUPS = ("world models", 1.0), ("cups", 0.5)


@pytest.mark.parametrize(
    ("abstract", "terms", "told"),
    [
        # the sentences that carry the most, in the abstract's order
        (f"{A} {B} {C} {D}", (WORLD, CUPS), "We study tea. … [Cups] break, as [world models] show."),
        (f"{A} {C} {B} Cups break.", (WORLD, CUPS), "[World models] help robots. [Cups] break."),
        (f"{B} {C} {A} Cups break.", (CUPS, WORLD), "[World models] help robots. … [Cups] break."),
        # one that carries all, and the one that begins
        (f"{A} {C} {B}", (WORLD,), "We study tea. … [World models] help robots."),
        (f"{B} {A} {C}", (WORLD,), "[World models] help robots. We study tea."),
        # the same term written otherwise
        ("A model of the world. The modelled worlds. World-model here. A world’s model.", (WORLD,),
         "A model of the world. … [World-model] here."),
        # where the phrase is only in the title, its words are looked for
        ("A world. A model.", (WORLD, ("world", 0.3), ("models", 0.2)), "A [world]. A [model]."),
        # a phrase of three words is one
        ("Tea. We scale diffusion language models. A model. Language.", (("diffusion language models", 1.0),),
         "Tea. We scale [diffusion language models]."),
        # another word of the same stem is another word
        ("Tea is largely reasonable. Cups. We reason at large.", (("large", 1.0), ("reasoning", 0.9)),
         "Tea is largely reasonable. … We [reason] at [large]."),
        # none of it: the beginning
        (f"{A} {C} {B}", (("zebras", 1.0),), "We study tea. Nobody knows why."),
        (f"{A} {C} {B}", (), "We study tea. Nobody knows why."),
        # what lowers the score is nothing to be shown for
        (f"{A} {C} {B}", (("world models", -1.0),), "We study tea. Nobody knows why."),
        (B, (WORLD,), "[World models] help robots."),
        ("", (WORLD,), ""),
        # terms side by side are marked once
        ("Robots learn world models fast.", (WORLD, ("models fast", 0.9)), "Robots learn [world models] fast."),
        # TeX is read first
        ("\\emph{World models} of $x^2$.", (WORLD,), "[World models] of x²."),
        ("世界模型很好。机器人也很好。茶不好。", (("世界", 1.0),), "[世界]模型很好。 机器人也很好。"),
    ],
)  # fmt: skip
def test_the_sentences_that_carry_the_reasons(
    abstract: str, terms: tuple[tuple[str, float], ...], told: str
) -> None:
    """Two of them, with the terms marked; an ellipsis where something between them is left out."""
    assert marked(abstract, *terms) == told


@pytest.mark.parametrize(
    "text",
    [
        "As Muster et al. Show, e.g. Robots do.",
        "See Fig. 3 and Eq. (4) of Sec. 2.",
        "J. Doe and Dr. Who of St. Ives.",
        "It takes 3.5 h vs. 7.2 h with GPT-4.1 mini.",
        "Is it? maybe.",
    ],
)
def test_what_is_no_end_of_a_sentence(text: str) -> None:
    """Abbreviations, initials and decimal points are not taken for one."""
    assert marked(f"{text} Two. Three.") == f"{text} Two."


def test_broken_off_abstract_says_so() -> None:
    """A listing that broke off inside the abstract is not passed off as whole."""
    assert marked("One. Tw", broken_off=True) == "One. Tw …"
    assert marked("One. Two. Thr", broken_off=True) == "One. Two."


LONG = "Word" + " word" * 119


@pytest.mark.parametrize(
    ("abstract", "terms"),
    [
        (f"{LONG} world models {LONG}. Short.", (WORLD,)),
        (f"World models {LONG}. {LONG} cups {LONG}.", (WORLD, CUPS)),
        (f"{LONG} https://example.org/{'x' * 300} world models.", (WORLD,)),
    ],
)
def test_a_long_sentence_is_shown_around_its_terms(
    abstract: str, terms: tuple[tuple[str, float], ...]
) -> None:
    """Cut between words, with the term in what is shown."""
    told = extract(abstract, reasons(*terms))
    assert {one.text.lower() for one in told if one.matched} == {name for name, _ in terms}
    text = "".join(one.text for one in told)
    assert len(text) <= EXTRACT_LENGTH
    assert set(text.replace("…", " ").lower().split()) <= {
        "word",
        "world",
        "models",
        "cups",
        "short.",
        "models.",
    }


_words = st.lists(
    st.sampled_from((*HOSTILE, "world models", "cups", ". ", "\\emph{", "$x$", "Tea. ")), max_size=12
)


@given(_words.map(" ".join) | st.text(max_size=200), st.booleans())
def test_an_extract_is_of_the_abstract(abstract: str, broken_off: bool) -> None:
    """Whatever the text: within its length, its words in its order, nothing marked that was no reason."""
    spans = extract(abstract, reasons(WORLD, CUPS), broken_off=broken_off)
    text = "".join(one.text for one in spans)
    assert len(text) <= EXTRACT_LENGTH + len(" …")
    assert all(one.text for one in spans)
    assert one_line(text) == text.strip()
    rest = one_line(to_unicode(one_line(abstract)))
    for piece in (piece for piece in text.split("…") if piece.strip(" ,;:.–-")):
        assert one_line(piece).rstrip(" ,;:.–-")[:20] in rest
    assert {one.text.lower()[:3] for one in spans if one.matched} <= {"wor", "cup"}
