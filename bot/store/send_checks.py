"""What is checked before a delivery is sent: nothing goes out twice, and no more than was composed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, case, func, select

from bot.delivery.model import Checked, DeliveryState
from bot.profiles.model import LONGEST_WINDOW
from bot.store.rows import delivery as delivery_value
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
    return select(_DELIVERY, *columns).where(delivery.id.in_(bindparam("ids", expanding=True)))


#: Deliveries, their bytes, and the facts to check them against.
_READ_WITH_FACTS = _read_with_facts()


def _shown_before() -> Select[Any]:
    other = _DELIVERY.alias("other")
    return (
        select(_EDITION.c.receiver, _EDITION.c.id, _EDITION.c.on, other.c.shows)
        .join(_EDITION, other.c.edition == _EDITION.c.id)
        .where(
            _EDITION.c.receiver.in_(bindparam("receivers", expanding=True)),
            _EDITION.c.on >= bindparam("since"),
            other.c.state == DeliveryState.SENT,
        )
    )


#: The papers of the messages that receivers were sent since a date. The ledger cannot tell: it has one row for a
#: paper of two editions that were composed for a name and its id before Slack said that these are one.
_SHOWN_BEFORE = _shown_before()


def read_checked(ids: Iterable[str], connection: Connection) -> dict[str, Checked]:
    """Read deliveries and check them; by id. Those that do not exist are left out."""
    rows = connection.execute(_READ_WITH_FACTS, {"ids": list(ids)}).all()
    # Nothing older than the longest window is composed again.
    since = {row.id: row.edition_on - timedelta(days=LONGEST_WINDOW) for row in rows if row.edition}
    shown = defaultdict(list)  #: by receiver
    if since:
        values = {"receivers": [*{row.receiver for row in rows if row.edition}], "since": min(since.values())}
        for receiver, *message in connection.execute(_SHOWN_BEFORE, values):
            shown[receiver].append(message)
    checked = {}
    for row in rows:
        others = (
            shows
            for edition, on, shows in shown[row.receiver]
            if edition != row.edition and on >= since[row.id]
        )
        violation = _violation(row, {paper for shows in others for paper in shows})
        checked[row.id] = Checked(delivery_value(row), row.payload, violation)
    return checked


def _violation(row: Any, shown: Collection[str]) -> str:
    """Why a row of _READ_WITH_FACTS must not be sent; empty when it may be. Alerts have no digest to check.

    `shown`: the papers that other editions showed to its receiver.
    """
    if row.times_sent or row.receipt is not None:
        return "it was sent before"
    if row.edition is None:
        return ""
    total = row.papers_sent + row.papers
    if total > row.papers_composed:
        return f"the digest has {row.papers_composed} papers, and with it {total} would be sent"
    # A message that did not show the paper's id showed another work, which was found to be the same one since then.
    repeated = next((paper for paper in row.shows if paper in shown), None)
    return f"{row.receiver} was sent {repeated} before" if repeated else ""
