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
from tests.support.accounts import accounts, stored
from tests.support.cli import Bench
from tests.support.launcher import Launcher, Running
from tests.support.load import INTERESTS, ingest, wired, works
from tests.support.sitting import servers
from tests.support.slack_server import Fault
from tests.support.smtp_server import At, MailFault

DAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
READERS = 100
NO_SOURCES = dict.fromkeys(
    ("ARXIV_API_URL", "ARXIV_RSS_URL", "ARXIV_OAI_URL", "HF_API_URL"), "http://127.0.0.1:9/"
)
_OPEN = "SELECT count(*) FROM delivery WHERE state != 'sent'"
#: Attempts whose senders died with them after they had begun to hand over.
_IN_DOUBT = "SELECT delivery FROM attempt WHERE finished IS NULL AND stage NOT IN ('claimed', 'connecting')"
_DOING = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
#: Seconds of what takes minutes in production, so that the test sees it.
QUICK = {"spacing": 0.01, "lease": 2.0, "settle": 0.5, "tick": 1.0, "heartbeat": 0.5}


def _subscribe(bench: Bench) -> None:
    """300 subscriptions of 100 profiles, each with a receiver of its own."""
    for number in range(READERS):
        interest = INTERESTS[number % len(INTERESTS)]
        ends = (f"slack: C0{number:03}", f"email: reader{number}@example.org", f"maildir: reader{number}")
        deliver = "".join(f'  - {{{end}, at: "06:00"}}\n' for end in ends)
        bench.profile(
            f"reader{number}", f"timezone: UTC\ninterests: [{interest}]\nthreshold: 0\ndeliver:\n{deliver}"
        )


def test_workers_that_are_killed(tmp_path: Path, new_postgres: Callable[[], str]) -> None:
    """Two schedulers and three workers, of which one is killed every second or so: each edition exists once and each
    message arrives once; only a mail whose sender died with it may come twice. Nothing is left open or in a job.
    """
    url = new_postgres()
    with servers() as (slack, smtp), Launcher(tmp_path) as launcher:
        bench = wired(tmp_path / "jobs", slack, smtp, DATABASE_URL=url, **NO_SOURCES)
        assert bench.run("migrate").code == 0
        _subscribe(bench)
        ingest(bench, DAY, [one for number in range(len(INTERESTS)) for one in works(number, 2, DAY)])
        slack.plan = lambda: Fault(late=0.1, store=True)
        smtp.script.plan = lambda: MailFault(At.DOT, store=True, hang=0.05)
        order = {**QUICK, "shift": (NOON - utc_now()).total_seconds()}
        schedulers = [launcher.start(bench, "schedule", **order) for _ in range(2)]
        workers = [launcher.start(bench, "work", **order) for _ in range(3)]
        engine = create_engine(url, poolclass=NullPool)
        kills, begun = 0, time.monotonic()
        chance = random.Random(4)
        strikes_at = begun + 1.5
        while _count(engine, "SELECT count(*) FROM edition") < 3 * READERS or _count(engine, _OPEN):
            assert time.monotonic() < begun + 100, _count(engine, _OPEN)
            time.sleep(0.1)
            if time.monotonic() > strikes_at and kills < 8:
                victim = workers.pop(chance.randrange(len(workers)))
                victim.kill()
                victim.wait()
                kills += 1
                workers.append(launcher.start(bench, "work", **order))
                strikes_at = time.monotonic() + chance.uniform(0.5, 1.5)
        print("seconds", time.monotonic() - begun, "kills", kills)
        while _count(engine, _DOING):  # of killed workers, until a scheduler takes them back
            assert time.monotonic() < begun + 100
            time.sleep(0.1)
        print("seconds", time.monotonic() - begun, "kills", kills)
        for one in (*workers, *schedulers):
            one.signal(signal.SIGTERM)
        ended = [one.wait() for one in (*workers, *schedulers)]
        print("seconds", time.monotonic() - begun, "kills", kills)
        slack.settle()
        smtp.settle()
        kept = stored(url)
        with engine.connect() as connection:
            doubts = connection.execute(text(_IN_DOUBT)).scalars().all()
        found = accounts(kept, slack, smtp, doubts)
    print(found)
    assert [one.code for one in ended] == [0] * 5, ended
    assert kills >= 3
    assert (kept.editions, found.parts, found.posts) == (3 * READERS, 3 * READERS, READERS)
    assert not [one for one in found.wrong if not one.startswith("maildir")]
    boxes = [bench.data / "maildir" / f"reader{number}" / "new" for number in range(READERS)]
    assert {len(list(box.iterdir())) for box in boxes} == {1}
    assert _count(engine, _DOING) == 0


def _count(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())
