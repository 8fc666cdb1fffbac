"""Words, stems, terms and phrases of texts."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.text.terms import (
    MOST_LINKS,
    STOP_WORDS,
    Join,
    Role,
    find_phrase,
    is_searchable,
    phrase_term,
    role,
    stem,
    terms,
    tokenize,
)


def terms_of(text: str) -> set[str]:
    return {term for term, _, _ in terms(tokenize(text))}


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
        ("GPs", "GPS", False),  # satellites
        ("C", "C++", False),
        ("model", "modern", False),
    ],
)
def test_forms_of_one_word_have_one_stem(one: str, other: str, same: bool) -> None:
    """Inflection, case and accents do not matter."""
    assert (stem(one) == stem(other)) is same


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("optimisation", "optimization"),
        ("optimise", "optimize"),
        ("optimisers", "optimizers"),
        ("tokeniser", "tokenizer"),
        ("tokenisers", "tokenizers"),
        ("quantised", "quantized"),
        ("parametrises", "parametrizes"),
        ("recognising", "recognizing"),
        ("synthesise", "synthesize"),
        ("organisational", "organizational"),
        ("generalisable", "generalizable"),
        ("generalisability", "generalizability"),
        ("behaviour", "behavior"),
        ("behavioural", "behavioral"),
        ("behaviourally", "behaviorally"),
        ("neighbourhoods", "neighborhoods"),
        ("colouring", "coloring"),
        ("colourings", "colorings"),
        ("favourable", "favorable"),
    ],
)
def test_british_spellings_have_the_american_stem(british: str, american: str) -> None:
    """All forms of verbs in -ise and of words in -our."""
    assert stem(british) == stem(american)


@pytest.mark.parametrize(
    "words",
    [
        ("supervised", "supervision", "supervise"),
        ("noise", "noises", "noised"),
        ("precise", "precision", "precisely"),
        ("promise", "promised", "promising"),
        ("revise", "revised", "revision"),
        ("raise", "raised", "raising"),
        ("contour", "contours"),
        ("devour", "devoured", "devouring"),
    ],
)
def test_other_words_in_ise_and_our_keep_one_stem(words: tuple[str, ...]) -> None:
    """They are no British spellings; their forms have one stem."""
    assert len({stem(word) for word in words}) == 1


@pytest.mark.parametrize(("word", "stemmed"), [("denoise", "denois"), ("hour", "hour"), ("four", "four")])
def test_words_that_no_spelling_changes(word: str, stemmed: str) -> None:
    """They have the stem of Porter2."""
    assert stem(word) == stemmed


@pytest.mark.parametrize(
    ("text", "phrase", "occurs"),
    [
        ("基于深度学习的语音识别", "语音识别", True),
        ("基于深度学习的语音识别", "学习", True),
        ("基于深度学习的语音识别", "习学", False),
        ("深度，学习", "深度学习", False),
        ("GPT模型", "GPT", True),
        ("ディープラーニング", "ラーニング", True),
    ],
)
def test_scripts_without_spaces_are_split_into_characters(text: str, phrase: str, occurs: bool) -> None:
    """A phrase is found within a text, and its pairs of characters are terms of the text."""
    assert bool(find_phrase((text,), (phrase,))) is occurs
    assert (terms_of(phrase) <= terms_of(text)) is occurs


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
def test_a_phrase_becomes_its_stems_in_order(written: str, term: str) -> None:
    """Spaces, hyphens and inflection do not matter."""
    assert phrase_term(written) == term


@pytest.mark.parametrize("word", ["ͺ", "ﷺ", "ﷻ"])
def test_a_stem_has_no_space(word: str) -> None:
    """Not even of a character that decomposes into several words: a space in a term means a pair."""
    assert " " not in stem(word)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("World models learn", {"world", "model", "learn", "world model", "model learn"}),
        # a pair may include a short link, which is left out of the term
        ("theory of mind", {"theori", "mind", "theori mind"}),
        ("learning to rank", {"learn", "rank", "learn rank"}),
        ("planning under uncertainty", {"plan", "uncertainti", "plan uncertainti"}),
        ("models of the world", {"model", "world", "model world"}),  # two links at most
        ("models as of the world", {"model", "world"}),
        ("robots that cook", {"robot", "cook"}),  # "that" is not a link
        ("robots which the cook", {"robot", "cook"}),
        # no pair includes punctuation, with or without a link
        ("robots, cooks", {"robot", "cook"}),
        ("robots. Cooks", {"robot", "cook"}),
        ("robots (cooks)", {"robot", "cook"}),
        ("robots — cooks", {"robot", "cook"}),
        ("robots: the cooks", {"robot", "cook"}),
        ("robots of: cooks", {"robot", "cook"}),
        # but a slash or a quotation mark
        ("vision/language", {"vision", "languag", "vision languag"}),
        ("“world” models", {"world", "model", "world model"}),
        # a hyphen makes a pair with a stop word, too
        ("vision-language", {"vision", "languag", "vision languag"}),
        ("few-shot", {"shot", "few shot"}),
        ("few shot", {"shot"}),
        ("off-policy robots", {"polici", "off polici", "robot", "polici robot"}),
        ("start-up", {"start", "start up"}),
        ("one-to-one", set()),
        ("few–shot", {"shot"}),  # a dash is not a hyphen
        # a single letter or number counts in pairs only
        ("x 42", set()),
        ("GPT-4", {"gpt", "gpt 4"}),
        ("GPT 4", {"gpt", "gpt 4"}),
        ("k-means", {"mean", "k mean"}),
        ("programs in C", {"program", "program c"}),
        ("C++", {"c++"}),
        ("3D", {"3d"}),
        # letters of other scripts are words, even single ones
        ("猫", {"猫"}),
        ("модели мира", {"модели", "мира", "модели мира"}),
        ("🤖 🦾", set()),
        ("", set()),
    ],
)  # fmt: skip
def test_terms_of_a_text(text: str, found: set[str]) -> None:
    """Stems, and pairs of neighbouring stems."""
    assert terms_of(text) == found


def test_every_occurrence_has_its_position() -> None:
    """A term comes once for each occurrence, with its first and last word."""
    text = tokenize("Robots of the world see robots")
    assert [(text.phrase(i, j), t) for t, i, j in terms(text) if "robot" in t] == [
        ("Robots", "robot"),
        ("Robots of the world", "robot world"),
        ("see robots", "see robot"),
        ("robots", "robot"),
    ]


def test_no_pair_joins_title_and_abstract() -> None:
    """The last word of one text and the first of the next are not a pair."""
    assert {t for t, _, _ in terms(tokenize("On world", "models"))} == {"world", "model"}


@pytest.mark.parametrize(
    ("text", "searchable"),
    [
        ("robots", True),
        ("GPT-4", True),
        ("k-means", True),
        ("few-shot", True),
        ("猫", True),
        ("the who", False),  # stop words alone
        ("42", False),
        ("C", False),
        ("x 42", False),
        ("🤖", False),
        ("!?", False),
        ("", False),
    ],
)
def test_searchable_phrases(text: str, searchable: bool) -> None:
    """A phrase needs a term: stop words, numbers and single letters alone are not enough."""
    assert is_searchable(text) is searchable


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
def test_phrases_are_found_by_whole_words(text: str, wanted: list[str], found: str | None) -> None:
    """The result is the first wanted phrase that occurs in the text, as it was given."""
    assert find_phrase((text,), wanted) == found


@pytest.mark.parametrize("title", ["Language models: a survey", "Robots, cups and tea", "Why (not) robots?"])
def test_phrases_with_punctuation_are_found(title: str) -> None:
    """A whole title can be muted."""
    assert find_phrase((f"{title}. Other words",), [title.lower()]) == title.lower()


def test_a_phrase_is_not_found_across_texts() -> None:
    """Half in the title and half in the abstract does not count."""
    assert find_phrase(("On world", "models we build"), ["world models"]) is None


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


@given(HOSTILE, HOSTILE)
@example("ß ẞ İ", "ı ﬁ")
@example("few-", "-shot of-the-x-4")
def test_any_text_is_tokenized(title: str, abstract: str) -> None:
    """No text raises; every term is a word or a pair of the text."""
    read = tokenize(title, abstract)
    assert len(read.stems) == len(read.spans) == len(read.joins)
    for term, first, last in terms(read):
        ends = [read.stems[first], *([read.stems[last]] if last > first else [])]
        assert term == " ".join(ends)
        assert any(role(one) is Role.TERM for one in ends)
        assert last - first <= MOST_LINKS + 1
        assert read.phrase(first, last)
    whole = tokenize(title)
    if phrase_term(title) and Join.BREAK not in whole.joins:
        assert find_phrase((title,), [title]) == title


@pytest.mark.parametrize("text", ["world models for robots and ", "few-shot-", "(robots) — ", "猫 "])
def test_long_texts_take_little_time(text: str) -> None:
    """100,000 words take about a second."""
    began = time.perf_counter()
    found = list(terms(tokenize(text * (100_000 // len(text.split())))))
    assert len(found) >= 50_000
    assert time.perf_counter() - began < 5


def test_stop_words_are_not_terms() -> None:
    """Joined by spaces or by hyphens."""
    assert terms_of(" ".join(STOP_WORDS)) == terms_of("-".join(STOP_WORDS)) == set()
