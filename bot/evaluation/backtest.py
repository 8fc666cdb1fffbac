"""The digests that profiles would have had on past days. Pure but for `compose`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from bot.clock import Moment, parse_when
from bot.digests.composer import DigestComposer
from bot.digests.model import Digest, History
from bot.profiles.model import Profile


def backtest(
    profiles: Sequence[Profile],
    dates: Iterable[date],
    compose: Callable[[Sequence[Profile], Moment], DigestComposer],
) -> dict[str, list[Digest]]:
    """Each profile's digests by its id, one a date, oldest first, quiet ones included.

    They have the papers that `send --on DATE` on each of the dates would have given a receiver who was given nothing
    before and gets this profile only. Every subscription of a profile has the same ones, also a weekly one. `compose`
    is called once a date, with its end.
    """
    digests: dict[str, list[Digest]] = {profile.id: [] for profile in profiles}
    histories = dict.fromkeys(digests, History())
    for day in sorted(dates):
        composer = compose(profiles, parse_when(day.isoformat()))
        for profile in profiles:
            history = histories[profile.id]
            digest = composer.compose(profile, day, history)
            digests[profile.id].append(digest)
            if digest.papers:
                histories[profile.id] = History(history.given | set(digest.ids), day, digest.made)
    return digests
