"""The consoles that everything is printed on."""

from __future__ import annotations

import os
from typing import Literal

from rich.console import Console

#: Columns of a pipe that programs read.
_PIPE_WIDTH = 200


def console(*, stderr: bool = False) -> Console:
    """For lines that programs read too: wide enough to keep a line of a pipe whole; colours only on a terminal."""
    made = _console(stderr=stderr)
    return made if made.is_terminal else _console(stderr=stderr, width=_PIPE_WIDTH)


def page() -> Console:
    """For what people read: as wide as the terminal; where there is none, as COLUMNS says, or 80."""
    return _console()


def _console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Interprets nothing in what it prints; with NO_COLOR (https://no-color.org) no escape sequence at all, so that
    links and bold go with the colours.
    """
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(
        stderr=stderr, width=width, highlight=False, markup=False, emoji=False, color_system=colours
    )
