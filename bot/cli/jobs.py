"""Commands for several processes on PostgreSQL: schedule and work."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.common import cli, the_settings


class Queue(StrEnum):
    INGEST = "ingest"
    COMPOSE = "compose"
    DELIVER = "deliver"


@cli.command()
def schedule() -> None:
    """Put what is due into the queue of jobs, until SIGTERM; on PostgreSQL, beside `work`. Any number may run."""
    from bot.bootstrap.jobs import job_scheduler
    from bot.worker.daemon import log_line, set_up_logging
    from bot.worker.loop import Loop

    set_up_logging()
    loop = Loop(log_line)
    loop.listen()
    app, scheduler = job_scheduler(the_settings())
    try:
        log_line("started")
        loop.run(None, scheduler.tick)
    finally:
        app.close()
    log_line("stopped")


@cli.command()
def work(
    queue: Annotated[
        list[Queue] | None, typer.Option(help="Only jobs of this queue; repeatable. All by default.")
    ] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, max=100, help="Conversations served at once, and sources asked at once.")
    ] = 4,
) -> None:
    """Do jobs until SIGTERM: ask sources, compose digests, deliver; on PostgreSQL, beside `schedule`."""
    from bot.bootstrap.jobs import job_steps
    from bot.worker.daemon import log_line, set_up_logging
    from bot.worker.loop import Loop

    set_up_logging()
    loop = Loop(log_line)
    loop.listen()
    queues = [*dict.fromkeys(queue or Queue)]
    app, jobs, steps = job_steps(the_settings(), loop.sleep)
    try:
        log_line(f"started; queues: {', '.join(queues)}")
        jobs.work(
            steps.by_queue(),
            queues,
            concurrency,
            lambda: loop.wait("jobs"),
            lambda: loop.is_stopping,
            log_line,
        )
    finally:
        app.close()
    log_line("stopped")
