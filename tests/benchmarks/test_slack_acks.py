"""How long Slack waits until a click is acknowledged: while nothing else happens, while 40 people click at once, and
while the database is locked for five seconds; and until the answer is there. Prints figures, checks that each click
counts once.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from statistics import median, quantiles

from tests.slack_app.conftest import Installation, ada, connected, installation, prepared, slack
from tests.slack_app.reader import Reader

__all__ = ["ada", "connected", "installation", "prepared", "slack"]

LOCKED = 5.0  #: seconds


def people(reader: Reader, count: int, name: str) -> list[Reader]:
    return [reader.other(user=f"U0{name}{number}", acks=[]) for number in range(count)]


def show(what: str, readers: list[Reader]) -> None:
    acks = [1000 * ack for reader in readers for ack in reader.acks]
    p95 = quantiles(acks, n=20)[-1]
    print(
        f"  {what}: {len(acks)} acks, median {median(acks):.1f} ms, p95 {p95:.1f} ms, worst {max(acks):.1f} ms"
    )


def answered(reader: Reader, count: int, act: Callable[[], object]) -> float:
    """Seconds until there are `count` more replies."""
    before, started = len(reader.slack.replies), time.perf_counter()
    act()
    while len(reader.slack.replies) < before + count:
        assert time.perf_counter() - started < 120
        time.sleep(0.005)
    return time.perf_counter() - started


def test_acknowledgements(installation: Installation, ada: Reader) -> None:
    """Every click counts once and is answered once."""
    print()
    one_by_one = people(ada, 300, "A")
    seconds = answered(ada, 300, lambda: [reader.choose(1, "More") for reader in one_by_one])
    show("one by one", one_by_one)
    print(f"    300 answers in {seconds:.1f} s")

    at_once = people(ada, 200, "B")
    with ThreadPoolExecutor(40) as pool:
        seconds = answered(ada, 200, lambda: list(pool.map(lambda one: one.choose(1, "More"), at_once)))
    show("40 at once", at_once)
    print(f"    200 answers in {seconds:.1f} s")

    while_locked = people(ada, 200, "C")
    with closing(sqlite3.connect(installation.bench.database, isolation_level=None)) as database:

        def click_while_locked() -> None:
            database.execute("BEGIN IMMEDIATE")
            started = time.perf_counter()
            for reader in while_locked:
                reader.choose(1, "More")
                time.sleep(LOCKED / 250)
            time.sleep(max(0.0, LOCKED - (time.perf_counter() - started)))
            database.execute("ROLLBACK")

        seconds = answered(ada, 200, click_while_locked)
    show(f"database locked for {LOCKED:.0f} s", while_locked)
    print(f"    200 answers {seconds - LOCKED:.1f} s after the lock")
    everybody = [*one_by_one, *at_once, *while_locked]
    assert sorted(one.who for one in installation.answers()) == sorted(
        f"slack:{one.user}" for one in everybody
    )
    assert len(ada.slack.replies) == len(everybody)
    assert max(ack for reader in everybody for ack in reader.acks) < 3
