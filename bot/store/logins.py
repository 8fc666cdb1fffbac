"""Mailed log-in links and sessions (a `bot.web.services.LoginStore`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, update
from sqlmodel import col, select

from bot.store.database import Database
from bot.store.tables import LoginRow


class Logins:
    """Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, id_: str, address: str, now: datetime) -> None:
        with self._database.writing() as connection:
            connection.execute(insert(LoginRow).values(id=id_, address=address, made=now))

    def check(self) -> None:
        """Raise DatabaseError if nothing can be stored at the moment."""
        with self._database.writing():
            pass

    def link_address(self, id_: str, since: datetime) -> str | None:
        """The address of a link made after `since` that was not used."""
        with self._database.reading() as connection:
            return connection.exec(select(LoginRow.address).where(*_usable(id_, since))).first()

    def use(self, id_: str, session: str, now: datetime, since: datetime) -> str | None:
        """The address of a link made after `since` that was not used, whose session begins; None for any other."""
        with self._database.writing() as connection:
            used = connection.execute(
                update(LoginRow).where(*_usable(id_, since)).values(used=now, session=session)
            )
            address = select(LoginRow.address).where(LoginRow.id == id_)
            return connection.scalar(address) if used.rowcount else None

    def address(self, session: str, since: datetime) -> str | None:
        """Whose session it is, if it began after `since` and has not ended."""
        current = (
            col(LoginRow.session) == session,
            col(LoginRow.used) > since,
            col(LoginRow.ended).is_(None),
        )
        with self._database.reading() as connection:
            return connection.exec(select(LoginRow.address).where(*current)).first()

    def end(self, session: str, now: datetime) -> None:
        with self._database.writing() as connection:
            connection.execute(update(LoginRow).where(col(LoginRow.session) == session).values(ended=now))

    def made_since(self, address: str, since: datetime) -> int:
        """How many links were mailed to an address."""
        theirs = (col(LoginRow.address) == address, col(LoginRow.made) > since)
        with self._database.reading() as connection:
            return connection.exec(select(func.count()).select_from(LoginRow).where(*theirs)).one()


def _usable(id_: str, since: datetime) -> tuple[Any, ...]:
    return col(LoginRow.id) == id_, col(LoginRow.used).is_(None), col(LoginRow.made) > since
