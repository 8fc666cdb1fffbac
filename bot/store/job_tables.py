"""Procrastinate's tables on PostgreSQL: created, and brought to the installed version of Procrastinate.

Procrastinate ships its schema and its migrations as SQL files, and does not record which of them a database has. The
comment on its table of jobs does: it is the name of the newest migration file.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from bot.errors import DatabaseError

_APPLIED = text(
    "SELECT to_regclass('procrastinate_jobs') IS NOT NULL,"
    " coalesce(obj_description(to_regclass('procrastinate_jobs'), 'pg_class'), '')"
)


def check(connection: Connection) -> None:
    """Raise DatabaseError when the tables cannot be created or migrated."""
    if not find_spec("procrastinate"):
        raise DatabaseError(
            "PostgreSQL needs Procrastinate, which is not installed: pip install '.[postgres]'"
        )
    are_there, applied = connection.execute(_APPLIED).one()
    if are_there and not applied:
        raise DatabaseError(
            "the database has Procrastinate's tables, which Paperboy did not create: "
            "point DATABASE_URL to another database"
        )


def upgrade(connection: Connection) -> None:
    """Create the tables, or run the migrations of the installed Procrastinate that they lack.

    Does nothing when a newer Procrastinate has migrated them.
    """
    from procrastinate.schema import SchemaManager

    migrations = _migrations()
    newest = migrations[-1].stem
    are_there, applied = connection.execute(_APPLIED).one()
    driver: Any = connection.connection.driver_connection  # SQLAlchemy would look for parameters in the files
    if not are_there:
        driver.execute(SchemaManager.get_schema())
    for path in migrations if are_there else ():
        if path.stem > applied:
            driver.execute(path.read_text(encoding="utf-8"))
    if applied < newest:
        connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{newest}'")


def require_current(connection: Connection) -> None:
    """Raise DatabaseError unless the tables have all migrations of the installed Procrastinate."""
    check(connection)
    _, applied = connection.execute(_APPLIED).one()
    if applied < (newest := _migrations()[-1].stem):
        raise DatabaseError(
            f"the tables of jobs are at {applied or 'none'}, not {newest}: run `paperboy migrate`"
        )


def _migrations() -> list[Path]:
    """The files, oldest first; their names begin with the version, as 03.04.00_01_pre_add_column."""
    from procrastinate.schema import SchemaManager

    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
