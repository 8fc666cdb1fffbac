"""Digests and explanations to look at: composed from what is stored, without storing or sending anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol

from bot.clock import Moment
from bot.digests.catch_up import cover_pauses
from bot.digests.composer import DigestComposer, Explanation
from bot.digests.corpus import earliest_window_start
from bot.digests.model import Digest, History, HistoryRequest
from bot.digests.preview import combined_history, history_requests
from bot.digests.selection import Decision, Verdict
from bot.papers.model import Paper
from bot.profiles.model import Profile, Subscription


class Ledger(Protocol):
    """What receivers were given (`bot.store.outbox`)."""

    def histories(self, requests: Sequence[HistoryRequest], since: datetime) -> Mapping[str, History]: ...

    def given(self, receivers: Iterable[str]) -> frozenset[str]: ...

    def given_on(self, subscriptions: Iterable[str], on: date) -> frozenset[str]: ...

    def giver(self, paper: str, receivers: Iterable[str]) -> tuple[str, date] | None: ...


class MakeComposer(Protocol):
    def __call__(
        self,
        profiles: Sequence[Profile],
        moment: Moment,
        explained: Iterable[str] = (),
        *,
        keep: bool = False,
    ) -> DigestComposer:
        """`explained`: ids of papers to explain. `keep`: the papers, in memory, for the next composer."""
        ...


@dataclass(frozen=True, slots=True)
class Previewer:
    """Composes for profiles as they are given: with what was learned from answers, if that is to count."""

    make_composer: MakeComposer
    ledger: Ledger
    receiver: Callable[[Subscription], str]  #: of a subscription, as the ledger names it

    def previews(
        self,
        profiles: Sequence[Profile],
        moment: Moment,
        *,
        everything: bool = False,
        limit: int | None = None,
        of_day: bool = False,
    ) -> list[Digest]:
        """What would be sent now, for each profile. `everything`: every match, whatever the threshold and the limit.

        `of_day`: the digest of the day, also when it was sent; the papers stay loaded for the next call.
        """
        if limit:
            profiles = [replace(profile, limit=limit) for profile in profiles]
        profiles, histories = self.histories(profiles, moment, with_today=not of_day)
        composer = self.make_composer(profiles, moment, keep=of_day)
        composed = []
        for profile in profiles:
            on = moment.local_date(profile.timezone)
            history = combined_history(histories[to.key] for to in profile.deliver)
            if of_day:
                today = self.ledger.given_on([to.key for to in profile.deliver], on)
                history = replace(history, given=history.given - today)
            digest = composer.compose(profile, on, history, weekly=profile.is_weekly, everything=everything)
            composed.append(replace(digest, papers=digest.papers[:limit]))
        return composed

    def explain(self, profile: Profile, paper: Paper | None, moment: Moment) -> Explanation:
        """How a stored paper ranks for a profile, and why it is or was or is not in the digest of the day."""
        (profile,), histories = self.histories([profile], moment, with_today=False)
        receivers = [self.receiver(to) for to in profile.deliver]
        given = self.ledger.given(receivers)
        on = moment.local_date(profile.timezone)
        today = self.ledger.given_on([to.key for to in profile.deliver], on)
        composer = self.make_composer([profile], moment, [paper.id] if paper else [])
        history = replace(combined_history(histories.values()), given=given - today)
        explanation = composer.explain(profile, paper, history, given)
        if paper is None or explanation.decision.verdict is not Verdict.SENT:
            return explanation
        if giver := self.ledger.giver(paper.id, receivers):
            decision = Decision(Verdict.SENT, f"it was in the digest of {giver[1]} for {giver[0]}")
            return replace(explanation, decision=decision)
        return explanation

    def histories(
        self, profiles: Sequence[Profile], moment: Moment, *, with_today: bool
    ) -> tuple[list[Profile], Mapping[str, History]]:
        """The profiles, with windows that cover their pauses, and the histories of their subscriptions by key.

        `with_today`: with the editions of the day.
        """
        requests = history_requests(profiles, moment, self.receiver, with_today=with_today)
        covering = cover_pauses(profiles, requests, self.ledger.histories, moment.instant)
        since = earliest_window_start(covering, moment.instant)
        return covering, self.ledger.histories(requests, since)
