"""The timer of `paperboy run`, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys, time
from bot.errors import SourceError
from bot.worker.loop import Loop

def say(word):
    print(word, flush=True)

def ingest():
    say("ingest begins")
    time.sleep(0.3)
    say("ingest ends")
    if sys.argv[1] == "fails":
        raise RuntimeError("on purpose")

loop = Loop()
loop.listen()
loop.run(ingest, lambda: say("tick"))
try:
    loop.sleep(60)
except SourceError as error:
    say(error)
"""


def start(ingest: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, ingest],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.parametrize(
    ("ingest", "number", "lines", "rest"),
    [
        ("works", signal.SIGTERM, ["ingest begins", "ingest ends", "tick"], []),
        ("fails", signal.SIGINT, ["ingest begins", "ingest ends", "tick"], []),
        ("works", signal.SIGTERM, ["ingest begins"], ["ingest ends"]),  # the job in progress is finished
    ],
)
def test_loop(ingest: str, number: signal.Signals, lines: list[str], rest: list[str]) -> None:
    """It ingests at once, then ticks, also after an ingest that fails; on a signal it stops within seconds."""
    process = start(ingest)
    try:
        assert process.stdout is not None
        assert [process.stdout.readline().strip() for _ in lines] == lines
        signalled = time.monotonic()
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    after = [line for line in out.splitlines() if line != "tick"]
    assert after == [*rest, "stopped before it was finished"]
    assert process.returncode == 0
    assert time.monotonic() - signalled < 5
