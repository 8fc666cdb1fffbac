"""Looking up what was posted to Slack: in the history, in a thread, by metadata or text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.mrkdwn import size
from bot.delivery.model import Notice, Sent
from bot.delivery.ports import NoAnswer
from tests.support.samples import TOKEN, digest, envelope, scored
from tests.support.slack_messages import TARGET, channel, ready
from tests.support.slack_server import Fault, SlackServer


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as running:
        yield running


def test_look_up_in_a_busy_channel(server: SlackServer) -> None:
    """Page by page, as some apps get only 15 messages a page."""
    mine = ready()
    channel(server).send(mine)
    for n in range(40):
        channel(server).send(ready(delivery=f"other-{n}"))
    for message in server.messages[1:]:
        message |= {"metadata": None, "text": "lunch?"}
    assert channel(server).look_up(mine) is not None
    assert len([1 for method, _ in server.calls if method == "conversations.history"]) == 3


@pytest.mark.parametrize(
    ("changes", "is_found"),
    [
        ({}, True),
        ({"text": "cut by Slack"}, True),
        ({"metadata": None}, True),  # it was sent without, as plain text
        ({"metadata": None, "text": "Paperboy for bob"}, False),
        ({"metadata": {"event_type": "another_app", "event_payload": {}}, "text": "other"}, False),
        ({"metadata": {"event_type": "paperboy_delivery", "event_payload": {"delivery": "x-1"}}}, False),
    ],
)
def test_messages_are_recognised(server: SlackServer, changes: dict[str, Any], is_found: bool) -> None:
    """By their metadata, or by their text when they have none."""
    mine = ready()
    channel(server).send(mine)
    server.messages[0] |= changes
    assert (channel(server).look_up(mine) is not None) is is_found


@pytest.mark.parametrize("title", ["A title", "&" * 90])
def test_texts_differ(server: SlackServer, title: str) -> None:
    """Without metadata too, and when the titles do not fit: another part, or another profile's digest in the same
    channel, is not mistaken for this one.
    """
    papers = tuple(scored(n, title=title) for n in range(1, 61))
    one, other = (
        [
            envelope(part.payload, TARGET, delivery=f"{token}-{n}")
            for n, part in enumerate(SlackChannel(None).render(made, token, TARGET), start=1)
        ]
        for token, made in (("aa", digest(papers)), ("bb", digest(papers, profile="bo")))
    )
    server.script = [Fault(error="metadata_too_large")]
    sent = channel(server).send(one[0])
    assert isinstance(sent, Sent)
    assert "metadata" not in server.messages[0]
    assert channel(server).look_up(one[0]) == sent
    assert channel(server).look_up(other[0]) is None
    assert len(one) > 2
    assert channel(server).look_up(replace(one[1], thread=sent.receipt)) is None


def test_look_up_stops_before_the_first_attempt(server: SlackServer) -> None:
    """The newest page is enough for a delivery that was started just now."""
    server.messages = [{"channel": TARGET, "ts": f"{n}.000000", "text": "old"} for n in range(100)]
    assert channel(server).look_up(ready()) is None
    assert len(server.calls) == 1


@pytest.mark.parametrize("hours", [-48, 48])
def test_look_up_with_a_wrong_clock(server: SlackServer, hours: int) -> None:
    """The newest page is read whatever the local time of the first attempt was."""
    mine = ready(started=datetime.now(UTC) + timedelta(hours=hours))
    channel(server).send(mine)
    assert channel(server).look_up(mine) is not None


def test_replies(server: SlackServer) -> None:
    """They are posted to the first part's thread, and looked up there: a channel's history does not have them."""
    first = channel(server).send(ready(target="#papers"))
    assert isinstance(first, Sent)
    payload = SlackChannel(None).render(digest(40), TOKEN, TARGET)[1].payload
    reply = envelope(payload, "#papers", delivery=f"{TOKEN}-2", thread=first.receipt)
    assert channel(server).look_up(reply) is None
    sent = channel(server).send(reply)
    assert f"{server.messages[1]['channel']}:{server.messages[1]['thread_ts']}" == first.receipt
    assert channel(server).look_up(reply) == sent


@pytest.mark.parametrize(
    "fault",
    [
        Fault(error="missing_scope"),
        Fault(error="not_in_channel"),
        Fault(error="ratelimited", status=429),
        Fault(status=500),
        Fault(drop=True),
    ],
)
def test_look_up_fails(server: SlackServer, fault: Fault) -> None:
    """Without an answer it is not known whether the message is there."""
    server.read_script = [fault]
    with pytest.raises(LookupError) as caught:
        channel(server).look_up(ready())
    assert server.token not in str(caught.value)


@pytest.mark.parametrize("target", ["#papers", "papers", "@ada", "U0ADA"])
def test_look_up_needs_an_id(server: SlackServer, target: str) -> None:
    """A history is read by a conversation's id, which neither a name nor a user's id is."""
    server.lists = server.opens = False
    with pytest.raises(LookupError):
        channel(server).look_up(ready(target=target))


@pytest.mark.parametrize(
    "answer",
    [
        *(
            {"ok": True},
            {"ok": True, "messages": None},
            {"ok": True, "messages": ""},
            {"ok": True, "messages": {}},
        ),
        {"ok": True, "messages": ["lunch?"]},
        {"ok": True, "messages": [{"ts": None}]},
        {"ok": True, "messages": [], "has_more": True},
    ],
)
def test_an_incomplete_answer_is_not_a_no(server: SlackServer, answer: dict[str, Any]) -> None:
    """Only a list of messages shows that it is not there."""
    body = json.dumps(answer)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
    server.read_script = [Fault(answer=f"{head}{body}".encode())]
    with pytest.raises(NoAnswer):
        channel(server).look_up(ready())


def test_a_notice_is_a_message(server: SlackServer) -> None:
    """Plain text that is shown as written, can be looked up, and ends after a line when it is too long."""
    lines = ["slack #papers, failed: <!channel> is *archived*", *(f"line {n} {'x' * 90}" for n in range(90))]
    notice = Notice("Paperboy: 91 deliveries have stopped", "\n".join(lines), datetime.now(UTC))
    payload = channel(server).render_notice(notice, f"{TOKEN}-1", TARGET)
    mine = envelope(payload, TARGET)
    outcome = channel(server).send(mine)
    (stored,) = server.messages
    shown = stored["text"].splitlines()
    assert shown[:2] == [notice.subject, "slack #papers, failed: &lt;!channel&gt; is *archived*"]
    assert stored["mrkdwn"] is False
    assert shown[2:] == lines[1 : len(shown) - 1]
    assert 20 < len(shown) < 90
    assert size(stored["text"]) <= 4_000
    assert channel(server).look_up(mine) == outcome
