"""Two years of a lab: the size of its database with and without retention, and what commands take at the end.

LAB_MONTHS=24 python -m pytest tests/benchmarks/test_lab_years.py -s -n 0      # 20 to 40 minutes

Papers, digests and messages are made by the real ingest, composer and channels; only the last step, sending, is left
out. What a day adds to the database without retention is copied row by row to the one with it, which is thinned every
day. The commands are timed side by side at the end, on both and on a copy from the end of the first month.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

from bot.bootstrap.app import App
from bot.bootstrap.status import current_status
from bot.channels.email.channel import MailChannel
from bot.channels.slack.channel import SlackChannel
from bot.clock import Moment
from bot.config.settings import load_settings
from bot.config.smtp_url import parse_sender, parse_smtp_url
from bot.delivery.model import Envelope, Outcome, Sent
from bot.delivery.ports import StageCallback, ignore_stage
from bot.papers.model import Entry
from bot.profiles.load import load_profiles
from bot.profiles.model import ChannelName, Profile
from tests.benchmarks.archive import needs_archive
from tests.benchmarks.lab import papers_of, profile_texts
from tests.support.leftovers import archive, entries

FIRST = date(2024, 1, 1)
MONTHS = int(os.environ.get("LAB_MONTHS", "24"))
ROUNDS = 5
FRIDAY = 4
TARGETS = ("{{slack: C{number:08}}}", "{{email: reader{number}@example.org}}")
TABLES = ("paper", "alias", "terms", "edition", "ledger", "delivery", "message", "attempt")


class QuickMail(MailChannel):
    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        return Sent(envelope.delivery)


class QuickSlack(SlackChannel):
    spacing = timedelta(0)

    def check(self) -> None:
        pass

    def learn_receiver(self, target: str) -> None:
        pass

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        return Sent(f"{envelope.target}:1")


class Lab:
    """An installation with a database of its own."""

    def __init__(self, folder: Path, data: str, keep: str = "forever") -> None:
        env = {"PAPERBOY_DATA": str(folder / data), "PAPERBOY_PROFILES": str(folder / "profiles")}
        if keep:
            env |= {"PAPERBOY_KEEP_PAPERS": keep, "PAPERBOY_KEEP_MESSAGES": keep}
        settings, problems = load_settings(env, None)
        assert settings, problems
        self.app = App(settings, sleep=lambda seconds: None)
        self.file = Path(settings.database_place)
        loaded = load_profiles([settings.profiles])
        assert not loaded.problems
        self.profiles: list[Profile] = list(loaded.profiles)
        sender = parse_sender("Paperboy <paperboy@example.org>")
        self.app.__dict__["channels"] = {
            ChannelName.EMAIL: QuickMail(parse_smtp_url("smtp://127.0.0.1:1"), sender),
            ChannelName.SLACK: QuickSlack(None),
        }

    def ingest(self, day: date, real: list[Entry]) -> None:
        number = (day - FIRST).days
        self.app.papers.add(list(papers_of(day, number, real)), at(day, 1))

    def send(self, day: date) -> None:
        self.app.delivery.send(self.profiles, Moment(at(day, 9)), due=False)

    def preview(self, day: date) -> None:
        self.app.previewer.previews(self.profiles, Moment(at(day, 10)))

    def status(self, day: date) -> None:
        current_status(self.app, Moment(at(day, 10)))

    def thin(self, day: date) -> None:
        self.app.thin(self.profiles, at(day, 11))

    def size(self) -> float:
        """In MB, with what has been written to the file's log only."""
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self.file.stat().st_size / 1e6


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def weekdays(first: date) -> Iterator[date]:
    while True:
        if first.weekday() < 5:
            yield first
        first += timedelta(days=1)


def copy_new(source: Path, target: Path) -> None:
    """Copy the rows that a database has and the other one does not have yet, by their numbers."""
    with closing(sqlite3.connect(target)) as connection, connection:
        connection.execute("ATTACH ? AS source", (str(source),))
        connection.execute("CREATE TABLE IF NOT EXISTS copied (name TEXT PRIMARY KEY, row INTEGER)")
        for name in TABLES:
            last = connection.execute("SELECT row FROM copied WHERE name = ?", (name,)).fetchone() or (0,)
            connection.execute(f"INSERT INTO {name} SELECT * FROM source.{name} WHERE rowid > ?", last)
            connection.execute(
                f"REPLACE INTO copied SELECT ?, coalesce(max(rowid), 0) FROM source.{name}",
                (name,),
            )


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@needs_archive
def test_lab_years(tmp_path: Path) -> None:
    """Sizes by month, then medians of each command's seconds and their ratios."""
    real = list({entry.ids[0]: entry for entry in entries(archive())}.values())
    (tmp_path / "profiles").mkdir()
    for id_, text in profile_texts(real, TARGETS).items():
        (tmp_path / "profiles" / f"{id_}.yaml").write_text(text)
    whole, thin = Lab(tmp_path, "whole"), Lab(tmp_path, "thin", keep="")
    assert thin.app.papers.count() == whole.app.papers.count() == 0
    print("\n\nmonth    MB whole    MB thin    s a day: ingest   send    thin")
    month, times = 0, []
    for day in weekdays(FIRST):
        number = (day.year - FIRST.year) * 12 + day.month - FIRST.month
        if number > month:
            month = number
            medians = "  ".join(f"{median(column):6.2f}" for column in zip(*times, strict=True))
            print(f"{month:5}  {whole.size():10.1f} {thin.size():10.1f}          {medians}", flush=True)
            times = []
            if month == 1:
                (tmp_path / "first").mkdir()
                shutil.copy(whole.file, tmp_path / "first" / "paperboy.db")
        if month == MONTHS:
            break
        ingest = seconds(lambda: whole.ingest(day, real))  # noqa: B023
        send = seconds(lambda: whole.send(day))  # noqa: B023
        copy_new(whole.file, thin.file)
        until_next = [day + timedelta(days=n) for n in range(3 if day.weekday() == FRIDAY else 1)]
        times.append((ingest, send, seconds(lambda: [thin.thin(one) for one in until_next])))  # noqa: B023
    compare({"first month": Lab(tmp_path, "first"), "whole": whole, "thin": thin}, day, real)


def compare(labs: dict[str, Lab], end: date, real: list[Entry]) -> None:
    """Of each command on each database, the median of the seconds of some days after its end, one after the other."""
    starts = {name: date(2024, 2, 1) if name == "first month" else end for name in labs}
    days = {name: weekdays(start) for name, start in starts.items()}
    measured: dict[str, dict[str, list[float]]] = {name: {} for name in labs}
    for _ in range(ROUNDS):
        for name, lab in labs.items():
            day = next(days[name])
            lab.ingest(day, real)
            for command in (lab.preview, lab.send, lab.status):
                took = seconds(lambda: command(day))  # noqa: B023
                measured[name].setdefault(command.__name__, []).append(took)
    print(f"\nmedian s     {'  '.join(f'{name:>18}' for name in labs)}")
    for command in ("preview", "send", "status"):
        values = {name: median(found[command]) for name, found in measured.items()}
        first = values["first month"]
        print(f"{command:10}   {'  '.join(f'{v:8.3f} ({v / first:5.2f} x)' for v in values.values())}")
