"""The command line: options in, text or one JSON document out, and exit codes.

0 done, 1 some of the work failed and is kept for another try, 2 the user must change something. Commands import heavy
modules only when they need them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import NoReturn

# isort: off
from bot.cli import (  # noqa: F401 - they add their commands, in the order of --help
    about,
    advise,
    answers,
    effect,
    ingest,
    preview,
    send,
    processes,
    init,
    jobs,
    search,
    show,
    upkeep,
)

# isort: on
from bot.cli.common import CHANGE_SOMETHING, DONE, FAILED, cli, complain
from bot.errors import DatabaseBusy, DatabaseError, DatabaseLost, NotConfigured, PaperboyError, UserError

__all__ = ["cli", "main"]


def _check_arguments(arguments: Sequence[str]) -> None:
    """Raise UserError for bytes that are not text: Python passes them on as surrogates. File names may have any."""
    for argument in arguments:
        if re.search("[\ud800-\udfff]", argument) and not os.path.lexists(argument):
            raise UserError(f"the argument {os.fsencode(argument)!r} is not text: write it in UTF-8")


def main() -> NoReturn:
    """Run the command; errors become a sentence on standard error and an exit code, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a character that the encoding lacks must not stop the command
            stream.reconfigure(errors="replace")
    try:
        _check_arguments(sys.argv[1:])
        cli()
    except UserError as error:
        complain(error)
        sys.exit(CHANGE_SOMETHING)
    except PaperboyError as error:
        complain(error)
        passes = isinstance(error, DatabaseLost | DatabaseBusy)
        needs_user = isinstance(error, NotConfigured | DatabaseError) and not passes
        sys.exit(CHANGE_SOMETHING if needs_user else FAILED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader closed the pipe, as `head` does
        sys.exit(DONE)
    except OSError as error:
        complain(PaperboyError(f"{error.filename or 'standard output'}: {error.strerror or error}"))
        os._exit(FAILED)  # a normal exit would flush, fail and report the same error again
    sys.exit(DONE)
