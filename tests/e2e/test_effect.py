"""`backtest`, `diff` and `preview --watch`: what a profile does, and what an edit of it changes."""

from __future__ import annotations

import signal
from datetime import date, timedelta
from typing import Any

import pytest

from bot.cli import effect
from tests.e2e.listings import BACKGROUND, NEXT, REWARD, TABLE, WORLD, json_lines
from tests.support import schemas
from tests.support.cli import Bench, Result

DAY, NEXT_DAY, LATER = "2026-05-04", "2026-05-05", "2026-05-06"
MINE = "interests: [reward modelling, {phrase: world models, weight: 2}]\ndeliver: [{maildir: ada}]\n"
WORLDS = "interests: [world models, coral]\ndeliver: [{maildir: ada}]\n"


def ids(*works: Any) -> list[str]:
    return [f"arxiv:{work.number}" for work in works]


@pytest.fixture
def stocked(bench: Bench) -> Bench:
    """Two days of papers, and a profile."""
    bench.profile("ada", MINE)
    for day, works in ((DAY, (*BACKGROUND, WORLD, REWARD, TABLE)), (NEXT_DAY, (NEXT,))):
        listing = bench.file(f"{day}.jsonl", json_lines(*works))
        assert bench.run("ingest", "--file", listing, "--as-of", day).code == 0
    return bench


def test_backtest_document(stocked: Bench) -> None:
    """The last days up to WHEN, each as `send` on that day makes it afterwards: nothing was stored or sent."""
    result = stocked.run("backtest", "ada", "--days", "4", "--on", LATER, "--json")
    schemas.validate(result.json, schemas.BACKTEST)
    days = result.json["days"]
    assert (result.code, result.err) == (0, "")
    assert [(day["on"], day["state"], len(day["papers"])) for day in days] == [
        ("2026-05-03", "quiet", 0),
        (DAY, "sent", 3),
        (NEXT_DAY, "sent", 1),
        (LATER, "quiet", 0),
    ]
    assert days[2]["papers"] == ids(NEXT)
    assert (result.json["precision"], result.json["missed"]) == (None, [])
    for day in days:
        rows = stocked.run("send", "ada", "--on", day["on"], "--json").json["editions"]
        assert [(row["state"], row["papers"]) for row in rows] == [(day["state"], len(day["papers"]))]


def test_the_last_day_ends_at_the_moment(stocked: Bench) -> None:
    """A paper that was first seen after WHEN is not there yet, and not missed."""
    stocked.profile("ada", f"like: [{NEXT.number}]\n{MINE}")
    document = stocked.run("backtest", "ada", "--on", "2026-05-04T23:30:00Z", "--days", "2", "--json").json
    assert [day["on"] for day in document["days"]] == ["2026-05-03", DAY]
    assert document["missed"] == []
    document = stocked.run("backtest", "ada", "--days", "3", "--json").json
    assert date.fromisoformat(document["days"][-1]["on"]) - date.fromisoformat(
        document["days"][0]["on"]
    ) == timedelta(days=2)


def test_backtest_on_the_terminal(stocked: Bench) -> None:
    """Day by day; quiet days with the reason; papers of each interest; what was missed, and why."""
    stocked.profile("ada", f"like: [{WORLD.number}, {BACKGROUND[0].number}]\n{WORLDS}")
    result = stocked.run("backtest", "ada", "--days", "4", "--on", LATER)
    out = " ".join(result.out.split())
    assert "Sunday 3 May 2026: quiet; no papers are stored yet" in out
    assert f"Tuesday 5 May 2026: 1 paper 1. strong {NEXT.title} the rest of the profile" in out
    assert "4 days: 4 papers, 2.0 a digest, 2 quiet papers found by 0 world models 0 coral 4 the rest" in out
    assert "1 of your 2 liked papers of these days would have come" in out
    assert f"4 May came {WORLD.title}" in out
    assert f"4 May missed {BACKGROUND[0].title}: it has nothing that the profile looks for" in out
    document = stocked.run("backtest", "ada", "--days", "4", "--on", LATER, "--json").json
    assert (document["precision"], document["missed"]) == (1.0, ids(BACKGROUND[0]))
    assert "precision" not in out  # nothing disliked could have lowered it
    stocked.profile("ada", f"like: [{WORLD.number}]\ndislike: [{BACKGROUND[0].number}]\n{WORLDS}")
    assert "precision 1.00" in stocked.run("backtest", "ada", "--days", "4", "--on", LATER).out


def test_diff(stocked: Bench) -> None:
    """Two versions over the same days, whatever the second file's folder and name; its includes are beside it."""
    stocked.file("other/shared.yaml", "interests: [world models]\n")
    file = stocked.file("other/ada.yaml", "include: [shared.yaml]\ndeliver: [{maildir: ada}]\n")
    result = stocked.run("diff", "ada", file, "--days", "2", "--on", NEXT_DAY)
    out = " ".join(result.out.split())
    assert result.code == 0
    assert "Monday 4 May 2026: 3 → 1 paper" in out
    assert f"strong {TABLE.title} reward modelling" in out
    assert "Tuesday" not in out
    assert "1 day without a difference" in out
    document = stocked.run("diff", "ada", file, "--days", "2", "--on", NEXT_DAY, "--json").json
    assert [(day["on"], day["second"]) for day in document["days"]] == [
        (DAY, ids(WORLD)),
        (NEXT_DAY, ids(NEXT)),
    ]
    gone = {one["paper"] for one in document["days"][0]["changes"] if one["after"] is None}
    assert gone == set(ids(REWARD, TABLE))


def test_problems_of_the_other_file(stocked: Bench) -> None:
    """Are reported as `check` reports them."""
    file = stocked.file("new.yaml", MINE + "limt: 3\n")
    result = stocked.run("diff", "ada", file)
    assert (result.code, result.out) == (2, "")
    assert f"{file}:3:1: unknown key 'limt': did you mean 'limit'?" in result.err
    missing = stocked.run("diff", "ada", "nowhere.yaml")
    assert missing.code == 2
    assert "nowhere.yaml:1:1: this file cannot be read" in missing.err


def watched(bench: Bench, monkeypatch: pytest.MonkeyPatch, *saved: str) -> Result:
    """The output of `preview ada --watch` while the profile is saved with one text after the other, until Ctrl-C."""
    texts = iter(saved)

    def wait(_: float) -> None:
        text = next(texts, None)
        if text is None:
            raise KeyboardInterrupt
        bench.profile("ada", text)

    monkeypatch.setattr(effect, "sleep", wait)
    return bench.run("preview", "ada", "--watch", "--on", NEXT_DAY)


def test_watch(stocked: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each save shows what came in and went out; one with a problem shows the problem, and the list stays."""
    lines = (f"limit: x\n{MINE}", WORLDS, f"# the same\n{WORLDS}")
    result = watched(stocked, monkeypatch, *lines)
    first, changed, same, end = " ".join(result.out.split()).split("Waiting for the next save; Ctrl-C ends.")
    assert (result.code, end) == (0, "")
    assert first.startswith("ada · Tuesday 5 May 2026: 4 papers 1. strong ")
    assert result.err == "profiles/ada.yaml:1:8: `limit` is a whole number from 1 to 100, not 'x'\n"
    assert "Not used until this is corrected. saved: 1 in, 2 out; 3 papers" in changed
    assert f"in 3. good Coral Bleaching in Region 1 coral out 3. strong {TABLE.title} reward" in changed
    assert "saved: the same papers; 3 papers" in same


def test_watch_after_the_digest_was_sent(stocked: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows the day's digest, as its reader tunes the profile with it in view."""
    before = watched(stocked, monkeypatch, WORLDS)
    stocked.profile("ada", MINE)
    assert stocked.run("send", "ada", "--on", NEXT_DAY).code == 0
    assert watched(stocked, monkeypatch, WORLDS).out == before.out


def test_watch_waits_for_a_file_that_is_gone(stocked: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so once, and goes on when the file is there again."""
    steps = iter(
        ((stocked.profiles / "ada.yaml").unlink, lambda: None, lambda: stocked.profile("ada", WORLDS))
    )

    def wait(_: float) -> None:
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr(effect, "sleep", wait)
    result = stocked.run("preview", "ada", "--watch", "--on", NEXT_DAY)
    assert result.out.count("profiles/ada.yaml is gone; waiting for it.") == 1
    assert "saved: 1 in, 2 out; 3 papers" in " ".join(result.out.split())


def test_watch_begins_with_a_broken_profile(stocked: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for the correction."""
    stocked.profile("ada", "limit: x\n" + MINE)
    result = watched(stocked, monkeypatch, MINE)
    assert result.code == 0
    assert "Not used until this is corrected.\nada · Tuesday 5 May 2026: 4 papers" in result.out


@pytest.mark.parametrize("more", [(), ("bo",), ("--json",), ("--format", "text")])
def test_watch_shows_one_profile_on_the_terminal(stocked: Bench, more: tuple[str, ...]) -> None:
    """Anything else is refused."""
    names = ("ada",) if more else ()
    result = stocked.run("preview", *names, *more, "--watch")
    assert (result.code, result.out) == (2, "")
    assert "--watch shows one PROFILE" in result.err


def test_watch_in_a_pipe_until_interrupted(stocked: Bench) -> None:
    """As a process: plain lines at once, a saved edit's changes, and exit code 0 after Ctrl-C."""
    with stocked.started(stocked.command("preview", "ada", "--watch", "--on", NEXT_DAY)) as process:
        assert process.stdout
        lines = iter(process.stdout.readline, "")
        assert next(lines) == "ada · Tuesday 5 May 2026: 4 papers\n"
        assert any(line.startswith("Waiting") for line in lines)
        stocked.profile("ada", WORLDS)
        assert any(line.startswith("saved: ") for line in lines)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
