"""Trying the channels before a digest is due: what they say of their targets, and test messages."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from bot.delivery.model import Envelope, Notice, Outcome, Refused
from bot.delivery.ports import Channel, Probe
from bot.errors import NotConfigured
from bot.profiles.model import ChannelName, Subscription


def probe_targets(
    channels: Mapping[ChannelName, Channel], targets: Iterable[tuple[ChannelName, str]]
) -> Iterator[tuple[ChannelName, Probe]]:
    """Probe each target once, channel by channel. A channel that is not configured is a problem of the service."""
    by_channel: dict[ChannelName, dict[str, None]] = defaultdict(dict)
    for name, target in targets:
        by_channel[name][target] = None
    for name, theirs in sorted(by_channel.items()):
        try:
            for probe in channels[name].probe(list(theirs)):
                yield name, probe
        except NotConfigured as error:
            yield name, Probe("", Refused(str(error)))
        channels[name].close_idle()


def send_test(channel: Channel, to: Subscription, now: datetime) -> Outcome:
    """Send a short message that is not a digest and is not stored."""
    delivery = f"{secrets.token_hex(8)}-1"
    text = f"The digests of the profile {to.profile} will arrive here."
    try:
        payload = channel.render_notice(Notice("Paperboy: a test message", text, now), delivery, to.target)
    except NotConfigured as error:
        return Refused(str(error))
    return channel.send(Envelope(delivery, to.target, payload, now))
