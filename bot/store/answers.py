"""Readers' answers (a `bot.feedback.service.AnswerStore`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import col, select

from bot.feedback.model import Answer, AnswerKind, Via
from bot.store import rows
from bot.store.database import Database
from bot.store.tables import AliasRow, AnswerRow, PaperRow

_FIELDS = tuple(field.name for field in fields(Answer))
_ADD = rows.insert_if_absent("answer", leave_out=("id",))


#: The id of an answer's paper, by its former id if no paper has that now.
_PAPER = func.coalesce(
    select_columns(col(PaperRow.id)).where(col(PaperRow.id) == col(AnswerRow.paper)).scalar_subquery(),
    select_columns(func.min(AliasRow.paper))
    .where(col(AliasRow.key) == col(AnswerRow.paper))
    .scalar_subquery(),
    col(AnswerRow.paper),
)


class Answers:
    """The stored answers; rows are only added. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, answer: Answer) -> bool:
        """Store an answer; False if its action is stored already."""
        values = {name: getattr(answer, name) for name in _FIELDS}
        with self._database.writing() as connection:
            return connection.execute(_ADD, values).rowcount > 0

    def of(self, profiles: Iterable[str], until: datetime | None = None) -> dict[str, list[Answer]]:
        """All answers of profiles given by a time, undone ones included, in the order in which they were stored.

        A paper has the id that it has now, if it was merged with another one or got another id.
        """
        query = (
            select(AnswerRow, _PAPER)
            .where(col(AnswerRow.profile).in_(self._database.values(list(profiles))))
            .order_by(col(AnswerRow.id))
        )
        if until:
            query = query.where(col(AnswerRow.at) <= until)
        found: defaultdict[str, list[Answer]] = defaultdict(list)
        with self._database.reading() as session:
            for row, paper in session.exec(query):
                found[row.profile].append(_answer(row, paper))
        return dict(found)


def _answer(row: AnswerRow, paper: str) -> Answer:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return Answer(**values | {"kind": AnswerKind(row.kind), "via": Via(row.via), "paper": paper})
