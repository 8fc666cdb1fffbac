"""Commands of daily use: ingest, preview, explain, send, and the processes run and serve."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import (
    CHANGE_SOMETHING,
    DONE,
    FAILED,
    AsJson,
    Names,
    When,
    cli,
    exit_code,
    open_app,
    print_json,
    the_profiles,
    the_settings,
)
from bot.clock import Moment, parse_when
from bot.errors import UserError

if TYPE_CHECKING:
    from datetime import date

    from bot.bootstrap import App
    from bot.delivery.service import SendResult
    from bot.digests.model import Digest, History
    from bot.profiles.model import Profile
    from bot.sources.ingest import SourceReport


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
        list[Path] | None, typer.Option(metavar="PATH", help="A saved listing; repeatable.")
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
    told = list(_from_files(app, files, moment) if files else _from_sources(app, source or [], moment))
    if source and files:
        told += _from_sources(app, source, moment)
    stored = app.papers.count()
    if as_json:
        print_json(documents.ingest(told, stored))
    else:
        from bot.cli.output import tables
        from bot.presentation.console import console

        console().print(tables.ingest_table(told, stored))
    app.close()
    raise typer.Exit(FAILED if any(report.failed for report in told) else DONE)


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
    as_json: AsJson = False,
) -> None:
    """Show what would be sent; store and send nothing."""
    from bot.cli.output import documents

    moment = parse_when(on)
    app = open_app()
    profiles, sound = the_profiles(app.settings, names)
    if limit:
        profiles = [replace(profile, limit=limit) for profile in profiles]
    desk = app.desk(profiles, moment)
    composed = []
    for profile in profiles:
        local = moment.local_date(profile.timezone)
        past = _past_of_all(app, profile, local)
        weekly = profile.is_weekly
        digest = desk.compose(profile, local, past, weekly=weekly, everything=everything and bool(names))
        composed.append(replace(digest, papers=digest.papers[:limit]))
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
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="An id, a link, or a title.")],
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Show a paper's score term by term, its rank, and why it was or was not sent."""
    from bot.cli.output import documents, tables
    from bot.presentation.console import console

    if not paper.strip():
        raise UserError("PAPER is empty: give an id, a link or a title")
    moment = parse_when(on)
    app = open_app()
    (profile,), _ = the_profiles(app.settings, [name])
    given = frozenset().union(*(app.outbox.given(s.key) for s in profile.deliver))
    found = app.desk([profile], moment, [paper]).explain(profile, paper, given)
    if as_json:
        print_json(documents.explain(profile.id, paper, found, moment.instant))
    else:
        console().print(tables.explanation_table(profile.id, paper, found))
    app.close()


@cli.command()
def send(
    names: Names = None,
    on: When = None,
    due: Annotated[bool, typer.Option("--due", help="Only what is due by time and day.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compose and deliver what has no edition for its local date yet, and continue unfinished deliveries."""
    from bot.cli.output import documents

    moment = parse_when(on)
    app = open_app()
    profiles, sound = the_profiles(app.settings, names)
    rows = _send(app, profiles, moment, due=due)
    if as_json:
        print_json(documents.send(rows))
    else:
        from bot.cli.output import tables
        from bot.presentation.console import console

        console().print(tables.send_lines(rows))
    app.close()
    raise typer.Exit(exit_code(rows, sound))


@cli.command()
def run() -> None:
    """Fetch every hour and deliver what is due, until SIGTERM."""
    from bot.worker import daemon

    daemon.run(the_settings())


@cli.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on: 127.0.0.1, or 0.0.0.0 when PORT is set.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar="PORT", help="The port; 0 chooses a free one.")
    ] = 8080,
) -> None:
    """Answer the unsubscribe links in mails, until SIGTERM."""
    from bot.worker import daemon

    is_on_a_platform = bool(os.environ.get("PORT"))
    default = "0.0.0.0" if is_on_a_platform else "127.0.0.1"  # noqa: S104 - its router comes from outside
    daemon.serve(the_settings(), host or default, port)


def _from_files(app: App, files: Sequence[Path], moment: Moment) -> Iterable[SourceReport]:
    from bot.bootstrap import formats
    from bot.cli.output.progress import progress
    from bot.sources.files import ingest_file

    with progress("Reading", len(files)) as step:
        for path in files:
            yield ingest_file(path, formats(), app.papers, moment.instant)
            step(str(path))


def _from_sources(app: App, names: Sequence[str], moment: Moment) -> Iterable[SourceReport]:
    from bot.cli.output.progress import progress

    sources = app.sources(names)
    profiles = the_profiles(app.settings, None)[0] if app.settings.profiles.is_dir() else []
    with progress("Asking", len(sources)) as step:
        for report in app.refresh(profiles, moment, names):
            yield report
            step(report.name)


def _past_of_all(app: App, profile: Profile, on: date) -> History:
    """What all subscriptions of a profile had, and the newest digest of any."""
    from bot.digests.model import History

    keys = [subscription.key for subscription in profile.deliver]
    pasts = [app.outbox.past(key, keys, on) for key in keys]
    newest = max(pasts, key=lambda past: (past.on is not None, past.on), default=History())
    given = [past.given for past in pasts]
    return replace(newest, given=frozenset.intersection(*given) if given else frozenset())


def _send(app: App, profiles: Sequence[Profile], moment: Moment, *, due: bool) -> list[SendResult]:
    from bot.cli.output.progress import progress

    with progress("Composing", None) as step:
        return app.send(profiles, moment, due=due, progress=step)


def _show(app: App, digest: Digest, format_: Format) -> None:
    from bot.presentation import digest_view
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
    else:
        sys.stdout.write(f"{shown[format_]()}\n")
