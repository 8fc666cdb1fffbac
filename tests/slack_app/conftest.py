"""An installation that has posted a digest to a local Slack, and answers its readers over a local socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.bootstrap.app import App
from bot.bootstrap.slack import make_slack_socket
from bot.config.settings import load_settings
from bot.feedback.model import Answer
from bot.profiles import live
from bot.slack_app import socket
from tests.e2e.listings import BACKGROUND, REWARD, TABLE, WORLD, json_lines
from tests.slack_app.reader import Reader
from tests.support.cli import Bench
from tests.support.slack_server import SlackServer
from tests.support.socket_mode import SocketMode

#: `world models` is in no interest alone: "models that know" has more words than the papers match.
ADA = """\
interests: [reward modelling, {phrase: world models, weight: 2}]
about: robots that guess what households know
threshold: 0
deliver: [{slack: C0PAPERS}]
"""


@dataclass
class Installation:
    bench: Bench
    slack: SlackServer
    log: list[str]
    app: App

    def answers(self, profile: str = "ada") -> list[Answer]:
        """All that are stored."""
        return self.app.answers.of([profile]).get(profile, [])

    def in_effect(self, profile: str = "ada") -> list[str]:
        return [answer.what for answer in self.app.feedback.current(profile)]


def installed(folder: Path, slack: SlackServer) -> Bench:
    """Three papers found by the profile ada, and its digest posted to C0PAPERS by `paperboy send`."""
    bench = Bench(
        folder,
        SLACK_BOT_TOKEN=slack.token,
        SLACK_APP_TOKEN=slack.app_token,
        SLACK_API_URL=slack.url,
    ).prepared()
    bench.profile("ada", ADA)
    bench.file("old.jsonl", json_lines(*BACKGROUND))
    bench.file("day.jsonl", json_lines(WORLD, REWARD, TABLE))
    assert bench.run("ingest", "--file", "old.jsonl", "--as-of", "2026-04-20").code == 0
    assert bench.run("ingest", "--file", "day.jsonl", "--as-of", "2026-05-04").code == 0
    assert bench.run("send", "--on", "2026-05-04").code == 0
    assert len(slack.messages) == 1
    return bench


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[dict[str, object]]]:
    """The database after `installed`, and what it posted: made once, as it takes longer than most tests."""
    with SlackServer() as slack:
        bench = installed(tmp_path_factory.mktemp("prepared"), slack)
        return bench.database.read_bytes(), slack.messages


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A running SlackServer."""
    with SlackServer() as server:
        yield server


@pytest.fixture
def installation(
    tmp_path: Path,
    slack: SlackServer,
    prepared: tuple[bytes, list[dict[str, object]]],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Installation]:
    """What `installed` made, without a connection."""
    monkeypatch.setattr(live, "FRESH", -1.0)
    monkeypatch.setattr(socket, "PING_SECONDS", 0.1)
    bench = Bench(
        tmp_path,
        SLACK_BOT_TOKEN=slack.token,
        SLACK_APP_TOKEN=slack.app_token,
        SLACK_API_URL=slack.url,
    ).prepared()
    bench.profile("ada", ADA)
    database, slack.messages = prepared
    bench.database.write_bytes(database)
    monkeypatch.chdir(tmp_path)
    settings, problems = load_settings(bench.env, None)
    assert settings, problems
    app = App(settings)
    yield Installation(bench, slack, [], app)
    app.close()


@pytest.fixture
def connected(installation: Installation, slack: SlackServer) -> Iterator[SocketMode]:
    """A socket that the installation is connected to."""
    with SocketMode(slack) as server, make_slack_socket(installation.app, installation.log.append):
        server.wait()
        yield server


@pytest.fixture
def ada(connected: SocketMode, slack: SlackServer) -> Reader:
    """A member of C0PAPERS."""
    return Reader(slack, connected)
