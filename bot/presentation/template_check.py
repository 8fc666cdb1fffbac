"""Rendering all templates with sample digests, for `paperboy check`.

Every field of a paper has a value in one digest and none in another. The channels decide what a template gets.
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

_NOW = datetime(2026, 5, 5, 6, 30, tzinfo=UTC)
_BARE = Paper(id="title:anexample", title="An Example", first_seen=_NOW)
_COMPLETE = Paper(
    id="arxiv:2605.00001",
    title="An Example of A & B, with <Angles>",
    first_seen=_NOW,
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
_SCORED_BARE = ScoredPaper(_BARE, 0.1, 50.0)
_SCORED = ScoredPaper(
    _COMPLETE,
    0.4,
    99.6,
    (Reason("world models", 0.3), Reason("author: Author H", 0.1, is_term=False)),
    followed=("Author H",),
    interest="world models",
    also=(replace(_COMPLETE, id="arxiv:2605.00002"), _BARE),
    sent=date(2026, 5, 4),
    fit=0.8,
)
_NEWS = NewPaperCounts(412, date(2026, 5, 4), 7, (("arxiv", 401), ("huggingface", 11)))
#: Papers: the greatest limit of a profile, which is several messages in Slack.
_MAX_LIMIT = 100
_LEAVING = UnsubscribeView("ada", "a…@example.org")
_PAGES = (
    *((page, _LEAVING) for page in (LinkPage.ASKS, LinkPage.DONE, LinkPage.PAUSED, LinkPage.RESUMED)),
    (LinkPage.PAUSED, replace(_LEAVING, until="11 May 2026")),
    (LinkPage.UNKNOWN, None),
    (LinkPage.FAILED, None),
)


def digests() -> tuple[Digest, ...]:
    """A complete paper, a title only, both, none, the most there can be, and a weekly digest."""
    contents = ((_SCORED,), (_SCORED_BARE,), (_SCORED, _SCORED_BARE), (), (_SCORED,) * _MAX_LIMIT)
    daily = [Digest("ada", date(2026, 5, 5), "Europe/Paris", _NOW, papers, 412, _NEWS) for papers in contents]
    weekly = replace(daily[2], why="a source failed", weekly=True, earlier=(_COMPLETE, _BARE))
    return (*daily, weekly)


def check_templates(templates: Templates, channels: Iterable[Channel]) -> None:
    """Render everything that a channel or an unsubscribe page may show; `templates` reports the mistakes."""
    templates.check_files()
    for channel in channels:
        for digest in digests():
            channel.render(digest, "check", "check")
    for page, leaving in _PAGES:
        templates.unsubscribe(page, leaving)
