"""Errors, with messages for people.

A message says what is wrong, where, and what to do; the class says whether trying again can help. Messages are shown
to users and stored, so they must not contain secrets.
"""

from dataclasses import dataclass


class PaperboyError(Exception):
    """The base of all errors that Paperboy raises on purpose; `str(error)` is a message for users."""


class UserError(PaperboyError):
    """The user must change something (an option, a profile, a setting): exit code 2."""


class SourceError(PaperboyError):
    """A source was not reached, or its answer was not usable; other sources continue. Exit code 1.

    `retry_after`: seconds until the service wants the next request, if it said so.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ShutdownRequested(SourceError):  # noqa: N818 - a state
    """The process was asked to stop while a job waited. The next start does what was not finished."""


class StatusError(SourceError):
    """A service answered with an HTTP status other than success."""

    def __init__(self, message: str, status: int, *, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.status = status


class NotConfigured(PaperboyError):  # noqa: N818 - a state, like LookupError
    """A channel lacks its settings; the message names the variables to set."""


class InvariantViolation(PaperboyError):  # noqa: N818 - a fact
    """A message that must not be sent was about to be sent; the sender stops. Exit code 1."""


class LeaseLost(PaperboyError):  # noqa: N818 - a fact
    """The lease expired and another sender has the delivery; this one must not change it."""


class DatabaseError(PaperboyError):
    """The database cannot be used (newer version, unreachable, not Paperboy's). Exit code 2."""


class DatabaseNewer(DatabaseError):  # noqa: N818 - a fact
    """A newer version migrated the database: this one must not begin, and ends when it was running. Exit code 2."""


class DatabaseBusy(DatabaseError):  # noqa: N818 - a state
    """The database cannot be used now; this passes by itself. Exit code 1."""


class DatabaseLost(DatabaseError):  # noqa: N818 - a fact
    """The database's file was deleted, moved or replaced while it was open; the process must end. Exit code 1."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem in a file that the user wrote."""

    file: str
    line: int  #: from 1
    column: int  #: from 1
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"
