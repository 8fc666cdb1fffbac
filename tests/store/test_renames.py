"""A renamed profile has everything that was stored under its former name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot.profiles.model import ChannelName, Profile, Subscription
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.queue import Queue
from bot.store.receivers import Receivers
from bot.store.renames import move_renamed
from tests.support.editions import ADA, NOW, TODAY, add, edition, find_edition

EVE = replace(ADA, profile="eve")
MAIL = Subscription("ada", ChannelName.EMAIL, "ada@example.org")
YESTERDAY = TODAY - timedelta(days=1)
WHY = "unsubscribed by its reader"


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


def rename(database: Database, new: str = "eve", old: str = "ada") -> int:
    """The number of SQL statements that the move took."""
    statements: list[str] = []

    def count(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        move_renamed(database, [Profile("bo"), Profile(new, was=old)])
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    return len([one for one in statements if one.startswith(("SELECT", "UPDATE", "DELETE"))])


def dates(outbox: Outbox, to: Subscription) -> list[date]:
    return sorted(on for key, on in outbox.summaries(date.min, date.max) if key == to.key)


def test_editions_and_their_deliveries(database: Database, outbox: Outbox) -> None:
    """On all targets, also those of which the profile no longer knows; what waits is sent under the new name."""
    add(outbox, edition("old", on=YESTERDAY), count=2)
    add(outbox, edition("new"))
    add(outbox, edition("mail", to=MAIL))
    add(outbox, edition("other", to=replace(ADA, profile="adam")))
    rename(database)
    assert (dates(outbox, EVE), dates(outbox, ADA)) == ([YESTERDAY, TODAY], [])
    moved = outbox.edition("mail")
    assert moved is not None
    assert (moved.subscription, moved.profile) == ("eve:email:ada@example.org", "eve")
    assert [one.id for one in Queue(database).open([EVE.key], NOW)] == ["old-1", "old-2", "new-1"]
    assert dates(outbox, replace(ADA, profile="adam")) == [TODAY]


def test_moving_again_is_one_query(database: Database, outbox: Outbox) -> None:
    """And without a `was` none."""
    add(outbox, edition())
    assert rename(database) > 1
    assert rename(database) == 1
    assert rename(database, old="") == 0
    assert dates(outbox, EVE) == [TODAY]


def test_a_chain_of_names(database: Database, outbox: Outbox) -> None:
    """From ada to eve, then from eve to liz."""
    add(outbox, edition())
    rename(database)
    rename(database, "liz", "eve")
    assert dates(outbox, replace(ADA, profile="liz")) == [TODAY]


def test_pauses_of_the_subscription(database: Database, outbox: Outbox) -> None:
    """A reader who has unsubscribed stays so; pauses of targets are not about a profile, whatever its name."""
    receivers = Receivers(database)
    for scope in (ADA.key, "slack:C0PAPERS", "slack"):
        receivers.pause(scope, WHY, NOW)
    rename(database)
    rename(database, "chat", "slack")
    assert {pause.scope for pause in receivers.pauses()} == {EVE.key, "slack:C0PAPERS", "slack"}


def test_a_pause_of_both_names(database: Database) -> None:
    """The new name's stays as it is."""
    receivers = Receivers(database)
    receivers.pause(ADA.key, "old", NOW)
    receivers.pause(EVE.key, "new", NOW)
    rename(database)
    assert [(pause.scope, pause.why) for pause in receivers.pauses()] == [(EVE.key, "new")]


@pytest.mark.parametrize(
    ("old", "new", "kept", "left"),
    [
        (3, 3, "new", True),  # both were sent: links in both mails work
        (3, 0, "old", False),
        (0, 3, "new", False),
        (0, 0, "new", False),
    ],
)
def test_two_editions_for_one_date(
    database: Database, outbox: Outbox, old: int, new: int, kept: str, left: bool
) -> None:
    """The new name's is kept, unless it is quiet and the other one is not."""
    add(outbox, edition("old", papers=old), count=min(old, 1))
    add(outbox, edition("new", to=EVE, papers=new), count=min(new, 1))
    add(outbox, edition("before", on=YESTERDAY))
    for _ in range(2):
        rename(database)
        found = find_edition(outbox, EVE)
        assert found is not None
        assert found.id == kept
        assert dates(outbox, EVE) == [YESTERDAY, TODAY]
        assert dates(outbox, ADA) == [TODAY] * left
