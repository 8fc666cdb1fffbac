"""What readers look up later: the digests that were sent, and when a paper was."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from bot.digests.model import Digest
from bot.profiles.model import ChannelName


@dataclass(frozen=True, slots=True)
class ArchivedEdition:
    """One row of an archive."""

    id: str
    profile: str
    subscription: str  #: Subscription.key
    channel: ChannelName
    target: str
    on: date
    papers: int  #: 0 for a quiet day
    best: str = ""  #: the title of the best paper; empty for a quiet day


@dataclass(frozen=True, slots=True)
class ArchivedDigest:
    """An edition and its digest."""

    edition: ArchivedEdition
    digest: Digest


class Cursor(NamedTuple):
    """A place in an archive: the editions after it are older."""

    on: date
    id: str


class SentPaper(NamedTuple):
    """A paper in an edition of a profile."""

    paper: str  #: id
    edition: str  #: id
    profile: str
    on: date
    channel: ChannelName
    target: str


class Archive(Protocol):
    """The stored editions as readers look them up (`bot.store.archive`)."""

    def page(self, profile: str, limit: int, after: Cursor | None = None) -> Sequence[ArchivedEdition]:
        """At most `limit` editions of a profile, newest first, quiet ones included."""
        ...

    def digest(self, edition: str) -> ArchivedDigest | None:
        """An edition by its id, with its digest."""
        ...

    def newest(self, profile: str) -> ArchivedDigest | None:
        """The newest edition of a profile that has papers."""
        ...

    def sent(self, papers: Collection[str], profiles: Collection[str]) -> Mapping[str, Sequence[SentPaper]]:
        """In which editions of the profiles the papers were, by the papers' ids; newest first, then by channel."""
        ...
