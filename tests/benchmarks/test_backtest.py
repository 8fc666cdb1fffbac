"""Backtests of the example profiles over the real archive, beside 31 ingests and 31 sends on the same days.

    OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_backtest.py -s -n 0

The sends are calls of `paperboy send NAME --on DATE`, each with the papers of the days until then.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlmodel import select

from bot.store.database import Database
from bot.store.tables import EditionRow
from tests.benchmarks.archive import DAYS, needs_archive
from tests.support.cli import ROOT, Bench
from tests.support.leftovers import archive
from tests.support.slack_server import SlackServer
from tests.support.smtp_server import SmtpServer

T = TypeVar("T")
EXAMPLES = ("language-models", "quantum-codes", "robotics-lab")
#: Papers of the sent editions, best first, of each subscription, by local date.
Editions = dict[str, dict[str, list[str]]]


def timed(name: str, do: Callable[[], T]) -> T:
    """The result, after printing the seconds of processor and wall clock that it took."""
    processor, wall = time.process_time(), time.perf_counter()
    result = do()
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    print(f"  {name:<52}{processor:6.1f} s processor {wall:6.1f} s wall clock")
    return result


def ingest(bench: Bench, day: str) -> None:
    (path,) = (path for path in archive() if path.name.startswith(day))
    assert bench.run("ingest", "--file", path, "--as-of", day).code == 0


def send(bench: Bench, day: str) -> None:
    for name in EXAMPLES:
        result = bench.run("send", name, "--on", day)
        assert result.code == 0, result.err


def sent(bench: Bench) -> dict[str, Editions]:
    """By profile and subscription."""
    database = Database(f"sqlite:///{bench.database}")
    found: dict[str, Editions] = defaultdict(lambda: defaultdict(dict))
    with database.reading() as session:
        for row in session.exec(select(EditionRow)):
            papers = [one["paper"]["id"] for one in row.digest["papers"]]
            found[row.profile][row.subscription][row.on.isoformat()] = papers
    database.close()
    return found


def backtest(bench: Bench, name: str) -> dict[str, list[str]]:
    """The papers of each date."""
    document: Any = bench.run(
        "backtest", name, "--days", len(DAYS), "--on", f"2026-05-{len(DAYS)}", "--json"
    ).json
    return {day["on"]: day["papers"] for day in document["days"]}


@needs_archive
@pytest.mark.parametrize("ahead", [False, True], ids=["day by day", "all papers stored before"])
def test_backtest_beside_sends(tmp_path: Path, ahead: bool) -> None:
    """Every subscription of every example had the same papers on every day; `send` knows nothing of later days."""
    days = [f"2026-05-{day:02d}" for day in DAYS]
    with SlackServer() as slack, SmtpServer() as smtp:
        bench = Bench(
            tmp_path,
            SLACK_BOT_TOKEN=slack.token,
            SLACK_API_URL=slack.url,
            SMTP_URL=f"smtp://127.0.0.1:{smtp.port}?tls=none",
            MAIL_FROM="paperboy@example.org",
        ).prepared()
        for path in (ROOT / "profiles").iterdir():
            bench.file(f"profiles/{path.name}", path.read_bytes())
        print(f"\nload {os.getloadavg()[0]:.1f}")
        if ahead:
            timed(f"{len(days)} ingests", lambda: [ingest(bench, day) for day in days])
            timed(f"{len(days)} sends of each profile", lambda: [send(bench, day) for day in days])
        else:
            timed(
                f"{len(days)} ingests, each with a send of each profile",
                lambda: [(ingest(bench, day), send(bench, day)) for day in days],
            )
        editions = sent(bench)
        for name in EXAMPLES:
            found = timed(f"backtest of {name}", lambda name=name: backtest(bench, name))
            quiet = sum(not ids for ids in found.values())
            print(f"    {sum(map(len, found.values()))} papers, {quiet} quiet days")
            assert len(editions[name]) > 0
            for subscription in editions[name].values():
                assert found == subscription
