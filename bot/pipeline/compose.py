"""From stored papers to digests: candidates, ranking, choice, and the edition that fixes them."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from bot.digest import (
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
    unfit,
    window_start,
)
from bot.digests.model import Digest, News, Past, ScoredPaper
from bot.outgoing import Edition, Part
from bot.papers.identity import paper_id
from bot.papers.model import Counted, Paper, SourceState
from bot.papers.names import names_on
from bot.ports import Channel
from bot.profiles.model import Profile, Subscription
from bot.profiles.references import as_stored, reference_key
from bot.ranking.base import MakeModel, Order
from bot.ranking.model import PaperSet, Ranked
from bot.text.plain import said_once

#: Papers whose document frequencies count, and papers that relevance is measured against (the contract asks
#: for at least 2,000 of the latter). Fixed samples bound the work; all are taken when there are fewer.
ARCHIVE_SAMPLE = 5000
BACKGROUND_SAMPLE = 2000
BACKGROUND_DAYS = 90
#: A source that has not answered for longer than a night is worth telling.
STALE = timedelta(days=2)
#: A digest with less than this part of its limit is short, and says why.
SHORT = 0.5
NOTHING_BEFORE = Past()
#: What a reader has no use for in a failure; `status` has it.
_ADDRESS = re.compile(r"https?://\S+?: ")
ARXIV_RESTS = (5, 6)  #: as in datetime.weekday()


class Archive(Protocol):
    """What composing needs of the stored papers."""

    def window(self, since: datetime, until: datetime) -> tuple[Counted, ...]: ...

    def sample(self, size: int, until: datetime, since: datetime | None = None) -> tuple[Counted, ...]: ...

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]: ...

    def counted(self, ids: Iterable[str]) -> tuple[Counted, ...]: ...

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


class Desk:
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
        self._profiles = {profile.id: as_stored(profile, stored) for profile in profiles}
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
        past: Past = NOTHING_BEFORE,
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

    def _news(self, profile: Profile, left: PaperSet, past: Past) -> News:
        """What is new for a profile, among the candidates that are `left`."""
        start, on = window_start(profile, self._now), None
        if past.made and past.made > start:
            start, on = past.made, past.on
        new = left & self._candidates.since(start)
        return News(new.bit_count(), on, profile.window, self._candidates.by_source(new))

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
        return said_once(why, self._troubles or _weekend(digest))

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
        read = paper_id(key)
        return self._archive.get(read[0] if read else key)

    def _choice(self, profile: Profile, order: Order, given: frozenset[str]) -> Choice:
        start = window_start(profile, self._now)  # another profile's window may reach further back
        seen = (self._window[id_].paper for id_ in sorted(given) if id_ in self._window)
        earlier = [paper for paper in seen if paper.first_seen > start]
        best = order.best_first(floor(profile))
        return choose(profile, order.followed(), best, self._model.twin, earlier)

    def _order(self, profile: Profile, given: frozenset[str]) -> tuple[Order, PaperSet]:
        """The candidates that a subscription has not been given, and their order."""
        known = self._profiles[profile.id]
        left = self._candidates.of(known) & ~self._candidates.places(given)
        return self._model.rank(known, left), left


def _scored(profile: Profile, ranked: Ranked, order: Order, also: tuple[Paper, ...] = ()) -> ScoredPaper:
    reasons = order.reasons(ranked.paper)
    return ScoredPaper(
        paper=ranked.paper,
        score=math.fsum(reason.weight for reason in reasons),
        relevance=ranked.relevance,
        reasons=reasons,
        followed=names_on(ranked.paper, profile.authors),
        interest=ranked.interest if ranked.fit >= AUTO_FIT else "",  # else it only shares words with it
        also=also,
    )


def _why_short(profile: Profile, digest: Digest) -> str:
    days = "the last day" if profile.window == 1 else f"the last {profile.window} days"
    if digest.candidates <= len(digest.ids):
        return f"there is nothing else of {days}"
    return f"nothing else of {days} reaches your threshold"


def _weekend(digest: Digest) -> str:
    """arXiv's calendar: https://info.arxiv.org/help/availability.html."""
    is_off = digest.on.weekday() in ARXIV_RESTS and not any(
        name == "arxiv" for name, _ in digest.news.sources
    )
    return "arXiv announces nothing on Saturdays and Sundays" if is_off else ""


def _why_quiet(profile: Profile, candidates: int, best: Ranked | None) -> str:
    if not best:
        return (
            "no new papers in the window"
            if profile.window == 1
            else f"no new papers in the last {profile.window} days"
        )
    against = unfit(profile, best)
    if not against:
        return f"all of {candidates} new papers repeat what earlier digests had, or do not fit"
    if against.verdict is Verdict.NO_MATCH:
        return f"none of {candidates} new papers has anything that the profile looks for"
    return f"none of {candidates} new papers is fit; of the best: {against.why}"


def source_troubles(states: Sequence[SourceState], now: datetime) -> str:
    """What is the matter with the sources, so that a quiet day is told apart from a holiday, a stale feed and a
    failure; nothing when all is well.
    """
    known = [s for s in states if s.last_attempt is None or s.last_attempt <= now]
    names: dict[str, list[str]] = {}
    for state in known:
        if state.state in ("failed", "partial", "empty") and state.why:
            names.setdefault(_ADDRESS.sub("", state.why), []).append(state.name)
    told = [f"{' and '.join(some)}: {why}" for why, some in names.items()]
    stale = (s for s in states if s.last_success and now - s.last_success > STALE)
    told += [f"{s.name} last answered {s.last_success:%Y-%m-%d}" for s in stale]
    return "; ".join(told)


# --- Editions ---------------------------------------------------------------------------------------------


class EditionStore(Protocol):
    """What composing needs of the outbox."""

    def add(
        self,
        edition: Edition,
        made: datetime,
        digest: dict[str, Any],
        papers: Iterable[str],
        parts: Sequence[Part],
        blind: int = 0,
    ) -> bool: ...


def store_edition(outbox: EditionStore, subscription: Subscription, digest: Digest, channel: Channel) -> bool:
    """Render a digest and fix it as the subscription's edition. False when its date has one already."""
    token = secrets.token_hex(8)
    parts = channel.render(digest, token, subscription.target) if digest.papers else ()
    edition = Edition(
        id=token,
        subscription=subscription.key,
        profile=subscription.profile,
        channel=subscription.channel,
        target=subscription.target,
        on=digest.on,
        papers=len(digest.papers),
        candidates=digest.candidates,
        why="" if digest.papers else digest.why,
    )
    blind = int(subscription.resend_uncertain and not channel.finds)
    return outbox.add(edition, digest.made, as_json(digest), digest.ids, parts, blind)


def as_json(digest: Digest) -> dict[str, Any]:
    """A digest as a JSON document: dates as ISO text."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(one) for one in value]
        return value.isoformat() if isinstance(value, date) else value

    document: dict[str, Any] = plain(asdict(digest))
    return document
