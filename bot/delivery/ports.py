"""What delivery needs of channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from bot.delivery.model import (
    Deferred,
    Envelope,
    Notice,
    OpenDelivery,
    Outcome,
    Part,
    Refused,
    Sent,
    Stage,
)
from bot.digests.model import Digest
from bot.profiles.model import ChannelName, Subscription


class NameCache(Protocol):
    """The ids of names that a service has resolved, kept over restarts."""

    def get(self, name: str) -> str | None:
        """The id of a name; None when it is not known."""
        ...

    def put(self, name: str, id_: str | None) -> None:
        """Store an id; None removes it."""
        ...


StageCallback = Callable[[Stage], None]


def ignore_stage(stage: Stage) -> None:
    """A StageCallback for callers that do not record stages."""


class NoAnswer(LookupError):  # noqa: N818 - a fact
    """A look-up had no usable answer, and one in a moment may have it."""


class Probe(NamedTuple):
    """What a service says of itself, or of one target, when it is asked without sending anything."""

    target: str  #: empty for the service itself
    problem: Deferred | Refused | None = None  #: Refused when a person must change something
    note: str = ""  #: what is known when there is no problem


class Channel(Protocol):
    """One way to send a digest to a reader: rendering is pure, sending is one attempt."""

    name: str
    #: Whether `look_up` can answer. If not, a message that may have arrived is sent once more or held, as configured.
    can_look_up: bool
    #: The shortest time between two messages to one receiver, whoever sends them.
    spacing: timedelta = timedelta(0)

    def check(self) -> None:
        """Raise NotConfigured, naming the settings to make, when this channel cannot send."""
        ...

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        """The digest as messages, each within the channel's limits. Pure: the same input gives the same bytes.

        `delivery`: the opaque id by which a sent message can be looked up. Parts after the first are replies to it.
        """
        ...

    def render_notice(self, notice: Notice, delivery: str, target: str) -> bytes:
        """A message to the operator. Pure."""
        ...

    def receiver(self, target: str) -> str:
        """The same text for all targets that are known to reach the same conversation, address or folder.

        The ledger and `spacing` are by receiver.
        """
        return target

    def learn_receiver(self, target: str) -> None:
        """Ask the service for what `receiver` needs, unless that is known: the id of a name. Failures are ignored."""
        return

    def probe(self, targets: Sequence[str]) -> Iterator[Probe]:
        """Ask whether messages to the targets would be accepted now: first the service, then each of them.

        Nothing is sent. Stops after the service when that has a problem. Raises NotConfigured as `check` does.
        """
        return iter(map(Probe, targets))

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        """Make one attempt, which is not repeated once it may have arrived. Every failure is an outcome.

        `on_stage` is called with each stage before it begins; with one that hands over when the connection is open,
        immediately before each write. What it raises then is raised again, and the message has not arrived. So it is
        with ShutdownRequested, which ends a wait for a connection.
        """
        ...

    def look_up(self, envelope: Envelope) -> Sent | None:
        """Look for a delivery at the receiver; None when it is certainly not there.

        Raises LookupError when the receiver cannot tell: NoAnswer when it should be asked again in a moment.
        """
        ...

    def close_idle(self) -> None:
        """Close connections that stay open between messages: nothing more is sent for now."""
        return


def receiver(channels: Mapping[ChannelName, Channel], to: Subscription | OpenDelivery) -> str:
    """The receiver of what is sent there, as `channel:receiver`."""
    return f"{to.channel}:{channels[to.channel].receiver(to.target)}"
