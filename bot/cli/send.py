"""The command send: composes and delivers once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import (
    FAILED,
    AsJson,
    Names,
    When,
    choose_profiles,
    cli,
    exit_code,
    open_sending_app,
    print_json,
)
from bot.clock import Moment, parse_when

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.delivery.service import SendResult
    from bot.profiles.model import Profile
    from bot.worker.loop import Loop

#: For how long `send --due` waits for the monitor at the end.
_HEARTBEAT_SECONDS = 5.0


@cli.command()
def send(
    names: Names = None,
    on: When = None,
    due: Annotated[bool, typer.Option("--due", help="Only what is due by time and day.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compose and deliver what has no edition for its local date yet, and continue unfinished deliveries."""
    moment = parse_when(on)
    with open_sending_app() as (app, loop):
        code = _send(app, loop, names, moment, due=due, as_json=as_json)
    raise typer.Exit(code)


def _send(
    app: App, loop: Loop, names: Sequence[str] | None, moment: Moment, *, due: bool, as_json: bool
) -> int:
    """Send and print the results. Returns the exit code."""
    from bot.cli.output import documents
    from bot.delivery.broken_profiles import broken_files
    from bot.profiles.load import load_profiles

    loaded = load_profiles([app.settings.profiles], app.settings.profile_cache)
    profiles, sound = choose_profiles(app.settings, loaded, names, keep=True)
    kept = {profile.id for profile in loaded.kept}
    app.delivery.report_profiles(broken_files(loaded.problems, loaded.broken, kept), moment)
    rows = _results(app, loop, profiles, moment, due=due)
    is_stopped = loop.is_stopping()
    if due and moment.is_live and not is_stopped and (beat := app.beat(rows, partial(typer.echo, err=True))):
        beat.join(_HEARTBEAT_SECONDS)
    if as_json:
        print_json(documents.send(rows))
    else:
        from bot.cli.output import tables
        from bot.presentation.console import console

        console().print(tables.send_lines(rows))
    code = exit_code(rows, sound)
    if is_stopped:
        typer.echo("paperboy: stopped before it was finished; the next `send` continues", err=True)
        return max(code, FAILED)
    return code


def _results(
    app: App, loop: Loop, profiles: Sequence[Profile], moment: Moment, *, due: bool
) -> list[SendResult]:
    from bot.cli.output.progress import progress

    with progress("Composing", None) as step:

        def on_subscription(key: str) -> None:
            loop.sleep(0)
            step(key)

        return app.delivery.send(profiles, moment, due=due, progress=on_subscription, may_stop=True)
