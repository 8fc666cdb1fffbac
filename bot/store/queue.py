"""The sender's side of the outbox: what is to be tried, who is trying it, how far that came and how it went.

Every change of state is a conditional update: two senders cannot hold one delivery, in one process or in several,
on SQLite or on PostgreSQL. Here the program checks itself: what was sent cannot be claimed once more.

The statements are built once: building them anew takes longer than running them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import get_ident
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    case,
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
    Claim,
    Delivery,
    DeliveryState,
    Envelope,
    OpenDelivery,
    SendSlot,
    Stage,
    Transition,
)
from bot.errors import InvariantViolation, LeaseLost
from bot.profiles.model import ChannelName
from bot.store.database import Database
from bot.store.rows import PAUSE, delivery, unless_there
from bot.store.tables import Base, DeliveryRow, UtcDateTime

_D, _A, _EDITION, _LEDGER, _MESSAGE, _PAUSE, _LANE = (
    Base.metadata.tables[name]
    for name in ("delivery", "attempt", "edition", "ledger", "message", "pause", "lane")
)
_AGAIN = (DeliveryState.WAITING, DeliveryState.UNCERTAIN, DeliveryState.SENDING)
#: A lane that is taken for longer was so by a clock that has since been set back.
_LONGEST_QUEUE = timedelta(minutes=5)


class Queue:
    """The stored deliveries, as senders see them. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: Connection | None = None  #: the transaction of `together`
        self._thread = 0  #: whose that is

    @contextmanager
    def together(self, *, relaxed: bool = False) -> Iterator[None]:
        """What is called within is one transaction, of this thread. `relaxed`: it does not wait for the disk, as the
        next hand-over, or `flush`, will."""
        with self._database.writing(relaxed=relaxed) as connection:
            self._open, self._thread = connection, get_ident()
            try:
                yield
            finally:
                self._open = None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self._open is not None and self._thread == get_ident():
            yield self._open
            return
        with self._database.writing() as connection:
            yield connection

    def flush(self) -> None:
        """Everything is on disk."""
        self._database.flush()

    def open(self, subscriptions: Iterable[str], now: datetime) -> tuple[OpenDelivery, ...]:
        """What is to be tried now: never tried, due again, uncertain, or left by a dead process; oldest first.

        Nothing that a pause stops.
        """
        values = {"now": now, "subscriptions": list(subscriptions)}
        with self._database.reading() as session:
            rows = session.connection().execute(_OPEN, values)
            return tuple(OpenDelivery(id_, ChannelName(channel), target) for id_, channel, target in rows)

    def claim(
        self, id_: str, owner: str, now: datetime, lease: timedelta
    ) -> Claim | InvariantViolation | None:
        """Take a delivery for one attempt, which is recorded; None when another has it or it is not due.

        A Violation when it must not be sent: then it has failed.
        """
        with self._writing() as connection:
            row = connection.execute(_READ, {"id_": id_}).one_or_none()
            if row is None or not connection.execute(_TAKE, _taking(row, owner, now, lease)).rowcount:
                return None
            if problem := _violation(row, connection):
                stop = {"id_": id_, "why": problem, "attempts": row.attempts, "of": f"{FORBIDDEN}{id_}"}
                connection.execute(_STOP, stop)
                return InvariantViolation(
                    f"stopped before sending {id_}: {problem}. Nothing more is sent in this round"
                )
            if row.state == DeliveryState.SENDING:
                connection.execute(_LEFT, {"id_": id_, "to_stage": row.stage})
            connection.execute(_TRY, {"delivery": id_, "started": now})
        thread = row.first_receipt if row.part > 1 else None
        return Claim(delivery(row), Envelope(id_, row.target, row.payload, row.started or now, thread))

    def hand_over(
        self,
        id_: str,
        owner: str,
        stage: Stage,
        until: datetime,
        turn: SendSlot | None = None,
        blind: int | None = None,
    ) -> timedelta:
        """The content is about to go out: note the stage, take the lease anew, and queue up for a turn.

        `blind`: how many blind tries are left after this one, when it is one. Returns how long to wait for the turn.
        Raises LeaseLost when another sender has taken the delivery over.
        """
        held = {"id_": id_, "owner_": owner}
        with self._writing() as connection:
            values = {"to_stage": stage, "end": until, "left": blind}
            if not connection.execute(_HAND_OVER, held | values).rowcount:
                raise LeaseLost(f"{id_} was taken over by another sender")
            return _take_turn(connection, turn) if turn else timedelta(0)

    def put_back(self, stood: Delivery, owner: str) -> bool:
        """A claim that comes to nothing: everything is as it stood before. False when it is another's by now."""
        values = {
            "to_state": stood.state,
            "to_stage": stood.stage,
            "end": stood.until,
            "tries": stood.attempts,
        }
        values |= {"began": stood.started, "anew": stood.since}
        with self._writing() as connection:
            held = {"id_": stood.id, "owner_": owner}
            if not connection.execute(_PUT_BACK, held | values).rowcount:
                return False
            connection.execute(_FORGET, {"id_": stood.id})
            return True

    def renew(self, id_: str, owner: str, until: datetime) -> bool:
        """A longer lease for an attempt that takes its time. False when the delivery is another's by now."""
        with self._writing() as connection:
            values = {"id_": id_, "owner_": owner, "end": until}
            return connection.execute(_RENEW, values).rowcount > 0

    def record(
        self, id_: str, owner: str, step: Transition, now: datetime, stage: Stage | None = None
    ) -> bool:
        """Write an attempt's outcome, and how far it came. False when another took the delivery over."""
        outcome = {"id_": id_, "to_state": step.state, "to_stage": stage, "said": step.why}
        values = {
            "end": step.until,
            "got": step.receipt,
            "of": step.incident,
            "left": step.unverified_retries,
        }
        with self._writing() as connection:
            kept = connection.execute(_RECORD, outcome | values | {"owner_": owner}).rowcount > 0
            connection.execute(_FINISH if kept else _FINISH_EARLIER, outcome | {"now": now})
            if kept and step.pauses:
                connection.execute(PAUSE, {"scope": step.pauses, "since": now, "why": step.why})
            if kept and step.postpones:
                scope = {"id_": id_, "scope_": step.postpones}
                connection.execute(_POSTPONE, scope | {"end": step.until, "said": step.why})
            return kept

    def settle(self, id_: str) -> bool:
        """Nothing more is to be done about what stopped, a person says: it counts as sent. False when it goes on."""
        with self._writing() as connection:
            return connection.execute(_SETTLE, {"id_": id_}).rowcount > 0

    def release(self, id_: str, now: datetime, *, settling: bool) -> bool:
        """Put a stopped delivery back for another try, which may be blind, and lift the pauses of its target.

        `settling`: what may have arrived is not looked up before it was to be anyway. False when it has not stopped.
        """
        with self._database.session() as session:
            row = session.get(DeliveryRow, id_, with_for_update=True)
            if row is None or row.state not in (DeliveryState.FAILED, DeliveryState.UNCERTAIN):
                return False
            if row.state == DeliveryState.FAILED:
                row.state, row.until = DeliveryState.PENDING, None
            else:
                row.until = max(row.until or now, now) if settling else now
                row.unverified_retries = 1  # whoever says so has looked, or takes the risk
            row.attempts, row.why = 0, ""
            row.since = None  # or a refusal for now would find its day of patience used up
            row.incident, row.reported = None, False
            session.add(row)
            paused = (row.channel, f"{row.channel}:{row.target}")
            session.execute(delete(_PAUSE).where(_PAUSE.c.scope.in_(paused)))
            return True


def _taking(row: Any, owner: str, now: datetime, lease: timedelta) -> dict[str, Any]:
    """What may have arrived stays so until its attempt is recorded: a sender may die while it looks it up."""
    stage = Stage.DOUBTED if delivery(row).may_have_arrived else Stage.CLAIMED
    return {"id_": row.id, "owner": owner, "now": now, "end": now + lease, "to_stage": stage}


def _take_turn(connection: Connection, turn: SendSlot) -> timedelta:
    """Each sender takes the next free moment of the lane, so that any two lie `spacing` apart."""
    connection.execute(_ENTER_LANE, {"lane": turn.conversation, "free": turn.now})
    free = connection.execute(_READ_LANE, {"lane_": turn.conversation}).scalar_one()
    is_sound = free - turn.now <= _LONGEST_QUEUE
    at: datetime = max(free, turn.now) if is_sound else turn.now
    connection.execute(_LEAVE_LANE, {"lane_": turn.conversation, "next": at + turn.spacing})
    return at - turn.now


def _violation(row: Any, connection: Connection) -> str:
    """What would be wrong with sending it; empty when nothing. Alerts have no digest to be held against."""
    if row.times_sent or row.receipt is not None:
        return "it was sent before"
    if row.edition is None:
        return ""
    total = row.papers_sent + row.papers
    if total > row.papers_composed:
        return f"the digest has {row.papers_composed} papers, and with it {total} would be sent"
    values = {"edition_": row.edition, "to": row.subscription, "shown": row.shows}
    given = connection.execute(_GIVEN_BEFORE, values).all() if row.shows else ()
    # Works that were shown as two and found to be one since then are no fault of the sender's.
    twice = next((paper for paper, shown in given if paper in shown), None)
    return f"{row.subscription} was sent {twice} before" if twice else ""


# --- Conditions -------------------------------------------------------------------------------------------


def _due() -> ColumnElement[bool]:
    """Never tried, or with a time at which to try again that has come. Held ones have none."""
    again = or_(*(_D.c.state == state for state in _AGAIN)) & (_D.c.until <= _now())
    return or_(_D.c.state == DeliveryState.PENDING, again)


def _not_paused() -> ColumnElement[bool]:
    scopes = (_D.c.channel, _D.c.channel + ":" + _D.c.target, _D.c.subscription)
    return ~exists().where(_PAUSE.c.scope.in_(scopes))


def _parts_before_sent() -> ColumnElement[bool]:
    """A part goes out only after those before it: a thread needs its first message, a reader the order."""
    part = _D.alias("earlier")
    same = (part.c.edition == _D.c.edition) & (part.c.part < _D.c.part)
    return ~exists(select(part.c.id).where(same, part.c.state != DeliveryState.SENT).correlate(_D))


def _held() -> tuple[ColumnElement[bool], ...]:
    sending = _D.c.state == DeliveryState.SENDING
    return _D.c.id == bindparam("id_"), sending, _D.c.owner == bindparam("owner_")


def _unless_none(name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The parameter, or what the column holds where it is None."""
    return func.coalesce(bindparam(name, type_=column.type), column)


def _now() -> Any:
    return bindparam("now", type_=UtcDateTime())


def _end() -> Any:
    return bindparam("end", type_=UtcDateTime())


# --- Statements -------------------------------------------------------------------------------------------

_OPEN = (
    select(_D.c.id, _D.c.channel, _D.c.target)
    .outerjoin(_EDITION, _D.c.edition == _EDITION.c.id)
    .where(_due(), _not_paused(), _D.c.subscription.in_(bindparam("subscriptions", expanding=True)))
    .order_by(_EDITION.c.on, _D.c.subscription, _D.c.part)
)


def _read() -> Any:
    """A delivery, what it is held against before it is sent, and the receipt that its thread hangs on."""
    part = _D.alias("part")
    of_edition = part.c.edition == _D.c.edition
    facts: Mapping[str, Any] = {
        "payload": select(_MESSAGE.c.payload).where(_MESSAGE.c.delivery == _D.c.id),
        "times_sent": select(func.count()).where(
            _A.c.delivery == _D.c.id, _A.c.outcome == DeliveryState.SENT
        ),
        "papers_composed": select(_EDITION.c.papers).where(_EDITION.c.id == _D.c.edition),
        # Not by a WHERE: SQLite would go through all that ever was sent.
        "papers_sent": select(
            func.sum(case((part.c.state == DeliveryState.SENT, part.c.papers), else_=0))
        ).where(of_edition),
        "first_receipt": select(part.c.receipt).where(of_edition, part.c.part == 1),
    }
    found = (query.correlate(_D).scalar_subquery().label(name) for name, query in facts.items())
    query = select(_D, *found).where(_D.c.id == bindparam("id_"))
    # Two that wait for what the other one is just recording would wait for ever.
    return query.with_for_update(of=_D, skip_locked=True)


_READ = _read()
_TAKE = (
    update(_D)
    .where(_D.c.id == bindparam("id_"), _due(), _not_paused(), _parts_before_sent())
    .values(
        state=DeliveryState.SENDING,
        stage=bindparam("to_stage"),
        owner=bindparam("owner"),
        until=_end(),
        started=func.coalesce(_D.c.started, _now()),
        since=func.coalesce(_D.c.since, _now()),
        attempts=_D.c.attempts + 1,
    )
)
_TRY = insert(_A).values(
    delivery=bindparam("delivery"), started=bindparam("started"), stage=Stage.CLAIMED, why=""
)
_STOP = (
    update(_D)
    .where(_D.c.id == bindparam("id_"))
    .values(
        state=DeliveryState.FAILED,
        owner=None,
        until=None,
        reported=False,
        why=bindparam("why"),
        incident=bindparam("of"),
        attempts=bindparam("attempts"),
    )
)


def _given_before() -> Any:
    """A paper that another edition brought to the same subscription; this one's own rows are in the ledger too."""
    other = _D.alias("other")
    return (
        select(_LEDGER.c.paper, other.c.shows)
        .join(other, other.c.edition == _LEDGER.c.edition)
        .where(
            _LEDGER.c.subscription == bindparam("to"),
            _LEDGER.c.paper.in_(bindparam("shown", expanding=True)),
            _LEDGER.c.edition != bindparam("edition_"),
            other.c.state == DeliveryState.SENT,
        )
    )


_GIVEN_BEFORE = _given_before()
_HAND_OVER = (
    update(_D)
    .where(*_held())
    .values(
        stage=bindparam("to_stage"),
        until=_end(),
        unverified_retries=_unless_none("left", _D.c.unverified_retries),
    )
)
_RENEW = update(_D).where(*_held()).values(until=_end())
_RECORD = (
    update(_D)
    .where(*_held())
    .values(
        state=bindparam("to_state"),
        owner=None,
        reported=False,
        stage=_unless_none("to_stage", _D.c.stage),
        until=_end(),
        receipt=bindparam("got"),
        why=bindparam("said"),
        incident=bindparam("of"),
        unverified_retries=_unless_none("left", _D.c.unverified_retries),
    )
)
_SETTLE = (
    update(_D)
    .where(
        _D.c.id == bindparam("id_"),
        or_(_D.c.state == DeliveryState.FAILED, _D.c.state == DeliveryState.UNCERTAIN),
    )
    .values(state=DeliveryState.SENT, until=None, incident=None)
)
_PUT_BACK = (
    update(_D)
    .where(*_held())
    .values(
        state=bindparam("to_state"),
        stage=bindparam("to_stage"),
        owner=None,
        until=_end(),
        attempts=bindparam("tries"),
        started=bindparam("began"),
        since=bindparam("anew"),
    )
)
_NEWEST = select(func.max(_A.c.id)).where(_A.c.delivery == bindparam("id_")).scalar_subquery()
_FORGET = delete(_A).where(_A.c.id == _NEWEST)
_LEFT = update(_A).where(_A.c.id == _NEWEST).values(stage=bindparam("to_stage"))  # of who died over it


def _finish(own: ColumnElement[bool]) -> Any:
    return (
        update(_A)
        .where(own, _A.c.delivery == bindparam("id_"), _A.c.finished.is_(None))
        .values(
            finished=bindparam("now"),
            outcome=bindparam("to_state"),
            stage=_unless_none("to_stage", _A.c.stage),
            why=bindparam("said"),
        )
    )


_FINISH = _finish(_A.c.id == _NEWEST)
_FINISH_EARLIER = _finish(_A.c.id < _NEWEST)  # another took over, whose attempt is under way


def _postpone() -> Any:
    """Of a channel, or of a `channel:target`."""
    scope: Any = bindparam("scope_")
    sooner = (_D.c.state == DeliveryState.WAITING) & (_D.c.until < _end())
    return (
        update(_D)
        .where(
            or_(_D.c.channel == scope, _D.c.channel + ":" + _D.c.target == scope),
            _D.c.id != bindparam("id_"),
            or_(_D.c.state == DeliveryState.PENDING, sooner),
        )
        .values(state=DeliveryState.WAITING, until=_end(), why=bindparam("said"))
    )


_POSTPONE = _postpone()
_ENTER_LANE = unless_there("lane")
_READ_LANE = select(_LANE.c.free).where(_LANE.c.lane == bindparam("lane_")).with_for_update()
_LEAVE_LANE = update(_LANE).where(_LANE.c.lane == bindparam("lane_")).values(free=bindparam("next"))
