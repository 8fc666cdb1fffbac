"""How often the secret addresses of profiles' feeds were replaced (a `bot.web.services.FeedStore`)."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import col, select

from bot.store import rows
from bot.store.database import Database
from bot.store.tables import FeedRow

_ADD = rows.insert_if_absent("feed")


class Feeds:
    """Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def generation(self, profile: str) -> int:
        """0 for an address that was never replaced."""
        with self._database.reading() as session:
            return session.exec(select(FeedRow.generation).where(FeedRow.profile == profile)).first() or 0

    def replace(self, profile: str) -> None:
        """Make the present address invalid."""
        with self._database.writing() as connection:
            connection.execute(_ADD, {"profile": profile, "generation": 0})
            mine = col(FeedRow.profile) == profile
            connection.execute(update(FeedRow).where(mine).values(generation=FeedRow.generation + 1))
