"""What is checked before a delivery is sent: nothing goes out twice, and no more than was composed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, case, func, select

from bot.delivery.model import DeliveryState
from bot.profiles.model import LONGEST_WINDOW
from bot.store.tables import Base

_DELIVERY, _ATTEMPT, _EDITION, _MESSAGE = (
    Base.metadata.tables[name] for name in ("delivery", "attempt", "edition", "message")
)


def _read_with_facts() -> Select[Any]:
    delivery, part, attempt = _DELIVERY.c, _DELIVERY.alias("part").c, _ATTEMPT.c
    is_part = part.edition == delivery.edition
    is_sent_attempt = (attempt.delivery == delivery.id) & (attempt.outcome == DeliveryState.SENT)
    # Not a WHERE on the state: SQLite would use its index, and read everything that was ever sent.
    sent_papers = case((part.state == DeliveryState.SENT, part.papers), else_=0)
    facts: Mapping[str, Any] = {
        "payload": select(_MESSAGE.c.payload).where(_MESSAGE.c.delivery == delivery.id),
        "times_sent": select(func.count()).where(is_sent_attempt),
        "papers_composed": select(_EDITION.c.papers).where(_EDITION.c.id == delivery.edition),
        "papers_sent": select(func.sum(sent_papers)).where(is_part),
        "edition_on": select(_EDITION.c.on).where(_EDITION.c.id == delivery.edition),
        "receiver": select(_EDITION.c.receiver).where(_EDITION.c.id == delivery.edition),
    }
    columns = (query.correlate(_DELIVERY).scalar_subquery().label(name) for name, query in facts.items())
    query = select(_DELIVERY, *columns).where(delivery.id == bindparam("delivery_id"))
    return query.with_for_update(of=_DELIVERY, skip_locked=True)


#: A delivery, its bytes, and the facts to check it against. PostgreSQL locks the row; one that another sender has
#: locked is not returned.
READ_WITH_FACTS = _read_with_facts()


def _shown_before() -> Select[Any]:
    other = _DELIVERY.alias("other")
    return (
        select(other.c.shows)
        .join(_EDITION, other.c.edition == _EDITION.c.id)
        .where(
            _EDITION.c.receiver == bindparam("receiver"),
            _EDITION.c.on >= bindparam("since"),
            _EDITION.c.id != bindparam("own_edition"),
            other.c.state == DeliveryState.SENT,
        )
    )


#: The papers of the messages that other editions sent to a receiver since a date. The ledger cannot tell: it has one
#: row for a paper of two editions that were composed for a name and its id before Slack said that these are one.
_SHOWN_BEFORE = _shown_before()


def find_violation(row: Any, connection: Connection) -> str:
    """Why a row of READ_WITH_FACTS must not be sent; empty when it may be. Alerts have no digest to check."""
    if row.times_sent or row.receipt is not None:
        return "it was sent before"
    if row.edition is None:
        return ""
    total = row.papers_sent + row.papers
    if total > row.papers_composed:
        return f"the digest has {row.papers_composed} papers, and with it {total} would be sent"
    since = row.edition_on - timedelta(days=LONGEST_WINDOW)  # nothing older is composed again
    values = {"own_edition": row.edition, "receiver": row.receiver, "since": since}
    # A message that did not show the paper's id showed another work, which was found to be the same one since then.
    sent = {paper for shown in connection.scalars(_SHOWN_BEFORE, values) for paper in shown}
    repeated = next((paper for paper in row.shows if paper in sent), None)
    return f"{row.receiver} was sent {repeated} before" if repeated else ""
