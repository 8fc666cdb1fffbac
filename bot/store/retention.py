"""Removes what nobody needs any more (docs/running.md, "How the database grows"), a batch in each transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, exists, func, select, text, union_all, update

from bot.delivery.editions import thin_json
from bot.delivery.model import ALERTS, DeliveryState
from bot.store.database import Database
from bot.store.papers import take_turn
from bot.store.tables import THIN, Base

#: Rows in one transaction, for which other writers wait: the slowest, papers, take about 2 ms each on SQLite.
BATCH = 50
#: Seconds between two transactions, in which writers that wait get their turn.
PAUSE = 0.05
SUNDAY = 6
MERGED = 100  #: pages of SQLite's search index that one transaction merges: 0.1 to 0.4 s
#: Log-in links, sessions and failed searches for papers are over after 30 days.
EXPIRY = timedelta(days=31)

(_PAPER, _TERMS, _ALIAS, _LEDGER, _EDITION, _DELIVERY, _MESSAGE, _ATTEMPT, _LOGIN, _LOOKUP, _ANSWER) = (
    Base.metadata.tables[name]
    for name in "paper terms alias ledger edition delivery message attempt login lookup answer".split()  # noqa: SIM905
)

_CHANGES = text("SELECT total_changes()")
_MERGE = text("INSERT INTO search (search, rank) VALUES ('merge', :pages)")
#: To the end of the table: rows that shrink where they are leave holes that SQLite fills with no other row.
_MOVE = text("UPDATE paper SET rowid = (SELECT max(rowid) + 1 FROM paper) WHERE id = :id")


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of rows to thin."""

    query: Select[Any]  #: their keys
    thin: Callable[
        [Connection, Sequence[Any]], object
    ]  #: removes what is not needed of the rows with these keys


class Retention:
    """Thins the database. Ledgers, answers, profile edits, and which papers an edition had are never removed."""

    def __init__(self, database: Database, pause: Callable[[float], None] = time.sleep) -> None:
        """`pause`: waits so many seconds; may raise to end the work, which goes on at the next call."""
        self._database = database
        self._pause = pause

    def thin(
        self,
        now: datetime,
        papers: timedelta | None,
        messages: timedelta | None,
        named: Collection[str],
        *,
        dry_run: bool = False,
    ) -> dict[str, int]:
        """Thin what is older than `papers` and `messages`; None: nothing is. Returns the number of rows by kind.

        `named`: keys of the papers that profiles name, which keep their abstracts. `dry_run`: only count.
        """
        kinds = self._kinds(now, papers, messages, named)
        if dry_run:
            return {name: self._count(kind) for name, kind in kinds.items()}
        done = {name: self._thin(kind) for name, kind in kinds.items()}
        if papers is not None and now.weekday() == SUNDAY and self._database.is_sqlite:
            self._merge_search()
        return done

    def _count(self, kind: _Kind) -> int:
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(kind.query.subquery())) or 0

    def _thin(self, kind: _Kind) -> int:
        done = 0
        while True:
            with self._database.writing(durable=False) as connection:
                keys = connection.scalars(kind.query.limit(BATCH)).all()
                if keys:
                    kind.thin(connection, keys)
            done += len(keys)
            if len(keys) < BATCH:
                return done
            self._pause(PAUSE)

    def _merge_search(self) -> None:
        """Merge the parts of SQLite's search index: each has what later ones removed, until the two are merged.

        https://www.sqlite.org/fts5.html#the_merge_command
        """
        pages = -MERGED  # the first step makes all parts due
        is_merging = True
        while is_merging:
            with self._database.writing(durable=False) as connection:
                before = connection.scalar(_CHANGES)
                connection.execute(_MERGE, {"pages": pages})
                is_merging = pages < 0 or connection.scalar(_CHANGES) - before > 1
            pages = MERGED
            self._pause(PAUSE)

    def _kinds(
        self, now: datetime, papers: timedelta | None, messages: timedelta | None, named: Collection[str]
    ) -> Mapping[str, _Kind]:
        kinds = {
            "log-ins": _deletion(_LOGIN.c.id, _LOGIN.c.made < now - EXPIRY),
            "searches for papers": _deletion(_LOOKUP.c.key, _LOOKUP.c.asked < now - EXPIRY),
        }
        if papers is not None:
            # By the index of samples, which has the thin papers apart: all others are read, never those.
            old = select(_PAPER.c.id).where(_PAPER.c.draw > THIN, _PAPER.c.first_seen < now - papers)
            kinds["papers"] = _Kind(old.order_by(_PAPER.c.draw), self._thin_papers(named))
        if messages is not None:
            kinds |= _of_messages(now - messages)
        return kinds

    def _thin_papers(self, named: Collection[str]) -> Callable[[Connection, Sequence[str]], object]:
        """Takes papers out of the samples, removes their term counts, and the abstracts of those that nobody was
        sent, no answer is about, and no profile names.
        """
        keys = union_all(select(_ANSWER.c.paper), self._database.values(named))
        is_named = exists().where(_ALIAS.c.paper == _PAPER.c.id, _ALIAS.c.key.in_(keys))
        is_sent = exists().where(_LEDGER.c.paper == _PAPER.c.id)

        def thin(connection: Connection, ids: Sequence[str]) -> None:
            take_turn(connection)
            chosen = _PAPER.c.id.in_(ids)
            connection.execute(delete(_TERMS).where(_TERMS.c.paper.in_(ids)))
            connection.execute(update(_PAPER).where(chosen).values(draw=THIN))
            unread = (_PAPER.c.abstract != "", ~is_named, ~is_sent)
            connection.execute(update(_PAPER).where(chosen, *unread).values(abstract=""))
            if self._database.is_sqlite:
                connection.execute(_MOVE, [{"id": id_} for id_ in ids])

        return thin


def _of_messages(before: datetime) -> Mapping[str, _Kind]:
    """What was needed for sending, of what was sent before a time."""
    # A condition of each row: a join would begin with everything that was ever sent.
    is_sent = (_DELIVERY.c.state == DeliveryState.SENT, _DELIVERY.c.started < before)
    has_unsent = exists().where(_DELIVERY.c.edition == _EDITION.c.id, _DELIVERY.c.state != DeliveryState.SENT)
    alerts = (_DELIVERY.c.subscription == ALERTS, *is_sent)
    digests = select(_EDITION.c.id).where(~_EDITION.c.thin, _EDITION.c.on < before.date(), ~has_unsent)
    return {
        "messages": _deletion(
            _MESSAGE.c.delivery, exists().where(_DELIVERY.c.id == _MESSAGE.c.delivery, *is_sent)
        ),
        "attempts": _deletion(
            _ATTEMPT.c.id,
            _ATTEMPT.c.started < before,
            exists().where(_DELIVERY.c.id == _ATTEMPT.c.delivery, *is_sent),
        ),
        "digests": _Kind(digests, _thin_digests),
        "alerts": _deletion(_DELIVERY.c.id, *alerts),
    }


def _deletion(key: Any, *where: Any) -> _Kind:
    def remove(connection: Connection, keys: Sequence[Any]) -> None:
        connection.execute(delete(key.table).where(key.in_(keys)))

    return _Kind(select(key).where(*where), remove)


def _thin_digests(connection: Connection, ids: Sequence[str]) -> None:
    rows = connection.execute(select(_EDITION.c.id, _EDITION.c.digest).where(_EDITION.c.id.in_(ids)))
    thin = [{"key": id_, "thin_digest": thin_json(digest)} for id_, digest in rows]
    statement = update(_EDITION).where(_EDITION.c.id == bindparam("key"))
    connection.execute(statement.values(digest=bindparam("thin_digest"), thin=True), thin)
