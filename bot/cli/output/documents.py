"""What the commands say with `--json`: the documents of the contract, from values. Pure.

Numbers are rounded to twelve places: a last bit of arithmetic is nothing to promise.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.delivery.model import BounceSummary, Edition
from bot.delivery.service import SendResult
from bot.digests.composer import Explanation
from bot.digests.model import Digest, ScoredPaper
from bot.evaluation.tasks import Evaluation, MethodResult, hidden_papers
from bot.papers.merge import Change
from bot.papers.model import Paper, Unreadable
from bot.ranking.model import Reason
from bot.sources.ingest import SourceReport
from bot.text.latex import to_unicode

if TYPE_CHECKING:  # which only their own commands need
    from bot.channels.email.intake import Taken
    from bot.delivery.status import Status, Unfinished

Json = dict[str, Any]


def ingest(reports: Iterable[SourceReport], papers: int) -> Json:
    return {"sources": [_source_report(report) for report in reports], "papers": papers}


def preview(digests: Iterable[Digest], now: datetime) -> list[Json]:
    return [
        {
            "profile": digest.profile,
            "on": iso(now),
            "candidates": digest.candidates,
            "entries": [_entry(n, one) for n, one in enumerate(digest.papers, start=1)],
        }
        for digest in digests
    ]


def send(rows: Iterable[SendResult]) -> Json:
    return {
        "editions": [
            {
                "profile": row.profile,
                "channel": str(row.channel),
                "target": row.target,
                "on": row.on.isoformat(),
                "state": str(row.state),
                "papers": row.papers,
                "why": row.why,
            }
            for row in rows
        ]
    }


def explain(profile: str, asked: str, found: Explanation, now: datetime) -> Json:
    scored = found.scored
    return {
        "profile": profile,
        "paper": found.paper.id if found.paper else asked,
        "on": iso(now),
        "score": _rounded(scored.score) if scored else None,
        "relevance": _rounded(scored.relevance) if scored else None,
        "rank": found.rank,
        "candidates": found.candidates,
        "reasons": _reasons(scored.reasons) if scored else [],
        "verdict": str(found.decision.verdict),
        "why": found.decision.why,
    }


def status(affairs: Status) -> Json:
    """`paused` and `bounces` are there only when there are any: the contract does not know them."""
    paused = [{"where": pause.scope, "since": iso(pause.since), "why": pause.why} for pause in affairs.pauses]
    return {
        "sources": [
            {
                "name": state.name,
                "last_success": iso(state.last_success),
                "last_new": iso(state.last_new),
                "state": state.state,
                "why": state.why,
            }
            for state in affairs.sources
        ],
        "editions": [_edition(edition) for edition in affairs.editions],
        "deliveries": [_delivery(one) for one in affairs.unfinished()],
        **({"paused": paused} if paused else {}),
        **({"bounces": [_address(one) for one in affairs.bounces]} if affairs.bounces else {}),
    }


def _address(one: BounceSummary) -> Json:
    return {
        "target": one.target,
        "hard": one.hard,
        "soft": one.soft,
        "last": iso(one.last),
        "why": one.why,
    }


def evaluate(done: Evaluation) -> Json:
    """`hidden` only for one's own profile: where the liked papers came that the ranking was not told of."""
    found = [
        {"id": one.paper.id, "title": to_unicode(one.paper.title), "rank": one.place, "of": one.candidates}
        for one in hidden_papers(done)
    ]
    return {
        "task": str(done.task.kind),
        "papers": len(done.task.papers),
        "profiles": len(done.profiles),
        "missing": list(done.task.missing),
        "methods": [_method(result) for result in done.results],
        "per_profile": _per_profile(done),
        **({"hidden": found} if found else {}),
    }


def export(paper: Paper) -> Json:
    return {
        "id": paper.id,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "author_count": paper.author_count,
        "categories": list(paper.categories),
        "organization": paper.organization,
        "sources": list(paper.sources),
        "url": paper.url,
        "version": paper.version,
        "published": paper.published,
        "updated": paper.updated,
        "announced": paper.announced,
        "first_seen": iso(paper.first_seen),
        "votes": paper.votes,
        "comments": paper.comments,
        "withdrawn": paper.withdrawn,
    }


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _source_report(report: SourceReport) -> Json:
    return {
        "name": report.name,
        "entries": report.entries,
        "new": report.changes[Change.NEW],
        "updated": report.changes[Change.UPDATED],
        "known": report.changes[Change.KNOWN],
        "unreadable": [{"where": one.where, "why": one.why} for one in _told(report)],
    }


def _told(report: SourceReport) -> Iterable[Unreadable]:
    """A source that failed, or was left alone, stands here too: the contract has no other place for it."""
    told = report.unreadable
    is_missing = report.state in ("failed", "skipped") and not told
    return (*told, Unreadable(report.name, report.why)) if is_missing else told


def _entry(rank: int, one: ScoredPaper) -> Json:
    return {
        "rank": rank,
        "id": one.paper.id,
        "title": to_unicode(one.paper.title),
        "authors": [to_unicode(name) for name in one.paper.authors],
        "score": _rounded(one.score),
        "relevance": _rounded(one.relevance),
        "url": one.paper.url,
        "sources": list(one.paper.sources),
        "reasons": _reasons(one.reasons),
    }


def _reasons(reasons: Iterable[Reason]) -> list[Json]:
    return [{"term": reason.term, "weight": _rounded(reason.weight)} for reason in reasons]


def _method(result: MethodResult) -> Json:
    means = {name: _rounded(value) for name, value in result.means.items()}
    return {"name": result.name, **means, "parameters": dict(result.parameters)}


def _per_profile(done: Evaluation) -> list[Json]:
    scores = {result.name: result.by_profile for result in done.results}
    return [
        {"profile": profile, **{name: _rounded(by[profile]) for name, by in scores.items()}}
        for profile in done.profiles
    ]


def _edition(edition: Edition) -> Json:
    return {
        "profile": edition.profile,
        "channel": str(edition.channel),
        "target": edition.target,
        "on": edition.on.isoformat(),
        "state": str(edition.state),
        "papers": edition.papers,
    }


def _delivery(one: Unfinished) -> Json:
    delivery = one.delivery
    return {
        "id": delivery.id,
        "profile": one.profile,
        "channel": str(delivery.channel),
        "target": delivery.target,
        "state": str(delivery.state),
        "attempts": delivery.attempts,
        "until": iso(delivery.until),
        "why": delivery.reason,
    }


def bounces(read: Iterable[Taken]) -> Json:
    return {
        "reports": [
            {
                "where": one.where,
                "kind": str(one.kind),
                "delivery": one.delivery,
                "status": one.status,
                "why": one.why,
            }
            for one in read
        ]
    }


def _rounded(number: float) -> float:
    return round(number, 12)
