"""White space, paragraphs, control characters, truncation and folding of plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.plain import fold, join_distinct, normalize_paragraphs, one_line, split_word, truncate
from tests.support.samples import HOSTILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a\t b\r\nc\x0bd\x0ce\x85f\u2028g\u00a0h ", "a b c d e f g h"),
        ("a\x00b\x1b[31m\u202ec\u2066d\ufeff\ud800", "ab[31mcd"),
    ],
)
def test_one_line_collapses_space_and_removes_controls(text: str, expected: str) -> None:
    """White space of every kind becomes one space; terminal controls and direction marks are removed."""
    assert one_line(text) == expected


def test_paragraphs_are_separated() -> None:
    """A paragraph begins after a blank line, and at an indented line after a sentence."""
    assert normalize_paragraphs(" a\nb.\n  c\r\n\r\nd\re\n\n\n") == "a b.\n\nc\n\nd e"
    assert normalize_paragraphs("all\n  lines\n  indented") == "all lines indented"
    assert normalize_paragraphs("at most $c_n$\n  of these $x$\n  We") == "at most $c_n$ of these $x$\n\nWe"


@pytest.mark.parametrize(
    ("reasons", "joined"),
    [
        ((), ""),
        (("", "a", ""), "a"),
        (("a", "b", "a"), "a; b"),
        (("a; b", "b", "b; c"), "a; b; c"),
        (("not found now", "now"), "not found now; now"),  # whole reasons are compared, not parts of them
    ],
)
def test_repeated_reasons_are_joined_once(reasons: tuple[str, ...], joined: str) -> None:
    """Each reason appears once, in the order of first appearance."""
    assert join_distinct(*reasons) == joined


@given(st.one_of(st.sampled_from(HOSTILE), st.text()), st.integers(1, 400))
def test_truncation_keeps_the_limit(text: str, limit: int) -> None:
    """Never longer than the limit, and unchanged when it fits."""
    short = truncate(text, limit)
    assert len(short) <= limit
    assert short == text or len(text) > limit


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("👩🏽‍🔬👩🏽‍🔬", 7, "👩🏽‍🔬…"),  # a person, a skin tone and a profession
        ("e\u0301" * 5, 4, "e\u0301…"),
        ("🇫🇷🇩🇪🇯🇵", 4, "🇫🇷…"),  # two letters make a flag
        ("\u1100\u1161\u11a8" * 3, 5, "\u1100\u1161\u11a8…"),  # three jamo make a syllable
        ("नमस्ते", 4, "नम…"),
        ("👩🏽‍🔬", 3, "…"),
        ("世界模型世界模型", 5, "世界模型…"),
        ("a word, and more", 8, "a word…"),
        ("see https://example.org/a/b", 20, "see…"),  # a link is never shortened
        ("https://example.org/a/b/c", 20, "…"),
        ("see https://a.org now and then", 20, "see https://a.org…"),
        ("شبكات عصبية للروبوتات", 12, "شبكات عصبية…"),
    ],
)
def test_truncation_keeps_words_clusters_and_links_whole(text: str, limit: int, short: str) -> None:
    """What a reader sees as one character is not split, nor a link, nor a word when there is a space to cut at."""
    assert truncate(text, limit) == short


def test_words_are_split_between_clusters() -> None:
    """Pieces have at most the width; a longer cluster is a piece of its own."""
    assert split_word("abcdefg", 3) == ["abc", "def", "g"]
    assert split_word("👩🏽‍🔬ab", 2) == ["👩🏽‍🔬", "ab"]


@given(st.text(max_size=60))
def test_folding_is_idempotent(text: str) -> None:
    """Folding a folded text again changes nothing, however the letters were written."""
    assert fold(fold(fold(text))) == fold(fold(text))
    assert fold("ŁÓDŹ Ørsted Æ İı Straße") == fold("łódź ørsted æ iı STRASSE") == "lodz orsted ae ii strasse"
