"""What kind of day it is: tables of calendar, sources and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bot.digests.day import Arrival, Day, DayKind, Outage, day_of, next_expected
from bot.digests.wording import day_text
from bot.papers.calendar import ArxivCalendar
from bot.papers.model import SourceState
from tests.support.builders import NOW, at

K = DayKind
CALENDAR = ArxivCalendar({date(2026, 12, 24): "Christmas Eve"})
DAY, WEEK, HOUR = timedelta(days=1), timedelta(days=7), timedelta(hours=1)
LAST = at(
    "2026-05-05 00:00"
)  #: arXiv's last announcement before NOW, Tuesday 08:30; the one before was a day earlier


def source(name: str, state: str = "ok", last: str | None = "2026-05-05 08:00", **fields: Any) -> SourceState:
    """One that was asked at NOW; `last`: its last answer."""
    return SourceState(name, state, "", NOW, at(last) if last else None, **fields)


RSS, API, HF = source("arxiv-rss"), source("arxiv-api"), source("huggingface")
HAS, LACKS = {"announced": LAST}, {"announced": LAST - DAY}
WEEKEND = "it is arXiv's weekend, and the next announcement is on Monday 11 May at 00:00 UTC"
LATE = "arXiv is late: its feeds still have the papers of Monday 4 May"
OUT = "arXiv has not answered since Monday 4 May at 20:00 UTC"
CUT = "arXiv's answers are incomplete: papers may be missing"
BEFORE = "2026-05-04 20:00"  # before LAST


@pytest.mark.parametrize(
    ("now", "kind", "text"),
    [
        ("2026-05-05 08:30", K.ORDINARY, ""),
        ("2026-05-07 23:59", K.ORDINARY, ""),  # Thursday, 19:59 US Eastern
        ("2026-05-08 12:00", K.ORDINARY, ""),  # Friday, with Thursday's announcement
        ("2026-05-08 23:59", K.ORDINARY, ""),
        ("2026-05-09 00:00", K.WEEKEND, WEEKEND),
        ("2026-05-10 23:59", K.WEEKEND, WEEKEND),
        ("2026-05-11 00:00", K.ORDINARY, ""),
        ("2026-11-27 00:59", K.ORDINARY, ""),  # 19:59 on Thanksgiving
        (
            "2026-11-27 07:00",
            K.HOLIDAY,
            "arXiv announced nothing on Thursday 26 November (Thanksgiving), and the next announcement is on "
            "Monday 30 November at 01:00 UTC",
        ),
        ("2026-11-28 07:00", K.WEEKEND, WEEKEND.replace("11 May at 00", "30 November at 01")),
        (
            "2026-12-28 12:00",  # Christmas is on a Friday
            K.HOLIDAY,
            "arXiv announced nothing on Sunday 27 December (Christmas), and the next announcement is on "
            "Tuesday 29 December at 01:00 UTC",
        ),
        (
            "2026-12-25 07:00",  # from the file
            K.HOLIDAY,
            "arXiv announced nothing on Thursday 24 December (Christmas Eve), and the next announcement is on "
            "Tuesday 29 December at 01:00 UTC",
        ),
    ],
)  # fmt: skip
def test_calendar(now: str, kind: DayKind, text: str) -> None:
    """Without sources, as after `ingest --file`, the calendar decides, by the last evening in US Eastern time."""
    day = day_of((), CALENDAR, at(now))
    assert (day.kind, day_text(day, at(now).date()), day.awaits) == (kind, text, None)


def test_next_announcement_in_a_time_zone() -> None:
    """The reader's; an offset without a name is written as UTC's."""
    day = day_of((), CALENDAR, at("2026-11-28 07:00"))
    for zone, when in (
        ("America/New_York", "Sunday 29 November at 20:00 EST"),
        ("Asia/Tokyo", "Monday 30 November at 10:00 JST"),
        ("America/Sao_Paulo", "Sunday 29 November at 22:00 UTC-03"),
    ):
        assert day_text(day, date(2026, 11, 28), zone).endswith(f"is on {when}")


@pytest.mark.parametrize(
    ("sources", "kind", "waits", "text"),
    [
        ([RSS, API, HF], K.ORDINARY, False, ""),
        ([source("arxiv-rss", **HAS), HF], K.ORDINARY, False, ""),
        ([source("arxiv-rss", "empty")], K.ORDINARY, False, ""),  # a valid answer
        ([source("arxiv-rss", "partial")], K.ORDINARY, False, ""),
        # Answers that broke off: as good as none, unless another source of arXiv has brought the announcement
        ([source("arxiv-rss", "partial", BEFORE, **LACKS), HF], K.INCOMPLETE, True, CUT),
        ([source("arxiv-rss", "partial", BEFORE)], K.INCOMPLETE, True, CUT),
        ([source("arxiv-rss", "partial", BEFORE), source("arxiv-api", "failed", BEFORE)], K.INCOMPLETE, True, CUT),
        ([source("arxiv-rss", "partial", BEFORE, **LACKS), source("arxiv-api", **HAS)], K.ORDINARY, False, ""),
        ([source("arxiv-rss", "partial", "2026-05-05 08:30", **HAS)], K.ORDINARY, False, ""),  # but for one paper
        # Failures: what another source of arXiv has brought is not missing
        ([source("arxiv-rss", "failed", BEFORE), API], K.ORDINARY, True, ""),
        ([source("arxiv-rss", "failed", **HAS)], K.ORDINARY, True, ""),
        ([source("arxiv-rss", "failed", BEFORE)], K.OUTAGE, True, OUT),
        (
            [source("arxiv-rss", "failed", BEFORE), source("arxiv-api", "failed", "2026-05-04 22:00"), HF],
            K.OUTAGE,
            True,
            "arXiv has not answered since Monday 4 May at 22:00 UTC",
        ),
        ([source("arxiv-rss", "failed", BEFORE), source("arxiv-oai", "idle", None)], K.OUTAGE, True,
         OUT),
        ([RSS, source("huggingface", "failed", None)], K.OUTAGE, True, "Hugging Face has not answered yet"),
        ([RSS, source("huggingface", "failed", "2026-05-05 07:30")], K.ORDINARY, True, ""),  # one hour
        (
            [source("arxiv-rss", "failed", None), source("huggingface", "failed", BEFORE)],
            K.OUTAGE,
            True,
            "arXiv has not answered yet; Hugging Face has not answered since Monday 4 May at 20:00 UTC",
        ),
        (
            [source("arxiv-rss", "failed", BEFORE), source("huggingface", "failed", BEFORE)],
            K.OUTAGE,
            True,
            OUT.replace("has", "and Hugging Face have"),
        ),
        # Nobody asks any more
        ([source("arxiv-rss", last="2026-05-03 08:31")], K.ORDINARY, False, ""),
        ([source("arxiv-rss", last="2026-05-03 08:29")], K.OUTAGE, True,
         "arXiv has not been asked since Sunday 3 May at 08:29 UTC"),
        # Nobody has asked for a day: it is out since the first request without an answer
        ([source("arxiv-rss", "failed", BEFORE, trouble_since=LAST + HOUR), HF], K.OUTAGE, True,
         "arXiv has not answered since Tuesday 5 May at 01:00 UTC"),
        ([source("arxiv-rss", "idle", "2026-05-01 08:00")], K.ORDINARY, False, ""),
        # It repeats what it had
        ([source("arxiv-rss", "stale", **LACKS)], K.STALE, True, LATE),
        ([source("arxiv-rss", **LACKS), HF], K.STALE, True, LATE),
        ([source("arxiv-rss", "stale")], K.STALE, True, "arXiv is late: its feeds still have earlier papers"),
        ([source("arxiv-rss", "stale", **LACKS), source("arxiv-api", **HAS)], K.ORDINARY, False, ""),
        ([source("arxiv-rss", "stale", **LACKS), API], K.ORDINARY, False, ""),  # it answered, later than it announced
        ([source("arxiv-rss", last="2026-05-05 03:00", **LACKS)], K.ORDINARY, False, ""),  # not asked since
    ],
)  # fmt: skip
def test_sources(sources: Sequence[SourceState], kind: DayKind, waits: bool, text: str) -> None:
    """Services that do not answer, and feeds that repeat what they had; whether an empty digest waits for them."""
    day = day_of(sources, CALENDAR, NOW)
    assert (day.kind, day_text(day, NOW.date()), day.awaits is not None) == (kind, text, waits)


def test_sources_that_are_late() -> None:
    """An empty digest waits for them."""
    assert day_of([RSS], CALENDAR, NOW, late=["arxiv-api"]).awaits


def test_a_source_that_fills_gaps_only() -> None:
    """arxiv-oai has not been asked since the announcement: its old answer does not hide that the others fail."""
    oai = replace(source("arxiv-oai", last=BEFORE), last_attempt=at(BEFORE))
    failing = source("arxiv-rss", "failed", BEFORE, **LACKS)
    assert day_of([oai, failing], CALENDAR, NOW).kind is K.OUTAGE
    assert (
        day_of([replace(oai, last_attempt=NOW, last_success=NOW, **HAS), failing], CALENDAR, NOW).kind
        is K.ORDINARY
    )
    assert next_expected(oai, CALENDAR, NOW) is None


def test_states_after_the_moment() -> None:
    """They are not known yet, as with `--on`."""
    later = replace(source("arxiv-rss", "failed", None), last_attempt=NOW + HOUR)
    assert day_of([later], CALENDAR, NOW).kind is K.ORDINARY


@pytest.mark.parametrize(
    ("sources", "kind", "outages"),
    [
        ([source("arxiv-rss", last="2026-05-08 06:00", announced=at("2026-05-08 00:00"))], K.WEEKEND, 0),
        ([source("arxiv-rss", "failed", "2026-05-08 06:00", announced=at("2026-05-08 00:00"))], K.WEEKEND, 0),
        ([source("arxiv-rss", "failed", "2026-05-07 06:00", announced=at("2026-05-07 00:00"))], K.OUTAGE, 1),
        ([source("arxiv-rss", "idle", None), source("huggingface", last="2026-05-10 07:00")], K.ORDINARY, 0),
    ],
)
def test_sources_on_a_weekend(sources: Sequence[SourceState], kind: DayKind, outages: int) -> None:
    """On Sunday nothing is missing that came on Friday; the calendar does not matter where arXiv is not asked."""
    day = day_of(sources, CALENDAR, at("2026-05-10 08:00"))
    assert (day.kind, len(day.outages)) == (kind, outages)


def arrivals(*counts: int, now: datetime = NOW) -> list[Arrival]:
    """The new papers of the day, and of the days one, two and more weeks earlier."""
    return [Arrival(now - n * WEEK - 6 * HOUR, papers) for n, papers in enumerate(counts)]


@pytest.mark.parametrize(
    ("now", "counts", "usual", "kind"),
    [
        (NOW, (40, 410, 390, 616, 487), 448, K.THIN),
        (NOW, (0, 410, 390, 616), 410, K.THIN),
        (NOW, (205, 410, 390, 616), 410, K.ORDINARY),  # half of it
        (NOW, (40, 410, 0, 390, 616), 410, K.THIN),  # a week without papers says nothing
        (NOW, (40, 410, 390), None, K.ORDINARY),  # two weeks are too few to say what is usual
        (NOW, (2, 12, 15, 19), None, K.ORDINARY),  # so few papers vary
        (NOW, (40, 5000, 60, 70), 70, K.ORDINARY),  # the first ingest had a week's papers
        (at("2026-05-05 04:00"), (40, 410, 390, 616), None, K.ORDINARY),  # announced four hours ago
        (at("2026-05-09 08:30"), (0, 90, 88, 70), None, K.WEEKEND),
    ],
)
def test_thin_day(now: datetime, counts: Sequence[int], usual: int | None, kind: DayKind) -> None:
    """Less than half of the median of the same weekday, which needs three weeks with papers."""
    day = day_of((), CALENDAR, now, arrivals(*counts, now=now))
    assert (day.usual, day.kind, day.new) == (usual, kind, counts[0])


def test_holidays_do_not_count_as_usual() -> None:
    """Of the four weeks before, only those in which arXiv announced."""
    now = at("2026-12-18 12:00")
    counts = (300, 400, 400, 3, 400)  # the third week back is Thanksgiving's
    assert day_of((), CALENDAR, now, arrivals(*counts, now=now)).usual == 400


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (source("arxiv-api", **HAS), "2026-05-06 00:00"),
        (source("arxiv-rss", **HAS), "2026-05-06 04:00"),  # at midnight US Eastern
        (source("arxiv-api", **LACKS), "2026-05-05 00:00"),  # overdue
        (source("arxiv-api"), "2026-05-06 00:00"),
        (source("arxiv-api", "failed", BEFORE), "2026-05-05 00:00"),
        (source("arxiv-api", "idle"), None),
        (HF, None),  # through the day
    ],
)
def test_next_expected(state: SourceState, expected: str | None) -> None:
    """When what a source of arXiv does not have yet is due."""
    assert next_expected(state, CALENDAR, NOW) == (at(expected) if expected else None)


def test_first_kind_that_applies() -> None:
    """A day may be odd in several ways."""
    day = Day(
        NOW, NOW, NOW.date(), "Labor Day", is_weekend=True, outages=(Outage("arxiv", None),), is_stale=True
    )
    assert [replace(day, outages=()).kind, day.kind] == [K.STALE, K.OUTAGE]
