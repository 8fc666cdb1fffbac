"""Opens the database and gives transactions on it."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import JSON, Connection, Engine, Select, create_engine, event, func, literal, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlmodel import Session

from bot.errors import DatabaseBusy, DatabaseError
from bot.store import job_tables, migrate
from bot.store.conversion import Progress, no_progress
from bot.store.sqlite import NOT_DURABLE, READS, SqliteFile, reason

#: What drivers say of a database that is away for a while. PostgreSQL's has no code for what prevents a connection.
_PASSES = re.compile(
    "database is locked|starting up|shutting down|recovery mode|not yet accepting|terminating connection|"
    "too many clients|too many connections|connection slots|connection refused|is the server running|"
    "timeout|timed out|closed the connection",
    re.IGNORECASE,
)


class Database:
    """A database. Every transaction commits when its block ends without an error; errors are DatabaseError."""

    def __init__(self, url: str, progress: Progress = no_progress, *, busy_timeout: float = 30) -> None:
        """`progress`: shows the conversion of a database that an earlier version made.

        `busy_timeout`: seconds that a writer of a SQLite file waits for another one, and PostgreSQL for a lock or a
        connection.
        """
        self._progress = progress
        self.url = _parse_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._file = SqliteFile(self.url, busy_timeout) if self.is_sqlite else None
        self.engine = self._file.engine() if self._file else _server_engine(self.url, busy_timeout)
        self._reader = self.engine.execution_options(**{READS: True})
        #: SQLite takes one writer at a time. Threads wait here: SQLite's own wait is a sleep of up to 0.1 s.
        self._writer = threading.Lock() if self._file else None
        self._busy_timeout = busy_timeout
        self._not_durable = self.engine.execution_options(**{NOT_DURABLE: True})

    def prepare(self) -> None:
        """Bring a SQLite file up to date; require it of another database.

        Raises DatabaseError when the database cannot be opened, was made by a newer version, or needs `migrate`.
        """
        with database_errors(self.url):
            if self.is_sqlite:
                if not migrate.is_current(self._reader):  # read first: a current file needs no writer's lock
                    migrate.upgrade(self.engine, self._progress)
            else:
                migrate.require_current(self.engine)

    def is_current(self) -> bool:
        """Whether the database is ready for this version. Raises DatabaseError when it cannot be opened."""
        with database_errors(self.url):
            return migrate.is_current(self._reader)

    def check(self) -> None:
        """Raise DatabaseError when the tables cannot be read."""
        with self.reading() as session:
            session.connection().exec_driver_sql("SELECT 1 FROM edition WHERE id = ''")

    def refuse_newer(self) -> None:
        """Raise DatabaseNewer when a newer version has migrated the database since it was opened."""
        with database_errors(self.url), self._reader.connect() as connection:
            migrate.refuse_newer(migrate.revision(connection))

    def migrate(self) -> tuple[str | None, str]:
        """Bring the database up to date. Returns its migration before (None for an empty database) and now."""
        with database_errors(self.url):
            return migrate.upgrade(self.engine, self._progress), migrate.HEAD

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction that may write."""
        with (
            database_errors(self.url),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction for ready statements, without the cost of a session.

        One that is not `durable` does not wait for the disk: it survives the end of the process, but a power cut may
        undo those since the last durable one, or the last `flush`.
        """
        engine = self.engine if durable else self._not_durable
        with self._turn(), database_errors(self.url), engine.begin() as connection:
            if not durable and not self.is_sqlite:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The turn of a thread to write. Raises DatabaseError after the time that a writer waits for another one."""
        if self._writer is None:
            yield
        elif self._writer.acquire(timeout=self._busy_timeout):
            try:
                yield
            finally:
                self._writer.release()
        else:
            raise DatabaseBusy(
                f"the database {_without_password(self.url)} cannot be used: database is locked"
            )

    def flush(self) -> None:
        """Write transactions that were not durable to disk. PostgreSQL does so by itself, within a second."""
        if self.is_sqlite:
            with database_errors(self.url), self._reader.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads. On SQLite it neither waits for a writer nor delays one."""
        with database_errors(self.url), Session(self._reader, expire_on_commit=False) as session:
            yield session

    def values(self, values: Collection[str]) -> Select[Any]:
        """A subquery of any number of values in one parameter; SQLite allows 32,766 parameters."""
        each = func.json_each if self.is_sqlite else func.json_array_elements_text
        return select(each(literal(list(values), JSON)).table_valued("value").c.value)

    def require_job_tables(self) -> None:
        """Raise DatabaseError unless the installed Procrastinate can use this PostgreSQL database."""
        with database_errors(self.url), self._reader.connect() as connection:
            job_tables.require_current(connection)

    def job_problems(self) -> list[str]:
        """What is wrong with the jobs of a PostgreSQL database, as sentences for a person."""
        if self.is_sqlite:
            return []
        with self.reading() as session:
            return job_tables.problems(session.connection())

    @property
    def conninfo(self) -> str:
        """What libpq connects to a PostgreSQL database with, the password included."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def check_file(self) -> None:
        """Raise DatabaseLost when the SQLite file is not the one that was opened. Every transaction does so too."""
        if self._file:
            self._file.check()

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def database_errors(url: URL) -> Iterator[None]:
    """Turn the driver's errors into DatabaseError, whose message holds no password, statement or value."""
    try:
        yield
    except IntegrityError:
        raise  # a unique key was violated: the caller decides what that means
    except DBAPIError as error:
        why = reason(error.orig, url).strip().splitlines()[0] if error.orig else type(error).__name__
        kind = (
            DatabaseBusy if error.connection_invalidated or _PASSES.search(str(error.orig)) else DatabaseError
        )
        raise kind(f"the database {_without_password(url)} cannot be used: {why}") from None
    except SQLAlchemyError as error:
        raise DatabaseError(
            f"the database {_without_password(url)} failed: {type(error).__name__}"
        ) from error


def _parse_url(text: str) -> URL:
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        raise DatabaseError(
            "DATABASE_URL cannot be read: write postgresql://user:password@host/name or sqlite:///file.db"
        ) from None


def _without_password(url: URL) -> str:
    """Of the options only those that say where the database is: others may be secrets, as ?password=... is."""
    return url.set(query={k: v for k, v in url.query.items() if k in ("host", "port")}).render_as_string()


def _server_engine(url: URL, busy_timeout: float) -> Engine:
    try:
        wait = {} if "connect_timeout" in url.query else {"connect_timeout": math.ceil(busy_timeout)}
        engine = create_engine(url, pool_pre_ping=True, connect_args=wait)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise DatabaseError(
            f"no driver for {url.drivername}: for PostgreSQL, `pip install '.[postgres]'`"
        ) from error
    event.listen(engine, "connect", partial(_set_up_server, busy_timeout))
    return engine


def _set_up_server(busy_timeout: float, connection, _record) -> None:  # type: ignore[no-untyped-def]
    connection.execute(f"SET lock_timeout = {busy_timeout * 1000:.0f}")
    connection.commit()  # a rollback would undo it
