"""What a preview of a profile starts from, when its subscriptions had different papers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from bot.clock import Moment
from bot.digests.model import History, HistoryRequest
from bot.profiles.model import Profile


def history_requests(profiles: Iterable[Profile], moment: Moment) -> list[HistoryRequest]:
    """Requests for the histories of all subscriptions of the profiles."""
    requests = []
    for profile in profiles:
        keys = tuple(subscription.key for subscription in profile.deliver)
        requests += [HistoryRequest(key, moment.local_date(profile.timezone), keys) for key in keys]
    return requests


def combined_history(histories: Iterable[History]) -> History:
    """One history for all subscriptions of a profile: only papers that all of them were given count as given,
    and the newest digest of any is the last one.
    """
    histories = list(histories)
    if not histories:
        return History()
    newest = max(histories, key=lambda history: history.on or date.min)
    return replace(newest, given=frozenset.intersection(*(history.given for history in histories)))
