"""One `send`: decide what each subscription gets, compose what is new, attempt what is open, tell what happened.

The plan is made first, without touching anything; then editions are stored; then deliveries are attempted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.errors import NotConfigured
from bot.model import ChannelName, Edition, EditionState, Profile, Subscription
from bot.pipeline.compose import Desk, EditionStore, store_edition
from bot.pipeline.deliver import Deliveries, deliver
from bot.ports import Channel
from bot.schedule import due_date
from bot.when import Moment

#: How an edition that is not through yet is told even when nothing could be done about it now.
_OPEN = (EditionState.FAILED, EditionState.UNCERTAIN, EditionState.WAITING)


class Outbox(EditionStore, Deliveries, Protocol):
    """What sending needs of the outbox."""

    def find(self, subscription: Subscription, on: date) -> Edition | None: ...

    def given(self, subscription: str) -> frozenset[str]: ...

    def served(self, subscription: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Served:
    """What one `send` did for one subscription and date."""

    profile: str
    channel: ChannelName
    target: str
    on: date
    state: str  #: an EditionState, or "skipped"
    papers: int = 0
    why: str = ""
    trouble: bool = False  #: skipped for want of a setting, not because there was nothing to do


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done for one subscription."""

    profile: Profile
    subscription: Subscription
    on: date
    existing: Edition | None = None
    skip: str = ""  #: why nothing is to be composed; empty when something is
    trouble: bool = False


def send(
    profiles: Sequence[Profile],
    moment: Moment,
    *,
    due: bool,
    outbox: Outbox,
    channels: Mapping[ChannelName, Channel],
    open_desk: Callable[[Sequence[Profile]], Desk],
    owner: str,
    troubles: str = "",
    progress: Callable[[str], None] = lambda subscription: None,
) -> list[Served]:
    """Compose and deliver for these profiles; a row for each subscription, and for each older edition touched.

    `due`: only what is due. `open_desk`: called only when something is to be composed, with the profiles whose
    phrases and window count. `troubles`: what is wrong with the sources, told on a quiet day.
    """
    plans = [_plan(p, s, moment, due, outbox, channels) for p in profiles for s in p.deliver]
    to_compose = [plan for plan in plans if not plan.skip]
    if to_compose:
        desk = open_desk([profile for profile in profiles if any(p.profile is profile for p in to_compose)])
        for plan in to_compose:
            progress(plan.subscription.key)
            _compose(plan, desk, outbox, channels[plan.subscription.channel], troubles)
    touched: dict[str, None] = {}
    able = [plan.subscription.key for plan in plans if not plan.trouble]
    deliver(outbox, channels, able, owner, moment.instant, lambda edition: touched.update({edition: None}))
    return list(_rows(plans, touched, outbox))


def _plan(
    profile: Profile,
    subscription: Subscription,
    moment: Moment,
    due: bool,
    outbox: Outbox,
    channels: Mapping[ChannelName, Channel],
) -> Plan:
    on: date | None = moment.local_date(profile.timezone)
    if due:
        served_before = outbox.served(subscription.key)
        on = due_date(subscription, profile, moment, served_before=served_before)
    today = on or moment.local_date(profile.timezone)
    existing = outbox.find(subscription, today)
    try:
        channels[subscription.channel].check()
    except NotConfigured as error:
        return Plan(profile, subscription, today, existing, str(error), trouble=True)
    if on is None:
        return Plan(profile, subscription, today, existing, f"not due before {subscription.at:%H:%M}")
    if existing and (due or existing.state is not EditionState.QUIET):
        return Plan(profile, subscription, today, existing, f"{today} has its digest already")
    return Plan(profile, subscription, today)


def _compose(plan: Plan, desk: Desk, outbox: Outbox, channel: Channel, troubles: str) -> None:
    digest, why = desk.compose(plan.profile, plan.on, outbox.given(plan.subscription.key))
    if not digest.papers and troubles:
        why = f"{why}; {troubles}"
    store_edition(outbox, plan.subscription, digest, why, channel)


def _rows(plans: Sequence[Plan], touched: Iterable[str], outbox: Outbox) -> Iterator[Served]:
    told = dict.fromkeys(touched)
    for plan in plans:
        edition = outbox.find(plan.subscription, plan.on)
        if edition:
            is_news = edition.id in told or not plan.skip
            told.pop(edition.id, None)
            if is_news or edition.state in _OPEN:
                yield served(edition)
                continue
        yield _skipped(plan)
    for id_ in told:
        if older := outbox.edition(id_):
            yield served(older)


def served(edition: Edition) -> Served:
    """An edition as `send` tells it."""
    told = [edition.why, *(delivery.reason for delivery in edition.deliveries)]
    return Served(
        profile=edition.profile,
        channel=edition.channel,
        target=edition.target,
        on=edition.on,
        state=edition.state,
        papers=edition.papers,
        why="; ".join(dict.fromkeys(filter(None, told))),
    )


def _skipped(plan: Plan) -> Served:
    one = plan.subscription
    return Served(
        one.profile, one.channel, one.target, plan.on, "skipped", why=plan.skip, trouble=plan.trouble
    )
