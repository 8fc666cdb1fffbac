"""The conversion of stored texts from TeX to Unicode, once, between migrations 0005 and 0006.

Earlier versions stored titles, abstracts, names and organizations as the sources wrote them. Papers are converted in
batches in the order of their ids. Each batch and the id of its last paper are one transaction, so that a conversion
that was interrupted continues after the last whole batch. On PostgreSQL only one process converts; on SQLite, where a
transaction has the file to itself, several take turns. Ids, aliases and term counts stay: they were always made of
the readable texts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from sqlalchemy import Connection, Engine, bindparam, func, inspect, select, text, update
from sqlmodel import col

from bot.store.tables import PaperRow
from bot.text.readable import readable_line, readable_paragraphs

#: Papers in one transaction: on SQLite other writers wait for it.
BATCH = 500

#: From a description and a number of steps to a context that yields a function to call after each step.
Progress = Callable[[str, int], AbstractContextManager[Callable[[str], None]]]


def no_progress(description: str, total: int) -> AbstractContextManager[Callable[[str], None]]:
    return nullcontext(lambda step: None)


def convert_texts(engine: Engine, progress: Progress = no_progress) -> None:
    """Convert the papers that are not converted yet."""
    with engine.connect() as connection:
        last = _last_converted(connection)
        if last is None:
            return
        papers = connection.execute(select(func.count()).where(col(PaperRow.id) > last)).scalar_one()
    if not papers:
        return
    with progress("Converting stored texts to Unicode", -(-papers // BATCH)) as step:
        while last := _convert_batch(engine):
            step(last)


def _last_converted(connection: Connection) -> str | None:
    """The id of the last converted paper; None when another process has finished the conversion."""
    if not inspect(connection).has_table("conversion"):
        return None
    return str(connection.execute(text("SELECT last FROM conversion")).scalar_one())


def _convert_batch(engine: Engine) -> str:
    """Convert the next batch; the id of its last paper, empty when there was none."""
    table = PaperRow.__table__  # type: ignore[attr-defined]
    columns = table.c.id, table.c.title, table.c.abstract, table.c.authors, table.c.organization
    with engine.begin() as connection:
        last = _last_converted(connection)
        if last is None:
            return ""
        rows = connection.execute(
            select(*columns).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
        ).all()
        changed = []
        for id_, title, abstract, authors, organization in rows:
            texts = (
                readable_line(title),
                readable_paragraphs(abstract),
                [readable_line(author) for author in authors],
                readable_line(organization) if organization else organization,
            )
            if texts != (title, abstract, authors, organization):
                names = ("title", "abstract", "authors", "organization")
                changed.append({"paper": id_, **dict(zip(names, texts, strict=True))})
        if changed:
            connection.execute(update(table).where(table.c.id == bindparam("paper")), changed)
        if rows:
            connection.execute(text("UPDATE conversion SET last = :last"), {"last": rows[-1].id})
    return rows[-1].id if rows else ""
