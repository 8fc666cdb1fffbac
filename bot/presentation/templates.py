"""The templates that show a digest to a reader, and the pages made of them.

Owns the Jinja environment and what its templates need: line breaking, inline styles; and that a built-in template
stands in for one's own where that has a mistake. Refuses to know what is shown (digest_view decides that), how
anything is sent, and which markup a channel needs beyond HTML.
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
from bot.text.plain import split_word

if TYPE_CHECKING:
    from bot.presentation.custom_templates import CustomTemplates

TEXT_WIDTH = 77  # RFC 5322 recommends lines of at most 78 characters

_PACKAGE = Path(__file__).resolve().parents[1]
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
    made.filters |= {f.__name__: f for f in (wrapped, ruled, marked, sentence, starred)}
    return made


def starred(author: AuthorView) -> str:
    """A name, with the star of a followed author."""
    return f"★\u00a0{author.name}" if author.followed else author.name


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
    return " ".join(split_word(word, width))


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    """Many mail clients drop <style>, the rest take their dark colours from its @media rules."""
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def _inlined(page: str) -> str:
    return _inliner().inline(page)


def _as_it_is(page: str) -> str:
    return page


class Templates:
    """Every template that a reader sees: the built-in ones, and in their place those of one's `own` folder.

    A mistake in one's own is `told`, and the built-in template is rendered instead: nothing here raises for it.
    """

    def __init__(
        self, own: Path | None = None, told: Callable[[Problem], None] = lambda problem: None
    ) -> None:
        self._own = _opened(own, told) if own else None

    def html(self, view: DigestView) -> str:
        """The digest as a whole HTML page for mail clients: inline styles, tables, nothing remote."""
        return self._rendered("digest.html.j2", _inlined, digest=view)

    def text(self, view: DigestView) -> str:
        """The digest as plain text, in lines under 78 characters except for URLs."""
        return self._rendered("digest.txt.j2", digest=view)

    def slack(self, shown: Callable[[str], str], **names: Any) -> str:
        """What stands for a Slack message's blocks; `shown` makes markup of text that shows as written."""
        return self._rendered("digest.slack.j2", shown=shown, **names)

    def unsubscribe(self, page: LinkPage, leaving: UnsubscribeView | None = None) -> str:
        """The page behind an unsubscribe link; `leaving` when it asks, or says that it is done."""
        return self._rendered("unsubscribe.html.j2", page=page, leaving=leaving)

    def check_files(self) -> None:
        """Have every file of one's own told that is no template, or cannot be one."""
        if self._own:
            self._own.check_files()

    def _rendered(self, name: str, finish: Callable[[str], str] = _as_it_is, **names: Any) -> str:
        own = self._own.render(name, finish, names) if self._own else None
        return finish(environment().get_template(name).render(names)) if own is None else own


def _opened(folder: Path, told: Callable[[Problem], None]) -> CustomTemplates:
    from bot.presentation.custom_templates import CustomTemplates

    return CustomTemplates(folder, environment(), told)


#: For who has no templates of their own.
BUILT_IN = Templates()
