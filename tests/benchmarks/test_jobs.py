"""Throughput of one, two and four workers compared with one process that sends, on PostgreSQL and local servers.

Both compose and deliver for the same subscriptions. With slow servers, as real ones are, workers gain by serving
conversations side by side; with fast ones, as much as there are processors.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from bot.clock import utc_now
from bot.sources.registry import SOURCES
from tests.support.cli import Bench
from tests.support.launcher import Launcher, Running
from tests.support.load import INTERESTS, ingest, subscribe, wired, works
from tests.support.sitting import servers
from tests.support.slack_server import Fault
from tests.support.smtp_server import At, MailFault

DAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
READERS = 100


@pytest.mark.parametrize("latency", [0.0, 0.15])
def test_throughput(tmp_path: Path, new_postgres: Callable[[], str], latency: float) -> None:
    """300 subscriptions, a third each in Slack, by mail and in Maildirs. `latency`: of the servers, in seconds."""
    with servers() as (slack, smtp), Launcher(tmp_path) as launcher:
        slack.plan = lambda: Fault(late=latency, store=True)
        smtp.script.plan = lambda: MailFault(At.DOT, store=True, hang=latency)

        def measure(workers: int) -> tuple[float, float]:
            """Seconds until everything is sent, and of all processors; by `send` when there are no workers."""
            url = new_postgres()
            bench = wired(tmp_path / f"{workers}", slack, smtp, DATABASE_URL=url)
            _prepare(bench, url)
            begun = time.monotonic()
            running = [*_start(bench, launcher, workers)]
            engine = create_engine(url, poolclass=NullPool)
            while True:
                with engine.connect() as connection:
                    sent = connection.execute(
                        text("SELECT count(*) FROM delivery WHERE state = 'sent'")
                    ).scalar()
                if sent == 3 * READERS:
                    break
                assert time.monotonic() < begun + 300, sent
                time.sleep(0.05)
            taken, processors = time.monotonic() - begun, sum(map(_processor_seconds, running))
            for one in running:
                one.kill()
                one.wait()
            return taken, processors

        alone = 0.0
        print(f"\nlatency {latency * 1000:.0f} ms")
        for workers in (0, 1, 2, 4):
            taken, processors = measure(workers)
            alone = alone or taken
            print(
                f"{f'{workers} workers' if workers else 'send':>10}: {3 * READERS / taken:5.1f} digests/s, "
                f"{alone / taken:.2f} of send; {processors * 1000 / 3 / READERS:.0f} ms of a processor a digest"
            )


def _prepare(bench: Bench, url: str) -> None:
    assert bench.run("migrate").code == 0
    subscribe(bench, READERS)
    ingest(bench, DAY, [one for number in range(len(INTERESTS)) for one in works(number, 5, DAY)])
    asked = text("INSERT INTO source (name, state, why, last_attempt) VALUES (:name, 'ok', '', :at)")
    with create_engine(url, poolclass=NullPool).begin() as connection:
        for name in SOURCES:
            connection.execute(asked, {"name": name, "at": NOON})


def _start(bench: Bench, launcher: Launcher, workers: int) -> list[Running]:
    order = {"spacing": 0.01, "shift": (NOON - utc_now()).total_seconds()}
    if not workers:
        return [launcher.start(bench, "send", **order)]
    commands = ["schedule"] + ["work"] * workers
    return [launcher.start(bench, command, **order) for command in commands]


def _processor_seconds(one: Running) -> float:
    user, system = Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
