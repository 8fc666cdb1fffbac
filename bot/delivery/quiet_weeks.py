"""The line that a subscription gets after a week without papers, when it wants one (`when_quiet: weekly`). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from bot.digests.model import Digest
from bot.digests.wording import quiet_week_text
from bot.profiles.model import Profile

_WEEK = timedelta(days=7)
#: While a source is in trouble, the line waits for it so long, and then says what is the matter.
_IN_TROUBLE = 2 * _WEEK
#: How many days before a digest the editions are needed.
LINE_LOOK_BACK = _IN_TROUBLE + _WEEK


class EditionDay(NamedTuple):
    """An edition of a subscription, as `is_line_due` needs it."""

    on: date
    has_message: bool  #: whether anything was to be sent: papers, or a line


def with_line(digest: Digest, profile: Profile, days: Sequence[EditionDay]) -> Digest:
    """An empty digest as the line of a quiet week, when that is due; every other digest as it is.

    `days`: the editions of its subscription in LINE_LOOK_BACK, newest first; none if it wants no lines.
    """
    quiet = _IN_TROUBLE if digest.awaits else _WEEK
    if digest.papers or not is_line_due(digest.on, quiet, days, profile.paused_until):
        return digest
    return replace(digest, why=quiet_week_text(digest), awaits=None, is_line=True)


def is_line_due(
    on: date, quiet: timedelta, days: Sequence[EditionDay], paused_until: date | None = None
) -> bool:
    """Whether a subscription has been served for so long before a date, and got no message.

    A gap of more than a week between two editions is a pause, or a time in which nothing ran: it begins again after
    it, as after the profile's pause.
    """
    last = on
    for day, has_message in days:
        if day >= on:
            continue
        if last - day > _WEEK or (paused_until and day < paused_until):
            return False
        if on - day >= quiet:
            return True
        if has_message:
            return False
        last = day
    return False
