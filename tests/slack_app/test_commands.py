"""`/paperboy`: what people write, and what they read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import UserError
from bot.slack_app.commands import parse_command, parse_pause, split_profile
from tests.slack_app.conftest import ADA, Installation
from tests.slack_app.reader import Reader

NOW = datetime(2026, 5, 5, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", None),
        ("for 2 weeks", NOW + timedelta(days=14)),
        ("for a day", NOW + timedelta(days=1)),
        ("For One Month", NOW + timedelta(days=30)),
        ("2 weeks", NOW + timedelta(days=14)),
        ("1w", NOW + timedelta(days=7)),
        ("until 2026-12-27", datetime(2026, 12, 26, 23, tzinfo=UTC)),
    ],
)
def test_how_long(text: str, end: datetime | None) -> None:
    """Days count from now, a date begins at its midnight in the profile's zone."""
    assert parse_pause(text, NOW, "Europe/Paris") == end


@pytest.mark.parametrize(
    "text",
    ["for ever", "for 0 days", "for 60 weeks", "until 2026-05-05", "until soon", "until 2030-01-01", "2"],
)
def test_how_long_is_not_understood(text: str) -> None:
    """A sentence that says how to write it."""
    with pytest.raises(UserError, match=r"2026-12-27|within a year"):
        parse_pause(text, NOW, "Europe/Paris")


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        (" Why  2605.1 ", "why", "2605.1"),
        ("pause for 2 weeks", "pause", "for 2 weeks"),
        ("", "", ""),
        ("drop table", "", "drop table"),
    ],
)
def test_parse(text: str, name: str, rest: str) -> None:
    """A known word and the rest; anything else asks for help."""
    command = parse_command(text, "U0ADA", "C0PAPERS")
    assert (command.name, command.text) == (name, rest)


def test_split_profile() -> None:
    """Only the name of a profile is one."""
    assert split_profile("Ada for 2 weeks", ["ada"]) == ("ada", "for 2 weeks")
    assert split_profile("adaptive control", ["ada"]) == ("", "adaptive control")


# --- In Slack


def test_help(ada: Reader) -> None:
    """All commands, when asked for and after an unknown word, which is named."""
    for text in ("help", "", "sing"):
        said = ada.write(text)
        assert all(f"`/paperboy {name}" in said for name in ("why", "search", "learned", "pause", "resume"))
        assert said.startswith("There is no command 'sing'") == (text == "sing")


def test_why(ada: Reader) -> None:
    """A paper that was sent is looked up in its digest, another one is ranked now."""
    for paper in ("2605.00101", "https://arxiv.org/abs/2605.00101", "know what they miss", "ada 2605.00101"):
        assert "number 1 of 3 in the digest of Monday 4 May 2026" in ada.write(f"why {paper}")
    assert "*outside window*" in ada.write("why glacier melt in region 1")
    assert "*not stored*: no source has listed it" in ada.write("why 2605.99999")
    assert "several papers have 'glacier'" in ada.write("why glacier")
    assert ada.write("why").startswith("Which paper?")


def test_search(ada: Reader) -> None:
    """Titles with links and ids, and when a paper was sent to the reader's profiles."""
    world = "• “<https://arxiv.org/abs/2605.00101|World Models that Know What They Miss>” (arxiv:2605.00101"
    assert ada.write("search misses author:example") == f"{world}, sent for *ada* on 2026-05-04)"
    assert ada.other(user="U0BO").write("search world models", "C0OTHER") == f"{world})"
    assert ada.write("search region").endswith("\nand more: add words")
    assert ada.write("search <!channel>") == "No stored paper has &lt;!channel&gt;."
    assert ada.write("search ((-").startswith("There are no words to search for in ((")
    assert ada.write("search").startswith("What for?")


def test_learned(ada: Reader) -> None:
    """The answers in effect, newest first, each with a button that takes it back."""
    assert ada.write("learned").startswith("Nothing was learned for *ada* yet")
    ada.reply(lambda: ada.choose(1, "More"))
    ada.reply(lambda: ada.choose(3, "Not because of guess"))
    lines = ada.write("learned").splitlines()
    assert lines[0] == "What was learned for *ada* from 2 answers:"
    assert lines[1].startswith("*ada*: not because of *guess* (you, 20")
    assert lines[2].startswith("*ada*: more like “<https://arxiv.org/abs/2605.00101|")
    ada.reply(lambda: ada.press("Undo"))
    assert len(ada.write("learned").splitlines()) == 2


def test_whose_answers(installation: Installation, ada: Reader) -> None:
    """Those who say the same share a line, the reader first; Undo takes back that of the first, and says whose."""
    bo, eve = ada.other(user="U0BO"), ada.other(user="U0EVE")
    for person in (ada, bo):
        person.reply(lambda person=person: person.choose(1, "More"))
    bo.reply(lambda: bo.choose(2, "Less"))
    both, alone = bo.write("learned").splitlines()[2], bo.write("learned").splitlines()[1]
    assert "(you, <@U0ADA>, 20" in both
    assert "(you, 20" in alone
    assert "from 3 answers:" in eve.write("learned")
    assert "(<@U0BO>, <@U0ADA>, 20" in eve.write("learned")
    said = eve.reply(lambda: eve.press("Undo the first"))
    assert said.startswith("Taken back for *ada*: more like “")
    assert said.endswith(" (from <@U0BO>).")
    assert installation.in_effect() == ["more", "less"]
    ada.write("learned")
    assert ada.reply(lambda: ada.press("Undo", ada.slack.replies[-1])).endswith("(from <@U0BO>).")
    bo.reply(lambda: bo.choose(1, "More"))
    ada.write("learned")
    assert ada.reply(lambda: ada.press("Undo yours")).endswith("”.")
    assert [one.who for one in installation.app.feedback.current("ada")] == ["slack:U0BO"]


def test_pause_and_resume(installation: Installation, ada: Reader) -> None:
    """Nothing is sent to the conversation until the end of the pause; other deliveries of the profile go on."""
    installation.bench.profile("ada", ADA.replace("C0PAPERS}", "C0PAPERS}, {maildir: ada}"))
    said = ada.write("pause for 2 weeks")
    assert said.startswith("ada's digests here are paused until ")
    assert ada.write("pause for a week") == said.replace(". /", " already. /")
    sent = installation.bench.run("send", "--json").json["editions"]
    assert [(one["channel"], one["state"]) for one in sent] == [("slack", "skipped"), ("maildir", "quiet")]
    assert "U0ADA paused it in Slack" in sent[0]["why"]
    assert ada.write("resume") == "ada's digests here are delivered again."
    assert ada.write("resume") == "ada's digests here are not paused."
    assert ada.write("pause for ever").startswith(
        "'for ever' is not understood: write `pause for 2 weeks` or"
    )
    for command in ("resume bob", "learned bob", "why bob 2605.00101"):
        assert ada.write(command) == "No profile 'bob' delivers here; there is ada."


def test_several_profiles(installation: Installation, ada: Reader) -> None:
    """One must be named where several deliver; a pause is of the named one."""
    installation.bench.profile("lab", ADA)
    assert ada.write("learned") == (
        "Several profiles deliver here: ada, lab. Name one: /paperboy learned ada"
    )
    assert ada.write("why 2605.00101").endswith("Name one: /paperboy why ada 2605.00101")
    assert ada.write("pause la for a week") == "No profile 'la' delivers here; there are ada, lab."
    assert ada.write("pause lab for a week").startswith("lab's digests here are paused until ")
    assert [pause.scope for pause in installation.app.receivers.pauses()] == ["lab:slack:C0PAPERS"]
    assert ada.write("resume lab") == "lab's digests here are delivered again."


def test_elsewhere(installation: Installation, ada: Reader) -> None:
    """Where nothing is delivered, the person's own profile is meant; a person without one gets a sentence."""
    assert ada.write("pause", "C0OTHER").startswith("No digest is delivered here or to you")
    installation.bench.profile("mine", ADA.replace("C0PAPERS", "U0ADA"))
    assert ada.write("pause", "C0OTHER").startswith("mine's digests in your direct messages are paused.")
    assert ada.write("learned", "C0PAPERS").startswith("Nothing was learned for *ada*")
    bo = ada.other(user="U0BO")
    assert bo.write("learned", "D0BO").startswith("No digest is delivered here or to you")
    assert [pause.scope for pause in installation.app.receivers.pauses()] == ["mine:slack:U0ADA"]
