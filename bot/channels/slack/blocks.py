"""What a Slack message says of a digest, block by block: header, opening, papers, notes.

Owns the wording, and the share of a block's characters that each thing may have. Refuses to know how many blocks make
a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.slack.mrkdwn import bold, embolded, escaped, escaped_within, link, marked, size
from bot.presentation.digest_view import EARLIER, AuthorView, DigestView, PaperView, TitleView
from bot.presentation.excerpts import Span, shortened
from bot.presentation.links import LinkView
from bot.presentation.templates import sentence, starred
from bot.text.plain import pluralize, truncate

MAX_HEADER = 150
_OR_LEAVE = ", or take Paperboy out of this channel"

# A text object holds 3,000 characters of markup, escaped. A section's are shared by a title with its URL (600), the
# authors and an extract, a context's by the reasons, the facts with the links, and four papers that are the same.
_TITLE, _AUTHORS, _EXTRACT = 1_200, 600, 520
_INTEREST, _REASONS, _FACT, _LINKS = 150, 400, 120, 800
_LABEL = 60
_NAMED, _NAMED_URL = 160, 100
_PROFILE, _NEWS, _WHY = 200, 400, 700

Block = dict[str, Any]


def header(text: str) -> Block:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": truncate(text, MAX_HEADER), "emoji": False},
    }


def section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def context(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def divider() -> Block:
    return {"type": "divider"}


def _mrkdwn(text: str) -> Block:
    """`verbatim` keeps Slack from making links of what looks like a URL, a channel or a name."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def characters(block: Block) -> int:
    """Of its texts, as Slack adds them up."""
    texts = block.get("elements") or ([block["text"]] if "text" in block else [])
    return sum(size(text["text"]) for text in texts)


# --- A paper ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """A paper, or a list of some, under its heading: blocks that stay together, but for the room of the extract."""

    heading: str  #: of its group; empty when there is but one
    top: str  #: the section before the extract
    small: str  #: the context; empty when there is none
    paper: PaperView | None = None

    def blocks(self, room: int) -> Iterator[Block]:
        """`room`: characters of the extract."""
        extract = _extract(self.paper.extract, room) if self.paper else ""
        yield section(f"{self.top}\n{extract}" if extract else self.top)
        if self.small:
            yield context(self.small)


def items(view: DigestView) -> list[Item]:
    """All that a digest shows, in the order of reading."""
    papers = [_item(paper, group.heading) for group in view.groups for paper in group.papers]
    return [*papers, _earlier(view.earlier)] if view.earlier else papers


def _item(paper: PaperView, heading: str) -> Item:
    small = "\n".join(filter(None, (_why(paper, heading), _facts(paper), *map(_same, paper.also))))
    return Item(heading, "\n".join(filter(None, (_title(paper), _authors(paper)))), small, paper)


def _title(paper: PaperView) -> str:
    title = link(paper.url, paper.title, _TITLE) if paper.url else escaped_within(paper.title, _TITLE)
    return embolded(paper.title, f"{paper.rank}. {title}")


def _authors(paper: PaperView) -> str:
    share = _AUTHORS // (len(paper.authors) + 1)
    names = [_author(author, share) for author in paper.authors]
    return ", ".join([*names, paper.more] if paper.more else names)


def _author(author: AuthorView, share: int) -> str:
    return bold(starred(author), share - 2) if author.followed else escaped_within(author.name, share - 2)


def _extract(extract: Sequence[Span], room: int) -> str:
    """As much of it as fits, in characters as a reader counts them and as Slack does."""
    shown = marked(shortened(extract, room)) if room else ""
    while size(shown) > _EXTRACT:
        room = min(room - 1, room * _EXTRACT // size(shown))
        shown = marked(shortened(extract, room)) if room else ""
    return shown


def _why(paper: PaperView, heading: str) -> str:
    """How relevant it is, for which interest where the heading does not say so, and what raised its score."""
    what_for = f" for {bold(paper.interest, _INTEREST)}" if paper.interest not in ("", heading) else ""
    if not what_for and not paper.reasons:
        what_for = " relevant"
    reasons = [escaped_within(", ".join(paper.reasons), _REASONS)] if paper.reasons else []
    return " · ".join([f"*{paper.relevance}*{what_for}", *reasons])


def _facts(paper: PaperView) -> str:
    """Where and when, what readers did, who had it before, and its other pages, on one line."""
    return " · ".join((*(escaped_within(fact, _FACT) for fact in paper.facts), *_links(paper.links)))


def _links(pages: Iterable[LinkView]) -> Iterator[str]:
    """As many as there is room for."""
    left = _LINKS
    for page in pages:
        shown = link(page.url, page.label, _LABEL, left - _LABEL)
        if shown.startswith("<") and size(shown) <= left:
            yield shown
            left -= size(shown)


def _same(other: TitleView) -> str:
    return f"nearly the same: {_named(other)}"


def _earlier(papers: Iterable[TitleView]) -> Item:
    return Item(EARLIER, "\n".join(f"• {_named(paper)}" for paper in papers), "")


def _named(paper: TitleView) -> str:
    if not paper.url:
        return escaped_within(paper.title, _NAMED)
    return link(paper.url, paper.title, _NAMED, _NAMED_URL)


# --- What stands around the papers --------------------------------------------------------------------------


def heading(text: str, *, again: bool) -> Block:
    """`again`: it was in an earlier message of the digest."""
    return section(bold(text, _INTEREST * 2) + (" (continued)" if again else ""))


def title(view: DigestView) -> Block:
    return header(f"Paperboy{' weekly' if view.weekly else ''} · {view.day}")


def opening(view: DigestView, here: int) -> Block:
    """What the digest is. `here`: how many of its papers are in this message."""
    rest = len(view.papers) - here
    lines = [
        f"*{view.count}* for {bold(view.profile, _PROFILE)} · {escaped_within(view.news, _NEWS)}",
        _why_so_few(view) if view.papers else "",
        f"The best are here, {pluralize(rest, 'more paper')} in the thread." if rest else "",
    ]
    return context("\n".join(filter(None, lines)))


def continuing(view: DigestView, part: int, parts: int, here: int) -> Block:
    """What a reply in the thread is."""
    papers = f" · {pluralize(here, 'more paper')}" if here else ""
    return context(f"*Part {part} of {parts}*{papers} for {bold(view.profile, _PROFILE)} · {view.day}")


def nothing(view: DigestView) -> Block:
    """In place of papers."""
    return section(_why_so_few(view) or "No paper reached your threshold.")


def _why_so_few(view: DigestView) -> str:
    return escaped_within(sentence(view.why), _WHY) if view.why else ""


def notes(view: DigestView, *, direct: bool) -> Block:
    """How to read it, to change it, and to stop it. `direct`: it is a message to one person."""
    profile, settings, zone = (
        bold(view.profile, _PROFILE),
        truncate(view.settings, 120),
        truncate(view.timezone, 60),
    )
    star = "★ an author you follow. " if view.followed else ""
    return context(
        (f"{star}{view.percentage}\n" if view.papers else "")
        + f"To change what you get, edit the profile {profile}: {escaped(settings)} (times are in {escaped(zone)}). "
        + f"To stop it, take its line out of `deliver` in the profile{'' if direct else _OR_LEAVE}."
    )
