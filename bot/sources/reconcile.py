"""Which of arXiv's announcements an answer has brought, and whether it repeats an earlier one. Pure.

A service can answer well and still have nothing new: the feed serves the batch of an earlier day under a fresh date,
the API lags behind, a page is empty. So an answer counts as having brought an announcement only if its papers show
it:

1. A paper of the API or of OAI-PMH that was submitted after the deadline of the announcement before (14:00 US
   Eastern) cannot have been announced earlier (https://info.arxiv.org/help/availability.html). Moderation may hold
   papers for days: so the newest of such papers decides, and the others show nothing.
2. A paper of the feed has the day of its announcement; but that date may be fresh and the paper old. It counts only
   if no source had shown the paper before that announcement.
3. A feed that has papers of a main category of which all were shown before is a repetition for this category.
4. An answer that broke off, or of which a page is missing, brings no announcement.
5. A feed that follows a gap does not count until OAI-PMH has filled the gap (`bot.sources.polling.covered`), because
   it has only the newest announcement, and the API cannot find papers that moderation held.
6. A source that has not brought an announcement an hour after it was ready, although another one of arXiv's services
   has, is stale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from bot.papers.calendar import EASTERN, ArxivCalendar, listing_day
from bot.papers.model import Entry, SourceState
from bot.sources.polling import READY_AFTER, RSS, covered

#: The deadline of an announcement, 14:00, with an hour's margin: some papers are let in later.
_DEADLINE = time(15)
#: How late a source may be that answers: arXiv is not always punctual.
GRACE = timedelta(hours=1)
#: A category of which the feed has fewer papers does not show a repetition by itself.
_MIN_REPEATED = 3
_DAY = timedelta(days=1)
_SATURDAY = 5


def first_announcement(submitted: datetime, calendar: ArxivCalendar) -> datetime:
    """The first announcement that can have a paper which was submitted at this time."""
    local = submitted.astimezone(EASTERN)
    day = local.date() if local.time() <= _DEADLINE else local.date() + _DAY
    while day.weekday() >= _SATURDAY:
        day += _DAY
    return calendar.next(datetime.combine(day, _DEADLINE, EASTERN))


def proved_announcement(
    entries: Iterable[Entry], first_seen: Mapping[str, datetime], calendar: ArxivCalendar, now: datetime
) -> datetime | None:
    """The newest announcement that the papers of an answer show (rules 1 and 2); None when they show none.

    `first_seen`: when the papers of a feed were first seen, by id.
    """
    newest = calendar.last(now)  # an announcement that the calendar does not have belongs to the one before
    proved = []
    for entry in entries:
        if entry.reference:
            continue
        if entry.announced:
            announced = _announcement_of(date.fromisoformat(entry.announced[:10]), calendar)
            if not _repeats(entry, announced, first_seen):
                proved.append(min(announced, newest))
        elif entry.published:
            proved.append(min(first_announcement(_moment(entry.published), calendar), newest))
    return max(proved, default=None)


def repeated_categories(
    entries: Iterable[Entry], first_seen: Mapping[str, datetime], calendar: ArxivCalendar
) -> list[str]:
    """The main categories, sorted, whose papers a feed repeats from an earlier announcement (rule 3)."""
    repeats: dict[str, list[bool]] = defaultdict(list)
    for entry in entries:
        if entry.announced and entry.categories and not (entry.reference or entry.crossed):
            announced = _announcement_of(date.fromisoformat(entry.announced[:10]), calendar)
            repeats[entry.categories[0]].append(_repeats(entry, announced, first_seen))
    return sorted(name for name, flags in repeats.items() if all(flags) and len(flags) >= _MIN_REPEATED)


def newest_shown(name: str, shown: Sequence[datetime | None]) -> datetime | None:
    """What a source shows that has given several answers: pages of one list, or feeds of different categories, each
    of which must show it.
    """
    found = [announcement for announcement in shown if announcement]
    if name == RSS:
        return min(found) if found and len(found) == len(shown) else None
    return max(found, default=None)


def is_held_back(
    name: str,
    shown: datetime | None,
    states: Mapping[str, SourceState],
    calendar: ArxivCalendar,
    now: datetime,
) -> bool:
    """Whether what the feed shows follows a gap that OAI-PMH has not filled yet (rule 5)."""
    before = states[name].announced if name in states else None
    found = covered(states, calendar, now)
    return bool(name == RSS and shown and before and found and calendar.next(found) < shown)


def brought(
    name: str,
    shown: datetime | None,
    states: Mapping[str, SourceState],
    calendar: ArxivCalendar,
    now: datetime,
) -> datetime | None:
    """The newest announcement that a source has brought: what it shows, unless that is held back, or else what it has
    brought before.
    """
    before = states[name].announced if name in states else None
    counts = shown and not is_held_back(name, shown, states, calendar, now)
    return max(filter(None, (before, shown if counts else None)), default=None)


def why_stale(
    name: str,
    shown: datetime | None,
    repeated: Sequence[str],
    states: Mapping[str, SourceState],
    calendar: ArxivCalendar,
    now: datetime,
) -> str:
    """Why a source that has answered is stale (rules 3 and 6); empty when it is not.

    `shown`: the newest announcement of which it has ever had papers. `repeated`: categories that its feed repeats.
    """
    newest = calendar.last(now - READY_AFTER[name] - GRACE)
    # The feed has no listing on a weekend, and is not late then.
    is_over = name == RSS and nothing_is_due(name, calendar, now)
    if is_over or (shown and shown >= newest):
        return ""
    if repeated:
        return f"it repeats earlier papers of {', '.join(repeated)} under a new date"
    others = {other: states[other].announced for other in READY_AFTER if other != name and other in states}
    ahead = sorted(other for other, announced in others.items() if announced and announced >= newest)
    if not ahead:
        return ""
    since = f"nothing newer than that of {listing_day(shown)}" if shown else "nothing of it"
    has = "has" if len(ahead) == 1 else "have"
    return f"{' and '.join(ahead)} {has} the listing of {listing_day(newest)}, and this source {since}"


def nothing_is_due(name: str, calendar: ArxivCalendar, now: datetime) -> bool:
    """Whether an empty feed is as it should be: the day of the last listing is over, or the next is not ready."""
    ready_after = READY_AFTER[name]
    return now >= calendar.last(now - ready_after) + ready_after + _DAY


def _announcement_of(day: date, calendar: ArxivCalendar) -> datetime:
    """The announcement of a listing day; of a day without one the last before it."""
    return calendar.last(datetime.combine(day, time(0), EASTERN).astimezone(UTC))


def _repeats(entry: Entry, announced: datetime, first_seen: Mapping[str, datetime]) -> bool:
    return any(id_ in first_seen and first_seen[id_] < announced for id_ in entry.ids)


def _moment(text: str) -> datetime:
    """An ISO text of an entry; a day is its beginning, a month its first day."""
    found = datetime.fromisoformat(text if len(text) > len("2026-05") else f"{text}-01")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
