"""Permanent failures: alerts, what is kept, and the commands that correct them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.listings import BACKGROUND, NEXT, REWARD, WORLD, json_lines, profile
from tests.e2e.test_delivery import read, states
from tests.support.cli import Bench
from tests.support.slack_server import Fault, SlackServer
from tests.support.smtp_server import SmtpServer

MONDAY, TUESDAY, WEDNESDAY = "2026-05-04", "2026-05-05", "2026-05-06"
OPERATOR = "C0OPERATOR"


@pytest.fixture
def lab(tmp_path: Path, slack: SlackServer, smtp: SmtpServer) -> Bench:
    """Slack, mail, an operator in Slack, a return path for bounces, and Monday's papers."""
    bench = Bench(
        tmp_path,
        SLACK_BOT_TOKEN=slack.token,
        SLACK_API_URL=slack.url,
        SMTP_URL=f"smtp://paperboy:mail%20pass%2Fword@127.0.0.1:{smtp.port}?tls=none",
        MAIL_FROM="Paperboy <paperboy@example.org>",
        MAIL_RETURN_PATH="bounces@example.org",
        PAPERBOY_ALERTS=OPERATOR,
    ).prepared()
    bench.file("monday.jsonl", json_lines(*BACKGROUND, WORLD, REWARD))
    bench.file("tuesday.jsonl", json_lines(NEXT))
    assert bench.run("ingest", "--file", "monday.jsonl", "--as-of", MONDAY).code == 0
    return bench


def posts(slack: SlackServer, channel: str) -> list[dict[str, Any]]:
    return [message for message in slack.messages if message["channel"] == channel]


def alerts(slack: SlackServer) -> list[str]:
    """The texts, without the zero-width spaces that keep their signs from being markup."""
    return [message["text"].replace("\u200b", "") for message in posts(slack, OPERATOR)]


def stopped(bench: Bench) -> list[dict[str, Any]]:
    found = bench.run("status", "--json").json["deliveries"]
    return [one for one in found if one["state"] in ("failed", "uncertain")]


def test_archived_channel_is_paused(lab: Bench, slack: SlackServer) -> None:
    """The digest is kept, the operator gets one alert, and nothing more is composed; `resend` sends what was kept."""
    lab.profile("ada", profile("slack: C0GONE"))
    slack.script = [Fault(error="is_archived")]
    first = lab.run("send", "--on", MONDAY, "--json")
    assert (first.code, states(first.json)) == (1, {"slack": "failed"})
    lab.run("ingest", "--file", "tuesday.jsonl", "--as-of", TUESDAY)
    for _ in range(2):
        next_ = lab.run("send", "--on", TUESDAY, "--json")
        assert (next_.code, states(next_.json)) == (2, {"slack": "skipped"})
        assert "is_archived" in next_.json["editions"][0]["why"]
        assert "paperboy resume slack:C0GONE" in next_.json["editions"][0]["why"]
    assert posts(slack, "C0GONE") == []
    (alert,) = alerts(slack)
    (delivery,) = stopped(lab)
    assert f"paperboy resend {delivery['id']}" in alert
    assert "is_archived" in alert
    assert lab.run("status", "--json").json["paused"][0]["where"] == "slack:C0GONE"

    again = lab.run("resend", delivery["id"], "--on", WEDNESDAY, "--json")
    assert (again.code, states(again.json)) == (0, {"slack": "sent"})
    assert states(lab.run("send", "--on", WEDNESDAY, "--json").json) == {"slack": "sent"}
    monday, wednesday = posts(slack, "C0GONE")
    assert WORLD.title in monday["text"]
    assert NEXT.title in wednesday["text"]
    assert (len(alerts(slack)), stopped(lab)) == (1, [])


def test_resend_looks_up_first(lab: Bench, slack: SlackServer) -> None:
    """A message that arrived is not posted again while Slack cannot be asked, and is found when it can."""
    lab.profile("ada", profile("slack: C0PAPERS"))
    slack.script = [Fault(drop=True, store=True)]
    lab.run("send", "--on", MONDAY)
    (delivery,) = stopped(lab)
    slack.read_script = [Fault(error="missing_scope")] * 2
    for on in (TUESDAY, WEDNESDAY):
        again = lab.run("resend", delivery["id"], "--on", on)
        assert (again.code, len(slack.messages)) == (1, 1)
        assert f"paperboy resend {delivery['id']} --blindly" in " ".join(again.out.split())
    found = lab.run("resend", delivery["id"], "--blindly", "--on", WEDNESDAY)
    assert (found.code, len(slack.messages), stopped(lab)) == (0, 1, [])


def test_refused_token(lab: Bench, slack: SlackServer) -> None:
    """One delivery fails, the others wait for the pause to end; the alert is sent by mail."""
    lab.env["PAPERBOY_ALERTS"] = "operator@example.org"
    for name in ("ada", "bo", "cy"):
        lab.profile(name, profile(f"slack: C0{name.upper()}"))
    right, slack.token = slack.token, "xoxb-another"
    first = lab.run("send", "--on", MONDAY, "--json")
    assert sorted(row["state"] for row in first.json["editions"]) == ["failed", "waiting", "waiting"]
    assert len(slack.calls) == 1
    slack.token = right
    (delivery,) = stopped(lab)
    assert "SLACK_BOT_TOKEN" in delivery["why"]
    assert lab.run("resend", delivery["id"], "--on", MONDAY).code == 0
    assert lab.run("send", "--on", MONDAY).code == 0
    assert sorted(message["channel"] for message in slack.messages) == ["C0ADA", "C0BO", "C0CY"]


def test_one_alert_by_mail(lab: Bench, smtp: SmtpServer, slack: SlackServer) -> None:
    """Two targets refused in one send are one mail; later sends add none while the reasons last."""
    lab.env["PAPERBOY_ALERTS"] = "operator@example.org"
    lab.profile("ada", profile("slack: C0ADA"))
    lab.profile("bo", profile("slack: C0BO"))
    slack.script = [Fault(error="not_in_channel"), Fault(error="channel_not_found")]
    lab.run("send", "--on", MONDAY)
    lab.run("send", "--on", TUESDAY)
    lab.run("send", "--on", WEDNESDAY)
    (mail,) = smtp.received
    message = read(mail.content)
    assert (mail.rcpt_tos, message["Subject"]) == (
        ("operator@example.org",),
        "Paperboy: 2 deliveries have stopped",
    )
    assert message["Auto-Submitted"] == "auto-generated"
    body = message.get_content()
    assert body.count("paperboy resend ") == 2
    assert {"not_in_channel" in body, "channel_not_found" in body} == {True}


def bounce(envelope_sender: str, status: str) -> bytes:
    """A report as mail servers write it (RFC 3464)."""
    head = EmailMessage()
    head["From"] = "Mail Delivery System <mailer-daemon@mx.example.org>"
    head["To"] = envelope_sender
    head["Subject"] = "Undelivered Mail"
    head["Message-ID"] = f"<{status}.{envelope_sender.partition('@')[0]}@mx.example.org>"
    fields = (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        f"Final-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} nobody of that name lives here\n"
    )
    parts = f"--B\nContent-Type: text/plain\n\nSorry.\n--B\n{fields}\n--B--\n"
    report = (
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="B"\n\n'
    )
    return head.as_bytes().removesuffix(b"\n\n") + b"\n" + report.encode() + parts.encode()


def test_bounces(lab: Bench, smtp: SmtpServer, slack: SlackServer) -> None:
    """A full mailbox is counted; an invalid address is paused, its digest kept and reported; a report counts once."""
    lab.profile("ada", profile("email: ada@example.org"))
    lab.run("send", "--on", MONDAY)
    (mail,) = smtp.received
    assert mail.mail_from.startswith("bounces+")
    lab.file("back/new/1", bounce(mail.mail_from, "5.2.2"))
    (lab.folder / "back/cur").mkdir()
    soft = lab.run("bounces", "back", "--json").json["reports"]
    assert [one["kind"] for one in soft] == ["soft"]
    assert (stopped(lab), alerts(slack)) == ([], [])

    lab.file("back/new/2", bounce(mail.mail_from, "5.1.1"))
    for _ in range(2):
        assert lab.run("bounces", "back").code == 0
    (delivery,) = stopped(lab)
    assert (delivery["state"], "5.1.1" in delivery["why"]) == ("failed", True)
    (counted,) = lab.run("status", "--json").json["bounces"]
    assert (counted["target"], counted["hard"], counted["soft"]) == ("ada@example.org", 1, 1)
    assert len(alerts(slack)) == 1
    lab.run("ingest", "--file", "tuesday.jsonl", "--as-of", TUESDAY)
    assert states(lab.run("send", "--on", TUESDAY, "--json").json) == {"email": "skipped"}

    assert lab.run("resend", "--all", "--on", TUESDAY).code == 0
    assert lab.run("send", "--on", TUESDAY).code == 0
    assert len(smtp.received) == 3
    assert smtp.received[1].content == mail.content


@pytest.mark.parametrize("name", ["nobody.eml", "empty"])
def test_bounces_of_a_wrong_path(lab: Bench, name: str) -> None:
    """Exit code 2 and a sentence."""
    (lab.folder / "empty").mkdir()
    result = lab.run("bounces", name)
    assert (result.code, result.out) == (2, "")
    assert name in result.err


def test_resume_of_an_unknown_scope(lab: Bench) -> None:
    """It lists what is paused."""
    result = lab.run("resume", "C0NOWHERE")
    assert (result.code, "nothing is" in result.err) == (2, True)


@pytest.mark.parametrize("arguments", [(), ("--all", "abc")])
def test_resend_needs_an_id_or_all(lab: Bench, arguments: tuple[str, ...]) -> None:
    """Exit code 2 with neither, with both, and when nothing has failed."""
    assert lab.run("resend", *arguments).code == 2
    nothing = lab.run("resend", "--all")
    assert (nothing.code, "no delivery has failed" in nothing.err) == (2, True)


def test_settle(lab: Bench, smtp: SmtpServer) -> None:
    """A held mail counts as sent, and nothing is sent; `resend --all` does not include it."""
    lab.profile("ada", profile("email: ada@example.org, on_uncertain: hold"))
    smtp.script.drop_after_dot = True
    lab.run("send", "--on", f"{MONDAY}T12:00:00Z")
    assert lab.run("resend", "--all").code == 2
    (delivery,) = stopped(lab)
    assert f"paperboy settle {delivery['id']}" in lab.run("status").out
    assert lab.run("settle", delivery["id"][:8]).code == 0
    assert (len(smtp.received), stopped(lab)) == (1, [])
    assert lab.run("settle", delivery["id"]).code == 2


def test_settle_what_must_not_be_sent(lab: Bench, slack: SlackServer) -> None:
    """A sent delivery in the state pending stops the sender once; `resend` refuses it, `settle` ends it."""
    lab.profile("ada", profile("slack: C0ADA"))
    lab.run("send", "--on", MONDAY)
    with closing(sqlite3.connect(lab.database)) as database, database:
        database.execute("UPDATE delivery SET state = 'pending'")
    stops = lab.run("send", "--on", TUESDAY)
    assert (stops.code, "it was sent before" in stops.err) == (1, True)
    (delivery,) = stopped(lab)
    (alert,) = alerts(slack)
    assert f"paperboy settle {delivery['id']}" in alert
    refused = lab.run("resend", delivery["id"], "--on", TUESDAY)
    assert (refused.code, "paperboy settle" in refused.err) == (2, True)
    assert lab.run("settle", delivery["id"]).code == 0
    assert lab.run("send", "--on", TUESDAY).code == 0
    assert (len(posts(slack, "C0ADA")), len(alerts(slack)), stopped(lab)) == (1, 1, [])


def test_resume_sends_what_was_stopped(lab: Bench, slack: SlackServer) -> None:
    """One command ends the pause and puts back what its cause stopped; the next `send` sends it."""
    lab.profile("ada", profile("slack: C0ADA"))
    slack.script = [Fault(error="invalid_auth")]
    lab.run("send", "--on", MONDAY)
    assert len(stopped(lab)) == 1
    result = lab.run("resume", "slack")
    assert (result.code, stopped(lab)) == (0, [])
    assert "1 delivery that was stopped is sent by the next `paperboy send`, `run` or worker." in result.out
    assert lab.run("send", "--due", "--on", MONDAY).code == 0
    assert len(posts(slack, "C0ADA")) == 1


def test_a_target_that_no_profile_names_any_more(lab: Bench, slack: SlackServer) -> None:
    """After a change of the channel, status and `resume` say how to remove what the old one stopped."""
    lab.profile("ada", profile("slack: C0GONE"))
    slack.script = [Fault(error="is_archived")]
    lab.run("send", "--on", MONDAY)
    (delivery,) = stopped(lab)
    lab.profile("ada", profile("slack: C0ADA"))
    gone = f"no profile delivers there any more; remove it with: paperboy settle {delivery['id']}"
    screen = " ".join(lab.run("status").out.split())
    assert gone in screen
    assert "no profile delivers there any more; to forget the pause: paperboy resume slack:C0GONE" in screen
    assert "paperboy resend" not in screen
    result = lab.run("resume", "C0GONE")
    assert (result.code, gone in result.out, len(stopped(lab))) == (0, True, 1)
    assert lab.run("settle", delivery["id"]).code == 0
    assert "Needs you" not in lab.run("status").out


def test_what_was_given_up_for_another_target_is_not_said_to_continue(lab: Bench, slack: SlackServer) -> None:
    """A delivery that waits for a target which no profile names is not sent, and status says so."""
    lab.profile("ada", profile("slack: C0OLD"))
    slack.script = [Fault(status=429, error="ratelimited", retry_after="60")]
    lab.run("send", "--on", MONDAY)
    lab.profile("ada", profile("slack: C0ADA"))
    assert "not sent: no profile delivers there any more" in " ".join(lab.run("status").out.split())
