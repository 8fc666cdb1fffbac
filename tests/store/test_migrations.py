"""Databases are migrated, or rejected with a message and left unchanged."""

from __future__ import annotations

import ast
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from bot.errors import DatabaseError
from bot.papers.identity import title_key
from bot.ranking.counts import COUNTING, counts
from bot.store import conversion, migrate
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.papers import Papers
from bot.store.queue import Queue
from bot.store.tables import Base
from tests.support.cli import ROOT


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def tables(connection: Connection) -> set[str]:
    """Without those of the index for the search and of Procrastinate, which differ by database and have no models."""
    return {name for name in inspect(connection).get_table_names() if not _has_no_model(name)}


def _has_no_model(table: str) -> bool:
    return table.partition("_")[0] in ("search", "procrastinate")


def test_models_and_migrations_agree(database: Database) -> None:
    """As `alembic check`: a migrated database has the tables of the models."""
    with database.engine.connect() as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, _: kind != "table" or not _has_no_model(name),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_head_is_the_newest_script() -> None:
    """HEAD is a constant so that Alembic need not be imported."""
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert scripts.get_heads() == [migrate.HEAD]


def test_known_tables() -> None:
    """A database of another program is recognized by any of them."""
    assert set(Base.metadata.tables) == migrate._OURS


def test_an_empty_database_is_migrated(empty_url: str) -> None:
    """`migrate` returns the migrations before and after; a second call changes nothing."""
    with opened(empty_url) as database:
        assert database.migrate() == (None, migrate.HEAD)
        assert database.migrate() == (migrate.HEAD, migrate.HEAD)
        database.prepare()
        with database.engine.connect() as connection:
            assert tables(connection) == set(Base.metadata.tables) | {"alembic_version"}


def test_an_empty_sqlite_file_is_migrated_by_prepare(tmp_path: Path) -> None:
    """Its folders are created; names may have spaces and percent signs."""
    path = tmp_path / "some new" / "100% folder" / "paperboy.db"
    for _ in range(2):
        with opened(f"sqlite:///{path}") as database:
            database.prepare()
            with database.engine.connect() as connection:
                assert migrate.revision(connection) == migrate.HEAD


def test_a_current_sqlite_file_is_prepared_beside_a_writer(tmp_path: Path) -> None:
    """A long ingest does not delay a command that only reads."""
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


def _insert(connection: Connection, table: str, row: dict[str, object]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


@contextmanager
def _at(url: str, revision: str) -> Iterator[Connection]:
    """A database as an older version made it, to be filled."""
    with opened(url) as database, database.engine.begin() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection


def _at_0001(url: str) -> None:
    """A database as the version before terms were counted left it, with a paper that was sent."""
    with _at(url, "0001") as connection:
        for table, row in _OLD_ROWS.items():
            _insert(connection, table, row)


def _at_0004_with_tex(url: str) -> None:
    """A database of the last version that stored texts as TeX."""
    with _at(url, "0004") as connection:
        for number in range(5):
            row = _OLD_PAPER | {
                "id": f"arxiv:2605.0000{number}",
                "title": rf"On $\alpha_{number}$ of Andr\'e",
                "abstract": "It costs 50\\%.\n\nBut $m^2$ more.",
                "authors": json.dumps([r"Andr\'e Example"]),
                "organization": r"Universit\"at A",
            }
            _insert(connection, "paper", row)
            _insert(connection, "alias", {"key": title_key(f"On α{number} of André"), "paper": row["id"]})


def test_stored_texts_become_unicode(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Title, abstract, authors and organization are converted; a conversion that was interrupted continues."""
    _at_0004_with_tex(empty_url)
    monkeypatch.setattr(conversion, "BATCH", 2)
    steps: list[str] = []

    @contextmanager
    def interrupted(description: str, total: int) -> Iterator[Callable[[str], None]]:
        def step(last: str) -> None:
            if description.startswith("Converting"):
                steps.append(f"{last} of {total}")
            if len(steps) == 1:
                raise KeyboardInterrupt

        yield step

    with opened(empty_url) as database, pytest.raises(KeyboardInterrupt):
        migrate.upgrade(database.engine, interrupted)
    with opened(empty_url) as database:
        with database.engine.connect() as connection:
            assert migrate.revision(connection) == migrate.CONVERSION
            titles = [row.title for row in connection.execute(text("SELECT title FROM paper ORDER BY id"))]
        assert titles[1:3] == ["On α₁ of André", r"On $\alpha_2$ of Andr\'e"]
        migrate.upgrade(database.engine, interrupted)
        database.prepare()
        papers = list(Papers(database, COUNTING).all())
    assert steps == ["arxiv:2605.00001 of 3", "arxiv:2605.00003 of 2", "arxiv:2605.00004 of 2"]
    assert {paper.id: paper.title for paper in papers}["arxiv:2605.00004"] == "On α₄ of André"
    assert {paper.abstract for paper in papers} == {"It costs 50%.\n\nBut m² more."}
    assert {(paper.authors, paper.organization) for paper in papers} == {
        (("André Example",), "Universität A")
    }


_MIGRATE = """
import sys
from bot.store import conversion
from bot.store.database import Database
conversion.BATCH = 1
print(Database(sys.argv[1]).migrate()[1])
"""


def test_processes_that_convert_at_once(empty_url: str) -> None:
    """None of them fails, and each paper is converted once."""
    _at_0004_with_tex(empty_url)
    command_line = [sys.executable, "-c", _MIGRATE, empty_url]
    processes = [subprocess.Popen(command_line, stdout=subprocess.PIPE, cwd=ROOT) for _ in range(3)]
    assert [process.communicate(timeout=60)[0].strip() for process in processes] == [
        migrate.HEAD.encode()
    ] * 3
    with opened(empty_url) as database:
        database.prepare()
        titles = {paper.title for paper in Papers(database, COUNTING).all()}
    assert titles == {f"On {letter} of André" for letter in ("α₀", "α₁", "α₂", "α₃", "α₄")}


def test_papers_and_ledgers_after_an_upgrade(empty_url: str) -> None:
    """From 0001: nothing is lost, and term counts are made when they are first needed."""
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
        assert Outbox(database).given(["maildir:ada"]) == {"arxiv:2605.00001"}
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


# --- 0007 -------------------------------------------------------------------------------------------------


def test_ledgers_of_one_receiver_become_one(empty_url: str) -> None:
    """Of all profiles, of a name and its id, of addresses that differ in case; editions know their receivers."""
    given = {
        "ada:slack:#papers": "ab", "bo:slack:C0PAPERS": "bc", "ada:slack:#other": "a",
        "ada:email:Ada@example.org": "a", "old:email:ada@example.org": "ab", "ada:maildir:ada": "c",
    }  # fmt: skip
    with _at(empty_url, "0006") as connection:
        _insert(connection, "name", {"name": "#papers", "id": "C0PAPERS"})
        _insert(connection, "edition", _OLD_EDITION | {"id": "s", "subscription": "ada:slack:#papers"})
        for key, papers in given.items():
            for paper in papers:
                _insert(connection, "ledger", {"subscription": key, "paper": paper, "edition": "s"})
    with opened(empty_url) as database:
        database.migrate()
        with database.engine.connect() as connection:
            ledger = connection.execute(text("SELECT receiver, paper FROM ledger ORDER BY 1, 2")).all()
            (receiver,) = connection.scalars(text("SELECT receiver FROM edition"))
    assert receiver == "slack:C0PAPERS"
    assert [f"{to} {paper}" for to, paper in ledger] == [
        "email:ada@example.org a", "email:ada@example.org b", "maildir:ada c",
        "slack:#other a", "slack:C0PAPERS a", "slack:C0PAPERS b", "slack:C0PAPERS c",
    ]  # fmt: skip


# --- 0003 -------------------------------------------------------------------------------------------------

_THEN, _SOON = "2026-05-04 12:00:00+00:00", "2026-05-04 12:05:00+00:00"
#: Every state in which a delivery can be found, by the token of its edition: state, attempts, until, receipt.
_OLD_DELIVERIES: dict[str, tuple[str, int, str | None, str | None]] = {
    "pending": ("pending", 0, None, None),
    "sending": ("sending", 1, _SOON, None),
    "again": ("sending", 2, _SOON, None),
    "through": ("sent", 2, None, "receipt"),
    "waiting": ("waiting", 1, _SOON, None),
    "failed": ("failed", 3, None, None),
    "doubt": ("uncertain", 1, _SOON, None),
    "held": ("uncertain", 2, None, None),
}
#: What 0003 adds to each of these: stage, whether it was reported, the unverified retries of a mail.
_NEW: dict[str, tuple[str, bool, int]] = {
    "pending": ("claimed", False, 1),
    "sending": ("data", False, 1),  # how far it came is unknown
    "again": ("data", False, 0),  # it was the second attempt
    "through": ("claimed", False, 0),
    "waiting": ("claimed", False, 1),
    "failed": ("claimed", True, 0),
    "doubt": ("claimed", True, 1),
    "held": ("claimed", True, 0),
}


def _digest(*papers: str) -> str:
    return json.dumps({"profile": "ada", "papers": [{"paper": {"id": id_}, "score": 1.0} for id_ in papers]})


def _fill_0002(connection: Connection) -> None:
    """For each state a mail and a Slack message of two papers, with its attempts; and a digest of three messages."""
    for channel in ("email", "slack"):
        for token, (state, attempts, until, receipt) in _OLD_DELIVERIES.items():
            id_, to = f"{channel}-{token}", f"{token} at {channel}"
            key = f"ada:{channel}:{to}"
            edition = {"id": id_, "subscription": key, "channel": channel, "target": to, "papers": 2}
            edition |= {"digest": _digest(f"{id_}:a", f"{id_}:b")}
            _insert(connection, "edition", _OLD_EDITION | edition)
            delivery = {"state": state, "attempts": attempts, "until": until, "receipt": receipt, "papers": 2}
            delivery |= {
                "started": _THEN if attempts else None,
                "owner": "dead" if state == "sending" else None,
            }
            _insert(connection, "delivery", _old_delivery(id_, 1) | delivery)
            for number in range(1, attempts + 1):
                last = (
                    {} if number < attempts or state == "sending" else {"outcome": state, "finished": _SOON}
                )
                row = {"delivery": f"{id_}-1", "started": _THEN, "why": f"try {number}"}
                _insert(connection, "attempt", row | last)
    digest = {"id": "long", "subscription": "bo:slack:C0", "channel": "slack", "target": "C0", "papers": 5}
    _insert(connection, "edition", _OLD_EDITION | digest | {"digest": _digest(*"abcde")})
    for part, papers in ((1, 2), (2, 2), (3, 1)):
        _insert(connection, "delivery", _old_delivery("long", part) | {"papers": papers})
    quiet = {"id": "quiet", "subscription": "cy:slack:C0", "papers": 0, "why": "nothing new"}
    _insert(connection, "edition", _OLD_EDITION | quiet)


def _old_delivery(edition: str, part: int) -> dict[str, object]:
    return {
        "id": f"{edition}-{part}", "edition": edition, "part": part, "payload": f"{edition} {part}\x00".encode(),
        "papers": 1, "state": "pending", "attempts": 0, "why": f"why {edition}",
    }  # fmt: skip


def _everything(url: str, table: str, key: str = "id") -> list[dict[str, object]]:
    with opened(url) as database, database.engine.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM {table} ORDER BY {key}")).mappings()
        return [dict(row) for row in found]


def test_deliveries_and_attempts_after_an_upgrade(empty_url: str) -> None:
    """From 0002: every edition, delivery, message and attempt is unchanged, with its foreign keys.

    Only the end of a lease, which was stored as that of a wait, has moved to its own column.
    """
    with _at(empty_url, "0002") as connection:
        _fill_0002(connection)
    before = {table: _everything(empty_url, table) for table in ("edition", "delivery", "attempt")}
    assert [len(found) for found in before.values()] == [18, 19, 24]
    with opened(empty_url) as database:
        assert database.migrate() == ("0002", migrate.HEAD)
    for row in before["delivery"]:
        if row["state"] == "sending":
            row |= {"until": None, "lease": row["until"]}
    payloads = {
        row["delivery"]: bytes(row["payload"]) for row in _everything(empty_url, "message", "delivery")
    }
    assert payloads == {row["id"]: bytes(row.pop("payload")) for row in before["delivery"]}
    for table, found in before.items():
        after = _everything(empty_url, table)
        assert [{name: row[name] for name in old} for row, old in zip(after, found, strict=True)] == found
    with opened(empty_url) as database, database.engine.begin() as connection:
        connection.execute(text("DELETE FROM edition WHERE id = 'email-failed'"))
        left = connection.execute(text("SELECT count(*) FROM attempt")).scalar()
        assert left == 24 - 3
        assert connection.execute(text("SELECT count(*) FROM message")).scalar() == 19 - 1


def test_new_columns_of_deliveries_after_an_upgrade(empty_url: str) -> None:
    """From 0002: target, papers, stage and unverified retries. What had stopped counts as reported."""
    with _at(empty_url, "0002") as connection:
        _fill_0002(connection)
    with opened(empty_url) as database:
        database.migrate()
        assert {row["stage"] for row in _everything(empty_url, "attempt")} == {"claimed"}
        outbox, queue = Outbox(database), Queue(database)
        assert outbox.unreported() == ()
        for channel in ("email", "slack"):
            for token, (stage, _, blind) in _NEW.items():
                (one,) = outbox.deliveries(f"{channel}-{token}-1")
                to = f"{token} at {channel}"
                assert (one.channel, one.target, one.subscription) == (channel, to, f"ada:{channel}:{to}")
                assert (one.stage, one.unverified_retries) == (stage, blind if channel == "email" else 0)
                assert one.may_have_arrived is (token in ("sending", "again", "doubt", "held"))
        later = datetime(2026, 5, 4, 12, 5, tzinfo=UTC)
        keys = [f"ada:email:{token} at email" for token in _NEW]
        open_ = [one.id for one in queue.open(keys, later)]
        assert sorted(open_) == sorted(
            f"email-{token}-1" for token in ("pending", "sending", "again", "waiting", "doubt")
        )
        assert all(queue.claim(id_, "test", later, timedelta(minutes=1)) for id_ in open_)
    rows = {row["id"]: row for row in _everything(empty_url, "delivery")}
    assert {id_: _list(rows[id_]["shows"]) for id_ in ("long-1", "long-2", "long-3", "email-held-1")} == {
        "long-1": ["a", "b"],
        "long-2": ["c", "d"],
        "long-3": ["e"],
        "email-held-1": ["email-held:a", "email-held:b"],
    }
    for token, (_, told, _) in _NEW.items():
        row = rows[f"slack-{token}-1"]
        assert (bool(row["told"]), row["incident"]) == (told, f"slack-{token}-1" if told else None)


def _list(value: object) -> object:
    """JSON, which SQLite's driver returns as text."""
    return json.loads(value) if isinstance(value, str) else value


def test_an_old_sqlite_file_is_migrated_by_prepare(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'paperboy.db'}"
    _at_0001(url)
    with opened(url) as database:
        database.prepare()
        assert Papers(database, COUNTING).count() == 1


def test_postgresql_is_not_migrated_by_prepare(new_postgres: Callable[[], str]) -> None:
    """The message names the command; nothing changes."""
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
def test_a_database_of_a_newer_version_is_rejected(
    empty_url: str, call: Callable[[Database], object]
) -> None:
    """It stays unchanged."""
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
def test_a_database_of_another_program_is_rejected(tmp_path: Path, table: str) -> None:
    """It has a table with the name of one of ours, and stays unchanged."""
    url = f"sqlite:///{tmp_path / 'theirs.db'}"
    _fill(url, f"CREATE TABLE {table} (theirs INTEGER)")
    with opened(url) as database:
        for call in (database.prepare, database.migrate):
            with pytest.raises(DatabaseError, match="tables that Paperboy did not create: point"):
                call()
        with database.engine.connect() as connection:
            assert tables(connection) == {table}


def test_a_postgresql_database_of_another_program_is_rejected(new_postgres: Callable[[], str]) -> None:
    """Tables of other names beside ours are accepted, but not Procrastinate's."""
    url = new_postgres()
    _fill(url, "CREATE TABLE invoice (theirs INTEGER)")
    with opened(url) as database:
        database.migrate()
        database.prepare()
    url = new_postgres()
    _fill(url, "CREATE TABLE paper (theirs INTEGER)")
    with opened(url) as database:
        for call in (database.prepare, database.migrate):
            with pytest.raises(DatabaseError, match="tables that Paperboy did not create"):
                call()
    url = new_postgres()
    _fill(url, "CREATE TABLE procrastinate_jobs (theirs INTEGER)")
    with (
        opened(url) as database,
        pytest.raises(DatabaseError, match="Procrastinate's tables, which Paperboy"),
    ):
        database.migrate()
    with opened(url) as database, database.engine.connect() as connection:
        assert migrate.revision(connection) is None


@pytest.mark.parametrize("content", [b"this is no database\n" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_file_that_is_not_a_database(tmp_path: Path, content: bytes) -> None:
    """The message has its path; the file stays unchanged."""
    path = tmp_path / "garbage.db"
    path.write_bytes(content)
    with (
        opened(f"sqlite:///{path}") as database,
        pytest.raises(DatabaseError, match=r"garbage\.db cannot be used"),
    ):
        database.prepare()
    assert path.read_bytes() == content


def test_a_folder_or_a_file_in_the_way(tmp_path: Path) -> None:
    """A message instead of a traceback."""
    with opened(f"sqlite:///{tmp_path}") as database, pytest.raises(DatabaseError, match="cannot be used"):
        database.prepare()
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match=r"data folder .* cannot be created"):
        Database(f"sqlite:///{tmp_path / 'file' / 'paperboy.db'}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://ada:s3cret@127.0.0.1:1/papers?connect_timeout=2",
        "postgresql+psycopg://127.0.0.1:1/papers?user=ada&password=s3cret&connect_timeout=2",
        "postgresql+psycopg://ada:s3cret@host.invalid/papers?connect_timeout=2",
        "postgresql+psycopg://ada@127.0.0.1:1/papers?foo=s3cret&connect_timeout=2",
    ],
)
def test_an_unreachable_server_is_reported_without_the_password(url: str) -> None:
    """The message names the database; the password is neither in it nor in its cause."""
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
def test_an_unusable_url(url: str, says: str) -> None:
    """Reported when the database is opened, without the secret in it."""
    with pytest.raises(DatabaseError, match=says) as caught:
        Database(url)
    assert "s3cret" not in str(caught.value)


def test_a_missing_table_is_reported_without_values(database: Database) -> None:
    """Messages hold no statements and no values."""
    with (
        pytest.raises(DatabaseError, match=r"cannot be used: .*lost") as caught,
        database.session() as session,
    ):
        session.execute(text("INSERT INTO lost VALUES (:value)"), {"value": "s3cret"})
    assert "s3cret" not in str(caught.value)


def test_sqlite_pragmas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write-ahead log, foreign keys, and a wait for the disk at each commit that is durable: ours or SQLite's."""
    with opened(f"sqlite:///{tmp_path / 'paperboy.db'}") as database:
        database.prepare()
        with database.reading() as session:
            pragmas = [session.execute(text(f"PRAGMA {p}")).scalar() for p in ("foreign_keys", "synchronous")]
    assert pragmas == [1, 2]
    with opened(f"sqlite:///{tmp_path / 'paperboy.db'}") as database:
        database.prepare()
        log = os.fspath(tmp_path / "paperboy.db-wal")
        synced: list[str] = []

        def sync(number: int) -> None:
            synced.append(os.readlink(f"/proc/self/fd/{number}"))

        monkeypatch.setattr("bot.store.sqlite._SYNC", sync)
        for durable in (False, True, False, True):
            before = len(synced)
            with database.writing(durable=durable) as connection:
                connection.execute(text("DELETE FROM pause"))
            assert synced[before:] == [log] * durable
        database.flush()
    with closing(sqlite3.connect(tmp_path / "paperboy.db")) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)


#: Operations that processes of the version before do not survive.
_REMOVES = {"drop_column", "drop_table", "drop_constraint", "rename_table", "alter_column"}


@pytest.mark.parametrize(
    "path", sorted(Path(migrate.__file__).parent.glob("migrations/versions/0*.py"))[12:], ids=str
)
def test_migrations_only_add(path: Path) -> None:
    """From 0013 on, so that old processes go on beside new ones; what they alone need is removed a version later."""
    (upgrade,) = (
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    )
    used = {node.attr for node in ast.walk(upgrade) if isinstance(node, ast.Attribute)}
    assert not used & _REMOVES
