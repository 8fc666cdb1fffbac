"""JSON Lines: the fields of a record, and what is reported of wrong lines and fields."""

from __future__ import annotations

import gzip
import json
from datetime import date

import pytest

from bot.papers.model import Entry, Listing
from bot.sources import jsonlines
from tests.sources.support import SHARED, needs_shared

AS_OF = date(2026, 5, 5)

RECORD = {
    "id": "arxiv:2605.00001",
    "title": "Robots That Count\n  Their Own Steps",
    "abstract": "We teach a robot\nto count.\n  It finds home.",
    "authors": ["Ada Lovelace", "Marin Soljačić"],
    "categories": ["cs.RO", "cs.LG"],
    "published": "2026-05-01",
    "url": "https://arxiv.org/abs/2605.00001",
}


def read(*records: object) -> Listing:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    return jsonlines.parse("\n".join(lines).encode(), AS_OF)


def one(**fields: object) -> Entry:
    """The entry of a record with these fields, of which nothing is reported."""
    listing = read({**RECORD, **fields})
    assert listing.unreadable == ()
    return listing.entries[0]


def test_plain_record() -> None:
    """The usual fields are read; white space is collapsed and paragraphs are kept."""
    assert one() == Entry(
        source="arxiv",
        title="Robots That Count Their Own Steps",
        abstract="We teach a robot to count.\n\nIt finds home.",
        ids=("arxiv:2605.00001",),
        authors=("Ada Lovelace", "Marin Soljačić"),
        categories=("cs.RO", "cs.LG"),
        published="2026-05-01",
        url="https://arxiv.org/abs/2605.00001",
    )


def test_every_field() -> None:
    """The other fields of an export are read too; unknown keys and null are ignored."""
    entry = one(
        updated="2026-05-02T03:04:05+02:00",
        announced="2026-05",
        version=2,
        organization="PEARLS Lab",
        votes=7,
        comments=0,
        withdrawn=True,
        doi="10.1000/ABC",
        author_count=445,
        sources=["arxiv"],
        first_seen="2026-05-02T03:04:05Z",
        mood="fine",
        categories=None,
    )
    assert (entry.updated, entry.announced, entry.version) == ("2026-05-02T01:04:05Z", "2026-05", 2)
    assert (entry.organization, entry.votes, entry.comments) == ("PEARLS Lab", 7, 0)
    assert (entry.withdrawn, entry.author_count, entry.categories) == (True, 445, ())
    assert entry.ids == ("arxiv:2605.00001", "doi:10.1000/abc")


@pytest.mark.parametrize(
    ("written", "doi", "ids", "source", "version"),
    [
        ("2605.00001v3", None, ("arxiv:2605.00001",), "arxiv", 3),
        ("https://arxiv.org/pdf/hep-th/9901001v1", None, ("arxiv:hep-th/9901001",), "arxiv", 1),
        ("citeulike:12", None, ("citeulike:12",), "citeulike", None),
        ("Cranfield:12", "10.1000/x", ("cranfield:12", "doi:10.1000/x"), "cranfield", None),
        ("https://doi.org/10.1000/X", "10.1000/x", ("doi:10.1000/x",), "doi", None),
        ("", "10.48550/arXiv.2605.00001", ("arxiv:2605.00001",), "arxiv", None),
        ("", None, (), "jsonl", None),
        (None, None, (), "jsonl", None),
        ("title:robotsthatcount", None, (), "jsonl", None),  # how an export names a paper without an id
    ],
)
def test_ids(
    written: str | None, doi: str | None, ids: tuple[str, ...], source: str, version: int | None
) -> None:
    """Ids become canonical; the namespace of the id is the source."""
    entry = one(id=written, doi=doi)
    assert (entry.ids, entry.source, entry.version) == (ids, source, version)


@pytest.mark.parametrize(
    ("written", "authors"),
    [
        (["Ada  Lovelace", "", "Alan Turing"], ("Ada Lovelace", "Alan Turing")),
        ("Ada Lovelace", ("Ada Lovelace",)),
        (
            "Ada Lovelace, Alan Turing and Anders Andersand",
            ("Ada Lovelace", "Alan Turing", "Anders Andersand"),
        ),
        ("A. Lovelace, B. Roe, and C. Doe", ("A. Lovelace", "B. Roe", "C. Doe")),
        ("Lovelace, Ada and Turing, Alan", ("Lovelace, Ada", "Turing, Alan")),
        ("Lovelace, Ada; Turing, Alan", ("Lovelace, Ada", "Turing, Alan")),
        ([], ()),
        ("", ()),
    ],
)
def test_authors(written: object, authors: tuple[str, ...]) -> None:
    """A list of names, or one text."""
    assert one(authors=written).authors == authors


@pytest.mark.parametrize("written", [["cs.LG", "cs.AI", "cs.LG"], "cs.LG cs.AI", "cs.LG, cs.AI"])
def test_categories(written: object) -> None:
    """A list or one text; each category once, in order."""
    assert one(categories=written).categories == ("cs.LG", "cs.AI")


@pytest.mark.parametrize(
    ("remark", "withdrawn"),
    [
        ("Withdrawn: an error in Lemma 2", True),
        ("(withdrawn)", True),
        ("12 pages. This paper has been withdrawn by the author", True),
        ("12 pages; we study withdrawn users", False),
        (None, False),
        (7, False),
    ],
)
def test_withdrawn_by_remark(remark: object, withdrawn: bool) -> None:
    """The authors' remark can say that a paper is withdrawn."""
    assert one(comment=remark).withdrawn is withdrawn


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("id", 2605.00001, ()),
        ("id", "not an id", ()),
        ("doi", "arxiv", ("arxiv:2605.00001",)),
        ("authors", {"name": "Ada"}, ()),
        ("authors", ["Ada", 7], ()),
        ("authors", ["Ada", None], ()),
        ("categories", 3, ()),
        ("organization", ["x"], None),
        ("url", 5, None),
        ("url", "javascript:alert(1)", None),
        ("version", "2", None),
        ("version", 0, None),
        ("version", True, None),
        ("votes", -1, None),
        ("votes", 1.5, None),
        ("comments", 10**30, None),
        ("author_count", "4", None),
        ("withdrawn", "yes", False),
        ("published", 1714521600, None),
        ("published", "2026-02-30", None),
        ("published", "yesterday", None),
        ("updated", "0001-01-01T00:00:00+23:00", None),
        ("announced", "2026-13", None),
    ],
)
def test_wrong_fields(name: str, value: object, expected: object) -> None:
    """A field of the wrong type or with an impossible value is left out and reported; the record is kept."""
    listing = read({**RECORD, "id": "2605.00001", name: value})
    (entry,) = listing.entries
    assert getattr(entry, {"id": "ids", "doi": "ids"}.get(name, name)) == expected
    (problem,) = listing.unreadable
    assert problem.where == "line 1"
    assert f"'{name}'" in problem.why


@pytest.mark.parametrize("title", ["", None, " \n", "\ud800", 5, ["x"]])
def test_no_title(title: object) -> None:
    """A record without a title is left out and reported."""
    listing = read({**RECORD, "title": title}, RECORD)
    assert len(listing.entries) == 1
    assert listing.unreadable[-1].why == "no title"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"title": "x", "abstract": " "}', '"x" has no abstract'),
        ('{"title": "x"', "not JSON at column 14: Expecting ',' delimiter"),
        ('{"title": x}', "not JSON at column 11: Expecting value"),
        ("[1, 2]", "a list instead of an object"),
        ('"text"', "text instead of an object"),
        ("null", "null instead of an object"),
        ('{"title": "x", "votes": NaN}', "not JSON: NaN is not a JSON number"),
        ('{"title": "x", "votes": -Infinity}', "not JSON: -Infinity is not a JSON number"),
        ('{"title": "x", "votes": ' + "9" * 5000 + "}", "not JSON: Exceeds the limit"),
        ('{"title": ' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_wrong_lines(line: str, why: str) -> None:
    """A line that is not a paper is reported with its place; the others are kept, and one without an abstract too."""
    listing = read(RECORD, "", line, RECORD)
    assert len(listing.entries) == 2 + ("abstract" in why)
    (problem,) = listing.unreadable
    assert problem.where == "line 3"
    assert problem.why.startswith(why)
    if line.endswith('"x"'):
        (problem,) = read(RECORD, "", line).unreadable
        assert problem.why.startswith(f"the file breaks off here: {why}")


def test_layout_does_not_matter() -> None:
    """Blank lines, CRLF and a byte order mark change nothing; entities are not decoded."""
    record = json.dumps({**RECORD, "title": "A &amp; B"})
    listing = jsonlines.parse(f"\ufeff\r\n{record}\r\n \r\n{record}\r\n".encode(), AS_OF)
    assert [e.title for e in listing.entries] == ["A &amp; B"] * 2
    assert listing.unreadable == ()


def test_one_document_over_many_lines() -> None:
    """A document that is printed over many lines is not JSON Lines; its complaints are bounded."""
    listing = read(json.dumps([RECORD] * 100, indent=1))
    assert listing.entries == ()
    assert len(listing.unreadable) == 100
    assert "more up to here" in listing.unreadable[-1].why


def test_a_record_after_a_lot_of_junk() -> None:
    """The lines of junk are counted, blank ones are not, and the records among them are read."""
    junk = ["{", "", "[1]", "{}", " \t", "NaN"] * 100
    escaped = '{"\\u0074itle": "Told", "abstract": "In codes."}'
    listing = read(*junk, RECORD, *junk, escaped, *junk)
    assert [entry.title for entry in listing.entries] == ["Robots That Count Their Own Steps", "Told"]
    assert len(listing.unreadable) == 100
    assert listing.unreadable[-1].where == "line 1802"
    assert listing.unreadable[-1].why == f"{3 * 400 - 99} more up to here"


@needs_shared
@pytest.mark.parametrize(
    ("name", "entries", "source", "untitled"),
    [
        ("archive/2026-05-05.jsonl.gz", 620, "arxiv", []),
        ("eval/library/papers.jsonl.gz", 1929, "citeulike", []),
        ("eval/keywords/papers.jsonl.gz", 1396, "cranfield", ["line 471", "line 994"]),
    ],
)
def test_real_archives(name: str, entries: int, source: str, untitled: list[str]) -> None:
    """Every line that has a title is an entry with the line's id."""
    data = gzip.decompress((SHARED / name).read_bytes())
    listing = jsonlines.parse(data, AS_OF)
    records = [json.loads(line) for line in data.decode().split("\n") if line]
    assert jsonlines.recognises(data)
    assert [e.ids for e in listing.entries] == [(record["id"],) for record in records if record["title"]]
    assert len(listing.entries) == entries
    assert {e.source for e in listing.entries} == {source}
    assert [p.where for p in listing.unreadable if p.why == "no title"] == untitled
    assert {p.why for p in listing.unreadable if "has no abstract" not in p.why} <= {"no title"}
