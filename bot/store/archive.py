"""The stored editions as readers look them up (a `bot.delivery.archive.Archive`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, tuple_
from sqlalchemy import select as select_columns
from sqlmodel import col

from bot.delivery.archive import ArchivedDigest, ArchivedEdition, Cursor, SentPaper
from bot.delivery.editions import from_json, with_stored
from bot.profiles.model import ChannelName
from bot.store.database import Database
from bot.store.papers import papers_by_keys
from bot.store.tables import EditionRow, LedgerRow

_NAMES = ("id", "profile", "subscription", "channel", "target", "on", "papers")
#: The database reads it out of the digest: 1 ms for 30 digests of 13 kB.
_BEST: Any = col(EditionRow.digest)[("papers", 0, "paper", "title")].as_string().label("best")
_COLUMNS: list[Any] = [*(getattr(EditionRow, name) for name in _NAMES), _BEST]
_NEWEST_FIRST = (col(EditionRow.on).desc(), col(EditionRow.id).desc())


class EditionArchive:
    """Every method is one query, whose time does not grow with the archive."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, profile: str, limit: int, after: Cursor | None = None) -> tuple[ArchivedEdition, ...]:
        """At most `limit` editions of a profile, newest first, quiet ones included."""
        query = select_columns(*_COLUMNS).where(col(EditionRow.profile) == profile)
        if after:
            query = query.where(tuple_(col(EditionRow.on), col(EditionRow.id)) < tuple_(*after))
        with self._database.reading() as session:
            return tuple(map(_edition, session.execute(query.order_by(*_NEWEST_FIRST).limit(limit))))

    def digest(self, edition: str) -> ArchivedDigest | None:
        """An edition by its id, with its digest."""
        return self._digest(_WITH_DIGEST.where(col(EditionRow.id) == edition))

    def newest(self, profile: str) -> ArchivedDigest | None:
        """The newest edition of a profile that has papers."""
        theirs = (col(EditionRow.profile) == profile, col(EditionRow.papers) > 0)
        return self._digest(_WITH_DIGEST.where(*theirs).order_by(*_NEWEST_FIRST).limit(1))

    def sent(self, papers: Collection[str], profiles: Collection[str]) -> dict[str, list[SentPaper]]:
        """In which editions of the profiles the papers were, by the papers' ids; newest first, then by channel."""
        names = ("id", "profile", "on", "channel", "target")
        query = (
            select_columns(col(LedgerRow.paper), *(getattr(EditionRow, name) for name in names))
            .join(EditionRow, col(EditionRow.id) == col(LedgerRow.edition))
            .where(col(LedgerRow.paper).in_(list(papers)), col(EditionRow.profile).in_(list(profiles)))
            .order_by(col(EditionRow.on).desc(), col(EditionRow.channel), col(EditionRow.target))
        )
        found: defaultdict[str, list[SentPaper]] = defaultdict(list)
        with self._database.reading() as session:
            for row in session.execute(query):
                paper, edition, profile, on, channel, target = row
                found[paper].append(SentPaper(paper, edition, profile, on, ChannelName(channel), target))
        return dict(found)

    def _digest(self, query: Select[Any]) -> ArchivedDigest | None:
        with self._database.reading() as session:
            row = session.execute(query).first()
            if row is None:
                return None
            digest = from_json(row.digest)
            if row.thin:
                ids = (paper.id for paper in digest.mentioned)
                digest = with_stored(digest, papers_by_keys(session, ids))
        return ArchivedDigest(_edition(row), digest)


_WITH_DIGEST: Select[Any] = select_columns(*_COLUMNS, col(EditionRow.digest), col(EditionRow.thin))


def _edition(row: Any) -> ArchivedEdition:
    values: dict[str, Any] = {name: getattr(row, name) for name in _NAMES}
    return ArchivedEdition(**values | {"channel": ChannelName(row.channel), "best": row.best or ""})
