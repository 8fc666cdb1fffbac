"""A SQLite file: how its connections are set up, who may read it, and whether it is still there."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from bot.errors import DatabaseError, DatabaseLost
from bot.files import make_private_folder, why_not_writable
from bot.store import migrate

#: Execution options of a transaction.
READS = "paperboy_reads"
NOT_DURABLE = "paperboy_not_durable"


class SqliteFile:
    """The file of one database, which only its owner may read. It holds addresses and working unsubscribe links."""

    def __init__(self, url: URL, busy_timeout: float) -> None:
        """Creates the file and its folder when they are missing. Raises DatabaseError when it cannot."""
        self._url = url
        self._busy_timeout = busy_timeout
        self._path = Path(url.database) if url.database and url.database != ":memory:" else None
        self._opened: tuple[int, int] | None = None  #: the identity of the file that is open
        if self._path:
            _make_private(self._path)

    def engine(self) -> Engine:
        engine = create_engine(self._url, connect_args={"timeout": self._busy_timeout})
        event.listen(engine, "connect", self._set_up)
        event.listen(engine, "begin", self._begin)
        return engine

    def _set_up(self, connection: sqlite3.Connection, _record: object) -> None:
        # The driver must not begin transactions by itself, or BEGIN IMMEDIATE below would come too late:
        # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable
        connection.isolation_level = None
        connection.create_function("md5", 1, _md5, deterministic=True)  # as PostgreSQL's
        self._write_ahead(connection)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")  # a power cut must not undo what was sent
        self._opened = self._opened or self._identity()

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        # While another process makes the same change to a new file, SQLite reports "locked" at once, without waiting
        # for its timeout: it cannot tell that from a deadlock.
        end = time.monotonic() + self._busy_timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _begin(self, connection: Connection) -> None:
        # A deferred transaction that reads first and writes later fails at once, without waiting, beside another
        # writer.
        options = connection.get_execution_options()
        if options.get(migrate.MIGRATES):
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # no effect within a transaction
        if options.get(READS):
            connection.exec_driver_sql("BEGIN")
        else:
            _set_synchronous(connection, "NORMAL" if options.get(NOT_DURABLE) else "FULL")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        self.check()

    def check(self) -> None:
        """Raise DatabaseLost when another file, or none, has the place of the one that is open.

        SQLite would go on with a file that has no name any more, and everything would be lost when it is closed.
        """
        if self._opened and self._identity() != self._opened:
            raise DatabaseLost(
                f"the database {self._path} was deleted, moved or replaced while it was in use; "
                "put it back or restore a backup, then start again"
            )

    def _identity(self) -> tuple[int, int] | None:
        """Device and inode of the file; None when there is none."""
        try:
            found = os.stat(self._path) if self._path else None
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if found else None


#: The errors of SQLite that a folder which cannot be written causes.
_OF_FOLDER = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}


def reason(error: BaseException, url: URL) -> str:
    """What an error of SQLite means: a folder that cannot be written is not in its message."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _OF_FOLDER and url.database and (why := why_not_writable(folder := Path(url.database).parent)):
        return f"the folder {folder} cannot be written: {why}"
    return str(error)


def _make_private(path: Path) -> None:
    """Create a file for its owner alone (0600), in such a folder (0700), or restrict it and its companions.

    A folder that exists stays as it is: it may hold other things.
    """
    try:
        make_private_folder(path.parent)
    except OSError as error:
        raise DatabaseError(f"the data folder {path.parent} cannot be created: {error.strerror}") from None
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        for file in (path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))):
            _restrict(file)
    except OSError as error:
        raise DatabaseError(f"the database {path} cannot be created: {error.strerror}") from None


def _restrict(file: Path) -> None:
    """Take a file's permissions from everybody but its owner, who alone can do so."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            file.chmod(mode & ~0o077)
    except OSError:
        pass  # it is another user's, or there is none


def _set_synchronous(connection: Connection, mode: str) -> None:
    # With NORMAL a commit does not wait for the disk: https://www.sqlite.org/pragma.html#pragma_synchronous
    if connection.info.get("synchronous") != mode:
        connection.exec_driver_sql(f"PRAGMA synchronous={mode}")
        connection.info["synchronous"] = mode


def _md5(data: bytes | None) -> str | None:
    return None if data is None else hashlib.md5(data, usedforsecurity=False).hexdigest()
