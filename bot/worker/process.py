"""What the long-running processes have in common: what they log when they start, and watching the database."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from bot.errors import DatabaseError, DatabaseLost, DatabaseNewer, Problem
from bot.log import log_error, log_line
from bot.text.addresses import is_secure_url
from bot.worker.loop import Loop

#: Seconds between two looks at the database's file, and at its version.
FILE_SECONDS, VERSION_SECONDS = 2.0, 30.0
#: Seconds for which a process goes on after a newer version has migrated its database: the time of a deployment.
OVERLAP_SECONDS = 600.0


def log_template_problem(problem: Problem) -> None:
    log_line(f"template problem: {problem} (the built-in template is used)", logging.WARNING)


def log_links(public_url: str | None) -> None:
    """Log whether mails contain links to the web process."""
    if not public_url:
        log_line("PUBLIC_URL is not set: mails contain no link to this process")
    elif not is_secure_url(public_url):
        log_line(f"PUBLIC_URL is {public_url}, and not https: mails contain no link to this process")
    else:
        log_line(f"mails contain links to {public_url}/unsubscribe/")


def watch_database(check_file: Callable[[], None], refuse_newer: Callable[[], None], loop: Loop) -> None:
    """Start two threads. One ends the process at once, with exit code 1, when `check_file` raises DatabaseLost: as a
    kill, this loses nothing. The other ends it in order, with exit code 1, some time after `refuse_newer` raises
    DatabaseNewer, so that what started it starts the newer version.
    """
    for watch in (lambda: _watch_file(check_file), lambda: _watch_version(refuse_newer, loop)):
        threading.Thread(target=watch, daemon=True).start()


def _watch_file(check_file: Callable[[], None]) -> None:
    while True:
        time.sleep(FILE_SECONDS)
        try:
            check_file()
        except DatabaseLost as error:
            log_error(error)
            os._exit(1)


def _watch_version(refuse_newer: Callable[[], None], loop: Loop) -> None:
    while True:
        time.sleep(VERSION_SECONDS)
        try:
            refuse_newer()
        except DatabaseNewer as error:
            log_line(f"{error}; this process ends in {OVERLAP_SECONDS / 60:.0f} minutes", logging.WARNING)
            time.sleep(OVERLAP_SECONDS)
            log_line("ends, because a newer Paperboy has migrated the database", logging.ERROR)
            loop.stop(1)
            return
        except DatabaseError:
            pass  # it does not answer now; the jobs say so
