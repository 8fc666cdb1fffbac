"""The linter for mails on fragments written for it, and on the mails that readers get."""

from __future__ import annotations

import json

import pytest

from bot.digests.model import Digest
from bot.presentation.digest_view import AnswerLinks, digest_view
from bot.presentation.links import LinkView
from bot.presentation.templates import BUILT_IN
from tests.support.mail_lint import CANIEMAIL, MAX_BYTES, RULES, SUPPORT, contrast, excerpt, lint
from tests.support.samples import HOSTILE, TOKEN, digest, paper, scored

TABLE = '<table role="presentation"{}><tr>{}</tr></table>'
DARK = "@media (prefers-color-scheme: dark) {{ {} }}"


def mail(body: str, style: str = "") -> str:
    """A mail without problems of its own around a fragment."""
    sheet = f"<style>{style}</style>" if style else ""
    return f'<!DOCTYPE html><html lang="en"><head><title>A</title>{sheet}</head><body>{body}</body></html>'


def codes(page: str) -> str:
    return " ".join(sorted({problem.code for problem in lint(page)}))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>plain <strong>words</strong></p>", ""),
        ("<section>x</section>", "unknown"),
        ("<p hidden>x</p>", "unknown"),
        ("<p onclick='x()'>x</p>", "unknown"),
        ("<script>alert(1)</script>", "unknown"),
        ("<form action='https://a.org'></form>", "unknown"),
        # remote content
        ("<img src='https://a.org/x.png' alt=''>", "remote"),
        (TABLE.format("", "<td background='https://a.org/x.png'>x</td>"), "remote"),
        ("<p style='background-color: url(https://a.org/x.png)'>x</p>", "remote"),
        ("<img src='cid:1'>", "alt"),
        ("<img src='cid:1' alt='A graph'>", ""),
        # links and labels
        ("<a href='https://a.org/x?y=1'>x</a> <a href='mailto:a@a.org'>z</a>", ""),
        ("<a href='mailto:a@a.org?bcc=b@a.org'>x</a>", "link"),
        ("<a href='javascript:x()'>x</a>", "link"),
        ("<a href='//a.org'>x</a>", "link"),
        ("<a>x</a>", "link"),
        ("<a dir='auto' href='https://a.org'>x</a>", "limited"),
        ("<table><tr><td>x</td></tr></table>", "role"),
        ("<!--[if mso]><table><tr><td><![endif]-->", "role"),
        # layout
        ("<p style='margin: 9px 0 0 0'>x</p>", ""),
        ("<p style='margin: 0 auto'>x</p>", "limited"),
        ("<p style='margin: -4px'>x</p>", "limited"),
        ("<p style='padding: 4px'>x</p>", "limited"),
        (TABLE.format("", "<td style='padding: 4px; border-top: 1px solid #ddd7c8'>x</td>"), ""),
        (TABLE.format("", "<td style='border-top: 9px solid #ddd7c8'>x</td>"), "limited"),
        (TABLE.format(" width='100%' style='max-width: 640px'", "<td>x</td>"), ""),
        (TABLE.format(" style='max-width: 640px'", "<td>x</td>"), "limited"),
        ("<div style='display:none;max-height:0;overflow:hidden;mso-hide:all'>x</div>", ""),
        ("<p style='display: flex'>x</p>", "limited"),
        ("<p style='position: absolute'>x</p>", "unknown"),
        # legibility
        ("<p style='font-size: 12px; line-height: 20px'>x</p>", "small"),
        ("<p style='font-size: 16px; line-height: 20px'>x</p>", ""),
        ("<p style='font-size: 16px; line-height: 19px'>x</p>", "line"),
        ("<p style='font-size: 1rem'>x</p>", "limited"),
        ("<p style='color: darkslategrey'>x</p>", "limited"),
        ("<p style='color: #777777'>x</p>", "contrast-dark contrast-light"),
        ("<p style='color: #767676'>x</p>", ""),
        ("<div style='color: #777777'><p>x</p></div>", "contrast-dark contrast-light"),
        ("<div style='color: #777777'><p style='color: #333333'>x</p></div>", ""),
        ("<p style='background-color: #212326'><a href='https://a.org'>x</a></p>", "contrast-dark contrast-light"),
        ("<div style='display: none; color: #eeeeee'>x</div>", ""),
    ],
)  # fmt: skip
def test_fragments(body: str, expected: str) -> None:
    """Each problem is found by its name; what clients support is accepted."""
    assert codes(mail(body)) == expected


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (DARK.format(".a, p.b { color: #222222 !important }"), ""),
        (DARK.format(".a { color: #eeeeee !important }"), "contrast-dark"),
        (DARK.format(".a { color: #eeeeee !important; background-color: #212326 !important }"), ""),
        (DARK.format("p { color: #eeeeee !important } .a { color: #222222 !important }"), ""),
        (DARK.format(".a { color: #222222 !important } p { color: #eeeeee !important }"), ""),
        (DARK.format(".a { color: #222222 }"), "style"),
        (DARK.format(".a { font-weight: bold !important }"), "style"),
        (DARK.format("a:hover { color: #222222 !important }"), "style"),
        (DARK.format("@media (max-width: 9px) { .a { color: #222222 !important } }"), "style"),
        (DARK.format(".a { color: #222222 !important } " * 400), "style"),
        (DARK.format(".a { color: #222222 !important "), "style"),
        (".a { color: #222222 }", "style"),
        ("@import 'https://a.org/x.css';", "style"),
    ],
)
def test_style_elements(style: str, expected: str) -> None:
    """<style> contains only dark colours for types and classes, which override inline styles."""
    assert codes(mail('<div><p class="a" style="color: #333333">x</p></div>', style)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (' lang="en"', "", "lang"),
        ("<title>A</title>", "<title> </title>", "title"),
        ("<title>", '<meta name="color-scheme" content="light dark"><title>', ""),
        ("<title>", '<meta name="refresh" content="0"><title>', "limited"),
        ("<p>", f"<style>{DARK.format('p { color: #222222 !important }')}</style><p>", "style"),
        ("<body>", '<body style="background-color: #f4f2ec">', "body"),
        ("<p>", "<p>" + "x" * MAX_BYTES, "size"),
    ],
)
def test_pages(old: str, new: str, expected: str) -> None:
    """Language, title, metadata, the place of <style>, the background of <body>, and the size."""
    assert codes(mail("<p>x</p>").replace(old, new)) == expected


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#0000ff", "#ffffff", 8.59)],
)
def test_contrast(one: str, other: str, ratio: float) -> None:
    """WCAG's numbers for well-known pairs."""
    assert round(contrast(one, other), 2) == round(contrast(other, one), 2) == ratio


def test_features_without_full_support_have_a_reason() -> None:
    """RULES says why nothing is lost where a client lacks a feature, and gives no reason otherwise."""
    support = json.loads(SUPPORT.read_text(encoding="utf-8"))["features"]
    reasoned = {rule.slug for rule in RULES.values() if rule.slug and rule.why}
    assert reasoned == {slug for slug, clients in support.items() if set(clients) != {"y"}}


@pytest.mark.skipif(not CANIEMAIL.is_file(), reason=f"no caniemail data: {CANIEMAIL} is not there")
def test_support_is_caniemails() -> None:
    """The stored file is what `python -m tests.support.mail_lint` makes of the data."""
    made = excerpt(json.loads(CANIEMAIL.read_text(encoding="utf-8")))
    assert json.loads(SUPPORT.read_text(encoding="utf-8")) == made


# --- The mails that readers get ---------------------------------------------------------------------------


def hostile() -> Digest:
    """Every hostile text in every text field."""
    papers = (
        scored(
            number,
            title=text,
            abstract=text,
            authors=(text, "Gus Test"),
            organization=text,
            categories=(text,),
            url=f"https://a.org/{number}?x=1&y=<{text[:20]}>",
            interest=text,
            also=(paper(99, title=text), paper(98, title=text, url=None, id="ns:9")),
        )
        for number, text in enumerate(HOSTILE, start=1)
    )
    return digest(tuple(papers), profile=HOSTILE[2])


MAILS = {
    "empty": digest(0),
    "30 papers": digest(30, candidates=9999),
    "weekly": digest(5, weekly=True, why="thin", earlier=(paper(7), paper(8, url=None, id="ns:8"))),
    "hostile": hostile(),
}


LEAVE = LinkView("Unsubscribe", "https://papers.example.org/unsubscribe/x")
ANSWER = AnswerLinks(
    lambda rank: f"https://papers.example.org/a/{TOKEN}.{rank}.{'x' * 22}", "https://papers.example.org/t/x"
)


@pytest.mark.parametrize("name", MAILS)
def test_the_mail_as_sent(name: str) -> None:
    """Supported by Gmail, Apple Mail, Outlook and Yahoo, under 80 kB for 30 papers, safe and legible."""
    view = digest_view(MAILS[name], LEAVE, ANSWER if name != "hostile" else None)  # it is long as it is
    assert lint(BUILT_IN.html(view)) == []
