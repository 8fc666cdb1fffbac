"""What each channel says before anything is sent: which setting or target must be changed, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.channels.email.channel import MailChannel
from bot.channels.slack.channel import SlackChannel
from bot.config.smtp_url import parse_sender, parse_smtp_url
from bot.delivery.model import Deferred, Refused
from bot.delivery.ports import Probe
from bot.errors import NotConfigured
from tests.support.slack_messages import methods
from tests.support.slack_server import Fault, SlackServer
from tests.support.smtp_server import SmtpServer

SENDER = parse_sender("Paperboy <paperboy@example.org>")


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as running:
        running.channels = {"papers": "C0PAPERS"}
        yield running


def probes(server: SlackServer, *targets: str, token: str = "") -> list[Probe]:
    return list(SlackChannel(token or server.token, server.url).probe(targets))


def lacks(**facts: bool) -> Callable[[SlackServer], None]:
    return lambda server: server.facts.update(C0PAPERS=facts)


def setting(name: str, value: Any) -> Callable[[SlackServer], None]:
    return lambda server: setattr(server, name, value)


def test_slack_is_ready(server: SlackServer) -> None:
    """Whose token it is; targets by id, name and user; nothing is posted."""
    token, *targets = probes(server, "C0PAPERS", "#papers", "U0ADA")
    assert token == Probe("", note="the token is for 'paperboy' in the workspace 'Test'")
    assert targets == [
        Probe("C0PAPERS", note="#papers"),
        Probe("#papers", note="#papers"),
        Probe("U0ADA"),
    ]
    assert methods(server) == ["test", "info", "list", "info", "open"]


def test_a_wrong_token_is_one_problem(server: SlackServer) -> None:
    """No target is asked about, and the token is not shown."""
    (probe,) = probes(server, "C0PAPERS", token="xoxb-wrong")
    assert isinstance(probe.problem, Refused)
    assert "SLACK_BOT_TOKEN" in probe.problem.why
    assert "xoxb-wrong" not in repr(probe)


def test_scopes_of_the_token(server: SlackServer) -> None:
    """Without chat:write nothing can be sent; other scopes that lack are named."""
    server.scopes = "channels:read,im:write"
    assert "chat:write" in probes(server)[0].problem.why  # type: ignore[union-attr]
    server.scopes = "chat:write,commands,channels:read,groups:read,channels:history,groups:history,im:history"
    assert probes(server)[0].note.endswith("without the scopes im:write of docs/slack-manifest.yaml")


@pytest.mark.parametrize(
    ("target", "change", "says"),
    [
        ("C0NOPE", lambda server: None, "invite the app"),
        ("#nope", lambda server: None, "Slack knows no such channel: use the channel's id"),
        ("#papers", lacks(is_archived=True), "the channel is archived"),
        ("C0PAPERS", lacks(is_member=False), "the app is not a member: invite the app to the channel"),
    ],
)
def test_targets_to_change(
    server: SlackServer, target: str, change: Callable[[SlackServer], None], says: str
) -> None:
    """Unknown, archived, or without the app."""
    change(server)
    probe = probes(server, target)[1]
    assert isinstance(probe.problem, Refused)
    assert says in probe.problem.why


def test_a_public_channel_may_need_no_member(server: SlackServer) -> None:
    """With the scope chat:write.public the app can post to it, but not to a private one."""
    server.scopes, server.facts = "chat:write,chat:write.public", {"C0PAPERS": {"is_member": False}}
    assert probes(server, "C0PAPERS")[1].problem is None
    server.facts["C0PAPERS"]["is_private"] = True
    assert probes(server, "C0PAPERS")[1].problem


def test_what_slack_cannot_tell(server: SlackServer) -> None:
    """Without the scope to read channels a target may be right; a failure of Slack is for now."""
    server.lists = False
    for target in ("C0PAPERS", "#papers"):
        assert probes(server, target)[1] == Probe(
            target, note="it cannot be checked without the scopes channels:read and groups:read"
        )
    server.lists, server.read_script = True, [Fault(status=500)]
    assert isinstance(probes(server, "C0PAPERS")[1].problem, Deferred)


def mail_probes(server: SmtpServer, *targets: str, user: str = "") -> list[Probe]:
    url = server.url.replace("://", f"://{user}@") if user else server.url
    channel = MailChannel(parse_smtp_url(f"{url}?tls=none"), SENDER, return_path="bounces@example.org")
    found = list(channel.probe(targets))
    channel.close_idle()
    return found


def test_mail_is_ready() -> None:
    """Sender and recipients are named over one connection, and no content is sent."""
    with SmtpServer(login=("ada", "s3cr3t")) as server:
        found = mail_probes(server, "ada@example.org", "bo@example.org", user="ada:s3cr3t")
        assert found[0] == Probe("", note=f"127.0.0.1:{server.port} accepts the log-in")
        assert found[1:] == [Probe("ada@example.org"), Probe("bo@example.org")]
        assert (server.received, server.script.sessions, server.script.quits) == ([], 1, 1)


def test_a_refused_log_in_is_one_problem() -> None:
    """The user must change SMTP_URL; the password is not shown."""
    with SmtpServer(login=("ada", "s3cr3t")) as server:
        (probe,) = mail_probes(server, "ada@example.org", user="ada:wr0ng")
    assert isinstance(probe.problem, Refused)
    assert "check user and password in SMTP_URL" in probe.problem.why
    assert "wr0ng" not in repr(probe)


@pytest.mark.parametrize(("reply", "kind"), [("550 no such user", Refused), ("450 later", Deferred)])
def test_a_refused_recipient(reply: str, kind: type) -> None:
    """For good or for now; the next address is tried all the same."""
    with SmtpServer() as server:
        server.script.rcpt = reply
        _, first, second = mail_probes(server, "ada@example.org", "bo@example.org")
    assert isinstance(first.problem, kind)
    assert isinstance(second.problem, kind)
    assert reply in first.problem.why


def test_channels_that_are_not_configured() -> None:
    """They name the settings."""
    with pytest.raises(NotConfigured, match="SLACK_BOT_TOKEN"):
        list(SlackChannel(None).probe(["C0PAPERS"]))
    with pytest.raises(NotConfigured, match="SMTP_URL"):
        list(MailChannel(None, None).probe(["ada@example.org"]))
