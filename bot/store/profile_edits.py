"""The changes of profile files that Paperboy made, the person who asked for each, and the former texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime

from sqlmodel import col, select

from bot.profiles.edits import ProfileEdit
from bot.store.database import Database
from bot.store.tables import ProfileEditRow

_FIELDS = tuple(field.name for field in fields(ProfileEdit))


class ProfileEdits:
    """The stored changes; rows are only added. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        profile: str,
        who: str,
        at: datetime,
        before: str,
        after: str,
        write: Callable[[], bool] = lambda: True,
    ) -> ProfileEdit | None:
        """Store a change. `write`: makes it, within the transaction, so that none is made without being stored;
        None if it returns False.
        """
        row = ProfileEditRow(profile=profile, who=who, at=at, before=before, after=after)
        with self._database.session() as session:
            session.add(row)
            session.flush()
            if write():
                return _edit(row)
            session.rollback()
            return None

    def list(self, profile: str, limit: int) -> tuple[ProfileEdit, ...]:
        """At most `limit` changes of a profile, newest first."""
        query = select(ProfileEditRow).where(col(ProfileEditRow.profile) == profile)
        with self._database.reading() as session:
            return tuple(map(_edit, session.exec(query.order_by(col(ProfileEditRow.id).desc()).limit(limit))))

    def get(self, id_: int) -> ProfileEdit | None:
        with self._database.reading() as session:
            row = session.get(ProfileEditRow, id_)
            return _edit(row) if row else None


def _edit(row: ProfileEditRow) -> ProfileEdit:
    return ProfileEdit(**{name: getattr(row, name) for name in _FIELDS})
