"""What a preview of a profile starts from, when its subscriptions had different papers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from bot.digests.model import History


def combined_history(histories: Iterable[History]) -> History:
    """One history for all subscriptions of a profile: only papers that all of them were given count as given,
    and the newest digest of any is the last one.
    """
    histories = list(histories)
    if not histories:
        return History()
    newest = max(histories, key=lambda history: history.on or date.min)
    return replace(newest, given=frozenset.intersection(*(history.given for history in histories)))
