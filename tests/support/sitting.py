"""One installation through kills and faults to the end: the runner of the fault harness.

A later `send` costs no real time: its clock is what `--on` says.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.accounts import Accounts, Stored, accounts, stored
from tests.support.cli import Bench
from tests.support.launcher import Ended, Launcher, Running
from tests.support.load import wired
from tests.support.slack_server import SlackServer
from tests.support.smtp_server import SmtpServer

#: Sends after the last kill until nothing may be open any more: waits grow to an hour.
_MOST_SENDS = 15


class Prepared:
    """An installation to copy: every sitting begins with it as it stands."""

    def __init__(self, bench: Bench, launcher: Launcher, slack: SlackServer, smtp: SmtpServer) -> None:
        self.bench = bench
        self.launcher = launcher
        self.slack = slack
        self.smtp = smtp
        self._sittings = 0

    def sitting(self, now: datetime, **order: Any) -> Sitting:
        """A copy, with receivers that have received nothing; `order`: of every process (see `killed.Order`)."""
        self._sittings += 1
        folder = self.bench.folder.with_name(f"{self.bench.folder.name}-{self._sittings}")
        shutil.copytree(self.bench.folder, folder)
        for server in (self.slack, self.smtp):
            server.settle()
            server.clear()
        bench = Bench(folder, **{**self.bench.env, "PAPERBOY_DATA": str(folder / "data")})
        return Sitting(bench, self, now, order)


class Sitting:
    """A sequence of sends, killed or not."""

    def __init__(self, bench: Bench, prepared: Prepared, now: datetime, order: dict[str, Any]) -> None:
        self.bench = bench
        self.now = now
        self.kills: list[Ended] = []
        self.held = 0  #: deliveries that waited for `resend` at the end
        self._prepared = prepared
        self._order = order

    @property
    def _on(self) -> str:
        return self.now.isoformat().replace("+00:00", "Z")

    def start(self, command: str = "send", *arguments: str, **order: Any) -> Running:
        """The command at the clock's time, as a process of its own."""
        argv = [command, *arguments, "--on", self._on]
        return self._prepared.launcher.start(self.bench, *argv, **self._order, **order)

    def ended(self, running: Running) -> Ended:
        """Waits for the process, and until the receivers have dealt with all that it said."""
        ended = running.wait()
        self._prepared.slack.settle()  # the next look is to come a minute later, and comes at once
        if ended.was_killed:
            self._prepared.smtp.settle()
            self.kills.append(ended)
        return ended

    def send(self, **order: Any) -> Ended:
        return self.ended(self.start(**order))

    def later(self, minutes: float = 5) -> None:
        self.now += timedelta(minutes=minutes)

    @property
    def stored(self) -> Stored:
        return stored(self.bench.env.get("DATABASE_URL") or f"sqlite:///{self.bench.database}")

    def finish(self, editions: int) -> None:
        """Sends at later and later times until all editions are there and nothing is open; then what is held is
        sent by `resend`.
        """
        minutes = 5.0
        for _ in range(_MOST_SENDS):
            kept = self.stored
            if kept.editions >= editions and not kept.open:
                if not kept.held:
                    return
                self.held += len(kept.held)
                for id_ in kept.held:
                    self.ended(self.start("resend", id_))
            self.later(minutes)
            minutes = min(minutes * 1.6, 65)
            self.send()

    def accounts(self) -> Accounts:
        """What was received beside what is stored; `held` counts what needed `resend`."""
        doubts = [ended.in_doubt for ended in self.kills]
        found = accounts(self.stored, self._prepared.slack, self._prepared.smtp, doubts)
        found.held += self.held
        return found

    def close(self) -> None:
        shutil.rmtree(self.bench.folder)


@contextmanager
def servers() -> Iterator[tuple[SlackServer, SmtpServer]]:
    with SlackServer() as slack, SmtpServer() as smtp:
        yield slack, smtp


def small(folder: Path, slack: SlackServer, smtp: SmtpServer, day: date) -> Bench:
    """Five subscriptions: a thread of three parts, and two readers with a Slack channel in common and a mail each."""
    from tests.support.load import ingest, reader, works

    bench = wired(folder, slack, smtp)
    reader(bench, 0, "slack: C0LONG", limit=100)
    reader(bench, 1, "slack: C0SHARED", "email: one@example.org")
    reader(bench, 2, "slack: C0SHARED", "email: two@example.org")
    ingest(bench, day, [*works(0, 36, day, long=True), *works(1, 3, day), *works(2, 2, day)])
    return bench
