"""`send` on the real store: each paper at most once, at most one edition a date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import select

from bot.delivery.alerts import Operator
from bot.delivery.model import Deferred, Outcome, Part, Refused, Unknown
from bot.delivery.service import SendResult
from bot.digests.model import Digest
from bot.papers.model import Entry, SourceState
from bot.profiles.model import ANNOUNCEMENT, WEEK, ChannelName, Profile, Subscription
from bot.store.tables import DeliveryRow, LedgerRow, MessageRow
from tests.support.builders import NOW, FakeChannel, World, at, entry, make_profile, subscription
from tests.support.editions import find_edition

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.add(entry(1, "Robots that stack cups"), entry(2, "Baking bread"), now=NOW - DAY)
    yield made
    made.close()


def reader(*phrases: str, **fields: Any) -> Profile:
    """A profile with a Maildir, due at 08:00 UTC."""
    wishes = {"deliver": (subscription(fields.get("id", "ada")),), **fields}
    return make_profile(*(phrases or ("robots",)), **wishes)


def outcomes(rows: list[SendResult]) -> list[tuple[str, int]]:
    return [(row.state, row.papers) for row in rows]


def ledger(world: World) -> set[tuple[str, str]]:
    with world.database.reading() as session:
        return set(session.exec(select(LedgerRow.receiver, LedgerRow.paper)))


# --- Once -------------------------------------------------------------------------------------------------


def test_sent_once(world: World) -> None:
    """A second send on the same day sends nothing, and says why."""
    (row,) = world.send(reader())
    assert row == SendResult("ada", ChannelName.MAILDIR, "inbox", NOW.date(), "sent", 1, edition=row.edition)
    (again,) = world.send(reader(), now=NOW + MINUTE)
    assert (again.state, again.papers, again.blocked) == ("skipped", 0, False)
    assert again.why == "the digest of 2026-05-05 exists already"
    assert world.channel.papers == ["arxiv:2605.00001"]


def test_next_day_has_only_new_papers(world: World) -> None:
    """The day after has an edition with the new paper; the day after that is quiet."""
    world.send(reader())
    world.add(entry(3, "Robots fold laundry"), now=NOW + MINUTE)
    assert outcomes(world.send(reader(), now=NOW + MINUTE)) == [("skipped", 0)]
    assert outcomes(world.send(reader(), now=NOW + DAY)) == [("sent", 1)]
    assert outcomes(world.send(reader(), now=NOW + 2 * DAY)) == [("quiet", 0)]
    assert world.channel.papers == ["arxiv:2605.00001", "arxiv:2605.00003"]


AGAIN = {
    "a revision": entry(1, "Robots that stack cups and plates", version=2, updated="2026-05-05"),
    "another source": Entry("huggingface", "Robots that stack cups", ids=("arxiv:2605.00001",), votes=9),
    "its DOI": Entry("crossref", "Robots that stack cups", ids=("doi:10.1/x",)),
    "its title alone": Entry("huggingface", "Robots That Stack Cups"),
}


@pytest.mark.parametrize("listed", AGAIN.values(), ids=AGAIN.keys())
def test_work_listed_again_is_not_sent_again(world: World, listed: Entry) -> None:
    """A revision, a second source, another id and a bare title are the same work."""
    world.send(reader())
    world.add(listed, now=NOW + MINUTE)
    assert outcomes(world.send(reader(), now=NOW + DAY)) == [("quiet", 0)]


def test_ledger_follows_a_new_id(world: World) -> None:
    """A paper sent under its title and listed later with an id is the same work."""
    world.add(Entry("huggingface", "Robots fold laundry"), now=NOW - DAY)
    assert outcomes(world.send(reader())) == [("sent", 2)]
    world.add(entry(3, "Robots fold laundry"), now=NOW + MINUTE)
    assert outcomes(world.send(reader(), now=NOW + DAY)) == [("quiet", 0)]
    assert ("maildir:inbox", "arxiv:2605.00003") in ledger(world)


def test_failed_edition_is_not_composed_again(world: World) -> None:
    """It is reported each time, and its papers are not sent in another edition."""
    world.channel.outcomes = [Refused("no such folder")]
    (row,) = world.send(reader())
    assert (row.state, row.why) == ("failed", "no such folder")
    assert outcomes(world.send(reader(), now=NOW + MINUTE)) == [("failed", 1)]
    assert outcomes(world.send(reader(), now=NOW + DAY)) == [("quiet", 0)]
    assert len(world.channel.sent) == 1


# --- Quiet days -------------------------------------------------------------------------------------------


def test_quiet_edition_is_replaced(world: World) -> None:
    """Once there are papers for it."""
    profile = reader("laundry")
    (row,) = world.send(profile)
    assert (row.state, row.papers) == ("quiet", 0)
    assert row.why == "nothing among 2 recent papers matches the profile"
    assert outcomes(world.send(profile, now=NOW + MINUTE)) == [("quiet", 0)]
    world.add(entry(3, "Robots fold laundry"), now=NOW + 2 * MINUTE)
    assert outcomes(world.send(profile, now=NOW + 3 * MINUTE)) == [("sent", 1)]
    assert outcomes(world.send(profile, now=NOW + 4 * MINUTE)) == [("skipped", 0)]
    assert world.channel.papers == ["arxiv:2605.00003"]


def test_quiet_day_names_problems_of_the_sources(world: World) -> None:
    """A digest that is not short does not."""
    world.sources = [FAILED]
    (row,) = world.send(reader("laundry"))
    assert row.why.endswith("; arXiv has not answered since Monday 4 May at 08:30 UTC; " + AGAIN)
    (other,) = world.send(reader())
    assert (other.state, other.why) == ("sent", "")


# --- Quiet because of trouble -----------------------------------------------------------------------------

FAILED = SourceState("arxiv-rss", "failed", "no connection", NOW - MINUTE, NOW - DAY)
AGAIN = "looked at again when a source answers"
ANSWERED = SourceState("arxiv-rss", "ok", "", NOW + 2 * MINUTE, NOW + 2 * MINUTE)


def test_outage_does_not_cost_the_day(world: World) -> None:
    """A quiet edition waits for a source that failed, is composed again once when a source has answered, and then
    has that day's papers.
    """
    profile = reader("laundry")
    world.sources = [FAILED]
    for minute in range(3):  # nothing is composed again before an answer
        (row,) = world.send(profile, now=NOW + minute * MINUTE, due=True)
        assert (row.state, row.papers) == ("waiting", 0)
        assert row.why.endswith("; arXiv has not answered since Monday 4 May at 08:30 UTC; " + AGAIN)
    assert len(world.composers) == 1
    world.add(entry(3, "Robots fold laundry"), now=NOW + 2 * MINUTE)
    world.sources = [ANSWERED]
    assert outcomes(world.send(profile, now=NOW + 3 * MINUTE, due=True)) == [("sent", 1)]
    assert outcomes(world.send(profile, now=NOW + 4 * MINUTE, due=True)) == [("skipped", 0)]
    assert (len(world.composers), world.channel.papers) == (2, ["arxiv:2605.00003"])


def test_quiet_when_the_sources_answered(world: World) -> None:
    """A sound answer without a fitting paper ends the wait: the day is quiet."""
    profile = reader("laundry")
    world.sources = [FAILED]
    world.send(profile, due=True)
    world.sources = [ANSWERED]
    (row,) = world.send(profile, now=NOW + 3 * MINUTE, due=True)
    assert (row.state, row.why) == ("quiet", "nothing among 2 recent papers matches the profile")


@pytest.mark.parametrize(("zone", "ends"), [("UTC", "2026-05-06 00:00"), ("Asia/Tokyo", "2026-05-05 15:00")])
def test_wait_ends_with_the_local_day(world: World, zone: str, ends: str) -> None:
    """Then it is an ordinary quiet day, also when a source answers later."""
    profile = reader("laundry", timezone=zone)
    world.sources = [FAILED]
    world.send(profile, due=True)
    day = NOW.date()
    for now, state in ((at(ends) - MINUTE, "waiting"), (at(ends), "quiet")):
        world.send(profile, now=now, due=True)
        stored = find_edition(world.outbox, profile.deliver[0], day)
        assert stored
        assert stored.state == state
    world.sources = [ANSWERED]
    assert outcomes(world.send(profile, now=at(ends) + MINUTE, due=True)) == [("skipped", 0)]


def test_wait_of_a_removed_profile_ends(world: World) -> None:
    """When its day is over in every time zone."""
    world.sources = [FAILED]
    profile = reader("laundry")
    world.send(profile, due=True)
    for now, state in ((at("2026-05-06 11:59"), "waiting"), (at("2026-05-06 12:00"), "quiet")):
        world.send(reader(id="bo"), now=now, due=True)
        stored = find_edition(world.outbox, profile.deliver[0], NOW.date())
        assert stored
        assert stored.state == state


def test_after_weeks_in_which_nothing_ran(world: World) -> None:
    """The digest says since when, and which papers it left out; quiet days in between are no such weeks."""
    gap = "nothing was checked since Tuesday 12 May, and papers from before Sunday 7 June are left out"
    for days, is_gap in ((0, False), (7, False), (40, True), (41, False)):
        world.add(entry(10 + days, f"Tea {days}"), now=NOW + days * DAY - DAY / 4)
        (row,) = world.send(reader("submarines"), now=NOW + days * DAY)
        assert row.state == "quiet"
        assert (gap in row.why) == is_gap


# --- Channels ---------------------------------------------------------------------------------------------


def test_unconfigured_channel_is_skipped(world: World) -> None:
    """Nothing is composed for it, so its papers are sent once it is configured."""
    slack = FakeChannel(blocked="set SLACK_BOT_TOKEN")
    world.channels[ChannelName.SLACK] = slack
    chat = subscription(target="C0PAPERS", channel=ChannelName.SLACK)
    profile = reader(deliver=(chat, subscription()))
    skipped, sent = world.send(profile)
    assert (skipped.state, skipped.why, skipped.blocked) == ("skipped", "set SLACK_BOT_TOKEN", True)
    assert (sent.state, sent.papers) == ("sent", 1)
    assert ledger(world) == {("maildir:inbox", "arxiv:2605.00001")}
    assert slack.calls == []
    slack.blocked = ""
    assert outcomes(world.send(profile, now=NOW + MINUTE)) == [("sent", 1), ("skipped", 0)]


def test_receivers_of_a_profile_have_their_own_ledgers(world: World) -> None:
    """Each gets each paper once."""
    one, other = subscription(target="one"), subscription(target="other")
    assert outcomes(world.send(reader(deliver=(one,)))) == [("sent", 1)]
    both = reader(deliver=(one, other))
    assert outcomes(world.send(both, now=NOW + MINUTE)) == [("skipped", 0), ("sent", 1)]
    assert ledger(world) == {("maildir:one", "arxiv:2605.00001"), ("maildir:other", "arxiv:2605.00001")}
    assert [envelope.target for envelope in world.channel.sent] == ["one", "other"]


@pytest.mark.parametrize("renamed", [False, True], ids=["another profile", "a renamed profile"])
def test_a_receiver_gets_a_paper_once_from_all_profiles(world: World, renamed: bool) -> None:
    """In the same `send`, on later days, and when the profile's name changes."""
    ada, bo = reader(), reader("robots", "bread", id="bo")
    if renamed:
        assert outcomes(world.send(ada)) == [("sent", 1)]
        assert outcomes(world.send(bo, now=NOW + MINUTE)) == [("sent", 1)]
    else:
        assert outcomes(world.send(ada, bo)) == [("sent", 1), ("sent", 1)]
    assert outcomes(world.send(bo, now=NOW + DAY)) == [("quiet", 0)]
    assert world.channel.papers == ["arxiv:2605.00001", "arxiv:2605.00002"]


def test_a_renamed_profile_keeps_what_it_had(world: World) -> None:
    """Its day's digest, its history, what waits, and whether its reader has unsubscribed."""
    one, other = subscription(target="one"), subscription(target="other")
    world.channel.outcomes = [Deferred("busy", 60.0)]
    world.send(reader(deliver=(one,)))
    world.receivers.pause(other.key, "unsubscribed by its reader", NOW)
    to = tuple(subscription("eve", target=name) for name in ("one", "other"))
    eve = reader(id="eve", was="ada", deliver=to)
    rows = world.send(eve, now=NOW + 2 * MINUTE)
    assert outcomes(rows) == [("sent", 1), ("skipped", 0)]
    assert rows[1].why.endswith("paperboy resume eve:maildir:other")
    assert world.channel.papers == ["arxiv:2605.00001"]
    assert outcomes(world.send(eve, now=NOW + 3 * MINUTE)) == [("skipped", 0)] * 2
    (row, _) = world.send(eve, now=NOW + DAY)
    assert row.why == "no new papers since the digest of Tuesday 5 May"


@pytest.mark.parametrize("target", ["#papers", "C0PAPERS"])
def test_a_receiver_with_two_names(world: World, target: str) -> None:
    """A name's id is asked for before a digest is composed, so that the name and the id are one receiver."""
    slack = world.channels[ChannelName.SLACK] = FakeChannel(ids={"#papers": "C0PAPERS"})
    targets = [target, *{"#papers", "C0PAPERS"} - {target}]
    profiles = [
        reader(id=name, deliver=(subscription(name, target=to, channel=ChannelName.SLACK),))
        for name, to in zip(("ada", "bo"), targets, strict=True)
    ]
    assert outcomes(world.send(*profiles)) == [("sent", 1), ("quiet", 0)]
    assert slack.papers == ["arxiv:2605.00001"]
    assert ledger(world) == {("slack:C0PAPERS", "arxiv:2605.00001")}


def test_two_processes_compose_for_one_receiver(world: World) -> None:
    """The second one's digest is composed again, without what the first one gave in the meantime."""
    ada, bo = reader(), reader("robots", "bread", id="bo")
    render = world.channel.render

    def interrupted(digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        world.channel.render = render  # type: ignore[method-assign]
        world.send(ada)
        return render(digest, delivery, target)

    world.channel.render = interrupted  # type: ignore[method-assign]
    assert outcomes(world.send(bo)) == [("sent", 1)]
    assert world.channel.papers == ["arxiv:2605.00001", "arxiv:2605.00002"]


def test_composer_is_made_only_when_needed(world: World) -> None:
    """Only for the profiles that get something."""
    ada, bo = reader(), reader("bread", id="bo")
    world.send(ada)
    assert outcomes(world.send(ada, bo)) == [("skipped", 0), ("sent", 1)]
    world.send(ada, bo)
    assert world.composers == [("ada",), ("bo",)]


# --- Unsubscribed -----------------------------------------------------------------------------------------

UNSUBSCRIBED = "unsubscribed by its reader"


def unsubscribe(world: World, one: Subscription | None = None) -> None:
    world.receivers.pause((one or subscription()).key, UNSUBSCRIBED, NOW)


def test_unsubscribed_reader_is_skipped(world: World) -> None:
    """The result says since when and how to undo it; nothing is composed, so nothing is lost."""
    unsubscribe(world)
    (row,) = world.send(reader(), now=NOW + DAY)
    assert (row.state, row.blocked) == ("skipped", False)
    again = "to send to them again, if they ask for it: paperboy resume ada:maildir:inbox"
    assert row.why == f"{UNSUBSCRIBED} on 2026-05-05; {again}"
    assert (world.channel.sent, ledger(world)) == ([], set())
    assert world.receivers.resume("ada:maildir:inbox")
    assert outcomes(world.send(reader(), now=NOW + 2 * DAY)) == [("sent", 1)]


def test_other_subscriptions_of_an_unsubscribed_reader(world: World) -> None:
    """Another subscription of the profile, and another profile's to the same target, continue."""
    one, other = subscription(), subscription(target="other")
    unsubscribe(world, one)
    rows = world.send(reader(deliver=(one, other)), reader(id="bo", deliver=(subscription("bo"),)))
    assert outcomes(rows) == [("skipped", 0), ("sent", 1), ("sent", 1)]


@pytest.mark.parametrize(
    "outcome",
    [Deferred("busy", 60.0), Refused("no such folder"), Unknown("reset")],
    ids=lambda one: type(one).__name__,
)
def test_open_deliveries_of_an_unsubscribed_reader(world: World, outcome: Outcome) -> None:
    """They are neither tried again nor reported."""
    world.channel.outcomes = [outcome]
    world.send(reader())
    unsubscribe(world)
    for due in (False, True):
        assert outcomes(world.send(reader(), now=NOW + 30 * MINUTE, due=due)) == [("skipped", 0)]
    assert len(world.channel.sent) == 1


def test_unsubscribed_comes_before_other_problems(world: World) -> None:
    """A paused target or an unconfigured channel does not matter to a reader who has unsubscribed."""
    world.receivers.pause("maildir:inbox", "no such folder", NOW)
    (row,) = world.send(reader())
    assert (row.state, row.blocked) == ("skipped", True)
    unsubscribe(world)
    world.channel.blocked = "set MAIL_FROM"
    (row,) = world.send(reader())
    assert (row.state, row.blocked, row.why.startswith(UNSUBSCRIBED)) == ("skipped", False, True)


# --- Due --------------------------------------------------------------------------------------------------


def test_due_time(world: World) -> None:
    """Nothing happens before it; afterwards one edition is sent."""
    profile = reader(deliver=(subscription(at=time(9)),))
    (early,) = world.send(profile, due=True)  # 08:30
    assert (early.state, early.why) == ("skipped", "not due before 09:00")
    assert outcomes(world.send(profile, due=True, now=NOW + 30 * MINUTE)) == [("sent", 1)]
    assert outcomes(world.send(profile, due=True, now=NOW + 31 * MINUTE)) == [("skipped", 0)]
    assert len(world.channel.sent) == 1


def test_an_older_digest_does_not_follow_a_newer_one(world: World) -> None:
    """After downtime `send` came before today's time: yesterday's is not made up for."""
    profile = reader(deliver=(subscription(at=time(9)),))
    world.send(profile, now=NOW - 2 * DAY)
    assert outcomes(world.send(profile)) == [("sent", 1)]  # 08:30
    (row,) = world.send(profile, due=True)
    assert (row.state, row.why, len(world.composers)) == ("skipped", "the digest of 2026-05-05 is newer", 2)


def test_only_the_newest_of_two_entries_for_a_target(world: World) -> None:
    """After downtime from Friday to Sunday, of an entry for workdays and one for weekends."""
    workdays, weekend = subscription(days=WEEK[:5]), subscription(days=WEEK[5:], at=time(10))
    profile = reader(deliver=(workdays, weekend))
    world.send(profile, now=at("2026-05-07 08:30"), due=True)
    for _ in range(2):
        world.send(profile, now=at("2026-05-10 09:00"), due=True)
    stored = world.outbox.summaries(date(2026, 5, 7), date(2026, 5, 10))
    assert sorted(on.day for _, on in stored) == [7, 9]


def test_announcement(world: World) -> None:
    """Sent when a source has brought the papers; a digest without any waits for the sources until the next one."""
    profile = reader("laundry", timezone="America/New_York", deliver=(subscription(at=ANNOUNCEMENT),))
    world.sources = [replace(ANSWERED, announced=at("2026-05-05 00:00"))]
    assert outcomes(world.send(profile, now=at("2026-05-05 04:10"), due=True)) == [("quiet", 0)]
    (row,) = world.send(profile, now=at("2026-05-06 04:10"), due=True)
    assert (row.state, row.on) == ("skipped", date(2026, 5, 4))
    world.sources = [replace(FAILED, announced=at("2026-05-05 00:00"))]
    (row,) = world.send(profile, now=at("2026-05-06 12:00"), due=True)  # 08:00 of the next day there
    assert (row.state, row.on) == ("waiting", date(2026, 5, 5))
    world.add(entry(3, "Robots fold laundry"), now=at("2026-05-06 13:00"))
    world.sources = [replace(ANSWERED, last_success=at("2026-05-06 13:00"), announced=at("2026-05-06 00:00"))]
    (row,) = world.send(profile, now=at("2026-05-06 13:01"), due=True)
    assert (row.state, row.on, row.papers) == ("sent", date(2026, 5, 5), 1)


def test_new_announcement_subscription_waits(world: World) -> None:
    """Until the papers of an announcement are there; `send` without `--due` does not wait."""
    profile = reader(deliver=(subscription(at=ANNOUNCEMENT),))
    (row,) = world.send(profile, now=at("2026-05-10 12:00"), due=True)
    assert row.why == "not due before the papers of arXiv's next announcement are stored"
    (row,) = world.send(profile, now=at("2026-05-10 12:00"))
    assert (row.state, row.on) == ("sent", date(2026, 5, 10))


def test_send_ignores_the_time(world: World) -> None:
    """Without `--due` the edition of the date is sent now."""
    profile = reader(deliver=(subscription(at=time(23)),))
    assert outcomes(world.send(profile)) == [("sent", 1)]
    assert outcomes(world.send(profile, due=True, now=at("2026-05-05 23:01"))) == [("skipped", 0)]


def test_due_quiet_date_stays_quiet(world: World) -> None:
    """With `--due` a quiet date is not checked again; new papers are the next date's."""
    profile = reader("laundry")
    assert outcomes(world.send(profile, due=True)) == [("quiet", 0)]
    world.add(entry(3, "Robots fold laundry"), now=NOW + MINUTE)
    assert outcomes(world.send(profile, due=True, now=NOW + 2 * MINUTE)) == [("skipped", 0)]
    assert outcomes(world.send(profile, due=True, now=NOW + DAY)) == [("sent", 1)]


def test_downtime(world: World) -> None:
    """After three days without a tick one edition is sent, for the newest missed date."""
    profile = reader(deliver=(subscription(at=time(8)),))
    world.send(profile, due=True)
    for n, title in ((3, "Robots fold laundry"), (4, "Robots pour tea")):
        world.add(entry(n, title), now=NOW + n * MINUTE)
    (row,) = world.send(profile, due=True, now=at("2026-05-09 07:00"))
    assert (row.on, row.state, row.papers) == (date(2026, 5, 8), "sent", 2)
    assert outcomes(world.send(profile, due=True, now=at("2026-05-09 07:01"))) == [("skipped", 0)]


def test_bare_date_in_any_zone(world: World) -> None:
    """`--on DATE --due` is that local date in every zone, with all of its hours passed."""
    profiles = [
        reader(id=name, timezone=zone, deliver=(subscription(name, target=name, at=time(23, 59)),))
        for name, zone in (("east", "Pacific/Kiritimati"), ("west", "Pacific/Pago_Pago"))
    ]
    rows = world.send(*profiles, now=at("2026-05-05 23:59"), day=True, due=True)
    assert [(row.on, row.state) for row in rows] == [(date(2026, 5, 5), "sent")] * 2


# --- Queries ----------------------------------------------------------------------------------------------


def count_queries(world: World, profiles: Sequence[Profile], **arguments: Any) -> int:
    """The number of SQL statements of one send."""
    statements: list[str] = []

    def count(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        world.send(*profiles, **arguments)
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    return len(statements)


def readers(number: int, **fields: Any) -> list[Profile]:
    names = [f"reader{n}of{number}" for n in range(number)]
    return [reader("laundry", id=name, deliver=(subscription(name, **fields),)) for name in names]


def test_queries_do_not_grow_with_subscriptions(world: World) -> None:
    """When nothing is due, 200 subscriptions need as many queries as 10, before their time and after their digest."""
    world.operator = Operator(ChannelName.MAILDIR, "operator")
    profiles = readers(200)
    for now in (at("2026-05-05 07:00"), NOW + MINUTE):
        ten, all_ = (count_queries(world, some, now=now, due=True) for some in (profiles[:10], profiles))
        assert ten == all_ <= 22
        world.send(*profiles, due=True)


def test_composing_reads_once_for_all_subscriptions(world: World) -> None:
    """Only storing an edition takes queries of its own: BEGIN, DELETE of a quiet edition, INSERT."""
    ten, twenty = (count_queries(world, readers(number, days=(1,))) for number in (10, 20))
    assert twenty - ten <= 30


# --- Going on ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("due", [True, False])
def test_waiting_edition_is_continued(world: World, due: bool) -> None:
    """The next day's send has a result for the new edition and one for the older, whose bytes are the same."""
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


def test_waiting_edition_is_reported(world: World) -> None:
    """A send before the next attempt tries nothing."""
    world.channel.outcomes = [Deferred("busy", 600.0)]
    world.send(reader())
    assert outcomes(world.send(reader(), now=NOW + MINUTE)) == [("waiting", 1)]
    assert len(world.channel.sent) == 1
    assert outcomes(world.send(reader(), now=NOW + 10 * MINUTE)) == [("sent", 1)]


@pytest.mark.parametrize(
    ("finds", "resend_uncertain", "unverified_retries"),
    [
        (False, True, 1),  # mail: once more with the same Message-ID
        (False, False, 0),  # or held at once
        (True, True, 0),  # Slack is asked, and never sent to blindly
        (True, False, 0),
    ],
)
def test_attempts_without_lookup(
    world: World, finds: bool, resend_uncertain: bool, unverified_retries: int
) -> None:
    """As `on_uncertain` says, and only on channels that cannot look up."""
    world.channel.can_look_up = finds
    to = subscription(resend_uncertain=resend_uncertain)
    world.channel.outcomes = [Deferred("busy")]
    world.send(reader(deliver=(to,)))
    edition = find_edition(world.outbox, to, NOW.date())
    assert edition is not None
    assert [one.unverified_retries for one in edition.deliveries] == [unverified_retries]


@pytest.mark.parametrize(("resend_uncertain", "mails"), [(True, 2), (False, 1)])
def test_on_uncertain(world: World, resend_uncertain: bool, mails: int) -> None:
    """`resend` sends once more, `hold` does not; afterwards a person decides."""
    world.channel.can_look_up = world.channel.can_find = False
    world.channel.outcomes = [Unknown("broke")] * 9
    profile = reader(deliver=(subscription(resend_uncertain=resend_uncertain),))
    for minutes in (0, 5, 60, 600):
        rows = world.send(profile, now=NOW + minutes * MINUTE, due=True)
        assert "uncertain" in {row.state for row in rows}
    assert len(world.channel.sent) == mails
    assert len({one.payload for one in world.channel.sent}) == 1
    (held,) = world.outbox.deliveries("")
    assert world.queue.release(held.id, NOW + 2 * DAY, settling=False)
    world.channel.outcomes = []
    world.send(profile, now=NOW + 2 * DAY)
    assert len(world.channel.sent) == mails + 1


def test_a_pause_of_a_reader_that_ends_by_itself(world: World) -> None:
    """Nothing is sent before its end, and the next digest after it."""
    profile = make_profile("robots", deliver=(subscription(),))
    world.receivers.pause(subscription().key, "paused by its reader", NOW, NOW + DAY)
    (row,) = world.send(profile)
    assert (row.state, row.why.partition(";")[0]) == (
        "skipped",
        "paused by its reader on 2026-05-05, until 2026-05-06",
    )
    (row,) = world.send(profile, now=NOW + DAY)
    assert row.state == "sent"


def test_paused_target_is_skipped(world: World) -> None:
    """The result has the command to resume; nothing is composed, so nothing is lost."""
    one, other = subscription(target="one"), subscription(target="other")
    profile = reader(deliver=(one, other))
    world.receivers.pause("maildir:one", "archived", NOW)
    paused, sent = world.send(profile)
    assert (paused.state, paused.blocked) == ("skipped", True)
    assert paused.why == "paused since 2026-05-05: archived; when fixed: paperboy resume maildir:one"
    assert (sent.target, sent.state) == ("other", "sent")
    assert ledger(world) == {("maildir:other", "arxiv:2605.00001")}
    world.receivers.resume("maildir:one")
    assert outcomes(world.send(profile, now=NOW + MINUTE)) == [("sent", 1), ("skipped", 0)]


@pytest.mark.parametrize("scope", ["maildir", "maildir:inbox"])
def test_paused_target_with_an_open_delivery(world: World, scope: str) -> None:
    """The result names the pause and the delivery's state."""
    world.channel.outcomes = [Deferred("busy")]
    world.send(reader())
    world.receivers.pause(scope, "because", NOW)
    (row,) = world.send(reader(), now=NOW + 60 * MINUTE)
    assert (row.state, row.papers, row.blocked) == ("waiting", 1, True)
    assert f"paperboy resume {scope}" in row.why
    assert len(world.channel.sent) == 1


def test_papers_of_parts(world: World) -> None:
    """Each part stores the papers that it shows and lists; together they are those of the ledger."""
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
    assert {("maildir:inbox", paper) for row in rows for paper in row.shows} == ledger(world)


def test_other_profiles_are_not_touched(world: World) -> None:
    """Sending for one profile leaves the open deliveries of another."""
    world.channel.outcomes = [Deferred("busy")]
    world.send(reader())
    assert outcomes(world.send(reader("bread", id="bo"), now=NOW + 5 * MINUTE)) == [("sent", 1)]
    assert world.channel.papers == ["arxiv:2605.00002"]
