"""Several sender processes on one database: every part arrives once."""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.launcher import Launcher
from tests.support.load import ingest, twenty, wired, works
from tests.support.sitting import Prepared, Sitting, servers, small
from tests.support.slack_server import Fault, SlackServer
from tests.support.smtp_server import At, MailFault, SmtpServer

DAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SUBSCRIPTIONS, EDITIONS, POSTS, MAILS = 20, 5, 6, 2
SPACING, LEASE = 0.4, 0.5


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SlackServer, SmtpServer, Launcher]]:
    with servers() as (slack, smtp), Launcher(tmp_path_factory.mktemp("logs")) as launcher:
        yield slack, smtp, launcher


@pytest.fixture(params=["sqlite", "postgresql"])
def env(request: pytest.FixtureRequest) -> dict[str, str]:
    """The setting of the database."""
    if request.param == "sqlite":
        return {}
    make: Callable[[], str] = request.getfixturevalue("new_postgres")
    return {"DATABASE_URL": make()}


@pytest.mark.parametrize("senders", [2, 4])
def test_senders_at_once(
    tmp_path: Path, around: tuple[SlackServer, SmtpServer, Launcher], env: dict[str, str], senders: int
) -> None:
    """They compose and send for 20 subscriptions, ten of them in three Slack channels: each message arrives once, and
    those to one channel keep their spacing.
    """
    slack, smtp, launcher = around
    slack.clear()
    smtp.clear()
    bench = wired(tmp_path, slack, smtp, **env)
    if env:
        assert bench.run("migrate").code == 0
    twenty(bench)
    ingest(bench, DAY, [one for number in range(10) for one in works(number, 2, DAY)])
    sitting = Sitting(bench, Prepared(bench, launcher, slack, smtp), NOON, {"spacing": SPACING})
    running = [sitting.start() for _ in range(senders)]
    ended = [sitting.ended(one) for one in running]
    found = sitting.accounts()
    assert not found.wrong
    assert (found.posts, found.mails) == (10, 10)
    assert {one.code for one in ended} <= {0, 1}, ended  # 1: another one was still sending
    _assert_paced(slack)


def _assert_paced(slack: SlackServer) -> None:
    by_channel: dict[str, list[float]] = defaultdict(list)
    for message, at in zip(slack.messages, slack.times, strict=True):
        by_channel[message["channel"]].append(at)
    assert len(by_channel) == 3
    for (
        times
    ) in by_channel.values():  # on a busy machine the first post may be late; without pacing all take no time
        assert times[-1] - times[0] > SPACING * (len(times) - 1) / 2


@pytest.fixture(scope="module")
def composed(
    tmp_path_factory: pytest.TempPathFactory, around: tuple[SlackServer, SmtpServer, Launcher]
) -> Prepared:
    """The small installation with all editions stored and nothing sent."""
    slack, smtp, launcher = around
    bench = small(tmp_path_factory.mktemp("stopped") / "composed", slack, smtp, DAY)
    prepared = Prepared(bench, launcher, slack, smtp)
    sitting = prepared.sitting(NOON)
    sitting.send(named="before commit of claim")
    return Prepared(sitting.bench, launcher, slack, smtp)


@pytest.mark.parametrize(
    ("kind", "nth"),
    [
        ("after commit of claim", 1),
        ("after RCPT", 1),
        ("after DATA", 1),
        ("after commit of hand_over", 1),
        ("after commit of hand_over", 2),  # a mail
        ("after commit of hand_over", 5),  # the first one after a wait for a channel's turn
        ("after chat.postMessage", 1),
        ("after content", 1),
    ],
)
def test_a_sender_that_is_stopped_longer_than_its_lease(composed: Prepared, kind: str, nth: int) -> None:
    """Another one takes over meanwhile, and the first hands nothing over when it continues. Only the mail whose
    content it had sent already may arrive twice.

    It has one thread: another one might be stopped within a transaction, for which all senders would wait.
    """
    sitting = composed.sitting(NOON, spacing=SPACING, lease=LEASE, threads=1)
    stopped = sitting.start(named=kind, nth=nth, stops=True)
    stopped.wait_until_stopped()
    time.sleep(LEASE)
    assert sitting.send().code == 0
    stopped.signal(signal.SIGCONT)
    sitting.ended(stopped)
    found = sitting.accounts()
    copies = int(kind == "after content")
    assert (found.posts, found.mails, found.parts) == (POSTS, MAILS + copies, POSTS + MAILS)
    assert not [one for one in found.wrong if not copies]


@pytest.mark.parametrize("days", [(-1, 1), (0, 1), (0, -1)])
def test_senders_whose_clocks_differ_by_days(composed: Prepared, days: tuple[int, int]) -> None:
    """Servers take their time: no sender takes over what the other one is sending."""
    slack, smtp = composed.slack, composed.smtp
    slack.plan = lambda: Fault(late=0.15, store=True)
    smtp.script.plan = lambda: MailFault(At.DOT, store=True, hang=0.15)
    try:
        sitting = composed.sitting(NOON, spacing=0.01)
        running = []
        for shift in days:
            sitting.now = NOON + timedelta(days=shift)
            running.append(sitting.start())
        for one in running:
            sitting.ended(one)
        sitting.finish(EDITIONS)
    finally:
        slack.plan = smtp.script.plan = lambda: None
    found = sitting.accounts()
    assert (found.posts, found.mails, found.wrong) == (POSTS, MAILS, [])
