"""Saved listings: read from files, recognised by their content."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from bot.papers.model import Listing, Unreadable
from bot.sources.base import Format
from bot.sources.bounds import bounded
from bot.sources.ingest import PaperStore, SourceReport

#: A day's listing has a few MB; what unpacks to more than this is a mistake or an attack.
MAX_BYTES = 512 * 1024 * 1024
_GZIP = b"\x1f\x8b"


def ingest_file(
    path: Path,
    formats: Sequence[Format],
    papers: PaperStore,
    now: datetime,
    progress: Callable[[int], None] | None = None,
    *,
    is_live: bool = False,
) -> SourceReport:
    """Read one saved listing, gzipped or not, and store its entries. `is_live`: `now` is the real time."""
    listing = read_listing(path, formats, now.date())
    changes = papers.add(listing.entries, now, progress, is_live=is_live)
    return SourceReport(str(path), len(listing.entries), changes, listing.unreadable)


def listing_files(path: Path) -> list[Path]:
    """The files in a folder by name, without hidden ones and folders; the path itself if it is no folder of files."""
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith(".")) or [path]


def read_listing(path: Path, formats: Sequence[Format], as_of: date) -> Listing:
    """The listing in a file; problems with the file are in its `unreadable`."""
    if path.is_dir():
        return _nothing("the folder", "holds no files")
    try:
        data, problem = _unpack(path.read_bytes())
    except OSError as error:
        return _nothing("the file", f"cannot be read: {error.strerror or error}")
    except MemoryError:
        return _nothing("the file", "is too large for this machine's memory")
    if not data.strip():
        return _nothing("the file", problem or "is empty")
    listing = _parse(data, formats, as_of)
    if problem:
        listing = replace(listing, unreadable=(*listing.unreadable, Unreadable("the gzip data", problem)))
    return bounded(listing)


def _parse(data: bytes, formats: Sequence[Format], as_of: date) -> Listing:
    """The listing in the first format that recognises the bytes."""
    for form in formats:
        if form.recognises(data):
            listing = form.parse(data, as_of)
            if listing.entries or listing.unreadable:
                return listing
            return _nothing("the listing", "holds no entries")
    return _nothing(
        "the file",
        "is not a listing that Paperboy can read: a saved page, JSON Lines, a feed or a service's answer",
    )


def _unpack(data: bytes) -> tuple[bytes, str]:
    """The bytes, gunzipped if they are gzip, and the problem that ended the unpacking early."""
    if not data.startswith(_GZIP):
        return data, ""
    unpacked = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            # read() drops what it has unpacked when the data break off (measured on 3.11); read1() returns it
            while chunk := stream.read1(1 << 20):
                unpacked.write(chunk)
                if unpacked.tell() > MAX_BYTES:
                    return (
                        unpacked.getvalue(),
                        f"unpacks to more than {MAX_BYTES >> 20} MB: the rest is not read",
                    )
    except (EOFError, OSError, zlib.error) as error:
        return unpacked.getvalue(), f"breaks off: {error}"
    return unpacked.getvalue(), ""


def _nothing(where: str, why: str) -> Listing:
    return Listing(unreadable=(Unreadable(where, why),))
