"""The command send: composes and delivers once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import AsJson, Names, When, choose_profiles, cli, exit_code, open_app, print_json
from bot.clock import Moment, parse_when

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.delivery.service import SendResult
    from bot.profiles.model import Profile

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


def _send(app: App, profiles: Sequence[Profile], moment: Moment, *, due: bool) -> list[SendResult]:
    from bot.cli.output.progress import progress

    with progress("Composing", None) as step:
        return app.delivery.send(profiles, moment, due=due, progress=step)
