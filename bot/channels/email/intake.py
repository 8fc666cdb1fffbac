"""Mail that came back: read reports, and what each means for the delivery that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.channels.email.bounces import Kind, Report, read_report, read_reports
from bot.delivery.model import Bounce


class Receivers(Protocol):
    """What taking in reports needs of the store."""

    def bounced(self, bounce: Bounce, candidates: Iterable[str], now: datetime) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one mail."""

    where: str  #: its file
    kind: Kind
    delivery: str | None  #: that it is about; None when it is about none of ours
    status: str
    why: str


def take_in(path: Path, receivers: Receivers, now: datetime) -> Iterator[Taken]:
    """Every mail of a Maildir, an mbox or a file. Raises UserError when it cannot be read."""
    for where, content in read_reports(path):
        report = read_report(content)
        delivery = None
        if report.kind is not Kind.NONE:
            delivery = receivers.bounced(_bounce(report, now), report.deliveries, now)
        yield Taken(where, report.kind, delivery, report.status, report.diagnostic)


def _bounce(report: Report, now: datetime) -> Bounce:
    """Some servers give the notice of a delay and that of the failure after it the same Message-ID."""
    why = report.diagnostic or report.status or "without a reason"
    identity = f"{report.kind} {report.key}"
    return Bounce(identity, report.kind is Kind.HARD, report.status, why, min(report.when or now, now))
