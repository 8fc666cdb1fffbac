"""Profiles as values: what a person or a team looks for, and where it is delivered. Texts are readable Unicode."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Final, Literal


class ChannelName(StrEnum):
    SLACK = "slack"
    EMAIL = "email"
    MAILDIR = "maildir"


class Match(StrEnum):
    """How well a paper fits a profile, as a word, best first; the least fits are in `bot.ranking.model`."""

    STRONG = "strong"
    GOOD = "good"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Interest:
    phrase: str
    weight: float = 1.0  #: > 0
    without: tuple[str, ...] = ()  #: terms that do not count for it


@dataclass(frozen=True, slots=True)
class Reference:
    """A paper to resemble or to avoid: by id, by title, or by the text of a library file's entry."""

    id: str | None = None  #: canonical id
    title: str = ""
    abstract: str = ""
    answered: bool = False  #: by a reader's answer, not by the profile's file


@dataclass(frozen=True, slots=True)
class Mute:
    terms: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


LONGEST_WINDOW = 90  #: days
#: In the place of a time of day: when arXiv has announced papers, and they are stored.
ANNOUNCEMENT: Final = "announcement"
WEEK = (0, 1, 2, 3, 4, 5, 6)  #: Monday is 0, as in datetime.weekday()


@dataclass(frozen=True, slots=True)
class Subscription:
    """One `deliver` entry of a profile. Its key, which the ledger uses, does not depend on its times."""

    profile: str
    channel: ChannelName
    target: str
    at: time | Literal["announcement"] = time(8, 0)  #: wall clock in the profile's zone
    days: tuple[int, ...] = WEEK
    resend_uncertain: bool = (
        True  #: send a mail once more that may have arrived, instead of waiting for a decision
    )
    weekly_line: bool = False  #: send a short message after a week without papers

    @property
    def is_weekly(self) -> bool:
        return len(self.days) == 1

    @property
    def at_text(self) -> str:
        """`at` as a profile has it: `08:30` or `announcement`."""
        return f"{self.at:%H:%M}" if isinstance(self.at, time) else self.at

    @property
    def key(self) -> str:
        return f"{self.profile}:{self.channel}:{self.target}"


@dataclass(frozen=True, slots=True)
class Profile:
    """One person's or team's interests."""

    id: str  #: the file's name without its ending
    timezone: str = "UTC"  #: an IANA zone that zoneinfo knows
    interests: tuple[Interest, ...] = ()
    about: str = ""
    without: tuple[str, ...] = ()  #: terms that do not count for `about`
    like: tuple[Reference, ...] = ()
    dislike: tuple[Reference, ...] = ()
    authors: tuple[str, ...] = ()
    avoid: tuple[Interest, ...] = ()
    mute: Mute = Mute()
    categories: tuple[str, ...] = ()
    limit: int = 10
    threshold: Match | float = Match.GOOD  #: the least match, or relevance from 0 to 100; `auto` is GOOD
    window: int = 7  #: days a paper stays a candidate, at most LONGEST_WINDOW
    trending: float = 0.0  #: 0 to 1: the share of the score that Hugging Face votes make
    deliver: tuple[Subscription, ...] = ()
    was: str = ""  #: a former id: what was sent under it counts for this profile
    paused_until: date | None = None  #: no digest before this local date
    #: Those of the followed and muted authors that readers' answers added to the file.
    answered_authors: frozenset[str] = frozenset()

    def is_paused(self, on: date) -> bool:
        """Whether it has no digest for a local date."""
        return self.paused_until is not None and on < self.paused_until

    @property
    def is_weekly(self) -> bool:
        return bool(self.deliver) and all(subscription.is_weekly for subscription in self.deliver)
