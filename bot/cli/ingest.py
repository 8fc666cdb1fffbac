"""The command ingest: asks the sources, or reads saved listings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import DONE, FAILED, AsJson, cli, open_app, print_json, the_profiles
from bot.clock import Moment, parse_when

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.profiles.model import Profile
    from bot.sources.ingest import SourceReport


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
