"""Commands for several processes on PostgreSQL: schedule and work."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.common import cli
from bot.cli.processes import end_process, start_process, watch_process


class Queue(StrEnum):
    INGEST = "ingest"
    COMPOSE = "compose"
    DELIVER = "deliver"


MetricsPort = Annotated[
    int | None,
    typer.Option(min=0, max=65_535, help="As in `run`: serve /metrics and /health to this machine."),
]


@cli.command()
def schedule(metrics_port: MetricsPort = None) -> None:
    """Put what is due into the queue of jobs, until SIGTERM; on PostgreSQL, beside `work`. Any number may run."""
    from bot.bootstrap.jobs import job_scheduler
    from bot.log import log_line

    settings, loop = start_process()
    app, scheduler = job_scheduler(settings)
    try:
        watch_process(app, loop, metrics_port)
        log_line("started", event="started")
        loop.run(None, scheduler.tick)
    finally:
        app.close()
    end_process(loop)


@cli.command()
def work(
    queue: Annotated[
        list[Queue] | None, typer.Option(help="Only jobs of this queue; repeatable. All by default.")
    ] = None,
    concurrency: Annotated[
        int,
        typer.Option(
            min=1, max=100, help="Groups of conversations served at once, and sources asked at once."
        ),
    ] = 4,
    metrics_port: MetricsPort = None,
) -> None:
    """Do jobs until SIGTERM: ask sources, compose digests, deliver; on PostgreSQL, beside `schedule`."""
    from bot.bootstrap.jobs import job_steps
    from bot.log import log_line

    settings, loop = start_process()
    queues = [*dict.fromkeys(queue or Queue)]
    app, jobs, steps = job_steps(settings, loop.sleep)
    try:
        loop.hand_back = app.hand_back
        watch_process(app, loop, metrics_port)
        log_line(f"started; queues: {', '.join(queues)}", event="started")
        jobs.work(steps.by_queue(), queues, concurrency, lambda: loop.wait("jobs"))
    finally:
        app.close()
    end_process(loop)
