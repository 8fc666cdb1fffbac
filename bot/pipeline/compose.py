"""From stored papers to digests: candidates, ranking, choice, and the edition that fixes them."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from bot.digest import (
    Choice,
    Decision,
    Verdict,
    auto_threshold,
    choose,
    everything_that_matches,
    excluded,
    window_start,
)
from bot.identity import names_on, paper_id, title_key
from bot.model import (
    Digest,
    Edition,
    Paper,
    Part,
    Profile,
    Ranked,
    Reason,
    Reference,
    ScoredPaper,
    SourceState,
    Subscription,
)
from bot.ports import Channel

#: Papers whose document frequencies count, and papers that relevance is measured against (the contract asks
#: for at least 2,000 of the latter). Fixed samples bound the work; all are taken when there are fewer.
ARCHIVE_SAMPLE = 2500
BACKGROUND_SAMPLE = 2000
BACKGROUND_DAYS = 90
#: A source that has not answered for longer than a night is worth telling.
STALE = timedelta(days=2)


class Archive(Protocol):
    """What composing needs of the stored papers."""

    def first_seen(self, since: datetime, until: datetime) -> tuple[Paper, ...]: ...

    def sample(self, size: int, until: datetime, since: datetime | None = None) -> tuple[Paper, ...]: ...

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]: ...

    def get(self, key: str) -> Paper | None: ...


class Order(Protocol):
    """Papers in one profile's order."""

    order: tuple[Ranked, ...]

    def reasons(self, paper: Paper) -> tuple[Reason, ...]: ...


class Model(Protocol):
    """What ranks papers for profiles."""

    def rank(self, profile: Profile, papers: Sequence[Paper]) -> Order: ...


#: (archive, background, profiles, liked papers by id) -> a model
MakeModel = Callable[
    [Sequence[Paper], Sequence[Paper], Sequence[Profile], Mapping[str, Paper]],
    Model,
]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one paper for one profile."""

    paper: Paper | None
    scored: ScoredPaper | None
    rank: int | None  #: among the candidates, from 1
    candidates: int
    decision: Decision


class Desk:
    """Composes at one moment: the window's papers and the model are got once, for all its profiles."""

    def __init__(
        self, archive: Archive, make_model: MakeModel, profiles: Sequence[Profile], now: datetime
    ) -> None:
        self._archive = archive
        self._now = now
        days = max((profile.window for profile in profiles), default=0)
        self._recent = archive.first_seen(now - timedelta(days=days), now)
        background = archive.sample(BACKGROUND_SAMPLE, now, now - timedelta(days=BACKGROUND_DAYS))
        named = (r for p in profiles for r in (*p.like, *p.dislike))
        self._named = archive.by_keys(key for r in named for key in _keys(r))
        self._model = make_model(archive.sample(ARCHIVE_SAMPLE, now), background, profiles, self._named)
        self._auto = auto_threshold(len(background))
        self._orders: dict[str, tuple[Order, tuple[Paper, ...]]] = {}

    def compose(
        self,
        profile: Profile,
        on: date,
        given: frozenset[str] = frozenset(),
        *,
        everything: bool = False,
    ) -> tuple[Digest, str]:
        """A profile's digest for a local date, and, when it is empty, why.

        `given`: papers that the subscription has been given. `everything`: past threshold and limit.
        """
        order, candidates = self._candidates(profile, given)
        choice = choose(profile, candidates, self._auto)
        shown = everything_that_matches(candidates) if everything else choice.shown
        digest = Digest(
            profile=profile.id,
            on=on,
            timezone=profile.timezone,
            made=self._now,
            papers=tuple(_scored(profile, ranked, order) for ranked in shown),
            candidates=len(candidates),
        )
        return digest, "" if shown else _why_quiet(profile, candidates, choice)

    def explain(self, profile: Profile, key: str, given: frozenset[str]) -> Explanation:
        """Where a paper stands for a profile and why. `key`: an id as people write them, or a title."""
        read = paper_id(key)
        paper = self._archive.get(read[0] if read else key)
        _, candidates = self._candidates(profile, given)
        if paper is None:
            decision = Decision(Verdict.NOT_STORED, "no listing has shown it: is the id right?")
            return Explanation(None, None, None, len(candidates), decision)
        against = excluded(self._as_stored(profile), paper, given, self._now)
        decision = against or choose(profile, candidates, self._auto).decisions[paper.id]
        rank = next((n for n, one in enumerate(candidates, 1) if one.paper.id == paper.id), None)
        alone = self._model.rank(profile, [paper])
        return Explanation(paper, _scored(profile, alone.order[0], alone), rank, len(candidates), decision)

    def _candidates(self, profile: Profile, given: frozenset[str]) -> tuple[Order, tuple[Ranked, ...]]:
        """The profile's papers in order; what a subscription has been given is taken out after ranking."""
        if profile.id not in self._orders:
            start = window_start(profile, self._now)
            window = [paper for paper in self._recent if paper.first_seen > start]
            resolved = self._as_stored(profile)
            fit = tuple(p for p in window if excluded(resolved, p, frozenset(), self._now) is None)
            self._orders[profile.id] = self._model.rank(profile, fit), fit
        order, _ = self._orders[profile.id]
        return order, tuple(ranked for ranked in order.order if ranked.paper.id not in given)

    def _as_stored(self, profile: Profile) -> Profile:
        """The profile with its references under the ids that their papers are stored by."""
        like, dislike = (tuple(map(self._stored, some)) for some in (profile.like, profile.dislike))
        return replace(profile, like=like, dislike=dislike)

    def _stored(self, reference: Reference) -> Reference:
        found = next((self._named[key] for key in _keys(reference) if key in self._named), None)
        return replace(reference, id=found.id) if found else reference


def _keys(reference: Reference) -> tuple[str, ...]:
    """What a referenced paper can be found by: its id, or the title in a BibTeX entry."""
    return (reference.id,) if reference.id else (title_key(reference.title),) if reference.title else ()


def _scored(profile: Profile, ranked: Ranked, order: Order) -> ScoredPaper:
    reasons = order.reasons(ranked.paper)
    return ScoredPaper(
        paper=ranked.paper,
        score=math.fsum(reason.weight for reason in reasons),
        relevance=ranked.relevance,
        reasons=reasons,
        followed=names_on(ranked.paper, profile.authors),
    )


def _why_quiet(profile: Profile, candidates: Sequence[Ranked], choice: Choice) -> str:
    if not candidates:
        return (
            "no new papers in the window"
            if profile.window == 1
            else f"no new papers in the last {profile.window} days"
        )
    best = choice.decisions[candidates[0].paper.id]
    if best.verdict is Verdict.NO_MATCH:
        return f"none of {len(candidates)} new papers has a term of the profile"
    return f"none of {len(candidates)} new papers is fit; of the best: {best.why}"


def source_troubles(states: Sequence[SourceState], now: datetime) -> str:
    """What is the matter with the sources, so that a quiet day is told apart from a holiday, a stale feed and a
    failure; nothing when all is well.
    """
    told = [f"{s.name}: {s.why}" for s in states if s.state in ("failed", "partial", "empty") and s.why]
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
    ) -> bool: ...


def store_edition(
    outbox: EditionStore, subscription: Subscription, digest: Digest, why: str, channel: Channel
) -> bool:
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
        why=why,
    )
    return outbox.add(edition, digest.made, as_json(digest), [one.paper.id for one in digest.papers], parts)


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
