"""The call to a monitor: after which cycles, how often, and that it never gives the URL away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.delivery.service import SendResult
from bot.digests.day import day_of
from bot.papers.calendar import ArxivCalendar
from bot.papers.model import SourceState
from bot.profiles.model import ChannelName
from bot.worker.heartbeat import SPACING, Heartbeat, is_good_cycle
from tests.support.builders import NOW, at
from tests.support.source_server import SourceServer

SENT = SendResult("ada", ChannelName.SLACK, "C0", NOW.date(), "sent", 2)
OK = SourceState("arxiv-rss", "ok", "", NOW, NOW)


@pytest.mark.parametrize(
    ("source", "results", "good"),
    [
        (OK, [], True),
        (OK, [SENT, replace(SENT, state="quiet"), replace(SENT, state="skipped")], True),
        (replace(OK, state="empty"), [], True),  # nothing new
        (replace(OK, state="idle", last_success=at("2026-04-01 08:00")), [], True),  # at rest
        (replace(OK, state="failed"), [], False),
        (replace(OK, last_success=at("2026-05-01 08:00")), [], False),  # nobody asks any more
        *((OK, [SENT, replace(SENT, state=state)], False) for state in ("failed", "uncertain", "waiting")),
        (OK, [replace(SENT, state="skipped", blocked=True)], False),  # a setting is missing
    ],
)
def test_good_cycles(source: SourceState, results: list[SendResult], good: bool) -> None:
    """All sources that were asked answered, and nothing due is unsent because of an error."""
    assert is_good_cycle(results, day_of([source], ArxivCalendar(), NOW)) is good


def beat(heart: Heartbeat) -> bool:
    """Whether a call was made; it has ended."""
    thread = heart.beat()
    if thread:
        thread.join(10)
        assert not thread.is_alive()
    return thread is not None


def test_calls() -> None:
    """At most about once a minute; a problem is printed when it begins, without the URL."""
    now, printed = [0.0], []
    with SourceServer() as monitor:
        monitor.answer("/secret", b"OK")
        heart = Heartbeat(f"{monitor.url}/secret", printed.append, lambda: now[0])
        assert [beat(heart), beat(heart)] == [True, False]
        monitor.answer("/secret", b"gone", status=404)
        for _ in range(2):
            now[0] += SPACING
            assert beat(heart)
    now[0] += SPACING
    assert beat(heart)  # the monitor is down
    assert len(monitor.asked("/secret")) == 3
    assert printed == [
        "heartbeat: status 404 from the URL of PAPERBOY_HEARTBEAT",
        "heartbeat: no answer (ConnectionRefusedError) from the URL of PAPERBOY_HEARTBEAT",
    ]
