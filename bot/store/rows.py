"""What several parts of the store need of the rows of editions and deliveries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import TextClause, bindparam, text

from bot.delivery.model import Delivery, DeliveryState, Edition, Stage
from bot.profiles.model import ChannelName
from bot.store.tables import Base, EditionRow


def delivery(row: Any) -> Delivery:
    """Of a DeliveryRow, or of a row of its table."""
    return Delivery(
        id=row.id,
        edition=row.edition,
        part=row.part,
        papers=row.papers,
        state=DeliveryState(row.state),
        channel=ChannelName(row.channel),
        target=row.target,
        subscription=row.subscription,
        attempts=row.attempts,
        stage=Stage(row.stage),
        unverified_retries=row.unverified_retries,
        started=row.started,
        since=row.since,
        until=row.until,
        receipt=row.receipt,
        why=row.why,
        incident=row.incident,
    )


def edition(row: EditionRow, deliveries: list[Delivery]) -> Edition:
    return Edition(
        id=row.id,
        subscription=row.subscription,
        profile=row.profile,
        channel=ChannelName(row.channel),
        target=row.target,
        on=row.on,
        papers=row.papers,
        candidates=row.candidates,
        why=row.why,
        deliveries=tuple(deliveries),
    )


def insert_if_absent(table: str) -> TextClause:
    """An INSERT of a whole row; one with its key stays as it is, also when another process stores it meanwhile."""
    columns = Base.metadata.tables[table].c
    names = list(columns.keys())
    places = ", ".join(f":{name}" for name in names)
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
    return text(statement).bindparams(*(bindparam(name, type_=columns[name].type) for name in names))


#: Somewhere is paused; a pause that is there already stays as it is.
PAUSE = insert_if_absent("pause")
