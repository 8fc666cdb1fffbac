"""The queue of jobs on PostgreSQL: Procrastinate, which carries ids and decides which worker does what.

The tables are the truth. A job may be lost, doubled or late without harm: it does what the tables say when it runs,
and the next tick of a scheduler puts what they leave open into the queue again. Therefore
- no job is retried: one that fails is over. (Returning a job to the queue fails when its twin waits there.)
- a job whose worker has died is removed, not returned: its worker may only have been stopped, and must not then mark
  as finished what another one is doing;
- nothing depends on Procrastinate's periodic tasks, and no job waits for longer than a moment (`Job.wait`): while it
  does, it blocks the others with its lock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from bot.errors import PaperboyError, ShutdownRequested
from bot.log import log_error, log_line
from bot.worker.job_plan import COMPOSE, INGEST, Job

if TYPE_CHECKING:
    from procrastinate import App, JobContext
    from procrastinate.jobs import Job as QueuedJob

    from bot.store.database import Database

#: Seconds between two signs of life of a worker, and without one until its jobs are taken back.
HEARTBEAT, STALLED = 10.0, 30.0
#: Seconds between two looks for jobs of a worker that has none. It does not listen for them (LISTEN), which takes a
#: connection for each queue and wakes all workers for each job.
_POLL = 1.0
#: Failed jobs, whose errors are in the log, are kept so long.
_KEEP_HOURS = 7 * 24
_RECONNECT = 5.0  #: seconds

#: Workers skip a locked job.
_HOLD = "SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo' FOR KEY SHARE"
#: By the clock that workers compare it with.
_BEGIN = "SELECT now() + make_interval(secs => %s)"

Step = Callable[..., None]


class JobQueue:
    """The jobs in a PostgreSQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def _on_connections(self) -> App:
        """Defers on connections that it is given, and opens none."""
        from procrastinate import App, SyncPsycopgConnector

        return App(connector=SyncPsycopgConnector())

    def _app(self, connections: int) -> App:
        from procrastinate import App, PsycopgConnector

        return App(
            connector=PsycopgConnector(conninfo=self._database.conninfo, min_size=1, max_size=connections)
        )

    def defer(self, jobs: Iterable[Job]) -> int:
        """Put jobs into the queue, each in a transaction. Returns how many were not waiting there already."""
        number = 0
        for job in jobs:
            with self._database.writing(durable=False) as connection:
                number += self.defer_in(connection.connection.driver_connection, job)
        return number

    def defer_in(self, driver: Any, job: Job) -> bool:
        """Put a job into the queue in the transaction of a psycopg connection.

        False when its key waits there: that job does not begin before the transaction has ended.
        """
        from procrastinate.exceptions import AlreadyEnqueued

        while not driver.execute(_HOLD, [job.key]).fetchone():
            (begin,) = driver.execute(_BEGIN, [job.wait]).fetchone()
            deferrer = self._on_connections.configure_task(
                job.queue,
                queue=job.queue,
                lock=job.lock,
                queueing_lock=job.key,
                priority=job.priority,
                schedule_at=begin,
                connection=driver,
            )
            # The error would end the transaction. (psycopg's own `transaction` commits one without a statement.)
            driver.execute("SAVEPOINT job")
            try:
                deferrer.defer(**job.arguments)
                return True
            except AlreadyEnqueued:  # another transaction put it there a moment ago
                driver.execute("ROLLBACK TO SAVEPOINT job")
        return False

    def take_stock(self) -> list[Mapping[str, Any]]:
        """Remove the jobs whose workers have died, and old failed ones. The arguments of those that wait or run."""
        return asyncio.run(self._take_stock())

    async def _take_stock(self) -> list[Mapping[str, Any]]:
        from procrastinate.exceptions import ConnectorException
        from procrastinate.jobs import Status

        async with self._app(connections=1).open_async() as app:
            manager = app.job_manager
            for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
                assert job.id
                with suppress(ConnectorException):  # another scheduler has removed it, or it has just ended
                    await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
                    log_line(f"the worker of {job.call_string} has died: what it left is taken up again")
            await manager.prune_stalled_workers(STALLED)
            await manager.delete_old_jobs(_KEEP_HOURS, include_failed=True, include_aborted=True)
            return [job.task_kwargs for job in await _unfinished(app)]

    def sources(self) -> dict[int, str]:
        """The sources that waiting and running jobs ask, by the job's number."""
        return asyncio.run(self._sources())

    async def _sources(self) -> dict[int, str]:
        async with self._app(connections=1).open_async() as app:
            return {job.id or 0: str(job.task_kwargs["source"]) for job in await _unfinished(app, INGEST)}

    def work(
        self,
        steps: Mapping[str, Step],
        queues: Collection[str],
        concurrency: int,
        wait: Callable[[], None],
    ) -> None:
        """Do jobs until `wait` returns, and those in progress to their ends.

        `steps`: what does the jobs of each queue; a job whose step raises ShutdownRequested is put into the queue
        again. `concurrency`: jobs at once of each queue, except for composing: one.
        """
        app = self._app(connections=len(queues) + 2)
        for queue, step in steps.items():
            app.task(name=queue, queue=queue, pass_context=True)(partial(self._do, step))
        workers = {queue: 1 if queue == COMPOSE else concurrency for queue in queues}
        asyncio.run(_work(app, workers, wait))

    def _do(self, step: Step, context: JobContext, **arguments: Any) -> None:
        try:
            step(**arguments)
        except ShutdownRequested:
            self._put_back(context)
        except PaperboyError as error:
            log_error(error)

    def _put_back(self, context: JobContext) -> None:
        from procrastinate.exceptions import AlreadyEnqueued

        job = context.job
        with suppress(AlreadyEnqueued), self._database.writing(durable=False) as connection:
            self._on_connections.job_manager.defer_job(job, connection.connection.driver_connection)


async def _unfinished(app: App, queue: str | None = None) -> list[QueuedJob]:
    """The jobs that wait or run."""
    states = [await app.job_manager.list_jobs_async(queue=queue, status=state) for state in ("todo", "doing")]
    return [job for jobs in states for job in jobs]


async def _work(
    app: App,
    workers: Mapping[str, int],
    wait: Callable[[], None],
) -> None:
    """A Procrastinate worker for each queue, so that composing never delays sending; all begin again when one ends,
    as it does when the database is restarted.
    """
    import psycopg
    from procrastinate.exceptions import ConnectorException

    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(sum(workers.values()) + 2))
    signal = asyncio.ensure_future(asyncio.to_thread(wait))
    while not signal.done():
        try:
            async with app.open_async():
                running = [
                    asyncio.ensure_future(
                        app.run_worker_async(
                            queues=[queue],
                            name=queue,
                            concurrency=number,
                            fetch_job_polling_interval=_POLL,
                            listen_notify=False,
                            delete_jobs="successful",
                            install_signal_handlers=False,
                            update_heartbeat_interval=HEARTBEAT,
                            stalled_worker_timeout=STALLED,
                        )
                    )
                    for queue, number in workers.items()
                ]
                await asyncio.wait([signal, *running], return_when=asyncio.FIRST_COMPLETED)
                for one in running:
                    one.cancel()  # ends a worker when its jobs have ended
                ended = await asyncio.gather(*running, return_exceptions=True)
            error = next((one for one in ended if isinstance(one, Exception)), None)
        except (psycopg.Error, ConnectorException) as failure:
            error = failure
        if not signal.done():
            cause = error and (error.__cause__ or error)
            log_line(
                f"no connection to the queue of jobs: {cause or 'it has ended'}; trying again", logging.ERROR
            )
            await asyncio.wait([signal], timeout=_RECONNECT)
