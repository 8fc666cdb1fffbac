"""The Rich consoles for all output."""

from __future__ import annotations

import os
from typing import Literal

from rich.console import Console

#: Columns when standard output is not a terminal: lines for programs stay whole.
_PIPE_WIDTH = 200


def console(*, stderr: bool = False) -> Console:
    """A console for lines that programs may read: as wide as the terminal, or _PIPE_WIDTH without one."""
    terminal = _console(stderr=stderr)
    return terminal if terminal.is_terminal else _console(stderr=stderr, width=_PIPE_WIDTH)


def page() -> Console:
    """A console for people: as wide as the terminal; without one, COLUMNS or 80 columns."""
    return _console()


def _console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Interprets no markup; with NO_COLOR (https://no-color.org) no escape sequences: no links and no bold either."""
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(
        stderr=stderr, width=width, highlight=False, markup=False, emoji=False, color_system=colours
    )
