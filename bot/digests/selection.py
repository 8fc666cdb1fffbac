"""Choosing: which papers a profile's digest shows, and the one reason why any other is not in it. Pure.

A paper is shown when nothing speaks against it (it is withdrawn, liked already, muted, of another category,
given before, outside the window), something speaks for it, it reaches the threshold, and there is room. One that
says nearly the same as a better one is named under it. Papers by followed authors are always shown, whatever their
category and relevance, and take no one's place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property, reduce
from operator import or_
from typing import TypeVar

from bot.papers.model import Paper
from bot.papers.names import authors_among
from bot.profiles.model import Profile
from bot.ranking.base import PaperFinder, TwinFinder
from bot.ranking.model import PaperSet, RankedPaper, Threshold
from bot.text.terms import find_phrase, is_word

T = TypeVar("T")

#: `threshold: auto`: a paper must fit one facet of the profile at least half as well as a paper that fits it.
AUTO_FIT = 0.5


class Verdict(StrEnum):
    """Why a paper is or is not in a digest (`explain`)."""

    WOULD_BE_SENT = "would be sent"
    SENT = "sent"
    MUTED = "muted"
    CATEGORY = "category"
    BELOW_THRESHOLD = "below threshold"
    BEYOND_LIMIT = "beyond limit"
    OUTSIDE_WINDOW = "outside window"
    WITHDRAWN = "withdrawn"
    SAME_WORK = "same work"
    NO_MATCH = "no match"
    NOT_STORED = "not stored"


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    why: str  #: one sentence for a person


@dataclass(frozen=True, slots=True)
class Choice:
    """What a digest shows, best first, and what it does not show for being the same work."""

    shown: tuple[RankedPaper, ...]
    under: dict[str, tuple[Paper, ...]]  #: id of a shown paper -> those that are named under it
    again: dict[
        str, Paper
    ]  #: id of a paper that is not shown -> the one of an earlier digest that it repeats


def window_start(profile: Profile, now: datetime) -> datetime:
    """Papers first seen after this are candidates."""
    return now - timedelta(days=profile.window)


def excluded(profile: Profile, paper: Paper, given: frozenset[str], now: datetime) -> Decision | None:
    """What keeps a paper from being a candidate at all, before any ranking; None for a candidate.

    `given`: ids of the papers that the subscription has been given.
    """
    if paper.id in given:
        return Decision(Verdict.SENT, "it was in an earlier digest")
    if paper.withdrawn:
        return Decision(Verdict.WITHDRAWN, "its authors withdrew it")
    if muted := mute_reason(profile, paper):
        return Decision(Verdict.MUTED, muted)
    if paper.first_seen > now or paper.first_seen <= window_start(profile, now):
        return Decision(
            Verdict.OUTSIDE_WINDOW,
            f"first seen {paper.first_seen:%Y-%m-%d %H:%M} UTC, not within {profile.window} days before",
        )
    if paper.id in {reference.id for reference in (*profile.like, *profile.dislike)}:
        return Decision(Verdict.SAME_WORK, "the profile names it under like or dislike: you know it")
    return _category_decision(profile, paper)


def mute_reason(profile: Profile, paper: Paper) -> str | None:
    """The mute that a paper falls under, in words."""
    mute = profile.mute
    if authors := authors_among(paper, mute.authors):
        return f"mute names its author {authors[0]}"
    if categories := _in_categories(paper.categories, mute.categories):
        return f"mute names its category {categories[0]}"
    if mute.terms and (term := find_phrase((paper.title, paper.abstract), mute.terms)):
        return f"mute names {term!r}, which stands in its title or abstract"
    return None


class Candidates:
    """The papers of a window, by what profiles leave out. For many profiles: `excluded` says the same of one."""

    def __init__(self, window: Sequence[Paper], now: datetime, finder: PaperFinder) -> None:
        self._window = tuple(window)
        self._places = {paper.id: place for place, paper in enumerate(window)}
        self._finder = finder
        self._now = now
        self._open = self._where(lambda paper: not paper.withdrawn and paper.first_seen <= now)
        self._after: dict[datetime, PaperSet] = {}
        self._terms: dict[str, PaperSet] = {}
        self._categories: dict[str, PaperSet] = {}
        self._names: dict[str, PaperSet] = {}

    def of(self, profile: Profile) -> PaperSet:
        """Those that nothing keeps from being a candidate."""
        fit = self._open & self.since(window_start(profile, self._now))
        if profile.categories:
            wanted = (*self._of_categories(profile.categories), *self._by(profile.authors))
            fit &= self._union(wanted) | self._uncategorised
        mute = profile.mute
        fit &= ~self._union(_found(self._terms, term, self._with_term) for term in mute.terms)
        fit &= ~self._union(self._of_categories(mute.categories))
        fit &= ~self._union(self._by(mute.authors))
        return fit & ~self.places(reference.id for reference in (*profile.like, *profile.dislike))

    def since(self, moment: datetime) -> PaperSet:
        """Those that were first seen after a moment."""
        return _found(self._after, moment, lambda start: self._where(lambda paper: paper.first_seen > start))

    def by_source(self, some: PaperSet) -> tuple[tuple[str, int], ...]:
        """How many of some papers each source listed, the largest first; each paper counts for the first one."""
        order = sorted(self._sources, key=lambda name: (-(some & self._sources[name]).bit_count(), name))
        counts = []
        for name in order:
            listed = some & self._sources[name]
            counts.append((name, listed.bit_count()))
            some &= ~listed
        return tuple(one for one in counts if one[1])

    def places(self, ids: Iterable[str | None]) -> PaperSet:
        """The window's papers among some ids."""
        return self._union(1 << self._places[id_] for id_ in ids if id_ in self._places)

    def _of_categories(self, names: Iterable[str]) -> Iterator[PaperSet]:
        return (_found(self._categories, name, self._of_category) for name in names)

    def _by(self, names: Iterable[str]) -> Iterator[PaperSet]:
        return (_found(self._names, name, self._finder.by_author) for name in names)

    def _with_term(self, term: str) -> PaperSet:
        """Of the papers that have its terms, those that have them as the phrase."""
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

    def _of_category(self, name: str) -> PaperSet:
        return self._where(lambda paper: bool(_in_categories(paper.categories, (name,))))

    @cached_property
    def _sources(self) -> dict[str, PaperSet]:
        listed: dict[str, PaperSet] = {}
        for place, paper in enumerate(self._window):
            for name in paper.sources:
                listed[name] = listed.get(name, 0) | 1 << place
        return listed

    @cached_property
    def _uncategorised(self) -> PaperSet:
        return self._where(lambda paper: not paper.categories)

    def _where(self, has: Callable[[Paper], bool]) -> PaperSet:
        return self._union(1 << place for place, paper in enumerate(self._window) if has(paper))

    @staticmethod
    def _union(sets: Iterable[PaperSet]) -> PaperSet:
        return reduce(or_, sets, 0)


def _found(known: dict[T, PaperSet], what: T, find: Callable[[T], PaperSet]) -> PaperSet:
    if what not in known:
        known[what] = find(what)
    return known[what]


def floor(profile: Profile) -> Threshold:
    """What a paper must reach for a profile."""
    if profile.threshold is None:
        return Threshold(relevance=0.0, fit=AUTO_FIT)
    return Threshold(relevance=profile.threshold, fit=-math.inf)


def choose(
    profile: Profile,
    followed: Iterable[RankedPaper],
    order: Iterable[RankedPaper],
    twin: TwinFinder,
    given: Sequence[Paper] = (),
) -> Choice:
    """Threshold, limit and variety over ranked candidates; no more of them are taken than it needs.

    `followed`: the candidates by a followed author. `order`: all that reach the profile's floor, best first.
    `given`: recent papers of earlier digests, which a candidate may repeat.
    """
    shown = list(followed)
    standing = [one.paper for one in shown]
    always = {paper.id for paper in standing}
    under: dict[str, tuple[Paper, ...]] = {}
    again: dict[str, Paper] = {}
    least = floor(profile)
    room = ahead = profile.limit
    for ranked in order:
        if ahead <= 0:
            break
        if ranked.paper.id in always or not reaches(least, ranked):
            continue
        if same := twin(ranked.paper, standing):
            under[same.id] = (*under.get(same.id, ()), ranked.paper)
        elif given and (before := twin(ranked.paper, given, repeated=True)):
            again[ranked.paper.id] = before
        elif room > 0:
            shown.append(ranked)
            standing.append(ranked.paper)
            room -= 1
        else:
            ahead -= 1  # what repeats a shown paper is as good as it, so not far behind
    shown.sort(key=lambda one: (-one.score, one.paper.id))
    return Choice(tuple(shown), under, again)


def decide(profile: Profile, ranked: RankedPaper, place: int, choice: Choice) -> Decision:
    """The one reason why a candidate is or is not in the digest. `place`: its rank, from 1."""
    paper = ranked.paper
    if authors := authors_among(paper, profile.authors):
        return Decision(Verdict.WOULD_BE_SENT, f"you follow {authors[0]}")
    if against := unfit(profile, ranked):
        return against
    shown = [one.paper.id for one in choice.shown]
    if paper.id in shown:
        return Decision(Verdict.WOULD_BE_SENT, f"it is number {shown.index(paper.id) + 1} in the digest")
    for one in choice.shown:
        if paper in choice.under.get(one.paper.id, ()):
            return Decision(
                Verdict.SAME_WORK, f"it is named under {one.paper.id}, which says nearly the same"
            )
    if before := choice.again.get(paper.id):
        return Decision(
            Verdict.SAME_WORK, f"it says nearly the same as {before.id}, which was in an earlier digest"
        )
    return Decision(
        Verdict.BEYOND_LIMIT, f"it is number {place}, and the digest holds {profile.limit} (limit)"
    )


def everything_that_matches(order: Iterable[RankedPaper]) -> tuple[RankedPaper, ...]:
    """All candidates that anything speaks for, past threshold and limit (`preview --all`)."""
    return tuple(ranked for ranked in order if ranked.matches)


def reaches(least: Threshold, ranked: RankedPaper) -> bool:
    """Whether a candidate is good enough to be shown."""
    return (
        ranked.matches
        and ranked.relevance >= least.relevance
        and ranked.fit >= least.fit
        and ranked.score > 0
    )


def unfit(profile: Profile, ranked: RankedPaper) -> Decision | None:
    """What keeps a candidate out whatever the room, unless its author is followed."""
    least = floor(profile)
    if reaches(least, ranked):
        return None
    if not ranked.matches:
        return Decision(Verdict.NO_MATCH, "nothing that the profile looks for is in it")
    if ranked.relevance < least.relevance:
        told = f"its relevance {ranked.relevance:.1f} is under the threshold {least.relevance:g}"
    elif ranked.fit < least.fit:
        what = f"the interest {ranked.interest!r}" if ranked.interest else "the profile"
        told = f"it fits {what} to {ranked.fit:.0%} only, and the threshold auto asks for {AUTO_FIT:.0%}"
    elif profile.trending == 1:
        told = "it has no votes, and nothing else counts (trending: 1)"
    else:
        told = "nothing is left of its score: what is avoided or disliked outweighs what matches"
    return Decision(Verdict.BELOW_THRESHOLD, told)


def _category_decision(profile: Profile, paper: Paper) -> Decision | None:
    if not profile.categories or not paper.categories or authors_among(paper, profile.authors):
        return None
    if _in_categories(paper.categories, profile.categories):
        return None
    return Decision(
        Verdict.CATEGORY, f"it is in {', '.join(paper.categories)}; the profile wants only others"
    )


def _in_categories(has: Iterable[str], named: Sequence[str]) -> list[str]:
    """Those of a paper's categories that a profile names; a bare archive names all of its own: `cs` `cs.LG`."""
    return sorted({one for one in has for name in named if one == name or one.startswith(f"{name}.")})
