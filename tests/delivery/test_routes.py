"""Which conversations a job serves together."""

from __future__ import annotations

from bot.delivery.routes import GROUPS, group, route
from bot.profiles.model import ChannelName


def test_groups_of_conversations() -> None:
    """A fixed number of groups, however many conversations there are; those of channels are apart."""
    groups = {group(ChannelName.SLACK, f"slack:C{number}", 2) for number in range(100)}
    assert groups == {f"slack/{number}" for number in range(GROUPS)}


def test_a_group_of_mail_is_one_connection() -> None:
    receivers = [f"email:reader{number}@example.org" for number in range(100)]
    groups = [group(ChannelName.EMAIL, receiver, 2) for receiver in receivers]
    assert groups == [route(ChannelName.EMAIL, receiver, 2) for receiver in receivers]
    assert set(groups) == {"email/0", "email/1"}
