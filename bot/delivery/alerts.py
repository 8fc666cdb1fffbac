"""What the operator is told: what stopped, once for each reason, with the command for it.

An alert is a delivery like any other: stored before it is sent, tried again, looked up, sent once.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, Protocol

from bot.delivery.model import Delivery, DeliveryState, Notice, Part
from bot.delivery.ports import Channel
from bot.profiles.model import ChannelName

#: Incidents in one alert; `paperboy status` has the rest.
MOST = 15


class Operator(NamedTuple):
    """Whom to tell."""

    channel: ChannelName
    target: str


class AlertStore(Protocol):
    """What telling needs of the outbox."""

    def unreported(self) -> tuple[Delivery, ...]: ...

    def known_incidents(self) -> frozenset[str]: ...

    def tell(
        self, told: Sequence[str], alert: Part | None, id_: str, channel: str, target: str, blind: int
    ) -> bool: ...


def raise_alert(
    outbox: AlertStore, channels: Mapping[ChannelName, Channel], operator: Operator, now: datetime
) -> bool:
    """Store an alert on what stopped since the last one. Whether there is one to send.

    What stops for a reason that the operator knows of is not told again until all that stopped for it goes on.
    """
    untold = outbox.unreported()
    if not untold:
        return False
    known = outbox.known_incidents()
    news = [one for one in untold if one.incident not in known]
    token, channel = secrets.token_hex(8), channels[operator.channel]
    alert = Part(channel.render_notice(notice(news, now), f"{token}-1", operator.target), 0) if news else None
    told, blind = [one.id for one in untold], int(not channel.can_look_up)
    return outbox.tell(told, alert, token, *operator, blind) and alert is not None


def notice(stopped: Sequence[Delivery], now: datetime) -> Notice:
    """What stopped, by incident."""
    by_incident = sorted(stopped, key=_incident)
    groups = [list(group) for _, group in groupby(by_incident, key=_incident)]
    lines = [line for group in groups[:MOST] for line in _told(group)]
    more = len(groups) - MOST
    lines += [f"... and {more} more."] if more > 0 else []
    lines += ["All of it, at any time: paperboy status"]
    return Notice(f"Paperboy: {_counted(len(stopped))} stopped", "\n".join(lines), now)


def _incident(one: Delivery) -> str:
    return one.incident or ""


def _told(group: Sequence[Delivery]) -> Iterator[str]:
    """One incident."""
    first = group[0]
    yield f"{first.channel} {first.target}, {first.state}: {first.reason}"
    if first.incident in first.scopes:
        yield f"  nothing more is sent to {first.incident} until it is mended"
    for one in group[:MOST]:
        other = "" if one.reason == first.reason else f" ({one.reason})"
        yield f"  kept for {one.subscription.partition(':')[0]}{other}; {remedy(one)}"
    if len(group) > MOST:
        yield f"  ... and {len(group) - MOST} more"


def remedy(one: Delivery) -> str:
    """What a person can do about what stopped."""
    if one.is_forbidden:
        return f"it will not be sent; strike it off with: paperboy settle {one.id}"
    if one.state is DeliveryState.UNCERTAIN:
        return f"if it has not arrived: paperboy resend {one.id}; if it has: paperboy settle {one.id}"
    return f"when mended: paperboy resend {one.id}"


def _counted(deliveries: int) -> str:
    return "a delivery has" if deliveries == 1 else f"{deliveries} deliveries have"
