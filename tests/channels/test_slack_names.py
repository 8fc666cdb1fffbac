"""Names of Slack channels: resolved once, remembered, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.channels.slack.channel import SlackChannel
from bot.delivery.model import Cause, Refused, Sent, Unknown
from tests.support.slack_messages import MemoryNames, channel, methods, posts, ready
from tests.support.slack_server import Fault, SlackServer


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as running:
        yield running


def test_receivers() -> None:
    """The spacing is per channel: by its id as soon as a name's is known."""
    names = {"#papers": "C0PAPERS"}
    posting = SlackChannel("xoxb-x", names=MemoryNames(names))
    assert posting.spacing == timedelta(seconds=1)
    found = {target: posting.receiver(target) for target in ("C0PAPERS", "#papers", "#others", "D0ADA")}
    assert found == {"C0PAPERS": "C0PAPERS", "#papers": "C0PAPERS", "#others": "#others", "D0ADA": "D0ADA"}


def test_a_name_is_resolved_once(server: SlackServer) -> None:
    """All pages of channels are read; the id is known after a restart, and a renamed channel stays the same."""
    server.channels = {f"other-{n}": f"C1{n}" for n in range(450)} | {"papers": "C0REAL"}
    names = MemoryNames()
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
    names = MemoryNames()
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
    names = MemoryNames()
    server.script = [Fault(error="channel_not_found")]
    outcome = channel(server, names=names).send(ready(target="#papers"))
    assert isinstance(outcome, Refused)
    assert (outcome.cause, names.ids) == (Cause.TARGET, {})
    server.channels = {"papers": "C0NEW"}
    assert isinstance(channel(server, names=names).send(ready(target="#papers")), Sent)
    assert names.ids == {"#papers": "C0NEW"}


def test_a_deleted_channel_is_forgotten(server: SlackServer) -> None:
    """A new channel of that name has another id. Other errors forget nothing."""
    names = MemoryNames({"#papers": "C0OLD"})
    for code, left in (("is_archived", {"#papers": "C0OLD"}), ("channel_not_found", {})):
        server.script = [Fault(error=code)]
        assert isinstance(channel(server, names=names).send(ready(target="#papers")), Refused)
        assert names.ids == left
    server.channels = {"papers": "C0NEW"}
    channel(server, names=names).send(ready(target="#papers"))
    assert server.messages[0]["channel"] == "C0NEW"


def test_an_id_is_never_looked_up(server: SlackServer) -> None:
    """Nor is it remembered."""
    names = MemoryNames()
    channel(server, names=names).send(ready())
    server.script = [Fault(error="channel_not_found")]
    channel(server, names=names).send(ready())
    assert (methods(server), names.ids) == (["postMessage"] * 2, {})


def test_a_named_channel_is_looked_up_by_its_id(server: SlackServer) -> None:
    """Also after a lost answer, as the name was resolved before anything was posted."""
    server.channels = {"papers": "C0REAL"}
    names = MemoryNames()
    mine = ready(target="#papers")
    assert isinstance(channel(server, names=names).send(mine, lambda stage: None), Sent)
    server.messages.clear()
    assert channel(server, names=names).look_up(mine) is None
    server.script = [Fault(drop=True, store=True)]
    assert isinstance(channel(server, names=names).send(mine), Unknown)
    found = channel(server, names=names).look_up(mine)
    assert found == Sent(f"C0REAL:{server.messages[0]['ts']}")


def test_the_conversation_with_a_user_is_opened_once(server: SlackServer) -> None:
    """It is remembered, and it is the receiver; a lost answer is looked up there."""
    names = MemoryNames()
    mine = ready(target="U0ADA")
    server.script = [Fault(drop=True, store=True)]
    assert isinstance(channel(server, names=names).send(mine), Unknown)
    assert (names.ids, channel(server, names=names).receiver("U0ADA")) == ({"U0ADA": "D0ADA"}, "D0ADA")
    assert channel(server, names=names).look_up(mine) == Sent(f"D0ADA:{server.messages[0]['ts']}")
    assert methods(server) == ["open", "postMessage", "history"]


def test_without_the_scope_a_user_can_be_posted_to(server: SlackServer) -> None:
    """Slack's answer has the conversation's id. While it is not known, nothing can be looked up."""
    server.opens = False
    names = MemoryNames()
    mine = ready(target="U0ADA")
    with pytest.raises(LookupError, match="U0ADA"):
        channel(server, names=names).look_up(mine)
    sent = channel(server, names=names).send(mine)
    assert isinstance(sent, Sent)
    assert (posts(server)[0]["channel"], names.ids) == ("U0ADA", {"U0ADA": "D0ADA"})
    assert channel(server, names=names).look_up(mine) == sent


def test_a_name_is_resolved_before_the_post(server: SlackServer) -> None:
    """A failure in between has certainly posted nothing."""
    server.channels = {"papers": "C0REAL"}
    seen: list[list[str]] = []
    channel(server).send(ready(target="#papers"), lambda stage: seen.append(methods(server)))
    assert seen == [["list"]] * 2
