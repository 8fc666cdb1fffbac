"""When each source is asked next: a table of times in May 2026, when US Eastern time is four hours behind UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.papers.calendar import ArxivCalendar
from bot.papers.model import SourceState
from bot.profiles.model import Interest, Profile
from bot.sources.polling import (
    API,
    OAI,
    RSS,
    Polls,
    covered,
    interests,
    may_ask_for_references,
    missed_since,
    next_request,
)

CALENDAR = ArxivCalendar({date(2026, 5, 20): "A day off"})
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def at(text: str) -> datetime:
    """`12 00:10` of May 2026, in UTC."""
    return datetime.strptime(f"2026-05-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


#: The announcements of Monday and Tuesday, 11 and 12 May, at 20:00 US Eastern.
MONDAY, TUESDAY = at("12 00:00"), at("13 00:00")
THURSDAY = at("15 00:00")


def state(
    name: str, asked: str, announced: datetime | None, kind: str = "ok", success: str = ""
) -> SourceState:
    """`success`: the time of the last complete answer, when it is not that of the last request."""
    return SourceState(name, kind, "", at(asked), at(success or asked), announced=announced)


@pytest.mark.parametrize(
    ("name", "asked", "announced", "now", "expected"),
    [
        # The API has brought Monday's papers: next after Tuesday's announcement, and a rare look before.
        (API, "12 00:10", MONDAY, "12 00:11", "12 06:10"),
        (API, "12 21:00", MONDAY, "12 21:01", "13 00:10"),
        # It lags: after five minutes, then after as long as it is late, an hour at most; after half a day rarely.
        (API, "13 00:10", MONDAY, "13 00:11", "13 00:15"),
        (API, "13 00:15", MONDAY, "13 00:16", "13 00:20"),
        (API, "13 00:20", MONDAY, "13 00:21", "13 00:30"),
        (API, "13 00:50", MONDAY, "13 00:51", "13 01:30"),
        (API, "13 03:00", MONDAY, "13 03:01", "13 04:00"),
        (API, "13 13:00", MONDAY, "13 13:01", "13 19:00"),
        # The feed has Tuesday's papers at midnight.
        (RSS, "12 04:05", MONDAY, "13 00:10", "12 10:05"),
        (RSS, "12 23:00", MONDAY, "13 00:10", "13 04:05"),
        (RSS, "13 04:05", MONDAY, "13 04:06", "13 04:10"),
        # A weekend has rare requests only: Thursday's are the newest papers until Sunday evening.
        (API, "16 06:00", THURSDAY, "16 06:01", "16 12:00"),
        (RSS, "16 06:00", THURSDAY, "16 06:01", "16 12:00"),
        (API, "17 23:00", THURSDAY, "17 23:01", "18 00:10"),
        # Wednesday 20 is a holiday.
        (API, "20 23:00", at("20 00:00"), "21 00:30", "21 05:00"),
        # Never with papers, as of a category that has few: like a source that lags.
        (API, "13 00:10", None, "13 00:11", "13 00:15"),
    ],
)
def test_arxiv(name: str, asked: str, announced: datetime | None, now: str, expected: str) -> None:
    """A source that has answered is asked when it changes, and again until it has brought what it should."""
    assert next_request(name, {name: state(name, asked, announced)}, CALENDAR, at(now)) == at(expected)


@pytest.mark.parametrize(
    ("asked", "success", "expected"),
    [
        ("13 00:10", "12 18:10", "13 00:15"),
        ("13 00:20", "12 18:10", "13 00:30"),
        ("13 15:00", "12 18:10", "13 16:00"),  # an hour at most, however long it lasts
        ("12 12:00", "12 11:00", "12 12:15"),  # when nothing was to be expected
    ],
)
def test_a_source_that_fails(asked: str, success: str, expected: str) -> None:
    """It is asked again soon, with growing gaps."""
    failed = state(API, asked, MONDAY, "failed", success)
    assert next_request(API, {API: failed}, CALENDAR, failed.last_attempt + MINUTE) == at(expected)


def test_a_source_without_an_answer() -> None:
    """At once, and then every quarter of an hour; when there is nothing to ask for, rarely."""
    now = at("13 12:00")
    assert next_request(RSS, {}, CALENDAR, now) == now
    failed = SourceState(RSS, "failed", last_attempt=now)
    assert next_request(RSS, {RSS: failed}, CALENDAR, now) == now + 15 * MINUTE
    idle = SourceState(RSS, "idle", last_attempt=now)
    assert next_request(RSS, {RSS: idle}, CALENDAR, now) == now + 6 * HOUR


def test_retry_after() -> None:
    """A service that asked for no request until a time gets none; a time of a wrong clock does not count."""
    now = at("13 12:00")
    for wait, expected in ((3 * HOUR, now + 3 * HOUR), (30 * HOUR, now + 15 * MINUTE)):
        waits = SourceState(API, "failed", last_attempt=now, retry_at=now + wait)
        assert next_request(API, {API: waits}, CALENDAR, now) == expected
    ahead = SourceState(API, "ok", last_attempt=now + HOUR, last_success=now + HOUR)
    assert next_request(API, {API: ahead}, CALENDAR, now) == now


@pytest.mark.parametrize(
    ("asked", "now", "expected"),
    [
        ("12 05:00", "12 05:01", "12 06:00"),
        ("12 14:00", "12 14:01", "12 17:00"),
        ("16 05:00", "16 05:01", "16 08:00"),  # a Saturday
    ],
)
def test_hugging_face(asked: str, now: str, expected: str) -> None:
    """Every hour while papers are submitted, else every three."""
    states = {"huggingface": state("huggingface", asked, None)}
    assert next_request("huggingface", states, CALENDAR, at(now)) == at(expected)


@pytest.mark.parametrize(
    ("feed", "oai", "now", "expected"),
    [
        (MONDAY, "", "13 07:00", None),  # the feed is late, but not by three hours
        (MONDAY, "", "13 07:05", MONDAY),
        (TUESDAY, "", "13 07:05", None),
        (MONDAY, "13 03:00", "13 07:05", None),  # OAI-PMH has answered since Tuesday's papers were ready
        (MONDAY, "13 02:59", "13 07:05", MONDAY),
        (at("01 00:00"), "", "22 12:00", at("08 00:00")),  # two weeks at most
        (None, "", "13 07:05", MONDAY),  # of an earlier version: what its last answer should have had
    ],
)
def test_what_was_missed(feed: datetime | None, oai: str, now: str, expected: datetime | None) -> None:
    """An announcement that the feed has not brought, and OAI-PMH not filled in: from the one before it on."""
    states = {RSS: state(RSS, "12 05:00", feed)}
    if oai:
        states[OAI] = state(OAI, oai, None)
    assert missed_since(states, CALENDAR, at(now)) == expected
    is_due = next_request(OAI, states, CALENDAR, at(now)) <= at(now)
    assert is_due is (expected is not None)


def test_nothing_was_missed_on_a_first_run() -> None:
    """Without an answer there is nothing to catch up on, and OAI-PMH waits for the feed to be late."""
    now = at("13 12:00")
    assert covered({}, CALENDAR, now) is None
    assert missed_since({RSS: SourceState(RSS, "failed", last_attempt=now)}, CALENDAR, now) is None
    assert next_request(OAI, {}, CALENDAR, now) == TUESDAY + timedelta(days=1, hours=7, minutes=5)


def test_oai_is_asked_again_when_it_fails() -> None:
    """With the same gaps as the others."""
    states = {
        RSS: state(RSS, "13 07:00", MONDAY),
        OAI: state(OAI, "13 07:05", None, "failed", "01 07:05"),
    }
    assert next_request(OAI, states, CALENDAR, at("13 07:06")) == at("13 07:10")


def test_new_interests_are_asked_for_soon() -> None:
    """Five minutes after the last request; the first request of a process is such a one. Not against Retry-After."""
    ada = Profile("ada", interests=(Interest("x"),), categories=("cs.LG",))
    bo = Profile("bo", interests=(Interest("x"),), categories=("cs.RO",))
    polls, names = Polls(CALENDAR), (OAI, RSS, API)
    states = {RSS: state(RSS, "12 12:00", MONDAY), API: state(API, "12 12:00", MONDAY)}
    one, two = interests([ada]), interests([ada, bo])
    assert polls.due(names, states, one, at("12 12:04")) == ()
    for _ in range(2):
        assert polls.due(names, states, one, at("12 12:05")) == (RSS, API)
    polls.remember((RSS, API), one)
    assert polls.due(names, states, one, at("12 12:06")) == ()
    assert polls.due(names, states, two, at("12 12:07")) == (RSS, API)
    polls.remember((RSS, API), two)
    waits = SourceState(API, "failed", last_attempt=at("12 12:00"), retry_at=at("12 13:00"))
    assert polls.due(names, states | {API: waits}, one, at("12 12:08")) == (RSS,)
    polls.remember([RSS], one)
    assert polls.due(names, states | {API: waits}, one, at("12 13:00")) == (API,)


def test_the_rest_of_a_library() -> None:
    """Papers that one answer of the API had no room for are asked for an hour later."""
    asked = state(API, "12 12:00", MONDAY)
    assert [may_ask_for_references(asked, at(f"12 {hour}:00")) for hour in (12, 13)] == [False, True]
    assert not may_ask_for_references(None, at("12 13:00"))
    assert not may_ask_for_references(state(API, "12 12:00", MONDAY, "failed"), at("12 13:00"))


def test_requests_of_a_week() -> None:
    """Of services that are punctual: few, none of them useless but a rare look."""
    states: dict[str, SourceState] = {}
    counts = dict.fromkeys((RSS, API, OAI), 0)
    now, end = at("10 12:00"), at("17 12:00")
    while now < end:
        for name in counts:
            if next_request(name, states, CALENDAR, now) <= now:
                counts[name] += 1
                ready = timedelta(minutes=10) if name == API else timedelta(hours=4)
                states[name] = SourceState(name, "ok", "", now, now, announced=CALENDAR.last(now - ready))
        now += MINUTE
    assert counts[OAI] == 0
    assert counts[RSS] < 35
    assert counts[API] < 35
