"""How the database's file is opened and kept."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import text

from bot.errors import DatabaseError
from bot.store.database import Database
from tests.support.builders import empty_database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A migrated SQLite file."""
    path = tmp_path / "paperboy.db"
    path.write_bytes(empty_database())
    return path


def test_busy_timeout(file: Path) -> None:
    """A writer waits for another one as long as the database was told to; a reader does not wait."""
    with (
        closing(Database(f"sqlite:///{file}")) as first,
        closing(Database(f"sqlite:///{file}", busy_timeout=0.1)) as second,
        first.writing(),
    ):
        with second.reading() as session:
            session.execute(text("SELECT count(*) FROM paper"))
        began = time.monotonic()
        with pytest.raises(DatabaseError, match="locked"), second.writing():
            pass
    assert 0.1 <= time.monotonic() - began < 2
