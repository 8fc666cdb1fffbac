"""Files and sources into the store: what can be read is kept, the rest is reported."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import Event

import pytest

from bot.errors import DatabaseError, PaperboyError, ShutdownRequested, SourceError
from bot.papers.calendar import ArxivCalendar
from bot.papers.identity import title_key
from bot.papers.merge import Change
from bot.papers.model import Listing, SourceState, Unreadable
from bot.profiles.model import Interest, Profile, Reference
from bot.sources import files
from bot.sources.base import Http, Known, SourceRequest
from bot.sources.files import ingest_file, read_listing
from bot.sources.ingest import ASK_AGAIN, MAX_TITLES, SourceReport, ingest_sources, refresh, source_request
from bot.sources.registry import FORMATS
from bot.store.lookups import Lookups
from bot.store.sources import Sources
from tests.support.builders import NOW, World, entry, make_profile

HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def lines(count: int, filler: str = "") -> bytes:
    """`count` papers as JSON Lines."""
    rows = (
        {"id": f"test:{n}", "title": f"Paper number {n}", "abstract": f"{filler}{n}."} for n in range(count)
    )
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


FEED = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry>
<id>http://arxiv.org/abs/2605.00001v1</id><title>Robots</title><summary>They stack cups.</summary>
<published>2026-05-04T17:00:00Z</published><updated>2026-05-04T17:00:00Z</updated></entry></feed>"""


# --- Files ------------------------------------------------------------------------------------------------


def read(world: World, path: Path) -> SourceReport:
    return ingest_file(path, FORMATS, world.papers, NOW)


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
def test_the_format_is_recognised_by_content(
    world: World, tmp_path: Path, content: bytes, name: str, entries: int
) -> None:
    """Whatever the name, gzipped or not, in one member or more. The second time nothing is new."""
    report = read(world, put(tmp_path, content, name))
    assert (report.entries, report.changes[Change.NEW], report.unreadable) == (entries, entries, ())
    assert (report.name, report.failed) == (str(tmp_path / name), False)
    assert world.papers.count() == entries
    assert read(world, tmp_path / name).changes == {Change.KNOWN: entries}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"Dear diary", "is not a listing that Paperboy can read"),
        (bytes(range(256)), "is not a listing that Paperboy can read"),
        (b"\x1f\x8b\x08", "breaks off"),
        (b"\x1f\x8bnonsense", "breaks off"),
        (FEED.split(b"<entry>")[0] + b"</feed>", "holds no entries"),
    ],
)
def test_a_file_without_entries_is_reported(world: World, tmp_path: Path, content: bytes, why: str) -> None:
    """With the reason."""
    report = read(world, put(tmp_path, content))
    assert report.entries == 0
    assert any(why in problem.why for problem in report.unreadable)
    assert report.failed


def test_a_file_that_cannot_be_opened_is_reported(world: World, tmp_path: Path) -> None:
    """There is no exception."""
    for path in (tmp_path / "missing.json", tmp_path / "paperboy.db" / "x"):
        report = read(world, path)
        assert [problem.where for problem in report.unreadable] == ["the file"]
        assert report.unreadable[0].why.startswith("cannot be read: ")


def test_a_folder_stands_for_its_files(world: World, tmp_path: Path) -> None:
    """By name, without hidden ones and folders. One without files is reported."""
    folder = tmp_path / "days"
    (folder / "older").mkdir(parents=True)
    for name in ("b.jsonl", "a.txt", ".hidden"):
        put(folder, lines(1), name)
    assert files.listing_files(folder) == [folder / "a.txt", folder / "b.jsonl"]
    assert files.listing_files(empty := folder / "older") == [empty]
    assert [problem.why for problem in read(world, empty).unreadable] == ["holds no files"]


@pytest.mark.parametrize("papers", [40, 4000])
def test_gzip_that_breaks_off_keeps_what_came_before(tmp_path: Path, papers: int) -> None:
    """The first papers of an incomplete download are kept, and the break is reported. Data after the gzip are too."""
    noise = random.Random(1)  # incompressible
    content = b"".join(lines(1, noise.randbytes(150).hex()) for _ in range(papers))
    packed = gzip.compress(content, mtime=0)
    listing = read_listing(put(tmp_path, packed[: len(packed) // 2]), FORMATS, NOW.date())
    assert papers / 2 - 40 < len(listing.entries) < papers / 2 + 40
    assert len(listing.entries) > papers / 4
    assert any(problem.why.startswith("breaks off") for problem in listing.unreadable)
    listing = read_listing(put(tmp_path, packed + b"<html>"), FORMATS, NOW.date())
    assert (len(listing.entries), len(listing.unreadable)) == (papers, 1)


def test_gzip_bomb_is_read_up_to_a_limit(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bounded memory."""
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 20)
    bomb = gzip.compress(lines(3) + b" " * (64 << 20))
    report = read(world, put(tmp_path, bomb))
    assert report.entries == 3
    assert [problem.why for problem in report.unreadable] == [
        "unpacks to more than 1 MB: the rest is not read"
    ]


# --- Sources ----------------------------------------------------------------------------------------------


class FakeSource:
    """Yields its pages; an error among them is raised."""

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
    """Records when validators are kept or dropped, and how many papers were stored at that time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.notes: list[tuple[str, int]] = []

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        raise AssertionError("the fake sources make no requests")

    def separate(self) -> FakeHttp:
        return self

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
    (report,) = ingest_sources(
        [source],
        ask(now),
        http or FakeHttp(world),
        world.papers,
        Sources(world.database),
        Lookups(world.database),
        ArxivCalendar(),
    )
    return report


HOLIDAY_WHY = "the feed: a holiday"
HOLIDAY = Listing(unreadable=(Unreadable("the feed", "a holiday", empty=True),))


@pytest.mark.parametrize(
    ("pages", "expected", "why", "entries", "advances"),
    [
        ([page(1, 2), page(3)], "ok", "", 3, True),
        ([], "idle", "nothing to ask for", 0, False),
        ([Listing()], "empty", "", 0, True),
        ([Listing(unchanged=True), Listing()], "ok", "unchanged since its last answer", 0, True),
        ([page(1, unreadable="no title")], "partial", "record 9: no title", 1, True),
        ([page(unreadable="not XML")], "failed", "record 9: not XML", 0, False),
        ([HOLIDAY], "empty", "the feed: a holiday", 0, True),
        ([SourceError("no connection")], "failed", "no connection", 0, False),
        ([page(1, 2), SourceError("no connection")], "failed", "no connection", 2, False),
    ],
)
def test_report_and_state_of_a_source(
    world: World,
    pages: list[Listing | SourceError],
    expected: str,
    why: str,
    entries: int,
    advances: bool,
) -> None:
    """They agree; only an answer changes the time of the last success."""
    report = fetch(world, FakeSource(*pages))
    assert (report.state, report.why, report.entries) == (expected, why, entries)
    assert world.papers.count() == entries
    stored = state(world)
    assert (stored.state, stored.why, stored.last_attempt) == (expected, why, NOW)
    assert stored.last_success == (NOW if advances else None)
    assert stored.last_new == (NOW if entries else None)
    assert report.failed is (expected in ("failed", "partial") or HOLIDAY in pages)


def test_failure_midway_keeps_what_came_before(world: World) -> None:
    """Stored papers and the first page's validators stay; the time of the last success does not change."""
    fetch(world, FakeSource(page(1)))
    http = FakeHttp(world)
    later = NOW + HOUR
    source = FakeSource(page(2), SourceError("no connection"))
    report = fetch(world, source, http, later)
    assert (report.entries, report.changes[Change.NEW]) == (1, 1)
    assert http.notes == [("commit", 2), ("rollback", 2)]
    assert state(world).last_success == NOW
    assert state(world).last_new == later


def test_validators_are_kept_only_of_what_is_stored(world: World) -> None:
    """After each page that was read completely; a page that broke off is requested again."""
    http = FakeHttp(world)
    fetch(world, FakeSource(page(1), page(2, unreadable="breaks off"), page(3)), http)
    assert http.notes == [("commit", 1), ("rollback", 2), ("commit", 3)]


def test_since_is_the_day_of_the_last_success(world: World) -> None:
    """None for a source that was never asked; a failure does not change the day."""
    source = FakeSource(page(1))
    fetch(world, source)
    fetch(world, FakeSource(SourceError("no connection")), now=NOW + 24 * HOUR)
    fetch(world, source, now=NOW + 48 * HOUR)
    assert [request.since for request in source.asked] == [None, NOW.date()]


def test_retry_at_is_honoured(world: World) -> None:
    """A service that asked for no requests until a time gets none before; that is reported."""
    fetch(world, FakeSource(SourceError("busy", retry_after=3600.0)))
    assert state(world).retry_at == NOW + HOUR
    source = FakeSource(page(1))
    report = fetch(world, source, now=NOW + HOUR - timedelta(seconds=1))
    assert (report.state, source.asked, report.failed) == ("skipped", [], True)
    assert report.why == "the service asked for no requests until 2026-05-05 09:30 UTC"
    assert state(world).why == "busy; asked again from 2026-05-05 09:30 UTC"
    assert fetch(world, source, now=NOW + HOUR).state == "ok"
    assert state(world).retry_at is None


def test_a_retry_at_of_a_wrong_clock_does_not_count(world: World) -> None:
    """No wait is longer than a day; a later time was stored by an old version, or when the clock was ahead."""
    later = SourceState("arxiv-api", "failed", last_attempt=NOW, retry_at=NOW + timedelta(days=1, seconds=1))
    Sources(world.database).put(later)
    assert fetch(world, FakeSource(page(1))).state == "ok"


def test_why_a_source_is_idle(world: World) -> None:
    """Profiles without categories are named as the reason."""
    (report,) = ingest_sources(
        [FakeSource()],
        SourceRequest(now=NOW),
        FakeHttp(world),
        world.papers,
        Sources(world.database),
        Lookups(world.database),
        ArxivCalendar(),
    )
    assert (report.state, report.why) == ("idle", "no categories in any profile")


class Blocked(FakeSource):
    """Answers when it is let go."""

    def __init__(self, *pages: Listing, name: str) -> None:
        super().__init__(*pages, name=name)
        self.go = Event()

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        self.go.wait()
        yield from super().fetch(wanted, http, known)


def test_no_source_delays_another(world: World) -> None:
    """Each reports as soon as it is finished, whether it failed or not."""
    slow = Blocked(page(2), name="slow")
    sources = [slow, FakeSource(SourceError("no connection"), name="a"), FakeSource(page(1), name="b")]
    reports = ingest_sources(
        sources,
        ask(),
        FakeHttp(world),
        world.papers,
        Sources(world.database),
        Lookups(world.database),
        ArxivCalendar(),
    )
    assert {(r.name, r.state) for r in islice(reports, 2)} == {("a", "failed"), ("b", "ok")}
    slow.go.set()
    assert [(report.name, report.state) for report in reports] == [("slow", "ok")]
    assert world.papers.count() == 2


def test_states_are_read_before_any_source_is_asked(world: World) -> None:
    """arxiv-oai goes back to the announcement before arxiv-rss' last answer, not before the one of this ingest."""
    fetch(world, FakeSource(page(1), name="arxiv-rss"), now=NOW - 72 * HOUR)
    oai = FakeSource(page(2), name="arxiv-oai")
    list(
        ingest_sources(
            [FakeSource(page(3), name="arxiv-rss"), oai],
            ask(),
            FakeHttp(world),
            world.papers,
            Sources(world.database),
            Lookups(world.database),
            ArxivCalendar(),
        )
    )
    assert [request.since for request in oai.asked] == [date(2026, 4, 30)]


@pytest.mark.parametrize("error", [DatabaseError("the disk is full"), ShutdownRequested("stopped")])
def test_an_error_that_is_not_the_source_s(world: World, error: PaperboyError) -> None:
    """It is raised at once, while other sources may wait for minutes; at the end of the process, after their reports,
    so that they store what they have read.
    """
    may_end = Event()

    class Broken(FakeSource):
        def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
            raise error

    class Slow(FakeSource):
        def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
            may_end.wait(20)
            return super().fetch(wanted, http, known)

    reports = ingest_sources(
        [Broken(name="a"), Slow(page(1), name="b")],
        ask(),
        FakeHttp(world),
        world.papers,
        Sources(world.database),
        Lookups(world.database),
        ArxivCalendar(),
    )
    if isinstance(error, ShutdownRequested):
        may_end.set()
        assert next(reports).name == "b"
    with pytest.raises(type(error), match=str(error)):
        next(reports)
    may_end.set()


# --- Announcements ----------------------------------------------------------------------------------------

#: The announcement of Monday evening, whose papers the feed of Tuesday has; NOW is Tuesday morning.
MONDAY = datetime(2026, 5, 5, tzinfo=UTC)
DAY = 24 * HOUR


def feed(day: int, *numbers: int, incomplete: bool = False) -> FakeSource:
    """arXiv's feed of a day of May, with papers of cs.LG."""
    fields = {"announced": f"2026-05-{day:02d}", "categories": ("cs.LG",)}
    entries = tuple(entry(n, f"Paper number {n}", **fields) for n in numbers)
    return FakeSource(Listing(entries, incomplete=incomplete), name="arxiv-rss")


def test_a_feed_brings_an_announcement(world: World) -> None:
    """That of its day; one that breaks off, or is not modified, brings none and is no complete answer."""
    fetch(world, feed(5, 1, 2, 3))
    assert state(world, "arxiv-rss").announced == MONDAY
    for source in (feed(6, 4, incomplete=True), FakeSource(Listing(unchanged=True), name="arxiv-rss")):
        fetch(world, source, now=NOW + DAY)
        assert state(world, "arxiv-rss").announced == MONDAY
    fetch(world, feed(6, 4, incomplete=True), now=NOW + DAY)
    fetch(world, feed(6, 4, 5), now=NOW + DAY + HOUR)
    assert state(world, "arxiv-rss").announced == MONDAY + DAY


def test_an_incomplete_answer_is_not_a_success(world: World) -> None:
    """The next request goes back to the complete one before."""
    fetch(world, feed(5, 1))
    fetch(world, feed(6, 2, incomplete=True), now=NOW + DAY)
    assert (state(world, "arxiv-rss").last_success, state(world, "arxiv-rss").last_attempt) == (
        NOW,
        NOW + DAY,
    )


def test_a_feed_that_repeats_is_stale(world: World) -> None:
    """Under a fresh date: it is reported, and does not count as an answer."""
    fetch(world, feed(5, 1, 2, 3))
    report = fetch(world, feed(6, 1, 2, 3), now=NOW + DAY)
    assert (report.state, report.failed) == ("stale", True)
    assert report.why == "it repeats earlier papers of cs.LG under a new date"
    stored = state(world, "arxiv-rss")
    assert (stored.state, stored.last_success, stored.announced) == ("stale", NOW, MONDAY)


def test_a_source_that_lacks_what_another_has_is_stale(world: World) -> None:
    """The API has a paper that was submitted after Monday's deadline; the feed is not modified."""
    fetch(world, feed(5, 1))
    api = Listing((entry(4, "Cups", categories=("cs.LG",), published="2026-05-05T15:00:00Z"),))
    fetch(world, FakeSource(api), now=NOW + DAY)
    assert state(world).announced == MONDAY + DAY
    report = fetch(world, FakeSource(Listing(unchanged=True), name="arxiv-rss"), now=NOW + DAY)
    assert (report.state, report.why) == (
        "stale",
        "arxiv-api has the listing of 2026-05-06, and this source nothing newer than that of 2026-05-05",
    )


def test_a_feed_after_a_gap_counts_when_the_gap_is_filled(world: World) -> None:
    """Until then it is asked for in full, and arxiv-oai from the last announcement before the gap."""
    fetch(world, feed(5, 1))
    http, later = FakeHttp(world), NOW + 2 * DAY
    report = fetch(world, feed(7, 2), http, later)
    assert (report.state, http.notes) == ("ok", [("rollback", 2)])
    assert report.why == "papers after the listing of 2026-05-05 were missed: arxiv-oai is asked for them"
    assert state(world, "arxiv-rss").announced == MONDAY
    oai = FakeSource(Listing(), name="arxiv-oai")
    fetch(world, oai, now=later)
    assert [request.since for request in oai.asked] == [date(2026, 5, 4)]
    fetch(world, feed(7, 2), http, later + HOUR)
    assert (http.notes[-1], state(world, "arxiv-rss").announced) == (("commit", 2), MONDAY + 2 * DAY)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_gap_that_is_filled_in_the_same_ingest(world: World, is_first: bool) -> None:
    """Nothing is missing afterwards, whether the feed or arxiv-oai is finished first."""
    fetch(world, feed(5, 1))
    later = NOW + 2 * DAY
    slow = Blocked(
        *(feed(7, 2).pages if is_first else (Listing(),)), name="arxiv-rss" if is_first else "arxiv-oai"
    )
    sources = [slow, FakeSource(Listing(), name="arxiv-oai") if is_first else feed(7, 2)]
    stores = (world.papers, Sources(world.database), Lookups(world.database))
    reports = ingest_sources(sources, ask(later), FakeHttp(world), *stores, ArxivCalendar())
    next(reports)
    slow.go.set()
    assert len(list(reports)) == 1
    stored = state(world, "arxiv-rss")
    assert (stored.state, stored.why, stored.announced) == ("ok", "", MONDAY + 2 * DAY)


def test_papers_of_authors_show_nothing_about_the_categories(world: World) -> None:
    """A followed author's paper of another category does not mean that the wanted ones have news."""
    other = Listing((entry(4, "Cups", categories=("math.CO",), published="2026-05-04T15:00:00Z"),))
    fetch(world, FakeSource(other))
    assert state(world).announced is None


@pytest.mark.parametrize(("day", "why"), [(9, ""), (6, "arXiv announces nothing: A day off")])
def test_an_empty_feed_on_a_free_day(world: World, day: int, why: str) -> None:
    """A weekend or a holiday is no failure; on other days an empty feed is one."""
    calendar = ArxivCalendar({date(2026, 5, 5): "A day off"})
    for now, expected in ((NOW.replace(day=day), ("empty", why, False)), (NOW, ("empty", HOLIDAY_WHY, True))):
        (report,) = ingest_sources(
            [FakeSource(HOLIDAY, name="arxiv-rss")],
            ask(now),
            FakeHttp(world),
            world.papers,
            Sources(world.database),
            Lookups(world.database),
            calendar,
        )
        assert (report.state, report.why, report.failed) == expected


# --- What to ask for --------------------------------------------------------------------------------------


def test_the_request_is_the_union_of_the_profiles() -> None:
    """Each once; of the references those that are not stored, have no text in the profile and can be asked for."""
    ada = make_profile(
        categories=("cs.LG", "cs.RO"),
        authors=("Seungwook Han",),
        like=(Reference("arxiv:1"), Reference("doi:10.1/x"), Reference("arxiv:5"), Reference(title="A book")),
    )
    bo = make_profile(
        id="bo",
        categories=("cs.AI", "cs.LG"),
        authors=("Pulkit Agrawal", "Seungwook Han"),
        like=(Reference("arxiv:3", "With a text", "of its own"), Reference("arxiv:4", "A title only")),
        dislike=(Reference("arxiv:2"), Reference("doi:10.1/y", "Two cups"), Reference(title="A book")),
    )
    assert source_request([ada, bo], {"arxiv:2"}, {"arxiv:5"}, NOW) == SourceRequest(
        categories=("cs.AI", "cs.LG", "cs.RO"),
        authors=("Pulkit Agrawal", "Seungwook Han"),
        papers=("arxiv:1", "arxiv:4"),
        titles=("A book", "Two cups"),
        now=NOW,
    )
    assert source_request([], (), (), NOW) == SourceRequest(now=NOW)
    assert source_request([Profile("c", interests=(Interest("x"),))], (), (), NOW) == SourceRequest(now=NOW)


def test_titles_are_bounded_and_liked_ones_come_first() -> None:
    """One ingest searches for some of a big library's titles, the next one for others."""
    profiles = [
        make_profile(
            id=name, dislike=(Reference(title=f"Bad {name}"),), like=tuple(Reference(title=t) for t in likes)
        )
        for name, likes in (("ada", ["Cups", "cups!"]), ("bo", [f"Tea {n}" for n in range(MAX_TITLES - 1)]))
    ]
    first = source_request(profiles, (), (), NOW).titles
    assert (len(first), first[-1]) == (MAX_TITLES, f"Tea {MAX_TITLES - 2}")
    assert source_request(profiles, (), set(map(title_key, first)), NOW).titles == ("Bad ada", "Bad bo")


def test_what_was_not_found_is_remembered(world: World) -> None:
    """Until a month has passed; not what was found, and nothing of an answer that cannot be read."""
    lookups = Lookups(world.database)
    asked = ("arxiv:2605.00001", "arxiv:2605.00009", title_key("Paper number 2"), "title:tea")
    broken = Listing(unreadable=(Unreadable("the answer", "not XML"),), asked=("title:later",))
    whole = tuple(replace(one, abstract="Text.") for one in page(1, 2).entries)
    fetch(world, FakeSource(Listing(whole, asked=asked), broken))
    assert lookups.asked(NOW - ASK_AGAIN, NOW) == {"arxiv:2605.00009", "title:tea"}
    ada = make_profile(like=tuple(Reference(title=title) for title in ("Tea", "Paper number 2", "Later")))
    source = FakeSource()
    for days in (29, 30):
        later = NOW + timedelta(days=days)
        states = Sources(world.database)
        list(refresh([source], [ada], later, FakeHttp(world), world.papers, states, lookups, ArxivCalendar()))
    assert [request.titles for request in source.asked] == [("Later",), ("Tea", "Later")]


def test_a_liked_paper_without_its_abstract_is_asked_for(world: World) -> None:
    """It was removed when the paper was old, and nobody liked it."""
    fetch(world, FakeSource(page(1)))
    ada, source = make_profile(like=(Reference(id="arxiv:2605.00001"),)), FakeSource()
    states, lookups = Sources(world.database), Lookups(world.database)
    list(refresh([source], [ada], NOW, FakeHttp(world), world.papers, states, lookups, ArxivCalendar()))
    assert [request.papers for request in source.asked] == [("arxiv:2605.00001",)]
