"""What may stand in a mail, by the name that the linter gives it, and which feature of caniemail that is.

`<td>` is an element, `align=` an attribute, `padding:` a property, `display: none` a value that caniemail knows,
`rem` a unit, `calc()` a function, `initial` a keyword, `@media (hover)` a query, `.a .b` a kind of selector. Refuses
to know which client supports it. What stands in neither table is a finding: teach it here, then write the verdicts
anew with `python -m tests.support.mail_lint`.
"""

from __future__ import annotations


def _own(kind: str, names: str, pattern: str = "{}") -> dict[str, str]:
    """Names whose feature is called like them."""
    return {pattern.format(name): f"{kind}-{name}" for name in names.split()}


def _all(slug: str, names: str, pattern: str = "{}") -> dict[str, str]:
    """Names that share a feature."""
    return dict.fromkeys((pattern.format(name) for name in names.split()), slug)


_SIDES = "top right bottom left"
_ELEMENTS = {
    **_own(
        "html",
        "abbr address audio base bdi blockquote body code del dfn div form hr img link object p picture pre select "
        "small span strike strong style svg table textarea video wbr",
        "<{}>",
    ),
    **_all("html-h1-h6", "h1 h2 h3 h4 h5 h6", "<{}>"),
    **_all("html-table", "thead tbody tfoot tr td th", "<{}>"),
    **_all("html-lists", "ul ol li dl dt dd", "<{}>"),
    **_all(
        "html-semantics",
        "article aside details figcaption figure footer header main mark nav section summary time",
        "<{}>",
    ),
    "<!doctype>": "html-doctype",
    "<!-- -->": "html-comments",
    "<meta color-scheme>": "html-meta-color-scheme",
    "<meta supported-color-schemes>": "html-meta-color-scheme",  # the same, as Apple Mail 12 called it
}
_ATTRIBUTES = {
    **_own(
        "html",
        "align aria-describedby aria-hidden aria-label aria-labelledby background cellpadding cellspacing dir height "
        "hidden lang role srcset target valign width",
        "{}=",
    ),
    "mailto:": "html-mailto-links",
}
_PROPERTIES = {
    **_own(
        "css",
        "align-items animation background background-color background-image background-position background-repeat "
        "background-size border border-collapse border-image border-radius border-spacing box-shadow box-sizing "
        "clear color-scheme direction display filter flex-direction flex-wrap float font font-size font-weight gap "
        "height hyphens inset justify-content letter-spacing line-height list-style list-style-image "
        "list-style-position list-style-type margin max-height max-width min-height min-width opacity outline "
        "overflow overflow-wrap padding position table-layout text-align text-decoration text-decoration-color "
        "text-decoration-line text-decoration-style text-indent text-overflow text-shadow text-transform "
        "transform transition user-select vertical-align visibility white-space width word-break "
        "word-spacing z-index",
        "{}:",
    ),
    **_all("css-border", "width style color", "border-{}:"),
    **_all("css-border", _SIDES, "border-{}:"),
    **_all("css-border", _SIDES, "border-{}-width:"),
    **_all("css-border", _SIDES, "border-{}-style:"),
    **_all("css-border", _SIDES, "border-{}-color:"),
    **_all("css-margin", _SIDES, "margin-{}:"),
    **_all("css-padding", _SIDES, "padding-{}:"),
    **_all("css-left-right-top-bottom", _SIDES, "{}:"),
    **_all("css-gap", "row-gap column-gap", "{}:"),
}
_VALUES = {
    "display: none": "css-display-none",
    **_all("css-display-flex", "flex inline-flex", "display: {}"),
    **_all("css-display-grid", "grid inline-grid", "display: {}"),
    **_own("css-unit", "ch cm em ex in mm pc pt px rem vh vmax vmin vw"),
    "%": "css-unit-percent",
    **_own("css-function", "clamp light-dark max min", "{}()"),
    **_own("css", "rgb rgba linear-gradient radial-gradient conic-gradient", "{}()"),
    **_all("css-modern-color", "lch oklch lab oklab", "{}()"),
    "calc()": "css-unit-calc",
    "var()": "css-variables",
    "--*:": "css-variables",
    "!important": "css-important",
}
#: Words that mean the same in the value of any property.
KEYWORDS = {
    **_all("css-unit-initial", "initial unset revert"),
    **_all("css-intrinsic-size", "fit-content min-content max-content"),
    **_all(
        "css-sytem-ui", "system-ui ui-serif ui-sans-serif ui-rounded ui-monospace"
    ),  # caniemail's spelling
}
_SHEETS = {
    "/* */": "css-comments",
    "nesting": "css-nesting",
    "@media": "css-at-media",
    **_all("css-at-media", "width min-width max-width", "@media ({})"),
    **_all("css-at-media-hover", "hover any-hover", "@media ({})"),
    **_own("css-at-media", "orientation prefers-color-scheme prefers-reduced-motion", "@media ({})"),
    **_own("css-at", "font-face import keyframes", "@{}"),
    "@supports": "css-at-supports",
    "a": "css-selector-type",
    ".a": "css-selector-class",
    ".a.b": "css-selector-chaining",
    "#a": "css-selector-id",
    "[a]": "css-selector-attribute",
    "*": "css-selector-universal",
    "a, b": "css-selector-grouping",
    "a b": "css-selector-descendant",
    "a > b": "css-selector-child",
    "a + b": "css-selector-adjacent-sibling",
    "a ~ b": "css-selector-general-sibling",
    **_own(
        "css-pseudo-class", "active checked first-child focus has hover last-child link not nth-child", ":{}"
    ),
    **_own("css-pseudo-class", "target visited", ":{}"),
    **_own("css-pseudo-element", "after before first-letter first-line marker", "::{}"),
}
FEATURES: dict[str, str] = _ELEMENTS | _ATTRIBUTES | _PROPERTIES | _VALUES | KEYWORDS | _SHEETS

_OLD = "HTML 3.2 or CSS 1: there is no client without it"
_HEAD = "describes the page; nothing is shown by it"
_WORD = "Word's own; the others pass over it"
#: What caniemail does not know, and why it is safe.
BEYOND: dict[str, str] = {
    **_all(_OLD, "a b br caption col colgroup em i sub sup", "<{}>"),
    **_all(_HEAD, "html head title", "<{}>"),
    **_all(_HEAD, "charset viewport format-detection x-apple-disable-message-reformatting", "<meta {}>"),
    **_all(_OLD, "border bgcolor class colspan href id rowspan style title", "{}="),
    **_all(_HEAD, "charset content http-equiv name", "{}="),
    **_all(_OLD, "color font-family font-style", "{}:"),
    **_all(_WORD, "mso-hide mso-line-height-rule mso-padding-alt mso-table-lspace mso-table-rspace", "{}:"),
}
#: The same for what stands in a conditional comment, which no other client reads.
BEYOND_FOR_WORD: dict[str, str] = _all(
    _WORD, "xml o:officedocumentsettings o:allowpng o:pixelsperinch", "<{}>"
)
