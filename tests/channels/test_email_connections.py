"""A mail server that accepts fewer connections than SMTP_CONNECTIONS: rounds of a sender on the real store."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.channels.email.channel import MailChannel
from bot.clock import uptime, utc_now
from bot.config.smtp_url import parse_sender, parse_smtp_url
from bot.delivery.model import Delivery, Edition
from bot.delivery.sender import Sender
from bot.errors import ShutdownRequested
from bot.profiles.model import ChannelName
from tests.support.builders import NOW, World, subscription
from tests.support.samples import digest
from tests.support.smtp_server import Refuses, SmtpServer

MAILS = 20
SENDER = parse_sender("Paperboy <paperboy@example.org>")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.database_clock = utc_now
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    """Every mail takes a moment, so that threads wait for each other."""
    with SmtpServer(login=("ada", "s3cr3t")) as running:
        running.script.work = 0.01
        yield running


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        one.getMessage() for one in caplog.records if one.name == "bot" and one.levelno >= logging.WARNING
    ]


class Round:
    """Mails to as many readers, and a sender for them."""

    def __init__(self, world: World, server: SmtpServer, connections: int) -> None:
        self.world = world
        self.is_stopping = False
        url = server.url.replace("://", "://ada:s3cr3t@") + "?tls=none"
        self.channel = MailChannel(parse_smtp_url(url), SENDER, timeout=5, pause=self._pause)
        self.targets = [f"reader{number}@example.org" for number in range(MAILS)]
        self.keys = []
        for number, target in enumerate(self.targets):
            to = subscription(f"reader{number}", target, channel=ChannelName.EMAIL)
            parts = self.channel.render(digest(1), f"{number:016x}", target)
            edition = Edition(f"{number:016x}", to.key, to.profile, to.channel, to.target, NOW.date(), 1)
            assert world.outbox.add(edition, to.target, NOW, {}, [], parts, 1)
            self.keys.append(to.key)
        self._sender = Sender(
            world.queue,
            {ChannelName.EMAIL: self.channel},
            "test",
            utc_now,
            self._pause,
            uptime=uptime,
            connections=connections,
        )

    def make(self) -> None:
        self._sender.deliver(self.keys)

    def deliveries(self) -> list[Delivery]:
        return [self.world.outbox.deliveries(f"{n:016x}-1")[0] for n in range(MAILS)]

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)
        if self.is_stopping:
            raise ShutdownRequested("stopped before it was finished")


def receivers(server: SmtpServer) -> list[str]:
    return sorted(mail.rcpt_tos[0] for mail in server.received)


@pytest.mark.parametrize("connections", [1, 4, 9])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_fewer_connections_than_configured(
    world: World, server: SmtpServer, caplog: pytest.LogCaptureFixture, connections: int, limit: int
) -> None:
    """All mails go out in one round, once each, over the connections that the server accepts. A warning names the
    setting, where it is too high.
    """
    server.script.connections = limit
    one = Round(world, server, connections)
    one.make()
    assert receivers(server) == sorted(one.targets)
    assert {(delivery.state, delivery.attempts) for delivery in one.deliveries()} == {("sent", 1)}
    said = f"at once (the SMTP server says 421 4.7.0 too many connections from you): set SMTP_CONNECTIONS={limit}"
    number = f"{limit} connection{'s' * (limit > 1)}"
    expected = [f"the mail server accepts only {number} {said}"] if connections > limit else []
    assert warnings(caplog) == expected
    # the one that was refused is the only one too many
    assert server.script.sessions == min(connections, limit + 1)


@pytest.mark.parametrize("refuses", Refuses)
def test_every_way_of_refusing_a_connection(
    world: World, server: SmtpServer, caplog: pytest.LogCaptureFixture, refuses: Refuses
) -> None:
    """At any point before a mail was begun, whatever the server says or does not say."""
    server.script.connections, server.script.refuses = 2, refuses
    one = Round(world, server, 4)
    one.make()
    assert receivers(server) == sorted(one.targets)
    assert warnings(caplog)[-1].endswith("set SMTP_CONNECTIONS=2")


@pytest.mark.parametrize("script", [{"mails_a_session": 3}, {"closes_after_mail": True}])
def test_a_limit_beside_connections_that_end(
    world: World, server: SmtpServer, script: dict[str, Any]
) -> None:
    """Connections that the server ends are opened again, no more than it accepts."""
    for name, value in {"connections": 2, **script}.items():
        setattr(server.script, name, value)
    one = Round(world, server, 4)
    one.make()
    assert receivers(server) == sorted(one.targets)


def test_waiting_for_a_connection_ends_with_the_round(world: World, server: SmtpServer) -> None:
    """When the process is to stop, the mail under way is finished, and what waits for its connection is not begun:
    another sender can send it at once.
    """
    server.script.connections = 1
    one = Round(world, server, 4)

    def stop() -> None:
        server.script.work = 0.5  # of the mail under way; three wait for it
        one.is_stopping = len(server.received) > 2

    server.script.plan = stop
    with pytest.raises(ShutdownRequested):
        one.make()
    sent = len(server.received)
    assert sent <= 5
    states = Counter((delivery.state, delivery.stage) for delivery in one.deliveries())
    assert (states["sent", "answer"], states["sending", "claimed"]) == (sent, 3)
    one.is_stopping, server.script.plan, server.script.work = False, lambda: None, 0.0
    one.make()
    assert receivers(server) == sorted(one.targets)


def test_without_any_connection_the_service_is_out_of_reach(
    world: World, server: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    """One mail finds it out, and all wait."""
    server.script.connections = 0
    one = Round(world, server, 4)
    one.make()
    assert Counter((delivery.state, delivery.attempts) for delivery in one.deliveries()) == {
        ("waiting", 1): 1,
        ("waiting", 0): MAILS - 1,
    }
    assert server.script.sessions == 1
    assert warnings(caplog) == []
    (why,) = {delivery.why for delivery in one.deliveries()}
    assert why.endswith(
        "421 4.7.0 too many connections from you: if other processes use them, lower SMTP_CONNECTIONS"
    )


def test_a_server_that_goes_away_is_not_a_limit(
    world: World, server: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends all connections and accepts no more: nothing is said of the setting."""
    one = Round(world, server, 4)

    def go_away() -> None:
        if len(server.received) > 8:
            server.script.connections = server.script.mails_a_session = 0

    server.script.plan = go_away
    one.make()
    assert len(server.received) < MAILS
    assert {delivery.state for delivery in one.deliveries()} == {"sent", "waiting"}
    assert warnings(caplog) == []
