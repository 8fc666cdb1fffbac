"""The database's clock, as an SQL expression.

It decides who holds what: the clocks of senders differ, and a call may set its own (`--on`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from bot.store.tables import UtcDateTime


class DatabaseTime(FunctionElement[datetime]):
    """The time of the database's clock so many seconds from when the statement runs."""

    inherit_cache = True
    type = UtcDateTime()

    def __init__(self, seconds: ColumnElement[float]) -> None:
        super().__init__(seconds)


@compiles(DatabaseTime, "postgresql")
def _postgresql(element: DatabaseTime, compiler: Any, **options: Any) -> str:
    # now() would be the start of the transaction, perhaps before a wait for a lock
    return f"clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **options)})"


@compiles(DatabaseTime, "sqlite")
def _sqlite(element: DatabaseTime, compiler: Any, **options: Any) -> str:
    # The text that SQLAlchemy stores for a datetime, whose fraction has six digits: texts are compared.
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {seconds} || ' seconds')"


DATABASE_NOW = DatabaseTime(literal(0.0, Float()))
