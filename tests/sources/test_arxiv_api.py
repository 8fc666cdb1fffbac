"""arXiv's search API: what is read of its Atom, what is asked, and when it stops asking."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers.model import Entry, Unreadable
from bot.sources.arxiv import api
from bot.sources.arxiv.api import MOST_RESULTS, ArxivApi, parse
from bot.sources.arxiv.common import is_withdrawn, mended, split_authors
from bot.sources.base import SourceRequest

SHARED = Path(__file__).parents[3] / "shared" / "sources" / "arxiv-api"
NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)

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


class Service:
    """Answers in turn, the last one for ever; remembers what it was asked."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, str]] = []

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        self.asked.append(dict(params or {}))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def nothing_known(entries: tuple[Entry, ...]) -> frozenset[int]:
    return frozenset()


def all_known(entries: tuple[Entry, ...]) -> frozenset[int]:
    return frozenset(range(len(entries)))


def wanted(**changes: object) -> SourceRequest:
    return SourceRequest(**{"categories": ("cs.LG",), "now": NOW, **changes})  # type: ignore[arg-type]


def test_reads_every_field() -> None:
    """Primary category first, names mended, the version apart from the id, the DOI a second id."""
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
        ("2026-05-27T09:00:00Z", "2026-02-30T09:00:00Z", 'published "2026-02-30T09:00:00Z" is no date', True),
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
def test_a_fault_in_an_entry_is_told_with_its_place(old: str, new: str, why: str, kept: bool) -> None:
    """The entry is kept where something of it can be; its neighbour always."""
    page = entry().replace(old, new)
    found = parse(feed(page, entry(2)))
    assert [u.why for u in found.unreadable] == [why]
    assert found.unreadable[0].where.startswith("entry 1 (")
    assert len(found.entries) == 1 + kept


def test_an_error_is_no_paper() -> None:
    """arXiv tells errors as an entry."""
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
def test_withdrawal_is_told_in_words(text: str, expected: bool) -> None:
    """Of arXiv, that is; a conference's business is none of ours."""
    assert is_withdrawn(text) is expected


def test_a_withdrawn_paper_is_marked() -> None:
    """By the author's remark as well as by the abstract."""
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
def test_only_utf8_read_as_latin1_is_mended(text: str, expected: str) -> None:
    """Every other text stays as it is."""
    assert mended(text) == expected


@given(st.text())
def test_mending_never_touches_ascii_and_never_raises(text: str) -> None:
    """And the result of a change has something that is not ASCII."""
    assert mended(text) == text or not mended(text).isascii()


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
        ("Paulo Andr\\'e, Erd{\\H o}s", ("Paulo Andr\\'e", "Erd{\\H o}s")),
        ("Ada Example (unclosed, Bo Sample", ("Ada Example (unclosed", "Bo Sample")),
        ("", ()),
        (", and ,", ()),
    ],
)
def test_a_line_of_authors_is_split_into_names(line: str, names: tuple[str, ...]) -> None:
    """Affiliations go, suffixes stay with their name."""
    assert split_authors(line) == names


def test_asks_for_categories_and_authors_together() -> None:
    """Newest submissions first, a hundred at a time."""
    service = Service(feed(entry()))
    asked = wanted(categories=("cs", "cs.LG"), authors=('Seungwook "Han"',))
    (listing,) = ArxivApi("http://h").fetch(asked, service, nothing_known)
    assert len(listing.entries) == 1
    assert service.asked == [
        {
            "search_query": '(cat:cs.* OR cat:cs.LG OR au:"Seungwook Han")',
            "sortBy": "submittedDate",
            "sortOrder": "descending",
            "start": "0",
            "max_results": "100",
        }
    ]


def test_pages_until_all_results_are_seen() -> None:
    """The next page begins where the last ended, however many it held."""
    service = Service(feed(entry(1), entry(2), total=3), feed(entry(3), total=3))
    listings = list(ArxivApi().fetch(wanted(), service, nothing_known))
    assert [len(listing.entries) for listing in listings] == [2, 1]
    assert [asked["start"] for asked in service.asked] == ["0", "2"]


@pytest.mark.parametrize(
    ("since", "published", "pages"),
    [
        (None, "2026-05-21", 1),  # before now - 7 days = May 22
        (None, "2026-05-22", 2),
        (date(2026, 5, 20), "2026-05-12", 1),  # before since - 7 days = May 13
        (date(2026, 5, 20), "2026-05-13", 2),
        (date(2026, 6, 20), "2026-05-22", 2),  # the clock was set back: now - 7 days counts
    ],
)
def test_stops_at_what_is_too_old(since: date | None, published: str, pages: int) -> None:
    """Moderation holds papers back for days, so what is a week older than the last answer is still looked at."""
    old = entry(1, published=f"{published}T09:00:00Z")
    service = Service(feed(old, total=2), feed(entry(2), total=2))
    listings = list(ArxivApi().fetch(wanted(since=since), service, nothing_known))
    assert len(listings) == pages


@pytest.mark.parametrize(
    ("since", "pages"),
    [(date(2026, 5, 28), 1), (date(2026, 5, 27), 2), (None, 2)],
)
def test_stops_at_known_works_where_the_last_answer_reaches(since: date | None, pages: int) -> None:
    """Published on May 27, all known: read before if the last complete answer is later, else perhaps not."""
    service = Service(feed(entry(1), total=2), feed(entry(2), total=2))
    assert len(list(ArxivApi().fetch(wanted(since=since), service, all_known))) == pages


def test_knows_a_page_before_it_is_stored() -> None:
    """The caller stores each page as it comes: what is asked of `known` is the state before."""
    stored: set[str] = set()

    def known(entries: tuple[Entry, ...]) -> frozenset[int]:
        return frozenset(i for i, e in enumerate(entries) if e.ids[0] in stored)

    service = Service(feed(entry(1), total=2), feed(entry(2), total=2))
    for listing in ArxivApi().fetch(wanted(since=date(2026, 5, 28)), service, known):
        stored.update(e.ids[0] for e in listing.entries)
    assert stored == {"arxiv:2605.00001", "arxiv:2605.00002"}


def test_an_empty_page_that_should_not_be_is_asked_for_again() -> None:
    """Twice more; then it is told, and the rest of the fetch goes on."""
    service = Service(feed(total=5), feed(total=5), feed(entry(), total=1))
    assert [len(page.entries) for page in ArxivApi().fetch(wanted(), service, nothing_known)] == [1]
    service = Service(feed(total=5))
    (listing,) = ArxivApi().fetch(wanted(), service, nothing_known)
    assert len(service.asked) == 3
    assert listing.unreadable[0].where == "results from 1"


def test_no_results_are_no_fault() -> None:
    """An empty page of none is asked for once and not complained about."""
    service = Service(feed())
    (listing,) = ArxivApi().fetch(wanted(), service, nothing_known)
    assert (listing.entries, listing.unreadable, len(service.asked)) == ((), (), 1)


def test_an_unchanged_page_is_passed_over() -> None:
    """It was stored, but perhaps not what follows it."""
    service = Service(None, feed(entry(), total=101))
    listings = list(ArxivApi().fetch(wanted(), service, nothing_known))
    assert [len(listing.entries) for listing in listings] == [0, 1]
    assert [asked["start"] for asked in service.asked] == ["0", "100"]


def test_never_asks_beyond_arxivs_limit() -> None:
    """30,000 results are all that arXiv gives of one query."""
    service = Service(None)
    assert not any(listing.entries for listing in ArxivApi().fetch(wanted(), service, nothing_known))
    assert max(int(a["start"]) + int(a["max_results"]) for a in service.asked) == MOST_RESULTS


def test_many_terms_become_several_queries() -> None:
    """No URL grows beyond what every proxy takes, and no term is lost."""
    names = tuple(f"Author Number {n}" for n in range(100))
    service = Service(feed())
    list(ArxivApi().fetch(wanted(categories=(), authors=names), service, nothing_known))
    queries = [asked["search_query"] for asked in service.asked]
    assert sum(query.count("au:") for query in queries) == 100
    assert max(map(len, queries)) < 1_500 < sum(map(len, queries))


def test_asks_for_papers_by_id_as_references() -> None:
    """Only arXiv can be asked, and only for its own ids; what comes is no news."""
    service = Service(feed(entry()))
    papers = ("arxiv:2605.00001", "arxiv:astro-ph/0601001", "doi:10.1/x")
    (listing,) = ArxivApi().fetch(wanted(categories=(), papers=papers), service, nothing_known)
    assert [asked["id_list"] for asked in service.asked] == ["2605.00001,astro-ph/0601001"]
    assert [e.reference for e in listing.entries] == [True]


def test_many_papers_become_several_requests() -> None:
    """At most a hundred ids each."""
    service = Service(feed())
    papers = tuple(f"arxiv:2605.{n:05d}" for n in range(250))
    list(ArxivApi().fetch(wanted(categories=(), papers=papers), service, nothing_known))
    lists = [asked["id_list"].split(",") for asked in service.asked]
    assert sum(map(len, lists)) == 250
    assert max(map(len, lists)) <= 100


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001/api/query"),
        ("http://127.0.0.1:8001/", "http://127.0.0.1:8001/api/query"),
        ("http://127.0.0.1:8001/my/api", "http://127.0.0.1:8001/my/api"),
        (api.DEFAULT_URL, "https://export.arxiv.org/api/query"),
    ],
)
def test_the_base_url_may_lack_its_path(base: str, url: str) -> None:
    """A host alone is completed; anything else is used as given."""

    class Listener(Service):
        def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
            heard.append(url)
            return super().get(url, params)

    heard: list[str] = []
    list(ArxivApi(base).fetch(wanted(), Listener(feed()), nothing_known))
    assert heard == [url]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded answers are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "entries", "unreadable"),
    [
        ("id_0000.0000", 0, 0),
        ("id_0808.05394_1707.08567", 1, 0),
        ("id_abc", 0, 1),
        ("id_astro-ph_0601001", 1, 0),
        ("q_testing_s0_m100", 100, 0),
        ("q_testing_s0_m15", 15, 0),
        ("q_testing_s50_m10", 10, 0),
    ],
)
def test_recorded_answers(name: str, entries: int, unreadable: int) -> None:
    """Every entry of the real service's answers is read, with nothing garbled left in a name."""
    (path,) = SHARED.glob(f"{name}_[s0-9]*_*.xml") if "_m" not in name else SHARED.glob(f"{name}_*.xml")
    found = parse(path.read_bytes())
    assert (len(found.entries), len(found.unreadable)) == (entries, unreadable)
    assert all(e.ids and e.authors and e.abstract and e.published for e in found.entries)
    assert not any("Ã" in name for e in found.entries for name in e.authors)
