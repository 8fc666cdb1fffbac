"""The digests that versions of profiles would have had on the last days, for a process that answers requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from bot.clock import Moment
from bot.digests.composer import DigestComposer
from bot.digests.model import Digest
from bot.evaluation.backtest import Compose, backtest
from bot.profiles.model import Profile

DAYS = 7
#: How long the papers that were read, and the digests, are used again.
LASTS = timedelta(minutes=10)
#: Versions whose digests are kept.
_MOST_KEPT = 64


@dataclass(slots=True)
class _Period:
    """What is used again."""

    began: datetime
    compose: Compose
    digests: dict[tuple[Profile, date], list[Digest]] = field(default_factory=dict)


@dataclass(slots=True)
class RecentDigests:
    """`begin`: makes composers over the papers that are stored now. May be used by several threads."""

    begin: Callable[[], Compose]
    _period: _Period | None = None

    def of(
        self, versions: Sequence[Profile], now: datetime, step: Callable[[], None] = lambda: None
    ) -> list[list[Digest]]:
        """Each version's digests of the last DAYS local dates of the first one, oldest first, as `paperboy diff`
        computes them.

        `step`: called before each day that must be composed; what it raises ends the work.
        """
        period = self._period
        if period is None or not timedelta() <= now - period.began < LASTS:
            period = self._period = _Period(now, self.begin())
        moment, compose = Moment(period.began), period.compose
        last = moment.local_date(versions[0].timezone)
        missing = {
            str(number): version
            for number, version in enumerate(dict.fromkeys(versions))
            if (version, last) not in period.digests
        }

        def compose_day(profiles: Sequence[Profile], end: Moment) -> DigestComposer:
            step()
            return compose(profiles, min(end, moment, key=lambda one: one.instant))

        if missing:
            dates = [last - timedelta(days=back) for back in range(DAYS)]
            named = [replace(version, id=name) for name, version in missing.items()]
            for name, digests in backtest(named, dates, compose_day).items():
                period.digests[missing[name], last] = digests
        found = [period.digests[version, last] for version in versions]
        for old in list(period.digests)[:-_MOST_KEPT]:
            period.digests.pop(old, None)
        return found
