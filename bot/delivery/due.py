"""When an edition is due. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from bot.clock import Moment
from bot.profiles.model import Profile, Subscription

#: How far back a missed edition is looked for: a weekly digest survives a week of downtime.
LOOK_BACK_DAYS = 7


def due_date(
    subscription: Subscription, profile: Profile, moment: Moment, *, served_before: bool
) -> date | None:
    """The newest local date whose time has passed on one of the subscription's days; None when there is none.

    Whether that date has an edition already is for the caller to see. A subscription that was never served
    looks no further back than today: it is new, not late.
    """
    today = moment.local_date(profile.timezone)
    for back in range(LOOK_BACK_DAYS + 1 if served_before else 1):
        day = today - timedelta(days=back)
        if day.weekday() in subscription.days and moment.has_passed(subscription.at, day, profile.timezone):
            return day
    return None
