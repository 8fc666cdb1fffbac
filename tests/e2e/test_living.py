"""A profile that is paused, renamed, broken by an edit, or removed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.listings import BACKGROUND, NEXT, REWARD, TABLE, WORLD, json_lines, profile
from tests.support.cli import Bench

ADA = profile("maildir: ada")
FIRST, BACK = "2026-05-04", "2026-06-04"


@pytest.fixture
def lab(bench: Bench) -> Bench:
    """Ada has had the first day's digest."""
    bench.profile("ada", ADA)
    ingest(bench, FIRST, *BACKGROUND, WORLD)
    assert sent(bench, FIRST) == [("ada", "sent", 1, "")]
    return bench


def ingest(bench: Bench, day: str, *works: Any) -> None:
    listing = bench.file(f"{day}.jsonl", json_lines(*works))
    assert bench.run("ingest", "--file", listing, "--as-of", day).code == 0


def sent(bench: Bench, on: str, code: int = 0) -> list[tuple[str, str, int, str]]:
    result = bench.run("send", "--due", "--on", on, "--json")
    assert result.code == code
    return [(row["profile"], row["state"], row["papers"], row["why"]) for row in result.json["editions"]]


def test_pause(lab: Bench) -> None:
    """Nothing before the day; preview and explain show what would come, and agree with what comes then."""
    lab.profile("ada", f"{ADA}pause: {{until: {BACK}}}\n")
    for day, work in (("2026-05-06", REWARD), ("2026-05-20", NEXT), ("2026-06-02", TABLE)):
        ingest(lab, day, work)
    assert sent(lab, "2026-06-03") == [("ada", "skipped", 0, f"paused by its profile until {BACK}")]
    note = f"note: ada is paused by its profile until {BACK}; this is what would be sent if the pause ended now\n"
    shown = lab.run("preview", "ada", "--on", "2026-06-03")
    assert shown.err == note
    assert "3 papers · after your pause, the best of 3 new papers on arXiv since 4 May" in " ".join(
        shown.out.split()
    )
    explained = lab.run("explain", "ada", REWARD.number, "--on", "2026-06-03", "--json")
    assert (explained.err, explained.json["verdict"]) == (note, "would be sent")
    assert lab.run("preview", "ada", "--on", BACK).err == ""
    assert sent(lab, BACK) == [("ada", "sent", 3, "")]
    explained = lab.run("explain", "ada", REWARD.number, "--on", BACK, "--json")
    assert (explained.json["rank"] is None, explained.json["verdict"]) == (True, "sent")
    assert sent(lab, "2026-06-05")[0][1] == "quiet"


def test_status_of_a_paused_profile(lab: Bench) -> None:
    """It is named, with the day, in both forms."""
    lab.profile("ada", f"{ADA}pause: {{until: 2199-12-27}}\n")
    assert "ada until 2199-12-27" in lab.run("status").out
    assert lab.run("status", "--json").json["paused_profiles"] == [{"profile": "ada", "until": "2199-12-27"}]


@pytest.mark.parametrize("first", ["send", "preview", "explain", "status"])
def test_renamed(lab: Bench, first: str) -> None:
    """Whatever command comes first knows what was sent under the old name; no second digest on that day."""
    (lab.profiles / "ada.yaml").rename(lab.profiles / "eve.yaml")
    lab.profile("eve", f"{ADA}was: ada\n")
    arguments = {"explain": ("eve", WORLD.number, "--on", FIRST), "status": ()}
    result = lab.run(first, *arguments.get(first, ("--on", FIRST)))
    assert result.code == 0
    expected = {
        "send": "eve → maildir ada: skipped (the digest of 2026-05-04 exists already)",
        "preview": "no new papers since today",
        "explain": "sent: it was in the digest of 2026-05-04 for eve",
        "status": "eve → maildir ada: sent, 1 paper",
    }
    assert expected[first] in " ".join(result.out.split())
    assert sent(lab, FIRST) == [("eve", "skipped", 0, "the digest of 2026-05-04 exists already")]


def test_broken_edit(lab: Bench) -> None:
    """The last valid version is used, and everybody is told where the mistake is; a removed profile stops."""
    path = lab.profile("ada", f"{ADA}limt: 3\n")
    lines = len(ADA.splitlines()) + 1
    problem = f"{path.relative_to(lab.folder)}:{lines}:1: unknown key 'limt': did you mean 'limit'?"
    effect = "until it is corrected, the last valid version of ada is used"
    ingest(lab, "2026-05-05", NEXT)
    shown = lab.run("preview", "ada", "--on", "2026-05-05")
    assert (shown.code, NEXT.title[:20] in shown.out) == (2, True)
    assert shown.err == f"{problem}\nprofiles/ada.yaml: {effect}\n"
    assert sent(lab, "2026-05-05", code=2) == [("ada", "sent", 1, "")]
    assert [line.strip() for line in lab.run("status").out.splitlines()][3:5] == [f"broken {problem}", effect]
    path.unlink()
    lab.profile("bo", ADA.replace("maildir: ada", "maildir: bo"))
    assert [row[0] for row in sent(lab, "2026-05-06")] == ["bo"]
