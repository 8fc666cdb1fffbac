"""The tests of the store run on two databases: a SQLite file, and a PostgreSQL server from a wheel."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.store.database import Database
from bot.store.tables import Base
from tests.support.postgres import renamed, run


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """A migrated database that is emptied after each test, which is faster than creating one for each."""
    run(postgres_server, "CREATE DATABASE migrated STRATEGY wal_log")
    with closing(Database(renamed(postgres_server, "migrated"))) as database:
        database.migrate()
    return renamed(postgres_server, "migrated")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "paperboy.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        database.prepare()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'paperboy.db'}"
    url: str = request.getfixturevalue("new_postgres")()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database at this version's tables."""
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "paperboy.db")
        with closing(Database(f"sqlite:///{copy}")) as opened:
            yield opened
        return
    with closing(Database(request.getfixturevalue("migrated_postgres"))) as opened:
        yield opened
        with opened.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(Base.metadata.tables)} CASCADE"))
