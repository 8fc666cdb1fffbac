"""The commands: options in, text or one JSON document out, one place where errors become words and exit codes.

0 done, 1 some of the work failed and is kept for another try, 2 the user must change something.
Nothing here decides; heavy modules are imported by the commands that need them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from bot.errors import DatabaseError, NotConfigured, PaperboyError, UserError
from bot.when import Moment, parse_when

if TYPE_CHECKING:
    from bot.app import App
    from bot.evaluation import Task
    from bot.model import Digest, Problem, Profile
    from bot.pipeline.ingest import Report
    from bot.pipeline.send import Served
    from bot.settings import Settings

DONE, FAILED, CHANGE_SOMETHING = 0, 1, 2

cli = typer.Typer(
    name="paperboy",
    help="Each day's arXiv and Hugging Face papers, ranked against your interests, delivered once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

When = Annotated[
    str | None, typer.Option("--on", metavar="WHEN", help="A date or an ISO time instead of now.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[PROFILE]...", help="Profiles by name; all when none.")
]


class Format(StrEnum):
    TERMINAL = "terminal"
    HTML = "html"
    TEXT = "text"
    SLACK = "slack"


def main() -> NoReturn:
    """The one error boundary: a sentence on standard error, no traceback for what a user can mend."""
    try:
        cli()
    except UserError as error:
        _complain(error)
        sys.exit(CHANGE_SOMETHING)
    except PaperboyError as error:
        _complain(error)
        sys.exit(CHANGE_SOMETHING if isinstance(error, NotConfigured | DatabaseError) else FAILED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader left, as `head` does: not worth a word
        sys.exit(DONE)
    except OSError as error:
        _complain(PaperboyError(f"{error.filename or 'standard output'}: {error.strerror or error}"))
        os._exit(
            FAILED
        )  # what cannot be written would be tried, and complained about, once more on the way out
    sys.exit(DONE)


# --- Looking around ---------------------------------------------------------------------------------------


@cli.command()
def demo(
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("paperboy-demo"),
) -> None:
    """A bundled sample edition through the whole pipeline: no token, no network, no configuration."""
    from bot import demo as sample
    from bot import terminal

    made = sample.run(out)
    console = terminal.console()
    console.print(terminal.ingested([replace(made.report, name="sample edition")], made.report.entries), "")
    for digest in made.digests:
        console.print(terminal.digest(digest, ""))
    console.print(terminal.sent(made.rows))
    console.print("\nLook at these:")
    for path in made.files:
        console.print(f"  {path}", soft_wrap=True)
    console.print(
        "\nNext: `paperboy init` writes a profile of your own, `paperboy ingest` fetches today's papers,"
        "\n`paperboy preview` shows your digest, `paperboy send` delivers it, `paperboy run` does so every day."
    )


@cli.command()
def init(
    name: Annotated[str | None, typer.Argument(help="The profile's name: its file's, without .yaml.")] = None,
    interest: Annotated[list[str] | None, typer.Option(help="A phrase; may be repeated.")] = None,
    about: Annotated[str | None, typer.Option(help="What you work on, in your words.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="An arXiv category, such as cs.LG.")] = None,
    author: Annotated[
        list[str] | None, typer.Option(help="Somebody whose papers you never want to miss.")
    ] = None,
    slack: Annotated[str | None, typer.Option(help="A Slack channel's id.")] = None,
    email: Annotated[str | None, typer.Option(help="An address.")] = None,
    maildir: Annotated[str | None, typer.Option(help="A Maildir's name: needs no account.")] = None,
    at: Annotated[str | None, typer.Option(help='Local time, such as "08:30".')] = None,
    timezone: Annotated[str | None, typer.Option(help="Such as Europe/Paris.")] = None,
    force: Annotated[bool, typer.Option(help="Write over a profile of that name.")] = False,
) -> None:
    """A first profile and .env: asks for what the options do not say."""
    from bot import first_steps

    answers = first_steps.Answers(
        name=name,
        interests=interest or [],
        about=about,
        categories=category or [],
        authors=author or [],
        slack=slack,
        email=email,
        maildir=maildir,
        at=at,
        timezone=timezone,
    )
    if sys.stdin.isatty():
        answers = first_steps.ask(answers)
    for line in first_steps.write(answers, _settings().profiles, Path(".env"), force=force):
        typer.echo(line)


@cli.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Profiles or folders.")
    ] = None,
) -> None:
    """Every problem of the profiles and the settings as file:line:col: message, all at once."""
    from bot.profiles import load_profiles
    from bot.settings import load_settings

    settings, problems = load_settings()
    folders = paths or [settings.profiles if settings else Path("profiles")]
    profiles, more = load_profiles(folders)
    for problem in (*problems, *more):
        typer.echo(problem)
    if problems or more:
        typer.echo(_counted(len(problems) + len(more), "problem"), err=True)
        raise typer.Exit(CHANGE_SOMETHING)
    typer.echo(f"{_counted(len(profiles), 'profile')}, no problems", err=True)


@cli.command()
def schema() -> None:
    """The JSON Schema of a profile, for editors: paperboy schema > profiles/profile.schema.json"""
    from bot.profile_schema import json_schema

    _print_json(json_schema())


# --- The day's work ---------------------------------------------------------------------------------------


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
        str | None, typer.Option(metavar="WHEN", help="When these papers are first seen, instead of now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the sources, or read saved listings (pages, feeds, answers, JSON Lines; gzip or not)."""
    from bot import reports

    moment = parse_when(as_of, end_of_day=False)
    files = [*(file or []), *(more_files or [])]
    app = _app()
    told = list(_from_files(app, files, moment) if files else _from_sources(app, source or [], moment))
    if source and files:
        told += _from_sources(app, source, moment)
    stored = app.papers.count()
    if as_json:
        _print_json(reports.ingest(told, stored))
    else:
        from bot import terminal

        terminal.console().print(terminal.ingested(told, stored))
    app.close()
    raise typer.Exit(FAILED if any(report.failed for report in told) else DONE)


@cli.command()
def preview(
    names: Names = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="With a PROFILE: every match, past threshold and limit. Without: all profiles."
        ),
    ] = False,
    on: When = None,
    format_: Annotated[Format, typer.Option("--format", help="How to show it.")] = Format.TERMINAL,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many papers.")] = None,
    as_json: AsJson = False,
) -> None:
    """What would be sent. Stores and sends nothing."""
    from bot import reports

    moment = parse_when(on)
    app = _app()
    profiles, sound = _profiles(app.settings, names)
    if limit:
        profiles = [replace(profile, limit=limit) for profile in profiles]
    desk = app.desk(profiles, moment)
    composed = []
    for profile in profiles:
        given = _given_to_all(app, profile)
        local = moment.local_date(profile.timezone)
        digest, why = desk.compose(profile, local, given, everything=everything and bool(names))
        composed.append((replace(digest, papers=digest.papers[:limit]), why))
    if as_json:
        _print_json(reports.preview((digest for digest, _ in composed), moment.instant))
    else:
        for digest, why in composed:
            _show(app, digest, why, format_)
    app.close()
    raise typer.Exit(DONE if sound else CHANGE_SOMETHING)


@cli.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="PROFILE")],
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="An id, a link, or a title.")],
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """A paper's score term by term, its rank, and why it was or was not sent."""
    from bot import reports, terminal

    if not paper.strip():
        raise UserError("which paper? give an id, a link or a title")
    moment = parse_when(on)
    app = _app()
    (profile,), _ = _profiles(app.settings, [name])
    given = frozenset().union(*(app.outbox.given(s.key) for s in profile.deliver))
    found = app.desk([profile], moment, [paper]).explain(profile, paper, given)
    if as_json:
        _print_json(reports.explain(profile.id, paper, found, moment.instant))
    else:
        terminal.console().print(terminal.explained(profile.id, paper, found))
    app.close()


@cli.command()
def send(
    names: Names = None,
    on: When = None,
    due: Annotated[bool, typer.Option("--due", help="Only what is due by its time and days.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compose and deliver what has no edition for its local date yet, and go on with what waits."""
    from bot import reports

    moment = parse_when(on)
    app = _app()
    profiles, sound = _profiles(app.settings, names)
    rows = _send(app, profiles, moment, due=due)
    if as_json:
        _print_json(reports.send(rows))
    else:
        from bot import terminal

        terminal.console().print(terminal.sent(rows))
    app.close()
    raise typer.Exit(_exit_code(rows, sound))


@cli.command()
def run() -> None:
    """One process for every day: ingest by the hour, deliver what is due, until SIGTERM."""
    from bot import daemon

    daemon.run(_settings())


@cli.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="Where to listen: 127.0.0.1, or 0.0.0.0 where PORT is set.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, envvar="PORT", help="0 takes a free one.")] = 8080,
) -> None:
    """The web process, which answers the unsubscribe links in mails, until SIGTERM."""
    from bot import daemon

    is_on_a_platform = bool(os.environ.get("PORT"))
    default = "0.0.0.0" if is_on_a_platform else "127.0.0.1"  # noqa: S104 - its router comes from outside
    daemon.serve(_settings(), host or default, port)


@cli.command()
def evaluate(
    papers: Annotated[
        Path | None, typer.Argument(metavar="[PAPERS]", help="JSON Lines, gzip or not.")
    ] = None,
    judgements: Annotated[
        Path | None,
        typer.Argument(metavar="[LIBRARIES_OR_QUERIES]", help="Which papers are relevant to whom."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="PROFILE", help="Instead of files: how well its likes are found.")
    ] = None,
    as_: Annotated[
        Literal["interest", "about"], typer.Option("--as", help="What of a profile a query is.")
    ] = "interest",
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="With what others do beside it.")
    ] = True,
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """How well papers are ranked: nDCG, MAP, MRR and recall, beside a TF-IDF centroid and a linear SVM."""
    from bot import evaluation, reports
    from bot.progress import progress

    if profile:
        if papers:
            raise UserError("either files or --profile: one's own profile is judged by the stored papers")
        task = _own_likes(profile, parse_when(on))
    elif papers and judgements:
        task = _from_set(papers, judgements, about=as_ == "about")
    else:
        raise UserError("name two files, PAPERS and LIBRARIES_OR_QUERIES, or a --profile of your own")
    from bot.ranking.baselines import methods

    compared = methods(task, baselines=baselines)
    with progress("Ranking with", len(compared) * len(task.trials)) as step:
        done = evaluation.evaluate(task, compared, step)
    if as_json:
        _print_json(reports.evaluate(done))
    else:
        from bot import terminal

        terminal.console().print(terminal.evaluated(done))


# --- Keeping it in order ----------------------------------------------------------------------------------


@cli.command()
def status(as_json: AsJson = False) -> None:
    """What needs you, with the command for it; what waits until when; the sources and the newest digests."""
    from bot import reports
    from bot.when import utc_now

    app = _app()
    affairs = app.affairs(utc_now())
    if as_json:
        _print_json(reports.status(affairs))
    else:
        from bot.affairs import shown
        from bot.terminal import console

        console().print(shown(affairs))
    app.close()


@cli.command()
def resend(
    delivery: Annotated[
        str | None, typer.Argument(help="Its id, as status shows it; the beginning is enough.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that stopped.")] = False,
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """An explicit second try of a delivery that stopped (failed or uncertain); it lifts the pauses of its target."""
    from bot import reports, terminal

    if bool(delivery) == everything:
        raise UserError("which delivery? give its id, as `paperboy status` shows it, or --all")
    moment = parse_when(on)
    app = _app()
    rows = app.resend(delivery, moment)
    if as_json:
        _print_json(reports.send(rows))
    else:
        terminal.console().print(terminal.sent(rows))
    app.close()
    raise typer.Exit(_exit_code(rows, sound=True))


@cli.command()
def resume(
    scope: Annotated[str, typer.Argument(metavar="WHERE", help="What is paused, as status shows it.")],
) -> None:
    """Send again to a target that was paused: refused for good, unsubscribed, or its mail came back."""
    app = _app()
    pauses = {pause.scope: pause for pause in app.receivers.pauses()}
    meant = [scope] if scope in pauses else [name for name in pauses if name.partition(":")[2] == scope]
    if len(meant) != 1:
        raise UserError(f"{scope!r} is not paused: {', '.join(pauses) or 'nothing is'}")
    app.receivers.resume(meant[0])
    typer.echo(
        f"{meant[0]} goes on. It was paused since {pauses[meant[0]].since:%Y-%m-%d}: {pauses[meant[0]].why}"
    )
    app.close()


@cli.command()
def bounces(
    paths: Annotated[list[Path], typer.Argument(metavar="MAILDIR|FILE...", help="Or an mbox.")],
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Read reports that mail came back. A dead address is paused, its digests are kept; the rest is counted."""
    from bot import reports
    from bot.pipeline.bounces import take_in

    moment = parse_when(on)
    app = _app()
    read = [taken for path in paths for taken in take_in(path, app.receivers, moment.instant)]
    app.alert(moment)
    if as_json:
        _print_json(reports.bounces(read))
    else:
        from bot import terminal

        terminal.console().print(terminal.came_back(read))
    app.close()


@cli.command()
def export(
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Only papers first seen from then on.")
    ] = None,
) -> None:
    """The stored papers as JSON Lines, every field."""
    from bot import reports

    start = parse_when(since, end_of_day=False).instant if since else None
    app = _app()
    for paper in app.papers.all(start):
        sys.stdout.write(json.dumps(reports.export(paper), ensure_ascii=False) + "\n")
    sys.stdout.flush()
    app.close()


@cli.command()
def migrate() -> None:
    """Bring the database to this version's tables. A SQLite file is migrated by every command."""
    app = _app()
    before, after = app.unprepared_database.migrate()
    typer.echo(f"The database was {f'at {before}' if before else 'empty'} and is at migration {after}.")
    app.close()


# --- Shared by the commands -------------------------------------------------------------------------------


def _complain(error: PaperboyError) -> None:
    typer.echo(f"paperboy: {error}", err=True)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def _print_problems(problems: Iterable[Problem]) -> None:
    for problem in problems:
        typer.echo(problem, err=True)


def _settings() -> Settings:
    from bot.settings import load_settings

    settings, problems = load_settings()
    if settings is None:
        _print_problems(problems)
        raise UserError("the settings above must be changed first")
    return settings


def _app() -> App:
    from bot.app import App

    return App(_settings())


def _profiles(settings: Settings, names: Sequence[str] | None) -> tuple[list[Profile], bool]:
    """The sound profiles of those names (all when none), and whether all of them are sound.

    Problems are told on the way; they never stop the others. Raises UserError for an unknown name.
    """
    from bot.profiles import load_profiles

    profiles, problems = load_profiles([settings.profiles])
    if names:
        problems = tuple(p for p in problems if Path(p.file).stem in names)
    _print_problems(problems)
    found = {profile.id: profile for profile in profiles}
    broken = {Path(problem.file).stem for problem in problems}
    for name in names or ():
        if name not in found and name not in broken:
            there = f"there are {', '.join(sorted(found))}" if found else "there are none: paperboy init"
            raise UserError(f"no profile {name!r} in {settings.profiles}: {there}")
    if names and not any(name in found for name in names):
        raise UserError("the profile above must be changed first")
    if not found and not problems:
        raise UserError(f"no profiles in {settings.profiles}: `paperboy init` makes a first one")
    return [found[name] for name in (dict.fromkeys(names) if names else found) if name in found], not problems


def _from_files(app: App, files: Sequence[Path], moment: Moment) -> Iterable[Report]:
    from bot.app import formats
    from bot.pipeline.ingest import ingest_file
    from bot.progress import progress

    with progress("Reading", len(files)) as step:
        for path in files:
            yield ingest_file(path, formats(), app.papers, moment.instant)
            step(str(path))


def _from_sources(app: App, names: Sequence[str], moment: Moment) -> Iterable[Report]:
    from bot.progress import progress

    sources = app.sources(names)
    profiles = _profiles(app.settings, None)[0] if app.settings.profiles.is_dir() else []
    with progress("Asking", len(sources)) as step:
        for report in app.refresh(profiles, moment, names):
            yield report
            step(report.name)


def _from_set(papers: Path, judgements: Path, *, about: bool) -> Task:
    from bot.evaluation import read_papers, read_task
    from bot.progress import progress
    from bot.ranking.counts import counts

    with progress("Reading", None) as step:
        return read_task(judgements, read_papers(papers, counts, step), about=about)


def _own_likes(name: str, moment: Moment) -> Task:
    from datetime import timedelta

    from bot.evaluation import Extent, own_likes
    from bot.pipeline.compose import ARCHIVE_SAMPLE, BACKGROUND_DAYS, BACKGROUND_SAMPLE

    app = _app()
    (profile,), _ = _profiles(app.settings, [name])
    since = moment.instant - timedelta(days=BACKGROUND_DAYS)
    task = own_likes(profile, app.papers, Extent(since, moment.instant, BACKGROUND_SAMPLE, ARCHIVE_SAMPLE))
    app.close()
    return task


def _given_to_all(app: App, profile: Profile) -> frozenset[str]:
    """Papers that no subscription of the profile would be sent any more."""
    given = [app.outbox.given(subscription.key) for subscription in profile.deliver]
    return frozenset.intersection(*given) if given else frozenset()


def _send(app: App, profiles: Sequence[Profile], moment: Moment, *, due: bool) -> list[Served]:
    from bot.progress import progress

    with progress("Composing", None) as step:
        return app.send(profiles, moment, due=due, progress=step)


def _exit_code(rows: Iterable[Served], sound: bool) -> int:
    """2 when a profile or a setting must be changed, else 1 when something failed or waits."""
    rows = list(rows)
    if not sound or any(row.trouble for row in rows):
        return CHANGE_SOMETHING
    return FAILED if any(row.state in ("failed", "uncertain", "waiting") for row in rows) else DONE


def _show(app: App, digest: Digest, why: str, format_: Format) -> None:
    from bot import rendering, terminal, views
    from bot.model import ChannelName

    slack = app.channels[ChannelName.SLACK]
    shown: dict[Format, Callable[[], str]] = {
        Format.HTML: lambda: rendering.render_html(views.digest_view(digest)),
        Format.TEXT: lambda: rendering.render_text(views.digest_view(digest)),
        Format.SLACK: lambda: "\n".join(
            part.payload.decode() for part in slack.render(digest, "preview", "preview")
        ),
    }
    if format_ is Format.TERMINAL:
        terminal.console().print(terminal.digest(digest, why))
    else:
        sys.stdout.write(f"{shown[format_]()}\n")
