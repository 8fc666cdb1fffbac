"""Which sentences of an abstract readers see, and in less room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.presentation.excerpts import EXTRACT_LENGTH, Span, extract, shortened
from bot.ranking.model import Reason
from bot.text.plain import one_line
from tests.support.samples import HOSTILE


def reasons(*pairs: tuple[str, float]) -> tuple[Reason, ...]:
    return tuple(Reason(term, weight) for term, weight in pairs)


A, B, C, D = (
    "We study tea.",
    "World models help robots.",
    "Nobody knows why.",
    "Cups break, as world models show.",
)


def marked(abstract: str, *pairs: tuple[str, float], broken_off: bool = False) -> str:
    """The extract, with marked terms in brackets."""
    spans = extract(abstract, reasons(*pairs), broken_off=broken_off)
    return "".join(f"[{one.text}]" if one.matched else one.text for one in spans)


WORLD, CUPS = ("world models", 1.0), ("cups", 0.5)


@pytest.mark.parametrize(
    ("abstract", "terms", "expected"),
    [
        # the sentences with the most weight, in the abstract's order
        (f"{A} {B} {C} {D}", (WORLD, CUPS), "We study tea. … [Cups] break, as [world models] show."),
        (f"{A} {C} {B} Cups break.", (WORLD, CUPS), "[World models] help robots. [Cups] break."),
        (f"{B} {C} {A} Cups break.", (CUPS, WORLD), "[World models] help robots. … [Cups] break."),
        # one with all of it, and the first one
        (f"{A} {C} {B}", (WORLD,), "We study tea. … [World models] help robots."),
        (f"{B} {A} {C}", (WORLD,), "[World models] help robots. We study tea."),
        # other spellings of the term
        ("A model of the world. The modelled worlds. World-model here. A world’s model.", (WORLD,),
         "A model of the world. … [World-model] here."),
        # the phrase is only in the title: its words are marked
        ("A world. A model.", (WORLD, ("world", 0.3), ("models", 0.2)), "A [world]. A [model]."),
        # a phrase of three words
        ("Tea. We scale diffusion language models. A model. Language.", (("diffusion language models", 1.0),),
         "Tea. We scale [diffusion language models]."),
        # a different word with the same stem is not marked
        ("Tea is largely reasonable. Cups. We reason at large.", (("large", 1.0), ("reasoning", 0.9)),
         "Tea is largely reasonable. … We [reason] at [large]."),
        # nothing occurs: the first sentences
        (f"{A} {C} {B}", (("zebras", 1.0),), "We study tea. Nobody knows why."),
        (f"{A} {C} {B}", (), "We study tea. Nobody knows why."),
        # negative weights are ignored
        (f"{A} {C} {B}", (("world models", -1.0),), "We study tea. Nobody knows why."),
        (B, (WORLD,), "[World models] help robots."),
        ("", (WORLD,), ""),
        # overlapping terms are marked once
        ("Robots learn world models fast.", (WORLD, ("models fast", 0.9)), "Robots learn [world models] fast."),
        ("世界模型很好。机器人也很好。茶不好。", (("世界", 1.0),), "[世界]模型很好。 机器人也很好。"),
    ],
)  # fmt: skip
def test_extract(abstract: str, terms: tuple[tuple[str, float], ...], expected: str) -> None:
    """Two sentences with the terms marked; an ellipsis where others between them are left out."""
    assert marked(abstract, *terms) == expected


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
def test_abbreviations_do_not_end_a_sentence(text: str) -> None:
    """Nor do initials and decimal points."""
    assert marked(f"{text} Two. Three.") == f"{text} Two."


def test_a_broken_off_abstract_ends_with_an_ellipsis() -> None:
    """When its last sentence is shown."""
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
    """It is cut between words and contains the term."""
    found = extract(abstract, reasons(*terms))
    assert {one.text.lower() for one in found if one.matched} == {name for name, _ in terms}
    text = "".join(one.text for one in found)
    assert len(text) <= EXTRACT_LENGTH
    assert set(text.replace("…", " ").lower().split()) <= {
        "word",
        "world",
        "models",
        "cups",
        "short.",
        "models.",
    }


_words = st.lists(st.sampled_from((*HOSTILE, "world models", "cups", ". ", "Tea. ")), max_size=12)


@given(_words.map(" ".join) | st.text(max_size=200), st.booleans())
def test_any_extract(abstract: str, broken_off: bool) -> None:
    """Within its length, words of the abstract only, nothing marked that is not a reason."""
    spans = extract(abstract, reasons(WORLD, CUPS), broken_off=broken_off)
    text = "".join(one.text for one in spans)
    assert len(text) <= EXTRACT_LENGTH + len(" …")
    assert all(one.text for one in spans)
    assert one_line(text) == text.strip()
    rest = one_line(abstract)
    for piece in (piece for piece in text.split("…") if piece.strip(" ,;:.–-")):
        assert one_line(piece).rstrip(" ,;:.–-")[:20] in rest
    assert {one.text.lower()[:3] for one in spans if one.matched} <= {"wor", "cup"}


# --- In less room -----------------------------------------------------------------------------------------


def spans(*texts: str) -> list[Span]:
    """Texts that start with `=` are matched."""
    return [Span(text.removeprefix("="), text.startswith("=")) for text in texts]


TWO = spans(
    "We teach ", "=robots", " to pour.", " … ", "Tea, ", "=world models", " and ", "=robots", " are one."
)


@pytest.mark.parametrize(
    ("limit", "text", "matched"),
    [
        (99, "We teach robots to pour. … Tea, world models and robots are one.", 3),
        (50, "Tea, world models and robots are one.", 2),
        (34, "Tea, world models and robots…", 2),
        (26, "Tea, world models…", 1),
        (15, "… world models…", 1),
    ],
)
def test_shortened_extracts(limit: int, text: str, matched: int) -> None:
    """The sentence with more terms, whole or cut after a word; a term is marked whole or not at all."""
    short = shortened(TWO, limit)
    assert "".join(span.text for span in short) == text
    assert len(text) <= limit
    assert sum(span.matched for span in short) == matched


@pytest.mark.parametrize(
    ("extracted", "text"),
    [
        (spans("One, ", "=two", " three.", " ", "Four."), "One, two three."),
        (spans("One.", " ", "=two", " ", "=three", " four five"), "two three four five"),
        (spans("=two", " ", "=three", " four five", " …"), "two three four five"),
        (spans("One two three four five six."), "One two three four…"),
        ([], ""),
    ],
)
def test_shortened_extracts_end_at_sentences(extracted: list[Span], text: str) -> None:
    """A space between two terms does not end a sentence."""
    assert "".join(span.text for span in shortened(extracted, 19)) == text
