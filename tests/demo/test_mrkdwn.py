"""Slack's markup, read as Slack shows it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.slack.mrkdwn import escape
from bot.demo.mrkdwn import Line, Run, lines, plain_lines
from tests.support.samples import HOSTILE

#: What may stand between characters to keep them from being markup.
INVISIBLE = {0xAD: None, 0x200B: None}


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("as it is", [Run("as it is")]),
        ("*bold* and _slanted_", [Run("bold", bold=True), Run(" and "), Run("slanted", italic=True)]),
        ("~gone~ `a *b*`", [Run("gone", struck=True), Run(" "), Run("a *b*", code=True)]),
        ("*a _b_*", [Run("a ", bold=True), Run("b", bold=True, italic=True)]),
        ("*★ Ada*, Bo", [Run("★ Ada", bold=True), Run(", Bo")]),
        ("2*3*4 snake_case_name a * b * c", [Run("2*3*4 snake_case_name a * b * c")]),
        ("\u00ad*a* \u00ad_b_ a*b* *c*d", [Run("\u00ad*a* \u00ad_b_ a*b* *c*d")]),
        ("a\u200b*b*\u200bc", [Run("a\u200b"), Run("b", bold=True), Run("\u200bc")]),
        ("＊a＊～b～", [Run("a", bold=True), Run("b", struck=True)]),
        ("&lt;b&gt; &amp;amp; &quot;", [Run('<b> &amp; &quot;')]),
        ("<https://a.org/?x=1&amp;y=*2*|A_b_ &amp; c>", [Run("A_b_ & c", "https://a.org/?x=1&y=*2*")]),
        ("<https://a.org>", [Run("https://a.org", "https://a.org")]),
        ("*1. <https://a.org|T>*", [Run("1. ", bold=True), Run("T", "https://a.org", bold=True)]),
        ("<!channel> <@U1|ada> <javascript:x|y>", [Run("channel"), Run(" "), Run("ada"), Run(" "), Run("y")]),
        ("a < b", [Run("a < b")]),
        ("", []),
    ],
)  # fmt: skip
def test_markup(text: str, runs: list[Run]) -> None:
    """Styles stand at words' edges and nest; links, entities and mentions are what Slack makes of them."""
    assert lines(text) == (Line(tuple(runs)),)


def test_lines_end_styles_and_begin_quotes() -> None:
    """A style does not reach over a line's end; `>` begins a quotation, also as an entity."""
    assert lines("*a\nb*") == (Line((Run("*a"),)), Line((Run("b*"),)))
    assert lines("> a\n&gt;b") == (Line((Run("a"),), quoted=True), Line((Run("b"),), quoted=True))


def test_plain_text_holds_no_markup() -> None:
    """What Slack calls plain_text shows every character."""
    assert plain_lines("*a* &amp;\n> <b>") == (Line((Run("*a* &amp;"),)), Line((Run("> <b>"),)))


@given(st.one_of(st.sampled_from(HOSTILE), st.text(alphabet="*_~`<>&;|:!@ ab\n", max_size=40), st.text()))
@settings(max_examples=200)
def test_what_the_channel_escapes_shows_as_written(text: str) -> None:
    """The writer and the reader of markup agree: nothing that a source says is bold, a link, or a quotation."""
    (line,) = lines(escape(text))
    shown = "".join(run.text for run in line.runs)
    assert shown.translate(INVISIBLE) == text.replace("\n", " ").translate(INVISIBLE)
    assert all(run == Run(run.text) for run in line.runs)
    assert not line.quoted
