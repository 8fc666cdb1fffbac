"""Editions for the tests of the store, queries on them, and work by several processes at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from sqlmodel import select

from bot.delivery.model import Delivery, DeliveryState, Edition, Part, Transition
from bot.profiles.model import ChannelName, Subscription
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.tables import AttemptRow, EditionRow, LedgerRow

NOW = datetime(2026, 5, 29, 6, 30, tzinfo=UTC)
SECOND, MINUTE, LEASE = timedelta(seconds=1), timedelta(minutes=1), timedelta(minutes=5)
TODAY, TOMORROW = date(2026, 5, 29), date(2026, 5, 30)
ADA = Subscription("ada", ChannelName.SLACK, "C0PAPERS")
BOB = Subscription("bob", ChannelName.EMAIL, "bob@example.org")
S = DeliveryState
T = TypeVar("T")


def edition(token: str = "ed1", to: Subscription = ADA, on: date = TODAY, **changes: Any) -> Edition:
    made = Edition(token, to.key, to.profile, to.channel, to.target, on, papers=3, candidates=40)
    return replace(made, **changes)


def receiver(to: Subscription | Edition) -> str:
    return f"{to.channel}:{to.target}"


def parts(count: int = 1) -> list[Part]:
    return [Part(f"part {n}\x00\xff".encode("latin-1"), papers=1) for n in range(1, count + 1)]


def add(
    outbox: Outbox, one: Edition, *, papers: tuple[str, ...] = (), count: int = 1, unverified_retries: int = 0
) -> bool:
    """Store an edition with so many parts; part n shows the nth paper, if there is one."""
    ids = papers or (f"arxiv:{one.id}",)
    shown = [replace(part, shows=ids[n : n + 1]) for n, part in enumerate(parts(count))]
    return outbox.add(one, receiver(one), NOW, {"papers": ["…"]}, ids, shown, unverified_retries)


def step(state: DeliveryState, **values: Any) -> Transition:
    """The transition of the first delivery; each stop is an incident of its own by default."""
    stops = state is S.FAILED or (state is S.UNCERTAIN and not values.get("until"))
    return Transition(state, **{"incident": "ed1-1" if stops else None, **values})


def attempts(database: Database) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        rows_ = session.exec(select(AttemptRow).order_by(AttemptRow.id)).all()
    return [(row.delivery, row.started, row.finished, row.outcome, row.why) for row in rows_]


def stages(database: Database) -> list[str]:
    """The stages of all attempts."""
    with database.reading() as session:
        return [str(stage) for stage in session.exec(select(AttemptRow.stage).order_by(AttemptRow.id))]


def rows(database: Database) -> Counter[str]:
    with database.reading() as session:
        return Counter(
            type(row).__name__ for table in (EditionRow, LedgerRow) for row in session.exec(select(table))
        )


def stored(outbox: Outbox, id_: str = "ed1-1") -> Delivery:
    """A delivery as it is stored."""
    (found,) = outbox.deliveries(id_)
    return found


def first(outbox: Outbox, to: Subscription = ADA, on: date = TODAY) -> Delivery:
    found = find_edition(outbox, to, on)
    assert found is not None
    return found.deliveries[0]


def find_edition(outbox: Outbox, to: Subscription, on: date = TODAY) -> Edition | None:
    """A subscription's edition for a local date."""
    summary = outbox.summaries(on, on).get((to.key, on))
    return outbox.edition(summary.id) if summary else None


def at_once(database: Database, work: Callable[[Database, int], T], count: int) -> list[T]:
    """Results of `work` in several threads, each with its own database connection as a process would have."""
    barrier, url = threading.Barrier(count), database.url.render_as_string(hide_password=False)

    def run(number: int) -> T:
        mine = Database(url)
        try:
            barrier.wait(timeout=30)
            return work(mine, number)
        finally:
            mine.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
