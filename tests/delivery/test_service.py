"""One `send` after another, on the real store: each paper at most once, each date one edition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.delivery.model import Deferred, Outcome, Refused, Unknown
from bot.delivery.service import SendResult
from bot.papers.model import Entry
from bot.profiles.model import ChannelName, Profile, Subscription
from bot.store.tables import DeliveryRow, LedgerRow, MessageRow
from tests.support.builders import NOW, FakeChannel, World, at, entry, make_profile, subscription

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.add(entry(1, "Robots that stack cups"), entry(2, "Baking bread"), now=NOW - DAY)
    yield made
    made.close()


def reader(*phrases: str, **fields: Any) -> Profile:
    """A profile with a maildir, which is due at 08:00 UTC."""
    wishes = {"deliver": (subscription(fields.get("id", "ada")),), **fields}
    return make_profile(*(phrases or ("robots",)), **wishes)


def told(rows: list[SendResult]) -> list[tuple[str, int]]:
    return [(row.state, row.papers) for row in rows]


def ledger(world: World) -> set[tuple[str, str]]:
    with world.database.reading() as session:
        return set(session.exec(select(LedgerRow.subscription, LedgerRow.paper)))


# --- Once -------------------------------------------------------------------------------------------------


def test_sent_once(world: World) -> None:
    """What matches is sent; a second send on that day sends nothing, and says why."""
    (row,) = world.send(reader())
    assert row == SendResult("ada", ChannelName.MAILDIR, "inbox", NOW.date(), "sent", 1)
    (again,) = world.send(reader(), now=NOW + MINUTE)
    assert (again.state, again.papers, again.blocked) == ("skipped", 0, False)
    assert again.why == "2026-05-05 has its digest already"
    assert world.channel.papers == ["arxiv:2605.00001"]


def test_next_day_brings_only_what_is_new(world: World) -> None:
    """The day after has its own edition with the new paper; the day after that is quiet."""
    world.send(reader())
    world.add(entry(3, "Robots fold laundry"), now=NOW + MINUTE)
    assert told(world.send(reader(), now=NOW + MINUTE)) == [("skipped", 0)]
    assert told(world.send(reader(), now=NOW + DAY)) == [("sent", 1)]
    assert told(world.send(reader(), now=NOW + 2 * DAY)) == [("quiet", 0)]
    assert world.channel.papers == ["arxiv:2605.00001", "arxiv:2605.00003"]


AGAIN = {
    "a revision": entry(1, "Robots that stack cups and plates", version=2, updated="2026-05-05"),
    "another source": Entry("huggingface", "Robots that stack cups", ids=("arxiv:2605.00001",), votes=9),
    "its DOI": Entry("crossref", "Robots that stack cups", ids=("doi:10.1/x",)),
    "its title alone": Entry("huggingface", "Robots That Stack Cups"),
}


@pytest.mark.parametrize("listed", AGAIN.values(), ids=AGAIN.keys())
def test_a_work_listed_again_is_not_sent_again(world: World, listed: Entry) -> None:
    """A revision, a second source, another id or a bare title are no news."""
    world.send(reader())
    world.add(listed, now=NOW + MINUTE)
    assert told(world.send(reader(), now=NOW + DAY)) == [("quiet", 0)]


def test_ledger_follows_a_paper_that_gets_its_id(world: World) -> None:
    """Sent under its title, listed later with an id: the same work, given already."""
    world.add(Entry("huggingface", "Robots fold laundry"), now=NOW - DAY)
    assert told(world.send(reader())) == [("sent", 2)]
    world.add(entry(3, "Robots fold laundry"), now=NOW + MINUTE)
    assert told(world.send(reader(), now=NOW + DAY)) == [("quiet", 0)]
    assert (subscription().key, "arxiv:2605.00003") in ledger(world)


def test_failed_edition_is_not_composed_anew(world: World) -> None:
    """A paper of a digest that was refused stays that digest's: it is told each time, and not sent by another."""
    world.channel.outcomes = [Refused("no such folder")]
    (row,) = world.send(reader())
    assert (row.state, row.why) == ("failed", "no such folder")
    assert told(world.send(reader(), now=NOW + MINUTE)) == [("failed", 1)]
    assert told(world.send(reader(), now=NOW + DAY)) == [("quiet", 0)]
    assert len(world.channel.sent) == 1


# --- Quiet days -------------------------------------------------------------------------------------------


def test_quiet_day_that_gets_papers_after_all(world: World) -> None:
    """A quiet date makes room for a digest, once there is something to put into it."""
    profile = reader("laundry")
    (row,) = world.send(profile)
    assert (row.state, row.papers) == ("quiet", 0)
    assert row.why == "none of 2 new papers has anything that the profile looks for"
    assert told(world.send(profile, now=NOW + MINUTE)) == [("quiet", 0)]
    world.add(entry(3, "Robots fold laundry"), now=NOW + 2 * MINUTE)
    assert told(world.send(profile, now=NOW + 3 * MINUTE)) == [("sent", 1)]
    assert told(world.send(profile, now=NOW + 4 * MINUTE)) == [("skipped", 0)]
    assert world.channel.papers == ["arxiv:2605.00003"]


def test_quiet_day_names_what_is_wrong_with_the_sources(world: World) -> None:
    """A failure must not look like a holiday; a day with papers has no need to tell here."""
    (row,) = world.send(reader("laundry"), troubles="arxiv: no connection")
    assert row.why.endswith("; arxiv: no connection")
    (other,) = world.send(reader(), troubles="arxiv: no connection")
    assert (other.state, other.why) == ("sent", "")


# --- Channels ---------------------------------------------------------------------------------------------


def test_unconfigured_channel_does_not_stop_others(world: World) -> None:
    """It is skipped with the setting to make; nothing is composed for it, so nothing is lost once it is made."""
    slack = FakeChannel(blocked="set SLACK_BOT_TOKEN")
    world.channels[ChannelName.SLACK] = slack
    chat = subscription(target="C0PAPERS", channel=ChannelName.SLACK)
    profile = reader(deliver=(chat, subscription()))
    skipped, sent = world.send(profile)
    assert (skipped.state, skipped.why, skipped.blocked) == ("skipped", "set SLACK_BOT_TOKEN", True)
    assert (sent.state, sent.papers) == ("sent", 1)
    assert ledger(world) == {(subscription().key, "arxiv:2605.00001")}
    assert slack.calls == []
    slack.blocked = ""
    assert told(world.send(profile, now=NOW + MINUTE)) == [("sent", 1), ("skipped", 0)]


def test_subscriptions_of_a_profile_have_their_own_ledgers(world: World) -> None:
    """Each gets each paper once: one that failed or came later does not take them from the other."""
    one, other = subscription(target="one"), subscription(target="other")
    assert told(world.send(reader(deliver=(one,)))) == [("sent", 1)]
    both = reader(deliver=(one, other))
    assert told(world.send(both, now=NOW + MINUTE)) == [("skipped", 0), ("sent", 1)]
    assert ledger(world) == {(one.key, "arxiv:2605.00001"), (other.key, "arxiv:2605.00001")}
    assert [envelope.target for envelope in world.channel.sent] == ["one", "other"]


def test_one_desk_for_those_that_need_one(world: World) -> None:
    """Nothing is ranked when nothing is to be composed, and only for profiles that get something."""
    ada, bo = reader(), reader("bread", id="bo")
    world.send(ada)
    assert told(world.send(ada, bo)) == [("skipped", 0), ("sent", 1)]
    world.send(ada, bo)
    assert world.desks == [("ada",), ("bo",)]


# --- Unsubscribed -----------------------------------------------------------------------------------------

LEFT = "unsubscribed by its reader"


def leave(world: World, one: Subscription | None = None) -> None:
    world.receivers.pause((one or subscription()).key, LEFT, NOW)


def test_who_left_is_skipped_and_nothing_is_wrong(world: World) -> None:
    """The row says since when and how to undo it; nothing is composed, so that nothing is lost if they come back."""
    leave(world)
    (row,) = world.send(reader(), now=NOW + DAY)
    assert (row.state, row.blocked) == ("skipped", False)
    again = "to send to them again, if they ask for it: paperboy resume ada:maildir:inbox"
    assert row.why == f"{LEFT} on 2026-05-05; {again}"
    assert (world.channel.sent, ledger(world)) == ([], set())
    assert world.receivers.resume("ada:maildir:inbox")
    assert told(world.send(reader(), now=NOW + 2 * DAY)) == [("sent", 1)]


def test_who_left_leaves_the_others(world: World) -> None:
    """Another subscription of the profile, and another profile's to the same target, go on."""
    one, other = subscription(), subscription(target="other")
    leave(world, one)
    rows = world.send(reader(deliver=(one, other)), reader(id="bo", deliver=(subscription("bo"),)))
    assert told(rows) == [("skipped", 0), ("sent", 1), ("sent", 1)]


@pytest.mark.parametrize(
    "outcome",
    [Deferred("busy", 60.0), Refused("no such folder"), Unknown("reset")],
    ids=lambda one: type(one).__name__,
)
def test_what_was_open_when_they_left_is_nobodys_business(world: World, outcome: Outcome) -> None:
    """It is not tried again, and is no failure of the next send."""
    world.channel.outcomes = [outcome]
    world.send(reader())
    leave(world)
    for due in (False, True):
        assert told(world.send(reader(), now=NOW + 30 * MINUTE, due=due)) == [("skipped", 0)]
    assert len(world.channel.sent) == 1


def test_a_pause_of_the_target_is_still_a_trouble(world: World) -> None:
    """But not to who left: there is nothing to mend for them, nor a channel to set up."""
    world.receivers.pause("maildir:inbox", "no such folder", NOW)
    (row,) = world.send(reader())
    assert (row.state, row.blocked) == ("skipped", True)
    leave(world)
    world.channel.blocked = "set MAIL_FROM"
    (row,) = world.send(reader())
    assert (row.state, row.blocked, row.why.startswith(LEFT)) == ("skipped", False, True)


# --- Due --------------------------------------------------------------------------------------------------


def test_due_only_when_due(world: World) -> None:
    """Before its time nothing happens; from then on once, and not again."""
    profile = reader(deliver=(subscription(at=time(9)),))
    (early,) = world.send(profile, due=True)  # 08:30
    assert (early.state, early.why) == ("skipped", "not due before 09:00")
    assert told(world.send(profile, due=True, now=NOW + 30 * MINUTE)) == [("sent", 1)]
    assert told(world.send(profile, due=True, now=NOW + 31 * MINUTE)) == [("skipped", 0)]
    assert len(world.channel.sent) == 1


def test_send_does_not_wait_for_the_time(world: World) -> None:
    """Without `--due` it sends now, whatever the time, and the date is done."""
    profile = reader(deliver=(subscription(at=time(23)),))
    assert told(world.send(profile)) == [("sent", 1)]
    assert told(world.send(profile, due=True, now=at("2026-05-05 23:01"))) == [("skipped", 0)]


def test_due_quiet_day_stays_quiet(world: World) -> None:
    """A tick a minute does not look again at a quiet date; the papers are the next date's."""
    profile = reader("laundry")
    assert told(world.send(profile, due=True)) == [("quiet", 0)]
    world.add(entry(3, "Robots fold laundry"), now=NOW + MINUTE)
    assert told(world.send(profile, due=True, now=NOW + 2 * MINUTE)) == [("skipped", 0)]
    assert told(world.send(profile, due=True, now=NOW + DAY)) == [("sent", 1)]


def test_downtime_brings_the_newest_edition_only(world: World) -> None:
    """After three days without a tick one edition is sent, for the newest date that was missed."""
    profile = reader(deliver=(subscription(at=time(8)),))
    world.send(profile, due=True)
    for n, title in ((3, "Robots fold laundry"), (4, "Robots pour tea")):
        world.add(entry(n, title), now=NOW + n * MINUTE)
    (row,) = world.send(profile, due=True, now=at("2026-05-09 07:00"))
    assert (row.on, row.state, row.papers) == (date(2026, 5, 8), "sent", 2)
    assert told(world.send(profile, due=True, now=at("2026-05-09 07:01"))) == [("skipped", 0)]


def test_bare_date_sends_whatever_the_zone(world: World) -> None:
    """`--on DATE --due` is that local date in every zone, all of its hours passed."""
    profiles = [
        reader(id=name, timezone=zone, deliver=(subscription(name, at=time(23, 59)),))
        for name, zone in (("east", "Pacific/Kiritimati"), ("west", "Pacific/Pago_Pago"))
    ]
    rows = world.send(*profiles, now=at("2026-05-05 23:59"), day=True, due=True)
    assert [(row.on, row.state) for row in rows] == [(date(2026, 5, 5), "sent")] * 2


# --- Going on ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("due", [True, False])
def test_older_editions_that_wait_are_continued(world: World, due: bool) -> None:
    """The next day's send has a row for the new edition and one for yesterday's, with the same bytes."""
    world.channel.outcomes = [Deferred("busy")]
    (row,) = world.send(reader())
    assert (row.state, row.why) == ("waiting", "busy")
    world.add(entry(3, "Robots fold laundry"), now=NOW + MINUTE)
    rows = world.send(reader(), now=NOW + DAY - MINUTE, due=due)
    assert [(row.on, row.state) for row in rows] == [
        (date(2026, 5, 6), "sent"),
        (date(2026, 5, 5), "sent"),
    ]
    first, second, _ = world.channel.sent
    assert first.payload == second.payload
    assert sorted(world.channel.papers) == ["arxiv:2605.00001", "arxiv:2605.00003"]


def test_waiting_is_told_while_it_waits(world: World) -> None:
    """A send before the time to try again says that it waits, and tries nothing."""
    world.channel.outcomes = [Deferred("busy", 600.0)]
    world.send(reader())
    assert told(world.send(reader(), now=NOW + MINUTE)) == [("waiting", 1)]
    assert len(world.channel.sent) == 1
    assert told(world.send(reader(), now=NOW + 10 * MINUTE)) == [("sent", 1)]


def test_uncertain_is_looked_up_by_the_next_send(world: World) -> None:
    """A delivery in doubt that got through is not sent twice."""
    world.channel.outcomes = [Unknown("connection reset")]
    world.channel.during = lambda envelope: world.channel.arrived.update({envelope.delivery: envelope})
    assert told(world.send(reader())) == [("uncertain", 1)]
    assert told(world.send(reader(), now=NOW + MINUTE)) == [("sent", 1)]
    assert world.channel.calls == ["send 1", "find 1"]


@pytest.mark.parametrize(
    ("finds", "resend_uncertain", "blind"),
    [
        (False, True, 1),  # mail: once more with the same Message-ID
        (False, False, 0),  # or held at once
        (True, True, 0),  # Slack is asked, and never sent to blindly
        (True, False, 0),
    ],
)
def test_how_often_a_digest_may_go_out_unseen(
    world: World, finds: bool, resend_uncertain: bool, blind: int
) -> None:
    """As the subscription says, and only where nobody can ever tell."""
    world.channel.can_look_up = finds
    to = subscription(resend_uncertain=resend_uncertain)
    world.channel.outcomes = [Deferred("busy")]
    world.send(reader(deliver=(to,)))
    edition = world.outbox.find(to, NOW.date())
    assert edition is not None
    assert [one.unverified_retries for one in edition.deliveries] == [blind]


@pytest.mark.parametrize(("resend_uncertain", "mails"), [(True, 2), (False, 1)])
def test_a_mail_in_doubt_goes_out_again_or_is_held(world: World, resend_uncertain: bool, mails: int) -> None:
    """`on_uncertain: hold` rather loses a mail than sends it twice; a person decides then."""
    world.channel.can_look_up = world.channel.can_find = False
    world.channel.outcomes = [Unknown("broke")] * 9
    profile = reader(deliver=(subscription(resend_uncertain=resend_uncertain),))
    for minutes in (0, 5, 60, 600):
        rows = world.send(profile, now=NOW + minutes * MINUTE, due=True)
        assert "uncertain" in {row.state for row in rows}
    assert len(world.channel.sent) == mails
    assert len({one.payload for one in world.channel.sent}) == 1
    (held,) = world.outbox.deliveries("")
    assert world.queue.release(held.id, NOW + 2 * DAY, settling=True)
    world.channel.outcomes = []
    world.send(profile, now=NOW + 2 * DAY)
    assert len(world.channel.sent) == mails + 1


def test_a_paused_target_gets_nothing_composed(world: World) -> None:
    """It is told with the command for it, nothing is given away, and all of it comes when it is resumed."""
    one, other = subscription(target="one"), subscription(target="other")
    profile = reader(deliver=(one, other))
    world.receivers.pause("maildir:one", "archived", NOW)
    paused, sent = world.send(profile)
    assert (paused.state, paused.blocked) == ("skipped", True)
    assert paused.why == "paused since 2026-05-05: archived; when mended: paperboy resume maildir:one"
    assert (sent.target, sent.state) == ("other", "sent")
    assert ledger(world) == {(other.key, "arxiv:2605.00001")}
    world.receivers.resume("maildir:one")
    assert told(world.send(profile, now=NOW + MINUTE)) == [("sent", 1), ("skipped", 0)]


@pytest.mark.parametrize("scope", ["maildir", "maildir:inbox"])
def test_every_scope_of_a_pause_is_told(world: World, scope: str) -> None:
    """With what is kept meanwhile."""
    world.channel.outcomes = [Deferred("busy")]
    world.send(reader())
    world.receivers.pause(scope, "because", NOW)
    (row,) = world.send(reader(), now=NOW + 60 * MINUTE)
    assert (row.state, row.papers, row.blocked) == ("waiting", 1, True)
    assert f"paperboy resume {scope}" in row.why
    assert len(world.channel.sent) == 1


def test_parts_know_their_papers(world: World) -> None:
    """Each those that it shows, and the twins that it names under them: together they are the ledger's."""
    world.channel.per_part = 2
    titles = ("fold laundry", "pour tea", "paint walls", "read maps", "milk goats", "milk goats")
    world.add(*(entry(n, f"Robots {title}") for n, title in enumerate(titles, start=10)), now=NOW - DAY)
    world.send(reader())
    with world.database.reading() as session:
        rows = session.exec(select(DeliveryRow).order_by(DeliveryRow.part)).all()
        payloads = [session.get_one(MessageRow, row.id).payload for row in rows]
    assert [row.papers for row in rows] == [2, 2, 2]
    for row, payload in zip(rows, payloads, strict=True):
        shown = payload.decode().split(" ")[2:]
        assert set(shown) <= set(row.shows)
    assert sum(len(row.shows) for row in rows) == 7
    assert {(subscription().key, paper) for row in rows for paper in row.shows} == ledger(world)


def test_others_edition_is_not_touched(world: World) -> None:
    """Sending for one profile leaves what waits for another."""
    world.channel.outcomes = [Deferred("busy")]
    world.send(reader())
    assert told(world.send(reader("bread", id="bo"), now=NOW + 5 * MINUTE)) == [("sent", 1)]
    assert world.channel.papers == ["arxiv:2605.00002"]
