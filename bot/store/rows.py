"""What several parts of the store need of the rows of editions and deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, bindparam, insert, text, update
from sqlmodel import Session

from bot.model import ChannelName, Delivery, DeliveryState, Edition, Stage
from bot.store.tables import DeliveryRow, EditionRow, PauseRow


def delivery(row: DeliveryRow) -> Delivery:
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
        blind=row.blind,
        started=row.started,
        until=row.until,
        receipt=row.receipt,
        why=row.why,
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


def change(session: Session, where: list[Any], **values: Any) -> bool:
    """A conditional update of deliveries. Whether there was one that fits."""
    result = session.execute(
        update(DeliveryRow).where(*where).values(**values).execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount > 0


def insert_rows(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(insert(table), rows)


def insert_unless_there(session: Session, table: Any, **values: Any) -> bool:
    """Whether the row is new. One with its key stays as it is, also when another process stores it meanwhile."""
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    into = f"{table.__tablename__} ({names}) VALUES ({places})"
    statement = f"INSERT INTO {into} ON CONFLICT DO NOTHING"
    columns = table.__table__.c
    typed = [bindparam(name, value, type_=columns[name].type) for name, value in values.items()]
    result = session.execute(text(statement).bindparams(*typed))
    assert isinstance(result, CursorResult)
    return result.rowcount > 0


def pause(session: Session, scope: str, why: str, now: datetime) -> None:
    """A pause that is there already stays as it is."""
    insert_unless_there(session, PauseRow, scope=scope, since=now, why=why)
