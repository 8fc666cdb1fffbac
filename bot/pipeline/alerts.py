"""What the operator is told: what stopped, once for each reason, with the command for it.

An alert is a delivery like any other: stored before it is sent, tried again, looked up, sent once.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, Protocol

from bot.model import ChannelName
from bot.outgoing import Delivery, DeliveryState, Notice, Part, scopes
from bot.ports import Channel

#: Incidents in one alert; `paperboy status` has the rest.
MOST = 15


class Operator(NamedTuple):
    """Whom to tell."""

    channel: ChannelName
    target: str


class Stops(Protocol):
    """What telling needs of the outbox."""

    def untold(self) -> tuple[tuple[Delivery, str], ...]: ...

    def known_incidents(self) -> frozenset[str]: ...

    def tell(self, told: Sequence[str], alert: Part | None, id_: str, channel: str, target: str) -> bool: ...


def raise_alert(
    outbox: Stops, channels: Mapping[ChannelName, Channel], operator: Operator, now: datetime
) -> bool:
    """Store an alert on what stopped since the last one. Whether there is one to send.

    What stops for a reason that the operator knows of is not told again until all that stopped for it goes on.
    """
    untold = outbox.untold()
    if not untold:
        return False
    known = outbox.known_incidents()
    news = [(delivery, incident) for delivery, incident in untold if incident not in known]
    token = secrets.token_hex(8)
    alert = None
    if news:
        payload = channels[operator.channel].notice(notice(news, now), f"{token}-1", operator.target)
        alert = Part(payload, 0)
    told = [delivery.id for delivery, _ in untold]
    return outbox.tell(told, alert, token, operator.channel, operator.target) and alert is not None


def notice(stopped: Sequence[tuple[Delivery, str]], now: datetime) -> Notice:
    """What stopped, by incident."""
    by_incident = sorted(stopped, key=lambda pair: pair[1])
    by_name = groupby(by_incident, key=lambda pair: pair[1])
    groups = [(incident, [one for one, _ in group]) for incident, group in by_name]
    lines = [line for incident, group in groups[:MOST] for line in _incident(incident, group)]
    more = len(groups) - MOST
    lines += [f"... and {more} more."] if more > 0 else []
    lines += ["All of it, at any time: paperboy status"]
    return Notice(f"Paperboy: {_counted(len(stopped))} stopped", "\n".join(lines), now)


def _incident(incident: str, group: Sequence[Delivery]) -> Iterator[str]:
    first = group[0]
    yield f"{first.channel} {first.target}, {first.state}: {first.reason}"
    if incident in scopes(first.subscription, first.channel, first.target):
        yield f"  nothing more is sent to {incident} until it is mended"
    for one in group[:MOST]:
        other = "" if one.reason == first.reason else f" ({one.reason})"
        yield f"  kept for {one.subscription.partition(':')[0]}{other}; {_todo(one)}"
    if len(group) > MOST:
        yield f"  ... and {len(group) - MOST} more"


def _todo(one: Delivery) -> str:
    if one.is_barred:
        return f"it will not be sent; strike it off with: paperboy settle {one.id}"
    if one.state is DeliveryState.UNCERTAIN:
        return f"if it has not arrived: paperboy resend {one.id}; if it has: paperboy settle {one.id}"
    return f"when mended: paperboy resend {one.id}"


def _counted(deliveries: int) -> str:
    return "a delivery has" if deliveries == 1 else f"{deliveries} deliveries have"
