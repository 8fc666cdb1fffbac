"""Rows of deliveries and editions as values, and inserts that several modules use."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import TextClause, bindparam, text

from bot.delivery.model import Delivery, DeliveryState, Edition, Stage
from bot.profiles.model import ChannelName
from bot.store.tables import Base, EditionRow

_DELIVERY = tuple(field.name for field in fields(Delivery))
#: The fields of an Edition that are columns of its row.
EDITION_FIELDS = tuple(field.name for field in fields(Edition) if field.name != "deliveries")


def delivery(row: Any) -> Delivery:
    """The value of a DeliveryRow, or of a row of its table."""
    values: dict[str, Any] = {name: getattr(row, name) for name in _DELIVERY}
    kinds = {
        "state": DeliveryState(row.state),
        "channel": ChannelName(row.channel),
        "stage": Stage(row.stage),
    }
    return Delivery(**values | kinds)


def edition(row: EditionRow, deliveries: list[Delivery]) -> Edition:
    values: dict[str, Any] = {name: getattr(row, name) for name in EDITION_FIELDS}
    return Edition(**values | {"channel": ChannelName(row.channel), "deliveries": tuple(deliveries)})


def insert_if_absent(table: str, leave_out: tuple[str, ...] = ()) -> TextClause:
    """An INSERT of a whole row, but for columns that the database fills. One with the same key stays as it is, even
    if another process adds it meanwhile.
    """
    columns = Base.metadata.tables[table].c
    names = [column.key for column in columns if column.key not in leave_out]
    places = ", ".join(f":{name}" for name in names)
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
    return text(statement).bindparams(*(bindparam(name, type_=columns[name].type) for name in names))


#: Pause a scope; an earlier pause of it stays as it is.
PAUSE = insert_if_absent("pause")
