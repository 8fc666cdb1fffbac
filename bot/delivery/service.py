"""One `send`: decide what each subscription gets, compose what is new, attempt what is open, tell what happened.

The plan is made first, without touching anything; then editions are stored; then deliveries are attempted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from bot.clock import Moment
from bot.delivery.alerts import AlertStore, Operator, raise_alert
from bot.delivery.due import due_date
from bot.delivery.editions import EditionStore, store_edition
from bot.delivery.model import ALERTS, Edition, EditionState, Pause, scopes
from bot.delivery.ports import Channel
from bot.delivery.sender import Sender
from bot.digests.composer import DigestComposer
from bot.digests.model import History
from bot.errors import NotConfigured
from bot.profiles.model import ChannelName, Profile, Subscription
from bot.text.plain import join_distinct

#: How an edition that is not through yet is told even when nothing could be done about it now.
_OPEN = (EditionState.FAILED, EditionState.UNCERTAIN, EditionState.WAITING)


class Outbox(EditionStore, AlertStore, Protocol):
    """What sending needs of the outbox."""

    def edition(self, id_: str) -> Edition | None: ...

    def find(self, subscription: Subscription, on: date) -> Edition | None: ...

    def past(self, subscription: str, together: Sequence[str], on: date) -> History: ...

    def served(self, subscription: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class SendResult:
    """What one `send` did for one subscription and date."""

    profile: str
    channel: ChannelName
    target: str
    on: date
    state: str  #: an EditionState, or "skipped"
    papers: int = 0
    why: str = ""
    blocked: bool = False  #: a setting or the target must be mended first


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done for one subscription."""

    profile: Profile
    subscription: Subscription
    on: date
    skip: str = ""  #: why nothing is to be composed; empty when something is
    blocked: bool = False  #: nothing can be sent there before a setting or the target is mended
    ended: bool = False  #: by its reader: what is left of it is nobody's business


def send(
    profiles: Sequence[Profile],
    moment: Moment,
    *,
    due: bool,
    outbox: Outbox,
    sender: Sender,
    open_desk: Callable[[Sequence[Profile]], DigestComposer],
    pauses: Iterable[Pause] = (),
    operator: Operator | None = None,
    progress: Callable[[str], None] = lambda subscription: None,
) -> list[SendResult]:
    """Compose and deliver for these profiles; a row for each subscription, and for each older edition touched.

    `due`: only what is due. `open_desk`: called only when something is to be composed, with the profiles whose
    phrases and window count. `pauses`: where nothing is sent to. `operator`: who is told of what stopped.
    """
    planner = _Planner(moment, due, outbox, sender.channels, {pause.scope: pause for pause in pauses})
    plans = [planner.plan(p, s) for p in profiles for s in p.deliver]
    to_compose = [plan for plan in plans if not plan.skip]
    if to_compose:
        desk = open_desk([profile for profile in profiles if any(p.profile is profile for p in to_compose)])
        for plan in to_compose:
            progress(plan.subscription.key)
            _compose(plan, desk, outbox, sender.channels[plan.subscription.channel])
    touched: dict[str, None] = {}
    able = [plan.subscription.key for plan in plans if not plan.blocked and not plan.ended]
    deliver_and_alert(outbox, sender, able, operator, lambda edition: touched.update({edition: None}))
    return list(_rows(plans, touched, outbox))


def deliver_and_alert(
    outbox: AlertStore,
    sender: Sender,
    subscriptions: Sequence[str],
    operator: Operator | None,
    told: Callable[[str], None] = lambda edition: None,
) -> None:
    """Deliver; then tell the operator of what stopped, also when something stopped the sender itself."""
    alerts = [ALERTS] if operator and _can_tell(sender, operator) else []
    try:
        sender.deliver({*subscriptions, *alerts}, told)
    finally:
        if operator and alerts and raise_alert(outbox, sender.channels, operator, sender.clock()):
            sender.deliver(alerts)


def _can_tell(sender: Sender, operator: Operator) -> bool:
    """What is wrong with the channel is told by whatever else goes there."""
    try:
        sender.channels[operator.channel].check()
    except NotConfigured:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Planner:
    """Decides what is to be done for each subscription, without touching anything."""

    moment: Moment
    due: bool
    outbox: Outbox
    channels: Mapping[ChannelName, Channel]
    pauses: Mapping[str, Pause]

    def plan(self, profile: Profile, subscription: Subscription) -> Plan:
        on: date | None = self.moment.local_date(profile.timezone)
        if self.due:
            served_before = self.outbox.served(subscription.key)
            on = due_date(subscription, profile, self.moment, served_before=served_before)
        today = on or self.moment.local_date(profile.timezone)
        existing = self.outbox.find(subscription, today)
        if ended := self._ended(subscription):
            return Plan(profile, subscription, today, ended, ended=True)
        if trouble := self._trouble(subscription):
            return Plan(profile, subscription, today, trouble, blocked=True)
        if on is None:
            return Plan(profile, subscription, today, f"not due before {subscription.at:%H:%M}")
        if existing and (self.due or existing.state is not EditionState.QUIET):
            return Plan(profile, subscription, today, f"{today} has its digest already")
        return Plan(profile, subscription, today)

    def _ended(self, one: Subscription) -> str:
        """That its reader has unsubscribed, which nobody has to mend; empty when not so."""
        pause = self.pauses.get(one.key)
        if pause is None:
            return ""
        again = f"to send to them again, if they ask for it: paperboy resume {pause.scope}"
        return f"{pause.why} on {pause.since:%Y-%m-%d}; {again}"

    def _trouble(self, one: Subscription) -> str:
        """Why nothing can be sent there; empty when it can."""
        try:
            self.channels[one.channel].check()
        except NotConfigured as error:
            return str(error)
        paused = (self.pauses.get(scope) for scope in scopes(one.key, one.channel, one.target))
        pause = next(filter(None, paused), None)
        if pause is None:
            return ""
        return f"paused since {pause.since:%Y-%m-%d}: {pause.why}; when mended: paperboy resume {pause.scope}"


def _compose(plan: Plan, desk: DigestComposer, outbox: Outbox, channel: Channel) -> None:
    one = plan.subscription
    together = [other.key for other in plan.profile.deliver] if one.is_weekly else []
    past = outbox.past(one.key, together, plan.on)
    digest = desk.compose(plan.profile, plan.on, past, weekly=one.is_weekly)
    store_edition(outbox, one, digest, channel)


def _rows(plans: Sequence[Plan], touched: Iterable[str], outbox: Outbox) -> Iterator[SendResult]:
    told = dict.fromkeys(touched)
    for plan in plans:
        edition = outbox.find(plan.subscription, plan.on)
        if edition and not plan.ended:
            is_news = edition.id in told or not plan.skip
            told.pop(edition.id, None)
            if is_news or edition.state in _OPEN:
                row = result_of(edition)
                yield (
                    replace(row, why=join_distinct(row.why, plan.skip), blocked=True) if plan.blocked else row
                )
                continue
        yield _skipped(plan)
    for id_ in told:
        if older := outbox.edition(id_):
            yield result_of(older)


def result_of(edition: Edition) -> SendResult:
    """An edition as `send` tells it."""
    told = [edition.why, *(delivery.reason for delivery in edition.deliveries)]
    return SendResult(
        profile=edition.profile,
        channel=edition.channel,
        target=edition.target,
        on=edition.on,
        state=edition.state,
        papers=edition.papers,
        why=join_distinct(*told),
    )


def _skipped(plan: Plan) -> SendResult:
    one = plan.subscription
    return SendResult(
        one.profile, one.channel, one.target, plan.on, "skipped", why=plan.skip, blocked=plan.blocked
    )
