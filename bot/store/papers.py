"""The papers: stored as merged, found by any key they ever had."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, delete, func, insert, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from bot.papers.identity import title_key
from bot.papers.merge import Change, MergeBatch, entry_keys
from bot.papers.model import CountedPaper, Entry, Paper, TermCounter
from bot.store.database import Database
from bot.store.tables import AliasRow, LedgerRow, PaperRow, TermsRow

T = TypeVar("T")

#: Works on the shelf at a time; also keeps an IN list under SQLite's 32,766 parameters.
_BATCH = 500
_FIELDS = tuple(f.name for f in fields(Paper))
_LISTS = ("authors", "categories", "sources")
#: Of several papers that a key leads to: the one whose id it is.
_SUREST_FIRST = (col(AliasRow.key) != col(PaperRow.id), col(PaperRow.id))


class Papers:
    """The stored papers, and the counts of their terms. Every method is one transaction."""

    def __init__(self, database: Database, counting: TermCounter) -> None:
        self._database = database
        self._counting = counting

    def add(
        self, entries: Sequence[Entry], now: datetime, progress: Callable[[int], None] | None = None
    ) -> Counter[Change]:
        """Store what a listing shows, first seen `now`; says how many entries were new, updated or known.

        Ledgers follow a paper whose id changes.
        """
        changes: Counter[Change] = Counter()
        listed: set[str] = set()
        with self._database.session() as session:
            for batch in _batches(entries, _BATCH):
                shelf = _shelf(session, batch)
                shelf.listed = listed
                changes.update(shelf.add(entry, now) for entry in batch)
                reworded = _write(session, shelf)
                self._count(session, [shelf.papers[id_] for id_ in reworded])
                if progress:
                    progress(len(batch))
        return changes

    def known(self, entries: tuple[Entry, ...]) -> frozenset[int]:
        """Positions in `entries` of the works that are stored (ports.Known)."""
        with self._database.reading() as session:
            stored = [
                bool(shelf.find(entry))
                for batch in _batches(entries, _BATCH)
                for shelf in (_shelf(session, batch),)
                for entry in batch
            ]
        return frozenset(i for i, known in enumerate(stored) if known)

    def get(self, key: str) -> Paper | None:
        """The paper that an id, or a title, leads to."""
        with self._database.reading() as session:
            for wanted in (key, title_key(key)):
                found = session.exec(
                    select(PaperRow)
                    .join(AliasRow, col(AliasRow.paper) == col(PaperRow.id))
                    .where(AliasRow.key == wanted)
                    .order_by(*_SUREST_FIRST)
                ).first()
                if found:
                    return _paper(found)
        return None

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]:
        """Those of the ids that are stored, with their papers."""
        found: dict[str, Paper] = {}
        with self._database.reading() as session:
            for batch in _batches(sorted(set(ids)), _BATCH):
                pairs = session.exec(
                    select(AliasRow.key, PaperRow)
                    .join(PaperRow, col(AliasRow.paper) == col(PaperRow.id))
                    .where(col(AliasRow.key).in_(batch))
                    .order_by(*_SUREST_FIRST)
                )
                for key, row in pairs:
                    found.setdefault(key, _paper(row))
        return found

    def window(self, since: datetime, until: datetime) -> tuple[CountedPaper, ...]:
        """Papers first seen after `since` and by `until`, by id."""
        seen = (col(PaperRow.first_seen) > since, col(PaperRow.first_seen) <= until)
        return self._counted(_WITH_COUNTS.where(*seen).order_by(PaperRow.id))

    def sample(self, size: int, until: datetime, since: datetime | None = None) -> tuple[CountedPaper, ...]:
        """A fixed random sample of the papers first seen after `since` and by `until`; by id."""
        found = self._counted(_WITH_COUNTS.where(col(PaperRow.id).in_(_drawn(size, until, since))))
        return tuple(sorted(found, key=lambda one: one.paper.id))

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]:
        """The counts alone of a fixed random sample of all papers first seen by `until`."""
        drawn = col(PaperRow.id).in_(_drawn(size, until, None))
        with self._database.reading() as session:
            rows = session.execute(_COUNTS.where(drawn)).all()
        missing = [id_ for id_, version, _ in rows if version != self._counting.version]
        made = {one.paper.id: one.terms for one in self.counted(missing)}
        return tuple(made.get(id_) or counts for id_, _, counts in rows)

    def counted(self, ids: Iterable[str]) -> tuple[CountedPaper, ...]:
        """The papers of these canonical ids, with the counts of their terms."""
        batches = _batches(sorted(set(ids)), _BATCH)
        return tuple(
            one for batch in batches for one in self._counted(_WITH_COUNTS.where(col(PaperRow.id).in_(batch)))
        )

    def all(self, since: datetime | None = None) -> Iterator[Paper]:
        """Every stored paper, oldest first; `since`: only those first seen from then on."""
        where = [] if since is None else [col(PaperRow.first_seen) >= since]
        with self._database.reading() as session:
            query = select(PaperRow).where(*where).order_by(col(PaperRow.first_seen), PaperRow.id)
            for row in session.exec(query.execution_options(yield_per=_BATCH)):
                yield _paper(row)

    def count(self) -> int:
        with self._database.reading() as session:
            return session.exec(select(func.count()).select_from(PaperRow)).one()

    def _counted(self, query: Select[Any]) -> tuple[CountedPaper, ...]:
        """Counts that are missing, or of another version, are made and kept."""
        with self._database.reading() as session:
            rows = session.execute(query).all()
        papers = [
            _made(dict(zip(_FIELDS, row, strict=False))) for row in rows
        ]  # the paper's columns come first
        current = [row.terms_version == self._counting.version for row in rows]
        missing = [paper for paper, has in zip(papers, current, strict=True) if not has]
        made = {}
        if missing:
            with self._database.session() as session:
                made = self._count(session, missing)
        return tuple(
            CountedPaper(paper, made.get(paper.id) or row.counts)
            for paper, row in zip(papers, rows, strict=True)
        )

    def _count(self, session: Session, papers: Sequence[Paper]) -> dict[str, bytes]:
        """Count the terms of some stored papers anew; one that was deleted meanwhile is counted, not kept."""
        made = {paper.id: self._counting.count(paper.title, paper.abstract) for paper in papers}
        for batch in _batches(sorted(made), _BATCH):
            session.execute(delete(TermsRow).where(col(TermsRow.paper).in_(batch)))
            there = session.exec(select(PaperRow.id).where(col(PaperRow.id).in_(batch)))
            rows = [{"paper": id_, "version": self._counting.version, "counts": made[id_]} for id_ in there]
            _run(session, insert(TermsRow), rows)
        return made


_JOINED = col(TermsRow.paper) == col(PaperRow.id)
_TERMS: list[Any] = [TermsRow.version.label("terms_version"), TermsRow.counts]  # type: ignore[attr-defined]
_PAPER: list[Any] = [getattr(PaperRow, name) for name in _FIELDS]
_WITH_COUNTS: Select[Any] = select_columns(*_PAPER, *_TERMS).outerjoin(TermsRow, _JOINED)
_COUNTS: Select[Any] = select_columns(col(PaperRow.id), *_TERMS).outerjoin(TermsRow, _JOINED)


def _drawn(size: int, until: datetime, since: datetime | None) -> Select[Any]:
    """Ids of the papers that are drawn."""
    where = [col(PaperRow.first_seen) <= until, col(PaperRow.withdrawn).is_(False)]
    if since is not None:
        where.append(col(PaperRow.first_seen) > since)
    return (
        select_columns(col(PaperRow.id))
        .where(*where)
        .order_by(col(PaperRow.draw), col(PaperRow.id))
        .limit(size)
    )


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


# --- MergeBatch in, shelf out ----------------------------------------------------------------------------------


def _shelf(session: Session, entries: Sequence[Entry]) -> MergeBatch:
    """What the store has on these entries: their papers, with every key of each."""
    wanted = {key for entry in entries for key in entry_keys(entry)}
    ids = set(session.exec(select(AliasRow.paper).where(col(AliasRow.key).in_(wanted))))
    aliases: dict[str, list[str]] = {id_: [] for id_ in ids}
    for alias in session.exec(select(AliasRow).where(col(AliasRow.paper).in_(ids))):
        aliases[alias.paper].append(alias.key)
    shelf = MergeBatch()
    for row in session.exec(select(PaperRow).where(col(PaperRow.id).in_(ids))):
        shelf.put(_paper(row), aliases[row.id])
        session.expunge(row)
    return shelf


def _write(session: Session, shelf: MergeBatch) -> list[str]:
    """Returns ids of the papers whose text is new."""
    _rename(session, shelf)
    texts = select(PaperRow.id, PaperRow.title, PaperRow.abstract).where(col(PaperRow.id).in_(shelf.touched))
    stored = {id_: (title, abstract) for id_, title, abstract in session.exec(texts)}
    touched = [_values(shelf.papers[id_]) for id_ in sorted(shelf.touched)]
    _run(session, insert(PaperRow), [row for row in touched if row["id"] not in stored])
    changed = [{"key_": row["id"], **row} for row in touched if row["id"] in stored]
    _run(session, update(PaperRow.__table__).where(col(PaperRow.id) == bindparam("key_")), changed)  # type: ignore[attr-defined]
    _write_aliases(session, shelf)
    written = ((id_, shelf.papers[id_]) for id_ in sorted(shelf.touched))
    return [id_ for id_, paper in written if stored.get(id_) != (paper.title, paper.abstract)]


def _write_aliases(session: Session, shelf: MergeBatch) -> None:
    ids = sorted(shelf.touched)
    rows = session.exec(select(AliasRow.paper, AliasRow.key).where(col(AliasRow.paper).in_(ids)))
    stored = set(rows)
    missing = [(id_, key) for id_ in ids for key in sorted(shelf.aliases[id_]) if (id_, key) not in stored]
    _run(session, insert(AliasRow), [{"paper": id_, "key": key} for id_, key in missing])


def _rename(session: Session, shelf: MergeBatch) -> None:
    """Old ids go, what refers to them follows; two ledger rows that become one are one."""
    for old, new in shelf.renamed:
        already = select(LedgerRow.subscription).where(LedgerRow.paper == new)
        session.execute(
            delete(LedgerRow).where(
                col(LedgerRow.paper) == old, col(LedgerRow.subscription).in_(already.scalar_subquery())
            )
        )
        session.execute(update(LedgerRow).where(col(LedgerRow.paper) == old).values(paper=new))
        session.execute(delete(AliasRow).where(col(AliasRow.paper) == old))
        session.execute(delete(PaperRow).where(col(PaperRow.id) == old))


def _run(session: Session, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(statement, rows)


def _values(paper: Paper) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(paper, name) for name in _FIELDS}
    values.update({name: list(values[name]) for name in _LISTS})
    values["draw"] = int.from_bytes(hashlib.sha256(paper.id.encode()).digest()[:4]) >> 1  # fits an INTEGER
    return values


def _paper(row: PaperRow) -> Paper:
    return _made({name: getattr(row, name) for name in _FIELDS})


def _made(values: dict[str, Any]) -> Paper:
    values.update({name: tuple(values[name]) for name in _LISTS})
    return Paper(**values)
