"""Editions, their deliveries and the ledger: what is to be sent, what was sent, and to which receiver.

An edition, its rendered parts and its ledger rows are written in one transaction; afterwards only the states of its
deliveries change (`bot.store.queue`). An alert and the marks of what it reports are written in one transaction too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    union,
    update,
)
from sqlalchemy import select as select_columns
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer
from sqlmodel import col, select

from bot.delivery.model import ALERTS, Delivery, DeliveryState, Edition, Part, Stage
from bot.delivery.quiet_weeks import EditionDay
from bot.delivery.stores import EditionSummary, StoredDigest
from bot.digests.model import History, HistoryRequest
from bot.store import rows
from bot.store.database import Database
from bot.store.tables import DeliveryRow, EditionRow, LedgerRow, MessageRow, PaperRow

#: Only the sender needs the ids of a delivery's papers.
_WITHOUT_PAPERS = (defer(DeliveryRow.shows),)  # type: ignore[arg-type]
_UNSENT = [state for state in DeliveryState if state is not DeliveryState.SENT]  # equality, for the index
_OPEN_EDITIONS = select(DeliveryRow.edition).where(col(DeliveryRow.state).in_(_UNSENT)).distinct()
_HAS_MESSAGE = or_(col(EditionRow.papers) > 0, exists().where(col(DeliveryRow.edition) == col(EditionRow.id)))
_WEEK = timedelta(days=7)


def _subscriptions() -> CTE:
    """The keys of the subscriptions that ever had an edition, in steps from one to the next in the index: DISTINCT
    and GROUP BY would read all editions.
    """
    edition = EditionRow.__table__.c  # type: ignore[attr-defined]
    first = select_columns(func.min(edition.subscription).label("key")).cte("keys", recursive=True)
    next_ = select_columns(func.min(edition.subscription)).where(edition.subscription > first.c.key)
    keys = first.union_all(select_columns(next_.scalar_subquery()).where(first.c.key.is_not(None)))
    return select_columns(keys.c.key).where(keys.c.key.is_not(None)).cte("subscriptions")


_SUBSCRIPTIONS = _subscriptions()
#: Called with the driver's connection before an edition with messages is committed, the edition and its receiver.
OnEdition = Callable[[Any, Edition, str], None]


class Outbox:
    """The stored editions. Every method is one transaction, and runs the same number of queries whatever it finds."""

    def __init__(
        self, database: Database, on_edition: OnEdition = lambda driver, edition, receiver: None
    ) -> None:
        self._database = database
        self._on_edition = on_edition

    # --- Composing ---

    def given(self, receivers: Iterable[str]) -> frozenset[str]:
        """Ids of the papers that any of the receivers has been given."""
        theirs = col(LedgerRow.receiver).in_(self._database.values(list(receivers)))
        with self._database.reading() as session:
            return frozenset(session.exec(select(LedgerRow.paper).where(theirs)))

    def given_on(self, subscriptions: Iterable[str], on: date) -> frozenset[str]:
        """Ids of the papers that the editions of these subscriptions on a local date have given."""
        query = (
            select(LedgerRow.paper)
            .join(
                EditionRow,  # with the receiver, for the index
                and_(
                    col(EditionRow.id) == col(LedgerRow.edition),
                    col(EditionRow.receiver) == col(LedgerRow.receiver),
                ),
            )
            .where(
                col(EditionRow.subscription).in_(self._database.values(list(subscriptions))),
                EditionRow.on == on,
            )
        )
        with self._database.reading() as session:
            return frozenset(session.exec(query))

    def giver(self, paper: str, receivers: Iterable[str]) -> tuple[str, date] | None:
        """The profile and the day of the first digest that gave a paper to one of the receivers; None if unknown."""
        query = (
            select(col(EditionRow.profile), col(EditionRow.on))
            .join(LedgerRow, col(EditionRow.id) == col(LedgerRow.edition))
            .where(LedgerRow.paper == paper, col(LedgerRow.receiver).in_(list(receivers)))
            .order_by(col(EditionRow.on), EditionRow.id)
        )
        with self._database.reading() as session:
            return session.exec(query).first()

    def served(self, subscriptions: Collection[str] | None = None) -> frozenset[str]:
        """Keys of the subscriptions, or of those among some, that ever had an edition."""
        query = select_columns(_SUBSCRIPTIONS.c.key)
        if subscriptions is not None:
            among = col(EditionRow.subscription).in_(self._database.values(subscriptions))
            query = select_columns(col(EditionRow.subscription)).where(among).distinct()
        with self._database.reading() as session:
            return frozenset(session.scalars(query))

    def summaries(
        self, first: date, last: date, subscriptions: Collection[str] | None = None
    ) -> dict[tuple[str, date], EditionSummary]:
        """The editions of all subscriptions, or of some, from a local date to another, by their keys and dates."""
        open_ = _OPEN_EDITIONS.subquery()
        query = (
            select_columns(
                col(EditionRow.subscription),
                col(EditionRow.on),
                col(EditionRow.id),
                col(EditionRow.papers),
                open_.c.edition.is_not(None),
                col(EditionRow.awaits),
                _HAS_MESSAGE,
            )
            .outerjoin(open_, open_.c.edition == col(EditionRow.id))
            .where(col(EditionRow.on).between(first, last))
        )
        if subscriptions is not None:
            query = query.where(col(EditionRow.subscription).in_(self._database.values(subscriptions)))
        with self._database.reading() as session:
            found = session.execute(query)
            return {
                (key, on): EditionSummary(id_, papers, is_open or bool(awaits), awaits, has_message)
                for key, on, id_, papers, is_open, awaits, has_message in found
            }

    def days(self, subscriptions: Collection[str], since: date) -> dict[str, list[EditionDay]]:
        """The days of the editions of some subscriptions from a local date on, newest first."""
        theirs = col(EditionRow.subscription).in_(self._database.values(subscriptions))
        query = (
            select_columns(col(EditionRow.subscription), col(EditionRow.on), _HAS_MESSAGE)
            .where(theirs, col(EditionRow.on) >= since)
            .order_by(col(EditionRow.on).desc())
        )
        found: dict[str, list[EditionDay]] = defaultdict(list)
        with self._database.reading() as session:
            for key, on, has_message in session.execute(query):
                found[key].append(EditionDay(on, has_message))
        return found

    def histories(self, requests: Sequence[HistoryRequest], since: datetime) -> dict[str, History]:
        """The histories that are requested, by subscription key.

        `since`: the start of the window; papers first seen earlier are left out.
        """
        receivers = {request.receiver for request in requests}
        given: dict[str, set[str]] = defaultdict(set)
        digests: dict[str, list[tuple[date, datetime]]] = defaultdict(list)
        with self._database.reading() as session:
            theirs = _without_index(LedgerRow.receiver).in_(self._database.values(receivers))
            ledger = (
                select(LedgerRow.receiver, LedgerRow.paper)
                .join(PaperRow, col(PaperRow.id) == col(LedgerRow.paper))
                .where(col(PaperRow.first_seen) > since, theirs)
            )
            for receiver, paper in session.exec(ledger):
                given[receiver].add(paper)
            for key, on, moment in session.execute(self._newest_digests(requests)):
                digests[key].append((on, moment))
            checked = {row[0]: row[1] for row in session.execute(self._newest_editions(requests))}
        sent = self._sent_papers(requests)
        histories = {}
        for key, receiver, on, profile in requests:
            last_on, last_made = max((one for one in digests[key] if one[0] < on), default=(None, None))
            week = (entry for other in profile for entry in sent[other] if on - _WEEK < entry[0] <= on)
            last_week = {paper: day for day, papers in sorted(week, reverse=True) for paper in papers}
            histories[key] = History(
                frozenset(given[receiver]), last_on, last_made, last_week, checked.get(key)
            )
        return histories

    def _newest_editions(self, requests: Sequence[HistoryRequest]) -> Select[Any]:
        """Subscription and local date of the newest edition before all requests, with papers or without."""
        first = min((request.on for request in requests), default=date.max)
        keys = self._database.values([request.subscription for request in requests])
        edition = EditionRow.__table__.c  # type: ignore[attr-defined]
        return (
            select_columns(edition.subscription, func.max(edition.on))
            .where(edition.subscription.in_(keys), edition.on < first)
            .group_by(edition.subscription)
        )

    def _newest_digests(self, requests: Sequence[HistoryRequest]) -> Select[Any]:
        """Subscription, local date and time of the digests with papers from the newest one on that is before all
        requests.
        """
        first = min((request.on for request in requests), default=date.max)
        keys = self._database.values([request.subscription for request in requests]).subquery()
        edition, earlier = EditionRow.__table__.c, EditionRow.__table__.alias().c  # type: ignore[attr-defined]
        newest = (
            select_columns(func.max(earlier.on))
            .where(earlier.subscription == keys.c.value, earlier.papers > 0, earlier.on < first)
            .scalar_subquery()
        )
        return (
            select_columns(edition.subscription, edition.on, edition.made)
            .join(keys, keys.c.value == edition.subscription)
            .where(edition.papers > 0, edition.on >= func.coalesce(newest, first))
        )

    def _sent_papers(self, requests: Sequence[HistoryRequest]) -> dict[str, list[tuple[date, list[str]]]]:
        """Local date and paper ids of the parts sent in the week before the requests, by subscription key."""
        sent: dict[str, list[tuple[date, list[str]]]] = defaultdict(list)
        keys = {key for request in requests for key in request.profile}
        if not keys:
            return sent
        query = (
            select(EditionRow.subscription, col(EditionRow.on), col(DeliveryRow.shows))
            .join(DeliveryRow, col(EditionRow.id) == col(DeliveryRow.edition))
            .where(col(EditionRow.subscription).in_(self._database.values(keys)))
            .where(_without_index(DeliveryRow.state) == DeliveryState.SENT)
            .where(EditionRow.on > min(request.on for request in requests) - _WEEK)
        )
        with self._database.reading() as session:
            for key, on, papers in session.exec(query):
                sent[key].append((on, papers))
        return sent

    def add(
        self,
        edition: Edition,
        receiver: str,
        made: datetime,
        digest: dict[str, Any],
        papers: Iterable[str],
        parts: Sequence[Part],
        unverified_retries: int = 0,
    ) -> bool:
        """Store an edition with everything that sending it needs. False when its date has one already, or another
        edition has just given the receiver one of these papers.

        A quiet edition of the same date is replaced, unless it has a message. What `on_edition` writes is part of the
        transaction.
        `unverified_retries`: see `Delivery.unverified_retries`.
        """
        row = {name: getattr(edition, name) for name in rows.EDITION_FIELDS}
        row |= {"receiver": receiver, "made": made, "digest": digest}
        to = {name: row[name] for name in ("subscription", "channel", "target")}
        quiet = (
            col(EditionRow.subscription) == edition.subscription,
            col(EditionRow.on) == edition.on,
            ~_HAS_MESSAGE,
        )
        given = {"receiver": receiver, "edition": edition.id}
        ledger = [{**given, "paper": id_} for id_ in papers]
        deliveries = [
            {
                **_new_delivery(edition.id, number, part),
                **to,
                "edition": edition.id,
                "unverified_retries": unverified_retries,
            }
            for number, part in enumerate(parts, start=1)
        ]
        try:
            with self._database.writing() as connection:
                connection.execute(delete(EditionRow).where(*quiet))
                _insert(connection, EditionRow, [row])
                _insert(connection, LedgerRow, ledger)
                _insert(connection, DeliveryRow, deliveries)
                _insert(connection, MessageRow, _messages(edition.id, parts))
                if parts:
                    self._on_edition(connection.connection.driver_connection, edition, receiver)
        except IntegrityError:
            return False
        return True

    def close_quiet(self, ids: Collection[str]) -> None:
        """Let quiet editions wait for the sources no longer."""
        with self._database.writing() as connection:
            connection.execute(
                update(EditionRow)
                .where(col(EditionRow.id).in_(self._database.values(ids)))
                .values(awaits=None)
            )

    # --- Alerts ---

    def unreported(self) -> tuple[Delivery, ...]:
        """Stopped deliveries that no alert has reported; an alert may have reported their incidents."""
        return self._deliveries(
            col(DeliveryRow.incident).is_not(None),
            ~col(DeliveryRow.reported),
            DeliveryRow.subscription != ALERTS,
        )

    def reported(self) -> frozenset[str]:
        """What the alerts have reported beside deliveries, as their parts show it."""
        with self._database.reading() as session:
            shown = session.exec(select(DeliveryRow.shows).where(DeliveryRow.subscription == ALERTS))
            return frozenset(chain.from_iterable(shown))

    def known_incidents(self) -> frozenset[str]:
        """Incidents that were reported and still stop a delivery."""
        reported = select(DeliveryRow.incident).where(
            col(DeliveryRow.incident).is_not(None), col(DeliveryRow.reported)
        )
        with self._database.reading() as session:
            return frozenset(filter(None, session.exec(reported)))

    def record_report(
        self,
        reported: Sequence[str],
        alert: Part | None,
        token: str,
        channel: str,
        target: str,
        unverified_retries: int,
    ) -> bool:
        """Mark deliveries as reported and store the alert that reports them, in one transaction.

        `alert`: None when all their incidents were reported before. `token`: the id of the alert's delivery without
        the part. False, and nothing is stored, when another process has reported one of the deliveries, or stored an
        alert of that id.
        """
        ids = col(DeliveryRow.id).in_(self._database.values(reported))
        with suppress(IntegrityError), self._database.writing() as connection:
            marked = connection.execute(
                update(DeliveryRow).where(ids, ~col(DeliveryRow.reported)).values(reported=True)
            )
            if marked.rowcount != len(reported):
                connection.rollback()
                return False
            if alert:
                to = {
                    "subscription": ALERTS,
                    "channel": channel,
                    "target": target,
                    "unverified_retries": unverified_retries,
                }
                _insert(connection, DeliveryRow, [{**_new_delivery(token, 1, alert), **to, "edition": None}])
                _insert(connection, MessageRow, _messages(token, [alert]))
            return True
        return False

    # --- Reading ---

    def alerts(self) -> tuple[Delivery, ...]:
        """The alerts that are not sent."""
        return self._deliveries(DeliveryRow.subscription == ALERTS, DeliveryRow.state != DeliveryState.SENT)

    def waiting(self) -> tuple[Delivery, ...]:
        """The deliveries, of alerts too, that are tried again by themselves or are being tried."""
        states = (DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
        return self._deliveries(col(DeliveryRow.state).in_(states))

    def deliveries(self, prefix: str) -> tuple[Delivery, ...]:
        """The deliveries whose ids begin with a prefix."""
        return self._deliveries(col(DeliveryRow.id).startswith(prefix, autoescape=True))

    def failed(self) -> tuple[Delivery, ...]:
        """The failed deliveries that may be sent again."""
        found = self._deliveries(DeliveryRow.state == DeliveryState.FAILED)
        return tuple(delivery for delivery in found if not delivery.is_forbidden)

    def _deliveries(self, *where: Any) -> tuple[Delivery, ...]:
        with self._database.reading() as session:
            # Sorted here: for ORDER BY, SQLite would take the index of the ids, and read all deliveries.
            found = session.exec(select(DeliveryRow).where(*where).options(*_WITHOUT_PAPERS)).all()
            return tuple(sorted(map(rows.delivery, found), key=lambda delivery: delivery.id))

    def edition(self, id_: str) -> Edition | None:
        return next(iter(self._editions(select(EditionRow.id).where(EditionRow.id == id_))), None)

    def editions(self, ids: Collection[str]) -> tuple[Edition, ...]:
        """The editions with these ids."""
        return self._editions(self._database.values(ids)) if ids else ()

    def newest(self) -> tuple[Edition, ...]:
        """The newest edition of every subscription, and every edition with a part that is not sent."""
        edition, other = EditionRow.__table__.c, EditionRow.__table__.alias().c  # type: ignore[attr-defined]
        theirs = other.subscription == _SUBSCRIPTIONS.c.key
        newest = select_columns(func.max(other.on)).where(theirs).correlate(_SUBSCRIPTIONS).scalar_subquery()
        newest_ids = select_columns(edition.id).join(
            _SUBSCRIPTIONS, and_(edition.subscription == _SUBSCRIPTIONS.c.key, edition.on == newest)
        )
        return self._editions(union(newest_ids, _OPEN_EDITIONS))

    def papers_by_profile(self, since: date) -> dict[str, int]:
        """How many papers the editions after a local date have, by profile; 0 when all of them are quiet."""
        profile = _without_index(EditionRow.profile).label("name")
        query = (
            select_columns(profile, func.sum(EditionRow.papers))
            .where(col(EditionRow.on) > since)
            .group_by(profile)
        )
        with self._database.reading() as session:
            return {profile: int(papers) for profile, papers in session.execute(query)}

    def digests(self, profiles: Collection[str], since: date) -> tuple[StoredDigest, ...]:
        """The digests of some profiles after a local date, by subscription, oldest first."""
        query = (
            select_columns(col(EditionRow.profile), col(EditionRow.subscription), col(EditionRow.digest))
            .where(col(EditionRow.profile).in_(self._database.values(profiles)), col(EditionRow.on) > since)
            .order_by(col(EditionRow.subscription), col(EditionRow.on))
        )
        with self._database.reading() as session:
            return tuple(StoredDigest(*row) for row in session.execute(query))

    def _editions(self, ids: Any) -> tuple[Edition, ...]:
        """The editions whose ids a subquery selects, with their deliveries."""
        with self._database.reading() as session:
            found = session.exec(
                select(EditionRow)
                .where(col(EditionRow.id).in_(ids))
                .options(defer(EditionRow.digest))  # type: ignore[arg-type]
                .order_by(EditionRow.subscription, col(EditionRow.on))
            ).all()
            parts = session.exec(
                select(DeliveryRow)
                .where(col(DeliveryRow.edition).in_(ids))
                .options(*_WITHOUT_PAPERS)
                .order_by(col(DeliveryRow.part))
            )
            deliveries: dict[str | None, list[Delivery]] = defaultdict(list)
            for part in parts:
                deliveries[part.edition].append(rows.delivery(part))
            return tuple(rows.edition(row, deliveries[row.id]) for row in found)


def _without_index(column: Any) -> ColumnElement[str]:
    """The column for a condition whose index SQLite must not take: it would read what is years old."""
    return col(column).concat("")


# --- Rows -------------------------------------------------------------------------------------------------


def _insert(connection: Connection, table: Any, rows_: list[dict[str, Any]]) -> None:
    if rows_:
        connection.execute(insert(table), rows_)


def _messages(token: str, parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [
        {"delivery": f"{token}-{number}", "payload": part.payload}
        for number, part in enumerate(parts, start=1)
    ]


def _new_delivery(token: str, number: int, part: Part) -> dict[str, Any]:
    return {
        "id": f"{token}-{number}",
        "part": number,
        "papers": part.papers,
        "shows": list(part.shows),
        "state": DeliveryState.PENDING,
        "stage": Stage.CLAIMED,
        "attempts": 0,
        "reported": False,
        "why": "",
    }
