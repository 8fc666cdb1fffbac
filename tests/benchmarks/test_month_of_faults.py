"""May 2026 from ../shared, served at a simulated time with faults: nothing is lost, and nothing is sent twice.

It prints a table of the days: the faults, the states of the sources when the digests are composed, the day's kind.
"""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest

from bot.papers.calendar import ArxivCalendar
from bot.sources.registry import SOURCES
from tests.support.simulated_run import simulate
from tests.support.simulated_sources import ARCHIVE, days, fault, read_archive

pytestmark = pytest.mark.skipif(not ARCHIVE.is_dir(), reason=f"no real papers: {ARCHIVE} is not there")

MAY = list(days(date(2026, 5, 1), date(2026, 5, 31)))
HOLIDAY = date(2026, 5, 20)  #: an evening without an announcement


FAULTS = [
    fault("arxiv-api", "503", 4),
    fault("arxiv-rss", "stale", 5),
    fault("arxiv-api", "empty", 6),
    fault("arxiv-rss", "truncated", 7),
    fault("huggingface", "503", 8),
    fault("arxiv-rss", "time-out", 11, hours=10),
    fault("arxiv-rss", "stale", 12),
    fault("arxiv-oai", "503", 12, hours=20),
    *(fault(source, "503", 13, hours=48) for source in SOURCES),
    fault("arxiv-rss", "stale cs.AI", 19),
    fault("arxiv-api", "truncated", 22),
    fault("huggingface", "truncated", 26),
    fault("arxiv-api", "time-out", 27, hours=8),
    fault("arxiv-rss", "503", 27),
    fault("arxiv-api", "stale", 28),
]


def test_month_of_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All papers that a month without faults stores are stored, and no receiver gets one twice."""
    calendar = ArxivCalendar({HOLIDAY: "A day off"})
    papers = read_archive(calendar, MAY)
    begun = time.perf_counter()
    sound = simulate(tmp_path / "sound", monkeypatch, papers, [], MAY, [HOLIDAY])
    between = time.perf_counter()
    faulty = simulate(tmp_path / "faulty", monkeypatch, papers, FAULTS, MAY, [HOLIDAY])
    print(f"\n{between - begun:.0f} s without faults, {time.perf_counter() - between:.0f} s with")
    for run in (sound, faulty):
        counts = {
            name: sum(n for (source, _), n in run.requests.items() if source == name) for name in SOURCES
        }
        print(
            f"{len(run.stored)} papers, requests {counts}, ",
            {k: sum(map(len, v)) for k, v in run.sent.items()},
        )
    print("day | faults | states at 8:30 in Paris | kind | words")
    print(*faulty.mornings, sep="\n")
    print(*(f"{on} {name}: {why}" for (on, name), why in faulty.whys.items()), sep="\n")
    lost = sound.stored.keys() - faulty.stored.keys()
    late = sorted(faulty.stored[id_] - seen for id_, seen in sound.stored.items() if id_ in faulty.stored)
    print(f"{len(lost)} lost; latest: {[str(gap) for gap in late[-3:]]}")
    assert not lost
    for run in (sound, faulty):
        for target, messages in run.sent.items():
            sent = [id_ for message in messages for id_ in message]
            assert len(sent) == len(set(sent))
            assert run.mails[target] == len(messages)
