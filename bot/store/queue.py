"""The sender's side of the outbox: what is to be tried, who is trying it, how far that came and how it went.

Every change of state is a conditional update: two senders cannot hold one delivery, in one process or in several,
on SQLite or on PostgreSQL. Here the program checks itself: what was sent cannot be claimed once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, or_, text, update
from sqlmodel import Session, col, select

from bot.errors import Superseded, Violation
from bot.model import ChannelName, Claim, Delivery, DeliveryState, Envelope, Open, Stage, Step, Turn
from bot.store.database import Database
from bot.store.rows import change, delivery, insert_rows
from bot.store.tables import AttemptRow, DeliveryRow, EditionRow, LaneRow, LedgerRow, PauseRow, UtcDateTime

_AGAIN = (DeliveryState.WAITING, DeliveryState.UNCERTAIN, DeliveryState.SENDING)
#: A lane that is taken for longer was so by a clock that has since been set back.
_LONGEST_QUEUE = timedelta(minutes=5)
#: From where on a channel's receiver may own a message.
_HANDING_OVER = {
    ChannelName.SLACK: Stage.POST,
    ChannelName.EMAIL: Stage.DATA,
    ChannelName.MAILDIR: Stage.WRITE,
}
_ENTER_LANE = text("INSERT INTO lane (lane, free) VALUES (:lane, :free) ON CONFLICT DO NOTHING").bindparams(
    bindparam("free", type_=UtcDateTime())
)


class Queue:
    """The stored deliveries, as senders see them. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, subscriptions: Iterable[str], now: datetime) -> tuple[Open, ...]:
        """What is to be tried now: never tried, due again, uncertain, or left by a dead process; oldest first.

        Nothing that a pause stops.
        """
        with self._database.reading() as session:
            rows = session.exec(
                select(DeliveryRow.id, DeliveryRow.channel, DeliveryRow.target)
                .outerjoin(EditionRow, col(DeliveryRow.edition) == col(EditionRow.id))
                .where(_due(now), _not_paused(), col(DeliveryRow.subscription).in_(list(subscriptions)))
                .order_by(col(EditionRow.on), DeliveryRow.subscription, col(DeliveryRow.part))
            )
            return tuple(Open(id_, ChannelName(channel), target) for id_, channel, target in rows)

    def claim(self, id_: str, owner: str, now: datetime, lease: timedelta) -> Claim | None:
        """Take a delivery for one attempt, which is recorded; None when another has it or it is not due.

        Raises Violation when it must not be sent: then it has failed.
        """
        with self._database.session() as session:
            row = session.get(DeliveryRow, id_, with_for_update=True)
            if row is None:
                return None
            stood, started = delivery(row), row.started or now
            if not _take(session, row, stood, owner, now, lease):
                return None
            problem = _violation(session, row)
            if problem:
                change(
                    session,
                    [DeliveryRow.id == id_],
                    **_stopped(problem, id_),
                    attempts=row.attempts,
                )
            else:
                attempt = {"delivery": id_, "started": now, "stage": Stage.CLAIMED, "why": ""}
                insert_rows(session, AttemptRow, [attempt])
            envelope = Envelope(id_, row.target, row.payload, started, _thread(session, row))
        if problem:
            raise Violation(f"stopped before sending {id_}: {problem}. Nothing more was sent in this round")
        return Claim(stood, envelope)

    def hand_over(
        self,
        id_: str,
        owner: str,
        stage: Stage,
        until: datetime,
        turn: Turn | None = None,
        blind: int | None = None,
    ) -> timedelta:
        """The content is about to go out: note the stage, take the lease anew, and queue up for a turn.

        `blind`: how many blind tries are left after this one, when it is one. Returns how long to wait for the turn.
        Raises Superseded when another sender has taken the delivery over.
        """
        left = {} if blind is None else {"blind": blind}
        with self._database.session() as session:
            if not change(session, _held(id_, owner), stage=stage, until=until, **left):
                raise Superseded(f"{id_} was taken over by another sender")
            _update_attempt(session, id_, stage=stage)
            return _take_turn(session, turn) if turn else timedelta(0)

    def renew(self, id_: str, owner: str, until: datetime) -> bool:
        """A longer lease for an attempt that takes its time. False when the delivery is another's by now."""
        with self._database.session() as session:
            return change(session, _held(id_, owner), until=until)

    def record(self, id_: str, owner: str, step: Step, now: datetime, stage: Stage | None = None) -> bool:
        """Write an attempt's outcome, and how far it came. False when another took the delivery over."""
        values: dict[str, Any] = {"until": step.until, "receipt": step.receipt, "why": step.why}
        values |= {} if step.blind is None else {"blind": step.blind}
        reached = {} if stage is None else {"stage": stage}
        with self._database.session() as session:
            kept = change(
                session,
                _held(id_, owner),
                state=step.state,
                owner=None,
                incident=step.incident,
                told=False,
                **values,
                **reached,
            )
            _finish_attempt(session, id_, kept, finished=now, outcome=step.state, why=step.why, **reached)
            if kept and step.pauses:
                session.merge(PauseRow(scope=step.pauses, since=now, why=step.why))
            if kept and step.postpones:
                _postpone(session, id_, step)
            return kept

    def release(self, id_: str, now: datetime) -> bool:
        """Put a stopped delivery back for another try, which may be blind, and lift the pauses of its target.

        What may have arrived is looked up first, and not before it was to be anyway. False when it has not stopped.
        """
        with self._database.session() as session:
            row = session.get(DeliveryRow, id_, with_for_update=True)
            if row is None or row.state not in (DeliveryState.FAILED, DeliveryState.UNCERTAIN):
                return False
            if row.state == DeliveryState.FAILED:
                row.state, row.until = DeliveryState.PENDING, None
                row.started = None  # or a refusal for now would find its day of patience used up
            else:
                row.until = max(row.until or now, now) if row.channel == ChannelName.SLACK else now
            row.attempts, row.blind, row.why = 0, 1, ""
            row.incident, row.told = None, False
            session.add(row)
            paused = (row.channel, f"{row.channel}:{row.target}")
            session.execute(delete(PauseRow).where(col(PauseRow.scope).in_(paused)))
            return True


# --- Conditions -------------------------------------------------------------------------------------------


def _due(now: datetime) -> ColumnElement[bool]:
    """Never tried, or with a time at which to try again that has come. Held ones have none."""
    return or_(
        col(DeliveryRow.state) == DeliveryState.PENDING,
        col(DeliveryRow.state).in_(_AGAIN) & (col(DeliveryRow.until) <= now),
    )


def _not_paused() -> ColumnElement[bool]:
    scopes = (
        col(DeliveryRow.channel),
        col(DeliveryRow.channel) + ":" + col(DeliveryRow.target),
        col(DeliveryRow.subscription),
    )
    return ~exists().where(col(PauseRow.scope).in_(scopes))


def _parts_before_sent(row: DeliveryRow) -> ColumnElement[bool]:
    """A part goes out only after those before it: a thread needs its first message, a reader the order."""
    part = DeliveryRow.__table__.alias("earlier")  # type: ignore[attr-defined]
    unsent = (
        select(part.c.id)
        .where(part.c.edition == row.edition, part.c.part < row.part, part.c.state != DeliveryState.SENT)
        .exists()
    )
    return ~unsent


def _held(id_: str, owner: str) -> list[Any]:
    return [DeliveryRow.id == id_, DeliveryRow.state == DeliveryState.SENDING, DeliveryRow.owner == owner]


# --- Changes ----------------------------------------------------------------------------------------------


def _take(
    session: Session, row: DeliveryRow, stood: Delivery, owner: str, now: datetime, lease: timedelta
) -> bool:
    """What may have arrived stays so until its attempt is recorded: a sender may die while it looks it up."""
    where = [DeliveryRow.id == row.id, _due(now), _not_paused()]
    where += [_parts_before_sent(row)] if row.part > 1 else []
    return change(
        session,
        where,
        state=DeliveryState.SENDING,
        stage=_HANDING_OVER[stood.channel] if stood.may_have_arrived else Stage.CLAIMED,
        owner=owner,
        until=now + lease,
        started=row.started or now,
        attempts=row.attempts + 1,
    )


def _thread(session: Session, row: DeliveryRow) -> str | None:
    """The receipt of the first part."""
    if row.part == 1:
        return None
    of_first = select(DeliveryRow.receipt).where(DeliveryRow.edition == row.edition, DeliveryRow.part == 1)
    return session.exec(of_first).one()


def _stopped(why: str, incident: str) -> dict[str, Any]:
    values = {"owner": None, "until": None, "why": why, "incident": incident, "told": False}
    return values | {"state": DeliveryState.FAILED}


def _newest_attempt(id_: str) -> Any:
    return select(func.max(AttemptRow.id)).where(AttemptRow.delivery == id_).scalar_subquery()


def _update_attempt(session: Session, id_: str, **values: Any) -> None:
    session.execute(update(AttemptRow).where(col(AttemptRow.id) == _newest_attempt(id_)).values(**values))


def _finish_attempt(session: Session, id_: str, kept: bool, **values: Any) -> None:
    """The attempt that is under way, or, when another took over, those before its."""
    newest = _newest_attempt(id_)
    own = col(AttemptRow.id) == newest if kept else col(AttemptRow.id) < newest
    session.execute(
        update(AttemptRow)
        .where(own, col(AttemptRow.delivery) == id_, col(AttemptRow.finished).is_(None))
        .values(**values)
    )


def _postpone(session: Session, id_: str, step: Step) -> None:
    """A receiver that asks for time means all that is sent to it."""
    row = session.get_one(DeliveryRow, id_)
    same = [DeliveryRow.channel == row.channel, DeliveryRow.target == row.target, DeliveryRow.id != id_]
    sooner = (col(DeliveryRow.state) == DeliveryState.WAITING) & (col(DeliveryRow.until) < step.until)
    open_ = or_(col(DeliveryRow.state) == DeliveryState.PENDING, sooner)
    change(session, [*same, open_], state=DeliveryState.WAITING, until=step.until, why=step.why)


def _take_turn(session: Session, turn: Turn) -> timedelta:
    """Each sender takes the next free moment of the lane, so that any two lie `spacing` apart."""
    session.execute(_ENTER_LANE, {"lane": turn.lane, "free": turn.now})
    lane = session.get_one(LaneRow, turn.lane, with_for_update=True)
    is_sound = lane.free - turn.now <= _LONGEST_QUEUE
    at = max(lane.free, turn.now) if is_sound else turn.now
    lane.free = at + turn.spacing
    session.add(lane)
    return at - turn.now


# --- What must never be -----------------------------------------------------------------------------------


def _violation(session: Session, row: DeliveryRow) -> str:
    """What would be wrong with sending it; empty when nothing."""
    sent = select(func.count()).where(AttemptRow.delivery == row.id, AttemptRow.outcome == DeliveryState.SENT)
    if session.exec(sent).one() or row.receipt is not None:
        return "it was sent before"
    if row.edition is None:
        return ""
    return _more_than_composed(session, row) or _given_before(session, row)


def _more_than_composed(session: Session, row: DeliveryRow) -> str:
    sent = select(func.coalesce(func.sum(DeliveryRow.papers), 0)).where(
        DeliveryRow.edition == row.edition, DeliveryRow.state == DeliveryState.SENT
    )
    composed = session.exec(select(EditionRow.papers).where(EditionRow.id == row.edition)).one()
    total = session.exec(sent).one() + row.papers
    return f"the digest has {composed} papers, and with it {total} would be sent" if total > composed else ""


def _given_before(session: Session, row: DeliveryRow) -> str:
    """Of another edition, as this one's own rows are in the ledger too."""
    of_others = (
        select(LedgerRow.paper)
        .join(DeliveryRow, col(DeliveryRow.edition) == col(LedgerRow.edition))
        .where(
            LedgerRow.subscription == row.subscription,
            col(LedgerRow.paper).in_(row.shows),
            LedgerRow.edition != row.edition,
            DeliveryRow.state == DeliveryState.SENT,
        )
    )
    paper = session.exec(of_others.limit(1)).first() if row.shows else None
    return f"{row.subscription} was sent {paper} before" if paper else ""
