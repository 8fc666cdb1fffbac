"""Routes: what one sender at a time serves. Pure.

A Slack conversation and a Maildir are a route each, so that their messages keep their order. A mail server takes a
bounded number of connections, and each of them is a route: an address always has the same one. Whoever sends holds
the route, in a thread of one process or with a job's lock on several machines: the bound holds for all of them.
"""

from __future__ import annotations

from zlib import crc32

from bot.profiles.model import ChannelName


def route(channel: ChannelName, receiver: str, connections: int) -> str:
    """The route of what is sent to a receiver, as `slack:C0PAPERS` or `email/2`.

    `receiver`: as the ledger names it, with its channel. `connections`: to the mail server, at least 1.
    """
    if channel is ChannelName.EMAIL:
        return f"{channel}/{crc32(receiver.encode()) % connections}"
    return receiver
