"""When an edition is due. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.clock import Moment
from bot.profiles.model import Profile, Subscription

#: How many days back a missed edition is looked for, so that a weekly digest survives a week of downtime.
LOOK_BACK_DAYS = 7


def due_date(
    subscription: Subscription, profile: Profile, moment: Moment, *, served_before: bool
) -> date | None:
    """The newest local date on one of the subscription's days whose time has passed; None when there is none.

    The date may have an edition already. Dates of the profile's pause are not made up for. `served_before`: whether
    the subscription ever had an edition; a new one is due today at the earliest, because it has missed nothing.
    """
    today = moment.local_date(profile.timezone)
    for back in range(LOOK_BACK_DAYS + 1 if served_before else 1):
        day = today - timedelta(days=back)
        if profile.is_paused(day):
            return None
        if day.weekday() in subscription.days and moment.has_passed(subscription.at, day, profile.timezone):
            return day
    return None


def next_due(subscription: Subscription, profile: Profile, moment: Moment) -> datetime | None:
    """When a subscription is due next, in UTC; None for a subscription without days.

    Of a wall-clock time that the clocks skip, the offset before the change counts.
    """
    today = moment.local_date(profile.timezone)
    first = max(today, profile.paused_until or today)
    for ahead in range(8):
        day = first + timedelta(days=ahead)
        if day.weekday() in subscription.days and not moment.has_passed(
            subscription.at, day, profile.timezone
        ):
            wall = datetime.combine(day, subscription.at, ZoneInfo(profile.timezone))
            return wall.astimezone(UTC)
    return None
