"""The JSON documents that commands print with `--json`. Pure.

Numbers are rounded to 12 decimal places, because the last bits of floating-point sums differ between machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.delivery.archive import SentPaper
from bot.delivery.broken_profiles import BrokenFile
from bot.delivery.model import BounceSummary, Edition
from bot.delivery.service import SendResult
from bot.digests.changes import changes
from bot.digests.composer import Explanation
from bot.digests.day import Day, next_expected
from bot.digests.model import Digest, ScoredPaper
from bot.digests.wording import day_text
from bot.evaluation.run import Evaluation, MethodResult, hidden_papers
from bot.feedback.learned import Learned
from bot.feedback.model import Answer
from bot.feedback.service import Recorded
from bot.papers.merge import Change
from bot.papers.model import Paper, Unreadable
from bot.papers.query import SearchPage
from bot.profiles.without import ExcludedTerm
from bot.ranking.model import Reason, match_of
from bot.sources.ingest import SourceReport

if TYPE_CHECKING:  # only some commands need these
    from bot.channels.email.bounces import BounceResult
    from bot.delivery.status import FoundPapers, NextDigest, Status, Unfinished
    from bot.evaluation.backtest import Backtest
    from bot.evaluation.findings import Advice

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


def explain(
    profile: str, paper: str, explanation: Explanation, now: datetime, excluded: Iterable[ExcludedTerm] = ()
) -> Json:
    """`from_answers`, those of the reasons that come from answers, and `without`, the paper's terms that do not
    count, are present only when there are any.
    """
    scored = explanation.scored
    answered = [one.term for one in scored.reasons if one.answered] if scored else []
    terms = [
        {"term": one.term, "interest": one.interest or None, "from_answers": one.answered} for one in excluded
    ]
    return {
        "profile": profile,
        "paper": explanation.paper.id if explanation.paper else paper,
        "on": iso(now),
        "score": _rounded(scored.score) if scored else None,
        "relevance": _rounded(scored.relevance) if scored else None,
        "fit": _rounded(scored.fit) if scored else None,
        "match": match_of(scored.fit) if scored else None,
        "rank": explanation.rank,
        "candidates": explanation.candidates,
        "reasons": _reasons(scored.reasons) if scored else [],
        "verdict": str(explanation.decision.verdict),
        "why": explanation.decision.why,
        **({"from_answers": answered} if answered else {}),
        **({"without": terms} if terms else {}),
    }


def advice(profile: str, file: str, findings: Iterable[tuple[Advice, str, int]]) -> Json:
    """`file`: of the profile. `findings`: each with file and line; a sentence about another file begins with them."""
    return {
        "profile": profile,
        "advice": [
            {
                "kind": str(one.kind),
                "line": line,
                "what": one.what if place == file else f"{place}:{line}: {one.what}",
                "numbers": dict(one.numbers),
            }
            for one, place, line in findings
        ],
    }


def status(status_: Status, *, with_profiles: bool = False) -> Json:
    """`paused`, `bounces`, `broken` and `paused_profiles` are present only when there are any, `profiles` only for
    `status PROFILE`.
    """
    resting = [{"profile": one.id, "until": str(one.paused_until)} for one in status_.paused]
    paused = [
        {"where": one.scope, "since": iso(one.since), "why": one.why}
        | ({"until": iso(one.until)} if one.until else {})
        for one in status_.pauses
    ]
    return {
        **({"day": _day(status_.day)} if status_.day else {}),
        "sources": [
            {
                "name": state.name,
                "last_success": iso(state.last_success),
                "last_new": iso(state.last_new),
                "state": state.state,
                "why": state.why,
                "announced": iso(state.announced),
                "expected": iso(next_expected(state, status_.calendar, status_.now)),
            }
            for state in status_.sources
        ],
        "editions": [_edition(edition) for edition in status_.editions],
        "deliveries": [_delivery(one) for one in status_.unfinished()],
        **({"paused": paused} if paused else {}),
        **({"broken": [_broken_file(file) for file in status_.broken]} if status_.broken else {}),
        **({"paused_profiles": resting} if resting else {}),
        **({"bounces": [_bounce(bounce) for bounce in status_.bounces]} if status_.bounces else {}),
        **({"profiles": [_found(found, status_.next) for found in status_.found]} if with_profiles else {}),
    }


def _day(day: Day) -> Json:
    return {
        "kind": str(day.kind),
        "why": day_text(day, day.now.date()),
        "next_announcement": iso(day.next),
        "new": day.new,
        "usual": day.usual,
    }


def _found(found: FoundPapers, next_digests: Iterable[NextDigest]) -> Json:
    return {
        "profile": found.profile,
        "next": [
            {"channel": str(to.channel), "target": to.target, "at": iso(one.at)}
            for one in next_digests
            if (to := one.subscription).profile == found.profile
        ],
        "papers": found.papers,
        "interests": [{"phrase": phrase, "papers": papers} for phrase, papers in found.interests],
        "others": found.others,
        "left_out": asdict(found.left_out) if found.left_out else None,
    }


def _broken_file(file: BrokenFile) -> Json:
    return {
        "file": file.file,
        "problems": [str(problem) for problem in file.problems],
        "kept": list(file.kept),
        "unserved": list(file.unserved),
    }


def _bounce(bounce: BounceSummary) -> Json:
    return {
        "target": bounce.target,
        "hard": bounce.hard,
        "soft": bounce.soft,
        "last": iso(bounce.last),
        "why": bounce.why,
    }


def evaluate(evaluation: Evaluation) -> Json:
    """`hidden`, the ranks of the hidden liked papers, is present only for a profile's own likes."""
    found = [
        {"id": one.paper.id, "title": one.paper.title, "rank": one.place, "of": one.candidates}
        for one in hidden_papers(evaluation)
    ]
    return {
        "task": str(evaluation.task.kind),
        "papers": len(evaluation.task.papers),
        "profiles": len(evaluation.profiles),
        "missing": list(evaluation.task.missing),
        "methods": [_method(result) for result in evaluation.results],
        "per_profile": _per_profile(evaluation),
        **({"hidden": found} if found else {}),
    }


def backtest(profile: str, found: Backtest) -> Json:
    return {
        "profile": profile,
        "days": [
            {
                "on": digest.on.isoformat(),
                "state": "sent" if digest.papers else "quiet",
                "papers": [scored.paper.id for scored in digest.papers],
            }
            for digest in found.digests
        ],
        "precision": None if found.precision is None else _rounded(found.precision),
        "missed": [one.paper.id for one in found.missed],
    }


def diff(profile: str, file: str, first: Sequence[Digest], second: Sequence[Digest]) -> Json:
    """A day's `changes`: `before` and `after` are ranks; null in `before` for a paper that came in."""
    return {
        "profile": profile,
        "file": file,
        "days": [
            {
                "on": after.on.isoformat(),
                "first": [scored.paper.id for scored in before.papers],
                "second": [scored.paper.id for scored in after.papers],
                "changes": [
                    {"paper": one.scored.paper.id, "before": one.before, "after": one.after}
                    for one in changes(before.papers, after.papers)
                ],
            }
            for before, after in zip(first, second, strict=True)
        ],
    }


def answer(recorded: Recorded, *, undo: bool) -> Json:
    return {
        "profile": recorded.answer.profile,
        **_answer(recorded.answer),
        "undo": undo,
        "new": recorded.is_new,
    }


def learned(
    profile: str, answers: Iterable[Answer], new: Learned, effect: tuple[Digest, Digest] | None
) -> Json:
    """`new`: what the profile's file does not have. `effect`: the last digest without and with it.

    `authors`, `mute` and `without` are present only when there are any.
    """
    terms = [{"interest": interest or None, "term": term} for interest, term in new.without]
    return {
        "profile": profile,
        "answers": [_answer(one) for one in answers],
        "likes": list(new.likes),
        "dislikes": list(new.dislikes),
        **({"authors": list(new.follow)} if new.follow else {}),
        **({"mute": list(new.mute)} if new.mute else {}),
        **({"without": terms} if terms else {}),
        "effect": _effect(*effect) if effect else None,
    }


def _answer(answer: Answer) -> Json:
    return {
        "paper": answer.paper,
        "what": answer.what,
        "who": answer.who,
        "at": iso(answer.at),
        "via": str(answer.via),
    }


def _effect(before: Digest, after: Digest) -> Json:
    found = changes(before.papers, after.papers)
    return {
        "on": after.on.isoformat(),
        "in": [one.scored.paper.id for one in found if one.before is None],
        "out": [one.scored.paper.id for one in found if one.after is None],
        "moved": [
            {"paper": one.scored.paper.id, "before": one.before, "after": one.after}
            for one in found
            if one.rise
        ],
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


def search(query: str, page: SearchPage, sent: Mapping[str, Sequence[SentPaper]]) -> Json:
    """`sent`: in which editions the papers were, by their ids."""
    return {
        "query": query,
        "papers": [
            {
                "id": paper.id,
                "title": paper.title,
                "authors": list(paper.authors),
                "url": paper.url,
                "first_seen": iso(paper.first_seen),
                "sent": [
                    {"profile": one.profile, "on": one.on.isoformat()} for one in sent.get(paper.id, ())
                ],
            }
            for paper in page.papers
        ],
        "more": page.more,
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
        "unreadable": [{"where": one.where, "why": one.why} for one in _unreadable(report)],
    }


def _unreadable(report: SourceReport) -> Iterable[Unreadable]:
    """What could not be read. A source that failed or was skipped is listed here too: the document has no state."""
    if report.state in ("failed", "skipped") and not report.unreadable:
        return (Unreadable(report.name, report.why),)
    return report.unreadable


def _entry(rank: int, scored: ScoredPaper) -> Json:
    return {
        "rank": rank,
        "id": scored.paper.id,
        "title": scored.paper.title,
        "authors": list(scored.paper.authors),
        "score": _rounded(scored.score),
        "relevance": _rounded(scored.relevance),
        "fit": _rounded(scored.fit),
        "match": match_of(scored.fit),
        "url": scored.paper.url,
        "sources": list(scored.paper.sources),
        "reasons": _reasons(scored.reasons),
    }


def _reasons(reasons: Iterable[Reason]) -> list[Json]:
    return [{"term": reason.term, "weight": _rounded(reason.weight)} for reason in reasons]


def _method(result: MethodResult) -> Json:
    means = {name: _rounded(value) for name, value in result.means.items()}
    return {"name": result.name, **means, "parameters": dict(result.parameters)}


def _per_profile(evaluation: Evaluation) -> list[Json]:
    scores = {result.name: result.by_profile for result in evaluation.results}
    return [
        {"profile": profile, **{name: _rounded(by[profile]) for name, by in scores.items()}}
        for profile in evaluation.profiles
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


def _delivery(unfinished: Unfinished) -> Json:
    delivery = unfinished.delivery
    return {
        "id": delivery.id,
        "profile": unfinished.profile,
        "channel": str(delivery.channel),
        "target": delivery.target,
        "state": str(delivery.state),
        "attempts": delivery.attempts,
        "until": iso(delivery.not_before),
        "why": delivery.reason,
    }


def bounces(reports: Iterable[BounceResult]) -> Json:
    return {
        "reports": [
            {
                "where": one.where,
                "kind": str(one.kind),
                "delivery": one.delivery,
                "status": one.status,
                "why": one.why,
            }
            for one in reports
        ]
    }


def _rounded(number: float) -> float:
    return round(number, 12)
