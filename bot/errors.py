"""What can go wrong, in words for people.

An error says what is wrong, where, and what to do; its class says whether trying again can help. Messages
are shown to users and stored, so no secret may ever enter one.
"""

from dataclasses import dataclass


class PaperboyError(Exception):
    """The base of everything that Paperboy raises on purpose; `str(error)` is fit for a user to read."""


class UserError(PaperboyError):
    """The user must change something (an option, a profile, a setting): exit code 2."""


class SourceError(PaperboyError):
    """A source could not be asked or did not answer sensibly; others go on. Exit code 1.

    `retry_after`: seconds that the service asked to be left alone, when it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class StatusError(SourceError):
    """A service answered with an HTTP status that is no success."""

    def __init__(self, message: str, status: int, *, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.status = status


class NotConfigured(PaperboyError):  # noqa: N818 - a state to be told, like LookupError
    """A channel lacks its settings; the message names the variables to set."""


class InvariantViolation(PaperboyError):  # noqa: N818 - what it says is a fact
    """Something was about to be sent that must not be; the sender stops, loudly. Exit code 1."""


class LeaseLost(PaperboyError):  # noqa: N818 - what it says is a fact
    """The lease ran out and another sender took the delivery over: leave it alone."""


class DatabaseError(PaperboyError):
    """The database cannot be used as it is (newer version, unreachable, not ours). Exit code 2."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something wrong in a file that the user wrote."""

    file: str
    line: int  #: from 1
    column: int  #: from 1
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"
