"""The connection: what arrives twice, what breaks, a database that is locked, and what is logged."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing

import pytest

from bot.bootstrap.slack import make_slack_socket
from bot.errors import DatabaseError
from bot.slack_app import socket
from tests.slack_app.conftest import Installation
from tests.slack_app.reader import Reader, wait_until
from tests.support.cli import Bench
from tests.support.slack_server import Fault, SlackServer
from tests.support.socket_mode import TICKET, SocketMode

CONNECTED = "slack: connected: menus, /paperboy and the App Home answer"


def test_the_same_envelope_twice(installation: Installation, ada: Reader) -> None:
    """Acknowledged twice, counted and answered once; also when another process had the first one."""
    payloads = []
    ada.reply(lambda: payloads.append(ada.choose(1, "More", envelope="e1")))
    ada.again(payloads[0], envelope="e1")
    ada.write("help")
    assert len(installation.answers()) == 1
    assert len(ada.slack.replies) == 2
    with make_slack_socket(installation.app, installation.log.append):
        ada.socket.wait(2)
        said = ada.reply(lambda: ada.again(payloads[0], envelope="e1"))
    assert said.startswith("Noted for *ada*")
    assert len(installation.answers()) == 1


def test_a_dropped_socket(installation: Installation, ada: Reader) -> None:
    """It connects again by itself, also when Slack cannot be asked at first; clicks are answered as before."""
    ada.slack.socket_script = [Fault(status=503)]
    ada.socket.drop()
    ada.socket.wait(2)
    assert ada.reply(lambda: ada.choose(1, "More")).startswith("Noted")
    ada.socket.refresh()
    ada.socket.wait(3)
    assert ada.reply(lambda: ada.choose(1, "Less")).startswith("Noted")
    assert ada.acks[-1] < 2  # slack_sdk alone needs three seconds here
    assert installation.in_effect() == ["less"]
    assert installation.log.count(CONNECTED) >= 2
    assert all(
        line.startswith("slack: connection lost, connecting again")
        for line in installation.log
        if line != CONNECTED
    )


def test_a_drop_before_the_answer(installation: Installation, ada: Reader) -> None:
    """A click is answered although the socket is lost after it was acknowledged; delivered again it counts once."""
    with closing(sqlite3.connect(installation.bench.database, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        payload = ada.choose(1, "More")
        ada.socket.drop()
        ada.socket.wait(2)
        ada.again(payload)
        database.execute("ROLLBACK")
    wait_until(lambda: ada.slack.replies)
    ada.write("help")
    assert len(installation.answers()) == 1
    assert len(ada.slack.replies) == 2


def test_a_locked_database(installation: Installation, ada: Reader) -> None:
    """Clicks of more people than there are threads are acknowledged at once, and answered when the lock is gone."""
    people = [ada.other(user=f"U{n}", acks=[]) for n in range(12)]
    with closing(sqlite3.connect(installation.bench.database, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        for person in people:
            person.choose(1, "More")
        assert time.monotonic() - started < 3
        assert ada.slack.replies == []
        time.sleep(0.5)
        database.execute("ROLLBACK")
    wait_until(lambda: len(ada.slack.replies) == 12)
    assert {one.who for one in installation.answers()} == {f"slack:U{n}" for n in range(12)}
    assert len(installation.answers()) == 12
    assert max(ack for person in people for ack in person.acks) < 1.5


def test_a_database_that_fails(
    installation: Installation, ada: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some tries the person is asked to try again; then it counts once. No secret and no address is logged."""
    monkeypatch.setattr(socket, "RETRY_SECONDS", (0.02, 0.02))
    tries = []

    def fail(answer: object) -> bool:
        tries.append(answer)
        raise DatabaseError("the database postgresql://host/paperboy cannot be used: it is locked")

    with monkeypatch.context() as broken:
        broken.setattr(installation.app.answers, "add", fail)
        assert ada.reply(lambda: ada.choose(1, "More")).startswith("The database is busy. Please try again")
    assert (len(tries), installation.answers()) == (3, [])
    ada.reply(lambda: ada.choose(1, "More"))
    assert installation.in_effect() == ["more"]

    slack = ada.slack
    slack.socket_script = [Fault(error="internal_error")] * 3
    ada.socket.drop()
    ada.socket.wait(2)
    wait_until(lambda: installation.log[-1] == CONNECTED)
    said = "\n".join(installation.log)
    assert "cannot be used: it is locked" in said
    assert "slack: connection lost, connecting again: Slack says internal_error" in said
    assert not any(secret in said for secret in (slack.token, slack.app_token, TICKET, "http:", "ws:"))
    assert len(installation.log) == len(set(installation.log)) + 1  # each failure is one line


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("SLACK_BOT_TOKEN", "slack: Slack does not accept SLACK_BOT_TOKEN"),
        ("SLACK_APP_TOKEN", "Slack says invalid_auth: check SLACK_APP_TOKEN"),
    ],
)
def test_wrong_tokens(installation: Installation, slack: SlackServer, setting: str, line: str) -> None:
    """A line that says which, without the token; nothing is raised."""
    if setting == "SLACK_BOT_TOKEN":
        slack.token = "xoxb-another"
    else:
        slack.app_token = "xapp-another"
    with make_slack_socket(installation.app, installation.log.append):
        wait_until(lambda: installation.log)
    assert line in installation.log[0]
    assert "right-token" not in installation.log[0]


@pytest.mark.parametrize("command", ["slack", "run"])
def test_processes(installation: Installation, slack: SlackServer, command: str) -> None:
    """`paperboy slack`, and `paperboy run` with an app token, answer until SIGTERM, and stop within seconds."""
    bench: Bench = installation.bench
    bench.env |= {
        f"{name}_URL": "http://127.0.0.1:9/" for name in ("ARXIV_API", "ARXIV_RSS", "ARXIV_OAI", "HF_API")
    }
    with SocketMode(slack) as server, bench.started(bench.command(command)) as process:
        server.wait(timeout=30)
        ada = Reader(slack, server)
        assert ada.reply(lambda: ada.choose(1, "More")).startswith("Noted")
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert time.monotonic() - asked < 10
    assert CONNECTED in out
    assert out.splitlines()[-1].endswith("stopped")
    assert installation.in_effect() == ["more"]
