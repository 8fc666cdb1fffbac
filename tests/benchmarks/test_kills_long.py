"""The whole fault harness: a kill at every boundary, one by one, and hundreds at random moments under load.

    python -m pytest tests/benchmarks/test_kills_long.py -s -n 0

PAPERBOY_KILLS (200) is the number of random kills, PAPERBOY_SEED (a new one each time) their seed and that of the
servers' faults.
"""

from __future__ import annotations

import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.test_kills import DAY, EDITIONS, MAILS, NOON, POSTS
from tests.support.accounts import Accounts
from tests.support.launcher import Launcher
from tests.support.load import ingest, twenty, wired, works
from tests.support.sitting import Prepared, Sitting, servers, small
from tests.support.slack_server import Fault, SlackServer
from tests.support.smtp_server import At, MailFault, SmtpServer

KILLS = int(os.environ.get("PAPERBOY_KILLS", "200"))
SEED = int(os.environ.get("PAPERBOY_SEED") or secrets.randbelow(10**6))
SUBSCRIPTIONS = 20
DAYS = tuple(date(2026, 5, 4) + timedelta(days=number) for number in range(3))
#: Seconds that the senders wait for an answer, and that a server which hangs takes.
PATIENCE, HANG = 3.0, 3.4
QUICK = {"spacing": 0.01, "timeout": PATIENCE}
#: The share of calls that go wrong, during the kills and after them.
FAULTY, STILL_FAULTY = 0.25, 0.1

SLACK_FAULTS = [
    Fault(status=429, error="ratelimited", retry_after="30"),
    *(Fault(status=status, store=store) for status in (500, 503) for store in (False, True)),
    *(Fault(error="internal_error", store=store) for store in (False, True)),
    Fault(error="service_unavailable"),
    *(Fault(drop=True, store=store) for store in (False, True)),
    *(Fault(delay=HANG, store=store) for store in (False, True)),
    Fault(late=HANG, store=True),
]
READ_FAULTS = [Fault(status=429, error="ratelimited", retry_after="30"), Fault(status=500), Fault(drop=True)]
MAIL_FAULTS = [
    *(MailFault(at, reply=f"{code} no") for at in (At.MAIL, At.RCPT, At.DATA, At.DOT) for code in (451, 554)),
    MailFault(At.MAIL, reply="421 too many"),
    *(MailFault(at, cut=True) for at in At),
    MailFault(At.DOT, cut=True, store=True),
    MailFault(At.RCPT, hang=HANG),
    MailFault(At.DOT, hang=HANG),
    MailFault(At.DOT, hang=HANG, store=True),
]


class RandomFaults:
    """Gives calls to the servers faults, at random from a seed."""

    def __init__(self, seed: str, slack: SlackServer, smtp: SmtpServer) -> None:
        self._chance = random.Random(seed)
        self.share = FAULTY
        slack.plan = lambda: self._fault(SLACK_FAULTS)
        slack.read_plan = lambda: self._fault(READ_FAULTS)
        smtp.script.plan = lambda: self._fault(MAIL_FAULTS)

    def _fault(self, faults: list) -> object:  # type: ignore[type-arg]
        return self._chance.choice(faults) if self._chance.random() < self.share else None


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[SlackServer, SmtpServer, Launcher]]:
    logs = tmp_path / "logs"
    logs.mkdir()
    with servers() as (slack, smtp), Launcher(logs) as launcher:
        yield slack, smtp, launcher


def report(title: str, kills: int, found: Accounts, started: float, *more: tuple[str, object]) -> None:
    causes = [(f"second copies of mails, by {cause}", count) for cause, count in sorted(found.again.items())]
    lines: list[tuple[str, object]] = [
        ("kills", kills),
        ("parts", found.parts),
        ("Slack messages received", found.posts),
        ("mails received", found.mails),
        ("second Slack messages", found.twice_in_slack),
        *(causes or [("second copies of mails", 0)]),
        ("held for `resend`, and sent by it", found.held),
        ("lost", found.lost),
        ("wrong", len(found.wrong)),
        *more,
        ("seconds", round(time.perf_counter() - started)),
    ]
    print(f"\n\n{title}")
    for name, figure in lines:
        print(f"  {name:<48}{figure:>8}" if isinstance(figure, int) else f"  {name:<48}{figure}")
    for problem in found.wrong:
        print(f"  ! {problem}")


def test_a_kill_at_every_boundary(tmp_path: Path, running: tuple[SlackServer, SmtpServer, Launcher]) -> None:
    """One installation for each boundary: a process is killed there, and others continue."""
    slack, smtp, launcher = running
    started = time.perf_counter()
    prepared = Prepared(small(tmp_path / "ingested", slack, smtp, DAY), launcher, slack, smtp)
    composing = [one.number for one in prepared.sitting(NOON).send(named="before commit of claim").crossed]
    sitting = prepared.sitting(NOON)
    sitting.send(at=composing[-1])
    composed = Prepared(sitting.bench, launcher, slack, smtp)
    sending = [one.number for one in composed.sitting(NOON, **QUICK).send().crossed]
    found, kinds, missed = Accounts(), Counter[str](), 0
    for origin, numbers in ((prepared, composing), (composed, sending)):
        for number in numbers:
            sitting = origin.sitting(NOON, **QUICK)
            ended = sitting.send(at=number)
            if not ended.was_killed:  # waits differ from run to run, and with them the boundaries
                missed += 1
                continue
            sitting.finish(EDITIONS)
            this = sitting.accounts()
            sitting.close()
            if (this.posts, this.mails) != (POSTS, MAILS + this.again.total()):
                this.wrong.append(f"{this.posts} posts and {this.mails} mails")
            this.wrong = [f"killed at {number}, {ended.crossed[-1].name}: {one}" for one in this.wrong]
            found += this
            kinds[ended.crossed[-1].name] += 1
    report(
        "A kill at every boundary, one by one",
        kinds.total(),
        found,
        started,
        ("kinds of boundaries", len(kinds)),
        ("boundaries that did not come again", missed),
    )
    assert not found.wrong


def test_kills_at_random_moments(tmp_path: Path, running: tuple[SlackServer, SmtpServer, Launcher]) -> None:
    """20 subscriptions, 3 days, servers that fail; repeated until there were enough kills."""
    slack, smtp, launcher = running
    started = time.perf_counter()
    print(f"\nseed {SEED}")
    bench = wired(tmp_path / "town", slack, smtp, PAPERBOY_ALERTS="C0OPERATOR")
    twenty(bench)
    for day in DAYS:
        ingest(bench, day, [one for n in range(10) for one in works(n, 3 if n else 36, day, long=not n)])
    prepared = Prepared(bench, launcher, slack, smtp)
    found, hit, faults, rounds, alerts = Accounts(), Counter[str](), 0, 0, 0
    while hit.total() < KILLS:
        rounds += 1
        chance = random.Random(f"{SEED} {rounds}")
        sitting = prepared.sitting(datetime(2026, 5, 4, tzinfo=UTC), **QUICK)
        faults_ = RandomFaults(f"{SEED} {rounds} weather", slack, smtp)
        for number, day in enumerate(DAYS, start=1):
            sitting.now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
            faults_.share = FAULTY
            _kill_through(sitting, number * SUBSCRIPTIONS, chance)
            faults_.share = STILL_FAULTY
            for _ in range(3):
                sitting.later(chance.choice((5, 30)))
                sitting.send()
            faults_.share = 0
            sitting.finish(number * SUBSCRIPTIONS)
        this = sitting.accounts()
        alerts += sum(message["channel"] == "C0OPERATOR" for message in slack.messages)
        this.wrong = [f"round {rounds}: {one}" for one in this.wrong]
        hit.update(ended.crossed[-1].name if ended.crossed else "the start" for ended in sitting.kills)
        faults += len(slack.faults) + len(smtp.befallen)
        found += this
        if not this.wrong:
            sitting.close()
    extent = f"{SUBSCRIPTIONS} subscriptions, {len(DAYS)} days, 2 channels"
    report(
        f"Kills at random moments: {extent}, {rounds} rounds",
        hit.total(),
        found,
        started,
        ("of the parts and messages, alerts", alerts),
        ("faults of the servers", faults),
        ("kills while something was handed over", sum(_handing_over(name) * n for name, n in hit.items())),
        ("kinds of boundaries after which they came", len(hit)),
        ("seed", SEED),
    )
    assert not found.wrong


def _kill_through(sitting: Sitting, editions: int, chance: random.Random) -> None:
    """Send through a day, killing processes at random moments as long as there is work."""
    evening = sitting.now.replace(hour=17)
    while sitting.now < evening:
        kept = sitting.stored
        if kept.editions >= editions and not kept.open:
            return
        running = sitting.start()
        longest = 0.6 if kept.editions >= editions else 3.0
        time.sleep(chance.uniform(0.05, longest))
        running.kill()
        sitting.ended(running)
        sitting.later(chance.choice((1, 2, 3, 5, 8, 20)))


def _handing_over(name: str) -> bool:
    """Whether the receiver may have a message at this boundary whose outcome is not recorded."""
    return name in (
        "before chat.postMessage",
        "in chat.postMessage",
        "after chat.postMessage",
        "before content",
        "in content",
        "in reply to content",
        "after content",
        "before commit of record",
    )
