"""What a preview of a profile with several subscriptions starts from."""

from __future__ import annotations

from datetime import date

from bot.clock import Moment
from bot.digests.model import History, HistoryRequest
from bot.digests.preview import combined_history, history_requests
from tests.support.builders import NOW, make_profile, subscription


def test_combined_history() -> None:
    """Only papers that all receivers were given count as given; the newest digest is the last one."""
    old = History(frozenset("abc"), date(2026, 5, 1), NOW)
    new = History(frozenset("bcd"), date(2026, 5, 4), NOW, {"d": date(2026, 5, 4)})
    expected = History(frozenset("bc"), new.on, new.made, new.last_week)
    assert combined_history([old, new, History(frozenset("bc"))]) == expected
    assert combined_history([]) == History()


def test_history_requests() -> None:
    """One for each subscription, for the local date, with the keys of the whole profile."""
    both = (subscription(target="one"), subscription(target="other"))
    profile = make_profile(timezone="Pacific/Auckland", deliver=both)
    keys = ("ada:maildir:one", "ada:maildir:other")
    wanted = [HistoryRequest(key, key[4:], date(2026, 5, 5), keys) for key in keys]
    found = history_requests(
        [profile, make_profile(id="bo")], Moment(NOW), lambda to: f"{to.channel}:{to.target}"
    )
    assert found == wanted
