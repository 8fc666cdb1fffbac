"""The objects of one process, as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Thread
from typing import TYPE_CHECKING

from bot.bootstrap.composition import Composition
from bot.bootstrap.ingestion import Ingestion
from bot.bootstrap.sending import Sending
from bot.clock import Moment
from bot.delivery.alerts import Operator
from bot.delivery.due import Announcements
from bot.delivery.model import ALERTS, scopes
from bot.delivery.service import DeliveryService
from bot.digests.composer import DigestComposer
from bot.digests.previewer import Previewer
from bot.profiles.live import LiveProfiles
from bot.profiles.model import ChannelName, Profile

if TYPE_CHECKING:
    from bot.delivery.service import SendResult
    from bot.worker.heartbeat import Heartbeat


@dataclass(eq=False, repr=False, kw_only=True)
class App(Ingestion, Composition, Sending):
    """The objects of one process. Each is made when first used, so that a command imports only what it needs."""

    #: Called before digests are composed to be sent; may wait, and returns the names of the sources that are still
    #: answering.
    late_sources: Callable[[], Collection[str]] = tuple
    _heartbeat: Heartbeat | None = field(init=False, default=None)

    @cached_property
    def live_profiles(self) -> LiveProfiles:
        return LiveProfiles(self.settings.profiles, self.settings.profile_cache)

    @property
    def previewer(self) -> Previewer:
        return Previewer(self.composer, self.outbox, self.receiver)

    def _composer_after_ingest(self, profiles: Sequence[Profile], moment: Moment) -> DigestComposer:
        late = self.late_sources()
        return self.composer(profiles, Moment.real() if moment.is_live else moment, late=late)

    @cached_property
    def delivery(self) -> DeliveryService:
        alerts = self.settings.alerts
        channel = ChannelName.EMAIL if alerts and "@" in alerts else ChannelName.SLACK
        return DeliveryService(
            self.outbox,
            self.queue,
            self.receivers.pauses,
            self.sender,
            self._composer_after_ingest,
            Operator(channel, alerts) if alerts else None,
            self.source_states.all,
            self.with_answers,
            self.receivers.end_pauses,
            self.calendar,
        )

    def announcements(self) -> Announcements:
        return Announcements.of(self.calendar, self.source_states.all())

    def beat(self, results: Iterable[SendResult], log: Callable[[str], None]) -> Thread | None:
        """Call the URL of PAPERBOY_HEARTBEAT after a good cycle; the thread that does so, if any."""
        from bot.worker.heartbeat import Heartbeat, is_good_cycle

        if not self.settings.heartbeat or not is_good_cycle(results, self.day(Moment.real())):
            return None
        if self._heartbeat is None:
            self._heartbeat = Heartbeat(self.settings.heartbeat.get_secret_value(), log)
        return self._heartbeat.beat()

    def used_scopes(self, profiles: Iterable[Profile]) -> frozenset[str]:
        """The scopes of everything that is sent: of the profiles' subscriptions, and of alerts."""
        ends = [(to.key, to.channel, to.target) for profile in profiles for to in profile.deliver]
        if operator := self.delivery.operator:
            ends.append((ALERTS, operator.channel, operator.target))
        return frozenset(scope for end in ends for scope in scopes(*end))
