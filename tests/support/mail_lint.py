"""A linter for the HTML of a mail as it is sent: only what mail clients support, small, safe and legible.

RULES lists what a mail may contain. Support is caniemail's for Gmail, Apple Mail, Outlook and Yahoo, in
mail_support.json; `python -m tests.support.mail_lint` writes that file again from ../shared/email/caniemail.json, and
`python -m tests.support.mail_lint FILE.html` prints the problems of a mail.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lxml import html
from lxml.html import HtmlElement

#: Gmail clips HTML at about 102 KB (github.com/hteumeuleu/email-bugs/issues/41); relays that rewrite links add to it.
MAX_BYTES = 80_000
#: Gmail kept 8,192 bytes of styles for years, and 16,384 since (github.com/hteumeuleu/email-bugs/issues/90).
MAX_STYLE = 8_192
MIN_CONTRAST = 4.5  # WCAG 2.2, 1.4.3, level AA, for text of any size
MIN_TEXT = 13.0  # px; iOS Mail enlarges smaller text, which moves line breaks
#: Line height by font size at which Georgia and Arial fit: Word reads the line height as the least one.
MIN_LINE = 1.2

CANIEMAIL = Path(__file__).resolve().parents[3] / "shared" / "email" / "caniemail.json"
SUPPORT = Path(__file__).with_name("mail_support.json")
#: `windows` is the Word engine (Outlook 2013 to 2019 and later).
CLIENTS = {
    "gmail": ("desktop-webmail", "ios", "android"),
    "apple-mail": ("macos", "ios"),
    "outlook": ("windows", "windows-mail", "outlook-com"),
    "yahoo": ("desktop-webmail", "ios", "android"),
}


class Rule(NamedTuple):
    """A feature that a mail may use."""

    slug: str = (
        ""  #: caniemail's name; empty for HTML 3.2, CSS 1, metadata and Word's own, which it does not list
    )
    on: str = ""  #: the elements that may have it; empty for all
    value: str = ".*"  #: a pattern for the whole value
    why: str = ""  #: why nothing is lost where a client supports it only partly or not at all


_COLOUR = "#[0-9a-f]{6}"
_HEADING = Rule("html-h1-h6")
_LENGTHS = r"(?:\d+(?:px)?)(?: \d+(?:px)?){0,3}"
_HIDDEN = "repeats display: none"
_LONG_WORDS = "only for words longer than a line: without it the line is wider"
#: `<a>` is an element, `align=` an attribute, `margin:` a property of an inline style.
RULES = {
    **dict.fromkeys(("<a>", "<html>", "<head>", "<title>", "<meta>", "<tbody>", "<tr>", "<td>"), Rule()),
    "<body>": Rule("html-body", why="a table with the same background fills it"),
    "<style>": Rule("html-style", why="it is in the head and has only dark colours"),
    **{f"<{tag}>": Rule(f"html-{tag}") for tag in ("div", "img", "p", "span", "strong", "table")},
    **dict.fromkeys(("<h1>", "<h2>", "<h3>"), _HEADING),
    **dict.fromkeys(("class=", "border=", "charset=", "content=", "style=", "alt="), Rule()),
    "name=": Rule(
        "html-meta-color-scheme", "meta", "viewport|(?:supported-)?color-schemes?", "announces dark colours"
    ),
    "href=": Rule("", "a"),
    "src=": Rule("", "img", "cid:.+"),
    "align=": Rule("html-align"),
    "cellpadding=": Rule("html-cellpadding"),
    "cellspacing=": Rule("html-cellspacing"),
    "dir=": Rule("html-dir", "h2 p span strong td", why="Word ignores it on links"),
    "lang=": Rule("html-lang", "html", why="Yahoo drops it from cells"),
    "role=": Rule("html-role", "table", "presentation|none", "some screen readers announce tables"),
    "width=": Rule("html-width", "table td", why="Word ignores it on images"),
    "color:": Rule("", "", _COLOUR),
    "background-color:": Rule("css-background-color", "", _COLOUR),
    "border-top:": Rule(
        "css-border", "table td", rf"[1-8]px solid {_COLOUR}", "Word draws up to 8px, on cells"
    ),
    "display:": Rule("css-display-none", "div p span", "none", "Word ignores it on tables and images"),
    "max-height:": Rule("css-max-height", "div", "0", _HIDDEN),
    "overflow:": Rule("css-overflow", "div", "hidden", _HIDDEN),
    "mso-hide:": Rule("", "div", "all"),
    "font-family:": Rule(),
    "font-size:": Rule("css-font-size", "", r"\d+px", "all clients know px"),
    "font-weight:": Rule("css-font-weight", "", "normal|bold|400|700", "all clients know these values"),
    "line-height:": Rule("css-line-height", "", r"\d+px", "Word takes it as the least height"),
    "margin:": Rule("css-margin", "body h1 h2 h3 p", _LENGTHS, "neither negative nor auto"),
    "max-width:": Rule("css-max-width", "table", r"\d+px", "without it lines are as long as the window"),
    "padding:": Rule("css-padding", "body td", _LENGTHS, "Word knows it on cells"),
    "text-align:": Rule("css-text-align", "", "left|right|center", "all clients know these values"),
    "text-decoration:": Rule("css-text-decoration", "", "none|underline", "at worst a link is underlined"),
    "word-break:": Rule("css-word-break", "", "break-word", _LONG_WORDS),
}
_LOADING = {"src", "srcset", "background", "poster", "data"}
_DARK_SHEET = re.compile(
    r"\s*@media \(prefers-color-scheme: dark\) \{(?P<rules>(?:[^{}]*\{[^{}]*\})*)\s*\}\s*", re.DOTALL
)
_DARK_SELECTOR = re.compile(r"[a-z][a-z0-9]*(?:\.[\w-]+)?|\.[\w-]+")
#: Word reads the style attribute, where it does not know !important; in a sheet all clients know it in this form.
_DARK_COLOUR = re.compile(rf"(color|background-color|border-color): ({_COLOUR}) !important")


class Problem(NamedTuple):
    code: str
    text: str


def lint(source: str) -> list[Problem]:
    """The problems of a whole HTML document whose styles are inlined, each once."""
    root = html.document_fromstring(source.encode(), parser=html.HTMLParser(encoding="utf-8"))
    return list(dict.fromkeys(_problems(source, root)))


def _problems(source: str, root: HtmlElement) -> Iterator[Problem]:
    if (size := len(source.encode())) > MAX_BYTES:
        yield Problem("size", f"{size:,} bytes, more than {MAX_BYTES:,}: Gmail clips at 102 KB")
    if not root.get("lang"):
        yield Problem("lang", "<html> has no language: a screen reader guesses how to pronounce it")
    if not (root.findtext(".//title") or "").strip():
        yield Problem("title", "no title: screen readers and browsers have no name for the mail")
    for element in root.iter():
        if element.tag is html.etree.Comment:
            if found := re.match(r"\[if mso\]>(.*)<!\[endif\]", element.text or "", re.DOTALL):
                for part in html.fragments_fromstring(found[1]):
                    if not isinstance(part, str):
                        yield from _element_problems(part)
        else:
            yield from _element_problems(element)
    yield from _body_problems(root)
    rules = dark_rules(root)
    if rules is None:
        yield Problem("style", "<style> has more than colours in one @media (prefers-color-scheme: dark)")
    for scheme, sheet in (("light", []), ("dark", rules or [])):
        yield from _legibility(root, scheme, sheet)


def _element_problems(element: HtmlElement) -> Iterator[Problem]:
    tag = str(element.tag)
    yield from _use(f"<{tag}>", tag, "")
    for name, value in element.attrib.items():
        if name in _LOADING and not value.startswith("cid:"):
            yield Problem("remote", f"<{tag} {name}> loads something, which tells the sender that it is read")
        else:
            yield from _use(f"{name}=", tag, value)
    for name, value in inline_style(element).items():
        yield from _use(f"{name}:", tag, value)
    if tag == "a" and not re.match(r"https?://[\w.-]+|mailto:[^?]+@[^?]+$", element.get("href", "")):
        yield Problem("link", f"a link to {element.get('href')!r}: only http, https and mailto are safe")
    if tag == "table" and element.get("role") not in {"presentation", "none"}:
        yield Problem("role", 'a table without role="presentation" is read out as data, cell by cell')
    if tag == "img" and "alt" not in element.attrib:
        yield Problem("alt", "an image without alternative text")
    if tag == "style" and element.getparent().tag != "head":
        yield Problem("style", "<style> outside of <head>: Gmail drops it")
    yield from _size_problems(element)


def _use(name: str, tag: str, value: str) -> Iterator[Problem]:
    rule = RULES.get(name)
    if "url(" in value:
        yield Problem("remote", f"{name} {value}: loads something, which tells the sender that it is read")
    elif rule is None:
        yield Problem("unknown", f"{name} is not in RULES: add it with its support")
    elif (rule.on and tag not in rule.on.split()) or not re.fullmatch(rule.value, value, re.DOTALL):
        yield Problem("limited", f"{name} {value} on <{tag}>: allowed on {rule.on or 'all'} as {rule.value}")


def _size_problems(element: HtmlElement) -> Iterator[Problem]:
    style = inline_style(element)
    size, line = (_pixels(style.get(name)) for name in ("font-size", "line-height"))
    if size is not None and size < MIN_TEXT:
        yield Problem("small", f"text of {size:g} px, less than {MIN_TEXT:g}")
    if line is not None and (size is None or line < MIN_LINE * size):
        yield Problem("line", f"line height {line:g} px for text of {size} px: Word's lines are higher")
    if "max-width" in style and "width" not in element.attrib:
        yield Problem("limited", "max-width without a width attribute: Word's table is as narrow as its text")


def _body_problems(root: HtmlElement) -> Iterator[Problem]:
    """Yahoo's apps replace <body>, so that its background must be that of all its visible children too."""
    body = root.find("body")
    visible = [
        child for child in body if isinstance(child.tag, str) and inline_style(child).get("display") != "none"
    ]
    grounds = {inline_style(child).get("background-color") for child in visible}
    if (ground := inline_style(body).get("background-color")) and grounds != {ground}:
        yield Problem("body", "the background of <body> is lost in Yahoo's apps: repeat it on a table")


def inline_style(element: HtmlElement) -> dict[str, str]:
    pairs = (part.partition(":") for part in element.get("style", "").split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _pixels(value: str | None) -> float | None:
    found = re.fullmatch(r"([\d.]+)px", value or "")
    return float(found[1]) if found else None


# --- Contrast -----------------------------------------------------------------------------------------------

DarkRule = tuple[str, dict[str, str]]


def dark_rules(root: HtmlElement) -> list[DarkRule] | None:
    """Each selector of the dark sheet with its colours; None when there is anything else in <style>."""
    sheets = root.findall(".//style")
    if not sheets:
        return []
    text = sheets[0].text or ""
    found = _DARK_SHEET.fullmatch(text)
    if len(sheets) > 1 or not found or len(text) > MAX_STYLE:
        return None
    rules: list[DarkRule] = []
    for selectors, body in re.findall(r"([^{}]*)\{([^{}]*)\}", found["rules"]):
        colours = [_DARK_COLOUR.fullmatch(part.strip()) for part in body.split(";") if part.strip()]
        names = [name.strip() for name in selectors.split(",")]
        if not all(colours) or not all(map(_DARK_SELECTOR.fullmatch, names)):
            return None
        rules += [(name, {found[1]: found[2] for found in colours if found}) for name in names]
    return sorted(rules, key=lambda rule: rule[0].count("."))  # stable: by specificity, then in order


def _legibility(root: HtmlElement, scheme: str, rules: list[DarkRule]) -> Iterator[Problem]:
    looks: dict[HtmlElement, dict[str, str]] = {}
    for element in root.find("body").iter():
        if not isinstance(element.tag, str):
            continue
        look = {"color": "#000000", "background-color": "#ffffff"} | looks.get(element.getparent(), {})
        look |= {"color": "#0000ee"} if element.tag == "a" else {}
        look |= {name: value for name, value in inline_style(element).items() if name in {*look, "display"}}
        for selector, colours in rules:
            tag, _, name = selector.partition(".")
            if tag in ("", element.tag) and (not name or name in element.get("class", "").split()):
                look |= colours
        looks[element] = look
        texts = (element.text, *(child.tail for child in element))
        if look.get("display") == "none" or not any(text and text.strip() for text in texts):
            continue
        text, ground = look["color"], look["background-color"]
        if (
            re.fullmatch(_COLOUR, text)
            and re.fullmatch(_COLOUR, ground)
            and contrast(text, ground) < MIN_CONTRAST
        ):
            ratio = f"{contrast(text, ground):.2f}"
            yield Problem(
                f"contrast-{scheme}", f"{text} on {ground} is {ratio}:1, less than {MIN_CONTRAST}:1"
            )


def luminance(colour: str) -> float:
    """L = 0.2126 R + 0.7152 G + 0.0722 B, each c/12.92 if c <= 0.04045, else ((c + 0.055)/1.055)^2.4 (WCAG 2.2)."""
    parts = [part / 255 for part in bytes.fromhex(colour[1:])]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """(L1 + 0.05) / (L2 + 0.05), the lighter first: 1 to 21 (WCAG 2.2, 1.4.3)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


# --- Support by clients -------------------------------------------------------------------------------------


def excerpt(caniemail: dict[str, Any]) -> dict[str, Any]:
    """The support of each feature in RULES by the newest version of each client.

    y: yes, a: partly, n: no, u: unknown, in the order of CLIENTS. Raises KeyError for an unknown slug.
    """
    stats = {feature["slug"]: feature["stats"] for feature in caniemail["data"]}
    return {
        "licence": "Data of caniemail.com, https://github.com/hteumeuleu/caniemail, MIT License, "
        "Copyright (c) 2019 HTeuMeuLeu",
        "updated": caniemail["last_update_date"],
        "clients": [f"{family} {client}" for family, clients in CLIENTS.items() for client in clients],
        "features": {
            slug: "".join(
                _newest(stats[slug].get(family, {}).get(client, {}))
                for family, clients in CLIENTS.items()
                for client in clients
            )
            for slug in sorted({rule.slug for rule in RULES.values() if rule.slug})
        },
    }


def _newest(by_version: dict[str, str]) -> str:
    """Versions are years with months, or numbers, and not always in order."""
    if not by_version:
        return "u"
    return by_version[max(by_version, key=lambda version: [int(n) for n in re.findall(r"\d+", version)])][0]


def main(files: list[str]) -> int:
    if not files:
        made = excerpt(json.loads(CANIEMAIL.read_text(encoding="utf-8")))
        SUPPORT.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    problems = [problem for file in files for problem in lint(Path(file).read_text(encoding="utf-8"))]
    print("\n".join(f"{code}: {text}" for code, text in problems) or "no problems")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
