"""Daily Papers pages saved as text: every entry, none invented, complete or cut off."""

from __future__ import annotations

import re
from datetime import date

import pytest

from bot.papers.model import Entry, Listing
from bot.sources.huggingface import saved_page
from bot.text.latex import to_unicode
from tests.sources.support import SHARED, needs_shared

AS_OF = date(2025, 11, 12)

HEADER = """\
new

Get trending papers in your email inbox!

Subscribe

Daily Papers

byAK and the research community

Oct 27

"""
MET = """\
Robots That Count Their Own Steps

Robots forget how far they went. We teach one to count.

  • 13 authors
·
Jul 5, 2021

A Survey of m² under the Water. Second Edition

The first of two paragraphs ends with a colon:

The second paragraph names an address: https://example.org/code

  • 1 author
·
Sep 22 5

Which Way Is Up?

A lab's paper. It has an organisation.

PEARLS-Lab PEARLS Lab
·
Oct 31, 2023 12
"""
BARE = """\
counting steps in the dark

We count steps in the dark. It is harder than it seems.

Why Do Lamps Help?

Lamps help, as is well known. This paper asks why, and answers (in part).

On the Weight of a Feather: Measuring Little Things

Feathers are light. We weigh some and release the scales at https://example.org/scales.
"""


def read(text: str, as_of: date = AS_OF) -> Listing:
    return saved_page.parse(text.encode(), as_of)


def titles(text: str) -> list[str]:
    return [entry.title for entry in read(text).entries]


def entry_text(
    title: str = "A Title", abstract: str = "An abstract.", meta: str = "  • 2 authors\n·\nMay 3, 2024"
) -> str:
    return "\n\n".join(part for part in (title, abstract, meta) if part) + "\n\n"


def test_complete_page() -> None:
    """Every field of every entry is read, and nothing is reported."""
    listing = read(HEADER + MET)
    assert listing.unreadable == ()
    assert listing.entries == (
        Entry(
            source="huggingface",
            title="Robots That Count Their Own Steps",
            abstract="Robots forget how far they went. We teach one to count.",
            author_count=13,
            published="2021-07-05",
        ),
        Entry(
            source="huggingface",
            title="A Survey of m² under the Water. Second Edition",
            abstract="The first of two paragraphs ends with a colon:\n\n"
            "The second paragraph names an address: https://example.org/code",
            author_count=1,
            published="2025-09-22",
            comments=5,
        ),
        Entry(
            source="huggingface",
            title="Which Way Is Up?",
            abstract="A lab's paper. It has an organisation.",
            organization="PEARLS Lab",
            published="2023-10-31",
            comments=12,
        ),
    )


def test_page_without_meta_lines() -> None:
    """Titles and abstracts alternate; nothing is reported or marked as cut."""
    listing = read(HEADER.replace("byAK", "by AK").replace("Oct 27\n\n", "") + BARE)
    assert listing.unreadable == ()
    assert [e.title for e in listing.entries] == BARE.split("\n")[0:11:4]
    assert [e.abstract for e in listing.entries] == BARE.split("\n")[2:13:4]
    assert not any(e.cut for e in listing.entries)


def test_some_entries_without_meta_lines() -> None:
    """An entry without its meta lines is separate from the next."""
    text = HEADER + MET + "\n" + BARE + "\n" + MET
    assert titles(text) == titles(HEADER + MET) + titles(HEADER + BARE) + titles(HEADER + MET)
    assert read(text).unreadable == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n\n", "\n\n\n"),
        lambda text: text.replace("\n\n", "\n"),
        lambda text: text.replace(" ", "\xa0"),
        lambda text: "\ufeff" + text,
        lambda text: text.removeprefix("new\n\n"),
        lambda text: text.replace("Oct 27\n\n", ""),
        lambda text: text.replace("Sep 22 5", "Sep 22\n5"),
        lambda text: text.replace("1 author\n", "1 author(s)\n"),
        lambda text: text.replace("13 authors\n·\n", "13 authors\n\n·\n\n"),
    ],
)
def test_layout_does_not_matter(change) -> None:  # type: ignore[no-untyped-def]
    """Line ends, blank lines, white space and missing header lines change nothing."""
    text = change(HEADER + MET)
    assert saved_page.recognises(text.encode())
    assert read(text) == read(HEADER + MET)


@pytest.mark.parametrize(
    ("line", "organization"),
    [
        ("", None),  # a last paragraph is not taken for one
        ("ByteDance ByteDance", "ByteDance"),
        ("PEARLS-Lab PEARLS Lab", "PEARLS Lab"),
        ("qualcomm Qualcomm", "Qualcomm"),
        ("facebook AI at Meta", "AI at Meta"),
        ("nvidia", "nvidia"),
    ],
)
def test_organizations(line: str, organization: str | None) -> None:
    """An organization is a handle and a display name; the display name is kept."""
    (entry,) = read(HEADER + entry_text(meta=f"{line}\n·\nMay 3, 2024".lstrip())).entries
    assert (entry.abstract, entry.organization, entry.author_count) == ("An abstract.", organization, None)


@pytest.mark.parametrize(
    ("written", "as_of", "published", "comments"),
    [
        ("Jul 5, 2021", AS_OF, "2021-07-05", None),
        ("Oct 31, 2023 5", AS_OF, "2023-10-31", 5),
        ("Sep 22", AS_OF, "2025-09-22", None),
        ("Sep 22 5", AS_OF, "2025-09-22", 5),
        ("Dec 30", date(2026, 1, 2), "2025-12-30", None),
        ("Nov 13", AS_OF, "2025-11-13", None),  # one day later, in another time zone
        ("Nov 14 118", AS_OF, "2024-11-14", 118),
        ("Feb 29", AS_OF, "2024-02-29", None),
        ("Sept. 9, 2020", AS_OF, "2020-09-09", None),
    ],
)
def test_dates(written: str, as_of: date, published: str, comments: int | None) -> None:
    """A date without a year is the newest such day; the number after a date counts comments."""
    listing = read(HEADER + entry_text(meta=f"  • 2 authors\n·\n{written}"), as_of)
    assert [(e.published, e.comments) for e in listing.entries] == [(published, comments)]
    assert listing.unreadable == ()


@pytest.mark.parametrize("written", ["Feb 30, 2024", "Feb 30", "Foo 3, 2024", "Jan 0, 2024", "yesterday"])
def test_impossible_dates(written: str) -> None:
    """An impossible day is left out and reported; the entry is kept."""
    listing = read(HEADER + entry_text(meta=f"  • 2 authors\n·\n{written}") + MET)
    assert [e.published for e in listing.entries] == [None, "2021-07-05", "2025-09-22", "2023-10-31"]
    (problem,) = listing.unreadable
    assert problem.where == "line 17"
    assert written in problem.why


@pytest.mark.parametrize(
    "paragraph",
    [
        "A second paragraph.",
        "Our contributions are as follows:",
        "- a list, without a stop at its end",
        "• a bullet, without a stop at its end",
        "(ii) a numbered item, without a stop",
        "We release it all",
        "Results",
        "Project page: https://example.org/a",
        "A long paragraph " * 20 + "that does not stop",
    ],
)
@pytest.mark.parametrize("meta", ["", "  • 2 authors\n·\nMay 3, 2024"])
def test_paragraphs_of_one_abstract(paragraph: str, meta: str) -> None:
    """Paragraphs belong to the abstract before them, with meta lines after it or without."""
    abstract = f"The first paragraph.\n\n{paragraph.strip()}\n\nThe last paragraph."
    text = HEADER + entry_text("One", abstract, meta) + entry_text("Two", "Text.", meta)
    assert [(e.title, e.abstract) for e in read(text).entries] == [("One", abstract), ("Two", "Text.")]


@pytest.mark.parametrize(
    "title",
    [
        "From f(x) and g(x) to f(g(x)): LLMs Learn New Skills",
        "3D-Properties of things",
        "not-so-Big nets",
        "Does it work?",
        "Exploitation Is All You Need... for Exploration",
        'The Paradox: "What It Can Create, It May Not Understand"',
        "Weaknesses of our wearables",
        "T" * 300,
    ],
)
def test_titles_of_many_kinds(title: str) -> None:
    """Titles are recognised also without meta lines."""
    assert titles(HEADER + BARE + "\n" + entry_text(title, meta="") + entry_text("End", meta=""))[-2:] == [
        title,
        "End",
    ]


def test_title_without_abstract() -> None:
    """It is kept and reported between meta lines, and also without them if its words are capitalized."""
    for text in (
        entry_text(abstract=""),
        entry_text("A Title", "Another Title Without Any Meta Lines", "") + "Text.\n\n",
    ):
        listing = read(HEADER + text + MET)
        assert listing.entries[0].title == "A Title"
        (problem,) = listing.unreadable
        assert (problem.where, problem.why) == ("line 13", '"A Title" has no abstract')


@pytest.mark.parametrize("abstract", ["An abstract that ends with a stop.", "Long words. " * 50])
def test_abstract_without_title(abstract: str) -> None:
    """It is reported and not kept."""
    listing = read(HEADER + entry_text("", abstract) + MET)
    assert len(listing.entries) == 3
    assert [(p.where, p.why) for p in listing.unreadable] == [("line 13", "an entry without a title")]


def test_links_after_the_last_entry() -> None:
    """The site's own links at the end are not an entry."""
    text = HEADER + MET + "\nPrevious\n\nNext\n\nCompany\n\nTOS\n\nPrivacy\n"
    assert read(text) == read(HEADER + MET)


MIXED = MET + "\n" + BARE + "\n" + MET


@pytest.mark.parametrize("page", [HEADER + MET, HEADER + BARE, HEADER + MIXED], ids=["met", "bare", "mixed"])
def test_every_cut(page: str) -> None:
    """At any byte: the entries before the cut are complete, and none is invented."""
    data, whole = page.encode(), read(page).entries
    for size in range(len(data)):
        listing = saved_page.parse(data[:size], AS_OF)
        *before, last = listing.entries or (None,)
        assert len(listing.entries) <= len(whole)
        assert tuple(before) == whole[: len(before)]
        if last:
            assert whole[len(before)].title.startswith(last.title)
            assert whole[len(before)].abstract.startswith(last.abstract)


@pytest.mark.parametrize(
    ("end", "missing"),
    [
        ("Which Way Is", "its abstract"),
        ("A lab's pap", "the rest of its abstract"),
        ("It has an organisation.", "its number of authors and its date"),
        ("PEARLS-L", "its number of authors and its date"),
        ("PEARLS Lab\n", "its number of authors and its date"),
        ("PEARLS Lab\n·", "its date"),
        ("PEARLS Lab\n·\nOct 31, 20", "its date"),
    ],
)
def test_cut_says_where_and_what(end: str, missing: str) -> None:
    """The last entry is kept and marked; the complaint has the line, the title and what is missing."""
    text = HEADER + MET[: MET.index(end) + len(end)]
    listing = read(text)
    assert [e.cut for e in listing.entries] == [False, False, True]
    (problem,) = listing.unreadable
    assert problem.where == f"line {len(text.rstrip().splitlines())}"
    assert "breaks off in this entry" in problem.why
    assert f"{missing} is missing" in problem.why


def test_cut_within_a_character() -> None:
    """Half a character at the end is left out."""
    listing = saved_page.parse((HEADER + MET).encode() + b"\nA Title with \xe2\x82", AS_OF)
    assert listing.entries[-1].title == "A Title with"
    assert [p.why for p in listing.unreadable] == [
        'the page breaks off in this entry "A Title with": its abstract is missing'
    ]


@needs_shared
@pytest.mark.parametrize(
    ("name", "entries", "met", "comments", "organizations"),
    [
        ("001_4a6da7ff594fb127.txt", 109, 103, 78, ["PEARLS Lab"]),
        ("002_9756f7b1aab4ee57.txt", 82, 0, 0, []),
        ("003_b4640f3a18e1601e.txt", 128, 122, 80, ["Qualcomm"]),
        ("004_911abca530bda4e2.txt", 64, 63, 8, ["ByteDance"]),
    ],
)
def test_real_pages(name: str, entries: int, met: int, comments: int, organizations: list[str]) -> None:
    """Every entry, compared with a simpler parser that reads only these four pages.

    On them every abstract is one line of more than 600 characters, two lines below its title.
    """
    data = (SHARED / "listings" / name).read_bytes()
    listing = saved_page.parse(data, AS_OF)
    assert saved_page.recognises(data)
    assert listing.unreadable == ()
    lines = [*data.decode().split("\n"), "", "", "", ""]
    places = [i for i, line in enumerate(lines) if len(line) > 600]
    assert [(e.title, e.abstract) for e in listing.entries] == [
        (to_unicode(lines[i - 2]), to_unicode(lines[i])) for i in places
    ]
    assert len(listing.entries) == entries
    for i, entry in zip(places, listing.entries, strict=True):
        assert (entry.published is not None) == (lines[i + 3] == "·")
        assert entry.author_count == (int(lines[i + 2].split()[1]) if "•" in lines[i + 2] else None)
        if found := re.search(r", (\d{4})", lines[i + 4] if entry.published else ""):
            assert str(entry.published).startswith(found[1])
        elif entry.published:
            assert "2024-11-13" < entry.published <= "2025-11-12"
    assert sum(e.published is not None for e in listing.entries) == met
    assert sum(e.comments or 0 for e in listing.entries) == comments
    assert [e.organization for e in listing.entries if e.organization] == organizations
