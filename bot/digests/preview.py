"""What a preview of a profile starts from, when its subscriptions had different papers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta

from bot.clock import Moment
from bot.digests.model import History, HistoryRequest
from bot.profiles.model import Profile, Subscription


def history_requests(
    profiles: Iterable[Profile],
    moment: Moment,
    receiver: Callable[[Subscription], str],
    *,
    with_today: bool = False,
) -> list[HistoryRequest]:
    """Requests for the histories of all subscriptions of the profiles, with or without the editions of the day."""
    requests = []
    for profile in profiles:
        on, keys = moment.local_date(profile.timezone), tuple(to.key for to in profile.deliver)
        on += timedelta(days=with_today)
        requests += [HistoryRequest(to.key, receiver(to), on, keys) for to in profile.deliver]
    return requests


def combined_history(histories: Iterable[History]) -> History:
    """One history for all subscriptions of a profile: only papers that all receivers were given count as given,
    and the newest digest of any is the last one.
    """
    histories = list(histories)
    if not histories:
        return History()
    newest = max(histories, key=lambda history: history.on or date.min)
    return replace(newest, given=frozenset.intersection(*(history.given for history in histories)))
