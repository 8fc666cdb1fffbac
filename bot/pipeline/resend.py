"""`resend`: one more try at a delivery that stopped, because a person asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from bot.errors import UserError
from bot.model import ChannelName, DeliveryState, Edition
from bot.pipeline.deliver import Deliveries, deliver
from bot.pipeline.send import Served, served
from bot.ports import Channel

STOPPED = (DeliveryState.FAILED, DeliveryState.UNCERTAIN)


class Outbox(Deliveries, Protocol):
    """What resending needs of the outbox."""

    def edition_of(self, delivery: str) -> Edition | None: ...

    def release(self, delivery: str) -> bool: ...


def resend(
    delivery: str, outbox: Outbox, channels: Mapping[ChannelName, Channel], owner: str, now: datetime
) -> Served:
    """Raises UserError when there is no such delivery or it has not stopped, NotConfigured from its channel."""
    edition = outbox.edition_of(delivery)
    if edition is None:
        raise UserError(
            f"no delivery {delivery!r}, or several that begin so: `paperboy status` lists those that stopped"
        )
    channels[edition.channel].check()
    meant = [one for one in edition.deliveries if one.id.startswith(delivery)]
    whole = next((one for one in meant if one.state in STOPPED), meant[0])
    if not outbox.release(whole.id):
        raise UserError(
            f"delivery {whole.id} is {whole.state}: only what failed or is uncertain is sent again"
        )
    deliver(outbox, channels, [edition.subscription], owner, now)
    after = outbox.edition(edition.id)
    assert after is not None
    return served(after)
