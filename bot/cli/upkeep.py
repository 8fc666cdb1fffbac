"""Commands for operation: status, what to do about stopped deliveries, bounces, export, migrate."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import (
    AsJson,
    Names,
    When,
    cli,
    exit_code,
    open_app,
    open_sending_app,
    print_json,
    the_profiles,
)
from bot.clock import parse_when, utc_now
from bot.errors import UserError


@cli.command()
def status(names: Names = None, on: When = None, as_json: AsJson = False) -> None:
    """Show what needs you, with the command for it; what waits; what comes next, and what was found."""
    from bot.bootstrap.status import current_status
    from bot.cli.output import documents

    app = open_app()
    chosen = the_profiles(app.settings, names, keep=True)[0] if names else None
    current = current_status(app, parse_when(on), chosen)
    if as_json:
        print_json(documents.status(current, with_profiles=bool(names)))
    else:
        from bot.presentation.console import console
        from bot.presentation.status_text import status_screen

        console().print(status_screen(current))
    app.close()


@cli.command()
def resend(
    delivery: Annotated[
        str | None, typer.Argument(help="The delivery's id, as status shows it; the beginning is enough.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that failed.")] = False,
    blindly: Annotated[
        bool,
        typer.Option(
            "--blindly", help="Send it also when nobody can tell whether it has arrived: perhaps twice."
        ),
    ] = False,
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Try a stopped delivery (failed or uncertain) again; ends the pause of its target."""
    from bot.cli.output import documents, tables
    from bot.delivery.resend import find_stopped
    from bot.delivery.resend import resend as resend_deliveries
    from bot.presentation.console import console

    if bool(delivery) == everything:
        raise UserError("give the id of a delivery, as `paperboy status` shows it, or --all")
    moment = parse_when(on)
    with open_sending_app() as (app, _):
        rows = resend_deliveries(find_stopped(app.outbox, delivery), app.delivery, moment, blindly=blindly)
        if as_json:
            print_json(documents.send(rows))
        else:
            console().print(tables.send_lines(rows))
    raise typer.Exit(exit_code(rows, sound=True))


@cli.command()
def resume(
    scope: Annotated[str, typer.Argument(metavar="WHERE", help="The paused scope, as status shows it.")],
) -> None:
    """End a pause, and let the next `send` or `run` try again what its cause stopped."""
    from bot.delivery.alerts import remedy
    from bot.delivery.resend import put_back
    from bot.profiles.load import load_profiles
    from bot.text.plain import pluralize

    app = open_app()
    pauses = {pause.scope: pause for pause in app.receivers.pauses()}
    meant = [scope] if scope in pauses else [name for name in pauses if name.partition(":")[2] == scope]
    if len(meant) != 1:
        raise UserError(f"{scope!r} is not paused: {', '.join(pauses) or 'nothing is'}")
    app.receivers.resume(meant[0])
    pause = pauses[meant[0]]
    typer.echo(f"{pause.scope} is resumed. It was paused since {pause.since:%Y-%m-%d}: {pause.why}")
    profiles, _, kept, broken, _ = load_profiles([app.settings.profiles], app.settings.profile_cache)
    used, is_known = app.used_scopes((*profiles, *kept)), len(broken) == len(kept)
    number, unused = put_back(
        pause.scope, app.outbox, app.queue, utc_now(), lambda scope: not is_known or scope in used
    )
    for one in unused:
        typer.echo(f"{one.id} is kept: {remedy(one, is_wanted=False)}")
    if number:
        count = pluralize(number, "delivery that was stopped is", "deliveries that were stopped are")
        typer.echo(f"{count} sent by the next `paperboy send`, `run` or worker.")
    app.close()


@cli.command()
def settle(
    delivery: Annotated[
        str, typer.Argument(help="The delivery's id, as status shows it; the beginning is enough.")
    ],
) -> None:
    """Declare that nothing more is to be done about a stopped delivery: it arrived, or is not wanted."""
    from bot.delivery.resend import find_stopped
    from bot.delivery.resend import settle as settle_delivery

    app = open_app()
    (one,) = find_stopped(app.outbox, delivery)
    settle_delivery(one, app.queue)
    typer.echo(f"{one.id} is settled: it counts as sent.")
    app.close()


@cli.command()
def bounces(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="MAILDIR|FILE...", help="A Maildir, an mbox, or a file with one mail."),
    ],
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Read reports of returned mail. A dead address is paused and its digests are kept; others are counted."""
    from bot.channels.email.bounces import record_bounces
    from bot.cli.output import documents

    moment = parse_when(on)
    app = open_app()
    read = [taken for path in paths for taken in record_bounces(path, app.receivers, moment.instant)]
    app.delivery.redeliver([], moment)  # an alert on addresses that are paused now
    if as_json:
        print_json(documents.bounces(read))
    else:
        from bot.cli.output import tables
        from bot.presentation.console import console

        console().print(tables.bounce_lines(read))
    app.close()


@cli.command()
def export(
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Only papers first seen since then.")
    ] = None,
) -> None:
    """Print the stored papers as JSON Lines, with every field."""
    from bot.cli.output import documents

    start = parse_when(since, end_of_day=False).instant if since else None
    app = open_app()
    for paper in app.papers.all(start):
        sys.stdout.write(json.dumps(documents.export(paper), ensure_ascii=False) + "\n")
    sys.stdout.flush()
    app.close()


@cli.command()
def thin(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be removed.")] = False,
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Remove what nobody needs any more, as `run` does once a day: see docs/running.md."""
    from bot.profiles.load import load_profiles

    moment = parse_when(on)
    app = open_app()
    profiles, _, kept, *_ = load_profiles([app.settings.profiles], app.settings.profile_cache)
    done = app.thin((*profiles, *kept), moment.instant, dry_run=dry_run)
    if as_json:
        print_json(done)
    else:
        for name, number in done.items():
            typer.echo(f"{name}: {number}")
    app.close()


@cli.command()
def backup(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Copy the database while others use it, and check the copy."""
    from bot.store.backup import back_up

    app = open_app()
    if not app.settings.has_database:
        raise UserError(f"there is no database to copy: {app.settings.database_place} does not exist")
    revision = back_up(app.unprepared_database, path, replace=force)
    typer.echo(
        f"{path}: {path.stat().st_size / 1e6:.1f} MB, checked; the database is at migration {revision}"
    )
    app.close()


@cli.command()
def migrate() -> None:
    """Bring the database to this version's tables. A SQLite file is migrated by every command."""
    app = open_app()
    before, after = app.unprepared_database.migrate()
    typer.echo(f"The database was {f'at {before}' if before else 'empty'} and is at migration {after}.")
    app.close()
