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


def back_up(database: Database, path: Path, *, replace: bool = False) -> str | None:
    """Write a consistent copy to a file for its owner alone, which appears when it is complete and checked.

    SQLite: a database without free pages. PostgreSQL: an archive of pg_dump. `replace`: a regular file that exists,
    but never a part of the database. Returns the copy's migration. Raises DatabaseError when the copy cannot be made,
    UserError for another place than these and without pg_dump.
    """
    _check_place(database, path, replace)
    with database_errors(database.url), database.engine.connect() as connection:
        revision = migrate.revision(connection)
    copy = _copy_sqlite if database.is_sqlite else _copy_postgresql
    with _complete(path) as temporary:
        copy(database, temporary)
    return revision


def _check_place(database: Database, path: Path, replace: bool) -> None:
    """Raise UserError where a copy would destroy something, also at the end of links."""
    if database.is_sqlite and database.url.database:
        file = Path(os.path.realpath(database.url.database))
        parts = [file.with_name(f"{file.name}{end}") for end in ("", "-wal", "-shm", "-journal")]
        if Path(os.path.realpath(path)) in parts or any(_is_same(path, part) for part in parts):
            raise UserError(f"{path} is the database itself, or a part of it: name a new file")
    if os.path.exists(path) and not os.path.isfile(path):
        raise UserError(f"{path} exists and is not a regular file: name a new file")
    if os.path.exists(path) and not replace:
        raise UserError(f"{path} exists: name a new file, or replace it with --force")


def _is_same(path: Path, other: Path) -> bool:
    return os.path.exists(path) and os.path.exists(other) and path.samefile(other)


@contextmanager
def _complete(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, which replaces it when the block ends without an error. A link stays a link."""
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(target)
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
