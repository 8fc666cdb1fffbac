"""Three senders whose clocks differ by minutes and by a day, killed and stopped hundreds of times, on both databases.

    PAPERBOY_KILLS=500 PAPERBOY_STOPS=100 python -m pytest tests/benchmarks/test_storm_long.py -s -n 0

PAPERBOY_SEED (a new one each time) is the seed of the moments and of the servers' faults.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmarks.test_kills_long import report
from tests.support.launcher import Launcher
from tests.support.load import wired
from tests.support.sitting import servers
from tests.support.storm import Storm

KILLS = int(os.environ.get("PAPERBOY_KILLS", "50"))
STOPS = int(os.environ.get("PAPERBOY_STOPS", "10"))
SEED = int(os.environ.get("PAPERBOY_SEED") or secrets.randbelow(10**6))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_kills_and_stops(tmp_path: Path, request: pytest.FixtureRequest, database: str) -> None:
    """Slack gets each message once, mails by the rule, and the ledger equals what was received."""
    started, env = time.perf_counter(), {}
    if database == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("new_postgres")
        env = {"DATABASE_URL": make()}
    print(f"\nseed {SEED}")
    with servers() as (slack, smtp), Launcher(tmp_path) as launcher:
        bench = wired(tmp_path / "town", slack, smtp, **env)
        assert bench.run("migrate").code == 0
        storm = Storm(bench, launcher, slack, smtp, seed=f"{SEED} {database}")
        found = storm.run(KILLS, STOPS)
        report(
            f"Three senders, killed and stopped: {database}, {storm.days} days, {storm.starts} processes",
            storm.kills,
            found,
            started,
            ("stops for longer than a lease", storm.stops),
            ("attempts that let go before anything was sent", storm.let_go),
            ("faults of the servers", storm.faults),
            ("seed", SEED),
        )
    assert not found.wrong
