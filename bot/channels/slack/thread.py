"""A digest laid out as messages: the best papers in the channel's, the rest in its thread.

Owns the limits of a message, and how much of the abstracts is left out to keep them. Refuses to know what blocks say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby

from bot.channels.slack import blocks
from bot.channels.slack.blocks import Block
from bot.presentation.digest_view import DigestView, PaperView
from bot.presentation.excerpts import EXTRACT_LENGTH

# Slack takes 50 blocks and about 12,000 characters in all of them: 9,597 were accepted, 11,341 rejected
# with msg_blocks_too_long (https://github.com/slackapi/bolt-js/issues/2509).
_MAX_BLOCKS = 45
_MAX_CHARACTERS = 9_000
#: Papers in the channel's message, as others talk there as well; one or two more make no thread.
_IN_CHANNEL, _MOST_IN_CHANNEL = 10, 12
#: Characters of an extract, for all papers of a digest alike: both sentences, the better one, a part of it, none.
_ROOMS = (EXTRACT_LENGTH + 10, 330, 240, 190, 140, 100, 0)
_SENTENCE = 240
_MANY = 999  #: stands for the number of parts until it is known


@dataclass(frozen=True, slots=True)
class Page:
    """One message."""

    blocks: tuple[Block, ...]
    papers: tuple[PaperView, ...]  #: that it shows, in its order


@dataclass(frozen=True, slots=True)
class _Piece:
    """What stays together."""

    heading: str  #: that it stands under
    paper: PaperView | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """What stands around the pieces of a message."""

    view: DigestView
    direct: bool
    part: int = 1
    parts: int = _MANY

    def around(self, pieces: Sequence[_Piece], begun: Collection[str] = ()) -> tuple[Block, ...]:
        """`begun`: the headings of the messages before."""
        body, here = tuple(_body(pieces, begun)), sum(piece.paper is not None for piece in pieces)
        if self.part > 1:
            return (blocks.continuing(self.view, self.part, self.parts, here), *body)
        top = (blocks.title(self.view), blocks.opening(self.view, here))
        said = () if self.view.papers else (blocks.nothing(self.view),)
        return (*top, *said, *body, blocks.notes(self.view, direct=self.direct))


def pages(view: DigestView, *, direct: bool) -> tuple[Page, ...]:
    """The whole digest; the first page goes to the channel. `direct`: that is one person."""
    chunks = _chunks(view, direct)
    before = [[piece.heading for chunk in chunks[:n] for piece in chunk] for n in range(len(chunks))]
    return tuple(
        Page(
            _Frame(view, direct, part, len(chunks)).around(chunk, begun),
            tuple(piece.paper for piece in chunk if piece.paper),
        )
        for part, (chunk, begun) in enumerate(zip(chunks, before, strict=True), start=1)
    )


def _chunks(view: DigestView, direct: bool) -> list[list[_Piece]]:
    """What each message shows: as many of the best papers in the channel's as there should be, then as few replies as
    can be had with a sentence of each abstract.
    """
    items, frame = blocks.items(view), _Frame(view, direct)

    @cache
    def pieces(room: int) -> list[_Piece]:
        return [_Piece(item.heading, item.paper, tuple(item.blocks(room))) for item in items]

    choices = _choices(len(view.papers))
    most, longest = next((m, room) for m, room in choices if _fits(frame.around(_best(pieces(room), m))))
    rooms = [longest, *(room for room in _ROOMS if _SENTENCE <= room < longest)]
    return min((_divided(frame, pieces(room), most) for room in rooms), key=len)


def _best(pieces: Sequence[_Piece], most: int) -> list[_Piece]:
    return [piece for piece in pieces if piece.paper and piece.paper.rank <= most]


def _divided(frame: _Frame, pieces: list[_Piece], most: int) -> list[list[_Piece]]:
    """What comes below the papers is in the channel's message with all of them, or nowhere in it."""
    first = _best(pieces, most)
    if most == len(frame.view.papers) and _fits(frame.around(pieces)):
        return [pieces]
    return [first, *_packed(frame, [piece for piece in pieces if piece not in first], first)]


def _choices(papers: int) -> Iterator[tuple[int, int]]:
    """How many papers the channel's message could have, and what room their extracts: the best first."""
    if _IN_CHANNEL < papers <= _MOST_IN_CHANNEL:
        yield from ((papers, room) for room in _ROOMS if room)
    for most in range(min(papers, _IN_CHANNEL), -1, -1):
        yield from ((most, room) for room in _ROOMS)


def _packed(frame: _Frame, rest: Sequence[_Piece], first: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """As many in each reply as its limits allow."""
    frame, taken = replace(frame, part=_MANY), list[_Piece]()
    begun = {piece.heading for piece in first}
    for piece in rest:
        if taken and not _fits(frame.around([*taken, piece], begun)):
            yield taken
            begun |= {one.heading for one in taken}
            taken = []
        taken.append(piece)
    if taken:
        yield taken


def _body(pieces: Sequence[_Piece], begun: Collection[str]) -> Iterator[Block]:
    """Group by group; a line between them, and none within."""
    groups = groupby(pieces, key=lambda piece: piece.heading)
    for n, (heading, group) in enumerate(groups):
        if n:
            yield blocks.divider()
        if heading:
            yield blocks.heading(heading, again=heading in begun)
        for piece in group:
            yield from piece.blocks


def _fits(message: Sequence[Block]) -> bool:
    """Whether Slack takes so many blocks, and so much in all of them."""
    return len(message) <= _MAX_BLOCKS and sum(map(blocks.characters, message)) <= _MAX_CHARACTERS
