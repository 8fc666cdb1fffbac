"""Commands that show what a profile does: backtest, diff, and the loop of preview --watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import AsJson, When, cli, open_app, print_json, print_problems, the_profiles
from bot.clock import Moment, parse_when
from bot.errors import UserError

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.digests.composer import DigestComposer
    from bot.digests.model import Digest
    from bot.evaluation.backtest import Compose
    from bot.papers.model import Paper
    from bot.profiles.include import ReadProfile
    from bot.profiles.model import Profile

Days = Annotated[int, typer.Option(min=1, max=366, help="The number of days, up to WHEN.")]

#: Seconds between two looks at the files of a watched profile.
_POLL = 0.5


@cli.command()
def backtest(
    name: Annotated[str, typer.Argument(metavar="PROFILE")],
    days: Days = 30,
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Show the digests that a profile would have had, and how they agree with its liked papers."""
    from bot.cli.output import documents
    from bot.cli.output.progress import progress
    from bot.evaluation.backtest import judged_backtest

    moment = parse_when(on)
    app = open_app()
    (profile,), _ = the_profiles(app.settings, [name])
    (profile,) = app.with_answers([profile], moment.instant)
    dates = last_dates(profile, moment, days)
    with progress("Composing", days) as step:
        found = judged_backtest(
            profile, _named(app, profile, moment), dates, compose_until(app, moment, step)
        )
    app.close()
    if as_json:
        print_json(documents.backtest(profile.id, found))
    else:
        from bot.cli.output.effect import backtest_days, backtest_totals
        from bot.presentation.console import console

        console().print(backtest_days(found.digests), backtest_totals(profile, found))


@cli.command()
def diff(
    name: Annotated[str, typer.Argument(metavar="PROFILE")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Another version: a YAML file anywhere.")],
    days: Days = 30,
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Compare the digests that two versions of a profile would have had on the same days."""
    from bot.cli.output import documents
    from bot.cli.output.progress import progress
    from bot.evaluation.backtest import backtest as digests_of
    from bot.profiles.include import ProfileReader

    moment = parse_when(on)
    app = open_app()
    (profile,), _ = the_profiles(app.settings, [name])
    read = ProfileReader().read(file)
    other = _valid(read)
    if other is None:
        raise UserError(f"correct {file} first")
    (first,), (second,) = (
        app.with_answers([one], moment.instant) for one in (profile, replace(other, id=profile.id, was=""))
    )
    second = replace(second, id=f"{first.id} in {file}")
    dates = last_dates(first, moment, days)
    with progress("Composing", days) as step:
        found = digests_of([first, second], dates, compose_until(app, moment, step))
    app.close()
    before, after = found[first.id], found[second.id]
    if as_json:
        print_json(documents.diff(first.id, str(file), before, after))
    else:
        from bot.cli.output.effect import diff_days, diff_totals
        from bot.presentation.console import console

        console().print(diff_days(before, after), diff_totals((first.id, str(file)), before, after))


def last_dates(profile: Profile, moment: Moment, days: int) -> list[date]:
    """The last local dates of a profile up to a moment, oldest first."""
    last = moment.local_date(profile.timezone)
    return [last - timedelta(days=back) for back in reversed(range(days))]


def compose_until(app: App, moment: Moment, step: Callable[[str], None]) -> Compose:
    """Composers for the ends of dates, the last date's being `moment`. `step`: called after each, with its date."""

    def compose(profiles: Sequence[Profile], end: Moment) -> DigestComposer:
        composer = app.composer(profiles, min(end, moment, key=lambda one: one.instant), keep=True)
        step(str(end.day))
        return composer

    return compose


def _named(app: App, profile: Profile, moment: Moment) -> dict[str, Paper]:
    """The papers that a profile likes or dislikes and that are stored at a moment, by `reference_keys`."""
    from bot.profiles.references import all_keys

    found = app.papers.by_keys(all_keys([profile]))
    return {key: paper for key, paper in found.items() if paper.first_seen <= moment.instant}


def watch(path: Path, compose: Callable[[Profile], Digest]) -> None:
    """Show a profile's digest, and what changes in it whenever its files are saved, until Ctrl-C."""
    from bot.cli.output.effect import changed_list, watched_list
    from bot.files import stamp
    from bot.presentation.console import console
    from bot.profiles.include import ProfileReader

    shown: Digest | None = None
    try:
        while True:
            read = ProfileReader().read(path)
            if profile := _valid(read):
                digest = compose(profile)
                console().print(changed_list("saved", shown, digest) if shown else watched_list(digest))
                shown = digest
            typer.echo("Waiting for the next save; Ctrl-C ends." if profile else _BROKEN)
            is_there = True
            while all(stamp(file) == before for file, before in read.inputs.items()) or not path.exists():
                if is_there and not path.exists():
                    is_there = False
                    typer.echo(f"{path} is gone; waiting for it.")
                sleep(_POLL)
    except KeyboardInterrupt:
        typer.echo()


_BROKEN = "Not used until this is corrected."


def _valid(read: ReadProfile) -> Profile | None:
    """The profile that was read; None if it has problems, which are printed."""
    problems = sorted({*read.problems, *read.incomplete})
    print_problems(problems)
    return read.effective.profile if read.effective and not problems else None
