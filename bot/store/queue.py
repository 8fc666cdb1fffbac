"""The stored deliveries as a sender needs them: what is due, who attempts it, how far that came and how it went.

Every change of state is a conditional update, so that two senders never hold one delivery, in one process or in
several, on SQLite and on PostgreSQL. Leases go by the database's clock; a sender's `now` decides only which waits are
over, and what is recorded.

Only `hand_over` and `renew` wait for the disk. What a power cut can undo of the rest does no harm: a claim is made
again, and a lost outcome leaves the delivery in doubt, as if its sender had died.

The statements are built once, because building one takes longer than running it. A bind named `new_...` is what a
column is set to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.delivery.model import (
    FORBIDDEN,
    Checked,
    Claim,
    DeliveryState,
    Envelope,
    Finished,
    OpenDelivery,
    SendSlot,
    Stage,
    Transition,
)
from bot.errors import InvariantViolation, LeaseLost
from bot.profiles.model import ChannelName
from bot.store.database import Database
from bot.store.database_clock import DATABASE_NOW, DatabaseTime
from bot.store.rows import PAUSE
from bot.store.send_checks import read_checked
from bot.store.tables import Base, DeliveryRow, UtcDateTime
from bot.store.together import Together
from bot.store.turns import reserve_turn

_DELIVERY, _ATTEMPT, _EDITION, _PAUSE = (
    Base.metadata.tables[name] for name in ("delivery", "attempt", "edition", "pause")
)
_D, _A = _DELIVERY.c, _ATTEMPT.c

# --- Conditions and values --------------------------------------------------------------------------------

_ID: Any = bindparam("delivery_id")
_NOW: Any = bindparam("now", type_=UtcDateTime())
_NEW_UNTIL: Any = bindparam("new_until", type_=UtcDateTime())
_NEW_LEASE = DatabaseTime(bindparam("new_lease", type_=Float()))  # in seconds


def _new_or_current(name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The parameter, or where it is None what the column holds."""
    return func.coalesce(bindparam(name, type_=column.type), column)


def _is_due() -> ColumnElement[bool]:
    """Never tried, or its wait is over, or its sender's lease. What is held for a person waits for no time."""
    states = (DeliveryState.WAITING, DeliveryState.UNCERTAIN)
    # an IN would not use the index
    again = or_(*(_D.state == state for state in states)) & (_D.until <= _NOW)
    left = (_D.state == DeliveryState.SENDING) & (_D.lease <= DATABASE_NOW)
    return or_(_D.state == DeliveryState.PENDING, again, left)


def is_not_paused() -> ColumnElement[bool]:
    return ~exists().where(_PAUSE.c.scope.in_((_D.channel, _D.channel + ":" + _D.target, _D.subscription)))


def _earlier_parts_are_sent() -> ColumnElement[bool]:
    """A part goes out after those before it: a thread needs its first message, a reader the order."""
    part = _DELIVERY.alias("earlier")
    unsent = (part.c.edition == _D.edition) & (part.c.part < _D.part) & (part.c.state != DeliveryState.SENT)
    return ~exists(select(part.c.id).where(unsent).correlate(_DELIVERY))


#: The delivery is being sent by this owner. A lease that ran out counts as long as nobody has taken over.
_IS_HELD = (_D.id == _ID, _D.state == DeliveryState.SENDING, _D.owner == bindparam("holder"))
_NEWEST_ATTEMPT = select(func.max(_A.id)).where(_A.delivery == _ID).scalar_subquery()


class _HandOver(NamedTuple):
    """What one thread hands over."""

    values: Mapping[str, Any]
    finished: Finished | None


class _NotAllError(Exception):
    """Undoes a transaction."""


class Queue:
    """The stored deliveries. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hand_over_together = Together(self._hand_over_few)

    _OPEN = (
        select(_D.id, _D.channel, _D.target)
        .outerjoin(_EDITION, _D.edition == _EDITION.c.id)
        .where(_is_due(), is_not_paused(), _D.subscription.in_(bindparam("subscriptions", expanding=True)))
        .order_by(_EDITION.c.on, _D.subscription, _D.part)
    )

    def open(self, subscriptions: Iterable[str], now: datetime) -> tuple[OpenDelivery, ...]:
        """Deliveries to try now, oldest first: never tried, due again, uncertain, or left by a dead process.

        Those that a pause stops are not among them; parts that wait for earlier ones are.
        """
        values = {"now": now, "subscriptions": list(subscriptions)}
        with self._database.reading() as session:
            rows = session.connection().execute(self._OPEN, values)
            return tuple(OpenDelivery(id_, ChannelName(channel), target) for id_, channel, target in rows)

    def check(self, ids: Iterable[str]) -> dict[str, Checked]:
        """Read deliveries that are to be claimed next, and check whether they may be sent; without missing ones."""
        with self._database.reading() as session:
            return read_checked(ids, session.connection())

    #: Any change since the delivery was read shows in one of these columns: a claim counts an attempt.
    _IS_UNCHANGED = (
        _D.state == bindparam("seen_state"),
        _D.stage == bindparam("seen_stage"),
        _D.attempts == bindparam("seen_attempts"),
    )
    _TAKE = (
        update(_DELIVERY)
        .where(_D.id == _ID, *_IS_UNCHANGED, _is_due(), is_not_paused(), _earlier_parts_are_sent())
        .values(
            state=DeliveryState.SENDING,
            stage=bindparam("new_stage"),
            owner=bindparam("holder"),
            lease=_NEW_LEASE,
            until=None,
            started=func.coalesce(_D.started, _NOW),
            attempts=_D.attempts + 1,
        )
    )
    _TAKE_NEW = (
        update(_DELIVERY)
        .where(
            _D.id.in_(
                # without those that another sender changes right now: two senders never wait for each other
                select(_D.id)
                .where(
                    _D.id.in_(bindparam("ids", expanding=True)),
                    _D.state == DeliveryState.PENDING,
                    _D.attempts == 0,
                    is_not_paused(),
                    _earlier_parts_are_sent(),
                )
                .order_by(_D.id)
                .with_for_update(skip_locked=True)
            )
        )
        .values(
            state=DeliveryState.SENDING,
            stage=Stage.CLAIMED,
            owner=bindparam("holder"),
            lease=_NEW_LEASE,
            started=func.coalesce(_D.started, _NOW),
            attempts=1,
        )
        .returning(_D.id)
    )
    _ADD_ATTEMPT = insert(_ATTEMPT).values(delivery=_ID, started=_NOW, stage=Stage.CLAIMED, why="")
    _END_OF_DEAD_SENDER = (
        update(_ATTEMPT).where(_A.id == _NEWEST_ATTEMPT).values(stage=bindparam("new_stage"))
    )
    _FIRST_RECEIPT = select(_D.receipt).where(_D.edition == bindparam("edition_id"), _D.part == 1)
    _FORBID = (
        update(_DELIVERY)
        .where(_D.id == _ID)
        .values(
            state=DeliveryState.FAILED,
            owner=None,
            lease=None,
            until=None,
            service_out_since=None,
            reported=False,
            why=bindparam("new_why"),
            incident=bindparam("new_incident"),
            attempts=bindparam("new_attempts"),
        )
    )

    def claim(
        self,
        id_: str,
        owner: str,
        now: datetime,
        lease: timedelta,
        checked: Checked | None = None,
    ) -> Claim | None:
        """Take a delivery for one attempt, which is recorded; None when another has it or it is not due.

        `checked`: what `check` returned a moment ago; a delivery that has changed since is not taken. Raises
        InvariantViolation when it must not be sent; it has failed then.
        """
        with self._database.writing(durable=False) as connection:
            if not (found := checked or read_checked([id_], connection).get(id_)):
                return None
            before = found.delivery
            # What may have arrived stays in doubt until an outcome is recorded: its sender may die looking it up.
            stage = Stage.DOUBTED if before.may_have_arrived else Stage.CLAIMED
            seen = {"seen_state": before.state, "seen_stage": before.stage, "seen_attempts": before.attempts}
            taken = {"holder": owner, "now": now, "new_lease": lease.total_seconds(), "new_stage": stage}
            if not connection.execute(self._TAKE, {"delivery_id": id_} | seen | taken).rowcount:
                return None
            if found.violation:
                failed = {
                    "new_why": found.violation,
                    "new_incident": f"{FORBIDDEN}{id_}",
                    "new_attempts": before.attempts,
                }
                connection.execute(self._FORBID, {"delivery_id": id_} | failed)
            else:
                if before.state is DeliveryState.SENDING:
                    dead = {"delivery_id": id_, "new_stage": before.stage}
                    connection.execute(self._END_OF_DEAD_SENDER, dead)
                connection.execute(self._ADD_ATTEMPT, {"delivery_id": id_, "now": now})
            # Only now: on PostgreSQL the first part may have been sent since the row was read.
            first = {"edition_id": before.edition}
            thread = connection.execute(self._FIRST_RECEIPT, first).scalar() if before.part > 1 else None
        if found.violation:
            raise InvariantViolation(
                f"stopped before sending {id_}: {found.violation}. Nothing more is sent in this round"
            )
        return _claim(found, now, thread)

    def claim_new(self, few: Iterable[Checked], owner: str, now: datetime, lease: timedelta) -> list[Claim]:
        """Take deliveries that were never tried for one attempt each, in their order; without those that others have.

        `few`: what `check` returned a moment ago, without violations.
        """
        found = {one.delivery.id: one for one in few}
        taken = {"ids": [*found], "holder": owner, "now": now, "new_lease": lease.total_seconds()}
        with self._database.writing(durable=False) as connection:
            ids = set(connection.execute(self._TAKE_NEW, taken).scalars())
            mine = [one for id_, one in found.items() if id_ in ids]
            if mine:
                values = [{"delivery_id": one.delivery.id, "now": now} for one in mine]
                connection.execute(self._ADD_ATTEMPT, values)
        return [_claim(one, now) for one in mine]

    _GIVE_BACK = (
        update(_DELIVERY)
        .where(*_IS_HELD, _D.stage == Stage.CLAIMED)
        .values(
            state=DeliveryState.PENDING,
            owner=None,
            lease=None,
            started=bindparam("new_started", type_=UtcDateTime()),
            attempts=0,
        )
    )
    _REMOVE_ATTEMPT = delete(_ATTEMPT).where(_A.id == _NEWEST_ATTEMPT, _A.finished.is_(None))

    def give_back(self, claims: Iterable[Claim], owner: str) -> None:
        """Undo `claim_new`, where no attempt has begun."""
        with self._database.writing(durable=False) as connection:
            for claim in claims:
                values = {
                    "delivery_id": claim.delivery.id,
                    "holder": owner,
                    "new_started": claim.delivery.started,
                }
                if connection.execute(self._GIVE_BACK, values).rowcount:
                    connection.execute(self._REMOVE_ATTEMPT, values)

    _HAND_OVER = (
        update(_DELIVERY)
        .where(*_IS_HELD)
        .values(
            stage=bindparam("new_stage"),
            lease=_NEW_LEASE,
            unverified_retries=_new_or_current("new_retries", _D.unverified_retries),
        )
    )

    def hand_over(
        self,
        id_: str,
        owner: str,
        stage: Stage,
        lease: timedelta,
        slot: SendSlot | None = None,
        unverified_retries: int | None = None,
        finished: Finished | None = None,
    ) -> float | None:
        """Note, on disk, that the content is about to go out, renew the lease, and reserve a time for the `slot`.

        `unverified_retries`: how many are left after this one, when this is one. `finished`: the outcome of another
        attempt, recorded in the same transaction. Threads that hand over at once, without a slot, do it in one
        transaction. Returns the seconds until the reserved time. Raises LeaseLost when another sender has taken the
        delivery over.
        """
        ids = {"delivery_id": id_, "holder": owner, "new_lease": lease.total_seconds()}
        one = _HandOver(ids | {"new_stage": stage, "new_retries": unverified_retries}, finished)
        if slot:
            return self._hand_over(one, slot)
        self._hand_over_together(one)
        return None

    def _hand_over(self, one: _HandOver, slot: SendSlot | None = None) -> float | None:
        with self._database.writing() as connection:
            if one.finished:
                self._record(connection, *one.finished)
            if not connection.execute(self._HAND_OVER, one.values).rowcount:
                raise LeaseLost(f"{one.values['delivery_id']} was taken over by another sender")
            return reserve_turn(connection, slot) if slot else None

    def _hand_over_few(self, few: Sequence[_HandOver]) -> list[LeaseLost | None]:
        """Hand over in one transaction, or if that fails each in its own. For each an error, or None."""
        if len(few) > 1 and self._hand_over_all(few):
            return [None] * len(few)
        errors: list[LeaseLost | None] = []
        for one in few:
            try:
                self._hand_over(one)
                errors.append(None)
            except LeaseLost as error:
                errors.append(error)
        return errors

    def _hand_over_all(self, all_: Sequence[_HandOver]) -> bool:
        """Hand over in one transaction. False, and nothing, unless this process holds all of them."""
        outcomes = [one.finished for one in all_ if one.finished]
        if any(finished.step.pauses or finished.step.postpones for finished in outcomes):
            return False
        recorded = [_outcome(*finished) for finished in outcomes]
        steps = (
            (self._RECORD_OUTCOME, recorded),
            (self._FINISH_ATTEMPT, recorded),
            (self._HAND_OVER, [one.values for one in all_]),
        )
        with suppress(_NotAllError), self._database.writing() as connection:
            for statement, rows in steps:
                if rows and connection.execute(statement, rows).rowcount != len(rows):
                    raise _NotAllError
            return True
        return False

    _RENEW = update(_DELIVERY).where(*_IS_HELD).values(lease=_NEW_LEASE)

    def renew(self, id_: str, owner: str, lease: timedelta) -> bool:
        """Extend the lease of an attempt that takes long. False when another sender has the delivery."""
        with self._database.writing() as connection:
            values = {"delivery_id": id_, "holder": owner, "new_lease": lease.total_seconds()}
            return connection.execute(self._RENEW, values).rowcount > 0

    _RECORD_OUTCOME = (
        update(_DELIVERY)
        .where(*_IS_HELD)
        .values(
            state=bindparam("new_state"),
            owner=None,
            lease=None,
            waited=_new_or_current("new_waited", _D.waited),
            service_out_since=bindparam("new_service_out_since", type_=UtcDateTime()),
            reported=False,
            stage=_new_or_current("new_stage", _D.stage),
            until=_NEW_UNTIL,
            receipt=bindparam("new_receipt"),
            why=bindparam("new_why"),
            incident=bindparam("new_incident"),
            unverified_retries=_new_or_current("new_retries", _D.unverified_retries),
        )
    )
    _FINISH_ATTEMPT, _FINISH_EARLIER_ATTEMPT = (
        update(_ATTEMPT)
        .where(own, _A.delivery == _ID, _A.finished.is_(None))
        .values(
            finished=_NOW,
            outcome=bindparam("new_state"),
            stage=_new_or_current("new_stage", _A.stage),
            why=bindparam("new_why"),
        )
        for own in (_A.id == _NEWEST_ATTEMPT, _A.id < _NEWEST_ATTEMPT)
    )
    _COUNT_AS_SENT = (
        update(_DELIVERY)
        .where(_D.id == _ID, _D.state != DeliveryState.SENT)
        .values(
            state=DeliveryState.SENT,
            owner=None,
            lease=None,
            until=None,
            service_out_since=None,
            incident=None,
            receipt=bindparam("new_receipt"),
            why="",
        )
    )
    _POSTPONE = (
        update(_DELIVERY)
        .where(
            or_(_D.channel == bindparam("scope"), _D.channel + ":" + _D.target == bindparam("scope")),
            _D.id != _ID,
            or_(
                _D.state == DeliveryState.PENDING,
                (_D.state == DeliveryState.WAITING) & (_D.until < _NEW_UNTIL),
            ),
        )
        .values(state=DeliveryState.WAITING, until=_NEW_UNTIL, why=bindparam("new_why"))
    )

    def record(
        self, id_: str, owner: str, step: Transition, now: datetime, stage: Stage | None = None
    ) -> bool:
        """Write the outcome of an attempt and the stage that it reached.

        False when another sender has taken the delivery over: then only the attempt's own row gets it. But a success
        counts, whatever the other one is doing or has recorded: the message has arrived.
        """
        with self._database.writing(durable=False) as connection:
            return self._record(connection, id_, owner, step, now, stage)

    def _record(
        self,
        connection: Connection,
        id_: str,
        owner: str,
        step: Transition,
        now: datetime,
        stage: Stage | None,
    ) -> bool:
        values = _outcome(id_, owner, step, now, stage)
        is_held = connection.execute(self._RECORD_OUTCOME, values).rowcount > 0
        finish = self._FINISH_ATTEMPT if is_held else self._FINISH_EARLIER_ATTEMPT
        finished = connection.execute(finish, values).rowcount
        if not is_held and finished and step.state is DeliveryState.SENT:
            connection.execute(self._COUNT_AS_SENT, {"delivery_id": id_, "new_receipt": step.receipt})
        if is_held and step.pauses:
            connection.execute(PAUSE, {"scope": step.pauses, "since": now, "why": step.why, "until": None})
        if is_held and step.postpones:
            values = {"scope": step.postpones, "new_until": step.until, "new_why": step.why}
            connection.execute(self._POSTPONE, {"delivery_id": id_} | values)
        return is_held

    _HAND_BACK = (
        update(_DELIVERY)
        .where(
            _D.state == DeliveryState.SENDING,
            _D.owner.startswith(bindparam("holder")),
            _D.stage.not_in([stage for stage in Stage if stage.hands_over]),
        )
        .values(lease=_NEW_LEASE)
    )

    def hand_back(self, owner: str) -> None:
        """End the leases of the senders whose names begin so: the next ones need not wait for them. One that is
        handing over keeps its lease: what may have arrived is not looked up before it runs out.
        """
        with self._database.writing() as connection:
            connection.execute(self._HAND_BACK, {"holder": owner, "new_lease": 0.0})

    def flush(self) -> None:
        """Write to disk what did not wait for it."""
        self._database.flush()

    _SETTLE = (
        update(_DELIVERY)
        .where(_D.id == _ID, or_(_D.state == DeliveryState.FAILED, _D.state == DeliveryState.UNCERTAIN))
        .values(state=DeliveryState.SENT, until=None, service_out_since=None, incident=None)
    )

    def settle(self, id_: str) -> bool:
        """Count a stopped delivery as sent, because a person says so. False when it has not stopped."""
        with self._database.writing() as connection:
            return connection.execute(self._SETTLE, {"delivery_id": id_}).rowcount > 0

    def release(self, id_: str, now: datetime, *, settling: bool) -> bool:
        """Put a stopped delivery back for another try, and end the pauses of its target.

        `settling`: one that may have arrived is looked up at the time set for it, not before; otherwise it may be
        sent again unverified, at once. False when it has not stopped.
        """
        with self._database.session() as session:
            row = session.get(DeliveryRow, id_, with_for_update=True)
            if row is None or row.state not in (DeliveryState.FAILED, DeliveryState.UNCERTAIN):
                return False
            if row.state == DeliveryState.FAILED:
                row.state, row.until = DeliveryState.PENDING, None
            else:
                row.until = max(row.until or now, now) if settling else now
                row.unverified_retries = 0 if settling else 1  # the person has looked, or takes the risk
            row.attempts, row.waited, row.why = 0, 0.0, ""  # attempts and waits count from here on
            row.service_out_since, row.incident, row.reported = None, None, False
            session.add(row)
            paused = (row.channel, f"{row.channel}:{row.target}")
            session.execute(delete(_PAUSE).where(_PAUSE.c.scope.in_(paused)))
            return True


def _claim(checked: Checked, now: datetime, thread: str | None = None) -> Claim:
    before = checked.delivery
    return Claim(before, Envelope(before.id, before.target, checked.payload, before.started or now, thread))


def _outcome(id_: str, owner: str, step: Transition, now: datetime, stage: Stage | None) -> dict[str, Any]:
    """What the statements that record an outcome set."""
    return {
        "delivery_id": id_,
        "holder": owner,
        "now": now,
        "new_state": step.state,
        "new_stage": stage,
        "new_why": step.why,
        "new_until": step.until,
        "new_waited": step.waited,
        "new_service_out_since": step.service_out_since,
        "new_receipt": step.receipt,
        "new_incident": step.incident,
        "new_retries": step.unverified_retries,
    }
