"""The page of a stored paper, how it ranks for a profile, and the search over all papers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.clock import Moment
from bot.delivery.archive import SentPaper
from bot.digests.day import SOURCE_NAMES
from bot.digests.model import ScoredPaper
from bot.papers.identity import parse_paper_id
from bot.papers.model import Paper
from bot.papers.query import Field, Order, Query, parse_query
from bot.presentation.dates import iso_date, long_date, paper_dates, short_date
from bot.presentation.digest_view import paper_view
from bot.presentation.links import safe_url
from bot.profiles.model import Profile
from bot.ranking.model import match_of
from bot.text.plain import one_line, pluralize, strip_controls
from bot.web.access import for_readers, own_profile, person
from bot.web.answers import AnswerForm, answer_form
from bot.web.channel_names import channel_names
from bot.web.limits import PREVIEWS, SEARCHES, expensive, limiter, searching
from bot.web.services import services

pages = Blueprint("papers", __name__)

_VERSIONS_SHOWN = 99
_AUTHORS_SHOWN = 6  #: of a search result
_PROFILES_SHOWN = 5  #: on the page of a paper; an operator has all profiles
_SENT_SHOWN = 3  #: days of a search result
_RESULTS = 20  #: papers on a page of results
_MOST_PAGES = 50


class _SentDay(NamedTuple):
    """The digests of a profile and a day that had a paper."""

    profile: str
    on: date
    url: str  #: of the first of them
    edition: str
    channels: str  #: `mail, Maildir`


class _Use(NamedTuple):
    """What a paper is for a profile."""

    profile: str
    sent: tuple[tuple[_SentDay, str], ...]  #: with the day as text
    form: AnswerForm
    scored: ScoredPaper | None  #: as in the newest of these digests
    match: str


class _Result(NamedTuple):
    """A paper that was found."""

    id: str
    title: str
    authors: str
    facts: str
    sent: tuple[tuple[_SentDay, str], ...]  #: with the day as text


@pages.get("/paper/<path:id_>")
@for_readers
def paper(id_: str) -> str | Response:
    """All that is known of a paper, which of the person's digests had it, and why."""
    found = _find_paper(id_)
    if found.id != id_:
        return redirect(url_for(".paper", id_=found.id))
    sent = services().archive.sent([found.id], [one.id for one in person().profiles]).get(found.id, ())
    had = {one.profile for one in sent}
    profiles = sorted(person().profiles, key=lambda one: one.id not in had)
    return render_template(
        "paper.html.j2",
        paper=found,
        view=paper_view(1, 1, ScoredPaper(found, 0.0, 0.0), found.first_seen.date()),
        authors=[name for name in map(one_line, found.authors) if name],
        more=_more(found, len(found.authors)),
        abstract=[text for text in strip_controls(found.abstract).split("\n\n") if text],
        facts=list(_facts(found)),
        versions=_versions(found),
        uses=[_use(one, found, sent) for one in profiles[:_PROFILES_SHOWN]],
        others=profiles[_PROFILES_SHOWN:],
    )


def _find_paper(id_: str) -> Paper:
    """A stored paper by any of its ids, or by a link to it."""
    parsed = parse_paper_id(id_)
    ids = [id_, *([parsed[0]] if parsed else [])]
    found = services().papers.by_keys(ids)
    return next((found[one] for one in ids if one in found), None) or abort(404)


def _more(paper: Paper, shown: int) -> str:
    more = max(len(paper.authors), paper.author_count or 0) - shown
    return f", and {more:,} more" if more > 0 and shown else pluralize(more, "author") if more > 0 else ""


def _facts(paper: Paper) -> Iterator[tuple[str, str]]:
    names = (SOURCE_NAMES.get(name, name) for name in paper.sources)
    revised = paper.updated if paper.version and paper.version > 1 else None
    for name, value in (
        ("Id", paper.id),
        ("Organization", paper.organization or ""),
        ("Categories", ", ".join(paper.categories)),
        ("Submitted", iso_date(paper.published)),
        ("Revised", f"{iso_date(revised)} (v{paper.version})" if revised else ""),
        ("Announced", iso_date(paper.announced)),
        ("Newly cross-listed", iso_date(paper.crossed)),
        ("First seen here", iso_date(paper.first_seen.isoformat())),
        ("Sources", ", ".join(names)),
        ("Votes", f"{paper.votes:,}" if paper.votes is not None else ""),
        ("Comments", f"{paper.comments:,}" if paper.comments is not None else ""),
    ):
        if value:
            yield name, one_line(value)


def _versions(paper: Paper) -> list[tuple[int, str | None]]:
    """Numbers and addresses; none for papers of other sources, or of one version."""
    if not paper.id.startswith("arxiv:") or not paper.version or paper.version < 2:
        return []
    numbers = range(1, min(paper.version, _VERSIONS_SHOWN) + 1)
    page = f"https://arxiv.org/abs/{paper.id.removeprefix('arxiv:')}"
    return [(number, safe_url(f"{page}v{number}")) for number in numbers]


def _use(profile: Profile, paper: Paper, sent: Sequence[SentPaper]) -> _Use:
    ours = _days([one for one in sent if one.profile == profile.id])
    newest = services().archive.digest(ours[0].edition) if ours else None
    papers = newest.digest.papers if newest else ()
    scored = next((one for one in papers if one.paper.id == paper.id), None)
    answers = services().feedback.current(profile.id)
    edition = ours[0].edition if scored else ""
    return _Use(
        profile=profile.id,
        sent=tuple((day, long_date(day.on)) for day in ours),
        form=answer_form(profile, paper, answers, scored=scored, edition=edition, back="paper"),
        scored=scored,
        match=(match_of(scored.fit) or "") if scored else "",
    )


def _days(sent: Sequence[SentPaper]) -> list[_SentDay]:
    days = defaultdict(list)
    for one in sent:
        days[one.profile, one.on].append(one)
    return [
        _SentDay(
            profile,
            on,
            url_for("digests.digest", id_=profile, edition=editions[0].edition),
            editions[0].edition,
            ", ".join(channel_names(editions).values()),
        )
        for (profile, on), editions in days.items()
    ]


@pages.get("/paper/<path:id_>/why/<profile>")
@limiter.limit(PREVIEWS)
@for_readers
@expensive
def why(id_: str, profile: str) -> str | Response:
    """How a paper ranks for a profile now. Takes seconds, and imports numpy and scipy."""
    chosen, found = own_profile(profile), _find_paper(id_)
    moment = Moment(services().clock())
    (learned,) = services().with_answers([chosen], moment.instant)
    explained = services().previewer.explain(learned, found, moment)
    assert explained.scored  # the paper is stored
    return render_template(
        "why.html.j2",
        profile=chosen,
        paper=found,
        title=one_line(found.title),
        day=long_date(moment.local_date(chosen.timezone)),
        found=explained,
        match=match_of(explained.scored.fit) or "",
    )


@pages.get("/search")
@limiter.limit(SEARCHES)
@for_readers
@searching
def search() -> str | Response:
    """Find papers."""
    text = one_line(request.args.get("q", ""))
    order = next((one for one in Order if one == request.args.get("order")), Order.RELEVANCE)
    page = min(max(request.args.get("page", 1, type=int), 1), _MOST_PAGES)
    start = (page - 1) * _RESULTS
    query = parse_query(text)
    found = services().search.search(query, _RESULTS, start, order) if text else None
    papers, more = found or ((), False)
    heading, hint = (f"Papers {start + 1} to {start + len(papers)}", "") if papers else _nothing(query, start)

    def other(number: int) -> str:
        return url_for(".search", q=text, order=order, page=number)

    return render_template(
        "search.html.j2",
        text=text,
        order=order,
        orders=list(Order),
        heading=heading if start or more or not papers else pluralize(len(papers), "paper"),
        hint=hint,
        results=_results(papers),
        first=start + 1,
        before=other(page - 1 if papers else 1) if page > 1 else None,
        after=other(page + 1) if more and page < _MOST_PAGES else None,
    )


def _nothing(query: Query, start: int) -> tuple[str, str]:
    """What is said of a page without results: a heading, and what to do."""
    if start:
        return "No more papers", "The search found fewer papers than this page begins with."
    if not query.groups:
        return "There are no words to search for", "Add a word that the papers have."
    if all(term.field is Field.ID for group in query.groups for term in group):
        return "No stored paper has this id", "Search for words of its title."
    return "Nothing found", "Use fewer or other words, or the beginning of a word, such as transfor*."


def _results(papers: Sequence[Paper]) -> list[_Result]:
    sent = services().archive.sent([one.id for one in papers], [one.id for one in person().profiles])
    return [
        _Result(
            id=one.id,
            title=one_line(one.title) or "Untitled",
            authors=", ".join(map(one_line, one.authors[:_AUTHORS_SHOWN])) + _more(one, _AUTHORS_SHOWN),
            facts=one_line(" · ".join(filter(None, _short_facts(one)))),
            sent=tuple(
                (day, f"{short_date(day.on)} {day.on.year}")
                for day in _days(sent.get(one.id, ()))[:_SENT_SHOWN]
            ),
        )
        for one in papers
    ]


def _short_facts(paper: Paper) -> Iterator[str]:
    yield ", ".join(paper.categories)
    yield paper_dates(paper) or f"first seen {iso_date(paper.first_seen.isoformat())}"
    yield "withdrawn" * paper.withdrawn
