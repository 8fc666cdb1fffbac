"""Growth with the profiles: a day's ranking in shards, by one worker process, two and four.

A worker takes the next shard, loads the papers and the index of the day, ranks, and composes each digest; nothing is
stored or sent. There are 1,500 new papers and 20,000 stored ones. Each run begins without a stored index. The memory
is the largest worker's: its peak, and at its end its own and that of mapped files, which workers share.

`PAPERBOY_BENCH_PROFILES="1000 10000 100000"` and `PAPERBOY_BENCH_WORKERS="1 2 4"` choose the runs,
`PAPERBOY_BENCH_SHARD=512` the size of a shard.
"""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import time as clock
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from bot.bootstrap.app import App
from bot.channels.email.channel import MailChannel
from bot.cli.common import the_settings
from bot.clock import Moment
from bot.config.smtp_url import parse_sender
from bot.delivery.editions import as_json, store_edition
from bot.profiles.model import ChannelName, Profile, Subscription
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.tables import AliasRow, Base, PaperRow, TermsRow
from tests.benchmarks.corpus import Corpus, mixed_profiles
from tests.benchmarks.test_growth import rows_of
from tests.support.builders import NOW

STORED, DAY = 20_000, 1_500
SIZES = [int(one) for one in os.environ.get("PAPERBOY_BENCH_PROFILES", "1000").split()]
WORKERS = [int(one) for one in os.environ.get("PAPERBOY_BENCH_WORKERS", "1 2 4").split()]
SHARD = int(os.environ.get("PAPERBOY_BENCH_SHARD", "512"))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database, and with all profiles by shard."""
    folder = tmp_path_factory.mktemp("shards")
    corpus = Corpus(STORED + DAY)
    database = Database(f"sqlite:///{folder / 'paperboy.db'}")
    database.prepare()
    for start in range(0, STORED + DAY, DAY):
        rows = rows_of(corpus, range(start, min(start + DAY, STORED + DAY)))
        with database.session() as session:
            for table, some in zip((PaperRow, AliasRow, TermsRow), rows, strict=True):
                for row in some:
                    if table is PaperRow and int(row["id"].partition(":")[2]) >= STORED:
                        row["first_seen"] = NOW
                session.connection().execute(insert(table), some)
    database.close()
    profiles = mixed_profiles(corpus, max(SIZES), STORED)
    for number, shard in enumerate(shards(profiles)):
        (folder / f"{number}.shard").write_bytes(pickle.dumps(shard))
    return folder


def shards(profiles: list[Profile]) -> Iterator[list[Profile]]:
    for start in range(0, len(profiles), SHARD):
        yield profiles[start : start + SHARD]


@pytest.mark.parametrize("size", SIZES)
def test_a_day_of_profiles(stored: Path, size: int) -> None:
    """Prints wall and processor seconds, milliseconds a digest, and the memory of the largest worker."""
    number = -(-size // SHARD)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PAPERBOY_DATA": str(stored)}
    print(f"\n{size:,} profiles in {number} shards of {SHARD}, load {os.getloadavg()[0]:.1f}")
    for workers in WORKERS:
        shutil.rmtree(stored / "index", ignore_errors=True)
        (stored / "next").write_text("0")
        command = [sys.executable, "-m", "tests.benchmarks.test_shards", str(stored), str(number), str(size)]
        begun = time.perf_counter()
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
            for _ in range(workers)
        ]
        lines = [process.communicate()[0] for process in running]
        wall = time.perf_counter() - begun
        assert not any(process.returncode for process in running)
        found = [list(map(float, line.split())) for line in lines]
        digests, cpu, start, model, compose = (sum(one) for one in list(zip(*found, strict=True))[:5])
        assert digests == size
        own, mapped, peak = (max(one) for one in list(zip(*found, strict=True))[5:])
        print(
            f"  {workers} workers: {wall:7.1f} s, processor {cpu:7.1f} s, {cpu / digests * 1000:5.2f} ms a digest"
            f" (starting {start:.1f}, papers and model {model:.1f}, composing {compose:.1f} s);"
            f" largest worker {peak:.0f} MB, at its end {own:.0f} MB own, {mapped:.0f} MB mapped",
            flush=True,
        )


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_storing_editions(
    stored: Path, kind: str, tmp_path: Path, new_postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prints milliseconds, rows and bytes of an edition as mail: rendering, the digest as JSON, the transaction."""
    monkeypatch.setenv("PAPERBOY_DATA", str(stored))
    profiles = pickle.loads((stored / "0.shard").read_bytes())
    with closing(App(the_settings(), shares_index=True)) as app:
        composer = app.composer(profiles, Moment(NOW, NOW.date()))
        digests = [composer.compose(profile, NOW.date()) for profile in profiles]
    digests = [digest for digest in digests if digest.papers]
    channel = MailChannel(None, parse_sender("Paperboy <paperboy@example.org>"))
    url = f"sqlite:///{tmp_path / 'paperboy.db'}" if kind == "sqlite" else new_postgres()
    with closing(Database(url)) as database:
        database.migrate()
        outbox, before = Outbox(database), bytes_of(database)
        subscriptions = [
            Subscription(digest.profile, ChannelName.EMAIL, f"{digest.profile}@example.org", clock(8))
            for digest in digests
        ]
        rendering = seconds(
            lambda: [
                channel.render(one, "0" * 16, to.target)
                for one, to in zip(digests, subscriptions, strict=True)
            ]
        )
        as_text = seconds(lambda: [json.dumps(as_json(one)) for one in digests])
        whole = seconds(
            lambda: [
                store_edition(outbox, to, f"email:{to.target}", one, channel)
                for one, to in zip(digests, subscriptions, strict=True)
            ]
        )
        number, after = len(digests), bytes_of(database)
    papers = sum(len(one.papers) for one in digests) / number
    print(
        f"\n{kind}: {number} editions of {papers:.1f} papers; ms each: {1000 * whole / number:.2f} in all, of which"
    )
    print(f"  rendering {1000 * rendering / number:.2f}, the digest as JSON {1000 * as_text / number:.2f}")
    for table, (rows, size) in after.items():
        old_rows, old_size = before[table]
        if rows > old_rows:
            print(
                f"  {table:10} {(rows - old_rows) / number:5.1f} rows, {(size - old_size) / number:8,.0f} bytes"
            )
    print(
        f"  all {sum(size - before[name][1] for name, (_, size) in after.items()) / number:,.0f} bytes an edition"
    )


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def bytes_of(database: Database) -> dict[str, tuple[int, int]]:
    """The rows of each table, and its bytes with its indexes."""
    size = (
        "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN"
        " (SELECT name FROM sqlite_master WHERE tbl_name = '{0}')"
        if database.url.get_backend_name() == "sqlite"
        else "SELECT pg_total_relation_size('{0}')"
    )
    with database.engine.connect() as connection:
        return {
            name: (
                connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one(),
                int(connection.execute(text(size.format(name))).scalar_one()),
            )
            for name in Base.metadata.tables
        }


# --- A worker, in its own process -------------------------------------------------------------------------


def work(folder: Path, number: int, size: int) -> None:
    app = App(the_settings(), shares_index=True)
    moment, digests = Moment(NOW, NOW.date()), 0
    app.composer([], moment)  # imports, and the first of the workers makes the index
    start, model, compose = time.process_time(), 0.0, 0.0
    while (shard := next_shard(folder / "next")) < number:
        profiles = pickle.loads((folder / f"{shard}.shard").read_bytes())[: size - shard * SHARD]
        begun = time.process_time()
        composer = app.composer(profiles, moment)
        made = time.process_time()
        for profile in profiles:
            composer.compose(profile, NOW.date())
        end = time.process_time()
        digests += len(profiles)
        model += made - begun
        compose += end - made
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    memory = (int(status[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile", "VmHWM"))
    print(digests, time.process_time(), start, model, compose, *memory)


def next_shard(path: Path) -> int:
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        shard = int(file.read())
        file.seek(0)
        file.write(str(shard + 1))
    return shard


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
