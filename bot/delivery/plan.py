"""What one `send` does for each subscription, decided before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.clock import Moment
from bot.delivery.due import LOOK_BACK_DAYS, due_date
from bot.delivery.model import Pause, scopes
from bot.delivery.stores import EditionSummary
from bot.profiles.model import ChannelName, Profile, Subscription


@dataclass(frozen=True, slots=True)
class SendState:
    """What is stored and configured before a `send`."""

    editions: Mapping[
        tuple[str, date], EditionSummary
    ]  #: of `plan_dates`, by subscription key and local date
    served: frozenset[str]  #: keys of the subscriptions that ever had an edition
    pauses: Mapping[str, Pause]  #: by scope
    channel_problems: Mapping[ChannelName, str]  #: why a channel cannot send; only those that cannot


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
    """A plan for each subscription of the profiles. `due`: compose only what is due by its time and days."""
    return [
        _plan(profile, subscription, moment, state, due)
        for profile in profiles
        for subscription in profile.deliver
    ]


def _plan(profile: Profile, subscription: Subscription, moment: Moment, state: SendState, due: bool) -> Plan:
    on: date | None = moment.local_date(profile.timezone)
    if due:
        served_before = subscription.key in state.served
        on = due_date(subscription, profile, moment, served_before=served_before)
    day = on or moment.local_date(profile.timezone)
    if pause := state.pauses.get(subscription.key):
        why = (
            f"{pause.why} on {pause.since:%Y-%m-%d}; "
            f"to send to them again, if they ask for it: paperboy resume {pause.scope}"
        )
        return Plan(profile, subscription, day, why, ended=True)
    if problem := _problem(subscription, state):
        return Plan(profile, subscription, day, problem, blocked=True)
    if on is None:
        return Plan(profile, subscription, day, f"not due before {subscription.at:%H:%M}")
    existing = state.editions.get((subscription.key, day))
    if existing and existing.papers:
        return Plan(profile, subscription, day, f"the digest of {day} exists already")
    if existing and due:
        why = f"checked for {day}: nothing to send; check again: paperboy send {profile.id}"
        return Plan(profile, subscription, day, why)
    return Plan(profile, subscription, day)


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
