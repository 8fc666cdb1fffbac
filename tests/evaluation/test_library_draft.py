"""A draft of a profile from libraries: what is liked and how, and the evidence beside each line."""

from __future__ import annotations

import pytest

from bot.evaluation.library_draft import Library, propose
from bot.profiles.library_entry import LibraryEntry
from bot.profiles.wizard import Draft, Item
from tests.support.builders import counted, make_paper

TITLES = ("Whale song at night", "Whale song in spring", "Slow whale song")
ENTRIES = tuple(
    LibraryEntry(f"arxiv:2605.0000{n}", title, authors=("Ada Sample", "Bo Sample"), keywords=keywords)
    for n, (title, keywords) in enumerate(
        zip(TITLES, [("Computer Science - Sound",), ("cs.SD", "whales"), ()], strict=True)
    )
)
OTHERS = [counted(make_paper(f"t:{n}", title=f"Steel bridges {n}")) for n in range(1500)]
WHALES = counted(make_paper("t:whales", title="Whale song", categories=("q-bio.NC",)))


def test_a_file_without_an_archive() -> None:
    """The file is liked; texts are the entries' own; categories are those that keywords name."""
    draft = propose([Library(ENTRIES, "library.bib")], {}, [])
    assert draft == Draft(
        interests=(Item("whale song", "in 3 of your 3 papers"),),
        like=(Item("library.bib", "3 papers, none of them stored yet"),),
        proposed_authors=(
            Item("Ada Sample", "3 of your 3 papers"),
            Item("Bo Sample", "3 of your 3 papers"),
        ),
        categories=("cs.SD",),
        categories_comment="the keywords of 2 of your 3 papers name these",
    )


def test_an_author_with_an_archive() -> None:
    """Stored papers give texts and categories, and others how rare a phrase is; the author comes first."""
    stored = {
        entry.id: make_paper(entry.id, title=entry.title, categories=("q-bio.NC",))
        for entry in ENTRIES
        if entry.id
    }
    bare = tuple(LibraryEntry(entry.id, authors=entry.authors) for entry in ENTRIES)
    draft = propose([Library(bare, author="A. Sample")], stored, [*OTHERS, WHALES])
    assert draft.interests == (Item("whale song", "in 3 of your 3 papers, in 1 of 1,501 others"),)
    assert draft.like[0] == Item("2605.00000", "Whale song at night")
    assert draft.proposed_authors == (
        Item("A. Sample", "whose papers these are"),
        Item("Bo Sample", "3 of your 3 papers"),
    )
    assert (draft.categories, draft.categories_comment) == (
        ("q-bio.NC",),
        "3 of your 3 stored papers are in these",
    )


def test_an_author_with_two_spellings_is_one() -> None:
    """Names that differ in accents and capitals are counted together."""
    entries = tuple(
        LibraryEntry(f"arxiv:2605.0001{n}", f"Whale song {n}", authors=(name,))
        for n, name in enumerate(("Michael Muster", "Michaël Muster", "michael muster"))
    )
    (author,) = propose([Library(entries, "library.bib")], {}, []).proposed_authors
    assert author.comment == "3 of your 3 papers"


def test_a_copy() -> None:
    """Where the file under `like` comes from, and how many of its papers are stored."""
    stored = {"arxiv:2605.00000": make_paper("arxiv:2605.00000", title=TITLES[0])}
    draft = propose([Library(ENTRIES, "ada.bib", source="../zot.bib")], stored, [])
    (liked,) = draft.like
    assert liked.comment == "3 papers, 1 of them stored; copied from ../zot.bib: put later exports here"


@pytest.mark.parametrize(("given", "expected"), [((), 0), (("cs.SD",), 0), (("q-bio",), 1)])
def test_interests_are_for_the_categories(given: tuple[str, ...], expected: int) -> None:
    """A phrase that only papers outside the profile's categories have, given or proposed, is not proposed."""
    draft = propose([Library(ENTRIES, "a.bib")], {}, [*OTHERS, WHALES], given)
    assert (draft.categories, len(draft.interests)) == (("cs.SD",), expected)


def test_what_is_given_comes_first() -> None:
    """Proposals add interests that are not there already, and leave given categories alone."""
    given = Draft(interests=(Item("Whale Song"),), categories=("cs.SD",), at="07:00")
    proposed = Draft(
        interests=(Item("whale song", "x"), Item("ships", "y")), like=(Item("a.bib"),), categories=("cs.RO",)
    )
    assert given.with_proposals(proposed) == Draft(
        interests=(Item("Whale Song"), Item("ships", "y")),
        like=(Item("a.bib"),),
        categories=("cs.SD",),
        at="07:00",
    )
