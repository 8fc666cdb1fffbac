"""The contract of channels, checked on each of them with a real local server or folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from bot.channels.email.channel import MailChannel
from bot.channels.maildir import MaildirChannel
from bot.channels.slack.channel import SlackChannel
from bot.config.smtp_url import parse_sender, parse_smtp_url
from bot.delivery.model import Deferred, Notice, Sent, Stage
from bot.delivery.ports import Channel
from bot.demo.folder_channel import FolderChannel
from bot.errors import LeaseLost
from tests.support.samples import MADE, TITLES, TOKEN, digest, envelope
from tests.support.slack_server import SlackServer
from tests.support.smtp_server import SmtpServer

SECRET = "s3cr3t-word"


@dataclass
class Rig:
    """A channel with its receiver."""

    channel: Channel
    target: str
    arrived: Callable[[], list[tuple[str, bytes]]]  #: target and content of what the receiver holds
    break_down: Callable[[], None]  #: makes the receiver unreachable
    can_look_up: bool = True
    stages: tuple[Stage, ...] = (Stage.WRITE,)  #: of a send that goes well


def slack(stack: ExitStack, folder: Path) -> Rig:
    server = stack.enter_context(SlackServer(f"xoxb-{SECRET}"))

    def arrived() -> list[tuple[str, bytes]]:
        return [(m["channel"], json.dumps(m, ensure_ascii=False).encode()) for m in server.messages]

    server.channels = {"papers": "C0PAPERS"}
    channel = SlackChannel(server.token, server.url)
    return Rig(channel, "C0PAPERS", arrived, server.close, stages=(Stage.POST, Stage.POST))


def mail(stack: ExitStack, folder: Path) -> Rig:
    server = stack.enter_context(SmtpServer(login=("ada", SECRET)))
    url = server.url.replace("://", f"://ada:{SECRET}@") + "?tls=none"

    def arrived() -> list[tuple[str, bytes]]:
        return [(m.rcpt_tos[0], m.content) for m in server.received]

    channel = MailChannel(parse_smtp_url(url), parse_sender("Paperboy <paperboy@example.org>"))
    stages = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.ANSWER)
    return Rig(channel, "ada@example.org", arrived, server.close, can_look_up=False, stages=stages)


def files(place: Path, pattern: str, channel: Channel, target: str) -> Rig:
    """The rig of a channel whose receiver is a folder: a file in its place makes it unreachable."""
    broken = place.with_name("broken")

    def break_down() -> None:
        if place.exists():
            place.rename(broken)
        place.write_bytes(b"in the way")

    def arrived() -> list[tuple[str, bytes]]:
        return [(target, path.read_bytes()) for path in place.glob(pattern)]

    return Rig(channel, target, arrived, break_down)


def maildir(stack: ExitStack, folder: Path) -> Rig:
    place = folder / "mail"
    return files(place, "ada/new/*", MaildirChannel(place), "ada")


def slack_folder(stack: ExitStack, folder: Path) -> Rig:
    place = folder / "demo"
    inner = FolderChannel(SlackChannel(None), place, "json")
    return files(place, "C0PAPERS.json", inner, "C0PAPERS")


def mail_folder(stack: ExitStack, folder: Path) -> Rig:
    place = folder / "demo"
    inner = FolderChannel(MailChannel(None, None), place, "eml")
    return files(place, "ada@example.org.eml", inner, "ada@example.org")


@pytest.fixture(params=[slack, mail, maildir, slack_folder, mail_folder], ids=lambda make: make.__name__)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    with ExitStack() as stack:
        made = request.param(stack, tmp_path)
        stack.callback(made.channel.close_idle)
        yield made


def readable_content(content: bytes) -> str:
    """A mail's text part, or a Slack message as it is."""
    if content.lstrip().startswith(b"{"):
        return content.decode()
    body = message_from_bytes(content, policy=policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_render_is_pure(rig: Rig) -> None:
    """The same input gives the same bytes, a digest shows each paper once, and nothing is sent."""
    parts = rig.channel.render(digest(3), TOKEN, rig.target)
    assert parts == rig.channel.render(digest(3), TOKEN, rig.target)
    assert sum(part.papers for part in parts) == 3
    notice = Notice("Paperboy: a delivery has stopped", "the first line\n  the second", MADE)
    rendered = rig.channel.render_notice(notice, TOKEN, rig.target)
    assert rendered == rig.channel.render_notice(notice, TOKEN, rig.target)
    assert b"  the second" in rendered
    assert rig.arrived() == []


def test_deliveries_differ(rig: Rig) -> None:
    """The delivery's id is in the payload, so that it can be looked up."""
    one, other = (rig.channel.render(digest(3), token, rig.target)[0].payload for token in ("aa", "bb"))
    assert one != other


def test_send_delivers_once(rig: Rig) -> None:
    """One send gives one message with the content at its target."""
    rig.channel.check()
    part = rig.channel.render(digest(3), TOKEN, rig.target)[0]
    outcome = rig.channel.send(envelope(part.payload, rig.target))
    assert isinstance(outcome, Sent)
    assert outcome.receipt
    ((target, content),) = rig.arrived()
    assert target == rig.target
    assert TITLES[0] in readable_content(content)


def test_look_up(rig: Rig) -> None:
    """A sent delivery is found with its receipt, another is not; or the channel raises LookupError."""
    part = rig.channel.render(digest(3), TOKEN, rig.target)[0]
    mine = envelope(part.payload, rig.target)
    unsent = rig.channel.render(digest(3), "0123456789abcdef", rig.target)[0]
    other = envelope(unsent.payload, rig.target, delivery="0123456789abcdef-1")
    if not rig.can_look_up:
        rig.channel.send(mine)
        with pytest.raises(LookupError):
            rig.channel.look_up(mine)
        return
    assert rig.channel.look_up(mine) is None
    sent = rig.channel.send(mine)
    assert rig.channel.look_up(mine) == sent
    assert rig.channel.look_up(other) is None


def test_can_look_up_is_declared(rig: Rig) -> None:
    """Whether it may be sent again without knowing is decided when a digest is composed."""
    assert rig.channel.can_look_up is rig.can_look_up


def test_stages(rig: Rig) -> None:
    """Each is reported before it begins, and one that hands over before each write: the receiver has nothing yet."""
    part = rig.channel.render(digest(3), TOKEN, rig.target)[0]
    reported: list[tuple[Stage, int]] = []
    outcome = rig.channel.send(
        envelope(part.payload, rig.target), lambda stage: reported.append((stage, len(rig.arrived())))
    )
    assert isinstance(outcome, Sent)
    assert [stage for stage, _ in reported] == list(rig.stages)
    handing = next(n for n, stage in enumerate(rig.stages) if stage.hands_over)
    assert [arrived for _, arrived in reported[: handing + 1]] == [0] * (handing + 1)
    assert all(stage.hands_over for stage in rig.stages[handing:])


def test_a_lost_lease_stops_the_message(rig: Rig) -> None:
    """What `on_stage` raises is raised, and nothing arrives; the next attempt succeeds."""
    part = rig.channel.render(digest(3), TOKEN, rig.target)[0]

    def on_stage(stage: Stage) -> None:
        if stage.hands_over:
            raise LeaseLost("another sender has it")

    mine = envelope(part.payload, rig.target)
    with pytest.raises(LeaseLost):
        rig.channel.send(mine, on_stage)
    assert rig.arrived() == []
    assert isinstance(rig.channel.send(mine), Sent)
    assert len(rig.arrived()) == 1


def test_close_idle(rig: Rig) -> None:
    """It may be called before the first send, after one, twice, and when the receiver is gone; sending goes on."""
    rig.channel.close_idle()
    part = rig.channel.render(digest(3), TOKEN, rig.target)[0]
    for _ in range(2):
        assert isinstance(rig.channel.send(envelope(part.payload, rig.target)), Sent)
        rig.channel.close_idle()
        rig.channel.close_idle()
    rig.channel.send(envelope(part.payload, rig.target))
    rig.break_down()
    rig.channel.close_idle()


def test_receivers(rig: Rig) -> None:
    """The spacing is per conversation, and another target is another one."""
    assert rig.channel.receiver(rig.target) == rig.target
    rig.channel.learn_receiver(rig.target)
    assert rig.channel.receiver(f"{rig.target}X") != rig.channel.receiver(rig.target)
    assert rig.channel.spacing >= timedelta(0)


def test_unreachable_receiver(rig: Rig) -> None:
    """It is an outcome: nothing arrived, and trying again can help."""
    part = rig.channel.render(digest(3), TOKEN, rig.target)[0]
    rig.break_down()
    outcome = rig.channel.send(envelope(part.payload, rig.target))
    assert isinstance(outcome, Deferred)
    assert outcome.why
    assert SECRET not in repr(outcome)


def test_probe(rig: Rig) -> None:
    """Nothing is sent; a target without a problem is said to have none, and the next message goes well."""
    probes = list(rig.channel.probe([rig.target]))
    assert [probe.target for probe in probes][-1] == rig.target
    assert [probe.problem for probe in probes] == [None] * len(probes)
    assert rig.arrived() == []
    part = rig.channel.render(digest(3), TOKEN, rig.target)[0]
    assert isinstance(rig.channel.send(envelope(part.payload, rig.target)), Sent)


def test_probe_of_an_unreachable_receiver(rig: Rig) -> None:
    """The last probe has the problem, without a secret; the demo's files are not probed."""
    rig.break_down()
    last = list(rig.channel.probe([rig.target]))[-1]
    assert bool(last.problem) is not isinstance(rig.channel, FolderChannel)
    assert SECRET not in repr(last)


def test_empty_digest_renders(rig: Rig) -> None:
    """It is one message that says so, once, for the preview of a quiet day and for a quiet week."""
    says_so = "No paper reached your threshold"
    for why, expected in (("", True), ("all is well: nothing new", False)):
        (part,) = rig.channel.render(replace(digest(0), why=why), TOKEN, rig.target)
        assert part.papers == 0
        text = readable_content(part.payload)
        assert (says_so in text, "All is well: nothing new." in text) == (expected, not expected)


def test_demo_files_can_be_opened(tmp_path: Path) -> None:
    """A mail also as a page for the browser, Slack's JSON laid out, further parts under their own names."""
    post = FolderChannel(MailChannel(None, None), tmp_path, "eml")
    (part,) = post.render(digest(2), TOKEN, "ada@example.org")
    post.send(envelope(part.payload, "ada@example.org"))
    assert TITLES[0] in (tmp_path / "ada@example.org.html").read_text("utf-8")
    chat = FolderChannel(SlackChannel(None), tmp_path, "json")
    for n, part in enumerate(chat.render(digest(40), TOKEN, "#papers"), start=1):
        chat.send(envelope(part.payload, "#papers", delivery=f"{TOKEN}-{n}"))
        assert json.loads((tmp_path / f"papers{'' if n == 1 else f'-{n}'}.json").read_text("utf-8"))
    assert (tmp_path / "papers.json").read_text("utf-8").startswith('{\n  "blocks"')


@pytest.mark.parametrize("target", ["../../etc/passwd", "..", "/", "a\x00b"])
def test_demo_files_stay_in_their_folder(tmp_path: Path, target: str) -> None:
    """A target is not a path."""
    chat = FolderChannel(SlackChannel(None), tmp_path / "demo", "json")
    payload = chat.render(digest(1), TOKEN, target)[0].payload
    assert isinstance(chat.send(envelope(payload, target)), Sent)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert len(list((tmp_path / "demo").iterdir())) == 1
