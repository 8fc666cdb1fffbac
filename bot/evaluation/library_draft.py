"""A draft of a profile, proposed from papers of its reader, with the evidence beside each line. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot.digests.candidates import in_categories
from bot.evaluation.proposals import SMALL_ARCHIVE, ProposedInterest, propose_categories, propose_interests
from bot.papers.categories import parse_category
from bot.papers.model import CountedPaper, Paper
from bot.papers.names import same_person
from bot.profiles.library_entry import LibraryEntry
from bot.profiles.references import reference_keys
from bot.profiles.wizard import Draft, Item
from bot.text.plain import fold, pluralize, truncate

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
    source: str = ""  #: what that file is a copy of
    author: str = ""  #: who wrote all of these papers; empty when nobody did


def propose(
    libraries: Sequence[Library],
    stored: Mapping[str, Paper],
    archive: Sequence[CountedPaper],
    given: Sequence[str] = (),
) -> Draft:
    """Interests, liked papers and categories, and authors as comments.

    `stored`: papers by the keys of references (`reference_keys`). `archive`: other papers. `given`: the categories of
    the profile, if they are not to be proposed.
    """
    entries = tuple(dict.fromkeys(entry for library in libraries for entry in library.entries))
    papers = [_stored(entry, stored) for entry in entries]
    texts = [
        (entry.title or (paper.title if paper else ""), entry.abstract or (paper.abstract if paper else ""))
        for entry, paper in zip(entries, papers, strict=True)
    ]
    readable = [text for text in texts if text[0]]
    categories, comment = _categories(entries, papers)
    shown = given or categories
    hidden = {
        place
        for place, one in enumerate(archive)
        if shown and one.paper.categories and not in_categories(one.paper.categories, shown)
    }
    counts = [one.terms for one in archive]
    return Draft(
        interests=tuple(
            Item(proposed.phrase, _evidence(proposed, len(readable), len(archive)))
            for proposed in propose_interests(readable, counts, hidden)
        ),
        like=tuple(item for library in libraries for item in _liked(library, stored)),
        proposed_authors=tuple(
            _authors(entries, [library.author for library in libraries if library.author])
        ),
        categories=categories,
        categories_comment=comment if categories else "",
    )


def _stored(entry: LibraryEntry, stored: Mapping[str, Paper]) -> Paper | None:
    return next((stored[key] for key in reference_keys(entry.reference) if key in stored), None)


def _evidence(proposed: ProposedInterest, papers: int, archive: int) -> str:
    """`in 14 of your 50 papers, in 2.1% of all others`; without the last part if the archive is too small to say."""
    own = f"in {proposed.papers:,} of your {papers:,} papers"
    if archive < SMALL_ARCHIVE:
        return own
    share = proposed.archive / archive
    return f"{own}, in {f'{share:.1%} of all' if share >= 0.001 else f'{proposed.archive:,} of {archive:,}'} others"


def _liked(library: Library, stored: Mapping[str, Paper]) -> Iterator[Item]:
    if library.file:
        number = sum(_stored(entry, stored) is not None for entry in library.entries)
        stored_ones = f"{number:,} of them stored" if number else "none of them stored yet"
        copied = f"; copied from {library.source}: put later exports here" if library.source else ""
        yield Item(library.file, f"{pluralize(len(library.entries), 'paper')}, {stored_ones}{copied}")
        return
    for entry in library.entries[:MOST_LISTED]:
        paper = _stored(entry, stored)
        title = entry.title or (paper.title if paper else "")
        text = (entry.id or "").removeprefix("arxiv:") or title
        yield Item(text, truncate(title, _LONGEST_TITLE) if text != title else "")


def _categories(
    entries: Sequence[LibraryEntry], papers: Sequence[Paper | None]
) -> tuple[tuple[str, ...], str]:
    """The categories, and the evidence for them."""
    of_stored = [paper.categories for paper in papers if paper and paper.categories]
    if of_stored:
        categories, number = propose_categories(of_stored)
        return categories, f"{number:,} of your {pluralize(len(of_stored), 'stored paper')} are in these"
    categories, number = propose_categories(tuple(_named(entry.keywords)) for entry in entries)
    return categories, f"the keywords of {number:,} of your {pluralize(len(entries), 'paper')} name these"


def _named(keywords: Iterable[str]) -> Iterator[str]:
    """The categories that keywords name, as Zotero has them: `Computer Science - Robotics`."""
    for keyword in keywords:
        with suppress(ValueError):
            yield from parse_category(keyword.rpartition(" - ")[2].strip())


def _authors(entries: Sequence[LibraryEntry], known: Sequence[str]) -> Iterator[Item]:
    """Those whose papers these are, then those of many of the papers."""
    yield from (Item(name, "whose papers these are") for name in known)
    spelled = {fold(author): author for entry in entries for author in entry.authors}
    numbers = Counter(spelled[name] for entry in entries for name in dict.fromkeys(map(fold, entry.authors)))
    often = (
        (author, number)
        for author, number in sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
        if number >= LEAST_BY_AUTHOR
        and " " in author
        and not any(same_person(author, name) for name in known)
    )
    for author, number in list(often)[:MOST_AUTHORS]:
        yield Item(author, f"{number:,} of your {len(entries):,} papers")
