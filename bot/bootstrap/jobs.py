"""The scheduler and the steps of jobs, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from bot.bootstrap.app import App
from bot.clock import Moment
from bot.config.settings import Settings
from bot.delivery.model import Edition
from bot.delivery.routes import route
from bot.errors import UserError
from bot.profiles.load import load_profiles
from bot.worker.ingest_progress import IngestJobs
from bot.worker.job_plan import deliver_job
from bot.worker.jobs import JobQueue
from bot.worker.process import log_template_problem
from bot.worker.steps import Scheduler, Steps


def job_scheduler(settings: Settings) -> tuple[App, Scheduler]:
    """Raises UserError for another database than PostgreSQL."""
    from bot.sources.registry import SOURCES

    app = App(settings, on_template_problem=log_template_problem)
    return app, Scheduler(
        _queue(app),
        partial(load_profiles, [settings.profiles], settings.profile_cache),
        {name: spec.limit.group for name, spec in SOURCES.items()},
        app.source_states.all,
        app.delivery,
    )


def job_steps(settings: Settings, sleep: Callable[[float], None]) -> tuple[App, JobQueue, Steps]:
    """`sleep`: may raise to end a step. Raises UserError for another database than PostgreSQL."""

    def on_edition(driver: Any, edition: Edition, receiver: str) -> None:
        name = route(edition.channel, receiver, settings.smtp_connections)
        queue.defer_in(driver, deliver_job(name, Moment.real().instant))

    app = App(
        settings,
        sleep=sleep,
        on_template_problem=log_template_problem,
        late_sources=lambda: progress.wait(),
        on_edition=on_edition,
    )
    queue = _queue(app)
    progress = IngestJobs(queue.sources, sleep)
    steps = Steps(
        app.live_profiles.all,
        lambda profiles, source: app.refresh(profiles, Moment.real(), [source], by_name=False),
        replace(app.delivery, make_sender=app.job_sender),
        sleep,
    )
    return app, queue, steps


def _queue(app: App) -> JobQueue:
    if not app.settings.database_url.get_secret_value().startswith("postgresql"):  # before a file is created
        raise UserError(
            "jobs for several processes need PostgreSQL (DATABASE_URL=postgresql://...); "
            "on SQLite `paperboy run` does all of it in one process"
        )
    app.database.require_job_tables()
    return JobQueue(app.database)
