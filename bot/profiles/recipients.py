"""Which profiles deliver to a person. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bot.profiles.model import ChannelName, Profile, Subscription


def profiles_of_reader(profiles: Iterable[Profile], name: str) -> tuple[Profile, ...]:
    """The profiles of a person who is known by an address or by a user name: those that mail to the address; those
    that have the user name, or deliver to the Maildir of this name. Without regard to case.
    """
    name = name.casefold()
    if "@" in name:
        return tuple(one for one in profiles if _delivers(one, ChannelName.EMAIL, [name]))
    return tuple(
        one for one in profiles if one.id.casefold() == name or _delivers(one, ChannelName.MAILDIR, [name])
    )


def is_sent_to(subscription: Subscription, name: str) -> bool:
    """Whether a subscription is of a person who is known by an address or by a user name: mailed to the address, put
    into the Maildir of the name, or of the profile of the name. Without regard to case.
    """
    channel = ChannelName.EMAIL if "@" in name else ChannelName.MAILDIR
    names = {subscription.target} if subscription.channel is channel else set()
    if "@" not in name:
        names.add(subscription.profile)
    return name.casefold() in {one.casefold() for one in names}


def mail_address(profiles: Iterable[Profile], text: str) -> str | None:
    """The address that profiles mail to and that a person typed; None if there is none.

    As the profile writes it: another spelling that is equal without regard to case may be somebody else's.
    """
    targets = (to.target for one in profiles for to in one.deliver if to.channel is ChannelName.EMAIL)
    return next((target for target in targets if target.casefold() == text.casefold()), None)


def profiles_of_conversations(
    profiles: Iterable[Profile], conversations: Collection[str]
) -> tuple[Profile, ...]:
    """The profiles that deliver to Slack conversations: ids, or names as profiles write them (`#papers`)."""
    wanted = {one.casefold() for one in conversations}
    return tuple(one for one in profiles if _delivers(one, ChannelName.SLACK, wanted))


def _delivers(profile: Profile, channel: ChannelName, targets: Collection[str]) -> bool:
    return any(to.channel is channel and to.target.casefold() in targets for to in profile.deliver)
