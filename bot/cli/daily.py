"""Commands of daily use: ingest, preview, explain, send, and the processes run and serve."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot.cli.common import (
    CHANGE_SOMETHING,
    DONE,
    FAILED,
    AsJson,
    Names,
    When,
    choose_profiles,
    cli,
    exit_code,
    note_pauses,
    open_app,
    print_json,
    profile_path,
    the_profiles,
    the_settings,
)
from bot.cli.effect import watch
from bot.clock import Moment, parse_when
from bot.errors import UserError

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.config.settings import Settings
    from bot.delivery.service import SendResult
    from bot.digests.model import Digest
    from bot.profiles.model import Profile
    from bot.slack_app.socket import SlackSocket
    from bot.sources.ingest import SourceReport
    from bot.worker.loop import Loop


#: For how long `send --due` waits for the monitor at the end.
_HEARTBEAT_SECONDS = 5.0


class Format(StrEnum):
    TERMINAL = "terminal"
    HTML = "html"
    TEXT = "text"
    SLACK = "slack"


@cli.command()
def ingest(
    source: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this source; repeatable.")
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="A saved listing, or a folder of them; repeatable."),
    ] = None,
    more_files: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...", hidden=True)] = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="The time at which these papers are first seen, instead of now."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the sources, or read saved listings (pages, feeds, answers, JSON Lines; gzip or not)."""
    from bot.cli.output import documents

    moment = parse_when(as_of, end_of_day=False)
    files = [*(file or []), *(more_files or [])]
    app = open_app()
    reports = _from_files(app, files, moment) if files else []
    profiles: Sequence[Profile] = ()
    if source or not files:
        profiles = the_profiles(app.settings, None)[0] if app.settings.profiles.is_dir() else ()
        reports += _from_sources(app, profiles, source or [], moment)
    stored = app.papers.count()
    if as_json:
        print_json(documents.ingest(reports, stored))
    else:
        from bot.cli.output import tables
        from bot.presentation.console import console

        console().print(tables.ingest_table(reports, stored))
        console().print(tables.missing_lines(app.missing_papers(profiles, moment.instant)))
    app.close()
    raise typer.Exit(FAILED if any(report.failed for report in reports) else DONE)


@cli.command()
def preview(
    names: Names = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="With a PROFILE: every match, regardless of threshold and limit. Without: all profiles.",
        ),
    ] = False,
    on: When = None,
    format_: Annotated[Format, typer.Option("--format", help="The output format.")] = Format.TERMINAL,
    limit: Annotated[int | None, typer.Option(min=1, help="The most papers to show.")] = None,
    follow: Annotated[
        bool, typer.Option("--watch", help="Show what changes in the digest of one PROFILE at every save.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what would be sent; store and send nothing."""
    from bot.cli.output import documents

    moment = parse_when(on)
    app = open_app()
    every_match = everything and bool(names)
    if follow:
        if not names or len(names) > 1 or as_json or format_ is not Format.TERMINAL:
            raise UserError(
                "--watch shows one PROFILE on the terminal: give its name, no --json and no --format"
            )
        path = profile_path(app.settings, names[0])
        watch(
            path,
            lambda profile: app.previewer.previews(
                app.with_answers([replace(profile, was="")], moment.instant),
                moment,
                everything=every_match,
                limit=limit,
                of_day=True,
            )[0],
        )
        app.close()
        raise typer.Exit(DONE)
    profiles, sound = the_profiles(app.settings, names, keep=True)
    profiles = app.with_answers(profiles, moment.instant)
    composed = app.previewer.previews(profiles, moment, everything=every_match, limit=limit)
    note_pauses(profiles, moment)
    if as_json:
        print_json(documents.preview(composed, moment.instant))
    else:
        for digest in composed:
            _show(app, digest, format_)
    app.close()
    raise typer.Exit(DONE if sound else CHANGE_SOMETHING)


@cli.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="PROFILE")],
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="An id, a link, a title, or part of one.")],
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Show a paper's score term by term, its rank, and why it was or was not sent."""
    from bot.cli.output import documents, tables
    from bot.papers.find import find_paper
    from bot.presentation.console import console
    from bot.profiles.without import excluded_terms

    if not paper.strip():
        raise UserError("PAPER is empty: give an id, a link or a title")
    moment = parse_when(on)
    app = open_app()
    (profile,), sound = the_profiles(app.settings, [name], keep=True)
    (taught,) = app.with_answers([profile], moment.instant)
    found = app.previewer.explain(taught, find_paper(app.papers, paper), moment)
    note_pauses([profile], moment)
    text = f"{found.paper.title}\n{found.paper.abstract}" if found.paper else ""
    terms = excluded_terms(profile, taught, text)
    if as_json:
        print_json(documents.explain(profile.id, paper, found, moment.instant, terms))
    else:
        console().print(tables.explanation_table(profile.id, paper, found, terms))
    app.close()
    raise typer.Exit(DONE if sound else CHANGE_SOMETHING)


@cli.command()
def send(
    names: Names = None,
    on: When = None,
    due: Annotated[bool, typer.Option("--due", help="Only what is due by time and day.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compose and deliver what has no edition for its local date yet, and continue unfinished deliveries."""
    from bot.cli.output import documents
    from bot.delivery.broken_profiles import broken_files
    from bot.profiles.load import load_profiles

    moment = parse_when(on)
    app = open_app()
    loaded = load_profiles([app.settings.profiles], app.settings.profile_cache)
    profiles, sound = choose_profiles(app.settings, loaded, names, keep=True)
    kept = {profile.id for profile in loaded.kept}
    app.delivery.report_profiles(broken_files(loaded.problems, loaded.broken, kept), moment)
    rows = _send(app, profiles, moment, due=due)
    if due and moment.is_live and (beat := app.beat(rows, partial(typer.echo, err=True))):
        beat.join(_HEARTBEAT_SECONDS)
    if as_json:
        print_json(documents.send(rows))
    else:
        from bot.cli.output import tables
        from bot.presentation.console import console

        console().print(tables.send_lines(rows))
    app.close()
    raise typer.Exit(exit_code(rows, sound))


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
    from bot.log import log_line
    from bot.sources.registry import SOURCES
    from bot.worker.daemon import Daemon, DailyThinning
    from bot.worker.ingest_progress import IngestProgress
    from bot.worker.process import log_template_problem

    settings, loop = start_process()
    progress = IngestProgress(list(SOURCES), loop.sleep, log_line)
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


def _from_files(app: App, paths: Sequence[Path], moment: Moment) -> list[SourceReport]:
    from bot.cli.output.progress import progress
    from bot.sources.files import ingest_file, listing_files
    from bot.sources.registry import FORMATS

    files = [file for path in paths for file in listing_files(path)]
    reports = []
    with progress("Reading", len(files)) as step:
        for file in files:
            reports.append(ingest_file(file, FORMATS, app.papers, moment.instant, is_live=moment.is_live))
            step(str(file))
    return reports


def _from_sources(
    app: App, profiles: Sequence[Profile], names: Sequence[str], moment: Moment
) -> list[SourceReport]:
    """The reports in the order of the registry; each is shown as soon as it comes."""
    from bot.cli.output.progress import progress

    order = [source.name for source in app.sources(names)]
    reports = []
    with progress("Asking", len(order)) as step:
        for report in app.refresh(profiles, moment, names, by_name=bool(names)):
            reports.append(report)
            step(report.name)
            if not sys.stderr.isatty():
                typer.echo(report.summary, err=True)
    return sorted(reports, key=lambda report: order.index(report.name))


def _send(app: App, profiles: Sequence[Profile], moment: Moment, *, due: bool) -> list[SendResult]:
    from bot.cli.output.progress import progress

    with progress("Composing", None) as step:
        return app.delivery.send(profiles, moment, due=due, progress=step)


def _show(app: App, digest: Digest, format_: Format) -> None:
    from bot.digests.wording import left_out_text, outside_reason
    from bot.presentation import digest_view
    from bot.presentation.console import page
    from bot.presentation.terminal import show
    from bot.profiles.model import ChannelName

    slack = app.channels[ChannelName.SLACK]
    shown: dict[Format, Callable[[], str]] = {
        Format.HTML: lambda: app.templates.html(digest_view.digest_view(digest)),
        Format.TEXT: lambda: app.templates.text(digest_view.digest_view(digest)),
        Format.SLACK: lambda: "\n".join(
            part.payload.decode() for part in slack.render(digest, "preview", "preview")
        ),
    }
    if format_ is Format.TERMINAL:
        show(digest)
        lines = [left_out_text(digest.left_out)]
        if digest.best_outside and (outside := outside_reason(digest)) not in digest.why:
            lines.append(outside)
        if text := "\n".join(filter(None, lines)):
            page().print(f"{text}\n", style="dim")
    else:
        sys.stdout.write(f"{shown[format_]()}\n")
