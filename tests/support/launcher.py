"""Starts processes of the real command that end where a test says (see `tests.support.killed`)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.cli import ROOT, Bench


class Crossing(NamedTuple):
    """A boundary that a process has crossed."""

    number: int
    name: str  #: as "before commit of claim", "in chat.postMessage", "after content"
    delivery: str  #: the delivery that the thread has under way
    at: float  #: seconds, by the same clock for all processes
    thread: int

    @property
    def records(self) -> bool:
        """Whether the outcome of its delivery is stored now. It may also be stored with what is handed over next."""
        return self.name == "after commit of record"


@dataclass(frozen=True)
class Ended:
    """The end of a process."""

    code: int | None  #: None: it was killed
    crossed: tuple[Crossing, ...]
    output: str

    @property
    def was_killed(self) -> bool:
        return self.code is None

    @property
    def in_doubt(self) -> list[str]:
        """The deliveries that were handed over and whose outcomes may be lost, one a thread at most."""
        handed: dict[int, str] = {}
        for one in self.crossed if self.was_killed else ():
            if one.name in ("before content", "before chat.postMessage"):
                handed[one.thread] = one.delivery
            elif one.records:
                handed = {thread: id_ for thread, id_ in handed.items() if id_ != one.delivery}
        return list(handed.values())


class Running:
    """A process that was started."""

    def __init__(self, launcher: Launcher, pid: int, log: Path, out: Path) -> None:
        self._launcher = launcher
        self.pid = pid
        self._log = log
        self._out = out

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    @property
    def crossed(self) -> tuple[Crossing, ...]:
        """The boundaries that it has crossed so far."""
        lines = self._log.read_bytes().splitlines(keepends=True) if self._log.exists() else []
        return tuple(Crossing(**json.loads(line)) for line in lines if line.endswith(b"\n"))

    def wait_until_stopped(self, timeout: float = 30) -> None:
        """Wait until it has stopped itself (`Order.stops`)."""
        end = time.monotonic() + timeout
        while not self.is_stopped:
            assert time.monotonic() < end, f"it did not stop: {self.crossed[-3:]}"
            time.sleep(0.01)

    @property
    def is_stopped(self) -> bool:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def poll(self) -> Ended | None:
        """Its end; None when it has not ended."""
        status = self._launcher.wait(self.pid, 0)
        return None if status < 0 else self._ended(status)

    def wait(self, timeout: float = 60) -> Ended:
        status = self._launcher.wait(self.pid, timeout)
        if status < 0:
            self.kill()
            self._launcher.wait(self.pid, timeout)
            raise AssertionError(
                f"still running after {timeout} s: {self._out.read_text()} {self.crossed[-3:]}"
            )
        return self._ended(status)

    def _ended(self, status: int) -> Ended:
        code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        output = self._out.read_text() if self._out.exists() else ""  # killed before it began
        assert "Traceback" not in output, output
        return Ended(code, self.crossed, output)


class Launcher:
    """A process that has imported everything and forks the others. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._calls = 0
        self._running: set[int] = set()

    def __enter__(self) -> Launcher:
        # One thread each: a fork copies no other threads, and cores are few.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.killed", "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **threads, "PYTHONPATH": str(ROOT)},
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End every process that is still there, also those that are stopped."""
        for pid in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.communicate(timeout=60)

    def _ask(self, order: dict[str, Any]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(self, bench: Bench, *argv: str, more: Sequence[Sequence[str]] = (), **order: Any) -> Running:
        """Start the command in a new process. `more`: calls that follow in it; the rest as in `killed.Order`."""
        self._calls += 1
        log, out = (self._folder / f"{self._calls}.{end}" for end in ("jsonl", "txt"))
        files = {"log": str(log), "out": str(out), "folder": str(bench.folder)}
        env = {**bench.environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        whole = {"argv": list(argv), "more": [list(one) for one in more], "env": env, **files, **order}
        pid = self._ask({"start": whole})
        self._running.add(pid)
        return Running(self, pid, log, out)

    def wait(self, pid: int, timeout: float) -> int:
        """The wait status of a process; -1 when it has not ended in time."""
        status = self._ask({"wait": pid, "timeout": timeout})
        if status >= 0:
            self._running.discard(pid)
        return status

    def run(self, bench: Bench, *argv: str, timeout: float = 60, **order: Any) -> Ended:
        return self.start(bench, *argv, **order).wait(timeout)
