"""Show 4: a day of 1,500 papers ingested, then ranked for five profiles, after 10,000 stored papers and after a
million, in turn in one run.

Stored papers are first seen evenly over two years, the last of them a day before the first measured day. They are
multiplied from 50,000 different texts, so a sample of 5,000 out of the million has 95 different texts in 100. Both
files stand in the machine's page cache; a cold disk is not measured. `PAPERBOY_BENCH_STORED` lowers the million.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import event, insert

from bot.digests.composer import DigestComposer
from bot.digests.corpus import load_corpus
from bot.papers.identity import title_key
from bot.papers.model import Paper
from bot.profiles.model import Profile, Reference
from bot.ranking.counts import COUNTING
from bot.ranking.linear import Ranker
from bot.store.database import Database
from bot.store.papers import Papers, _values
from bot.store.tables import AliasRow, PaperRow, TermsRow
from tests.benchmarks.conftest import DAY, DAYS, STORED
from tests.benchmarks.corpus import Corpus, identifier, mixed_profiles
from tests.support.builders import NOW

FEW = 10_000
TEXTS = 50_000
MANY = int(os.environ.get("PAPERBOY_BENCH_STORED", "1000000"))
#: Bytes that a stored paper takes, with its text, its keys, its counts and the indexes; twice while it is copied.
BYTES_A_PAPER = 5_500
#: Stored papers have numbers above those of the days' new ones.
SHIFT = STORED + DAYS * DAY
SPREAD = timedelta(days=730)
LAST_STORED = NOW - timedelta(days=1)
_TABLES = ("paper", "alias", "terms")
_BATCH = 10_000


@dataclass(slots=True)
class Side:
    """One database, and the seconds of its days."""

    name: str
    path: Path
    database: Database
    papers: Papers
    ingest: list[float] = field(default_factory=list)
    ranking: list[float] = field(default_factory=list)

    @property
    def megabytes(self) -> float:
        return self.path.stat().st_size / 1e6


def test_a_day_costs_the_same_after_a_million_papers(corpus: Corpus, tmp_path: Path) -> None:
    """Prints the times of a day on both databases, their ratios, and how SQLite looks the papers up."""
    needed = BYTES_A_PAPER * (MANY + FEW + TEXTS) + 2**30
    if (free := shutil.disk_usage(tmp_path).free) < needed:
        pytest.skip(f"needs {needed / 1e9:.1f} GB in {tmp_path}, which has {free / 1e9:.1f} GB")
    started = time.perf_counter()
    sides = [made(tmp_path, number, corpus) for number in (FEW, MANY)]
    print(f"\nstored papers in place after {time.perf_counter() - started:.0f} s")
    for side in sides:
        print(f"  {side.name:>9} papers: {side.megabytes:8,.0f} MB")
    profiles = [with_stored_ids(profile) for profile in mixed_profiles(corpus, 5, FEW)]
    measure(sides, corpus, profiles)
    show(sides)
    show_plans(sides[-1], profiles)
    for side in sides:
        side.database.close()
        side.path.unlink()  # pytest keeps the folders of three runs


def measure(sides: Sequence[Side], corpus: Corpus, profiles: Sequence[Profile]) -> None:
    """Every day is one side's alone, as its words warm the caches for whoever sees them next; sides take turns in
    going first; the first day of each warms up and does not count.
    """
    for round_ in range(DAYS // 2):
        now = NOW + timedelta(days=round_)
        for turn, side in enumerate(sides if round_ % 2 else reversed(sides)):
            first = STORED + (2 * round_ + turn) * DAY
            one_day(side, corpus, range(first, first + DAY), profiles, now)
    for side in sides:
        del side.ingest[0], side.ranking[0]


def one_day(side: Side, corpus: Corpus, day: range, profiles: Sequence[Profile], now: datetime) -> None:
    entries = [corpus.entry(number) for number in day]
    start = time.perf_counter()
    side.papers.add(entries, now)
    added = time.perf_counter()
    loaded = load_corpus(side.papers, profiles, now)
    composer = DigestComposer(loaded, loaded.fit(Ranker))
    digests = [composer.compose(profile, now.date()) for profile in profiles]
    end = time.perf_counter()
    # Muted categories apart, a day's candidates are the day's papers.
    assert max(digest.candidates for digest in digests) <= DAY
    side.ingest.append(added - start)
    side.ranking.append(end - added)


def show(sides: Sequence[Side]) -> None:
    print(f"\na day of {DAY:,} papers, medians of {len(sides[0].ingest)} days, seconds (least, most)")
    for what in ("ingest", "ranking"):
        times = [getattr(side, what) for side in sides]
        told = "   ".join(f"{median(one):6.2f} ({min(one):.2f}, {max(one):.2f})" for one in times)
        print(f"  {what:<8} {told}   ratio {median(times[1]) / median(times[0]):5.2f}")
    both = [median(map(sum, zip(side.ingest, side.ranking, strict=True))) for side in sides]
    print(f"  both     {both[0]:6.2f}   {both[1]:6.2f}   ratio {both[1] / both[0]:5.2f}")


def show_plans(side: Side, profiles: Sequence[Profile]) -> None:
    """How SQLite finds what a desk asks for, and the time of each statement: whatever the store asks today."""
    asked: list[tuple[str, Any]] = []

    def remember(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(side.database.engine, "before_cursor_execute", remember)
    load_corpus(side.papers, profiles, NOW + timedelta(days=DAYS // 2 - 1))
    connection = sqlite3.connect(side.path)
    print(f"\nhow a desk's papers are found among {side.name}")
    for statement, parameters in asked:
        if statement.lstrip().startswith("SELECT"):
            print(f"  {_clause(statement)}")
            start = time.perf_counter()
            number = len(connection.execute(statement, parameters).fetchall())
            print(f"    {number:,} rows in {time.perf_counter() - start:.2f} s")
            for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
                print(f"    {detail}")
    connection.close()


def _clause(statement: str) -> str:
    """From its tables on, short enough to read."""
    text = " ".join(statement.split())
    return text[text.index(" FROM ") + 1 :][:200]


# --- Filling ----------------------------------------------------------------------------------------------


def made(folder: Path, number: int, corpus: Corpus) -> Side:
    """A database with so many stored papers."""
    seed = folder / "seed.db"
    if not seed.exists():
        fill_seed(seed, corpus)
    path = folder / f"{number}.db"
    prepared(path).close()
    multiply(seed, path, number)
    if number == MANY:
        seed.unlink()
    os.sync()  # else writing all this back falls into the first days
    database = Database(f"sqlite:///{path}")
    return Side(f"{number:,}", path, database, Papers(database, COUNTING))


def prepared(path: Path) -> Database:
    database = Database(f"sqlite:///{path}")
    database.prepare()
    return database


def fill_seed(path: Path, corpus: Corpus) -> None:
    """Papers of the corpus as rows, by the tables themselves: columns and types are the store's business."""
    database = prepared(path)
    tables = (PaperRow, AliasRow, TermsRow)
    for start in range(0, TEXTS, _BATCH):
        rows = rows_of(corpus, range(start, start + _BATCH))
        with database.session() as session:
            for table, some in zip(tables, rows, strict=True):
                session.connection().execute(insert(table), some)
    database.close()


def rows_of(corpus: Corpus, numbers: Sequence[int]) -> tuple[list[dict[str, Any]], ...]:
    papers: list[Paper] = [corpus.paper(number, LAST_STORED) for number in numbers]
    return (
        [_values(paper) for paper in papers],
        [{"paper": paper.id, "key": key} for paper in papers for key in (paper.id, title_key(paper.title))],
        [
            {"paper": paper.id, "version": COUNTING.version, "counts": corpus.packed[number]}
            for paper, number in zip(papers, numbers, strict=True)
        ],
    )


def multiply(seed: Path, path: Path, number: int) -> None:
    """Copy the seed's rows as often as it takes, each time under other ids, keys, draws and moments."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1500000", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("ATTACH ? AS seed", (str(seed),))
    for name, count, function in _functions(number):
        connection.create_function(name, count, function, deterministic=True)
    connection.execute("BEGIN")
    for base in range(0, number, TEXTS):
        limits = {"base": base, "end": identifier(number - base)}
        for table in _TABLES:
            columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
            connection.execute(_copying(table, columns), limits)
    connection.execute("COMMIT")
    connection.close()


def _copying(table: str, columns: Sequence[str]) -> str:
    """The statement that copies one table, in the order of the papers."""
    own = "id" if table == "paper" else "paper"
    changed = {
        own: f"renumbered({own}, :base)",
        "key": f"CASE WHEN key LIKE 'title:%' THEN key || :base ELSE renumbered({own}, :base) END",
        "first_seen": "seen(renumbered(id, :base))",
        "draw": "drawn(renumbered(id, :base))",
    }
    values = ", ".join(changed.get(column, column) for column in columns)
    return (
        f"INSERT INTO main.{table} ({', '.join(columns)}) "
        f"SELECT {values} FROM seed.{table} WHERE {own} < :end ORDER BY {own}"
    )


def _functions(number: int) -> Iterator[tuple[str, int, Any]]:
    """What the copying statement calls: a paper's new id, its moment, its place in the order of samples."""
    start, step = LAST_STORED - SPREAD, SPREAD / number

    def seen(id_: str) -> str:
        return (start + step * (_ordinal(id_) - SHIFT + 1)).strftime("%Y-%m-%d %H:%M:%S.%f")

    yield "renumbered", 2, lambda id_, base: identifier(_ordinal(id_) + base + SHIFT)
    yield "seen", 1, seen
    yield "drawn", 1, lambda id_: zlib.crc32(id_.encode()) >> 1


def _ordinal(id_: str) -> int:
    return int(id_.partition(":")[2])


def with_stored_ids(profile: Profile) -> Profile:
    """The profile with its papers under the ids that both databases store them by."""
    return replace(profile, like=_stored(profile.like), dislike=_stored(profile.dislike))


def _stored(references: Sequence[Reference]) -> tuple[Reference, ...]:
    return tuple(Reference(identifier(_ordinal(one.id or "") + SHIFT)) for one in references)
