"""The Slack channel: settings, posting, the meaning of every failure, looking up, and names."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.slack.channel import API_URL, SlackChannel, api_base
from bot.channels.slack.errors import Kind
from bot.channels.slack.mrkdwn import size
from bot.delivery.model import Cause, Deferred, Envelope, Notice, Outcome, Refused, Sent, Stage, Unknown
from bot.errors import LeaseLost, NotConfigured
from tests.support.samples import TOKEN, digest, envelope, scored
from tests.support.slack_server import Fault, SlackServer

TARGET = "C0PAPERS"


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as running:
        yield running


def channel(server: SlackServer, **changes: Any) -> SlackChannel:
    return SlackChannel(changes.pop("token", server.token), server.url, **changes)


def ready(papers: int = 2, **changes: Any) -> Envelope:
    payload = SlackChannel(None).render(digest(papers), TOKEN, TARGET)[0].payload
    return envelope(payload, changes.pop("target", TARGET), **changes)


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


def posts(server: SlackServer) -> list[dict[str, Any]]:
    """The arguments of every chat.postMessage, whatever came of it."""
    return [arguments for method, arguments in server.calls if method == "chat.postMessage"]


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
    assert reached == [Stage.POST, Stage.POST]
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


def test_a_lost_lease_stops_each_post(server: SlackServer) -> None:
    """What `on_stage` raises is raised, before the first post and before the second."""

    def stop_at(number: int) -> Any:
        left = [None] * number

        def on_stage(stage: Stage) -> None:
            if not left:
                raise LeaseLost("another sender has it")
            left.pop()

        return on_stage

    for posted in (0, 1):
        server.script = [Fault(error="invalid_blocks")]
        server.calls.clear()
        with pytest.raises(LeaseLost):
            channel(server).send(ready(), stop_at(posted))
        assert len(server.calls) == posted


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30.0), ("1.5", 1.5), (None, None), ("soon", None), ("-1", None), ("inf", None)],
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


def test_wrong_token(server: SlackServer, caplog: pytest.LogCaptureFixture) -> None:
    """It is in neither the outcome nor the log, at any level."""
    caplog.set_level(logging.DEBUG)
    outcome = channel(server, token="xoxb-wrong-secret").send(ready())
    assert outcome == Refused("Slack says invalid_auth: check SLACK_BOT_TOKEN", Cause.SERVICE)
    assert "wrong-secret" not in caplog.text


# --- Looking up -------------------------------------------------------------------------------------------


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
    """A history is read by a conversation's id, which a user's id is not."""
    with pytest.raises(LookupError):
        channel(server).look_up(ready(target=target))


def test_conversations() -> None:
    """The spacing is per channel: by its id as soon as a name's is known."""
    names = {"#papers": "C0PAPERS"}
    posting = SlackChannel("xoxb-x", names=Kept(names))
    assert posting.spacing == timedelta(seconds=1)
    found = {target: posting.conversation(target) for target in ("C0PAPERS", "#papers", "#others", "D0ADA")}
    assert found == {"C0PAPERS": "C0PAPERS", "#papers": "C0PAPERS", "#others": "#others", "D0ADA": "D0ADA"}


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


# --- Names ------------------------------------------------------------------------------------------------


class Kept:
    """Names that are kept over restarts."""

    def __init__(self, ids: dict[str, str] | None = None) -> None:
        self.ids = ids or {}

    def get(self, name: str) -> str | None:
        return self.ids.get(name)

    def put(self, name: str, id_: str | None) -> None:
        if id_ is None:
            self.ids.pop(name, None)
        else:
            self.ids[name] = id_


def methods(server: SlackServer) -> list[str]:
    return [method.rpartition(".")[2] for method, _ in server.calls]


def test_a_name_is_resolved_once(server: SlackServer) -> None:
    """All pages of channels are read; the id is known after a restart, and a renamed channel stays the same."""
    server.channels = {f"other-{n}": f"C1{n}" for n in range(450)} | {"papers": "C0REAL"}
    names = Kept()
    assert isinstance(channel(server, names=names).send(ready(target="#papers")), Sent)
    assert methods(server) == ["list", "list", "list", "postMessage"]
    assert names.ids == {"#papers": "C0REAL"}
    server.channels = {"renamed": "C0REAL", "papers": "C0ANOTHER"}
    server.calls.clear()
    for _ in range(2):
        assert isinstance(channel(server, names=names).send(ready(target="#papers")), Sent)
    assert methods(server) == ["postMessage"] * 2
    assert {message["channel"] for message in server.messages} == {"C0REAL"}


@pytest.mark.parametrize("target", ["#papers", "papers"])
def test_a_name_with_and_without_its_sign(server: SlackServer, target: str) -> None:
    """Both are the same channel; the beginning of a name is not."""
    server.channels = {"papers-too": "C0TOO", "papers": "C0REAL"}
    channel(server).send(ready(target=target))
    assert server.messages[0]["channel"] == "C0REAL"


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        (False, None),
        (True, Fault(error="ratelimited", status=429)),
        (True, Fault(drop=True)),
        (True, Fault(status=500)),
    ],
)
def test_without_a_list_the_name_is_posted_to(server: SlackServer, lists: bool, fault: Fault | None) -> None:
    """Slack accepts names, and its answer has the id, which is used from then on."""
    server.channels = {"papers": "C0REAL"}
    server.lists, server.list_script = lists, [fault] if fault else []
    names = Kept()
    mine = ready(target="#papers")
    sent = channel(server, names=names).send(mine)
    assert isinstance(sent, Sent)
    assert sent.receipt.startswith("C0REAL:")
    assert posts(server)[0]["channel"] == "#papers"
    assert names.ids == {"#papers": "C0REAL"}
    assert channel(server, names=names).look_up(mine) == sent
    channel(server, names=names).send(mine)
    assert posts(server)[1]["channel"] == "C0REAL"
    assert methods(server).count("list") == 1


def test_an_unknown_name(server: SlackServer) -> None:
    """Slack's error is the outcome, and the name is looked up again next time."""
    names = Kept()
    server.script = [Fault(error="channel_not_found")]
    outcome = channel(server, names=names).send(ready(target="#papers"))
    assert isinstance(outcome, Refused)
    assert (outcome.cause, names.ids) == (Cause.TARGET, {})
    server.channels = {"papers": "C0NEW"}
    assert isinstance(channel(server, names=names).send(ready(target="#papers")), Sent)
    assert names.ids == {"#papers": "C0NEW"}


def test_a_deleted_channel_is_forgotten(server: SlackServer) -> None:
    """A new channel of that name has another id. Other errors forget nothing."""
    names = Kept({"#papers": "C0OLD"})
    for code, left in (("is_archived", {"#papers": "C0OLD"}), ("channel_not_found", {})):
        server.script = [Fault(error=code)]
        assert isinstance(channel(server, names=names).send(ready(target="#papers")), Refused)
        assert names.ids == left
    server.channels = {"papers": "C0NEW"}
    channel(server, names=names).send(ready(target="#papers"))
    assert server.messages[0]["channel"] == "C0NEW"


def test_an_id_is_never_looked_up(server: SlackServer) -> None:
    """Nor is it remembered."""
    names = Kept()
    channel(server, names=names).send(ready())
    server.script = [Fault(error="channel_not_found")]
    channel(server, names=names).send(ready())
    assert (methods(server), names.ids) == (["postMessage"] * 2, {})


def test_a_named_channel_is_looked_up_by_its_id(server: SlackServer) -> None:
    """Also after a lost answer, as the name was resolved before anything was posted."""
    server.channels = {"papers": "C0REAL"}
    names = Kept()
    mine = ready(target="#papers")
    assert isinstance(channel(server, names=names).send(mine, lambda stage: None), Sent)
    server.messages.clear()
    assert channel(server, names=names).look_up(mine) is None
    server.script = [Fault(drop=True, store=True)]
    assert isinstance(channel(server, names=names).send(mine), Unknown)
    found = channel(server, names=names).look_up(mine)
    assert found == Sent(f"C0REAL:{server.messages[0]['ts']}")


def test_a_name_is_resolved_before_the_post(server: SlackServer) -> None:
    """A failure in between has certainly posted nothing."""
    server.channels = {"papers": "C0REAL"}
    seen: list[list[str]] = []
    channel(server).send(ready(target="#papers"), lambda stage: seen.append(methods(server)))
    assert seen == [["list"]]
