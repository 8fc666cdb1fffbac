"""`paperboy schedule` and `paperboy work` on PostgreSQL, with workers that are killed."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine, text

from bot.clock import utc_now
from bot.sources.registry import SOURCES
from tests.support.accounts import accounts, stored
from tests.support.launcher import Launcher
from tests.support.load import INTERESTS, ingest, subscribe, wired, works
from tests.support.sitting import servers
from tests.support.slack_server import Fault
from tests.support.smtp_server import At, MailFault

DAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
READERS = 100
KILLS = 5
#: Seconds of what takes minutes in production.
QUICK = {"spacing": 0.01, "lease": 2.0, "settle": 0.5, "tick": 2.0, "heartbeat": 0.5}
_EDITIONS = "SELECT count(*) FROM edition"
_OPEN = "SELECT count(*) FROM delivery WHERE state != 'sent'"
_SENT = "SELECT count(*) FROM delivery WHERE state = 'sent'"
_DOING = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
#: Attempts whose senders died when they might have handed over.
_IN_DOUBT = text("SELECT delivery FROM attempt WHERE finished IS NULL AND stage != 'claimed'")
_ASKED = text("INSERT INTO source (name, state, why, last_attempt) VALUES (:name, 'ok', '', :at)")


def test_workers_that_are_killed(tmp_path: Path, new_postgres: Callable[[], str]) -> None:
    """Two schedulers and three workers, of which one is killed every second or so: each edition exists once and each
    message arrives once; only a mail whose sender died with it may come twice. Nothing is left open or in a job.
    """
    url = new_postgres()
    with servers() as (slack, smtp), Launcher(tmp_path) as launcher:
        bench = wired(tmp_path / "jobs", slack, smtp, DATABASE_URL=url)
        assert bench.run("migrate").code == 0
        subscribe(bench, READERS)
        ingest(bench, DAY, [one for number in range(len(INTERESTS)) for one in works(number, 2, DAY)])
        slack.plan = lambda: Fault(late=0.1, store=True)
        smtp.script.plan = lambda: MailFault(At.DOT, store=True, hang=0.05)
        order = {**QUICK, "shift": (NOON - utc_now()).total_seconds()}
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            for name in SOURCES:
                connection.execute(_ASKED, {"name": name, "at": NOON})
        schedulers = [launcher.start(bench, "schedule", **order) for _ in range(2)]
        workers = [launcher.start(bench, "work", **order) for _ in range(3)]
        kills, chance, end = 0, random.Random(4), time.monotonic() + 100
        while not _count(engine, _SENT):
            assert time.monotonic() < end, "nothing is sent"
            time.sleep(0.1)
        strikes_at = time.monotonic()
        while _count(engine, _EDITIONS) < 3 * READERS or _count(engine, _OPEN) or _count(engine, _DOING):
            assert time.monotonic() < end, (
                f"{_count(engine, _OPEN)} are open, {_count(engine, _DOING)} jobs run"
            )
            if time.monotonic() > strikes_at and kills < KILLS:
                victim = workers.pop(chance.randrange(len(workers)))
                victim.kill()
                kills += victim.wait().was_killed
                workers.append(launcher.start(bench, "work", **order))
                strikes_at = time.monotonic() + chance.uniform(0.6, 1.4)
            time.sleep(0.1)
        for one in (*workers, *schedulers):
            one.signal(signal.SIGTERM)
        ended = [one.wait() for one in (*workers, *schedulers)]
        slack.settle()
        smtp.settle()
        kept = stored(url)
        with engine.connect() as connection:
            doubts = connection.execute(_IN_DOUBT).scalars().all()
        found = accounts(kept, slack, smtp, doubts)
    assert [one.code for one in ended] == [0] * 5, ended
    assert kills == KILLS
    assert (kept.editions, found.parts, found.posts) == (3 * READERS, 3 * READERS, READERS)
    assert not [one for one in found.wrong if not one.startswith("maildir")]
    boxes = [bench.data / "maildir" / f"reader{number}" / "new" for number in range(READERS)]
    assert {len(list(box.iterdir())) for box in boxes} == {1}
    assert _count(engine, _DOING) == 0


def _count(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())
