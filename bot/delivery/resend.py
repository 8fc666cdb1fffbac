"""`resend` and `settle`: what a person decides about deliveries that stopped."""

from __future__ import annotations

from collections.abc import Sequence

from bot.clock import Moment
from bot.delivery.model import Delivery, DeliveryState
from bot.delivery.service import DeliveryService, SendResult, edition_result
from bot.delivery.stores import OutboxStore, StoppedQueue
from bot.errors import UserError

_STOPPED = (DeliveryState.FAILED, DeliveryState.UNCERTAIN)


def find_stopped(outbox: OutboxStore, prefix: str | None) -> list[Delivery]:
    """The stopped delivery whose id begins with `prefix`; without a prefix all that failed.

    Uncertain deliveries must be named one by one, because a person has to check whether they have arrived.
    Raises UserError when there is no such delivery, or it has not stopped.
    """
    if prefix is None:
        failed = list(outbox.failed())
        if not failed:
            raise UserError("no delivery has failed: nothing to send again")
        return failed
    found = outbox.deliveries(prefix) if prefix else ()
    if not found or len({delivery.edition or delivery.id for delivery in found}) > 1:
        raise UserError(
            f"no delivery {prefix!r}, or several whose ids begin with it: "
            "`paperboy status` lists the stopped ones"
        )
    delivery = next((one for one in found if one.state in _STOPPED), found[0])
    if delivery.state is DeliveryState.SENT:
        raise UserError(f"delivery {delivery.id} was already sent: nothing to do")
    if delivery.state not in _STOPPED:
        raise UserError(f"delivery {delivery.id} is {delivery.state}: it is neither failed nor uncertain")
    return [delivery]


def settle(delivery: Delivery, queue: StoppedQueue) -> None:
    """Count a delivery as sent. Raises UserError when it has not stopped."""
    if not queue.settle(delivery.id):
        raise UserError(f"delivery {delivery.id} is {delivery.state}: it has not stopped")


def resend(deliveries: Sequence[Delivery], service: DeliveryService, moment: Moment) -> list[SendResult]:
    """Attempt each delivery once more; the results of their editions.

    Raises NotConfigured when a channel cannot send, UserError when a delivery must not be sent; then nothing changes.
    """
    sender = service.make_sender(moment)
    for delivery in deliveries:
        if delivery.is_forbidden:
            raise UserError(
                f"delivery {delivery.id} must not be sent: {delivery.why}; "
                f"remove it with: paperboy settle {delivery.id}"
            )
        sender.channels[delivery.channel].check()
    for delivery in deliveries:
        can_look_up = sender.channels[delivery.channel].can_look_up
        service.queue.release(delivery.id, sender.clock(), settling=can_look_up)
    service.redeliver(sorted({delivery.subscription for delivery in deliveries}), moment)
    ids = dict.fromkeys(delivery.edition for delivery in deliveries if delivery.edition)
    editions = {edition.id: edition for edition in service.outbox.editions(ids)}
    return [edition_result(editions[id_]) for id_ in ids if id_ in editions]
