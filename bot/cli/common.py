"""What the commands share: the program, common options, settings, profiles and exit codes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.errors import PaperboyError, UserError

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.clock import Moment
    from bot.config.settings import Settings
    from bot.delivery.service import SendResult
    from bot.errors import Problem
    from bot.profiles.include import EffectiveProfile
    from bot.profiles.load import Loaded
    from bot.profiles.model import Profile
    from bot.worker.loop import Loop

DONE, FAILED, CHANGE_SOMETHING = 0, 1, 2

cli = typer.Typer(
    name="paperboy",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"paperboy {version('paperboy')}")
        raise typer.Exit


@cli.callback()
def options(
    version_: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Each day's arXiv and Hugging Face papers, ranked against your interests, delivered once."""


When = Annotated[
    str | None, typer.Option("--on", metavar="WHEN", help="A date or an ISO time, instead of now.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[PROFILE]...", help="Names of profiles; all by default.")
]


def complain(error: PaperboyError) -> None:
    typer.echo(f"paperboy: {error}", err=True)


def print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def print_problems(problems: Iterable[Problem]) -> None:
    for problem in problems:
        typer.echo(problem, err=True)


def the_settings() -> Settings:
    from bot.config.settings import load_settings

    settings, problems = load_settings()
    if settings is None:
        print_problems(problems)
        raise UserError("correct the settings above first")
    return settings


def open_app(sleep: Callable[[float], None] = time.sleep) -> App:
    from bot.bootstrap.app import App

    def warn(problem: Problem) -> None:
        typer.echo(f"{problem} (the built-in template is used)", err=True)

    return App(the_settings(), sleep=sleep, on_template_problem=warn, progress=_database_progress)


@contextmanager
def open_sending_app() -> Iterator[tuple[App, Loop]]:
    """As `open_app`, for a command that sends, until the block ends. Asked to stop, it ends as `run` does, but with
    exit code 1.
    """
    from bot.worker.loop import Loop

    loop = Loop(lambda line: typer.echo(f"paperboy: {line}", err=True))
    loop.code = FAILED
    loop.begin("sending")
    loop.listen()
    try:
        app = open_app(loop.sleep)
        loop.hand_back = app.hand_back
        yield app, loop
        app.close()
    finally:
        loop.release_signals()


@contextmanager
def _database_progress(description: str, total: int) -> Iterator[Callable[[str], None]]:
    """A progress bar on a terminal, one plain line elsewhere."""
    from bot.cli.output.progress import progress

    if not sys.stderr.isatty():
        typer.echo(f"{description}, once ...", err=True)
    with progress(description, total) as step:
        yield step


def the_profiles(
    settings: Settings, names: Sequence[str] | None, *, keep: bool = False
) -> tuple[list[Profile], bool]:
    """The valid profiles with these names (all when there are none), and whether all of them are valid.

    Problems are printed; they do not stop the other profiles. `keep`: the last valid version stands in for a profile
    that has a problem. Raises UserError for an unknown name.
    """
    from bot.profiles.load import load_profiles

    loaded = load_profiles([settings.profiles], settings.profile_cache)
    return choose_profiles(settings, loaded, names, keep=keep)


def choose_profiles(
    settings: Settings, loaded: Loaded, names: Sequence[str] | None, *, keep: bool
) -> tuple[list[Profile], bool]:
    """As `the_profiles`, of those that are loaded."""
    from bot.delivery.broken_profiles import broken_files

    profiles, problems, kept, broken, _ = loaded
    if names:
        broken = {name: broken[name] for name in names if name in broken}
        theirs = {problem for of_profile in broken.values() for problem in of_profile}
        problems = tuple(p for p in problems if p in theirs or Path(p.file).stem in names)
    print_problems(problems)
    for file in broken_files(problems, broken, {profile.id for profile in kept}) if keep else ():
        if file.effect:
            typer.echo(f"{file.file}: {file.effect}", err=True)
    found = {profile.id: profile for profile in (*profiles, *(kept if keep else ()))}
    for name in names or ():
        if name not in found and name not in broken:
            raise UserError(f"no profile {name!r} in {settings.profiles}: {_there_are(found)}")
    if names and not any(name in found for name in names):
        raise UserError("correct the profile above first")
    if not found and not problems:
        raise UserError(f"no profiles in {settings.profiles}: `paperboy init` writes the first one")
    return [found[name] for name in (dict.fromkeys(names) if names else found) if name in found], not problems


def profile_path(settings: Settings, name: str) -> Path:
    """The file of the profile with this name, valid or not. Raises UserError for an unknown name."""
    from bot.profiles.load import profile_files

    files = {path.stem: path for path in profile_files([settings.profiles])}
    if name not in files:
        raise UserError(f"no profile {name!r} in {settings.profiles}: {_there_are(files)}")
    return files[name]


def effective_profile(path: Path, *, is_shared: bool = False) -> EffectiveProfile:
    """The profile in a file, with what it includes. Prints its problems and raises UserError if it has any.

    `is_shared`: only other files include it, so that it may lack what a profile needs.
    """
    from bot.profiles.include import ProfileReader

    read = ProfileReader().read(path)
    if problems := sorted({*read.problems, *(() if is_shared else read.incomplete)}):
        print_problems(problems)
        raise UserError("correct the profile above first")
    assert read.effective
    return read.effective


def _there_are(names: Iterable[str]) -> str:
    return f"there are {', '.join(sorted(names))}" if names else "there are none: paperboy init"


def note_pauses(profiles: Iterable[Profile], moment: Moment) -> None:
    """Say which profiles are paused, before what would be sent without the pause is shown."""
    for profile in profiles:
        if profile.is_paused(moment.local_date(profile.timezone)):
            typer.echo(
                f"note: {profile.id} is paused by its profile until {profile.paused_until}; "
                "this is what would be sent if the pause ended now",
                err=True,
            )


def exit_code(rows: Iterable[SendResult], sound: bool) -> int:
    """2 when a profile or a setting must be changed, 1 when something failed or waits, else 0."""
    rows = list(rows)
    if not sound or any(row.blocked for row in rows):
        return CHANGE_SOMETHING
    return FAILED if any(row.state in ("failed", "uncertain", "waiting") for row in rows) else DONE
