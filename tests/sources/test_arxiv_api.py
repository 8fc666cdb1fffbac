"""arXiv's search API: what is read of its Atom, what is asked, and when it stops asking."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot.papers.identity import title_key
from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.arxiv.api import MAX_PAGES, ArxivApi, parse
from bot.sources.arxiv.common import is_withdrawn, repair_encoding, split_authors
from bot.sources.base import Known, SourceRequest
from tests.sources.support import NOW, SHARED, Service, fetch, needs_shared, nothing_known

ENTRY = """<entry>
  <id>http://arxiv.org/abs/2605.{number:05d}v2</id>
  <title>Cups
    and Saucers {number}</title>
  <updated>2026-05-28T10:00:00Z</updated>
  <published>{published}</published>
  <summary>  We stack cups.
It works.
  Then we stop.</summary>
  <category term="cs.RO"/><category term="cs.LG"/><category term="I.2.6; H.5"/><category term="68T05"/>
  <arxiv:primary_category term="cs.LG"/>
  <arxiv:comment>{comment}</arxiv:comment>
  <arxiv:doi>10.1234/Cups.7</arxiv:doi>
  <author><name>Ada  Example</name><arxiv:affiliation>Here</arxiv:affiliation></author>
  <author><name>Dirk WÃ¼bben</name></author>
</entry>"""


def entry(number: int = 1, published: str = "2026-05-27T09:00:00Z", comment: str = "9 pages") -> str:
    return ENTRY.format(number=number, published=published, comment=comment)


def feed(*entries: str, total: int | None = None) -> bytes:
    head = (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom">'
        f"<opensearch:totalResults>{len(entries) if total is None else total}</opensearch:totalResults>"
    )
    return (head + "".join(entries) + "</feed>").encode()


def all_known(entries: tuple[Entry, ...]) -> frozenset[int]:
    return frozenset(range(len(entries)))


def test_reads_every_field() -> None:
    """Primary category first, encoding repaired, the version separate from the id, the DOI as a second id."""
    (found,) = parse(feed(entry())).entries
    assert found == Entry(
        "arxiv",
        title="Cups and Saucers 1",
        abstract="We stack cups. It works.\n\nThen we stop.",
        ids=("arxiv:2605.00001", "doi:10.1234/cups.7"),
        authors=("Ada Example", "Dirk Wübben"),
        categories=("cs.LG", "cs.RO"),
        url="https://arxiv.org/abs/2605.00001",
        version=2,
        published="2026-05-27T09:00:00Z",
        updated="2026-05-28T10:00:00Z",
    )


@pytest.mark.parametrize(
    ("old", "new", "why", "kept"),
    [
        ("<title>Cups\n    and Saucers 1</title>", "", "no title: left out", False),
        ("<title>Cups\n    and Saucers 1</title>", "<title> </title>", "no title: left out", False),
        (
            "2026-05-27T09:00:00Z",
            "2026-02-30T09:00:00Z",
            'published "2026-02-30T09:00:00Z" is not a date',
            True,
        ),
        (
            "http://arxiv.org/abs/2605.00001v2",
            "http://arxiv.org/abs/x",
            'unknown id "http://arxiv.org/abs/x"',
            True,
        ),
        ("http://arxiv.org/abs/2605.00001v2", "", "no id", True),
        ("summary>", "other>", "no abstract", True),
    ],
)
def test_a_problem_in_an_entry_is_reported_with_its_place(old: str, new: str, why: str, kept: bool) -> None:
    """The entry is kept if it has a title; the next one is kept in any case."""
    page = entry().replace(old, new)
    found = parse(feed(page, entry(2)))
    assert [u.why for u in found.unreadable] == [why]
    assert found.unreadable[0].where.startswith("entry 1 (")
    assert len(found.entries) == 1 + kept


def test_an_error_is_not_a_paper() -> None:
    """arXiv sends errors as an entry."""
    error = "<entry><id>https://arxiv.org/api/errors#bad</id><title>Error</title><summary>bad id: x</summary></entry>"
    found = parse(feed(error))
    assert (found.entries, found.unreadable) == ((), (Unreadable("the answer", "arXiv answers: bad id: x"),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This paper has been withdrawn by the author due to an error", True),
        ("12 pages. This submission has been withdrawn by arXiv administrators", True),
        ("The article was withdrawn", True),
        ("Withdrawn", True),
        ("withdrawn by the authors", True),
        ("Withdrawn: Lemma 2 is wrong", True),
        ("Paper withdrawn", True),
        ("This paper has been withdrawn from arXiv", True),
        ("The paper was withdrawn from ICLR 2024", False),
        ("Withdrawn from ICLR 2024", False),
        ("Withdrawn units are counted", False),
        ("We study why drugs are withdrawn", False),
        ("12 pages, 3 figures", False),
        ("", False),
    ],
)
def test_a_withdrawal_is_recognised_by_its_words(text: str, expected: bool) -> None:
    """A withdrawal from arXiv, not from a conference."""
    assert is_withdrawn(text) is expected


def test_a_withdrawn_paper_is_marked() -> None:
    """By the author's remark or by the abstract."""
    by_remark = entry(comment="This paper has been withdrawn")
    by_abstract = entry(2).replace("We stack cups.", "This paper has been withdrawn.")
    assert [e.withdrawn for e in parse(feed(by_remark, by_abstract, entry(3))).entries] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dirk WÃ¼bben", "Dirk Wübben"),
        ("Florian KroiÃ\x9f", "Florian Kroiß"),
        ("$Ï\x89$Test", "$ω$Test"),
        ("Dirk Wübben", "Dirk Wübben"),
        ("Marin Soljačić", "Marin Soljačić"),
        ("WÃ¼bben and Wübben", "WÃ¼bben and Wübben"),
        ("Ada", "Ada"),
        ("李明", "李明"),
    ],
)
def test_only_utf8_read_as_latin1_is_repair_encoding(text: str, expected: str) -> None:
    """Every other text stays as it is."""
    assert repair_encoding(text) == expected


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Ada Example", ("Ada Example",)),
        ("Ada Example and Bo Sample", ("Ada Example", "Bo Sample")),
        ("Ada Example, Bo Sample, and Cem Muster", ("Ada Example", "Bo Sample", "Cem Muster")),
        ("Ada Example, Bo Sample, Jr., Cem Muster", ("Ada Example", "Bo Sample Jr.", "Cem Muster")),
        ("A. Gould (1), S. Dorsher (1 and 2) ((1) Ohio, (2) CfA, Harvard)", ("A. Gould", "S. Dorsher")),
        ("Ada Example (Here, There), Sandy Landau", ("Ada Example", "Sandy Landau")),
        ("The CUP Collaboration: Ada Example, et al.", ("The CUP Collaboration", "Ada Example")),
        ("Paulo Andr\\'e, Erd{\\H o}s", ("Paulo André", "Erdős")),
        ("Ada Example (unclosed, Bo Sample", ("Ada Example (unclosed", "Bo Sample")),
        ("", ()),
        (", and ,", ()),
    ],
)
def test_a_line_of_authors_is_split_into_names(line: str, names: tuple[str, ...]) -> None:
    """Without affiliations; a suffix stays with its name."""
    assert split_authors(line) == names


def fetched(service: Service, known: Known = nothing_known, **request: Any) -> list[Listing]:
    return fetch(ArxivApi(), service, known, **{"categories": ("cs.LG",), **request})


def test_asks_for_categories_and_authors_together() -> None:
    """Newest submissions first, a hundred at a time."""
    service = Service(feed(entry()))
    (listing,) = fetched(service, categories=("cs", "cs.LG"), authors=('Seungwook "Han"',))
    assert len(listing.entries) == 1
    assert service.params == [
        {
            "search_query": '(cat:cs.* OR cat:cs.LG OR au:"Seungwook Han")',
            "sortBy": "submittedDate",
            "sortOrder": "descending",
            "start": "0",
            "max_results": "100",
        }
    ]


def test_pages_until_all_results_are_seen() -> None:
    """The next page begins where the last ended, however many results it had."""
    service = Service(feed(entry(1), entry(2), total=3), feed(entry(3), total=3))
    assert [len(listing.entries) for listing in fetched(service)] == [2, 1]
    assert [params["start"] for params in service.params] == ["0", "2"]


@pytest.mark.parametrize(
    ("since", "published", "known", "pages"),
    [
        (None, "2026-05-21", False, 1),  # before now - 7 days = May 22
        (None, "2026-05-22", False, 2),
        (date(2026, 5, 20), "2026-05-12", False, 1),  # before since - 7 days = May 13
        (date(2026, 5, 20), "2026-05-13", False, 2),
        (date(2026, 6, 20), "2026-05-22", False, 2),  # the clock was set back: now - 7 days counts
        # All known: read before if the last complete answer is later than the page, else perhaps not.
        (date(2026, 5, 28), "2026-05-27", True, 1),
        (date(2026, 5, 27), "2026-05-27", True, 2),
        (None, "2026-05-27", True, 2),
    ],
)
def test_stops_at_what_is_old_or_known(since: date | None, published: str, known: bool, pages: int) -> None:
    """Moderation holds papers for days, so a week before the last answer is still read."""
    first = entry(1, published=f"{published}T09:00:00Z")
    service = Service(feed(first, total=2), feed(entry(2), total=2))
    stored = (lambda entries: frozenset(range(len(entries)))) if known else nothing_known
    assert len(fetched(service, stored, since=since)) == pages


def test_a_page_is_compared_with_what_was_stored_before_it() -> None:
    """The caller stores each page when it gets it: that must not make the page known."""
    stored: set[str] = set()

    def known(entries: tuple[Entry, ...]) -> frozenset[int]:
        return frozenset(i for i, e in enumerate(entries) if e.ids[0] in stored)

    service = Service(feed(entry(1), total=2), feed(entry(2), total=2))
    request = SourceRequest(("cs.LG",), since=date(2026, 5, 28), now=NOW)
    for listing in ArxivApi().fetch(request, service, known):
        stored.update(e.ids[0] for e in listing.entries)
    assert stored == {"arxiv:2605.00001", "arxiv:2605.00002"}


def test_an_empty_page_that_should_not_be_empty_is_requested_again() -> None:
    """Twice; then it is reported. A category always has papers; an author may have none."""
    (listing,) = fetched(Service(feed(total=5), feed(total=5), feed(entry(), total=1)))
    assert len(listing.entries) == 1
    (listing,) = fetched(service := Service(feed(total=5)))
    assert (len(service.params), listing.unreadable[0].where) == (3, "results from 1")
    (listing,) = fetched(service := Service(feed()))
    assert [problem.why for problem in listing.unreadable] == [
        "an empty page, 3 times, although these categories have papers"
    ]
    assert fetch(ArxivApi(), service := Service(feed(total=0)), authors=("Ada Example",)) == [Listing()]
    assert len(service.params) == 1


def test_an_unchanged_page_is_skipped() -> None:
    """It was stored, but perhaps not the page after it."""
    service = Service(None, feed(entry(), total=101))
    assert [len(listing.entries) for listing in fetched(service)] == [0, 1]
    assert [params["start"] for params in service.params] == ["0", "100"]


def test_the_pages_of_a_query_are_bounded() -> None:
    """What was read by then is kept, and the listing says that the rest is missing."""
    pages = [feed(entry(number), total=10**6) for number in range(1, MAX_PAGES + 2)]
    *read, last = fetched(service := Service(*pages))
    assert (len(service.params), sum(len(listing.entries) for listing in read)) == (MAX_PAGES, MAX_PAGES)
    assert last.unreadable[0].why == f"more than {MAX_PAGES} pages: the rest is missing"


def test_long_requests_are_split() -> None:
    """No URL is longer than every proxy accepts, no request has more than a hundred ids, and no term is lost."""
    names = tuple(f"Author Number {n}" for n in range(100))
    papers = tuple(f"arxiv:2605.{n:05d}" for n in range(250))
    fetched(service := Service(feed()), categories=(), authors=names, papers=papers)
    queries = [params["search_query"] for params in service.params if "search_query" in params]
    assert sum(query.count("au:") for query in queries) == 100
    assert max(map(len, queries)) < 1_500 < sum(map(len, queries))
    lists = [params["id_list"].split(",") for params in service.params if "id_list" in params]
    assert sum(map(len, lists)) == 250
    assert max(map(len, lists)) <= 100


def test_papers_by_id_are_references() -> None:
    """Only arXiv's ids are asked for; what comes is not news."""
    papers = ("arxiv:2605.00001", "arxiv:astro-ph/0601001", "doi:10.1/x")
    (listing,) = fetched(service := Service(feed(entry())), categories=(), papers=papers)
    assert [params["id_list"] for params in service.params] == ["2605.00001,astro-ph/0601001"]
    assert [e.reference for e in listing.entries] == [True]
    assert listing.asked == papers[:2]


def test_papers_by_title_are_references() -> None:
    """Long titles are searched for together; of what comes, only papers of exactly these titles are taken."""
    titles = ("cups and saucers: 1", "Cups and “Saucers” at night", 'Erdős’s "cups", 2', "杯子", "Tea")
    service = Service(feed(entry(1), entry(2)), feed())
    listings = fetched(service, categories=(), titles=titles)
    assert [params["search_query"] for params in service.params] == [
        '(ti:"cups and saucers: 1") OR (ti:"Cups and" AND ti:"at night")', '(ti:"cups , 2")', '(ti:"Tea")',
    ]  # fmt: skip
    assert [(e.ids[0], e.reference) for one in listings for e in one.entries] == [("arxiv:2605.00001", True)]
    assert [key for one in listings for key in one.asked] == list(map(title_key, titles))
    (listing,) = fetched(Service(feed(total=1)), categories=(), titles=("Tea",))
    assert listing.asked == ()  # empty, and should not be


@needs_shared
@pytest.mark.parametrize(
    ("pattern", "entries", "unreadable"),
    [
        ("id_0000.0000_*", 0, 0),
        ("id_0808.05394_1707.08567_*", 1, 0),
        ("id_abc_*", 0, 1),
        ("id_astro-ph_0601001_*", 1, 0),
        ("q_testing_s0_m100_*", 100, 0),
        ("q_testing_s0_m15_*", 15, 0),
        ("q_testing_s50_m10_*", 10, 0),
    ],
)
def test_recorded_answers(pattern: str, entries: int, unreadable: int) -> None:
    """Every entry of the real service's answers is read, and no name is garbled."""
    (path,) = (SHARED / "sources" / "arxiv-api").glob(f"{pattern}.xml")
    found = parse(path.read_bytes())
    assert (len(found.entries), len(found.unreadable)) == (entries, unreadable)
    assert all(e.ids and e.authors and e.abstract and e.published for e in found.entries)
    assert not any("Ã" in name for e in found.entries for name in e.authors)
