"""Splits a digest into messages: the best papers in the channel's, the others in replies in its thread.

Keeps the limits of a message by shortening extracts. Does not depend on what blocks say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby

from bot.channels.slack import blocks
from bot.channels.slack.blocks import Block, Item
from bot.presentation.digest_view import DigestView, PaperView
from bot.presentation.excerpts import EXTRACT_LENGTH

# Slack accepts 50 blocks and about 12,000 characters in all of them: 9,597 were accepted, 11,341 rejected
# with msg_blocks_too_long (https://github.com/slackapi/bolt-js/issues/2509).
_MAX_BLOCKS = 45
_MAX_CHARACTERS = 9_000
#: Papers in the channel's message, where others write too. One or two more do not start a thread.
_IN_CHANNEL, _MOST_IN_CHANNEL = 10, 12
#: Characters of each extract of a digest: both sentences, the better one, parts of it, none.
_ROOMS = (EXTRACT_LENGTH + 10, 330, 240, 190, 140, 100, 0)
_SENTENCE = 240
_MANY = 999  #: the number of parts until it is known: the widest


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a digest."""

    blocks: tuple[Block, ...]
    papers: tuple[PaperView, ...]  #: that it shows, in its order


@dataclass(frozen=True, slots=True)
class _Piece:
    """Blocks that stay together."""

    heading: str  #: of its group
    paper: PaperView | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Completes pieces to messages, with what is around them."""

    view: DigestView
    direct: bool
    edition: str  #: its id when papers have menus, else empty

    def first(self, pieces: Sequence[_Piece]) -> tuple[Block, ...]:
        top = (blocks.title(self.view), blocks.opening(self.view, _count_papers(pieces)))
        no_papers = () if self.view.papers else (blocks.no_papers(self.view),)
        notes = blocks.notes(self.view, direct=self.direct, menus=bool(self.edition and self.view.papers))
        return (*top, *no_papers, *_group_blocks(pieces), notes)

    def reply(
        self, pieces: Sequence[_Piece], before: Collection[str], part: int = _MANY, parts: int = _MANY
    ) -> tuple[Block, ...]:
        """`before`: the headings in earlier messages."""
        opening = blocks.reply_opening(self.view, part, parts, _count_papers(pieces))
        return (opening, *_group_blocks(pieces, before))


def split_into_messages(view: DigestView, *, direct: bool, edition: str = "") -> tuple[Message, ...]:
    """The whole digest; the first message goes to the channel. `direct`: the channel is one person.

    `edition`: its id, when each paper has a menu.
    """
    layout = _Layout(view, direct, edition)
    first, *replies = _split(view, layout)
    messages = [layout.first(first)]
    before = {piece.heading for piece in first}
    for part, pieces in enumerate(replies, start=2):
        messages.append(layout.reply(pieces, before, part, len(replies) + 1))
        before |= {piece.heading for piece in pieces}
    return tuple(
        Message(made, tuple(piece.paper for piece in pieces if piece.paper))
        for made, pieces in zip(messages, [first, *replies], strict=True)
    )


def _split(view: DigestView, layout: _Layout) -> list[list[_Piece]]:
    """The pieces of each message.

    As many of the best papers in the channel's message as should be there, then as few replies as are possible with
    a sentence of each abstract.
    """
    items = cache(partial(blocks.items, view, edition=layout.edition))
    most, longest = next(
        (most, room)
        for most, room in _choices(len(view.papers))
        if _fits(layout.first(_pieces(items(most)[:most], room)))
    )
    rooms = [longest, *(room for room in _ROOMS if _SENTENCE <= room < longest)]
    return min((_divide(layout, _pieces(items(most), room), most) for room in rooms), key=len)


def _pieces(items: Iterable[Item], room: int) -> list[_Piece]:
    return [_Piece(item.heading, item.paper, tuple(item.blocks(room))) for item in items]


def _choices(papers: int) -> Iterator[tuple[int, int]]:
    """How many papers the channel's message could have, and the length of their extracts: the best first."""
    if _IN_CHANNEL < papers <= _MOST_IN_CHANNEL:
        yield from ((papers, room) for room in _ROOMS if room)
    for most in range(min(papers, _IN_CHANNEL), -1, -1):
        yield from ((most, room) for room in _ROOMS)


def _divide(layout: _Layout, pieces: list[_Piece], most: int) -> list[list[_Piece]]:
    """The first `most` pieces are the channel's message, with what is below the papers only if all of it fits."""
    if most == len(layout.view.papers) and _fits(layout.first(pieces)):
        return [pieces]
    first, others = pieces[:most], pieces[most:]
    before, reply, replies = {piece.heading for piece in first}, list[_Piece](), list[list[_Piece]]()
    for piece in others:
        if not reply or not _fits(layout.reply([*reply, piece], before)):
            before |= {earlier.heading for earlier in reply}
            reply = []
            replies.append(reply)
        reply.append(piece)
    return [first, *replies]


def _group_blocks(pieces: Sequence[_Piece], before: Collection[str] = ()) -> Iterator[Block]:
    """Group by group, with a line between groups."""
    for n, (heading, group) in enumerate(groupby(pieces, key=lambda piece: piece.heading)):
        if n:
            yield blocks.DIVIDER
        if heading:
            yield blocks.heading(heading, again=heading in before)
        for piece in group:
            yield from piece.blocks


def _count_papers(pieces: Sequence[_Piece]) -> int:
    return sum(piece.paper is not None for piece in pieces)


def _fits(message: Sequence[Block]) -> bool:
    return len(message) <= _MAX_BLOCKS and sum(map(blocks.count_characters, message)) <= _MAX_CHARACTERS
