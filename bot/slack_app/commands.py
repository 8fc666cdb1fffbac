"""What a person wrote after `/paperboy`. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.errors import UserError
from bot.papers.identity import parse_paper_id
from bot.text.plain import quote

HELP = """\
`/paperboy why PAPER`: how a paper ranks for you, and why (an id, a link, or words of its title)
`/paperboy search WORDS`: among all stored papers
`/paperboy learned`: what was learned from answers, with undo
`/paperboy pause`, `/paperboy pause for 2 weeks`, `/paperboy pause until 2026-12-27`: no digests here
`/paperboy resume`: digests again
Where several profiles deliver, name one after the first word: `/paperboy pause ada for 2 weeks`."""

NAMES = ("why", "search", "learned", "pause", "resume")
_DAYS = {"d": 1, "w": 7, "m": 30}
_FOR = re.compile(r"(?:for\s+)?(an?\b|one\b|\d{1,3})\s*(d|w|m|days?|weeks?|months?)", re.I)
_BEGINS_PAUSE = re.compile(r"(for|until|an?|one)\b|\d", re.I)
LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a person in a conversation."""

    name: str  #: one of NAMES, or empty for help
    text: str  #: after the name; all that was written if it is empty
    user: str  #: id
    conversation: str  #: id


def parse_command(text: str, user: str, conversation: str) -> Command:
    name, _, rest = text.strip().partition(" ")
    if name.lower() not in NAMES:
        return Command("", text.strip(), user, conversation)
    return Command(name.lower(), rest.strip(), user, conversation)


def split_profile(text: str, profiles: Collection[str]) -> tuple[str, str]:
    """The profile that a text begins with, without regard to case, or an empty string, and the rest."""
    first, _, rest = text.partition(" ")
    name = next((one for one in profiles if one.casefold() == first.casefold()), "")
    return (name, rest.strip()) if name else ("", text)


def other_profile(command: Command) -> str:
    """What a command names as its profile, if that is not one that delivers there; empty if it names none.

    After `why` a word before an arXiv id is a name: others may be of a title.
    """
    first, _, rest = command.text.partition(" ")
    if command.name == "why":
        paper = None if parse_paper_id(command.text) else parse_paper_id(rest)
        return first if paper and paper[0].startswith("arxiv:") else ""
    return "" if command.name == "pause" and _BEGINS_PAUSE.match(command.text) else first


def parse_pause(text: str, now: datetime, timezone: str) -> datetime | None:
    """When a pause ends: `for 2 weeks`, `1w`, `until 2026-12-27`; None for an empty text. Raises UserError."""
    if not text:
        return None
    if found := _FOR.fullmatch(text):
        number = int(found[1]) if found[1].isdigit() else 1
        end = now + timedelta(days=number * _DAYS[found[2][0].lower()])
    elif text.lower().startswith("until "):
        try:
            day = date.fromisoformat(text[6:].strip())
        except ValueError:
            raise UserError(f"{quote(text[6:])} is not a date: write it as 2026-12-27") from None
        end = datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
    else:
        raise UserError(
            f"{quote(text)} is not understood: write `pause for 2 weeks` or `pause until 2026-12-27`"
        )
    if not now < end <= now + LONGEST_PAUSE:
        raise UserError(
            "a pause ends within a year from now; without an end, it lasts until `/paperboy resume`"
        )
    return end
