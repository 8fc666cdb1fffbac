"""Pauses: whom nothing is sent to, since when, and who said so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bot.model import ChannelName, Subscription
from bot.outgoing import Pause, scopes
from bot.store.database import Database
from bot.store.receivers import Receivers

NOW = datetime(2026, 5, 5, 8, 30, tzinfo=UTC)
ADA = Subscription("ada", ChannelName.EMAIL, "ada@example.org")


@pytest.fixture
def receivers(database: Database) -> Receivers:
    return Receivers(database)


def test_the_first_pause_counts(receivers: Receivers) -> None:
    """A second one neither moves its beginning nor changes its reason, and is no news."""
    assert receivers.pause(ADA.key, "first", NOW) is True
    assert receivers.pause(ADA.key, "second", NOW + timedelta(days=1)) is False
    assert receivers.pauses() == (Pause(ADA.key, "first", NOW),)


def test_many_at_once_make_one(receivers: Receivers) -> None:
    """A mail service that clicks eight times at once hears no error, and one of them is the first."""
    with ThreadPoolExecutor(8) as pool:
        news = list(pool.map(lambda n: receivers.pause(ADA.key, f"click {n}", NOW), range(8)))
    assert sorted(news) == [False] * 7 + [True]
    assert len(receivers.pauses()) == 1


def test_resume_ends_it(receivers: Receivers) -> None:
    """Once."""
    receivers.pause(ADA.key, "left", NOW)
    assert [receivers.resume(ADA.key), receivers.resume(ADA.key)] == [True, False]
    assert receivers.pause(ADA.key, "left again", NOW) is True


@pytest.mark.parametrize("profile", ["ada", "email", "a.b-c_d"])
@pytest.mark.parametrize(
    ("channel", "target"),
    [(ChannelName.EMAIL, "ada@example.org"), (ChannelName.SLACK, "#papers"), (ChannelName.MAILDIR, "ada")],
)
def test_only_a_reader_pauses_one_subscription(profile: str, channel: ChannelName, target: str) -> None:
    """What pauses a channel or a target is somebody's to mend; a subscription's own pause is its reader's wish."""
    key = Subscription(profile, channel, target).key
    told = [Pause(scope, "", NOW).by_reader for scope in scopes(key, channel, target)]
    assert told == [False, False, True]
