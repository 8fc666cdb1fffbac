"""Commands that run until SIGTERM, run, slack and serve, and how each such process begins and ends."""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot.cli.common import cli, the_settings

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.config.settings import Settings
    from bot.slack_app.socket import SlackSocket
    from bot.worker.loop import Loop


@cli.command()
def run(
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="Serve /metrics and /health to this machine; 0 chooses a free port."
        ),
    ] = None,
) -> None:
    """Fetch the sources when they change and deliver what is due, until SIGTERM."""
    from bot.bootstrap.app import App
    from bot.clock import Moment
    from bot.log import log_line
    from bot.worker.daemon import Daemon, DailyThinning
    from bot.worker.ingest_progress import IngestProgress
    from bot.worker.process import log_template_problem

    settings, loop = start_process()
    progress = IngestProgress(
        lambda: app.due_sources(app.live_profiles.all(), Moment.real()), loop.sleep, log_line
    )
    app = App(
        settings,
        sleep=loop.sleep,
        on_template_problem=log_template_problem,
        late_sources=progress.wait,
        shares_index=True,
    )
    try:
        daemon = Daemon(
            settings.profiles,
            settings.profile_cache,
            app.due_sources,
            app.refresh,
            partial(app.delivery.send, due=True, progress=lambda subscription: loop.sleep(0)),
            app.delivery.report_profiles,
            progress,
            lambda results: app.beat(results, log_line),
            DailyThinning(app.thin),
        )
        daemon.start(app.papers.count())
        loop.hand_back = app.hand_back
        watch_process(app, loop, metrics_port)
        with _slack_socket(app) if settings.slack_app_token else nullcontext():
            loop.run(daemon.ingest, daemon.tick)
    finally:
        app.close()
    end_process(loop)


@cli.command()
def slack() -> None:
    """Answer the menus of digests, /paperboy and the App Home in Slack, until SIGTERM; `run` does so too."""
    from bot.bootstrap.app import App
    from bot.log import log_line
    from bot.worker.process import log_template_problem

    settings, loop = start_process()
    app = App(settings, on_template_problem=log_template_problem)
    try:
        with _slack_socket(app):
            watch_process(app, loop)
            log_line("started", event="started")
            loop.wait("answers in Slack")
    finally:
        app.close()
    end_process(loop)


@cli.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on: 127.0.0.1, or 0.0.0.0 when PORT is set.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar="PORT", help="The port; 0 chooses a free one.")
    ] = 8080,
) -> None:
    """Serve the pages of readers and the links in mails, until SIGTERM."""
    from bot.bootstrap.app import App
    from bot.bootstrap.site import make_site
    from bot.log import log_line
    from bot.web import server
    from bot.worker.process import log_links, log_template_problem

    is_on_a_platform = bool(os.environ.get("PORT"))
    default = "0.0.0.0" if is_on_a_platform else "127.0.0.1"  # noqa: S104 - the platform's router is outside
    settings, loop = start_process()
    app = App(settings, on_template_problem=log_template_problem, answers_requests=True)
    try:
        listen = host or default
        application = make_site(app, log_line, f"http://{listen}:{port}")
        watch_process(app, loop)
        log_links(settings.public_url)
        loop.begin("requests")
        server.serve(application, listen, port, log_line, loop.is_stopping)
    finally:
        app.close()
    end_process(loop)


def start_process() -> tuple[Settings, Loop]:
    """The settings, and what ends this process; it logs from here on."""
    from bot.log import log_line, set_up_logging
    from bot.worker.loop import Loop

    settings = the_settings()
    set_up_logging(settings.log_format)
    loop = Loop(log_line)
    loop.listen()
    return settings, loop


def watch_process(app: App, loop: Loop, metrics_port: int | None = None) -> None:
    """Watch the database, and let monitors ask, from now on."""
    from bot.log import log_line
    from bot.worker.process import watch_database

    watch_database(app.database.check_file, app.database.refuse_newer, loop)
    if metrics_port is not None:
        from bot.bootstrap.monitoring import make_monitor
        from bot.web.server import serve_beside

        serve_beside(make_monitor(app, is_open=True), "127.0.0.1", metrics_port, log_line)


def end_process(loop: Loop) -> NoReturn:
    from bot.log import log_line

    loop.ignore_signals()
    log_line("stopped", event="stopped")
    raise typer.Exit(loop.code)


def _slack_socket(app: App) -> SlackSocket:
    from bot.bootstrap.slack import make_slack_socket  # slack_bolt is imported only where it answers
    from bot.log import log_line

    return make_slack_socket(app, log_line)
