"""`serve`, from the link in a mail to the digests that are no longer sent."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.clock import utc_now
from bot.store.database import Database
from bot.store.receivers import Receivers
from tests.e2e.listings import BACKGROUND, NEXT, REWARD, WORLD, json_lines, profile
from tests.e2e.test_delivery import MONDAY, TUESDAY, read, texts
from tests.support.cli import Bench
from tests.support.smtp_server import SmtpServer

PUBLIC = "https://papers.example.org/paperboy"
KEY = "sixteen letters!"
ONE_CLICK = (
    b"List-Unsubscribe=One-Click",
    {"Content-Type": "application/x-www-form-urlencoded"},
)
SCOPE = "ada:email:ada@example.org"


@pytest.fixture
def mailed(tmp_path: Path, smtp: SmtpServer) -> Bench:
    """Two readers who got Monday's papers by mail, one of them in a Maildir too, and new papers for Tuesday."""
    bench = Bench(
        tmp_path,
        SMTP_URL=f"smtp://paperboy:mail%20pass%2Fword@127.0.0.1:{smtp.port}?tls=none",
        MAIL_FROM="Paperboy <paperboy@example.org>",
        PUBLIC_URL=PUBLIC,
        SECRET_KEY=KEY,
    ).prepared()
    bench.profile("ada", profile("email: ada@example.org", "maildir: ada"))
    bench.profile("bea", profile("email: bea@example.org"))
    for day, works in ((MONDAY, (*BACKGROUND, WORLD, REWARD)), (TUESDAY, (NEXT,))):
        if day == TUESDAY:
            assert bench.run("send", "--on", MONDAY).code == 0
        path = bench.file(f"{day}.jsonl", json_lines(*works))
        assert bench.run("ingest", "--file", path, "--as-of", day).code == 0
    return bench


@dataclass
class Web:
    """A running web process."""

    process: subprocess.Popen[str]
    host: str
    port: int

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[HTTPResponse, str]:
        connection = HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response, response.read().decode()
        finally:
            connection.close()

    def stop(self) -> tuple[str, str, float]:
        """Its output, and how many seconds it took to end."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=15)
        return out, err, time.monotonic() - asked


@contextmanager
def serving(bench: Bench, *options: str) -> Iterator[Web]:
    with bench.started(bench.command("serve", *options)) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if answers := re.search(r"answers on http://([\d.]+):(\d+)", line):
                yield Web(process, answers[1], int(answers[2]))
                return
        raise AssertionError(f"it ended: {process.communicate()}")


def links(smtp: SmtpServer) -> dict[str, str]:
    """The path of each receiver's one-click link, from the header of the newest mail."""
    found = {}
    for mail in smtp.received:
        message = read(mail.content)
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        url = re.search(r"<(https:[^>]+)>", message["List-Unsubscribe"])
        assert url
        assert url[1].startswith(f"{PUBLIC}/")
        found[mail.rcpt_tos[0]] = urlsplit(url[1]).path
    return found


def rename(bench: Bench, table: str, name: str) -> None:
    with closing(sqlite3.connect(bench.database)) as database, database:
        database.execute(f"ALTER TABLE {table} RENAME TO {name}")


def receivers(smtp: SmtpServer) -> list[str]:
    return [mail.rcpt_tos[0] for mail in smtp.received]


def test_one_click_unsubscribes(mailed: Bench, smtp: SmtpServer) -> None:
    """A mail service posts to the link: that reader gets no more mail, other subscriptions continue, `resume` sends
    what was missed.
    """
    link = links(smtp)["ada@example.org"]
    with serving(mailed, "--port", "0") as web:
        response, health = web.ask("GET", "/health")
        assert (health, response.headers["Strict-Transport-Security"]) == ("ok", "max-age=31536000")
        assert "<form" in web.ask("GET", link)[1]
        assert "paused" not in mailed.run("status", "--json").json
        for _ in range(2):
            response, page = web.ask("POST", link, *ONE_CLICK)
            assert (response.status, "You are unsubscribed" in page) == (200, True)
        out, err, _ = web.stop()
    assert (web.process.returncode, err) == (0, "")
    assert [line.split(" ", 1)[1] for line in out.splitlines()] == [
        f"{SCOPE}: unsubscribed by its reader",
        "stopped",
    ]

    sent = mailed.run("send", "--on", TUESDAY, "--json")
    rows = {(row["profile"], row["channel"]): row for row in sent.json["editions"]}
    assert sent.code == 0
    assert {key: row["state"] for key, row in rows.items()} == {
        ("ada", "email"): "skipped",
        ("ada", "maildir"): "sent",
        ("bea", "email"): "sent",
    }
    assert re.match(r"unsubscribed by its reader on \d{4}-\d\d-\d\d; ", rows["ada", "email"]["why"])
    assert f"paperboy resume {SCOPE}" in rows["ada", "email"]["why"]
    assert receivers(smtp) == ["ada@example.org", "bea@example.org", "bea@example.org"]

    status = mailed.run("status")
    assert re.search(rf"Unsubscribed\n  paused {SCOPE} since ", status.out)
    assert f"paperboy resume {SCOPE}" in " ".join(status.out.split())
    assert "Needs you" not in status.out

    assert mailed.run("resume", SCOPE).code == 0
    assert mailed.run("send", "--on", TUESDAY).code == 0
    assert receivers(smtp)[3:] == ["ada@example.org"]
    assert NEXT.title in texts(read(smtp.received[3].content))[0]


def test_resume_of_a_reader_and_an_address(mailed: Bench) -> None:
    """When both are paused, each is resumed by its own scope, and status lists them in different sections."""
    address = "email:ada@example.org"
    with closing(Database(f"sqlite:///{mailed.database}")) as database:
        for scope, why in ((SCOPE, "unsubscribed by its reader"), (address, "mail came back")):
            Receivers(database).pause(scope, why, utc_now())
    status = mailed.run("status").out
    assert status.index(f"paused {address}") < status.index("Unsubscribed") < status.index(f"paused {SCOPE}")
    assert mailed.run("resume", address).code == 0
    assert [row["where"] for row in mailed.run("status", "--json").json["paused"]] == [SCOPE]
    assert (
        mailed.run("resume", address).code == 0
    )  # what is after the profile is enough when nothing else fits
    assert "paused" not in mailed.run("status", "--json").json


def test_many_clicks_at_once(mailed: Bench, smtp: SmtpServer) -> None:
    """All are answered, and each subscription is logged once."""
    paths = list(links(smtp).values()) * 20
    with serving(mailed, "--port", "0") as web, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda path: web.ask("POST", path, *ONE_CLICK)[0].status, paths))
        out, _, _ = web.stop()
    assert set(statuses) == {200}
    assert out.count("unsubscribed") == 2
    assert len(mailed.run("status", "--json").json["paused"]) == 2


def test_it_stops_soon(mailed: Bench, smtp: SmtpServer) -> None:
    """Also while browsers hold connections open; its output contains no token."""
    link = links(smtp)["ada@example.org"]
    with serving(mailed, "--port", "0") as web, socket.create_connection((web.host, web.port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 302"
        web.ask("GET", link)
        web.ask("POST", f"{link}x", *ONE_CLICK)
        web.ask("POST", link, b"x" * 100_000)
        out, err, seconds = web.stop()
    assert (web.process.returncode, err) == (0, "")
    assert seconds < 5
    assert link.rpartition("/")[2] not in out


def test_database_failure(mailed: Bench, smtp: SmtpServer) -> None:
    """The page says to try again later, the log says why; afterwards the same link works."""
    link = links(smtp)["ada@example.org"]
    with serving(mailed, "--port", "0") as web:
        rename(mailed, "edition", "lost")
        broken, page = web.ask("POST", link)
        sick, _ = web.ask("GET", "/health")
        rename(mailed, "lost", "edition")
        mended, _ = web.ask("POST", link)
        out, err, _ = web.stop()
    assert (broken.status, "try again later" in page, sick.status, mended.status) == (503, True, 503, 200)
    assert "error: /health: the database" in out
    assert err == ""
    assert "Traceback" not in out
    assert link.rpartition("/")[2] not in out


@pytest.mark.parametrize("mode", ["IMMEDIATE", "EXCLUSIVE"])
def test_locked_database(mailed: Bench, smtp: SmtpServer, mode: str) -> None:
    """While another process holds the database, clicks get 503 within a second, and none waits for the others."""
    path = links(smtp)["ada@example.org"]
    with serving(mailed, "--port", "0") as web, ThreadPoolExecutor(8) as pool:
        with closing(sqlite3.connect(mailed.database, isolation_level=None)) as writer:
            writer.execute(f"BEGIN {mode}")
            began = time.monotonic()
            clicks = [pool.submit(web.ask, "POST", path, *ONE_CLICK) for _ in range(6)]
            assert web.ask("GET", "/health")[0].status == 200
            assert time.monotonic() - began < 1
            assert {click.result()[0].status for click in clicks} == {503}
            assert time.monotonic() - began < 2
        assert web.ask("POST", path, *ONE_CLICK)[0].status == 200


def test_slow_clients(mailed: Bench) -> None:
    """Hundreds of connections without a whole request keep neither a health check nor the end waiting."""
    starts = (
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nA: b\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx",
    )
    with serving(mailed, "--port", "0") as web, ExitStack() as stack:
        for start in starts * 75:
            stack.enter_context(socket.create_connection((web.host, web.port))).sendall(start)
        began = time.monotonic()
        assert web.ask("GET", "/health")[1] == "ok"
        assert time.monotonic() - began < 1
        _, err, seconds = web.stop()
    assert (err, web.process.returncode) == ("", 0)
    assert seconds < 5


@pytest.mark.parametrize(("options", "host"), [((), "0.0.0.0"), (("--host", "127.0.0.1"), "127.0.0.1")])
def test_port_of_a_platform(mailed: Bench, options: tuple[str, ...], host: str) -> None:
    """With PORT, as on Heroku, it listens for requests from outside."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mailed.env["PORT"] = str(port)
    with serving(mailed, *options) as web:
        assert (web.host, web.port) == (host, port)
        assert web.ask("GET", "/health")[0].status == 200


def test_without_a_secret_key(bench: Bench) -> None:
    """Exit code 2, and the command that makes one."""
    result = bench.run("serve")
    assert (result.code, result.out) == (2, "")
    assert "set SECRET_KEY" in result.err
    assert 'python3 -c "import secrets; print(secrets.token_urlsafe(32))"' in result.err


def test_without_waitress(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2, and what to install."""
    monkeypatch.setitem(sys.modules, "waitress", None)
    bench.env["SECRET_KEY"] = KEY
    result = bench.run("serve")
    assert result.code == 2
    assert "pip install waitress" in result.err


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
def test_unusable_address(bench: Bench, host: str) -> None:
    """A port that is taken, or an unknown host: exit code 2, and what to change."""
    bench.env["SECRET_KEY"] = KEY
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = bench.subprocess("serve", "--host", host, "--port", str(taken.getsockname()[1]))
    assert result.code == 2
    assert f"cannot listen on {host}:" in result.err
    assert "Traceback" not in result.err


def test_used_metrics_port(mailed: Bench) -> None:
    """The message names the option that chooses this port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = mailed.subprocess("run", "--metrics-port", str(taken.getsockname()[1]))
    assert result.code == 2
    assert "choose another --metrics-port" in result.err


def test_a_database_that_vanishes(mailed: Bench) -> None:
    """The process ends with exit code 1 and says why."""
    with serving(mailed, "--port", "0") as web:
        assert web.ask("GET", "/health")[1] == "ok"
        mailed.database.unlink()
        out, _ = web.process.communicate(timeout=15)
    assert web.process.returncode == 1
    assert "was deleted, moved or replaced while it was in use" in out
