"""The command that shows what a profile is made of."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bot.cli.common import cli, effective_profile, profile_path, the_settings


@cli.command()
def show(name: Annotated[str, typer.Argument(metavar="PROFILE")]) -> None:
    """Print a profile with everything that it includes, and where each line comes from."""
    from bot.cli.output.effective import effective_yaml
    from bot.profiles.load import load_profiles

    settings = the_settings()
    path = profile_path(settings, name)
    loaded = load_profiles([settings.profiles], settings.profile_cache)
    is_shared = name not in loaded.broken and all(profile.id != name for profile in loaded.profiles)
    effective = effective_profile(path, is_shared=is_shared)
    if is_shared:
        typer.echo(
            f"note: {name} is not a profile; included by {', '.join(loaded.includers[name])}", err=True
        )
    sys.stdout.write(effective_yaml(effective, with_defaults=not is_shared) + "\n")
