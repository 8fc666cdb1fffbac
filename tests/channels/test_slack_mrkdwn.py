"""Slack's mrkdwn: text is shown as written, within its limit, and bold where it should be."""

from __future__ import annotations

import re

import pytest

from bot.channels.slack.mrkdwn import escape, escape_within, mark_terms, size
from bot.presentation.excerpts import Span
from tests.support.samples import HOSTILE
from tests.support.slack_limits import shown


def spans(*texts: str) -> list[Span]:
    """`=` before a text: it is matched."""
    return [Span(text.removeprefix("="), text.startswith("=")) for text in texts]


@pytest.mark.parametrize(
    ("text", "mrkdwn"),
    [
        ("R&D <!channel> a>b", "R&amp;D &lt;!channel&gt; a&gt;b"),
        ("\"quotes' stay", "\"quotes' stay"),
        ("&lt; stays", "&amp;lt; stays"),
        # guarded where a mark could open, and not within words
        ("*b* _i_ `c`", "\u00ad*b* \u00ad_i_ \u00ad`c`"),
        ("**b**", "\u00ad*\u00ad*b*\u00ad*"),
        ("(_i_)", "(\u00ad_i_)"),
        ("＊wide＊", "\u00ad＊wide＊"),
        ("A* and C*-algebras, snake_case_name, 2 * 3", "A* and C*-algebras, snake_case_name, 2 * 3"),
        ("2 *", "2 \u00ad*"),
        # a tilde where another one could close it, or it could close another
        ("~10 of ~20", "~10 of ~20"),
        ("~gone~", "\u00ad~gone~\u00ad"),
        (":fire: at 10:30", ":\u200bfire: at 10:30"),
        ("> no quotation", "\u200b&gt; no quotation"),
        ("a > b", "a &gt; b"),
    ],
)
def test_escaped_shows_text_as_written(text: str, mrkdwn: str) -> None:
    """The text is shown as written: &, < and > are escaped, and invisible characters disable what has no escape."""
    assert escape(text) == mrkdwn
    assert shown(mrkdwn) == shown(mrkdwn, keen=True) == text


@pytest.mark.parametrize("limit", [0, 1, 5, 30, 800])
def test_escape_within_its_limit(limit: int) -> None:
    """The limit counts after escaping, in UTF-16 units, and no entity is cut."""
    for text in HOSTILE:
        mrkdwn = escape_within(text.replace("\ud800", ""), limit)
        assert size(mrkdwn) <= limit
        assert not re.search(r"&(?!amp;|lt;|gt;)", mrkdwn)


@pytest.mark.parametrize(
    ("extracted", "mrkdwn"),
    [
        (spans("Of ", "=robots", ", and ", "=tea", "."), "Of *robots*, and *tea*."),
        (spans("=robots"), "*robots*"),
        (spans("(", "=robots", ") “", "=tea", "”"), "(*robots*) “*tea*”"),
        (spans("multi-", "=robots", "-only"), "multi-*robots*-only"),
        (spans("=world", " ", "=models"), "*world* *models*"),
        # not where Slack would show the marks
        (spans("and/", "=robots", " or ", "=tea", "/water"), "and/robots or tea/water"),
        (spans("世", "=robots", "界"), "世robots界"),
        (spans("A&", "=robots", ">"), "A&amp;robots&gt;"),
        # not where an asterisk in the text could end the bold
        (spans("the *", "=robots", "* and ", "=A* search"), "the \u00ad*robots* and A* search"),
        # escaping depends on the characters around a term
        (spans(":", "=fire", ":/_", "=x", "_"), ":*fire*:/\u00ad_x_"),
        ([], ""),
    ],
)
def test_mark_terms(extracted: list[Span], mrkdwn: str) -> None:
    """Terms are bold where Slack shows it, and the words stay the same."""
    assert mark_terms(extracted) == mrkdwn
    assert shown(mrkdwn) == "".join(span.text for span in extracted)
