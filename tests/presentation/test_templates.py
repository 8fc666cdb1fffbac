"""The built-in templates: what they show of a digest, and that they escape everything."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError
from lxml import html

from bot.digests.model import Digest
from bot.presentation.digest_view import digest_view
from bot.presentation.templates import BUILT_IN, environment, wrapped
from bot.resources import resource_folder
from tests.support.samples import digest, paper, scored, wild_digests

ELEMENTS = {"html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td"}
ELEMENTS |= {"h1", "h2", "h3", "p", "a", "strong", "span"}
render_html, render_text = BUILT_IN.html, BUILT_IN.text


def test_templates_are_found() -> None:
    """In a checkout, at the top level."""
    names = {path.name for path in resource_folder("templates").iterdir()}
    assert names >= {"digest.html.j2", "digest.txt.j2", "digest.slack.j2", "unsubscribe.html.j2"}


def test_the_folder_in_a_wheel_comes_first(tmp_path: Path) -> None:
    """Beside an installed package, a folder named templates belongs to another project."""
    inside, beside = tmp_path / "bot" / "_data" / "templates", tmp_path / "templates"
    beside.mkdir(parents=True)
    assert resource_folder("templates", tmp_path / "bot") == beside
    inside.mkdir(parents=True)
    assert resource_folder("templates", tmp_path / "bot") == inside


def test_misspelt_names_are_errors() -> None:
    """A misspelt name in a template raises instead of showing nothing."""
    with pytest.raises(UndefinedError):
        environment().from_string("{{ digset }}").render(digest=1)


def test_text_shows_everything() -> None:
    """Profile, date, and each paper with authors, reasons and links."""
    text = render_text(digest_view(digest(2)))
    for wanted in (
        "Tuesday 5 May 2026",
        "2 papers for ada · 412 new papers since yesterday: 401 on arXiv, 11 more on\nHugging Face",
        "1. World Models for Robots that Learn from Little Data",
        "★\u00a0Gus Test",
        "strong match · world models, robots",
        "submitted 4 May 2026",
        "https://arxiv.org/abs/2605.00001",
        "Hugging Face: https://huggingface.co/papers/2605.00001",
        "12 votes · 1\n   comment",
        "edit the profile\nada: profiles/ada.yaml",
    ):
        assert wanted in text


def test_urls_are_never_broken() -> None:
    """On a line of their own or inside a text."""
    long = "https://example.org/" + "path/" * 30
    lone = digest((scored(1, url=long, abstract=f"The code is at {long} for all."),))
    text = render_text(digest_view(lone))
    assert text.count(long) == 3  # and among what the abstract links to
    assert all(line.strip() == long or long not in line or ": " in line for line in text.splitlines())


SERIES = digest(
    (
        scored(1, interest="world models", also=(paper(7, title='<b>A & B</b> "again"'),)),
        scored(
            2,
            interest="reward models",
            also=(paper(8, url="https://a.org/" + "x" * 900), paper(9, id="ns:9", url=None)),
        ),
    )
)


def test_text_shows_interests_and_similar_papers() -> None:
    """Similar papers on lines of their own, each URL whole."""
    lines = [line.strip() for line in render_text(digest_view(SERIES)).splitlines()]
    place = lines.index('nearly the same: <b>A & B</b> "again"')
    assert lines[place + 1] == "https://arxiv.org/abs/2605.00007"
    assert "https://a.org/" + "x" * 900 in lines
    unlinked = lines.index(f"nearly the same: {digest_view(SERIES).papers[1].also[1].title}")
    assert lines[unlinked + 1] == ""
    assert "strong match · robots" in lines
    assert lines[lines.index("reward models") + 1] == "-" * len("reward models")


def test_html_shows_interests_and_similar_papers() -> None:
    """Similar papers are linked where they have a page, and escaped once."""
    page = html.fromstring(render_html(digest_view(SERIES)))
    shown = [line for line in page.xpath("//p") if line.text_content().startswith("nearly the same: ")]
    assert [line.text_content().removeprefix("nearly the same: ") for line in shown] == [
        '<b>A & B</b> "again"',
        digest_view(SERIES).papers[1].also[0].title,
        digest_view(SERIES).papers[1].also[1].title,
    ]
    assert [line.xpath("string(.//a/@href)") for line in shown] == [
        "https://arxiv.org/abs/2605.00007",
        "https://a.org/" + "x" * 900,
        "",
    ]
    assert not page.xpath("//b")
    assert page.xpath("string(//p[@class='why'])") == "strong match · robots"


@pytest.mark.parametrize(
    ("interest", "fit", "reasons", "line"),
    [
        ("tea", 0.6, True, "good match for tea · world models, robots"),
        ("", 0.6, True, "good match · world models, robots"),
        ("tea", 0.2, True, "tea · world models, robots"),
        ("", 0.2, True, "world models, robots"),
        ("tea", 0.3, False, "partial match for tea"),
        ("", 0.2, False, ""),
    ],
)
def test_why_a_paper_is_shown(interest: str, fit: float, reasons: bool, line: str) -> None:
    """The match, the interest and the reasons as far as there are any, in HTML and as text."""
    one = scored(1, interest=interest, fit=fit)
    view = digest_view(digest((one if reasons else replace(one, reasons=()),)))
    assert html.fromstring(render_html(view)).xpath("string(//p[@class='why'])") == line
    assert f"\n   {line}\n   https://arxiv.org/abs/" in render_text(view) or not line


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(wild_digests())
def test_any_text_has_short_lines_and_no_controls(wild: Digest) -> None:
    """Lines under 78 characters except for URLs, without control characters."""
    text = render_text(digest_view(wild))
    assert all(len(line) < 78 or "://" in line for line in text.splitlines())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


@given(st.text(), st.integers(0, 9))
def test_wrapped_loses_no_letter(text: str, indent: int) -> None:
    """Only white space changes."""
    assert "".join(wrapped(text, indent).split()) == "".join(text.split())


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(wild_digests())
def test_any_html_has_known_elements_only(wild: Digest) -> None:
    """No text of a source becomes an element or an attribute; links lead to http and https only."""
    page = html.fromstring(render_html(digest_view(wild)))
    tags = {element.tag for element in page.iter() if isinstance(element.tag, str)}
    assert tags <= ELEMENTS
    assert all(re.match("https?://", link) for link in page.xpath("//@href"))
    assert not page.xpath("//@onerror | //@src")


def test_hostile_title_is_shown_as_written() -> None:
    """Escaped once and not evaluated."""
    title = "<script>alert(1)</script> & {{7*7}} \"'"
    page = html.fromstring(render_html(digest_view(digest((scored(1, title=title),)))))
    assert page.xpath("string(//h3//a)") == title


def test_html_is_for_mail_clients() -> None:
    """Inline styles, dark colours, declared colour schemes, a preheader, nothing remote."""
    page = render_html(digest_view(digest(2)))
    assert "@media (prefers-color-scheme: dark)" in page
    assert '<meta name="color-scheme" content="light dark">' in page
    assert page.index("<meta charset") < 1024
    assert '<p class="by" style="' in page
    assert digest_view(digest(2)).papers[1].title.replace("&", "&amp;") in page[: page.index("<table")]
    assert not re.search(r"<(img|script|link|iframe)|url\(", page)
