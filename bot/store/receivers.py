"""What is known of receivers: pauses, the ids of names, and returned mail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.delivery.model import Bounce, BounceSummary, DeliveryState, Pause
from bot.profiles.model import ChannelName
from bot.store import rows
from bot.store.database import Database
from bot.store.tables import (
    AttemptRow,
    BounceRow,
    DeliveryRow,
    EditionRow,
    LedgerRow,
    MessageRow,
    NameRow,
    PauseRow,
)

HARD, SOFT = "hard", "soft"
_BOUNCE, _NAME = rows.insert_if_absent("bounce"), rows.insert_if_absent("name")


class Receivers:
    """Pauses and bounces. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pauses(self, now: datetime | None = None) -> tuple[Pause, ...]:
        """The pauses that are not over at a time, by default all, oldest first."""
        with self._database.reading() as session:
            found = session.exec(select(PauseRow).order_by(col(PauseRow.since), PauseRow.scope))
            return tuple(
                Pause(row.scope, row.why, row.since, row.until)
                for row in found
                if not (row.until and now and row.until <= now)
            )

    def end_pauses(self, now: datetime) -> None:
        """Remove the pauses that are over."""
        over = col(PauseRow.until) <= now
        with self._database.reading() as session:
            is_over = session.exec(select(PauseRow.scope).where(over)).first()
        if is_over:
            with self._database.session() as session:
                session.execute(delete(PauseRow).where(over))

    def pause(self, scope: str, why: str, now: datetime, until: datetime | None = None) -> bool:
        """Stop sending to a scope. False when it is paused already, for as long or longer: that pause stays as it is.

        `until`: when the pause ends by itself.
        """
        with self._database.session() as session:
            row = session.get(PauseRow, scope, with_for_update=True)
            if row and row.until and (until is None or until > row.until):
                row.since, row.why, row.until = now, why, until
                session.add(row)
                return True
            return _pause(session, scope, why, now, until)

    def resume(self, scope: str) -> bool:
        """End the pause of a scope. False when there is none."""
        with self._database.session() as session:
            row = session.get(PauseRow, scope)
            if row:
                session.delete(row)
            return row is not None

    def bounced(self, bounce: Bounce, candidates: Iterable[str], now: datetime) -> str | None:
        """Store a report of returned mail. Returns the id of its delivery, None when none of `candidates` is stored.

        After a hard bounce the delivery has failed and its address is paused. A report counts once.
        """
        with self._database.session() as session:
            row = _find_mail(session, candidates)
            if row is None:
                return None
            if _add_bounce(session, bounce, row) and bounce.hard:
                _fail_returned(session, row, bounce, now)
            return row.id

    def bounces(self) -> tuple[BounceSummary, ...]:
        """A summary for each address that mail came back from, the newest first."""
        found: dict[str, BounceSummary] = {}
        with self._database.reading() as session:
            for row in session.exec(select(BounceRow).order_by(col(BounceRow.at))):
                before = found.pop(row.target, BounceSummary(row.target))
                hard = row.kind == HARD
                found[row.target] = BounceSummary(
                    row.target, before.hard + hard, before.soft + (not hard), row.at, row.why
                )
        return tuple(reversed(found.values()))


def _find_mail(session: Session, candidates: Iterable[str]) -> DeliveryRow | None:
    """Ids cannot be guessed: a report that names one is about our mail."""
    found = (session.get(DeliveryRow, id_, with_for_update=True) for id_ in candidates)
    return next((row for row in found if row and row.channel == ChannelName.EMAIL), None)


def _add_bounce(session: Session, bounce: Bounce, row: DeliveryRow) -> bool:
    """Store the report. False when it is stored already."""
    values = {
        "report": bounce.report,
        "delivery": row.id,
        "target": row.target,
        "kind": HARD if bounce.hard else SOFT,
        "status": bounce.status,
        "why": bounce.why,
        "at": bounce.at,
    }
    return session.connection().execute(_BOUNCE, values).rowcount > 0


def _fail_returned(session: Session, row: DeliveryRow, bounce: Bounce, now: datetime) -> None:
    """Mark a sent mail as failed, and pause its address: the next one would come back too."""
    scope = f"{row.channel}:{row.target}"
    why = f"mail to {row.target} came back: {bounce.why}"
    # Without its bytes (`bot.store.retention`) it cannot be sent again, and stays as it is.
    if row.state == DeliveryState.SENT and session.get(MessageRow, row.id) is not None:
        row.state, row.why, row.receipt = DeliveryState.FAILED, why, None
        row.incident, row.reported = scope, False
        session.add(row)
        sent = (col(AttemptRow.delivery) == row.id, col(AttemptRow.outcome) == DeliveryState.SENT)
        session.execute(update(AttemptRow).where(*sent).values(outcome="bounced", why=bounce.why))
    _pause(session, scope, why, now)


def _pause(session: Session, scope: str, why: str, now: datetime, until: datetime | None = None) -> bool:
    values = {"scope": scope, "since": now, "why": why, "until": until}
    return session.connection().execute(rows.PAUSE, values).rowcount > 0


class StoredNames:
    """The ids of a channel's names, kept over restarts (a `bot.delivery.ports.NameCache`)."""

    def __init__(self, database: Database, channel: ChannelName) -> None:
        self._database = database
        self._channel = channel

    def get(self, name: str) -> str | None:
        with self._database.reading() as session:
            row = session.get(NameRow, name)
            return row.id if row else None

    def put(self, name: str, id_: str | None) -> None:
        with self._database.session() as session:
            session.execute(delete(NameRow).where(col(NameRow.name) == name))
            if id_ is not None:
                session.connection().execute(_NAME, {"name": name, "id": id_})
                _unite(session, f"{self._channel}:{name}", f"{self._channel}:{id_}")


def _unite(session: Session, name: str, id_: str) -> None:
    """What a receiver was given under its name counts for its id."""
    both = aliased(LedgerRow)
    has_both = select(both.paper).where(both.receiver == id_, both.paper == LedgerRow.paper).exists()
    session.execute(delete(LedgerRow).where(col(LedgerRow.receiver) == name, has_both))
    for table in (LedgerRow, EditionRow):
        session.execute(update(table).where(col(table.receiver) == name).values(receiver=id_))
