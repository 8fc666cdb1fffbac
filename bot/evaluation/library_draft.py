"""A draft of a profile, proposed from papers of its reader, with the evidence beside each line. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot.evaluation.proposals import SMALL_ARCHIVE, ProposedInterest, propose_categories, propose_interests
from bot.papers.categories import parse_category
from bot.papers.model import Paper
from bot.papers.names import same_person
from bot.profiles.library_entry import LibraryEntry
from bot.profiles.references import reference_keys
from bot.profiles.wizard import Draft, Item
from bot.text.plain import pluralize, truncate

#: Papers that are liked by id; the newest ones come first in a list of an author's papers.
MOST_LISTED = 50
#: An author is proposed who has so many of the papers.
MOST_AUTHORS, LEAST_BY_AUTHOR = 5, 3
_LONGEST_TITLE = 60


@dataclass(frozen=True, slots=True)
class Library:
    """Papers of a reader."""

    entries: tuple[LibraryEntry, ...]
    file: str = ""  #: the library file in the profile's folder; without one, the papers are liked one by one
    author: str = ""  #: of whom these are all papers


def propose(libraries: Sequence[Library], stored: Mapping[str, Paper], archive: Sequence[bytes]) -> Draft:
    """Interests, liked papers and categories, and authors as comments.

    `stored`: papers by the keys of references (`reference_keys`). `archive`: term counts of other papers.
    """
    entries = tuple(dict.fromkeys(entry for library in libraries for entry in library.entries))
    papers = [_stored(entry, stored) for entry in entries]
    texts = [
        (entry.title or (paper.title if paper else ""), entry.abstract or (paper.abstract if paper else ""))
        for entry, paper in zip(entries, papers, strict=True)
    ]
    readable = [text for text in texts if text[0]]
    categories, number, among = _categories(entries, papers)
    return Draft(
        interests=tuple(
            Item(proposed.phrase, _evidence(proposed, len(readable), len(archive)))
            for proposed in propose_interests(readable, archive)
        ),
        like=tuple(item for library in libraries for item in _liked(library, stored)),
        proposed_authors=tuple(_authors(entries, [library.author for library in libraries])),
        categories=categories,
        categories_comment=f"where {number:,} of the {among} are" if categories else "",
    )


def _stored(entry: LibraryEntry, stored: Mapping[str, Paper]) -> Paper | None:
    return next((stored[key] for key in reference_keys(entry.reference) if key in stored), None)


def _evidence(proposed: ProposedInterest, papers: int, archive: int) -> str:
    """`in 14 of your 50 papers, in 2.1% of all others`; without the last part if the archive is too small to say."""
    own = f"in {proposed.papers:,} of your {papers:,} papers"
    return f"{own}, in {proposed.archive / archive:.1%} of all others" if archive >= SMALL_ARCHIVE else own


def _liked(library: Library, stored: Mapping[str, Paper]) -> Iterator[Item]:
    if library.file:
        number = sum(_stored(entry, stored) is not None for entry in library.entries)
        yield Item(
            library.file, f"{pluralize(len(library.entries), 'paper')}, {number:,} of them in the archive"
        )
        return
    for entry in library.entries[:MOST_LISTED]:
        paper = _stored(entry, stored)
        title = entry.title or (paper.title if paper else "")
        text = (entry.id or "").removeprefix("arxiv:") or title
        yield Item(text, truncate(title, _LONGEST_TITLE) if text != title else "")


def _categories(
    entries: Sequence[LibraryEntry], papers: Sequence[Paper | None]
) -> tuple[tuple[str, ...], int, str]:
    """The categories, the number of papers in them, and the papers that they were found by."""
    of_stored = [paper.categories for paper in papers if paper and paper.categories]
    if of_stored:
        return *propose_categories(of_stored), f"{len(of_stored):,} papers in the archive"
    of_keywords = [found for entry in entries if (found := tuple(_named(entry.keywords)))]
    return *propose_categories(of_keywords), f"{len(of_keywords):,} papers whose keywords name one"


def _named(keywords: Iterable[str]) -> Iterator[str]:
    """The categories that keywords name, as Zotero has them: `Computer Science - Robotics`."""
    for keyword in keywords:
        with suppress(ValueError):
            yield from parse_category(keyword.rpartition(" - ")[2].strip())


def _authors(entries: Sequence[LibraryEntry], known: Sequence[str]) -> Iterator[Item]:
    numbers = Counter(author for entry in entries for author in dict.fromkeys(entry.authors))
    often = (
        (author, number)
        for author, number in sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
        if number >= LEAST_BY_AUTHOR
        and " " in author
        and not any(same_person(author, name) for name in known if name)
    )
    for author, number in list(often)[:MOST_AUTHORS]:
        yield Item(author, f"{number:,} of your {len(entries):,} papers")
