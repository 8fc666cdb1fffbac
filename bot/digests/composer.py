"""Digests, and explanations of single papers, from a corpus and a ranking model. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from bot.digests.candidates import Candidates, exclusion_reason, window_start
from bot.digests.catch_up import is_catch_up
from bot.digests.corpus import Corpus
from bot.digests.day import Day, day_of
from bot.digests.model import Digest, History, LeftOut, NewPaperCounts, ScoredPaper
from bot.digests.selection import (
    Decision,
    Selection,
    Verdict,
    all_matches,
    decision_for,
    profile_threshold,
    select,
)
from bot.digests.wording import (
    NO_PAPERS,
    closest_title,
    day_reason,
    gap_text,
    late_text,
    outage_text,
    outside_reason,
    quiet_reason,
    short_reason,
)
from bot.papers.calendar import ArxivCalendar
from bot.papers.model import Paper
from bot.papers.names import authors_among
from bot.profiles.model import Match, Mute, Profile
from bot.ranking.base import Order, RankingModel
from bot.ranking.model import LEAST_FIT, PaperSet, RankedPaper, Threshold
from bot.text.plain import join_distinct

#: A digest with less than this share of its limit says why it is short.
SHORT = 0.5
_STRONG, _PARTIAL = (Threshold(fit=LEAST_FIT[match]) for match in (Match.STRONG, Match.PARTIAL))
NO_HISTORY = History()


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a paper ranks for a profile, and why it is or is not in the digest."""

    paper: Paper | None
    scored: ScoredPaper | None
    rank: int | None  #: from 1; None when it is not a candidate
    candidates: int
    decision: Decision


class DigestComposer:
    """Composes the digests of one moment for all profiles of a corpus.

    `day`: what the sources did; without it, only the calendar is known.
    """

    def __init__(self, corpus: Corpus, model: RankingModel, day: Day | None = None) -> None:
        self._corpus = corpus
        self._model = model
        self._day = day or day_of((), ArxivCalendar(), corpus.now)
        papers = [counted.paper for counted in corpus.window]
        self._papers = {paper.id: paper for paper in papers}
        self._candidates = Candidates(papers, corpus.now, model)

    def compose(
        self,
        profile: Profile,
        on: date,
        history: History = NO_HISTORY,
        *,
        weekly: bool = False,
        everything: bool = False,
    ) -> Digest:
        """A profile's digest for a local date.

        `history`: of its subscription. `weekly`: the subscription has one delivery a week. `everything`: all
        matches, whatever the threshold and the limit.
        """
        if everything:
            history = replace(history, made=None)  # also what the last digest passed over
        order, candidates = self._rank(profile, history)
        if everything:
            selection = Selection(all_matches(_in_turn(profile, order)), {}, {})
        else:
            selection = self._select(profile, order, history.given)
        left_out, best_outside = LeftOut(), None
        if not everything:
            left_out, best_outside = self._left_out(profile, history, order, candidates, selection)
        last_week = history.last_week if weekly else {}
        papers = tuple(
            replace(
                _scored(profile, ranked, order),
                also=selection.similar.get(ranked.paper.id, ()),
                sent=last_week.get(ranked.paper.id),
            )
            for ranked in selection.shown
        )
        digest = Digest(
            profile=profile.id,
            on=on,
            timezone=profile.timezone,
            made=self._corpus.now,
            papers=papers,
            candidates=candidates.bit_count(),
            news=self._count_new(profile, candidates, history),
            weekly=weekly,
            left_out=left_out,
            best_outside=best_outside,
        )
        earlier = self._best_first(profile, last_week.keys() - set(digest.ids))
        digest = replace(digest, why=self._why(profile, digest, order, history), earlier=earlier)
        if papers:
            return digest
        best = next(order.best_first(), None)
        return replace(digest, awaits=self._day.awaits, closest=closest_title(profile, best))

    def _left_out(
        self, profile: Profile, history: History, order: Order, candidates: PaperSet, selection: Selection
    ) -> tuple[LeftOut, Paper | None]:
        """What a digest leaves out, and the best strong match outside the profile's categories."""
        resolved, floor = self._corpus.profiles[profile.id], profile_threshold(profile)
        any_category = self._candidates.of(replace(resolved, categories=()))
        any_text = self._candidates.of(replace(resolved, mute=Mute()))
        outside = order.among(self._after(history, any_category) & ~candidates)
        muted = order.among(self._after(history, any_text) & ~candidates)
        listed = (paper.id for papers in selection.similar.values() for paper in papers)
        shown = (*(ranked.paper.id for ranked in selection.shown), *listed, *selection.repeated)
        others = order.among(candidates & ~self._candidates.positions(shown))
        beyond_limit = others.count(floor)
        best = next(outside.in_turn(_STRONG, limit=1), None)
        left_out = LeftOut(
            categories=outside.count(floor),
            muted=muted.count(floor),
            limit=beyond_limit,
            threshold=max(0, others.count(_PARTIAL) - beyond_limit),
        )
        return left_out, best.paper if best else None

    def _count_new(self, profile: Profile, candidates: PaperSet, history: History) -> NewPaperCounts:
        start, on = window_start(profile, self._corpus.now), None
        if history.made and history.made > start:
            start, on = history.made, history.on
        new = candidates & self._candidates.since(start)
        sources = self._candidates.by_source(new)
        return NewPaperCounts(new.bit_count(), on, profile.window, sources, is_catch_up(profile, history))

    def _best_first(self, profile: Profile, ids: Iterable[str]) -> tuple[Paper, ...]:
        """The papers of the window that have these ids, best first."""
        papers = self._candidates.positions(ids)
        order = self._model.rank(self._corpus.profiles[profile.id], papers).best_first() if papers else ()
        return tuple(ranked.paper for ranked in order)

    def _why(self, profile: Profile, digest: Digest, order: Order, history: History) -> str:
        """Why a digest is short or empty, and which sources it went without, a full one too."""
        late = join_distinct(*filter(None, (gap_text(profile, digest, history), late_text(self._day))))
        day = day_reason(self._day, digest)
        if not self._corpus.counts and not self._papers:
            return join_distinct(NO_PAPERS, late, day)
        if not digest.papers:
            why = quiet_reason(profile, digest, next(order.best_first(), None))
        elif len(digest.papers) < SHORT * profile.limit:
            why = short_reason(digest)
        else:
            return join_distinct(late, outage_text(self._day, digest.timezone))
        return join_distinct(why, outside_reason(digest), late, day)

    def explain(
        self, profile: Profile, paper: Paper | None, history: History, given: frozenset[str] = frozenset()
    ) -> Explanation:
        """The rank and the decision of one paper for a profile.

        `paper`: one of the papers that the corpus was loaded to explain; None when it is not stored. `history`: of
        all the profile's subscriptions before the day, so that the day's digest is explained as it was chosen.
        `given`: ids of the papers that the receivers have been given, on the day, too.
        """
        order, candidates = self._rank(profile, history)
        number = candidates.bit_count()
        if paper is None:
            decision = Decision(Verdict.NOT_STORED, "no source has listed it: check the id")
            return Explanation(None, None, None, number, decision)
        resolved = self._corpus.profiles[profile.id]
        with_today = replace(history, given=history.given | given)
        if excluded := exclusion_reason(resolved, paper, with_today, self._corpus.now):
            alone = self._model.rank(resolved, self._candidates.positions([paper.id]))
            scored = _scored(profile, next(alone.best_first()), alone)
            return Explanation(paper, scored, None, number, excluded)
        ranking = enumerate(_in_turn(profile, order), start=1)
        rank, ranked = next((n, ranked) for n, ranked in ranking if ranked.paper.id == paper.id)
        decision = decision_for(profile, ranked, rank, self._select(profile, order, history.given))
        return Explanation(paper, _scored(profile, ranked, order), rank, number, decision)

    def _select(self, profile: Profile, order: Order, given: frozenset[str]) -> Selection:
        start = window_start(profile, self._corpus.now)  # another profile's window may begin earlier
        known = (self._papers[id_] for id_ in sorted(given) if id_ in self._papers)
        earlier = [paper for paper in known if paper.first_seen > start]
        best = order.in_turn(profile_threshold(profile), profile.limit)
        return select(profile, order.by_followed_authors(), best, self._model.twin, earlier)

    def _rank(self, profile: Profile, history: History) -> tuple[Order, PaperSet]:
        """The candidates after a history, ranked and as a set."""
        resolved = self._corpus.profiles[profile.id]
        candidates = self._after(history, self._candidates.of(resolved))
        return self._model.rank(resolved, candidates), candidates

    def _after(self, history: History, papers: PaperSet) -> PaperSet:
        """The papers of a set that a history leaves."""
        papers &= ~self._candidates.positions(history.given)
        return papers & self._candidates.since(history.made) if history.made else papers


def _in_turn(profile: Profile, order: Order) -> Iterator[RankedPaper]:
    """All candidates as a digest takes them."""
    return order.in_turn(profile_threshold(profile), profile.limit, rest=True)


def _scored(profile: Profile, ranked: RankedPaper, order: Order) -> ScoredPaper:
    reasons = order.reasons(ranked.paper)
    return ScoredPaper(
        paper=ranked.paper,
        score=math.fsum(reason.weight for reason in reasons),
        relevance=ranked.relevance,
        reasons=reasons,
        followed=authors_among(ranked.paper, profile.authors),
        interest=ranked.interest,
        fit=ranked.fit,
    )
