"""Thousands of servers that answer anything: how often each message was received.

CASES=2500 python -m pytest tests/benchmarks/test_replies_long.py -s -n 0
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.replies import Runs, mail_cases, slack_cases

CASES = int(os.environ.get("CASES", "2500"))


@pytest.mark.parametrize("run_cases", [mail_cases, slack_cases])
def test_replies(tmp_path: Path, run_cases: Callable[[Path, int], Runs], capsys: Any) -> None:
    """Prints how the deliveries ended, and the copies at the receivers: none beyond the rules."""
    start = time.perf_counter()
    runs = run_cases(tmp_path, CASES)
    with capsys.disabled():
        print(f"\n{run_cases.__name__}: {runs}, in {time.perf_counter() - start:.0f} s")
