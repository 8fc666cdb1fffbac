"""The addresses of feeds: how often each was replaced."""

from __future__ import annotations

from bot.store.database import Database
from bot.store.feeds import Feeds


def test_replace(database: Database) -> None:
    """Each profile on its own; an address that was never replaced is number 0."""
    feeds = Feeds(database)
    assert feeds.generation("ada") == 0
    feeds.replace("ada")
    feeds.replace("ada")
    assert (feeds.generation("ada"), feeds.generation("bo")) == (2, 0)
