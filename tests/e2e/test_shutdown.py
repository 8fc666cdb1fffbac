"""SIGTERM at any time: the process ends with exit code 0 within 20 seconds, and the next one does what is left, once.

The processes run and end beside each other, with their real times.
"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.support.accounts import accounts, end_leases, stored
from tests.support.cli import Bench
from tests.support.load import ingest, reader, wired, works
from tests.support.silent_server import DRIP, silent_server
from tests.support.slack_server import Fault, SlackServer
from tests.support.smtp_server import At, MailFault, SmtpServer
from tests.support.source_server import SourceServer

LIMIT = 20.0  #: seconds from SIGTERM to the end, by the issue
PROFILES = 150


@dataclass
class Scene:
    """An installation with servers of its own: two mails and a Slack message are due, from ten papers."""

    bench: Bench
    slack: SlackServer
    smtp: SmtpServer
    stack: ExitStack
    command: tuple[str, ...] = ("run",)
    #: Whether the process does what it is to be interrupted in.
    is_busy: Callable[[], bool] = lambda: True
    release: Callable[[], object] = lambda: None  #: ends what makes the process hang

    def says(self, text: str) -> bool:
        """Whether the process has logged something."""
        return text in self.log.read_text()

    @property
    def log(self) -> Path:
        return self.bench.folder / "log.txt"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.bench.database}"

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(self.bench.database)) as database:
            (number,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(number)


@dataclass
class End:
    """How a process ended."""

    scene: Scene
    code: int
    seconds: float  #: from the first signal
    out: str
    editions: int  #: that were stored then


def scene(folder: Path, stack: ExitStack) -> Scene:
    slack, smtp = stack.enter_context(SlackServer()), stack.enter_context(SmtpServer())
    sources = stack.enter_context(SourceServer())  # knows nothing: every source fails at once
    bench = wired(folder, slack, smtp, **sources.settings)
    today = 'at: "00:00"'
    reader(bench, 0, f"email: one@example.org, {today}", f"email: two@example.org, {today}")
    reader(bench, 1, f"slack: C0PAPERS, {today}")
    return Scene(bench, slack, smtp, stack)


def sources_answer(one: Scene, begin: bytes, drip: float | None) -> None:
    port, connected = one.stack.enter_context(silent_server(begin, drip))
    for name in [name for name in one.bench.env if name.startswith(("ARXIV_", "HF_"))]:
        one.bench.env[name] = f"http://127.0.0.1:{port}/x"
    one.is_busy = connected.is_set


def dripping_sources(one: Scene) -> None:
    sources_answer(one, DRIP, 0.5)


def silent_sources(one: Scene) -> None:
    sources_answer(one, b"", None)


def ranking(one: Scene) -> None:
    for number in range(PROFILES):
        one.bench.profile(
            f"more{number}",
            "timezone: UTC\ninterests: [moss growth, salt mines]\nthreshold: 0\n"
            f'deliver: [{{maildir: more{number}, at: "00:00"}}]\n',
        )
    one.is_busy = lambda: one.count("edition") > 0


def slow_mail_server(one: Scene) -> None:
    """It takes each mail after four seconds."""
    one.smtp.script.plan = lambda: MailFault(At.DOT, store=True, hang=4)
    one.is_busy = lambda: bool(one.smtp.received)


def silent_mail_server(one: Scene) -> None:
    """It never answers RCPT: nothing is handed over."""
    asked: list[float] = []

    def plan() -> MailFault:
        asked.append(time.monotonic())
        return MailFault(At.RCPT, hang=60)

    one.smtp.script.plan = plan
    one.is_busy = lambda: bool(asked)


def silent_slack(one: Scene) -> None:
    """It takes the message and does not answer."""
    one.slack.script = [Fault(store=True, delay=15)]
    one.is_busy = lambda: bool(one.slack.messages)


def locked_database(one: Scene) -> None:
    database = sqlite3.connect(one.bench.database, isolation_level=None, check_same_thread=False)
    database.execute("BEGIN IMMEDIATE")
    one.release = database.close
    one.is_busy = lambda: one.says("started") and time.time() - one.log.stat().st_mtime > 2


def serving(one: Scene) -> None:
    one.command = ("serve", "--port", "0")
    one.bench.env["SECRET_KEY"] = "kT9x_2mVq8LwZr5yB1nHs7PdEa4UcJf3"
    one.is_busy = partial(one.says, "answers on")


def answering_in_slack(one: Scene) -> None:
    port, connected = one.stack.enter_context(silent_server())
    one.command = ("slack",)
    one.release = partial(one.bench.env.update, SLACK_API_URL=one.slack.url)
    one.bench.env |= {"SLACK_APP_TOKEN": "xapp-token", "SLACK_API_URL": f"http://127.0.0.1:{port}/api/"}
    one.is_busy = connected.is_set


#: What happens, and how the last line of the log begins.
SCENES = {
    dripping_sources: "stopped; cut off: ingest",
    silent_sources: "stopped; cut off: ingest",
    ranking: "stopped",
    slow_mail_server: "stopped",
    silent_mail_server: "stopped; cut off: tick",
    silent_slack: "stopped; cut off: tick",
    locked_database: "stopped; cut off: ",
    serving: "stopped",
    answering_in_slack: "stopped",
}


def interrupt(one: Scene) -> End:
    """Start the process; send it SIGTERM several times, as Heroku does, when it is busy."""
    with (
        one.log.open("w") as log,
        subprocess.Popen(
            one.bench.command(*one.command),
            cwd=one.bench.folder,
            env=one.bench.environment,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        until = time.monotonic() + 40
        while process.poll() is None and not one.is_busy():
            if time.monotonic() > until:
                process.kill()
            time.sleep(0.05)
        began = time.monotonic()
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            process.send_signal(number)
            time.sleep(0.1)
        code = process.wait()
        return End(one, code, time.monotonic() - began, one.log.read_text(), one.count("edition"))


def test_sigterm(tmp_path: Path) -> None:
    """It ends in time with exit code 0; afterwards each message arrives once, what was not handed over at once. One
    test, because the processes take as long together as one of them.
    """
    now = datetime.now(UTC)
    with ExitStack() as stack, ThreadPoolExecutor(len(SCENES)) as pool:
        scenes = [scene(tmp_path / set_up.__name__, stack) for set_up in SCENES]
        for one, set_up in zip(scenes, SCENES, strict=True):
            ingest(one.bench, now.date(), [*works(0, 5, now.date()), *works(1, 5, now.date())])
            set_up(one)
        for end, (set_up, last) in zip(pool.map(interrupt, scenes), SCENES.items(), strict=True):
            what = f"{set_up.__name__}, {end.seconds:.1f} s:\n{end.out}"
            assert (end.code, "Traceback" in end.out) == (0, False), what
            assert end.seconds < LIMIT, what
            assert end.out.splitlines()[-1].partition(" ")[2].startswith(last), what
            check(end, set_up)


def check(end: End, set_up: Callable[[Scene], None]) -> None:
    """Send what is left: everything has arrived once."""
    one, what = end.scene, f"{set_up.__name__}:\n{end.out}"
    one.release()
    one.smtp.script.plan = lambda: None
    one.slack.settle()
    if set_up is silent_slack:
        end_leases(one.url)  # as two minutes do
    sent = one.bench.run("send", "--due")
    assert sent.code == 0, what + sent.out
    found = accounts(stored(one.url), one.slack, one.smtp)
    assert (found.mails, found.posts, found.held) == (2, 1, 0), what
    if set_up is ranking:  # the messages in Maildirs are not part of the accounts
        assert 0 < end.editions < PROFILES, what
        assert len(list((one.bench.data / "maildir").glob("*/new/*"))) == PROFILES
    else:
        assert found.wrong == [], what
