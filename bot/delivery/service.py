"""`send`: plan what each subscription gets, compose what is new, attempt what is open, report the results.

The plan is made first, from values fetched in a fixed number of queries; then editions are stored; then deliveries
are attempted. Jobs on several machines (`bot.worker.steps`) do the same in steps: `plan`, `compose` for some
profiles, `deliver_group`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from bot.clock import Moment
from bot.delivery.alerts import Operator, raise_alert, raise_outage_alerts, raise_profile_alert
from bot.delivery.broken_profiles import BrokenFile
from bot.delivery.due import Announcements
from bot.delivery.editions import store_edition
from bot.delivery.model import ALERTS, Edition, EditionState, OpenDelivery, Pause
from bot.delivery.plan import Plan, SendState, ended_waits, plan_dates, plan_send
from bot.delivery.ports import receiver
from bot.delivery.quiet_weeks import LINE_LOOK_BACK, with_line
from bot.delivery.routes import group
from bot.delivery.sender import Sender
from bot.delivery.stores import OutboxStore, StoppedQueue
from bot.digests.catch_up import cover_pauses
from bot.digests.composer import DigestComposer
from bot.digests.corpus import earliest_window_start
from bot.digests.day import answered
from bot.digests.model import HistoryRequest
from bot.errors import NotConfigured, ShutdownRequested
from bot.log import log_duration
from bot.papers.calendar import ArxivCalendar
from bot.papers.model import SourceState
from bot.profiles.model import ChannelName, Profile
from bot.text.plain import join_distinct

#: States of editions that are reported even when nothing could be done about them now.
_OPEN = (EditionState.FAILED, EditionState.UNCERTAIN, EditionState.WAITING)


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
    blocked: bool = False  #: a setting or the target must be corrected first
    edition: str = ""  #: its id


@dataclass(frozen=True, slots=True)
class DeliveryService:
    """Composes and delivers the digests of some profiles."""

    outbox: OutboxStore
    queue: StoppedQueue
    pauses: Callable[[datetime], Iterable[Pause]]
    make_sender: Callable[[Moment], Sender]
    #: Called only when something is to be composed, with the profiles that it is for.
    make_composer: Callable[[Sequence[Profile], Moment], DigestComposer]
    operator: Operator | None = None  #: the receiver of alerts
    sources: Callable[[], Sequence[SourceState]] = tuple  #: the last outcomes of the sources
    #: The profiles at a moment, with what their readers' answers add.
    with_answers: Callable[[Sequence[Profile], datetime], Sequence[Profile]] = lambda profiles, now: profiles
    end_pauses: Callable[[datetime], None] = lambda now: None
    calendar: ArxivCalendar = field(default_factory=ArxivCalendar)

    def send(
        self,
        profiles: Sequence[Profile],
        moment: Moment,
        *,
        due: bool,
        progress: Callable[[str], None] = lambda subscription: None,
        may_stop: bool = False,
    ) -> list[SendResult]:
        """Compose and deliver; a result for each subscription, and for each older edition that was attempted.

        `due`: only what is due. `progress`: called with the key of each subscription that is composed for.
        `may_stop`: when the process is asked to stop, return the results so far instead of raising ShutdownRequested.
        """
        sender = self.make_sender(moment)
        plans = self._plan(self.with_answers(profiles, moment.instant), moment, sender, due=due)
        attempted: dict[str, None] = {}
        reachable = [plan.subscription.key for plan in plans if not plan.blocked and not plan.ended]
        try:
            self._compose_new(plans, moment, sender, progress)
            self._deliver(sender, reachable, lambda edition: attempted.update({edition: None}))
        except ShutdownRequested:
            if not may_stop:
                raise
        after = self.outbox.summaries(*plan_dates(moment))
        planned = [
            summary.id
            for plan in plans
            if (summary := after.get((plan.subscription.key, plan.on))) and (summary.is_open or not plan.skip)
        ]
        return send_results(plans, self.outbox.editions({*attempted, *planned}), attempted)

    def plan(self, profiles: Sequence[Profile], moment: Moment) -> list[Plan]:
        """What is due, for all profiles: a plan without `skip` is to be composed."""
        return self._plan(
            self.with_answers(profiles, moment.instant), moment, self.make_sender(moment), due=True
        )

    def compose(
        self, profiles: Sequence[Profile], moment: Moment, progress: Callable[[str], None]
    ) -> list[Plan]:
        """Store an edition for what is due, and send nothing. Returns the plans that were carried out."""
        profiles = self.with_answers(profiles, moment.instant)
        sender = self.make_sender(moment)
        state = self._state(moment, sender, profiles, only_theirs=True)
        return self._compose_new(plan_send(profiles, moment, state, due=True), moment, sender, progress)

    def open_groups(self, profiles: Sequence[Profile], moment: Moment) -> list[str]:
        """The groups of routes on which a delivery to these profiles, or to the operator, can be attempted now."""
        sender = self.make_sender(moment)
        found = sender.queue.open(self._groups(profiles, sender), sender.clock())
        return list(dict.fromkeys(_group(sender, one) for one in found))

    def deliver_group(self, name: str, profiles: Sequence[Profile], moment: Moment) -> list[SendResult]:
        """Attempt what is open on the routes of a group. A result for each edition that was attempted."""
        sender = self.make_sender(moment)
        keys = [key for key, of in self._groups(profiles, sender).items() if of == name]
        attempted: dict[str, None] = {}
        self._deliver(
            sender, keys, lambda edition: attempted.update({edition: None}), with_alerts=ALERTS in keys
        )
        return [edition_result(edition) for edition in self.outbox.editions(attempted)]

    def report_profiles(self, files: Sequence[BrokenFile], moment: Moment) -> None:
        """Store alerts on files of profiles that are broken in a new way, for the next `send` to send."""
        sender = self.make_sender(moment)
        if operator := self._reachable_operator(sender):
            raise_profile_alert(self.outbox, sender.channels, operator, files, sender.clock())

    def redeliver(self, subscriptions: Sequence[str], moment: Moment) -> None:
        """Attempt what is open for these subscriptions, without composing."""
        self._deliver(self.make_sender(moment), subscriptions)

    def _groups(self, profiles: Sequence[Profile], sender: Sender) -> dict[str, str]:
        """The group of each subscription whose channel can send, and that of the alerts, by subscription key."""
        ends = {to.key: (to.channel, to.target) for profile in profiles for to in profile.deliver}
        if operator := self.operator:
            ends[ALERTS] = operator
        broken = {channel for channel in {end[0] for end in ends.values()} if _problem(sender, channel)}
        return {
            key: _group(sender, OpenDelivery(key, *end)) for key, end in ends.items() if end[0] not in broken
        }

    def _plan(self, profiles: Sequence[Profile], moment: Moment, sender: Sender, *, due: bool) -> list[Plan]:
        """The plans of `send`, after what ends by time has ended."""
        self.end_pauses(moment.instant)
        state = self._state(moment, sender, profiles)
        if ended := ended_waits(profiles, moment, state):
            self.outbox.close_quiet(ended)
        return plan_send(profiles, moment, state, due=due)

    def _state(
        self, moment: Moment, sender: Sender, profiles: Sequence[Profile], *, only_theirs: bool = False
    ) -> SendState:
        """`only_theirs`: read only the editions of these profiles, which may be a few of very many."""
        ends = [to for profile in profiles for to in profile.deliver]
        problems = {channel: _problem(sender, channel) for channel in {to.channel for to in ends}}
        sources = self.sources()
        keys = {to.key for to in ends} if only_theirs else None
        return SendState(
            editions=self.outbox.summaries(*plan_dates(moment), keys),
            served=self.outbox.served(keys),
            pauses={pause.scope: pause for pause in self.pauses(moment.instant)},
            channel_problems={channel: problem for channel, problem in problems.items() if problem},
            answered=answered(sources),
            announcements=Announcements.of(self.calendar, sources),
        )

    def _compose_new(
        self, plans: Sequence[Plan], moment: Moment, sender: Sender, progress: Callable[[str], None]
    ) -> list[Plan]:
        """Compose where no plan says to skip it. Returns those plans."""
        wanted = [plan for plan in plans if not plan.skip]
        if wanted:
            with log_duration("compose", editions=len(wanted)):
                self._compose(wanted, moment, sender, progress)
        return wanted

    def _compose(
        self, plans: Sequence[Plan], moment: Moment, sender: Sender, progress: Callable[[str], None]
    ) -> None:
        profiles = list({plan.profile.id: plan.profile for plan in plans}.values())
        for name, target in sorted({(plan.subscription.channel, plan.subscription.target) for plan in plans}):
            sender.channels[name].learn_receiver(target)
        requests = [
            HistoryRequest(
                plan.subscription.key,
                receiver(sender.channels, plan.subscription),
                plan.on,
                tuple(to.key for to in plan.profile.deliver) if plan.subscription.is_weekly else (),
            )
            for plan in plans
        ]
        profiles = cover_pauses(profiles, requests, self.outbox.histories, moment.instant)
        composer = self.make_composer(profiles, moment)  # may wait: what was sent is read after it
        since = earliest_window_start(profiles, moment.instant)
        histories = self.outbox.histories(requests, since)
        with_lines = [plan.subscription.key for plan in plans if plan.subscription.weekly_line]
        days = self.outbox.days(with_lines, plan_dates(moment)[0] - LINE_LOOK_BACK) if with_lines else {}
        by_id = {profile.id: profile for profile in profiles}
        given_now: dict[str, set[str]] = defaultdict(set)  #: by receiver
        refused = []
        for plan, request in zip(plans, requests, strict=True):
            subscription = plan.subscription
            progress(subscription.key)
            history = histories[subscription.key]
            history = replace(history, given=history.given | given_now[request.receiver])
            digest = composer.compose(by_id[plan.profile.id], plan.on, history, weekly=subscription.is_weekly)
            digest = with_line(digest, plan.profile, days.get(subscription.key, ()))
            channel = sender.channels[subscription.channel]
            if store_edition(self.outbox, subscription, request.receiver, digest, channel):
                given_now[request.receiver].update(digest.ids)
            else:
                refused.append(plan)
        # Another process gave a receiver one of the papers in the meantime, or composed for the same subscription.
        keys = [plan.subscription.key for plan in refused]
        existing = self.outbox.summaries(*plan_dates(moment), keys) if refused else {}
        composed = {place for place, summary in existing.items() if summary.has_message}
        lacking = [plan for plan in refused if (plan.subscription.key, plan.on) not in composed]
        if lacking:
            self._compose(lacking, moment, sender, progress)

    def _deliver(
        self,
        sender: Sender,
        subscriptions: Sequence[str],
        attempted: Callable[[str], None] = lambda edition: None,
        *,
        with_alerts: bool = True,
    ) -> None:
        """Deliver, and store an alert on what stopped, also when an error stopped the sender itself.

        `with_alerts`: send the alerts too.
        """
        operator = self._reachable_operator(sender)
        alerts = [ALERTS] if operator and with_alerts else []
        try:
            sender.deliver({*subscriptions, *alerts}, attempted)
        finally:
            if operator:
                to = (self.outbox, sender.channels, operator)
                new = raise_alert(*to, sender.clock(), self.pauses(sender.clock()))
                is_new = raise_outage_alerts(*to, self.sources(), self.calendar, sender.clock()) or new
                if is_new and alerts:
                    sender.deliver(alerts)

    def _reachable_operator(self, sender: Sender) -> Operator | None:
        """None also when the channel has a problem: other deliveries to it report that."""
        return None if self.operator and _problem(sender, self.operator.channel) else self.operator


def _group(sender: Sender, delivery: OpenDelivery) -> str:
    return group(delivery.channel, receiver(sender.channels, delivery), sender.connections)


def _problem(sender: Sender, channel: ChannelName) -> str:
    """Why a channel cannot send at all; empty when it can."""
    try:
        sender.channels[channel].check()
    except NotConfigured as error:
        return str(error)
    return ""


def send_results(
    plans: Sequence[Plan], editions: Iterable[Edition], attempted: Iterable[str]
) -> list[SendResult]:
    """A result for each plan, then for the attempted editions that no plan is about.

    `editions`: the attempted ones, and those of the plans that were composed or are open, after sending.
    `attempted`: ids.
    """
    by_id = {edition.id: edition for edition in editions}
    by_date = {(edition.subscription, edition.on): edition for edition in by_id.values()}
    remaining = dict.fromkeys(attempted)
    results = []
    for plan in plans:
        to = plan.subscription
        edition = None if plan.ended else by_date.get((to.key, plan.on))
        if edition is None:
            why = plan.skip or "not composed: stopped before"
            results.append(
                SendResult(
                    to.profile, to.channel, to.target, plan.on, "skipped", why=why, blocked=plan.blocked
                )
            )
            continue
        remaining.pop(edition.id, None)
        result = edition_result(edition)
        if plan.blocked:
            result = replace(result, why=join_distinct(result.why, plan.skip), blocked=True)
        results.append(result)
    return [*results, *(edition_result(by_id[id_]) for id_ in remaining if id_ in by_id)]


def edition_result(edition: Edition) -> SendResult:
    return SendResult(
        profile=edition.profile,
        channel=edition.channel,
        target=edition.target,
        on=edition.on,
        state=edition.state,
        papers=edition.papers,
        why=join_distinct(edition.reason, *(delivery.reason for delivery in edition.deliveries)),
        edition=edition.id,
    )
