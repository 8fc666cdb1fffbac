"""Two profiles for one Slack channel and one address over ten real days, and a profile that is renamed on the way.

Skipped where the recorded days are not beside the checkout.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.support.cli import ROOT
from tests.support.load import wired
from tests.support.slack_server import SlackServer
from tests.support.smtp_server import SmtpServer

ARCHIVE = ROOT.parent / "shared" / "archive"
DAYS = [f"2026-05-{day}" for day in range(11, 21)]
_LINK = re.compile(r"arxiv\.org/abs/(\d{4}\.\d{5})")

pytestmark = pytest.mark.skipif(not ARCHIVE.is_dir(), reason=f"{ARCHIVE} does not exist")


def _profile(interests: str, slack: str, email: str) -> str:
    return f'interests: [{interests}]\ndeliver:\n  - {{slack: "{slack}"}}\n  - {{email: {email}}}\n'


def test_each_paper_once_to_a_receiver(tmp_path: Path) -> None:
    """By whichever profile and under whichever name of the receiver it is sent; across the rename too."""
    with SlackServer() as slack, SmtpServer() as smtp:
        slack.channels = {"papers": "C0PAPERS"}
        bench = wired(tmp_path, slack, smtp)
        bench.profile("ada", _profile("speech recognition, language models", "#papers", "Ada@example.org"))
        bo = bench.profile("bo", _profile("language models, speech synthesis", "C0PAPERS", "ada@example.org"))
        for day in DAYS:
            if day == DAYS[5]:
                bo.rename(bo.with_name("ben.yaml"))
            file = ARCHIVE / f"{day}.jsonl.gz"
            assert bench.run("ingest", "--file", file, "--as-of", f"{day}T01:00").code == 0
            sent = bench.run("send", "--on", f"{day}T09:00", "--json")
            assert {row["state"] for row in sent.json["editions"]} <= {"sent", "quiet"}
        in_slack = Counter(
            id_ for one in slack.messages for id_ in set(_LINK.findall(json.dumps(one["blocks"])))
        )
        by_mail: Counter[str] = Counter()
        for mail in smtp.received:
            text = message_from_bytes(mail.content).get_payload(0).get_payload(decode=True).decode()
            by_mail.update(set(_LINK.findall(text)))
    for name, count, papers in (
        ("Slack", len(slack.messages), in_slack),
        ("mail", len(smtp.received), by_mail),
    ):
        repeated = sum(times > 1 for times in papers.values())
        print(
            f"\n{name}: {count} messages, {papers.total()} papers, {repeated} of them more than once", end=""
        )
        assert (papers.total() > 50, repeated) == (True, 0)
