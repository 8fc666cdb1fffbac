"""When each source is asked next. Pure.

arXiv's services change with its announcements: the API at once, the RSS feed at midnight US Eastern, OAI-PMH at about
22:30 Eastern. A source is asked when the papers of an announcement are ready there, and again, until it has brought
them: after as long as it is late already, so that the gaps grow from minutes to an hour. What it has brought is
`SourceState.announced` (see `bot.sources.reconcile`).

At other times, as on weekends and holidays, a rare request finds announcements that the calendar does not have.
OAI-PMH is asked only when the feed has missed an announcement. Hugging Face changes through the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from bot.papers.calendar import EASTERN, ArxivCalendar
from bot.papers.model import SourceState
from bot.profiles.model import Profile
from bot.profiles.references import all_keys
from bot.sources.base import LONGEST_WAIT

API, RSS, OAI = "arxiv-api", "arxiv-rss", "arxiv-oai"
#: How long after an announcement each of arXiv's services has its papers.
READY_AFTER = {
    API: timedelta(minutes=10),
    RSS: timedelta(hours=4, minutes=5),
    OAI: timedelta(hours=3),
}
#: The feed has missed an announcement when it has not brought it after so long: then OAI-PMH is asked.
MISSED_AFTER = READY_AFTER[RSS] + timedelta(hours=3)
#: OAI-PMH catches up on so many days: older papers are not news.
CATCH_UP = timedelta(days=14)

FIRST_GAP = timedelta(minutes=5)  #: before the first new request to a source that is late or has failed
LONGEST_GAP = timedelta(hours=1)  #: between requests to such a source
HOURLY_FOR = timedelta(hours=12)  #: a source that answers, but is late for longer, is asked only every RARELY
RARELY = timedelta(hours=6)  #: between requests to an arXiv service that has brought everything
#: Before the next request to a source that has never answered, or failed when nothing was to be expected.
_OTHER_GAP = timedelta(minutes=15)

#: What all profiles want: categories, followed authors, keys of liked and disliked papers.
Interests = tuple[frozenset[str], frozenset[str], frozenset[str]]

#: Most of Hugging Face's Daily Papers are submitted from 0 to 9 UTC on weekdays; later, votes change.
_BUSY_HOURS = range(11)
_BUSY_GAP, _QUIET_GAP = timedelta(hours=1), timedelta(hours=3)
_SATURDAY = 5


class Polls:
    """Which sources are due in one process, which remembers what it has asked each of arXiv's services for."""

    def __init__(self, calendar: ArxivCalendar) -> None:
        self._calendar = calendar
        self._asked: dict[str, Interests] = {}

    def due(
        self, names: Iterable[str], states: Mapping[str, SourceState], wanted: Interests, now: datetime
    ) -> tuple[str, ...]:
        """The sources to ask now, in the order of `names`.

        `states`: by name. The feed and the API are also due, FIRST_GAP after their last request, when the profiles
        want other things than at their last request by this process, so that a new profile need not wait for the next
        announcement. The first request of a process is such a one.
        """
        due = []
        for name in names:
            at = next_request(name, states, self._calendar, now)
            if name in (API, RSS) and self._asked.get(name) != wanted:
                at = min(at, _soonest(states.get(name), now))
            if at <= now:
                due.append(name)
        return tuple(due)

    def remember(self, names: Iterable[str], wanted: Interests) -> None:
        """The sources are asked for what is `wanted`."""
        self._asked.update(dict.fromkeys(names, wanted))


def next_request(
    name: str, states: Mapping[str, SourceState], calendar: ArxivCalendar, now: datetime
) -> datetime:
    """When a source is asked next, as it looks at `now`; a time that has passed when it is due."""
    state = states.get(name)
    if name == OAI and not missed_since(states, calendar, now):
        return calendar.next(now - MISSED_AFTER) + MISSED_AFTER
    # A last attempt after now is of a clock that was wrong.
    if state is None or state.last_attempt is None or state.last_attempt > now:
        return now
    if asked_to_wait(state, now) and state.retry_at:
        return state.retry_at
    if state.state == "idle":
        return state.last_attempt + RARELY
    wanted = _wanted_from(name, state, calendar, now)
    if wanted > state.last_attempt:
        return min(wanted, state.last_attempt + _OTHER_GAP) if state.state == "failed" else wanted
    late = state.last_attempt - wanted
    longest = LONGEST_GAP if state.state == "failed" or late < HOURLY_FOR else RARELY
    return state.last_attempt + min(max(late, FIRST_GAP), longest)


def may_ask_for_references(state: SourceState | None, now: datetime) -> bool:
    """Whether the API may be asked, out of turn, for the rest of the papers that profiles refer to: one answer has
    only some of many.
    """
    if state is None or state.last_attempt is None or asked_to_wait(state, now):
        return False
    return state.state != "failed" and now >= state.last_attempt + LONGEST_GAP


def missed_since(
    states: Mapping[str, SourceState], calendar: ArxivCalendar, now: datetime
) -> datetime | None:
    """The newest announcement up to which nothing is missing, when one after it was missed; None when none was.

    An announcement was missed when MISSED_AFTER it the RSS feed has not brought it, and OAI-PMH has not answered
    since it was ready there. On a first run nothing was missed.
    """
    brought = covered(states, calendar, now)
    return brought if brought and brought < calendar.last(now - MISSED_AFTER) else None


def covered(states: Mapping[str, SourceState], calendar: ArxivCalendar, now: datetime) -> datetime | None:
    """The newest announcement up to which the RSS feed has brought everything, or OAI-PMH has answered since.

    None when neither has ever answered. Never longer ago than CATCH_UP.
    """
    rss, oai = states.get(RSS), states.get(OAI)
    found = []
    if rss and rss.last_success:
        # A database of an earlier version has no announcement: then what its last answer should have had.
        found.append(rss.announced or calendar.last(rss.last_success - READY_AFTER[RSS]))
    if oai and oai.last_success:
        found.append(calendar.last(oai.last_success - READY_AFTER[OAI]))
    return max(*found, calendar.last(now - CATCH_UP)) if found else None


def evening(announcement: datetime) -> date:
    """The day in US Eastern time of an announcement."""
    return announcement.astimezone(EASTERN).date()


def asked_to_wait(state: SourceState | None, now: datetime) -> bool:
    """Whether the service asked for no request at this time. A longer wait than the longest is of a wrong clock."""
    return bool(state and state.retry_at and now < state.retry_at <= now + LONGEST_WAIT)


def interests(profiles: Sequence[Profile]) -> Interests:
    """What the profiles want from sources."""
    return (
        frozenset(category for profile in profiles for category in profile.categories),
        frozenset(author for profile in profiles for author in profile.authors),
        frozenset(all_keys(profiles)),
    )


def _soonest(state: SourceState | None, now: datetime) -> datetime:
    """The first time at which a source may be asked out of turn."""
    if state is None or state.last_attempt is None:
        return now
    if asked_to_wait(state, now) and state.retry_at:
        return state.retry_at
    return state.last_attempt + FIRST_GAP


def _wanted_from(name: str, state: SourceState, calendar: ArxivCalendar, now: datetime) -> datetime:
    """The time from which a source has something that it has not brought, or will have."""
    if state.last_success is None:
        return now if state.last_attempt is None else state.last_attempt - _OTHER_GAP
    if name not in READY_AFTER:
        is_busy = now.weekday() < _SATURDAY and now.hour in _BUSY_HOURS
        return state.last_success + (_BUSY_GAP if is_busy else _QUIET_GAP)
    ready_after = MISSED_AFTER if name == OAI else READY_AFTER[name]
    newest = calendar.last(now - ready_after)
    if name == OAI or state.announced is None or state.announced < newest:
        return newest + ready_after
    return min(calendar.next(newest) + ready_after, state.last_success + RARELY)
