"""Answers for the tests of feedback."""

from __future__ import annotations

from itertools import count
from typing import Any

from bot.feedback.model import Answer, AnswerKind, Via
from tests.support.builders import NOW

_NUMBERS = count(1)
PAPER = "arxiv:2605.00001"


def answered(kind: AnswerKind = AnswerKind.MORE, subject: str = "", **changes: Any) -> Answer:
    """An answer of Ada's, with an action of its own."""
    fields = {"action": f"action {next(_NUMBERS)}", "profile": "ada", "who": "command:ada", "paper": PAPER}
    return Answer(**{**fields, "kind": kind, "subject": subject, "at": NOW, "via": Via.COMMAND, **changes})
