"""Nine days of May 2026 with every kind of fault, at a simulated time: tests/benchmarks has the whole month."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.digests.day import DayKind
from bot.papers.calendar import ArxivCalendar
from bot.sources.registry import SOURCES
from tests.support.simulated_run import CATEGORIES, simulate
from tests.support.simulated_sources import ARCHIVE, days, fault, read_archive

pytestmark = pytest.mark.skipif(not ARCHIVE.is_dir(), reason=f"no real papers: {ARCHIVE} is not there")

DAYS = list(days(date(2026, 5, 4), date(2026, 5, 12)))
HOLIDAY = date(2026, 5, 11)  #: an evening without an announcement
#: One of so many of the archive's papers.
EVERY = 12


FAULTS = [
    fault("arxiv-rss", "stale", 5),
    fault("arxiv-api", "empty", 6),
    fault("arxiv-rss", "truncated", 6),
    *(fault(source, "503", 7, hours=48) for source in SOURCES),
    fault("arxiv-rss", "stale cs.CL", 11),
    fault("arxiv-api", "time-out", 11, hours=1),
    fault("huggingface", "truncated", 11, hours=7),
    fault("arxiv-api", "truncated", 12, hours=7),
]


def test_days_with_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every paper is stored, no receiver gets one twice, and each odd day is named."""
    papers = read_archive(ArxivCalendar({HOLIDAY: "A day off"}), DAYS, EVERY)
    run = simulate(tmp_path / "run", monkeypatch, papers, FAULTS, DAYS, [HOLIDAY], EVERY)
    print("day | faults | states at 8:30 in Paris | kind | words", *run.mornings, sep="\n")

    end = datetime(2026, 5, 12, 23, tzinfo=UTC)  # what the holiday defers comes an hour later
    wanted = [paper for paper in papers if paper.is_in(CATEGORIES) and paper.announced < end]
    expected = {f"arxiv:{paper.number}" for paper in wanted}
    assert expected <= run.stored.keys()
    for target, messages in run.sent.items():
        sent = [id_ for message in messages for id_ in message]
        assert len(sent) == len(set(sent)) > 0
        assert run.mails[target] == len(messages)

    kinds = {morning.on.day: morning.day.kind for morning in run.mornings}
    assert {day for day, kind in kinds.items() if kind is DayKind.OUTAGE} == {7, 8}
    assert {day for day, kind in kinds.items() if kind is DayKind.WEEKEND} == {9, 10}
    assert {day for day, kind in kinds.items() if kind is DayKind.HOLIDAY} == {12}
    stale = {on.day for on, name in run.whys if name == "arxiv-rss"}
    assert {5, 11} <= stale <= {5, 6, 11}
