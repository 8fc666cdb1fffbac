"""`check --online`: a line for each channel and target, what to do, and a test message when asked for."""

from __future__ import annotations

from email import message_from_bytes

from tests.e2e.listings import profile
from tests.support.cli import Bench, Result
from tests.support.slack_server import Fault, SlackServer
from tests.support.smtp_server import SmtpServer

PASSWORD = "mail pass/word"


def connect(bench: Bench, slack: SlackServer, smtp: SmtpServer, token: str = "") -> None:
    slack.channels = {"papers": "C0PAPERS"}
    bench.env |= {
        "SLACK_BOT_TOKEN": token or slack.token,
        "SLACK_API_URL": slack.url,
        "SMTP_URL": smtp.url.replace("://", "://paperboy:mail%20pass%2Fword@") + "?tls=none",
        "MAIL_FROM": "Paperboy <paperboy@example.org>",
    }
    bench.profile("ada", profile("slack: C0PAPERS", "email: ada@example.org", "maildir: ada"))
    bench.profile("bo", profile("email: bo@example.org", "email: ada@example.org"))


def check(bench: Bench, *options: str) -> tuple[Result, list[str]]:
    result = bench.run("check", *options)
    assert PASSWORD not in result.out + result.err
    return result, result.out.splitlines()


def test_all_is_well(bench: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """Each target once, by channel; nothing is sent and no folder is made."""
    connect(bench, slack, smtp)
    bench.env["PAPERBOY_ALERTS"] = "ops@example.org"
    result, lines = check(bench, "--online")
    assert lines == [
        f"email: ok, 127.0.0.1:{smtp.port} accepts the log-in",
        "email ada@example.org: ok",
        "email bo@example.org: ok",
        "email ops@example.org: ok",
        "maildir ada: ok",
        "slack: ok, the token is for 'paperboy' in the workspace 'Test'",
        "slack C0PAPERS: ok, #papers",
    ]
    assert (result.code, result.err.splitlines()[0]) == (0, "2 profiles, no problems")
    assert (slack.messages, smtp.received, (bench.data / "maildir").exists()) == ([], [], False)


def test_what_must_be_changed(bench: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """Exit code 2 for a wrong token and a channel without settings; other channels are asked all the same."""
    connect(bench, slack, smtp, token="xoxb-wrong")
    del bench.env["SMTP_URL"], bench.env["MAIL_FROM"]
    result, lines = check(bench, "--online")
    assert lines == [
        "email: e-mail is not configured: set SMTP_URL and MAIL_FROM",
        "maildir ada: ok",
        "slack: Slack says invalid_auth: check SLACK_BOT_TOKEN",
    ]
    assert result.code == 2
    assert "xoxb-wrong" not in result.out + result.err


def test_the_app_token(bench: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """Whether it opens a socket; what to do when it does not, without the token."""
    connect(bench, slack, smtp)
    bench.env["SLACK_APP_TOKEN"] = slack.app_token
    assert check(bench, "--online")[1][-1] == "slack: ok, SLACK_APP_TOKEN opens a socket"
    bench.env["SLACK_APP_TOKEN"] = "xapp-wrong"
    result, lines = check(bench, "--online")
    assert lines[-1].startswith("slack: Slack says invalid_auth: check SLACK_APP_TOKEN")
    assert (result.code, "xapp-wrong" in result.out + result.err) == (2, False)
    slack.socket_script = [Fault(error="missing_scope"), Fault(error="internal_error")]
    assert "it needs the scope connections:write" in check(bench, "--online")[1][-1]
    result, lines = check(bench, "--online")
    assert (result.code, lines[-1][:14]) == (1, "slack: not now")


def test_what_may_pass(bench: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """A server that refuses for now: exit code 1."""
    connect(bench, slack, smtp)
    smtp.script.rcpt = "450 4.2.0 later"
    result, lines = check(bench, "--online", "profiles/bo.yaml")
    assert lines[1] == "email bo@example.org: not now: the SMTP server says 450 4.2.0 later"
    assert result.code == 1


def test_a_test_message(bench: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """To every delivery of a profile, or to one target; it counts as no digest."""
    connect(bench, slack, smtp)
    result, lines = check(bench, "--send-test", "ada")
    assert (result.code, lines[-3:]) == (
        0,
        [
            "slack C0PAPERS: the test message is sent",
            "email ada@example.org: the test message is sent",
            "maildir ada: the test message is sent",
        ],
    )
    text = "The digests of the profile ada will arrive here."
    assert slack.messages[0]["text"] == f"Paperboy: a test message\n{text}"
    (mail,) = smtp.received
    assert mail.rcpt_tos == ("ada@example.org",)
    assert message_from_bytes(mail.content).get_payload().strip() == text
    assert len(list((bench.data / "maildir" / "ada" / "new").iterdir())) == 1
    assert "none yet" in bench.run("status").out
    check(bench, "--online", "--send-test", "bo@example.org")
    assert [one.rcpt_tos for one in smtp.received[1:]] == [("bo@example.org",)]


def test_a_test_message_that_fails(bench: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """The reason is that of a digest; an unknown name sends nothing."""
    connect(bench, slack, smtp)
    smtp.script.data = "554 no"
    result, lines = check(bench, "--send-test", "bo@example.org")
    assert lines[-1] == "email bo@example.org: the test message is not sent: the SMTP server says 554 no"
    assert result.code == 2
    result, lines = check(bench, "--send-test", "eve")
    assert (result.code, lines) == (2, [])
    assert "no profile and no target 'eve'" in result.err
