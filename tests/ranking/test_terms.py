"""Words, stems and phrases."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.ranking.terms import STOP_WORDS, contains, is_plain, phrase, stem, terms, words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("model", "models", True),
        ("model", "modelling", True),
        ("model", "modeling", True),
        ("Model", "MODEL", True),
        ("policy", "policies", True),
        ("Schrödinger", "Schrodinger", True),  # accents are taken off
        ("LLM", "LLMs", True),  # an acronym without a vowel has a plural too
        ("GPU", "GPUs", True),
        ("PDE", "PDEs", True),
        ("GAN", "GANs", True),
        ("MoE", "MoEs", True),
        ("LLMs", "llms", True),  # typed without its capitals
        ("GP", "GPs", True),  # Gaussian processes
        ("GPs", "GPS", False),  # are no satellites
        ("C", "C++", False),
        ("model", "modern", False),
    ],
)
def test_forms_of_one_word_are_one_stem(one: str, other: str, same: bool) -> None:
    """Inflection, case and accents do not tell words apart; letters do."""
    assert (stem(one) == stem(other)) is same


@pytest.mark.parametrize(
    ("written", "term"),
    [
        ("Models of the world", "model of the world"),  # stop words belong to a phrase
        ("theory of mind", "theori of mind"),
        ("vision-language models", "vision languag model"),
        ("vision language model", "vision languag model"),
        ("GPT-4", "gpt 4"),
        ("C++ and C#", "c++ and c#"),
        ("LLMs", "llm"),
        ("  world \n models ", "world model"),
        ("—!?", ""),
        ("", ""),
    ],
)
def test_phrase_is_its_stems_in_order(written: str, term: str) -> None:
    """However a phrase is spaced, hyphenated or inflected, it is one term."""
    assert phrase(written) == term


def occurring(text: str, *phrases: str) -> set[str]:
    return {term for term, _, _ in terms(words(text), frozenset(map(phrase, phrases)))}


@pytest.mark.parametrize(
    ("text", "named", "found"),
    [
        ("World models learn", (), {"world", "model", "learn", "world model", "model learn"}),
        # stop words are no terms, and no pair reaches over one
        ("theory of mind", (), {"theori", "mind"}),
        ("theory of mind", ("theory of mind",), {"theori", "mind", "theori of mind"}),
        # a named phrase of three words is matched whole; its order counts
        (
            "deep fluid flow",
            ("deep fluid flow",),
            {"deep", "fluid", "flow", "deep fluid", "fluid flow", "deep fluid flow"},
        ),
        ("flow fluid deep", ("deep fluid flow",), {"deep", "fluid", "flow", "flow fluid", "fluid deep"}),
        # a lone letter or number says nothing, unless it is named
        ("x 42", (), set()),
        ("GPT-4 in C", ("GPT-4", "C"), {"gpt", "gpt 4", "c"}),
        # letters of other scripts are words, even single ones
        ("猫", (), {"猫"}),
        ("🤖 🦾", (), set()),
        ("", ("world models",), set()),
    ],
)  # fmt: skip
def test_terms_of_a_text(text: str, named: tuple[str, ...], found: set[str]) -> None:
    """Stems, neighbouring pairs, and the phrases that were named."""
    assert occurring(text, *named) == found


def test_every_occurrence_has_its_place() -> None:
    """A term comes once for each time that it stands in the text, with where it stands."""
    text = words("Robots see robots")
    assert [(text.written[i:j], t) for t, i, j in terms(text) if t == "robot"] == [
        (("Robots",), "robot"),
        (("robots",), "robot"),
    ]


def test_no_term_runs_from_title_into_abstract() -> None:
    """The last word of one text and the first of the next are no pair, not even when named."""
    found = {t for t, _, _ in terms(words("On world", "models"), frozenset({"world model"}))}
    assert found == {"world", "model"}


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("A Survey of Robots", ["survey"], "survey"),
        ("Surveys of robots", ["survey"], "survey"),  # its plural is the same word
        ("The art of robots", ["art"], "art"),
        ("Articulated party", ["art"], None),  # whole words only
        ("medical image registration", ["medical imaging"], "medical imaging"),  # by stems
        ("medical robots and imaging", ["medical imaging"], None),
        ("theory of mind", ["mind theory"], None),
        ("theory of mind", ["Theory of Mind"], "Theory of Mind"),
        ("vision-language", ["vision language"], "vision language"),
        ("vision language", ["robots", "vision-language"], "vision-language"),
        ("anything", ["", "!?"], None),  # a phrase without a word matches nothing
        ("", ["survey"], None),
    ],
)
def test_contains_whole_words_only(text: str, wanted: list[str], found: str | None) -> None:
    """The first wanted phrase that stands in the text, as its author wrote it."""
    assert contains((text,), wanted) == found


def test_contains_does_not_join_texts() -> None:
    """A phrase split between title and abstract is not there."""
    assert contains(("On world", "models we build"), ["world models"]) is None


HOSTILE = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        (
            "世界模型の学習",
            "модели мира",
            "👩🏽‍🔬🧪",
            "\x00\ud800",
            "$$\\frac{",
            "ﬀ ½ ²",
            "++ ## c++##",
            "a" * 5000,
        )
    ),
)


@given(HOSTILE, st.lists(HOSTILE, max_size=4))
@example("ß ẞ İ", ["ı", "ﬁ"])
def test_any_text_has_words(text: str, phrases: list[str]) -> None:
    """Nothing that a source or a reader writes breaks it, and what is named and there is found."""
    read = words(text)
    named = frozenset(filter(None, map(phrase, phrases)))
    for term, begin, end in terms(read, named):
        assert " ".join(s or "?" for s in read.stems[begin:end]) == term
        assert term in named or is_plain(term)
    if phrase(text):
        assert contains((text,), [text]) == text
    assert len(read.stems) == len(read.written)


def test_a_long_text_takes_no_time() -> None:
    """100,000 words with a named phrase are read in a second or two, not in minutes."""
    began = time.perf_counter()
    found = list(terms(words("world models for robots and " * 20_000), frozenset({"robot and world"})))
    assert sum(term == "robot and world" for term, _, _ in found) == 19_999
    assert time.perf_counter() - began < 5


def test_stop_words_are_no_terms() -> None:
    """A text of nothing but function words has no term."""
    assert occurring(" ".join(STOP_WORDS)) == set()
