"""What readers see of an edit: problems at their lines, and the digests of the last days with changes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.digests.changes import changes
from bot.digests.model import Digest, ScoredPaper
from bot.errors import Problem
from bot.presentation.dates import long_date
from bot.presentation.links import safe_url
from bot.ranking.model import match_of
from bot.text.plain import one_line

PROBLEMS_SHOWN = 50
#: Of a longer line only the part around the problem is quoted.
_QUOTED = 100
_REST = "the rest of the profile"


@dataclass(frozen=True, slots=True)
class ProblemView:
    where: str  #: `line 3, column 5`
    message: str
    line: int | None  #: in the edited text, from 1; None for a problem of an included file
    column: int
    quoted: str  #: the line with a caret below the place; empty when the text has no such line


@dataclass(frozen=True, slots=True)
class PaperRow:
    change: str  #: in, out, up, down, or empty
    rank: int | None  #: None for a paper that goes out
    former: int | None  #: its rank before; None for one that comes in
    title: str
    url: str | None
    note: str  #: `good match, world models`


@dataclass(frozen=True, slots=True)
class DayView:
    date: str
    rows: tuple[PaperRow, ...]
    quiet: str  #: why there are no papers; empty when there are


@dataclass(frozen=True, slots=True)
class WeekView:
    """The digests of the last days, newest first."""

    days: tuple[DayView, ...]
    changes: str  #: `3 in, 1 out, 2 up`; empty when nothing changes


def problem_views(problems: Sequence[Problem], file: str, text: str) -> list[ProblemView]:
    """The first problems. `file`: the name of the edited one; `text`: what is in it."""
    lines = text.split("\n")
    return [_problem(one, one.file == file, lines) for one in problems[:PROBLEMS_SHOWN]]


def _problem(problem: Problem, is_here: bool, lines: Sequence[str]) -> ProblemView:
    place = f"line {problem.line}, column {problem.column}"
    where = place if is_here else f"{problem.file}, {place}"
    quoted = ""
    if is_here and problem.line <= len(lines):
        line, column = lines[problem.line - 1], problem.column - 1
        start = max(0, column - _QUOTED // 2)
        before = line[start:column]
        indent = "".join(c if c == "\t" else " " for c in before)
        quoted = f"{line[start : start + _QUOTED]}\n{indent}^"
    return ProblemView(where, problem.message, problem.line if is_here else None, problem.column, quoted)


def week_view(before: Sequence[Digest], after: Sequence[Digest]) -> WeekView:
    """The digests of a version of a profile, and what is different in them from those of another one, on the same
    days.
    """
    days = tuple(
        DayView(long_date(new.on), tuple(_rows(old, new)), "" if new.papers else new.why)
        for old, new in reversed([*zip(before, after, strict=True)])
    )
    counts = Counter(row.change for day in days for row in day.rows)
    found = [f"{counts[change]} {change}" for change in ("in", "out", "up", "down") if counts[change]]
    return WeekView(days, ", ".join(found))


def _rows(before: Digest, after: Digest) -> Iterator[PaperRow]:
    """The papers of `after` in their order, then those that went out."""
    found = {change.scored.paper.id: change for change in changes(before.papers, after.papers)}
    for rank, scored in enumerate(after.papers, start=1):
        change = found.pop(scored.paper.id, None)
        if change is None:
            yield _row("", rank, rank, scored)
        else:
            name = "in" if change.before is None else "up" if change.rise > 0 else "down"
            yield _row(name, rank, change.before, scored)
    for change in found.values():
        yield _row("out", None, change.before, change.scored)


def _row(change: str, rank: int | None, former: int | None, scored: ScoredPaper) -> PaperRow:
    match = match_of(scored.fit)
    origin = f"by {scored.followed[0]}" if scored.followed else scored.interest or _REST
    note = one_line(f"{match} match, {origin}" if match else origin)
    title = one_line(scored.paper.title) or "Untitled"
    return PaperRow(change, rank, former, title, safe_url(scored.paper.url), note)
