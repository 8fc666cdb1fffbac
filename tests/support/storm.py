"""Three senders on one database, killed and stopped at random moments, against servers with latency and faults.

One sender's clock is right, one differs by minutes, one by a day; half of them because of `--on`, half because of
their machine. Leases are short, and a sender is stopped (SIGSTOP) for longer than one, often when it has just stored
that it hands over.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import NullPool, create_engine, text

from bot.clock import utc_now
from tests.support.accounts import Accounts, accounts
from tests.support.cli import Bench
from tests.support.launcher import Crossing, Ended, Launcher, Running
from tests.support.load import ingest, twenty, works
from tests.support.sitting import Prepared, Sitting
from tests.support.slack_server import Fault, SlackServer
from tests.support.smtp_server import At, MailFault, SmtpServer

#: Seconds of a lease, of a stop in leases, and that senders wait for an answer. Latency is much shorter than a lease,
#: as a message must appear in Slack before the next sender looks for it.
LEASE, STOP, PATIENCE, LATENCY = 0.8, (1.3, 2.5), 2.0, 0.04
HANG = PATIENCE + 0.4
QUICK = {"spacing": 0.01, "timeout": PATIENCE, "lease": LEASE}
FAULTY = 0.15  #: the share of calls that go wrong
#: How far the clocks of the three senders may be off.
CLOCKS = ((0.0,), (-9.0, 7.0), (-24 * 60.0, 24 * 60.0))  # minutes
FIRST_DAY = date(2026, 5, 4)

SLACK_FAULTS = [
    Fault(status=429, error="ratelimited", retry_after="30"),
    *(Fault(status=500, store=store) for store in (False, True)),
    *(Fault(error="internal_error", store=store) for store in (False, True)),
    *(Fault(drop=True, store=store) for store in (False, True)),
    Fault(delay=HANG, store=True),
]
READ_FAULTS = [Fault(status=429, error="ratelimited", retry_after="30"), Fault(status=500), Fault(drop=True)]
MAIL_FAULTS = [
    *(MailFault(at, reply="451 later") for at in (At.MAIL, At.RCPT, At.DATA, At.DOT)),
    *(MailFault(at, cut=True) for at in At),
    MailFault(At.DOT, cut=True, store=True),
    MailFault(At.DOT, hang=HANG, store=True),
]


@dataclass
class _Sender:
    running: Running
    strikes_at: float  #: when it is killed, or stopped, if it has not stopped itself
    is_to_be_killed: bool = False
    is_to_be_stopped: bool = False
    continues_at: float | None = None  #: while it is stopped


@dataclass
class Storm:
    """Runs until there were enough kills and stops."""

    bench: Bench  #: with an empty database
    launcher: Launcher
    slack: SlackServer
    smtp: SmtpServer
    seed: str
    kills: int = 0
    stops: int = 0
    ended: list[Ended] = field(default_factory=list)
    starts: int = 0
    days: int = 0
    faults: int = 0  #: of the servers

    def run(self, kills: int, stops: int) -> Accounts:
        """Papers of a day, and senders; day by day. At the end everything is delivered, and compared."""
        self._chance = random.Random(self.seed)
        url = self.bench.env.get("DATABASE_URL") or f"sqlite:///{self.bench.database}"
        self._engine = create_engine(url, poolclass=NullPool)
        twenty(self.bench)
        self._set_plans(FAULTY)
        while self.kills < kills or self.stops < stops:
            day = FIRST_DAY + timedelta(days=self.days)
            self.days += 1
            papers = [one for n in range(10) for one in works(n, 2 if n else 30, day, long=not n)]
            ingest(self.bench, day, papers)
            self._send_through(datetime(day.year, day.month, day.day, 6, tzinfo=UTC), kills, stops)
        self._set_plans(0)
        self.slack.settle()
        self.smtp.settle()
        prepared = Prepared(self.bench, self.launcher, self.slack, self.smtp)
        end = datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(days=self.days + 2)
        sitting = Sitting(self.bench, prepared, end, QUICK)
        sitting.finish(0)
        doubts = [id_ for one in self.ended for id_ in in_doubt(one.crossed)]
        found = accounts(sitting.stored, self.slack, self.smtp, doubts)
        found.held += sitting.held
        return found

    @property
    def let_go(self) -> int:
        """Attempts that sent nothing because another sender had taken the delivery over."""
        query = "SELECT count(*) FROM attempt WHERE why LIKE 'nothing was sent:%'"
        with self._engine.connect() as connection:
            return int(connection.execute(text(query)).scalar() or 0)

    def _set_plans(self, faulty: float) -> None:
        """Every call takes a while, and some go wrong."""
        chance = random.Random(f"{self.seed} faults")

        def goes_wrong() -> bool:
            is_fault = chance.random() < faulty
            self.faults += is_fault
            return is_fault

        def latency() -> float:
            return chance.uniform(0, LATENCY)

        self.slack.plan = lambda: (
            chance.choice(SLACK_FAULTS)
            if goes_wrong()
            else Fault(late=latency(), store=True, delay=latency())
        )
        self.slack.read_plan = lambda: chance.choice(READ_FAULTS) if goes_wrong() else None
        self.smtp.script.plan = lambda: (
            chance.choice(MAIL_FAULTS) if goes_wrong() else MailFault(At.DOT, store=True, hang=latency())
        )

    def _send_through(self, now: datetime, kills: int, stops: int) -> None:
        """Senders at later and later times, until nothing is left to do."""
        evening, first = now + timedelta(hours=12), self.starts
        senders: dict[int, _Sender] = {}
        while now < evening and (self.starts < first + 6 or self._is_anything_open()):
            for number in range(len(CLOCKS)):
                if number not in senders:
                    now += timedelta(minutes=self._chance.choice((1, 2, 3, 5)))
                    senders[number] = self._start(now, number, kills, stops)
            self._watch(senders)
        while senders:
            self._watch(senders)

    def _is_anything_open(self) -> bool:
        """Whether a delivery will be tried again without a person."""
        query = "SELECT count(*) FROM delivery WHERE state IN ('pending', 'sending', 'waiting')"
        query += " OR state = 'uncertain' AND until IS NOT NULL"
        with self._engine.connect() as connection:
            return bool(connection.execute(text(query)).scalar())

    def _start(self, now: datetime, number: int, kills: int, stops: int) -> _Sender:
        chance = self._chance
        self.starts += 1
        clock = now + timedelta(minutes=chance.choice(CLOCKS[number]))
        order: dict[str, object] = {}
        to_be_stopped = self.stops < stops and chance.random() < 0.3
        to_be_killed = not to_be_stopped and self.kills < kills
        if to_be_stopped and chance.random() < 0.6:
            order |= {"named": "after commit of hand_over", "nth": chance.randint(1, 6), "stops": True}
        argv = ["send"]
        if chance.random() < 0.5:
            argv += ["--on", clock.isoformat()]
        else:
            order["shift"] = (clock - utc_now()).total_seconds()
        running = self.launcher.start(self.bench, *argv, **QUICK, **order)
        strikes_at = time.monotonic() + (9.0 if "named" in order else chance.uniform(0.05, 1.5))
        return _Sender(running, strikes_at, to_be_killed, to_be_stopped)

    def _watch(self, senders: dict[int, _Sender]) -> None:
        """Kill, stop and continue processes whose time has come; collect those that have ended."""
        time.sleep(0.01)
        for number, one in list(senders.items()):
            if ended := one.running.poll():
                self.ended.append(ended)
                self.kills += ended.was_killed
                del senders[number]
                continue
            now = time.monotonic()
            if one.continues_at is not None:
                if now >= one.continues_at:
                    one.running.signal(signal.SIGCONT)
                    one.continues_at, one.is_to_be_stopped = None, False
            elif one.is_to_be_stopped:
                if now >= one.strikes_at:
                    one.running.signal(signal.SIGSTOP)
                if one.running.is_stopped:
                    self.stops += 1
                    one.continues_at = now + LEASE * self._chance.uniform(*STOP)
            elif one.is_to_be_killed and now >= one.strikes_at:
                one.running.kill()
            elif one.running.is_stopped:  # by itself, after it was stopped at its time
                one.running.signal(signal.SIGCONT)


def in_doubt(crossed: tuple[Crossing, ...]) -> Iterator[str]:
    """Mails whose content was handed over, and whose outcome was recorded so late, or never, that another sender may
    have taken them over.
    """
    handed: dict[int, Crossing] = {}  #: by thread
    for one in crossed:
        is_next = one.name == "before content"  # an outcome is recorded with the next mail at the latest
        for thread, before in list(handed.items()):
            if (is_next and thread == one.thread) or (one.records and before.delivery == one.delivery):
                del handed[thread]
                if one.at - before.at > LEASE / 2:
                    yield before.delivery
        if is_next:
            handed[one.thread] = one
    yield from (one.delivery for one in handed.values())
