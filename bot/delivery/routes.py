"""Routes: what one sender at a time serves, and groups of them, which a job serves. Pure.

A Slack conversation and a Maildir are a route each, so that their messages keep their order. A mail server takes a
bounded number of connections, and each of them is a route: an address always has the same one. Whoever sends holds
the route, in a thread of one process or with a job's lock on several machines: the bound holds for all of them.
"""

from __future__ import annotations

from zlib import crc32

from bot.profiles.model import ChannelName

#: Groups of the routes of Slack, and of those of Maildirs. With more of them, one that has to wait delays fewer
#: others; with fewer, a job has more to send, and jobs cost less.
GROUPS = 4


def route(channel: ChannelName, receiver: str, connections: int) -> str:
    """The route of what is sent to a receiver, as `slack:C0PAPERS` or `email/2`.

    `receiver`: as the ledger names it, with its channel. `connections`: to the mail server, at least 1.
    """
    return group(channel, receiver, connections) if channel is ChannelName.EMAIL else receiver


def group(channel: ChannelName, receiver: str, connections: int) -> str:
    """The group of a receiver's route, as `slack/7`; for mail a group is one route. Parameters as for `route`."""
    return f"{channel}/{crc32(receiver.encode()) % (connections if channel is ChannelName.EMAIL else GROUPS)}"
