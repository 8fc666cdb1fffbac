"""Show 6: the search over 100,000 stored papers on both databases, and the archive page over many editions.

The papers are those of ../shared/archive, again and again: each copy has the title, the authors and the categories of
one, and half of the abstract of another. Thus words are as common as in real papers, and so are pairs of them.
`PAPERBOY_BENCH_PAPERS` lowers their number.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import pytest
from sqlalchemy import insert, text

from bot.delivery.archive import Cursor
from bot.papers.model import Entry, Paper
from bot.papers.query import Order, parse_query
from bot.ranking.counts import COUNTING
from bot.store.archive import EditionArchive
from bot.store.database import Database
from bot.store.papers import Papers, _values
from bot.store.search import PaperSearch
from bot.store.tables import AliasRow, EditionRow, PaperRow, TermsRow
from tests.benchmarks.archive import needs_archive
from tests.support.builders import NOW
from tests.support.leftovers import archive, entries

PAPERS = int(os.environ.get("PAPERBOY_BENCH_PAPERS", "100000"))
EDITIONS = (1_000, 100_000)
SPREAD = timedelta(days=365)  #: the time in which the papers were first seen
_BATCH = 2000

pytestmark = needs_archive


@pytest.fixture(scope="module")
def real() -> list[Entry]:
    """One entry for each paper of the archive."""
    return list({entry.ids[0]: entry for entry in entries(archive())}.values())


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'papers.db'}" if is_sqlite else request.getfixturevalue("new_postgres")()
    with closing(Database(url)) as opened:
        opened.migrate()
        yield opened


# --- Queries ----------------------------------------------------------------------------------------------


def queries(real: Sequence[Entry], number: int = 20) -> dict[str, list[str]]:
    """By kind; drawn from the papers, always the same."""
    rng = random.Random(20260521)
    words = [re.findall(r"[a-z]{4,}", f"{entry.title} {entry.abstract}".lower()) for entry in real]
    frequency = Counter(word for one in words for word in set(one))
    rare = [word for word, papers in sorted(frequency.items()) if 2 <= papers <= 10]
    titles = [found for entry in real if len(found := re.findall(r"[A-Za-z]{3,}", entry.title)) > 4]
    names = [author for entry in real for author in entry.authors if author.isascii() and " " in author]
    common = [word for word, _ in frequency.most_common(200)]
    chosen = [rng.choice(titles) for _ in range(number)]
    return {
        "rare words": rng.sample(rare, number),
        "one of the commonest words": common[:number],
        "two common words": [" ".join(rng.sample(common, 2)) for _ in range(number)],
        "three words of a title": [" ".join(rng.sample(title, 3)) for title in chosen],
        "phrases": [f'"{" ".join(title[:2])}"' for title in chosen],
        "common phrases": [
            '"large language models"', '"language models"', '"reinforcement learning"', '"deep learning"',
            '"neural networks"', '"state of the art"', '"diffusion models"', '"world models"',
        ],
        "beginnings": [f"{word[:5]}*" for word in rng.sample(rare + common, number)],
        "family names": [f"author:{name.split()[-1]}" for name in rng.sample(names, number)],
        "whole names": [f'author:"{name}"' for name in rng.sample(names, number)],
        "categories": ["cat:cs.LG", "cat:cs.*", "cat:stat.ML", "cat:math.*", "cat:quant-ph"],
        "words in a category": [f"{word} cat:cs.CL" for word in rng.sample(common, number)],
        "without": [f"{a} -{b}" for a, b in (rng.sample(common, 2) for _ in range(number))],
        "either": [f"{a} OR {b} {rng.choice(common)}" for a, b in (rng.sample(common, 2) for _ in range(number))],
    }  # fmt: skip


def test_queries(database: Database, real: list[Entry]) -> None:
    """Prints, by kind of query, the median and the 95th percentile of the first page of 20."""
    dialect = database.url.get_backend_name()
    started = time.perf_counter()
    fill(database, real)
    print(f"\n{dialect}: {PAPERS:,} papers in {time.perf_counter() - started:.0f} s")
    print(f"  index {_index_size(database) / 1e6:.0f} of {_size(database) / 1e6:.0f} MB")
    searching = PaperSearch(database, Papers(database, COUNTING))
    searching.search(parse_query("warm"), 20)
    overall: dict[Order, list[float]] = {order: [] for order in Order}
    print(f"  {'milliseconds':30} {'relevance':>18} {'newest':>18}")
    for kind, texts in queries(real).items():
        columns = []
        for order in Order:
            times = [
                _milliseconds(lambda q=query, o=order: searching.search(parse_query(q), 20, order=o))
                for query in texts
            ]
            overall[order] += times
            columns.append(_figures(times))
        print(f"  {kind:30} {columns[0]:>18} {columns[1]:>18}")
    print(f"  {'all':30} {_figures(overall[Order.RELEVANCE]):>18} {_figures(overall[Order.NEWEST]):>18}")


def fill(database: Database, real: Sequence[Entry]) -> None:
    """Store the papers as `Papers.add` would, with the term counts of the real ones."""
    counts = [COUNTING.count(entry.title, entry.abstract) for entry in real]
    for start in range(0, PAPERS, _BATCH):
        numbers = range(start, min(start + _BATCH, PAPERS))
        papers = [_copy(real, number) for number in numbers]
        aliases = [{"key": paper.id, "paper": paper.id} for paper in papers]
        aliases += [{"key": f"title:{paper.id}{'x' * 60}", "paper": paper.id} for paper in papers]
        terms = [
            {"paper": paper.id, "version": COUNTING.version, "counts": counts[number % len(real)]}
            for number, paper in zip(numbers, papers, strict=True)
        ]
        with database.writing() as connection:
            for table, rows in (
                (PaperRow, list(map(_values, papers))),
                (AliasRow, aliases),
                (TermsRow, terms),
            ):
                connection.execute(insert(table), rows)


def _copy(real: Sequence[Entry], number: int) -> Paper:
    """The `number`th paper, in the order of time."""
    copy, place = divmod(number, len(real))
    entry, other = real[place], real[(place + copy * 97) % len(real)]
    halves = (entry.abstract[: len(entry.abstract) // 2], other.abstract[len(other.abstract) // 2 :])
    fields = entry.details() | {"abstract": " ".join(halves)}
    seen = NOW - SPREAD + SPREAD * (number // 300) / (PAPERS // 300)
    return Paper(
        id=f"arxiv:{number // 90_000 + 2401}.{number % 90_000 + 10_000}",
        title=entry.title,
        first_seen=seen,
        **fields,
    )


def _size(database: Database) -> int:
    if database.url.get_backend_name() == "postgresql":
        return _number(database, "SELECT pg_database_size(current_database())")
    return _number(database, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")


def _index_size(database: Database) -> int:
    if database.url.get_backend_name() == "postgresql":
        return _number(database, "SELECT pg_total_relation_size('search')")
    texts = _number(database, "SELECT sum(length(block)) FROM search_data")
    return texts + _number(database, "SELECT sum(2 * length(paper) + 20) FROM search_key")


def _number(database: Database, query: str) -> int:
    with database.reading() as session:
        return int(session.scalar(text(query)) or 0)


# --- Ingest -----------------------------------------------------------------------------------------------


def test_ingest(database: Database, real: list[Entry]) -> None:
    """Prints the time to store a month with and without the index, in turn, and to store it again, revised.

    On SQLite it is that of the processor, which others on the machine do not change; PostgreSQL works elsewhere.
    """
    clock = time.process_time if database.url.get_backend_name() == "sqlite" else time.perf_counter
    revised = [replace(entry, title=f"{entry.title}, revised", version=9) for entry in real]
    papers = Papers(database, COUNTING)
    times: dict[tuple[str, bool], list[float]] = {}
    with database.writing() as connection:
        triggers = _triggers(connection)
    for indexed in (True, False) * 3:
        with database.writing() as connection:
            for table in ("alias", "terms", "paper"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
            for name, statement in triggers.items():
                is_sqlite = connection.dialect.name == "sqlite"
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{'' if is_sqlite else ' ON paper'}")
                if indexed:
                    connection.exec_driver_sql(statement)
        for kind, listing in (("new", real), ("revised", revised)):
            started = clock()
            papers.add(listing, NOW)
            times.setdefault((kind, indexed), []).append(clock() - started)
    print(f"\n{database.url.get_backend_name()}: {len(real):,} papers of a month, medians of three")
    for kind in ("new", "revised"):
        with_, without = (median(times[kind, indexed]) for indexed in (True, False))
        print(
            f"  {kind:8} {with_:6.1f} s with the index, {without:.1f} s without, ratio {with_ / without:.2f}"
        )


def _triggers(connection: Any) -> dict[str, str]:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    else:
        rows = connection.exec_driver_sql(
            "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname LIKE 'search%%'"
        )
    return {row[0]: row[1] for row in rows}


# --- The archive page -------------------------------------------------------------------------------------


def test_archive_page(database: Database) -> None:
    """Prints the time of a profile's newest page, and of one in the middle, as the archive grows a hundredfold."""
    pages = EditionArchive(database)
    print(
        f"\n{database.url.get_backend_name()}: a page of 20 editions of one of ten profiles, median of 200 (95 %)"
    )
    figures = []
    stored = 0
    for number in EDITIONS:
        for start in range(stored, number, _BATCH):
            with database.writing() as connection:
                rows = [_edition_row(n) for n in range(start, min(start + _BATCH, number))]
                connection.execute(insert(EditionRow), rows)
        stored = number
        middle = Cursor(_edition_row(number // 2)["on"], "z")
        for name, cursor in (("newest", None), ("in the middle", middle)):
            times = [_milliseconds(lambda c=cursor: pages.page("reader7", 20, c)) for _ in range(200)]
            figures.append(median(times))
            print(f"  {number:7,} editions, {name:13} {_figures(times)} ms")
    print(f"  ratios {figures[2] / figures[0]:.2f} and {figures[3] / figures[1]:.2f}")


def _edition_row(number: int) -> dict[str, Any]:
    """The `number`th edition: each of ten profiles has one a day, the oldest first."""
    profile = f"reader{number % 10}"
    return {
        "id": hashlib.sha256(str(number).encode()).hexdigest()[:16],
        "subscription": f"{profile}:maildir:{profile}",
        "profile": profile,
        "channel": "maildir",
        "target": profile,
        "receiver": f"maildir:{profile}",
        "on": date(1999, 1, 1) + timedelta(days=number // 10),
        "made": NOW,
        "papers": 10,
        "candidates": 100,
        "why": "",
        "digest": {"papers": ["x" * 1500] * 10},
    }


def _milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def _figures(times: Sequence[float]) -> str:
    return f"{median(times):.1f} ({quantiles(times, n=20, method='inclusive')[-1]:.1f})"
