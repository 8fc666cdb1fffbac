"""Counts what monitors want to know, with queries whose cost does not grow with what was sent long ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, func, or_, select

from bot.delivery.figures import Figures
from bot.delivery.model import DeliveryState, EditionState
from bot.store.database import Database
from bot.store.queue import is_not_paused
from bot.store.sources import Sources
from bot.store.tables import Base, UtcDateTime

_DELIVERY, _EDITION, _PAPER = (Base.metadata.tables[name] for name in ("delivery", "edition", "paper"))
_D, _E = _DELIVERY.c, _EDITION.c
_DAY = timedelta(days=1)

#: The worst state of an edition's deliveries; for each edition, because a join with a GROUP BY reads all of them.
_WORST = (
    select(
        func.max(
            case(
                (_D.state == DeliveryState.FAILED, 4),
                (_D.state == DeliveryState.UNCERTAIN, 3),
                (_D.state == DeliveryState.SENT, 1),
                else_=2,
            )
        )
    )
    .where(_D.edition == _E.id)
    .scalar_subquery()
)
#: The state of an edition, as `Edition.state`, by its place in _STATES.
_STATE = func.coalesce(_WORST, case((_E.awaits.is_not(None), 2), else_=0))
_STATES = (
    EditionState.QUIET,
    EditionState.SENT,
    EditionState.WAITING,
    EditionState.UNCERTAIN,
    EditionState.FAILED,
)


def read_figures(database: Database, now: datetime) -> Figures:
    """Raises DatabaseError."""
    since = now - _DAY
    states = select(_STATE.label("state")).where(_E.on >= since.date()).subquery()
    editions = select(states.c.state, func.count()).group_by(states.c.state)
    unsent = [state for state in DeliveryState if state is not DeliveryState.SENT]
    deliveries = select(_D.state, func.count()).where(_D.state.in_(unsent)).group_by(_D.state)
    again = _D.state.in_([DeliveryState.WAITING, DeliveryState.UNCERTAIN]) & (_D.until <= now)
    due = (
        select(func.min(func.coalesce(_D.until, _E.made), type_=UtcDateTime()))
        .select_from(_DELIVERY.outerjoin(_EDITION, _D.edition == _E.id))
        .where(or_(_D.state == DeliveryState.PENDING, again), is_not_paused())
    )
    papers = select(func.count()).select_from(_PAPER).where(_PAPER.c.first_seen >= since)
    with database.reading() as session:
        return Figures(
            editions={_STATES[state]: count for state, count in session.execute(editions)},
            deliveries={DeliveryState(state): count for state, count in session.execute(deliveries)},
            oldest_due=session.execute(due).scalar(),
            papers=session.execute(papers).scalar_one(),
            sources=Sources(database).all(),
        )
