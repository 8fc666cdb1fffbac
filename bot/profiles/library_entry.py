"""An entry of a library file, made in the same way from every format. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.papers.identity import namespace, parse_paper_id
from bot.papers.names import given_first
from bot.profiles.model import Reference
from bot.text.latex import to_unicode
from bot.text.plain import one_line

_ARXIV_MENTION = re.compile(r"arxiv:\s*[\w./-]+", re.IGNORECASE)
#: Tags that reference managers and publishers leave in titles and abstracts.
_TAG = re.compile(r"</?(?:b|em|i|p|sc|span|strong|sub|sup|jats:[a-z-]+)(?:\s[^<>]*)?/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """One paper of a library file. Texts are readable Unicode on one line."""

    id: str | None = None  #: canonical id: of arXiv if there is one, else a DOI
    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()  #: given names first
    keywords: tuple[str, ...] = ()

    @property
    def reference(self) -> Reference:
        return Reference(self.id, self.title, self.abstract)


class UnreadableLibraryError(ValueError):
    """A library file is not of its format. The message is a sentence without the file's name."""

    def __init__(self, message: str, lines: Sequence[int] = ()) -> None:
        """`lines`: numbers, from 1, of the lines that the message is about."""
        super().__init__(message)
        self.lines = lines


def make_entry(
    ids: Iterable[str],
    notes: Iterable[str],
    title: str,
    abstract: str,
    authors: Iterable[str],
    keywords: Iterable[str],
) -> LibraryEntry:
    """`ids`: the texts that may hold an id, best first; `notes`: those to look at when there is none in `ids`.

    `keywords`: texts of keywords with commas between them.
    """
    found = [*filter(None, map(_id_in, ids))] or [*filter(None, map(_id_in, notes))]
    return LibraryEntry(
        id=next((id_ for id_ in found if namespace(id_) == "arxiv"), found[0] if found else None),
        title=_readable(title),
        abstract=_readable(abstract),
        authors=tuple(filter(None, (given_first(_readable(name)) for name in authors))),
        keywords=tuple(
            filter(None, (_readable(part) for text in keywords for part in re.split("[,;]", text)))
        ),
    )


def _id_in(text: str) -> str | None:
    """The arXiv id or DOI in a field such as `2502.19402` or `arXiv preprint arXiv:2502.19402`."""
    mention = _ARXIV_MENTION.search(text)
    for part in (text.strip(' {}"'), mention[0] if mention else ""):
        found = parse_paper_id(part)
        if found and namespace(found[0]) in {"arxiv", "doi"}:
            return found[0]
    return None


def _readable(text: str) -> str:
    plain = html.unescape(_TAG.sub("", one_line(text)))
    return to_unicode(plain).replace("{", "").replace("}", "").strip(' "')
