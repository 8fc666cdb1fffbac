"""Files and sources into the store: what can be read is kept, the rest is told."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.bootstrap import formats
from bot.errors import SourceError
from bot.papers.model import Entry, Listing, SourceState, Unreadable
from bot.profiles.model import Interest, Profile, Reference
from bot.sources import files
from bot.sources.base import Http, Known, SourceRequest
from bot.sources.files import ingest_file, read_listing
from bot.sources.ingest import SourceReport, ingest_source, ingest_sources, source_request
from bot.store.sources import Sources
from tests.support.builders import NOW, World, entry, make_profile

HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def lines(count: int, filler: str = "") -> bytes:
    """So many papers as JSON Lines."""
    rows = (
        {"id": f"test:{n}", "title": f"Paper number {n}", "abstract": f"{filler}{n}."} for n in range(count)
    )
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


FEED = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry>
<id>http://arxiv.org/abs/2605.00001v1</id><title>Robots</title><summary>They stack cups.</summary>
<published>2026-05-04T17:00:00Z</published><updated>2026-05-04T17:00:00Z</updated></entry></feed>"""


# --- Files ------------------------------------------------------------------------------------------------


def read(world: World, path: Path) -> SourceReport:
    return ingest_file(path, formats(), world.papers, NOW)


def put(folder: Path, content: bytes, name: str = "listing.txt") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "name", "entries"),
    [
        (lines(3), "papers.html", 3),  # its name does not matter
        (FEED, "feed.jsonl", 1),
        (b"\xef\xbb\xbf" + lines(1), "papers", 1),
        (gzip.compress(lines(3), mtime=0), "papers.jsonl", 3),
        (gzip.compress(FEED, mtime=0), "feed.xml.gz", 1),
        (gzip.compress(lines(2), mtime=0) + gzip.compress(lines(3)[len(lines(2)) :], mtime=0), "two.gz", 3),
    ],
)
def test_format_is_told_by_content(
    world: World, tmp_path: Path, content: bytes, name: str, entries: int
) -> None:
    """Whatever the file is called, gzipped or not, in one member or more."""
    report = read(world, put(tmp_path, content, name))
    assert (report.entries, report.changes["new"], report.unreadable) == (entries, entries, ())
    assert (report.name, report.failed) == (str(tmp_path / name), False)
    assert world.papers.count() == entries


def test_same_file_twice(world: World, tmp_path: Path) -> None:
    """Nothing is new the second time, and nothing is lost."""
    path = put(tmp_path, lines(3))
    read(world, path)
    report = read(world, path)
    assert (report.entries, report.changes["new"], report.changes["known"]) == (3, 0, 3)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"Dear diary", "is no listing that Paperboy knows"),
        (bytes(range(256)), "is no listing that Paperboy knows"),
        (b"\x1f\x8b\x08", "breaks off"),
        (b"\x1f\x8bnonsense", "breaks off"),
        (FEED.split(b"<entry>")[0] + b"</feed>", "holds no entries"),
    ],
)
def test_what_is_no_listing_is_told(world: World, tmp_path: Path, content: bytes, why: str) -> None:
    """A file without anything to read is one complaint that says what is wrong with it."""
    report = read(world, put(tmp_path, content))
    assert report.entries == 0
    assert any(why in one.why for one in report.unreadable)
    assert report.failed


def test_directory_and_missing_file_are_told(world: World, tmp_path: Path) -> None:
    """What cannot be opened is a complaint like any other, not an exception."""
    for path in (tmp_path, tmp_path / "missing.json", tmp_path / "paperboy.db" / "x"):
        report = read(world, path)
        assert [one.where for one in report.unreadable] == ["the file"]
        assert report.unreadable[0].why.startswith("cannot be read: ")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file_is_told(world: World, tmp_path: Path) -> None:
    """A file that may not be read says so."""
    path = put(tmp_path, lines(1))
    path.chmod(0)
    assert "Permission denied" in read(world, path).unreadable[0].why


@pytest.mark.parametrize("papers", [40, 4000])
def test_gzip_that_breaks_off_keeps_what_came_before(tmp_path: Path, papers: int) -> None:
    """A download that was cut off still has its first papers, and says that it breaks off."""
    noise = random.Random(1)  # what repeats itself would be packed into next to nothing
    content = b"".join(lines(1, noise.randbytes(150).hex()) for _ in range(papers))
    packed = gzip.compress(content, mtime=0)
    listing = read_listing(put(tmp_path, packed[: len(packed) // 2]), formats(), NOW.date())
    assert papers / 2 - 40 < len(listing.entries) < papers / 2 + 40
    assert len(listing.entries) > papers / 4
    assert any(one.why.startswith("breaks off") for one in listing.unreadable)


def test_gzip_followed_by_something_else(world: World, tmp_path: Path) -> None:
    """What stands after the packed data does not spoil them."""
    report = read(world, put(tmp_path, gzip.compress(lines(3)) + b"<html>"))
    assert report.entries == 3
    assert report.failed


def test_gzip_bomb_is_read_up_to_a_limit(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What unpacks to more than any listing has is read up to there, in bounded memory."""
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 20)
    bomb = gzip.compress(lines(3) + b" " * (64 << 20))
    report = read(world, put(tmp_path, bomb))
    assert report.entries == 3
    assert [one.why for one in report.unreadable] == ["unpacks to more than 1 MB: read up to there"]


# --- Sources ----------------------------------------------------------------------------------------------


class FakeSource:
    """Yields its pages; one that is an error is raised."""

    def __init__(self, *pages: Listing | SourceError, name: str = "arxiv-api") -> None:
        self.name = name
        self.pages = pages
        self.asked: list[SourceRequest] = []

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        self.asked.append(wanted)
        for page in self.pages:
            if isinstance(page, SourceError):
                raise page
            yield page


class FakeHttp:
    """Notes when validators are kept or dropped, and how many papers were stored by then."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.notes: list[tuple[str, int]] = []

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        raise AssertionError("no source here asks")

    def commit(self) -> None:
        self.notes.append(("commit", self._world.papers.count()))

    def rollback(self) -> None:
        self.notes.append(("rollback", self._world.papers.count()))


def page(*numbers: int, unreadable: str = "") -> Listing:
    trouble = (Unreadable("record 9", unreadable),) if unreadable else ()
    return Listing(tuple(entry(n, f"Paper number {n}") for n in numbers), trouble)


def ask(now: datetime = NOW) -> SourceRequest:
    return SourceRequest(categories=("cs.LG",), now=now)


def state(world: World, name: str = "arxiv-api") -> SourceState:
    found = Sources(world.database).get(name)
    assert found is not None
    return found


def fetch(
    world: World, source: FakeSource, http: FakeHttp | None = None, now: datetime = NOW
) -> SourceReport:
    return ingest_source(source, ask(now), http or FakeHttp(world), world.papers, Sources(world.database))


HOLIDAY = Listing(unreadable=(Unreadable("the feed", "a holiday", empty=True),))


@pytest.mark.parametrize(
    ("pages", "expected", "why", "entries", "advances"),
    [
        ([page(1, 2), page(3)], "ok", "", 3, True),
        ([], "idle", "nothing to ask for", 0, False),
        ([Listing()], "empty", "", 0, True),
        ([page(1, unreadable="no title")], "partial", "record 9: no title", 1, True),
        ([page(unreadable="not XML")], "failed", "record 9: not XML", 0, False),
        ([HOLIDAY], "empty", "the feed: a holiday", 0, True),
        ([SourceError("no connection")], "failed", "no connection", 0, False),
        ([page(1, 2), SourceError("no connection")], "failed", "no connection", 2, False),
    ],
)
def test_how_a_source_fared(
    world: World,
    pages: list[Listing | SourceError],
    expected: str,
    why: str,
    entries: int,
    advances: bool,
) -> None:
    """The report and the stored state agree; only an answer advances the last success."""
    report = fetch(world, FakeSource(*pages))
    assert (report.state, report.why, report.entries) == (expected, why, entries)
    assert world.papers.count() == entries
    stored = state(world)
    assert (stored.state, stored.why, stored.last_attempt) == (expected, why, NOW)
    assert stored.last_success == (NOW if advances else None)
    assert stored.last_new == (NOW if entries else None)
    assert report.failed is (expected in ("failed", "partial") or HOLIDAY in pages)


def test_failure_midway_keeps_what_came_before(world: World) -> None:
    """Stored stays stored, the first page's validators too; the last success does not move."""
    fetch(world, FakeSource(page(1)))
    http = FakeHttp(world)
    later = NOW + HOUR
    source = FakeSource(page(2), SourceError("no connection"))
    report = fetch(world, source, http, later)
    assert (report.entries, report.changes["new"]) == (1, 1)
    assert http.notes == [("commit", 2), ("rollback", 2)]
    assert state(world).last_success == NOW
    assert state(world).last_new == later


def test_validators_are_kept_only_of_what_is_stored(world: World) -> None:
    """After each page that could be read whole; a page that broke off is asked for again."""
    http = FakeHttp(world)
    fetch(world, FakeSource(page(1), page(2, unreadable="breaks off"), page(3)), http)
    assert http.notes == [("commit", 1), ("rollback", 2), ("commit", 3)]


def test_since_is_the_day_of_the_last_success(world: World) -> None:
    """A source that was never asked is told so; a failure does not move the day."""
    source = FakeSource(page(1))
    fetch(world, source)
    fetch(world, FakeSource(SourceError("no connection")), now=NOW + 24 * HOUR)
    fetch(world, source, now=NOW + 48 * HOUR)
    assert [one.since for one in source.asked] == [None, NOW.date()]


def test_retry_at_is_honoured(world: World) -> None:
    """A source that asked to be left alone is not asked until then; that is told, as it is kept for another try."""
    fetch(world, FakeSource(SourceError("busy", retry_after=3600.0)))
    assert state(world).retry_at == NOW + HOUR
    source = FakeSource(page(1))
    report = fetch(world, source, now=NOW + HOUR - timedelta(seconds=1))
    assert (report.state, source.asked, report.failed) == ("skipped", [], True)
    assert report.why == "asked to be left alone until 2026-05-05 09:30 UTC"
    assert state(world).why == "busy"
    assert fetch(world, source, now=NOW + HOUR).state == "ok"
    assert state(world).retry_at is None


def test_one_source_does_not_stop_another(world: World) -> None:
    """Each has its report, in order, as it is through."""
    sources = [
        FakeSource(SourceError("no connection"), name="a"),
        FakeSource(page(1), name="b"),
    ]
    reports = ingest_sources(sources, ask(), FakeHttp(world), world.papers, Sources(world.database))
    assert [(one.name, one.state) for one in reports] == [("a", "failed"), ("b", "ok")]


# --- What to ask for --------------------------------------------------------------------------------------


def test_wanted_is_the_union_of_the_profiles() -> None:
    """Sorted, each once; of the references only arXiv papers that are not stored and have no text of their own."""
    ada = make_profile(
        categories=("cs.LG", "cs.RO"),
        authors=("Seungwook Han",),
        like=(Reference("arxiv:1"), Reference("doi:10.1/x"), Reference(title="A book")),
    )
    bo = make_profile(
        id="bo",
        categories=("cs.AI", "cs.LG"),
        authors=("Pulkit Agrawal", "Seungwook Han"),
        like=(Reference("arxiv:3", "With a text", "of its own"), Reference("arxiv:4", "A title only")),
        dislike=(Reference("arxiv:2"),),
    )
    assert source_request([ada, bo], frozenset({"arxiv:2"}), NOW) == SourceRequest(
        categories=("cs.AI", "cs.LG", "cs.RO"),
        authors=("Pulkit Agrawal", "Seungwook Han"),
        papers=("arxiv:1", "arxiv:4"),
        now=NOW,
    )
    assert source_request([], frozenset(), NOW) == SourceRequest(now=NOW)
    assert source_request([Profile("c", interests=(Interest("x"),))], frozenset(), NOW) == SourceRequest(
        now=NOW
    )


def test_wanted_has_an_aware_clock() -> None:
    """A naive time is rejected when the value is made."""
    with pytest.raises(ValueError, match="naive"):
        SourceRequest(now=NOW.replace(tzinfo=None))
    assert SourceRequest(now=datetime(2026, 5, 5, tzinfo=UTC)).since is None


def test_reference_by_title_is_not_asked_for() -> None:
    """A BibTeX entry without an id is text enough."""
    assert source_request([make_profile(like=(Reference(title="A book"),))], frozenset(), NOW).papers == ()


def test_entry_of_a_test_is_an_entry() -> None:
    """The builder makes what a source makes."""
    assert entry(7, "Robots") == Entry("arxiv", "Robots", ids=("arxiv:2605.00007",))
