"""Commands for getting started and checking: demo, check, schema, evaluate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli.advise import short_advice
from bot.cli.common import (
    CHANGE_SOMETHING,
    DONE,
    FAILED,
    AsJson,
    When,
    cli,
    open_app,
    print_json,
    the_profiles,
)
from bot.clock import Moment, parse_when, utc_now
from bot.errors import UserError

if TYPE_CHECKING:
    from bot.config.settings import Settings
    from bot.demo.run import Demo
    from bot.errors import Problem
    from bot.evaluation.tasks import Task
    from bot.profiles.model import Profile


@cli.command()
def demo(
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder to write to; paperboy-demo by default."),
    ] = None,
    gallery: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write pages that show every digest on every channel, light and dark. "
            "Other files are written only with --out as well.",
        ),
    ] = None,
) -> None:
    """Run the whole pipeline on bundled papers: no token, no network, no configuration."""
    from bot.demo import run as sample

    if gallery and not out:
        typer.echo(f"Open this in a browser:\n  {sample.write_gallery_alone(gallery)}")
    else:
        made = sample.run(out or Path("paperboy-demo"))
        _show_demo(made, [*([sample.write_gallery(made, gallery)] if gallery else []), *made.files])


def _show_demo(made: Demo, worth_a_look: Iterable[Path]) -> None:
    from bot.cli.output import tables
    from bot.presentation.console import console
    from bot.presentation.terminal import show

    out = console()
    out.print(tables.ingest_table([replace(made.report, name="sample edition")], made.report.entries), "")
    for digest in made.digests:
        show(digest)
    out.print(tables.send_lines(made.rows))
    out.print("\nLook at these:")
    for path in worth_a_look:
        out.print(f"  {path}", soft_wrap=True)
    out.print(
        "\nNext: `paperboy init` writes a profile of your own, `paperboy ingest` fetches today's papers,"
        "\n`paperboy preview` shows your digest, `paperboy send` delivers it, `paperboy run` does so every day."
    )


@cli.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Profiles, by path or name, or folders.")
    ] = None,
    online: Annotated[
        bool,
        typer.Option("--online", help="Also ask Slack, the mail server and the folders, and send nothing."),
    ] = False,
    send_test: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROFILE|TARGET", help="As --online, and send a test message there; repeatable."
        ),
    ] = None,
) -> None:
    """Report every problem of profiles, settings and custom templates as file:line:col: message."""
    from bot.config.settings import load_settings
    from bot.profiles.load import load_profiles, profile_files
    from bot.profiles.notes import includer_notes, profile_notes, schema_notes
    from bot.text.plain import pluralize

    settings, problems = load_settings()
    folders = paths or [settings.profiles if settings else Path("profiles")]
    if settings and settings.profiles.is_dir() and not all(path.exists() for path in folders):
        files = {file.stem: file for file in profile_files([settings.profiles])}
        folders = [path if path.exists() else files.get(str(path), path) for path in folders]
    loaded = load_profiles(folders, settings.profile_cache if settings else None)
    profiles = loaded.profiles
    found = (*problems, *loaded.problems, *_of_templates(settings), *_of_data_folder(settings))
    for problem in found:
        typer.echo(problem)
    code = _check_online(profiles, send_test or []) if settings and (online or send_test) else DONE
    if found:
        typer.echo(pluralize(len(found), "problem"), err=True)
        raise typer.Exit(CHANGE_SOMETHING)
    typer.echo(f"{pluralize(len(profiles), 'profile')}, no problems", err=True)
    notes = [note for profile in profiles for note in profile_notes(profile, utc_now().date())]
    notes += includer_notes(profiles, loaded.includers)
    notes += schema_notes(profile_files(folders))
    if settings:
        from bot.presentation.status_text import missing_settings, optional_settings

        notes += [*missing_settings(settings, profiles), *optional_settings(settings, profiles)]
        notes += [f"the database is {settings.database_place}"]
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    for line in short_advice(settings, profiles, folders) if settings else ():
        typer.echo(line, err=True)
    raise typer.Exit(code)


def _check_online(profiles: Sequence[Profile], tested: Sequence[str]) -> int:
    """Print a line for each channel and target, and for each test message. Returns the exit code.

    `tested`: names of profiles, and targets. Raises UserError when there is none of a name.
    """
    from bot.cli.output.online import probe_line, test_line
    from bot.delivery.model import Outcome, Refused, Sent
    from bot.delivery.probes import probe_targets, send_test
    from bot.profiles.model import ChannelName

    deliveries = [to for profile in profiles for to in profile.deliver]
    if unknown := [name for name in tested if not any(name in (to.profile, to.target) for to in deliveries)]:
        raise UserError(f"no profile and no target {unknown[0]!r}")
    app = open_app()
    targets = [(to.channel, to.target) for to in deliveries]
    if operator := app.delivery.operator:
        targets.append((operator.channel, operator.target))
    problems: list[Outcome] = []
    for name, probe in probe_targets(app.channels, targets):
        typer.echo(probe_line(name, probe))
        problems += [probe.problem] if probe.problem else []
    if app.settings.slack_app_token:
        from bot.bootstrap.slack import make_slack_socket

        probe = make_slack_socket(app, typer.echo).probe()
        typer.echo(probe_line(ChannelName.SLACK, probe))
        problems += [probe.problem] if probe.problem else []
    for to in deliveries:
        if to.profile in tested or to.target in tested:
            outcome = send_test(app.channels[to.channel], to, utc_now())
            typer.echo(test_line(to, outcome))
            problems += [] if isinstance(outcome, Sent) else [outcome]
            app.channels[to.channel].close_idle()
    app.close()
    if any(isinstance(problem, Refused) for problem in problems):
        return CHANGE_SOMETHING
    return FAILED if problems else DONE


def _of_templates(settings: Settings | None) -> tuple[Problem, ...]:
    if settings is None or settings.templates is None:
        return ()
    from bot.bootstrap.sending import rendering_channels
    from bot.presentation.template_check import check_templates
    from bot.presentation.templates import Templates

    found: list[Problem] = []
    templates = Templates(settings.templates, found.append)
    check_templates(templates, rendering_channels(templates))
    return tuple(sorted(found))


def _of_data_folder(settings: Settings | None) -> Iterator[Problem]:
    from bot.errors import Problem
    from bot.files import why_not_writable

    if settings and (why := why_not_writable(settings.data)):
        yield Problem(str(settings.data), 1, 1, f"the data folder (PAPERBOY_DATA) cannot be written: {why}")


@cli.command()
def schema() -> None:
    """Print the JSON Schema of a profile, for editors: paperboy schema > profiles/profile.schema.json"""
    from bot.profiles.json_schema import json_schema

    print_json(json_schema())


@cli.command()
def evaluate(
    papers: Annotated[
        Path | None, typer.Argument(metavar="[PAPERS]", help="JSON Lines, gzip or not.")
    ] = None,
    judgements: Annotated[
        Path | None,
        typer.Argument(
            metavar="[LIBRARIES_OR_QUERIES]", help="Which papers are relevant to which reader or query."
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="PROFILE", help="Instead of files: how well the liked papers of a profile are found."
        ),
    ] = None,
    as_: Annotated[
        Literal["interest", "about"],
        typer.Option("--as", help="Whether a query is an interest or the about text of a profile."),
    ] = "interest",
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="Compare with other methods.")
    ] = True,
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Measure the ranking: nDCG, MAP, MRR and recall, compared with a TF-IDF centroid and a linear SVM."""
    from bot.cli.output import documents
    from bot.cli.output.progress import progress
    from bot.evaluation import run

    if profile:
        if papers:
            raise UserError("give either files or --profile, which uses the stored papers")
        task = _own_likes(profile, parse_when(on))
    elif papers and judgements:
        task = _from_set(papers, judgements, about=as_ == "about")
    else:
        raise UserError("give two files, PAPERS and LIBRARIES_OR_QUERIES, or --profile")
    from bot.evaluation.baselines import methods

    compared = methods(task, baselines=baselines)
    with progress("Ranking with", len(compared) * len(task.trials)) as step:
        done = run.evaluate(task, compared, step)
    if as_json:
        print_json(documents.evaluate(done))
    else:
        from bot.cli.output import tables
        from bot.presentation.console import console

        console().print(tables.evaluation_tables(done))


def _from_set(papers: Path, judgements: Path, *, about: bool) -> Task:
    from bot.cli.output.progress import progress
    from bot.evaluation.files import read_papers, read_task
    from bot.ranking.counts import counts

    with progress("Reading", None) as step:
        return read_task(judgements, read_papers(papers, counts, step), about=about)


def _own_likes(name: str, moment: Moment) -> Task:
    from datetime import timedelta

    from bot.digests.corpus import ARCHIVE_SAMPLE, BACKGROUND_DAYS, BACKGROUND_SAMPLE
    from bot.evaluation.tasks import Sampling, profile_task

    app = open_app()
    (profile,), _ = the_profiles(app.settings, [name])
    since = moment.instant - timedelta(days=BACKGROUND_DAYS)
    task = profile_task(
        profile, app.papers, Sampling(since, moment.instant, BACKGROUND_SAMPLE, ARCHIVE_SAMPLE)
    )
    app.close()
    return task
