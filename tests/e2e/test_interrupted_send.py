"""`send` that is asked to stop: it finishes the mail under way, and says what it did and what is left."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tests.support.cli import Bench
from tests.support.load import ingest, reader, wired, works
from tests.support.slack_server import SlackServer
from tests.support.smtp_server import At, MailFault, SmtpServer

DAY = date(2026, 5, 4)
SEND = ("send", "--due", "--on", "2026-05-04T12:00Z", "--json")


def begin_mail(bench: Bench, smtp: SmtpServer, process: subprocess.Popen[str]) -> None:
    """Wait until the content of a mail is with the server."""
    end = time.monotonic() + 30
    while not smtp.received:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_interrupted_send(tmp_path: Path, number: signal.Signals) -> None:
    """Whichever the signal: exit code 1, results on standard output, and no mail twice."""
    with SlackServer() as slack, SmtpServer() as smtp:
        bench = wired(tmp_path, slack, smtp, SMTP_CONNECTIONS="1")
        addresses = [f"{name}@example.org" for name in ("one", "two", "three")]
        reader(bench, 0, *(f'email: {address}, at: "00:00"' for address in addresses))
        ingest(bench, DAY, works(0, 5, DAY))
        smtp.script.plan = lambda: MailFault(At.DOT, store=True, hang=2)
        with bench.started(bench.command(*SEND)) as process:
            begin_mail(bench, smtp, process)
            process.send_signal(number)
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
        assert process.returncode == 1
        states = Counter(one["state"] for one in json.loads(out)["editions"])
        assert states == {"sent": 1, "waiting": 2}
        assert err.splitlines()[-1] == "paperboy: stopped before it was finished; the next `send` continues"
        smtp.script.plan = lambda: None
        assert bench.run(*SEND).code == 0
        assert sorted(one.rcpt_tos[0] for one in smtp.received) == sorted(addresses)
