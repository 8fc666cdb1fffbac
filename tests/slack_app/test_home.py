"""The App Home: what a person gets, what was learned, undo, pause and resume."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.delivery.model import Pause
from bot.feedback.model import Answer, AnswerKind, Via
from bot.profiles.model import ChannelName, Subscription
from bot.slack_app.home import HomeDigest, home_view
from bot.slack_app.replies import SameAnswers
from tests.slack_app.conftest import ADA, Installation
from tests.slack_app.reader import Reader, wait_until
from tests.support.slack_limits import problems

NOW = datetime(2026, 5, 5, 8, 30, tzinfo=UTC)


def test_home(installation: Installation, ada: Reader) -> None:
    """The digests to the person and to their channels, each with its next time, and the answers."""
    assert ada.open_home()[1].startswith("None yet. Profiles that deliver to `slack: U0ADA`")
    installation.bench.profile("mine", ADA.replace("C0PAPERS", "U0ADA") + "timezone: Europe/Paris\n")
    installation.bench.profile("theirs", ADA.replace("C0PAPERS", "C0SECRET"))
    ada.slack.memberships["U0ADA"] = ["C0PAPERS", "C0LUNCH"]
    ada.reply(lambda: ada.choose(1, "More"))
    digests = [text for text in ada.open_home() if "next on" in text]
    assert [text.split(": ")[0] for text in digests] == ["*ada*, to <#C0PAPERS>", "*mine*, to you"]
    assert digests[1].endswith("08:00 (Europe/Paris)")
    assert ada.home[-1].startswith("*ada*: more like “<https://arxiv.org/abs/2605.00101|")

    ada.press_home("Undo")
    assert ada.home[-1].startswith("Nothing yet")
    assert installation.in_effect() == []
    ada.press_home("Pause", 2)
    assert any(text.startswith("*mine*, to you: paused since ") for text in ada.home)
    assert [pause.scope for pause in installation.app.receivers.pauses()] == ["mine:slack:U0ADA"]
    ada.press_home("Resume")
    assert installation.app.receivers.pauses() == ()


def test_without_scopes(installation: Installation, ada: Reader) -> None:
    """Without the scopes to ask for channels, only what goes to the person is shown; nothing is logged."""
    ada.slack.lists = False
    installation.bench.profile("mine", ADA.replace("C0PAPERS", "U0ADA"))
    assert sum("next on" in text for text in ada.open_home()) == 1
    assert len(installation.log) == 1


def test_only_their_own(installation: Installation, ada: Reader) -> None:
    """Buttons that name another's subscription or answer do nothing."""
    ada.reply(lambda: ada.choose(1, "More"))
    eve = ada.other(user="U0EVE")
    installation.bench.profile("eve", ADA.replace("C0PAPERS", "U0EVE"))
    eve.open_home()
    eve.slack.views["U0EVE"]["blocks"][1]["accessory"]["value"] = "ada:slack:C0PAPERS"
    eve.press_home("Pause")
    (answer,) = installation.answers()
    button = eve.slack.views["U0EVE"]["blocks"][1]["accessory"]
    button |= {"action_id": "paperboy_undo", "value": f"ada\n{answer.action}"}
    eve.press_home("Pause")
    assert installation.app.receivers.pauses() == ()
    assert installation.in_effect() == ["more"]


def test_a_view_that_has_changed_since(installation: Installation, ada: Reader) -> None:
    """A view older than the one that is shown does not replace it, and that is no error."""
    ada.open_home()
    newer = ada.slack.views["U0ADA"]
    stale = {"type": "home", "hash": "older"}
    event = {"type": "app_home_opened", "user": "U0ADA", "tab": "home", "view": stale}
    ada.socket.send("events_api", {"type": "event_callback", "event": event, "event_id": "Ev"})
    wait_until(lambda: any(call.get("hash") == "older" for _, call in ada.slack.calls))
    ada.write("help")
    assert ada.slack.views["U0ADA"] is newer
    assert len(installation.log) == 1


def test_limits() -> None:
    """Many digests and answers stay within 100 blocks; a pause that no reader made has no button."""
    target = Subscription("lab", ChannelName.SLACK, "C0PAPERS")
    pause = Pause("slack:C0PAPERS", "Slack says not_in_channel", NOW)
    digests = [HomeDigest(target, False, "UTC", NOW), HomeDigest(target, False, "UTC", None, pause)] * 40
    people = ("mail:<!here>@example.org", "slack:<!here>", *(f"web:{n}{'e' * 90}" for n in range(9)))
    same = [
        Answer("a", "lab", who, AnswerKind.FOLLOW, "arxiv:1", NOW, Via.SLACK, "<!here> " * 20)
        for who in people
    ]
    answers = [SameAnswers(tuple(same), "has no interest '<!here>'")] * 50
    blocks = home_view("U0ADA", digests, answers, {})["blocks"]
    assert len(blocks) <= 100
    assert "accessory" not in blocks[2]
    assert "The newest 20 of 50 different answers." in str(blocks)
    message = {"text": "a", "unfurl_links": False, "unfurl_media": False}
    message["metadata"] = {"event_type": "a", "event_payload": {}}
    for block in blocks:
        found = problems(message | {"blocks": [block]})
        assert [
            one for one in found if "a mention, <#C0PAPERS>" not in one and "not escaped, '*lab*" not in one
        ] == []
