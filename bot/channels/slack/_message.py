"""A digest as Slack messages.

Owns the blocks, the limits that they keep, and the mark by which a message is found again: the delivery id in its
metadata. Refuses to know how a message is posted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile
from typing import Any

from bot.channels.slack._markup import disarmed, escaped, escaped_within, link, size
from bot.model import Digest
from bot.outgoing import Envelope, Notice, Part
from bot.rendering import Templates
from bot.text import cut
from bot.views import AuthorView, DigestView, PaperView, TitleView, digest_view

_EVENT_TYPE = "paperboy_delivery"

# Slack takes 50 blocks and about 12,000 characters in all of them: 9,597 were accepted, 11,341 rejected
# with msg_blocks_too_long (https://github.com/slackapi/bolt-js/issues/2509).
MAX_BLOCKS = 45
MAX_CHARACTERS = 9_000
MAX_HEADER = 150
#: `text` is cut silently above 40,000 characters, and may be split from about 4,000 on (undocumented).
MAX_TEXT = 3_500
#: What a message may hold beside its papers: header, selection, and the notes at its end.
_FRAME_BLOCKS = 3
_FRAME_CHARACTERS = MAX_HEADER + 200 + 350
# One section holds 3,000 characters of markup; these are the shares of its pieces, escaped, beside a URL.
_TITLE_SHARE, _AUTHORS_SHARE, _EXCERPT_SHARE = 800, 900, 650
#: Characters of an abstract: a teaser, or none where that makes one message of several.
_EXCERPT_LENGTHS = (200, 0)
_CONTEXT_SHARE = 600
_ALSO_URL = 200

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Piece:
    """One paper's blocks, which stay together."""

    paper: PaperView
    blocks: tuple[Block, ...]
    size: int  #: characters of their texts


def messages(digest: Digest, delivery: str, templates: Templates) -> tuple[Part, ...]:
    """The digest in as few messages as Slack's limits allow, each with an id of its own in its metadata."""
    view = digest_view(digest)
    groups = _groups(view)
    parts = len(groups)
    return tuple(
        Part(
            _payload(
                _blocks(view, group, n, parts), _text(view, group, n, parts, templates), f"{delivery}-{n}"
            ),
            len(group),
            tuple(id_ for piece in group for id_ in digest.papers[piece.paper.rank - 1].ids),
        )
        for n, group in enumerate(groups, start=1)
    )


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _markup(text: str) -> Block:
    """`verbatim` keeps Slack from making links of what looks like a URL, a channel or a name."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _context(element: Block) -> Block:
    return {"type": "context", "elements": [element]}


def _piece(paper: PaperView, excerpt_length: int) -> _Piece:
    section, reasons = _section(paper, excerpt_length), _reasons(paper)
    blocks = ({"type": "section", "text": _markup(section)}, _context(_markup(reasons)))
    return _Piece(paper, blocks, size(section) + size(reasons))


def _section(paper: PaperView, excerpt_length: int) -> str:
    """Bold linked title, authors, the abstract's beginning: a line each."""
    title = (
        link(paper.url, paper.title, _TITLE_SHARE) if paper.url else escaped_within(paper.title, _TITLE_SHARE)
    )
    authors = _authors(paper)
    excerpt = escaped_within(cut(paper.excerpt, excerpt_length), _EXCERPT_SHARE) if excerpt_length else ""
    return "\n".join(line for line in (f"*{paper.rank}. {title}*", authors, excerpt) if line)


def _authors(paper: PaperView) -> str:
    share = _AUTHORS_SHARE // (len(paper.authors) + 1)
    names = [_author(author, share) for author in paper.authors]
    return ", ".join([*names, paper.more] if paper.more else names)


def _author(author: AuthorView, share: int) -> str:
    name = escaped_within(author.name, share - len("*★ *, "))
    return f"*★ {name}*" if author.followed else name


def _reasons(paper: PaperView) -> str:
    """Relevance, why, where, what readers did, and the other pages, on one small line."""
    facts = [paper.relevance]
    if paper.interest:
        facts[0] += f" for *{escaped_within(paper.interest, _CONTEXT_SHARE // 3)}*"
    if paper.reasons:
        facts.append(escaped_within(", ".join(paper.reasons), _CONTEXT_SHARE))
    facts += [escaped_within(about, _CONTEXT_SHARE // 3) for about in paper.about]
    facts += paper.echo
    facts += [link(page.url, page.label, 40) for page in paper.links]
    return "\n".join((" · ".join(facts), *map(_also, paper.also)))


def _also(other: TitleView) -> str:
    """A paper that says nearly the same."""
    title = cut(other.title, 90)
    if other.url and len(escaped(other.url)) <= _ALSO_URL:
        return f"nearly the same: {link(other.url, title, 200)}"
    return f"nearly the same: {escaped_within(title, 200)}"


def _groups(view: DigestView) -> tuple[tuple[_Piece, ...], ...]:
    """The papers of each message: one message when that can be had, else with what there is to say."""
    ways = (tuple(_packed([_piece(p, length) for p in view.papers])) for length in _EXCERPT_LENGTHS)
    longest, *shorter = ways
    return next((way for way in (longest, *shorter) if len(way) == 1), longest)


def _packed(pieces: Sequence[_Piece]) -> Iterator[tuple[_Piece, ...]]:
    """The papers in order, as many in each message as its limits allow; at least one message."""
    taken: list[_Piece] = []
    blocks, characters = _FRAME_BLOCKS, _FRAME_CHARACTERS
    for piece in pieces:
        full = blocks + len(piece.blocks) > MAX_BLOCKS or characters + piece.size > MAX_CHARACTERS
        if taken and full:
            yield tuple(taken)
            taken, blocks, characters = [], _FRAME_BLOCKS, _FRAME_CHARACTERS
        taken.append(piece)
        blocks, characters = blocks + len(piece.blocks), characters + piece.size
    yield tuple(taken)


def _blocks(view: DigestView, pieces: Sequence[_Piece], part: int, parts: int) -> list[Block]:
    """A whole message; the header opens the first one and the notes close the last one."""
    blocks: list[Block] = []
    if part == 1:
        blocks += [{"type": "header", "text": _plain(cut(f"Paperboy · {view.day}", MAX_HEADER))}]
    blocks += [_context(_plain(_selection(view, part, parts)))]
    blocks += [block for piece in pieces for block in piece.blocks]
    if part == parts:
        blocks += [_context(_plain(_notes(view)))]
    return blocks


def _selection(view: DigestView, part: int, parts: int) -> str:
    selection = f"{view.count} for {cut(view.profile, 80)} · {view.news}"
    nothing = "" if view.papers else " · No paper reached your threshold."
    return selection + nothing + (f" · part {part} of {parts}" if parts > 1 else "")


def _notes(view: DigestView) -> str:
    star = "★ an author you follow. " if view.followed else ""
    share = "The percentage is the share of the last 90 days’ papers that match you less."
    return f"{star}{share} To change what you get, edit {cut(view.settings, 120)}."


def _text(view: DigestView, pieces: Sequence[_Piece], part: int, parts: int, templates: Templates) -> str:
    papers = [piece.paper for piece in pieces]
    text = templates.slack(escaped, digest=view, papers=papers, part=part, parts=parts, cut=cut).strip()
    # A message without metadata is told by its text: it must be no other part's, nor another profile's.
    short = f"Paperboy for {cut(view.profile, 80)}, {view.day}: {view.count}"
    numbered = escaped(short) + (f" (part {part} of {parts})" if parts > 1 else "")
    named = text if numbered in text else f"{text}\n{numbered}"  # one's own template may say anything
    return named if size(named) <= MAX_TEXT else numbered


def _payload(blocks: list[Block], text: str, delivery: str, **more: Any) -> bytes:
    """chat.postMessage's arguments but for where to. The metadata is readable by every app of the workspace
    (https://api.slack.com/methods/chat.scheduleMessage): it holds an opaque id and nothing else.
    """
    arguments = {
        **({"blocks": blocks} if blocks else {}),
        "metadata": {"event_type": _EVENT_TYPE, "event_payload": {"delivery": delivery}},
        "text": text,
        "unfurl_links": False,
        "unfurl_media": False,
        **more,
    }
    return json.dumps(arguments, ensure_ascii=False, sort_keys=True).encode()


def alert(notice: Notice, delivery: str) -> bytes:
    """A message to the operator, without markup: what stands in it can be copied."""
    lines = [disarmed(line) for line in (notice.subject, *notice.text.splitlines())]
    fitting = takewhile(lambda length: length <= MAX_TEXT, accumulate(size(line) + 1 for line in lines))
    text = "\n".join(line for line, _ in zip(lines, fitting, strict=False))
    return _payload([], text, delivery, mrkdwn=False)


def plain(arguments: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The message without what Slack did not take: its text alone, and without metadata when it is that."""
    dropped = {"blocks", "metadata"} if "metadata" in code else {"blocks"}
    return {name: value for name, value in arguments.items() if name not in dropped}


def is_ours(message: Mapping[str, Any], envelope: Envelope) -> bool:
    """Whether a message in a channel is this very delivery: by its metadata, or, without any, by its text."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") == _EVENT_TYPE:
        payload = metadata.get("event_payload") or {}
        return bool(payload.get("delivery") == envelope.delivery)
    return not metadata and message.get("text") == json.loads(envelope.payload)["text"]
