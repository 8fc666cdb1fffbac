"""Which papers of a window are candidates for a profile, before any ranking. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property, reduce
from operator import or_
from typing import TypeVar

from bot.digests.model import History
from bot.digests.selection import Decision, Verdict
from bot.papers.model import Paper
from bot.papers.names import authors_among
from bot.profiles.model import Profile
from bot.ranking.base import PaperFinder
from bot.ranking.model import PaperSet
from bot.text.terms import find_phrase, is_word

T = TypeVar("T")


def window_start(profile: Profile, now: datetime) -> datetime:
    """Papers first seen after this are candidates."""
    return now - timedelta(days=profile.window)


def exclusion_reason(profile: Profile, paper: Paper, history: History, now: datetime) -> Decision | None:
    """Why a paper is not a candidate; None when it is one. The first reason of a fixed order is returned."""
    if paper.id in history.given:
        return Decision(Verdict.SENT, "it was in an earlier digest")
    if paper.withdrawn:
        return Decision(Verdict.WITHDRAWN, "its authors withdrew it")
    if muted := mute_reason(profile, paper):
        return Decision(Verdict.MUTED, muted)
    if paper.first_seen > now or paper.first_seen <= window_start(profile, now):
        return Decision(
            Verdict.OUTSIDE_WINDOW,
            f"first seen {paper.first_seen:%Y-%m-%d %H:%M} UTC, not in the {profile.window} days before",
        )
    if history.made and paper.first_seen <= history.made:
        return Decision(
            Verdict.OUTSIDE_WINDOW,
            f"the digest of {history.on} was made after it was first seen, and did not choose it",
        )
    if paper.id in named_papers(profile):
        return Decision(Verdict.SAME_WORK, "the profile names it under like or dislike")
    if (
        profile.categories
        and paper.categories
        and not in_categories(paper.categories, profile.categories)
        and not authors_among(paper, profile.authors)
    ):
        why = f"its categories are {', '.join(paper.categories)}; the profile has only others"
        return Decision(Verdict.CATEGORY, why)
    return None


def named_papers(profile: Profile) -> frozenset[str | None]:
    """The ids of the papers that a profile's file likes or dislikes: its reader knows them.

    One that a reader has answered may be new to the profile's other receivers.
    """
    references = (*profile.like, *profile.dislike)
    return frozenset(reference.id for reference in references if not reference.answered)


def mute_reason(profile: Profile, paper: Paper) -> str | None:
    """Why the profile's `mute` applies to a paper; None when it does not."""
    mute = profile.mute
    if authors := authors_among(paper, mute.authors):
        by_answer = " by an answer" if authors[0] in profile.answered_authors else ""
        return f"its author {authors[0]} is muted{by_answer}"
    if categories := in_categories(paper.categories, mute.categories):
        return f"its category {categories[0]} is muted"
    if mute.terms and (term := find_phrase((paper.title, paper.abstract), mute.terms)):
        return f"its title or abstract contains the muted term {term!r}"
    return None


class Candidates:
    """The candidates of many profiles among the papers of one window: the papers without an `exclusion_reason`."""

    def __init__(self, window: Sequence[Paper], now: datetime, finder: PaperFinder) -> None:
        self._window = tuple(window)
        self._positions = {paper.id: position for position, paper in enumerate(window)}
        self._finder = finder
        self._now = now
        self._open = self._where(lambda paper: not paper.withdrawn and paper.first_seen <= now)
        self._after: dict[datetime, PaperSet] = {}
        self._terms: dict[str, PaperSet] = {}
        self._names: dict[str, PaperSet] = {}

    def of(self, profile: Profile) -> PaperSet:
        """The candidates of a profile, those that it has been given among them."""
        found = self._open & self.since(window_start(profile, self._now))
        if profile.categories:
            wanted = (*self._in_categories(profile.categories), *self._by_authors(profile.authors))
            found &= _union(wanted) | self._uncategorized
        mute = profile.mute
        found &= ~_union(_cached(self._terms, term, self._with_term) for term in mute.terms)
        found &= ~_union(self._in_categories(mute.categories))
        found &= ~_union(self._by_authors(mute.authors))
        return found & ~self.positions(named_papers(profile))

    def since(self, moment: datetime) -> PaperSet:
        """The papers first seen after a moment."""
        return _cached(self._after, moment, lambda start: self._where(lambda paper: paper.first_seen > start))

    def by_source(self, papers: PaperSet) -> tuple[tuple[str, int], ...]:
        """Counts of some papers by source, largest first. A paper with several sources counts for the first one."""
        order = sorted(self._sources, key=lambda name: (-(papers & self._sources[name]).bit_count(), name))
        counts = []
        for name in order:
            listed = papers & self._sources[name]
            counts.append((name, listed.bit_count()))
            papers &= ~listed
        return tuple((name, count) for name, count in counts if count)

    def positions(self, ids: Iterable[str | None]) -> PaperSet:
        """The papers of the window that have these ids."""
        return _union(1 << self._positions[id_] for id_ in ids if id_ in self._positions)

    def _in_categories(self, names: Sequence[str]) -> Iterator[PaperSet]:
        return (self._categories[category] for category in in_categories(self._categories, names))

    def _by_authors(self, names: Iterable[str]) -> Iterator[PaperSet]:
        return (_cached(self._names, name, self._finder.by_author) for name in names)

    def _with_term(self, term: str) -> PaperSet:
        """The papers that contain a phrase: the finder knows those that contain all of its words."""
        left = self._finder.with_terms(term)
        if is_word(term):
            return left
        found = 0
        while left:
            bit = left & -left
            left ^= bit
            paper = self._window[bit.bit_length() - 1]
            if find_phrase((paper.title, paper.abstract), (term,)):
                found |= bit
        return found

    @cached_property
    def _sources(self) -> dict[str, PaperSet]:
        return self._grouped(lambda paper: paper.sources)

    @cached_property
    def _categories(self) -> dict[str, PaperSet]:
        return self._grouped(lambda paper: paper.categories)

    def _grouped(self, names: Callable[[Paper], Iterable[str]]) -> dict[str, PaperSet]:
        """The papers that have each name."""
        found: dict[str, PaperSet] = {}
        for position, paper in enumerate(self._window):
            for name in names(paper):
                found[name] = found.get(name, 0) | 1 << position
        return found

    @cached_property
    def _uncategorized(self) -> PaperSet:
        return self._where(lambda paper: not paper.categories)

    def _where(self, condition: Callable[[Paper], bool]) -> PaperSet:
        return _union(1 << position for position, paper in enumerate(self._window) if condition(paper))


def _union(sets: Iterable[PaperSet]) -> PaperSet:
    return reduce(or_, sets, 0)


def _cached(cache: dict[T, PaperSet], key: T, find: Callable[[T], PaperSet]) -> PaperSet:
    if key not in cache:
        cache[key] = find(key)
    return cache[key]


def in_categories(categories: Iterable[str], names: Sequence[str]) -> list[str]:
    """Those of a paper's categories that are named; a bare archive names all of its categories: `cs` `cs.LG`."""
    return sorted({one for one in categories for name in names if one == name or one.startswith(f"{name}.")})
