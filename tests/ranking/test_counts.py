"""A paper's counts as bytes."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.ranking.counts import (
    COUNTING,
    TITLE_WEIGHT,
    VERSION,
    counts,
    key,
    length_of,
    number_of_terms,
    written_terms,
)
from bot.text.terms import terms, tokenize

TITLE = "World models"
ABSTRACT = "World models of robots, few-shot. GPT-4!"


def unpack(data: bytes) -> tuple[int, dict[int, int]]:
    """The length, and each key's count."""
    length, *packed = struct.unpack(f"<{len(data) // 8}Q", data)
    return length, {one >> 8: one & 255 for one in packed}


def test_layout() -> None:
    """The length in words, then each term's key and count in one integer, little-endian, ascending."""
    length, found = unpack(counts(TITLE, ABSTRACT))
    assert length == 2 * 2 + 5
    assert found == {
        key("world"): 3,
        key("model"): 3,
        key("world model"): 3,
        key("robot"): 1,
        key("model robot"): 1,
        key("shot"): 1,
        key("few shot"): 1,
        key("gpt"): 1,
        key("gpt 4"): 1,
    }
    packed = struct.unpack("<9Q", counts(TITLE, ABSTRACT)[8:])
    assert list(packed) == sorted(packed)


def test_title_counts_twice() -> None:
    """The terms of a title count twice, and so does its length."""
    assert unpack(counts("Robots", "")) == (2, {key("robot"): 2})
    assert unpack(counts("", "Robots")) == (1, {key("robot"): 1})
    assert unpack(counts("Robots", "Robots")) == (3, {key("robot"): TITLE_WEIGHT + 1})


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("World models", 2),
        ("models of the world", 2),
        ("GPT-4 x 42", 1),
        ("few-shot", 1),
        ("the who", 0),
        ("", 0),
    ],
)
def test_length_is_in_words_that_are_terms(text: str, length: int) -> None:
    """Stop words, single letters, numbers and pairs do not count."""
    assert length_of(tokenize(text)) == length


def test_counts_change_only_with_the_version() -> None:
    """Counts are stored: when these bytes change, VERSION must change, so that they are computed again."""
    some = (
        counts(TITLE, ABSTRACT)
        + counts("基于深度学习的语音识别", "カタカナ")
        + counts("Optimisation", "Colours")
    )
    digest = hashlib.sha256(some).hexdigest()[:16]
    assert (VERSION, digest) == (4, "944d54adfc7dd408")
    assert (COUNTING.version, COUNTING.count) == (VERSION, counts)


@pytest.mark.parametrize(
    ("title", "abstract", "written"),
    [
        (TITLE, "", {"world": "World", "model": "models", "world model": "World models"}),
        # as the text has it first
        ("Robot", "Robots, robot", {"robot": "Robot"}),
        ("", "Robots, robot", {"robot": "Robots"}),
        ("the who", "x 42", {}),
    ],
)
def test_terms_as_written(title: str, abstract: str, written: dict[str, str]) -> None:
    """The counted terms by key; their number is that of the counts."""
    assert written_terms(title, abstract) == {key(term): text for term, text in written.items()}
    assert number_of_terms(counts(title, abstract)) == len(written)


def test_keys_are_the_same_in_every_process() -> None:
    """They do not depend on Python's hash."""
    program = f"from bot.ranking.counts import counts; print(counts({TITLE!r}, {ABSTRACT!r}).hex())"
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "1")
    }
    assert answers == {counts(TITLE, ABSTRACT).hex()}


def test_a_key_says_whether_it_is_a_pair() -> None:
    """Odd for a pair, even for a word; 56 bits, so that a count fits into the same integer."""
    assert [key(term) & 1 for term in ("world", "world model", "猫", "gpt 4")] == [0, 1, 0, 1]
    assert all(key(f"word{n}") < 1 << 56 for n in range(1000))


def test_counts_stop_at_255() -> None:
    """A word that occurs a thousand times counts as 255; the length is exact."""
    length, found = unpack(counts("", "robot " * 1000))
    assert length == 1000
    assert found == {key("robot"): 255, key("robot robot"): 255}
    assert unpack(counts("robot. " * 127, "robot"))[1][key("robot")] == 255
    assert unpack(counts("robot. " * 127, ""))[1][key("robot")] == 254


def test_a_hundred_thousand_words() -> None:
    """All of them are kept, in seconds."""
    began = time.perf_counter()
    length, found = unpack(counts("", ". ".join(f"word{n}" for n in range(100_000))))
    assert length == len(found) == 100_000
    assert set(found.values()) == {1}
    assert time.perf_counter() - began < 10


def test_a_text_without_words() -> None:
    """The length is 0, and there are no terms."""
    for text in ("", "🤖", "the who", "x 42", "\x00"):
        assert counts(text, text) == bytes(8)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40), st.text(max_size=60))
def test_any_text_is_counted(title: str, abstract: str) -> None:
    """Every term of both texts is counted, and nothing else."""
    length, found = unpack(counts(title, abstract))
    expected: dict[int, int] = {}
    for text, weight in ((title, 2), (abstract, 1)):
        for term, _, _ in terms(tokenize(text)):
            expected[key(term)] = expected.get(key(term), 0) + weight
    assert found == {one: min(count, 255) for one, count in expected.items()}
    assert length <= 2 * len(title) + len(abstract)
