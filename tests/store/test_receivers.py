"""What is known of whom is sent to: pauses, mail that came back, and the ids behind names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.delivery.model import Bounce, BounceSummary, Pause, scopes
from bot.profiles.model import ChannelName, Subscription
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.queue import Queue
from bot.store.receivers import Receivers, StoredNames
from tests.support.editions import (
    ADA,
    BOB,
    LEASE,
    MINUTE,
    NOW,
    TOMORROW,
    S,
    add,
    at_once,
    attempts,
    edition,
    step,
    stored,
)

SCOPE = f"email:{BOB.target}"


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


@pytest.fixture
def receivers(database: Database) -> Receivers:
    return Receivers(database)


def mailed(outbox: Outbox, queue: Queue, token: str = "ed1", to: Subscription = BOB, **changes: Any) -> str:
    """A delivery that was sent."""
    add(outbox, edition(token, to=to, **changes))
    assert queue.claim(f"{token}-1", "one", NOW, LEASE)
    assert queue.record(f"{token}-1", "one", step(S.SENT, receipt="<id>"), NOW)
    return f"{token}-1"


def report(number: int = 1, *, hard: bool = True, **changes: Any) -> Bounce:
    made = Bounce(f"<report-{number}>", hard, "5.1.1" if hard else "4.2.2", "no such user", NOW + MINUTE)
    return replace(made, **changes)


# --- Pauses -----------------------------------------------------------------------------------------------


def test_a_pause_comes_and_goes(receivers: Receivers) -> None:
    """Oldest first; what is not paused cannot be resumed."""
    receivers.pause("slack", "revoked", NOW)
    receivers.pause(ADA.key, "on leave", NOW - MINUTE)
    assert receivers.pauses() == (Pause(ADA.key, "on leave", NOW - MINUTE), Pause("slack", "revoked", NOW))
    assert receivers.resume("slack")
    assert not receivers.resume("slack")
    assert not receivers.resume("email")
    assert [pause.scope for pause in receivers.pauses()] == [ADA.key]


def test_the_first_pause_counts(receivers: Receivers) -> None:
    """A second one neither moves its beginning nor changes its reason, and is no news."""
    assert receivers.pause(ADA.key, "first", NOW) is True
    assert receivers.pause(ADA.key, "second", NOW + timedelta(days=1)) is False
    assert receivers.pauses() == (Pause(ADA.key, "first", NOW),)


def test_many_at_once_make_one(receivers: Receivers) -> None:
    """A mail service that clicks eight times at once hears no error, and one of them is the first."""
    with ThreadPoolExecutor(8) as pool:
        news = list(pool.map(lambda n: receivers.pause(ADA.key, f"click {n}", NOW), range(8)))
    assert sorted(news) == [False] * 7 + [True]
    assert len(receivers.pauses()) == 1


@pytest.mark.parametrize("profile", ["ada", "email", "a.b-c_d"])
@pytest.mark.parametrize(
    ("channel", "target"),
    [(ChannelName.EMAIL, "ada@example.org"), (ChannelName.SLACK, "#papers"), (ChannelName.MAILDIR, "ada")],
)
def test_only_a_reader_pauses_one_subscription(profile: str, channel: ChannelName, target: str) -> None:
    """What pauses a channel or a target is somebody's to mend; a subscription's own pause is its reader's wish."""
    key = Subscription(profile, channel, target).key
    told = [Pause(scope, "", NOW).by_reader for scope in scopes(key, channel, target)]
    assert told == [False, False, True]


# --- Bounces ----------------------------------------------------------------------------------------------


def test_a_hard_bounce_fails_the_delivery_and_pauses_its_address(
    database: Database, outbox: Outbox, queue: Queue, receivers: Receivers
) -> None:
    """What the server accepted has not arrived, nor will the next; the operator is to hear of it."""
    mailed(outbox, queue)
    add(outbox, edition("next", to=BOB, on=TOMORROW))
    assert receivers.bounced(report(), ["ed1-1"], NOW + MINUTE) == "ed1-1"
    why = f"mail to {BOB.target} came back: no such user"
    found = stored(outbox)
    assert (found.state, found.why, found.receipt, found.has_stopped) == (S.FAILED, why, None, True)
    assert attempts(database) == [("ed1-1", NOW, NOW, "bounced", "no such user")]
    assert receivers.pauses() == (Pause(SCOPE, why, NOW + MINUTE),)
    assert (outbox.unreported(), found.incident) == ((found,), SCOPE)
    assert queue.open([BOB.key], NOW) == ()
    assert receivers.bounces() == (BounceSummary(BOB.target, 1, 0, NOW + MINUTE, "no such user"),)


def test_what_came_back_can_be_sent_again(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """Once somebody mended the address and says so: it was not delivered, so it is not twice."""
    mailed(outbox, queue)
    receivers.bounced(report(), ["ed1-1"], NOW)
    assert queue.release("ed1-1", NOW, settling=True)
    assert receivers.pauses() == ()
    assert queue.claim("ed1-1", "one", NOW, LEASE)
    assert queue.record("ed1-1", "one", step(S.SENT, receipt="<id>"), NOW)


def test_a_soft_bounce_is_counted_only(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """A full mailbox is no reason to stop."""
    mailed(outbox, queue)
    before = stored(outbox)
    assert receivers.bounced(report(hard=False, why="mailbox full"), ["ed1-1"], NOW) == "ed1-1"
    assert stored(outbox) == before
    assert (receivers.pauses(), outbox.unreported()) == ((), ())
    assert receivers.bounces() == (BounceSummary(BOB.target, 0, 1, NOW + MINUTE, "mailbox full"),)


@pytest.mark.parametrize("hard", [True, False])
def test_a_report_counts_once(outbox: Outbox, queue: Queue, receivers: Receivers, hard: bool) -> None:
    """A mailbox that is read again says nothing new: what was mended since stays so."""
    mailed(outbox, queue)
    receivers.bounced(report(hard=hard), ["ed1-1"], NOW)
    queue.release("ed1-1", NOW, settling=True)
    before = stored(outbox)
    assert receivers.bounced(report(hard=hard), ["ed1-1"], NOW + MINUTE) == "ed1-1"
    assert stored(outbox) == before
    assert receivers.pauses() == ()
    (counted,) = receivers.bounces()
    assert counted.hard + counted.soft == 1


def test_reports_that_are_not_of_ours_are_left_alone(
    database: Database, outbox: Outbox, queue: Queue, receivers: Receivers
) -> None:
    """An unknown id, a Slack message's, none at all: nothing is counted or stopped."""
    mailed(outbox, queue, "chat", to=ADA)
    for candidates in ([], ["unknown-1"], ["chat-1"], ["%", "chat"]):
        assert receivers.bounced(report(), candidates, NOW) is None
    assert (receivers.bounces(), receivers.pauses(), outbox.unreported()) == ((), (), ())
    assert stored(outbox, "chat-1").state is S.SENT


def test_the_first_of_ours_is_meant(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """A report quotes much: the envelope's id comes before those that stand in its text."""
    mailed(outbox, queue)
    mailed(outbox, queue, "ed2", on=TOMORROW)
    assert receivers.bounced(report(), ["unknown-1", "ed2-1", "ed1-1"], NOW) == "ed2-1"
    assert stored(outbox, "ed1-1").state is S.SENT


@pytest.mark.parametrize("state", [S.WAITING, S.FAILED, S.UNCERTAIN])
def test_a_bounce_of_what_is_not_sent_stops_the_address_only(
    outbox: Outbox, queue: Queue, receivers: Receivers, state: Any
) -> None:
    """A try in doubt may have come back: its delivery stands as it did, and nothing more goes there."""
    add(outbox, edition(to=BOB))
    assert queue.claim("ed1-1", "one", NOW, LEASE)
    queue.record("ed1-1", "one", step(state, until=None if state is S.FAILED else NOW, why="w"), NOW)
    before = stored(outbox)
    assert receivers.bounced(report(), ["ed1-1"], NOW) == "ed1-1"
    assert stored(outbox) == before
    assert [pause.scope for pause in receivers.pauses()] == [SCOPE]
    assert queue.claim("ed1-1", "one", NOW, LEASE) is None


def test_how_addresses_fared(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """Each with its numbers and the last words, the one that came back last first."""
    cy = replace(BOB, profile="cy", target="cy@example.org")
    mailed(outbox, queue)
    mailed(outbox, queue, "cys", to=cy)
    for n, (id_, hard) in enumerate((("cys-1", False), ("ed1-1", False), ("cys-1", True), ("cys-1", False))):
        receivers.bounced(report(n, hard=hard, why=f"why {n}", at=NOW + n * MINUTE), [id_], NOW)
    assert receivers.bounces() == (
        BounceSummary(cy.target, 1, 2, NOW + 3 * MINUTE, "why 3"),
        BounceSummary(BOB.target, 0, 1, NOW + MINUTE, "why 1"),
    )


def test_a_mailbox_that_two_read_at_once_counts_once(
    database: Database, outbox: Outbox, queue: Queue, receivers: Receivers
) -> None:
    """Neither stumbles over the other."""
    mailed(outbox, queue)
    results = at_once(
        database,
        lambda mine, n: [
            Receivers(mine).bounced(report(k, at=NOW + k * MINUTE), ["ed1-1"], NOW) for k in range(10)
        ],
        3,
    )
    assert results == [["ed1-1"] * 10] * 3
    assert receivers.bounces() == (
        BounceSummary(BOB.target, 10, 0, NOW + timedelta(minutes=9), "no such user"),
    )


# --- Names ------------------------------------------------------------------------------------------------


def test_names_outlive_who_learned_them(database: Database) -> None:
    """A name stands for one id, for the newest that was learned, until it is forgotten."""
    names = StoredNames(database)
    assert names.get("#papers") is None
    names.put("#papers", "C0OLD")
    names.put("#others", "C0OTHER")
    names.put("#papers", "C0NEW")
    assert StoredNames(database).get("#papers") == "C0NEW"
    names.put("#papers", None)
    names.put("#never", None)
    assert [names.get(name) for name in ("#papers", "#others", "#never")] == [None, "C0OTHER", None]


def test_names_that_several_learn_at_once(database: Database) -> None:
    """Senders that meet a name at the same moment all go on."""
    for number in range(3):
        name = f"#papers-{number}"
        at_once(database, lambda mine, n, name=name: StoredNames(mine).put(name, "C0PAPERS"), 4)
        assert StoredNames(database).get(name) == "C0PAPERS"
