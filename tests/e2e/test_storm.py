"""Three senders whose clocks differ, killed and stopped at random: everything arrives, and once.

A short run; hundreds of kills and stops in tests/benchmarks/test_storm_long.py.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.launcher import Launcher
from tests.support.load import wired
from tests.support.sitting import servers
from tests.support.storm import Storm


def test_kills_and_stops(tmp_path: Path) -> None:
    """On SQLite; Slack gets each message once, mails by the rule, and the ledger equals what was received."""
    with servers() as (slack, smtp), Launcher(tmp_path) as launcher:
        storm = Storm(wired(tmp_path / "town", slack, smtp), launcher, slack, smtp, seed="short")
        found = storm.run(kills=3, stops=2)
    assert not found.wrong
    assert found.posts >= 10
    assert found.mails >= 10
    assert found.parts == found.posts + found.mails - found.again.total()
