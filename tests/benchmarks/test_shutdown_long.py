"""SIGTERM at random moments, again and again, until everything is delivered.

python -m pytest tests/benchmarks/test_shutdown_long.py -s -n 0
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.e2e.listings import Work
from tests.support.accounts import accounts, stored
from tests.support.load import ingest, reader, wired, works
from tests.support.slack_server import Fault, SlackServer
from tests.support.smtp_server import At, MailFault, SmtpServer
from tests.support.source_server import SourceServer

READERS, MOST_STARTS = 10, 60


def test_sigterm_at_random_moments(tmp_path: Path) -> None:
    """Each message arrives once; every process ends within 20 seconds with exit code 0."""
    chance, today = random.Random(16), datetime.now(UTC).date()
    taken, last, codes = list[float](), Counter[str](), Counter[int]()
    with SlackServer() as slack, SmtpServer() as smtp, SourceServer() as sources:
        slack.plan = lambda: Fault(store=True, delay=chance.uniform(0, 3))
        smtp.script.plan = lambda: MailFault(At.DOT, store=True, hang=chance.uniform(0, 3))
        bench = wired(tmp_path, slack, smtp, **sources.settings)
        papers = list[Work]()
        for number in range(READERS):
            reader(
                bench,
                number,
                f'slack: C0{number}, at: "00:00"',
                f'email: reader{number}@example.org, at: "00:00"',
            )
            papers += works(number, 3, today)
        ingest(bench, today, papers)
        url = f"sqlite:///{bench.database}"
        while (state := stored(url)).editions < 2 * READERS or state.open:
            assert len(taken) < MOST_STARTS
            with bench.started(bench.command("run")) as process:
                assert process.stdout
                process.stdout.readline()  # started
                time.sleep(chance.uniform(0.2, 3))
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                out, _ = process.communicate(timeout=30)
            taken.append(time.monotonic() - began)
            codes[process.returncode] += 1
            last[out.splitlines()[-1].partition(" ")[2]] += 1
        found = accounts(stored(url), slack, smtp)
    print(f"\n\n{len(taken)} processes, exit codes {dict(codes)}, last lines {dict(last)}")
    print(f"seconds from SIGTERM to the end: median {median(taken):.1f}, longest {max(taken):.1f}")
    print(f"{found.posts} Slack messages and {found.mails} mails for {found.parts} deliveries")
    assert (found.wrong, set(codes)) == ([], {0})
