"""Extracts in less room: the better sentence, or a part of it."""

from __future__ import annotations

import pytest

from bot.presentation.excerpts import Span, shortened


def spans(*texts: str) -> list[Span]:
    """`=` before a text: it is matched."""
    return [Span(text.removeprefix("="), text.startswith("=")) for text in texts]


TWO = spans(
    "We teach ", "=robots", " to pour.", " … ", "Tea, ", "=world models", " and ", "=robots", " are one."
)


@pytest.mark.parametrize(
    ("room", "text", "matched"),
    [
        (99, "We teach robots to pour. … Tea, world models and robots are one.", 3),
        (50, "Tea, world models and robots are one.", 2),
        (34, "Tea, world models and robots…", 2),
        (26, "Tea, world models…", 1),
        (15, "… world models…", 1),
    ],
)
def test_shortened_extracts(room: int, text: str, matched: int) -> None:
    """The sentence with more terms, whole or cut after a word; a term is marked whole or not at all."""
    short = shortened(TWO, room)
    assert "".join(span.text for span in short) == text
    assert len(text) <= room or room == 99
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
