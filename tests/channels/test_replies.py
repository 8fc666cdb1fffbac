"""Whatever a server answers, at any stage: no receiver gets more copies than the rules allow, and nothing breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.raw_smtp import RawSmtp, Say
from tests.support.replies import MailCase, Runs, mail_cases, run_mail_case, slack_cases

CASES = 60  # tests/benchmarks/test_replies_long.py runs thousands


def test_smtp_replies(tmp_path: Path) -> None:
    """A mail arrives once, or twice when an answer was missing and `on_uncertain` is `resend`."""
    assert mail_cases(tmp_path, CASES).cases >= CASES


def test_slack_answers(tmp_path: Path) -> None:
    """A message is posted once."""
    assert slack_cases(tmp_path, CASES).cases >= CASES


@pytest.mark.parametrize("is_resent", [True, False])
@pytest.mark.parametrize(
    "reply",
    [
        b"251 2.0.0 queued\r\n",
        b"252 ok\r\n",
        b"2\r\n",
        b"354 go on\r\n",
        b"150 hm\r\n",
        b"\r\n",
        b"queued\r\n",
    ],
)
def test_an_odd_reply_for_ever(tmp_path: Path, reply: bytes, is_resent: bool) -> None:
    """To every final dot: the mail goes out once when it was accepted, else as often as `on_uncertain` says."""
    runs = Runs(tmp_path)
    case = MailCase([Say("dot", reply, keeps=True, again=True)], 1, is_resent)
    with RawSmtp() as server:
        run_mail_case(runs, case, server)
        assert len(server.handed) == (1 if reply.startswith(b"25") else 1 + is_resent)
    runs.world.close()
