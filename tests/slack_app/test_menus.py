"""Menus: every entry clicked in the digest that `paperboy send` posted, and clicks that are not ours."""

from __future__ import annotations

from tests.slack_app.conftest import Installation
from tests.slack_app.reader import Reader
from tests.support.slack_server import SlackServer


def test_more_and_undo(installation: Installation, ada: Reader) -> None:
    print(ada.slack.messages[-1]["blocks"])
    said = ada.reply(lambda: ada.choose(1, "More like this"))
    print(said)
    print(installation.log)
    assert installation.in_effect() == ["more"]
    print(ada.reply(lambda: ada.press("Undo")))
    assert installation.in_effect() == []
    for n in (1, 2, 3):
        print(ada.reply(lambda: ada.choose(n, "Why")))
    print(
        [
            o["text"]["text"]
            for b in ada.slack.messages[-1]["blocks"]
            for o in b.get("accessory", {}).get("options", [])
        ]
    )
    print(ada.reply(lambda: ada.choose(1, "Not because")))
    for c in (
        "help",
        "why 2605.00101",
        "why glacier melt in region 1",
        "why glacier",
        "search World",
        "learned",
        "pause for 2 weeks",
        "pause",
        "resume",
        "resume",
        "foo",
    ):
        print(">", c)
        print(ada.write(c))
    print(ada.open_home())
    print(ada.acks)
    print(installation.log)
    assert 0
