"""Copies of a database that others are using."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.errors import DatabaseError, UserError
from bot.store import migrate
from bot.store.database import Database, database_errors


def back_up(database: Database, path: Path) -> str | None:
    """Write a consistent copy to a file for its owner alone, which appears when it is complete and checked.

    SQLite: a database without free pages. PostgreSQL: an archive of pg_dump. Returns the copy's migration. Raises
    DatabaseError when the copy cannot be made, UserError without pg_dump.
    """
    with database_errors(database.url), database.engine.connect() as connection:
        revision = migrate.revision(connection)
    copy = _copy_sqlite if database.is_sqlite else _copy_postgresql
    with _complete(path) as temporary:
        copy(database, temporary)
    return revision


@contextmanager
def _complete(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, which replaces it when the block ends without an error."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DatabaseError(f"the backup {path} cannot be written: {error.strerror}") from None


def _copy_sqlite(database: Database, path: Path) -> None:
    # Within one reading transaction, so that writers go on; the online backup API would begin again after each write
    # of another process.
    with closing(database.engine.raw_connection()) as connection:
        try:
            connection.driver_connection.execute("VACUUM INTO ?", (str(path),))  # type: ignore[union-attr]
            with closing(sqlite3.connect(path)) as copy:
                (result,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as error:
            raise DatabaseError(f"the database cannot be copied: {error}") from None
    if result != "ok":
        raise DatabaseError(f"the copy is damaged, and so perhaps is the database: {result}")


def _copy_postgresql(database: Database, path: Path) -> None:
    url = database.url.set(drivername="postgresql", password=None).difference_update_query(["password"])
    dump = ["pg_dump", "--format=custom", "--no-owner", "--dbname", url.render_as_string(hide_password=False)]
    if not shutil.which("pg_dump"):
        raise UserError(
            "pg_dump is not installed: install PostgreSQL's client programs, or run on the database's machine: "
            f"pg_dump --format=custom --no-owner --file FILE {database.url.database}"
        )
    password = database.url.password or database.url.query.get("password")
    env = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    for command in ([*dump, "--file", str(path)], ["pg_restore", "--list", str(path)]):
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise DatabaseError(f"{command[0]} failed: {'; '.join(lines[:2])}")
