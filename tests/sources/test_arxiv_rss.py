"""arXiv's daily feed: what is read of an item, when an empty feed is a problem, and how much is asked at once."""

from __future__ import annotations

import pytest

from bot.papers.model import Entry, Unreadable
from bot.sources.arxiv import rss
from bot.sources.arxiv.rss import ArxivRss, parse
from tests.sources.support import SHARED, Service, fetch, needs_shared

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


def test_reads_every_field() -> None:
    """The version is that of the guid, the abstract has no header, the day is in US Eastern time."""
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
    ("kind", "version", "number", "announced", "crossed"),
    [
        ("new", "v1", "2605.00001", "2026-05-29", None),
        ("cross", "v1", "2605.00001", "2026-05-29", "2026-05-29"),  # in two categories from the first day on
        ("cross", "v1", "2603.00001", None, "2026-05-29"),  # its number is of another month
        ("cross", "v2", "2605.00001", None, "2026-05-29"),
        ("CROSS", "v1", "hep-th/9901001", None, "2026-05-29"),
        ("replace", "v2", "2605.00001", None, None),  # announced when it was v1
        ("replace-cross", "v3", "2603.00001", None, None),
    ],
)
def test_days_of_announcement(
    kind: str, version: str, number: str, announced: str | None, crossed: str | None
) -> None:
    """Of the first announcement, and of the cross-listing. The type may be in the description only."""
    page = item(kind, version).replace("2605.00001", number)
    for text in (page, page.replace(f"<arxiv:announce_type>{kind}</arxiv:announce_type>", "")):
        (found,) = parse(feed(text)).entries
        assert (found.ids[0], found.announced, found.crossed) == (f"arxiv:{number}", announced, crossed)
        assert found.version == int(version[1:])


def test_the_id_may_be_in_the_header_or_the_link_only() -> None:
    """In a feed without guids, as of some mirrors. A paper with an unknown id is kept without an address."""
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
    (found,) = parse(feed(item().replace("2605.00001", "nonsense").replace("10.1234/Cups.7", ""))).entries
    assert (found.ids, found.url, found.title) == ((), None, "Cups and Saucers")


@pytest.mark.parametrize(
    ("old", "new", "why", "kept"),
    [
        ("<title>Cups and Saucers</title>", "", "no title: left out", 0),
        ("We stack cups &amp; stop.", "", "no abstract", 1),
        (
            "Fri, 29 May 2026",
            "Fri, 31 Feb 2026",
            'pubDate "Fri, 31 Feb 2026 00:00:00 -0400" is not a date',
            1,
        ),
    ],
)
def test_a_problem_in_an_item_is_reported_with_its_place(old: str, new: str, why: str, kept: int) -> None:
    """The item is kept if it has a title."""
    found = parse(feed(item().replace(old, new)))
    assert found.unreadable == (Unreadable("item 1 (arxiv:2605.00001)", why),)
    assert len(found.entries) == kept


@pytest.mark.parametrize(
    ("dates", "skip", "is_reported"),
    [
        ("<pubDate>Sat, 30 May 2026 00:00:00 -0400</pubDate>", SKIP, False),
        ("<pubDate>Sun, 31 May 2026 00:00:00 -0400</pubDate>", "", False),
        # 03:00 UTC on Monday is still Sunday in US Eastern time
        ("<lastBuildDate>Mon, 01 Jun 2026 03:00:00 +0000</lastBuildDate>", SKIP, False),
        ("<lastBuildDate>Mon, 01 Jun 2026 05:00:00 +0000</lastBuildDate>", SKIP, True),
        ("<pubDate>Mon, 25 May 2026 00:00:00 -0400</pubDate>", SKIP, True),  # Memorial Day
        (
            "<pubDate>Fri, 29 May 2026 00:00:00 -0400</pubDate>",
            "<skipDays><day>Friday</day></skipDays>",
            False,
        ),
        ("", SKIP, True),
        ("<pubDate>someday</pubDate>", SKIP, True),
    ],
)
def test_an_empty_feed_is_reported_on_announcement_days(dates: str, skip: str, is_reported: bool) -> None:
    """According to the days that the feed itself skips, in US Eastern time. It is not a failure: see `empty`."""
    found = parse(feed(dates=dates, skip=skip))
    assert found.entries == ()
    assert [u.where for u in found.unreadable] == ["the feed"] * is_reported
    assert all(u.empty is ("on a weekday" in u.why) for u in found.unreadable)


def test_a_full_feed_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """arXiv cuts feeds off without saying so."""
    monkeypatch.setattr(rss, "MAX_ITEMS", 2)
    assert "there may be more" in parse(feed(item(), item())).unreadable[0].why
    assert not parse(feed(item())).unreadable


def test_categories_are_requested_in_groups_of_twenty() -> None:
    """`cs.C0+cs.C1` in the path. Without a category there is no feed to ask for, also for followed authors."""
    service = Service(feed(item()))
    listings = fetch(ArxivRss("http://h"), service, categories=tuple(f"cs.C{n}" for n in range(21)))
    assert len(listings) == 2
    assert service.urls == ["http://h/rss/" + "+".join(f"cs.C{n}" for n in range(20)), "http://h/rss/cs.C20"]
    assert fetch(ArxivRss(), service, authors=("Ada Example",)) == []


@needs_shared
@pytest.mark.parametrize(
    ("name", "versions"),
    [("jmamath_rss_cs_lg.xml", [1, 1, 1]), ("laya-reader_rss_multi_2026-09-24.xml", [1, 1, 2, 3])],
)
def test_recorded_answers(name: str, versions: list[int]) -> None:
    """Every item of the real service's feeds is read."""
    found = parse((SHARED / "sources" / "arxiv-rss" / name).read_bytes())
    assert found.unreadable == ()
    assert [e.version for e in found.entries] == versions
    assert all(e.authors and e.categories and not e.abstract.startswith("arXiv:") for e in found.entries)
    assert [e.announced is not None for e in found.entries] == [v == 1 for v in versions]
