"""Bringing a database to this version's tables, and refusing one that is ahead of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from bot.errors import DatabaseError

if TYPE_CHECKING:
    from alembic.config import Config

#: The newest migration. Known here so that a database that is up to date costs no import of Alembic.
HEAD = "0004"
_OURS = {"paper", "terms", "alias", "ledger", "edition", "delivery", "attempt", "source", "validator"} | {
    "message",
    "lane",
    "pause",
    "name",
    "bounce",
}
#: Execution option of a connection that migrates: SQLite changes a table by making it anew, and dropping the old one
#: would take along what refers to it.
MIGRATES = "paperboy_migrates"
_FOLDER = Path(__file__).parent / "migrations"


def revision(connection: Connection) -> str | None:
    """The migration that the database stands at; None for an empty one.

    Raises DatabaseError for a database of something else.
    """
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if tables & _OURS:
        raise DatabaseError(
            "the database has tables that Paperboy did not make: point DATABASE_URL elsewhere"
        )
    return None


def is_current(engine: Engine) -> bool:
    """Whether the database stands at HEAD."""
    with engine.connect() as connection:
        return revision(connection) == HEAD


def upgrade(engine: Engine) -> str | None:
    """Migrate to HEAD in one transaction. Returns the revision that it stood at before.

    Raises DatabaseError when a newer Paperboy made the database.
    """
    try:
        with engine.execution_options(**{MIGRATES: True}).begin() as connection:
            before = revision(connection)
            if before != HEAD:
                _run(connection, before)
    finally:
        engine.dispose()  # of the connection without foreign keys
    return before


def require_current(engine: Engine) -> None:
    """Raises DatabaseError unless the database stands at HEAD."""
    with engine.connect() as connection:
        at = revision(connection)
    if at != HEAD:
        _refuse_newer(at)
        raise DatabaseError(
            f"the database is at migration {at or 'none'}, not {HEAD}: run `paperboy migrate`"
        )


def _run(connection: Connection, before: str | None) -> None:
    from alembic import command

    _refuse_newer(before)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_newer(at: str | None) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if at is not None and at not in known:
        raise DatabaseError(
            f"the database was made by a newer Paperboy (migration {at}, this one knows up to {HEAD}): "
            "upgrade Paperboy, or point DATABASE_URL to another database"
        )


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
