"""Everything arrives, and once, when the sender is killed between any two effects.

Here at each kind of boundary; at every boundary and at random moments in tests/benchmarks/test_kills_long.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from tests.support.launcher import Launcher
from tests.support.sitting import Prepared, Sitting, servers, small
from tests.support.slack_server import Fault
from tests.support.smtp_server import At, MailFault

DAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
#: What the small installation composes: editions, Slack messages and mails.
EDITIONS, POSTS, MAILS = 5, 6, 2
#: Kinds of boundaries in the order of an attempt. A process is killed at the first of a kind that it crosses.
STORING = [
    f"{when} commit of {what}" for what in ("claim", "hand_over", "record") for when in ("before", "after")
]
POSTING = ["before chat.postMessage", "in chat.postMessage", "before conversations.history"]
POSTING += [
    "after conversations.history",
    "after chat.postMessage",
    "before conversations.replies",
    "after conversations.replies",
]
MAILING = [f"{when} {what}" for what in ("MAIL", "RCPT", "DATA") for when in ("before", "after")]
MAILING += ["before content", "in content", "in reply to content", "after content"]
MAILING += ["after connect", "before EHLO", "after EHLO", "before QUIT", "after QUIT"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """An installation with the papers of a day, and nothing composed."""
    folder = tmp_path_factory.mktemp("kills")
    logs = folder / "logs"
    logs.mkdir()
    with servers() as (slack, smtp), Launcher(logs) as launcher:
        yield Prepared(small(folder / "ingested", slack, smtp, DAY), launcher, slack, smtp)


@pytest.fixture(scope="module")
def composed(prepared: Prepared) -> Prepared:
    """An installation with all editions stored and nothing sent, composed by processes that were killed before and
    after the commit of an edition.
    """
    sitting = prepared.sitting(NOON)
    for kind, editions in (
        ("before commit of add", 0),
        ("after commit of add", 1),
        ("before commit of add", 1),
    ):
        assert sitting.send(named=kind).was_killed
        assert sitting.stored.editions == editions
    assert sitting.send(named="before commit of claim").was_killed
    assert sitting.stored.editions == EDITIONS
    return Prepared(sitting.bench, prepared.launcher, prepared.slack, prepared.smtp)


def check(sitting: Sitting) -> None:
    """All is delivered once; a mail that was being handed over at a kill may have a second copy."""
    sitting.finish(EDITIONS)
    found = sitting.accounts()
    assert not found.wrong, (found.wrong, [ended.crossed[-1] for ended in sitting.kills])
    assert (found.posts, found.mails) == (POSTS, MAILS + found.again.total())


@pytest.mark.parametrize("kinds", [STORING, POSTING, MAILING], ids=["storing", "posting", "mailing"])
def test_a_kill_at_each_kind_of_boundary(composed: Prepared, kinds: list[str]) -> None:
    """A sender is killed at each kind of boundary in turn; the next one continues."""
    sitting = composed.sitting(NOON, spacing=0.01)
    left = list(kinds)
    fruitless = 0  #: sends that did not reach such a boundary
    while left:
        sitting.later()
        if sitting.send(named=left[0]).was_killed:
            left.pop(0)
            fruitless = 0
            continue
        fruitless += 1
        assert fruitless < 3, f"no process reaches {left[0]}"
        check(sitting)
        sitting = composed.sitting(NOON, spacing=0.01)
    check(sitting)


def test_an_alert_in_doubt_waits_for_a_look_up(composed: Prepared) -> None:
    """The sender is killed while it posts an alert, and Slack refuses the look-up for now: nothing is posted before
    it succeeds, and the operator gets one alert.
    """
    slack, smtp = composed.slack, composed.smtp
    sitting = composed.sitting(NOON, spacing=0.01)
    sitting.bench.env["PAPERBOY_ALERTS"] = "C0OPERATOR"
    smtp.script.plan = lambda: MailFault(At.RCPT, reply="550 nobody of that name")
    try:
        assert sitting.send(named="in chat.postMessage", nth=POSTS + 1).was_killed
        slack.read_script.append(Fault(status=429, error="ratelimited", retry_after="1"))
        for _ in range(2):
            sitting.later()
            sitting.send()
    finally:
        smtp.script.plan = lambda: None
    assert [message["channel"] for message in slack.messages].count("C0OPERATOR") == 1
    assert not sitting.stored.open
