"""How pages name the channels by which digests were sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from bot.delivery.archive import ArchivedEdition, SentPaper
from bot.profiles.model import ChannelName
from bot.text.plain import one_line

_NAMES = {ChannelName.SLACK: "Slack", ChannelName.EMAIL: "mail", ChannelName.MAILDIR: "Maildir"}


def channel_names(
    editions: Iterable[ArchivedEdition | SentPaper],
) -> Mapping[tuple[ChannelName, str], str]:
    """Names by channel and target: `mail`, or `mail ada@example.org` when there are several targets of mail."""
    targets = dict.fromkeys((one.channel, one.target) for one in editions)
    counts = Counter(channel for channel, _ in targets)
    return {
        (channel, target): _NAMES[channel] + (f" {one_line(target)}" if counts[channel] > 1 else "")
        for channel, target in targets
    }
