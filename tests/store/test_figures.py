"""The numbers that monitors read."""

from __future__ import annotations

from datetime import timedelta

from bot.delivery.model import EditionState
from bot.papers.model import SourceState
from bot.store.database import Database
from bot.store.figures import read_figures
from bot.store.outbox import Outbox
from bot.store.queue import Queue
from bot.store.receivers import Receivers
from bot.store.sources import Sources
from tests.support.editions import ADA, BOB, LEASE, MINUTE, NOW, TODAY, S, add, edition, step


def test_an_empty_database(database: Database) -> None:
    """Nothing is counted, and nothing is due."""
    found = read_figures(database, NOW)
    assert (found.editions, found.deliveries, found.oldest_due, found.papers) == ({}, {}, None, 0)
    assert (found.sources, found.last_attempt) == ((), None)


def test_figures(database: Database) -> None:
    """Editions by the worst state of their parts, those since yesterday only; deliveries that are not sent; since
    when the first one is due, but not what a pause stops.
    """
    outbox, queue, later = Outbox(database), Queue(database), NOW + 10 * MINUTE
    add(outbox, edition("old", on=TODAY - timedelta(days=2)))
    add(outbox, edition("ed1"), count=2)
    add(outbox, edition("ed2", BOB), count=2)
    outbox.add(
        edition("ed3", on=TODAY - timedelta(days=1), papers=0), "slack:C0PAPERS", NOW, {"papers": []}, (), []
    )
    for part, state in (("ed1-1", S.SENT), ("ed1-2", S.FAILED), ("ed2-1", S.SENT), ("old-1", S.WAITING)):
        assert queue.claim(part, "one", NOW, LEASE)
        until = NOW + MINUTE if state is S.WAITING else None
        queue.record(part, "one", step(state, until=until), NOW)
    Sources(database).put(SourceState(name="arxiv-rss", state="ok", last_attempt=NOW))

    found = read_figures(database, later)
    assert found.editions == {EditionState.FAILED: 1, EditionState.WAITING: 1, EditionState.QUIET: 1}
    assert found.deliveries == {S.FAILED: 1, S.PENDING: 1, S.WAITING: 1}
    assert (found.oldest_due, found.last_attempt) == (NOW, NOW)
    Receivers(database).pause(BOB.key, "paused", NOW)
    assert read_figures(database, later).oldest_due == NOW + MINUTE
    assert read_figures(database, NOW).oldest_due is None
    Receivers(database).pause(ADA.key, "paused", NOW)
    assert read_figures(database, later).oldest_due is None
