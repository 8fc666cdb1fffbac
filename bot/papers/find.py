"""Finds the stored paper that a person means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.errors import UserError
from bot.papers.identity import parse_paper_id
from bot.papers.model import Paper
from bot.text.latex import to_unicode
from bot.text.plain import quote

#: Most papers that are listed when several titles have what was typed.
_LISTED = 10


class StoredPapers(Protocol):
    """The stored papers (`bot.store.papers`)."""

    def get(self, key: str) -> Paper | None:
        """A paper by its id, a former id, or its title."""
        ...

    def with_title_part(self, part: str, limit: int) -> Sequence[Paper]:
        """At most `limit` papers that have a text in their titles."""
        ...


def find_paper(papers: StoredPapers, text: str) -> Paper | None:
    """The stored paper with an id, link or title, or part of a title, that a person typed.

    Raises UserError when several titles have the part.
    """
    title = to_unicode(text)
    parsed = parse_paper_id(text)
    if stored := papers.get(parsed[0] if parsed else title):
        return stored
    found = papers.with_title_part(title, _LISTED + 1)
    if len(found) > 1:
        lines = [f"several papers have {quote(text)} in their titles: give more of the title, or an id"]
        lines += [f"  {paper.id}  {paper.title}" for paper in found[:_LISTED]]
        lines += ["  and more"] if len(found) > _LISTED else []
        raise UserError("\n".join(lines))
    return found[0] if found else None
