"""The text of a profile's file in a form, and back; differences of texts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.profile_text import FileText, diff

_FILES = st.lists(st.sampled_from(["a", "b", "é", "\n", "\r\n", "\r"]), max_size=12).map("".join)


@given(_FILES, st.booleans(), _FILES)
def test_a_form_sends_back_what_it_shows(before: str, has_mark: bool, typed: str) -> None:
    """An unchanged text is the same bytes, whatever line ends browsers make of it. A changed one is what was typed,
    after the same byte order mark.
    """
    file = FileText((b"\xef\xbb\xbf" if has_mark else b"") + before.encode())
    assert file.changed_to(re.sub("\r\n|\r|\n", "\r\n", file.form_text)) == file
    changed = file.changed_to(typed)
    assert changed.form_text == re.sub("\r\n|\r|\n", "\n", typed)
    assert changed.data.startswith(b"\xef\xbb\xbf") is has_mark


@pytest.mark.parametrize(
    ("before", "typed", "after"),
    [
        (b"a\r\nb\r\n", "a\nx\nb\n", b"a\r\nx\r\nb\r\n"),
        (b"a\nb\r\nc\r\nd\n", "a\nb\nx\nd\n", b"a\nb\r\nx\nd\n"),
        (b"a\r\nb\r\nc\nd\n", "x\na\nb\nc\nd\n", b"x\na\r\nb\r\nc\nd\n"),
        (b"a\rb\r", "a\nb\nc\n", b"a\rb\rc\r"),
        (b"a\rb\r\n", "a\n\nb\n", b"a\r\n\r\nb\r\n"),
        (b"a", "a\nb", b"a\nb"),
        (b"", "a\n", b"a\n"),
    ],
    ids=["crlf", "changed", "added", "cr", "cr-among-others", "one-line", "empty"],
)
def test_line_ends(before: bytes, typed: str, after: bytes) -> None:
    """Lines that stay keep their ends; new ones get the file's most frequent end."""
    assert FileText(before).changed_to(typed).data == after


def test_difference() -> None:
    """Three lines around a change, at their numbers; line ends and byte order marks make none."""
    old = [str(number) for number in range(1, 200)]
    new = [*old[:99], "x", *old[100:]]
    found = diff("\n".join(old), "\ufeff" + "\r\n".join(new))
    assert found == ["@@ -97,7 +97,7 @@", " 97", " 98", " 99", "-100", "+x", " 101", " 102", " 103"]
    assert diff("a\n", "a\r\n") == []
    assert diff("a\n", "") == ["@@ -1,2 +1 @@", "-a", " "]


def test_long_difference() -> None:
    """A text that is different everywhere is not compared line by line, which would take hours."""
    old = [str(number) for number in range(100_000)]
    assert diff("\n".join(old), "\n".join(old[::-1])) == ["@@ -1,100000 +1,100000 @@ too long to show"]
