"""What a source is, what it is asked for, and what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from bot.clock import require_aware
from bot.papers.model import Entry, Listing


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What to ask the sources for: it follows from the profiles and from what was asked before."""

    categories: tuple[str, ...] = ()  #: sorted union over the profiles
    authors: tuple[str, ...] = ()  #: sorted union of followed authors
    papers: tuple[str, ...] = ()  #: canonical ids of liked or disliked papers that are not stored yet
    since: date | None = None  #: day of this source's last complete answer; None: never asked
    by_name: bool = False  #: the user named the source: it answers even when it would find nothing missed
    now: datetime = field(kw_only=True)

    def __post_init__(self) -> None:
        require_aware(self.now)


class Http(Protocol):
    """A polite GET: rate limits, User-Agent, conditional requests, retries and size limits are its business."""

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        """The body, or None when the service says that nothing changed since the last time.

        Raises SourceError when there is no usable answer after a bounded number of polite tries.
        """
        ...


class Known(Protocol):
    """Which works are stored already."""

    def __call__(self, entries: tuple[Entry, ...]) -> frozenset[int]:
        """Positions in `entries` of the works that are stored."""
        ...


class Source(Protocol):
    """One service to ask for new papers."""

    name: str  #: as in `--source NAME` and `status`

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        """Listings as they come, newest first where the service allows; each is stored before the next.

        Raises SourceError when it cannot go on; what was yielded before stays.
        Yields nothing when there is nothing to ask for, and an empty listing when nothing changed.
        """
        ...
