"""Procrastinate's tables follow the installed version of Procrastinate."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

from bot.errors import DatabaseError
from bot.store import job_tables, migrate
from bot.store.database import Database


def test_a_newer_procrastinate(
    new_postgres: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its jobs need `migrate`, which runs the new files once; an older one beside it goes on."""
    newer = tmp_path / "99.00.00_01_add_table.sql"
    newer.write_text("CREATE TABLE procrastinate_new (of_99 INTEGER); -- 100% new")
    known = job_tables._migrations()
    with closing(Database(new_postgres())) as database:
        database.migrate()
        database.require_job_tables()
        monkeypatch.setattr(job_tables, "_migrations", lambda: [*known, newer])
        with pytest.raises(DatabaseError, match=r"not 99.00.00_01_add_table: run `paperboy migrate`"):
            database.require_job_tables()
        for _ in range(2):
            assert database.migrate() == (migrate.HEAD, migrate.HEAD)
            database.require_job_tables()
        monkeypatch.setattr(job_tables, "_migrations", lambda: known)
        database.migrate()
        database.require_job_tables()
        with database.engine.connect() as connection:
            assert "procrastinate_new" in inspect(connection).get_table_names()


def test_without_procrastinate(new_postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`migrate` says what to install, and changes nothing."""
    monkeypatch.setattr(job_tables, "find_spec", lambda name: None)
    with closing(Database(new_postgres())) as database:
        with pytest.raises(DatabaseError, match=r"pip install '\.\[postgres\]'"):
            database.migrate()
        with database.engine.connect() as connection:
            assert migrate.revision(connection) is None
