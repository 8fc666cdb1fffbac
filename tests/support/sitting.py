"""Runs an installation through kills and faults until everything is delivered.

Later sends take no real time: `--on` sets their clock.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.accounts import Accounts, Stored, accounts, end_leases, stored
from tests.support.cli import Bench
from tests.support.launcher import Ended, Launcher, Running
from tests.support.load import wired
from tests.support.slack_server import SlackServer
from tests.support.smtp_server import SmtpServer

#: Sends after the last kill, after which no delivery may be open; the waits between them grow to an hour.
_MAX_SENDS = 15


class Prepared:
    """An installation that every sitting starts with a copy of."""

    def __init__(self, bench: Bench, launcher: Launcher, slack: SlackServer, smtp: SmtpServer) -> None:
        self.bench = bench
        self.launcher = launcher
        self.slack = slack
        self.smtp = smtp
        self._sittings = 0

    def sitting(self, now: datetime, **order: Any) -> Sitting:
        """A copy with empty receivers; `order` applies to every process (see `killed.Order`)."""
        self._sittings += 1
        folder = self.bench.folder.with_name(f"{self.bench.folder.name}-{self._sittings}")
        shutil.copytree(self.bench.folder, folder)
        for server in (self.slack, self.smtp):
            server.settle()
            server.clear()
        bench = Bench(folder, **{**self.bench.env, "PAPERBOY_DATA": str(folder / "data")})
        return Sitting(bench, self, now, order)


class Sitting:
    """A sequence of sends, some of them killed."""

    def __init__(self, bench: Bench, prepared: Prepared, now: datetime, order: dict[str, Any]) -> None:
        self.bench = bench
        self.now = now
        self.kills: list[Ended] = []
        self.held = 0  #: deliveries that needed `resend` at the end
        self._prepared = prepared
        self._order = order

    @property
    def _on(self) -> str:
        return self.now.isoformat().replace("+00:00", "Z")

    def start(self, command: str = "send", *arguments: str, **order: Any) -> Running:
        """Start a command at the sitting's time as a separate process."""
        argv = [command, *arguments, "--on", self._on]
        return self._prepared.launcher.start(self.bench, *argv, **self._order, **order)

    def ended(self, running: Running) -> Ended:
        """Wait for the process, and until the receivers have handled everything that it sent."""
        ended = running.wait()
        self._prepared.slack.settle()  # look-ups a minute later come at once here
        if ended.was_killed:
            self._prepared.smtp.settle()
            self.kills.append(ended)
        return ended

    def send(self, **order: Any) -> Ended:
        return self.ended(self.start(**order))

    def later(self, minutes: float = 5) -> None:
        """Set the time for what follows, when the leases of dead processes have run out."""
        self.now += timedelta(minutes=minutes)
        end_leases(self._url)

    @property
    def stored(self) -> Stored:
        return stored(self._url)

    @property
    def _url(self) -> str:
        return self.bench.env.get("DATABASE_URL") or f"sqlite:///{self.bench.database}"

    def finish(self, editions: int) -> None:
        """Send at later and later times until all editions exist and none is open; resend what is held."""
        minutes = 5.0
        for _ in range(_MAX_SENDS):
            state = self.stored
            if state.editions >= editions and not state.open:
                if not state.held:
                    return
                self.held += len(state.held)
                for id_ in state.held:
                    self.ended(self.start("resend", id_))
            self.later(minutes)
            minutes = min(minutes * 1.6, 65)
            self.send()

    def accounts(self) -> Accounts:
        """Compares what was received with what is stored; `held` counts deliveries that needed `resend`."""
        doubts = [id_ for ended in self.kills for id_ in ended.in_doubt]
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
    """Five subscriptions: a thread of three parts, and two readers with a common Slack channel and a mail each."""
    from tests.support.load import ingest, reader, works

    bench = wired(folder, slack, smtp)
    reader(bench, 0, "slack: C0LONG", limit=100)
    reader(bench, 1, "slack: C0SHARED", "email: one@example.org")
    reader(bench, 2, "slack: C0SHARED", "email: two@example.org")
    ingest(bench, day, [*works(0, 36, day, long=True), *works(1, 3, day), *works(2, 2, day)])
    return bench
