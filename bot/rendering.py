"""The templates that show a digest to a reader, and the pages made of them.

Owns the Jinja environment and what its templates need: line breaking, inline styles. Refuses to know what is shown
(bot.views decides that), how anything is sent, and which markup a channel needs beyond HTML.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.highlights import Span
from bot.views import DigestView, LeavingView, LinkPage

TEXT_WIDTH = 77  # RFC 5322 recommends lines of at most 78 characters

_PACKAGE = Path(__file__).resolve().parent
#: A wheel carries its templates inside the package; there a top-level `templates` would be someone else's.
_TEMPLATE_FOLDERS = (_PACKAGE / "_data" / "templates", _PACKAGE.parent / "templates")


def templates_folder() -> Path:
    """The folder with every template that a reader sees, of this checkout or of this wheel."""
    return next(folder for folder in _TEMPLATE_FOLDERS if folder.is_dir())


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Escapes in `.html.j2`, and nowhere else; a name that a template misspells is an error."""
    made = Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"wrapped": wrapped, "ruled": ruled, "marked": marked, "sentence": sentence}
    return made


def sentence(text: str) -> str:
    """What is written to go on after a colon, standing alone: `no new papers` as `No new papers.`"""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', '…')) else '.'}"


def ruled(heading: str) -> str:
    """What underlines a heading."""
    return "-" * min(len(heading), TEXT_WIDTH)


def marked(extract: Iterable[Span], mark: str) -> str:
    """An extract whose matched terms stand between marks."""
    return "".join(f"{mark}{span.text}{mark}" if span.matched else span.text for span in extract)


def wrapped(text: str, indent: int = 0, hang: int = 0) -> str:
    """`text` in lines of at most TEXT_WIDTH characters, each indented, and those after the first by `hang` more.

    A URL is never broken.
    """
    return textwrap.fill(
        " ".join(_breakable(word, TEXT_WIDTH - indent - hang) for word in text.split(" ")),
        TEXT_WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _breakable(word: str, width: int) -> str:
    if "://" in word or len(word) <= width:
        return word
    return " ".join(word[start : start + width] for start in range(0, len(word), width))


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    """Many mail clients drop <style>, the rest take their dark colours from its @media rules."""
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def render_html(view: DigestView) -> str:
    """The digest as a whole HTML page for mail clients: inline styles, tables, nothing remote."""
    return _inliner().inline(environment().get_template("digest.html.j2").render(digest=view))


def render_unsubscribe(page: LinkPage, leaving: LeavingView | None = None) -> str:
    """The page behind an unsubscribe link; `leaving` when it asks, or says that it is done."""
    return environment().get_template("unsubscribe.html.j2").render(page=page, leaving=leaving)


def render_text(view: DigestView) -> str:
    """The digest as plain text, in lines under 78 characters except for URLs."""
    return environment().get_template("digest.txt.j2").render(digest=view)
