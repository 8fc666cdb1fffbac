"""What a reader sees of a digest, before any channel and any markup.

Owns the choice and the wording of what is shown: which authors, which papers together, what is said of the day.
Refuses to know templates, markup, and how anything is sent. Views hold plain Unicode on one line each: escaping is
the business of whoever writes markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from bot.delivery.model import Edition
from bot.digests.model import Digest, NewPaperCounts, ScoredPaper
from bot.papers.model import Paper
from bot.papers.names import same_person
from bot.presentation.excerpts import Span, extract
from bot.presentation.links import LinkView, abstract_page, paper_links, project_links
from bot.presentation.reasons import visible_reasons
from bot.text.plain import ELLIPSIS, one_line, pluralize, truncate

AUTHORS_SHOWN = 6
CATEGORIES_SHOWN = 5
EARLIER = "Sent earlier this week"  #: heads what a weekly digest names
ALSO_SHOWN = 3
EARLIER_SHOWN = 10
BEST_SHOWN = 3
TITLE_LENGTH = 300
NAME_LENGTH = 80
TERM_LENGTH = 60
WHY_LENGTH = 240

#: Spelt out, as strftime's names follow the process's locale.
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HALF_A_YEAR = ("January", "February", "March", "April", "May", "June")
_MONTHS = (*_HALF_A_YEAR, "July", "August", "September", "October", "November", "December")
_SOURCES = {"arxiv": "arXiv", "huggingface": "Hugging Face"}
#: What heads papers that none of the interests is named for: what is liked, followed, or told under `about`.
_NO_INTEREST = "From the rest of your profile"
_BEST = "The week’s best"
_AFTER_BEST = "And also"


@dataclass(frozen=True, slots=True)
class AuthorView:
    name: str
    followed: bool  #: the profile follows this person: shown whatever the place in the list, and marked


class LinkPage(StrEnum):
    """What the page behind an unsubscribe link is there for."""

    ASKS = "asks"
    DONE = "done"
    UNKNOWN = "unknown"  #: it is no link of ours
    FAILED = "failed"  #: it could not be done now


@dataclass(frozen=True, slots=True)
class UnsubscribeView:
    """A subscription as whoever has its link may see it."""

    digest: str  #: the profile's name
    reader: str  #: "a…@example.org": enough to know oneself, and no address


@dataclass(frozen=True, slots=True)
class TitleView:
    """A paper that is named, no more."""

    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class PaperView:
    rank: int  #: its place in the digest by score, from 1
    title: str
    url: str | None  #: of the abstract page
    authors: tuple[AuthorView, ...]  #: at most AUTHORS_SHOWN, in the paper's order
    more_authors: int  #: how many are not in `authors`
    organization: str | None
    categories: tuple[str, ...]
    dates: str  #: "announced 6 May 2026, revised 9 May 2026 (v3)"; empty when unknown
    relevance: str  #: "99.6 %"
    interest: str  #: which of the profile's interests it is for; empty when all of the digest are for one
    reasons: tuple[str, ...]  #: what raised the score most, as a reader would write it
    votes: int | None
    comments: int | None
    links: tuple[
        LinkView, ...
    ]  #: further pages: PDF, HTML, Hugging Face, then code and projects that it names
    extract: tuple[Span, ...]  #: what the abstract says of the reader's terms; empty when there is none
    also: tuple[TitleView, ...] = ()  #: papers that say nearly the same
    sent: str = ""  #: "sent on Tuesday": another of the profile's deliveries brought it this week

    @property
    def followed(self) -> bool:
        return any(author.followed for author in self.authors)

    @property
    def excerpt(self) -> str:
        """The extract without its marks."""
        return "".join(span.text for span in self.extract)

    @property
    def more(self) -> str:
        """What follows the names: "+7 more", "4 authors" without any name, or nothing."""
        if not self.more_authors:
            return ""
        return f"+{self.more_authors}\u00a0more" if self.authors else pluralize(self.more_authors, "author")

    @property
    def about(self) -> tuple[str, ...]:
        """Where and when: organization, categories, dates; only what is known."""
        return tuple(x for x in (self.organization, ", ".join(self.categories), self.dates) if x)

    @property
    def facts(self) -> tuple[str, ...]:
        """All that is known beside who wrote it and why it is there: `about`, `echo`, and who had it before."""
        return (*self.about, *self.echo, *((self.sent,) if self.sent else ()))

    @property
    def echo(self) -> tuple[str, ...]:
        """What readers did: "12 votes", "3 comments"; only what is known and not zero."""
        pairs = ((self.votes, "vote"), (self.comments, "comment"))
        return tuple(pluralize(number, noun) for number, noun in pairs if number)


@dataclass(frozen=True, slots=True)
class GroupView:
    """Papers that are shown together."""

    heading: str  #: an interest as the profile writes it; empty when the digest is one group
    papers: tuple[PaperView, ...]  #: best first


@dataclass(frozen=True, slots=True)
class DigestView:
    profile: str
    day: str  #: "Tuesday 5 May 2026", in the profile's zone
    short_day: str  #: "5 May"
    timezone: str
    count: str  #: "8 papers"
    news: str  #: "412 new papers since Monday: 401 on arXiv, 11 more on Hugging Face"
    why: str  #: why it is short or empty; empty when there is nothing to explain
    settings: str  #: where to change what is sent: "profiles/ada.yaml"
    groups: tuple[GroupView, ...]  #: the one with the best paper first
    earlier: tuple[TitleView, ...]  #: of a weekly digest: what was sent before, and is not in it
    leave: LinkView | None  #: stops this digest; without one its line in `deliver` has to go
    weekly: bool

    @property
    def papers(self) -> tuple[PaperView, ...]:
        """In the order of reading."""
        return tuple(paper for group in self.groups for paper in group.papers)

    @property
    def best(self) -> PaperView | None:
        return min(self.papers, key=lambda paper: paper.rank, default=None)

    @property
    def followed(self) -> bool:
        return any(paper.followed for paper in self.papers)

    @property
    def percentage(self) -> str:
        """What the numbers mean."""
        place = "; the number is the place among all papers of this digest" if len(self.groups) > 1 else ""
        return f"The percentage is the share of the last 90 days’ papers that match you less{place}."

    @property
    def preheader(self) -> str:
        """What an inbox shows beside the subject, which names the best paper: the ones after it."""
        after = sorted(self.papers, key=lambda paper: paper.rank)[1:4]
        told = [truncate(paper.title, 70) for paper in after] or [self.why or self.news]
        return " · ".join(filter(None, told))


def digest_view(digest: Digest, leave: LinkView | None = None) -> DigestView:
    """`leave`: where its reader can stop it, of a channel that has such a place."""
    profile, on = one_line(digest.profile), digest.on
    several = len({one.interest for one in digest.papers}) > 1
    papers = tuple(paper_view(rank, one, on, several) for rank, one in enumerate(digest.papers, start=1))
    return DigestView(
        profile=profile,
        day=f"{_WEEKDAYS[on.weekday()]} {on.day} {_MONTHS[on.month - 1]} {on.year}",
        short_day=f"{on.day} {_MONTHS[on.month - 1][:3]}",
        timezone=one_line(digest.timezone),
        count=pluralize(len(papers), "paper") if papers else "No papers",
        news=_news(digest.news, on, older=bool(papers)),
        why=truncate(one_line(digest.why), WHY_LENGTH),
        settings=f"profiles/{profile}.yaml",
        groups=_groups(papers, weekly=digest.weekly),
        earlier=_titles(digest.earlier, EARLIER_SHOWN),
        leave=leave,
        weekly=digest.weekly,
    )


def _news(news: NewPaperCounts, on: date, *, older: bool) -> str:
    """`older`: the digest has papers all the same."""
    if not news.papers:
        here = f": these are from the last {news.days} days" if older and news.since else ""
        return f"no new papers {_since(news, on)}{here}"
    papers, since = pluralize(news.papers, "new paper"), _since(news, on)
    sources = [(_SOURCES.get(name, one_line(name)), count) for name, count in news.sources]
    if len(sources) == 1:
        return f"{papers} on {sources[0][0]} {since}"
    told = (f"{count:,} {'more ' * bool(n)}on {name}" for n, (name, count) in enumerate(sources))
    return ": ".join(filter(None, (f"{papers} {since}", ", ".join(told))))


def _since(news: NewPaperCounts, on: date) -> str:
    if news.since is None:
        return "in the last day" if news.days == 1 else f"in the last {news.days} days"
    return f"since {_day_before(news.since, on)}"


def _day_before(day: date, on: date) -> str:
    """A day of the last week as one speaks of it, any other by its date."""
    age = (on - day).days
    if age in (0, 1):
        return "yesterday" if age else "today"
    return _WEEKDAYS[day.weekday()] if 1 < age < 7 else f"{day.day} {_MONTHS[day.month - 1]}"


# --- Groups -------------------------------------------------------------------------------------------------


def _groups(papers: Sequence[PaperView], *, weekly: bool) -> tuple[GroupView, ...]:
    """By interest when there are several; the week's best first, whatever they are for, when there are more."""
    if weekly and len(papers) > BEST_SHOWN:
        best, rest = papers[:BEST_SHOWN], papers[BEST_SHOWN:]
        others = _by_interest(rest)
        if len(others) == 1:
            others = (replace(others[0], heading=_AFTER_BEST),)
        return (GroupView(_BEST, tuple(best)), *others)
    return _by_interest(papers)


def _by_interest(papers: Sequence[PaperView]) -> tuple[GroupView, ...]:
    groups: dict[str, list[PaperView]] = {}
    for paper in papers:
        groups.setdefault(paper.interest, []).append(paper)
    several = len(groups) > 1
    return tuple(
        GroupView((interest or _NO_INTEREST) if several else "", tuple(some))
        for interest, some in groups.items()
    )


# --- Papers -------------------------------------------------------------------------------------------------


def paper_view(rank: int, scored: ScoredPaper, on: date, several: bool = False) -> PaperView:
    """`on`: the digest's date. `several`: its papers are for different interests, so that each says which."""
    paper = scored.paper
    authors = _shown_authors(paper.authors, scored.followed)
    organization = truncate(one_line(paper.organization or ""), NAME_LENGTH)
    interest = truncate(one_line(scored.interest), TERM_LENGTH) if several else ""
    return PaperView(
        rank=rank,
        title=_title(paper),
        url=abstract_page(paper),
        authors=authors,
        more_authors=max(len(paper.authors), paper.author_count or 0) - len(authors),
        organization=organization or None,
        categories=tuple(truncate(one_line(c), TERM_LENGTH) for c in paper.categories[:CATEGORIES_SHOWN]),
        dates=_dates(paper),
        relevance=_percent(scored.relevance),
        interest=interest,
        reasons=visible_reasons(scored.reasons, interest),
        votes=paper.votes,
        comments=paper.comments,
        links=(*paper_links(paper), *project_links(paper.abstract)),
        extract=extract(paper.abstract, scored.reasons, broken_off=paper.cut),
        also=_titles(scored.also, ALSO_SHOWN),
        sent=f"sent {_sent_on(scored.sent, on)}" if scored.sent else "",
    )


def _sent_on(day: date, on: date) -> str:
    spoken = _day_before(day, on)
    return spoken if spoken in ("today", "yesterday") else f"on {spoken}"


def _titles(papers: Sequence[Paper], limit: int) -> tuple[TitleView, ...]:
    """The first few by title; the rest is counted, so that none goes unmentioned."""
    named = tuple(TitleView(_title(one), abstract_page(one)) for one in papers[:limit])
    more = len(papers) - len(named)
    return (*named, TitleView(f"{more} more", None)) if more else named


def _title(paper: Paper) -> str:
    return truncate(one_line(paper.title), TITLE_LENGTH) or "Untitled"


def _shown_authors(authors: tuple[str, ...], followed: tuple[str, ...]) -> tuple[AuthorView, ...]:
    """The first names, but every followed one that there is room for, in the paper's order."""
    marked = {i for i, name in enumerate(authors) if any(same_person(name, f) for f in followed)}
    rest = (i for i in range(len(authors)) if i not in marked)
    kept = sorted(marked)[:AUTHORS_SHOWN]
    kept += [i for i, _ in zip(rest, range(AUTHORS_SHOWN - len(kept)), strict=False)]
    names = ((truncate(one_line(authors[i]), NAME_LENGTH), i in marked) for i in sorted(kept))
    return tuple(AuthorView(name, mark) for name, mark in names if name)


def _percent(relevance: float) -> str:
    """One decimal, as the last places decide among the best; a no-break space keeps the sign with it."""
    return f"{relevance:.1f}".removesuffix(".0") + "\u00a0%"


def _dates(paper: Paper) -> str:
    """When it became known to whom it is news, and that it is not new."""
    submitted = _told("submitted", paper.published)
    is_exact = paper.announced and (not paper.published or len(paper.announced) > len("2025-02"))
    told = [_told("announced", paper.announced) if is_exact else submitted]
    if is_exact and _is_hugging_faces(paper):
        told = [submitted, _told("on Hugging Face", paper.announced)]
    if paper.crossed and (paper.announced or "") < paper.crossed:
        told = [submitted, _told("newly cross-listed", paper.crossed)]
    if paper.version and paper.version > 1:
        told.append(" ".join(filter(None, ("revised", _readable_date(paper.updated), f"(v{paper.version})"))))
    return ", ".join(filter(None, told))


def _is_hugging_faces(paper: Paper) -> bool:
    """Whether the day is that on which Hugging Face showed it: what was seen before was announced before."""
    listed = "huggingface" in paper.sources
    return listed and (
        "arxiv" not in paper.sources or (paper.announced or "") > f"{paper.first_seen:%Y-%m-%d}T"
    )


def _told(what: str, day: str | None) -> str:
    return f"{what} {_readable_date(day)}" if day else ""


def _readable_date(iso: str | None) -> str:
    """`26 Feb 2025` of an ISO text of any precision, `Feb 2025` of a month; as it is when it is neither."""
    if not iso:
        return ""
    try:
        if len(iso) == len("2025-02"):
            month = date.fromisoformat(f"{iso}-01")
            return f"{_MONTHS[month.month - 1][:3]} {month.year}"
        day = datetime.fromisoformat(iso)
    except ValueError:
        return truncate(one_line(iso), TERM_LENGTH)
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"


# --- Who leaves ---------------------------------------------------------------------------------------------


def unsubscribe_view(edition: Edition) -> UnsubscribeView:
    return UnsubscribeView(
        truncate(one_line(edition.profile), NAME_LENGTH), _without_whom(one_line(edition.target))
    )


def _without_whom(target: str) -> str:
    """Of an address its first letter and its domain."""
    user, at, domain = target.rpartition("@")
    return f"{(user or target)[:1]}{ELLIPSIS}{at}{domain if at else ''}"
