"""What `paperboy run` logs of its jobs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.clock import Moment
from bot.delivery.service import SendResult
from bot.errors import DatabaseError, UserError
from bot.papers.merge import Change
from bot.profiles.model import ChannelName, Profile
from bot.sources.ingest import SourceReport
from bot.worker.daemon import Daemon, DailyThinning
from bot.worker.ingest_progress import WAIT_FOR_INGEST, WAIT_FOR_SOURCES, IngestProgress
from tests.support.builders import NOW

SENT = SendResult("ada", ChannelName.SLACK, "C0", NOW.date(), "sent", 2)
SKIPPED = replace(SENT, state="skipped", papers=0, why="not due before 08:00")
REPORT = SourceReport("arxiv-rss", 3, Counter({Change.NEW: 2, Change.KNOWN: 1}))


def daemon(folder: Path, results: Sequence[Any] = (), reports: Sequence[Any] = ()) -> Daemon:
    """Its jobs return these; an exception is raised."""

    def outcome(values: Sequence[Any]) -> Sequence[Any]:
        if values and isinstance(values[0], Exception):
            raise values[0]
        return values

    (folder / "ada.yaml").write_text("interests: [robots]\ndeliver: [{maildir: ada}]\n")
    return Daemon(
        folder,
        folder / "cache.json",
        lambda profiles, moment: ["arxiv-rss"] if reports else [],
        lambda profiles, moment, names: outcome(reports),
        lambda profiles, moment: outcome(results),
        lambda files, moment: None,
        IngestProgress(tuple),
    )


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was logged since the last call, without details."""
    caplog.set_level(logging.INFO, "bot")

    def take() -> list[str]:
        found = list(caplog.messages)
        caplog.clear()
        return found

    return take


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (SENT, ["2026-05-05 ada -> slack C0: sent, 2 papers"]),
        (SKIPPED, []),
        (replace(SKIPPED, why="paused", blocked=True), ["2026-05-05 ada -> slack C0: skipped (paused)"]),
        (DatabaseError("the database is gone"), ["the database is gone"] * 2),
    ],
)
def test_tick(tmp_path: Path, lines: Callable[[], list[str]], result: Any, expected: list[str]) -> None:
    """A result is logged once, unless it is only not due; an error is logged each time and ends nothing."""
    made = daemon(tmp_path, [result])
    made.tick()
    made.tick()
    assert lines() == expected


def test_ingest(tmp_path: Path, lines: Callable[[], list[str]]) -> None:
    """A line for each source that is due, with its counts, state and reason; nothing when none is."""
    daemon(tmp_path).ingest()
    failed = SourceReport("arxiv-api", state="failed", why="410 Gone")
    daemon(tmp_path, reports=[REPORT, failed]).ingest()
    daemon(tmp_path, reports=[DatabaseError("the database is gone")]).ingest()
    assert lines() == [
        "arxiv-rss: 3 entries (2 new, 1 known)",
        "arxiv-api: failed 0 entries (410 Gone)",
        "the database is gone",
    ]


def test_thinning(tmp_path: Path, lines: Callable[[], list[str]]) -> None:
    """Once a day, after an ingest, with all profiles; an error ends nothing."""
    made, calls = daemon(tmp_path), []

    def thin(profiles: Sequence[Profile], now: datetime) -> dict[str, int]:
        calls.append(([profile.id for profile in profiles], now))
        return {"papers": 3, "messages": 0}

    made.thin = thinning = DailyThinning(thin)
    made.ingest()
    made.ingest()
    thinning._last = calls[0][1] - timedelta(days=1)
    made.ingest()
    assert [profiles for profiles, _ in calls] == [["ada"]] * 2
    assert lines() == ["thinned: papers 3"] * 2


def test_profiles_are_read_for_each_job(tmp_path: Path, lines: Callable[[], list[str]]) -> None:
    """Their problems are logged when they change; without a folder it does not start."""
    made = daemon(tmp_path)
    made.start(7)
    (tmp_path / "ada.yaml").write_text("interests: [robots]\n")
    made.tick()
    made.tick()
    printed = lines()
    assert printed[0] == "started; profiles: 1, subscriptions: 1, papers stored: 7"
    assert sum(line.startswith("profile problem: ") for line in printed) == 1
    assert printed[-1].endswith("ada.yaml: until it is corrected, the last valid version of ada is used")
    daemon(tmp_path)  # writes the profile
    made.tick()
    assert lines() == ["all profiles are valid again"]
    with pytest.raises(UserError):
        Daemon(
            tmp_path / "none",
            tmp_path / "cache.json",
            lambda *_: (),
            lambda *_: (),
            lambda *_: (),
            lambda *_: None,
            IngestProgress(tuple),
        ).start(0)


@dataclass
class Clock:
    """A clock that a sleep moves on. `then`: what happens at a time."""

    now: float = 0.0
    then: dict[float, Callable[[], None]] = field(default_factory=dict)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now = round(self.now + seconds, 6)
        self.then.pop(self.now, lambda: None)()


@pytest.mark.parametrize(
    ("begins", "answers", "waited", "late"),
    [
        (-10.0, {"a": 2.0, "b": 30.0}, 30.0, set()),
        (-10.0, {"a": 2.0}, WAIT_FOR_SOURCES - 10, {"b"}),
        (-10.0, {}, WAIT_FOR_SOURCES - 10, {"a", "b"}),
        (-300.0, {}, 0.0, {"a", "b"}),
        (0.2, {"a": 2.0, "b": 30.0}, 30.0, set()),
        (80.0, {"a": 82.0, "b": 90.0}, 90.0, set()),
        (80.0, {"a": 82.0}, 80.0 + WAIT_FOR_SOURCES, {"b"}),
        (None, {}, WAIT_FOR_INGEST, {"a", "b"}),
    ],
)
def test_a_due_digest_waits_for_the_sources(
    begins: float | None, answers: dict[str, float], waited: float, late: set[str]
) -> None:
    """Those that are due, also when the ingest that asks them begins after the tick, as when the machine has slept:
    until they have answered, or a minute after the ingest began. Then it goes without the late ones.
    """
    clock, lines, due = Clock(), list[str](), {"a", "b"}
    progress = IngestProgress(lambda: due, clock.sleep, lines.append, clock)

    def begin() -> None:
        progress.begin(["a", "b"])
        due.clear()  # they count as asked

    if begins is not None and begins < 0:
        clock.now = begins
        begin()
        clock.now = 0.0
    elif begins:
        clock.then = {begins: begin}
    clock.then |= {at: partial(progress.answered, name) for name, at in answers.items()}
    assert progress.wait() == late
    assert abs(clock.now - waited) < 0.3
    names = " and ".join(sorted(late))
    assert lines == ([f"composing without {names}: no complete answer yet"] if late else [])
    if begins is not None:
        before = clock.now
        assert progress.wait() == late  # a second one in the same ingest does not wait again
        assert clock.now == before
        progress.end()
        assert progress.wait() == frozenset()


def test_a_digest_waits_for_what_becomes_due_during_an_ingest() -> None:
    """The ingest that was under way, perhaps since before the machine slept, does not count for it."""
    clock, due = Clock(-1.0), {"b"}
    progress = IngestProgress(lambda: due, clock.sleep, clock=clock)
    progress.begin(["a"])
    clock.now = 0.0

    def begin() -> None:
        progress.begin(due)
        due.clear()

    clock.then = {3.0: progress.end, 40.0: begin, 45.0: progress.end}
    assert (progress.wait(), clock.now) == (frozenset(), 45.0)


@pytest.mark.parametrize("first", ["tick", "ingest"])
def test_the_first_tick_after_a_sleep(tmp_path: Path, first: str) -> None:
    """Whichever job is first, what is due is composed of what the sources answer."""
    stored, composed, clock = list[str](), list[list[str]](), Clock()
    made = daemon(tmp_path)

    def fetch(profiles: Sequence[Profile], moment: Moment, names: Sequence[str]) -> Iterator[SourceReport]:
        stored.extend(names)
        yield REPORT

    def send(profiles: Sequence[Profile], moment: Moment) -> list[SendResult]:
        assert made.progress.wait() == frozenset()
        composed.append(list(stored))
        return []

    made.due = lambda profiles, moment: [] if stored else ["arxiv-rss"]
    made.fetch, made.send = fetch, send
    made.progress = IngestProgress(lambda: made.due([], Moment.real()), clock.sleep, clock=clock)
    clock.then = {2.0: made.ingest}
    if first == "ingest":
        made.ingest()
    made.tick()
    assert (composed, clock.now) == ([["arxiv-rss"]], 2.0 if first == "tick" else 0.0)


def test_an_ingest_reports_its_progress(tmp_path: Path) -> None:
    """Also one that an error ends."""
    clock = Clock()
    made = daemon(tmp_path, reports=[DatabaseError("gone")])
    made.progress = IngestProgress(tuple, clock.sleep, clock=clock)
    made.ingest()
    assert (made.progress.wait(), clock.now) == (frozenset(), 0.0)
