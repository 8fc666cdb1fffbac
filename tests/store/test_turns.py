"""The turns of services: one request at a time from all processes, by the database's clock."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from sqlalchemy import text

from bot.store.database import Database
from bot.store.turns import RequestTurns
from tests.support.cli import ROOT
from tests.support.source_server import SourceServer


def test_one_process_has_the_turn(database: Database) -> None:
    """Another one waits until it is given back and the spacing is over. Groups do not wait for one another."""
    ours, theirs = RequestTurns(database), RequestTurns(database)
    assert ours.take("arxiv", 100) == 0
    assert theirs.take("arxiv", 100) == RequestTurns.POLL
    assert theirs.take("huggingface", 100) == 0
    ours.give_back("arxiv", 0.3)
    assert 0 < theirs.take("arxiv", 100) <= 0.3
    time.sleep(0.35)
    assert theirs.take("arxiv", 100) == 0


def test_a_turn_of_a_dead_process_ends(database: Database) -> None:
    """With its lease; if it was not dead after all, it gives back nothing of the next one's."""
    dead, next_ = RequestTurns(database), RequestTurns(database)
    assert dead.take("arxiv", 0.2) == 0
    time.sleep(0.25)
    assert next_.take("arxiv", 100) == 0
    dead.give_back("arxiv", 0)
    assert dead.take("arxiv", 100) == RequestTurns.POLL


def test_a_clock_that_was_set_back(database: Database) -> None:
    """A turn that ends later than any lease does not count."""
    ours, theirs = RequestTurns(database), RequestTurns(database)
    assert ours.take("arxiv", 100_000) == 0
    assert theirs.take("arxiv", 100) == 0


ASK = """
import sys
from bot.sources.http import PoliteHttp
from bot.store.database import Database
from bot.store.turns import RequestTurns

class Nothing:
    def get(self, url): return None
    def put(self, url, etag, last_modified): ...

database_url, url = sys.argv[1:]
http = PoliteHttp(
    validators=Nothing(), spacing={url: ("arxiv", 0.3)}, turns=RequestTurns(Database(database_url))
)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(3):
    http.get(f"{url}/x")
"""


@pytest.fixture
def server() -> Iterator[SourceServer]:
    with SourceServer() as made:
        made.answer("/arxiv/rss", b"a feed")
        yield made


def test_two_processes_keep_one_limit(database: Database, server: SourceServer) -> None:
    """Their requests never overlap, and the pause after each holds for both."""
    url = database.engine.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, url, f"{server.url}/arxiv/rss"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(2)
    ]
    try:
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.communicate("go\n", timeout=30)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    requests = sorted(server.requests, key=lambda request: request.begun)
    assert len(requests) == 6
    assert all(after.begun - before.ended >= 0.29 for before, after in pairwise(requests))
    with database.reading() as session:
        assert session.connection().execute(text("SELECT count(*) FROM lane")).scalar_one() == 1
