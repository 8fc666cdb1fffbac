"""Mails per second compared with a bare smtplib loop, and the time between Slack messages compared with the limit."""

from __future__ import annotations

import itertools
import os
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pytest

from bot.channels.email.channel import MailChannel
from bot.channels.slack.channel import SlackChannel
from bot.clock import utc_now
from bot.config.smtp_url import parse_sender, parse_smtp_url
from bot.delivery.model import Edition
from bot.delivery.ports import Channel
from bot.delivery.sender import Sender
from bot.profiles.model import ChannelName
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.queue import Queue
from tests.support.cli import ROOT
from tests.support.postgres import run
from tests.support.samples import digest
from tests.support.slack_server import SlackServer

MAILS = 1000
POSTS = 20
SENDER = parse_sender("Paperboy <paperboy@example.org>")
MADE = datetime(2026, 5, 5, 6, 30, tzinfo=UTC)
#: A server in a process of its own, like a relay on this machine. It stores nothing.
SINK = """
import asyncio, sys
from aiosmtpd.controller import Controller

class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"

controller = Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1]))
controller.start()
print("ready", flush=True)
sys.stdin.read()
controller.stop()
"""


@pytest.fixture(scope="module")
def sink(unused_port: int) -> Iterator[tuple[int, int]]:
    """Its port and process id."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SINK, str(unused_port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    yield unused_port, process.pid
    process.communicate(b"", timeout=30)


@pytest.fixture(scope="module")
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def outbox(
    url: str, channel: Channel, name: ChannelName, targets: list[str]
) -> Iterator[tuple[Queue, list[str]]]:
    """Stored editions of ten papers for these targets; the queue, and the keys of the subscriptions."""
    database = Database(url)
    database.migrate()
    store, shown = Outbox(database), digest(10)
    for n, target in enumerate(targets):
        token, key = f"{n:016x}", f"reader{n}:{name}:{target}"
        edition = Edition(token, key, f"reader{n}", name, target, shown.on, 10)
        parts = channel.render(shown, token, target)
        # no receiver gets a paper twice
        parts = [replace(part, shows=tuple(f"p{n}.{k}" for k in range(part.papers))) for part in parts]
        assert store.add(
            edition,
            f"{name}:{target}",
            MADE,
            {},
            [f"p{n}"],
            parts,
            unverified_retries=1,
        )
    yield Queue(database), [f"reader{n}:{name}:{target}" for n, target in enumerate(targets)]
    database.close()


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def cpu_seconds(pid: int) -> float:
    """That a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """A function that returns the URL of a new database. Each waits for the disk as it does by default."""
    if request.param == "sqlite":
        numbers = itertools.count()
        return lambda: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"
    run(request.getfixturevalue("postgres_server"), "ALTER SYSTEM RESET fsync")
    run(request.getfixturevalue("postgres_server"), "SELECT pg_reload_conf()")
    make: Callable[[], str] = request.getfixturevalue("new_postgres")
    return make


@pytest.mark.parametrize("connections", [1, 4])
def test_mails_beside_a_bare_loop(
    new_database: Callable[[], str], sink: tuple[int, int], connections: int
) -> None:
    """A thousand mails, with two transactions each, of which one waits for the disk, and smtplib sending the same
    bytes over one connection to the same server. Where the server is busy all the time, it is what limits both.
    """
    port, server = sink
    targets = [f"reader{n}@example.org" for n in range(MAILS)]
    channel = MailChannel(parse_smtp_url(f"smtp://127.0.0.1:{port}"), SENDER)
    shown = digest(10)
    letters = [channel.render(shown, f"{n:016x}", target)[0].payload for n, target in enumerate(targets)]

    def bare() -> None:
        with smtplib.SMTP("127.0.0.1", port) as connection:
            for target, letter in zip(targets, letters, strict=True):
                connection.sendmail("paperboy@example.org", [target], letter)

    ratios = []
    for _ in range(3):
        with outbox(new_database(), channel, ChannelName.EMAIL, targets) as (queue, keys):
            sender = Sender(queue, {ChannelName.EMAIL: channel}, "bench", utc_now, connections=connections)
            begun = cpu_seconds(server), time.process_time()
            ours = timed(lambda: sender.deliver(keys))  # noqa: B023
            served, worked = cpu_seconds(server) - begun[0], time.process_time() - begun[1]
            assert queue.open(keys, utc_now()) == ()
        plain = timed(bare)
        ratios.append(plain / ours)
        print(
            f"  bare {plain:.2f} s, ours {ours:.2f} s: {plain / ours:.2f};"
            f" the server's share of our time {served / ours:.0%}, the sender's {worked / ours:.0%}"
        )
    print(
        f"{MAILS} mails of {len(letters[0]):,} bytes, {connections} connections, {new_database().partition(':')[0]}:"
        f" bare loop / Paperboy {median(ratios):.2f} (median of 3)"
    )


def test_slack_messages_beside_the_rate_limit(tmp_path: Path) -> None:
    """One message a second to one channel: the time between two of them beyond that second."""
    with SlackServer() as server:
        channel = SlackChannel(server.token, server.url)
        arrivals: list[float] = []
        original = server._post

        def noted(arguments: dict[str, object]) -> dict[str, object]:
            arrivals.append(time.perf_counter())
            return original(arguments)

        server._post = noted  # type: ignore[method-assign]
        with outbox(
            f"sqlite:///{tmp_path / 'paperboy.db'}", channel, ChannelName.SLACK, ["C0PAPERS"] * POSTS
        ) as (queue, keys):
            sender = Sender(queue, {ChannelName.SLACK: channel}, "bench", utc_now)
            sender.deliver(keys)
        assert len(server.messages) == POSTS
    gaps = [later - earlier for earlier, later in itertools.pairwise(arrivals)]
    idle = (arrivals[-1] - arrivals[0]) / (POSTS - 1) - 1
    print(f"gaps {min(gaps):.4f} to {max(gaps):.4f} s; idle {idle * 1000:.1f} ms a message")


def test_slack_conversations_side_by_side(tmp_path: Path) -> None:
    """Twenty conversations with five messages each, at one message a second, beside the bound of one conversation."""
    conversations, messages = 20, 5
    with SlackServer() as server:
        channel = SlackChannel(server.token, server.url)
        targets = [f"C0{n:04}" for n in range(conversations)] * messages
        with outbox(f"sqlite:///{tmp_path / 'paperboy.db'}", channel, ChannelName.SLACK, targets) as (
            queue,
            keys,
        ):
            sender = Sender(queue, {ChannelName.SLACK: channel}, "bench", utc_now)
            seconds = timed(lambda: sender.deliver(keys))
        assert len(server.messages) == conversations * messages
    print(f"{conversations} conversations, {messages} messages each: {seconds:.2f} s; bound {messages - 1} s")
