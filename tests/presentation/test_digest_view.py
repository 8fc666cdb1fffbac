"""What a reader is told of a digest and of its papers, before any markup."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot.digests.model import NewPaperCounts, ScoredPaper
from bot.presentation.digest_view import (
    ALSO_SHOWN,
    BEST_SHOWN,
    EARLIER_SHOWN,
    TITLE_LENGTH,
    PaperView,
    digest_view,
    paper_view,
)
from bot.presentation.links import LinkView
from tests.support.samples import digest, paper, scored

TODAY = date(2026, 5, 5)
NAMES = tuple(f"Author {chr(ord('A') + n)}" for n in range(12))


def shown(**changes: Any) -> PaperView:
    followed = changes.pop("followed", ())
    return paper_view(1, ScoredPaper(paper(**changes), 0.4, 99.6, (), followed), TODAY)


# --- Papers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("authors", "count", "followed", "names", "more"),
    [
        (NAMES[:2], None, (), "AB", ""),
        (NAMES[:6], None, (), "ABCDEF", ""),
        (NAMES, None, (), "ABCDEF", "+6\u00a0more"),
        (NAMES, None, ("Author L", "Author C"), "ABC*DEL*", "+6\u00a0more"),
        (NAMES, 40, ("Author H",), "ABCDEH*", "+34\u00a0more"),
        ((), 4, (), "", "4 authors"),
        ((), 1, (), "", "1 author"),
        ((), None, (), "", ""),
        (NAMES, None, NAMES[5:], "F*G*H*I*J*K*", "+6\u00a0more"),
    ],
)
def test_authors_are_shortened_around_followed_ones(
    authors: tuple[str, ...], count: int | None, followed: tuple[str, ...], names: str, more: str
) -> None:
    """At most six, in the paper's order, followed ones before others; the rest is counted."""
    view = shown(authors=authors, author_count=count, followed=followed)
    assert "".join(a.name[-1] + "*" * a.followed for a in view.authors) == names
    assert view.more == more


def test_followed_names_may_be_spelt_otherwise() -> None:
    """The profile's spelling marks the paper's."""
    view = shown(authors=("Marin Soljačić", "S. Han"), followed=("Marin Soljacic", "Seungwook Han"))
    assert [a.followed for a in view.authors] == [True, True]


@pytest.mark.parametrize(
    ("changes", "dates"),
    [
        ({}, "submitted 4 May 2026"),
        ({"announced": "2026-05-05"}, "announced 5 May 2026"),
        ({"published": "2025-02"}, "submitted Feb 2025"),
        # the more exact of the two
        ({"announced": "2026-05"}, "submitted 4 May 2026"),
        ({"published": None, "announced": "2025-02"}, "announced Feb 2025"),
        ({"version": 3, "updated": "2026-05-05"}, "submitted 4 May 2026, revised 5 May 2026 (v3)"),
        ({"version": 2, "updated": None, "published": None}, "revised (v2)"),
        ({"published": None}, ""),
        ({"published": "soon"}, "submitted soon"),
        # known elsewhere before
        (
            {"published": "2025-02-26", "announced": "2025-02-28", "crossed": "2026-05-05"},
            "submitted 26 Feb 2025, newly cross-listed 5 May 2026",
        ),
        ({"published": None, "crossed": "2026-05-05"}, "newly cross-listed 5 May 2026"),
        # new that day, and in several categories from the beginning
        ({"announced": "2026-05-05", "crossed": "2026-05-05"}, "announced 5 May 2026"),
        # new after it was seen as a cross-listing
        (
            {"announced": "2026-05-06", "crossed": "2026-05-05", "sources": ("arxiv",)},
            "announced 6 May 2026",
        ),
        # seen before that day: it is the day of Hugging Face's listing
        ({"announced": "2026-05-07"}, "submitted 4 May 2026, on Hugging Face 7 May 2026"),
        (
            {"sources": ("huggingface",), "announced": "2026-05-05"},
            "submitted 4 May 2026, on Hugging Face 5 May 2026",
        ),
    ],
)
def test_dates_tell_what_is_new(changes: dict[str, Any], dates: str) -> None:
    """When a paper was announced, else submitted; whether it is newly cross-listed, or revised; a month stays one."""
    assert shown(**changes).dates == dates


@pytest.mark.parametrize(
    ("relevance", "text"), [(99.64, "99.6\u00a0%"), (100.0, "100\u00a0%"), (0.0, "0\u00a0%")]
)
def test_relevance(relevance: float, text: str) -> None:
    """A percentage with at most one decimal."""
    assert paper_view(1, ScoredPaper(paper(), 1, relevance), TODAY).relevance == text


def test_links_are_those_of_the_paper_and_those_it_names() -> None:
    """The paper's own pages first."""
    view = shown(abstract="Code: https://github.com/a/b", sources=("arxiv",))
    assert [one.label for one in view.links] == ["PDF", "HTML", "Code"]


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (None, ""),
        (date(2026, 5, 5), "sent today"),
        (date(2026, 5, 4), "sent yesterday"),
        (date(2026, 5, 1), "sent on Friday"),
        (date(2026, 4, 28), "sent on 28 April"),
    ],
)
def test_what_another_delivery_brought_says_when(day: date | None, told: str) -> None:
    """As one speaks of a day of the last week."""
    assert paper_view(1, ScoredPaper(paper(), 1, 1, sent=day), TODAY).sent == told


# --- Nearly the same --------------------------------------------------------------------------------------


def test_what_says_nearly_the_same_is_named_with_its_link() -> None:
    """Each with its title and its page, if that is a safe URL."""
    also = (
        paper(2, title="On the m² of\nAndré"),
        paper(3, url="javascript:alert(1)", id="ns:3"),
        paper(4, title=" ", url=None),
    )
    view = paper_view(1, scored(also=also), TODAY)
    assert [(one.title, one.url) for one in view.also] == [
        ("On the m² of André", "https://arxiv.org/abs/2605.00002"),
        (paper(3).title, None),
        ("Untitled", "https://arxiv.org/abs/2605.00004"),
    ]
    assert paper_view(1, scored(), TODAY).also == ()


def test_few_of_a_long_series_are_named_and_none_at_length() -> None:
    """A series of twenty with endless titles is not a digest of its own, but none of it goes unmentioned."""
    also = tuple(paper(n, title="long " * 500) for n in range(2, 22))
    view = paper_view(1, scored(also=also), TODAY)
    assert [one.title for one in view.also][ALSO_SHOWN:] == ["17 more"]
    assert all(len(one.title) <= TITLE_LENGTH for one in view.also)


# --- Digests ----------------------------------------------------------------------------------------------


def test_digest_view_says_when_how_many_and_whose() -> None:
    """The edition's own date, whatever the zone of the clock that made it."""
    view = digest_view(digest(8, on=date(2026, 2, 1)))
    assert (view.day, view.short_day) == ("Sunday 1 February 2026", "1 Feb")
    assert (view.count, view.settings) == ("8 papers", "profiles/ada.yaml")
    assert digest_view(digest(0)).count == "No papers"
    assert (view.leave, view.why) == (None, "")


def test_digest_view_says_how_to_leave_and_why_it_is_short() -> None:
    """What the channel and the composer know."""
    link = LinkView("Unsubscribe", "https://a.org/u")
    view = digest_view(digest(1, why="a\nsource failed " + "x" * 500), link)
    assert view.leave == link
    assert view.why.startswith("a source failed x")
    assert len(view.why) <= 240


BOTH = (("arxiv", 401), ("huggingface", 11))


@pytest.mark.parametrize(
    ("news", "told"),
    [
        (NewPaperCounts(1412, None, 7, (("arxiv", 1412),)), "1,412 new papers on arXiv in the last 7 days"),
        (NewPaperCounts(412, None, 1, BOTH), "412 new papers in the last day: 401 on arXiv, 11 more on Hugging Face"),
        (NewPaperCounts(412, date(2026, 5, 4), 7, BOTH),
         "412 new papers since yesterday: 401 on arXiv, 11 more on Hugging Face"),
        (NewPaperCounts(1, date(2026, 5, 1), 7, (("mine", 1),)), "1 new paper on mine since Friday"),
        (NewPaperCounts(9, date(2026, 4, 28), 7, ()), "9 new papers since 28 April"),
        (NewPaperCounts(0, date(2026, 5, 4), 7, ()), "no new papers since yesterday: these are from the last 7 days"),
        (NewPaperCounts(0, None, 7, ()), "no new papers in the last 7 days"),
    ],
)  # fmt: skip
def test_how_many_were_new_and_from_where(news: NewPaperCounts, told: str) -> None:
    """Since the last digest, by source; a paper that two sources listed counts once."""
    assert digest_view(digest(1, news=news)).news == told


@pytest.mark.parametrize(
    ("interests", "told"),
    [
        (("world models", "reward models"), ("world models", "reward models")),
        (("world models", "world models"), ("", "")),  # all are for it: no news
        (("world models",), ("",)),
        (("", ""), ("", "")),  # by what is liked, or by an author
        (("world models", ""), ("world models", "")),
    ],
)
def test_an_interest_is_named_when_there_are_several(
    interests: tuple[str, ...], told: tuple[str, ...]
) -> None:
    """A digest whose papers are all for one interest does not repeat it on every one of them."""
    papers = tuple(scored(n, interest=one) for n, one in enumerate(interests, start=1))
    assert tuple(one.interest for one in digest_view(digest(papers)).papers) == told


def test_an_interest_is_one_short_line() -> None:
    """A profile may hold a phrase of any length, with line breaks and TeX."""
    view = paper_view(1, scored(interest="a\nphrase " + "of many words " * 20), TODAY, several=True)
    assert view.interest.startswith("a phrase of many")
    assert len(view.interest) <= 60
    assert "\n" not in view.interest


def grouped(*interests: str, weekly: bool = False) -> list[tuple[str, list[int]]]:
    """The headings, and the ranks of the papers under each, for papers with these interests, best first."""
    papers = tuple(scored(n, interest=one) for n, one in enumerate(interests, start=1))
    view = digest_view(digest(papers, weekly=weekly))
    assert [paper.rank for paper in view.papers] == [p.rank for group in view.groups for p in group.papers]
    assert view.best is None or view.best.rank == 1
    return [(group.heading, [paper.rank for paper in group.papers]) for group in view.groups]


REST = "From the rest of your profile"


@pytest.mark.parametrize(
    ("interests", "groups"),
    [
        ("", []),
        ("aaa", [("", [1, 2, 3])]),
        ("aba", [("a", [1, 3]), ("b", [2])]),
        ("baab", [("b", [1, 4]), ("a", [2, 3])]),
        ("a-b-", [("a", [1]), (REST, [2, 4]), ("b", [3])]),
        ("--", [("", [1, 2])]),
    ],
)
def test_papers_are_grouped_by_interest(interests: str, groups: list[tuple[str, list[int]]]) -> None:
    """The group of the best paper first, within each by rank; one group needs no heading."""
    assert grouped(*(one.replace("-", "") for one in interests)) == groups


@pytest.mark.parametrize(
    ("interests", "groups"),
    [
        ("aba", [("a", [1, 3]), ("b", [2])]),
        ("aaa", [("", [1, 2, 3])]),
        ("aaaaa", [("The week’s best", [1, 2, 3]), ("And also", [4, 5])]),
        ("abbaab", [("The week’s best", [1, 2, 3]), ("a", [4, 5]), ("b", [6])]),
    ],
)
def test_a_weekly_digest_leads_with_the_weeks_best(
    interests: str, groups: list[tuple[str, list[int]]]
) -> None:
    """Three of them, whatever they are for, when there are more."""
    assert grouped(*interests, weekly=True) == groups
    assert BEST_SHOWN == 3


def test_a_weekly_digest_names_what_was_sent() -> None:
    """The best of it by title; the rest is counted."""
    earlier = tuple(paper(n) for n in range(1, EARLIER_SHOWN + 4))
    told = digest_view(digest(2, weekly=True, earlier=earlier)).earlier
    assert (told[0].title, told[0].url) == (paper(1).title, "https://arxiv.org/abs/2605.00001")
    assert (told[-1].title, len(told)) == ("3 more", EARLIER_SHOWN + 1)


def test_the_preheader_goes_on_where_the_subject_ends() -> None:
    """The subject names the best paper; an inbox shows what comes after it."""
    view = digest_view(digest(5))
    assert view.preheader.startswith(view.papers[1].title)
    assert view.papers[0].title not in view.preheader
    assert digest_view(digest(1, why="thin")).preheader == "thin"
    assert digest_view(digest(1)).preheader == digest_view(digest(1)).news
