"""A digest as Slack blocks: header, opening, papers, notes; their wording, and how long each text may be.

Does not depend on how many blocks make a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.channels.slack.menu import PaperPlace, paper_menu
from bot.channels.slack.mrkdwn import bold, escape, escape_within, link, make_bold, mark_terms, size
from bot.presentation.digest_view import EARLIER, AuthorView, DigestView, PaperView, TitleView
from bot.presentation.excerpts import Span, shortened
from bot.presentation.links import LinkView
from bot.presentation.templates import sentence, starred
from bot.text.plain import pluralize, truncate

_HEADER = 150
_OR_LEAVE = ", or take Paperboy out of this channel"

# A text object may have 3,000 characters, escaped. In a section they are shared by a title with its URL (600), the
# authors and an extract; in a context by the reasons, the facts with the links, and four papers that are the same.
_TITLE, _AUTHORS, _EXTRACT = 1_200, 600, 520
_INTEREST, _REASONS, _FACT, _LINKS = 150, 400, 120, 800
_LABEL = 60
_SHORT_TITLE, _SHORT_URL = 160, 100
_PROFILE, _NEWS, _WHY = 200, 400, 700

Block = dict[str, Any]


DIVIDER: Block = {"type": "divider"}


def section(text: str, **more: Any) -> Block:
    return {"type": "section", "text": _mrkdwn(text), **more}


def context(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _mrkdwn(text: str) -> Block:
    """`verbatim` prevents links made of what looks like a URL, a channel or a name."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def count_characters(block: Block) -> int:
    """Of all its texts, as Slack counts them. Whether those of a menu count is not documented: here they do."""
    texts = [*block.get("elements", []), *([block["text"]] if "text" in block else [])]
    texts += [option["text"] for option in block.get("accessory", {}).get("options", [])]
    return sum(size(text["text"]) for text in texts)


# --- A paper ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """A paper, or a list of papers: blocks that stay together, of a size that depends on the extract."""

    heading: str  #: of its group; empty when there is only one group
    top: str  #: the section's text before the extract
    small: str  #: the context's text; empty when there is none
    paper: PaperView | None = None
    edition: str = ""  #: its id when papers have menus

    def blocks(self, room: int) -> Iterator[Block]:
        """`room`: the most characters of the extract."""
        extract = _extract(self.paper.extract, room) if self.paper else ""
        menu = {}
        if self.paper and self.edition:
            place = PaperPlace(self.edition, self.paper.rank)
            menu = {"block_id": str(place), "accessory": paper_menu(self.paper)}
        yield section(f"{self.top}\n{extract}" if extract else self.top, **menu)
        if self.small:
            yield context(self.small)


def items(view: DigestView, best: int, edition: str = "") -> list[Item]:
    """What a digest shows, in the order of reading: its `best` papers and then the others, each group by group.

    `edition`: its id, for papers with menus.
    """
    papers = [(group.heading, paper) for group in view.groups for paper in group.papers]
    papers.sort(key=lambda headed: headed[1].rank > best)
    found = [
        _item(replace(one, number=n), heading, edition) for n, (heading, one) in enumerate(papers, start=1)
    ]
    if view.earlier:
        earlier = "\n".join(f"• {_short_title(paper)}" for paper in view.earlier)
        found.append(Item(EARLIER, earlier, ""))
    return found


def _item(paper: PaperView, heading: str, edition: str) -> Item:
    title = link(paper.url, paper.title, _TITLE) if paper.url else escape_within(paper.title, _TITLE)
    limit = _AUTHORS // (len(paper.authors) + 1) - 2
    names = [_author(author, limit) for author in paper.authors]
    authors = ", ".join([*names, paper.more] if paper.more else names)
    top = (make_bold(paper.title, f"{paper.number}. {title}"), authors)
    same = (f"nearly the same: {_short_title(other)}" for other in paper.also)
    # where and when, votes, who had it before, and its other pages
    facts = " · ".join((*(escape_within(fact, _FACT) for fact in paper.facts), *_links(paper.links)))
    small = (_match(paper), facts, *same)
    return Item(heading, "\n".join(filter(None, top)), "\n".join(filter(None, small)), paper, edition)


def _author(author: AuthorView, limit: int) -> str:
    return bold(starred(author), limit) if author.followed else escape_within(author.name, limit)


def _extract(extract: Sequence[Span], room: int) -> str:
    """At most `room` characters as a reader counts them, and _EXTRACT as Slack does."""
    shown = mark_terms(shortened(extract, room)) if room else ""
    while size(shown) > _EXTRACT:
        room = min(room - 1, room * _EXTRACT // size(shown))
        shown = mark_terms(shortened(extract, room)) if room else ""
    return shown


def _match(paper: PaperView) -> str:
    """How well the paper fits, for which interest, and the reasons."""
    match = f"*{paper.match} match*" if paper.match else ""
    interest = bold(paper.shown_interest, _INTEREST) if paper.shown_interest else ""
    reasons = escape_within(", ".join(paper.reasons), _REASONS)
    return " · ".join(filter(None, (" for ".join(filter(None, (match, interest))), reasons)))


def _links(pages: Iterable[LinkView]) -> Iterator[str]:
    """Those that fit into _LINKS characters."""
    left = _LINKS
    for page in pages:
        shown = link(page.url, page.label, _LABEL, left - _LABEL)
        if shown.startswith("<") and size(shown) <= left:
            yield shown
            left -= size(shown)


def _short_title(paper: TitleView) -> str:
    if not paper.url:
        return escape_within(paper.title, _SHORT_TITLE)
    return link(paper.url, paper.title, _SHORT_TITLE, _SHORT_URL)


# --- Around the papers --------------------------------------------------------------------------------------


def heading(text: str, *, again: bool) -> Block:
    """`again`: an earlier message of the digest has it too."""
    return section(bold(text, _INTEREST * 2) + (" (continued)" if again else ""))


def title(view: DigestView) -> Block:
    text = truncate(f"Paperboy{' weekly' if view.weekly else ''} · {view.day}", _HEADER)
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def opening(view: DigestView, here: int) -> Block:
    """The first text of the channel's message. `here`: how many of the papers are in it."""
    rest = len(view.papers) - here
    lines = [
        f"*{view.count}* for {bold(view.profile, _PROFILE)} · {escape_within(view.news, _NEWS)}",
        _why_so_few(view) if view.papers else "",
        f"The best are here, {pluralize(rest, 'more paper')} in the thread." if rest else "",
    ]
    return context("\n".join(filter(None, lines)))


def reply_opening(view: DigestView, part: int, parts: int, here: int) -> Block:
    """The first text of a reply in the thread."""
    papers = f" · {pluralize(here, 'more paper')}" if here else ""
    return context(f"*Part {part} of {parts}*{papers} for {bold(view.profile, _PROFILE)} · {view.day}")


def no_papers(view: DigestView) -> Block:
    return section(_why_so_few(view) or "No paper reached your threshold.")


def _why_so_few(view: DigestView) -> str:
    return escape_within(sentence(view.why), _WHY) if view.why else ""


def notes(view: DigestView, *, direct: bool, menus: bool) -> Block:
    """How to read the digest, change it, and stop it. `direct`: the message goes to one person."""
    profile, settings, zone = (
        bold(view.profile, _PROFILE),
        truncate(view.settings, 120),
        truncate(view.timezone, 60),
    )
    signs = " ".join(filter(None, ("★ an author you follow." if view.followed else "", view.legend)))
    answer = "Say what you think of a paper in its ⋯ menu; `/paperboy help` shows more.\n" if menus else ""
    return context(
        (f"{signs}\n" if signs else "")
        + answer
        + f"To change what you get, ask whoever runs this Paperboy, or edit the profile {profile}: "
        + f"{escape(settings)} (times are in {escape(zone)}). "
        + f"To stop it, take its line out of `deliver` in the profile{'' if direct else _OR_LEAVE}."
    )
