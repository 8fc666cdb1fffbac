"""The seams: what the pipeline asks of the world, declared by who uses them.

Each has one suite of behaviour under tests/, run on every implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.model import Digest, Entry, Envelope, Listing, Outcome, Part, Sent, Wanted


class Http(Protocol):
    """A polite GET: rate limits, User-Agent, conditional requests, retries and size limits are its business."""

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        """The body, or None when the service says that nothing changed since the last time.

        Raises SourceError when there is no usable answer after a bounded number of polite tries.
        """
        ...


@dataclass(frozen=True, slots=True)
class Counting:
    """How the terms of a paper are counted, for the store to do it once for each text."""

    version: int  #: counts of another version are made anew
    count: Callable[[str, str], bytes]  #: of a title and an abstract


class Known(Protocol):
    """Which works are stored already."""

    def __call__(self, entries: tuple[Entry, ...]) -> frozenset[int]:
        """Positions in `entries` of the works that are stored."""
        ...


class Source(Protocol):
    """One service to ask for new papers."""

    name: str  #: as in `--source NAME` and `status`

    def fetch(self, wanted: Wanted, http: Http, known: Known) -> Iterator[Listing]:
        """Listings as they come, newest first where the service allows; each is stored before the next.

        Raises SourceError when it cannot go on; what was yielded before stays.
        Yields nothing when there is nothing to ask for, and an empty listing when nothing changed.
        """
        ...


class Channel(Protocol):
    """One way to hand a digest to a reader: a pure `render` and a small `send`."""

    name: str
    #: Whether a delivery that cannot be looked up may go out once more: a mail's reader is spared the second
    #: copy by its Message-ID, a chat's is not.
    resends_unseen: bool

    def check(self) -> None:
        """Raises NotConfigured, naming the settings to make, when this channel cannot send at all."""
        ...

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        """The digest as messages, each within the channel's limits. Pure: the same input, the same bytes.

        `delivery`: the opaque id that lets a sent message be found again. Parts after the first belong to
        the first one's thread.
        """
        ...

    def send(self, envelope: Envelope) -> Outcome:
        """One attempt, never repeated inside; every failure is an outcome, never an exception."""
        ...

    def find(self, envelope: Envelope) -> Sent | None:
        """Looks an uncertain delivery up at the receiver; None when it is certainly not there.

        Raises LookupError when the receiver cannot tell.
        """
        ...
