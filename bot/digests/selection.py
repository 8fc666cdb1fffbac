"""Which ranked candidates a digest shows, and the one reason why another is not shown. Pure.

A candidate is shown when it matches the profile, reaches the threshold, and is within the limit. A paper that is
nearly the same as a better one is listed under it. Papers by followed authors are always shown, whatever their
relevance, and do not count towards the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.papers.model import Paper
from bot.papers.names import authors_among
from bot.profiles.model import Match, Profile
from bot.ranking.base import TwinFinder
from bot.ranking.model import LEAST_FIT, RankedPaper, Threshold, match_of


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
class Selection:
    """What a digest shows, and what it does not show because it is the same work as another paper."""

    shown: tuple[RankedPaper, ...]  #: best first
    similar: dict[str, tuple[Paper, ...]]  #: id of a shown paper -> the papers listed under it
    repeated: dict[
        str, Paper
    ]  #: id of a paper that is not shown -> the paper of an earlier digest that it repeats


def profile_threshold(profile: Profile) -> Threshold:
    """What a paper must reach to be shown."""
    if isinstance(profile.threshold, Match):
        return Threshold(fit=LEAST_FIT[profile.threshold])
    return Threshold(relevance=profile.threshold)


def select(
    profile: Profile,
    followed: Iterable[RankedPaper],
    order: Iterable[RankedPaper],
    twin: TwinFinder,
    earlier: Sequence[Paper] = (),
) -> Selection:
    """Apply threshold, limit and variety to ranked candidates; `order` is consumed only as far as needed.

    `followed`: the candidates by a followed author. `order`: those that reach the threshold (`Order.in_turn`).
    `earlier`: recent papers of earlier digests, which a candidate may repeat.
    """
    shown = list(followed)
    leaders = [ranked.paper for ranked in shown]
    always = {paper.id for paper in leaders}
    similar: dict[str, tuple[Paper, ...]] = {}
    repeated: dict[str, Paper] = {}
    threshold = profile_threshold(profile)
    room = ahead = profile.limit
    for ranked in order:
        if ahead <= 0:
            break
        if ranked.paper.id in always or not reaches(threshold, ranked):
            continue
        if leader := twin(ranked.paper, leaders):
            similar[leader.id] = (*similar.get(leader.id, ()), ranked.paper)
        elif earlier and (before := twin(ranked.paper, earlier, repeated=True)):
            repeated[ranked.paper.id] = before
        elif room > 0:
            shown.append(ranked)
            leaders.append(ranked.paper)
            room -= 1
        else:
            ahead -= 1  # a twin of a shown paper scores nearly the same, so it is not far behind
    shown.sort(key=lambda ranked: (-ranked.score, ranked.paper.id))
    return Selection(tuple(shown), similar, repeated)


def decision_for(profile: Profile, ranked: RankedPaper, rank: int, selection: Selection) -> Decision:
    """The one reason why a candidate is or is not in the digest. `rank`: from 1."""
    paper = ranked.paper
    if authors := authors_among(paper, profile.authors):
        return Decision(Verdict.WOULD_BE_SENT, f"you follow {authors[0]}")
    if rejected := rejection_reason(profile, ranked):
        return rejected
    shown = [one.paper.id for one in selection.shown]
    if paper.id in shown:
        return Decision(Verdict.WOULD_BE_SENT, "it is in the digest")
    for leader, papers in selection.similar.items():
        if paper in papers:
            return Decision(Verdict.SAME_WORK, f"it is listed under {leader}, which is nearly the same")
    if before := selection.repeated.get(paper.id):
        why = f"it is nearly the same as {before.id}, which was in an earlier digest"
        return Decision(Verdict.SAME_WORK, why)
    why = f"it is number {rank}, beyond the limit of {profile.limit}"
    return Decision(Verdict.BEYOND_LIMIT, why)


def all_matches(order: Iterable[RankedPaper]) -> tuple[RankedPaper, ...]:
    """All candidates that match, whatever the threshold and the limit (`preview --all`)."""
    return tuple(ranked for ranked in order if ranked.matches)


def reaches(threshold: Threshold, ranked: RankedPaper) -> bool:
    """Whether a candidate is good enough to be shown."""
    return (
        ranked.matches
        and ranked.relevance >= threshold.relevance
        and ranked.fit >= threshold.fit
        and ranked.score > 0
    )


def rejection_reason(profile: Profile, ranked: RankedPaper) -> Decision | None:
    """Why a candidate is not good enough, unless its author is followed; None when it is."""
    threshold = profile_threshold(profile)
    if reaches(threshold, ranked):
        return None
    if not ranked.matches:
        why = "it has nothing that the profile looks for"
        if profile.like:
            why = "it has no words of the profile, and no more in common with the liked papers than most"
        return Decision(Verdict.NO_MATCH, why)
    if ranked.score <= 0:
        why = "its score is not above 0: what lowers it outweighs what matches"
        if profile.trending == 1:
            why = "it has no votes, and only votes count (trending: 1)"
    elif ranked.relevance < threshold.relevance:
        why = f"its relevance {ranked.relevance:.1f} is below the threshold {threshold.relevance:g}"
    else:
        match = match_of(ranked.fit)
        found = f"its match is {match}" if match else "it matches too little"
        why = f"{found}; the threshold asks for {profile.threshold}"
    return Decision(Verdict.BELOW_THRESHOLD, why)
