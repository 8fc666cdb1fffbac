"""`advise`, and its short form in `check`: each finding with its line; nothing is created or stored."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.e2e.listings import WORLD, Work, json_lines
from tests.support import schemas
from tests.support.cli import Bench

FIRST = date(2026, 5, 4)
SUBJECTS = ("Bridges crack", "Finches sing", "Ledgers lie", "Dough rests", "Comets fade", "Trains run late")
WORDS = ("measure", "slow", "third", "summer", "station", "region", "village", "river", "signal", "border")
LAB = "interests: [world models, moon bases]\n"
ADA = """\
# what Ada reads
interests:
  - world model
  - surface code decoders
authors:
  - Sample Bo
mute:
  terms: [unicorn]
include: [lab.yaml]
deliver: [{maildir: ada}]
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An installation with nothing stored yet."""
    return Bench(tmp_path)


def fill(bench: Bench, days: int = 8, papers: int = 26) -> None:
    """Ingest some papers a day, the last of them on world models."""
    choose = random.Random(5)
    bench.prepared()
    for day in range(days):
        on = FIRST + timedelta(days=day)
        works = [
            Work(
                f"{choose.choice(SUBJECTS)} near {n}",
                f"We {' '.join(choose.sample(WORDS, 7))} in year {n}. A surface code is mentioned.",
                number=f"2605.{100 * day + n:05d}",
                authors=(f"Author {day} {n}", "Bo Sample" if n == 1 else "Iris Invented"),
                day=on,
            )
            for n in range(1, papers)
        ]
        # by somebody else each day, so that it is not taken for the same work
        title, authors = f"World Models of Day {day}", (f"Ada {day}",)
        world = WORLD.but(number=f"2605.{20_000 + day}", title=title, authors=authors, day=on)
        listing = bench.file(f"{on}.jsonl", json_lines(*works, world))
        assert bench.run("ingest", "--file", listing, "--as-of", on.isoformat()).code == 0


def test_advice_names_kind_line_and_number(bench: Bench) -> None:
    """As JSON and as text; a sentence about an included file begins with the file, in JSON."""
    fill(bench)
    bench.profile("ada", ADA)
    bench.profile("lab", LAB)
    result = bench.run("advise", "ada", "--json")
    schemas.validate(result.json, schemas.ADVISE)
    assert (result.code, result.err, result.json["profile"]) == (0, "", "ada")
    found = {(one["kind"], one["line"]): one["what"] for one in result.json["advice"]}
    for kind, line, what in (
        (
            "matches nothing",
            4,
            "'surface code decoders' found nothing among 208 papers of the last 8 days",
        ),
        ("matches nothing", 1, "profiles/lab.yaml:1: 'moon bases' found nothing"),
        ("covered", 1, "profiles/lab.yaml:1: 'world models' says the same as 'world model'"),
        (
            "spellings",
            6,
            "no paper by 'Sample Bo' is among 208 papers of the last 8 days: did you mean",
        ),
        ("matches nothing", 8, "'unicorn' found nothing"),
    ):
        assert found[kind, line].startswith(what)
    lines = bench.run("advise", "ada").out
    said = " ".join(lines.split())
    assert all(what.removeprefix("profiles/lab.yaml:1: ") in said for what in found.values())
    assert lines.startswith("profiles/ada.yaml:4: matches nothing\n  'surface code decoders' found nothing")
    assert "\n\nprofiles/lab.yaml:1: covered\n  'world models' says the same" in lines
    assert max(map(len, lines.splitlines())) <= 80
    assert "Expect about 1.0 papers a digest at `threshold: good`; 0 of the last 8 digests" in said


def test_a_day_in_the_past(bench: Bench) -> None:
    """`--on` sets the end of the papers that count."""
    fill(bench)
    bench.profile("ada", "interests: [moon bases]\ndeliver: [{maildir: ada}]\n")
    past = bench.run("advise", "ada", "--on", "2026-05-10", "--json").json["advice"]
    assert past == []  # 182 papers
    (now,) = [one for one in bench.run("advise", "ada", "--json").json["advice"] if "moon" in one["what"]]
    assert now["numbers"] == {"papers": 208, "found": 0}


@pytest.mark.parametrize("days", [0, 2])
def test_too_few_papers(bench: Bench, days: int) -> None:
    """That is said, with exit code 0."""
    fill(bench, days)
    bench.profile("ada", "interests: [moon bases]\ndeliver: [{maildir: ada}]\n")
    assert bench.run("advise", "ada", "--json").json == {"profile": "ada", "advice": []}
    result = bench.run("advise", "ada")
    assert (result.code, result.out.startswith(f"No advice yet: {26 * days} papers")) == (0, True)


def test_profiles_that_cannot_be_advised(bench: Bench) -> None:
    """One with a mistake shows it; an unknown one names those that there are."""
    bench.prepared()
    bench.profile("ada", "interest: [moon bases]\ndeliver: [{maildir: ada}]\n")
    broken = bench.run("advise", "ada")
    assert (broken.code, "ada.yaml:1:1: unknown key 'interest'" in broken.err) == (2, True)
    unknown = bench.run("advise", "bo")
    assert (unknown.code, "no profile 'bo'" in unknown.err) == (2, True)


def test_check_ends_with_what_the_papers_show(bench: Bench) -> None:
    """A few profiles get what counts show, with places; many get a note. Neither is a problem."""
    fill(bench)
    bench.profile("ada", ADA)
    bench.profile("lab", LAB)
    result = bench.run("check")
    assert (result.code, result.out) == (0, "")
    advice = [line for line in result.err.splitlines() if line.startswith("advice: ")]
    assert [line.partition(": ")[2].partition(" ")[0] for line in advice] == [
        "profiles/ada.yaml:4:",
        "profiles/lab.yaml:1:",
        "profiles/ada.yaml:8:",
    ]
    assert "'surface code decoders' found nothing among 208 stored papers" in advice[0]
    assert result.err.endswith("note: what the stored papers say about a profile: paperboy advise ada\n")
    for name in ("bo", "cem", "dora"):
        bench.profile(name, ADA)
    many = bench.run("check")
    assert "advice:" not in many.err
    assert many.err.endswith("paperboy advise NAME\n")


def test_check_leaves_the_database_alone(bench: Bench) -> None:
    """It creates none, and says nothing about one that it cannot read or that has few papers."""
    bench.profile("ada", "interests: [moon bases]\ndeliver: [{maildir: ada}]\n")
    plain = bench.run("check")
    assert (plain.code, bench.database.exists()) == (0, False)
    content = b"not a database" * 100
    bench.data.mkdir(exist_ok=True)
    bench.database.write_bytes(content)
    result = bench.run("check")
    assert (result.code, result.err) == (0, plain.err)
    assert bench.database.read_bytes() == content
    bench.prepared()
    assert bench.run("check").err == plain.err
