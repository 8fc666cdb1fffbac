"""The stored editions as readers look them up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.delivery.archive import Cursor
from bot.delivery.editions import as_json
from bot.store.archive import EditionArchive
from bot.store.database import Database
from bot.store.outbox import Outbox
from tests.support.editions import ADA, BOB, NOW, TODAY, edition, receiver
from tests.support.samples import TITLES, digest, scored


@pytest.fixture
def archive(database: Database) -> EditionArchive:
    """Three days of Ada's, the last one quiet, and one of Bob's."""
    outbox = Outbox(database)
    for to, days, numbers in ((ADA, 2, (1, 2, 3)), (ADA, 1, (4, 5)), (ADA, 0, ()), (BOB, 0, (1,))):
        on = TODAY - timedelta(days=days)
        held = digest(tuple(map(scored, numbers)), on=on, profile=to.profile)
        one = edition(f"{to.profile}{days}", to, on, papers=len(numbers))
        assert outbox.add(one, receiver(to), NOW, as_json(held), held.ids, [], 0)
    return EditionArchive(database)


def test_pages_are_newest_first(archive: EditionArchive) -> None:
    """Quiet days included, each with the title of its best paper, and only those of the profiles asked for."""
    first = archive.page("ada", 2)
    rest = archive.page("ada", 2, Cursor(first[-1].on, first[-1].id))
    assert [(one.id, one.papers, one.best) for one in (*first, *rest)] == [
        ("ada0", 0, ""),
        ("ada1", 2, TITLES[3]),
        ("ada2", 3, TITLES[0]),
    ]
    assert archive.page("ada", 2, Cursor(date(1900, 1, 1), "")) == ()


def test_editions_are_found_by_id(archive: EditionArchive) -> None:
    """With their whole digests; an id of none finds nothing."""
    found = archive.digest("ada1")
    assert found
    assert found.digest == digest((scored(4), scored(5)), on=TODAY - timedelta(days=1))
    assert archive.digest("x") is None


def test_newest_digest_has_papers(archive: EditionArchive) -> None:
    """Quiet days do not count; a profile without digests has none."""
    newest = archive.newest("ada")
    assert newest
    assert newest.edition.id == "ada1"
    assert archive.newest("eve") is None


def test_papers_are_found_in_editions(archive: EditionArchive) -> None:
    """The newest first, and only those of the profiles asked for."""
    papers = ["arxiv:2605.00001", "arxiv:2605.00004", "x"]
    for profiles, expected in (
        (["ada"], {papers[0]: ["ada2"], papers[1]: ["ada1"]}),
        (["ada", "bob"], {papers[0]: ["bob0", "ada2"], papers[1]: ["ada1"]}),
    ):
        found = archive.sent(papers, profiles)
        assert {id_: [one.edition for one in rows] for id_, rows in found.items()} == expected
