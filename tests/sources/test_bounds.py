"""What one entry may carry: the rest is cut and reported, and the entry is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bot.papers.calendar import ArxivCalendar
from bot.papers.model import Entry, Listing, Unreadable
from bot.sources import jsonlines
from bot.sources.arxiv import rss
from bot.sources.bounds import bounded
from bot.sources.files import ingest_file
from bot.sources.huggingface import api as hf_api
from bot.sources.ingest import ingest_sources
from bot.sources.registry import FORMATS
from bot.store.lookups import Lookups
from bot.store.sources import Sources
from tests.sources.test_ingest import FakeHttp, FakeSource, ask
from tests.support.builders import NOW, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def whole(**changes: object) -> Entry:
    return Entry(**{"source": "arxiv", "title": "T", "ids": ("arxiv:2605.00001",), **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "kept", "why"),
    [
        (
            {"title": "t" * 1_001},
            {"title": "t" * 1_000},
            "a title of more than 1,000 characters: cut off there",
        ),
        (
            {"abstract": "a" * 20_001},
            {"abstract": "a" * 20_000},
            "an abstract of more than 20,000 characters: cut off there",
        ),
        (
            {"authors": ("A",) * 10_001},
            {"authors": ("A",) * 10_000, "author_count": 10_001},
            "10,001 authors: the first 10,000 are kept",
        ),
        (
            {"authors": ("A" * 201, "B" * 300)},
            {"authors": ("A" * 200, "B" * 200), "author_count": 2},
            "a name of more than 200 characters: cut off there",
        ),
        (
            {"categories": ("cs.LG",) * 101},
            {"categories": ("cs.LG",) * 100},
            "101 categories: the first 100 are kept",
        ),
        (
            {"url": "http://h/" + "x" * 2_000},
            {"url": None},
            "an address of more than 2,000 characters: left out",
        ),
        (
            {"organization": "O" * 201},
            {"organization": "O" * 200},
            "an organization of more than 200 characters: cut off there",
        ),
    ],
)
def test_what_is_cut(given: dict[str, object], kept: dict[str, object], why: str) -> None:
    """Each bound is one complaint, which names the entry; what could not be read comes before it."""
    before = Unreadable("record 9", "no title")
    found = bounded(Listing((whole(**given), whole()), (before,)))
    assert found.entries == (whole(**kept), whole())
    assert found.unreadable == (before, Unreadable("arxiv:2605.00001", why))


def test_an_id_that_is_too_long_is_left_out() -> None:
    """The entry is then known by its title, which the complaint quotes."""
    found = bounded(Listing((whole(ids=("x:" + "1" * 2_000,)),)))
    assert found.entries == (whole(ids=()),)
    assert found.unreadable == (Unreadable('"T"', "an id of more than 2,000 characters: left out"),)


def test_an_entry_within_the_bounds_is_unchanged() -> None:
    """As large as any real one."""
    listing = Listing((whole(title="t" * 1_000, abstract="a" * 20_000, authors=("A" * 200,) * 5_154),))
    assert bounded(listing) == listing


BIG = "some words of $x^2$ and \\emph{more} of them " * 250_000  # 10 MB
ANSWERS = {
    jsonlines: json.dumps({"id": "arxiv:2605.00001", "title": BIG, "abstract": BIG}),
    hf_api: json.dumps([{"paper": {"id": "2605.00001", "title": BIG, "summary": BIG}}]),
    rss: f"<rss><channel><item><guid>oai:arXiv.org:2605.00001v1</guid><title>{BIG[:9_000_000]}</title>"
    f"<description>{BIG[:9_000_000]}</description></item></channel></rss>",
}


@pytest.mark.parametrize("form", ANSWERS, ids=["json lines", "hugging face", "rss"])
def test_ten_megabytes_are_stored_quickly(world: World, tmp_path: Path, form: object) -> None:
    """As a saved file in any format; the paper is stored with its id, and the report names both cuts."""
    file = tmp_path / "listing"
    file.write_text(ANSWERS[form])
    begun = time.thread_time()
    report = ingest_file(file, FORMATS, world.papers, NOW)
    assert time.thread_time() - begun < 10  # it took half a minute
    (paper,) = world.papers.all()
    assert paper.id == "arxiv:2605.00001"
    assert (len(paper.title) // 10, len(paper.abstract) // 10) == (
        99,
        2_000,
    )  # without the white space at the cut
    assert [problem.why.partition(":")[2] for problem in report.unreadable] == [" cut off there"] * 2


def test_a_source_whose_entry_is_cut_has_not_failed(world: World) -> None:
    """It is "partial", and its other entries are stored like ever."""
    source = FakeSource(Listing((whole(title="t" * 2_000),)))
    (report,) = ingest_sources(
        [source],
        ask(),
        FakeHttp(world),
        world.papers,
        Sources(world.database),
        Lookups(world.database),
        ArxivCalendar(),
    )
    assert (report.state, report.entries, world.papers.count()) == ("partial", 1, 1)
    assert report.why == "arxiv:2605.00001: a title of more than 1,000 characters: cut off there"


def test_a_page_of_names_is_bounded() -> None:
    """Thirty thousand names on one line of a feed."""
    names = ", ".join(f"Ann Author{n}" for n in range(30_000))
    feed = (
        '<rss xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><item><guid>oai:arXiv.org:2605.00001v1</guid>'
        f"<title>T</title><description>D</description><dc:creator>{names}</dc:creator></item></channel></rss>"
    )
    (found,) = bounded(rss.parse(feed.encode(), date(2026, 5, 4))).entries
    assert (len(found.authors), found.author_count) == (10_000, len(names[:500_000].split(", ")))
