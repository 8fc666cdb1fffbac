"""Migrations: bring a database to this version's tables, and reject one that a newer version made.

A migration only adds tables, columns that may be empty or have a default, and indexes, because processes of the
version before it go on beside it for a while (`bot.worker.process`). What only they need is removed a version later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from bot.errors import DatabaseError, DatabaseNewer
from bot.store import job_tables
from bot.store.conversion import Progress, convert_texts, no_progress

if TYPE_CHECKING:
    from alembic.config import Config

#: The newest migration. Known here so that a database that is up to date costs no import of Alembic.
HEAD = "0016"
#: The migration at which stored texts are converted; HEAD is reached only when all are.
CONVERSION = "0005"
_OURS = frozenset(
    """
    paper terms alias ledger edition delivery attempt source validator message lane pause name bounce lookup
    answer login profile_edit feed
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
#: Execution option of a connection that migrates. SQLite changes a table by making a new one; dropping the old one
#: would delete the rows that refer to it.
MIGRATES = "paperboy_migrates"
_LOCK = 0x70617065  #: the advisory lock of whoever migrates a PostgreSQL database: a number of our own
_FOLDER = Path(__file__).parent / "migrations"


def revision(connection: Connection) -> str | None:
    """The migration of a database; None for an empty one.

    Raises DatabaseError for a database of another program.
    """
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if tables & _OURS:
        raise DatabaseError(
            "the database has tables that Paperboy did not create: point DATABASE_URL to another database"
        )
    return None


def is_current(engine: Engine) -> bool:
    """Whether the database is at HEAD."""
    with engine.connect() as connection:
        return revision(connection) == HEAD


def upgrade(engine: Engine, progress: Progress = no_progress) -> str | None:
    """Migrate to HEAD, and convert stored texts on the way. Returns the revision that the database had.

    On PostgreSQL the tables of Procrastinate follow. Raises DatabaseError when a newer Paperboy made the database, or
    Procrastinate is not installed.
    """
    is_postgres = engine.dialect.name == "postgresql"
    migrating = engine.execution_options(**{MIGRATES: True})
    try:
        with _one_process(engine):
            if is_postgres:
                with engine.connect() as connection:
                    job_tables.check(connection)
            with migrating.begin() as connection:
                before = revision(connection)
                if before is None:
                    _run(connection, HEAD, progress)
                elif before != HEAD:
                    refuse_newer(before)
                    _run(connection, CONVERSION if before < CONVERSION else before, progress)
            if before is not None and before != HEAD:
                convert_texts(engine, progress)
                with migrating.begin() as connection:
                    _run(connection, HEAD, progress)
            if is_postgres:
                with engine.begin() as connection:
                    job_tables.upgrade(connection)
    finally:
        engine.dispose()  # closes the connection without foreign keys
    return before


@contextmanager
def _one_process(engine: Engine) -> Iterator[None]:
    """Wait until no other process migrates the database. SQLite does without: its transactions exclude each other."""
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
        try:
            yield
        finally:
            connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))


def require_current(engine: Engine) -> None:
    """Raise DatabaseError unless the database is at HEAD."""
    with engine.connect() as connection:
        at = revision(connection)
    if at != HEAD:
        refuse_newer(at)
        raise DatabaseError(
            f"the database is at migration {at or 'none'}, not {HEAD}: run `paperboy migrate`"
        )


def _run(connection: Connection, to: str, progress: Progress) -> None:
    """Run the migrations up to `to` that the database lacks."""
    from alembic import command

    config = _config()
    config.attributes.update(connection=connection, progress=progress)
    command.upgrade(config, to)


def refuse_newer(at: str | None) -> None:
    """Raise DatabaseNewer when a newer version made the migration `at`; they are numbered."""
    if at is not None and at > HEAD:
        raise DatabaseNewer(
            f"the database was made by a newer Paperboy (migration {at}, this one knows up to {HEAD}): "
            "upgrade Paperboy, or point DATABASE_URL to another database"
        )


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
