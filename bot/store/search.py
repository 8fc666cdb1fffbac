"""Full text search over the stored papers: SQLite's FTS5 or PostgreSQL's text search (migration 0012)."""

from __future__ import annotations

from bot.papers.query import Order, Query, SearchPage
from bot.store.database import Database
from bot.store.papers import Papers


class PaperSearch:
    """Finds stored papers (a `bot.papers.query.Search`)."""

    def __init__(self, database: Database, papers: Papers) -> None:
        self._database = database
        self._papers = papers

    def search(self, query: Query, limit: int, offset: int = 0, order: Order = Order.RELEVANCE) -> SearchPage:
        """At most `limit` papers after the first `offset`, withdrawn ones included."""
        raise NotImplementedError
