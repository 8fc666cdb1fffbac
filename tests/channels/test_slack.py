"""Slack: settings, names, posting, the meaning of every failure, and finding again."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.slack.channel import API_URL, SlackChannel, api_base
from bot.channels.slack.errors import KINDS, Kind
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
        ("", API_URL),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/api/"),
        ("http://127.0.0.1:9/", "http://127.0.0.1:9/api/"),
        ("http://127.0.0.1:9/api", "http://127.0.0.1:9/api/"),
        ("http://127.0.0.1:9/api/", "http://127.0.0.1:9/api/"),
        ("https://proxy.org/slack/api", "https://proxy.org/slack/api/"),
    ],
)
def test_base_url_is_tolerant(url: str | None, base: str) -> None:
    """With and without a slash, with and without a path."""
    assert api_base(url) == base


@pytest.mark.parametrize(
    ("token", "url", "named"),
    [
        (None, None, "SLACK_BOT_TOKEN"),
        ("xoxb-\nx", None, "SLACK_BOT_TOKEN"),
        ("xoxb-x", "ftp://a", "SLACK_API_URL"),
    ],
)
def test_unusable_settings_are_named(token: str | None, url: str | None, named: str) -> None:
    """check() says what to set, and a send all the same is refused, not raised."""
    unusable = SlackChannel(token, url)
    with pytest.raises(NotConfigured, match=named):
        unusable.check()
    assert isinstance(unusable.send(ready()), Refused)
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


def test_further_parts_are_replies(server: SlackServer) -> None:
    """`thread` is the first part's receipt: its channel and its ts."""
    first = channel(server).send(ready(target="#papers"))
    assert isinstance(first, Sent)
    reply = ready(target="#papers", delivery=f"{TOKEN}-2", thread=first.receipt)
    channel(server).send(reply)
    assert f"{server.messages[1]['channel']}:{server.messages[1]['thread_ts']}" == first.receipt


def fails(error: str | None = None, **how: Any) -> Fault:
    return Fault(error=error, **how)


def posts(server: SlackServer) -> list[dict[str, Any]]:
    """The arguments of every chat.postMessage, whatever came of it."""
    return [arguments for method, arguments in server.calls if method == "chat.postMessage"]


#: What is certain of each kind of failure: its outcome, whom it blames, and how often it is posted.
MEANINGS: dict[Kind, tuple[type[Outcome], Cause | None, int]] = {
    Kind.SERVICE: (Refused, Cause.SERVICE, 1),
    Kind.TARGET: (Refused, Cause.TARGET, 1),
    Kind.THREAD: (Refused, Cause.MESSAGE, 1),
    Kind.PAYLOAD: (Refused, Cause.MESSAGE, 2),  # once more as plain text
    Kind.LATER: (Deferred, None, 1),
    Kind.UNKNOWN: (Unknown, None, 1),
}

#: Slack's error codes as the project's facts sort them. Those about the token stop all targets, not only one.
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
SORTED = [(code, kind) for kind, codes in FACTS.items() for code in codes.split()]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        *[(fails(code), kind) for code, kind in SORTED],
        *[(fails(code), kind) for code, kind in KINDS.items() if (code, kind) not in SORTED],
        (fails("restricted_action_of_a_new_kind"), Kind.TARGET),
        (fails("invalid_metadata_of_a_new_kind"), Kind.PAYLOAD),
        (fails("never_heard_of"), Kind.UNKNOWN),
        (fails("Never heard of it!"), Kind.UNKNOWN),
        (fails("never_heard_of", store=True), Kind.UNKNOWN),
        (fails("ratelimited", status=429), Kind.LATER),
        (fails(status=429), Kind.LATER),
        (fails(status=404), Kind.LATER),
        (fails("service_unavailable", status=503), Kind.LATER),
        (fails(status=503), Kind.UNKNOWN),
        (fails(status=500), Kind.UNKNOWN),
        (fails("never_heard_of", status=500), Kind.UNKNOWN),
        (fails(status=500, store=True), Kind.UNKNOWN),
        (fails("internal_error", store=True), Kind.UNKNOWN),
        (fails(drop=True), Kind.UNKNOWN),
        (fails(drop=True, store=True), Kind.UNKNOWN),
    ],
)
def test_every_failure_has_its_meaning(server: SlackServer, fault: Fault, kind: Kind) -> None:
    """One outcome, one post, or two where something simpler may be taken; never another, and the token is in
    nothing that is said.
    """
    outcome_type, blame, count = MEANINGS[kind]
    server.script = [fault] * count
    outcome = channel(server).send(ready())
    assert type(outcome) is outcome_type
    assert not isinstance(outcome, Refused) or outcome.cause is blame
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
def test_what_slack_does_not_take_goes_out_as_plain_text(
    server: SlackServer, code: str, dropped: set[str]
) -> None:
    """Once more without what was not taken, into the same thread; each post is told of before. It is found again."""
    server.script = [fails(code)]
    reached: list[Stage] = []
    mine = ready(thread=f"{TARGET}:1.000001")
    outcome = channel(server).send(mine, reached.append)
    assert isinstance(outcome, Sent)
    assert reached == [Stage.POST, Stage.POST]
    rich, plain = posts(server)
    assert plain == {name: value for name, value in rich.items() if name not in dropped}
    assert plain["text"] == json.loads(mine.payload)["text"]
    assert channel(server).look_up(mine) == outcome


@pytest.mark.parametrize("second", ["invalid_blocks", "no_text", "metadata_too_large"])
def test_plain_text_is_tried_once(server: SlackServer, second: str) -> None:
    """Refused as well, it is refused for good, for what was said last; there is no third post."""
    server.script = [fails("invalid_blocks"), fails(second)]
    assert channel(server).send(ready()) == Refused(f"Slack says {second}")
    assert len(posts(server)) == 2


@pytest.mark.parametrize(
    ("second", "outcome"),
    [
        (fails(drop=True, store=True), Unknown),
        (fails("ratelimited", status=429), Deferred),
        (fails("is_archived"), Refused),
    ],
)
def test_plain_text_may_fail_otherwise(server: SlackServer, second: Fault, outcome: type[Outcome]) -> None:
    """What comes of the second post is the outcome."""
    server.script = [fails("msg_blocks_too_long"), second]
    assert type(channel(server).send(ready())) is outcome
    assert len(posts(server)) == 2


def test_what_is_plain_text_already_is_not_repeated(server: SlackServer) -> None:
    """A notice to the operator has nothing to leave out: refused once is refused."""
    payload = channel(server).render_notice(
        Notice("Paperboy", "a line", datetime.now(UTC)), f"{TOKEN}-1", TARGET
    )
    server.script = [fails("msg_too_long")]
    assert channel(server).send(envelope(payload, TARGET)) == Refused("Slack says msg_too_long")
    assert len(posts(server)) == 1


def test_who_was_taken_over_posts_nothing(server: SlackServer) -> None:
    """What `on_stage` raises goes through, at the first post and at the second."""

    def stop_at(number: int) -> Any:
        left = [None] * number

        def on_stage(stage: Stage) -> None:
            if not left:
                raise LeaseLost("another sender has it")
            left.pop()

        return on_stage

    for posted in (0, 1):
        server.script = [fails("invalid_blocks")]
        server.calls.clear()
        with pytest.raises(LeaseLost):
            channel(server).send(ready(), stop_at(posted))
        assert len(server.calls) == posted


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30.0), ("1.5", 1.5), (None, None), ("soon", None), ("-1", None), ("inf", None)],
)
def test_retry_after_is_handed_on(server: SlackServer, header: str | None, seconds: float | None) -> None:
    """As seconds; what is no sensible number is as if it were not said."""
    server.script = [fails("ratelimited", status=429, retry_after=header)]
    outcome = channel(server).send(ready())
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after == seconds


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid", "https://{server}"])
def test_what_fails_before_the_request_is_later(server: SlackServer, url: str) -> None:
    """No port, no name, no TLS: nothing can have been posted."""
    unreachable = SlackChannel(server.token, url.format(server=server.url.split("/")[2]), timeout=2)
    assert isinstance(unreachable.send(ready()), Deferred)


def test_timeout_is_unknown(server: SlackServer) -> None:
    """The message was taken, the answer came too late."""
    server.script = [fails(store=True, delay=1.2)]
    assert isinstance(channel(server, timeout=1).send(ready()), Unknown)
    assert len(server.messages) == 1


def test_wrong_token_is_refused_and_never_told(server: SlackServer, caplog: pytest.LogCaptureFixture) -> None:
    """Neither outcome nor log has it, at any level."""
    caplog.set_level(logging.DEBUG)
    outcome = channel(server, token="xoxb-wrong-secret").send(ready())
    assert outcome == Refused("Slack says invalid_auth: check SLACK_BOT_TOKEN", Cause.SERVICE)
    assert "wrong-secret" not in caplog.text


# --- Finding ----------------------------------------------------------------------------------------------


def test_find_after_a_lost_answer(server: SlackServer) -> None:
    """Posted, but the connection broke: the history tells."""
    server.script = [fails(drop=True, store=True)]
    mine = ready()
    assert isinstance(channel(server).send(mine), Unknown)
    assert channel(server).look_up(mine) == Sent(f"{TARGET}:{server.messages[0]['ts']}")


def test_find_pages_through_a_busy_channel(server: SlackServer) -> None:
    """Fifteen messages a page is all that some apps get."""
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
def test_found_by_its_mark_or_else_by_its_words(
    server: SlackServer, changes: dict[str, Any], is_found: bool
) -> None:
    """Another delivery's mark is another delivery, whatever it says."""
    mine = ready()
    channel(server).send(mine)
    server.messages[0] |= changes
    assert (channel(server).look_up(mine) is not None) is is_found


@pytest.mark.parametrize("title", ["A title", "&" * 90])
def test_parts_are_told_apart_by_their_words(server: SlackServer, title: str) -> None:
    """Without metadata too, and where all titles are too much for a text: part 2 is not taken for sent because part 1
    was, nor one profile's digest because another's is in the same channel.
    """
    papers = tuple(scored(n, title=title) for n in range(1, 61))
    one, other = (
        [
            envelope(part.payload, TARGET, delivery=f"{token}-{n}")
            for n, part in enumerate(SlackChannel(None).render(made, token, TARGET), start=1)
        ]
        for token, made in (("aa", digest(papers)), ("bb", digest(papers, profile="bo")))
    )
    server.script = [fails("metadata_too_large")]
    sent = channel(server).send(one[0])
    assert isinstance(sent, Sent)
    assert "metadata" not in server.messages[0]
    assert channel(server).look_up(one[0]) == sent
    assert channel(server).look_up(other[0]) is None
    assert len(one) > 2
    assert channel(server).look_up(replace(one[1], thread=sent.receipt)) is None


def test_find_stops_before_the_first_attempt(server: SlackServer) -> None:
    """Older messages are not read: the newest page suffices for a delivery that began just now."""
    server.messages = [{"channel": TARGET, "ts": f"{n}.000000", "text": "old"} for n in range(100)]
    assert channel(server).look_up(ready()) is None
    assert len(server.calls) == 1


@pytest.mark.parametrize("hours", [-48, 48])
def test_find_bears_with_a_wrong_clock(server: SlackServer, hours: int) -> None:
    """The newest page is read whatever the local clock said at the first attempt."""
    mine = ready(started=datetime.now(UTC) + timedelta(hours=hours))
    channel(server).send(mine)
    assert channel(server).look_up(mine) is not None


def test_find_reads_the_thread_of_a_reply(server: SlackServer) -> None:
    """Replies are not in a channel's history."""
    first = channel(server).send(ready())
    assert isinstance(first, Sent)
    payload = SlackChannel(None).render(digest(40), TOKEN, TARGET)[1].payload
    reply = envelope(payload, TARGET, delivery=f"{TOKEN}-2", thread=first.receipt)
    assert channel(server).look_up(reply) is None
    sent = channel(server).send(reply)
    assert channel(server).look_up(reply) == sent


@pytest.mark.parametrize(
    "fault",
    [
        fails("missing_scope"),
        fails("not_in_channel"),
        fails("ratelimited", status=429),
        fails(status=500),
        fails(drop=True),
    ],
)
def test_find_says_when_it_cannot_tell(server: SlackServer, fault: Fault) -> None:
    """No history, no verdict: absent is only what was looked for."""
    server.read_script = [fault]
    with pytest.raises(LookupError) as caught:
        channel(server).look_up(ready())
    assert server.token not in str(caught.value)


@pytest.mark.parametrize("target", ["#papers", "papers", "@ada", "U0ADA"])
def test_find_needs_an_id(server: SlackServer, target: str) -> None:
    """A history is read by a conversation's id only."""
    with pytest.raises(LookupError):
        channel(server).look_up(ready(target=target))


def test_a_conversation_is_told_from_others() -> None:
    """Slack allows one message a second to a conversation: the queue spaces them, by the channel's id once a name's
    is known.
    """
    names = {"#papers": "C0PAPERS"}
    posting = SlackChannel("xoxb-x", names=Kept(names))
    assert posting.spacing == timedelta(seconds=1)
    told = {target: posting.conversation(target) for target in ("C0PAPERS", "#papers", "#others", "D0ADA")}
    assert told == {"C0PAPERS": "C0PAPERS", "#papers": "C0PAPERS", "#others": "#others", "D0ADA": "D0ADA"}


def test_a_notice_is_a_message(server: SlackServer) -> None:
    """Plain text that shows as written, with the delivery's mark; what is too long ends between two lines."""
    lines = ["slack #papers, failed: <!channel> is *archived*", *(f"line {n} {'x' * 90}" for n in range(90))]
    notice = Notice("Paperboy: 91 deliveries have stopped", "\n".join(lines), datetime.now(UTC))
    payload = channel(server).render_notice(notice, f"{TOKEN}-1", TARGET)
    assert payload == channel(server).render_notice(notice, f"{TOKEN}-1", TARGET)
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
    """Names that outlive a channel object, as the store's do."""

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
    """Through the pages of all channels, archived neighbours and all; another start of Paperboy still knows it, and
    a channel that is renamed is the same.
    """
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
def test_a_name_is_written_with_its_sign_or_without(server: SlackServer, target: str) -> None:
    """Both are the same channel; a part of a name is none."""
    server.channels = {"papers-too": "C0TOO", "papers": "C0REAL"}
    channel(server).send(ready(target=target))
    assert server.messages[0]["channel"] == "C0REAL"


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        (False, None),
        (True, fails("ratelimited", status=429)),
        (True, fails(drop=True)),
        (True, fails(status=500)),
    ],
)
def test_without_a_list_the_name_is_posted_to_and_learned(
    server: SlackServer, lists: bool, fault: Fault | None
) -> None:
    """Slack takes names where the app may not list channels, and its answer tells the id, which counts from then."""
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


def test_a_name_that_is_not_found_is_not_remembered(server: SlackServer) -> None:
    """Neither in the list nor by posting: Slack says what is wrong, and next time it is looked up anew."""
    names = Kept()
    server.script = [fails("channel_not_found")]
    outcome = channel(server, names=names).send(ready(target="#papers"))
    assert isinstance(outcome, Refused)
    assert (outcome.cause, names.ids) == (Cause.TARGET, {})
    server.channels = {"papers": "C0NEW"}
    assert isinstance(channel(server, names=names).send(ready(target="#papers")), Sent)
    assert names.ids == {"#papers": "C0NEW"}


def test_a_channel_that_is_gone_is_forgotten(server: SlackServer) -> None:
    """Deleted and made anew under its name, it has another id; what is wrong otherwise forgets nothing."""
    names = Kept({"#papers": "C0OLD"})
    for code, left in (("is_archived", {"#papers": "C0OLD"}), ("channel_not_found", {})):
        server.script = [fails(code)]
        assert isinstance(channel(server, names=names).send(ready(target="#papers")), Refused)
        assert names.ids == left
    server.channels = {"papers": "C0NEW"}
    channel(server, names=names).send(ready(target="#papers"))
    assert server.messages[0]["channel"] == "C0NEW"


def test_an_id_is_never_looked_up(server: SlackServer) -> None:
    """Nor remembered, nor forgotten."""
    names = Kept()
    channel(server, names=names).send(ready())
    server.script = [fails("channel_not_found")]
    channel(server, names=names).send(ready())
    assert (methods(server), names.ids) == (["postMessage"] * 2, {})


def test_a_named_channel_is_searched_by_its_id(server: SlackServer) -> None:
    """After a lost answer too, as the name was resolved before anything was posted."""
    server.channels = {"papers": "C0REAL"}
    names = Kept()
    mine = ready(target="#papers")
    assert isinstance(channel(server, names=names).send(mine, lambda stage: None), Sent)
    server.messages.clear()
    assert channel(server, names=names).look_up(mine) is None
    server.script = [fails(drop=True, store=True)]
    assert isinstance(channel(server, names=names).send(mine), Unknown)
    found = channel(server, names=names).look_up(mine)
    assert found == Sent(f"C0REAL:{server.messages[0]['ts']}")


def test_a_name_is_resolved_before_the_message_is_handed_over(server: SlackServer) -> None:
    """A look at the list posts nothing: what breaks off there has certainly not arrived."""
    server.channels = {"papers": "C0REAL"}
    seen: list[list[str]] = []
    channel(server).send(ready(target="#papers"), lambda stage: seen.append(methods(server)))
    assert seen == [["list"]]
