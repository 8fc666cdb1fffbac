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

    effective = effective_profile(profile_path(the_settings(), name))
    sys.stdout.write(effective_yaml(effective) + "\n")
