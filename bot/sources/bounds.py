"""How much one entry may carry: whatever a source or a file says, a paper can be stored, ranked and sent quickly."""

from __future__ import annotations

from dataclasses import replace

from bot.papers.model import Entry, Listing
from bot.sources.parsing.entries import Complaints, quoted

#: Of arXiv's papers the longest title has about 250 characters, the longest abstract 1,920 (its limit), and the
#: longest list of authors 5,154 names (1503.07589).
MAX_TITLE = 1_000  #: characters
MAX_ABSTRACT = 20_000  #: characters
MAX_AUTHORS = 10_000
MAX_CATEGORIES = 100
MAX_IDS = 20
MAX_NAME = 200  #: characters of an author, an organization, a category or a source
MAX_LINK = (
    2_000  #: characters of an address or an id; a longer one is left out, because a part of it leads nowhere
)


def bounded(listing: Listing) -> Listing:
    """The listing with its entries cut to these bounds; what was cut is in `unreadable`, the entries are kept."""
    complaints = Complaints("the entries")
    complaints.extend(listing.unreadable)
    entries = tuple(_bounded(entry, complaints) for entry in listing.entries)
    return replace(listing, entries=entries, unreadable=complaints.summary())


def _bounded(entry: Entry, complaints: Complaints) -> Entry:
    cut: list[str] = []

    def text(value: str, most: int, name: str) -> str:
        if len(value) <= most:
            return value
        cut.append(f"{name} of more than {most:,} characters: cut off there")
        return value[:most].rstrip()

    def items(values: tuple[str, ...], most: int, name: str) -> tuple[str, ...]:
        if len(values) > most:
            cut.append(f"{len(values):,} {name}: the first {most:,} are kept")
        return values[:most]

    def names(values: tuple[str, ...], most: int, kind: str, kinds: str) -> tuple[str, ...]:
        return tuple(text(value, MAX_NAME, kind) for value in items(values, most, kinds))

    def links(values: tuple[str, ...], name: str) -> tuple[str, ...]:
        fitting = tuple(value for value in values if len(value) <= MAX_LINK)
        if fitting != values:
            cut.append(f"{name} of more than {MAX_LINK:,} characters: left out")
        return fitting

    url = links((entry.url,), "an address") if entry.url else ()
    found = replace(
        entry,
        title=text(entry.title, MAX_TITLE, "a title"),
        abstract=text(entry.abstract, MAX_ABSTRACT, "an abstract"),
        authors=names(entry.authors, MAX_AUTHORS, "a name", "authors"),
        author_count=max(len(entry.authors), entry.author_count or 0) or None,
        categories=names(entry.categories, MAX_CATEGORIES, "a category", "categories"),
        organization=entry.organization and text(entry.organization, MAX_NAME, "an organization"),
        ids=links(items(entry.ids, MAX_IDS, "ids"), "an id"),
        url=url[0] if url else None,
        source=entry.source[:MAX_NAME],
    )
    if not cut:
        return entry
    where = found.ids[0] if found.ids else quoted(found.title)
    for why in dict.fromkeys(cut):
        complaints.add(where, why)
    return found
