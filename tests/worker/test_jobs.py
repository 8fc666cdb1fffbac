"""The queue of jobs on a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.errors import DatabaseError, ShutdownRequested
from bot.store.database import Database
from bot.worker.job_plan import deliver_job
from bot.worker.jobs import JobQueue
from tests.support.builders import NOW

JOB = deliver_job("slack/0", NOW)


@pytest.fixture(scope="module")
def migrated(postgres_server: str) -> Iterator[Database]:
    from tests.support.postgres import renamed, run

    run(postgres_server, "CREATE DATABASE jobs STRATEGY wal_log")
    with closing(Database(renamed(postgres_server, "jobs"))) as database:
        database.migrate()
        yield database


@pytest.fixture
def database(migrated: Database) -> Iterator[Database]:
    yield migrated
    with migrated.writing() as connection:
        connection.execute(text("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE"))


def states(database: Database) -> list[str]:
    with database.reading() as session:
        return list(
            session.connection().execute(text("SELECT status FROM procrastinate_jobs ORDER BY id")).scalars()
        )


def test_a_job_is_put_there_in_a_transaction(database: Database) -> None:
    """With it or not at all; one that waits already leaves the transaction as it is."""
    queue = JobQueue(database)
    with database.writing() as connection:
        assert queue.defer_in(connection.connection.driver_connection, JOB)
        connection.rollback()
    assert states(database) == []
    with database.writing() as connection:
        driver = connection.connection.driver_connection
        assert [queue.defer_in(driver, JOB) for _ in range(2)] == [True, False]
        connection.execute(text("SELECT 1"))
    assert (states(database), queue.defer([JOB])) == (["todo"], 0)


def test_a_job_that_a_transaction_counts_on(database: Database) -> None:
    """It begins when the transaction has ended: it would not see what that stores."""
    queue = JobQueue(database)
    queue.defer([JOB, deliver_job("slack/1", NOW + timedelta(hours=1))])
    groups: list[str] = []
    with database.writing() as connection:
        assert not queue.defer_in(connection.connection.driver_connection, JOB)
        work(queue, groups.append, 1)
        assert groups == ["slack/1"]
    work(queue, groups.append, 1)
    assert groups == ["slack/1", "slack/0"]


def test_a_job_that_waits_for_more(database: Database) -> None:
    """It begins after so many seconds, by the database's clock."""
    queue = JobQueue(database)
    queue.defer([deliver_job("slack/0", NOW, wait=60.0)])
    with database.reading() as session:
        ahead = text("SELECT scheduled_at - now() FROM procrastinate_jobs")
        wait = session.connection().execute(ahead).scalar_one()
    assert timedelta(seconds=50) < wait <= timedelta(seconds=60)


@pytest.mark.parametrize("worker", ["NULL", "(SELECT max(id) FROM procrastinate_workers)"])
def test_a_job_whose_worker_has_died(database: Database, worker: str) -> None:
    """It is removed, also when its twin waits; one of a live worker stays."""
    queue = JobQueue(database)
    queue.defer([JOB])
    with database.writing() as connection:
        old = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')"
        connection.execute(text(old))
        connection.execute(text(f"UPDATE procrastinate_jobs SET status = 'doing', worker_id = {worker}"))
    queue.defer([JOB, deliver_job("slack/1", NOW)])
    with database.writing() as connection:
        connection.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
        live = "worker_id = (SELECT max(id) FROM procrastinate_workers)"
        connection.execute(
            text(f"UPDATE procrastinate_jobs SET status = 'doing', {live} WHERE lock LIKE '%/1'")
        )
    assert [arguments["group"] for arguments in queue.take_stock()] == ["slack/0", "slack/1"]
    assert states(database) == ["todo", "doing"]


def test_status_names_jobs_that_nobody_does(database: Database) -> None:
    """When they wait without a live worker, and when they have failed."""
    assert database.job_problems() == []
    JobQueue(database).defer([JOB, deliver_job("slack/1", NOW)])
    with database.writing() as connection:
        old = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 minutes')"
        connection.execute(text(old))
        connection.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE lock LIKE '%/1'"))
    assert database.job_problems() == [
        "Jobs wait (1), and no worker runs: start paperboy work",
        "Jobs have failed (1 in a week): the log of paperboy work has the errors",
    ]
    with database.writing() as connection:
        connection.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
    assert len(database.job_problems()) == 1


def work(queue: JobQueue, step: Callable[[str], None], jobs: int) -> None:
    """Do so many jobs, one at a time."""
    done, count = threading.Event(), iter(range(1, jobs + 1))

    def count_jobs(group: str) -> None:
        try:
            step(group)
        finally:
            if next(count) == jobs:
                done.set()

    queue.work({"deliver": count_jobs}, ["deliver"], 1, lambda: done.wait(30) and None)


def test_what_is_due_first_goes_first(database: Database) -> None:
    """Whenever it came into the queue. What was done is not kept."""
    groups: list[str] = []
    queue = JobQueue(database)
    queue.defer(deliver_job(f"slack/{hours}", NOW + timedelta(hours=hours)) for hours in (2, 1, 3))
    work(queue, groups.append, 3)
    assert (groups, states(database)) == (["slack/1", "slack/2", "slack/3"], [])


@pytest.mark.parametrize(
    ("error", "left"), [(ShutdownRequested("stopped"), ["todo"]), (DatabaseError("gone"), [])]
)
def test_a_step_that_raises(database: Database, error: Exception, left: list[str]) -> None:
    """Only what was stopped is put back: what failed is what a scheduler finds in the tables."""

    def fail(group: str) -> None:
        raise error

    queue = JobQueue(database)
    queue.defer([JOB])
    work(queue, fail, 1)
    assert states(database) == left
