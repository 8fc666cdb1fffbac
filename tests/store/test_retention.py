"""What is removed from the database at which age, and what never is."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from bot.delivery.editions import as_json
from bot.delivery.model import Bounce, Part
from bot.feedback.model import Answer, AnswerKind, Via
from bot.papers.merge import Change
from bot.papers.model import Entry, Paper
from bot.papers.query import parse_query
from bot.profiles.model import ChannelName
from bot.ranking.counts import COUNTING
from bot.sources.ingest import ASK_AGAIN
from bot.store.answers import Answers
from bot.store.archive import EditionArchive
from bot.store.database import Database
from bot.store.logins import Logins
from bot.store.lookups import Lookups
from bot.store.outbox import Outbox
from bot.store.papers import Papers
from bot.store.queue import Queue
from bot.store.receivers import Receivers
from bot.store.retention import EXPIRY, Retention
from bot.store.search import PaperSearch
from bot.store.tables import EditionRow, TermsRow
from bot.web.login import SESSION_LASTS
from tests.support.editions import ADA, BOB, LEASE, NOW, TODAY, S, edition, receiver, step, stored
from tests.support.samples import digest, paper, scored

DAY = timedelta(days=1)
PAPERS, MESSAGES = 200 * DAY, 90 * DAY


@pytest.fixture
def papers(database: Database) -> Papers:
    return Papers(database, COUNTING)


def thin(database: Database, after: timedelta, named: Iterable[str] = (), **options: Any) -> dict[str, int]:
    """Thin so long after NOW; only what there was to do."""
    keeps = {"papers": PAPERS, "messages": MESSAGES} | options
    done = Retention(database, pause=lambda seconds: None).thin(NOW + after, named=list(named), **keeps)
    return {name: number for name, number in done.items() if number}


def entries(count: int) -> list[Entry]:
    return [
        Entry("arxiv", one.title, (one.id,), **one.details())
        for one in (paper(n, title=f"Paper {n}") for n in range(1, count + 1))
    ]


def send(database: Database, token: str = "ed1", numbers: tuple[int, ...] = (1,), **changes: Any) -> None:
    """An edition with some of the papers, in one message, which was sent."""
    one = edition(token, papers=len(numbers), **changes)
    held = digest(tuple(scored(n, title=f"Paper {n}") for n in numbers), on=one.on)
    parts = [Part(b"bytes", len(numbers), held.ids)]
    assert Outbox(database).add(one, f"{one.channel}:{one.target}", NOW, as_json(held), held.ids, parts)
    queue = Queue(database)
    assert queue.claim(f"{token}-1", "one", NOW, LEASE)
    assert queue.record(f"{token}-1", "one", step(S.SENT, receipt="C0:1"), NOW)


def number_of(database: Database, table: str) -> int:
    with database.reading() as session:
        return session.scalar(text(f"SELECT count(*) FROM {table}")) or 0


def test_papers(database: Database, papers: Papers) -> None:
    """Of old papers the abstracts are removed, except of those that were sent, that an answer is about, and that a
    profile names; all leave the samples. Everything else of them stays.
    """
    papers.add(entries(4), NOW)
    papers.add([Entry("arxiv", "New", ("arxiv:2605.00009",), abstract="Whole.")], NOW + 150 * DAY)
    before = {one.id: one for one in papers.all()}
    sent, answered, named, unread, new = sorted(before)
    send(database)
    Answers(database).add(Answer("a", "ada", "ada", AnswerKind.MORE, answered, at=NOW, via=Via.COMMAND))
    assert thin(database, PAPERS, [named]) == {"messages": 1, "attempts": 1, "digests": 1}
    assert thin(database, PAPERS + DAY, [named]) == {"papers": 4}
    assert thin(database, PAPERS + DAY, [named]) == {}
    after = {one.id: one for one in papers.all()}
    assert {id_ for id_ in after if after[id_] != before[id_]} == {unread}
    assert after[unread] == paper(
        4,
        title="Paper 4",
        sources=("arxiv",),
        text_source="arxiv",
        abstract="",
        first_seen=NOW,
        author_count=7,
    )
    assert papers.sample_ids(10, NOW + PAPERS) == (new,)
    with database.reading() as session:
        assert session.exec(select(TermsRow.paper)).all() == [new]
    search = PaperSearch(database, papers)
    found = {
        words: [one.id for one in search.search(parse_query(words), 9).papers] for words in ("cups", "paper")
    }
    assert found == {"cups": [named, answered, sent], "paper": [unread, named, answered, sent]}


def test_a_thin_paper_is_not_new(database: Database, papers: Papers) -> None:
    """Listed again, it gets its abstract back and keeps its time of first sight, until it is thinned again."""
    papers.add(entries(1), NOW)
    thin(database, PAPERS + DAY)
    assert papers.add(entries(1), NOW + PAPERS + 2 * DAY) == {Change.UPDATED: 1}
    (again,) = papers.all()
    assert (again.first_seen, bool(again.abstract)) == (NOW, True)
    assert papers.counted([again.id])[0].terms == COUNTING.count(again.title, again.abstract)
    assert thin(database, PAPERS + 2 * DAY) == {"papers": 1}


def test_messages(database: Database, papers: Papers) -> None:
    """Of what was sent, bytes and attempts are removed; what is not sent keeps everything."""
    outbox = Outbox(database)
    send(database)
    assert outbox.add(edition("ed2", BOB), "email:bob", NOW, as_json(digest(1)), ["p"], [Part(b"bytes", 1)])
    assert Queue(database).claim("ed2-1", "one", NOW, LEASE)
    assert Queue(database).record("ed2-1", "one", step(S.FAILED), NOW)
    assert thin(database, MESSAGES) == {}
    counts = {"messages": 1, "attempts": 1, "digests": 1}
    assert thin(database, MESSAGES + DAY, dry_run=True) == counts
    assert thin(database, MESSAGES + DAY) == counts
    assert [number_of(database, name) for name in ("message", "attempt", "delivery", "edition")] == [
        1,
        1,
        2,
        2,
    ]
    assert stored(outbox).receipt == "C0:1"
    assert outbox.given(["slack:C0PAPERS"]) == {"arxiv:2605.00001"}


def test_thin_digests_are_read_as_before(database: Database, papers: Papers) -> None:
    """With what is known of the papers now, the titles that were sent, scores and reasons; one whose paper is not
    stored has its title. A digest is a fraction of what it was.
    """
    papers.add(entries(2), NOW)
    held = digest(
        (scored(1, title="As sent", also=(paper(2),)), scored(5)), best_outside=paper(2), earlier=(paper(2),)
    )
    one = edition(papers=2)
    assert Outbox(database).add(one, receiver(ADA), NOW, as_json(held), held.ids, [])
    assert thin(database, MESSAGES + DAY) == {"digests": 1}
    found = EditionArchive(database).digest("ed1")
    assert found
    known = {paper_.id: paper_ for paper_ in papers.all()}
    assert found.edition.best == "As sent"
    shown = found.digest.papers
    assert shown[0].paper == Paper(**{**fields(known["arxiv:2605.00001"]), "title": "As sent"})
    assert shown[1].paper == Paper("arxiv:2605.00005", scored(5).paper.title, scored(5).paper.first_seen)
    assert [(s.score, s.relevance, s.reasons, s.followed, s.fit) for s in shown] == [
        (s.score, s.relevance, s.reasons, s.followed, s.fit) for s in held.papers
    ]
    assert found.digest.best_outside
    assert found.digest.best_outside.abstract == known["arxiv:2605.00002"].abstract
    assert (found.digest.news, found.digest.candidates) == (held.news, held.candidates)
    with database.reading() as session:
        row = session.exec(select(EditionRow)).one()
    assert len(str(row.digest)) < len(str(as_json(held))) / 2


def fields(one: Paper) -> dict[str, Any]:
    return {
        **one.details(),
        "id": one.id,
        "title": one.title,
        "first_seen": one.first_seen,
        "sources": one.sources,
        "text_source": one.text_source,
    }


def test_alerts_log_ins_and_lookups(database: Database) -> None:
    """They are removed when they are over; an alert that was not sent waits."""
    outbox, queue, logins, lookups = Outbox(database), Queue(database), Logins(database), Lookups(database)
    for token in ("sent", "waits"):
        alert = Part(token.encode(), 0, (f"broken {token}",))
        assert outbox.record_report([], alert, token, "slack", "C0OPS", 0)
    assert queue.claim("sent-1", "one", NOW, LEASE)
    assert queue.record("sent-1", "one", step(S.SENT, receipt="C0:1"), NOW)
    logins.add("link", "ada@example.org", NOW)
    lookups.put(["title:x"], NOW)
    assert max(SESSION_LASTS, ASK_AGAIN) < EXPIRY
    assert thin(database, EXPIRY) == {}
    assert thin(database, EXPIRY + DAY) == {"log-ins": 1, "searches for papers": 1}
    assert thin(database, MESSAGES + DAY) == {"messages": 1, "attempts": 1, "alerts": 1}
    assert outbox.reported() == {"broken waits"}


def test_keep_for_ever(database: Database, papers: Papers) -> None:
    """Without an age nothing of papers and messages is removed."""
    papers.add(entries(1), NOW)
    send(database)
    assert thin(database, 9999 * DAY, papers=None, messages=None) == {}


def test_many_papers(database: Database, papers: Papers) -> None:
    """One call does all batches, with a pause after each whole one; an error in a pause loses only the rest."""
    papers.add(entries(120), NOW)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise InterruptedError

    retention = Retention(database, pause)
    with pytest.raises(InterruptedError):
        retention.thin(NOW + PAPERS + DAY, PAPERS, None, [])
    assert sum(not one.abstract for one in papers.all()) == 100
    assert thin(database, PAPERS + DAY) == {"papers": 20}


def test_a_late_bounce(database: Database) -> None:
    """A mail without bytes cannot be sent again: its address is paused, and it stays sent."""
    outbox = Outbox(database)
    send(database, subscription=BOB.key, channel=ChannelName.EMAIL, target=BOB.target, on=TODAY)
    thin(database, MESSAGES + DAY)
    bounce = Bounce("report", hard=True, status="5.1.1", why="gone", at=NOW)
    assert Receivers(database).bounced(bounce, ["ed1-1"], NOW) == "ed1-1"
    assert stored(outbox).state is S.SENT
    assert [pause.scope for pause in Receivers(database).pauses()] == [f"email:{BOB.target}"]


def test_the_file_of_sqlite_stops_growing(tmp_path: Path) -> None:
    """Later papers are stored where the removed texts were; on Sundays the search index loses them too."""
    with closing(Database(f"sqlite:///{tmp_path / 'paperboy.db'}")) as database:
        database.prepare()
        papers = Papers(database, COUNTING)
        long = [replace(one, abstract=f"{one.abstract} " * 5) for one in entries(400)]
        papers.add(long, NOW)
        sizes = [pages(database)]
        days = 7 - (NOW + PAPERS).weekday()
        for extra in (days - 2, days - 1):  # Saturday, Sunday
            thin(database, PAPERS + extra * DAY)
            sizes.append(pages(database))
            sizes[-1] -= pages(database, "freelist_count")
        full, saturday, sunday = sizes
        assert saturday < full * 0.6
        assert sunday < saturday
        size = pages(database)
        again = [replace(one, ids=(f"x:{n}",), title=f"Other {n}") for n, one in enumerate(long[:100])]
        papers.add(again, NOW)
        assert pages(database) == size


def pages(database: Database, which: str = "page_count") -> int:
    with database.reading() as session:
        return session.scalar(text(f"PRAGMA {which}")) or 0
