"""Stored papers: merged, found by every id and title they ever had, followed by ledgers, with term counts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import col, select

from bot.delivery.model import Edition, Part
from bot.papers.merge import Change
from bot.papers.model import CountedPaper, Entry, TermCounter
from bot.profiles.model import ChannelName
from bot.ranking.counts import COUNTING, counts
from bot.store.database import Database
from bot.store.digested_papers import DigestedPapers
from bot.store.loaded_papers import LoadedPapers
from bot.store.outbox import Outbox
from bot.store.papers import Papers
from bot.store.tables import AliasRow, LedgerRow, PaperRow, TermsRow

NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)
A1, A2, D1 = "arxiv:2605.00001", "arxiv:2605.00002", "doi:10.1000/one"
KEY = "title:worldmodels"


def entry(*ids: str, **changes: Any) -> Entry:
    made = Entry("arxiv", "World Models", abstract="An abstract.", ids=ids, authors=("Ada Example",))
    return replace(made, **changes)


def many(count: int) -> list[Entry]:
    return [entry(f"arxiv:2605.{n:05d}", title=f"Paper {n}", version=1) for n in range(1, count + 1)]


@pytest.fixture
def papers(database: Database) -> Papers:
    return Papers(database, COUNTING)


def give(database: Database, receiver: str, *ids: str, on: date = date(2026, 5, 29)) -> None:
    """An edition that gives these papers to a receiver."""
    token = f"{receiver}-{on}"
    edition = Edition(token, receiver, "ada", ChannelName.MAILDIR, "ada", on, papers=len(ids))
    assert Outbox(database).add(edition, receiver, NOW, {}, ids, [Part(b"...", len(ids))])


def test_two_listings_at_the_same_time(papers: Papers) -> None:
    """Sources are asked beside each other: a paper that two of them show is new once, and known to the other."""
    with ThreadPoolExecutor(4) as pool:
        changes = list(pool.map(lambda _: papers.add(many(50), NOW), range(4)))
    assert sum(changes, Counter()) == {Change.NEW: 50, Change.KNOWN: 150}


def test_every_field_is_stored(papers: Papers) -> None:
    """Every field in its type, also Unicode beyond the basic plane."""
    listed = entry(
        A1,
        title="𝕎orld “Models” 🤖",
        authors=("Ada Éxample", "李明"),
        categories=("cs.LG",),
        organization="A Lab",
        published="2026-05-28T17:59:46Z",
        updated="2026-05-28",
        announced="2026-05",
        version=1,
        votes=0,
        comments=2,
        withdrawn=True,
        cut=True,
    )
    assert papers.add([listed], NOW) == {Change.NEW: 1}
    paper = papers.get(A1)
    assert paper is not None
    for field in ("title", "abstract", "authors", "categories", "organization", "published", "updated",
                  "announced", "version", "votes", "comments", "withdrawn", "cut"):  # fmt: skip
        assert getattr(paper, field) == getattr(listed, field), field
    assert (paper.id, paper.sources, paper.author_count) == (A1, ("arxiv",), 2)


def test_times_are_returned_aware_and_in_utc(papers: Papers) -> None:
    """Whatever their zone was; on SQLite too, which stores none."""
    tokyo = timezone(timedelta(hours=9))
    papers.add([entry(A1)], NOW.astimezone(tokyo))
    paper = papers.get(A1)
    assert paper is not None
    assert paper.first_seen == NOW
    assert paper.first_seen.utcoffset() == timedelta(0)


def test_a_naive_time_is_rejected(papers: Papers) -> None:
    """It is a programming error."""
    with pytest.raises(ValueError, match="naive"):
        papers.add([entry(A1)], NOW.replace(tzinfo=None))
    assert papers.count() == 0


def test_two_thousand_entries_in_one_call(papers: Papers) -> None:
    """All are stored, progress is reported by batch, and adding them again changes nothing."""
    entries, steps = many(2000), []
    assert papers.add(entries, NOW, steps.append) == {Change.NEW: 2000}
    assert sum(steps) == 2000
    assert len(steps) > 1
    assert papers.count() == 2000
    assert papers.add(entries, NOW + DAY) == {Change.KNOWN: 2000}
    assert papers.known(tuple(entries)) == frozenset(range(2000))
    assert len(papers.by_keys([one.ids[0] for one in entries])) == 2000


def test_no_entries(papers: Papers) -> None:
    assert papers.add([], NOW) == {}
    assert papers.known(()) == frozenset()
    assert papers.by_keys([]) == {}


def test_one_work_in_several_batches(papers: Papers) -> None:
    """Entries of one work far apart in a listing are one paper, which keeps the first text."""
    far = [entry(A1, abstract="One."), *many(520)[5:], entry(A1, abstract="Two.", votes=3), entry(D1)]
    for _ in range(2):
        papers.add(far, NOW)
        paper = papers.get(D1)
        assert paper is not None
        assert (paper.id, paper.abstract, paper.votes) == (A1, "One.", 3)
    assert papers.add(far, NOW) == {Change.KNOWN: len(far)}


@pytest.mark.parametrize("key", [A1, D1, KEY, "World Models", "WORLD models!", "Old Title", "title:oldtitle"])
def test_a_paper_is_found_by_any_key_it_ever_had(papers: Papers, key: str) -> None:
    """Its id, another id, the key of a title, or a title as people write it, the old one too."""
    papers.add([entry(D1, title="Old title", source="doi"), entry(A2, title="Other")], NOW)
    papers.add([entry(A1, D1, version=2)], NOW)
    paper = papers.get(key)
    assert paper is not None
    assert paper.id == A1
    if ":" in key:
        assert papers.by_keys([key, "arxiv:9999.99999"]) == {key: paper}


def test_a_paper_that_is_not_stored(papers: Papers) -> None:
    """Nothing is found, rather than a similar paper."""
    papers.add([entry(A1)], NOW)
    assert papers.get(A2) is None
    assert papers.get("World Model") is None
    assert papers.known((entry(A2, title="Other"), entry(A1), entry())) == {1, 2}


# --- When ids change --------------------------------------------------------------------------------------


def test_a_title_only_paper_becomes_its_id_and_ledgers_follow(database: Database, papers: Papers) -> None:
    """The old id is removed, from the papers and from every ledger."""
    papers.add([entry()], NOW)
    give(database, "ada", KEY)
    give(database, "bob", KEY, "arxiv:2605.09999")
    assert papers.add([entry(A1)], NOW + DAY) == {Change.UPDATED: 1}
    assert [paper.id for paper in papers.all()] == [A1]
    assert Outbox(database).given(["ada"]) == {A1}
    assert Outbox(database).given(["bob"]) == {A1, "arxiv:2605.09999"}


def test_two_papers_of_a_ledger_become_one(database: Database, papers: Papers) -> None:
    """A receiver that had both keeps one row; other receivers keep theirs."""
    papers.add([entry(), entry(A1, title="Old title")], NOW)
    assert papers.count() == 2
    give(database, "ada", KEY)
    give(database, "ada", A1, on=date(2026, 5, 30))
    give(database, "bob", KEY)
    give(database, "cem", A1)
    assert papers.add([entry(A1, version=2)], NOW + DAY) == {Change.UPDATED: 1}
    assert [paper.id for paper in papers.all()] == [A1]
    for receiver in ("ada", "bob", "cem"):
        assert Outbox(database).given([receiver]) == {A1}
    with database.reading() as session:
        assert len(session.exec(select(LedgerRow)).all()) == 3


def test_ids_that_change_twice_in_one_call(database: Database, papers: Papers) -> None:
    """From a title to a DOI to an arXiv id, while another work takes the title that became free."""
    papers.add([entry()], NOW)
    give(database, "ada", KEY)
    other = entry(authors=("Bo Sample",))
    papers.add([entry(D1), other, entry(A1, D1, title="Retitled"), replace(other, ids=(A2,))], NOW + DAY)
    assert [paper.id for paper in papers.all()] == [A1, A2]
    assert Outbox(database).given(["ada"]) == {A1}


def test_every_alias_has_a_paper(database: Database, papers: Papers) -> None:
    """Also after papers were merged."""
    papers.add([entry(), entry(A1, title="Old title"), entry(D1, title="A third")], NOW)
    papers.add([entry(A1, D1, version=2)], NOW)
    with database.reading() as session:
        pairs = {(row.key, row.paper) for row in session.exec(select(AliasRow))}
    assert pairs == {(key, A1) for key in (A1, D1, KEY, "title:oldtitle", "title:athird")}


def test_a_failing_call_stores_nothing(papers: Papers) -> None:
    """One call is one transaction."""

    def broken(done: int) -> None:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        papers.add(many(3), NOW, broken)
    assert papers.count() == 0


_sightings = st.builds(
    lambda n, ids, source, changes: Entry(
        source,
        f"Title {n}",
        ids=tuple(f"{space}:{n}" for space in ids),
        authors=(f"First Family{n}",),
        **changes,
    ),
    st.integers(0, 4),
    st.sets(st.sampled_from(["arxiv", "doi", "acl"])).map(sorted),
    st.sampled_from(["arxiv", "huggingface"]),
    st.fixed_dictionaries(
        {
            "abstract": st.sampled_from(["", "One.", "Two."]),
            "version": st.sampled_from([None, 1, 2]),
            "votes": st.sampled_from([None, 1, 2]),
            "cut": st.booleans(),
        }
    ),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_sightings, max_size=12))
def test_adding_again_changes_nothing(database: Database, entries: list[Entry]) -> None:
    """There are as many papers as works; adding the same again finds all of them known."""
    papers = Papers(database, COUNTING)
    with database.session() as session:
        session.execute(delete(PaperRow))
    papers.add(entries, NOW)
    before = tuple(papers.all())
    assert len(before) == len({one.title for one in entries})
    assert papers.add(entries, NOW + DAY) == ({Change.KNOWN: len(entries)} if entries else {})
    assert tuple(papers.all()) == before
    assert papers.known(tuple(entries)) == frozenset(range(len(entries)))


# --- Windows and samples ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        pytest.param(NOW - DAY, NOW, [A1], id="the end is included"),
        pytest.param(NOW, NOW + DAY, [A2], id="the start is not"),
        pytest.param(NOW - DAY, NOW + DAY, [A1, A2], id="both"),
        pytest.param(NOW + DAY, NOW + 9 * DAY, [], id="after"),
        pytest.param(NOW - 9 * DAY, NOW - timedelta(seconds=1), [], id="before"),
    ],
)
def test_window(papers: Papers, since: datetime, until: datetime, found: list[str]) -> None:
    """Adjacent windows have no paper in common."""
    papers.add([entry(A1)], NOW)
    papers.add([entry(A2, title="Other")], NOW + DAY)
    assert [one.paper.id for one in papers.window(since, until)] == found


def test_all_papers_oldest_first(papers: Papers) -> None:
    """Every paper, or those first seen from a time on, that time included."""
    papers.add([entry(A2, title="Other")], NOW - DAY)
    papers.add([entry(A1), entry(D1, title="A third")], NOW)
    assert [paper.id for paper in papers.all()] == [A2, A1, D1]
    assert [paper.id for paper in papers.all(NOW)] == [A1, D1]
    assert list(papers.all(NOW + DAY)) == []
    assert papers.count() == 3


def test_a_sample_is_fixed_and_bounded(papers: Papers) -> None:
    """It is the same each time, has the size asked for, and contains every smaller sample."""
    papers.add(many(300), NOW)
    small, large = papers.sample(20, NOW), papers.sample(100, NOW)
    assert [one.paper.id for one in small] == sorted(one.paper.id for one in small)
    assert (len(small), len(large), len(papers.sample(1000, NOW))) == (20, 100, 300)
    assert papers.sample(20, NOW) == small
    assert {one.paper.id for one in small} < {one.paper.id for one in large}
    numbers = [int(one.paper.id[-5:]) for one in large]
    assert min(numbers) < 50 < 250 < max(numbers)  # not only the first ones


def test_a_sample_of_a_window(papers: Papers) -> None:
    """Papers first seen after the start and by the end that are not withdrawn."""
    papers.add([entry(A1)], NOW)
    papers.add([entry(A2, title="Later")], NOW + DAY)
    papers.add([entry(D1, title="Withdrawn", withdrawn=True)], NOW)
    assert _ids(papers.sample(9, NOW)) == [A1]
    assert _ids(papers.sample(9, NOW + DAY)) == [A1, A2]
    assert _ids(papers.sample(9, NOW + DAY, NOW)) == [A2]
    assert _ids(papers.window(NOW - DAY, NOW)) == [A1, D1]  # a window has withdrawn papers too, for `explain`


def _ids(papers: Iterable[CountedPaper]) -> list[str]:
    return [counted.paper.id for counted in papers]


# --- Term counts ------------------------------------------------------------------------------------------


class RecordingCounter:
    """Its counts are the version and the texts that were counted; `calls` are the titles."""

    def __init__(self, version: int = 1) -> None:
        self.calls: list[str] = []
        self.counting = TermCounter(version, self._count)
        self.version = version

    def _count(self, title: str, abstract: str) -> bytes:
        self.calls.append(title)
        return self.counts(title, abstract)

    def counts(self, title: str, abstract: str) -> bytes:
        return f"{self.version}|{title}|{abstract}".encode()


def counted_by(database: Database, counter: RecordingCounter) -> Papers:
    return Papers(database, counter.counting)


def read_all(papers: Papers, *ids: str) -> dict[str, bytes]:
    """The counts of all papers, which must be `ids`; checks that every method returns the same."""
    until = NOW + 9 * DAY
    found = {one.paper.id: one.terms for one in papers.window(NOW - 9 * DAY, until)}
    assert {one.paper.id: one.terms for one in papers.sample(9, until)} == found
    assert {one.paper.id: one.terms for one in papers.counted(ids)} == found
    assert sorted(papers.sampled_counts(9, until)) == sorted(found.values())
    assert found.keys() == set(ids)
    return found


def stored_terms(database: Database) -> dict[str, tuple[int, bytes]]:
    with database.reading() as session:
        return {row.paper: (row.version, row.counts) for row in session.exec(select(TermsRow))}


def test_loaded_papers(papers: Papers) -> None:
    """Are those that `Papers` finds; a paper is as it was when it was first loaded."""
    papers.add(many(30), NOW - DAY)
    papers.add([entry("arxiv:2605.00099", title="New")], NOW)
    loaded = LoadedPapers(papers)
    for since, until in ((NOW - 2 * DAY, NOW - DAY), (NOW - DAY, NOW), (NOW - 2 * DAY, NOW)):
        assert loaded.window(since, until) == papers.window(since, until)
        assert loaded.sample(7, until, since) == papers.sample(7, until, since)
        assert sorted(loaded.sampled_counts(7, until)) == sorted(papers.sampled_counts(7, until))
    ids = [A2, A1, "arxiv:2605.77777"]
    assert loaded.counted(ids) == papers.counted(ids)
    assert loaded.by_keys(ids) == papers.by_keys(ids)
    papers.add([entry(A1, title="Another title", version=2)], NOW)
    (old,) = loaded.counted([A1])
    assert (old.paper.title, papers.counted([A1])[0].paper.title) == ("Paper 1", "Another title")


def test_digested_papers(papers: Papers) -> None:
    """Are those that `Papers` finds, with the MD5 of the counts; those of a sample have no texts."""
    papers.add(many(30), NOW - DAY)
    digested, until = DigestedPapers(papers), NOW
    for one, other in zip(
        papers.window(NOW - 2 * DAY, until), digested.window(NOW - 2 * DAY, until), strict=True
    ):
        assert other == CountedPaper(one.paper, hashlib.md5(one.terms).hexdigest().encode())
    for one, other in zip(papers.sample(7, until), digested.sample(7, until), strict=True):
        assert other.terms == hashlib.md5(one.terms).hexdigest().encode()
        known = {"id", "authors", "votes", "first_seen"}
        assert all(getattr(other.paper, name) == getattr(one.paper, name) for name in known)
        assert (other.paper.title, other.paper.abstract) == ("", "")
    counts = papers.sampled_counts(7, until)
    assert sorted(digested.sampled_counts(7, until)) == sorted(
        hashlib.md5(one).hexdigest().encode() for one in counts
    )
    assert digested.counted([A1]) == papers.counted([A1])


def test_counts_that_are_missing_or_outdated_have_no_digest(database: Database) -> None:
    """So that no stored index is found for them; reading the papers makes the counts."""
    counted_by(database, RecordingCounter(1)).add([entry(A1), entry(A2, title="Other")], NOW)
    papers = counted_by(database, RecordingCounter(2))
    with database.session() as session:
        session.execute(delete(TermsRow).where(col(TermsRow.paper) == A2))
    assert papers.digests(9, NOW) == (b"", b"")
    assert [one.terms for one in papers.window_digests(NOW - DAY, NOW)] == [b"", b""]
    papers.counted([A1, A2])
    assert b"" not in papers.digests(9, NOW)


def test_terms_are_counted_once_when_a_paper_is_added(database: Database) -> None:
    """However often it is read, listed again or voted for afterwards."""
    counter = RecordingCounter()
    papers = counted_by(database, counter)
    papers.add([entry(A1), entry(A2, title="Other")], NOW)
    assert sorted(counter.calls) == ["Other", "World Models"]
    papers.add([entry(A1)], NOW + DAY)
    papers.add([entry(A1, source="huggingface", votes=9, comments=2, url="https://a.org")], NOW + DAY)
    found = read_all(papers, A1, A2)
    assert found == {A1: b"1|World Models|An abstract.", A2: b"1|Other|An abstract."}
    again = RecordingCounter()
    assert read_all(counted_by(database, again), A1, A2) == found
    assert (len(counter.calls), again.calls) == (2, [])


@pytest.mark.parametrize("change", [{"title": "World Modelling"}, {"abstract": "Another abstract."}])
def test_a_new_text_is_counted_again(database: Database, change: dict[str, Any]) -> None:
    """A revision of the title or the abstract; the listing's other papers keep their counts."""
    counter = RecordingCounter()
    papers = counted_by(database, counter)
    papers.add([entry(A1, version=1), entry(A2, title="Other")], NOW)
    counter.calls.clear()
    revised = entry(A1, version=2, **change)
    papers.add([revised, entry(A2, title="Other", votes=3)], NOW + DAY)
    assert counter.calls == [revised.title]
    assert read_all(papers, A1, A2)[A1] == counter.counts(revised.title, revised.abstract)


def test_the_last_text_of_one_call_is_counted(database: Database) -> None:
    """A paper that is listed whole after it was cut off."""
    counter = RecordingCounter()
    papers = counted_by(database, counter)
    papers.add([entry(A1, abstract="An ab", cut=True), *many(501)[5:], entry(A1)], NOW)
    (one,) = papers.counted([A1])
    assert (one.paper.abstract, one.terms) == ("An abstract.", b"1|World Models|An abstract.")


def test_counts_of_another_version_are_replaced(database: Database) -> None:
    """Once, when they are first needed."""
    old, new = RecordingCounter(1), RecordingCounter(2)
    counted_by(database, old).add([entry(A1), entry(A2, title="Other")], NOW)
    papers = counted_by(database, new)
    assert papers.counted([A1])[0].terms == b"2|World Models|An abstract."
    assert new.calls == ["World Models"]  # no other paper was needed
    assert set(read_all(papers, A1, A2).values()) == {
        b"2|World Models|An abstract.",
        b"2|Other|An abstract.",
    }
    assert new.calls == ["World Models", "Other"]
    assert {version for version, _ in stored_terms(database).values()} == {2}


@pytest.mark.parametrize("way", ["window", "sample", "counted", "sampled_counts"])
def test_missing_counts_are_made_when_first_needed(database: Database, way: str) -> None:
    """Papers of a database from before term counts have none."""
    counted_by(database, RecordingCounter()).add([entry(A1), entry(A2, title="Other")], NOW)
    with database.session() as session:
        session.execute(delete(TermsRow))
    counter = RecordingCounter()
    papers = counted_by(database, counter)
    methods: dict[str, Callable[[], Sequence[Any]]] = {
        "window": lambda: papers.window(NOW - DAY, NOW),
        "sample": lambda: papers.sample(9, NOW),
        "counted": lambda: papers.counted([A1, A2]),
        "sampled_counts": lambda: papers.sampled_counts(9, NOW),
    }
    for _ in range(2):
        found = {one if isinstance(one, bytes) else one.terms for one in methods[way]()}
        assert found == {b"1|World Models|An abstract.", b"1|Other|An abstract."}
    assert sorted(counter.calls) == ["Other", "World Models"]
    assert stored_terms(database).keys() == {A1, A2}


def test_counts_of_a_paper_whose_id_changes(database: Database) -> None:
    """They are stored under the new id only."""
    counter = RecordingCounter()
    papers = counted_by(database, counter)
    papers.add([entry()], NOW)
    assert stored_terms(database).keys() == {KEY}
    papers.add([entry(A1)], NOW + DAY)
    assert stored_terms(database) == {A1: (1, b"1|World Models|An abstract.")}
    assert read_all(papers, A1)
    assert len(counter.calls) <= 2


def test_counts_of_two_papers_that_become_one(database: Database) -> None:
    """Those of the text that is kept."""
    papers = counted_by(database, RecordingCounter())
    papers.add([entry(), entry(A1, title="Old title")], NOW)
    papers.add([entry(A1, version=2)], NOW + DAY)
    assert stored_terms(database) == {A1: (1, b"1|World Models|An abstract.")}


def test_counts_are_deleted_with_their_paper(database: Database) -> None:
    papers = counted_by(database, RecordingCounter())
    papers.add([entry(A1), entry(A2, title="Other")], NOW)
    with database.session() as session:
        session.execute(delete(PaperRow).where(PaperRow.id == A1))  # type: ignore[arg-type]
    assert stored_terms(database).keys() == {A2}
    assert papers.counted([A1]) == ()


def test_counts_of_a_thousand_papers(papers: Papers) -> None:
    """More than one batch, by id, each once; ids that are not stored are left out."""
    papers.add(many(1000), NOW)
    ids = [one.ids[0] for one in many(1000)]
    assert _ids(papers.counted([*reversed(ids), *ids, "arxiv:9999.99999"])) == ids
    assert len(papers.sampled_counts(700, NOW)) == 700
    assert papers.counted([]) == ()
    assert papers.window(NOW, NOW) == ()
    (first, *_) = papers.window(NOW - DAY, NOW)
    assert first.terms == counts(first.paper.title, first.paper.abstract)


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("Städte-Bau", [A2]),  # case, accents, punctuation and spaces do not matter
        ("stadte", [A2]),
        ("models", [A2, A1]),  # newest first
        ("model", [A2, A1]),  # no title has it as a word
        ("cit", [A2]),
        ("of cities", [A2]),
        ("world-models", [A1]),
        ("els", ["arxiv:2605.00003"]),  # "Models" has it only as letters
        ("world%", [A1]),
        ("w_rld", []),
        ("?!", []),
    ],
)
def test_part_of_a_title(papers: Papers, part: str, found: list[str]) -> None:
    """Found as whole words, or else by its letters and digits, as keys of titles have them."""
    papers.add([entry(A1)], NOW)
    papers.add([entry(A2, title="Stadtebau: Models of Cities")], NOW + DAY)
    papers.add([entry("arxiv:2605.00003", title="ELS: Sparse Solvers")], NOW - DAY)
    assert [paper.id for paper in papers.with_title_part(part, 10)] == found
    assert len(papers.with_title_part(part, 1)) == min(1, len(found))
