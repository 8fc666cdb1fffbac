"""The timer of `paperboy run`, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.support.cli import ROOT

SCRIPT = """
import sys, time
from bot.errors import SourceError
from bot.worker import loop as module
module.FINISH_SECONDS, module.ABANDON_SECONDS, module.TICK_SECONDS = 0.7, 0.3, 86_400
seconds = dict(zip(("start", "ingest", "tick"), map(float, sys.argv[1:])))

def say(line):
    sys.stdout.write(f"{line}\\n")  # at once: two threads write
    sys.stdout.flush()

def job(name):
    def work():
        say(f"{name} begins")
        time.sleep(seconds[name])
        say(f"{name} ends")
        raise RuntimeError("on purpose")
    return work

loop = module.Loop(say)
loop.listen()
say("listens")
# A wait for a locked database, during which Python handles no signal, and which no signal interrupts.
import sqlite3, tempfile
with tempfile.NamedTemporaryFile() as file:
    holder = sqlite3.connect(file.name)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        sqlite3.connect(file.name, timeout=seconds["start"]).execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        holder.close()
loop.run(job("ingest"), job("tick"))
try:
    loop.sleep(60)
except SourceError as error:
    say(error)
"""
BEGIN = {"ingest begins", "tick begins"}
STOPPED = "stopped before it was finished"


def cut_off(what: str) -> str:
    return f"stopped; cut off: {what}; the next start continues from the database"


@pytest.mark.parametrize(
    ("number", "start", "ingest", "tick", "before", "after"),
    [
        (signal.SIGTERM, 0, 0, 0, BEGIN | {"ingest ends", "tick ends"}, {STOPPED}),
        (signal.SIGINT, 0, 0.1, 0.4, BEGIN, {"ingest ends", "tick ends", STOPPED}),  # jobs are finished
        (
            signal.SIGTERM,
            0,
            60,
            0.4,
            BEGIN,
            {"tick ends", cut_off("ingest")},
        ),  # an ingest is given up earlier
        (signal.SIGHUP, 0, 60, 60, BEGIN, {cut_off("ingest and tick")}),
        (signal.SIGINT, 60, 0, 0, set(), {cut_off("the start")}),
    ],
)
def test_loop(
    number: signal.Signals, start: float, ingest: float, tick: float, before: set[str], after: set[str]
) -> None:
    """Ingest and tick run beside each other, also after an error; on a signal the process ends in bounded time."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(start), str(ingest), str(tick)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "listens"
        assert {process.stdout.readline().strip() for _ in before} == before
        signalled = time.monotonic()
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert set(out.splitlines()) == after
    assert process.returncode == 0
    assert time.monotonic() - signalled < 3
