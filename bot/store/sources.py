"""The last outcomes of the sources, and the validators of their answers."""

from __future__ import annotations

from dataclasses import fields

from sqlmodel import col, select

from bot.papers.model import SourceState
from bot.store.database import Database
from bot.store.tables import SourceRow, ValidatorRow

_FIELDS = tuple(f.name for f in fields(SourceState))


class Sources:
    """The stored states of the sources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> SourceState | None:
        with self._database.reading() as session:
            row = session.get(SourceRow, name)
            return _state(row) if row else None

    def put(self, state: SourceState) -> None:
        with self._database.session() as session:
            session.merge(SourceRow(**{name: getattr(state, name) for name in _FIELDS}))

    def all(self) -> tuple[SourceState, ...]:
        with self._database.reading() as session:
            return tuple(map(_state, session.exec(select(SourceRow).order_by(col(SourceRow.name)))))


class StoredValidators:
    """ETag and Last-Modified by URL, kept over restarts (for bot.sources.http)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, url: str) -> tuple[str | None, str | None] | None:
        with self._database.reading() as session:
            row = session.get(ValidatorRow, url)
            return (row.etag, row.last_modified) if row else None

    def put(self, url: str, etag: str | None, last_modified: str | None) -> None:
        with self._database.session() as session:
            session.merge(ValidatorRow(url=url, etag=etag, last_modified=last_modified))


def _state(row: SourceRow) -> SourceState:
    return SourceState(**{name: getattr(row, name) for name in _FIELDS})
