"""Answers of readers as values. One never changes; what is in effect is computed from all of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.clock import require_aware


class AnswerKind(StrEnum):
    MORE = "more"
    LESS = "less"
    FOLLOW = "follow"
    MUTE = "mute"
    NOT_BECAUSE = "not because of"
    OPEN = "open"  #: the reader opened the paper; nothing is learned from it


class Via(StrEnum):
    """Where an answer was given."""

    COMMAND = "command"
    SLACK = "slack"
    MAIL = "mail"
    WEB = "web"


#: Kinds of which a person's newest answer to the same thing replaces the earlier ones.
_OF_PAPER = (AnswerKind.MORE, AnswerKind.LESS)
_OF_AUTHOR = (AnswerKind.FOLLOW, AnswerKind.MUTE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person said about one paper of a profile."""

    action: str  #: id of the action; an action that arrives twice is stored once
    profile: str
    who: str  #: `slack:U0ADA`, `mail:ada@example.org`, `web:ada@example.org`, `command:ada`
    kind: AnswerKind
    paper: str  #: canonical id
    at: datetime  #: UTC
    via: Via
    subject: str = ""  #: the author of FOLLOW and MUTE, the term of NOT_BECAUSE
    interest: str = ""  #: of NOT_BECAUSE, as the profile writes it; empty for `about`
    undoes: str = (
        ""  #: the action of an earlier answer that this one takes back; its other fields are that answer's
    )

    def __post_init__(self) -> None:
        require_aware(self.at)

    @property
    def what(self) -> str:
        """`more`, `follow Ada Example`, `not because of models`"""
        return f"{self.kind} {self.subject}" if self.subject else str(self.kind)

    @property
    def person(self) -> str:
        """The address of who is known by one, by mail or on the web; else `who`."""
        name = self.who.partition(":")[2]
        return name if "@" in name else self.who

    @property
    def topic(self) -> tuple[str, ...]:
        """What it is about: of a person's answers with the same topic only the newest is in effect."""
        if self.kind in _OF_PAPER:
            return (self.person, "paper", self.paper)
        if self.kind in _OF_AUTHOR:
            return (self.person, "author", self.subject.casefold())
        return (self.person, self.kind, self.interest.casefold(), self.subject.casefold() or self.paper)


def in_effect(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """The answers that are not taken back, replaced, or only about opening; in the order given.

    An answer that was replaced stays so when the newer one is taken back: then there is none. `answers`: of one
    profile, in the order in which they were stored.
    """
    newest: dict[tuple[str, ...], Answer] = {}
    for answer in answers:
        if answer.undoes:
            newest = {topic: one for topic, one in newest.items() if one.action != answer.undoes}
        elif answer.kind is not AnswerKind.OPEN:
            newest.pop(answer.topic, None)  # so that the order is that of the newest answers
            newest[answer.topic] = answer
    return tuple(newest.values())
