"""What `init` takes from papers: the reader's libraries, and the archive if there is one."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.errors import SourceError

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.evaluation.library_draft import Library
    from bot.papers.model import CountedPaper, Entry, Paper
    from bot.profiles.library_entry import LibraryEntry
    from bot.profiles.wizard import Draft


@dataclass
class PaperSources:
    """Reads libraries, and the papers of the archive. A database that does not exist is not made."""

    app: App
    now: datetime
    profile: Path  #: the file to write
    copies: dict[str, bytes] = field(default_factory=dict)  #: library files for the profile's folder, by name

    @cached_property
    def has_papers(self) -> bool:
        return self.app.settings.has_database and self.app.papers.count() > 0

    @cached_property
    def sample(self) -> tuple[CountedPaper, ...]:
        from bot.digests.corpus import ARCHIVE_SAMPLE

        return self.app.papers.sample(ARCHIVE_SAMPLE, self.now) if self.has_papers else ()

    def library(self, source: str) -> Library:
        """The papers of a file, of ids on standard input (`-`), or by an author. Raises ValueError."""
        from bot.evaluation.library_draft import Library
        from bot.papers.identity import find_paper_ids
        from bot.profiles.library import is_library_name, read
        from bot.profiles.library_entry import LibraryEntry

        if source == "-":
            ids = find_paper_ids(sys.stdin.read())
            if not ids:
                raise ValueError("there is no arXiv id, link or DOI on standard input")
            return Library(tuple(map(LibraryEntry, ids)))
        path = Path(source)
        if " " not in source and not path.exists() and not is_library_name(source):
            raise ValueError(f"there is no file {source}; an author needs a whole name, as in the papers")
        if path.exists() or is_library_name(source):
            entries = read(path)
            data = path.read_bytes()
            copy = self._copy_name(path, data)
            self.copies[copy] = data
            is_itself = path.resolve() == self.profile.with_name(copy).resolve()
            shown = path if path.is_absolute() else os.path.relpath(path, self.profile.parent)
            return Library(entries, copy, source="" if is_itself else str(shown))
        return Library(self._papers_by(source), author=source)

    def propose(self, libraries: Sequence[Library], categories: Sequence[str]) -> Draft:
        """A draft from libraries, for a profile with these categories, or else with those to propose."""
        from bot.evaluation.library_draft import propose
        from bot.profiles.references import reference_keys

        references = (entry.reference for library in libraries for entry in library.entries)
        keys = (key for reference in references for key in reference_keys(reference))
        stored = self.app.papers.by_keys(keys) if self.has_papers else {}
        own = {paper.id for paper in stored.values()}
        others = [one for one in self.sample if one.paper.id not in own]
        return propose(libraries, stored, others, categories)

    def matches(self, phrases: Sequence[str]) -> list[list[Paper]]:
        """For each phrase the papers of the sample that have it."""
        from bot.evaluation.proposals import papers_with

        places = papers_with(phrases, [one.terms for one in self.sample])
        return [[self.sample[place].paper for place in found] for found in places]

    @cached_property
    def _former_copies(self) -> set[str]:
        """The library files that the former version of the profile names."""
        from bot.profiles.library import library_names
        from bot.profiles.yaml_reader import read_mapping

        if not self.profile.is_file():
            return set()
        document, _ = read_mapping(self.profile.read_bytes(), file=str(self.profile))
        return library_names(document.value) if document else set()

    def _copy_name(self, library: Path, data: bytes) -> str:
        """The library's name, or the profile's if another library has that: `ada.bib`, `ada-2.bib`."""
        stem, ending = self.profile.stem, library.suffix
        names = chain([library.name, f"{stem}{ending}"], (f"{stem}-{number}{ending}" for number in count(2)))
        return next(name for name in names if self._is_free(name, data))

    def _is_free(self, name: str, data: bytes) -> bool:
        path = self.profile.with_name(name)
        if name in self.copies:
            return self.copies[name] == data
        return (
            name in self._former_copies or not path.exists() or (path.is_file() and path.read_bytes() == data)
        )

    def _papers_by(self, author: str) -> tuple[LibraryEntry, ...]:
        """The stored papers by an author, newest first, or else those that arXiv finds."""
        from bot.papers.names import AuthorIndex
        from bot.text.plain import quote

        stored = {paper.id: paper for paper in self.app.papers.all()} if self.has_papers else {}
        found = [stored[id_] for id_ in AuthorIndex(stored.values()).papers_by(author)]
        if found:
            found.sort(key=lambda paper: (paper.published or "", paper.id), reverse=True)
            return tuple(_entry(paper, paper.id) for paper in found)
        typer.echo(f"No papers by {author} are stored: asking arXiv ...", err=True)
        try:
            entries = self.app.ask_arxiv_for(author)
        except SourceError as error:
            raise ValueError(
                f"no papers by {quote(author)} are stored, and arXiv cannot be asked now ({error}): "
                "try again later, or give a library file or interests"
            ) from None
        if not entries:
            raise ValueError(
                f"there is no file {quote(author)}, and arXiv has no papers by an author of this name: "
                "write the whole name as in the papers, or the path of a file"
            )
        return tuple(_entry(entry, entry.ids[0]) for entry in entries if entry.ids)


def _entry(paper: Paper | Entry, id_: str) -> LibraryEntry:
    from bot.profiles.library_entry import LibraryEntry

    return LibraryEntry(id_, paper.title, paper.abstract, paper.authors, paper.categories)
