"""What a reader sees of a digest, before any channel and any markup.

Owns the choice and the wording of what is shown: which authors, how much of an abstract, which links. Refuses to
know templates, markup, and how anything is sent. Views hold plain Unicode on one line each: escaping is the
business of whoever writes markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote, urlsplit

from bot.identity import same_person
from bot.model import Digest, Paper, Reason, ScoredPaper
from bot.outgoing import Edition
from bot.text import one_line, readable

AUTHORS_SHOWN = 6
CATEGORIES_SHOWN = 5
REASONS_SHOWN = 4
LEAST_REASON = 0.125  #: of the first one: what is smaller explains nothing
ALSO_SHOWN = 3
SENTENCES_SHOWN = 2
TITLE_LENGTH = 300
NAME_LENGTH = 80
TERM_LENGTH = 60
EXCERPT_LENGTH = 320
URL_LENGTH = 1_000

#: Spelt out, as strftime's names follow the process's locale.
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HALF_A_YEAR = ("January", "February", "March", "April", "May", "June")
_MONTHS = (*_HALF_A_YEAR, "July", "August", "September", "October", "November", "December")
#: A stop, white space, and what looks like a beginning; not after the abbreviations that papers are full of.
_SENTENCE_END = re.compile(r"(?<!et al\.)(?<!e\.g\.)(?<!i\.e\.)(?<!cf\.)(?<!vs\.)(?<=[.!?])\s+(?=[^\sa-z])")
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class AuthorView:
    name: str
    followed: bool  #: the profile follows this person: shown whatever the place in the list, and marked


@dataclass(frozen=True, slots=True)
class LinkView:
    label: str  #: "PDF"
    url: str  #: http or https, ASCII, without characters that end a link in HTML or mrkdwn


class LinkPage(StrEnum):
    """What the page behind an unsubscribe link is there for."""

    ASKS = "asks"
    DONE = "done"
    UNKNOWN = "unknown"  #: it is no link of ours
    FAILED = "failed"  #: it could not be done now


@dataclass(frozen=True, slots=True)
class LeavingView:
    """A subscription as whoever has its link may see it."""

    digest: str  #: the profile's name
    reader: str  #: "a…@example.org": enough to know oneself, and no address


@dataclass(frozen=True, slots=True)
class AlsoView:
    """A paper that is named under another one, which says nearly the same."""

    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class PaperView:
    rank: int  #: from 1
    title: str
    url: str | None  #: of the abstract page
    authors: tuple[AuthorView, ...]  #: at most AUTHORS_SHOWN, in the paper's order
    more_authors: int  #: how many are not in `authors`
    organization: str | None
    categories: tuple[str, ...]
    dates: str  #: "26 Feb 2025, revised 5 May 2026 (v3)"; empty when unknown
    relevance: str  #: "99.6 %"
    interest: str  #: which of the profile's interests it is for; empty when that says nothing
    reasons: tuple[str, ...]  #: what raised the score most, as a reader would write it
    votes: int | None
    comments: int | None
    links: tuple[LinkView, ...]  #: further pages: PDF, Hugging Face
    excerpt: str  #: the abstract's beginning; empty when there is none
    also: tuple[AlsoView, ...] = ()  #: papers that say nearly the same

    @property
    def followed(self) -> bool:
        return any(author.followed for author in self.authors)

    @property
    def more(self) -> str:
        """What follows the names: "+7 more", "4 authors" without any name, or nothing."""
        if not self.more_authors:
            return ""
        return f"+{self.more_authors}\u00a0more" if self.authors else counted(self.more_authors, "author")

    @property
    def about(self) -> tuple[str, ...]:
        """Where and when: organization, categories, dates; only what is known."""
        return tuple(x for x in (self.organization, ", ".join(self.categories), self.dates) if x)

    @property
    def echo(self) -> tuple[str, ...]:
        """What readers did: "12 votes", "3 comments"; only what is known and not zero."""
        pairs = ((self.votes, "vote"), (self.comments, "comment"))
        return tuple(counted(number, noun) for number, noun in pairs if number)


@dataclass(frozen=True, slots=True)
class DigestView:
    profile: str
    day: str  #: "Tuesday 5 May 2026", in the profile's zone
    short_day: str  #: "5 May"
    timezone: str
    selection: str  #: "8 of 412 new papers"
    settings: str  #: where to change what is sent: "profiles/ada.yaml"
    papers: tuple[PaperView, ...]

    @property
    def followed(self) -> bool:
        return any(paper.followed for paper in self.papers)

    @property
    def preheader(self) -> str:
        """What an inbox shows beside the subject."""
        titles = " · ".join(cut(paper.title, 70) for paper in self.papers[:3])
        return f"{self.selection}. {titles}" if titles else self.selection


def digest_view(digest: Digest) -> DigestView:
    profile, on, papers = one_line(digest.profile), digest.on, len(digest.papers)
    several = len({one.interest for one in digest.papers}) > 1
    month = _MONTHS[on.month - 1]
    return DigestView(
        profile=profile,
        day=f"{_WEEKDAYS[on.weekday()]} {on.day} {month} {on.year}",
        short_day=f"{on.day} {month[:3]}",
        timezone=one_line(digest.timezone),
        selection=f"{papers} of {counted(max(digest.candidates, papers), 'new paper')}",
        settings=f"profiles/{profile}.yaml",
        papers=tuple(paper_view(rank, scored, several) for rank, scored in enumerate(digest.papers, start=1)),
    )


def paper_view(rank: int, scored: ScoredPaper, several: bool = False) -> PaperView:
    """`several`: the digest's papers are for different interests, so that each says which."""
    paper = scored.paper
    authors = _shown_authors(paper.authors, scored.followed)
    interest = cut(one_line(scored.interest), TERM_LENGTH) if several else ""
    organization = cut(one_line(readable(paper.organization or "")), NAME_LENGTH)
    return PaperView(
        rank=rank,
        title=_title(paper),
        url=_abstract_page(paper),
        authors=authors,
        more_authors=max(len(paper.authors), paper.author_count or 0) - len(authors),
        organization=organization or None,
        categories=tuple(cut(one_line(c), TERM_LENGTH) for c in paper.categories[:CATEGORIES_SHOWN]),
        dates=_dates(paper),
        relevance=_percent(scored.relevance),
        interest=interest,
        reasons=shown_reasons(scored.reasons, interest),
        votes=paper.votes,
        comments=paper.comments,
        links=_links(paper),
        excerpt=_excerpt(paper.abstract, broken_off=paper.cut),
        also=_also(scored.also),
    )


def _also(papers: Sequence[Paper]) -> tuple[AlsoView, ...]:
    """The first few by title; the rest is counted, so that none goes unmentioned."""
    named = tuple(AlsoView(_title(one), _abstract_page(one)) for one in papers[:ALSO_SHOWN])
    more = len(papers) - len(named)
    return (*named, AlsoView(f"{more} more", None)) if more else named


def _title(paper: Paper) -> str:
    return cut(one_line(readable(paper.title)), TITLE_LENGTH) or "Untitled"


def _shown_authors(authors: tuple[str, ...], followed: tuple[str, ...]) -> tuple[AuthorView, ...]:
    """The first names, but every followed one that there is room for, in the paper's order."""
    marked = {i for i, name in enumerate(authors) if any(same_person(name, f) for f in followed)}
    rest = (i for i in range(len(authors)) if i not in marked)
    kept = sorted(marked)[:AUTHORS_SHOWN]
    kept += [i for i, _ in zip(rest, range(AUTHORS_SHOWN - len(kept)), strict=False)]
    names = ((cut(one_line(readable(authors[i])), NAME_LENGTH), i in marked) for i in sorted(kept))
    return tuple(AuthorView(name, mark) for name, mark in names if name)


def shown_reasons(reasons: Iterable[Reason], interest: str = "") -> tuple[str, ...]:
    """What raised the score most, but for the `interest` that is named anyway.

    A term within a longer one that is there too says nothing more, and counts to it: "world models", "world" and
    "models" are "world models", with the weight of all three.
    """
    raising = [reason for reason in reasons if reason.weight > 0]
    terms = dict.fromkeys(reason.term for reason in raising if reason.is_term)  # the heaviest first
    whole = [term for term in terms if not any(_is_within(term, other) for other in terms)]
    weights: dict[str, float] = {}
    for reason in raising:
        longer = (one for one in whole if reason.is_term and _is_within(reason.term, one))
        name = cut(one_line(readable(next(longer, reason.term))), TERM_LENGTH)
        weights[name] = weights.get(name, 0.0) + reason.weight
    weights.pop("", None)
    least = max(weights.values(), default=0.0) * LEAST_REASON
    order = sorted(weights, key=lambda name: (-weights[name], name))
    told = (name for name in order if weights[name] >= least and name != interest)
    return tuple(told)[: REASONS_SHOWN - bool(interest)]


def _is_within(term: str, other: str) -> bool:
    return term != other and f" {_parts(term)} " in f" {_parts(other)} "


@lru_cache(maxsize=4096)
def _parts(term: str) -> str:
    return " ".join(re.findall(r"\w+", term.casefold()))


def leaving_view(edition: Edition) -> LeavingView:
    return LeavingView(cut(one_line(edition.profile), NAME_LENGTH), _without_whom(one_line(edition.target)))


def _without_whom(target: str) -> str:
    """Of an address its first letter and its domain."""
    user, at, domain = target.rpartition("@")
    return f"{(user or target)[:1]}{_ELLIPSIS}{at}{domain if at else ''}"


# --- Words and numbers ------------------------------------------------------------------------------------


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 vote`, `12 votes`, `1,204 votes`, `2 deliveries`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def cut(text: str, limit: int) -> str:
    """`text` within `limit` characters, ended by an ellipsis where something is missing.

    Cuts between words where there is a space in the last half, else between characters, but never inside
    one that is written with several code points (accents, joined emoji).
    """
    if len(text) <= limit:
        return text
    end = limit - len(_ELLIPSIS)
    space = text.rfind(" ", end // 2, end + 1)
    end = space if space > 0 else _whole_character(text, end)
    return text[:end].rstrip(" ,;:.–-") + _ELLIPSIS


def _whole_character(text: str, end: int) -> int:
    """The nearest place before `end` that does not lie inside a combined character."""
    for place in range(end, max(end - 16, 0), -1):
        if text[place - 1] != "\u200d" and not _combines(text[place]):
            return place
    return end


def _combines(character: str) -> bool:
    """Accents, joiners, variation selectors, and the skin tones of emoji."""
    return (
        unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"}
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def _percent(relevance: float) -> str:
    """One decimal, as the last places decide among the best; a no-break space keeps the sign with it."""
    return f"{relevance:.1f}".removesuffix(".0") + "\u00a0%"


def _excerpt(abstract: str, *, broken_off: bool) -> str:
    text = one_line(readable(abstract))
    sentences = _SENTENCE_END.split(text[: 4 * EXCERPT_LENGTH])
    beginning = " ".join(sentences[:SENTENCES_SHOWN])
    whole = len(beginning) >= len(text) and not broken_off
    if not beginning or whole:
        return cut(beginning, EXCERPT_LENGTH)
    return cut(f"{beginning} {_ELLIPSIS}", EXCERPT_LENGTH)


def _dates(paper: Paper) -> str:
    first = _readable_date(paper.published or paper.announced)
    if not paper.version or paper.version < 2:
        return first
    revised = " ".join(filter(None, ("revised", _readable_date(paper.updated), f"(v{paper.version})")))
    return f"{first}, {revised}" if first else revised


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
        return cut(one_line(iso), TERM_LENGTH)
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"


# --- Links ------------------------------------------------------------------------------------------------


def safe_url(url: str | None) -> str | None:
    """An http or https URL that no markup can be broken with; None for anything else.

    Sources are not trusted: no other scheme, and no user part, which serves to disguise a host.
    """
    if not url or len(url) > URL_LENGTH:
        return None
    quoted = quote(url.strip(), safe="%/:?#[]@!$&()*+,;=-._~", errors="replace")
    try:
        parts = urlsplit(quoted)
        port_is_sane = parts.port is None or parts.port > 0
    except ValueError:
        return None
    sound = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc and port_is_sane
    return quoted if sound and len(quoted) <= URL_LENGTH else None


def _arxiv_number(paper: Paper) -> str | None:
    """The id as it stands in arXiv's URLs, of a paper that has one."""
    number = quote(paper.id.removeprefix("arxiv:"), safe="/", errors="replace")
    return number if paper.id.startswith("arxiv:") and len(number) <= 40 else None


def _abstract_page(paper: Paper) -> str | None:
    if url := safe_url(paper.url):
        return url
    if number := _arxiv_number(paper):
        return safe_url(f"https://arxiv.org/abs/{number}")
    if paper.id.startswith("doi:"):
        doi = quote(paper.id.removeprefix("doi:"), safe="/:;()._-", errors="replace")
        return safe_url(f"https://doi.org/{doi}")
    return None


def _links(paper: Paper) -> tuple[LinkView, ...]:
    number = _arxiv_number(paper)
    if number is None:
        return ()
    pdf = LinkView("PDF", f"https://arxiv.org/pdf/{number}")
    face = LinkView("Hugging Face", f"https://huggingface.co/papers/{number}")
    return (pdf, face) if "huggingface" in paper.sources else (pdf,)
