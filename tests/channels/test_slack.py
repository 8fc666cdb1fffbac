"""The Slack channel: settings, posting, and the meaning of every failure."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.slack import transport
from bot.channels.slack.channel import API_URL, SlackChannel, api_base
from bot.channels.slack.errors import Kind
from bot.delivery.model import Cause, Deferred, Notice, Outcome, Refused, Sent, Stage, Unknown
from bot.errors import LeaseLost, NotConfigured
from tests.support.samples import TOKEN, envelope
from tests.support.slack_messages import TARGET, channel, posts, ready
from tests.support.slack_server import Fault, SlackServer


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as running:
        yield running


# --- Settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "base"),
    [
        (None, API_URL),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/api/"),
        ("http://127.0.0.1:9/", "http://127.0.0.1:9/api/"),
        ("http://127.0.0.1:9/api/", "http://127.0.0.1:9/api/"),
        ("https://proxy.org/slack/api", "https://proxy.org/slack/api/"),
    ],
)
def test_base_url(url: str | None, base: str) -> None:
    """It may be written with and without a slash, with and without a path."""
    assert api_base(url) == base


def test_not_configured() -> None:
    """The setting is named, and nothing but the check raises it."""
    unusable = SlackChannel(None)
    message = "Slack is not configured: set SLACK_BOT_TOKEN"
    with pytest.raises(NotConfigured, match=message):
        unusable.check()
    assert unusable.send(ready()) == Refused(message, Cause.SERVICE)
    with pytest.raises(LookupError):
        unusable.look_up(ready())


# --- Sending ----------------------------------------------------------------------------------------------


def test_the_payload_is_posted_as_rendered(server: SlackServer) -> None:
    """The receipt names the channel's id and the ts, also when the target is a name."""
    mine = ready(target="#papers")
    outcome = channel(server).send(mine)
    (stored,) = server.messages
    assert outcome == Sent(f"C0PAPERS:{stored['ts']}")
    sent = {name: value for name, value in stored.items() if name not in {"channel", "ts"}}
    assert sent == json.loads(mine.payload)


#: The outcome of each kind of failure, its cause, and how often the message is posted.
MEANINGS: dict[Kind, tuple[type[Outcome], Cause | None, int]] = {
    Kind.SERVICE: (Refused, Cause.SERVICE, 1),
    Kind.TARGET: (Refused, Cause.TARGET, 1),
    Kind.THREAD: (Refused, Cause.MESSAGE, 1),
    Kind.PAYLOAD: (Refused, Cause.MESSAGE, 2),  # once more as plain text
    Kind.LATER: (Deferred, None, 1),
    Kind.UNKNOWN: (Unknown, None, 1),
}

#: Kinds of error codes, independent of the product's table. Those about the token stop all targets, not only one.
FACTS = {
    Kind.SERVICE: "invalid_auth not_authed account_inactive token_revoked token_expired",
    Kind.TARGET: """missing_scope no_permission channel_not_found not_in_channel is_archived restricted_action
        restricted_action_read_only_channel restricted_action_thread_only_channel team_access_not_granted
        ekm_access_denied""",
    Kind.PAYLOAD: """invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text
        invalid_metadata_format invalid_metadata_schema metadata_too_large""",
    Kind.LATER: "ratelimited rate_limited message_limit_exceeded service_unavailable",
    Kind.UNKNOWN: "internal_error fatal_error",
}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        *[(Fault(error=code), kind) for kind, codes in FACTS.items() for code in codes.split()],
        (Fault(error="thread_not_found"), Kind.THREAD),
        (Fault(error="restricted_action_of_a_new_kind"), Kind.TARGET),
        (Fault(error="invalid_metadata_of_a_new_kind"), Kind.PAYLOAD),
        (Fault(error="never_heard_of"), Kind.UNKNOWN),
        (Fault(error="Never heard of it!"), Kind.UNKNOWN),
        (Fault(error="never_heard_of", store=True), Kind.UNKNOWN),
        (Fault(error="ratelimited", status=429), Kind.LATER),
        (Fault(status=429), Kind.LATER),
        (Fault(status=404), Kind.LATER),
        (Fault(error="service_unavailable", status=503), Kind.LATER),
        (Fault(status=503), Kind.UNKNOWN),
        (Fault(status=500), Kind.UNKNOWN),
        (Fault(error="never_heard_of", status=500), Kind.UNKNOWN),
        (Fault(status=500, store=True), Kind.UNKNOWN),
        (Fault(error="internal_error", store=True), Kind.UNKNOWN),
        (Fault(drop=True), Kind.UNKNOWN),
        (Fault(drop=True, store=True), Kind.UNKNOWN),
    ],
)
def test_failures(server: SlackServer, fault: Fault, kind: Kind) -> None:
    """Each has one outcome, and is posted once, or twice where a simpler message may be accepted. No outcome contains
    the token.
    """
    outcome_type, cause, count = MEANINGS[kind]
    server.script = [fault] * count
    outcome = channel(server).send(ready())
    assert type(outcome) is outcome_type
    assert not isinstance(outcome, Refused) or outcome.cause is cause
    assert [method for method, _ in server.calls] == ["chat.postMessage"] * count
    assert len(server.messages) == fault.store
    assert server.token not in repr(outcome)


@pytest.mark.parametrize(
    ("code", "dropped"),
    [
        ("invalid_blocks", {"blocks"}),
        ("msg_too_long", {"blocks"}),
        ("invalid_metadata_format", {"blocks", "metadata"}),
        ("metadata_too_large", {"blocks", "metadata"}),
    ],
)
def test_a_refused_payload_is_posted_as_plain_text(server: SlackServer, code: str, dropped: set[str]) -> None:
    """Once more without the refused part, into the same thread; each post is a stage. It can be looked up."""
    server.script = [Fault(error=code)]
    reached: list[Stage] = []
    mine = ready(thread=f"{TARGET}:1.000001")
    outcome = channel(server).send(mine, reached.append)
    assert isinstance(outcome, Sent)
    assert reached == [Stage.POST] * 4
    rich, plain = posts(server)
    assert plain == {name: value for name, value in rich.items() if name not in dropped}
    assert plain["text"] == json.loads(mine.payload)["text"]
    assert channel(server).look_up(mine) == outcome


@pytest.mark.parametrize(
    ("second", "outcome"),
    [
        (Fault(error="invalid_blocks"), Refused("Slack says invalid_blocks")),
        (Fault(error="metadata_too_large"), Refused("Slack says metadata_too_large")),
        (Fault(drop=True, store=True), Unknown("the connection to Slack broke: RemoteDisconnected")),
        (Fault(error="ratelimited", status=429), Deferred("Slack says ratelimited (HTTP 429)")),
    ],
)
def test_plain_text_is_tried_once(server: SlackServer, second: Fault, outcome: Outcome) -> None:
    """The outcome is that of the second post; there is no third."""
    server.script = [Fault(error="invalid_blocks"), second]
    assert channel(server).send(ready()) == outcome
    assert len(posts(server)) == 2


def test_a_refused_notice_is_not_repeated(server: SlackServer) -> None:
    """It is plain text already."""
    payload = channel(server).render_notice(
        Notice("Paperboy", "a line", datetime.now(UTC)), f"{TOKEN}-1", TARGET
    )
    server.script = [Fault(error="msg_too_long")]
    assert channel(server).send(envelope(payload, TARGET)) == Refused("Slack says msg_too_long")
    assert len(posts(server)) == 1


def test_a_lost_lease_stops_each_write(server: SlackServer) -> None:
    """What `on_stage` raises before a write, of the first post and of the second, is raised and ends the request."""

    def stop_at(number: int) -> Any:
        left = [None] * number

        def on_stage(stage: Stage) -> None:
            if not left:
                raise LeaseLost("another sender has it")
            left.pop()

        return on_stage

    for writes, posted in enumerate((0, 0, 1, 1)):
        server.script = [Fault(error="invalid_blocks")]
        server.calls.clear()
        with pytest.raises(LeaseLost):
            channel(server).send(ready(), stop_at(writes))
        assert len(server.calls) == posted
        assert server.messages == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(
            ("30", 30.0),
            ("1.5", 1.5),
            (None, None),
            ("soon", None),
            ("-1", None),
            ("inf", None),
            ("nan", None),
        ),
        *(("1e300", 1e300), ("9" * 400, None), ("30, 60", None), ("Tue, 31 Dec 2999 23:59:59 GMT", None)),
    ],
)
def test_retry_after(server: SlackServer, header: str | None, seconds: float | None) -> None:
    """In seconds; a header that is not a sensible number is ignored."""
    server.script = [Fault(error="ratelimited", status=429, retry_after=header)]
    outcome = channel(server).send(ready())
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after == seconds


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid", "https://{server}"])
def test_failures_before_the_request(server: SlackServer, url: str) -> None:
    """No server, no name, no TLS: certainly nothing was posted."""
    unreachable = SlackChannel(server.token, url.format(server=server.url.split("/")[2]), timeout=2)
    assert isinstance(unreachable.send(ready()), Deferred)


def test_timeout(server: SlackServer) -> None:
    """The message was accepted, and the answer came too late."""
    server.script = [Fault(store=True, delay=1.2)]
    assert isinstance(channel(server, timeout=1).send(ready()), Unknown)
    assert len(server.messages) == 1


def answer(body: bytes, status: str = "200 OK", more: str = "Content-Type: application/json") -> bytes:
    return f"HTTP/1.1 {status}\r\n{more}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"SMTP 250 hello\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        answer(b"[" * 100_000 + b"]" * 100_000),
        answer(b"[1]"),
        answer(b"null"),
        answer(b'{"ok":tr'),
        answer(b"\xff\xfe{}", more="Content-Type: application/json; charset=utf-99"),
        answer(b"", "204 No Content"),
        answer(b'{"ok":true}', "500 Oops"),
        answer(b'{"ok":false,"error":["ratelimited"]}'),
    ],
)
def test_answers_that_are_not_slack_s(server: SlackServer, raw: bytes) -> None:
    """The message may have been posted; read as the answer to a look-up, nothing is known."""
    server.script, server.read_script = [Fault(answer=raw)], [Fault(answer=raw)]
    assert isinstance(channel(server, timeout=1).send(ready()), Unknown)
    with pytest.raises(LookupError):
        channel(server, timeout=1).look_up(ready())


def test_a_strange_receipt(server: SlackServer) -> None:
    """Slack says that it is posted: it counts, and nothing but an id and a ts is stored."""
    for body in (b'{"ok":true}', b'{"ok":true,"channel":"C\\u0000","ts":{"a":1}}'):
        server.script = [Fault(answer=answer(body))]
        assert channel(server).send(ready()) == Sent(f"{TARGET}:")


@pytest.mark.parametrize("what", ["header", "body", "continue"])
def test_an_answer_that_drips(server: SlackServer, what: str) -> None:
    """The time-out is for the whole answer: what comes byte by byte is not waited for."""
    raw = {
        "header": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000,
        "body": answer(b" " * 1000),
        "continue": b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
    }[what]
    start = time.monotonic()
    for script in (server.script, server.read_script):
        script.append(Fault(answer=raw, drip=0.01))
    assert isinstance(channel(server, timeout=0.2).send(ready()), Unknown)
    with pytest.raises(LookupError, match="TimeoutError"):
        channel(server, timeout=0.2).look_up(ready())
    assert time.monotonic() - start < 2


def test_an_answer_that_is_too_long(server: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read to its end, and what it says does not count."""
    monkeypatch.setattr(transport, "_LONGEST_ANSWER", 1000)
    long = answer(b'{"ok":true}' + b" " * 1000)
    server.script, server.read_script = [Fault(answer=long)], [Fault(answer=long)]
    assert isinstance(channel(server).send(ready()), Unknown)
    with pytest.raises(LookupError, match="too long"):
        channel(server).look_up(ready())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(server: SlackServer, status: int) -> None:
    """The token goes to no other host; nothing was posted, and the setting is named."""
    with SlackServer() as other:
        redirect = answer(b"{}", f"{status} Moved", f"Location: {other.url}chat.postMessage")
        server.script, server.read_script = [Fault(answer=redirect)], [Fault(answer=redirect)]
        outcome = channel(server).send(ready())
        with pytest.raises(LookupError, match="SLACK_API_URL"):
            channel(server).look_up(ready())
        assert other.calls == []
    assert isinstance(outcome, Deferred)
    assert outcome.cause is Cause.SERVICE
    assert "SLACK_API_URL" in outcome.why


def test_the_stage_is_reported_on_an_open_connection(server: SlackServer) -> None:
    """Not before: between the report and the request there is no time for another sender."""
    reached: list[Stage] = []
    closed = SlackChannel(server.token, "http://127.0.0.1:1", timeout=2)
    assert isinstance(closed.send(ready(), reached.append), Deferred)
    assert reached == []


@pytest.mark.parametrize(("excepted", "used"), [("", True), ("127.0.0.1", False)])
def test_a_proxy_of_the_environment(
    server: SlackServer, monkeypatch: pytest.MonkeyPatch, excepted: str, used: bool
) -> None:
    """It is used unless NO_PROXY names the host."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", excepted)
    assert isinstance(channel(server).send(ready()), Deferred if used else Sent)


def test_wrong_token(server: SlackServer, caplog: pytest.LogCaptureFixture) -> None:
    """It is in neither the outcome nor the log, at any level."""
    caplog.set_level(logging.DEBUG)
    outcome = channel(server, token="xoxb-wrong-secret").send(ready())
    assert outcome == Refused("Slack says invalid_auth: check SLACK_BOT_TOKEN", Cause.SERVICE)
    assert "wrong-secret" not in caplog.text
