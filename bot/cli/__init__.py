"""The commands: options in, text or one JSON document out, one place where errors become words and exit codes.

0 done, 1 some of the work failed and is kept for another try, 2 the user must change something.
Nothing here decides; heavy modules are imported by the commands that need them.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import NoReturn

from bot.cli import about, daily, upkeep  # noqa: F401 - they add their commands
from bot.cli.common import CHANGE_SOMETHING, DONE, FAILED, cli, complain
from bot.errors import DatabaseError, NotConfigured, PaperboyError, UserError

__all__ = ["cli", "main"]


def main() -> NoReturn:
    """The one error boundary: a sentence on standard error, no traceback for what a user can mend."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, TextIOWrapper
        ):  # a star that the terminal's encoding lacks is no reason to stop
            stream.reconfigure(errors="replace")
    try:
        cli()
    except UserError as error:
        complain(error)
        sys.exit(CHANGE_SOMETHING)
    except PaperboyError as error:
        complain(error)
        sys.exit(CHANGE_SOMETHING if isinstance(error, NotConfigured | DatabaseError) else FAILED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader left, as `head` does: not worth a word
        sys.exit(DONE)
    except OSError as error:
        complain(PaperboyError(f"{error.filename or 'standard output'}: {error.strerror or error}"))
        os._exit(
            FAILED
        )  # what cannot be written would be tried, and complained about, once more on the way out
    sys.exit(DONE)
