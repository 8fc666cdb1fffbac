"""BibTeX files that a profile names under `like` or `dislike`, as `model.Reference` values.

Such a file must be in the profile's folder. A ValueError raised here is a sentence for the profile's author.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from bot.papers.identity import namespace, parse_paper_id
from bot.profiles.model import Reference
from bot.profiles.paths import path_beside, read_beside
from bot.text.latex import to_unicode
from bot.text.plain import one_line, quote

if TYPE_CHECKING:
    from bibtexparser.model import Block

#: By the name in the profile: the papers of a .bib file, or why it cannot be read.
Bibliographies: TypeAlias = Mapping[str, tuple[Reference, ...] | str]

_MAX_BIB_BYTES = 16 * 1024 * 1024
_SILENT = logging.NullHandler()  #: without it, bibtexparser's warnings go to standard error
#: Fields of a BibTeX entry that may name the work, best first.
_ID_FIELDS = ("eprint", "arxiv", "arxivid", "doi", "url", "journal", "note", "howpublished")


def is_bib_name(text: str) -> bool:
    return text.casefold().endswith(".bib")


def read_bibliography(name: str, folder: Path | None) -> tuple[Reference, ...]:
    """The papers in the BibTeX file `name` of `folder`."""
    data = read_beside(path_beside(folder, name, "library.bib"), name, _MAX_BIB_BYTES)
    return _bibliography(data, name)


def _bibliography(data: bytes, name: str) -> tuple[Reference, ...]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{quote(name)}, line {line}: this is not UTF-8 text: save it as UTF-8") from None
    references = tuple(r for r in map(_reference, _entries(text, name)) if r.id or r.title)
    if not references:
        raise ValueError(f"{quote(name)} contains no entry with a title, an arXiv id or a DOI")
    return references


def _entries(text: str, name: str) -> tuple[Block, ...]:
    # imported here because it takes a tenth of a second, needed only for profiles that name a .bib file
    from bibtexparser import entrypoint, exceptions

    logging.getLogger("bibtexparser").addHandler(_SILENT)
    try:
        library = entrypoint.parse_string(text)
    except exceptions.ParsingException:
        raise ValueError(f"{quote(name)} cannot be read as BibTeX") from None
    lines = [(b.start_line or 0) + 1 for b in library.failed_blocks if b.ignore_error_block is None]
    if lines:
        where = f"{quote(name)}, line {min(lines)}"
        raise ValueError(f"{where}: this entry cannot be read: check its braces and commas")
    duplicates = (block.ignore_error_block for block in library.failed_blocks)  # of a key or a field
    return (*library.entries, *(block for block in duplicates if block))


def _reference(entry: Block) -> Reference:
    fields = {field.key.casefold(): str(field.value) for field in getattr(entry, "fields", ())}
    ids = (_id_in(fields[name]) for name in _ID_FIELDS if name in fields)
    return Reference(
        id=next((found for found in ids if found), None),
        title=_readable(fields.get("title", "")),
        abstract=_readable(fields.get("abstract", "")),
    )


def _id_in(text: str) -> str | None:
    """The arXiv id or DOI in a field such as `2502.19402` or `arXiv preprint arXiv:2502.19402`."""
    mention = re.search(r"arxiv:\s*[\w./-]+", text, re.IGNORECASE)
    for part in (text.strip(' {}"'), mention[0] if mention else ""):
        found = parse_paper_id(part)
        if found and namespace(found[0]) in {"arxiv", "doi"}:
            return found[0]
    return None


def _readable(text: str) -> str:
    return to_unicode(one_line(text)).replace("{", "").replace("}", "").strip(' "')
