"""`resend`, `settle` and `resume`: what a person decides about deliveries that stopped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from bot.clock import Moment
from bot.delivery.model import Delivery, DeliveryState, Edition
from bot.delivery.service import DeliveryService, SendResult, edition_result
from bot.delivery.stores import OutboxStore, StoppedQueue
from bot.errors import UserError
from bot.text.plain import join_distinct

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


def put_back(
    scope: str, outbox: OutboxStore, queue: StoppedQueue, now: datetime, is_used: Callable[[str], bool]
) -> tuple[int, list[Delivery]]:
    """Let the next round try again what the cause of a pause stopped.

    Returns how many deliveries, and those that stay stopped because nothing is sent to their subscriptions any more
    (`is_used`).
    """
    stopped = [delivery for delivery in outbox.failed() if delivery.incident == scope]
    unused = [delivery for delivery in stopped if not is_used(delivery.subscription)]
    released = [queue.release(one.id, now, settling=True) for one in stopped if one not in unused]
    return sum(released), unused


def resend(
    deliveries: Sequence[Delivery], service: DeliveryService, moment: Moment, *, blindly: bool = False
) -> list[SendResult]:
    """Attempt each delivery once more; the results of their editions.

    What may have arrived is looked up first where that is possible, and is sent again without an answer only
    `blindly`. Raises NotConfigured when a channel cannot send, UserError when a delivery must not be sent; then
    nothing changes.
    """
    sender = service.make_sender(moment)
    for delivery in deliveries:
        if delivery.is_forbidden:
            raise UserError(
                f"delivery {delivery.id} must not be sent: {delivery.why}; "
                f"remove it with: paperboy settle {delivery.id}"
            )
        sender.channels[delivery.channel].check()
    looked_up = {one.id for one in deliveries if sender.channels[one.channel].can_look_up and not blindly}
    for delivery in deliveries:
        service.queue.release(delivery.id, sender.clock(), settling=delivery.id in looked_up)
    service.redeliver(sorted({delivery.subscription for delivery in deliveries}), moment)
    ids = dict.fromkeys(delivery.edition for delivery in deliveries if delivery.edition)
    editions = {edition.id: edition for edition in service.outbox.editions(ids)}
    return [_result(editions[id_], looked_up) for id_ in ids if id_ in editions]


def _result(edition: Edition, looked_up: Collection[str]) -> SendResult:
    """Says what to do about deliveries that were to be looked up and are in doubt as before."""
    result = edition_result(edition)
    advice = (
        f"looked up again after {one.until:%H:%M} UTC; to send it whether it has arrived or not: "
        f"paperboy resend {one.id} --blindly"
        for one in edition.deliveries
        if one.id in looked_up and one.state is DeliveryState.UNCERTAIN
    )
    return replace(result, why=join_distinct(result.why, *advice))
