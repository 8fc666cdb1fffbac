"""What kind of day it is for the sources: whether new papers were to be expected, and whether they came. Pure.

arXiv has several sources. For readers they are one service: what one of them has brought is not missing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import NamedTuple

from bot.papers.calendar import EASTERN, RESTS, ArxivCalendar
from bot.papers.model import SourceState

SOURCE_NAMES = {"arxiv": "arXiv", "huggingface": "Hugging Face"}
#: A service that has not answered for longer is out, whatever its last answer was.
NO_ANSWER = timedelta(days=2)
#: Time after an announcement within which its papers are stored: RSS has them four hours later, at midnight.
ARRIVAL = timedelta(hours=6)
#: When arXiv's sources have the papers of an announcement.
_PUBLISHED_AFTER = {"arxiv-rss": timedelta(hours=4)}
#: The weeks whose same weekday is compared with the day: at least three of them must have had papers.
WEEKS, _LEAST_WEEKS = 4, 3
#: A day is thin with less than this share of the usual number of new papers, when that is at least LEAST_USUAL.
THIN, LEAST_USUAL = 0.5, 20
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


class DayKind(StrEnum):
    """The kinds of days. Of several that apply, the first one is the day's."""

    OUTAGE = "outage"  #: a service does not answer
    INCOMPLETE = "incomplete"  #: arXiv's answers broke off, and none has brought the newest announcement
    STALE = "stale"  #: arXiv's services answer, but only with what they had before the newest announcement
    HOLIDAY = "holiday"  #: arXiv announced nothing on the last evening, for a holiday
    WEEKEND = "weekend"  #: the last evening was a Friday's or Saturday's, which have no announcement
    THIN = "thin"  #: clearly fewer new papers than usual
    ORDINARY = "ordinary"


class Outage(NamedTuple):
    """A service that does not answer."""

    service: str  #: as in SOURCE_NAMES
    #: When it first did not answer, or else its last answer; None when it never answered.
    since: datetime | None
    is_asked: bool = True  #: otherwise nobody has asked it since then


class Arrival(NamedTuple):
    """New papers that were stored at one time."""

    at: datetime
    papers: int


@dataclass(frozen=True, slots=True)
class Day:
    """What was to be expected of the sources at a moment, and what came."""

    now: datetime  #: UTC
    next: datetime  #: arXiv's next announcement, UTC
    evening: date  #: the last evening at or before `now`, 20:00 US Eastern, on which arXiv could announce
    holiday: str = ""  #: for which that evening had no announcement
    is_weekend: bool = False  #: that evening was a Friday or Saturday
    outages: tuple[Outage, ...] = ()
    is_incomplete: bool = False
    is_stale: bool = False
    announced: datetime | None = (
        None  #: the newest announcement that arXiv's services have brought; None: unknown
    )
    new: int = 0  #: papers first seen in the last 24 hours
    usual: int | None = None  #: their usual number on this weekday; None: unknown
    failed: tuple[str, ...] = ()  #: names of the sources whose last request failed
    late: tuple[str, ...] = ()  #: names of the sources that are still answering
    answered: str = ""  #: see `answered`

    @property
    def kind(self) -> DayKind:
        kinds = (
            (DayKind.OUTAGE, self.outages),
            (DayKind.INCOMPLETE, self.is_incomplete),
            (DayKind.STALE, self.is_stale),
            (DayKind.HOLIDAY, self.holiday),
            (DayKind.WEEKEND, self.is_weekend),
            (DayKind.THIN, self.is_thin),
        )
        return next((kind for kind, applies in kinds if applies), DayKind.ORDINARY)

    @property
    def is_thin(self) -> bool:
        """Whether an announcement that is complete has brought clearly fewer papers than usual."""
        rests = self.holiday or self.is_weekend
        return not rests and self.usual is not None and self.new < THIN * self.usual

    @property
    def sources_answer(self) -> bool:
        """Whether all sources that were asked have answered. One that has nothing new, or rests, has answered.

        One whose answer broke off has answered if another one has brought what is missing.
        """
        return not self.failed and not self.outages and not self.is_incomplete

    @property
    def awaits(self) -> str | None:
        """While a source may soon bring what is missing, what the sources have answered: see `Digest.awaits`."""
        return None if self.sources_answer and not self.is_stale and not self.late else self.answered


def day_of(
    states: Sequence[SourceState],
    calendar: ArxivCalendar,
    now: datetime,
    arrivals: Sequence[Arrival] = (),
    late: Collection[str] = (),
) -> Day:
    """The day at a moment.

    `arrivals`: the new papers since `arrivals_start(now)`. `late`: names of the sources that are still answering.
    States after `now` are not known yet. Without states, as after `ingest --file`, only the calendar and the arrivals
    say what kind of day it is.
    """
    states = [state for state in states if state.last_attempt is None or state.last_attempt <= now]
    arxiv = [state for state in states if _service(state) == "arxiv"]
    last, evening = calendar.last(now), _last_evening(now)
    asked = [state for state in arxiv if state.state != "idle" and not _rests(state, last)]
    others = [state for state in states if _service(state) != "arxiv" and state.state != "idle"]
    has_arxiv = not states or any(state.state != "idle" or state.last_success for state in arxiv)
    holiday = calendar.holiday(evening) if has_arxiv and evening.weekday() not in RESTS else ""
    is_missing = bool(asked) and not _has_brought(asked, last)
    is_out = is_missing and _does_not_answer(asked, now)
    is_incomplete = is_missing and not is_out and any(_broke_off(state, last) for state in asked)
    outages = [_outage("arxiv", arxiv)] if is_out else []
    outages += [
        _outage(state.name, [state])
        for state in others
        if _does_not_answer([state], now) and (not state.last_success or now - state.last_success > ARRIVAL)
    ]
    return Day(
        now=now,
        next=calendar.next(now),
        evening=evening,
        holiday=holiday,
        is_weekend=has_arxiv and evening.weekday() in RESTS,
        outages=tuple(outages),
        is_incomplete=is_incomplete,
        is_stale=is_missing and not is_out and not is_incomplete and any(is_behind(s, last) for s in asked),
        announced=max((state.announced for state in asked if state.announced), default=None),
        new=_count(arrivals, now),
        usual=_usual(calendar, arrivals, now) if has_arxiv and now - last >= ARRIVAL else None,
        failed=tuple(state.name for state in states if state.state == "failed"),
        late=tuple(sorted(late)),
        answered=answered(states),
    )


def answered(states: Sequence[SourceState]) -> str:
    """What the sources have answered so far: a text that changes with each complete answer."""
    return json.dumps({state.name: str(state.last_success) for state in states}, sort_keys=True)


def arrivals_start(now: datetime) -> datetime:
    """From when on `day_of` counts new papers."""
    return now - WEEKS * _WEEK - _DAY


def is_behind(state: SourceState, announcement: datetime) -> bool:
    """Whether an arXiv source has answered after an announcement and still lacks its papers."""
    if state.state == "stale":
        return state.announced is None or state.announced < announcement
    has_answered = state.last_success is not None and state.last_success >= announcement + ARRIVAL
    return has_answered and state.announced is not None and state.announced < announcement


def missing_announcement(
    state: SourceState, states: Sequence[SourceState], calendar: ArxivCalendar, now: datetime
) -> datetime | None:
    """The first announcement that an arXiv source has answered after and lacks; None when it lacks nothing.

    `states`: of all sources. What another one of arXiv's sources has brought is missing only in one that is stale: an
    answer that broke off lacks nothing then. The feed may have brought it, and wait for arxiv-oai to fill a gap
    before it; if arxiv-oai cannot, that is its failure.
    """
    last = calendar.last(now)
    if _service(state) != "arxiv" or state.state in ("failed", "idle"):
        return None
    if state.state != "stale":
        arxiv = [one for one in states if _service(one) == "arxiv"]
        oai = next((one.last_success for one in arxiv if one.name == "arxiv-oai"), None)
        may_wait = state.name == "arxiv-rss" and is_complete(state) and (oai is None or oai < last)
        if may_wait or _has_brought(arxiv, last):
            return None
    if not is_behind(state, last) and not _broke_off(state, last):
        return None
    brought = state.announced or state.last_new or state.last_success
    return calendar.next(brought) if brought else None


def next_expected(state: SourceState, calendar: ArxivCalendar, now: datetime) -> datetime | None:
    """When the first papers that an arXiv source does not have yet are expected there, or were; else None.

    None also of a source that only fills gaps.
    """
    if _service(state) != "arxiv" or state.state == "idle" or state.name == "arxiv-oai":
        return None
    brought = state.announced or (state.last_success if state.state == "failed" else None) or now
    return calendar.next(brought) + _PUBLISHED_AFTER.get(state.name, timedelta(0))


def is_complete(state: SourceState) -> bool:
    """Whether the last answer of a source was complete."""
    return state.state != "partial" or state.last_attempt == state.last_success


def _broke_off(state: SourceState, announcement: datetime) -> bool:
    """Whether an arXiv source has answered after an announcement, and not completely."""
    return not is_complete(state) and state.last_attempt is not None and state.last_attempt >= announcement


def _rests(state: SourceState, last: datetime) -> bool:
    """Whether a source that only fills gaps was not asked since an announcement: it says nothing about it."""
    return state.name == "arxiv-oai" and (state.last_attempt is None or state.last_attempt < last)


def _service(state: SourceState) -> str:
    return state.name.partition("-")[0]


def _last_evening(now: datetime) -> date:
    """The last day in US Eastern time whose 20:00 is not after `now`."""
    return (now.astimezone(EASTERN) - timedelta(hours=20)).date()


def _has_brought(arxiv: Sequence[SourceState], announcement: datetime) -> bool:
    """Whether any of arXiv's sources has the papers of an announcement, as far as is known."""
    return any(
        state.announced >= announcement
        if state.announced
        else state.state != "stale" and state.last_success and state.last_success >= announcement + ARRIVAL
        for state in arxiv
    )


def _does_not_answer(asked: Sequence[SourceState], now: datetime) -> bool:
    last = _last_answer(asked)
    return all(state.state == "failed" for state in asked) or (last is not None and now - last > NO_ANSWER)


def _outage(service: str, states: Sequence[SourceState]) -> Outage:
    """That none of a service's sources answers, since the first request after their last answer."""
    last = _last_answer(states)
    failed = [state for state in states if state.state == "failed"]
    since = [s.trouble_since for s in failed if s.trouble_since and last and s.trouble_since > last]
    return Outage(service, min(since, default=last), bool(failed))


def _last_answer(states: Sequence[SourceState]) -> datetime | None:
    return max((state.last_success for state in states if state.last_success), default=None)


def _count(arrivals: Sequence[Arrival], until: datetime) -> int:
    """The papers of the 24 hours until a moment."""
    return sum(arrival.papers for arrival in arrivals if until - _DAY < arrival.at <= until)


def _usual(calendar: ArxivCalendar, arrivals: Sequence[Arrival], now: datetime) -> int | None:
    """The median of the new papers at this time of the week, in the weeks before in which arXiv announced."""
    before = [now - n * _WEEK for n in range(1, WEEKS + 1)]
    counts = [_count(arrivals, then) for then in before if calendar.announcement(_last_evening(then))]
    known = [count for count in counts if count]
    usual = round(median(known)) if len(known) >= _LEAST_WEEKS else 0
    return usual if usual >= LEAST_USUAL else None
