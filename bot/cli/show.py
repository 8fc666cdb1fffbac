"""The command that shows what a profile is made of."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bot.cli.common import cli, print_problems, profile_path, the_settings
from bot.errors import UserError


@cli.command()
def show(name: Annotated[str, typer.Argument(metavar="PROFILE")]) -> None:
    """Print a profile with everything that it includes, and where each line comes from."""
    from bot.cli.output.effective import effective_yaml
    from bot.profiles.include import ProfileReader

    read = ProfileReader().read(profile_path(the_settings(), name))
    if problems := sorted({*read.problems, *read.incomplete}):
        print_problems(problems)
        raise UserError("correct the profile above first")
    assert read.effective
    sys.stdout.write(effective_yaml(read.effective) + "\n")
