"""The command that shows what a profile is made of."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import cli, effective_profile, open_app, profile_path
from bot.clock import utc_now

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.profiles.model import Profile


@cli.command()
def show(name: Annotated[str, typer.Argument(metavar="PROFILE")]) -> None:
    """Print a profile with all that it includes and readers' answers add, and where each line comes from."""
    from bot.cli.output.effective import effective_yaml
    from bot.profiles.load import load_profiles

    app = open_app()
    settings = app.settings
    path = profile_path(settings, name)
    loaded = load_profiles([settings.profiles], settings.profile_cache)
    is_shared = name not in loaded.broken and all(profile.id != name for profile in loaded.profiles)
    effective = effective_profile(path, is_shared=is_shared)
    if is_shared:
        typer.echo(
            f"note: {name} is not a profile; included by {', '.join(loaded.includers[name])}", err=True
        )
    taught = effective.profile if is_shared else _taught(app, effective.profile)
    sys.stdout.write(effective_yaml(effective, taught, with_defaults=not is_shared) + "\n")
    app.close()


def _taught(app: App, profile: Profile) -> Profile:
    """The profile with what its answers add, if there is a database of this version."""
    if not (app.settings.has_database and app.unprepared_database.is_current()):
        return profile
    return app.with_answers([replace(profile, was="")], utc_now())[0]
