"""What `paperboy run` prints of its jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.service import SendResult
from bot.errors import DatabaseError, UserError
from bot.papers.merge import Change
from bot.profiles.model import ChannelName
from bot.sources.ingest import SourceReport
from bot.worker.daemon import Daemon
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
        folder, lambda profiles, moment: outcome(reports), lambda profiles, moment: outcome(results)
    )


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Without the time in front."""
    return [line.partition(" ")[2] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (SENT, ["2026-05-05 ada -> slack C0: sent, 2 papers"]),
        (SKIPPED, []),
        (replace(SKIPPED, why="paused", blocked=True), ["2026-05-05 ada -> slack C0: skipped (paused)"]),
        (DatabaseError("the database is gone"), ["error: the database is gone"] * 2),
    ],
)
def test_tick(tmp_path: Path, capsys: pytest.CaptureFixture[str], result: Any, expected: list[str]) -> None:
    """A result is printed once, unless it is only not due; an error is printed each time and ends nothing."""
    made = daemon(tmp_path, [result])
    made.tick()
    made.tick()
    assert lines(capsys) == expected


def test_ingest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each source, with its counts, state and reason."""
    failed = SourceReport("arxiv-api", state="failed", why="410 Gone")
    daemon(tmp_path, reports=[REPORT, failed]).ingest()
    daemon(tmp_path, reports=[DatabaseError("the database is gone")]).ingest()
    assert lines(capsys) == [
        "arxiv-rss: 3 entries (2 new, 1 known)",
        "arxiv-api: failed 0 entries (410 Gone)",
        "error: the database is gone",
    ]


def test_profiles_are_read_for_each_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Their problems are printed when they change; without a folder it does not start."""
    made = daemon(tmp_path)
    made.start(7)
    (tmp_path / "ada.yaml").write_text("interests: [robots]\n")
    made.tick()
    made.tick()
    printed = lines(capsys)
    assert printed[0] == "started; profiles: 1, subscriptions: 1, papers stored: 7"
    assert sum(line.startswith("profile problem: ") for line in printed) == 1
    with pytest.raises(UserError):
        Daemon(tmp_path / "none", lambda *_: (), lambda *_: ()).start(0)
