"""What readers see of a digest and its papers."""

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


def view_of(scored: ScoredPaper, heading: str = "") -> PaperView:
    return paper_view(1, 1, scored, TODAY, heading)


def shown(**changes: Any) -> PaperView:
    followed = changes.pop("followed", ())
    return view_of(ScoredPaper(paper(**changes), 0.4, 99.6, (), followed))


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
    """At most six in the paper's order; followed ones are preferred, the others are counted."""
    view = shown(authors=authors, author_count=count, followed=followed)
    assert "".join(a.name[-1] + "*" * a.followed for a in view.authors) == names
    assert view.more == more


def test_followed_names_in_another_spelling() -> None:
    """Without accents, or with initials."""
    view = shown(authors=("Marin Soljačić", "S. Han"), followed=("Marin Soljacic", "Seungwook Han"))
    assert [a.followed for a in view.authors] == [True, True]


@pytest.mark.parametrize(
    ("changes", "dates"),
    [
        ({}, "submitted 4 May 2026"),
        ({"announced": "2026-05-05"}, "announced 5 May 2026"),
        ({"published": "2025-02"}, "submitted Feb 2025"),
        # the more precise of the two
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
        # new on that day in several categories
        ({"announced": "2026-05-05", "crossed": "2026-05-05"}, "announced 5 May 2026"),
        # announced after it was first seen as a cross-listing
        (
            {"announced": "2026-05-06", "crossed": "2026-05-05", "sources": ("arxiv",)},
            "announced 6 May 2026",
        ),
        # seen before that day, which is Hugging Face's
        ({"announced": "2026-05-07"}, "submitted 4 May 2026, on Hugging Face 7 May 2026"),
        (
            {"sources": ("huggingface",), "announced": "2026-05-05"},
            "submitted 4 May 2026, on Hugging Face 5 May 2026",
        ),
    ],
)
def test_dates(changes: dict[str, Any], dates: str) -> None:
    """When a paper was announced or else submitted, and whether it is newly cross-listed or revised."""
    assert shown(**changes).dates == dates


@pytest.mark.parametrize(
    ("fit", "match"), [(1.0, "strong"), (0.75, "strong"), (0.5, "good"), (0.25, "partial"), (0.2, "")]
)
def test_match(fit: float, match: str) -> None:
    """A word for the fit; none for what fits less than in part."""
    assert view_of(scored(fit=fit)).match == match


def test_legend() -> None:
    """A sentence for each word that occurs, best first."""
    papers = tuple(scored(n, fit=fit) for n, fit in enumerate((0.3, 0.1, 0.9, 0.8), start=1))
    assert digest_view(digest(papers)).legend == (
        "Strong match: about your interest. Partial match: has only a part of your interest."
    )
    assert digest_view(digest(papers[1:2])).legend == ""


def test_links() -> None:
    """The paper's own pages, then those that its abstract names."""
    view = shown(abstract="Code: https://github.com/a/b", sources=("arxiv",))
    assert [one.label for one in view.links] == ["PDF", "HTML", "Code"]


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (None, ""),
        (date(2026, 5, 5), "sent today"),
        (date(2026, 5, 4), "sent yesterday"),
        (date(2026, 5, 1), "sent on Friday"),
        (date(2026, 4, 28), "sent on 28 April"),
    ],
)
def test_papers_that_another_delivery_sent(day: date | None, text: str) -> None:
    """By the weekday within a week, else by the date."""
    assert view_of(ScoredPaper(paper(), 1, 1, sent=day)).sent == text


# --- Similar papers ----------------------------------------------------------------------------------------


def test_similar_papers() -> None:
    """Each with its title and its page, if that is a safe URL."""
    also = (
        paper(2, title="On the m² of\nAndré"),
        paper(3, url="javascript:alert(1)", id="ns:3"),
        paper(4, title=" ", url=None),
    )
    view = view_of(scored(also=also))
    assert [(one.title, one.url) for one in view.also] == [
        ("On the m² of André", "https://arxiv.org/abs/2605.00002"),
        (paper(3).title, None),
        ("Untitled", "https://arxiv.org/abs/2605.00004"),
    ]
    assert view_of(scored()).also == ()


def test_a_long_series_of_similar_papers() -> None:
    """The first ones with shortened titles; the others are counted."""
    also = tuple(paper(n, title="long " * 500) for n in range(2, 22))
    view = view_of(scored(also=also))
    assert [one.title for one in view.also][ALSO_SHOWN:] == ["17 more"]
    assert all(len(one.title) <= TITLE_LENGTH for one in view.also)


# --- Digests ----------------------------------------------------------------------------------------------


def test_digest_view() -> None:
    """The edition's date, the number of papers, and the profile's file."""
    view = digest_view(digest(8, on=date(2026, 2, 1)))
    assert (view.day, view.short_day) == ("Sunday 1 February 2026", "1 Feb")
    assert (view.count, view.settings) == ("8 papers", "profiles/ada.yaml")
    assert digest_view(digest(0)).count == "No papers"
    assert (view.leave, view.why) == (None, "")


def test_leave_and_why() -> None:
    """The channel's link to unsubscribe, and the composer's explanation on one short line."""
    link = LinkView("Unsubscribe", "https://a.org/u")
    view = digest_view(digest(1, why="a\nsource failed " + "x" * 500), link)
    assert view.leave == link
    assert view.why.startswith("a source failed x")
    assert len(view.why) <= 400


BOTH = (("arxiv", 401), ("huggingface", 11))


@pytest.mark.parametrize(
    ("news", "text"),
    [
        (NewPaperCounts(1412, None, 7, (("arxiv", 1412),)), "1,412 new papers on arXiv in the last 7 days"),
        (NewPaperCounts(412, None, 1, BOTH), "412 new papers in the last day: 401 on arXiv, 11 more on Hugging Face"),
        (NewPaperCounts(412, date(2026, 5, 4), 7, BOTH),
         "412 new papers since yesterday: 401 on arXiv, 11 more on Hugging Face"),
        (NewPaperCounts(1, date(2026, 5, 1), 7, (("mine", 1),)), "1 new paper on mine since Friday"),
        (NewPaperCounts(9, date(2026, 4, 28), 7, ()), "9 new papers since 28 April"),
        (NewPaperCounts(0, date(2026, 5, 4), 7, ()), "no new papers since yesterday: these are from the last 7 days"),
        (NewPaperCounts(0, None, 7, ()), "no new papers in the last 7 days"),
        (NewPaperCounts(412, date(2026, 2, 3), 90, BOTH, after_pause=True),
         "after your pause, the best of 412 new papers since 3 February: 401 on arXiv, 11 more on Hugging Face"),
    ],
)  # fmt: skip
def test_counts_of_new_papers(news: NewPaperCounts, text: str) -> None:
    """Since the last digest, by source."""
    assert digest_view(digest(1, news=news)).news == text


@pytest.mark.parametrize(
    ("heading", "shown"), [("world models", ""), ("", "world models"), ("The week’s best", "world models")]
)
def test_a_heading_is_not_repeated(heading: str, shown: str) -> None:
    """A paper names its interest unless the heading does; its other reasons are the same."""
    view = view_of(scored(interest="world models"), heading)
    assert (view.interest, view.shown_interest, view.reasons) == ("world models", shown, ("robots",))


def test_an_interest_is_one_short_line() -> None:
    """A phrase in a profile may be long and have line breaks."""
    view = view_of(scored(interest="a\nphrase " + "of many words " * 20))
    assert view.interest.startswith("a phrase of many")
    assert len(view.interest) <= 60
    assert "\n" not in view.interest


def grouped(*interests: str, weekly: bool = False) -> list[tuple[str, list[int]]]:
    """The headings with the ranks of their papers, for papers with these interests, best first."""
    papers = tuple(scored(n, interest=one) for n, one in enumerate(interests, start=1))
    view = digest_view(digest(papers, weekly=weekly))
    assert [paper.number for paper in view.papers] == list(range(1, len(papers) + 1))
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
        ("-ab-", [("a", [2]), ("b", [3]), (REST, [1, 4])]),
        ("--", [("", [1, 2])]),
    ],
)
def test_papers_are_grouped_by_interest(interests: str, groups: list[tuple[str, list[int]]]) -> None:
    """Groups by their best papers, papers by rank; those without an interest last. A single group has no heading.

    Numbers run in the order of reading.
    """
    assert grouped(*(one.replace("-", "") for one in interests)) == groups


@pytest.mark.parametrize(
    ("interests", "groups"),
    [
        ("aba", [("a", [1, 3]), ("b", [2])]),
        ("aaa", [("", [1, 2, 3])]),
        ("aaaaa", [("The week’s best", [1, 2, 3]), ("And also", [4, 5])]),
        ("abb-aab", [("The week’s best", [1, 2, 3]), ("a", [5, 6]), ("b", [7]), (REST, [4])]),
    ],
)
def test_a_weekly_digest_starts_with_the_best(interests: str, groups: list[tuple[str, list[int]]]) -> None:
    """The best three of more papers, whatever their interests."""
    assert grouped(*(one.replace("-", "") for one in interests), weekly=True) == groups
    assert BEST_SHOWN == 3


def test_a_weekly_digest_lists_papers_sent_earlier() -> None:
    """The first ones by title; the others are counted."""
    earlier = tuple(paper(n) for n in range(1, EARLIER_SHOWN + 4))
    shown = digest_view(digest(2, weekly=True, earlier=earlier)).earlier
    assert (shown[0].title, shown[0].url) == (paper(1).title, "https://arxiv.org/abs/2605.00001")
    assert (shown[-1].title, len(shown)) == ("3 more", EARLIER_SHOWN + 1)


def test_preheader() -> None:
    """The titles after the best paper's, which the subject has; without any, the explanation or the counts."""
    view = digest_view(digest(5))
    assert view.preheader.startswith(view.papers[1].title)
    assert view.papers[0].title not in view.preheader
    assert digest_view(digest(1, why="thin")).preheader == "thin"
    assert digest_view(digest(1)).preheader == digest_view(digest(1)).news
