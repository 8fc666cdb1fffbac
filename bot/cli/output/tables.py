"""The text that commands print, with Rich styles on a terminal.

Digests are printed by `bot.presentation.terminal`, `paperboy status` by `bot.presentation.status_text`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.delivery.archive import SentPaper
from bot.delivery.service import SendResult
from bot.digests.composer import Explanation
from bot.evaluation.measures import MAIN, MEASURES
from bot.evaluation.run import Evaluation, MethodResult, hidden_papers
from bot.papers.merge import Change
from bot.papers.query import SearchPage, parse_query
from bot.presentation.status_text import STYLES
from bot.profiles.references import MissingPapers
from bot.profiles.without import ExcludedTerm
from bot.ranking.model import match_of
from bot.sources.ingest import SourceReport
from bot.text.plain import pluralize, quote

if TYPE_CHECKING:
    from bot.channels.email.bounces import BounceResult


def ingest_table(reports: Iterable[SourceReport], papers: int) -> RenderableType:
    """Counts per source, what could not be read, and what is stored now."""
    table = Table("source", box=None, header_style="dim", pad_edge=False)
    for column in ("entries", "new", "updated", "known", "unreadable"):
        table.add_column(column, justify="right")
    table.add_column("")
    problems: list[Text] = []
    for report in reports:
        counts = (
            report.entries,
            *(report.changes[c] for c in Change),
            len(report.unreadable),
        )
        state = report.state if report.state not in ("ok", "partial") else ""
        note = ": ".join(filter(None, (state, report.why if report.state != "partial" else "")))
        table.add_row(report.name, *map(str, counts), Text(note, style=STYLES.get(report.state, "dim")))
        problems += [
            Text(f"{report.name}: {one.where}: {one.why}", style="yellow") for one in report.unreadable
        ]
    return Group(table, *problems, Text(f"{papers} papers are stored."))


def missing_lines(missing: Iterable[MissingPapers]) -> RenderableType:
    """Papers that profiles name and that are not stored, and what to do about them."""
    lines: list[Text] = []
    for one in missing:
        for papers, why, remedy in (
            (one.not_found, "does not have", "correct the id or title; arXiv is asked again after a month"),
            (one.not_askable, "cannot be asked for", "write the paper's arXiv id or title instead"),
        ):
            if papers:
                number = pluralize(len(papers), "paper")
                text = f"{one.profile} names {number} that arXiv {why}: {_listed(papers)}"
                lines += [Text(text, style="yellow"), Text(f"    {remedy}")]
        if one.waiting:
            number = pluralize(one.waiting, "paper")
            lines.append(
                Text(f"{one.profile} names {number} that the next `paperboy ingest` asks arXiv for.")
            )
    return Group(*lines)


def send_lines(rows: Sequence[SendResult]) -> RenderableType:
    """One line for each subscription."""
    if not rows:
        return Text("No profile has a delivery to send.")
    return Group(*map(_send_line, rows))


def _send_line(row: SendResult) -> Text:
    papers = f", {pluralize(row.papers, 'paper')}" if row.papers else ""
    why = f" ({row.why})" if row.why else ""
    return Text.assemble(
        f"{row.on} {row.profile} → {row.channel} {row.target}: ",
        (str(row.state), STYLES.get(str(row.state), "")),
        f"{papers}{why}",
    )


def bounce_lines(reports: Sequence[BounceResult]) -> RenderableType:
    """The deliveries that returned mails are about, and counts of other mails."""
    ours = [one for one in reports if one.delivery]
    lines = [
        Text(f"{one.delivery}: {one.kind} bounce{f' {one.status}' if one.status else ''}: {one.why}")
        for one in ours
    ]
    others = Counter(
        "about other mails" if one.kind != "none" else "not bounces" for one in reports if not one.delivery
    )
    rest = "".join(f", {number} {what}" for what, number in sorted(others.items()))
    return Group(
        *lines, Text(f"{pluralize(len(reports), 'mail')} read, {len(ours)} about mails of Paperboy{rest}.")
    )


def search_lines(query: str, page: SearchPage, sent: Mapping[str, Sequence[SentPaper]]) -> RenderableType:
    """Three lines for each paper, and one for each day it was sent. `sent`: the editions, by the papers' ids."""
    if not page.papers:
        problem = "Nothing found for" if parse_query(query).groups else "There are no words to search for in"
        return Text(f"{problem} {quote(query)}.")
    parts: list[RenderableType] = []
    for paper in page.papers:
        withdrawn = ("  withdrawn", "yellow") if paper.withdrawn else ""
        facts = f"{paper.first_seen:%Y-%m-%d}  {paper.id}  {_listed(paper.authors)}"
        lines = [Text.assemble((facts, "dim"), withdrawn)]
        if paper.url:
            lines.append(Text(paper.url, "dim", no_wrap=True, overflow="ignore"))
        days = dict.fromkeys((one.profile, one.on) for one in sent.get(paper.id, ()))
        lines += [Text(f"sent to {profile} on {on}", "cyan") for profile, on in days]
        parts += [
            Text(paper.title, "bold"),
            *(Padding(line, (0, 0, 0, 2), expand=False) for line in lines),
            Text(),
        ]
    if page.more:
        parts.append(Text("There are more: add a word, or raise --limit."))
    return Group(*parts)


def explanation_table(
    profile: str, paper: str, explanation: Explanation, excluded: Iterable[ExcludedTerm] = ()
) -> RenderableType:
    """The terms of a score, their sum, and the verdict. `excluded`: the paper's terms that do not count."""
    scored = explanation.scored
    title = scored.paper.title if scored else paper
    head = Text.assemble(
        (title, "bold"), f"\n{explanation.paper.id if explanation.paper else paper} for {profile}\n"
    )
    verdict = Text.assemble((str(explanation.decision.verdict), "bold"), f": {explanation.decision.why}")
    if not scored:
        return Group(head, verdict)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    for reason in scored.reasons:
        table.add_row(f"{reason.weight:+.4f}", Text(f"{reason.term}{_FROM_ANSWER * reason.answered}"))
    for one in excluded:
        what = f"{one.term}: does not count for {one.interest or '`about`'}{_FROM_ANSWER * one.answered}"
        table.add_row("-", Text(what, "dim"))
    place = (
        f"number {explanation.rank} of {explanation.candidates}"
        if explanation.rank
        else f"not among {explanation.candidates} candidates"
        if explanation.candidates
        else "no candidates in these days"
    )
    match = match_of(scored.fit)
    fit = f"fit {scored.fit:.2f}"
    if match:
        fit += f", a {match} match"
    elif scored.score <= 0:
        fit += "; no match"
    table.add_row(f"{scored.score:+.4f}", Text(f"score; {place}; relevance {scored.relevance:.1f}; {fit}"))
    if scored.interest:
        verdict.append(f"; for the interest {scored.interest!r}")
    return Group(head, table, Text(), verdict)


_FROM_ANSWER = " (by an answer)"
#: Of missing papers only so many are listed.
_LISTED = 5
#: Most columns for a profile's name, because a query can be a paragraph.
_NAME_WIDTH = 70


def evaluation_tables(evaluation: Evaluation) -> RenderableType:
    """Measures by method, ratios of the first method to the others, and the main measure by profile."""
    task = evaluation.task
    sizes = f"{pluralize(len(evaluation.profiles), 'profile')}, {pluralize(len(task.trials), 'ranking')}"
    parts: list[RenderableType] = [
        Text(f"{pluralize(len(task.papers), 'paper')}, {sizes}; means over the rankings")
    ]
    if task.missing:
        parts.append(_missing(task.missing))
    parts += [Text(), _methods(evaluation), Text(), _per_profile(evaluation)]
    if hidden := hidden_papers(evaluation):
        rows = [(f"{one.place} of {one.candidates}", one.paper.title) for one in hidden]
        parts += [Text(), _hidden(rows)]
    return Group(*parts)


def _missing(ids: Sequence[str]) -> Text:
    return Text(
        f"Left out, not among the papers: {pluralize(len(ids), 'judged id')}: {_listed(ids)}", style="yellow"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")


def _methods(evaluation: Evaluation) -> Table:
    table = _numbers("method", MEASURES)
    means = [result.means for result in evaluation.results]
    for result, values in zip(evaluation.results, means, strict=True):
        table.add_row(_method_name(result), *(f"{values[name]:.4f}" for name in MEASURES))
    for result, values in zip(evaluation.results[1:], means[1:], strict=True):
        ratios = (_ratio(means[0][name], values[name]) for name in MEASURES)
        table.add_row(f"{evaluation.results[0].name} / {result.name}", *ratios, style="cyan")
    return table


def _method_name(result: MethodResult) -> str:
    chosen = ", ".join(f"{name} {value:g}" for name, value in result.parameters.items())
    return f"{result.name} ({chosen})" if chosen else result.name


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.2f}" if theirs else "-"


def _per_profile(evaluation: Evaluation) -> Table:
    table = _numbers(f"{MAIN} of each profile", [result.name for result in evaluation.results])
    scores = [result.by_profile for result in evaluation.results]
    for profile in evaluation.profiles:
        table.add_row(Text(profile), *(f"{by[profile]:.4f}" for by in scores))
    return table


def _numbers(head: str, columns: Iterable[str]) -> Table:
    """A table of numbers whose first column is the subject of the row, truncated when long."""
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
