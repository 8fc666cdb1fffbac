"""The text of `paperboy backtest`, `diff` and `preview --watch`, and of what else changes a digest."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.digests.changes import Change, changes
from bot.digests.model import Digest, ScoredPaper
from bot.evaluation.backtest import Backtest, Judged
from bot.presentation.dates import long_date, short_date
from bot.presentation.reasons import visible_reasons
from bot.profiles.model import Profile
from bot.ranking.model import match_of
from bot.text.plain import pluralize

_REST = "the rest of the profile"


# --- backtest ---------------------------------------------------------------------------------------------


def backtest_days(digests: Sequence[Digest]) -> RenderableType:
    """A line for each paper, day by day; quiet days in a row with the same reason are one line."""
    parts: list[RenderableType] = []
    for why, days in groupby(digests, key=lambda digest: "" if digest.papers else digest.why):
        group = list(days)
        if group[0].papers:
            for digest in group:
                count = pluralize(len(digest.papers), "paper")
                head = Text.assemble((long_date(digest.on), "bold"), f": {count}")
                parts += [head, _papers(digest.papers), Text()]
        else:
            first, last = group[0].on, group[-1].on
            to = f" to {long_date(last)}" if last != first else ""
            parts += [Text.assemble((f"{long_date(first)}{to}", "bold"), ": quiet; ", (why, "dim")), Text()]
    return Group(*parts)


def backtest_totals(profile: Profile, backtest: Backtest) -> RenderableType:
    """Papers a digest, papers of each interest, and what the reader's likes say."""
    return Group(
        Text(_size(backtest.digests)),
        Text(),
        _interests(profile, backtest.digests),
        Text(),
        *_judgements(backtest),
    )


def _size(digests: Sequence[Digest]) -> str:
    counts = [len(digest.papers) for digest in digests if digest.papers]
    quiet = len(digests) - len(counts)
    mean = f", {statistics.mean(counts):.1f} a digest" if counts else ""
    return f"{pluralize(len(digests), 'day')}: {pluralize(sum(counts), 'paper')}{mean}, {quiet} quiet"


def _interests(profile: Profile, digests: Sequence[Digest]) -> Table:
    found = Counter(_origin(scored) for digest in digests for scored in digest.papers)
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("papers", justify="right")
    table.add_column("found by")
    for name in dict.fromkeys((*(interest.phrase for interest in profile.interests), *found)):
        table.add_row(str(found[name]), Text(name, style="" if found[name] else "yellow"))
    return table


def _judgements(backtest: Backtest) -> Iterator[Text]:
    if not backtest.judged:
        yield Text(
            "No paper under like or dislike is of these days: there is nothing to measure precision by."
        )
        return
    yield Text("The profile as it would have been when each liked or disliked paper came, without it:")
    for liked, name in ((True, "liked"), (False, "disliked")):
        if judged := [one for one in backtest.judged if one.liked is liked]:
            shown = sum(one.shown for one in judged)
            yield Text(
                f"{shown} of your {pluralize(len(judged), f'{name} paper')} of these days would have come"
            )
            yield from map(_judged, judged)
    if backtest.precision is not None and not all(one.liked for one in backtest.judged):
        yield Text(f"precision {backtest.precision:.2f}: the liked ones among these that would have come")


def _judged(one: Judged) -> Text:
    came, style = ("came", "green") if one.shown else ("missed", "yellow") if one.liked else ("left out", "")
    why = "" if one.shown else f": {one.why}"
    return Text.assemble(f"  {short_date(one.on):<7}", (f"{came:<9}", style), one.paper.title, (why, "dim"))


# --- diff -------------------------------------------------------------------------------------------------


def diff_days(first: Sequence[Digest], second: Sequence[Digest]) -> RenderableType:
    """The days on which two versions of a profile differ."""
    parts: list[RenderableType] = []
    for before, after in zip(first, second, strict=True):
        if found := changes(before.papers, after.papers):
            size = f"{len(before.papers)} → {pluralize(len(after.papers), 'paper')}"
            parts += [Text.assemble((long_date(after.on), "bold"), f": {size}"), _changes(found), Text()]
    return Group(*parts)


def diff_totals(names: tuple[str, str], first: Sequence[Digest], second: Sequence[Digest]) -> RenderableType:
    """The size of both, and the papers that only one of them has on any day."""
    both = [
        {scored.paper.id for digest in digests for scored in digest.papers} for digests in (first, second)
    ]
    same = sum(not changes(a.papers, b.papers) for a, b in zip(first, second, strict=True))
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, digests, own, other in zip(names, (first, second), both, both[::-1], strict=True):
        only = f"{pluralize(len(own - other), 'paper')} only here"
        table.add_row(Text(name, "bold"), Text(_size(digests)), Text(only))
    return Group(table, Text(f"{pluralize(same, 'day')} without a difference are not shown" if same else ""))


# --- preview --watch --------------------------------------------------------------------------------------


def watched_list(digest: Digest) -> RenderableType:
    """A digest as a short list, best first."""
    head = Text.assemble((f"{digest.profile} · {long_date(digest.on)}", "bold"), f": {_count(digest)}")
    return Group(head, _papers(digest.papers))


def changed_list(title: str, before: Digest, after: Digest) -> RenderableType:
    """What came in and why, went out, and moved."""
    found = changes(before.papers, after.papers)
    what = [
        (sum(change.before is None for change in found), "in"),
        (sum(change.after is None for change in found), "out"),
        (sum(change.rise > 0 for change in found), "up"),
        (sum(change.rise < 0 for change in found), "down"),
    ]
    summary = ", ".join(f"{number} {name}" for number, name in what if number) or "the same papers"
    head = Text.assemble((title, "bold"), f": {summary}; {_count(after)}")
    return Group(head, _changes(found, reasons=True))


def _count(digest: Digest) -> str:
    return pluralize(len(digest.papers), "paper") if digest.papers else f"no papers: {digest.why}"


# --- Papers -----------------------------------------------------------------------------------------------


def _papers(papers: Iterable[ScoredPaper]) -> Table:
    table = _table()
    for rank, scored in enumerate(papers, start=1):
        table.add_row("", f"{rank}.", *_paper(scored))
    return table


def _changes(found: Iterable[Change], *, reasons: bool = False) -> Table:
    """`reasons`: say why papers came in."""
    table = _table()
    for change in found:
        match, title, origin = _paper(change.scored)
        if change.before is None:
            sign, style, ranks = "in", "green", f"{change.after}."
            if reasons and (why := visible_reasons(change.scored.reasons, change.scored.interest)):
                title = Text.assemble(title, (f"\n{', '.join(why)}", "dim"))
        elif change.after is None:
            sign, style, ranks = "out", "red", f"{change.before}."
        else:
            sign, style = ("up", "cyan") if change.rise > 0 else ("down", "magenta")
            ranks = f"{change.before} → {change.after}"
        table.add_row(Text(sign, style), ranks, match, title, origin)
    return table


def _table() -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(min_width=1)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(max_width=30, style="dim")
    return table


def _paper(scored: ScoredPaper) -> tuple[str, Text, Text]:
    """Its match, title, and what found it."""
    return match_of(scored.fit) or "", Text(scored.paper.title), Text(_origin(scored))


def _origin(scored: ScoredPaper) -> str:
    if scored.followed:
        return f"by {scored.followed[0]}"
    return scored.interest or _REST
