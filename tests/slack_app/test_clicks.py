"""Menus and buttons: every entry of the digest that `paperboy send` posted, and clicks that must do nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from bot.feedback.model import Via
from tests.slack_app.conftest import ADA, Installation
from tests.slack_app.reader import Reader
from tests.support.slack_limits import problems

WORLD, TABLE, REWARD = 1, 2, 3  #: numbers of the papers in the digest


def entries(reader: Reader, number: int) -> list[str]:
    sections = [block for block in reader.slack.messages[-1]["blocks"] if "accessory" in block]
    return [option["text"]["text"] for option in sections[number - 1]["accessory"]["options"]]


def test_every_entry(installation: Installation, ada: Reader) -> None:
    """Each entry of each menu is answered to the person alone, and what follows is stored once."""
    assert entries(ada, REWARD) == [
        "More like this",
        "Less like this",
        "Not because of guess",
        "Follow Cem Muster",
        "Why?",
    ]
    for number in (WORLD, TABLE, REWARD):
        for entry in entries(ada, number):
            ada.reply(lambda number=number, entry=entry: ada.choose(number, entry))
    assert installation.in_effect() == [
        "less",
        "follow Ada Example",
        "less",
        "follow Eli Essai",
        "less",
        "not because of guess",
        "follow Cem Muster",
    ]
    stored = installation.answers()
    assert {(one.who, one.via) for one in stored} == {("slack:U0ADA", Via.SLACK)}
    assert [one.paper for one in stored[:2]] == ["arxiv:2605.00101"] * 2
    assert [message["channel"] for message in ada.slack.messages] == ["C0PAPERS"], "nothing else was posted"


def test_what_is_said(ada: Reader) -> None:
    """What was understood, and that it was said before."""
    said = ada.reply(lambda: ada.choose(WORLD, "More"))
    title = "“<https://arxiv.org/abs/2605.00101|World Models that Know What They Miss>”"
    assert said == f"Noted for *ada*: more like {title}. It counts from the next digest on."
    assert ada.reply(lambda: ada.choose(WORLD, "More")) == f"Already noted for *ada*: more like {title}."
    assert ada.reply(lambda: ada.choose(WORLD, "Follow")).startswith("Noted for *ada*: follow *Ada Example*.")


def test_a_term_of_several(installation: Installation, ada: Reader) -> None:
    """A button for each term; the answer takes the place of the question, and names the interest."""
    asked = ada.reply(lambda: ada.choose(WORLD, "Not because of …"))
    assert asked.splitlines()[1:] == ["know", "robots"]
    said = ada.reply(lambda: ada.press("robots"))
    assert said.startswith("Noted for *ada*: not because of *robots*.")
    assert ada.slack.replies[-1]["replace_original"] is True
    (answer,) = installation.answers()
    assert (answer.subject, answer.interest) == ("robots", "")  # a term of `about`


def test_what_the_file_says(installation: Installation, ada: Reader) -> None:
    """An answer that it overrules is said to have no effect; a whole interest of now is not taken out."""
    installation.bench.profile("ada", f"{ADA}like: ['2605.00101']\n".replace("[reward", "[guess, reward"))
    said = ada.reply(lambda: ada.choose(WORLD, "Less"))
    assert said.endswith("”. But the profile's file likes it: this has no effect until the file is changed.")
    assert "; no effect: the file likes it" in ada.write("learned")
    said = ada.reply(lambda: ada.choose(REWARD, "Not because of guess"))
    assert said.startswith(
        "'guess' is the whole interest 'guess': remove it from the profile, or answer `less`"
    )
    assert installation.in_effect() == ["less"]


def test_why(ada: Reader) -> None:
    """Rank, match, score and every reason, as the stored digest has them, within Slack's limits."""
    lines = ada.reply(lambda: ada.choose(REWARD, "Why")).splitlines()
    assert lines[1:3] == [
        "number 3 of 3 in the digest of Monday 4 May 2026 for *ada*",
        "*strong match* (fit 0.84) for *reward modelling*, "
        "score 0.940: higher than 91.4 % of the last 90 days' papers",
    ]
    weights = [float(line.split("  ")[0]) for line in lines[3:]]
    assert sum(weights) == pytest.approx(0.940, abs=0.003)
    assert lines[3] == "+0.428  reward modelling"
    reply = ada.slack.replies[-1] | {"metadata": {"event_type": "a", "event_payload": {}}}
    assert problems(reply) == []


def test_undo(installation: Installation, ada: Reader) -> None:
    """It takes back that answer, once, and takes the place of the reply."""
    ada.reply(lambda: ada.choose(WORLD, "More"))
    first = ada.slack.replies[-1]
    ada.reply(lambda: ada.choose(WORLD, "Less"))
    second = ada.slack.replies[-1]
    assert ada.reply(lambda: ada.press("Undo", first)) == "That answer does not count any more."
    assert installation.in_effect() == ["less"]
    assert ada.reply(lambda: ada.press("Undo", second)).startswith("Taken back for *ada*: less like “")
    assert ada.slack.replies[-1]["replace_original"] is True
    assert installation.in_effect() == []  # what it had replaced does not come back
    stored = len(installation.answers())
    assert ada.reply(lambda: ada.press("Undo", second)) == "That answer does not count any more."
    assert len(installation.answers()) == stored


def test_several_people(installation: Installation, ada: Reader) -> None:
    """Each counts once, and nobody takes back what another one said, except readers of the profile."""
    bo, eve = ada.other(user="U0BO"), ada.other(user="U0EVE")
    ada.reply(lambda: ada.choose(WORLD, "More"))
    of_ada = ada.slack.replies[-1]
    bo.reply(lambda: bo.choose(WORLD, "More"))
    assert [one.who for one in installation.app.feedback.current("ada")] == ["slack:U0ADA", "slack:U0BO"]
    said = eve.reply(lambda: eve.press("Undo", of_ada, channel="C0OTHER"))
    assert said == "This answer is another person's."
    assert len(installation.in_effect()) == 2


STRANGE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another edition": ({"block": "0123456789abcdef-1"}, {}, "does not know this digest"),
    "a paper beyond its end": ({"rank": 4}, {}, "does not know this digest"),
    "rank 0": ({"rank": 0}, {}, "does not know this digest"),
    "another channel": ({}, {"channel": {"id": "C0OTHER"}}, "does not know this digest"),
    "a block_id that is not ours": ({"block": "' or 1=1 --"}, {}, "does not know this digest"),
    "no entry of ours": ({"value": "drop"}, {}, "does not know this digest"),
    "an author who is not there": ({"rank": 1, "value": ""}, {}, "does not know this digest"),
    "a term beyond the end": ({"action_id": "paperboy_term:9", "value": "9"}, {}, "does not know this"),
    "a term that is no number": ({"action_id": "paperboy_term:9", "value": "-1"}, {}, "does not know this"),
    "another button": ({"action_id": "buy"}, {}, "of another version"),
    "undo of nothing": ({"action_id": "paperboy_undo", "value": "ada\nx"}, {}, "does not count any more"),
    "undo for no profile": ({"action_id": "paperboy_undo", "value": "eve\nx"}, {}, "'eve' does not exist"),
    "undo without a value": ({"action_id": "paperboy_undo", "value": ""}, {}, "'' does not exist"),
    "another workspace": ({}, {"team": {"id": "T0OTHER"}}, "belongs to another workspace"),
}


def test_not_ours(installation: Installation, ada: Reader) -> None:
    """A polite sentence for each, and nothing stored."""
    edition = next(b["block_id"] for b in ada.slack.messages[-1]["blocks"] if "accessory" in b).split("-")[0]
    found = {}
    for name, (action, changes, _) in STRANGE.items():
        block = action.get("block", f"{edition}-{action.get('rank', 1)}")
        payload = {"type": "overflow", "action_id": action.get("action_id", "paperboy_menu")}
        payload["selected_option"] = {"value": action.get("value", "more")}
        found[name] = ada.reply(partial(ada.click, block, payload, **changes))
    assert [name for name, (_, _, said) in STRANGE.items() if said not in found[name]] == []
    assert installation.answers() == []


def test_a_profile_that_is_gone(installation: Installation, ada: Reader) -> None:
    """A sentence; under a new name with `was` the answer is the new profile's."""
    ada.reply(lambda: ada.choose(WORLD, "More"))
    of_ada = ada.slack.replies[-1]
    file = installation.bench.profiles / "ada.yaml"
    text = file.read_text()
    file.unlink()
    assert ada.reply(lambda: ada.choose(TABLE, "More")) == "The profile 'ada' does not exist any more."
    installation.bench.profile("grace", f"was: ada\n{text}")
    assert ada.reply(lambda: ada.choose(TABLE, "Less")).startswith("Noted for *grace*")
    assert installation.in_effect("grace") == ["more", "less"]
    assert ada.reply(lambda: ada.press("Undo", of_ada)).startswith("Taken back for *grace*")
