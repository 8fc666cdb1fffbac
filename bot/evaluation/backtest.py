"""The digests that profiles would have had on past days, and what their readers would have liked of them.

A digest has the papers that `send --on DATE` would have given a receiver who was given nothing before the first date
and gets this profile only. Every subscription of a profile has the same papers, also a weekly one. Pure but for
`compose`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple, TypeAlias

from bot.clock import Moment, parse_when
from bot.digests.composer import NO_HISTORY, DigestComposer
from bot.digests.model import Digest, History
from bot.papers.model import Paper
from bot.profiles.model import Profile
from bot.profiles.references import stored_paper

#: Called once a date, with the profiles of that date and its end.
Compose: TypeAlias = Callable[[Sequence[Profile], Moment], DigestComposer]


@dataclass(frozen=True, slots=True)
class Judged:
    """A liked or disliked paper, and whether the digest of the day when it was first seen would have had it."""

    paper: Paper
    on: date
    liked: bool
    shown: bool  #: on its own or under another paper
    why: str  #: why it would or would not have been shown: one sentence


@dataclass(frozen=True, slots=True)
class Backtest:
    """The digests of a profile, and how they agree with what its reader likes and dislikes."""

    digests: tuple[Digest, ...]  #: one a date, oldest first, quiet ones included
    judged: tuple[Judged, ...]  #: the liked and disliked papers that were first seen on these dates, by date

    @property
    def precision(self) -> float | None:
        """The share of liked papers among the judged ones that would have been shown; None if there are none."""
        shown = [one.liked for one in self.judged if one.shown]
        return sum(shown) / len(shown) if shown else None

    @property
    def missed(self) -> tuple[Judged, ...]:
        """The liked papers that would not have been shown."""
        return tuple(one for one in self.judged if one.liked and not one.shown)


def backtest(profiles: Sequence[Profile], dates: Iterable[date], compose: Compose) -> dict[str, list[Digest]]:
    """Each profile's digests by its id, one a date, oldest first, quiet ones included."""
    digests: dict[str, list[Digest]] = {profile.id: [] for profile in profiles}
    for composed in _replay(lambda day: profiles, dates, compose):
        digests[composed.profile.id].append(composed.digest)
    return digests


def judged_backtest(
    profile: Profile, stored: Mapping[str, Paper], dates: Sequence[date], compose: Compose
) -> Backtest:
    """A profile's digests, and what would have become of the papers that it likes and dislikes.

    A paper that a profile names is not in its digests. So a second version of the profile is composed for: on each
    date it names only the papers of earlier dates, as its reader did not know the new ones yet. Of the papers that
    readers have answered, the profile itself has only those of earlier dates. `stored`: the papers that the profile
    names, by `reference_keys`.
    """
    named: dict[date, dict[str, tuple[Paper, bool]]] = {day: {} for day in sorted(dates)}
    for references, liked in ((profile.dislike, False), (profile.like, True)):
        for reference in references:
            paper = stored_paper(reference, stored)
            if paper and paper.first_seen.date() in named:
                named[paper.first_seen.date()][paper.id] = (paper, liked)

    def versions(day: date) -> Sequence[Profile]:
        own = _as_known_before(profile, stored, day, answered_only=True)
        known = replace(_as_known_before(profile, stored, day), id=f"{profile.id} as known before")
        return (own, known) if any(named.values()) else (own,)

    digests: list[Digest] = []
    judged: list[Judged] = []
    for composer, version, history, digest in _replay(versions, dates, compose):
        if version.id == profile.id:
            digests.append(digest)
            continue
        for paper, liked in named[digest.on].values():
            decision = composer.explain(version, paper, history).decision
            judged.append(Judged(paper, digest.on, liked, paper.id in digest.ids, decision.why))
    return Backtest(tuple(digests), tuple(judged))


def _as_known_before(
    profile: Profile, stored: Mapping[str, Paper], day: date, *, answered_only: bool = False
) -> Profile:
    """The profile without the papers, or those that were answered, that were first seen on a day or later."""
    like, dislike = (
        tuple(
            reference
            for reference in references
            if (answered_only and not reference.answered)
            or not (paper := stored_paper(reference, stored))
            or paper.first_seen.date() < day
        )
        for references in (profile.like, profile.dislike)
    )
    return replace(profile, like=like, dislike=dislike)


class _Composed(NamedTuple):
    composer: DigestComposer
    profile: Profile
    history: History  #: that the digest was composed with
    digest: Digest


def _replay(
    profiles_on: Callable[[date], Sequence[Profile]], dates: Iterable[date], compose: Compose
) -> Iterator[_Composed]:
    """Compose for each date and each of its profiles, which have the same ids on all dates."""
    histories: dict[str, History] = {}
    for day in sorted(dates):
        profiles = profiles_on(day)
        composer = compose(profiles, parse_when(day.isoformat()))
        for profile in profiles:
            history = histories.get(profile.id, NO_HISTORY)
            digest = composer.compose(profile, day, history)
            yield _Composed(composer, profile, history, digest)
            if digest.papers:
                histories[profile.id] = History(history.given | set(digest.ids), day, digest.made)
