"""Databases are brought to this version's tables, or refused in a sentence and left as they are."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from bot.errors import DatabaseError
from bot.ranking.counts import COUNTING, counts
from bot.store import migrate
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.papers import Papers
from bot.store.tables import Base


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def test_models_and_migrations_agree(database: Database) -> None:
    """`alembic check`: nothing that the models say is missing from a migrated database, or other there."""
    with database.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_head_is_the_newest_script() -> None:
    """HEAD is written down so that Alembic need not be imported; it must not lag behind."""
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert scripts.get_heads() == [migrate.HEAD]


def test_every_table_of_ours_is_known_to_be_ours() -> None:
    """A database of something else is told by any of them."""
    assert set(Base.metadata.tables) == migrate._OURS


def test_an_empty_database_is_migrated(empty_url: str) -> None:
    """`migrate` says where it stood before; a second time changes nothing; then it is ready."""
    with opened(empty_url) as database:
        assert database.migrate() == (None, migrate.HEAD)
        assert database.migrate() == (migrate.HEAD, migrate.HEAD)
        database.prepare()
        with database.engine.connect() as connection:
            assert tables(connection) == set(Base.metadata.tables) | {"alembic_version"}


def test_an_empty_sqlite_file_is_migrated_in_passing(tmp_path: Path) -> None:
    """Folders are made, odd names are fine, and nothing has to be called before."""
    path = tmp_path / "some new" / "100% folder" / "paperboy.db"
    for _ in range(2):
        with opened(f"sqlite:///{path}") as database:
            database.prepare()
            with database.engine.connect() as connection:
                assert migrate.revision(connection) == migrate.HEAD


def test_a_ready_sqlite_file_is_prepared_beside_a_writer(tmp_path: Path) -> None:
    """A long ingest does not hold up a command that only reads."""
    url = f"sqlite:///{tmp_path / 'paperboy.db'}"
    with opened(url) as writer, opened(url) as reader:
        writer.prepare()
        with writer.session() as session:
            session.execute(text("DELETE FROM paper"))
            reader.prepare()


def test_processes_that_start_at_once_migrate_one_file(tmp_path: Path) -> None:
    """The first migrates, the others wait for it."""
    barrier = threading.Barrier(6)

    def prepare(_: int) -> None:
        with opened(f"sqlite:///{tmp_path / 'paperboy.db'}") as database:
            barrier.wait(timeout=30)
            database.prepare()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(prepare, range(6)))


_OLD_PAPER = {
    "id": "arxiv:2605.00001", "title": "World Models", "abstract": "An abstract.", "authors": '["Ada Example"]',
    "categories": "[]", "sources": '["arxiv"]', "first_seen": "2026-05-04 12:00:00+00:00", "withdrawn": False,
    "cut": False, "text_source": "arxiv", "draw": 7,
}  # fmt: skip
_OLD_EDITION = {
    "id": "e", "subscription": "ada:maildir:ada", "profile": "ada", "channel": "maildir", "target": "ada",
    "on": "2026-05-04", "made": "2026-05-04 12:00:00+00:00", "papers": 1, "candidates": 1, "why": "", "digest": "{}",
}  # fmt: skip
_OLD_ROWS = {
    "paper": _OLD_PAPER,
    "alias": {"key": "arxiv:2605.00001", "paper": "arxiv:2605.00001"},
    "edition": _OLD_EDITION,
    "ledger": {"subscription": "ada:maildir:ada", "paper": "arxiv:2605.00001", "edition": "e"},
}


def _at_0001(url: str) -> None:
    """A database as the version before terms were counted left it, with a paper that was sent."""
    with opened(url) as database, database.engine.begin() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for table, row in _OLD_ROWS.items():
            names = ", ".join(f'"{name}"' for name in row)
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


def test_papers_and_ledgers_outlive_an_upgrade(empty_url: str) -> None:
    """From 0001: nothing that was stored is lost, and counts that nobody made yet are made when they are needed."""
    _at_0001(empty_url)
    with opened(empty_url) as database:
        assert database.migrate() == ("0001", migrate.HEAD)
        database.prepare()
        papers = Papers(database, COUNTING)
        (stored,) = papers.all()
        assert (stored.id, stored.title, stored.authors) == (
            "arxiv:2605.00001",
            "World Models",
            ("Ada Example",),
        )
        assert stored.first_seen == datetime(2026, 5, 4, 12, tzinfo=UTC)
        assert Outbox(database).given("ada:maildir:ada") == {"arxiv:2605.00001"}
        for _ in range(2):
            (one,) = papers.sample(9, datetime(2026, 5, 5, tzinfo=UTC))
            assert (one.paper, one.terms) == (stored, counts("World Models", "An abstract."))
        with database.engine.connect() as connection:
            assert connection.execute(text("SELECT paper, version FROM terms")).all() == [
                ("arxiv:2605.00001", COUNTING.version)
            ]
            names = {index["name"] for index in inspect(connection).get_indexes("paper")}
        assert "ix_paper_sample" in names
        assert "ix_paper_draw" not in names


def test_an_old_sqlite_file_is_migrated_in_passing(tmp_path: Path) -> None:
    """Any command brings it up to date."""
    url = f"sqlite:///{tmp_path / 'paperboy.db'}"
    _at_0001(url)
    with opened(url) as database:
        database.prepare()
        assert Papers(database, COUNTING).count() == 1


def test_postgresql_is_not_migrated_in_passing(new_postgres: Callable[[], str]) -> None:
    """A release phase does that: the sentence names the command, and nothing was changed."""
    with opened(new_postgres()) as database:
        with pytest.raises(DatabaseError, match=r"is at migration none, not .*: run `paperboy migrate`"):
            database.prepare()
        with database.engine.connect() as connection:
            assert tables(connection) == set()


def _fill(url: str, *statements: str) -> None:
    with opened(url) as database, database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize("call", [Database.prepare, Database.migrate])
def test_a_database_of_a_newer_version_is_refused_untouched(
    empty_url: str, call: Callable[[Database], object]
) -> None:
    """It may hold what this version does not know: upgrade, or point elsewhere."""
    _fill(
        empty_url,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('9999')",
    )
    with opened(empty_url) as database:
        with pytest.raises(DatabaseError, match=r"newer Paperboy \(migration 9999.*upgrade Paperboy"):
            call(database)
        with database.engine.connect() as connection:
            assert tables(connection) == {"alembic_version"}
            assert migrate.revision(connection) == "9999"


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_a_database_of_something_else_is_refused_untouched(tmp_path: Path, table: str) -> None:
    """A table of our name that we did not make is somebody's data."""
    url = f"sqlite:///{tmp_path / 'theirs.db'}"
    _fill(url, f"CREATE TABLE {table} (theirs INTEGER)")
    with opened(url) as database:
        for call in (database.prepare, database.migrate):
            with pytest.raises(DatabaseError, match="tables that Paperboy did not make: point"):
                call()
        with database.engine.connect() as connection:
            assert tables(connection) == {table}


def test_a_postgresql_of_something_else_is_refused(new_postgres: Callable[[], str]) -> None:
    """The same on a server; a neighbour with tables of other names is welcome."""
    url = new_postgres()
    _fill(url, "CREATE TABLE procrastinate_jobs (theirs INTEGER)")
    with opened(url) as database:
        database.migrate()
        database.prepare()
    url = new_postgres()
    _fill(url, "CREATE TABLE paper (theirs INTEGER)")
    with opened(url) as database:
        for call in (database.prepare, database.migrate):
            with pytest.raises(DatabaseError, match="tables that Paperboy did not make"):
                call()


@pytest.mark.parametrize("content", [b"this is no database\n" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    """Told in a sentence with its path; the file stays as it was."""
    path = tmp_path / "garbage.db"
    path.write_bytes(content)
    with (
        opened(f"sqlite:///{path}") as database,
        pytest.raises(DatabaseError, match=r"garbage\.db cannot be used"),
    ):
        database.prepare()
    assert path.read_bytes() == content


def test_a_folder_or_a_file_in_the_way(tmp_path: Path) -> None:
    """What cannot be opened or made is told, not traced."""
    with opened(f"sqlite:///{tmp_path}") as database, pytest.raises(DatabaseError, match="cannot be used"):
        database.prepare()
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match=r"data folder .* cannot be made"):
        Database(f"sqlite:///{tmp_path / 'file' / 'paperboy.db'}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://ada:s3cret@127.0.0.1:1/papers?connect_timeout=2",
        "postgresql+psycopg://127.0.0.1:1/papers?user=ada&password=s3cret&connect_timeout=2",
        "postgresql+psycopg://ada:s3cret@host.invalid/papers?connect_timeout=2",
    ],
)
def test_an_unreachable_server_is_told_without_the_password(url: str) -> None:
    """The message says which database; no secret gets into it, nor into what it came from."""
    with opened(url) as database, pytest.raises(DatabaseError, match="cannot be used") as caught:
        database.prepare()
    assert "papers" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("s3cret", "DATABASE_URL cannot be read"),
        ("postgresql+psycopg://ada:s3cret@host:port/papers", "DATABASE_URL cannot be read"),
        ("nosuchbase://ada:s3cret@host/papers", "no driver for nosuchbase"),
    ],
)
def test_a_url_that_leads_nowhere(url: str, says: str) -> None:
    """Told when it is opened, without the secret in it."""
    with pytest.raises(DatabaseError, match=says) as caught:
        Database(url)
    assert "s3cret" not in str(caught.value)


def test_a_lost_table_is_told_without_values(database: Database) -> None:
    """Statements and what they carry stay out of messages."""
    with (
        pytest.raises(DatabaseError, match=r"cannot be used: .*lost") as caught,
        database.session() as session,
    ):
        session.execute(text("INSERT INTO lost VALUES (:value)"), {"value": "s3cret"})
    assert "s3cret" not in str(caught.value)


def test_sqlite_keeps_what_it_committed(tmp_path: Path) -> None:
    """Write-ahead log, foreign keys, and every commit on disk: a power cut must not forget what was sent."""
    with opened(f"sqlite:///{tmp_path / 'paperboy.db'}") as database:
        database.prepare()
        with database.reading() as session:
            pragmas = [session.execute(text(f"PRAGMA {p}")).scalar() for p in ("foreign_keys", "synchronous")]
    assert pragmas == [1, 2]
    with closing(sqlite3.connect(tmp_path / "paperboy.db")) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
