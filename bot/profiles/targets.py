"""Parsers of where a profile delivers, and what a target alone means. As those in `bot.profiles.values`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.profiles.model import ChannelName
from bot.profiles.values import simple_name
from bot.text.addresses import parse_mail_address, parse_slack_target
from bot.text.plain import quote

#: A target of each channel, for messages.
TARGETS = {
    ChannelName.SLACK: "C0PAPERS",
    ChannelName.EMAIL: "ada@example.org",
    ChannelName.MAILDIR: "ada",
}


def delivery(target: str) -> dict[str, str]:
    """The entry of `deliver` that a target alone probably means."""
    target = target.strip()
    if target.casefold() in list(ChannelName):
        return {target.casefold(): TARGETS[ChannelName(target.casefold())]}
    if "@" in target:
        return {"email": target}
    return {"slack" if re.fullmatch(r"#.*|[CGDU][A-Z0-9]{6,}", target) else "maildir": target}


def one_target_each(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An entry of `deliver` for each of the targets that one entry names; itself if it names none."""
    rest = {key: value for key, value in entry.items() if key not in list(ChannelName)}
    targets = [(key, target) for key in entry if key not in rest for target in _targets(key, entry[key])]
    return [{key: target, **rest} for key, target in targets] or [dict(entry)]


def _targets(channel: str, value: object) -> Sequence[object]:
    if not isinstance(value, str):
        return value if isinstance(value, list) else []
    if channel != ChannelName.EMAIL:
        return [part.strip() for part in value.split(",")]
    parts = re.split(r"\s*[,;]\s*|\s+and\s+|\s+(?=[^\s<]+@)", value)
    found = [match for part in parts if (match := _ADDRESS.fullmatch(part))]
    return [match[1] for match in found] if len(found) == len(parts) else [value]


_ADDRESS = re.compile(r"(?:[^<>@:]*<)?([^\s<>@:]+@[^\s<>@:]+)>?")  # also in `Ada <ada@example.org>`


_SLACK_LINK = re.compile(r"https://[\w.-]+/archives/([CGD][A-Z0-9]+).*")
_SLACK_ID = re.compile(r"[CGDU](?=\D*\d)[A-Z0-9]{6,}")


def slack(value: str) -> str:
    """As `parse_slack_target`."""
    try:
        return parse_slack_target(value)
    except ValueError:
        link, upper = _SLACK_LINK.fullmatch(value), value.upper()
        name = f'"#{simple_name(value)}" for the channel of this name, or an id such as C0PAPERS'
        probable = link[1] if link else upper if _SLACK_ID.fullmatch(upper) else name
        raise ValueError(f"{quote(value)} is not a Slack channel: write {probable}") from None


def email(value: str) -> str:
    """As `parse_mail_address`."""
    try:
        return parse_mail_address(value)
    except ValueError as error:
        found = re.search(r"[^\s<>:]+@[^\s<>]+", value)  # in `Ada <ada@example.org>`
        if found is None or found[0] == value:
            raise
        raise ValueError(f"{quote(value)} is not an e-mail address: write {email(found[0])}") from error


_MAILDIR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def maildir(value: str) -> str:
    if not _MAILDIR.fullmatch(value):
        raise ValueError(
            f"{quote(value)} is not a simple name of letters, digits, '.', '_' and '-': write {simple_name(value)}"
        )
    return value
