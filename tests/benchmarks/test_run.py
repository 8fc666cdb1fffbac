"""How long `paperboy run` is held up, with its real times: by sources that do not answer, and after SIGTERM.

python -m pytest tests/benchmarks/test_run.py -s -n 0
"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.listings import REWARD, WORLD, json_lines
from tests.e2e.test_run import point_sources_to, wait_for
from tests.support.cli import Bench
from tests.support.silent_server import DRIP, silent_server
from tests.support.slack_server import SlackServer
from tests.support.smtp_server import SmtpServer
from tests.support.source_server import SourceServer

PROFILE = """interests: [world models, reward modelling]
timezone: {zone}
deliver: [{{slack: C0PAPERS, at: "{at}"}}, {{email: ada@example.org, at: "{at}"}}]
"""
CASES = {
    "sources say nothing": (b"", None),
    "sources drip a byte in 5 s": (DRIP, 5.0),
    "sources drip headers": (b"HTTP/1.1 200 OK\r\nX: ", 5.0),
}


def ready(folder: Path, slack: SlackServer, smtp: SmtpServer, sources: int, minutes: float) -> Bench:
    """Papers, sources at a port, and two digests that are due in so many minutes."""
    bench = Bench(
        folder,
        SLACK_BOT_TOKEN=slack.token,
        SLACK_API_URL=slack.url,
        SMTP_URL=f"smtp://127.0.0.1:{smtp.port}?tls=none",
        MAIL_FROM="paperboy@example.org",
        **dict.fromkeys(("ARXIV_API_URL", "ARXIV_RSS_URL", "ARXIV_OAI_URL", "HF_API_URL"), ""),
    ).prepared()
    point_sources_to(bench, sources)
    # Noon is far from midnight, whatever the hour in UTC.
    zone = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
    local = datetime.now(UTC) - timedelta(hours=datetime.now(UTC).hour - 12) + timedelta(minutes=minutes)
    bench.profile("ada", PROFILE.format(zone=zone, at=f"{local:%H:%M}"))
    bench.file("papers.jsonl", json_lines(WORLD, REWARD))
    assert bench.run("ingest", "--file", "papers.jsonl").code == 0
    return bench


def start(bench: Bench) -> AbstractContextManager[subprocess.Popen[str]]:
    return bench.started(bench.command("run"), stderr=subprocess.STDOUT)


def end(process: subprocess.Popen[str]) -> str:
    """How it ends after SIGTERM."""
    process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    try:
        out, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        return f"NOT within 60 s: {process.communicate()[0].splitlines()[-1:]}"
    last = out.splitlines()[-1].split(" ", 1)[1]
    return f"{time.monotonic() - asked:5.1f} s, exit code {process.returncode}: {last}"


def test_sources(tmp_path: Path) -> None:
    """Seconds from the due time, or from the start, to the digests; two minutes are allowed."""
    print("\n\nsources                     digests due at     Slack     mail   SIGTERM")
    for minutes, due in ((-2, "the start"), (1.2, "one minute later")):
        for number, (name, (begin, drip)) in enumerate(CASES.items()):
            with (
                silent_server(begin, drip) as (port, _),
                SlackServer() as slack,
                SmtpServer() as smtp,
                ExitStack() as stack,
            ):
                bench = ready(tmp_path / f"{minutes}{number}", slack, smtp, port, minutes)
                process = stack.enter_context(start(bench))
                at = time.time()
                if minutes > 0:
                    at = (at + 60 * minutes) // 60 * 60
                arrived: dict[str, float] = {}

                def look() -> bool:
                    for channel, got in (("slack", slack.messages), ("mail", smtp.received)):
                        if got and channel not in arrived:  # noqa: B023
                            arrived[channel] = time.time() - at  # noqa: B023
                    return len(arrived) == 2  # noqa: B023

                wait_for(look, process, 200)
                seconds = "  ".join(f"{arrived.get(one, float('nan')):5.1f} s" for one in ("slack", "mail"))
                print(f"{name:27} {due:17} {seconds}  {end(process)}")


@pytest.mark.parametrize(
    "state", ["starts", "sources", "slack", "smtp", "smtp after its greeting", "turn", "locked"]
)
def test_signal(tmp_path: Path, state: str) -> None:
    """Seconds from SIGTERM to the end of the process, in a state in which something holds it up; 20 are allowed."""
    with SlackServer() as slack, SmtpServer() as smtp, SourceServer() as sources, ExitStack() as stack:
        silent, connected = stack.enter_context(silent_server(b"220 x\r\n" if "greeting" in state else b""))
        bench = ready(tmp_path, slack, smtp, silent, -2)
        if state != "sources":
            bench.env |= sources.settings  # which answer 404 at once
        if state == "slack":
            bench.env["SLACK_API_URL"] = f"http://127.0.0.1:{silent}/api/"
        elif "smtp" in state:
            bench.env["SMTP_URL"] = f"smtp://127.0.0.1:{silent}?tls=none"
        database = stack.enter_context(closing(sqlite3.connect(bench.database, isolation_level=None)))
        if state == "locked":
            database.execute("BEGIN IMMEDIATE")
        elif state == "turn":  # the conversation is taken for the next minutes
            free = f"{datetime.now(UTC) + timedelta(minutes=4):%Y-%m-%d %H:%M:%S.%f}"
            database.execute("INSERT INTO lane (lane, free) VALUES (?, ?)", ("slack:C0PAPERS", free))
        process = stack.enter_context(start(bench))
        assert process.stdout
        process.stdout.readline()  # started
        if state in ("locked", "turn"):
            time.sleep(25)  # for the ingest, and the rate limit of its requests
        elif state != "starts":
            assert connected.wait(90)
        print(f"\nSIGTERM, {state:24} {end(process)}")
