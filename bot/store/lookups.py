"""Papers that a source was asked for by id or title, and does not have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import col, select

from bot.store.database import Database
from bot.store.tables import LookupRow


class Lookups:
    """When each key (a paper's id, or the key of its title) was asked for in vain."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def asked(self, since: datetime, until: datetime) -> frozenset[str]:
        """The keys that were last asked for after `since` and by `until`."""
        asked = col(LookupRow.asked)
        with self._database.reading() as session:
            return frozenset(session.exec(select(LookupRow.key).where(asked > since, asked <= until)))

    def put(self, keys: Iterable[str], now: datetime) -> None:
        rows = [LookupRow(key=key, asked=now) for key in sorted(keys)]
        if rows:
            with self._database.session() as session:
                for row in rows:
                    session.merge(row)
