"""Which announcement an answer has brought, and when it is stale: in May 2026, four hours behind UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.papers.calendar import ArxivCalendar
from bot.papers.model import Entry, SourceState
from bot.sources.polling import API, OAI, RSS
from bot.sources.reconcile import (
    brought,
    first_announcement,
    is_held_back,
    newest_shown,
    nothing_is_due,
    proved_announcement,
    repeated_categories,
    why_stale,
)
from tests.support.builders import entry

CALENDAR = ArxivCalendar({date(2026, 5, 20): "A day off"})
#: Announcements of Sunday 10 to Tuesday 12 May, and Thursday 14.
SUNDAY, MONDAY, TUESDAY, THURSDAY = (datetime(2026, 5, day, tzinfo=UTC) for day in (11, 12, 13, 15))
NOW = TUESDAY + timedelta(hours=12)


def submitted(number: int, text: str) -> Entry:
    return entry(number, f"Paper {number}", published=text)


def listed(number: int, day: str, category: str = "cs.LG", **fields: object) -> Entry:
    return entry(number, f"Paper {number}", announced=day, categories=(category,), **fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-12T18:00", TUESDAY),  # Tuesday 14:00 Eastern: the deadline
        ("2026-05-12T19:30", datetime(2026, 5, 14, tzinfo=UTC)),  # after it, with an hour's margin
        ("2026-05-14T12:00", THURSDAY),
        ("2026-05-15T12:00", datetime(2026, 5, 18, tzinfo=UTC)),  # Friday's morning is announced on Sunday
        ("2026-05-15T20:00", datetime(2026, 5, 19, tzinfo=UTC)),  # its afternoon and the weekend on Monday
        ("2026-05-17T12:00", datetime(2026, 5, 19, tzinfo=UTC)),
        ("2026-05-20T12:00", datetime(2026, 5, 22, tzinfo=UTC)),  # a holiday's papers on the next evening
    ],
)
def test_first_announcement(text: str, expected: datetime) -> None:
    """By the deadline of 14:00 US Eastern, on weekdays."""
    assert first_announcement(datetime.fromisoformat(f"{text}+00:00"), CALENDAR) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], None),
        ([submitted(1, "2026-05-12T12:00:00Z"), submitted(2, "2026-05-08T12:00:00Z")], TUESDAY),
        ([submitted(1, "2026-05-11T12:00:00Z")], MONDAY),  # perhaps held, but Monday's is all that it shows
        (
            [submitted(1, "2026-05-13T11:00:00Z")],
            TUESDAY,
        ),  # announced on an evening that is not in the calendar
        ([submitted(1, "2026-05-12")], TUESDAY),  # a day is its beginning
        ([entry(1, "Paper", published="2026-05-12T12:00:00Z", reference=True)], None),
        ([listed(1, "2026-05-13")], TUESDAY),
        ([listed(1, "2026-05-12")], MONDAY),
        ([listed(8, "2026-05-13"), listed(1, "2026-05-13")], TUESDAY),
        ([listed(8, "2026-05-13")], None),  # under a fresh date, but seen before
        ([listed(2, "2026-05-16")], TUESDAY),  # not after the newest at `NOW`
    ],
)
def test_what_an_answer_proves(entries: list[Entry], expected: datetime | None) -> None:
    """The newest announcement that its papers show."""
    seen = {"arxiv:2605.00008": MONDAY + timedelta(hours=1), "arxiv:2605.00001": TUESDAY + timedelta(hours=1)}
    assert proved_announcement(entries, seen, CALENDAR, NOW) == expected


def test_a_category_is_repeated() -> None:
    """Three papers or more of a main category, all seen before the announcement; cross-lists do not count."""
    old = {f"arxiv:2605.{n:05d}": MONDAY for n in range(1, 20)}
    day = "2026-05-13"
    stale = [listed(n, day, "cs.AI") for n in (1, 2, 3)]
    mixed = [listed(n, day, "cs.CL") for n in (4, 5, 99)]
    few = [listed(n, day, "cs.RO") for n in (6, 7)]
    crossed = [listed(n, day, "stat.ML", crossed=day) for n in (8, 9, 10)]
    assert repeated_categories([*stale, *mixed, *few, *crossed], old, CALENDAR) == ["cs.AI"]


def test_every_feed_must_show_it() -> None:
    """Feeds of different categories are separate; the pages of a list are one."""
    assert newest_shown(RSS, [TUESDAY, MONDAY]) == MONDAY
    assert newest_shown(RSS, [TUESDAY, None]) is None
    assert newest_shown(API, [TUESDAY, None, MONDAY]) == TUESDAY
    assert newest_shown(API, []) is None


@pytest.mark.parametrize(
    ("name", "before", "oai", "shown", "expected"),
    [
        (RSS, None, None, TUESDAY, TUESDAY),
        (RSS, MONDAY, None, TUESDAY, TUESDAY),
        (RSS, SUNDAY, None, TUESDAY, SUNDAY),  # Monday's papers are missing
        (RSS, SUNDAY, MONDAY + timedelta(hours=3), TUESDAY, TUESDAY),  # OAI-PMH has brought them
        (RSS, TUESDAY, None, MONDAY, TUESDAY),
        (RSS, MONDAY, None, None, MONDAY),
        (API, SUNDAY, None, TUESDAY, TUESDAY),  # it goes back by itself
    ],
)
def test_a_gap_holds_the_feed_back(
    name: str,
    before: datetime | None,
    oai: datetime | None,
    shown: datetime | None,
    expected: datetime | None,
) -> None:
    """It counts when OAI-PMH has filled the gap."""
    states = {}
    if before:
        states[name] = SourceState(name, "ok", "", before, before, announced=before)
    if oai:
        states[OAI] = SourceState(OAI, "ok", "", oai, oai)
    assert brought(name, shown, states, CALENDAR, NOW) == expected
    assert is_held_back(name, shown, states, CALENDAR, NOW) is (shown == TUESDAY and expected == SUNDAY)


AHEAD = {API: SourceState(API, "ok", announced=TUESDAY)}


@pytest.mark.parametrize(
    ("shown", "repeated", "others", "now", "expected"),
    [
        (TUESDAY, [], AHEAD, NOW, ""),
        (
            MONDAY,
            [],
            AHEAD,
            NOW,
            "arxiv-api has the listing of 2026-05-13, and this source nothing newer than that of 2026-05-12",
        ),
        (None, [], AHEAD, NOW, "arxiv-api has the listing of 2026-05-13, and this source nothing of it"),
        (MONDAY, [], {}, NOW, ""),  # nobody has Tuesday's papers: perhaps there are none
        (MONDAY, ["cs.AI"], {}, NOW, "it repeats earlier papers of cs.AI under a new date"),
        (MONDAY, ["cs.AI"], AHEAD, TUESDAY + timedelta(hours=5), ""),  # an hour late at most
    ],
)
def test_a_stale_feed(
    shown: datetime | None, repeated: list[str], others: dict[str, SourceState], now: datetime, expected: str
) -> None:
    """It answers, but lacks what another source has, or repeats what was seen."""
    assert why_stale(RSS, shown, repeated, others, CALENDAR, now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [("12T12:00", False), ("16T12:00", True), ("17T12:00", True), ("18T05:00", False), ("21T12:00", True)],
)
def test_an_empty_feed_as_it_should_be(now: str, expected: bool) -> None:
    """On weekends and after the evening of a holiday."""
    assert nothing_is_due(RSS, CALENDAR, datetime.fromisoformat(f"2026-05-{now}+00:00")) is expected
