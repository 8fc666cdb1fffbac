"""Runs the real command in a process that is killed, or stopped, at a chosen boundary between two effects.

    python -m tests.support.killed --at 17 --log boundaries.jsonl -- send --on 2026-05-04

The boundaries are numbered as they are crossed: before and after every commit, every request to Slack, every command
and the content of every mail. The libraries that the product uses are wrapped; the product does not know of it.

`--serve` reads orders from standard input instead, one JSON document in each line, and runs each in a process forked
from this one, which has imported everything. `tests.support.launcher` writes the orders.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection
from importlib import import_module
from typing import Any, NoReturn

from sqlalchemy.engine.default import DefaultDialect

from bot.channels.email.connection import Connection
from bot.store.queue import Queue

#: The modules that commands import while they run: a forked process has them already.
_HEAVY = """bot.bootstrap.app bot.cli bot.channels.email.channel bot.channels.maildir bot.channels.slack.channel
    bot.cli.output.documents bot.cli.output.progress bot.cli.output.tables bot.config.settings bot.delivery.service
    bot.presentation.templates bot.profiles.load bot.ranking.linear bot.ranking.order bot.store.migrate
    bot.store.outbox bot.store.papers bot.store.queue bot.store.receivers bot.store.sources procrastinate"""


@dataclass
class Order:
    """One call of the command."""

    argv: list[str]  #: without the program's name
    at: int = 0  #: killed at this boundary
    named: str = ""  #: killed at the first boundary of this name
    nth: int = 1  #: or at this one of them
    after: float = 0.0  #: killed after so many seconds
    stops: bool = False  #: stopped instead (SIGSTOP), until SIGCONT
    log: str = ""  #: a file for the boundaries that are crossed
    out: str = ""  #: a file for the output
    folder: str = ""
    env: dict[str, str] | None = None
    spacing: float | None = None  #: seconds between two messages to one conversation, if not the channel's
    timeout: float | None = None  #: seconds that the channels wait for an answer, if not the channels' own
    lease: float | None = None  #: seconds, if not the product's
    threads: int | None = None  #: most threads that send, if not the product's
    settle: float | None = None  #: seconds until a message that may have arrived is looked up
    tick: float | None = None  #: seconds between two ticks of a scheduler
    heartbeat: float | None = (
        None  #: seconds between two signs of life of a worker, taken for dead after four
    )
    shift: float = 0.0  #: seconds by which the clock of this machine differs
    more: list[list[str]] = field(default_factory=list)  #: further calls in the same process


class Boundaries:
    """Numbers and logs the boundaries that this process crosses, and kills the process at one of them."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._number = 0
        self._of_name = 0
        self._lock = threading.Lock()
        self._file = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if order.log else -1
        self._of_thread = threading.local()

    @property
    def delivery(self) -> str:
        """Id of the delivery that this thread has under way; empty when there is none."""
        return getattr(self._of_thread, "delivery", "")

    @delivery.setter
    def delivery(self, id_: str) -> None:
        self._of_thread.delivery = id_

    def cross(self, name: str) -> None:
        with self._lock:
            self._number += 1
            self._of_name += name == self._order.named
            where = {"delivery": self.delivery, "thread": threading.get_ident()}
            line = {"number": self._number, "name": name, "at": time.monotonic()} | where
            if self._file >= 0:
                os.write(self._file, json.dumps(line).encode() + b"\n")
            if self._number == self._order.at or (
                name == self._order.named and self._of_name == self._order.nth
            ):
                # To this thread: one that is sent to the process lets it go on for a moment.
                number = signal.SIGSTOP if self._order.stops else signal.SIGKILL
                signal.pthread_kill(threading.get_ident(), number)


# --- Wrapping ---------------------------------------------------------------------------------------------


def wrap(boundaries: Boundaries) -> None:
    """Make every effect cross its boundaries from here on."""
    _wrap_commits(boundaries)
    _wrap_slack(boundaries)
    _wrap_smtp(boundaries)


def _wrap_method(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replace a method by `around`, whose first argument is the original."""
    original = getattr(owner, name)

    def method(*arguments: Any, **named: Any) -> Any:
        return around(original, *arguments, **named)

    setattr(owner, name, method)


def _wrap_commits(boundaries: Boundaries) -> None:
    def commit(original: Callable[..., None], dialect: Any, connection: Any) -> None:
        what, concerned = _who_commits()
        boundaries.delivery = concerned or boundaries.delivery
        boundaries.cross(f"before commit of {what}")
        original(dialect, connection)
        boundaries.cross(f"after commit of {what}")

    def hand_over(original: Callable[..., Any], queue: Any, id_: str, *rest: Any, **named: Any) -> Any:
        boundaries.delivery = id_  # another thread may commit it
        return original(queue, id_, *rest, **named)

    _wrap_method(DefaultDialect, "do_commit", commit)
    _wrap_method(Queue, "hand_over", hand_over)


def _who_commits() -> tuple[str, str]:
    """The store's method whose transaction this is, and the one delivery that it concerns, if it is one."""
    frame, what, concerned = sys._getframe(1), "", ""
    while frame := frame.f_back:  # type: ignore[assignment]
        if frame.f_globals.get("__name__", "").startswith("bot.store."):
            what = {"claim_new": "claim"}.get(frame.f_code.co_name, frame.f_code.co_name)
            concerned = frame.f_locals.get("id_", "") if what in ("claim", "hand_over", "record") else ""
    return what or "somebody", concerned


def _wrap_slack(boundaries: Boundaries) -> None:
    def request(
        original: Callable[..., None], self: Any, method: str, url: str, *rest: Any, **named: Any
    ) -> None:
        self._paperboy_call = url.partition("?")[0].rpartition("/")[2]
        boundaries.cross(f"before {self._paperboy_call}")
        original(self, method, url, *rest, **named)
        boundaries.cross(f"in {self._paperboy_call}")

    def getresponse(original: Callable[..., Any], self: Any, *rest: Any, **named: Any) -> Any:
        response = original(self, *rest, **named)
        boundaries.cross(f"after {self._paperboy_call}")
        return response

    _wrap_method(HTTPConnection, "request", request)
    _wrap_method(HTTPConnection, "getresponse", getresponse)


def _wrap_smtp(boundaries: Boundaries) -> None:
    """A command is sent as text, the content as bytes, in two halves."""

    def send(original: Callable[..., None], self: Any, data: str | bytes) -> None:
        if isinstance(data, str):
            self._paperboy_last = data.split(" ", 1)[0].strip().upper()
            boundaries.cross(f"before {self._paperboy_last}")
            original(self, data)
            return
        self._paperboy_last = "content"
        half = len(data) // 2
        boundaries.cross("before content")
        original(self, data[:half])
        boundaries.cross("in content")
        original(self, data[half:])
        boundaries.cross("in reply to content")

    def read_reply(original: Callable[..., Any], self: Any) -> Any:
        reply = original(self)
        boundaries.cross(f"after {getattr(self, '_paperboy_last', 'connect')}")
        return reply

    _wrap_method(Connection, "send", send)
    _wrap_method(Connection, "read_reply", read_reply)


# --- Running ----------------------------------------------------------------------------------------------


def run(order: Order) -> int:
    """Make the calls of the order in this process. Returns the first exit code that is not 0."""
    _adjust(order)
    wrap(Boundaries(order))
    if order.after:
        killer = threading.Timer(order.after, os.kill, (os.getpid(), signal.SIGKILL))
        killer.daemon = True
        killer.start()
    codes = [_call(argv) for argv in (order.argv, *order.more)]
    return next(filter(None, codes), 0)


def _call(argv: list[str]) -> int:
    from bot.cli import main

    sys.argv = ["paperboy", *argv]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)


def _adjust(order: Order) -> None:
    """Set the spacing, the timeout, the lease and the clock that the order asks for."""
    import bot.clock
    import bot.delivery.retry
    import bot.delivery.sender
    import bot.worker.jobs
    import bot.worker.loop
    from bot.channels.email.channel import MailChannel
    from bot.channels.slack.channel import SlackChannel

    class ShiftedDatetime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(seconds=order.shift)

    if order.shift:
        bot.clock.datetime = ShiftedDatetime  # type: ignore[misc]
    if order.lease is not None:
        bot.delivery.leases.LEASE = bot.delivery.sender.LEASE = timedelta(seconds=order.lease)
    if order.threads is not None:
        bot.delivery.sender.ThreadPoolExecutor = lambda _: ThreadPoolExecutor(order.threads)  # type: ignore
    if order.settle is not None:
        bot.delivery.retry.SETTLE = bot.delivery.retry.FIRST_WAIT = timedelta(seconds=order.settle)
    if order.tick is not None:
        bot.worker.loop.TICK_SECONDS = order.tick  # type: ignore[assignment]
    if order.heartbeat is not None:
        bot.worker.jobs.HEARTBEAT, bot.worker.jobs.STALLED = order.heartbeat, 4 * order.heartbeat
    if order.spacing is not None:
        SlackChannel.spacing = timedelta(seconds=order.spacing)
    if order.timeout is not None:
        for channel in (MailChannel, SlackChannel):
            defaults = channel.__init__.__kwdefaults__  # type: ignore[attr-defined]
            defaults["timeout"] = order.timeout


def serve() -> None:
    """Read orders, one JSON document in each line: `start` is answered by a process id, `wait` by its wait status."""
    for module in _HEAVY.split():
        import_module(module)
    _warm()
    for line in sys.stdin:
        order = json.loads(line)
        answer = _start(order["start"]) if "start" in order else _wait_for(order["wait"], order["timeout"])
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _warm() -> None:
    """Build the command line from its annotations once: it takes longer than most calls."""
    import typer.main

    from bot.cli import cli

    command = typer.main.get_command(cli)
    typer.main.get_command = lambda _: command  # type: ignore[assignment]


def _start(values: dict[str, Any]) -> int:
    return os.fork() or _child(Order(**values))


def _child(order: Order) -> NoReturn:
    code = 70
    try:
        _move(order)
        code = run(order)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _move(order: Order) -> None:
    """Enter the order's folder and environment, and redirect the output to its file."""
    out = os.open(order.out or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.env or {})


def _wait_for(pid: int, timeout: float) -> int:
    """The wait status; -1 when the process has not ended in time."""
    end = time.monotonic() + timeout
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done or time.monotonic() > end:
            return status if done else -1
        time.sleep(0.002)


def _read(arguments: list[str]) -> Order | None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--serve", action="store_true", help="take orders from standard input")
    parser.add_argument("--at", type=int, default=0, help="kill at this boundary")
    parser.add_argument("--named", default="", help="kill at the first boundary of this name")
    parser.add_argument("--after", type=float, default=0.0, help="kill after so many seconds")
    parser.add_argument("--stops", action="store_true", help="stop (SIGSTOP) instead")
    parser.add_argument("--log", default="", help="a file for the boundaries that are crossed")
    parser.add_argument("--spacing", type=float, help="seconds between two messages to one conversation")
    parser.add_argument("--timeout", type=float, help="seconds that the channels wait for an answer")
    parser.add_argument("argv", nargs="*", metavar="-- COMMAND", help="of paperboy, with its options")
    values = vars(parser.parse_args(arguments))
    return None if values.pop("serve") else Order(**values)


if __name__ == "__main__":
    if ordered := _read(sys.argv[1:]):
        sys.exit(run(ordered))
    serve()
