"""BibTeX, as `LibraryEntry` values."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from bot.profiles.library_entry import LibraryEntry, UnreadableLibraryError, make_entry

if TYPE_CHECKING:
    from bibtexparser.model import Block

_SILENT = logging.NullHandler()  #: without it, bibtexparser's warnings go to standard error
#: Fields that may name the work, best first.
_ID_FIELDS = ("eprint", "arxiv", "arxivid", "doi", "url", "journal")
_NOTES = ("note", "howpublished")


def parse(text: str) -> tuple[LibraryEntry, ...]:
    # imported here because it takes a tenth of a second, needed only for profiles that name a .bib file
    from bibtexparser import entrypoint, exceptions

    logging.getLogger("bibtexparser").addHandler(_SILENT)
    try:
        library = entrypoint.parse_string(text)
    except exceptions.ParsingException:
        raise UnreadableLibraryError("this is not BibTeX") from None
    failed = [block for block in library.failed_blocks if block.ignore_error_block is None]
    if failed:
        lines = sorted((block.start_line or 0) + 1 for block in failed)
        raise UnreadableLibraryError("this entry cannot be read: check its braces and commas", lines)
    duplicates = (block.ignore_error_block for block in library.failed_blocks)  # of a key or a field
    return tuple(map(_entry, (*library.entries, *filter(None, duplicates))))


def _entry(block: Block) -> LibraryEntry:
    fields = {field.key.casefold(): str(field.value) for field in getattr(block, "fields", ())}
    return make_entry(
        ids=(fields[name] for name in _ID_FIELDS if name in fields),
        notes=(fields[name] for name in _NOTES if name in fields),
        title=fields.get("title", ""),
        abstract=fields.get("abstract", ""),
        authors=(name for name in re.split(r"\s+and\s+", fields.get("author", "")) if name != "others"),
        keywords=[fields.get("keywords", ""), fields.get("primaryclass", "")],
    )
