"""From stored papers to digests: candidates, ranking, choice, and the edition that fixes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from bot.digests.model import Digest, History, NewPaperCounts, ScoredPaper
from bot.digests.selection import (
    AUTO_FIT,
    Candidates,
    Choice,
    Decision,
    Verdict,
    choose,
    decide,
    everything_that_matches,
    excluded,
    floor,
    window_start,
)
from bot.digests.wording import _weekend, _why_quiet, _why_short
from bot.papers.identity import parse_paper_id
from bot.papers.model import CountedPaper, Paper
from bot.papers.names import authors_among
from bot.profiles.model import Profile
from bot.profiles.references import reference_key, resolve_references
from bot.ranking.base import MakeModel, Order
from bot.ranking.model import PaperSet, RankedPaper
from bot.text.plain import join_distinct

#: Papers whose document frequencies count, and papers that relevance is measured against (the contract asks
#: for at least 2,000 of the latter). Fixed samples bound the work; all are taken when there are fewer.
ARCHIVE_SAMPLE = 5000
BACKGROUND_SAMPLE = 2000
BACKGROUND_DAYS = 90
#: A digest with less than this part of its limit is short, and says why.
SHORT = 0.5
NOTHING_BEFORE = History()


class Archive(Protocol):
    """What composing needs of the stored papers."""

    def window(self, since: datetime, until: datetime) -> tuple[CountedPaper, ...]: ...

    def sample(
        self, size: int, until: datetime, since: datetime | None = None
    ) -> tuple[CountedPaper, ...]: ...

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]: ...

    def counted(self, ids: Iterable[str]) -> tuple[CountedPaper, ...]: ...

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]: ...

    def get(self, key: str) -> Paper | None: ...


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one paper for one profile."""

    paper: Paper | None
    scored: ScoredPaper | None
    rank: int | None  #: among the candidates, from 1
    candidates: int
    decision: Decision


class DigestComposer:
    """Composes at one moment: the window's papers and the model are got once, for all its profiles.

    `asked`: papers to explain, by any of their keys, whatever the window. `troubles`: what is the matter with the
    sources, for digests that are short of papers.
    """

    def __init__(
        self,
        archive: Archive,
        make_model: MakeModel,
        profiles: Sequence[Profile],
        now: datetime,
        asked: Sequence[str] = (),
        troubles: str = "",
    ) -> None:
        self._archive = archive
        self._now = now
        self._troubles = troubles
        background = archive.sample(BACKGROUND_SAMPLE, now, now - timedelta(days=BACKGROUND_DAYS))
        named = (r for p in profiles for r in (*p.like, *p.dislike))
        stored = archive.by_keys(key for r in named if (key := reference_key(r)))
        self._profiles = {profile.id: resolve_references(profile, stored) for profile in profiles}
        counted = {one.paper.id: one for one in archive.counted(paper.id for paper in stored.values())}
        days = max((profile.window for profile in profiles), default=0)
        also = archive.counted(paper.id for key in asked if (paper := self._find(key)))
        papers = (*archive.window(now - timedelta(days=days), now), *also)
        self._window = {one.paper.id: one for one in papers}
        counts = archive.sampled_counts(ARCHIVE_SAMPLE, now)
        window = tuple(self._window.values())
        self._model = make_model(counts, background, window, list(self._profiles.values()), counted)
        self._candidates = Candidates([one.paper for one in window], now, self._model)

    def compose(
        self,
        profile: Profile,
        on: date,
        past: History = NOTHING_BEFORE,
        *,
        weekly: bool = False,
        everything: bool = False,
    ) -> Digest:
        """A profile's digest for a local date.

        `past`: what its subscription had. `weekly`: it comes once a week. `everything`: past threshold and limit.
        """
        order, left = self._order(profile, past.given)
        if everything:
            choice = Choice(everything_that_matches(order.best_first()), {}, {})
        else:
            choice = self._choice(profile, order, past.given)
        papers = (_scored(profile, one, order, choice.under.get(one.paper.id, ())) for one in choice.shown)
        lately = past.lately if weekly else {}
        digest = Digest(
            profile=profile.id,
            on=on,
            timezone=profile.timezone,
            made=self._now,
            papers=tuple(replace(one, sent=lately.get(one.paper.id)) for one in papers),
            candidates=left.bit_count(),
            news=self._news(profile, left, past),
            weekly=weekly,
        )
        earlier = self._best(profile, lately.keys() - set(digest.ids))
        return replace(digest, why=self._why(profile, digest, order), earlier=earlier)

    def _news(self, profile: Profile, left: PaperSet, past: History) -> NewPaperCounts:
        """What is new for a profile, among the candidates that are `left`."""
        start, on = window_start(profile, self._now), None
        if past.made and past.made > start:
            start, on = past.made, past.on
        new = left & self._candidates.since(start)
        return NewPaperCounts(new.bit_count(), on, profile.window, self._candidates.by_source(new))

    def _best(self, profile: Profile, ids: Iterable[str]) -> tuple[Paper, ...]:
        """Those of the window among some papers, best first."""
        some = self._candidates.places(ids)
        ranked = self._model.rank(self._profiles[profile.id], some).best_first() if some else ()
        return tuple(one.paper for one in ranked)

    def _why(self, profile: Profile, digest: Digest, order: Order) -> str:
        """Why a digest is short or empty; nothing for any other."""
        if not digest.papers:
            why = _why_quiet(profile, digest.candidates, next(order.best_first(), None))
        elif len(digest.papers) < SHORT * profile.limit:
            why = _why_short(profile, digest)
        else:
            return ""
        return join_distinct(why, self._troubles or _weekend(digest))

    def explain(self, profile: Profile, key: str, given: frozenset[str]) -> Explanation:
        """Where a paper stands for a profile and why. `key`: one of those that the desk was `asked` for."""
        order, left = self._order(profile, given)
        number = left.bit_count()
        paper = self._find(key)
        if paper is None:
            decision = Decision(Verdict.NOT_STORED, "no listing has shown it: is the id right?")
            return Explanation(None, None, None, number, decision)
        known = self._profiles[profile.id]
        against = excluded(known, paper, given, self._now)
        if against:
            alone = self._model.rank(known, self._candidates.places([paper.id]))
            scored = _scored(profile, next(alone.best_first()), alone)
            return Explanation(paper, scored, None, number, against)
        ranking = enumerate(order.best_first(), start=1)
        place, ranked = next((n, one) for n, one in ranking if one.paper.id == paper.id)
        decision = decide(profile, ranked, place, self._choice(profile, order, given))
        return Explanation(paper, _scored(profile, ranked, order), place, number, decision)

    def _find(self, key: str) -> Paper | None:
        """`key`: an id as people write them, or a title."""
        read = parse_paper_id(key)
        return self._archive.get(read[0] if read else key)

    def _choice(self, profile: Profile, order: Order, given: frozenset[str]) -> Choice:
        start = window_start(profile, self._now)  # another profile's window may reach further back
        seen = (self._window[id_].paper for id_ in sorted(given) if id_ in self._window)
        earlier = [paper for paper in seen if paper.first_seen > start]
        best = order.best_first(floor(profile))
        return choose(profile, order.by_followed_authors(), best, self._model.twin, earlier)

    def _order(self, profile: Profile, given: frozenset[str]) -> tuple[Order, PaperSet]:
        """The candidates that a subscription has not been given, and their order."""
        known = self._profiles[profile.id]
        left = self._candidates.of(known) & ~self._candidates.places(given)
        return self._model.rank(known, left), left


def _scored(profile: Profile, ranked: RankedPaper, order: Order, also: tuple[Paper, ...] = ()) -> ScoredPaper:
    reasons = order.reasons(ranked.paper)
    return ScoredPaper(
        paper=ranked.paper,
        score=math.fsum(reason.weight for reason in reasons),
        relevance=ranked.relevance,
        reasons=reasons,
        followed=authors_among(ranked.paper, profile.authors),
        interest=ranked.interest if ranked.fit >= AUTO_FIT else "",  # else it only shares words with it
        also=also,
    )


# --- Editions ---------------------------------------------------------------------------------------------
