"""Mails per second compared with a bare smtplib loop, and the time between Slack messages compared with the limit."""

from __future__ import annotations

import itertools
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
def sink(unused_port: int) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SINK, str(unused_port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    yield unused_port
    process.communicate(b"", timeout=30)


@pytest.fixture(scope="module")
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def outbox(
    folder: Path, channel: Channel, name: ChannelName, targets: list[str]
) -> Iterator[tuple[Queue, list[str]]]:
    """Stored editions of ten papers for these targets; the queue, and the keys of the subscriptions."""
    database = Database(f"sqlite:///{folder / 'paperboy.db'}")
    database.prepare()
    store, shown = Outbox(database), digest(10)
    for n, target in enumerate(targets):
        token, key = f"{n:016x}", f"reader{n}:{name}:{target}"
        edition = Edition(token, key, f"reader{n}", name, target, shown.on, 10)
        assert store.add(
            edition,
            f"{name}:{target}",
            MADE,
            {},
            [f"p{n}"],
            channel.render(shown, token, target),
            unverified_retries=1,
        )
    yield Queue(database), [f"reader{n}:{name}:{target}" for n, target in enumerate(targets)]
    database.close()


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def test_mails_beside_a_bare_loop(tmp_path: Path, sink: int) -> None:
    """A thousand mails, with three transactions each, of which one waits for the disk, and smtplib sending the same
    bytes over one connection to the same server.
    """
    targets = [f"reader{n}@example.org" for n in range(MAILS)]
    channel = MailChannel(parse_smtp_url(f"smtp://127.0.0.1:{sink}"), SENDER)
    shown = digest(10)
    letters = [channel.render(shown, f"{n:016x}", target)[0].payload for n, target in enumerate(targets)]

    def bare() -> None:
        with smtplib.SMTP("127.0.0.1", sink) as connection:
            for target, letter in zip(targets, letters, strict=True):
                connection.sendmail("paperboy@example.org", [target], letter)

    ratios = []
    for round_ in range(3):
        folder = tmp_path / str(round_)
        folder.mkdir()
        with outbox(folder, channel, ChannelName.EMAIL, targets) as (queue, keys):
            sender = Sender(queue, {ChannelName.EMAIL: channel}, "bench", utc_now, connections=4)
            ours = timed(lambda: sender.deliver(keys))  # noqa: B023
            assert queue.open(keys, utc_now()) == ()
        plain = timed(bare)
        ratios.append(plain / ours)
        print(
            f"  {len(letters[0]):,} bytes a mail; bare {plain:.2f} s, ours {ours:.2f} s: {plain / ours:.2f}"
        )
    print(f"1,000 mails, bare loop / Paperboy: {median(ratios):.2f} (median of 3)")


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
        with outbox(tmp_path, channel, ChannelName.SLACK, ["C0PAPERS"] * POSTS) as (queue, keys):
            sender = Sender(queue, {ChannelName.SLACK: channel}, "bench", utc_now)
            sender.deliver(keys)
        assert len(server.messages) == POSTS
    gaps = [later - earlier for earlier, later in itertools.pairwise(arrivals)]
    idle = (arrivals[-1] - arrivals[0]) / (POSTS - 1) - 1
    print(f"gaps {min(gaps):.4f} to {max(gaps):.4f} s; idle {idle * 1000:.1f} ms a message")
