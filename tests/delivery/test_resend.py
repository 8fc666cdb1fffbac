"""`resend`: which deliveries it applies to, and another attempt at each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import Moment
from bot.delivery.model import Cause, Deferred, Edition, Part, Refused, Unknown
from bot.delivery.resend import find_stopped, resend
from bot.errors import NotConfigured, UserError
from bot.profiles.model import ChannelName
from tests.support.builders import NOW, World, subscription

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def put(world: World, token: str, parts: int = 1) -> str:
    """An edition of its own profile; returns the subscription's key."""
    to = subscription(token)
    edition = Edition(token, to.key, to.profile, to.channel, to.target, NOW.date(), parts)
    rendered = [Part(f"{token} {n}".encode(), 1) for n in range(1, parts + 1)]
    assert world.outbox.add(edition, edition.target, NOW, {}, [], rendered)
    return to.key


def again(world: World, prefix: str | None, later: timedelta = MINUTE) -> list[tuple[str, str]]:
    rows = resend(find_stopped(world.outbox, prefix), world.service(), Moment(NOW + later))
    return [(row.profile, row.state) for row in rows]


def test_find_stopped_by_prefix(world: World) -> None:
    """A unique prefix is enough; of several parts, the stopped one is found; resending it sends the others too."""
    key = put(world, "abc1", parts=3)
    put(world, "abd2")
    world.channel.outcomes = [Refused("no")]
    world.sender().deliver([key])
    for prefix in ("abc1-1", "abc1", "abc"):
        assert [one.id for one in find_stopped(world.outbox, prefix)] == ["abc1-1"]
    for prefix in ("ab", "a", "", "xyz", "%", "a_c"):
        with pytest.raises(UserError, match="paperboy status"):
            find_stopped(world.outbox, prefix)
    assert again(world, "abc") == [("abc1", "sent")]
    assert world.channel.calls == ["send 1", "send 1", "send 2", "send 3"]
    with pytest.raises(UserError, match="abc1-1 was already sent"):
        find_stopped(world.outbox, "abc1-1")
    with pytest.raises(UserError, match="is pending"):
        find_stopped(world.outbox, "abd2")


def test_find_all_that_failed(world: World) -> None:
    """Without a prefix; a delivery that waits is not found."""
    with pytest.raises(UserError, match="no delivery has failed"):
        find_stopped(world.outbox, None)
    keys = [put(world, token) for token in ("a", "b", "c", "d")]
    world.channel.outcomes = [Refused("no"), Deferred("busy"), Refused("no")]
    world.sender().deliver(keys)
    world.channel.outcomes = [Refused("still no")]
    assert again(world, None) == [("a", "failed"), ("c", "sent")]
    assert [one.delivery for one in world.channel.sent] == ["a-1", "b-1", "c-1", "d-1", "a-1", "c-1"]
    assert [one.id for one in find_stopped(world.outbox, None)] == ["a-1"]


def test_pause_of_the_target_is_lifted(world: World) -> None:
    """Other deliveries to the target are sent by the next send."""
    keys = [put(world, token) for token in ("a", "b")]
    world.channel.outcomes = [Refused("archived", Cause.TARGET)]
    world.sender().deliver(keys)
    assert len(world.channel.sent) == 1
    assert again(world, "a") == [("a", "sent")]
    assert world.receivers.pauses() == ()
    world.sender(NOW + MINUTE).deliver(keys)
    assert [one.delivery for one in world.channel.sent] == ["a-1", "a-1", "b-1"]


def test_uncertain_delivery_is_looked_up(world: World) -> None:
    """If it has arrived, it is not sent again."""
    key = put(world, "a")
    world.channel.outcomes = [Unknown("broke")]
    world.channel.during = lambda envelope: world.channel.arrived.update({envelope.delivery: envelope})
    world.sender().deliver([key])
    assert again(world, "a") == [("a", "sent")]
    assert world.channel.calls == ["send 1", "find 1"]


def test_a_failed_look_up_is_not_a_no(world: World) -> None:
    """Without an answer it stays uncertain, is looked up again, and `--blindly` is named; then it is sent once."""
    key = put(world, "a")
    world.channel.outcomes = [Unknown("broke")]
    world.sender().deliver([key])
    world.channel.can_find = False
    (row,) = resend(find_stopped(world.outbox, "a"), world.service(), Moment(NOW + MINUTE))
    assert (row.state, world.channel.calls) == ("uncertain", ["send 1", "find 1"])
    assert re.search(
        r"nobody can tell; looked up again after 08:\d\d UTC; .* paperboy resend a-1 --blindly", row.why
    )
    (left,) = world.outbox.deliveries("a")
    assert left.until
    assert not left.has_stopped
    blind = resend(find_stopped(world.outbox, "a"), world.service(), Moment(NOW + 2 * MINUTE), blindly=True)
    assert [row.state for row in blind] == ["sent"]
    assert world.channel.calls == ["send 1", "find 1", "find 1", "send 1"]


def test_it_is_not_looked_up_before_it_can_be_found(world: World) -> None:
    """A message that was sent just now: the time of the look-up is shown."""
    key = put(world, "a")
    world.channel.outcomes = [Unknown("broke")]
    world.sender().deliver([key])
    (row,) = resend(find_stopped(world.outbox, "a"), world.service(), Moment(NOW))
    assert (row.state, world.channel.calls) == ("uncertain", ["send 1"])
    assert "looked up again after 08:31 UTC" in row.why


def test_unconfigured_channel(world: World) -> None:
    """The setting is named, and the delivery does not change."""
    key = put(world, "a")
    world.channel.outcomes = [Refused("no")]
    world.sender().deliver([key])
    before = world.outbox.failed()
    world.channel.blocked = "set SMTP_URL"
    with pytest.raises(NotConfigured, match="set SMTP_URL"):
        again(world, "a")
    assert world.outbox.failed() == before


def test_alert_can_be_resent(world: World) -> None:
    """It has no edition, so there is no result."""
    assert world.outbox.record_report(
        [], Part(b"e-1 C0OPS Paperboy: ...", 0), "alert", ChannelName.SLACK, "C0OPS", 0
    )
    world.channel.outcomes = [Refused("no")]
    world.sender().deliver(["paperboy:alerts"])
    assert [one.id for one in find_stopped(world.outbox, "ale")] == ["alert-1"]
    assert again(world, "ale") == []
    assert world.outbox.alerts() == ()
