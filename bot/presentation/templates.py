"""Rendering a digest with the templates that readers see.

Sets up Jinja and the filters, inlines styles, and renders a built-in template when a custom one has a mistake.
Does not depend on channels; `digest_view` decides what is shown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.errors import Problem
from bot.presentation.digest_view import AuthorView, DigestView, LinkPage, UnsubscribeView
from bot.presentation.excerpts import Span
from bot.resources import resource_folder
from bot.text.plain import split_word

if TYPE_CHECKING:
    from bot.presentation.custom_templates import CustomTemplates

TEXT_WIDTH = 77  # RFC 5322 recommends lines of at most 78 characters


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The built-in templates: values are escaped in `.html.j2` only; an undefined name is an error."""
    made = Environment(
        loader=FileSystemLoader(resource_folder("templates")),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {f.__name__: f for f in (wrapped, ruled, marked, sentence, starred)}
    return made


# --- Filters ------------------------------------------------------------------------------------------------


def starred(author: AuthorView) -> str:
    """A name, with a star before it when the author is followed."""
    return f"★\u00a0{author.name}" if author.followed else author.name


def sentence(text: str) -> str:
    """A phrase as a sentence: `no new papers` as `No new papers.`"""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', '…')) else '.'}"


def ruled(heading: str) -> str:
    """Hyphens to underline a heading."""
    return "-" * min(len(heading), TEXT_WIDTH)


def marked(extract: Iterable[Span], mark: str) -> str:
    """An extract with `mark` before and after each matched term."""
    return "".join(f"{mark}{span.text}{mark}" if span.matched else span.text for span in extract)


def wrapped(text: str, indent: int = 0, hang: int = 0) -> str:
    """Lines of at most TEXT_WIDTH characters, each indented, and those after the first by `hang` more.

    Long words are broken; URLs are not.
    """
    width = TEXT_WIDTH - indent - hang
    words = (w if "://" in w or len(w) <= width else " ".join(split_word(w, width)) for w in text.split(" "))
    return textwrap.fill(
        " ".join(words),
        TEXT_WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )


# --- Templates ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    """Many mail clients drop <style>; the others take the dark colours from its @media rules."""
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


class Templates:
    """The built-in templates, and the custom ones of a folder in their place.

    A mistake in a custom template is passed to `report`, and the built-in template is rendered: nothing here raises
    for it.
    """

    def __init__(
        self, custom: Path | None = None, report: Callable[[Problem], None] = lambda problem: None
    ) -> None:
        self._custom = _open_custom(custom, report) if custom else None

    def html(self, view: DigestView) -> str:
        """The digest as an HTML page for mail clients: inline styles, tables, nothing remote."""
        return self._render("digest.html.j2", lambda page: _inliner().inline(page), digest=view)

    def text(self, view: DigestView) -> str:
        """The digest as plain text, in lines under 78 characters except for URLs."""
        return self._render("digest.txt.j2", digest=view)

    def slack(self, shown: Callable[[str], str], **values: Any) -> str:
        """The text that stands in for a Slack message's blocks; `shown` escapes text as mrkdwn."""
        return self._render("digest.slack.j2", shown=shown, **values)

    def unsubscribe(self, page: LinkPage, leaving: UnsubscribeView | None = None) -> str:
        """The page behind an unsubscribe link; `leaving` is needed unless UNKNOWN or FAILED."""
        return self._render("unsubscribe.html.j2", page=page, leaving=leaving)

    def check_files(self) -> None:
        """Report every file of the custom folder that is not a template, or cannot be parsed."""
        if self._custom:
            self._custom.check_files()

    def _render(self, name: str, finish: Callable[[str], str] = str, **values: Any) -> str:
        page = self._custom.render(name, finish, values) if self._custom else None
        return finish(environment().get_template(name).render(values)) if page is None else page


def _open_custom(folder: Path, report: Callable[[Problem], None]) -> CustomTemplates:
    from bot.presentation.custom_templates import CustomTemplates  # the sandbox is imported only when needed

    return CustomTemplates(folder, environment(), report)


#: Without custom templates.
BUILT_IN = Templates()
