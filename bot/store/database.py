"""The one place that opens a database and hands out what is kept in it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlmodel import Session

from bot.errors import DatabaseError
from bot.store import migrate

#: Seconds that a SQLite writer waits for another one.
_BUSY_TIMEOUT = 30
_READS = "paperboy_reads"
_RELAXED = "paperboy_relaxed"


class Database:
    """An open database. Cheap to make; `session` is a transaction that commits when left without an error."""

    def __init__(self, url: str) -> None:
        self.url = _url(url)
        self.engine = _engine(self.url)
        self._reader = self.engine.execution_options(**{_READS: True})
        self._relaxed = self.engine.execution_options(**{_RELAXED: True})

    def prepare(self) -> None:
        """A SQLite file is migrated in passing; another database must be up to date.

        Raises DatabaseError when the database cannot be opened, is ahead, or lacks migrations.
        """
        with as_database_errors(self.url):
            if self.url.get_backend_name() == "sqlite":
                if not migrate.is_current(self._reader):  # then nothing waits for a writer
                    migrate.upgrade(self.engine)
            else:
                migrate.require_current(self.engine)

    def migrate(self) -> tuple[str | None, str]:
        """To the newest tables; returns the migrations that it stood at before (None: empty) and stands at."""
        with as_database_errors(self.url):
            return migrate.upgrade(self.engine), migrate.HEAD

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction that may write."""
        with (
            as_database_errors(self.url),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def writing(self, *, relaxed: bool = False) -> Iterator[Connection]:
        """A transaction for statements that are there already: without a session, which costs more than they do.

        `relaxed`: it does not wait for the disk. A process that is killed loses nothing of it, a power cut may lose
        what came since the last one that did wait, or since `flush`.
        """
        engine = self._relaxed if relaxed else self.engine
        with as_database_errors(self.url), engine.begin() as connection:
            if relaxed and self.url.get_backend_name() != "sqlite":
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
            yield connection

    def flush(self) -> None:
        """What was relaxed is on disk; PostgreSQL sees to that by itself, in less than a second."""
        if self.url.get_backend_name() == "sqlite":
            with as_database_errors(self.url), self._reader.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads: it neither waits for a writer nor holds one up."""
        with as_database_errors(self.url), Session(self._reader, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def as_database_errors(url: URL) -> Iterator[None]:
    """What the driver raises, as a sentence without the password; statements and values stay out of it."""
    try:
        yield
    except IntegrityError:
        raise  # a unique key spoke: that is an answer, not a fault
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        raise DatabaseError(f"the database {_shown(url)} cannot be used: {reason}") from None
    except SQLAlchemyError as error:
        raise DatabaseError(f"the database {_shown(url)} failed: {type(error).__name__}") from error


def _url(text: str) -> URL:
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        raise DatabaseError(
            "DATABASE_URL cannot be read: write postgresql://user:password@host/name or sqlite:///file.db"
        ) from None


def _shown(url: URL) -> str:
    """Without the password, which PostgreSQL takes among the options too (?password=...)."""
    return url.difference_update_query([k for k in url.query if "password" in k]).render_as_string()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return _server_engine(url)
    if url.database and url.database != ":memory:":
        _make_folder(Path(url.database).parent)
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"the data folder {folder} cannot be made: {error.strerror}") from None


def _server_engine(url: URL) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise DatabaseError(
            f"no driver for {url.drivername}: for PostgreSQL, `pip install 'psycopg[binary]'`"
        ) from error


def _set_up_sqlite(connection, _record) -> None:  # type: ignore[no-untyped-def]
    # The driver must not begin transactions by itself, or BEGIN IMMEDIATE below comes second:
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable
    connection.isolation_level = None
    _write_ahead(connection)
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")  # a power cut must not forget what was sent


def _write_ahead(connection) -> None:  # type: ignore[no-untyped-def]
    # While another process makes the same change to a new file, SQLite says "locked" at once, without waiting
    # its timeout: it cannot tell that from a deadlock.
    for attempt in range(_BUSY_TIMEOUT * 10):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == _BUSY_TIMEOUT * 10 - 1:
                raise
            time.sleep(0.1)


def _begin_immediate(connection) -> None:  # type: ignore[no-untyped-def]
    # A deferred transaction that begins with a read fails at once, without waiting, when another one writes.
    options = connection.get_execution_options()
    if options.get(migrate.MIGRATES):
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")  # within a transaction it would do nothing
    if options.get(_READS):
        connection.exec_driver_sql("BEGIN")
        return
    _synchronize(connection, "NORMAL" if options.get(_RELAXED) else "FULL")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _synchronize(connection, how: str) -> None:  # type: ignore[no-untyped-def]
    # With NORMAL a commit to the log does not wait for the disk: https://www.sqlite.org/pragma.html#pragma_synchronous
    if connection.info.get("synchronous") != how:
        connection.exec_driver_sql(f"PRAGMA synchronous={how}")
        connection.info["synchronous"] = how
