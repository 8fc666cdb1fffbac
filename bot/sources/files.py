"""Saved listings: read from files, told by their content."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from bot.papers.model import Listing, Unreadable
from bot.sources.ingest import PaperStore, SourceReport

#: A listing of a day has a few MB; what unpacks to more than this is a mistake or an attack.
MAX_BYTES = 512 * 1024 * 1024


_GZIP = b"\x1f\x8b"


class Format(Protocol):
    """A form of saved listing: told by content, parsed from bytes. Each module under sources/ is one."""

    def recognises(self, data: bytes) -> bool: ...

    def parse(self, data: bytes, as_of: date) -> Listing: ...


def ingest_file(
    path: Path,
    formats: Sequence[Format],
    papers: PaperStore,
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> SourceReport:
    """Read one saved listing, gzipped or not, told by its content, and store what it shows."""
    listing = read_listing(path, formats, now.date())
    changes = papers.add(listing.entries, now, progress)
    return SourceReport(str(path), len(listing.entries), changes, listing.unreadable)


def read_listing(path: Path, formats: Sequence[Format], as_of: date) -> Listing:
    """The listing in a file; whatever is wrong with the file stands in its `unreadable`."""
    try:
        data, trouble = _unpacked(path.read_bytes())
    except OSError as error:
        return _nothing("the file", f"cannot be read: {error.strerror or error}")
    except MemoryError:
        return _nothing("the file", "is too large for this machine's memory")
    if not data.strip():
        return _nothing("the file", trouble or "is empty")
    listing = parse(data, formats, as_of)
    if trouble:
        listing = replace(listing, unreadable=(*listing.unreadable, Unreadable("the gzip data", trouble)))
    return listing


def parse(data: bytes, formats: Sequence[Format], as_of: date) -> Listing:
    """The listing in some bytes, in the first of the forms that they have."""
    for form in formats:
        if form.recognises(data):
            listing = form.parse(data, as_of)
            if listing.entries or listing.unreadable:
                return listing
            return _nothing("the listing", "holds no entries")
    return _nothing(
        "the file", "is no listing that Paperboy knows: no saved page, JSON Lines, feed or answer"
    )


def _unpacked(data: bytes) -> tuple[bytes, str]:
    """The bytes, gunzipped when they are gzip; and what broke off the unpacking."""
    if not data.startswith(_GZIP):
        return data, ""
    unpacked = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            # read() drops what it has unpacked when the data then break off (measured on 3.11); read1() gives it out
            while chunk := stream.read1(1 << 20):
                unpacked.write(chunk)
                if unpacked.tell() > MAX_BYTES:
                    return unpacked.getvalue(), f"unpacks to more than {MAX_BYTES >> 20} MB: read up to there"
    except (EOFError, OSError, zlib.error) as error:
        return unpacked.getvalue(), f"breaks off: {error}"
    return unpacked.getvalue(), ""


def _nothing(where: str, why: str) -> Listing:
    return Listing(unreadable=(Unreadable(where, why),))
