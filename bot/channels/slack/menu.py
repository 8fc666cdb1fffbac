"""The menu of a paper in a digest: its entries, and how a click says which paper it is about.

A click names an edition and a place in its digest. Everything else is read from the stored digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from bot.channels.slack.mrkdwn import size
from bot.presentation.digest_view import PaperView
from bot.text.plain import truncate

MENU = "paperboy_menu"  #: action_id
_OPTION = 75  # characters of an entry (https://docs.slack.dev/reference/block-kit/composition-objects/option-object)
_PLACE = re.compile(r"([0-9a-z]{1,64})-([1-9][0-9]{0,3})")


class Entry(StrEnum):
    """An entry, as the value of its option."""

    MORE = "more"
    LESS = "less"
    NOT_BECAUSE = "not"
    FOLLOW = "follow"
    WHY = "why"


class PaperPlace(NamedTuple):
    """A paper of a stored digest; as text the block_id of what is shown of it."""

    edition: str  #: id
    rank: int  #: in the digest, from 1

    def __str__(self) -> str:
        return f"{self.edition}-{self.rank}"


def parse_place(block_id: str) -> PaperPlace | None:
    """The paper that a block is about; None when the block_id is not one that `PaperPlace` makes."""
    found = _PLACE.fullmatch(block_id)
    return PaperPlace(found[1], int(found[2])) if found else None


def paper_menu(paper: PaperView) -> dict[str, Any]:
    """An overflow menu, which as a section's accessory is not a block of its own."""
    options = [{"text": plain(text), "value": str(entry)} for entry, text in _entries(paper)]
    return {"type": "overflow", "action_id": MENU, "options": options}


def _entries(paper: PaperView) -> Iterator[tuple[Entry, str]]:
    yield Entry.MORE, "More like this"
    yield Entry.LESS, "Less like this"
    if paper.terms:
        yield Entry.NOT_BECAUSE, f"Not because of {paper.terms[0] if len(paper.terms) == 1 else '…'}"
    if paper.new_author:
        yield Entry.FOLLOW, f"Follow {paper.new_author}"
    yield Entry.WHY, "Why?"


def plain(text: str) -> dict[str, Any]:
    """A text object without markup, of as many characters as an option and a button may have."""
    limit = _OPTION
    while size(shown := truncate(text, limit)) > _OPTION:
        limit -= 1
    return {"type": "plain_text", "text": shown, "emoji": False}
