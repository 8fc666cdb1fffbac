"""What one `send` does for each subscription, decided before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from bot.clock import Moment
from bot.delivery.due import LOOK_BACK_DAYS, Announcements, current_date, due_date
from bot.delivery.model import Pause, scopes
from bot.delivery.stores import EditionSummary
from bot.profiles.model import ANNOUNCEMENT, ChannelName, Profile, Subscription

#: Where a day ends last: for subscriptions that no profile has any more.
_LAST_ZONE = "Etc/GMT+12"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SendState:
    """What is stored and configured before a `send`."""

    editions: Mapping[
        tuple[str, date], EditionSummary
    ]  #: of `plan_dates`, by subscription key and local date
    served: frozenset[str]  #: keys of the subscriptions that ever had an edition
    pauses: Mapping[str, Pause]  #: by scope
    channel_problems: Mapping[ChannelName, str]  #: why a channel cannot send; only those that cannot
    answered: str = ""  #: what the sources have answered (`digests.wording.answered`)
    announcements: Announcements = field(default_factory=Announcements)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do for one subscription."""

    profile: Profile
    subscription: Subscription
    on: date  #: local date of the edition
    skip: str = ""  #: why no edition is composed; empty when one is
    blocked: bool = False  #: a setting or the target must be corrected before anything can be sent
    ended: bool = False  #: its reader has unsubscribed: what is left of it is not reported


def plan_dates(moment: Moment) -> tuple[date, date]:
    """The first and the last local date that an edition planned at a moment can have, in any time zone."""
    today = moment.instant.date()
    return today - timedelta(days=LOOK_BACK_DAYS + 1), today + timedelta(days=1)


def plan_send(profiles: Sequence[Profile], moment: Moment, state: SendState, *, due: bool) -> list[Plan]:
    """A plan for each subscription of the profiles. `due`: compose only what is due by its time and days.

    Entries of one profile for one target have one key, and one edition at a time: the newest.
    """
    plans = [
        _plan(profile, subscription, moment, state, due)
        for profile in profiles
        for subscription in profile.deliver
    ]
    newest: dict[str, date] = {}
    for plan in plans:
        if not plan.skip:
            newest[plan.subscription.key] = max(plan.on, newest.get(plan.subscription.key, plan.on))
    return [
        replace(plan, skip=f"the digest of {last} is sent instead")
        if not plan.skip and plan.on < (last := newest[plan.subscription.key])
        else plan
        for plan in plans
    ]


def _plan(profile: Profile, subscription: Subscription, moment: Moment, state: SendState, due: bool) -> Plan:
    today = moment.local_date(profile.timezone)
    on: date | None = today
    if due:
        served_before = subscription.key in state.served
        on = due_date(subscription, profile, moment, state.announcements, served_before=served_before)
    day = on or today
    if pause := state.pauses.get(subscription.key):
        until = f", until {pause.until:%Y-%m-%d}" if pause.until else ""
        why = (
            f"{pause.why} on {pause.since:%Y-%m-%d}{until}; "
            f"to send to them again, if they ask for it: paperboy resume {pause.scope}"
        )
        return Plan(profile, subscription, day, why, ended=True)
    if problem := _problem(subscription, state):
        return Plan(profile, subscription, day, problem, blocked=True)
    if profile.is_paused(day):
        return Plan(profile, subscription, day, f"paused by its profile until {profile.paused_until}")
    if on is None:
        return Plan(profile, subscription, day, _not_due(subscription))
    existing = state.editions.get((subscription.key, day))
    if existing and existing.has_message:
        return Plan(profile, subscription, day, f"the digest of {day} exists already")
    current = today if day == today else current_date(subscription, profile, moment, state.announcements)
    later = (day + n * _DAY for n in range((today - day).days, 0, -1))
    if day < current and (
        newer := next((on for on in later if (subscription.key, on) in state.editions), None)
    ):
        return Plan(profile, subscription, day, f"the digest of {newer} is newer")
    is_again = existing and existing.awaits and existing.awaits != state.answered and day == current
    if existing and due and not is_again:
        why = f"checked for {day}: nothing to send; check again: paperboy send {profile.id}"
        return Plan(profile, subscription, day, why)
    return Plan(profile, subscription, day)


def ended_waits(profiles: Sequence[Profile], moment: Moment, state: SendState) -> list[str]:
    """Ids of the quiet editions that wait for the sources although their local day is over, or arXiv has announced
    again.
    """
    waiting = [(key, on, summary.id) for (key, on), summary in state.editions.items() if summary.awaits]
    keys = {key for key, _, _ in waiting}
    current: dict[str, date] = {}
    for profile in profiles:
        for to in profile.deliver:
            if to.key in keys:
                day = current_date(to, profile, moment, state.announcements)
                current[to.key] = min(day, current.get(to.key, day))
    last = moment.local_date(_LAST_ZONE)
    return [id_ for key, on, id_ in waiting if on < current.get(key, last)]


def _not_due(subscription: Subscription) -> str:
    if subscription.at == ANNOUNCEMENT:
        return "not due before the papers of arXiv's next announcement are stored"
    return f"not due before {subscription.at_text}"


def _problem(subscription: Subscription, state: SendState) -> str:
    """Why nothing can be sent to a subscription; empty when it can."""
    if problem := state.channel_problems.get(subscription.channel):
        return problem
    for scope in scopes(subscription.key, subscription.channel, subscription.target):
        if pause := state.pauses.get(scope):
            return (
                f"paused since {pause.since:%Y-%m-%d}: {pause.why}; when fixed: paperboy resume {pause.scope}"
            )
    return ""
