"""The scheduler and the steps of jobs, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from bot.bootstrap.app import App
from bot.clock import Moment, utc_now
from bot.config.settings import Settings
from bot.delivery.model import DeliveryState, Edition
from bot.delivery.routes import group
from bot.errors import UserError
from bot.log import log_line
from bot.profiles.load import load_profiles
from bot.store.figures import read_figures
from bot.worker.daemon import DailyThinning
from bot.worker.ingest_progress import IngestJobs
from bot.worker.job_plan import GATHER, deliver_job
from bot.worker.jobs import JobQueue
from bot.worker.process import log_template_problem
from bot.worker.steps import Scheduler, Steps

_TROUBLE = (DeliveryState.FAILED, DeliveryState.UNCERTAIN, DeliveryState.WAITING)
_PATIENCE = timedelta(minutes=10)


def job_scheduler(settings: Settings) -> tuple[App, Scheduler]:
    """Raises UserError for another database than PostgreSQL."""
    from bot.sources.registry import SOURCES

    app = App(settings, on_template_problem=log_template_problem)
    return app, Scheduler(
        _queue(app),
        partial(load_profiles, [settings.profiles], settings.profile_cache),
        app.take_due_sources,
        {name: spec.limit.group for name, spec in SOURCES.items()},
        app.delivery,
        DailyThinning(app.thin),
        partial(_beat, app),
    )


def _beat(app: App) -> None:
    """Call the monitor, unless a delivery has stopped or has waited for a worker for longer than `_PATIENCE`."""
    if not app.settings.heartbeat:
        return
    now = utc_now()
    figures = read_figures(app.database, now)
    is_late = figures.oldest_due is not None and now - figures.oldest_due > _PATIENCE
    if not is_late and not any(figures.deliveries.get(state) for state in _TROUBLE):
        app.beat((), log_line)


def job_steps(settings: Settings, sleep: Callable[[float], None]) -> tuple[App, JobQueue, Steps]:
    """`sleep`: may raise to end a step. Raises UserError for another database than PostgreSQL."""

    def on_edition(driver: Any, edition: Edition, receiver: str) -> None:
        name = group(edition.channel, receiver, settings.smtp_connections)
        queue.defer_in(driver, deliver_job(name, Moment.real().instant, GATHER))

    app = App(
        settings,
        sleep=sleep,
        on_template_problem=log_template_problem,
        late_sources=lambda: progress.wait(),
        shares_index=True,
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
