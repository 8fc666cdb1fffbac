"""Pause a subscription, and turn it on again."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from bot.delivery.model import PAUSE_WEEKS, PAUSED, scopes
from bot.presentation.dates import iso_date
from bot.profiles.model import ChannelName, Profile, Subscription
from bot.web.access import for_readers, owned_subscription, person
from bot.web.services import services

pages = Blueprint("subscriptions", __name__)

_CHANNELS = {ChannelName.SLACK: "Slack", ChannelName.EMAIL: "Mail to", ChannelName.MAILDIR: "Maildir"}


class SubscriptionView(NamedTuple):
    """A subscription on the page of its reader."""

    key: str
    where: str  #: "Mail to ada@example.org"
    state: str  #: why nothing is sent, a sentence; empty when digests are sent
    may_pause: bool
    may_resume: bool


def subscription_views(profile: Profile) -> list[SubscriptionView]:
    """Those of a profile."""
    pauses = {pause.scope: pause for pause in services().pauses.pauses(services().clock())}
    views = []
    for to in profile.deliver:
        own, state = pauses.get(to.key), ""
        if own:
            until = own.until and own.until.astimezone(ZoneInfo(profile.timezone))
            state = f"Paused until {iso_date(until.isoformat())}." if until else "Turned off."
        elif any(scope in pauses for scope in scopes(to.key, to.channel, to.target)):
            state = "Nothing is sent there at the moment: whoever runs this Paperboy has to look at it."
        is_theirs = person().owns(to)
        views.append(
            SubscriptionView(to.key, _where(to), state, is_theirs and not state, is_theirs and bool(own))
        )
    return views


@pages.post("/subscription/pause")
@for_readers
def pause() -> Response:
    """Pause for some weeks."""
    to, weeks = owned_subscription(request.form.get("subscription", "")), request.form.get("weeks", "")
    if weeks not in map(str, PAUSE_WEEKS):
        abort(400, f"Choose for how many weeks to pause: {', '.join(map(str, PAUSE_WEEKS))}.")
    now = services().clock()
    until = now + timedelta(weeks=int(weeks))
    if services().pauses.pause(to.key, PAUSED, now, until):
        services().log(f"{to.key}: paused until {until:%Y-%m-%d} on the web")
    flash(f"Paused: {_where(to)}.")
    return redirect(url_for("digests.home"), 303)


@pages.post("/subscription/resume")
@for_readers
def resume() -> Response:
    """End a pause, or turn on again what was unsubscribed."""
    to = owned_subscription(request.form.get("subscription", ""))
    if services().pauses.resume(to.key):
        services().log(f"{to.key}: resumed on the web")
    flash(f"On again: {_where(to)}.")
    return redirect(url_for("digests.home"), 303)


def _where(to: Subscription) -> str:
    return f"{_CHANNELS[to.channel]} {to.target}"
