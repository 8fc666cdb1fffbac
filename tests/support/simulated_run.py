"""Paperboy at a simulated time: it asks its sources by the calendar and delivers every morning."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.bootstrap.app import App
from bot.clock import Moment
from bot.config.settings import load_settings
from bot.digests.day import Day
from bot.digests.wording import day_text
from bot.papers.model import SourceState
from bot.profiles.load import load_profiles
from bot.sources import exchange
from bot.sources.http import PoliteHttp
from bot.sources.polling import next_request
from bot.sources.registry import SOURCES
from bot.store.sources import StoredValidators
from bot.store.tables import DeliveryRow, PaperRow
from tests.support.builders import empty_database
from tests.support.cli import ROOT
from tests.support.simulated_sources import Fault, SimulatedPaper, SimulatedSources

#: Both profiles deliver at 8:30 in Paris, when the feed of the day is two hours old.
DELIVERY = time(6, 30)
_PROFILES = {"language-models": "categories: [cs.CL, cs.LG]\n", "robotics-lab": ""}
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


class NoTurns:
    """Simulated services need no pause between two requests."""

    def take(self, group: str, lease: float) -> float:
        return 0.0

    def give_back(self, group: str, spacing: float) -> None: ...


@dataclass(frozen=True)
class Morning:
    """What was known when the digests of a day were composed."""

    on: date
    faults: list[Fault]
    states: dict[str, SourceState]
    day: Day

    def __str__(self) -> str:
        """A row of a table: the day, its faults, the states of the sources, the kind of day and its words."""
        faults = ", ".join(dict.fromkeys(f"{fault.source} {fault.kind}" for fault in self.faults)) or "-"
        states = ", ".join(
            f"{state.name.removeprefix('arxiv-')} {state.state}" for state in self.states.values()
        )
        return f"{self.on:%a %d} | {faults} | {states} | {self.day.kind} | {day_text(self.day, self.on)}"


@dataclass
class SimulatedRun:
    """What a run has stored and sent."""

    stored: dict[str, datetime] = field(default_factory=dict)  #: first sight by id
    sent: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)  #: ids of each message, by Maildir
    mails: Counter[str] = field(default_factory=Counter)  #: files by Maildir
    mornings: list[Morning] = field(default_factory=list)
    requests: Counter[tuple[str, date]] = field(default_factory=Counter)  #: by source and day
    whys: dict[tuple[date, str], str] = field(default_factory=dict)  #: of each source that was stale, by day


def simulate(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    papers: Sequence[SimulatedPaper],
    faults: Sequence[Fault],
    days: Sequence[date],
    holidays: Sequence[date] = (),
) -> SimulatedRun:
    """Run through these days: from the evening before the first to the end of the last, in UTC."""
    monkeypatch.setattr(exchange, "READ_TIMEOUT", 0.2)
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "paperboy.db").write_bytes(empty_database())
    _write_profiles(folder / "profiles")
    (folder / "holidays.txt").write_text("".join(f"{day} A day off\n" for day in holidays))
    now = datetime.combine(days[0], time(3), UTC)
    end = datetime.combine(days[-1], time(23, 59), UTC)
    run = SimulatedRun()
    with SimulatedSources(papers, faults, now) as server:
        env = {
            "PAPERBOY_DATA": str(folder / "data"),
            "PAPERBOY_PROFILES": str(folder / "profiles"),
            "ARXIV_HOLIDAYS": str(folder / "holidays.txt"),
            **server.settings,
        }
        settings, problems = load_settings(env, None)
        assert settings, problems
        with closing(App(settings)) as app:
            _run(app, server, run, now, end)
            with app.database.reading() as session:
                run.stored = {row.id: row.first_seen for row in session.exec(select(PaperRow))}
                for row in session.exec(select(DeliveryRow)):
                    assert row.state == "sent", row
                    run.sent.setdefault(row.target, []).append(tuple(row.shows))
    for target in _PROFILES:
        run.mails[target] = len(list((folder / "data" / "maildir" / target / "new").iterdir()))
    run.requests = Counter((source, at.date()) for at, source, _ in server.requests)
    return run


def _run(app: App, server: SimulatedSources, run: SimulatedRun, now: datetime, end: datetime) -> None:
    app.http = PoliteHttp(  # type: ignore[misc]
        validators=StoredValidators(app.database), turns=NoTurns(), sleep=lambda seconds: None
    )
    profiles, *_ = load_profiles([app.settings.profiles])
    delivered: set[date] = set()
    waits = False
    while now < end:
        server.now = now
        due = app.due_sources(profiles, Moment(now))
        for report in app.refresh(profiles, Moment(now), due) if due else ():
            if report.state == "stale":
                run.whys[now.date(), report.name] = report.why
        if now.time() >= DELIVERY and now.date() not in delivered:
            delivered.add(now.date())
            states = {state.name: state for state in app.source_states.all()}
            today = [fault for fault in server.faults if fault.applies(fault.source, now)]
            run.mornings.append(Morning(now.date(), today, states, app.day(Moment(now))))
        # Also after the time of delivery: what waits for a source is sent when it has answered.
        if now.time() == DELIVERY or (due and waits):
            waits = any(
                result.state == "waiting" for result in app.delivery.send(profiles, Moment(now), due=True)
            )
        now = _next(app, now)


def _next(app: App, now: datetime) -> datetime:
    """The next minute at which `paperboy run` would do something."""
    states = {state.name: state for state in app.source_states.all()}
    wanted = [next_request(name, states, app.calendar, now) for name in SOURCES]
    delivery = datetime.combine(now.date(), DELIVERY, UTC)
    wanted.append(delivery if delivery > now else delivery + _DAY)
    at = max(min(wanted), now + _MINUTE)
    return at if at == at.replace(second=0, microsecond=0) else at.replace(second=0, microsecond=0) + _MINUTE


def _write_profiles(folder: Path) -> None:
    """Two example profiles, each with a Maildir only."""
    folder.mkdir()
    shutil.copy(ROOT / "profiles" / "library.bib", folder)
    for name, more in _PROFILES.items():
        text = (ROOT / "profiles" / f"{name}.yaml").read_text().partition("\ndeliver:")[0]
        zone = next(line for line in text.splitlines() if line.startswith("timezone:"))
        text = text.replace(zone, "timezone: Europe/Paris")
        (folder / f"{name}.yaml").write_text(f'{text}\n{more}deliver: [{{maildir: {name}, at: "08:30"}}]\n')
