"""`run`: one process, from the sources to the receivers, until SIGTERM."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.listings import BACKGROUND, REWARD, WORLD, daily_json, json_lines, rss
from tests.support.cli import Bench
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
    process = subprocess.Popen(
        service.command("run"),
        cwd=service.folder,
        env=service.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: bool(slack.messages and smtp.received), process, 30)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
        process.communicate()
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
