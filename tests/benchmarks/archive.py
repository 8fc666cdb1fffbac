"""The real papers of ../shared/archive, stored day by day as `ingest` would have stored them in May 2026."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.profiles.load import load_profiles
from bot.profiles.model import Profile
from bot.ranking.counts import COUNTING
from bot.store.database import Database
from bot.store.papers import Papers
from tests.support.leftovers import SHARED, archive, entries

#: The days of the archive. On 2, 3, 9, 10, 17, 23, 24, 30 and 31 May it has three new papers or none.
DAYS = range(1, 32)
needs_archive = pytest.mark.skipif(not archive(), reason=f"no real papers: {SHARED / 'archive'} is not there")
#: A digest with the default limit, in which `threshold: auto` decides.
AUTO = {"threshold": Profile("").threshold, "limit": 10, "deliver": ()}


def morning(day: int) -> datetime:
    """When a day's digests are composed."""
    return datetime(2026, 5, day, 9, tzinfo=UTC)


def store_archive(folder: Path) -> Papers:
    """All papers of the archive, each first seen at 1:00 UTC of the first day that lists it."""
    database = Database(f"sqlite:///{folder / 'archive.db'}")
    database.prepare()
    papers = Papers(database, COUNTING)
    for path in archive():
        papers.add(list(entries([path])), datetime.fromisoformat(path.name[:10]).replace(hour=1, tzinfo=UTC))
    return papers


def read_profiles(paths: Iterable[Path]) -> dict[str, Profile]:
    """The profiles in some files, by id."""
    profiles, problems, *_ = load_profiles(list(paths))
    assert not problems, problems
    return {profile.id: profile for profile in profiles}
