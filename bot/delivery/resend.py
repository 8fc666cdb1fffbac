"""`resend`: one more try at deliveries that stopped, because a person asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from bot.delivery.alerts import AlertStore, Operator
from bot.delivery.model import Delivery, DeliveryState, Edition
from bot.delivery.sender import Sender
from bot.delivery.service import SendResult, deliver_and_alert, result_of
from bot.errors import UserError

_STOPPED = (DeliveryState.FAILED, DeliveryState.UNCERTAIN)


class Outbox(AlertStore, Protocol):
    """What resending needs of the outbox."""

    def failed(self) -> tuple[Delivery, ...]: ...

    def deliveries(self, beginning: str) -> tuple[Delivery, ...]: ...

    def edition(self, id_: str) -> Edition | None: ...


class Queue(Protocol):
    """What resending needs of the queue."""

    def release(self, id_: str, now: datetime, *, settling: bool) -> bool: ...

    def settle(self, id_: str) -> bool: ...


def stopped(outbox: Outbox, beginning: str | None) -> list[Delivery]:
    """The deliveries that are meant: the one whose id begins so, or, without a beginning, all that failed. What may
    have arrived is never among many: it is for a person to look whether it has.

    Raises UserError when there is no such delivery, or it has not stopped.
    """
    if beginning is None:
        found = list(outbox.failed())
        if not found:
            raise UserError("nothing has failed: there is nothing to send again")
        return found
    meant = outbox.deliveries(beginning) if beginning else ()
    if not meant or len({one.edition or one.id for one in meant}) > 1:
        raise UserError(
            f"no delivery {beginning!r}, or several that begin so: `paperboy status` lists those that stopped"
        )
    one = next((one for one in meant if one.state in _STOPPED), meant[0])
    if one.state not in _STOPPED:
        raise UserError(f"delivery {one.id} is {one.state}: only what failed or is uncertain can be meant")
    return [one]


def settle(one: Delivery, queue: Queue) -> None:
    """Nothing more is done about it. Raises UserError when it goes on by itself."""
    if not queue.settle(one.id):
        raise UserError(f"delivery {one.id} is {one.state}: nothing is to be settled")


def resend(
    deliveries: Sequence[Delivery], outbox: Outbox, queue: Queue, sender: Sender, operator: Operator | None
) -> Iterator[SendResult]:
    """One more try at each; how their editions stand afterwards. Raises NotConfigured from a channel."""
    for one in deliveries:
        if one.is_forbidden:
            todo = f"strike it off with: paperboy settle {one.id}"
            raise UserError(f"delivery {one.id} must not be sent: {one.why}; {todo}")
        sender.channels[one.channel].check()
    for one in deliveries:
        queue.release(one.id, sender.clock(), settling=sender.channels[one.channel].can_look_up)
    wanted = sorted({one.subscription for one in deliveries})
    deliver_and_alert(outbox, sender, wanted, operator)
    for id_ in dict.fromkeys(one.edition for one in deliveries if one.edition):
        if edition := outbox.edition(id_):
            yield result_of(edition)
