"""Slack's mrkdwn: text that shows as written, and links.

Owns the escaping, and lengths as Slack counts them. Refuses to know what is said.
"""

from __future__ import annotations

import re

from bot.text import cut

_LONGEST_URL = 600  #: characters, escaped
_BREAK = "\u200b"  # zero-width space: shows nothing, and a marker next to it marks nothing
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escaped(text: str) -> str:
    """`text` as mrkdwn that shows it as written: no mention, no link, no bold, no emoji.

    Exactly `&`, `<` and `>` are escaped (https://api.slack.com/reference/surfaces/formatting). There is no
    escape for `*_~` and backticks, nor for `:name:`; zero-width breaks around them keep them from working,
    and one at the start keeps `>` from being a quotation.
    """
    plain = text.replace(_BREAK, "").replace("\n", " ")
    shown = disarmed(plain)
    shown = re.sub(r"[*_~`]+", lambda match: f"{_BREAK}{_BREAK.join(match[0])}{_BREAK}", shown)
    shown = re.sub(r":(?=[\w+'-]+:)", f":{_BREAK}", shown)
    return _BREAK + shown if plain.startswith(">") else shown


def disarmed(text: str) -> str:
    """`text` for a message without markup: only mentions and links are left to be kept from working."""
    return re.sub(r"[&<>]", lambda match: _ESCAPES[match[0]], text.replace("\n", " "))


def escaped_within(text: str, share: int) -> str:
    """`text` escaped, and cut before escaping so that no more than `share` characters result."""
    length = min(len(text), share)
    shown = escaped(cut(text, length)) if length else ""
    while size(shown) > share:
        length = min(length - 1, length * share // size(shown))
        shown = escaped(cut(text, length)) if length else ""
    return shown


def size(text: str) -> int:
    """Length as JavaScript counts it: emoji are two, so that nothing is over a limit either way."""
    return len(text.encode("utf-16-le")) // 2


def link(url: str, label: str, share: int) -> str:
    """`<url|label>`, or the label alone when the URL would not fit. `|` in a label means nothing to Slack."""
    target = escaped_url(url)
    shown = escaped_within(label, share)
    return f"<{target}|{shown}>" if len(target) <= _LONGEST_URL else shown


def escaped_url(url: str) -> str:
    """A URL of a view, which is free of `<`, `>`, `|` and spaces, inside a link."""
    return url.replace("&", "&amp;")
