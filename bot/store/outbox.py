"""Editions, their deliveries, and the ledger: what is to be sent, what was, and to whom.

An edition, its rendered parts and its ledger rows are written in one transaction; from then on only the
state of its deliveries changes (`bot.store.queue`). So are an alert, and that the operator was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from bot.delivery.model import ALERTS, Delivery, DeliveryState, Edition, Part, Stage
from bot.digests.model import History
from bot.profiles.model import Subscription
from bot.store import rows
from bot.store.database import Database
from bot.store.tables import DeliveryRow, EditionRow, LedgerRow, MessageRow

#: What nobody looks at who wants to know how a delivery fares.
_WITHOUT_PAPERS = (defer(DeliveryRow.shows),)  # type: ignore[arg-type]


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

    def past(self, subscription: str, together: Sequence[str], on: date) -> History:
        """What a subscription had before a local date, and those that it is `together` with in the week before."""
        newest = (
            select(col(EditionRow.on), col(EditionRow.made))
            .where(EditionRow.subscription == subscription, EditionRow.on < on, EditionRow.papers > 0)
            .order_by(col(EditionRow.on).desc())
            .limit(1)
        )
        lately = (
            select(col(DeliveryRow.shows), col(EditionRow.on))
            .join(EditionRow, col(EditionRow.id) == col(DeliveryRow.edition))
            .where(col(EditionRow.subscription).in_(together), DeliveryRow.state == DeliveryState.SENT)
            .where(EditionRow.on <= on, EditionRow.on > on - timedelta(days=7))
            .order_by(col(EditionRow.on).desc())
        )
        given = self.given(subscription)
        with self._database.reading() as session:
            last = session.exec(newest).first()
            parts = session.exec(lately).all() if together else ()
        day, made = last or (None, None)
        return History(given, day, made, {id_: then for shows, then in parts for id_ in shows})

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
        blind: int = 0,
    ) -> bool:
        """Store an edition with everything that sending it needs. False when its date has one already, or another
        edition has just given the subscription one of these papers.

        A quiet edition that found nothing to send makes room for one that did. `blind`: how often each part may go
        out again without anybody knowing whether it has arrived.
        """
        try:
            with self._database.session() as session:
                _forget_quiet(session, edition)
                session.add(_edition_row(edition, made, digest))
                session.flush()
                _insert(session, LedgerRow, _ledger_rows(edition, papers))
                _insert(session, DeliveryRow, _delivery_rows(edition, parts, blind))
                _insert(session, MessageRow, _messages(edition.id, parts))
        except IntegrityError:
            return False
        return True

    # --- Telling the operator ---

    def unreported(self) -> tuple[Delivery, ...]:
        """Deliveries that stopped and that the operator does not know of; their incidents may be known."""
        return self._deliveries(
            col(DeliveryRow.incident).is_not(None),
            ~col(DeliveryRow.reported),
            DeliveryRow.subscription != ALERTS,
        )

    def known_incidents(self) -> frozenset[str]:
        """What the operator was told of, and what goes on."""
        told = select(DeliveryRow.incident).where(
            col(DeliveryRow.incident).is_not(None), col(DeliveryRow.reported)
        )
        with self._database.reading() as session:
            return frozenset(filter(None, session.exec(told)))

    def tell(
        self, told: Sequence[str], alert: Part | None, id_: str, channel: str, target: str, blind: int
    ) -> bool:
        """Mark deliveries as told of, and store the alert that says so, in one transaction; without an alert they
        belong to incidents that were told of before. False when another sender was quicker.
        """
        with self._database.session() as session:
            marked = session.execute(
                update(DeliveryRow)
                .where(col(DeliveryRow.id).in_(told), ~col(DeliveryRow.reported))
                .values(reported=True)
                .execution_options(synchronize_session=False)
            )
            if marked.rowcount != len(told):  # type: ignore[attr-defined]
                session.rollback()
                return False
            if alert:
                whole = _new_delivery(f"{id_}-1", 1, alert)
                where = {
                    "subscription": ALERTS,
                    "channel": channel,
                    "target": target,
                    "unverified_retries": blind,
                }
                _insert(session, DeliveryRow, [{**whole, **where, "edition": None}])
                _insert(session, MessageRow, _messages(id_, [alert]))
        return True

    # --- Looking ---

    def alerts(self) -> tuple[Delivery, ...]:
        """Those that have not reached the operator."""
        return self._deliveries(DeliveryRow.subscription == ALERTS, DeliveryRow.state != DeliveryState.SENT)

    def edition(self, id_: str) -> Edition | None:
        found = self._editions(EditionRow.id == id_)
        return found[0] if found else None

    def deliveries(self, beginning: str) -> tuple[Delivery, ...]:
        """Those whose id begins so."""
        return self._deliveries(col(DeliveryRow.id).startswith(beginning, autoescape=True))

    def failed(self) -> tuple[Delivery, ...]:
        """Those that certainly did not arrive, and may be tried again."""
        found = self._deliveries(DeliveryRow.state == DeliveryState.FAILED)
        return tuple(one for one in found if not one.is_forbidden)

    def _deliveries(self, *where: Any) -> tuple[Delivery, ...]:
        with self._database.reading() as session:
            found = session.exec(
                select(DeliveryRow).where(*where).options(*_WITHOUT_PAPERS).order_by(DeliveryRow.id)
            )
            return tuple(map(rows.delivery, found))

    def newest(self) -> tuple[Edition, ...]:
        """The newest edition of every subscription, and every one that is not through."""
        newest = (
            select(EditionRow.subscription, func.max(EditionRow.on).label("on"))
            .group_by(EditionRow.subscription)
            .subquery()
        )
        unsent = [state for state in DeliveryState if state is not DeliveryState.SENT]  # which an index finds
        unfinished = select(DeliveryRow.edition).where(col(DeliveryRow.state).in_(unsent))
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
            found = session.exec(
                select(EditionRow)
                .where(*where)
                .options(defer(EditionRow.digest))  # type: ignore[arg-type]
                .order_by(EditionRow.subscription, col(EditionRow.on))
            ).all()
            deliveries: dict[str | None, list[Delivery]] = {row.id: [] for row in found}
            parts = session.exec(
                select(DeliveryRow)
                .where(col(DeliveryRow.edition).in_(deliveries))
                .options(*_WITHOUT_PAPERS)
                .order_by(col(DeliveryRow.part))
            )
            for part in parts:
                deliveries[part.edition].append(rows.delivery(part))
            return tuple(rows.edition(row, deliveries[row.id]) for row in found)


# --- Rows -------------------------------------------------------------------------------------------------


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


def _delivery_rows(edition: Edition, parts: Sequence[Part], blind: int) -> list[dict[str, Any]]:
    common = {
        "edition": edition.id,
        "subscription": edition.subscription,
        "channel": edition.channel,
        "target": edition.target,
        "unverified_retries": blind,
    }
    return [
        {**_new_delivery(f"{edition.id}-{number}", number, part), **common}
        for number, part in enumerate(parts, start=1)
    ]


def _insert(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(insert(table), rows)


def _messages(token: str, parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [
        {"delivery": f"{token}-{number}", "payload": part.payload}
        for number, part in enumerate(parts, start=1)
    ]


def _new_delivery(id_: str, number: int, part: Part) -> dict[str, Any]:
    return {
        "id": id_,
        "part": number,
        "papers": part.papers,
        "shows": list(part.shows),
        "state": DeliveryState.PENDING,
        "stage": Stage.CLAIMED,
        "attempts": 0,
        "reported": False,
        "why": "",
    }
