"""The turns of receivers, which take one message in each `spacing` from the senders of all processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from bot.delivery.model import SendSlot
from bot.store.database_clock import DATABASE_NOW
from bot.store.rows import insert_if_absent
from bot.store.tables import Base

_TURN = Base.metadata.tables["lane"]
#: A turn further away than this was taken before the database's clock was set back.
_LONGEST_QUEUE = timedelta(minutes=5)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

_IS_ITS = _TURN.c.lane == bindparam("receiver")
_ADD = insert_if_absent("lane")
_READ = select(_TURN.c.free).where(_IS_ITS).with_for_update()
_READ_CLOCK = select(DATABASE_NOW)
_RESERVE = update(_TURN).where(_IS_ITS).values(free=bindparam("new_free"))


def reserve_turn(connection: Connection, slot: SendSlot) -> float:
    """Seconds until the next free time of a receiver, at least `spacing` after the one before."""
    row = {"receiver": slot.receiver}
    connection.execute(_ADD, {"lane": slot.receiver, "free": _LONG_AGO})
    free: datetime = connection.execute(_READ, row).scalar_one()
    now: datetime = connection.execute(_READ_CLOCK).scalar_one()  # read when the row is locked
    turn = free if now < free <= now + _LONGEST_QUEUE else now
    connection.execute(_RESERVE, row | {"new_free": turn + slot.spacing})
    return (turn - now).total_seconds()
