"""What people see of commands: Rich on a terminal, the same words plainly elsewhere.

Owns the consoles, and every command's words but a digest (presentation.terminal) and status (output.status).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.cli.output.status import STYLES
from bot.delivery.service import SendResult
from bot.digests.composer import Explanation
from bot.evaluation.measures import MAIN, MEASURES
from bot.evaluation.tasks import Evaluation, MethodResult, hidden_papers
from bot.papers.merge import Change
from bot.sources.ingest import SourceReport
from bot.text.latex import to_unicode
from bot.text.plain import pluralize

if TYPE_CHECKING:
    from bot.channels.email.intake import Taken


def ingest_table(reports: Iterable[SourceReport], papers: int) -> RenderableType:
    """Counts per source, what could not be read, and what is stored now."""
    table = Table("source", box=None, header_style="dim", pad_edge=False)
    for column in ("entries", "new", "updated", "known", "unreadable"):
        table.add_column(column, justify="right")
    table.add_column("")
    troubles: list[Text] = []
    for report in reports:
        counts = (
            report.entries,
            *(report.changes[c] for c in Change),
            len(report.unreadable),
        )
        state = report.state if report.state not in ("ok", "partial") else ""
        note = ": ".join(filter(None, (state, report.why if state else "")))
        table.add_row(report.name, *map(str, counts), Text(note, style=STYLES.get(report.state, "dim")))
        troubles += [
            Text(f"{report.name}: {one.where}: {one.why}", style="yellow") for one in report.unreadable
        ]
    return Group(table, *troubles, Text(f"{papers} papers are stored."))


def send_lines(rows: Sequence[SendResult]) -> RenderableType:
    """A line for each subscription."""
    lines = [_served(row) for row in rows]
    return Group(*lines) if lines else Text("No profile has a subscription that this call is about.")


def _served(row: SendResult) -> Text:
    papers = f", {pluralize(row.papers, 'paper')}" if row.papers else ""
    why = f" ({row.why})" if row.why else ""
    return Text.assemble(
        f"{row.on} {row.profile} → {row.channel} {row.target}: ",
        (str(row.state), STYLES.get(str(row.state), "")),
        f"{papers}{why}",
    )


def bounce_lines(read: Sequence[Taken]) -> RenderableType:
    """What mails to the return address were about."""
    ours = [one for one in read if one.delivery]
    lines = [
        Text(f"{one.delivery}: {one.kind} bounce{f' {one.status}' if one.status else ''}: {one.why}")
        for one in ours
    ]
    others = Counter(
        "about none of our mails" if one.kind != "none" else "no bounces" for one in read if not one.delivery
    )
    rest = "".join(f", {number} {what}" for what, number in sorted(others.items()))
    return Group(*lines, Text(f"{pluralize(len(read), 'mail')} read, {len(ours)} about ours{rest}."))


def explanation_table(profile: str, asked: str, found: Explanation) -> RenderableType:
    """The sum term by term, and the verdict."""
    title = found.scored.paper.title if found.scored else asked
    head = Text.assemble((title, "bold"), f"\n{found.paper.id if found.paper else asked} for {profile}\n")
    verdict = Text.assemble((str(found.decision.verdict), "bold"), f": {found.decision.why}")
    if not found.scored:
        return Group(head, verdict)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    for reason in found.scored.reasons:
        table.add_row(f"{reason.weight:+.4f}", Text(reason.term))
    place = (
        f"number {found.rank} of {found.candidates}"
        if found.rank
        else f"not among {found.candidates} candidates"
    )
    table.add_row(
        f"{found.scored.score:+.4f}", Text(f"score; {place}; relevance {found.scored.relevance:.1f}")
    )
    if found.scored.interest:
        verdict.append(f"; for the interest {found.scored.interest!r}")
    return Group(head, table, Text(), verdict)


#: Of the ids that are missing so many are named.
_NAMED = 5
#: Columns for a profile's name: a query can be a paragraph.
_NAME_WIDTH = 70


def evaluation_tables(done: Evaluation) -> RenderableType:
    """Methods and measures, what the first is to each other one, and the main measure of each profile."""
    task = done.task
    sizes = f"{pluralize(len(done.profiles), 'profile')}, {pluralize(len(task.trials), 'ranking')}"
    shown: list[RenderableType] = [
        Text(f"{pluralize(len(task.papers), 'paper')}, {sizes}; means over the rankings")
    ]
    if task.missing:
        shown.append(_missing(task.missing))
    shown += [Text(), _methods(done), Text(), _per_profile(done)]
    if found := hidden_papers(done):
        rows = [(f"{one.place} of {one.candidates}", to_unicode(one.paper.title)) for one in found]
        shown += [Text(), _hidden(rows)]
    return Group(*shown)


def _missing(ids: Sequence[str]) -> Text:
    named = ", ".join(ids[:_NAMED]) + (", ..." if len(ids) > _NAMED else "")
    return Text(
        f"Left out, as not among the papers: {pluralize(len(ids), 'judged id')}: {named}", style="yellow"
    )


def _methods(done: Evaluation) -> Table:
    table = _numbers("method", MEASURES)
    means = [result.means for result in done.results]
    for result, values in zip(done.results, means, strict=True):
        table.add_row(_method_name(result), *(f"{values[name]:.4f}" for name in MEASURES))
    for result, values in zip(done.results[1:], means[1:], strict=True):
        ratios = (_ratio(means[0][name], values[name]) for name in MEASURES)
        table.add_row(f"{done.results[0].name} / {result.name}", *ratios, style="cyan")
    return table


def _method_name(result: MethodResult) -> str:
    chosen = ", ".join(f"{name} {value:g}" for name, value in result.parameters.items())
    return f"{result.name} ({chosen})" if chosen else result.name


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.2f}" if theirs else "-"


def _per_profile(done: Evaluation) -> Table:
    table = _numbers(f"{MAIN} of each profile", [result.name for result in done.results])
    scores = [result.by_profile for result in done.results]
    for profile in done.profiles:
        table.add_row(Text(profile), *(f"{by[profile]:.4f}" for by in scores))
    return table


def _numbers(head: str, columns: Iterable[str]) -> Table:
    """A table of numbers; what each row is about stands first, cut when long."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(head, no_wrap=True, overflow="ellipsis", max_width=_NAME_WIDTH)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _hidden(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("place", justify="right")
    table.add_column("liked paper, hidden")
    for place, title in rows:
        table.add_row(place, Text(title))
    return table
