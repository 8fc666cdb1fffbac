"""`run`: one process, from the sources to the receivers, until SIGTERM."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.listings import BACKGROUND, REWARD, WORLD, daily_json, json_lines, rss
from tests.support.cli import Bench
from tests.support.silent_server import DRIP, silent_server
from tests.support.slack_server import SlackServer
from tests.support.smtp_server import SmtpServer
from tests.support.source_server import API, DAILY, RSS, SourceServer


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[str], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not happened() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)


@pytest.fixture
def service(tmp_path: Path, sources: SourceServer, slack: SlackServer, smtp: SmtpServer) -> Bench:
    """Local servers; arXiv's feed and Hugging Face have a paper each. Two editions were due minutes ago, one is due
    at the end of the day.
    """
    bench = Bench(
        tmp_path,
        SLACK_BOT_TOKEN="xoxb-right-token",
        SLACK_API_URL=slack.url,
        SMTP_URL=f"smtp://paperboy:mail%20pass%2Fword@127.0.0.1:{smtp.port}?tls=none",
        MAIL_FROM="paperboy@example.org",
        **sources.settings,
    )
    now = datetime.now(UTC)
    # Around midnight in UTC, two minutes ago was yesterday there, but not in Tokyo.
    zone, local = (
        ("UTC", now) if 5 < now.hour * 60 + now.minute < 1430 else ("Asia/Tokyo", now + timedelta(hours=9))
    )
    bench.profile(
        "ada",
        f"timezone: {zone}\ninterests: [world models, reward modelling]\ncategories: [cs.LG]\ndeliver:\n"
        f'  - {{slack: C0PAPERS, at: "{local - timedelta(minutes=2):%H:%M}"}}\n'
        f'  - {{email: ada@example.org, at: "{local - timedelta(minutes=3):%H:%M}"}}\n'
        '  - {maildir: ada, at: "23:59"}\n',
    )
    background = bench.file("background.jsonl", json_lines(*BACKGROUND))
    assert (
        bench.run("ingest", "--file", background, "--as-of", f"{now - timedelta(days=20):%Y-%m-%d}").code == 0
    )
    weekday = now.strftime("%a, %d %b %Y 00:00:00 -0400")
    sources.answer(RSS, rss(WORLD.but(day=now.date()), day=weekday))
    sources.answer(API, b"gone", status=410)
    sources.answer(DAILY, b"[]")
    sources.answer(DAILY, daily_json(REWARD.but(day=now.date())), query={"date": f"{now:%Y-%m-%d}"})
    return bench


def test_run(service: Bench, sources: SourceServer, slack: SlackServer, smtp: SmtpServer) -> None:
    """It ingests, delivers what is due, reports a source that fails, and stops within seconds of SIGTERM."""
    with service.started(service.command("run")) as process:
        wait_for(lambda: bool(slack.messages and smtp.received), process, 30)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        out, err = process.communicate(timeout=15)
    assert (process.returncode, err) == (0, "")
    assert time.monotonic() - asked < 10
    assert (len(slack.messages), len(smtp.received)) == (1, 1)
    assert all(work.title in slack.messages[0]["text"] for work in (WORLD, REWARD))
    lines = [line.split(" ", 1)[1] for line in out.splitlines()]
    assert lines[0].startswith("started; profiles: 1, subscriptions: 3, papers stored: 32")
    assert any(line.startswith("arxiv-rss: 1 entries (1 new)") for line in lines)
    assert any(line.startswith("arxiv-api: failed") and "410" in line for line in lines)
    assert any("-> slack C0PAPERS: sent, 2 papers" in line for line in lines)
    assert lines[-1] == "stopped"
    assert "xoxb-right-token" not in out
    assert len(sources.asked(RSS)) == 1

    states = {e["channel"]: e["state"] for e in service.run("status", "--json").json["editions"]}
    assert states == {"slack": "sent", "email": "sent"}


#: `run` with shorter times.
FAST = """
import sys
from bot.cli import main
from bot.worker import ingest_progress, loop, process
loop.TICK_SECONDS, loop.FINISH_SECONDS, loop.ABANDON_SECONDS = 1, 1.0, 0.5
ingest_progress.WAIT_FOR_SOURCES = 1.5
process.FILE_SECONDS = 0.1
sys.argv[0] = "paperboy"
main()
"""


def fast(bench: Bench) -> AbstractContextManager[subprocess.Popen[str]]:
    return bench.started([sys.executable, "-c", FAST, "run"])


def stop(process: subprocess.Popen[str]) -> tuple[list[str], float]:
    """Its lines without times, and how many seconds it took to end after SIGTERM."""
    process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return [line.split(" ", 1)[1] for line in out.splitlines()], time.monotonic() - asked


def point_sources_to(bench: Bench, port: int) -> None:
    bench.env |= {
        name: f"http://127.0.0.1:{port}/x" for name in bench.env if name.startswith(("ARXIV_", "HF_"))
    }


def test_sources_that_do_not_answer(service: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """The digests that are due go out after a bounded wait and name the sources; a signal ends the process."""
    with silent_server(DRIP, drip=0.5) as (port, _):
        point_sources_to(service, port)
        service.file("today.jsonl", json_lines(WORLD, REWARD))
        assert service.run("ingest", "--file", "today.jsonl").code == 0
        with fast(service) as process:
            wait_for(lambda: bool(slack.messages and smtp.received), process, 15)
            lines, seconds = stop(process)
    assert (len(slack.messages), len(smtp.received)) == (1, 1)
    late = "arxiv-api and arxiv-rss and huggingface: no complete answer yet"  # arxiv-oai has nothing to catch up on
    assert f"composing without {late}" in lines
    assert f"omposed without {late}" in slack.messages[0]["text"].replace("\u200b", "")
    assert lines[-1].startswith("stopped; cut off: ingest")
    assert seconds < 5


def test_an_outage_in_the_morning(service: Bench, sources: SourceServer, slack: SlackServer) -> None:
    """While the sources fail, an empty digest waits; it is sent on the same day when one has answered."""
    sources.answer(RSS, b"gone", status=410)
    sources.answer(DAILY, b"gone", status=410)
    assert service.run("ingest").code == 1
    waits = service.run("send", "--due", "--json")
    assert (waits.code, {e["state"] for e in waits.json["editions"][:2]}) == (1, {"waiting"})
    assert "looked at again when a source answers" in waits.json["editions"][0]["why"]
    assert "no answer from arxiv-rss" in service.run("status").out
    sources.answer(DAILY, daily_json(REWARD.but(day=datetime.now(UTC).date())))
    assert service.run("ingest", "--source", "huggingface").code == 0
    assert service.run("send", "--due").code == 0
    assert REWARD.title in slack.messages[0]["text"]


def test_a_database_that_vanishes(service: Bench, slack: SlackServer) -> None:
    """The process ends with exit code 1 and a line, and sends nothing more."""
    with fast(service) as process:
        wait_for(lambda: bool(slack.messages), process, 15)
        service.database.unlink()
        out, _ = process.communicate(timeout=15)
    assert process.returncode == 1
    assert "deleted, moved or replaced while it was in use" in out.splitlines()[-1]
    assert not service.database.exists()


@pytest.mark.parametrize("state", ["slack", "locked"])
def test_a_signal_while_something_hangs(service: Bench, state: str) -> None:
    """Slack is silent, or the database is locked: the process ends in bounded time."""
    with (
        silent_server() as (port, connected),
        closing(sqlite3.connect(service.database, isolation_level=None)) as database,
    ):
        service.env["SLACK_API_URL"] = f"http://127.0.0.1:{port}/api/"
        if state == "locked":
            database.execute("BEGIN IMMEDIATE")
        with fast(service) as process:
            assert process.stdout
            process.stdout.readline()  # started; an ingest and a tick follow
            assert connected.wait(1 if state == "locked" else 15) is (state == "slack")
            lines, seconds = stop(process)
    assert seconds < 5
    assert lines[-1].startswith("stopped; cut off: "), lines


def test_invalid_settings(bench: Bench) -> None:
    """Exit code 2 and a sentence."""
    bench.env["SMTP_URL"] = "ftp://mail.example.org"
    result = bench.run("run")
    assert (result.code, result.out) == (2, "")
    assert "SMTP_URL" in result.err


def test_no_profiles_folder(bench: Bench) -> None:
    """Exit code 2 and the name of the folder."""
    result = bench.run("run")
    assert result.code == 2
    assert "profiles" in result.err
