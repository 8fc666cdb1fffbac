"""arXiv search results saved as text: every entry, complete or cut off."""

from __future__ import annotations

from datetime import date

import pytest

from bot.papers.model import Entry, Listing
from bot.sources.arxiv import saved_page
from bot.sources.parsing import saved_pages
from bot.text.latex import to_unicode
from tests.sources.support import SHARED, needs_shared

AS_OF = date(2025, 11, 12)
MAY = "2024-05"

PAGE = """\
-
Robots that Count Their Own Steps
Authors:
Ada Lovelace,
Marin Soljačić,
Grace B. Hopper
Abstract:
Robots forget how far they went. We teach one to count, and measure what the counting is good for: it…
▽ More
Robots forget how far they went. We teach one to count, and measure what the counting is good for: it finds home.

The second paragraph says how.
△ Less
Submitted 4 June, 2025; v1 submitted 26 February, 2025;
originally announced February 2025.
-
Short Notes on Short Notes
Authors:
Alan Turing
Abstract:
One paragraph, shown whole, nothing to unfold.
Submitted 28 October, 2021;
originally announced November 2021.
-
not-so-Big Nets
Authors:
Ada Lovelace,
Noor Example
Abstract:
A third abstract that the page shows only in part, so that there is something to unfold: we compare ne…
▽ More
A third abstract that the page shows only in part, so that there is something to unfold: we compare nets of
- three sizes,
- two depths.
△ Less
Submitted 17 December, 2024;
originally announced December 2024.
"""


def read(text: str) -> Listing:
    return saved_page.parse(text.encode(), AS_OF)


def one(text: str) -> Entry:
    (entry,) = read(text).entries
    return entry


def entry_text(dates: str = "Submitted 1 May, 2023;\noriginally announced May 2023.", **parts: str) -> str:
    """One entry of a page; `parts` replace its parts."""
    head = parts.get("head", "A Title")
    authors = parts.get("authors", "Authors:\nAda Lovelace")
    abstract = parts.get("abstract", "Abstract:\nAn abstract.")
    return "\n".join(part for part in ("-", head, authors, abstract, dates, parts.get("after", "")) if part)


def test_complete_page() -> None:
    """Every field of every entry is read, and nothing is reported."""
    listing = read(PAGE)
    assert listing.unreadable == ()
    first, second, third = listing.entries
    assert first == Entry(
        source="arxiv",
        title="Robots that Count Their Own Steps",
        abstract="Robots forget how far they went. We teach one to count, and measure what the counting is good "
        "for: it finds home.\n\nThe second paragraph says how.",
        authors=("Ada Lovelace", "Marin Soljačić", "Grace B. Hopper"),
        published="2025-02-26",
        updated="2025-06-04",
        announced="2025-02",
    )
    assert second.abstract == "One paragraph, shown whole, nothing to unfold."
    assert (second.published, second.updated, second.announced) == ("2021-10-28", "2021-10-28", "2021-11")
    assert (second.version, first.version) == (1, None)
    assert third.title == "not-so-Big Nets"
    assert third.abstract.endswith("nets of\n\n- three sizes,\n\n- two depths.")


@pytest.mark.parametrize(
    "text",
    [
        PAGE.replace("\n", "\r\n"),
        PAGE.replace(" ", "\xa0"),
        "\ufeff" + PAGE,
        "Showing 1–3 of 3 results\nSearch v0.5.6\n" + PAGE,
        PAGE.replace("-\n", "-\n\n").replace("Authors:\n", "\nAuthors:\n\n"),
        PAGE.replace("…\n▽ More\n", "… ▽ More ").replace("\n△ Less", " △ Less"),
        PAGE.replace(";\noriginally", "; originally"),
        PAGE.replace("Authors:\n", "Authors: ").replace(",\n", ", ").replace("sizes, -", "sizes,\n-"),
    ],
    ids=["CRLF", "NBSP", "BOM", "header", "blank lines", "marks in line", "dates in line", "authors in line"],
)
def test_layout_does_not_matter(text: str) -> None:
    """Line ends, white space and labels on the same line change nothing."""
    assert saved_page.recognises(text.encode())
    assert read(text) == read(PAGE)


def test_dash_within_an_abstract() -> None:
    """A line with only a dash begins an entry only if an entry's labels follow."""
    text = entry_text(abstract="Abstract:\nBefore.\n-\nAfter.") + "\n" + entry_text(head="Next")
    assert [e.title for e in read(text).entries] == ["A Title", "Next"]
    assert read(text).entries[0].abstract == "Before.\n\n-\n\nAfter."


@pytest.mark.parametrize(
    ("head", "ids", "version", "categories"),
    [
        ("arXiv:2502.19402 [pdf, other] cs.LG cs.AI\nA Title", ("arxiv:2502.19402",), 1, ("cs.LG", "cs.AI")),
        ("1. arXiv:2502.19402v3 [pdf]\nquant-ph\nA Title", ("arxiv:2502.19402",), 3, ("quant-ph",)),
        ("A Title\narXiv:hep-th/9901001", ("arxiv:hep-th/9901001",), 1, ()),
        (
            "arXiv:2502.19402 [pdf] cs.RO doi 10.1109/ABC.5\nA Title",
            ("arxiv:2502.19402", "doi:10.1109/abc.5"),
            1,
            ("cs.RO",),
        ),
        ("A Title", (), 1, ()),
    ],
)
def test_id_line(head: str, ids: tuple[str, ...], version: int, categories: tuple[str, ...]) -> None:
    """The id line of arXiv's own page has id, version, categories and DOI, and is not part of the title."""
    entry = one(entry_text(head=head))
    assert (entry.title, entry.ids, entry.version, entry.categories) == ("A Title", ids, version, categories)
    assert entry.url == (f"https://arxiv.org/abs/{ids[0].removeprefix('arxiv:')}" if ids else None)


@pytest.mark.parametrize(
    ("authors", "names", "count"),
    [
        ("Authors:\nAda Lovelace,\nAlan Turing", ("Ada Lovelace", "Alan Turing"), None),
        ("Authors: Sam Doe, Jr., Ann Roe, III", ("Sam Doe Jr.", "Ann Roe III"), None),
        ("Authors:\nA One,\nB Two, et al. (35 additional authors not shown)", ("A One", "B Two"), 37),
        ("Authors:", (), None),
    ],
)
def test_authors(authors: str, names: tuple[str, ...], count: int | None) -> None:
    """One name per line or all in one line; a suffix belongs to the name before it; hidden authors are counted."""
    entry = one(entry_text(authors=authors))
    assert (entry.authors, entry.author_count) == (names, count)


@pytest.mark.parametrize(
    ("after", "withdrawn"),
    [
        ("Comments: 12 pages", False),
        ("Journal ref: Withdrawn Letters 4 (2024)", False),
        ("Comments: This paper has been withdrawn by the authors", True),
        ("comments: Withdrawn: error in Lemma 2", True),
    ],
)
def test_remarks(after: str, withdrawn: bool) -> None:
    """They are not part of the abstract, after or before the dates; only comments can withdraw a paper."""
    for text in (entry_text(after=after), entry_text(abstract=f"Abstract:\nAn abstract.\n{after}")):
        entry = one(text)
        assert (entry.abstract, entry.withdrawn) == ("An abstract.", withdrawn)
        assert entry.published == "2023-05-01"


@pytest.mark.parametrize(
    "entries",
    [
        "{0}. arXiv:2502.1940{0} [pdf] cs.LG\nTitle {0}\nAuthors: Ada Lovelace\nAbstract: Text {0}.\n"
        "Submitted {0} May, 2023; originally announced May 2023.\n",
        entry_text(head="Title {0}").removeprefix("-\n") + "\n",
    ],
    ids=["numbered id lines", "no marks"],
)
def test_a_page_without_dashes(entries: str) -> None:
    """An entry begins with its id line, or with the line before `Authors:`."""
    found = read("".join(entries.format(n) for n in (1, 2, 3))).entries
    assert [e.title for e in found] == ["Title 1", "Title 2", "Title 3"]
    assert [e.ids for e in found] in ([(f"arxiv:2502.1940{n}",) for n in (1, 2, 3)], [()] * 3)


@pytest.mark.parametrize(
    ("dates", "published", "updated", "announced"),
    [
        ("Submitted 31 June, 2024; originally announced June 2024.", None, None, "2024-06"),
        (
            "Submitted 3 Foo, 2024; v1 submitted 2 May, 2024; originally announced May 2024.",
            "2024-05-02",
            None,
            MAY,
        ),
        (
            "Submitted 3 May, 2024; v1 submitted 0 May, 2024; originally announced May 2024.",
            None,
            "2024-05-03",
            MAY,
        ),
        ("Submitted 3 May, 2024; originally announced Foo 2024.", "2024-05-03", "2024-05-03", None),
        ("Submitted 3 May, 0000; originally announced May 2024.", None, None, MAY),
    ],
)
def test_impossible_dates(
    dates: str, published: str | None, updated: str | None, announced: str | None
) -> None:
    """An impossible day is left out and reported; the entry and its other dates are kept."""
    listing = read(entry_text(dates=dates))
    (entry,) = listing.entries
    assert (entry.published, entry.updated, entry.announced) == (published, updated, announced)
    (problem,) = listing.unreadable
    assert problem.where == "line 7"
    assert problem.why.startswith("there is no such")


@pytest.mark.parametrize(
    ("text", "titles", "where", "why"),
    [
        (entry_text(head="") + "\n" + PAGE, 3, "line 1", "an entry without a title"),
        (entry_text(abstract="") + "\n" + PAGE, 4, "line 2", '"A Title" has no abstract'),
        (
            entry_text(abstract="Abstract:\nOnly this…") + "\n" + PAGE,
            4,
            "line 2",
            "only the beginning",
        ),
    ],
)
def test_entries_that_lack_something(text: str, titles: int, where: str, why: str) -> None:
    """Without a title an entry is only reported; without a complete abstract it is kept and reported."""
    listing = read(text)
    assert len(listing.entries) == titles
    (problem,) = listing.unreadable
    assert problem.where == where
    assert why in problem.why


def test_every_cut() -> None:
    """At any byte: the entries before the cut are complete, and the last is marked and reported.

    If the page breaks off early in the unfolded abstract, the shown beginning is longer and is kept.
    """
    data, whole = PAGE.encode(), read(PAGE).entries
    for size in range(len(data)):
        listing = saved_page.parse(data[:size], AS_OF)
        assert len(listing.entries) <= len(whole)
        assert listing.entries[:-1] == whole[: max(len(listing.entries) - 1, 0)]
        for found, true in zip(listing.entries[-1:], whole[len(listing.entries) - 1 :], strict=False):
            assert true.title.startswith(found.title)
            assert true.abstract.startswith(found.abstract.rstrip("…"))
            assert set(found.authors) <= set(true.authors)
            assert found == true or found.cut
            assert found.published in (None, true.published)
            assert not found.cut or len(listing.unreadable) == 1
    cut = PAGE.index("Robots forget", PAGE.index("▽ More")) + 20
    assert one(PAGE[:cut]).abstract.startswith("Robots forget how far they went. We teach one")


def test_cut_says_where_and_what() -> None:
    """The complaint has the line, the title, and what is missing."""
    (problem,) = read(PAGE[: PAGE.index("Submitted 17") - 8]).unreadable
    assert problem.where == "line 33"
    assert '"not-so-Big Nets"' in problem.why
    assert "abstract" in problem.why


@pytest.mark.parametrize(
    "data",
    [
        b'{"id": 1}',
        b"<rss>\nAuthors: x\nAbstract: y</rss>",
        b"[\n-\n]",
        b"new\n\nDaily Papers\n",
    ],
)
def test_does_not_recognise(data: bytes) -> None:
    """Other formats and empty files."""
    assert not saved_page.recognises(data)


def test_more_lines_than_any_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines beyond the maximum are not read: their place is reported, and the last entry is incomplete."""
    monkeypatch.setattr(saved_pages, "MAX_LINES", PAGE.count("\n"))
    listing = read(PAGE + "a\n" * 1_000)
    assert [entry.cut for entry in listing.entries] == [False] * (len(listing.entries) - 1) + [True]
    first, last = listing.unreadable
    assert "not read from here on" in first.why
    assert "breaks off" in last.why


def test_a_line_longer_than_any_abstract() -> None:
    """It is cut off, and reported."""
    listing = read(entry_text(abstract="Abstract: " + "word " * 30_000))
    (entry,) = listing.entries
    assert len(entry.abstract) <= 100_000
    (problem,) = listing.unreadable
    assert "longer than" in problem.why


@needs_shared
def test_a_real_page() -> None:
    """13 complete entries, and nothing is reported."""
    data = (SHARED / "listings" / "000_ab75714cecf5e308.txt").read_bytes()
    listing = saved_page.parse(data, AS_OF)
    assert saved_page.recognises(data)
    assert listing.unreadable == ()
    blocks = data.decode().removeprefix("-\n").split("\n-\n")
    assert len(blocks) == len(listing.entries) == 13
    for block, entry in zip(blocks, listing.entries, strict=True):
        lines = block.split("\n")
        authors = lines[lines.index("Authors:") + 1 : lines.index("Abstract:")]
        assert entry.title == to_unicode(lines[0])
        assert entry.authors == tuple(author.rstrip(",") for author in authors)
        abstract = lines[lines.index("▽ More") + 1 : lines.index("△ Less")]
        assert entry.abstract == to_unicode("\n\n".join(abstract))
        assert not entry.cut
