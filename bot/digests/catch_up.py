"""The first digest after a profile's pause: its candidates come from the whole pause."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.digests.model import History, HistoryRequest
from bot.profiles.model import LONGEST_WINDOW, Profile


def is_catch_up(profile: Profile, history: History) -> bool:
    """Whether the next digest of a subscription is the first one after its profile's pause, when that is over."""
    return bool(profile.paused_until and history.on and history.on < profile.paused_until)


def cover_pause(profile: Profile, histories: Iterable[History], now: datetime) -> Profile:
    """The profile with a window that begins before its last digest before the pause, LONGEST_WINDOW at most.

    Once all of its subscriptions have had a digest after the pause, the window is its own again.
    """
    last = [history.made for history in histories if history.made and is_catch_up(profile, history)]
    pause = (now - min(last)).days + 1 if last else 0
    return replace(profile, window=max(profile.window, min(pause, LONGEST_WINDOW)))


def cover_pauses(
    profiles: Sequence[Profile],
    requests: Iterable[HistoryRequest],
    read: Callable[[Sequence[HistoryRequest], datetime], Mapping[str, History]],
    now: datetime,
) -> list[Profile]:
    """`cover_pause` of each profile. `requests`: of its subscriptions. `read`: as `OutboxStore.histories`."""
    paused = {to.key for profile in profiles if profile.paused_until for to in profile.deliver}
    if not paused:
        return list(profiles)
    histories = read([request for request in requests if request.subscription in paused], now)
    return [
        cover_pause(profile, (histories[to.key] for to in profile.deliver if to.key in histories), now)
        for profile in profiles
    ]
