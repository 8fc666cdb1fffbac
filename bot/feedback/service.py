"""Recording answers: the one way in, for the command line, Slack, mail and the web."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bot.errors import UserError
from bot.feedback.model import Answer, AnswerKind, Via, in_effect
from bot.text.plain import one_line

LONGEST_SUBJECT = 200  #: characters of an author's name or a term


class AnswerStore(Protocol):
    """The stored answers (`bot.store.answers`)."""

    def add(self, answer: Answer) -> bool:
        """Store an answer; False if its action is stored already."""
        ...

    def of(self, profiles: Iterable[str], until: datetime | None = None) -> Mapping[str, Sequence[Answer]]:
        """All answers of profiles given by a time, undone ones included, in the order in which they were stored."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    answer: Answer
    is_new: bool  #: False if it was in effect already


@dataclass(frozen=True, slots=True)
class Feedback:
    """Answers of people to the papers of profiles."""

    store: AnswerStore

    def answer(
        self,
        profile: str,
        who: str,
        kind: AnswerKind,
        paper: str,
        at: datetime,
        via: Via,
        *,
        action: str,
        subject: str = "",
        interest: str = "",
    ) -> Recorded:
        """Record an answer. One that is in effect already is not recorded again.

        `action`: the id of what the person did; the same id again changes nothing. Raises UserError for an answer
        about an author or a term that names none.
        """
        subject = one_line(subject)[:LONGEST_SUBJECT]
        if (kind in (AnswerKind.FOLLOW, AnswerKind.MUTE, AnswerKind.NOT_BECAUSE)) != bool(subject):
            raise UserError(f"{kind!s} needs a name" if not subject else f"{kind!s} takes no name")
        answer = Answer(action, profile, who, kind, paper, at, via, subject, one_line(interest))
        current = next((one for one in self.current(profile) if one.topic == answer.topic), None)
        if current and current.kind is kind:
            return Recorded(current, False)
        return Recorded(answer, self.store.add(answer))

    def undo(self, answer: Answer, who: str, at: datetime, via: Via, *, action: str) -> Recorded:
        """Take back an answer of this profile. Who does so may be another person than who gave it."""
        row = replace(answer, action=action, who=who, at=at, via=via, undoes=answer.action)
        is_current = any(one.action == answer.action for one in self.current(answer.profile))
        return Recorded(row, is_current and self.store.add(row))

    def find(self, profile: str, action: str) -> Answer | None:
        """The answer in effect that an action gave; None when there is none."""
        return next((one for one in self.current(profile) if one.action == action), None)

    def current(self, profile: str, until: datetime | None = None) -> tuple[Answer, ...]:
        """The answers of a profile that are in effect, oldest first."""
        return in_effect(self.store.of([profile], until).get(profile, ()))
