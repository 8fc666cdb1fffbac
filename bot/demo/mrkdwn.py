"""Slack's mrkdwn as Slack shows it: for looking at a message without Slack.

Owns the reading of the markup. Refuses to know who wrote it, blocks, and HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

#: Exactly these three (https://api.slack.com/reference/surfaces/formatting).
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
#: A link or mention, or a style. A mark opens where no letter, digit or soft hyphen stands before it, and no space
#: after; it closes the other way round. So zero-width spaces make marks work, and soft hyphens keep them from it
#: (https://github.com/yhatt/jsx-slack/blob/main/docs/about-escape-and-exact-mode.md). What `<...>` holds is no mark.
_MARKUP = re.compile(
    r"<(?P<target>[^<>|]*)(?:\|(?P<label>[^<>]*))?>"
    r"|(?<![^\W_])(?<!\u00ad)(?P<mark>[*_~`＊＿～｀])(?=\S)"
    r"(?P<inner>(?:<[^<>]*>|[^<])+?)(?<=\S)(?P=mark)(?![^\W_])(?!\u00ad)"
)
_WIDE = str.maketrans("＊＿～｀", "*_~`")  # of East Asian keyboards
_QUOTE = re.compile(r"(?:>|&gt;|＞) ?")


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that look alike."""

    text: str = ""
    url: str = ""  #: http, https or mailto; empty when it is no link
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False


_STYLES: Mapping[str, Callable[[Run], Run]] = {
    "*": lambda run: replace(run, bold=True),
    "_": lambda run: replace(run, italic=True),
    "~": lambda run: replace(run, struck=True),
    "`": lambda run: replace(run, code=True),
}


@dataclass(frozen=True, slots=True)
class Line:
    runs: tuple[Run, ...]
    quoted: bool = False


def lines(text: str) -> tuple[Line, ...]:
    """No style reaches over the end of a line."""
    return tuple(_line(line) for line in text.split("\n"))


def plain_lines(text: str) -> tuple[Line, ...]:
    """Of what Slack calls plain_text: nothing in it is markup."""
    return tuple(Line((Run(line),)) for line in text.split("\n"))


def _line(text: str) -> Line:
    quote = _QUOTE.match(text)
    return Line(tuple(_runs(text[quote.end() if quote else 0 :], Run())), quote is not None)


def _runs(text: str, style: Run) -> Iterator[Run]:
    place = 0
    for match in _MARKUP.finditer(text):
        yield from _plain(text[place : match.start()], style)
        yield from _marked(match, style)
        place = match.end()
    yield from _plain(text[place:], style)


def _marked(match: re.Match[str], style: Run) -> Iterator[Run]:
    if match["mark"] is None:
        yield _linked(match["target"], match["label"], style)
        return
    mark = match["mark"].translate(_WIDE)
    within = _plain if mark == "`" else _runs
    yield from within(match["inner"], _STYLES[mark](style))


def _linked(target: str, label: str | None, style: Run) -> Run:
    """A mention shows its name, or itself, and leads nowhere."""
    shown = _unescaped(label or target.lstrip("!@#"))
    leads = re.match(r"https?://|mailto:", target)
    return replace(style, text=shown, url=_unescaped(target) if leads else "")


def _plain(text: str, style: Run) -> Iterator[Run]:
    if text:
        yield replace(style, text=_unescaped(text))


def _unescaped(text: str) -> str:
    return re.sub("&(?:lt|gt|amp);", lambda match: _ENTITIES[match[0]], text)
