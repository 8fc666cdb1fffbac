"""The trying out of templates on made digests, before a reader's is due.

Owns what these hold: whatever a paper may have is there in one and missing in another. Refuses to know what a
template is given: the channels do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

from bot.delivery.ports import Channel
from bot.digests.model import Digest, NewPaperCounts, ScoredPaper
from bot.papers.model import Paper
from bot.presentation.digest_view import LinkPage, UnsubscribeView
from bot.presentation.templates import Templates
from bot.ranking.model import Reason

_MADE = datetime(2026, 5, 5, 6, 30, tzinfo=UTC)
_BARE = Paper(id="title:anexample", title="An Example", first_seen=_MADE)
_COMPLETE = Paper(
    id="arxiv:2605.00001",
    title="An Example of A & B, with <Angles>",
    first_seen=_MADE,
    abstract="World models are tried. Nobody knows why. The code is at https://github.com/example/example.",
    authors=tuple(f"Author {letter}" for letter in "ABCDEFGH"),
    author_count=12,
    categories=("cs.LG", "cs.RO"),
    organization="Institute of Examples",
    sources=("arxiv", "huggingface"),
    url="https://arxiv.org/abs/2605.00001",
    version=2,
    published="2026-05-04T17:59:46Z",
    updated="2026-05-05",
    announced="2026-05-04",
    crossed="2026-05-05",
    votes=12,
    comments=1,
)
_SHOWN_BARE = ScoredPaper(_BARE, 0.1, 50.0)
_SHOWN = ScoredPaper(
    _COMPLETE,
    0.4,
    99.6,
    (Reason("world models", 0.3), Reason("author: Author H", 0.1, is_term=False)),
    followed=("Author H",),
    interest="world models",
    also=(replace(_COMPLETE, id="arxiv:2605.00002"), _BARE),
    sent=date(2026, 5, 4),
)
_NEWS = NewPaperCounts(412, date(2026, 5, 4), 7, (("arxiv", 401), ("huggingface", 11)))
_MANY = (
    100  #: papers, the most that a profile may ask for: more than one message of any channel that has several
)
_LEAVING = UnsubscribeView("ada", "a…@example.org")
_PAGES = {LinkPage.ASKS: _LEAVING, LinkPage.DONE: _LEAVING, LinkPage.UNKNOWN: None, LinkPage.FAILED: None}


def digests() -> tuple[Digest, ...]:
    """Papers that have everything, and nothing but a title; both; none; and as many as there can be."""
    papers = ((_SHOWN,), (_SHOWN_BARE,), (_SHOWN, _SHOWN_BARE), (), (_SHOWN,) * _MANY)
    made = [Digest("ada", date(2026, 5, 5), "Europe/Paris", _MADE, shown, 412, _NEWS) for shown in papers]
    last = replace(made[2], why="a source failed", weekly=True, earlier=(_COMPLETE, _BARE))
    return (*made, last)


def check_templates(templates: Templates, channels: Iterable[Channel]) -> None:
    """Render all that is ever rendered; whoever made the `templates` is told of the mistakes."""
    templates.check_files()
    made = digests()
    for channel in channels:
        for digest in made:
            channel.render(digest, "check", "check")
    for page, leaving in _PAGES.items():
        templates.unsubscribe(page, leaving)
