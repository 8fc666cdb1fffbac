"""A digest too long for one message: a message and its thread, continued where it broke off."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.channels.slack.channel import SlackChannel
from tests.e2e.listings import Work, json_lines
from tests.support.cli import Bench
from tests.support.slack_limits import problems
from tests.support.slack_server import Fault, SlackServer

PAPERS = 60
MONDAY = "2026-05-04"


def words(number: int, count: int) -> str:
    """Invented words, so that no two papers are nearly the same."""
    draw = Random(number)
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    return " ".join("".join(draw.choices(syllables, k=draw.randint(2, 4))) for _ in range(count))


def work(number: int) -> Work:
    """A title of some 280 characters."""
    title = f"World Models number {number} of {words(number, 36)}"
    return Work(title, f"World models: {words(-number, 60)}.", f"2605.{number:05d}")


@pytest.fixture
def long(tmp_path: Path, slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Sixty papers with long titles in one digest, and a short spacing between messages."""
    monkeypatch.setattr(SlackChannel, "spacing", timedelta(milliseconds=20))
    bench = Bench(tmp_path, SLACK_BOT_TOKEN=slack.token, SLACK_API_URL=slack.url)
    bench.profile(
        "ada", "interests: [world models]\nlimit: 100\nthreshold: 0\ndeliver: [{slack: C0PAPERS}]\n"
    )
    works = [work(n) for n in range(1, PAPERS + 1)]
    bench.file("day.jsonl", json_lines(*works))
    assert bench.run("ingest", "--file", "day.jsonl", "--as-of", MONDAY).code == 0
    return bench


def ranks(message: dict[str, Any]) -> list[int]:
    """The numbers of the papers in a message, in order."""
    texts = [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]
    return [int(match[1]) for text in texts if (match := re.match(r"\*(\d+)\. ", text))]


def test_message_and_thread(long: Bench, slack: SlackServer) -> None:
    """All replies are under the first message, each paper is shown once, in order, within Slack's limits; after two
    interruptions, with and without the message posted, it continues.
    """
    slack.script = [None, None, Fault(store=True, drop=True)]
    first = long.run("send", "--on", f"{MONDAY}T12:00:00Z", "--json").json["editions"][0]
    assert (first["state"], first["papers"]) == ("uncertain", PAPERS)
    assert len(slack.messages) == 3
    slack.script = [Fault(status=503)]
    second = long.run("send", "--on", f"{MONDAY}T12:05:00Z", "--json").json["editions"][0]
    assert (second["state"], len(slack.messages)) == ("uncertain", 3)
    third = long.run("send", "--on", f"{MONDAY}T13:00:00Z", "--json").json["editions"][0]
    assert third["state"] == "sent"

    parent, *replies = slack.messages
    assert len(replies) >= 3
    assert {reply["thread_ts"] for reply in replies} == {parent["ts"]}
    assert "thread_ts" not in parent
    assert [n for message in slack.messages for n in ranks(message)] == list(range(1, PAPERS + 1))
    assert len({json.dumps(m["metadata"], sort_keys=True) for m in slack.messages}) == len(slack.messages)
    assert len(ranks(parent)) == 10
    assert [problem for message in slack.messages for problem in problems(message)] == []
    assert long.run("status", "--json").json["deliveries"] == []


def test_refused_blocks_are_sent_as_text(long: Bench, slack: SlackServer) -> None:
    """The same papers as text, once; the thread continues."""
    slack.script = [Fault(error="invalid_blocks")]
    row = long.run("send", "--on", f"{MONDAY}T12:00:00Z", "--json").json["editions"][0]
    assert row["state"] == "sent"
    parent, *replies = slack.messages
    assert "blocks" not in parent
    assert "1. World Models number" in parent["text"]
    assert all("blocks" in reply and reply["thread_ts"] == parent["ts"] for reply in replies)
