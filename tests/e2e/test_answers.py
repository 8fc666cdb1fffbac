"""`answer` and `learned`: what readers say about papers, what follows from it, and writing it into the profile."""

from __future__ import annotations

import getpass
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from bot.cli import answers
from tests.e2e.listings import BACKGROUND, NEXT, REWARD, TABLE, WORLD, json_lines
from tests.support import schemas
from tests.support.cli import Bench

DAY, NEXT_DAY = "2026-05-04", "2026-05-05"
MINE = "# Mine.\ninterests:\n  - reward modelling  # often\n  - world models\ndeliver: [{maildir: ada}]\n"
WHO = f"command:{getpass.getuser()}"
#: Arguments, and what is said about them.
MISTAKES = [
    (("2605.99999", "more"), "no stored paper has the id or the title '2605.99999'"),
    ((WORLD.number, "more", "Ada"), "more takes no name"),
    ((WORLD.number, "follow"), "name one of the paper's authors: Ada Example, Bo Sample"),
    ((WORLD.number, "mute", "Cem Muster"), "name one of the paper's authors: Ada Example, Bo Sample"),
    ((WORLD.number, "not-because", "shrug"), "name a term of the paper's title or abstract, not 'shrug'"),
    ((WORLD.number, "not-because", "robot"), "'robot' is in no interest of ada and not in `about`"),
    (
        (WORLD.number, "not-because", "world", "--interest", "worlds"),
        "ada has no interest 'worlds'; it has reward modelling, world models",
    ),
    (
        (WORLD.number, "not-because", "world", "--interest", "reward modelling"),
        "'world' does not count for 'reward modelling'",
    ),
    (
        (WORLD.number, "not-because", "world models"),
        "'world models' is the whole interest 'world models': remove it from the profile, or answer `less`",
    ),
    (
        (WORLD.number, "not-because", "models of the world", "--interest", "world models"),
        "'models of the world' is the whole interest 'world models'",
    ),
]


@pytest.fixture
def stocked(bench: Bench) -> Bench:
    """A profile whose digest of a day was sent, and the papers of the next one."""
    bench.profile("ada", MINE)
    for day, works in ((DAY, (*BACKGROUND, WORLD, REWARD, TABLE)), (NEXT_DAY, (NEXT,))):
        listing = bench.file(f"{day}.jsonl", json_lines(*works))
        assert bench.run("ingest", "--file", listing, "--as-of", day).code == 0
    assert bench.run("send", "ada", "--on", DAY).code == 0
    return bench


def answer(bench: Bench, *arguments: str) -> dict[str, Any]:
    result = bench.run("answer", "ada", *arguments, "--on", NEXT_DAY, "--json")
    assert (result.code, result.err) == (0, "")
    schemas.validate(result.json, schemas.ANSWER)
    document: dict[str, Any] = result.json
    return document


def refused(bench: Bench, *arguments: str) -> str:
    result = bench.run("answer", "ada", *arguments)
    assert (result.code, result.out) == (2, "")
    return result.err


def learned(bench: Bench, *options: str) -> dict[str, Any]:
    result = bench.run("learned", "ada", "--json", *options)
    assert result.code == 0
    schemas.validate(result.json, schemas.LEARNED)
    document: dict[str, Any] = result.json
    return document


def test_an_answer(stocked: Bench) -> None:
    """It is recorded once, and taken back once; the paper may be named by a part of its title."""
    expected = {
        "profile": "ada",
        "paper": "arxiv:2605.00101",
        "what": "more",
        "who": WHO,
        "at": "2026-05-05T23:59:59Z",
        "via": "command",
        "undo": False,
        "new": True,
    }
    assert answer(stocked, WORLD.number, "more") == expected
    assert answer(stocked, "that know what they", "more") == expected | {"new": False}
    assert answer(stocked, WORLD.number, "more", "--undo") == expected | {"undo": True}
    assert "there is nothing to take back" in refused(stocked, WORLD.number, "more", "--undo")
    result = stocked.run("answer", "ada", WORLD.number, "less")
    assert result.out.startswith(f"Recorded for ada: less like “{WORLD.title}”.")


def test_authors_and_terms(stocked: Bench) -> None:
    """They are the paper's; a term counts for the interest that found the paper, or another that has it."""
    assert answer(stocked, WORLD.number, "follow", "A. Example")["what"] == "follow Ada Example"
    assert answer(stocked, WORLD.number, "mute", "Bo Sample")["what"] == "mute Bo Sample"
    assert answer(stocked, WORLD.number, "not-because", "models")["what"] == "not because of models"
    assert answer(stocked, NEXT.number, "not-because", "worlds")["new"]
    assert answer(stocked, TABLE.number, "not-because", "modelling", "--interest", "Reward Modelling")["new"]
    assert learned(stocked)["without"] == [
        {"interest": "world models", "term": "models"},
        {"interest": "world models", "term": "worlds"},
        {"interest": "reward modelling", "term": "modelling"},
    ]
    assert answer(stocked, WORLD.number, "follow", "a. example", "--undo")["what"] == "follow Ada Example"
    assert answer(stocked, WORLD.number, "mute", "--undo")["what"] == "mute Bo Sample"


def test_answers_that_make_no_sense(stocked: Bench) -> None:
    """A sentence that says what to do, and exit code 2."""
    for arguments, message in MISTAKES:
        assert message in refused(stocked, *arguments)


def test_what_was_learned(stocked: Bench) -> None:
    """Who said what, what it adds, and how the last digest would have been."""
    assert learned(stocked) == {"profile": "ada", "answers": [], "likes": [], "dislikes": [], "effect": None}
    answer(stocked, TABLE.number, "mute", "Eli Essai")
    answer(stocked, WORLD.number, "more")
    document = learned(stocked)
    assert document["answers"][1] == {
        "paper": "arxiv:2605.00101",
        "what": "more",
        "who": WHO,
        "at": "2026-05-05T23:59:59Z",
        "via": "command",
    }
    assert (document["likes"], document["mute"]) == (["arxiv:2605.00101"], ["Eli Essai"])
    assert document["effect"]["on"] == DAY
    assert document["effect"]["out"] == ["arxiv:2605.00103"]
    shown = stocked.run("learned", "ada").out
    for part in (
        "ada: 2 answers",
        f"5 May  {WHO}  mute Eli Essai",
        TABLE.title[:20],
        "Monday 4 May 2026: 1 out",
        "--write",
    ):
        assert part in shown


def test_answers_that_the_file_overrules(stocked: Bench) -> None:
    """The answer and the list say that it has no effect, and why. A long title does not make the list wider."""
    stocked.profile("ada", f"{MINE}like: ['{WORLD.number}']\n")
    said = stocked.run("answer", "ada", WORLD.number, "less").out
    assert said == (
        f"Recorded for ada: less like “{WORLD.title}”. "
        "But the profile's file likes it: this has no effect until the file is changed.\n"
    )
    lines = stocked.run("learned", "ada").out.splitlines()
    assert "less (no effect: the file likes it)" in lines[2]
    assert max(map(len, lines)) <= 100


def test_writing_it(stocked: Bench) -> None:
    """The difference is shown, the file keeps everything else and its permissions, and `check` finds nothing."""
    path = stocked.profiles / "ada.yaml"
    path.chmod(0o640)
    answer(stocked, WORLD.number, "more")
    answer(stocked, WORLD.number, "not-because", "models")
    preview = stocked.run("preview", "ada", "--on", NEXT_DAY, "--json").json
    result = stocked.run("learned", "ada", "--write")
    assert result.code == 0
    assert "-  - world models\n+  - {phrase: world models, without: [models]}" in result.out
    after = (
        "# Mine.\ninterests:\n  - reward modelling  # often\n  - {phrase: world models, without: [models]}\n"
        f"like:\n  - 2605.00101  # {WORLD.title}\ndeliver: [{{maildir: ada}}]\n"
    )
    assert (path.read_text(), path.stat().st_mode & 0o777) == (after, 0o640)
    assert stocked.run("check").code == 0
    again = stocked.run("preview", "ada", "--on", NEXT_DAY, "--json").json
    scores = [[(one["id"], one["score"]) for one in shown[0]["entries"]] for shown in (preview, again)]
    assert scores[0] == scores[1] != []
    assert "has all of this: nothing was written" in stocked.run("learned", "ada", "--write").out
    assert len(learned(stocked)["answers"]) == 2
    with closing(sqlite3.connect(stocked.database)) as database:
        assert database.execute("SELECT profile, who, before, after FROM profile_edit").fetchall() == [
            ("ada", WHO, MINE, after)
        ]


def test_a_file_that_was_changed_meanwhile(stocked: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other change stays, nothing is written, and nothing is left beside it."""
    path = stocked.profiles / "ada.yaml"
    answer(stocked, WORLD.number, "more")
    monkeypatch.setattr(answers, "_user", lambda: path.write_text(MINE + "limit: 3\n"))
    result = stocked.run("learned", "ada", "--write")
    assert (result.code, "was changed meanwhile: nothing was written" in result.err) == (2, True)
    assert path.read_text() == MINE + "limit: 3\n"
    assert [one.name for one in stocked.profiles.iterdir()] == ["ada.yaml"]
    with closing(sqlite3.connect(stocked.database)) as database:
        assert database.execute("SELECT count(*) FROM profile_edit").fetchone() == (0,)


def test_explain_and_backtest(stocked: Bench) -> None:
    """`explain` names what comes from answers; `backtest` judges an answered paper on its day."""
    answer(stocked, WORLD.number, "more")
    answer(stocked, WORLD.number, "not-because", "models")
    explained = stocked.run("explain", "ada", NEXT.number, "--on", NEXT_DAY, "--json").json
    assert explained["from_answers"] == [f"more like: {WORLD.title}"]
    assert explained["without"] == [{"term": "models", "interest": "world models", "from_answers": True}]
    shown = " ".join(stocked.run("explain", "ada", NEXT.number, "--on", NEXT_DAY).out.split())
    assert f"more like: {WORLD.title} (by an answer)" in shown
    assert "models: does not count for world models (by an answer)" in shown
    backtest = stocked.run("backtest", "ada", "--days", "2", "--on", NEXT_DAY, "--json").json
    assert (backtest["precision"], backtest["missed"]) == (1.0, [])
    assert "arxiv:2605.00101" in backtest["days"][0]["papers"]


def test_a_renamed_profile(stocked: Bench) -> None:
    """What was answered under its former name counts."""
    answer(stocked, WORLD.number, "more")
    (stocked.profiles / "ada.yaml").unlink()
    stocked.profile("eve", MINE + "was: ada\n")
    assert stocked.run("learned", "eve", "--json").json["likes"] == ["arxiv:2605.00101"]
