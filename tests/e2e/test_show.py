"""`show`: an effective profile as YAML, with where each line comes from."""

from __future__ import annotations

from pathlib import Path

from bot.profiles.include import parse_profile
from tests.e2e.listings import WORLD, json_lines
from tests.profiles.reading import DELIVER
from tests.support.cli import Bench

LAB = """\
interests: [world models, {phrase: humanoid control, weight: 2}]
mute: {terms: [survey]}
about: We build robots.
deliver: [{at: "07:15", days: mon-fri}]
"""
ADA = """\
include: [lab.yaml]
interests: ["offline: learning"]
like: [2502.19400]
timezone: Europe/Zurich
about: I plan.
deliver: [{slack: "#ada"}, {maildir: ada, days: sat}]
"""
SHOWN = """\
timezone: Europe/Zurich                          # ada.yaml:4
interests:
  - "offline: learning"                          # ada.yaml:2
  - world models                                 # lab.yaml:1
  - {phrase: humanoid control, weight: 2}        # lab.yaml:1
about: |                                         # ada.yaml:5, lab.yaml:3
  I plan.

  We build robots.
like:
  - 2502.19400                                   # ada.yaml:3
mute:
  terms:
    - survey                                     # lab.yaml:2
deliver:
  - {slack: "#ada", at: "07:15", days: mon-fri}  # ada.yaml:6; at: lab.yaml:4; days: lab.yaml:4
  - {maildir: ada, days: sat, at: "07:15"}       # ada.yaml:6; at: lab.yaml:4
limit: 10                                        # default
threshold: auto                                  # default
window: 7                                        # default
"""


def test_show(tmp_path: Path) -> None:
    """Every line has its file and line; the whole is a profile that means the same."""
    bench = Bench(tmp_path)
    bench.profile("lab", LAB)
    path = bench.profile("ada", ADA)
    result = bench.run("show", "ada")
    assert (result.code, result.out) == (0, SHOWN)
    whole = parse_profile(ADA.encode(), file=str(path), folder=path.parent)
    assert parse_profile(SHOWN.encode(), file="ada.yaml", folder=None) == whole


def test_what_answers_add(bench: Bench) -> None:
    """It is listed with where it comes from; an interest has the terms that do not count for it."""
    bench.profile("ada", f"interests: [world models]\nmute: {{terms: [tax]}}\n{DELIVER}")
    listing = bench.file("papers.jsonl", json_lines(WORLD))
    bench.run("ingest", "--file", listing, "--as-of", "2026-05-04")
    for what in (("more",), ("mute", "Bo Sample"), ("not-because", "models")):
        assert bench.run("answer", "ada", WORLD.number, *what).code == 0
    assert [" ".join(line.split()) for line in bench.run("show", "ada").out.splitlines()[:9]] == [
        "interests:",
        "- {phrase: world models, without: [models]} # ada.yaml:1; models: from answers",
        "like:",
        "- 2605.00101 # from answers",
        "mute:",
        "terms:",
        "- tax # ada.yaml:2",
        "authors:",
        "- Bo Sample # from answers",
    ]


def test_a_file_that_others_include(tmp_path: Path) -> None:
    """What it has, without the defaults of a profile; once nobody includes it, it is a profile with problems."""
    bench = Bench(tmp_path)
    bench.profile("lab", LAB)
    path = bench.profile("ada", ADA)
    result = bench.run("show", "lab")
    assert (result.code, result.err) == (0, "note: lab is not a profile; included by ada\n")
    assert [" ".join(line.split()) for line in result.out.splitlines()[-2:]] == [
        "deliver:",
        '- {at: "07:15", days: mon-fri} # lab.yaml:4',
    ]
    path.unlink()
    result = bench.run("show", "lab")
    assert (result.code, result.out) == (2, "")
    assert "lab.yaml:4:11: this entry needs one of slack, email, maildir" in result.err


def test_profiles_that_cannot_be_shown(tmp_path: Path) -> None:
    """A broken profile gives its problems, an unknown name the names that are there: exit code 2."""
    bench = Bench(tmp_path)
    bench.profile("ada", "limt: 3\n" + LAB)
    result = bench.run("show", "ada")
    assert (result.code, result.out) == (2, "")
    assert "ada.yaml:1:1: unknown key 'limt'" in result.err
    result = bench.run("show", "eve")
    assert result.code == 2
    assert "there are ada" in result.err
