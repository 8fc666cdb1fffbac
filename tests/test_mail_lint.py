"""The linter for mails on fragments written for it, and on the mails that readers get.

`-n 0 -s` prints what it reports on those.
"""

from __future__ import annotations

import json

import pytest

from bot.digests.model import Digest
from bot.presentation.digest_view import digest_view
from bot.presentation.templates import BUILT_IN
from tests.support.mail_lint import lint
from tests.support.mail_lint.checks import LARGEST
from tests.support.mail_lint.colours import contrast, read_colour
from tests.support.mail_lint.excuses import ALLOWED, PARTIAL
from tests.support.mail_lint.names import BEYOND, FEATURES
from tests.support.mail_lint.page import BrokenCss, read_blocks, specificity
from tests.support.mail_lint.uses import declared_names, selector_names
from tests.support.mail_lint.verdicts import CANIEMAIL, EXCERPT, NAMES, excerpt, verdicts
from tests.support.samples import HOSTILE, digest, paper, scored

TABLE = '<table role="presentation" width="100%"><tr>{}</tr></table>'
DARK = "@media (prefers-color-scheme: dark) {{ {} }}"


def mail(body: str, style: str = "") -> str:
    """A mail around a fragment, without a flaw of its own."""
    sheet = f"<style>{style}</style>" if style else ""
    return f'<!DOCTYPE html><html lang="en"><head><title>A</title>{sheet}</head><body>{body}</body></html>'


# --- What the linter must find ----------------------------------------------------------------------------

#: A fragment of a body, and the codes of what is wrong with it.
BODIES = [
    # Elements and attributes
    ("<p>plain <strong>words</strong></p>", ""),
    ("<dialog open>x</dialog>", "unknown"),
    ("<blink>x</blink>", "unknown"),
    ("<section>x</section>", "html-semantics"),
    ("<video>x</video>", "html-video remote"),
    ("<p hidden>x</p>", "html-hidden"),
    ("<p data-x='1'>x</p>", "unknown"),
    ("<p role='note'>x</p>", "html-role"),
    ("<p dir='auto'>x</p>", ""),
    ("<a dir='auto' href='https://a.org'>x</a>", "html-dir"),
    (TABLE.format("<td>x</td>"), ""),
    (TABLE.format("<td lang='fr'>x</td>"), "html-lang"),
    ("<table><tr><td>x</td></tr></table>", "role"),
    # Properties, values, units, functions
    ("<p style='margin: 9px 0 0 0'>x</p>", ""),
    ("<p style='margin: 0 auto'>x</p>", "css-margin"),
    ("<p style='margin-top: -4px'>x</p>", "css-margin"),
    ("<p style='margin: 4px; background: #fdfcf9'>x</p>", "css-margin"),
    ("<span style='margin: 4px'>x</span>", "css-margin"),
    ("<p style='padding: 4px'>x</p>", "css-padding"),
    (TABLE.format("<td style='padding: 4px; border-top: 1px solid #ddd7c8'>x</td>"), ""),
    (TABLE.format("<td style='border: 9px solid #ddd7c8'>x</td>"), "css-border"),
    ("<p style='border: 1px solid #ddd7c8'>x</p>", "css-border"),
    ("<p style='display: flex'>x</p>", "css-display css-display-flex"),
    ("<p style='display: inline-block'>x</p>", "css-display"),
    ("<div style='display:none;max-height:0;overflow:hidden;mso-hide:all'>x</div>", ""),
    (f"<div style='display: none'>{TABLE.format('<td>x</td>')}</div>", "css-display-none"),
    ("<p style='max-height: 9px'>x</p>", "css-max-height"),
    ("<p style='overflow: hidden'>x</p>", "css-overflow"),
    ("<div style='max-width: 640px'>x</div>", "css-max-width"),
    ("<table role='presentation' width='100%' style='max-width: 640px'><tr><td>x</td></tr></table>", ""),
    ("<table role='presentation' style='max-width: 640px'><tr><td>x</td></tr></table>", "css-max-width"),
    ("<div style='width: 50%'>x</div>", "css-width"),
    ("<p style='width: calc(100% - 4px)'>x</p>", "css-width css-unit-calc"),
    ("<p style='font-size: 1rem'>x</p>", "css-font-size css-unit-rem"),
    ("<p style='font-weight: 550'>x</p>", "css-font-weight"),
    ("<p style='font-family: Georgia, \"Times: 3rem; New\", serif'>x</p>", ""),
    ("<p style='font-family: system-ui, serif'>x</p>", "css-sytem-ui"),
    ("<p style='line-height: 19px; font-size: 16px'>x</p>", "css-line-height"),
    ("<p style='line-height: 20px; font-size: 16px'>x</p>", ""),
    ("<p style='line-height: 20px'>x</p>", "css-line-height"),
    ("<p style='mso-line-height-rule: exactly; line-height: 20px'>x</p>", ""),
    ("<p style='line-height: 1.4'>x</p>", ""),
    ("<p style='text-align: start'>x</p>", "css-text-align"),
    ("<p style='text-align: left'>x</p>", ""),
    ("<p style='text-decoration: underline overline'>x</p>", "css-text-decoration"),
    ("<p style='position: absolute'>x</p>", "css-position"),
    ("<p style='border-radius: 4px; word-break: break-word; overflow-wrap: anywhere'>x</p>", ""),
    ("<p style='color: #333333 !important'>x</p>", "css-important"),
    ("<p style='color: rgba(0, 0, 0, 0.9)'>x</p>", "css-rgba colour"),
    ("<p style='color: darkslategrey'>x</p>", "colour"),
    ("<p style='color: initial'>x</p>", "css-unit-initial colour"),
    ("<p style='--ink: #333'>x</p>", "css-variables"),
    ("<p style='color: var(--ink)'>x</p>", "css-variables colour"),
    ("<p style='scroll-behavior: smooth'>x</p>", "unknown"),
    ("<p style='width: 3furlong'>x</p>", "css-width unknown"),
    ("<p style='color: #333; }'>x</p>", "unknown"),
    # Safety
    ("<img src='https://a.org/x.png' alt=''>", "remote unknown"),
    (TABLE.format("<td background='https://a.org/x.png'>x</td>"), "html-background remote"),
    ("<p style='background: url(https://a.org/x.png)'>x</p>", "css-background remote colour unknown"),
    ("<script>alert(1)</script>", "active unknown"),
    ("<iframe></iframe>", "active unknown"),
    ("<form action='https://a.org'></form>", "active html-form unknown"),
    ("<p onclick='x()'>x</p>", "active unknown"),
    ("<a href='https://a.org/x?y=1'>x</a> <a href='http://a.org'>y</a> <a href='mailto:a@a.org'>z</a>", ""),
    ("<a href='mailto:a@a.org?bcc=b@a.org'>x</a>", "html-mailto-links"),
    ("<a href='javascript:x()'>x</a>", "link"),
    ("<a href='#top'>x</a>", "link"),
    ("<a href='//a.org'>x</a>", "link"),
    ("<a href='http://[::1'>x</a>", "link"),
    ("<a>x</a>", "link"),
    # Legibility
    ("<p style='color: #777777'>x</p>", "contrast-light contrast-dark"),
    ("<p style='color: #767676'>x</p>", ""),
    ("<div style='color: #777777'><p>x</p></div>", "contrast-light contrast-dark"),
    ("<div style='color: #777777'><p style='color: #333333'>x</p></div>", ""),
    ("<div style='background: #212326'><a href='https://a.org'>x</a></div>", "contrast-light contrast-dark"),
    ("<p style='background: #fff'>x</p>", "inverted"),
    (TABLE.format("<td bgcolor='#000000' style='color: #eee'>x</td>"), "inverted"),
    ("<p style='font-size: 12px'>x</p>", "small"),
    ("<p style='font-size: 13px'>x</p>", ""),
    ("<div style='font-size: 12px'><p style='font-size: 14px'>x</p></div>", ""),
    ("<p style='font-size: 14px'>x<sup>2</sup></p>", "small"),
    ("<div style='display: none; color: #eee; font-size: 1px'>x</div>", ""),
    # Only Word reads conditional comments
    (
        "<!--[if mso]><table role='none'><tr><td><![endif]--><p>x</p><!--[if mso]></td></tr></table><![endif]-->",
        "",
    ),
    ("<!--[if mso]><table><tr><td><![endif]-->", "role"),
    ("<!--[if mso]><p style='display: flex'>x</p><![endif]-->", "css-display css-display-flex"),
    (
        "<!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch>"
        "</o:OfficeDocumentSettings></xml><![endif]-->",
        "",
    ),
    ("<xml>x</xml>", "unknown"),
    (
        "<!--[if mso]><p style='word-spacing: 2px; z-index: 1'>x</p><![endif]-->",
        "css-word-spacing css-z-index",
    ),
    ("<!--[if mso]><p style='text-shadow: none'>x</p><![endif]--><p>x</p>", "css-text-shadow"),
    ("<!--[if !mso]><!--><p>x</p><!--<![endif]-->", ""),
]

#: The same for a <style> block, in a mail with a dark grey <p class="a">.
STYLES = [
    (DARK.format(".a, p.b { color: #222222 !important }"), ""),
    (".a { color: #222222 }", "css-selector-class"),
    (DARK.format("* { color: #222222 !important }"), "css-selector-universal"),
    (DARK.format("[class] { color: #222222 !important }"), "css-selector-attribute"),
    (DARK.format(".a.b { color: #222222 !important }"), "css-selector-chaining"),
    (DARK.format("div > p { color: #222222 !important }"), "css-selector-child"),
    (DARK.format("p + p { color: #222222 !important }"), "css-selector-adjacent-sibling"),
    (DARK.format("a:hover { color: #222222 !important }"), "css-pseudo-class-hover"),
    (DARK.format("p::after { color: #222222 !important }"), "css-pseudo-element-after"),
    (DARK.format("p:is(.a) { color: #222222 !important }"), "unknown"),
    (DARK.format(".a { color: #222222 }"), "weak"),
    (DARK.format(".a { color: #222222!important }"), "css-important"),
    (DARK.format(".a { color: #222222 !IMPORTANT }"), "css-important"),
    (DARK.format(".a { border-top-color: #3a3d42 !important }"), ""),
    (DARK.format(".a { font-weight: bold !important }"), "more-than-dark"),
    (DARK.format(".a { color: #eeeeee !important }"), "contrast-dark"),
    (DARK.format(".a { color: #eeeeee !important; background: #212326 !important }"), ""),
    (DARK.format("div .a { color: #222222 !important } .a { color: #eeeeee !important }"), ""),
    (DARK.format(".a { background: #000 !important; color: #eee !important }"), "inverted"),
    (DARK.format("/* x */ .a { color: #222222 !important }"), "css-comments"),
    ("@media (prefers-color-scheme: dark) { @media (max-width: 9px) { .a { color: #222 !important } } }",
     "nested css-at-media"),
    ("@media (max-width: 400px) { .a { color: #222222 !important } }", "css-at-media css-selector-class"),
    ("@media (hover) { p { color: #222222 !important } }", "css-at-media css-at-media-hover css-selector-type"),
    ("@media (aspect-ratio: 1/1) { p { color: #222 !important } }", "css-at-media unknown css-selector-type"),
    ("@font-face { font-family: X; src: url(https://a.org/x) }", "css-at-font-face remote unknown"),
    ("@import 'https://a.org/x.css';", "css-at-import remote"),
    ("@layer x;", "unknown"),
    (DARK.format(".a { color: #222 !important; .b { color: #222 !important } }"), "css-nesting"),
    (DARK.format(".a { color: #222 !important "), "broken-css"),
    (DARK.format(f".a {{ color: #222 !important }} {'.b { color: #222 !important }' * 300}"), "long-style"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "codes"), BODIES)
def test_what_is_wrong_with_a_fragment(body: str, codes: str) -> None:
    """Each flaw is found, by its name; what is sound is left in peace."""
    report = lint(mail(body))
    assert report.codes == set(codes.split()), report.told_findings()


@pytest.mark.parametrize(("style", "codes"), STYLES)
def test_what_is_wrong_with_styles(style: str, codes: str) -> None:
    """The dark colours alone may stand in <style>, in the few kinds of rule that count."""
    body = '<div><p class="a" style="color: #333333">x<span class="b">y</span></p></div>'
    report = lint(mail(body, style))
    assert report.codes == set(codes.split()), report.told_findings()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (' lang="en"', "", "lang"),
        ("<title>A</title>", "<title> </title>", "title"),
        ("<body>", '<body style="background: #f4f2ec">', "html-body"),
        ("<body>", '<body style="margin: 9px">', "css-margin"),
        ("<body>", '<body style="margin: 0; padding: 0">', ""),
        ("<p>", "<style>p { color: #333 }</style><p>", "html-style css-selector-type"),
        ("<title>", '<meta name="color-scheme" content="light dark"><title>', ""),
        ("<title>", '<meta name="refresh" content="0"><title>', "unknown"),
        ("<p>", "<p>" + "x" * LARGEST, "clipped"),
    ],
)
def test_what_is_wrong_with_a_page(old: str, new: str, code: str) -> None:
    """Language, title, size, and what Yahoo's apps lose with <body>."""
    report = lint(mail("<p>x</p>").replace(old, new))
    assert report.codes == set(code.split()), report.told_findings()


def test_the_body_may_be_lost_when_a_table_fills_it() -> None:
    """The same background on everything that is shown; what is hidden does not count."""
    page = mail(
        '<div style="display: none">x</div><table role="presentation" style="background: #f4f2ec"></table>'
    )
    assert not lint(page.replace("<body>", '<body style="background: #f4f2ec">')).findings
    assert lint(page.replace("<body>", '<body style="background: #f4f2ed">')).codes == {"html-body"}


def test_findings_come_once_with_their_first_place() -> None:
    """A flaw that thirty papers share is told once."""
    (finding,) = lint(mail("\n<p style='position: static'>x</p>" * 30)).findings
    assert finding.place == "<p>, line 2"
    assert "dropped by Gmail desktop-webmail, " in finding.text


def test_the_report_tells_verdicts_notes_and_excuses() -> None:
    """Sizes first, then why each loss is one that may be."""
    told = lint(mail("<p style='margin: 4px 0; font-family: serif'>x</p>")).told()
    assert told.startswith("130 bytes of HTML, 0 characters of styles\nleast contrast, light: 21.00:1, ")
    assert "css-margin (margin:) x 1  Gmail aaa  Apple Mail yy  Outlook aaa  Yahoo aaa" in told
    assert "    lost without harm: neither negative nor auto" in told
    assert "    Outlook windows: Partial. `auto` value is not supported." in told
    assert "font-family:  unknown to caniemail: " in told
    assert told.endswith("no findings")


# --- Its parts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("1.5em 0 -.5rem 20%", "em rem %"),
        ("#1b4b82", ""),
        ("'12pt' calc(100% - 2vw)", "calc() % vw"),
        ("fit-content", "fit-content"),
        ("x-initial-y", ""),
    ],
)
def test_what_a_value_makes_use_of(value: str, names: str) -> None:
    """Units, functions and keywords, but not what only looks like them."""
    (block,) = read_blocks(f"p {{ width: {value} }}")
    assert sorted(declared_names(block.declarations[0])) == sorted(["width:", *names.split()])


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("p", "a"),
        ("p.a", "a|.a"),
        (".a .b", ".a|.a|a b"),
        ("p > .a ~ #b", "a|.a|#a|a > b|a ~ b"),
        ("p:nth-child(2)", "a|:nth-child"),
        ("[class~=x]::after", "[a]|::after"),
    ],
)
def test_what_a_selector_makes_use_of(selector: str, names: str) -> None:
    """Its simple parts and what combines them."""
    assert sorted(selector_names((selector,))) == sorted(names.split("|"))


def test_css_is_read_as_it_is_nested() -> None:
    """Inner blocks first; braces and semicolons within strings and brackets are none."""
    css = """@import "a;b"; @media x { p { color: url(a;b); font: "}" } } /* } */"""
    read = [(b.prelude, [d.written for d in b.declarations], b.within) for b in read_blocks(css)]
    assert read == [
        ('@import "a;b"', [], ()),
        ("p", ["color: url(a;b)", 'font: "}"'], ("@media x",)),
        ("@media x", [], ()),
    ]


@pytest.mark.parametrize("css", ["p {", "p { } }", "p", "p { color: 'x }", "/* x"])
def test_broken_css_is_told(css: str) -> None:
    """Nothing is passed over because it does not parse."""
    with pytest.raises(BrokenCss):
        list(read_blocks(css))


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000", "#ffffff", 21), ("#777777", "#fff", 4.48), ("#767676", "#fff", 4.54), ("#00f", "#fff", 8.59)],
)
def test_contrast(one: str, other: str, ratio: float) -> None:
    """WCAG's own numbers for well-known pairs."""
    first, second = read_colour(one), read_colour(other)
    assert first
    assert second
    assert round(contrast(first, second), 2) == round(contrast(second, first), 2) == ratio


def test_specificity() -> None:
    """Ids, then classes, attributes and states, then types."""
    found = [specificity(selector) for selector in ("p", ".a p", "#a .b", "a:hover", "p::after", "*")]
    assert found == [(0, 0, 1), (0, 1, 1), (1, 1, 0), (0, 1, 1), (0, 0, 1), (0, 0, 0)]


# --- Its tables -------------------------------------------------------------------------------------------


def test_no_excuse_is_idle() -> None:
    """What is ALLOWED is dropped by somebody; what is PARTIAL is dropped by none, and not had by all."""
    assert {slug for slug in ALLOWED if not verdicts()[slug].clients("n")} == set()
    assert {slug for slug in PARTIAL if verdicts()[slug].clients("n")} == set()
    assert {slug for slug in PARTIAL if len(verdicts()[slug].clients("y")) == len(NAMES)} == set()
    assert not set(BEYOND) & set(FEATURES)


@pytest.mark.skipif(not CANIEMAIL.is_file(), reason=f"no caniemail data: {CANIEMAIL} is not there")
def test_verdicts_are_caniemails() -> None:
    """The excerpt is what `python -m tests.support.mail_lint` makes of the data."""
    made = excerpt(json.loads(CANIEMAIL.read_text(encoding="utf-8")))
    assert json.loads(EXCERPT.read_text(encoding="utf-8")) == json.loads(json.dumps(made))


# --- The mails that readers get ---------------------------------------------------------------------------


def hostile() -> Digest:
    """Every hostile text in every place that a text of a source has."""
    return digest(
        tuple(
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
        ),
        profile=HOSTILE[2],
    )


MAILS = {"empty": digest(0), "1 paper": digest(1), "10 papers": digest(10), "30 papers": digest(30)}
MAILS |= {"hostile": hostile()}


@pytest.mark.parametrize("name", MAILS)
def test_the_mail_as_it_is_sent(name: str) -> None:
    """Nothing that Gmail, Apple Mail, Outlook or Yahoo drop carries meaning or layout; small, safe and legible."""
    report = lint(BUILT_IN.html(digest_view(MAILS[name])))
    print(f"\n{name}: {report.told() if name == '1 paper' else report.sizes()}")
    assert not report.findings, report.told_findings()
