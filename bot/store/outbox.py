"""Editions, their deliveries, and the ledger: what is to be sent, what was, and to whom.

An edition, its rendered parts and its ledger rows are written in one transaction; from then on only the
state of its deliveries changes. Every change of state is a conditional update: two senders cannot hold one
delivery.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, func, insert, or_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from bot.model import ChannelName, Delivery, DeliveryState, Edition, Envelope, Part, Subscription
from bot.store.database import Database
from bot.store.tables import AttemptRow, DeliveryRow, EditionRow, LedgerRow

_AGAIN = (DeliveryState.WAITING, DeliveryState.UNCERTAIN, DeliveryState.SENDING)


class Outbox:
    """The stored editions. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- Composing ---

    def given(self, subscription: str) -> frozenset[str]:
        """Ids of the papers that the subscription has been given."""
        with self._database.reading() as session:
            return frozenset(
                session.exec(select(LedgerRow.paper).where(LedgerRow.subscription == subscription))
            )

    def served(self, subscription: str) -> bool:
        """Whether the subscription ever had an edition."""
        with self._database.reading() as session:
            query = select(EditionRow.id).where(EditionRow.subscription == subscription)
            return session.exec(query.limit(1)).first() is not None

    def find(self, subscription: Subscription, on: date) -> Edition | None:
        """The subscription's edition for that local date."""
        found = self._editions(EditionRow.subscription == subscription.key, EditionRow.on == on)
        return found[0] if found else None

    def add(
        self,
        edition: Edition,
        made: datetime,
        digest: dict[str, Any],
        papers: Iterable[str],
        parts: Sequence[Part],
    ) -> bool:
        """Store an edition with everything that sending it needs. False when its date has one already, or another
        edition has just given the subscription one of these papers.

        A quiet edition that found nothing to send makes room for one that did.
        """
        try:
            with self._database.session() as session:
                _forget_quiet(session, edition)
                session.add(_edition_row(edition, made, digest))
                session.flush()
                _insert(session, LedgerRow, _ledger_rows(edition, papers))
                _insert(session, DeliveryRow, _delivery_rows(edition, parts))
        except IntegrityError:
            return False
        return True

    # --- Sending ---

    def open_deliveries(self, subscriptions: Iterable[str], now: datetime) -> tuple[str, ...]:
        """Ids of what is to be tried now: never tried, due again, uncertain, or left by a dead process."""
        with self._database.reading() as session:
            rows = session.exec(
                select(DeliveryRow.id)
                .join(EditionRow, col(DeliveryRow.edition) == col(EditionRow.id))
                .where(_due(now), col(EditionRow.subscription).in_(list(subscriptions)))
                .order_by(col(EditionRow.on), EditionRow.subscription, col(DeliveryRow.part))
            )
            return tuple(rows)

    def claim(self, delivery: str, owner: str, now: datetime, lease: timedelta) -> Delivery | None:
        """Take a delivery for one attempt, which is recorded; None when another has it or it is not due.

        Returns it as it stood before, so that the caller knows whether the last attempt may have got through.
        """
        with self._database.session() as session:
            before = session.get(DeliveryRow, delivery, with_for_update=True)
            if before is None:
                return None
            stood = _delivery(before)
            taken = _change(
                session,
                [DeliveryRow.id == delivery, _due(now), _parts_before_sent(before)],
                state=DeliveryState.SENDING,
                owner=owner,
                until=now + lease,
                started=stood.started or now,
                attempts=stood.attempts + 1,
            )
            if taken:
                session.add(AttemptRow(delivery=delivery, started=now))
            return stood if taken else None

    def envelope(self, delivery: str) -> Envelope:
        """What a channel needs to send a claimed delivery."""
        with self._database.reading() as session:
            row = session.get_one(DeliveryRow, delivery)
            edition = session.get_one(EditionRow, row.edition)
            first = session.exec(
                select(DeliveryRow.receipt).where(DeliveryRow.edition == row.edition, DeliveryRow.part == 1)
            ).one()
            assert row.started is not None
            return Envelope(
                delivery=row.id,
                target=edition.target,
                payload=row.payload,
                started=row.started,
                thread=first if row.part > 1 else None,
            )

    def record(
        self,
        delivery: str,
        owner: str,
        state: DeliveryState,
        now: datetime,
        *,
        until: datetime | None = None,
        receipt: str | None = None,
        why: str = "",
    ) -> bool:
        """Write an attempt's outcome. False when the lease ran out and another took the delivery over."""
        with self._database.session() as session:
            held = [DeliveryRow.id == delivery, DeliveryRow.state == "sending", DeliveryRow.owner == owner]
            kept = _change(session, held, state=state, owner=None, until=until, receipt=receipt, why=why)
            number = col(AttemptRow.id)
            last = select(func.max(number)).where(AttemptRow.delivery == delivery).scalar_subquery()
            own = number == last if kept else number < last
            session.execute(
                update(AttemptRow)
                .where(own, col(AttemptRow.delivery) == delivery, col(AttemptRow.finished).is_(None))
                .values(finished=now, outcome=str(state), why=why)
            )
            return kept

    def release(self, delivery: str) -> bool:
        """Put a stopped delivery (failed or uncertain) back for another try. False when it is not stopped."""
        stopped = col(DeliveryRow.state).in_([DeliveryState.FAILED, DeliveryState.UNCERTAIN])
        with self._database.session() as session:
            return _change(
                session,
                [DeliveryRow.id == delivery, stopped],
                state="pending",
                until=None,
                started=None,  # or a refusal for now would find its day of patience used up
                attempts=0,
                why="",
            )

    # --- Looking ---

    def edition(self, id_: str) -> Edition | None:
        found = self._editions(EditionRow.id == id_)
        return found[0] if found else None

    def edition_of(self, delivery: str) -> Edition | None:
        """The edition that a delivery belongs to; the id may be shortened to what is unique."""
        with self._database.reading() as session:
            rows = session.exec(
                select(DeliveryRow.edition).where(col(DeliveryRow.id).startswith(delivery, autoescape=True))
            )
            editions = set(rows)
        return self.edition(editions.pop()) if len(editions) == 1 else None

    def newest(self) -> tuple[Edition, ...]:
        """The newest edition of every subscription, and every one that is not through."""
        newest = (
            select(EditionRow.subscription, func.max(EditionRow.on).label("on"))
            .group_by(EditionRow.subscription)
            .subquery()
        )
        unfinished = select(DeliveryRow.edition).where(DeliveryRow.state != DeliveryState.SENT)
        with self._database.reading() as session:
            ids = session.exec(
                select(EditionRow.id)
                .join(newest, newest.c.subscription == col(EditionRow.subscription))
                .where(or_(newest.c.on == col(EditionRow.on), col(EditionRow.id).in_(unfinished)))
            )
            found = list(ids)
        return self._editions(col(EditionRow.id).in_(found))

    def _editions(self, *where: Any) -> tuple[Edition, ...]:
        with self._database.reading() as session:
            rows = session.exec(
                select(EditionRow).where(*where).order_by(EditionRow.subscription, col(EditionRow.on))
            ).all()
            deliveries: dict[str, list[Delivery]] = {row.id: [] for row in rows}
            parts = session.exec(
                select(DeliveryRow)
                .where(col(DeliveryRow.edition).in_(deliveries))
                .order_by(col(DeliveryRow.part))
            )
            for part in parts:
                deliveries[part.edition].append(_delivery(part))
            return tuple(_edition(row, deliveries[row.id]) for row in rows)


# --- Rows -------------------------------------------------------------------------------------------------


def _due(now: datetime) -> ColumnElement[bool]:
    """Never tried, or with a time at which to try again that has come. Held ones have none."""
    return or_(
        col(DeliveryRow.state) == DeliveryState.PENDING,
        col(DeliveryRow.state).in_(_AGAIN) & (col(DeliveryRow.until) <= now),
    )


def _parts_before_sent(row: DeliveryRow) -> ColumnElement[bool]:
    """A part goes out only after those before it: a thread needs its first message, a reader the order."""
    part = DeliveryRow.__table__.alias("earlier")  # type: ignore[attr-defined]
    unsent = (
        select(part.c.id)
        .where(part.c.edition == row.edition, part.c.part < row.part, part.c.state != DeliveryState.SENT)
        .exists()
    )
    return ~unsent


def _change(session: Session, where: list[Any], **values: Any) -> bool:
    result = session.execute(
        update(DeliveryRow).where(*where).values(**values).execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _insert(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(insert(table), rows)


def _forget_quiet(session: Session, edition: Edition) -> None:
    session.execute(
        delete(EditionRow).where(
            col(EditionRow.subscription) == edition.subscription,
            col(EditionRow.on) == edition.on,
            col(EditionRow.papers) == 0,
        )
    )


def _edition_row(edition: Edition, made: datetime, digest: dict[str, Any]) -> EditionRow:
    return EditionRow(
        id=edition.id,
        subscription=edition.subscription,
        profile=edition.profile,
        channel=edition.channel,
        target=edition.target,
        on=edition.on,
        made=made,
        papers=edition.papers,
        candidates=edition.candidates,
        why=edition.why,
        digest=digest,
    )


def _ledger_rows(edition: Edition, papers: Iterable[str]) -> list[dict[str, Any]]:
    return [{"subscription": edition.subscription, "paper": id_, "edition": edition.id} for id_ in papers]


def _delivery_rows(edition: Edition, parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{edition.id}-{number}",
            "edition": edition.id,
            "part": number,
            "payload": part.payload,
            "papers": part.papers,
            "state": DeliveryState.PENDING,
            "attempts": 0,
            "why": "",
        }
        for number, part in enumerate(parts, start=1)
    ]


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        edition=row.edition,
        part=row.part,
        papers=row.papers,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        started=row.started,
        until=row.until,
        receipt=row.receipt,
        why=row.why,
    )


def _edition(row: EditionRow, deliveries: list[Delivery]) -> Edition:
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
