"""What a source is, what it is asked for, and what sources need to ask their services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from bot.clock import require_aware
from bot.papers.model import Entry, Listing

#: No service is left alone for longer, whatever its Retry-After says.
LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What to ask a source for: it follows from the profiles and from what was asked before."""

    categories: tuple[str, ...] = ()  #: sorted union over the profiles
    authors: tuple[str, ...] = ()  #: sorted union of the followed authors
    papers: tuple[str, ...] = ()  #: canonical ids of liked or disliked papers that are not stored yet
    titles: tuple[str, ...] = ()  #: readable titles of such papers whose arXiv id is unknown
    #: Day of this source's last complete answer, None if it was never asked. Of arxiv-oai: see its `fetch`.
    since: date | None = None
    #: The last answer was complete: what follows a page of it that is unchanged is stored.
    had_all: bool = False
    by_name: bool = (
        False  #: the user named the source: it also asks when it would otherwise have nothing to do
    )
    now: datetime = field(kw_only=True)
    is_live: bool = False  #: `now` is the real time, not one that the user gave

    def __post_init__(self) -> None:
        require_aware(self.now)


class Http(Protocol):
    """GET requests with rate limits, User-Agent, conditional requests, retries and size limits."""

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        """The body, or None if the service says that nothing changed since the last time.

        Raises SourceError if there is no usable answer after a bounded number of tries.
        """
        ...


#: Returns the positions of the entries whose works are stored already.
Known = Callable[[tuple[Entry, ...]], frozenset[int]]


class Source(Protocol):
    """One service that is asked for new papers."""

    name: str  #: as in `--source NAME` and `status`

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        """Listings as they arrive, newest first where the service allows it; each is stored before the next.

        Yields nothing if there is nothing to ask for, and an empty listing if nothing changed.
        Raises SourceError if it cannot go on; what was yielded before stays stored.
        """
        ...


class Format(Protocol):
    """A form of listing, recognised by its content. Each parser module under bot/sources is one."""

    def recognises(self, data: bytes) -> bool: ...

    def parse(self, data: bytes, as_of: date) -> Listing:
        """All entries; what cannot be read is in `unreadable`, nothing is raised.

        `as_of`: the day on which the listing was saved, for dates without a year.
        """
        ...


def endpoint(base_url: str, path: str) -> str:
    """`base_url` with `path` appended if it names only a host; without a slash at its end."""
    base = base_url.strip().rstrip("/")
    return base if urlsplit(base).path else base + path


def chunks(
    items: Iterable[str], max_items: int, max_size: int, size: Callable[[str], int] = len
) -> Iterator[list[str]]:
    """`items` in order, in groups of at most `max_items` whose sizes sum to at most `max_size`.

    An item that is larger than `max_size` is a group of its own.
    """
    group: list[str] = []
    used = 0
    for item in items:
        if group and (len(group) == max_items or used + size(item) > max_size):
            yield group
            group, used = [], 0
        group.append(item)
        used += size(item)
    if group:
        yield group
