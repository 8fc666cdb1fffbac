"""What delivery needs of channels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from bot.delivery.model import Envelope, Notice, Outcome, Part, Sent, Stage
from bot.digests.model import Digest


class NameCache(Protocol):
    """What names a service was found to mean, kept over restarts."""

    def get(self, name: str) -> str | None:
        """The id that the name stands for; None when it is not known."""
        ...

    def put(self, name: str, id_: str | None) -> None:
        """Remember an id; None forgets it."""
        ...


StageCallback = Callable[[Stage], None]


def ignore_stage(stage: Stage) -> None:
    """A Reach for who does not record stages."""


class Channel(Protocol):
    """One way to hand a digest to a reader: a pure `render` and a small `send`."""

    name: str
    #: Whether `find` can tell at all. If not, what may have arrived goes out once more or is held, as configured.
    can_look_up: bool
    #: At least so much lies between two messages to one conversation, whoever sends them.
    spacing: timedelta = timedelta(0)

    def check(self) -> None:
        """Raises NotConfigured, naming the settings to make, when this channel cannot send at all."""
        ...

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        """The digest as messages, each within the channel's limits. Pure: the same input, the same bytes.

        `delivery`: the opaque id that lets a sent message be found again. Parts after the first belong to
        the first one's thread.
        """
        ...

    def notice(self, told: Notice, delivery: str, target: str) -> bytes:
        """What Paperboy tells its operator, as one message. Pure."""
        ...

    def conversation(self, target: str) -> str:
        """What the `spacing` holds for: the target, or the id that its name is known to stand for."""
        return target

    def send(self, envelope: Envelope, reach: StageCallback = ignore_stage) -> Outcome:
        """One attempt, never repeated once it may have arrived; every failure is an outcome, never an exception.

        `reach` is told each stage before it begins. What it raises at a stage that hands over goes through, and
        nothing was sent.
        """
        ...

    def find(self, envelope: Envelope) -> Sent | None:
        """Looks an uncertain delivery up at the receiver; None when it is certainly not there.

        Raises LookupError when the receiver cannot tell.
        """
        ...

    def rest(self) -> None:
        """There is nothing more to send for now: connections are closed, where any stay open."""
        return
