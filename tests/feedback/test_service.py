"""Recording answers: what is new, what was so already, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import UserError
from bot.feedback.model import Answer, AnswerKind, Via
from bot.feedback.service import LONGEST_SUBJECT, Feedback, Recorded
from tests.support.answers import PAPER
from tests.support.builders import NOW

K = AnswerKind


class Memory:
    """An AnswerStore in memory."""

    def __init__(self) -> None:
        self.rows: list[Answer] = []

    def add(self, answer: Answer) -> bool:
        is_new = all(one.action != answer.action for one in self.rows)
        self.rows += [answer] * is_new
        return is_new

    def of(self, profiles: Any, until: Any = None) -> dict[str, list[Answer]]:
        return {name: [row for row in self.rows if row.profile == name] for name in profiles}


@pytest.fixture
def feedback() -> Feedback:
    return Feedback(Memory())


def give(feedback: Feedback, kind: AnswerKind, action: str = "a", **changes: str) -> Recorded:
    return feedback.answer("ada", "command:ada", kind, PAPER, NOW, Via.COMMAND, action=action, **changes)


def current(feedback: Feedback) -> list[str]:
    return [one.what for one in feedback.current("ada")]


def test_an_answer_counts_once(feedback: Feedback) -> None:
    """An action that arrives twice, and the same answer by another action, change nothing."""
    assert give(feedback, K.MORE).is_new
    again = give(feedback, K.MORE, "b")
    assert (again.answer.action, again.is_new) == ("a", False)
    assert not give(feedback, K.LESS, "a").is_new
    assert current(feedback) == ["more"]
    assert give(feedback, K.LESS, "c").is_new
    assert current(feedback) == ["less"]


def test_taking_back(feedback: Feedback) -> None:
    """Once, also by somebody else; then it may be given again."""
    given = give(feedback, K.MORE).answer
    undone = feedback.undo(given, "web:eve@example.org", NOW, Via.WEB, action="b")
    assert (undone.is_new, undone.answer.undoes, undone.answer.who) == (True, "a", "web:eve@example.org")
    assert not feedback.undo(given, "web:eve@example.org", NOW, Via.WEB, action="c").is_new
    assert current(feedback) == []
    assert give(feedback, K.MORE, "d").is_new
    assert feedback.find("ada", "d")
    assert feedback.find("ada", "a") is None


def test_subjects(feedback: Feedback) -> None:
    """Authors and terms need a name, on one line and not too long; papers take none."""
    assert give(feedback, K.FOLLOW, subject=" Ada\nLovelace ").answer.subject == "Ada Lovelace"
    assert len(give(feedback, K.NOT_BECAUSE, "b", subject="x" * 999).answer.subject) == LONGEST_SUBJECT
    with pytest.raises(UserError, match="mute needs a name"):
        give(feedback, K.MUTE, "c")
    with pytest.raises(UserError, match="more takes no name"):
        give(feedback, K.MORE, "d", subject="Ada Lovelace")
