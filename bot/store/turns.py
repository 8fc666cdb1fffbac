"""The turns of receivers, which take one message in each `spacing` from the senders of all processes.

And the turns of services, which take one request at a time from all processes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Float, bindparam, or_, select, update

from bot.delivery.model import SendSlot
from bot.store.database import Database
from bot.store.database_clock import DATABASE_NOW, DatabaseTime
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


class RequestTurns:
    """The turns of groups of services, each of which one process asks at a time (for bot.sources.http).

    A turn is a row whose time is the end of the holder's lease while it asks, and then the time of the next request.
    """

    #: Longest wait in seconds before the next look: the holder may give its turn back early.
    POLL = 1.0

    _FREE = DatabaseTime(bindparam("seconds", type_=Float()))
    _TAKE = (
        update(_TURN)
        .where(_IS_ITS, or_(_TURN.c.free <= DATABASE_NOW, _TURN.c.free > DatabaseTime(bindparam("longest"))))
        .values(free=_FREE)
        .returning(_TURN.c.free)
    )
    _GIVE_BACK = update(_TURN).where(_IS_ITS, _TURN.c.free == bindparam("held")).values(free=_FREE)

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[str, datetime] = {}  #: by group: the end of the lease

    def take(self, group: str, lease: float) -> float:
        """Take the turn of a group for `lease` seconds, more than a request takes.

        Returns 0 when it is taken, or else after how many seconds to try again. Raises DatabaseError.
        """
        name = f"source:{group}"
        with self._database.writing(durable=False) as connection:
            row = {"receiver": name}
            connection.execute(_ADD, {"lane": name, "free": _LONG_AGO})
            # A turn that ends later than any lease was taken before the database's clock was set back.
            taken = connection.execute(self._TAKE, row | {"seconds": lease, "longest": lease + 1}).scalar()
            if taken:
                self._held[group] = taken
                return 0.0
            free: datetime = connection.execute(select(_TURN.c.free).where(_IS_ITS), row).scalar_one()
            now: datetime = connection.execute(_READ_CLOCK).scalar_one()
        return min(max((free - now).total_seconds(), 0.01), self.POLL)

    def give_back(self, group: str, spacing: float) -> None:
        """End the turn: the next may begin in `spacing` seconds. Nothing happens if another process has taken it,
        because the lease was over. Raises DatabaseError.
        """
        with self._database.writing(durable=False) as connection:
            row = {"receiver": f"source:{group}", "held": self._held.pop(group), "seconds": spacing}
            connection.execute(self._GIVE_BACK, row)
