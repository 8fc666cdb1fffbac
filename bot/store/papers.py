"""The stored papers: merged from entries, and found by every id or title that they ever had."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from bot.digests.day import Arrival
from bot.papers.identity import has_words, title_key, title_letters
from bot.papers.merge import Change, MergeBatch, entry_keys
from bot.papers.model import CountedPaper, Entry, Paper, TermCounter
from bot.store.database import Database
from bot.store.tables import THIN, AliasRow, LedgerRow, PaperRow, TermsRow

T = TypeVar("T")

#: Entries or papers at a time; also keeps an IN list under SQLite's 32,766 parameters.
_BATCH = 500
_ADDING = 0x7061706572  #: PostgreSQL's lock of those who add papers: a number of our own
_FIELDS = tuple(f.name for f in fields(Paper))
_LISTS = ("authors", "categories", "sources")
#: When a key leads to several papers, the one whose id it is comes first.
_OWN_ID_FIRST = (col(AliasRow.key) != col(PaperRow.id), col(PaperRow.id))


class Papers:
    """The stored papers, and the counts of their terms. Every method is one transaction."""

    def __init__(self, database: Database, counting: TermCounter) -> None:
        self._database = database
        self._counting = counting

    def add(
        self,
        entries: Sequence[Entry],
        now: datetime,
        progress: Callable[[int], None] | None = None,
        *,
        is_live: bool = False,
    ) -> Counter[Change]:
        """Store the entries of a listing, first seen `now`. Returns how many were new, updated or known.

        When the id of a paper changes, its ledger rows follow. `progress` is called with the entries of each batch.
        `is_live`: `now` is the real time, and corrects the impossible ones that a wrong clock wrote.
        """
        changes: Counter[Change] = Counter()
        listed: set[str] = set()
        with self._database.session() as session:
            take_turn(session.connection())
            for batch in _batches(entries, _BATCH):
                merging = _load_batch(session, batch)
                merging.listed, merging.is_live = listed, is_live
                changes.update(merging.add(entry, now) for entry in batch)
                changed = _write(session, merging)
                self._count(session, [merging.papers[id_] for id_ in changed])
                if progress:
                    progress(len(batch))
        return changes

    def known(self, entries: tuple[Entry, ...]) -> frozenset[int]:
        """Positions in `entries` of the works that are stored."""
        is_stored: list[bool] = []
        with self._database.reading() as session:
            for batch in _batches(entries, _BATCH):
                merging = _load_batch(session, batch)
                is_stored += (bool(merging.find(entry)) for entry in batch)
        return frozenset(i for i, known in enumerate(is_stored) if known)

    def get(self, key: str) -> Paper | None:
        """The paper with an id or a readable title."""
        with self._database.reading() as session:
            for wanted in (key, title_key(key)):
                found = session.exec(
                    select(PaperRow)
                    .join(AliasRow, col(AliasRow.paper) == col(PaperRow.id))
                    .where(AliasRow.key == wanted)
                    .order_by(*_OWN_ID_FIRST)
                ).first()
                if found:
                    return _paper(found)
        return None

    def with_title_part(self, part: str, limit: int) -> tuple[Paper, ...]:
        """At most `limit` papers that have a text in a title, in any case, accents and punctuation; newest first.

        When titles have it in whole words, only those count.
        Of a very long title only the beginning is searched: as much as its key has.
        """
        letters = title_letters(part)
        if not letters:
            return ()
        keys = select(AliasRow.paper).where(col(AliasRow.key).like(f"title:%{letters}%"))
        newest_first = (col(PaperRow.first_seen).desc(), col(PaperRow.id))
        titles = select(PaperRow.id, PaperRow.title).where(col(PaperRow.id).in_(keys)).order_by(*newest_first)
        with self._database.reading() as session:
            found = session.exec(titles).all()
            chosen = [id_ for id_, title in found if has_words(title, part)] or [id_ for id_, _ in found]
            query = select(PaperRow).where(col(PaperRow.id).in_(chosen[:limit])).order_by(*newest_first)
            return tuple(map(_paper, session.exec(query)))

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]:
        """The papers that are stored, by the ids asked for."""
        with self._database.reading() as session:
            return papers_by_keys(session, ids)

    def window(self, since: datetime, until: datetime) -> tuple[CountedPaper, ...]:
        """Papers first seen after `since` and by `until`, by id."""
        return self._counted(_WITH_COUNTS.where(*_seen(since, until)).order_by(PaperRow.id))

    def window_ids(self, since: datetime, until: datetime) -> tuple[str, ...]:
        """The ids of the papers of `window`."""
        with self._database.reading() as session:
            return tuple(session.exec(select(PaperRow.id).where(*_seen(since, until))))

    def sample(self, size: int, until: datetime, since: datetime | None = None) -> tuple[CountedPaper, ...]:
        """A fixed random sample of the papers first seen after `since` and by `until`; by id."""
        found = self._counted(_WITH_COUNTS.where(col(PaperRow.id).in_(_sample_ids(size, until, since))))
        return tuple(sorted(found, key=lambda one: one.paper.id))

    def sample_ids(self, size: int, until: datetime, since: datetime | None = None) -> tuple[str, ...]:
        """The ids of the papers of `sample`."""
        with self._database.reading() as session:
            return tuple(session.scalars(_sample_ids(size, until, since)))

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]:
        """The term counts of a fixed random sample of all papers first seen by `until`."""
        sampled = col(PaperRow.id).in_(_sample_ids(size, until))
        with self._database.reading() as session:
            rows = session.execute(_COUNTS.where(sampled)).all()
        outdated = [id_ for id_, version, _ in rows if version != self._counting.version]
        recounted = {one.paper.id: one.terms for one in self.counted(outdated)}
        return tuple(recounted.get(id_) or counts for id_, _, counts in rows)

    def digests(self, size: int, until: datetime) -> tuple[bytes, ...]:
        """As `sampled_counts`, with the MD5 of the counts as hexadecimal digits."""
        sampled = col(PaperRow.id).in_(_sample_ids(size, until))
        return tuple(digest for _, digest in self._digested(_DIGESTS.where(sampled)))

    def window_digests(self, since: datetime, until: datetime) -> tuple[CountedPaper, ...]:
        """As `window`, with the MD5 of the counts."""
        query = select_columns(*_PAPER, *_DIGEST).outerjoin(TermsRow, _JOINED)
        found = self._digested(query.where(*_seen(since, until)).order_by(PaperRow.id))
        return tuple(CountedPaper(_paper_of(row), digest) for row, digest in found)

    def sample_digests(
        self, size: int, until: datetime, since: datetime | None = None
    ) -> tuple[CountedPaper, ...]:
        """As `sample`, with the MD5 of the counts, and of each paper only its id, authors and votes."""
        query = select_columns(*_OUTLINE, *_DIGEST).outerjoin(TermsRow, _JOINED)
        found = self._digested(query.where(col(PaperRow.id).in_(_sample_ids(size, until, since))))
        outlines = (
            CountedPaper(
                Paper(
                    id=row.id,
                    title="",
                    first_seen=row.first_seen,
                    authors=tuple(row.authors),
                    votes=row.votes,
                ),
                digest,
            )
            for row, digest in found
        )
        return tuple(sorted(outlines, key=lambda one: one.paper.id))

    def _digested(self, query: Select[Any]) -> Iterator[tuple[Any, bytes]]:
        """The rows of a query with their digests; none of counts that are missing or of another version."""
        with self._database.reading() as session:
            for row in session.execute(query):
                is_current = row.terms_version == self._counting.version
                yield row, row.digest.encode() if is_current else b""

    def counted(self, ids: Iterable[str]) -> tuple[CountedPaper, ...]:
        """The papers with these canonical ids, with their term counts."""
        batches = _batches(sorted(set(ids)), _BATCH)
        return tuple(
            one
            for batch in batches
            for one in self._counted(_WITH_COUNTS.where(col(PaperRow.id).in_(batch)).order_by(PaperRow.id))
        )

    def all(self, since: datetime | None = None) -> Iterator[Paper]:
        """Every stored paper, or those first seen from `since` on; oldest first."""
        where = [] if since is None else [col(PaperRow.first_seen) >= since]
        with self._database.reading() as session:
            query = select(PaperRow).where(*where).order_by(col(PaperRow.first_seen), PaperRow.id)
            for row in session.exec(query.execution_options(yield_per=_BATCH)):
                yield _paper(row)

    def newest(self, until: datetime) -> datetime | None:
        """When the newest paper was first seen, by `until`; None without papers."""
        with self._database.reading() as session:
            seen = select(func.max(PaperRow.first_seen)).where(col(PaperRow.first_seen) <= until)
            return session.exec(seen).one()

    def arrivals(self, since: datetime, until: datetime) -> tuple[Arrival, ...]:
        """How many papers were first seen at each time after `since` and by `until`. The index alone answers it."""
        query = (
            select_columns(col(PaperRow.first_seen), func.count())
            .where(*_seen(since, until))
            .group_by(col(PaperRow.first_seen))
        )
        with self._database.reading() as session:
            return tuple(Arrival(*row) for row in session.execute(query))

    def count(self) -> int:
        with self._database.reading() as session:
            return session.exec(select(func.count()).select_from(PaperRow)).one()

    def _counted(self, query: Select[Any]) -> tuple[CountedPaper, ...]:
        """The papers of a query; term counts that are missing or of another version are made and stored."""
        with self._database.reading() as session:
            rows = [(_paper_of(row), row) for row in session.execute(query)]
        outdated = [paper for paper, row in rows if row.terms_version != self._counting.version]
        recounted = {}
        if outdated:
            with self._database.session() as session:
                recounted = self._count(session, outdated)
        return tuple(CountedPaper(paper, recounted.get(paper.id) or row.counts) for paper, row in rows)

    def _count(self, session: Session, papers: Sequence[Paper]) -> dict[str, bytes]:
        """Count the terms of papers, and store the counts of those that are still stored."""
        counted = {paper.id: self._counting.count(paper.title, paper.abstract) for paper in papers}
        for batch in _batches(sorted(counted), _BATCH):
            session.execute(delete(TermsRow).where(col(TermsRow.paper).in_(batch)))
            stored = session.exec(select(PaperRow.id).where(col(PaperRow.id).in_(batch)))
            rows = [
                {"paper": id_, "version": self._counting.version, "counts": counted[id_]} for id_ in stored
            ]
            _run(session, insert(TermsRow), rows)
        return counted


def take_turn(connection: Connection) -> None:
    """Wait until no other transaction writes papers, as on SQLite: two listings may show the same new paper at the
    same time.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select_columns(func.pg_advisory_xact_lock(_ADDING)))


def papers_by_keys(session: Session, ids: Iterable[str]) -> dict[str, Paper]:
    """See `Papers.by_keys`."""
    found: dict[str, Paper] = {}
    for batch in _batches(sorted(set(ids)), _BATCH):
        pairs = session.exec(
            select(AliasRow.key, PaperRow)
            .join(PaperRow, col(AliasRow.paper) == col(PaperRow.id))
            .where(col(AliasRow.key).in_(batch))
            .order_by(*_OWN_ID_FIRST)
        )
        for key, row in pairs:
            found.setdefault(key, _paper(row))
    return found


_JOINED = col(TermsRow.paper) == col(PaperRow.id)
_TERMS: list[Any] = [TermsRow.version.label("terms_version"), TermsRow.counts]  # type: ignore[attr-defined]
_PAPER: list[Any] = [getattr(PaperRow, name) for name in _FIELDS]
_WITH_COUNTS: Select[Any] = select_columns(*_PAPER, *_TERMS).outerjoin(TermsRow, _JOINED)
_COUNTS: Select[Any] = select_columns(col(PaperRow.id), *_TERMS).outerjoin(TermsRow, _JOINED)
_DIGEST: list[Any] = [TermsRow.version.label("terms_version"), func.md5(TermsRow.counts).label("digest")]  # type: ignore[attr-defined]
_DIGESTS: Select[Any] = select_columns(*_DIGEST).select_from(PaperRow).outerjoin(TermsRow, _JOINED)
_OUTLINE: list[Any] = [PaperRow.id, PaperRow.first_seen, PaperRow.authors, PaperRow.votes]


def _seen(since: datetime, until: datetime) -> tuple[Any, Any]:
    return col(PaperRow.first_seen) > since, col(PaperRow.first_seen) <= until


def _sample_ids(size: int, until: datetime, since: datetime | None = None) -> Select[Any]:
    where = [
        col(PaperRow.draw) > THIN,
        col(PaperRow.first_seen) <= until,
        col(PaperRow.withdrawn).is_(False),
    ]
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


# --- Merging ----------------------------------------------------------------------------------------------


def _load_batch(session: Session, entries: Sequence[Entry]) -> MergeBatch:
    """The stored papers that the entries may belong to, with every key of each."""
    wanted = {key for entry in entries for key in entry_keys(entry)}
    ids = set(session.exec(select(AliasRow.paper).where(col(AliasRow.key).in_(wanted))))
    aliases: dict[str, list[str]] = {id_: [] for id_ in ids}
    for alias in session.exec(select(AliasRow).where(col(AliasRow.paper).in_(ids))):
        aliases[alias.paper].append(alias.key)
    merging = MergeBatch()
    for row in session.exec(select(PaperRow).where(col(PaperRow.id).in_(ids))):
        merging.put(_paper(row), aliases[row.id])
        session.expunge(row)
    return merging


def _write(session: Session, merging: MergeBatch) -> list[str]:
    """Write the merged papers. Returns the ids of those whose title or abstract changed."""
    _rename(session, merging)
    texts = select(PaperRow.id, PaperRow.title, PaperRow.abstract).where(
        col(PaperRow.id).in_(merging.touched)
    )
    stored = {id_: (title, abstract) for id_, title, abstract in session.exec(texts)}
    touched = [_values(merging.papers[id_]) for id_ in sorted(merging.touched)]
    _run(session, insert(PaperRow), [row for row in touched if row["id"] not in stored])
    changed = [{"key_": row["id"], **row} for row in touched if row["id"] in stored]
    _run(session, update(PaperRow.__table__).where(col(PaperRow.id) == bindparam("key_")), changed)  # type: ignore[attr-defined]
    _write_aliases(session, merging)
    written = ((id_, merging.papers[id_]) for id_ in sorted(merging.touched))
    return [id_ for id_, paper in written if stored.get(id_) != (paper.title, paper.abstract)]


def _write_aliases(session: Session, merging: MergeBatch) -> None:
    ids = sorted(merging.touched)
    rows = session.exec(select(AliasRow.paper, AliasRow.key).where(col(AliasRow.paper).in_(ids)))
    stored = set(rows)
    missing = [(id_, key) for id_ in ids for key in sorted(merging.aliases[id_]) if (id_, key) not in stored]
    _run(session, insert(AliasRow), [{"paper": id_, "key": key} for id_, key in missing])


def _rename(session: Session, merging: MergeBatch) -> None:
    """Replace old ids by new ones, in the ledger too; of two ledger rows that become equal one is deleted."""
    for old, new in merging.renamed:
        already = select(LedgerRow.receiver).where(LedgerRow.paper == new)
        session.execute(
            delete(LedgerRow).where(
                col(LedgerRow.paper) == old, col(LedgerRow.receiver).in_(already.scalar_subquery())
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
    return _paper_of(getattr(row, name) for name in _FIELDS)


def _paper_of(values: Iterable[Any]) -> Paper:
    """`values`: the columns of `_PAPER`, and others after them."""
    fields = dict(zip(_FIELDS, values, strict=False))
    return Paper(**fields | {name: tuple(fields[name]) for name in _LISTS})
