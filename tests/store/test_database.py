"""How the database's file is opened and kept."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import text

from bot.errors import DatabaseBusy, DatabaseError, DatabaseLost
from bot.store.database import Database, database_errors
from bot.store.sqlite import reason
from tests.support.builders import empty_database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A migrated SQLite file."""
    path = tmp_path / "paperboy.db"
    path.write_bytes(empty_database())
    return path


def test_busy_timeout(file: Path) -> None:
    """A writer waits for another one as long as the database was told to; a reader does not wait."""
    with (
        closing(Database(f"sqlite:///{file}")) as first,
        closing(Database(f"sqlite:///{file}", busy_timeout=0.1)) as second,
        first.writing(),
    ):
        with second.reading() as session:
            session.execute(text("SELECT count(*) FROM paper"))
        began = time.monotonic()
        with pytest.raises(DatabaseError, match="locked"), second.writing():
            pass
    assert 0.1 <= time.monotonic() - began < 2


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The message says so: SQLite's "unable to open database file" does not. One that can be written is no reason."""
    url = make_url(f"sqlite:///{tmp_path}/file/data/paperboy.db")
    (tmp_path / "file").touch()
    with pytest.raises(sqlite3.OperationalError, match="unable to open") as caught:
        sqlite3.connect(str(url.database))
    folder = f"the folder {tmp_path}/file/data cannot be written: File exists"
    assert reason(caught.value, url) == folder
    (tmp_path / "file").unlink()
    assert reason(caught.value, url) == "unable to open database file"
    assert reason(sqlite3.OperationalError("database is locked"), url) == "database is locked"


def modes(folder: Path) -> dict[str, str]:
    return {path.name: f"{path.stat().st_mode & 0o777:o}" for path in folder.iterdir()}


def test_only_the_owner_reads_a_new_file(tmp_path: Path) -> None:
    """The file and its folder are created for their owner, and so are the files that SQLite adds."""
    with closing(Database(f"sqlite:///{tmp_path}/new/data/paperboy.db")) as database:
        database.prepare()
        with database.writing():
            assert modes(tmp_path) == {"new": "700"}
            files = dict.fromkeys(("paperboy.db", "paperboy.db-wal", "paperboy.db-shm"), "600")
            assert modes(tmp_path / "new" / "data") == files


def test_an_existing_file_is_restricted(file: Path) -> None:
    """Also its log, and not its folder, which may hold other things."""
    file.parent.chmod(0o755)
    with closing(Database(f"sqlite:///{file}")) as first, first.writing():
        for path in file.parent.iterdir():
            path.chmod(0o664)
        with closing(Database(f"sqlite:///{file}")):
            assert set(modes(file.parent).values()) == {"600"}
    assert file.parent.stat().st_mode & 0o777 == 0o755


def _replace(file: Path) -> None:
    file.rename(file.with_name("moved.db"))
    file.write_bytes(empty_database())


@pytest.mark.parametrize(
    "lose", [Path.unlink, lambda file: file.rename(file.with_name("moved.db")), _replace]
)
def test_a_lost_file(file: Path, lose: Callable[[Path], object]) -> None:
    """Nothing is written to a file that was deleted, moved or replaced while it is open, and nothing is created."""
    with closing(Database(f"sqlite:///{file}")) as database:
        with database.writing():
            pass
        database.check_file()
        lose(file)
        for transaction in (database.writing, database.session, database.reading):
            with pytest.raises(DatabaseLost, match="deleted, moved or replaced"), transaction() as opened:
                opened.execute(text("SELECT 1"))
        with pytest.raises(DatabaseLost):
            database.check_file()


@pytest.mark.parametrize(
    ("says", "passes"),
    [
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  sorry, too many clients already", True),
        ('connection to server at "127.0.0.1", port 1 failed: Connection refused', True),
        ("connection timeout expired", True),
        ("terminating connection due to administrator command", True),
        ("canceling statement due to lock timeout", True),
        ("database is locked", True),
        ('FATAL:  password authentication failed for user "ada"', False),
        ('FATAL:  database "papers" does not exist', False),
        ("could not translate host name: Name or service not known", False),
        ("disk I/O error", False),
    ],
)
def test_errors_that_pass(says: str, passes: bool) -> None:
    """A database that is away for a while is another error than one that a person must correct."""
    with pytest.raises(DatabaseError) as caught, database_errors(make_url("postgresql://host/papers")):
        raise OperationalError("SELECT 1", {}, Exception(says))
    assert isinstance(caught.value, DatabaseBusy) == passes
