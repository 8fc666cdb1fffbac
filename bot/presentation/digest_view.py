"""What readers see of a digest, for all channels: authors, dates, reasons, groups, and a summary of the day.

Does not depend on templates, markup or channels. Texts are Unicode on one line each; templates escape them. Custom
templates use these fields and properties: their names and meanings must not change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import count, islice

from bot.delivery.model import PAUSE_WEEKS, Edition, Pause
from bot.digests.day import SOURCE_NAMES
from bot.digests.model import Digest, NewPaperCounts, ScoredPaper
from bot.papers.model import Paper
from bot.papers.names import same_person
from bot.presentation.dates import iso_date, long_date, paper_dates, relative_day, short_date
from bot.presentation.excerpts import Span, extract
from bot.presentation.links import LinkView, abstract_page, paper_links, project_links
from bot.presentation.reasons import term_reasons, visible_reasons
from bot.profiles.model import Match
from bot.ranking.model import match_of
from bot.text.addresses import mask_address
from bot.text.plain import one_line, pluralize, truncate

AUTHORS_SHOWN = 6
CATEGORIES_SHOWN = 5
EARLIER = "Sent earlier this week"  #: the heading of `DigestView.earlier`
ALSO_SHOWN = 3
EARLIER_SHOWN = 10
BEST_SHOWN = 3
TITLE_LENGTH = 300
NAME_LENGTH = 80
TERM_LENGTH = 60
WHY_LENGTH = 400

#: The heading of papers without an interest: found by `about`, liked papers or followed authors.
_NO_INTEREST = "From the rest of your profile"
_BEST = "The week’s best"
_AFTER_BEST = "And also"
#: What a digest says about the words for its matches.
_MEANINGS = {
    Match.STRONG: "Strong match: about your interest.",
    Match.GOOD: "Good match: has your interest in its title, or mentions it.",
    Match.PARTIAL: "Partial match: has only a part of your interest.",
}

#: A paper with its place by score, from 1.
_Ranked = tuple[int, ScoredPaper]


@dataclass(frozen=True, slots=True)
class AuthorView:
    name: str
    followed: bool  #: by the profile: shown first of all authors, and marked


class LinkPage(StrEnum):
    """The states of the page behind an unsubscribe link."""

    ASKS = "asks"
    DONE = "done"  #: just unsubscribed
    PAUSED = "paused"  #: paused until a day, or unsubscribed earlier
    RESUMED = "resumed"  #: just turned on again
    UNKNOWN = "unknown"  #: the link is not valid
    FAILED = "failed"  #: try again later


@dataclass(frozen=True, slots=True)
class UnsubscribeView:
    """What an unsubscribe page shows of a subscription to everybody who has the link."""

    digest: str  #: the profile's name
    reader: str  #: "a…@example.org"
    until: str = ""  #: "11 May 2026", on which a pause ends (UTC); empty for one without end
    pause_weeks: tuple[int, ...] = PAUSE_WEEKS  #: for how many weeks it may be paused


@dataclass(frozen=True, slots=True)
class TitleView:
    """A paper of which only the title is shown."""

    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class AnswerLinks:
    """Where the reader of a mail answers."""

    paper: Callable[[int], str]  #: the page of a paper, by its rank
    tune: str  #: the page with all papers of the digest


@dataclass(frozen=True, slots=True)
class PaperView:
    number: int  #: place in the order of reading, from 1
    rank: int  #: place in the digest by score, from 1
    title: str
    url: str | None  #: of the abstract page
    authors: tuple[AuthorView, ...]  #: at most AUTHORS_SHOWN, in the paper's order
    more_authors: int  #: the number of authors that are not in `authors`
    organization: str | None
    categories: tuple[str, ...]
    dates: str  #: "announced 6 May 2026, revised 9 May 2026 (v3)"; empty when unknown
    match: str  #: "strong", "good", "partial", or empty
    interest: str  #: of the profile; empty when the paper belongs to none
    shown_interest: str  #: `interest`, unless it is the heading above the paper
    reasons: tuple[str, ...]  #: besides the interest: "you follow Ada Example", "world models"
    votes: int | None
    comments: int | None
    links: tuple[LinkView, ...]  #: PDF, HTML, Hugging Face, then code and project pages from the abstract
    extract: tuple[Span, ...]  #: sentences of the abstract; empty without an abstract
    also: tuple[TitleView, ...] = ()  #: nearly the same papers
    sent: str = ""  #: "sent on Tuesday": by another delivery of the profile
    answers: tuple[LinkView, ...] = ()  #: "More like this", "Less like this"; in mails with links to the web
    terms: tuple[str, ...] = ()  #: terms that a reader may tell not to count
    new_author: str = ""  #: the first author that the profile does not follow; empty when there is none

    @property
    def followed(self) -> bool:
        return any(author.followed for author in self.authors)

    @property
    def excerpt(self) -> str:
        """The extract as plain text."""
        return "".join(span.text for span in self.extract)

    @property
    def more(self) -> str:
        """The text after the names: "+7 more", "4 authors" without any name, or empty."""
        if not self.more_authors:
            return ""
        return f"+{self.more_authors}\u00a0more" if self.authors else pluralize(self.more_authors, "author")

    @property
    def about(self) -> tuple[str, ...]:
        """Organization, categories and dates that are known."""
        return tuple(x for x in (self.organization, ", ".join(self.categories), self.dates) if x)

    @property
    def facts(self) -> tuple[str, ...]:
        """`about`, `echo` and `sent`."""
        return (*self.about, *self.echo, *((self.sent,) if self.sent else ()))

    @property
    def echo(self) -> tuple[str, ...]:
        """Votes and comments that are known and not zero: "12 votes", "3 comments"."""
        pairs = ((self.votes, "vote"), (self.comments, "comment"))
        return tuple(pluralize(number, noun) for number, noun in pairs if number)


@dataclass(frozen=True, slots=True)
class GroupView:
    """Papers under one heading."""

    heading: str  #: an interest, or another name; empty when the digest has one group
    papers: tuple[PaperView, ...]  #: best first


@dataclass(frozen=True, slots=True)
class DigestView:
    profile: str
    day: str  #: "Tuesday 5 May 2026", in the profile's zone
    short_day: str  #: "5 May"
    timezone: str
    count: str  #: "8 papers"
    news: str  #: "412 new papers since Monday: 401 on arXiv, 11 more on Hugging Face"
    why: str  #: why the digest is short or has no papers; else empty
    settings: str  #: the profile's file: "profiles/ada.yaml"
    groups: tuple[GroupView, ...]  #: by their best papers; papers without an interest last
    earlier: tuple[TitleView, ...]  #: in a weekly digest: papers that were sent during the week
    leave: LinkView | None  #: to unsubscribe; None for channels without such a link
    weekly: bool
    tune: LinkView | None = None  #: to answer to all papers at once; as `PaperView.answers`

    @property
    def papers(self) -> tuple[PaperView, ...]:
        """All papers, in the order of the groups."""
        return tuple(paper for group in self.groups for paper in group.papers)

    @property
    def best(self) -> PaperView | None:
        return min(self.papers, key=lambda paper: paper.rank, default=None)

    @property
    def followed(self) -> bool:
        return any(paper.followed for paper in self.papers)

    @property
    def legend(self) -> str:
        """A sentence for each word that the papers' matches have; empty when they have none."""
        found = {paper.match for paper in self.papers}
        return " ".join(meaning for match, meaning in _MEANINGS.items() if match in found)

    @property
    def preheader(self) -> str:
        """What an inbox shows after the subject, which names the best paper: the titles of the next three."""
        next_best = sorted(self.papers, key=lambda paper: paper.rank)[1:4]
        return " · ".join(truncate(paper.title, 70) for paper in next_best) or self.why or self.news


def digest_view(
    digest: Digest, leave: LinkView | None = None, answer: AnswerLinks | None = None
) -> DigestView:
    """The view of a digest; `leave` is the link to unsubscribe, for channels that have one, as `answer`."""
    profile, on, papers = one_line(digest.profile), digest.on, digest.papers
    return DigestView(
        profile=profile,
        day=long_date(on),
        short_day=short_date(on),
        timezone=one_line(digest.timezone),
        count=pluralize(len(papers), "paper") if papers else "No papers",
        news=_news(digest.news, on, has_papers=bool(papers)),
        why=truncate(one_line(digest.why), WHY_LENGTH),
        settings=f"profiles/{profile}.yaml",
        groups=_groups(digest, answer),
        earlier=_titles(digest.earlier, EARLIER_SHOWN),
        leave=leave,
        weekly=digest.weekly,
        tune=LinkView("Tune this digest", answer.tune) if answer and papers else None,
    )


def _news(news: NewPaperCounts, on: date, *, has_papers: bool) -> str:
    """`after your pause, the best of 12 new papers since 3 May: 10 on arXiv, 2 more on Hugging Face`"""
    text = _counts(news, on, has_papers=has_papers)
    if not news.after_pause:
        return text
    return f"after your pause, {'the best of ' if has_papers else ''}{text}"


def _counts(news: NewPaperCounts, on: date, *, has_papers: bool) -> str:
    days = "last day" if news.days == 1 else f"last {news.days} days"
    since = f"since {_digest_day(news.since, on)}" if news.since else f"in the {days}"
    if not news.papers:
        return f"no new papers {since}" + (
            f": these are from the {days}" if has_papers and news.since else ""
        )
    papers = pluralize(news.papers, "new paper")
    sources = [(SOURCE_NAMES.get(name, one_line(name)), count) for name, count in news.sources]
    if len(sources) == 1:
        return f"{papers} on {sources[0][0]} {since}"
    counts = ", ".join(f"{count:,} {'more ' * bool(n)}on {name}" for n, (name, count) in enumerate(sources))
    return f"{papers} {since}: {counts}" if counts else f"{papers} {since}"


def _digest_day(day: date, on: date) -> str:
    return "today's digest" if day == on else relative_day(day, on)


def _groups(digest: Digest, answer: AnswerLinks | None) -> tuple[GroupView, ...]:
    numbers = count(1)
    return tuple(
        GroupView(
            heading,
            tuple(
                paper_view(
                    next(numbers),
                    rank,
                    scored,
                    digest.on,
                    heading,
                    _answers(answer.paper(rank)) if answer else (),
                )
                for rank, scored in papers
            ),
        )
        for heading, papers in _by_heading(digest)
    )


def _answers(page: str) -> tuple[LinkView, ...]:
    """Links to the buttons of a paper's page. The page asks again: programs follow the links in mails."""
    return (LinkView("More like this", f"{page}#more"), LinkView("Less like this", f"{page}#less"))


def _by_heading(digest: Digest) -> list[tuple[str, list[_Ranked]]]:
    """The papers under their headings, which are interests.

    In a weekly digest with more than BEST_SHOWN papers these come first under a heading of their own.
    """
    papers = list(enumerate(digest.papers, start=1))
    if not digest.weekly or len(papers) <= BEST_SHOWN:
        return _by_interest(papers, alone="")
    return [(_BEST, papers[:BEST_SHOWN]), *_by_interest(papers[BEST_SHOWN:], alone=_AFTER_BEST)]


def _by_interest(papers: Sequence[_Ranked], alone: str) -> list[tuple[str, list[_Ranked]]]:
    """In the order of their best papers; papers without an interest last.

    `alone`: the heading when all papers are for the same interest.
    """
    groups: dict[str, list[_Ranked]] = {}
    for rank, scored in papers:
        groups.setdefault(_interest(scored), []).append((rank, scored))
    if len(groups) == 1:
        return [(alone, list(papers))]
    rest = groups.pop("", [])
    return [*groups.items(), *([(_NO_INTEREST, rest)] if rest else [])]


def paper_view(
    number: int,
    rank: int,
    scored: ScoredPaper,
    on: date,
    heading: str = "",
    answers: tuple[LinkView, ...] = (),
) -> PaperView:
    """The view of a paper under a heading in the digest of the day `on`."""
    paper = scored.paper
    authors = _shown_authors(paper.authors, scored.followed)
    interest = _interest(scored)
    return PaperView(
        number=number,
        rank=rank,
        title=_title(paper),
        url=abstract_page(paper),
        authors=authors,
        more_authors=max(len(paper.authors), paper.author_count or 0) - len(authors),
        organization=truncate(one_line(paper.organization or ""), NAME_LENGTH) or None,
        categories=tuple(truncate(one_line(c), TERM_LENGTH) for c in paper.categories[:CATEGORIES_SHOWN]),
        dates=paper_dates(paper),
        match=match_of(scored.fit) or "",
        interest=interest,
        shown_interest=interest if interest != heading else "",
        reasons=visible_reasons(scored.reasons, scored.interest),
        votes=paper.votes,
        comments=paper.comments,
        links=(*paper_links(paper), *project_links(paper.abstract)),
        extract=extract(paper.abstract, scored.reasons, broken_off=paper.cut),
        also=_titles(scored.also, ALSO_SHOWN),
        sent=_sent(scored.sent, on) if scored.sent else "",
        answers=answers,
        terms=tuple(truncate(one_line(term), TERM_LENGTH) for term in countable_terms(scored)),
        new_author=truncate(one_line(new_author(scored)), NAME_LENGTH),
    )


def countable_terms(scored: ScoredPaper) -> tuple[str, ...]:
    """The paper's terms that a reader may tell not to count, heaviest first."""
    return term_reasons(scored.reasons, scored.interest)


def new_author(scored: ScoredPaper) -> str:
    """The paper's first author that the profile does not follow; empty when there is none."""
    names = (name for name in scored.paper.authors if one_line(name))
    return next((name for name in names if not any(same_person(name, one) for one in scored.followed)), "")


def _interest(scored: ScoredPaper) -> str:
    return truncate(one_line(scored.interest), TERM_LENGTH)


def _sent(day: date, on: date) -> str:
    name = relative_day(day, on)
    return f"sent {name}" if name in ("today", "yesterday") else f"sent on {name}"


def _titles(papers: Sequence[Paper], limit: int) -> tuple[TitleView, ...]:
    """The first `limit` papers, and `3 more` when there are others."""
    titles = tuple(TitleView(_title(paper), abstract_page(paper)) for paper in papers[:limit])
    more = len(papers) - len(titles)
    return (*titles, TitleView(f"{more} more", None)) if more else titles


def _title(paper: Paper) -> str:
    """`Untitled` also for a title of soft hyphens and zero-width spaces, of which nothing is seen."""
    title = truncate(one_line(paper.title), TITLE_LENGTH)
    return title if title.strip("\u00ad\u200b ") else "Untitled"


def _shown_authors(authors: tuple[str, ...], followed: tuple[str, ...]) -> tuple[AuthorView, ...]:
    """AUTHORS_SHOWN authors in the paper's order: the followed ones, then the first of the others."""
    marked = [n for n, name in enumerate(authors) if any(same_person(name, other) for other in followed)]
    chosen = marked[:AUTHORS_SHOWN]
    others = (n for n in range(len(authors)) if n not in marked)
    chosen += islice(others, AUTHORS_SHOWN - len(chosen))
    names = ((truncate(one_line(authors[n]), NAME_LENGTH), n in marked) for n in sorted(chosen))
    return tuple(AuthorView(name, is_followed) for name, is_followed in names if name)


def unsubscribe_view(edition: Edition, pause: Pause | None = None) -> UnsubscribeView:
    """The profile's name, of the address its first letter and its domain, and when a pause ends."""
    profile = truncate(one_line(edition.profile), NAME_LENGTH)
    until = iso_date(pause.until.isoformat()) if pause and pause.until else ""
    return UnsubscribeView(profile, mask_address(edition.target), until)
