"""Papers that were asked for and not found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.store.database import Database
from bot.store.lookups import Lookups

NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_keys_by_the_time_of_the_last_search(database: Database) -> None:
    """A second search replaces the first; a time of a clock that was ahead does not count."""
    lookups = Lookups(database)
    lookups.put([], NOW)
    lookups.put(["arxiv:2502.19402", "title:" + "x" * 3000], NOW)
    lookups.put({"arxiv:2502.19402"}, NOW + DAY)
    assert lookups.asked(NOW - DAY, NOW) == {"title:" + "x" * 3000}
    assert lookups.asked(NOW, NOW + DAY) == {"arxiv:2502.19402"}
    assert lookups.asked(NOW + DAY, NOW + 2 * DAY) == frozenset()
