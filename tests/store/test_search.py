"""The search over stored papers, the same on both databases, with an index that follows every change."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from bot.papers.model import Entry
from bot.papers.query import Order, parse_query
from bot.ranking.counts import COUNTING
from bot.store import migrate
from bot.store import search as search_module
from bot.store.database import Database
from bot.store.papers import Papers
from bot.store.search import PaperSearch
from tests.support.builders import NOW, entry

DAY = timedelta(days=1)
#: In the order of their first day, which is not that of their numbers.
PAPERS = (
    entry(
        4, "World Models for Robots", abstract="We model the world.", authors=("Ada Example", "Seungwook Han")
    ),
    entry(
        1,
        "Learning to Plan",
        abstract="A world model, learned.",
        authors=("Łukasz Nowak",),
        categories=("cs.LG",),
    ),
    entry(3, "Generative Planning", abstract="Of CO₂ and the ℓ₁ norm.", categories=("math-ph", "stat.ML")),
    entry(
        2,
        "A Survey of Transformers",
        abstract="State-of-the-art.",
        authors=("S. J. Han",),
        categories=("math.OC",),
    ),
    entry(
        5, "Withdrawn Robots", abstract="General.", authors=("Ada Seungwook", "Han Example"), withdrawn=True
    ),
)


@pytest.fixture
def papers(database: Database) -> Papers:
    papers = Papers(database, COUNTING)
    for days, one in enumerate(PAPERS):
        papers.add([one], NOW + days * DAY)
    return papers


@pytest.fixture
def find(database: Database, papers: Papers) -> Callable[..., str]:
    """The numbers of the papers that a query finds, newest first."""
    searching = PaperSearch(database, papers)

    def numbers(query: str, limit: int = 99, offset: int = 0, order: Order = Order.NEWEST) -> str:
        page = searching.search(parse_query(query), limit, offset, order)
        return "".join(paper.id[-1] for paper in page.papers) + ("+" if page.more else "")

    return numbers


def test_queries(find: Callable[..., str]) -> None:
    """Words in their forms, phrases, beginnings, names, categories, ids, alternatives and exclusions."""
    expected = {
        "robot": "54", "models": "14", "world model": "14", '"world model"': "14", '"model the world"': "4",
        "planned": "31", "generative": "3", "general": "5", "transfor*": "2", '"state of the art"': "2",
        "title:world": "4", "ada": "54", "title:ada": "", "author:ada": "54", "author:world": "",
        "author:han": "524", 'author:"Seungwook Han"': "24", 'author:"S. Han"': "24", 'author:"Han, Seungwook"': "24",
        'author:"Ada Han"': "", 'author:"Example Seungwook"': "", "lukasz": "1", "author:Łukasz": "1", "CO2": "3",
        "l1": "3", "ℓ₁": "3", "cat:cs.*": "1", "cat:cs.LG": "1", "cat:math.*": "2", "cat:math-ph": "3",
        'cat:"machine learning"': "31", "stat.ML": "3", "2605.00003": "3", "arxiv.org/abs/2605.00004v2": "4",
        "2605.00003 OR robots": "534", "2605.00009": "",
        "robots OR planning survey": "", "robots OR planning withdrawn": "5", "robots -withdrawn": "4",
        "robots NOT author:example": "", "-robots": "", "ﬁnd": "",
        "": "", '"': "", "* - : ( OR": "",
    }  # fmt: skip
    assert {query: find(query) for query in expected} == expected


@pytest.mark.parametrize(
    "query",
    [
        "a' OR 1=1 --",
        '"a" NEAR/2 b',
        "{title}: x",
        "a & | ! <-> :*",
        "%s :query",
        "\\' \\",
        "a\x00b",
        "\ud800",
        "é" * 9000,
    ],
)
def test_hostile_queries(find: Callable[..., str], query: str) -> None:
    """Signs of SQL and of the databases' query languages are no more than spaces."""
    assert sorted(find(query)) == sorted(find(query, order=Order.RELEVANCE))


def test_pages(find: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each paper is on one page, in both orders; also when more match than are ranked."""
    for order, expected in ((Order.NEWEST, "524"), (Order.RELEVANCE, "524")):
        assert [find("author:han", 1, offset, order) for offset in range(4)] == [
            *(f"{number}+" for number in expected[:2]), expected[2], "",
        ]  # fmt: skip
    assert find("world models", order=Order.RELEVANCE) == "41"
    monkeypatch.setattr(search_module, "RANKED", 1)
    assert find("world models", order=Order.RELEVANCE) == "41"  # the newest one, and that with a title


def test_changed_papers(papers: Papers, find: Callable[..., str]) -> None:
    """A revised text, another author and another category replace the former ones."""
    revised = replace(PAPERS[0], title="Cups", abstract="Kettles.", authors=("Bo Example",), version=2)
    papers.add([replace(revised, categories=("cs.RO",))], NOW + 9 * DAY)
    found = {
        query: find(query) for query in ("cups kettle author:bo cat:cs.RO", "world", "2605.00004", "robots")
    }
    assert found == {"cups kettle author:bo cat:cs.RO": "4", "world": "1", "2605.00004": "4", "robots": "5"}


def test_renamed_and_merged_papers(database: Database, papers: Papers) -> None:
    """A paper that was known by its title is found once, by its new id and by its old one."""
    papers.add([Entry("other", "Teapots", ids=("lab:7",), abstract="Hot water.")], NOW)
    papers.add(
        [Entry("arxiv", "Teapots", ids=("arxiv:2605.00009", "lab:7"), abstract="Tea.", version=1)], NOW + DAY
    )
    searching = PaperSearch(database, papers)
    for query in ("teapots", "lab:7", "2605.00009"):
        (paper,) = searching.search(parse_query(query), 9).papers
        assert paper.id == "arxiv:2605.00009"


def test_changes_by_other_programs(database: Database, find: Callable[..., str]) -> None:
    """Triggers keep the index: an earlier version, or a person, may write too. A deleted paper is not found."""
    with database.session() as session:
        for statement in (
            "DELETE FROM alias WHERE paper = 'arxiv:2605.00001'",
            "DELETE FROM terms WHERE paper = 'arxiv:2605.00001'",
            "UPDATE paper SET id = 'arxiv:2605.00008', title = 'Kites' WHERE id = 'arxiv:2605.00001'",
            "INSERT INTO alias (key, paper) VALUES ('arxiv:2605.00008', 'arxiv:2605.00008')",
            "UPDATE paper SET first_seen = '2027-01-01 00:00:00+00:00' WHERE id = 'arxiv:2605.00004'",
            "DELETE FROM paper WHERE id = 'arxiv:2605.00005'",
        ):
            session.execute(text(statement))
    found = {
        query: find(query) for query in ("robots", "title:plan", "kites world", "2605.00001", "id:2605.00008")
    }
    assert found == {
        "robots": "4",
        "title:plan": "3",
        "kites world": "8",
        "2605.00001": "",
        "id:2605.00008": "8",
    }
    assert find("robots OR transformers") == "42"  # in the new order of time


def test_the_index_survives_vacuum(tmp_path: Path) -> None:
    """VACUUM may number the rows of `paper` anew; a person may run it on a SQLite file."""
    with closing(Database(f"sqlite:///{tmp_path / 'paperboy.db'}")) as database:
        database.prepare()
        papers = Papers(database, COUNTING)
        papers.add(PAPERS, NOW)
        with database.session() as session:
            session.execute(text("DELETE FROM paper WHERE id = 'arxiv:2605.00001'"))
        with closing(sqlite3.connect(tmp_path / "paperboy.db")) as person:
            person.execute("VACUUM")
        page = PaperSearch(database, papers).search(parse_query("robots OR plan"), 9, order=Order.NEWEST)
    assert sorted(paper.id[-1] for paper in page.papers) == ["3", "4", "5"]


def test_stored_papers_are_indexed_by_the_migration(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of the version before is indexed as new papers are, with progress, and changes are followed."""
    steps: list[Any] = []

    @contextmanager
    def progress(description: str, total: int) -> Iterator[Callable[[str], None]]:
        steps.append((description, total))
        yield steps.append

    database = Database(empty_url, progress)
    with database.engine.begin() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0011")
    papers = Papers(database, COUNTING)
    papers.add(PAPERS[:3], NOW)
    papers.add(PAPERS[3:], NOW - DAY)
    assert database.migrate() == ("0011", migrate.HEAD)
    assert len(steps) == 2
    assert steps[0] == ("Indexing stored papers for the search", 1)
    papers.add([entry(6, "Robots again")], NOW + DAY)
    found = PaperSearch(database, papers).search(parse_query("robots"), 9, order=Order.NEWEST)
    assert [paper.id[-1] for paper in found.papers] == ["6", "4", "5"]
    database.close()
