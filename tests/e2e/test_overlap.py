"""Old and new processes beside each other on one database, also while the new version migrates it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.accounts import accounts, stored
from tests.support.cli import ROOT, Bench
from tests.support.load import ingest, reader, wired, works
from tests.support.slack_server import Fault, SlackServer
from tests.support.smtp_server import SmtpServer
from tests.support.source_server import SourceServer

#: The version after this one: it adds to every table that processes write.
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade() -> None:
    for table in ("paper", "edition", "delivery", "attempt", "source", "ledger", "pause", "message"):
        op.add_column(table, sa.Column("more", sa.Text, nullable=True))
        op.add_column(table, sa.Column("number", sa.Integer, nullable=False, server_default="7"))
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    op.create_index("ix_delivery_number", "delivery", ["number"])
"""
NEWER = """
import sys
from pathlib import Path
from bot.store import migrate
migrate.HEAD, migrate._FOLDER = "9999", Path("migrations").absolute()
from bot.cli import main
sys.argv[0] = "paperboy"
main()
"""
#: This version, with shorter times.
OLD = """
import sys
from bot.worker import process
process.VERSION_SECONDS, process.OVERLAP_SECONDS = 0.3, float(sys.argv.pop(1))
from bot.cli import main
sys.argv[0] = "paperboy"
main()
"""


@pytest.fixture
def servers() -> Iterator[tuple[SlackServer, SmtpServer, SourceServer]]:
    with SlackServer() as slack, SmtpServer() as smtp, SourceServer() as sources:
        yield slack, smtp, sources


@pytest.fixture(params=["sqlite", "postgresql"])
def bench(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    servers: tuple[SlackServer, SmtpServer, SourceServer],
) -> Bench:
    """Two messages to Slack and two mails are due. The sources know nothing."""
    slack, smtp, sources = servers
    bench = wired(tmp_path, slack, smtp, **sources.settings, SECRET_KEY="kT9x_2mVq8LwZr5yB1nHs7PdEa4UcJf3")
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("new_postgres")
        bench.env["DATABASE_URL"] = make()
        assert bench.run("migrate").code == 0
    today, at = datetime.now(UTC).date(), 'at: "00:00"'
    for number in range(2):
        reader(bench, number, f"slack: C0PAPERS{number}, {at}", f"email: reader{number}@example.org, {at}")
    ingest(bench, today, [*works(0, 3, today), *works(1, 3, today)])
    return bench


def url(bench: Bench) -> str:
    return bench.env.get("DATABASE_URL") or f"sqlite:///{bench.database}"


def newer(bench: Bench, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A call of the newer version."""
    from bot.store.migrate import HEAD

    folder = bench.folder / "migrations"
    if not folder.exists():
        shutil.copytree(ROOT / "bot/store/migrations", folder)
        (folder / "versions/9999_later.py").write_text(MIGRATION.format(head=HEAD))
    return subprocess.run(
        [sys.executable, "-c", NEWER, *arguments],
        cwd=bench.folder,
        env=bench.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def health(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.05)


def old(bench: Bench, stack: ExitStack, overlap: float, *command: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", OLD, str(overlap), *command]
    return stack.enter_context(bench.started(arguments, subprocess.STDOUT))


def test_a_migration_while_old_processes_run(
    bench: Bench, servers: tuple[SlackServer, SmtpServer, SourceServer]
) -> None:
    """The old `run` finishes what it sends, and ends with exit code 1; the old `serve` answers until it is replaced.
    Everything arrives once. An old process does not begin any more.
    """
    slack, smtp, _ = servers
    slack.script = [Fault(store=True, delay=3)]
    with ExitStack() as stack:
        web = old(bench, stack, 600, "serve", "--port", "0")
        assert web.stdout
        found = next(filter(None, (re.search(r"answers on .*:(\d+)", line) for line in web.stdout)))
        run = old(bench, stack, 1, "run")
        wait_for(lambda: bool(slack.messages))
        migrated = newer(bench, "migrate")
        assert migrated.returncode == 0, migrated.stderr
        out, _ = run.communicate(timeout=30)
        assert run.returncode == 1, out
        assert "warning: the database was made by a newer Paperboy (migration 9999" in out
        assert "error: ends, because a newer Paperboy has migrated the database" in out
        assert out.splitlines()[-1].endswith("Z stopped")
        assert out.count("error: ") == 1, out
        port = int(found[1])
        assert health(port, "/health") == (200, "ok")
        status, document = health(port, "/health/full")
        assert (status, len(json.loads(document)["problems"])) == (503, 1)
    begun = bench.run("run")
    assert (begun.code, "was made by a newer Paperboy" in begun.err) == (2, True)
    sent = newer(bench, "send", "--due")
    assert sent.returncode == 0, sent.stdout + sent.stderr
    result = accounts(stored(url(bench)), slack, smtp)
    assert (result.posts, result.mails, result.wrong) == (2, 2, [])


@pytest.mark.parametrize("bench", ["sqlite"], indirect=True)  # senders on both: test_senders.py
def test_two_runs(bench: Bench, servers: tuple[SlackServer, SmtpServer, SourceServer]) -> None:
    """As during a deployment: each message arrives once, whichever sends it."""
    slack, smtp, _ = servers
    with ExitStack() as stack:
        both = [old(bench, stack, 600, "run") for _ in range(2)]
        wait_for(lambda: len(slack.messages) + len(smtp.received) >= 4)
        time.sleep(0.5)
        for one in both:
            one.terminate()
        for one in both:
            out, _ = one.communicate(timeout=20)
            assert (one.returncode, "error: " in out) == (0, False), out
    result = accounts(stored(url(bench)), slack, smtp)
    assert (result.posts, result.mails, result.wrong) == (2, 2, [])
