"""Choosing: which papers a profile's digest shows, and the one reason why any other is not in it. Pure.

A paper is shown when nothing speaks against it (it is withdrawn, liked already, muted, of another category,
given before, outside the window), something speaks for it, its relevance reaches the threshold, and there is
room. Papers by followed authors are always shown, whatever their category and relevance, and take no one's
place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.identity import names_on
from bot.model import Paper, Profile, Ranked
from bot.ranking.terms import contains

#: `threshold: auto`: a paper must be among the fifth of the last 90 days that suits the profile best.
AUTO_THRESHOLD = 80.0
#: Among so few papers a share says little: up to the first, `auto` asks for none; from the second on, for all.
FEW, ENOUGH = 20, 100


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
    """What became of every candidate, in rank order."""

    shown: tuple[Ranked, ...]
    decisions: dict[str, Decision]  #: paper id -> decision, for all that were ranked


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
    if authors := names_on(paper, mute.authors):
        return f"mute names its author {authors[0]}"
    if categories := _in_categories(paper.categories, mute.categories):
        return f"mute names its category {categories[0]}"
    if mute.terms and (term := contains((paper.title, paper.abstract), mute.terms)):
        return f"mute names {term!r}, which stands in its title or abstract"
    return None


def auto_threshold(background: int) -> float:
    """What `threshold: auto` asks for when relevance is measured against so many papers.

    >>> auto_threshold(3), auto_threshold(60), auto_threshold(2000)
    (0.0, 40.0, 80.0)
    """
    return AUTO_THRESHOLD * min(max(background - FEW, 0) / (ENOUGH - FEW), 1.0)


def choose(profile: Profile, order: Sequence[Ranked], auto: float = AUTO_THRESHOLD) -> Choice:
    """Threshold and limit over ranked candidates. `auto`: the relevance that `threshold: auto` asks for."""
    shown: list[Ranked] = []
    decisions: dict[str, Decision] = {}
    room = profile.limit
    for place, ranked in enumerate(order, start=1):
        decision = _decide(profile, ranked, room, place, auto)
        decisions[ranked.paper.id] = decision
        if decision.verdict is Verdict.WOULD_BE_SENT:
            shown.append(ranked)
            room -= not names_on(ranked.paper, profile.authors)
    return Choice(tuple(shown), decisions)


def everything_that_matches(order: Iterable[Ranked]) -> tuple[Ranked, ...]:
    """All candidates that anything speaks for, past threshold and limit (`preview --all`)."""
    return tuple(ranked for ranked in order if ranked.matches)


def _decide(profile: Profile, ranked: Ranked, room: int, place: int, auto: float) -> Decision:
    if authors := names_on(ranked.paper, profile.authors):
        return Decision(Verdict.WOULD_BE_SENT, f"you follow {authors[0]}")
    if not ranked.matches:
        return Decision(Verdict.NO_MATCH, "no term of the profile occurs in it")
    threshold = auto if profile.threshold is None else profile.threshold
    if ranked.relevance < threshold:
        limit = f"{threshold:g}{' (auto)' if profile.threshold is None else ''}"
        return Decision(
            Verdict.BELOW_THRESHOLD, f"its relevance {ranked.relevance:.1f} is under the threshold {limit}"
        )
    if ranked.score <= 0:
        return Decision(Verdict.BELOW_THRESHOLD, "what is avoided or disliked outweighs what matches")
    if room <= 0:
        return Decision(
            Verdict.BEYOND_LIMIT, f"it is number {place}, and the digest holds {profile.limit} (limit)"
        )
    return Decision(Verdict.WOULD_BE_SENT, f"it is number {place} for this profile")


def _category_decision(profile: Profile, paper: Paper) -> Decision | None:
    if not profile.categories or not paper.categories or names_on(paper, profile.authors):
        return None
    if _in_categories(paper.categories, profile.categories):
        return None
    return Decision(
        Verdict.CATEGORY, f"it is in {', '.join(paper.categories)}; the profile wants only others"
    )


def _in_categories(has: Iterable[str], named: Sequence[str]) -> list[str]:
    """Those of a paper's categories that a profile names; a bare archive names all of its own: `cs` `cs.LG`."""
    return sorted({one for one in has for name in named if one == name or one.startswith(f"{name}.")})
