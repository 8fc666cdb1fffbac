"""Views and templates: what is chosen, how it is worded, and that nothing a source says is markup."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError
from lxml import html

from bot import rendering
from bot.model import Digest, Reason, ScoredPaper
from bot.rendering import BUILT_IN, environment, templates_folder, wrapped
from bot.views import PaperView, cut, digest_view, paper_view, safe_url
from tests.support.samples import ABSTRACT, HOSTILE, digest, paper, scored, wild_digests

OURS = {"html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td"}
OURS |= {"h1", "h2", "p", "a", "strong", "span"}
render_html, render_text = BUILT_IN.html, BUILT_IN.text
NAMES = tuple(f"Author {chr(ord('A') + n)}" for n in range(12))


def shown(**changes: Any) -> PaperView:
    followed = changes.pop("followed", ())
    return paper_view(1, ScoredPaper(paper(**changes), 0.4, 99.6, (), followed))


# --- Views ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authors", "count", "followed", "names", "more"),
    [
        (NAMES[:2], None, (), "AB", ""),
        (NAMES[:6], None, (), "ABCDEF", ""),
        (NAMES, None, (), "ABCDEF", "+6\u00a0more"),
        (NAMES, None, ("Author L", "Author C"), "ABC*DEL*", "+6\u00a0more"),
        (NAMES, 40, ("Author H",), "ABCDEH*", "+34\u00a0more"),
        ((), 4, (), "", "4 authors"),
        ((), 1, (), "", "1 author"),
        ((), None, (), "", ""),
        (NAMES, None, NAMES[5:], "F*G*H*I*J*K*", "+6\u00a0more"),
    ],
)
def test_authors_are_shortened_around_followed_ones(
    authors: tuple[str, ...], count: int | None, followed: tuple[str, ...], names: str, more: str
) -> None:
    """At most six, in the paper's order, followed ones before others; the rest is counted."""
    view = shown(authors=authors, author_count=count, followed=followed)
    assert "".join(a.name[-1] + "*" * a.followed for a in view.authors) == names
    assert view.more == more


def test_followed_names_may_be_spelt_otherwise() -> None:
    """The profile's spelling marks the paper's."""
    view = shown(authors=("Marin Soljačić", "S. Han"), followed=("Marin Soljacic", "Seungwook Han"))
    assert [a.followed for a in view.authors] == [True, True]


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "https://arxiv.org/abs/2605.00001"),
        ({"url": None}, "https://arxiv.org/abs/2605.00001"),
        ({"url": None, "id": "arxiv:hep-th/9901001"}, "https://arxiv.org/abs/hep-th/9901001"),
        ({"url": None, "id": "doi:10.1000/a<b"}, "https://doi.org/10.1000/a%3Cb"),
        ({"url": None, "id": "title:worldmodels"}, None),
        ({"url": "javascript:alert(1)", "id": "ns:1"}, None),
    ],
)
def test_abstract_page(changes: dict[str, Any], url: str | None) -> None:
    """The paper's own URL, else what its id leads to, else no link."""
    assert shown(**changes).url == url


def test_further_pages() -> None:
    """PDF of what is on arXiv, and Hugging Face when it listed the paper."""
    assert [link.url for link in shown().links] == [
        "https://arxiv.org/pdf/2605.00001",
        "https://huggingface.co/papers/2605.00001",
    ]
    assert [link.label for link in shown(sources=("arxiv",)).links] == ["PDF"]
    assert shown(id="doi:10.1/x").links == ()


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.org/x?y=1&z=2#f", "https://a.org/x?y=1&z=2#f"),
        (" http://a.org ", "http://a.org"),
        ("https://a.org/ü|<b>\"'", "https://a.org/%C3%BC%7C%3Cb%3E%22%27"),
        ("ftp://a.org", None),
        ("//a.org", None),
        ("https://", None),
        ("https://google.com@evil.org", None),
        ("https://a.org:port", None),
        ("https://a.org/" + "x" * 2000, None),
        ("data:text/html,x", None),
        ("\ud800", None),
        (None, None),
    ],
)
def test_safe_url(url: str | None, safe: str | None) -> None:
    """Only http and https, nothing that could end a link, no disguised host."""
    assert safe_url(url) == safe


@pytest.mark.parametrize(
    ("changes", "dates"),
    [
        ({}, "4 May 2026"),
        ({"published": "2025-02"}, "Feb 2025"),
        ({"published": None, "announced": "2025-02-26"}, "26 Feb 2025"),
        ({"version": 3, "updated": "2026-05-05"}, "4 May 2026, revised 5 May 2026 (v3)"),
        ({"version": 2, "updated": None, "published": None}, "revised (v2)"),
        ({"published": None}, ""),
        ({"published": "soon"}, "soon"),
    ],
)
def test_dates_keep_their_precision(changes: dict[str, Any], dates: str) -> None:
    """A month stays a month; a revision is named with its version."""
    assert shown(**changes).dates == dates


@pytest.mark.parametrize(
    ("abstract", "excerpt"),
    [
        ("", ""),
        ("One. Two. Three.", "One. Two. …"),
        ("One. Two.", "One. Two."),
        (
            "As Muster et al. Show, e.g. Robots do. Two. Three.",
            "As Muster et al. Show, e.g. Robots do. Two. …",
        ),
        ("word " * 100, ("word " * 64).strip() + "…"),
    ],
)
def test_excerpt(abstract: str, excerpt: str) -> None:
    """Two sentences, or as many words as fit, and a sign that there is more."""
    assert shown(abstract=abstract).excerpt == excerpt


def test_broken_off_abstract_says_so() -> None:
    """A listing that broke off inside the abstract is not passed off as whole."""
    assert shown(abstract="One. Tw", cut=True).excerpt == "One. Tw …"


def test_reasons_are_the_strongest_that_raise() -> None:
    """Four at most, by weight; what lowered the score is no reason to read."""
    reasons = tuple(Reason(term, weight) for term, weight in zip("abcdef", (1, 5, -9, 3, 2, 4), strict=True))
    assert paper_view(1, ScoredPaper(paper(), 1, 50, reasons)).reasons == ("b", "f", "d", "e")


@pytest.mark.parametrize(
    ("relevance", "text"), [(99.64, "99.6\u00a0%"), (100.0, "100\u00a0%"), (0.0, "0\u00a0%")]
)
def test_relevance(relevance: float, text: str) -> None:
    """A percentage with at most one decimal."""
    assert paper_view(1, ScoredPaper(paper(), 1, relevance)).relevance == text


def test_digest_view_says_when_how_many_and_whose() -> None:
    """The edition's own date, whatever the zone of the clock that made it."""
    view = digest_view(digest(8, on=date(2026, 2, 1), candidates=1412))
    assert (view.day, view.short_day) == ("Sunday 1 February 2026", "1 Feb")
    assert (view.selection, view.settings) == ("8 of 1,412 new papers", "profiles/ada.yaml")


@given(st.one_of(st.sampled_from(HOSTILE), st.text()), st.integers(1, 400))
def test_cut_keeps_its_limit(text: str, limit: int) -> None:
    """Never longer than asked, and untouched when it fits."""
    short = cut(text, limit)
    assert len(short) <= limit
    assert (short == text) == (len(text) <= limit) or short == text


def test_cut_spares_combined_characters() -> None:
    """An emoji of four code points, or an accent, is not taken apart."""
    assert cut("👩🏽‍🔬👩🏽‍🔬", 7) == "👩🏽‍🔬…"
    assert cut("e\u0301" * 5, 4) == "e\u0301…"


# --- Templates --------------------------------------------------------------------------------------------


def test_templates_are_found() -> None:
    """In a checkout at the top level; every template is there."""
    names = {path.name for path in templates_folder().iterdir()}
    assert names >= {"digest.html.j2", "digest.txt.j2", "digest.slack.j2", "unsubscribe.html.j2"}


def test_wheel_templates_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside an installed package, a folder named templates is someone else's."""
    inside, beside = tmp_path / "bot" / "_data" / "templates", tmp_path / "templates"
    for folder in (inside, beside):
        folder.mkdir(parents=True)
    monkeypatch.setattr(rendering, "_TEMPLATE_FOLDERS", (inside, beside))
    assert templates_folder() == inside


def test_misspelt_names_are_errors() -> None:
    """A template cannot silently show nothing."""
    with pytest.raises(UndefinedError):
        environment().from_string("{{ digset }}").render(digest=1)


def test_text_shows_everything() -> None:
    """Whose digest, of when, and each paper with authors, reasons and links."""
    text = render_text(digest_view(digest(2)))
    for wanted in (
        "Tuesday 5 May 2026",
        "2 of 412 new papers for ada",
        "1. World Models for Robots that Learn from Little Data",
        "★ Gus Test",
        "99.5\u00a0% relevant · why: world models, robots · 12 votes · 1 comment",
        "https://arxiv.org/abs/2605.00001",
        "Hugging Face: https://huggingface.co/papers/2605.00001",
        "edit profiles/ada.yaml",
    ):
        assert wanted in text


def test_urls_are_never_broken() -> None:
    """Neither alone on a line nor inside a text."""
    long = "https://example.org/" + "path/" * 30
    lone = digest((scored(1, url=long, abstract=f"The code is at {long} for all."),))
    assert render_text(digest_view(lone)).count(long) == 2


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


def test_text_names_the_interest_and_what_says_nearly_the_same() -> None:
    """On lines of their own, each URL whole."""
    lines = [line.strip() for line in render_text(digest_view(SERIES)).splitlines()]
    place = lines.index('nearly the same: <b>A & B</b> "again"')
    assert lines[place + 1] == "https://arxiv.org/abs/2605.00007"
    assert "https://a.org/" + "x" * 900 in lines
    unlinked = lines.index(f"nearly the same: {digest_view(SERIES).papers[1].also[1].title}")
    assert lines[unlinked + 1] == ""
    assert any("relevant · for: world models · why: " in line for line in lines)
    assert any("for: reward models" in line for line in lines)
    assert "for: " not in render_text(digest_view(digest(2)))


def test_html_names_the_interest_and_what_says_nearly_the_same() -> None:
    """Linked where there is a page, escaped once."""
    page = html.fromstring(render_html(digest_view(SERIES)))
    told = [line for line in page.xpath("//p") if line.text_content().startswith("nearly the same: ")]
    assert [line.text_content().removeprefix("nearly the same: ") for line in told] == [
        '<b>A & B</b> "again"',
        digest_view(SERIES).papers[1].also[0].title,
        digest_view(SERIES).papers[1].also[1].title,
    ]
    assert [line.xpath("string(.//a/@href)") for line in told] == [
        "https://arxiv.org/abs/2605.00007",
        "https://a.org/" + "x" * 900,
        "",
    ]
    assert not page.xpath("//b")
    text = page.text_content()
    assert "for world models · " in text
    assert "for reward models · " in text


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(wild_digests())
def test_any_text_has_short_lines_and_no_controls(wild: Digest) -> None:
    """Lines under 78 but for URLs; no control character reaches a terminal."""
    text = render_text(digest_view(wild))
    assert all(len(line) < 78 or "://" in line for line in text.splitlines())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


@given(st.text(), st.integers(0, 9))
def test_wrapped_loses_no_letter(text: str, indent: int) -> None:
    """Only white space changes."""
    assert "".join(wrapped(text, indent).split()) == "".join(text.split())


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(wild_digests())
def test_any_html_holds_our_elements_only(wild: Digest) -> None:
    """Nothing of a source is an element, an attribute, a template expression, or a link but to http."""
    page = html.fromstring(render_html(digest_view(wild)))
    tags = {element.tag for element in page.iter() if isinstance(element.tag, str)}
    assert tags <= OURS
    assert all(re.match("https?://", link) for link in page.xpath("//@href"))
    assert not page.xpath("//@onerror | //@src")


def test_hostile_title_is_shown_as_written() -> None:
    """Escaped once, not twice, and not evaluated."""
    title = "<script>alert(1)</script> & {{7*7}} \"'"
    page = html.fromstring(render_html(digest_view(digest((scored(1, title=title),)))))
    assert page.xpath("string(//h2/a)") == title


def test_html_is_for_mail_clients() -> None:
    """Inline styles, dark colours kept, declared colour schemes, tables, a preheader, nothing remote."""
    page = render_html(digest_view(digest(2)))
    assert "@media (prefers-color-scheme: dark)" in page
    assert '<meta name="color-scheme" content="light dark">' in page
    assert page.index("<meta charset") < 1024
    assert '<p class="by" style="' in page
    assert "2 of 412 new papers. World Models" in page
    assert not re.search(r"<(img|script|link|iframe)|url\(", page)


def test_thirty_papers_are_not_clipped() -> None:
    """Gmail clips at 102 kB; 80 leave room for longer names and titles."""
    assert len(render_html(digest_view(digest(30, candidates=9999))).encode()) <= 80_000
    assert len(ABSTRACT) > 200
