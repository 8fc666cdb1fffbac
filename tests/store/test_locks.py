"""How long a statement waits for a lock of PostgreSQL."""

from __future__ import annotations

import time
from contextlib import closing

import pytest
from sqlmodel import text

from bot.errors import DatabaseError
from bot.store.database import Database


def test_lock_timeout(migrated_postgres: str) -> None:
    """A statement waits for a lock as long as the database was told to; then the connection can be used again."""
    lock, read = text("LOCK TABLE pause IN ACCESS EXCLUSIVE MODE"), text("SELECT count(*) FROM pause")
    with (
        closing(Database(migrated_postgres)) as first,
        closing(Database(migrated_postgres, busy_timeout=0.1)) as second,
    ):
        with first.session() as session:
            session.execute(lock)
            began = time.monotonic()
            with pytest.raises(DatabaseError, match="lock timeout"), second.reading() as other:
                other.execute(read)
            assert 0.1 <= time.monotonic() - began < 2
        with second.reading() as other:
            assert other.execute(read).scalar_one() == 0
