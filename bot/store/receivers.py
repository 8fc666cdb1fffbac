"""What is known of whom is sent to: pauses, the ids behind names, and mail that came back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from bot.delivery.model import Bounce, BounceSummary, DeliveryState, Pause
from bot.profiles.model import ChannelName
from bot.store import rows
from bot.store.database import Database
from bot.store.tables import AttemptRow, BounceRow, DeliveryRow, NameRow, PauseRow

HARD, SOFT = "hard", "soft"
_BOUNCE, _NAME = rows.insert_if_absent("bounce"), rows.insert_if_absent("name")


class Receivers:
    """Pauses and bounces. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pauses(self) -> tuple[Pause, ...]:
        """Oldest first."""
        with self._database.reading() as session:
            found = session.exec(select(PauseRow).order_by(col(PauseRow.since), PauseRow.scope))
            return tuple(Pause(row.scope, row.why, row.since) for row in found)

    def pause(self, scope: str, why: str, now: datetime) -> bool:
        """Nothing is sent there from now on. False when there is a pause already, which stays as it is."""
        with self._database.session() as session:
            return _pause(session, scope, why, now)

    def resume(self, scope: str) -> bool:
        """False when nothing was paused there."""
        with self._database.session() as session:
            row = session.get(PauseRow, scope)
            if row:
                session.delete(row)
            return row is not None

    def bounced(self, bounce: Bounce, candidates: Iterable[str], now: datetime) -> str | None:
        """Take in a report that a mail came back: the delivery that it is about, None when it is none of ours.

        After a hard bounce the delivery has failed, and its address is paused. A report counts once.
        """
        with self._database.session() as session:
            row = _ours(session, candidates)
            if row is None:
                return None
            if _counts(session, bounce, row) and bounce.hard:
                _come_back(session, row, bounce, now)
            return row.id

    def bounces(self) -> tuple[BounceSummary, ...]:
        """Of each address that mail came back from: how often, and what was said last; the newest first."""
        found: dict[str, BounceSummary] = {}
        with self._database.reading() as session:
            for row in session.exec(select(BounceRow).order_by(col(BounceRow.at))):
                before = found.pop(row.target, BounceSummary(row.target))
                hard = row.kind == HARD
                found[row.target] = BounceSummary(
                    row.target, before.hard + hard, before.soft + (not hard), row.at, row.why
                )
        return tuple(reversed(found.values()))


def _ours(session: Session, candidates: Iterable[str]) -> DeliveryRow | None:
    """Ids cannot be guessed: who names one has seen the mail."""
    found = (session.get(DeliveryRow, id_, with_for_update=True) for id_ in candidates)
    return next((row for row in found if row and row.channel == ChannelName.EMAIL), None)


def _counts(session: Session, bounce: Bounce, row: DeliveryRow) -> bool:
    """False when the report was taken in before."""
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


def _come_back(session: Session, row: DeliveryRow, bounce: Bounce, now: datetime) -> None:
    """What its server accepted has not arrived; nor will the next."""
    scope = f"{row.channel}:{row.target}"
    why = f"mail to {row.target} came back: {bounce.why}"
    if row.state == DeliveryState.SENT:
        row.state, row.why, row.receipt = DeliveryState.FAILED, why, None
        row.incident, row.reported = scope, False
        session.add(row)
        of_it = (col(AttemptRow.delivery) == row.id, col(AttemptRow.outcome) == DeliveryState.SENT)
        session.execute(update(AttemptRow).where(*of_it).values(outcome="bounced", why=bounce.why))
    _pause(session, scope, why, now)


def _pause(session: Session, scope: str, why: str, now: datetime) -> bool:
    values = {"scope": scope, "since": now, "why": why}
    return session.connection().execute(rows.PAUSE, values).rowcount > 0


class StoredNames:
    """The ids that a channel's names stand for (the `Names` of bot.ports)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        with self._database.reading() as session:
            row = session.get(NameRow, name)
            return row.id if row else None

    def put(self, name: str, id_: str | None) -> None:
        with self._database.session() as session:
            session.execute(delete(NameRow).where(col(NameRow.name) == name))
            if id_ is not None:
                session.connection().execute(_NAME, {"name": name, "id": id_})
