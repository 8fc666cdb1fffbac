"""arXiv's daily feed: what is read of an item, when an empty feed is a fault, and how much is asked at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.arxiv import rss
from bot.sources.arxiv.rss import ArxivRss, parse
from bot.sources.base import SourceRequest

SHARED = Path(__file__).parents[3] / "shared" / "sources" / "arxiv-rss"
NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)

ITEM = """<item>
  <title>Cups and Saucers</title>
  <link>https://arxiv.org/abs/2605.00001</link>
  <description>arXiv:2605.00001{version} Announce Type: {kind} 
Abstract: We stack cups &amp; stop.</description>
  <guid isPermaLink="false">oai:arXiv.org:2605.00001{version}</guid>
  <category>cs.LG</category><category>cs.RO</category>
  <pubDate>Fri, 29 May 2026 00:00:00 -0400</pubDate>
  <arxiv:announce_type>{kind}</arxiv:announce_type>
  <arxiv:DOI>10.1234/Cups.7</arxiv:DOI>
  <dc:creator>Ada Example, Bo Sample, Jr.</dc:creator>
</item>"""  # noqa: W291 (arXiv writes that blank)
SKIP = "<skipDays><day>Saturday</day><day>Sunday</day></skipDays>"


def item(kind: str = "new", version: str = "v1") -> str:
    return ITEM.format(kind=kind, version=version)


def feed(
    *items: str, dates: str = "<pubDate>Fri, 29 May 2026 00:00:00 -0400</pubDate>", skip: str = SKIP
) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel><title>cs.LG</title>'
        f"{dates}{skip}{''.join(items)}</channel></rss>"
    ).encode()


class Service:
    """Always the same answer; remembers the addresses."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        self.asked.append(url)
        return self.answer


def nothing_known(entries: tuple[Entry, ...]) -> frozenset[int]:
    return frozenset()


def test_reads_every_field() -> None:
    """The version comes from the guid, the abstract without its header, the day as arXiv's calendar has it."""
    (found,) = parse(feed(item())).entries
    assert found == Entry(
        "arxiv",
        title="Cups and Saucers",
        abstract="We stack cups & stop.",
        ids=("arxiv:2605.00001", "doi:10.1234/cups.7"),
        authors=("Ada Example", "Bo Sample Jr."),
        categories=("cs.LG", "cs.RO"),
        url="https://arxiv.org/abs/2605.00001",
        version=1,
        announced="2026-05-29",
    )


@pytest.mark.parametrize(
    ("kind", "version", "announced"),
    [
        ("new", "v1", "2026-05-29"),
        ("cross", "v1", "2026-05-29"),
        ("cross", "v2", None),  # announced when it was v1
        ("replace", "v2", None),
        ("replace-cross", "v3", None),
    ],
)
def test_only_a_first_announcement_has_its_day(kind: str, version: str, announced: str | None) -> None:
    """What is replaced was announced before; the type may stand in the description alone."""
    page = item(kind, version)
    for text in (page, page.replace(f"<arxiv:announce_type>{kind}</arxiv:announce_type>", "")):
        (found,) = parse(feed(text)).entries
        assert (found.announced, found.version) == (announced, int(version[1:]))


@pytest.mark.parametrize(
    ("kind", "version", "number", "announced", "crossed"),
    [
        ("new", "v1", "2605.00001", "2026-05-29", None),
        ("cross", "v1", "2605.00001", "2026-05-29", "2026-05-29"),  # in two categories from the first day on
        ("cross", "v1", "2603.00001", None, "2026-05-29"),  # its number is of another month
        ("cross", "v2", "2605.00001", None, "2026-05-29"),
        ("CROSS", "v1", "hep-th/9901001", None, "2026-05-29"),
        ("replace-cross", "v3", "2603.00001", None, None),
    ],
)
def test_a_cross_listing_has_its_day(
    kind: str, version: str, number: str, announced: str | None, crossed: str | None
) -> None:
    """So that what is news in a category is told from what is new."""
    (found,) = parse(feed(item(kind, version).replace("2605.00001", number))).entries
    assert (found.ids[0], found.announced, found.crossed) == (f"arxiv:{number}", announced, crossed)


def test_the_id_may_stand_in_the_link_or_the_header_only() -> None:
    """A feed without guids, as some mirrors write it."""
    without_guid = item(version="v4").replace("oai:arXiv.org:2605.00001v4", "")
    (found,) = parse(feed(without_guid)).entries
    assert (found.ids[0], found.version) == ("arxiv:2605.00001", 4)
    link_only = without_guid.replace("arXiv:2605.00001v4 Announce Type: new \nAbstract: ", "")
    (found,) = parse(feed(link_only)).entries
    assert (found.ids[0], found.version, found.abstract) == (
        "arxiv:2605.00001",
        None,
        "We stack cups & stop.",
    )


@pytest.mark.parametrize(
    ("old", "new", "why", "kept"),
    [
        ("<title>Cups and Saucers</title>", "", "no title: left out", 0),
        ("We stack cups &amp; stop.", "", "no abstract", 1),
        ("Fri, 29 May 2026", "Fri, 31 Feb 2026", 'pubDate "Fri, 31 Feb 2026 00:00:00 -0400" is no date', 1),
    ],
)
def test_a_fault_in_an_item_is_told_with_its_place(old: str, new: str, why: str, kept: int) -> None:
    """The item is kept where something of it can be."""
    found = parse(feed(item().replace(old, new)))
    assert found.unreadable == (Unreadable("item 1 (arxiv:2605.00001)", why),)
    assert len(found.entries) == kept


def test_an_unknown_id_keeps_the_paper_under_its_title() -> None:
    """It cannot be linked, but it can be read."""
    page = item().replace("2605.00001", "nonsense").replace("10.1234/Cups.7", "")
    (found,) = parse(feed(page)).entries
    assert (found.ids, found.url, found.title) == ((), None, "Cups and Saucers")


@pytest.mark.parametrize(
    ("dates", "skip", "fault"),
    [
        ("<pubDate>Sat, 30 May 2026 00:00:00 -0400</pubDate>", SKIP, False),
        ("<pubDate>Sun, 31 May 2026 00:00:00 -0400</pubDate>", "", False),
        # 03:00 UTC on Monday is still Sunday in the US East
        ("<lastBuildDate>Mon, 01 Jun 2026 03:00:00 +0000</lastBuildDate>", SKIP, False),
        ("<lastBuildDate>Mon, 01 Jun 2026 05:00:00 +0000</lastBuildDate>", SKIP, True),
        ("<pubDate>Mon, 25 May 2026 00:00:00 -0400</pubDate>", SKIP, True),
        (
            "<pubDate>Fri, 29 May 2026 00:00:00 -0400</pubDate>",
            "<skipDays><day>Friday</day></skipDays>",
            False,
        ),
        ("", SKIP, True),
        ("<pubDate>someday</pubDate>", SKIP, True),
    ],
)
def test_an_empty_feed_is_a_fault_unless_arxiv_rests(dates: str, skip: str, fault: bool) -> None:
    """By the feed's own days of rest, on the clock of the US East."""
    found = parse(feed(dates=dates, skip=skip))
    assert found.entries == ()
    assert [u.where for u in found.unreadable] == ["the feed"] * fault


def test_a_holiday_is_told_in_words() -> None:
    """Memorial Day, a Monday."""
    found = parse(feed(dates="<pubDate>Mon, 25 May 2026 00:00:00 -0400</pubDate>"))
    why = "no items on a weekday: an arXiv holiday or a fault"
    assert found.unreadable == (Unreadable("the feed", why, empty=True),)


def test_a_full_feed_is_suspected_of_missing_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """arXiv cuts feeds off without a word."""
    monkeypatch.setattr(rss, "MOST_ITEMS", 2)
    assert "there may be more" in parse(feed(item(), item())).unreadable[0].why
    assert not parse(feed(item())).unreadable


def test_categories_share_a_request_in_groups_of_twenty() -> None:
    """`cs.C0+cs.C1` in the path."""
    service = Service(feed(item()))
    asked = SourceRequest(tuple(f"cs.C{n}" for n in range(21)), now=NOW)
    listings = list(ArxivRss("http://h").fetch(asked, service, nothing_known))
    assert len(listings) == 2
    assert service.asked == ["http://h/rss/" + "+".join(f"cs.C{n}" for n in range(20)), "http://h/rss/cs.C20"]


def test_an_unchanged_feed_has_nothing_on_it() -> None:
    """The same announcement twice a day is stored once; that it was answered is known."""
    assert list(ArxivRss().fetch(SourceRequest(("cs.LG",), now=NOW), Service(None), nothing_known)) == [
        Listing()
    ]


def test_followed_authors_are_none_of_its_business() -> None:
    """Without a category there is no feed to ask for."""
    service = Service(feed())
    assert not list(
        ArxivRss().fetch(SourceRequest(authors=("Ada Example",), now=NOW), service, nothing_known)
    )
    assert service.asked == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded answers are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "versions"),
    [("jmamath_rss_cs_lg.xml", [1, 1, 1]), ("laya-reader_rss_multi_2026-09-24.xml", [1, 1, 2, 3])],
)
def test_recorded_answers(name: str, versions: list[int]) -> None:
    """Every item of the real service's feeds is read."""
    found = parse((SHARED / name).read_bytes())
    assert found.unreadable == ()
    assert [e.version for e in found.entries] == versions
    assert all(e.authors and e.categories and not e.abstract.startswith("arXiv:") for e in found.entries)
    assert [e.announced is not None for e in found.entries] == [v == 1 for v in versions]
