"""Slack: a digest as messages of a workspace's app.

One room each for the markup, the messages, what answers mean, and the channel that posts.
"""

from bot.channels.slack._answers import KINDS, Kind
from bot.channels.slack._channel import API_URL, SlackChannel, api_base
from bot.channels.slack._markup import escaped, escaped_within, marked, size

__all__ = [
    "API_URL",
    "KINDS",
    "Kind",
    "SlackChannel",
    "api_base",
    "escaped",
    "escaped_within",
    "marked",
    "size",
]
