"""A draft of a profile from libraries: what is liked and how, and the evidence beside each line."""

from __future__ import annotations

from bot.evaluation.library_draft import Library, propose
from bot.profiles.library_entry import LibraryEntry
from bot.profiles.wizard import Draft, Item
from bot.ranking.counts import counts
from tests.support.builders import make_paper

TITLES = ("Whale song at night", "Whale song in spring", "Slow whale song")
ENTRIES = tuple(
    LibraryEntry(f"arxiv:2605.0000{n}", title, authors=("Ada Sample", "Bo Sample"), keywords=keywords)
    for n, (title, keywords) in enumerate(
        zip(TITLES, [("Computer Science - Sound",), ("cs.SD", "whales"), ()], strict=True)
    )
)
OTHERS = [counts(f"Steel bridges {n}", "We bend steel.") for n in range(999)]


def test_a_file_without_an_archive() -> None:
    """The file is liked; texts are the entries' own; categories are those that keywords name."""
    draft = propose([Library(ENTRIES, "library.bib")], {}, [])
    assert draft == Draft(
        interests=(Item("whale song", "in 3 of your 3 papers"),),
        like=(Item("library.bib", "3 papers, 0 of them in the archive"),),
        proposed_authors=(
            Item("Ada Sample", "3 of your 3 papers"),
            Item("Bo Sample", "3 of your 3 papers"),
        ),
        categories=("cs.SD",),
        categories_comment="where 2 of the 2 papers whose keywords name one are",
    )


def test_an_author_with_an_archive() -> None:
    """Stored papers give texts and categories, and others how rare a phrase is; the author is not proposed."""
    stored = {
        entry.id: make_paper(entry.id, title=entry.title, categories=("q-bio.NC",))
        for entry in ENTRIES
        if entry.id
    }
    bare = tuple(LibraryEntry(entry.id, authors=entry.authors) for entry in ENTRIES)
    draft = propose([Library(bare, author="A. Sample")], stored, [*OTHERS, counts("Whale song", "")])
    assert draft.interests == (Item("whale song", "in 3 of your 3 papers, in 0.1% of all others"),)
    assert draft.like[0] == Item("2605.00000", "Whale song at night")
    assert [author.text for author in draft.proposed_authors] == ["Bo Sample"]
    assert (draft.categories, draft.categories_comment) == (
        ("q-bio.NC",),
        "where 3 of the 3 papers in the archive are",
    )


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
