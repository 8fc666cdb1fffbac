"""Pauses, returned mail, and the ids of names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.delivery.model import Bounce, BounceSummary, Pause, scopes
from bot.errors import InvariantViolation
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


def send_mail(
    outbox: Outbox, queue: Queue, token: str = "ed1", to: Subscription = BOB, **changes: Any
) -> str:
    """Store a delivery that was sent; returns its id."""
    add(outbox, edition(token, to=to, **changes))
    assert queue.claim(f"{token}-1", "one", NOW, LEASE)
    assert queue.record(f"{token}-1", "one", step(S.SENT, receipt="<id>"), NOW)
    return f"{token}-1"


def report(number: int = 1, *, hard: bool = True, **changes: Any) -> Bounce:
    made = Bounce(f"<report-{number}>", hard, "5.1.1" if hard else "4.2.2", "no such user", NOW + MINUTE)
    return replace(made, **changes)


# --- Pauses -----------------------------------------------------------------------------------------------


def test_pauses(receivers: Receivers) -> None:
    """They are listed oldest first; only what is paused can be resumed."""
    receivers.pause("slack", "revoked", NOW)
    receivers.pause(ADA.key, "on leave", NOW - MINUTE)
    assert receivers.pauses() == (Pause(ADA.key, "on leave", NOW - MINUTE), Pause("slack", "revoked", NOW))
    assert receivers.resume("slack")
    assert not receivers.resume("slack")
    assert not receivers.resume("email")
    assert [pause.scope for pause in receivers.pauses()] == [ADA.key]


def test_the_first_pause_counts(receivers: Receivers) -> None:
    """A second one changes neither its time nor its reason."""
    assert receivers.pause(ADA.key, "first", NOW) is True
    assert receivers.pause(ADA.key, "second", NOW + timedelta(days=1)) is False
    assert receivers.pauses() == (Pause(ADA.key, "first", NOW),)


def test_a_longer_pause_replaces_one_that_ends(receivers: Receivers) -> None:
    """Whoever unsubscribes during a pause stays unsubscribed after it; a shorter pause changes nothing."""
    until = NOW + timedelta(days=7)
    receivers.pause(ADA.key, "on leave", NOW, until)
    assert receivers.pause(ADA.key, "for a day", NOW, NOW + timedelta(days=1)) is False
    assert receivers.pauses() == (Pause(ADA.key, "on leave", NOW, until),)
    assert receivers.pause(ADA.key, "unsubscribed", NOW + MINUTE) is True
    assert receivers.pauses() == (Pause(ADA.key, "unsubscribed", NOW + MINUTE),)


def test_a_pause_ends_by_itself(receivers: Receivers) -> None:
    """From its end on it is over, and `end_pauses` removes it."""
    receivers.pause(ADA.key, "on leave", NOW, NOW + MINUTE)
    receivers.pause("slack", "revoked", NOW)
    assert [pause.until for pause in receivers.pauses(NOW)] == [NOW + MINUTE, None]
    assert [pause.scope for pause in receivers.pauses(NOW + MINUTE)] == ["slack"]
    receivers.end_pauses(NOW)
    assert len(receivers.pauses()) == 2
    receivers.end_pauses(NOW + MINUTE)
    assert [pause.scope for pause in receivers.pauses()] == ["slack"]


def test_many_pauses_at_once_are_one(receivers: Receivers) -> None:
    """As when a mail service follows an unsubscribe link eight times at once."""
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
    """A pause of a channel or a target is a problem to solve, one of a subscription its reader's wish."""
    key = Subscription(profile, channel, target).key
    by_reader = [Pause(scope, "", NOW).by_reader for scope in scopes(key, channel, target)]
    assert by_reader == [False, False, True]


# --- Bounces ----------------------------------------------------------------------------------------------


def test_a_hard_bounce_fails_the_delivery_and_pauses_its_address(
    database: Database, outbox: Outbox, queue: Queue, receivers: Receivers
) -> None:
    """The operator is alerted to it."""
    send_mail(outbox, queue)
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


def test_returned_mail_can_be_sent_again(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """By `resend`: it did not arrive, so it is not sent twice."""
    send_mail(outbox, queue)
    receivers.bounced(report(), ["ed1-1"], NOW)
    assert queue.release("ed1-1", NOW, settling=True)
    assert receivers.pauses() == ()
    assert queue.claim("ed1-1", "one", NOW, LEASE)
    assert queue.record("ed1-1", "one", step(S.SENT, receipt="<id>"), NOW)


def test_a_soft_bounce_is_counted_only(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """As for a full mailbox."""
    send_mail(outbox, queue)
    before = stored(outbox)
    assert receivers.bounced(report(hard=False, why="mailbox full"), ["ed1-1"], NOW) == "ed1-1"
    assert stored(outbox) == before
    assert (receivers.pauses(), outbox.unreported()) == ((), ())
    assert receivers.bounces() == (BounceSummary(BOB.target, 0, 1, NOW + MINUTE, "mailbox full"),)


@pytest.mark.parametrize("hard", [True, False])
def test_a_report_counts_once(outbox: Outbox, queue: Queue, receivers: Receivers, hard: bool) -> None:
    """Reading a mailbox again does not stop what was released since."""
    send_mail(outbox, queue)
    receivers.bounced(report(hard=hard), ["ed1-1"], NOW)
    queue.release("ed1-1", NOW, settling=True)
    before = stored(outbox)
    assert receivers.bounced(report(hard=hard), ["ed1-1"], NOW + MINUTE) == "ed1-1"
    assert stored(outbox) == before
    assert receivers.pauses() == ()
    (counted,) = receivers.bounces()
    assert counted.hard + counted.soft == 1


def test_reports_about_other_mail_are_ignored(
    database: Database, outbox: Outbox, queue: Queue, receivers: Receivers
) -> None:
    """An unknown id, a Slack message's, no id."""
    send_mail(outbox, queue, "chat", to=ADA)
    for candidates in ([], ["unknown-1"], ["chat-1"], ["%", "chat"]):
        assert receivers.bounced(report(), candidates, NOW) is None
    assert (receivers.bounces(), receivers.pauses(), outbox.unreported()) == ((), (), ())
    assert stored(outbox, "chat-1").state is S.SENT


def test_the_first_known_id_counts(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """A report may quote other mail; the id from its envelope comes first."""
    send_mail(outbox, queue)
    send_mail(outbox, queue, "ed2", on=TOMORROW)
    assert receivers.bounced(report(), ["unknown-1", "ed2-1", "ed1-1"], NOW) == "ed2-1"
    assert stored(outbox, "ed1-1").state is S.SENT


@pytest.mark.parametrize("state", [S.WAITING, S.FAILED, S.UNCERTAIN])
def test_a_bounce_of_an_unsent_delivery_pauses_its_address_only(
    outbox: Outbox, queue: Queue, receivers: Receivers, state: Any
) -> None:
    """An attempt in doubt may have come back: the delivery stays as it is."""
    add(outbox, edition(to=BOB))
    assert queue.claim("ed1-1", "one", NOW, LEASE)
    queue.record("ed1-1", "one", step(state, until=None if state is S.FAILED else NOW, why="w"), NOW)
    before = stored(outbox)
    assert receivers.bounced(report(), ["ed1-1"], NOW) == "ed1-1"
    assert stored(outbox) == before
    assert [pause.scope for pause in receivers.pauses()] == [SCOPE]
    assert queue.claim("ed1-1", "one", NOW, LEASE) is None


def test_bounces_by_address(outbox: Outbox, queue: Queue, receivers: Receivers) -> None:
    """Each with its numbers and the last reason, the newest first."""
    cy = replace(BOB, profile="cy", target="cy@example.org")
    send_mail(outbox, queue)
    send_mail(outbox, queue, "cys", to=cy)
    for n, (id_, hard) in enumerate((("cys-1", False), ("ed1-1", False), ("cys-1", True), ("cys-1", False))):
        receivers.bounced(report(n, hard=hard, why=f"why {n}", at=NOW + n * MINUTE), [id_], NOW)
    assert receivers.bounces() == (
        BounceSummary(cy.target, 1, 2, NOW + 3 * MINUTE, "why 3"),
        BounceSummary(BOB.target, 0, 1, NOW + MINUTE, "why 1"),
    )


def test_a_mailbox_that_three_read_at_once_counts_once(
    database: Database, outbox: Outbox, queue: Queue, receivers: Receivers
) -> None:
    send_mail(outbox, queue)
    results = at_once(
        database,
        lambda own, n: [
            Receivers(own).bounced(report(k, at=NOW + k * MINUTE), ["ed1-1"], NOW) for k in range(10)
        ],
        3,
    )
    assert results == [["ed1-1"] * 10] * 3
    assert receivers.bounces() == (
        BounceSummary(BOB.target, 10, 0, NOW + timedelta(minutes=9), "no such user"),
    )


# --- Names ------------------------------------------------------------------------------------------------


def test_names_are_kept(database: Database) -> None:
    """The newest id of a name, until it is removed."""
    names = StoredNames(database, ChannelName.SLACK)
    assert names.get("#papers") is None
    names.put("#papers", "C0OLD")
    names.put("#others", "C0OTHER")
    names.put("#papers", "C0NEW")
    assert StoredNames(database, ChannelName.SLACK).get("#papers") == "C0NEW"
    names.put("#papers", None)
    names.put("#never", None)
    assert [names.get(name) for name in ("#papers", "#others", "#never")] == [None, "C0OTHER", None]


def test_a_name_and_its_id_have_one_ledger(database: Database, outbox: Outbox, queue: Queue) -> None:
    """What was given to the name counts for the id, and what is stored already is not sent a second time."""
    by_name = Subscription("bo", ChannelName.SLACK, "#papers")
    add(outbox, edition("one"), papers=("p1", "p2"), count=2)
    for part in ("one-1", "one-2"):
        assert queue.claim(part, "owner", NOW, LEASE)
        assert queue.record(part, "owner", step(S.SENT), NOW)
    add(outbox, edition("two", to=by_name), papers=("p2", "p3"), count=2)
    StoredNames(database, ChannelName.SLACK).put("#papers", "C0PAPERS")
    assert outbox.given(["slack:C0PAPERS"]) == {"p1", "p2", "p3"}
    assert outbox.given(["slack:#papers"]) == frozenset()
    with pytest.raises(InvariantViolation, match="slack:C0PAPERS was sent p2 before"):
        queue.claim("two-1", "owner", NOW, LEASE)
    assert not add(outbox, edition("three", on=TOMORROW), papers=("p3",))


@pytest.mark.parametrize("first", ["one", "two"])
def test_a_name_that_is_learned_before_anything_is_sent(
    database: Database, outbox: Outbox, queue: Queue, first: str
) -> None:
    """Of two digests that were composed for the name and for the id, the second one with a paper is not sent."""
    add(outbox, edition("one"), papers=("p1",))
    add(outbox, edition("two", to=Subscription("bo", ChannelName.SLACK, "#papers")), papers=("p1",))
    StoredNames(database, ChannelName.SLACK).put("#papers", "C0PAPERS")
    assert queue.claim(f"{first}-1", "owner", NOW, LEASE)
    assert queue.record(f"{first}-1", "owner", step(S.SENT), NOW)
    second = "two" if first == "one" else "one"
    with pytest.raises(InvariantViolation, match="slack:C0PAPERS was sent p1 before"):
        queue.claim(f"{second}-1", "owner", NOW, LEASE)


def test_a_name_that_several_store_at_once(database: Database) -> None:
    for number in range(3):
        name = f"#papers-{number}"
        at_once(
            database, lambda own, n, name=name: StoredNames(own, ChannelName.SLACK).put(name, "C0PAPERS"), 4
        )
        assert StoredNames(database, ChannelName.SLACK).get(name) == "C0PAPERS"
